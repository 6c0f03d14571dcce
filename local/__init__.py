"""The whole service on one machine: an AWS emulator, the real CDK deployment, and the edge.

`python -m local up|dev|down|status`; `make help` lists the commands that call it.
"""
