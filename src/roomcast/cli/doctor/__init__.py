"""`roomcast doctor`: proves a deployment with real clients.

`checks` has one module for each group of checks, `runner` runs them, `table` prints what they find.
"""

from roomcast.cli.doctor.command import doctor

__all__ = ["doctor"]
