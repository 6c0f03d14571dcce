"""Puts the service together from this container's settings; each part is built once.

One module for each function's part: a function imports what it uses and nothing else, for what it
imports delays its first answer. tests/unit/test_imports.py says what that may be.
"""
