"""What clients are sent: events and heartbeats to members. Imports lifecycle and below."""
