"""The version of the library and of the service; pyproject.toml has the same."""

__version__ = "0.1.0"
