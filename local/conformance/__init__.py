"""A server for the official test suites of Engine.IO v4 and Socket.IO v5: `make conformance`.

The suites test a small echo application. Here it uses the service's own handshake, dispatcher,
sessions and packets, its HTTP long-polling and the upgrade from it, with tables in memory and a
gateway in this process that has the rules of API Gateway: a binary frame ends a WebSocket.
"""
