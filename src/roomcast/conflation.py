"""At most one event in some seconds of one entity: of those that come faster, the latest wins.

    at_most={"workflow.progress": 1.0}, a workflow that reports five times a second

    10 %  ─▶ sent at once           20 %  30 %  40 %  50 %    held, each replaces the one before
                                    one second after the first ─▶ 50 % is sent
    completed ─▶ sent at once       before it what is held and says more than it does

An event is replaced only by one of the same entity and the same rooms that says all that it says
(`state_events`): lines of a log, for example, are held and then sent, never left out. Held events
are in memory alone, of this process: `close` sends them, the end of the interpreter does, too, and
what kills the process loses them.
"""

import atexit
import json
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING

from roomcast import environment, event_names
from roomcast.errors import InvalidEvent, NotConfigured
from roomcast.events import EVENT_TYPES
from roomcast.fork_local import ForkLocal
from roomcast.held_events import Window
from roomcast.state_events import STATE_EVENTS, entity_of
from roomcast.tenants import stored_name

if TYPE_CHECKING:
    from roomcast.envelope import Envelope
    from roomcast.publisher import Prepared

    Send = Callable[[Sequence[Prepared]], list[bool]]

logger = logging.getLogger(__name__)


def check(at_most: object) -> dict[str, float]:
    """Return a copy of `at_most`: seconds by type; raise `ValueError` for what it cannot be.

    Of the types of this library those can be held that tell a state, which the next one replaces;
    own types need a `state_key`.
    """
    if not isinstance(at_most, Mapping):
        raise ValueError('at_most: expected seconds by event type, {"workflow.progress": 1.0}')
    for name, seconds in at_most.items():
        if problem := event_names.problem(name):
            raise ValueError(f"at_most: {problem}")
        if name in EVENT_TYPES and name not in STATE_EVENTS:
            states = ", ".join(STATE_EVENTS)
            raise ValueError(
                f"at_most: {name} tells no state that the next replaces, as {states} do"
            )
        is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        if not is_number or not isfinite(seconds) or seconds <= 0:
            raise ValueError(f"at_most: {name}: expected a positive number of seconds")
    return dict(at_most)


def chosen(at_most: Mapping[str, float] | None) -> dict[str, float]:
    """Return what a broadcaster was given, else what the environment says.

    Raises `NotConfigured` for a variable that is not valid.
    """
    if at_most is not None:
        return dict(at_most)
    try:
        return check(json.loads(environment.at_most() or "{}"))
    except ValueError as exc:
        raise NotConfigured(f"{environment.AT_MOST}: {exc}") from exc


