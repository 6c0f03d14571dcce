"""The figures that this project is measured by, each a ratio within one run, and their targets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.imports import BOTO3, WEBSOCKET
from benchmarks.state import FAN_OUT

Raw = Mapping[str, Any]
"""What was measured, by part; a part that was left out is not there."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its name in `.bench/results.json`, and what is to be reached."""

    name: str
    words: str
    at_least: float
    aim: float
    of: Callable[[Raw], float]
    less_is_better: bool = False

    def value(self, raw: Raw) -> float | None:
        """Return the figure, None when a part of the run that it needs was left out."""
        return _unless_left_out(self.of, raw)

    def verdict(self, value: float | None) -> str:
        """Say in words what came of it."""
        if value is None:
            return "not measured"
        if self._reaches(value, self.aim):
            return "aim reached"
        return "reached" if self._reaches(value, self.at_least) else "MISSED"

    def _reaches(self, value: float, target: float) -> bool:
        return value <= target if self.less_is_better else value >= target


def _cpu_per_post(raw: Raw) -> float:
    senders = raw["senders"]["now"]
    return _ratio(senders, "boto3_threads", "roomcast", "cpu_us_per_post")


def _posts_at_10ms(raw: Raw) -> float:
    return _ratio(raw["senders"]["10ms"], "roomcast", "wrk", "posts_per_s")


def _cold(raw: Raw) -> float:
    seconds = raw["cold"]["seconds"]
    return float(seconds["boto3_threads"] / seconds["roomcast"])


def _parsing(raw: Raw) -> float:
    return _ratio(raw["handler"]["stub"], "handler", "sender", "posts_per_s")


def _memory(raw: Raw) -> float:
    rooms = raw["memory"]
    return float(rooms["large"]["peak_rss_mb"] - rooms["small"]["peak_rss_mb"])


def _imports(raw: Raw) -> float:
    took = raw["imports"]["process_ms"]
    return float(max(took[name] for name in WEBSOCKET) / took[BOTO3])


def _state(raw: Raw) -> float:
    took = raw["state"][FAN_OUT]
    return float(took["with"] / took["without"])


FIGURES = (
    Figure("cpu_per_post_vs_boto3", "CPU per post, times less than boto3", 35, 60, _cpu_per_post),
    Figure("posts_vs_wrk_10ms_256", "posts/s at 10 ms, 256 in flight, of wrk's", 0.85, 1.0,
           _posts_at_10ms),
    Figure("cold_1000_vs_boto3", "first 1,000 posts, times faster than boto3's", 8, 15, _cold),
    Figure("handler_vs_sender", "broadcast function, of its sender's posts/s", 0.7, 0.9,
           lambda raw: _ratio(raw["handler"]["fakes"], "handler", "sender", "posts_per_s")),
    Figure("state_vs_none", "CPU of an event to 1,000 with state, of one without", 1.1, 1.05,
           _state, less_is_better=True),
    Figure("memory_growth_mb", "MB more for 1,000,000 members than for 1,000", 30, 10, _memory,
           less_is_better=True),
    Figure("import_vs_boto3", "slowest function's import, of boto3 + one client", 1.0, 0.6,
           _imports, less_is_better=True),
    Figure("commands_per_s", "subscribe commands per second and core", 5000, 10000,
           lambda raw: float(raw["commands"]["fakes"]["subscribe"]["per_s"])),
)  # fmt: skip


def figures(raw: Raw) -> dict[str, float | None]:
    """Return all figures, and one beside them: the handler that parses what DynamoDB sends."""
    found = {figure.name: figure.value(raw) for figure in FIGURES}
    return {**found, "handler_with_parsing_vs_sender": _unless_left_out(_parsing, raw)}


CONSTANTS: Mapping[str, Callable[[Raw], float]] = {
    "post_cpu_us": lambda raw: raw["senders"]["now"]["roomcast"]["cpu_us_per_post"],
    "post_cpu_us_at_10ms": lambda raw: raw["senders"]["10ms"]["roomcast"]["cpu_us_per_post"],
    "posts_per_s_at_10ms": lambda raw: raw["senders"]["10ms"]["roomcast"]["posts_per_s"],
    "handler_cpu_us_per_post": lambda raw: raw["handler"]["stub"]["handler"]["cpu_us_per_post"],
    "member_read_cpu_us": lambda raw: raw["costs"]["member_read_cpu_us"],
    "handshake_cpu_ms": lambda raw: raw["costs"]["handshake_cpu_ms"],
    "invocation_cpu_ms": lambda raw: raw["imports"]["calls"]["broadcast"]["warm_cpu_ms"],
    "invocation_ms": lambda raw: raw["imports"]["calls"]["broadcast"]["warm_ms"],
    "cold_start_ms": lambda raw: _cold_start(raw["imports"]["calls"]["broadcast"]),
}
"""What the simulation of docs/scale.md is made of; README.md says what each is."""


def constants(raw: Raw) -> dict[str, float]:
    """Return those whose parts were measured."""
    found = {name: _unless_left_out(of, raw) for name, of in CONSTANTS.items()}
    return {name: value for name, value in found.items() if value is not None}


def _unless_left_out(of: Callable[[Raw], float], raw: Raw) -> float | None:
    try:
        return float(of(raw))
    except KeyError:
        return None


def _cold_start(calls: Mapping[str, float]) -> float:
    return calls["import_ms"] + calls["first_ms"]


def _ratio(of: Raw, above: str, below: str, value: str) -> float:
    return float(of[above][value] / of[below][value])
