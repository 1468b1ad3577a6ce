"""The same raw rows give the same marts, row by row and column by column, on every engine and from every source."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT
from engine_runs import ENGINES, Run, connect_postgres, differences, query_duckdb
from psycopg2.extras import execute_values  # type: ignore[import-untyped]

pytestmark = pytest.mark.engines

DEMO = PROJECT / "seeds" / "demo"
# native columns get the type that the checked model reads them as, but for these
ZONED = {("events", "occurred_at"), ("orders", "updated_at")}
WHOLE = {("order_items", "line_number"), ("feedback", "score")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engines")


@pytest.fixture(scope="module")
def reference(folder: Path) -> Run:
    """The demo on DuckDB, whose own tests `make test` runs."""
    return Run("duckdb", folder / "duckdb").build(with_tests=False)


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "duckdb"])
def test_the_demo_and_its_tests_are_the_same_on_every_engine(engine: str, reference: Run, folder: Path) -> None:
    if engine == "postgres":
        connect_postgres().close()
    assert differences(reference, Run(engine, folder / engine, schema="clm").build()) == []


def test_no_mart_of_the_comparison_is_empty_by_accident(reference: Run) -> None:
    """Equal marts prove something only if there are rows in them."""
    marts = reference.marts()
    empty = [mart for mart, columns in marts.items() if not reference.rows(mart, columns)]
    assert len(marts) >= 9
    assert empty == []


def demo_tables() -> list[str]:
    return sorted(path.stem.removeprefix("demo_") for path in DEMO.glob("demo_*.csv"))


def load_postgres(schema: str, table: str, columns: dict[str, str], rows: Iterable[tuple[Any, ...]]) -> None:
    """A new table on the private server; `columns` are names and their types."""
    connection = connect_postgres()
    with connection, connection.cursor() as cursor:
        cursor.execute(f"create schema if not exists {schema}")
        cursor.execute(f"create table {schema}.{table} ({', '.join(f'{n} {t}' for n, t in columns.items())})")
        execute_values(cursor, f"insert into {schema}.{table} values %s", list(rows), page_size=1000)
    connection.close()


def test_raw_tables_of_text_in_a_schema_give_the_marts_of_the_demo(reference: Run, folder: Path) -> None:
    for table in demo_tables():
        with (DEMO / f"demo_{table}.csv").open(encoding="utf-8", newline="") as lines:
            header, *rows = csv.reader(lines)
        values = [tuple(value if value != "" else None for value in row) for row in rows]
        load_postgres("raw_text", table, dict.fromkeys(header, "text"), values)
    run = Run("postgres", folder / "postgres_text", schema="clm_text", env={"CLM_RAW_SCHEMA": "raw_text"})
    assert differences(reference, run.build(with_tests=False)) == []


def native_columns(reference: Run, table: str) -> dict[str, str]:
    """The raw columns of a table with the types that a warehouse would give them."""
    database = reference.folder / "clm.duckdb"
    typed = query_duckdb(
        "select raw.column_name, lower(checked.data_type) from information_schema.columns as raw"
        " inner join information_schema.columns as checked on checked.column_name = raw.column_name"
        f" where raw.table_schema = 'main_seeds' and raw.table_name = 'demo_{table}'"
        f" and checked.table_schema = 'main_staging' and checked.table_name = 'checked_{table}'"
        " order by raw.ordinal_position",
        database,
    )
    special = {**dict.fromkeys(ZONED, "timestamptz"), **dict.fromkeys(WHOLE, "integer")}
    return {name: special.get((table, name), data_type) for name, data_type in typed}


def native_select(table: str, columns: dict[str, str]) -> str:
    """The rows of a demo table in those types; a row with a value that has no such type is left out."""
    values, readable = [], []
    for name, data_type in columns.items():
        through = f"try_cast({name} as timestamptz)" if data_type == "timestamp" else name
        values.append(f"try_cast({through} as {data_type}) as {name}")
        readable.append(f"({name} is null or try_cast({through} as {data_type}) is not null)")
    return f"select {', '.join(values)} from main_seeds.demo_{table} where {' and '.join(readable)}"


def test_raw_tables_of_native_types_give_the_same_marts_as_native_files(reference: Run, folder: Path) -> None:
    raw, database = folder / "native", reference.folder / "clm.duckdb"
    raw.mkdir()
    for table in demo_tables():
        columns = native_columns(reference, table)
        select = native_select(table, columns)
        query_duckdb(f"copy ({select}) to '{raw / table}.parquet'", database)
        load_postgres("raw_native", table, columns, query_duckdb(select, database))
    files = Run("duckdb", folder / "duckdb_native", env={"CLM_RAW_DIR": str(raw)}).build(with_tests=False)
    tables = Run("postgres", folder / "postgres_native", schema="clm_native", env={"CLM_RAW_SCHEMA": "raw_native"})
    assert differences(files, tables.build(with_tests=False)) == []
