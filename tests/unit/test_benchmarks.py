"""The benchmark's arithmetic and its record; nothing is measured here."""

import json
import re
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as program
from benchmarks import debian
from benchmarks.aws_answers import PAGE, write
from benchmarks.figures import FIGURES, constants, figures
from benchmarks.imports import BOTO3, WEBSOCKET
from benchmarks.machine import ROOT, CannotMeasure, Cores
from benchmarks.medians import medians
from benchmarks.report import markdown, results
from benchmarks.traffic import PAYLOAD_BYTES, connection_ids, payload
from roomcast_backend.stores.items import member_of

README = (ROOT / "benchmarks/README.md").read_text()

MACHINE = {
    "date": "2026-01-01 12:00 UTC",
    "cpu_model": "a processor",
    "cores": 2,
    "load_before": 0.1,
    "system": "a system",
    "python": "3.13.0",
    "versions": {"boto3": "1.0"},
    "quick": False,
}


def sender(posts: float, cpu: float) -> dict[str, float]:
    return {"posts_per_s": posts, "cpu_us_per_post": cpu, "cpu_share": 1.0, "peak_rss_mb": 30.0}


def against(handler: float, bare: float) -> dict[str, Any]:
    return {"handler": sender(handler, 25.0), "sender": sender(bare, 20.0)}


def call(first: float) -> dict[str, float]:
    return {"import_ms": 100.0, "first_ms": first, "warm_ms": 2.0, "warm_cpu_ms": 1.5}


RATE = {"per_s": 8000.0, "per_cpu_s": 4000.0}

RAW: dict[str, Any] = {
    "senders": {
        "now": {
            "wrk": sender(50000, 15),
            "roomcast": sender(40000, 20),
            "boto3_threads": sender(800, 1000),
        },
        "10ms": {
            "wrk": sender(20000, 16),
            "roomcast": sender(19000, 22),
            "boto3_threads": sender(700, 1100),
        },
    },
    "cold": {"posts": 1000, "seconds": {"roomcast": 0.2, "boto3_threads": 2.0}},
    "handler": {"fakes": against(36000, 40000), "stub": against(30000, 40000)},
    "memory": {
        "small": {"members": 1000, "peak_rss_mb": 40.0, "invocations": 9, "seconds": 0.1},
        "large": {"members": 1000000, "peak_rss_mb": 48.0, "invocations": 1009, "seconds": 30.0},
    },
    "imports": {
        "process_ms": {BOTO3: 200.0, **dict.fromkeys(WEBSOCKET, 90.0), "open": 110.0}
        | {"webhooks": 400.0},
        "calls": {name: call(12.0) for name in (*WEBSOCKET, "webhooks")},
    },
    "commands": {"fakes": {"subscribe": RATE}, "stub": {"subscribe": RATE}},
    "state": {"50": {"with": 3.3, "without": 3.0}, "1000": {"with": 21.0, "without": 20.0}},
    "costs": {"handshake_cpu_ms": 0.7, "member_read_cpu_us": 2.0},
}


