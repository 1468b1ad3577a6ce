"""pytest --cpu-profile: where the CPU seconds of the tests go, by file, by test, by fixture and by dbt call.

Seconds are user + system of the worker's process and of the children it waited for. A fixture of a module or session
counts for itself, not for the test that happened to need it first.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from dbt.cli.main import dbtRunner, dbtRunnerResult

FOLDER = Path(__file__).resolve().parents[2] / "target" / "pytest" / "profile"
ROWS = 30


def cpu_seconds() -> float:
    return sum(os.times()[:4])


class Meter:
    """Writes one line per test, shared fixture and dbt call of this process."""

    def __init__(self, worker: str) -> None:
        self.lines = (FOLDER / f"{worker}.jsonl").open("w", encoding="utf-8")
        self.fixtures = 0.0  # of the test that runs
        self.where = ""

    def write(self, **line: Any) -> None:
        self.lines.write(json.dumps(line) + "\n")
        self.lines.flush()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        before, self.fixtures, self.where = cpu_seconds(), 0.0, item.nodeid
        answer = yield
        self.write(kind="test", name=item.nodeid, seconds=cpu_seconds() - before - self.fixtures)
        return answer

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
        if fixturedef.scope == "function":
            return (yield)
        before, inner = cpu_seconds(), self.fixtures
        answer = yield
        own = cpu_seconds() - before - (self.fixtures - inner)
        self.fixtures += own
        self.write(kind="fixture", name=f"{fixturedef.baseid or 'session'}::{fixturedef.argname}", seconds=own)
        return answer

    def measured(self, invoke: Callable[..., dbtRunnerResult]) -> Callable[..., dbtRunnerResult]:
        def call(runner: dbtRunner, arguments: list[str], **rest: Any) -> dbtRunnerResult:
            before = cpu_seconds()
            result = invoke(runner, arguments, **rest)
            nodes = len(getattr(result.result, "results", None) or [])
            command = next(word for word in arguments if not word.startswith("-"))
            self.write(kind="dbt", name=command, nodes=nodes, seconds=cpu_seconds() - before, where=self.where)
            return result

        return call


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cpu-profile", action="store_true", help="print where the CPU seconds of the tests went")


def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("--cpu-profile"):
        return
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
    if worker is not None or not config.getoption("numprocesses", None):
        meter = Meter(worker or "alone")
        config.pluginmanager.register(meter, "cpu-meter")
        dbtRunner.invoke = meter.measured(dbtRunner.invoke)  # type: ignore[method-assign]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not config.getoption("--cpu-profile"):
        return
    lines = [json.loads(line) for file in sorted(FOLDER.glob("*.jsonl")) for line in file.open(encoding="utf-8")]
    for title, rows in report(lines).items():
        terminalreporter.section(f"CPU seconds {title}")
        for row in rows:
            terminalreporter.write_line(row)


def report(lines: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The tables, most expensive first: a title and its rows."""
    timed = [line for line in lines if line["kind"] in ("test", "fixture")]
    files: dict[str, float] = defaultdict(float)
    for line in timed:
        files[line["name"].split("::")[0]] += line["seconds"]
    calls: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for line in (line for line in lines if line["kind"] == "dbt"):
        calls[(line["name"], "whole builds" if line["nodes"] >= 300 else "parts")].append(line)
    return {
        f"by file, {sum(files.values()):.0f} in all": [
            f"{seconds:8.1f}  {name}" for name, seconds in sorted(files.items(), key=lambda pair: -pair[1])
        ],
        f"by test and shared fixture, the first {ROWS} of {len(timed)}": [
            f"{line['seconds']:8.1f}  {line['name']}{' (fixture)' if line['kind'] == 'fixture' else ''}"
            for line in sorted(timed, key=lambda line: -line["seconds"])[:ROWS]
        ],
        "by dbt command": [
            f"{sum(line['seconds'] for line in made):8.1f}  {len(made):5} x {command}, {size}, "
            f"{sum(line['nodes'] for line in made)} nodes"
            for (command, size), made in sorted(calls.items())
        ],
    }
