"""AWS over one transport: signed HTTP requests, many at a time, without boto3 and its start-up.

Whoever posts to a room posts to each of its members; that is what this package is fast at. The few
calls to tables, queues and functions that posting needs go the same way.
"""
