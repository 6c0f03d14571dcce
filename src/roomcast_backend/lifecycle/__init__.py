"""A connection from its handshake to its end. Imports auth, gateway, protocol and stores."""
