"""Times a build against the floor of the same machine and minute, and prints ratios.

    python scripts/bench.py RAW_DIR [--work DIR]
    python scripts/bench.py --activation

The floor is DuckDB, with the threads and memory of the build, scanning orders and events and
hash-aggregating them by customer. The build is `dbt build` without tests, each in a process of its own,
floor first and last; parts of it are run again alone, with all threads, and taken from the start of their
first model to the end of their last, as dbt records them.
--activation times delivery instead: scripts/bench_activation.py says how.
Absolute seconds depend on the machine; the ratios are what to compare.
Exit codes: 0 measured, 1 the build failed, 2 the folder has no orders.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

PROJECT = Path(__file__).resolve().parents[1]
# the models of a part, from facts that are built already; reports over history are not history
PARTS = {
    "history": ["path:models/intermediate/history", "lifecycle_history"],
    "rfm": ["int_customers_rfm_windows", "int_customers_rfm_measured", "int_rfm_scores", "int_customers_rfm_scored"],
    "windows": ["int_customers_rfm_windows"],
    "scoring": ["int_value_origins", "int_value_fits", "int_value_points", "int_value_expected", "int_value_scored"],
    "campaigns": ["path:models/intermediate/campaigns", "path:models/marts/campaigns", "path:models/marts/messages"],
}
FLOOR = """
import duckdb, pathlib, sys
connection = duckdb.connect(config={"threads": int(sys.argv[1])})
for table, at, total in (("orders", "ordered_at", "sum(amount)"), ("events", "occurred_at", "count(event_type)")):
    file = pathlib.Path(sys.argv[2]) / f"{table}.parquet"
    if file.exists():
        connection.execute(
            f"select sum(n), max(latest), sum(total) from (select count(*) as n, max({at}) as latest,"
            f" {total} as total from read_parquet(?) group by customer_id)", [str(file)]
        ).fetchall()
"""


@dataclass
class Measured:
    """Seconds of wall clock and peak memory of the largest child so far, in MB."""

    seconds: float
    peak_mb: int


def measure(command: list[str], environment: dict[str, str]) -> Measured:
    """Runs a command to its end. Raises CalledProcessError with its output when it fails."""
    begin = time.perf_counter()
    subprocess.run(command, env=environment, cwd=PROJECT, check=True, capture_output=True, text=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    return Measured(time.perf_counter() - begin, peak)


def slowest(target: Path, count: int) -> list[tuple[str, float]]:
    """The models that took longest, from dbt's own record of the run."""
    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    timed = [(result["unique_id"].split(".")[-1], float(result["execution_time"])) for result in results]
    return sorted(timed, key=lambda item: -item[1])[:count]


def span(target: Path) -> float:
    """Seconds from the start of the first model of the last run to the end of its last, from dbt's own record."""
    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    built = [result for result in results if result["unique_id"].startswith("model.")]
    times = [timing for result in built for timing in result["timing"] if timing["name"] == "execute"]
    models = [datetime.fromisoformat(timing[name]) for timing in times for name in ("started_at", "completed_at")]
    return (max(models) - min(models)).total_seconds()


@click.command()
@click.argument("raw_dir", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--work", type=click.Path(file_okay=False, path_type=Path), help="Folder for the DuckDB file.")
@click.option("--activation", is_flag=True, help="Time delivery instead of a build.")
def main(raw_dir: Path | None, work: Path | None, activation: bool) -> None:
    """Prints the floor, the build, their ratio, the peak memory and the slowest models."""
    if activation:
        sys.exit(subprocess.run([sys.executable, str(PROJECT / "scripts" / "bench_activation.py")]).returncode)
    if raw_dir is None:
        raise click.UsageError("Give the folder of the raw tables, or --activation.")
    if not (raw_dir / "orders.parquet").exists():
        raise click.UsageError(f"{raw_dir} has no orders.parquet: make it with scripts/generate.py.")
    folder = work or Path(tempfile.mkdtemp(prefix="clm-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "CLM_RAW_DIR": str(raw_dir.resolve()), "CLM_DUCKDB_PATH": str(folder / "clm.duckdb")}
    floor = [sys.executable, "-c", FLOOR, os.environ.get("CLM_DUCKDB_THREADS", "2"), str(raw_dir.resolve())]
    target = ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
    dbt = str(Path(sys.executable).parent / "dbt")
    build = [
        dbt,
        "build",
        "--quiet",
        "--exclude-resource-type",
        "test",
        "--exclude-resource-type",
        "unit_test",
        *target,
    ]
    run = [dbt, "run", "--quiet", *target, "--select"]
    try:
        floors = [measure(floor, environment)]
        measure([dbt, "parse", "--quiet", *target], environment)
        start = measure([dbt, "parse", "--quiet", *target], environment)
        built = measure(build, environment)
        slow = slowest(folder / "target", 5)
        parts = {}
        for name, models in PARTS.items():
            measure([*run, *models], environment)
            parts[name] = span(folder / "target")
        floors.append(measure(floor, environment))
    except subprocess.CalledProcessError as error:
        click.echo(f"{error.cmd[0]} failed: {error.stdout[-2000:]}{error.stderr[-2000:]}", err=True)
        sys.exit(1)
    lowest = min(one.seconds for one in floors)
    click.echo(f"floor    {lowest:8.1f} s  (scan and hash-aggregate orders and events by customer)")
    click.echo(f"parse    {start.seconds:8.1f} s  (dbt's start, included in the build)")
    click.echo(f"build    {built.seconds:8.1f} s  peak {built.peak_mb:,} MB")
    click.echo(f"ratio    {built.seconds / lowest:8.1f}    (build / floor)")
    for name, seconds in parts.items():
        click.echo(f"{name:8} {seconds:8.1f} s  ratio {seconds / lowest:.1f}")
    for name, seconds in slow:
        click.echo(f"         {seconds:8.1f} s  {name}")


if __name__ == "__main__":
    main()
