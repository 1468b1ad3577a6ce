"""What every Python test uses: a shop that builds raw tables with dbt, in this process, and reads the marts."""

from __future__ import annotations

import functools
import gc
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
import yaml
from dbt.artifacts.resources.types import NodeType
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt.parser.manifest import extended_mashumaro_encoder, extended_mashumuro_decoder
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager
from filelock import FileLock

pytest_plugins = ["cpu_profile"]
PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "scripts"))  # activate, activation
SHARED_DATA = Path(os.environ.get("CLM_SHARED_DATA", PROJECT.parent / "shared" / "data"))
ONLINE_RETAIL = PROJECT / "examples" / "online_retail"
# of all workers of one run together: what is made once and only read; workers inherit the name
SHARED = Path(os.environ.setdefault("CLM_TEST_SHARED", str(PROJECT / "target" / "pytest" / f"shared_{os.getpid()}")))
# a worker has its own
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


gc.set_threshold(200_000, 20, 50)  # dbt keeps a million small objects, which Python would look through again and again
fire_event = EventManager.fire_event
EventManager.fire_event = fire_what_is_read  # type: ignore[method-assign, assignment]

PARSED_VARIABLES = ("clm_timeline_materialized", "clm_extra_tag_models")  # what dbt reads while it parses


@dataclass(frozen=True)
class Parsed:
    """What the parsed project depends on: the engine and its schema, whether there are raw tables, some variables."""

    has_raw_tables: bool = True
    variables: str = "{}"
    target: str = "duckdb"
    schema: str = "main"

    @property
    def folder(self) -> Path:
        folder = SHARED / f"parsed_{hashlib.sha256(repr(self).encode()).hexdigest()[:12]}"
        folder.mkdir(exist_ok=True)
        return folder

    def parse(self) -> Manifest:
        """What dbt writes about it is in the folder's target."""
        raw = {"CLM_RAW_SCHEMA": "raw"} if self.has_raw_tables else {}
        with environment({"CLM_TARGET": self.target, "CLM_SCHEMA": self.schema, **raw}):
            result = dbtRunner().invoke(["parse", "--quiet", *project_options(self.folder, self.variables)])
        assert isinstance(result.result, Manifest), result.exception
        manifest: Manifest = result.result
        manifest.files.clear()  # what only the next parse would read
        return manifest


@functools.cache
def parsed_project(parsed: Parsed, has_tests: bool, has_unit_tests: bool) -> bytes:
    """The project as dbt parsed it, once for all workers; without the tests that a command leaves out.

    A model that reads others by another variable would say so: dbt stops where a ref was not seen while parsing.
    """
    kept = parsed.folder / f"tests_{has_tests}-units_{has_unit_tests}.msgpack"
    with FileLock(f"{kept}.lock"):
        if not kept.exists():
            if has_tests and has_unit_tests:
                manifest = parsed.parse()
            else:
                whole = parsed_project(parsed, True, True)
                manifest = Manifest.from_msgpack(whole, decoder=extended_mashumuro_decoder)
                leave_out(manifest, not has_tests, not has_unit_tests)
            kept.write_bytes(manifest.to_msgpack(extended_mashumaro_encoder))
    return kept.read_bytes()


def manifest_for(parsed: Parsed, arguments: Sequence[str]) -> Manifest:
    """Parsed once for all; dbt writes into it, so every command has its own."""
    left_out = {value for option, value in pairwise(arguments) if option == "--exclude-resource-type"}
    if arguments[0] not in ("build", "test"):
        left_out = {"test", "unit_test"}
    project = parsed_project(parsed, "test" not in left_out, "unit_test" not in left_out)
    manifest: Manifest = Manifest.from_msgpack(project, decoder=extended_mashumuro_decoder)
    return manifest


def parsed_variables(variables: str) -> str:
    """Those of them that dbt reads while it parses."""
    read = {name: value for name, value in yaml.safe_load(variables).items() if name in PARSED_VARIABLES}
    return json.dumps(read, sort_keys=True)


def leave_out(manifest: Manifest, tests: bool, unit_tests: bool) -> None:
    if tests:
        for unique_id in [node.unique_id for node in manifest.nodes.values() if node.resource_type == NodeType.Test]:
            del manifest.nodes[unique_id]
    if unit_tests:
        manifest.unit_tests.clear()


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


