"""What every Python test uses: a shop that builds raw tables with dbt, in this process, and reads the marts."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
import yaml
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt.parser.manifest import extended_mashumaro_encoder, extended_mashumuro_decoder
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "scripts"))  # activate, activation
SHARED_DATA = Path(os.environ.get("CLM_SHARED_DATA", PROJECT.parent / "shared" / "data"))
ONLINE_RETAIL = PROJECT / "examples" / "online_retail"
# a worker of pytest-xdist has its own
WORKPLACE = PROJECT / "target" / "pytest" / os.environ.get("PYTEST_XDIST_WORKER", "alone")
RAW_VARIABLES = ("CLM_RAW_DIR", "CLM_RAW_SCHEMA", "CLM_RAW_DATABASE")
CLM_VARIABLES = (*RAW_VARIABLES, "CLM_AS_OF_DATE", "CLM_TARGET")


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Exactly these CLM_ settings for a while, whatever the shell has."""
    before = dict(os.environ)
    for name in CLM_VARIABLES:
        os.environ.pop(name, None)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def fire_what_is_read(manager: EventManager, e: BaseEvent, level: EventLevel | None = None, **rest: Any) -> None:
    """dbt makes ten thousand debug events a build and turns each into a message; nobody reads them here."""
    if (level or e.level_tag()) not in (EventLevel.DEBUG, EventLevel.TEST):
        fire_event(manager, e, level, **rest)


fire_event = EventManager.fire_event
EventManager.fire_event = fire_what_is_read  # type: ignore[method-assign, assignment]

PARSED_VARIABLES = ("clm_timeline_materialized", "clm_extra_tag_models")  # what dbt reads while it parses


@functools.cache
def parsed_project(has_raw_tables: bool, variables: str) -> bytes:
    """The project as dbt parsed it: the same for all shops, but for whether there are raw tables and these variables.

    A model that reads others by another variable would say so: dbt stops where a ref was not seen while parsing.
    """
    folder = WORKPLACE / "parsed"
    with environment({"CLM_RAW_DIR": str(folder)} if has_raw_tables else {}):
        result = dbtRunner().invoke(["parse", "--quiet", *project_options(folder, variables)])
    assert isinstance(result.result, Manifest), result.exception
    return bytes(result.result.to_msgpack(extended_mashumaro_encoder))


def project_options(folder: Path, variables: str) -> list[str]:
    return [
        "--project-dir", str(PROJECT),
        "--profiles-dir", str(PROJECT),
        "--target-path", str(folder / "target"),
        "--log-path", str(folder / "logs"),
        "--vars", variables,
    ]  # fmt: skip


@dataclass
class Built:
    """What a dbt command said: whether it succeeded, and every message in one text."""

    success: bool
    log: str
    result: dbtRunnerResult


