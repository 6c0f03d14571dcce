"""`python -m roomcast`, for where the script `roomcast` is not on the path."""

from roomcast.cli import main

main(prog_name="roomcast")
