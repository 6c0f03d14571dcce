"""Fuzzing: a million inputs that are almost right, for everything that reads what strangers send.

`python -m tests.fuzz` runs all targets and counts; tests/unit/test_fuzz.py runs some thousand
inputs. The generator is small, seeded and of our own: what it needs to know are the words of these
formats, and a coverage-guided fuzzer would follow the C code of `json`, where time is spent.
"""
