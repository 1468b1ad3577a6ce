"""dbt on DuckDB, PostgreSQL and Spark, all in this process, and the marts they built as comparable text."""

from __future__ import annotations

import datetime as dt
import functools
import json
import os
import shutil
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import duckdb
import psycopg2  # type: ignore[import-untyped]
import pytest
from activate import cli as activate_main
from click.testing import CliRunner
from conftest import PROJECT, WORKPLACE, environment, run_dbt
from fit_value import main as fit_main

ENGINES = ("duckdb", "postgres", "spark")
WITHOUT_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
Row = tuple[str | None, ...]
os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")


@dataclass
class Run:
    """A folder in which one engine builds the project; `schema` tells builds on one server apart."""

    engine: str
    folder: Path
    schema: str = "main"
    env: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, str]:
        return {
            "CLM_TARGET": self.engine,
            "CLM_SCHEMA": self.schema,
            "CLM_DUCKDB_PATH": str(self.folder / "clm.duckdb"),
            "CLM_SPARK_DIR": str(self.folder),
            **self.env,
        }

    def dbt(self, *arguments: str, variables: str = "{}") -> Any:
        """Runs dbt and returns its result; fails the test with dbt's messages when dbt fails."""
        self.folder.mkdir(parents=True, exist_ok=True)
        built = run_dbt(self.folder, arguments, self.settings, variables)
        assert built.success, f"{arguments[:3]} on {self.engine}:\n{built.log[-6000:]}"
        return built.result.result

    def fit(self) -> str:
        """Runs scripts/fit_value.py the same way; what it said."""
        return self._run(fit_main, ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)])

    def activate(self, *arguments: str) -> list[dict[str, Any]]:
        """Runs scripts/activate.py the same way; what it said, line by line."""
        place = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--log-format", "json"]
        said = self._run(activate_main, [*arguments, *place, "--target-path", str(self.folder / "target")])
        return [json.loads(line) for line in said.splitlines() if line.startswith("{")]

    def _run(self, command: click.Command, arguments: list[str]) -> str:
        with environment(self.settings):
            done = CliRunner().invoke(command, arguments)
        assert done.exit_code == 0, f"{arguments[:3]} on {self.engine}:\n{done.output[-6000:]}\n{done.exception!r}"
        return done.stdout

    def build(self, with_tests: bool = True, select: tuple[str, ...] = ()) -> Run:
        """What may be a table is one, so that it can be read from outside of the engine, and no mart is empty."""
        tables = "{clm_timeline_materialized: table, clm_tag_overlap_rate: 0.4}"
        selected = ["--select", *select] if select else []
        self.dbt("build", *selected, *([] if with_tests else WITHOUT_TESTS), variables=tables)
        return self

    def nodes(self) -> dict[str, Any]:
        nodes: dict[str, Any] = json.loads((self.folder / "target" / "manifest.json").read_text("utf-8"))["nodes"]
        return nodes

    def marts(self) -> dict[str, list[str]]:
        """The columns of every mart, as its contract declares them."""
        return {
            node["name"]: list(node["columns"])
            for node in self.nodes().values()
            if node["resource_type"] == "model" and node["path"].startswith("marts")
        }

    def checked(self) -> dict[str, list[str]]:
        """The columns of every checked raw table, of a run on DuckDB."""
        found = query_duckdb(
            "select table_schema || '.' || table_name, list(column_name order by ordinal_position)"
            " from information_schema.columns where table_name like 'checked_%' group by all order by all",
            self.folder / "clm.duckdb",
        )
        return {name.removeprefix(f"{self.schema}_"): columns for name, columns in found}

    def rows(self, relation: str, columns: list[str]) -> list[Row]:
        """Every row of a mart, or of a relation of another schema (staging.name), as text, sorted."""
        select = f"select {', '.join(columns)} from "
        place = f"{self.schema}_{relation}" if "." in relation else f"{self.schema}.{relation}"
        if self.engine == "postgres":
            found = query_postgres(f"{select} {place}")
        elif self.engine == "duckdb":
            found = query_duckdb(f"{select} {place}", self.folder / "clm.duckdb")
        else:
            directory = self.folder / "warehouse" / f"{self.schema}.db" / relation
            files = ", ".join(f"'{file}'" for file in sorted(directory.glob("*.parquet")))
            if directory.exists():
                found = query_duckdb(f"{select} read_parquet([{files}])") if files else []
            else:  # a view
                found = [tuple(row) for row in spark_session().sql(f"{select} {place}").collect()]
        return sorted((tuple(as_text(value) for value in row) for row in found), key=sort_key)


@functools.cache
def spark_folder() -> Path:
    """Empty at first: Spark has one warehouse and one metastore a process."""
    folder = WORKPLACE / "spark"
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def spark_run(schema: str, env: dict[str, str] | None = None) -> Run:
    return Run("spark", spark_folder(), schema, env or {})


def sort_key(row: Row) -> list[tuple[bool, str]]:
    return [(value is None, value or "") for value in row]


def as_text(value: Any) -> str | None:
    """A value the way all engines must agree on it: decimals with their digits, instants in UTC."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.datetime):
        return (value.astimezone(dt.UTC) if value.tzinfo else value).replace(tzinfo=None).isoformat(" ")
    return None if value is None else str(value)


def query_duckdb(sql: str, database: Path | None = None) -> list[tuple[Any, ...]]:
    connection = duckdb.connect(str(database) if database else ":memory:")
    try:
        connection.execute("set TimeZone = 'UTC'")
        rows: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
        return rows
    finally:
        connection.close()


def connect_postgres() -> psycopg2.extensions.connection:
    """The server that scripts/engines.py started; skips where it did not."""
    if "CLM_POSTGRES_PORT" not in os.environ:
        pytest.skip("there is no private PostgreSQL: run this with `make test-engines`")
    return psycopg2.connect(
        host=os.environ["CLM_POSTGRES_HOST"],
        port=os.environ["CLM_POSTGRES_PORT"],
        user=os.environ["CLM_POSTGRES_USER"],
        dbname=os.environ["CLM_POSTGRES_DATABASE"],
        password=os.environ.get("CLM_POSTGRES_PASSWORD", ""),
    )


def query_postgres(sql: str) -> list[tuple[Any, ...]]:
    connection = connect_postgres()
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows
    finally:
        connection.close()


def spark_session() -> Any:
    """The session in which dbt built on Spark: one JVM and one metastore for all tests of this process."""
    from pyspark.sql import SparkSession  # installed for the engine tests only

    return SparkSession.builder.getOrCreate()


def differences(left: Run, right: Run, relations: dict[str, list[str]] | None = None) -> list[str]:
    """One line per mart (or relation) that is not equal row by row and column by column, with the first rows."""
    lines = []
    for mart, columns in (relations or left.marts()).items():
        ours, theirs = left.rows(mart, columns), right.rows(mart, columns)
        if ours == theirs:
            continue
        missing = [row for row in ours if row not in set(theirs)]
        added = [row for row in theirs if row not in set(ours)]
        lines.append(f"{mart}: {len(ours)} rows on {left.engine}, {len(theirs)} on {right.engine}")
        for one, other in zip(missing[:5], added[:5], strict=False):
            pairs = zip(columns, one, other, strict=True)
            lines.append("    " + "; ".join(f"{name}: {a!r} / {b!r}" for name, a, b in pairs if a != b))
        lines += [f"    only on {left.engine}: {row}" for row in missing[len(added) :][:5]]
        lines += [f"    only on {right.engine}: {row}" for row in added[len(missing) :][:5]]
    return lines