class Conflation:
    """Holds what comes too fast, and sends it from a thread of its own.

    `at_most` returns the seconds by type, see `chosen`; it is asked at the first event. `send` puts
    events on the bus and returns for each whether it was accepted.
    """

    def __init__(
        self,
        at_most: Callable[[], Mapping[str, float]],
        send: "Send",
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sending = ForkLocal(lambda: _Sending(Window(at_most()), send, clock))

    def check(self, event: "Envelope") -> None:
        """Raise `InvalidEvent` for an own event of a limited type that has no `state_key`."""
        if self._sending().limits(event.type) and not _entity_of(event):
            reason = "at_most needs it, to know which events replace each other"
            raise InvalidEvent(event.type, {"state_key": reason})

    def publish(self, events: "Sequence[Prepared]") -> list[bool]:
        """Send events or hold them; return for each whether the bus, or the memory, has it."""
        while True:
            results = self._sending().publish(events)
            if results is not None:
                return results

    def close(self) -> None:
        """Send what is held; the next event begins anew."""
        sending = self._sending.reset()
        if sending:
            sending.close()


class _Sending:
    """The held events of one process, and the thread that sends them.

    Events of one entity are sent one after the other: `busy` are the entities of which some are on
    their way, whoever sends them.
    """

    def __init__(
        self,
        window: Window,
        send: "Send",
        clock: Callable[[], float],
    ) -> None:
        self._window = window
        self._send = send
        self._clock = clock
        self._changed = threading.Condition()
        self._busy: set[str] = set()
        self._closed = False
        self._thread: threading.Thread | None = None
        self.process = os.getpid()
        _open.add(self)

    def limits(self, event_type: str) -> bool:
        """Tell whether events of a type may have to wait."""
        return self._window.limits(event_type)

    def publish(self, events: "Sequence[Prepared]") -> list[bool] | None:
        """Send or hold events; None when this has been closed meanwhile."""
        if not self._window.limits_any:
            return self._send(events)
        keys = [_entity_of(each.envelope) for each in events]
        with self._changed:
            while not self._closed and self._must_wait(events, keys):
                self._changed.wait()
            if self._closed:
                return None
            now, taken = self._clock(), []
            for event, key in zip(events, keys, strict=True):
                if key:
                    taken += self._window.take(event, key, now, busy=key in self._busy)
                else:
                    taken.append(event)
            sent_now = {id(each) for each in taken}
            own = {id(each) for each in events}
            self._begin(taken)
            self._start_thread()
        results = self._finish(taken, held=lambda each: id(each) not in own)
        accepted = dict(zip(map(id, taken), results, strict=True))
        return [accepted[id(each)] if id(each) in sent_now else True for each in events]

    def close(self) -> None:
        """Send what is held, and end the thread."""
        with self._changed:
            while self._busy:
                self._changed.wait()
            self._closed = True
            taken = self._window.everything()
            self._changed.notify_all()
        if taken:
            refused = self._send(taken).count(False)
            if refused:
                logger.error("%s held events are lost: the bus did not accept them", refused)

    def _must_wait(self, events: "Sequence[Prepared]", keys: Sequence[str]) -> bool:
        return any(
            key in self._busy
            and (not self._window.limits(event.envelope.type) or self._window.is_full(key))
            for event, key in zip(events, keys, strict=True)
        )

    def _begin(self, taken: "Sequence[Prepared]") -> None:
        self._busy |= _entities(taken)

    def _finish(
        self, taken: "Sequence[Prepared]", *, held: "Callable[[Prepared], bool]"
    ) -> list[bool]:
        """Send what was taken; what had been held and is not accepted waits again."""
        results = [False] * len(taken)
        try:
            if taken:
                results = self._send(taken)
        finally:
            with self._changed:
                now = self._clock()
                for key in _entities(taken):
                    failed = [
                        each
                        for each, accepted in zip(taken, results, strict=True)
                        if not accepted and held(each) and _entity_of(each.envelope) == key
                    ]
                    self._window.settle(key, failed, now)
                    self._busy.discard(key)
                self._changed.notify_all()
        return results

    def _start_thread(self) -> None:
        if self._thread is None and self._window.next_due() is not None:
            self._thread = threading.Thread(target=self._run, name="roomcast-held", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                due = self._window.next_due(self._busy)
                pause = None if due is None else due - self._clock()
                if self._closed:
                    return
                if pause is None or pause > 0:
                    self._changed.wait(pause)
                    continue
                taken = self._window.due(self._clock(), self._busy)
                self._begin(taken)
            try:
                self._finish(taken, held=lambda _: True)
            except Exception:
                logger.exception("held events could not be sent, and are tried again")


def _entity_of(event: "Envelope") -> str:
    """Return the entity that an event tells of: the same id at another tenant is another one."""
    entity = entity_of(event)
    return entity and stored_name(event.tenant, entity)


def _entities(events: "Sequence[Prepared]") -> set[str]:
    return {key for each in events if (key := _entity_of(each.envelope))}


_open: "weakref.WeakSet[_Sending]" = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Send what is held when the interpreter ends; what a forked child knows is its parent's."""
    for sending in list(_open):
        if sending.process == os.getpid():
            sending.close()
