"""Tells clients what is current in a room. Imports stores, protocol and the layers below them."""
