"""A server for the official test suites of Engine.IO v4 and Socket.IO v5: `make conformance`.

The suites test a small echo application. Here it stands on the service's own handshake, door,
sessions and packets, with a gateway in this process that keeps API Gateway's rules and with tables
in memory. Not served is what API Gateway has not got: HTTP long-polling and binary frames.
"""
