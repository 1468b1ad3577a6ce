"""What `make test` does: linters and the demo's build beside each other, then the Python tests; how long each took.

    python scripts/check.py          all of it
    python scripts/check.py lint     the linters alone

The steps of a lane follow each other, two lanes share two cores. A step that fails says so at once, with what it
printed; the others go on, and the exit code is 1.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent
PYTHON_FILES = ("scripts", "tests/python")
LINT_SQL = [("sqlfluff", "sqlfluff lint --disable-progress-bar models tests/data")]
LINT_PYTHON = [
    ("ruff", f"ruff check {' '.join(PYTHON_FILES)}"),
    ("ruff format", f"ruff format --check {' '.join(PYTHON_FILES)}"),
    ("mypy", f"mypy {' '.join(PYTHON_FILES)}"),
]
BUILD = [("dbt build", "dbt build --quiet --log-level-file none")]
PYTEST = [("pytest", "pytest -n 2 --dist loadfile -m not@engines")]
Step = tuple[str, str]


@dataclass
class Ended:
    """A step that ran: CPU seconds are those of its process and of all that it waited for."""

    name: str
    code: int
    wall: float
    cpu: float

    def __str__(self) -> str:
        verdict = "ok" if self.code == 0 else f"FAILED with exit code {self.code}"
        return f"{self.name:12} {self.wall:6.0f} s wall {self.cpu:6.0f} s CPU  {verdict}"


def run_step(step: Step) -> Ended:
    """Runs a command of the environment; prints what it said when it fails, pytest's words as they come."""
    name, command = step
    program, *arguments = command.split()
    words = [str(BIN / program), *(argument.replace("@", " ") for argument in arguments)]
    print(f"{name:12} begins: {' '.join(words[1:])}", flush=True)
    begun = time.monotonic()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(words, stdout=None if name == "pytest" else said, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        ended = Ended(name, process.returncode, time.monotonic() - begun, used.ru_utime + used.ru_stime)
        said.seek(0)
        words_said = said.read().decode(errors="replace").strip()
    print(f"{ended}\n{words_said}" if ended.code and words_said else f"{ended}", flush=True)
    return ended


def run_lanes(lanes: Sequence[Sequence[Step]]) -> list[Ended]:
    with ThreadPoolExecutor(len(lanes)) as pool:
        ended = pool.map(lambda lane: [run_step(step) for step in lane], lanes)
        return [one for lane in ended for one in lane]


def main(arguments: Sequence[str]) -> int:
    if list(arguments) not in ([], ["lint"]):
        print("Usage: python scripts/check.py [lint]", file=sys.stderr)
        return 2
    begun = time.monotonic()
    if arguments:
        ended = run_lanes([LINT_SQL, LINT_PYTHON])
    else:
        ended = run_lanes([LINT_SQL, [*LINT_PYTHON, *BUILD]]) + run_lanes([PYTEST])
    print(Ended("all", int(any(one.code for one in ended)), time.monotonic() - begun, sum(one.cpu for one in ended)))
    return int(any(one.code for one in ended))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
