"""Receives events in Python: `async with roomcast.connect(url, token) as client: …`.

`client.py` is what programs use; `session.py` is one connection, `positions.py` and `repeats.py`
decide what is asked for again and what is left out.
"""

from roomcast.client.client import Client, connect
from roomcast.client.errors import CannotConnect, Refused
from roomcast.client.received import Received

__all__ = ["CannotConnect", "Client", "Received", "Refused", "connect"]
