"""Answers the frames that clients send. Imports lifecycle and the layers below it."""
