"""Counts of connections, members and events. Imports stores and model."""