@dataclass
class Shop:
    """A folder of raw tables and the DuckDB file that dbt builds from it."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    has_artifacts: bool = True  # whether dbt writes manifest.json, which takes it seconds

    @property
    def raw(self) -> Path:
        return self.folder / "raw"

    @property
    def database(self) -> Path:
        return self.folder / "clm.duckdb"

    def write(self, table: str, rows: pd.DataFrame | str, suffix: str = "parquet") -> None:
        """Puts a raw table into the folder: a frame as parquet, or text as the CSV file it is."""
        self.raw.mkdir(parents=True, exist_ok=True)
        if isinstance(rows, str):
            (self.raw / f"{table}.csv").write_text(rows, encoding="utf-8")
        else:
            rows.to_parquet(self.raw / f"{table}.{suffix}", index=False)

    def dbt(self, *arguments: str, env: dict[str, str] | None = None, variables: str = "{}") -> Built:
        """Runs a dbt command on the folder's data; messages are collected, nothing is printed."""
        lines: list[str] = []
        # many small statements: threads would only wait for each other
        settings = {"CLM_DUCKDB_PATH": str(self.database), "CLM_THREADS": "1", "CLM_DUCKDB_THREADS": "1"}
        settings |= {**self.env, **(env or {})}
        if self.raw.exists():
            settings.setdefault("CLM_RAW_DIR", str(self.raw))
        with environment(settings):
            runner = dbtRunner(
                manifest=None if arguments[0] == "parse" else self._manifest(settings, variables),
                callbacks=[lambda event: lines.append(event.info.msg)],  # type: ignore[attr-defined]
            )
            result = runner.invoke(
                [*arguments, "--quiet", "--log-level-file", "none", *project_options(self.folder, variables)]
                + ([] if self.has_artifacts else ["--no-write-json"])
            )
        if result.exception is not None:
            lines.append(str(result.exception))
        return Built(bool(result.success), "\n".join(lines), result)

    def _manifest(self, settings: dict[str, str], variables: str) -> Manifest:
        """Parsed once for all; dbt writes into it, so every command has its own."""
        parsed = {name: value for name, value in yaml.safe_load(variables).items() if name in PARSED_VARIABLES}
        project = parsed_project(any(name in settings for name in RAW_VARIABLES), json.dumps(parsed, sort_keys=True))
        manifest: Manifest = Manifest.from_msgpack(project, decoder=extended_mashumuro_decoder)
        return manifest

    def build(
        self,
        as_of: str | None = None,
        variables: str = "{}",
        env: dict[str, str] | None = None,
        select: tuple[str, ...] = (),
    ) -> Built:
        """Seeds and models, all or the selected, no tests; fails the test with dbt's messages when dbt fails."""
        settings = dict(env or {})
        if as_of:
            settings["CLM_AS_OF_DATE"] = as_of
        built = self.dbt(
            "build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test",
            *(["--select", *select] if select else []), env=settings, variables=variables,
        )  # fmt: skip
        assert built.success, built.log[-4000:]
        return built

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query; marts are in the schema main."""
        connection = duckdb.connect(str(self.database))
        try:
            connection.execute("set TimeZone = 'UTC'")
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def copy_database(self, target: Path) -> None:
        """A copy of the whole database, with what still stands in its write-ahead log."""
        connection = duckdb.connect(str(self.database))
        connection.execute("force checkpoint")
        connection.close()
        shutil.copy(self.database, target)

    def clear(self) -> None:
        """Forgets raw tables and database, keeps dbt's parsed project."""
        shutil.rmtree(self.raw, ignore_errors=True)
        if self.database.exists():
            self._empty_database()

    def _empty_database(self) -> None:
        """Drops all that is in it. The file stays: where dbt holds it open in this process, a removed one would go on
        in there, and whoever opens the path anew would see an empty one.
        """
        connection = duckdb.connect(str(self.database))
        try:
            kinds = "select case table_type when 'VIEW' then 'view' else 'table' end, table_schema, table_name"
            listed = f"{kinds} from information_schema.tables where table_catalog = 'clm'"
            for kind, schema, name in connection.execute(listed).fetchall():
                connection.execute(f'drop {kind} "{schema}"."{name}"')
        finally:
            connection.close()


def new_shop(name: str) -> Shop:
    shop = Shop(WORKPLACE / name)
    shop.folder.mkdir(parents=True, exist_ok=True)
    shop.clear()
    return shop


@pytest.fixture
def shop(request: pytest.FixtureRequest) -> Shop:
    """An empty shop for files; one per test, its parsed project shared by the tests of a module."""
    return new_shop(request.module.__name__)


@pytest.fixture(scope="session")
def demo() -> Shop:
    """The embedded demo, built once."""
    built = new_shop("demo")
    built.build()
    return built


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real data sets are not at {SHARED_DATA} (set CLM_SHARED_DATA)")
    return SHARED_DATA


def map_online_retail(source: Path, out_dir: Path) -> subprocess.CompletedProcess[str]:
    """Makes raw tables of a file of invoice lines, as the example's README says."""
    command = [sys.executable, str(ONLINE_RETAIL / "prepare.py"), str(source), str(out_dir)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def retail_file(shared_data: Path) -> Path:
    return shared_data / "online_retail" / "online_retail_dev_to_2011_08.parquet"


@pytest.fixture(scope="session")
def retail(retail_file: Path) -> Shop:
    """A real shop's invoice lines, mapped and built once; tests only read it."""
    built = new_shop("online_retail")
    run = map_online_retail(retail_file, built.raw)
    assert run.returncode == 0, run.stderr
    built.build()
    return built


@pytest.fixture(scope="session")
def manifest() -> Path:
    """The folder of a manifest with the project's exposures."""
    folder = WORKPLACE / "parsed"
    place = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(folder)]
    with environment({"CLM_DUCKDB_PATH": str(folder / "clm.duckdb")}):
        result = dbtRunner().invoke(["--quiet", "parse", *place, "--log-path", str(folder / "logs")])
    assert result.success, result.exception
    return folder
