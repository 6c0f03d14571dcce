"""What to do about each verdict, in one sentence; no I/O."""

from roomcast_backend.explain.verdicts import Verdict


def next_step(verdict: Verdict, *, user: str, event_id: str, room: str, replay: bool) -> str:
    """Return what to do; `room` is a room of the event, `replay` whether its log still has it."""
    again = (
        f"`subscribe` to {room} with `since`: its log still brings the event"
        if replay
        else "fetch what is current from your backend: no replay brings the event"
    )
    of_user = f'{{ $.user_id = "{user}" }}'
    of_event = f'{{ $.event_id = "{event_id}" }}'
    steps = {
        Verdict.POSTED: "look into the page: its console, its handlers, what it drops by `id`",
        Verdict.UNDER_WAY: "ask again in a minute; if it stays so, `roomcast redrive` shows why",
        Verdict.MEANWHILE: again,
        Verdict.LEFT_OUT: "nothing: the newer event tells it",
        Verdict.FILTERED: f"`subscribe` to {room} with types that take it: the last list counts",
        Verdict.MUTED: f"`subscribe` to {room} on every connect; {again}",
        Verdict.EXPIRED: f"`authenticate` with a fresh token before `exp`; {again}",
        Verdict.JOINED_LATER: again,
        Verdict.CONNECTED_LATER: again,
        Verdict.ACCESS_ENDED: f"the log of `access` says who ordered it: {of_user}",
        Verdict.NOT_SUBSCRIBED: f"`subscribe` to {room} on every connect; {again}",
        Verdict.NOT_ALLOWED: "compare the claims of the page's token with what opens the room",
        Verdict.NOT_CONNECTED: f"the log of `disconnect` says when connections ended: {of_user}; "
        f"when the user is back, {again}",
        Verdict.NOT_KNOWN: f"the log of `broadcast` has what was counted: {of_event}",
        Verdict.UNKNOWN_EVENT: f"the log of `broadcast` has it if it ever came: {of_event}",
    }
    return steps[verdict]