class TestFigures:
    def test_each_is_the_ratio_that_it_says(self) -> None:
        assert figures(RAW) == pytest.approx(
            {
                "cpu_per_post_vs_boto3": 50.0,
                "posts_vs_wrk_10ms_256": 0.95,
                "cold_1000_vs_boto3": 10.0,
                "handler_vs_sender": 0.9,
                "state_vs_none": 1.05,
                "memory_growth_mb": 8.0,
                "import_vs_boto3": 0.55,
                "commands_per_s": 8000.0,
                "handler_with_parsing_vs_sender": 0.75,
            }
        )

    def test_verdicts(self) -> None:
        verdicts = {figure.name: figure.verdict(figure.value(RAW)) for figure in FIGURES}
        assert verdicts == {
            "cpu_per_post_vs_boto3": "reached",
            "posts_vs_wrk_10ms_256": "reached",
            "cold_1000_vs_boto3": "reached",
            "handler_vs_sender": "aim reached",
            "state_vs_none": "aim reached",
            "memory_growth_mb": "aim reached",
            "import_vs_boto3": "aim reached",
            "commands_per_s": "reached",
        }

    @pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
    def test_a_missed_one_is_said_to_be_missed(self, figure: Any) -> None:
        worse = figure.at_least * (1.01 if figure.less_is_better else 0.99)
        assert figure.verdict(worse) == "MISSED"
        assert figure.verdict(figure.at_least) != "MISSED"

    @pytest.mark.parametrize("part", list(RAW))
    def test_a_part_left_out_leaves_its_own_figures_out(self, part: str) -> None:
        raw = deepcopy(RAW)
        del raw[part]
        found = figures(raw)
        assert set(found) == set(figures(RAW))
        whole = figures(RAW)
        assert all(value in (None, whole[name]) for name, value in found.items())
        assert markdown(MACHINE, raw)

    def test_medians_are_taken_of_each_value(self) -> None:
        rounds = [{"a": 1.0, "b": 9.0}, {"a": 5.0, "b": 7.0}, {"a": 2.0, "b": 8.0}]
        assert medians(rounds) == {"a": 2.0, "b": 8.0}


class TestRecord:
    def test_results_hold_what_the_readme_names(self) -> None:
        named = set(re.findall(r"^\| `(\w+)` \|", README, flags=re.MULTILINE))
        found = results(MACHINE, RAW)
        assert named == (set(found) | set(constants(RAW)) | set(RAW)) - {"constants", "raw"}
        assert json.loads(json.dumps(found)) == found

    def test_shows_every_figure_and_target(self) -> None:
        record = markdown(MACHINE, RAW)
        for figure in FIGURES:
            assert f"`{figure.name}`" in record
        assert "| **50** " in record
        assert record.startswith("### 2026-01-01 12:00 UTC\n")

    def test_tells_what_was_missed(self) -> None:
        raw = deepcopy(RAW)
        raw["cold"]["seconds"]["roomcast"] = 1.0
        assert re.search(r"`cold_1000_vs_boto3`.*MISSED", markdown(MACHINE, raw))


class TestTraffic:
    def test_has_the_shape_of_real_traffic(self) -> None:
        ids = connection_ids(1000)
        assert len(payload()) == PAYLOAD_BYTES
        assert len(set(ids)) == len(ids)
        assert all(re.fullmatch(r"[A-Za-z0-9_-]{15}=", name) for name in ids)

    def test_the_stub_answers_what_the_stores_read(self, tmp_path: Path) -> None:
        write(tmp_path)
        answer = json.loads((tmp_path / "page/Query.json").read_text())
        found = [member_of(item).connection_id for item in answer["Items"]]
        assert found == connection_ids(PAGE)
        assert answer["LastEvaluatedKey"]["connection_id"]["S"] == found[-1]


class TestFirstPosts:
    def test_of_the_benchmarks_they_import_the_traffic_alone(self) -> None:
        """Whatever else a process imports would be counted as the sender's time."""
        code = (
            "import sys, benchmarks.first_posts.roomcast as _;"
            "print(*sorted(name for name in sys.modules if name.startswith('benchmarks')))"
        )
        found = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
        )
        assert found.stdout.split() == [
            "benchmarks",
            "benchmarks.first_posts",
            "benchmarks.first_posts.roomcast",
            "benchmarks.traffic",
        ]


class TestMachine:
    def test_one_core_is_shared(self) -> None:
        assert Cores(stub=0, sender=0).are_shared
        assert not Cores(stub=0, sender=1).are_shared

    def test_names_the_packages_that_are_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(debian, "tool", lambda _name: None)
        monkeypatch.setattr(debian, "ECHO_MODULE", Path("/nowhere.so"))
        monkeypatch.setattr("os.geteuid", lambda: 1000)
        with pytest.raises(CannotMeasure, match="nginx-light wrk openssl libnginx-mod-http-echo"):
            debian.install()

    def test_every_part_is_documented(self) -> None:
        for name in program.PARTS:
            assert f"`{name}`" in README
