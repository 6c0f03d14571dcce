"""`roomcast types`: the types of the events for TypeScript."""

import click


@click.command(
    epilog="""\b
Examples:
  roomcast types > src/events.ts
  roomcast types --own > src/own-events.ts
"""
)
@click.option("--own", "only_own", is_flag=True, help="Only yours, added to @roomcast/client's.")
def types(*, only_own: bool) -> None:
    """Write the events as TypeScript, those of your own too.

    With socket.io-client: Socket<ServerToClientEvents, ClientToServerEvents>.
    """
    from roomcast import typescript
    from roomcast.events import EVENT_TYPES
    from roomcast.own_events import discover

    own = discover().values()
    every = (*EVENT_TYPES.values(), *own)
    click.echo(typescript.own(own) if only_own else typescript.whole(every), nl=False)
