"""Connections, members and who may join which room. Imports nothing of the backend."""
