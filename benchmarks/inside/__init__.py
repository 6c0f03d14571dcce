"""Programs that measure from the inside: each runs in a process of its own, with JSON on its
command line as parameters and a line of JSON as its result.
"""
