"""The transport: many HTTP/1.1 requests at a time over TLS. Imports nothing of the backend."""
