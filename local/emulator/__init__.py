"""MiniStack, with the rules of API Gateway and Lambda that the service relies on and it lacks.

Each rule replaces one name of MiniStack, says why, and has a test in
tests/unit/test_local_emulator_*.py. `python -m local.emulator` runs the emulator with all of them.
"""
