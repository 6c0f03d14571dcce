"""What keeps the local service from running, in words for whoever typed the command."""


class CannotRun(RuntimeError):
    """The base of every failure that is reported without a traceback."""
