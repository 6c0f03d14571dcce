"""Counts of connections, members and events. Imports auth, stores and model."""
