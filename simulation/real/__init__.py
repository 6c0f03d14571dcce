"""The real broadcast function on this machine, for the simulation to be checked against.

dispatch (the bus, the queue and Lambda) ─▶ worker processes: the real handler ─▶ nginx, 10 ms
                                             └─▶ rows in memory, which take as long as they are told
"""