def run_dbt(
    folder: Path,
    arguments: Sequence[str],
    settings: dict[str, str],
    variables: str = "{}",
    manifest: Manifest | None = None,
) -> Built:
    """Runs a dbt command in this process, with these settings and the parsed project that goes with them."""
    lines: list[str] = []
    parsed = Parsed(
        any(name in settings for name in RAW_VARIABLES),
        parsed_variables(variables),
        settings.get("CLM_TARGET", "duckdb"),
        settings.get("CLM_SCHEMA", "main"),
    )
    with environment(settings):
        if arguments[0] != "parse" and manifest is None:
            manifest = manifest_for(parsed, arguments)
        runner = dbtRunner(manifest=manifest, callbacks=[lambda event: lines.append(event.info.msg)])  # type: ignore[attr-defined]
        result = runner.invoke([*arguments, "--quiet", "--log-level-file", "none", *project_options(folder, variables)])
    if result.exception is not None:
        lines.append(str(result.exception))
    return Built(bool(result.success), "\n".join(lines), result)


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

    def dbt(
        self,
        *arguments: str,
        env: dict[str, str] | None = None,
        variables: str = "{}",
        manifest: Manifest | None = None,
    ) -> Built:
        """Runs a dbt command on the folder's data; messages are collected, nothing is printed."""
        # many small statements: threads would only wait for each other
        settings = {"CLM_DUCKDB_PATH": str(self.database), "CLM_THREADS": "1", "CLM_DUCKDB_THREADS": "1"}
        settings |= {**self.env, **(env or {})}
        if self.raw.exists():
            settings.setdefault("CLM_RAW_DIR", str(self.raw))
        options = [] if self.has_artifacts else ["--no-write-json"]
        return run_dbt(self.folder, [*arguments, *options], settings, variables, manifest)

    def build(
        self,
        as_of: str | None = None,
        variables: str = "{}",
        env: dict[str, str] | None = None,
        select: tuple[str, ...] = (),
        by_dbt: bool = False,
    ) -> None:
        """Seeds and models, all or the selected, no tests; fails the test with dbt's messages when dbt fails.

        Where only raw rows differ from other builds, what dbt compiled is run without it (compiled_builds.py).
        """
        from compiled_builds import build_compiled, can_be_compiled

        if not (by_dbt or self.env or env) and can_be_compiled(self, as_of, variables, select):
            build_compiled(self, as_of, variables, select)
            return
        settings = dict(env or {})
        if as_of:
            settings["CLM_AS_OF_DATE"] = as_of
        built = self.dbt(
            "build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test",
            *(["--select", *select] if select else []), env=settings, variables=variables,
        )  # fmt: skip
        assert built.success, built.log[-4000:]

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


def pytest_configure() -> None:
    SHARED.mkdir(parents=True, exist_ok=True)


def pytest_unconfigure() -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(SHARED, ignore_errors=True)


def new_shop(name: str) -> Shop:
    shop = Shop(WORKPLACE / name)
    shop.folder.mkdir(parents=True, exist_ok=True)
    shop.clear()
    return shop


@pytest.fixture
def shop(request: pytest.FixtureRequest) -> Shop:
    """An empty shop for files; one per test, its parsed project shared by the tests of a module."""
    return new_shop(request.module.__name__)


def built_once(name: str, build: Callable[[Shop], None]) -> Shop:
    """A shop that tests only read: built by the first worker that needs it, copied by the others."""
    kept, shop = SHARED / name, new_shop(name)
    with FileLock(f"{kept}.lock"):
        if not kept.exists():
            build(shop)
            shop.rows("force checkpoint")
            partial = shutil.copytree(shop.folder, kept.with_suffix(".partial"))
            partial.rename(kept)
        else:
            shutil.copytree(kept, shop.folder, dirs_exist_ok=True)
    return shop


@pytest.fixture(scope="session")
def demo() -> Shop:
    """The embedded demo, built once."""
    return built_once("demo", lambda shop: shop.build())


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

    def build(shop: Shop) -> None:
        run = map_online_retail(retail_file, shop.raw)
        assert run.returncode == 0, run.stderr
        shop.build()

    return built_once("online_retail", build)


@pytest.fixture(scope="session")
def manifest() -> Path:
    """The folder of a manifest with the project's exposures."""
    parsed = Parsed(has_raw_tables=False)
    parsed_project(parsed, True, True)
    return parsed.folder / "target"
