"""Calls of AWS: signed HTTP requests without boto3 and its start-up. Imports no neighbour.

`http` is the transport, which carries many requests at a time: a fan-out posts to each member of a
room. The few calls of tables, queues and functions use it, too.
"""
