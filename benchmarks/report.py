"""The record of a run: tables in Markdown for people, `.bench/results.json` for programs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from benchmarks.figures import FIGURES, Raw, constants, figures
from benchmarks.imports import BOTO3

NAMES = {
    "wrk": "wrk, signed beforehand: the limit",
    "roomcast": "**roomcast**: gateway, signer, transport",
    "sender": "roomcast: signer, transport",
    "transport": "roomcast: transport, signed beforehand",
    "pycurl_multi": "pycurl multi, signed beforehand",
    "aiohttp_tasks": "aiohttp + uvloop, signed beforehand",
    "aiobotocore_tasks": "aiobotocore + uvloop",
    "boto3_threads": "boto3, 50 threads",
}


def results(machine: Mapping[str, Any], raw: Raw) -> dict[str, Any]:
    """Return what `.bench/results.json` holds; a figure that was not measured is null."""
    return {**figures(raw), **machine, "constants": constants(raw), "raw": raw}


def markdown(machine: Mapping[str, Any], raw: Raw) -> str:
    """Write the whole record."""
    return "\n".join(_lines(machine, raw)) + "\n"


def _lines(machine: Mapping[str, Any], raw: Raw) -> Iterator[str]:
    versions = ", ".join(f"{name} {value}" for name, value in machine["versions"].items())
    yield f"### {machine['date']}"
    yield ""
    yield f"{machine['cores']} cores of {machine['cpu_model']}, load {machine['load_before']:.1f}"
    yield f"before; {machine['system']}, Python {machine['python']}, {versions}."
    if machine["quick"]:
        yield "A quick run: too short for figures."
    yield from _figures(raw)
    for part, write in TABLES.items():
        if part in raw:
            yield from write(raw[part])


def _figures(raw: Raw) -> Iterator[str]:
    found = figures(raw)
    rows = []
    for figure in FIGURES:
        value = found[figure.name]
        shown = "–" if value is None else f"**{_number(value)}**"
        sign = "≤" if figure.less_is_better else "≥"
        targets = [f"{sign} {_number(figure.at_least)}", f"{sign} {_number(figure.aim)}"]
        rows.append([f"`{figure.name}`", figure.words, shown, *targets, figure.verdict(value)])
    yield from _table(["figure", "what", "this run", "at least", "aim", ""], rows)


def _senders(stages: Mapping[str, Any]) -> Iterator[str]:
    for stage, senders in stages.items():
        yield from _stage(stage, senders)


def _stage(stage: str, senders: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    answers = "at once" if stage == "now" else f"after {stage.removesuffix('ms')} ms"
    yield ""
    yield f"Senders, the stub answering {answers}:"
    boto3, wrk = senders.get("boto3_threads"), senders.get("wrk")
    rows = []
    for name, own in senders.items():
        rows.append(
            [
                NAMES.get(name, name),
                f"{own['posts_per_s']:,.0f}",
                _times(own, boto3, "posts_per_s"),
                f"{own['posts_per_s'] / wrk['posts_per_s']:.1%}" if wrk else "–",
                f"{own['cpu_us_per_post']:,.1f}",
                _times(boto3, own, "cpu_us_per_post"),
                f"{own['cpu_share']:.0%}",
                f"{own['peak_rss_mb']:.0f}",
            ]
        )
    yield from _table(
        ["sender", "posts/s", "× boto3", "of wrk", "CPU µs/post", "CPU: × less than boto3"]
        + ["core used", "RSS MB"],
        rows,
    )


def _cold(cold: Mapping[str, Any]) -> Iterator[str]:
    seconds = cold["seconds"]
    yield from _table(
        [f"a fresh process and its first {cold['posts']:,} posts", "s", "× boto3"],
        [
            [NAMES[name], f"{took:.3f}", f"{seconds['boto3_threads'] / took:.1f}"]
            for name, took in seconds.items()
        ],
    )


def _handler(handler: Mapping[str, Any]) -> Iterator[str]:
    words = {"fakes": "members from memory", "stub": "members as DynamoDB's JSON, over TLS"}
    rows = []
    for name, of in handler.items():
        whole, sender = of["handler"], of["sender"]
        share = whole["posts_per_s"] / sender["posts_per_s"]
        cpu = f"{whole['cpu_us_per_post']:.1f} / {sender['cpu_us_per_post']:.1f}"
        rates = f"{whole['posts_per_s']:,.0f} / {sender['posts_per_s']:,.0f}"
        rows.append([words[name], rates, f"{share:.2f}", cpu])
    yield from _table(
        ["broadcast to 10,000 members", "posts/s: function / sender", "ratio", "CPU µs/post"], rows
    )


def _memory(memory: Mapping[str, Any]) -> Iterator[str]:
    yield from _table(
        ["members", "peak RSS MB", "invocations", "s"],
        [
            [f"{of['members']:,}", f"{of['peak_rss_mb']:.1f}"]
            + [f"{of['invocations']:,}", f"{of['seconds']:.1f}"]
            for of in memory.values()
        ],
    )


def _imports(imports: Mapping[str, Any]) -> Iterator[str]:
    took, calls = imports["process_ms"], imports["calls"]
    rows = []
    for name, value in took.items():
        own = calls.get(name)
        first = [f"{own['first_ms']:.1f}", f"{own['warm_ms']:.1f}"] if own else ["–", "–"]
        rows.append([name, f"{value:.0f}", f"{value / took[BOTO3]:.2f}", *first])
    yield from _table(["process with import", "ms", "of boto3", "first call ms", "later ms"], rows)


def _commands(commands: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        [command, f"{commands['fakes'][command]['per_s']:,.0f}"]
        + [f"{commands['stub'][command]['per_cpu_s']:,.0f}"]
        for command in commands["fakes"]
    ]
    heads = ["command", "per second, stores in memory", "per CPU second, DynamoDB calls over TLS"]
    yield from _table(heads, rows)


def _costs(costs: Mapping[str, float]) -> Iterator[str]:
    rows = [
        ["a TLS handshake and a post", f"{costs['handshake_cpu_ms']:.2f} ms"],
        ["reading a member", f"{costs['member_read_cpu_us']:.2f} µs"],
    ]
    yield from _table(["step", "CPU"], rows)


def _state(state: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    rows = [
        [f"{int(members):,}", f"{took['without']:.2f}", f"{took['with']:.2f}"]
        + [f"{took['with'] / took['without']:.2f}"]
        for members, took in state.items()
    ]
    yield from _table(["an event to members", "CPU ms without state", "with it", "ratio"], rows)


TABLES: Mapping[str, Callable[[Any], Iterator[str]]] = {
    "senders": _senders,
    "cold": _cold,
    "handler": _handler,
    "state": _state,
    "memory": _memory,
    "imports": _imports,
    "commands": _commands,
    "costs": _costs,
}
"""What is written of each part, in the record's order."""


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    yield ""
    yield _row(heads, widths)
    yield "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    for row in rows:
        yield _row(row, widths)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"


def _times(above: Mapping[str, float] | None, below: Mapping[str, float] | None, value: str) -> str:
    return f"{above[value] / below[value]:.1f}" if above and below else "–"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004
