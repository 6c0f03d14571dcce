"""The senders that are compared. Each is a program: JSON parameters in, one line of JSON out."""
