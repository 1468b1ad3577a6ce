"""dbt on DuckDB, PostgreSQL and Spark, one process per run, and the marts they built as comparable text."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg2  # type: ignore[import-untyped]
import pytest
from conftest import PROJECT

ENGINES = ("duckdb", "postgres", "spark")
WITHOUT_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
Row = tuple[str | None, ...]


@dataclass
class Run:
    """A folder in which one engine builds the project; `schema` tells builds on one server apart."""

    engine: str
    folder: Path
    schema: str = "main"
    env: dict[str, str] = field(default_factory=dict)

    def dbt(self, *arguments: str) -> str:
        """Runs dbt in a process of its own and returns what it printed; fails the test when dbt fails."""
        return self.run(
            [
                str(Path(sys.executable).parent / "dbt"), *arguments,
                "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT),
                "--target-path", str(self.folder / "target"), "--log-path", str(self.folder / "logs"),
            ]
        )  # fmt: skip

    def fit(self) -> str:
        """Runs scripts/fit_value.py the same way."""
        script = str(PROJECT / "scripts" / "fit_value.py")
        return self.run([sys.executable, script, "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)])

    def activate(self, *arguments: str) -> list[dict[str, Any]]:
        """Runs scripts/activate.py the same way; what it said, line by line."""
        script = str(PROJECT / "scripts" / "activate.py")
        place = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--log-format", "json"]
        said = self.run([sys.executable, script, *arguments, *place, "--target-path", str(self.folder / "target")])
        return [json.loads(line) for line in said.splitlines() if line.startswith("{")]

    def run(self, command: list[str]) -> str:
        self.folder.mkdir(parents=True, exist_ok=True)
        keep = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("CLM_") or name.startswith("CLM_POSTGRES_")
        }
        settings = {
            "CLM_TARGET": self.engine,
            "CLM_SCHEMA": self.schema,
            "CLM_DUCKDB_PATH": str(self.folder / "clm.duckdb"),
            "CLM_SPARK_DIR": str(self.folder),
            "SPARK_LOCAL_IP": "127.0.0.1",
            **self.env,
        }
        done = subprocess.run(
            command, cwd=self.folder, env={**keep, **settings}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command[:3]} on {self.engine}:\n{done.stdout[-6000:]}\n{done.stderr[-2000:]}"
        return done.stdout

    def build(self, with_tests: bool = True, select: tuple[str, ...] = ()) -> Run:
        """What may be a table is one, so that it can be read from outside of the engine, and no mart is empty."""
        tables = ["--vars", "{clm_timeline_materialized: table, clm_tag_overlap_rate: 0.4}"]
        selected = ["--select", *select] if select else []
        self.dbt("build", "--quiet", *tables, *selected, *([] if with_tests else WITHOUT_TESTS))
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
                with spark_session(self.folder) as session:
                    found = [tuple(row) for row in session.sql(f"{select} {place}").collect()]
        return sorted((tuple(as_text(value) for value in row) for row in found), key=sort_key)


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


@contextmanager
def spark_session(folder: Path) -> Iterator[Any]:
    """A Spark session over what a run on Spark left in its folder; it ends with the block."""
    from pyspark.sql import SparkSession  # installed for the engine tests only

    settings = {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": f"{folder}/warehouse",
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={folder}/metastore_db;create=true",
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
    }
    builder = SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.enableHiveSupport().getOrCreate()
    try:
        yield session
    finally:
        session.stop()


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
