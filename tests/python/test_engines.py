"""The same raw rows give the same marts, row by row and column by column, on every engine and from every source."""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import PROJECT
from engine_runs import (
    WITHOUT_TESTS,
    Run,
    connect_postgres,
    differences,
    query_duckdb,
    query_postgres,
    spark_run,
    spark_session,
)
from psycopg2.extras import execute_values  # type: ignore[import-untyped]
from receivers import HttpReceiver
from replays import WRONG_HISTORY, Replay, random_days, read_nodes
from test_cdnow import cdnow_orders
from test_experiments import QUERY, check_hillstrom, hillstrom_arms, run_chain

pytestmark = pytest.mark.engines

# a day takes Spark half a minute where the others need a tenth of a second
SPARK_DAYS = 20 if "CLM_SPARK_TESTS" in os.environ else 1
DEMO = PROJECT / "seeds" / "demo"
# native columns get the type that the checked model reads them as, but for these
ZONED = {("events", "occurred_at"), ("orders", "updated_at")}
# what the raw tables are read into; all that follows is compared by the tests above
CHECKED = ("+path:models/staging/checked",)
WHOLE = {("order_items", "line_number"), ("feedback", "score")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engines")


@pytest.fixture(scope="module")
def reference(folder: Path) -> Run:
    """The demo on DuckDB, whose own tests `make test` runs."""
    return Run("duckdb", folder / "duckdb").build(with_tests=False)


@pytest.fixture(scope="module")
def postgres(folder: Path) -> Run:
    connect_postgres().close()
    return Run("postgres", folder / "postgres", schema="clm").build()


@pytest.fixture(scope="module")
def spark() -> Run:
    return spark_run("clm").build(with_tests="CLM_SPARK_TESTS" in os.environ)


def test_the_demo_and_its_tests_are_the_same_on_postgres(reference: Run, postgres: Run) -> None:
    assert differences(reference, postgres) == []


def test_spark_plans_and_writes_the_same_files(reference: Run, spark: Run) -> None:
    """The reference's ledger stays empty: what would be sent from DuckDB is sent from a copy."""
    embedded = Run("duckdb", reference.folder.parent / "duckdb_sent")
    shutil.copytree(reference.folder, embedded.folder)
    written = {}
    for run in (spark, embedded):
        out = run.folder / "out"
        digest = run.activate("plan", "--any-hour")[-1]["digest"]
        run.activate("send", "--any-hour", "--channel", "sms", "--out", str(out), "--format", "jsonl")
        assert run.activate("send", "--any-hour", "--channel", "sms", "--out", str(out))[-1]["messages"] == 0
        lines = [line for file in out.glob("*.jsonl") for line in file.read_text("utf-8").splitlines()]
        written[run.engine] = (digest, sorted(lines))
    assert written["spark"] == written["duckdb"] and written["spark"][1]


def test_the_demo_is_the_same_on_spark(reference: Run, spark: Run) -> None:
    """With the project's data and unit tests where CLM_SPARK_TESTS is set (make test-spark): a thousand small jobs."""
    assert differences(reference, spark) == []


def history_days(reference: Run, count: int) -> list[dt.date]:
    ((first, last),) = query_duckdb(
        "select min(valid_from), (select max(as_of_date) from customer_lifecycle) from lifecycle_history",
        reference.folder / "clm.duckdb",
    )
    return random_days(first, last, count)


def test_history_is_the_state_as_of_each_day_on_postgres(reference: Run, postgres: Run) -> None:
    connection = connect_postgres()
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("create schema replayed")

    def create(name: str, sql: str) -> None:
        cursor.execute(f"drop table if exists replayed.{name} cascade; create table replayed.{name} as {sql}")

    replay = Replay(read_nodes(postgres.folder / "target"), "int_customers_staged", create)
    wrong = {}
    for day in history_days(reference, 200):
        replay.set_day(day, "replayed.{name}")
        cursor.execute(
            WRONG_HISTORY.format(scratch="replayed.int_customers_staged", history="clm.lifecycle_history", day=day)
        )
        wrong[day] = cursor.fetchall()[0][0]
    connection.close()
    assert len(wrong) == 201 and set(wrong.values()) == {0}


def test_history_is_the_state_as_of_each_day_on_spark(reference: Run, spark: Run) -> None:
    session = spark_session()

    def create(name: str, sql: str) -> None:
        session.sql(sql).localCheckpoint().createOrReplaceTempView(f"replayed_{name}")

    replay = Replay(read_nodes(spark.folder / "target"), "int_customers_staged", create)
    wrong = {}
    for day in history_days(reference, SPARK_DAYS):
        replay.set_day(day, "replayed_{name}")
        found = session.sql(
            WRONG_HISTORY.format(scratch="replayed_int_customers_staged", history="clm.lifecycle_history", day=day)
        )
        wrong[day] = found.collect()[0][0]
    assert len(wrong) == SPARK_DAYS + 1 and set(wrong.values()) == {0}


def test_hillstroms_numbers_come_from_their_sums_on_postgres(postgres: Run) -> None:
    connection = connect_postgres()
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("create schema judged")

    def create(name: str, sql: str) -> None:
        cursor.execute(f"create table judged.{name} as {sql}")

    run_chain(postgres.folder / "target", hillstrom_arms(), create, "judged.{name}", "double precision")
    check_hillstrom(query_postgres(QUERY.format(mart="judged.campaign_experiment")))
    connection.close()


def test_hillstroms_numbers_come_from_their_sums_on_spark(spark: Run) -> None:
    session = spark_session()

    def create(name: str, sql: str) -> None:
        session.sql(sql).createOrReplaceTempView(f"judged_{name}")

    run_chain(spark.folder / "target", hillstrom_arms(), create, "judged_{name}")
    found = session.sql(QUERY.format(mart="judged_campaign_experiment")).collect()
    check_hillstrom([tuple(row) for row in found])


def test_no_mart_of_the_comparison_is_empty_by_accident(reference: Run) -> None:
    """Equal marts prove something only if there are rows in them."""
    marts = reference.marts()
    empty = [mart for mart, columns in marts.items() if not reference.rows(mart, columns)]
    assert len(marts) >= 9
    # nothing was refused or sent since the build
    assert set(empty) <= {"activation_blocks", "activation_erasures", "activation_state"}


def demo_tables() -> list[str]:
    """The raw tables of the demo; its fits are none: they stand in the ledger."""
    names = (path.stem.removeprefix("demo_") for path in DEMO.glob("demo_*.csv"))
    return sorted(name for name in names if name != "clv_parameters")


def demo_rows(table: str) -> tuple[list[str], list[tuple[str | None, ...]]]:
    with (DEMO / f"demo_{table}.csv").open(encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)
    return header, [tuple(value if value != "" else None for value in row) for row in rows]


def load_postgres(schema: str, table: str, columns: dict[str, str], rows: Iterable[tuple[Any, ...]]) -> None:
    """A new table on the private server; `columns` are names and their types."""
    connection = connect_postgres()
    with connection, connection.cursor() as cursor:
        cursor.execute(f"create schema if not exists {schema}")
        cursor.execute(f"create table {schema}.{table} ({', '.join(f'{n} {t}' for n, t in columns.items())})")
        execute_values(cursor, f"insert into {schema}.{table} values %s", list(rows), page_size=1000)
    connection.close()


def test_raw_tables_of_text_in_a_schema_are_read_like_the_demo(reference: Run, folder: Path) -> None:
    for table in demo_tables():
        header, rows = demo_rows(table)
        load_postgres("raw_text", table, dict.fromkeys(header, "text"), rows)
    run = Run("postgres", folder / "postgres_text", schema="clm_raw", env={"CLM_RAW_SCHEMA": "raw_text"})
    checked = reference.checked()
    assert len(checked) == len(demo_tables())
    assert differences(reference, run.build(with_tests=False, select=CHECKED), checked) == []


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


def test_raw_tables_of_native_types_are_read_like_native_files(reference: Run, folder: Path) -> None:
    raw, database = folder / "native", reference.folder / "clm.duckdb"
    raw.mkdir()
    for table in demo_tables():
        columns = native_columns(reference, table)
        select = native_select(table, columns)
        query_duckdb(f"copy ({select}) to '{raw / table}.parquet'", database)
        load_postgres("raw_native", table, columns, query_duckdb(select, database))
    files = Run("duckdb", folder / "duckdb_native", env={"CLM_RAW_DIR": str(raw)})
    files.build(with_tests=False, select=CHECKED)
    tables = Run("postgres", folder / "postgres_native", schema="clm_raw", env={"CLM_RAW_SCHEMA": "raw_native"})
    tables.build(with_tests=False, select=CHECKED)
    assert differences(files, tables, files.checked()) == []


# -- the published numbers of CDNOW, which test_value.py has on DuckDB


AHEAD = "{clm_zero_amount_is_purchase: true, clm_churn_horizon_days: 273, clm_value_horizon_days: 364}"


def fitted_and_scored(run: Run) -> None:
    """As `make build` does it, for the models of value alone, as of the end of the calibration."""
    scored = "int_value_scored"
    run.dbt("build", *WITHOUT_TESTS, "--select", f"+{scored}", variables=AHEAD)
    run.fit()
    run.dbt("build", *WITHOUT_TESTS, "--select", f"base_clv_parameters+,+{scored}", variables=AHEAD)


def check_published(fitted: list[tuple[Any, ...]], sums: list[tuple[Any, ...]]) -> None:
    """Parameters, log-likelihood and money of the fit; P(alive), E, P(none, 39 weeks) and E of 52 weeks."""
    assert [round(float(value), 4) for value in fitted[0][:4]] == [0.2426, 4.4136, 0.7929, 2.4259]
    assert [round(float(value), 2) for value in fitted[0][4:]] == [-9582.43, 6.25, 3.74, 15.44]
    horizons = {row[0]: [float(value) for value in row[1:]] for row in sums}
    assert horizons[273] == pytest.approx([1917.2763, 1653.4230, 1739.9672], rel=2e-5)
    assert horizons[364][1] == pytest.approx(2089.4186, rel=2e-5)


FITTED = "select r, alpha, a, b, log_likelihood, p, q, gamma from {relation}"
SUMS = (
    "select horizon_days, sum(p_alive), sum(expected_purchase_count), sum(p_no_purchase)"
    " from {relation} where not is_backtest group by horizon_days"
)


def test_cdnow_has_its_published_numbers_on_postgres(folder: Path, shared_data: Path) -> None:
    orders = cdnow_orders(shared_data).astype(str)
    rows = orders.itertuples(index=False, name=None)
    load_postgres("raw_cdnow", "orders", dict.fromkeys(orders.columns, "text"), rows)
    env = {"CLM_RAW_SCHEMA": "raw_cdnow", "CLM_AS_OF_DATE": "1997-09-30"}
    fitted_and_scored(Run("postgres", folder / "postgres_cdnow", schema="clm_raw", env=env))
    check_published(
        query_postgres(FITTED.format(relation="clm_raw_staging.stg_clv_parameters")),
        query_postgres(SUMS.format(relation="clm_raw_intermediate.int_value_scored")),
    )


@pytest.mark.skipif("CLM_SPARK_TESTS" not in os.environ, reason="minutes of small jobs: make test-spark")
def test_cdnow_has_its_published_numbers_on_spark(shared_data: Path) -> None:
    env = {"CLM_RAW_SCHEMA": "raw_cdnow", "CLM_AS_OF_DATE": "1997-09-30"}
    run = spark_run("cdnow", env)
    run.dbt("seed", "--select", "channels")  # dbt starts the session
    session = spark_session()
    session.sql("create database raw_cdnow")
    session.createDataFrame(cdnow_orders(shared_data).astype(str)).write.saveAsTable("raw_cdnow.orders")
    fitted_and_scored(run)
    fits = f"read_parquet('{run.folder}/warehouse/cdnow_ledger.db/clv_parameters/*.parquet')"
    scored = f"read_parquet('{run.folder}/warehouse/cdnow_intermediate.db/int_value_scored/*.parquet')"
    check_published(query_duckdb(FITTED.format(relation=fits)), query_duckdb(SUMS.format(relation=scored)))


EXPOSURES = ("campaign_messages", "campaign_email", "sales_tasks", "crm_profiles", "site_banners")


def digests(run: Run, *names: str) -> dict[str, str]:
    """The digest of what is to do for each exposure: the same rows, the same digest."""
    planned = {name: run.activate("plan", "--exposure", name, "--any-hour", "--sample", "1")[-1] for name in names}
    assert all(one["event"] == "plan" and one["to_send"] > 0 for one in planned.values()), planned
    return {name: one["digest"] for name, one in planned.items()}


REFUSAL = """
    insert into {schema}_seeds.demo_consents (customer_id, channel, purpose, status, changed_at)
    select min(customer_id), 'email', 'marketing', 'withdrawn', '2026-06-30 23:00:00' from {schema}.campaign_outbox
    where channel = 'email' and customer_id in (select customer_id from {schema}_seeds.demo_customers)"""
BLOCKED = "select message_key, channel, campaign_id, block_reason from {schema}.activation_blocks order by 1"


def test_a_refusal_since_the_build_blocks_the_same_on_postgres(reference: Run, postgres: Run) -> None:
    """The view reads the raw tables as they are; taken back afterwards, for the tests that follow."""
    allowed = digests(reference, "campaign_email")
    connection = connect_postgres()
    connection.autocommit = True
    cursor = connection.cursor()
    with duckdb.connect(str(reference.folder / "clm.duckdb")) as embedded:
        embedded.execute(REFUSAL.format(schema="main"))
        expected = embedded.execute(BLOCKED.format(schema="main")).fetchall()
    cursor.execute(REFUSAL.format(schema="clm"))
    cursor.execute(BLOCKED.format(schema="clm"))
    assert cursor.fetchall() == expected and {row[3] for row in expected} == {"no_consent"}
    refused = digests(reference, "campaign_email")
    assert digests(postgres, "campaign_email") == refused != allowed
    back = "delete from {schema}_seeds.demo_consents where status = 'withdrawn' and changed_at = '2026-06-30 23:00:00'"
    cursor.execute(back.format(schema="clm"))
    with duckdb.connect(str(reference.folder / "clm.duckdb")) as embedded:
        embedded.execute(back.format(schema="main"))
    assert digests(postgres, "campaign_email") == digests(reference, "campaign_email") == allowed
    connection.close()


def test_what_is_sent_from_postgres_is_what_duckdb_would_send(reference: Run, postgres: Run) -> None:
    """Plans agree; messages, states and answers pass through the same ledger; a second run calls nobody."""
    assert digests(postgres, *EXPOSURES) == digests(reference, *EXPOSURES)
    with HttpReceiver() as receiver:
        postgres.env |= {"CLM_WEBHOOK_URL": receiver.url, "CLM_WEBHOOK_SECRET": "word"}
        out = ("--out", str(postgres.folder / "out"))
        for name in EXPOSURES[1:]:
            way = ("--exposure", name, "--destination", "webhook", "--any-hour")
            wanted = postgres.activate("plan", *way)[-1]["to_send"]
            before = sum(receiver.processed.values())
            assert postgres.activate("send", *way, *out)[-1] == {"event": "sent", "messages": wanted}
            assert sum(receiver.processed.values()) - before == wanted
            count = len(receiver.requests)
            assert postgres.activate("send", *way, *out)[-1] == {"event": "sent", "messages": 0}
            assert len(receiver.requests) == count
        assert max(receiver.processed.values()) == 1
        key = next(row["key"] for row in receiver.rows if row["data"].get("channel") == "email")
        back = postgres.folder / "back.jsonl"
        moment = {"occurred_at": "2026-07-01"}
        answers = [
            {"event_type": "unsubscribed", **moment, "message_key": key},
            {"event_type": "clicked", **moment, "message_id": "m\\9", "customer_id": "X\\c'9", "channel": "push",
             "response_id": "r\\9"},
        ]  # fmt: skip
        back.write_text("\n".join(map(json.dumps, answers)))
        email = ("--exposure", "campaign_email")
        assert postgres.activate("ingest", *email, str(back))[-1]["rows"] == 2
        assert postgres.activate("ingest", *email, str(back))[-1]["known_before"] == 2
        held = query_postgres("select customer_id, message_id from clm_ledger.activation_response order by 1")
        assert ("X\\c'9", "m\\9") in held
        states = [one for one in postgres.activate("status", *email) if one["event"] == "states"]
        assert {(one["destination"], one["state"]) for one in states} == {("webhook", "sent")}
