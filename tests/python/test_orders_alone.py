"""One table with four columns is enough, whatever stands in it: orders alone, empty, single, odd and huge."""

from __future__ import annotations

import csv
import datetime as dt
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import Shop, new_shop

COLUMNS = ["order_id", "customer_id", "ordered_at", "amount"]
LONG = "long" + "字" * (10 * 1024 * 1024 // 3)  # 10 MB in UTF-8
BUSY_ORDERS = 20_000
ODD_IDS = [
    "d'Arc",
    'say "hi"',
    "a; drop table orders; --",
    "' or 1=1 --",
    "{{ ref('x') }}",
    "王小明",
    "😀👩‍👩‍👧",
    "=cmd|' /C calc'!A0",
    "comma, and\nnew line",
    "  padded ",
    "back\\slash",
    "%_*?[",
    "NULL",
    "nan",
    "007",
    "7",
    "Ünïcode",
    "u\u0308",
    LONG,
]
# order_id, customer_id, ordered_at, amount, and the rule it fails (None: staged)
JUDGED: list[tuple[str, str | None, str | None, str | None, str | None]] = [
    ("year 1", "early", "0001-01-01 00:00:00", "10", "before_1990_ordered_at"),
    ("year 1989", "early", "1989-12-31 23:59:59", "10", "before_1990_ordered_at"),
    ("year 1990", "early", "1990-01-01 00:00:00", "10", None),
    ("year 9999", "late", "9999-12-31 23:59:59", "10", "in_future"),
    ("year 10000", "late", "10000-01-01", "10", "unparsable_ordered_at"),
    ("no day", "late", "2024-02-30", "10", "unparsable_ordered_at"),
    ("no date", "late", "soon", "10", "unparsable_ordered_at"),
    ("date missing", "late", None, "10", "missing_ordered_at"),
    ("infinite date", "late", "infinity", "10", "unparsable_ordered_at"),
    ("rich 1", "rich", "2024-03-01 10:00:00", "1000000000000000", None),
    ("rich 2", "rich", "2024-03-02 10:00:00", "1e15", None),
    ("too rich", "rich", "2024-03-02 10:00:00", "1e17", "unparsable_amount"),
    ("a hundred million", "richish", "2024-03-02 10:00:00", "100000000.00", None),
    ("amount missing", "late", "2024-03-01", " ", "missing_amount"),
    ("not a number", "late", "2024-03-01", "NaN", "unparsable_amount"),
    ("infinite", "late", "2024-03-01", "inf", "unparsable_amount"),
    ("thousands", "late", "2024-03-01", "1,000.00", "unparsable_amount"),
    ("half a cent", "cents", "2024-03-01", "5.005", None),
    ("negative", "minus", "2024-03-01", "-3", None),
    ("nothing", "zero", "2024-03-01", "0", None),
    ("nobody", None, "2024-03-01", "7", None),
    ("blank", "   ", "2024-03-01", "7", None),
    ("utc", "zones", "2024-03-01T23:30:00Z", "1", None),
    ("east", "zones", "2024-03-02T01:00:00+02:00", "1", None),
    ("west", "zones", "2024-03-01 20:00:00-05:00", "1", None),
    ("twice", "twins", "2024-03-01 10:00:00", "1", None),
    ("twice", "twins", "2024-03-01 10:00:00", "1", "exact_duplicate"),
]


def odd_rows() -> list[tuple[str | None, ...]]:
    rows: list[tuple[str | None, ...]] = [row[:4] for row in JUDGED]
    for number, name in enumerate(ODD_IDS):
        rows.append((f"odd {number} {name}", name, "2024-03-01 09:00:00", f"{number + 1}.50"))
    start = dt.datetime(2022, 1, 1)
    for number in range(BUSY_ORDERS):
        rows.append((f"busy {number}", "busy", str(start + dt.timedelta(minutes=50 * number)), "1.00"))
    rows.append((None, "busy", "2024-03-01", "1.00"))
    return rows


def green(shop: Shop) -> None:
    """A whole build and the project's data tests on it; fails with dbt's messages when one of them does."""
    shop.build()
    tested = shop.dbt("test", "--select", "test_type:data")
    assert tested.success, tested.log[-4000:]


def read(database: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def marts(shop: Shop) -> list[str]:
    return [
        name for (name,) in shop.rows("select table_name from duckdb_tables() where schema_name = 'main' order by 1")
    ]


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database built from a parquet file with every odd order."""
    shop = new_shop("test_orders_alone")
    shop.write("orders", pd.DataFrame(odd_rows(), columns=COLUMNS, dtype="str"))
    green(shop)
    kept = tmp_path_factory.mktemp("odd") / "odd.duckdb"
    shop.copy_database(kept)
    return kept


def test_every_order_is_staged_or_quarantined_with_its_rule(odd: Path) -> None:
    rows = odd_rows()
    assert read(odd, "select raw_count, is_reconciled from input_reconciliation where source_table = 'orders'") == [
        (len(rows), True)
    ]
    expected = sorted([(row[0], row[4]) for row in JUDGED if row[4]] + [(None, "key_missing")], key=str)
    found = read(odd, "select record_key, rule from quarantined_records where source_table = 'orders'")
    assert sorted(found, key=str) == expected
    staged = {row[0] for row in read(odd, "select order_id from main_staging.stg_orders")}
    assert staged == {row[0] for row in rows if row[0]} - {key for key, rule in expected if rule != "exact_duplicate"}


def test_odd_values_are_read_as_they_are_meant(odd: Path) -> None:
    staged = {
        order_id: (amount, ordered_at, reason)
        for order_id, amount, ordered_at, reason in read(
            odd, "select order_id, amount, ordered_at, not_purchase_reason from main_staging.stg_orders"
        )
    }
    assert staged["rich 1"][0] == staged["rich 2"][0] == Decimal("1000000000000000.00")
    assert staged["half a cent"][0] == Decimal("5.01")
    assert staged["utc"][1] == dt.datetime(2024, 3, 1, 23, 30)
    assert staged["east"][1] == dt.datetime(2024, 3, 1, 23, 0)
    assert staged["west"][1] == dt.datetime(2024, 3, 2, 1, 0)
    reasons = {key: reason for key, (_, _, reason) in staged.items() if reason}
    assert reasons == {
        "negative": "negative_amount", "nothing": "zero_amount", "nobody": "unattributable", "blank": "unattributable",
    }  # fmt: skip


def test_odd_ids_are_customers_like_any_other(odd: Path) -> None:
    found = dict(read(odd, "select customer_id, net_revenue_amount from customer_lifecycle"))
    for number, name in enumerate(ODD_IDS):
        assert found[name] == Decimal(f"{number + 1}.50"), name[:20]
    assert found["rich"] == Decimal("2000000000000000.00")
    people = {row[1] for row in JUDGED if row[1] and row[1].strip() and row[4] is None}
    assert set(found) == people | set(ODD_IDS) | {"busy"}


def test_a_customer_with_many_orders_counts_days_and_every_cent(odd: Path) -> None:
    days = {(dt.datetime(2022, 1, 1) + dt.timedelta(minutes=50 * number)).date() for number in range(BUSY_ORDERS)}
    assert read(
        odd,
        "select order_count, purchase_count, net_revenue_amount, average_order_amount,"
        " first_purchase_on, last_purchase_on from customer_lifecycle where customer_id = 'busy'",
    ) == [
        (BUSY_ORDERS, len(days), Decimal(BUSY_ORDERS), Decimal("1.00"), min(days), max(days))
    ]  # fmt: skip


def test_scores_follow_the_definition_for_every_buyer(odd: Path) -> None:
    scored = read(
        odd,
        "select recency_days, purchase_count, net_revenue_amount, recency_score, frequency_score, monetary_score"
        " from customer_lifecycle where purchase_count > 0",
    )
    count = len(scored)
    repeats = [row[1] for row in scored if row[1] > 1]
    for days, purchases, revenue, recency, frequency, monetary in scored:
        assert recency == 1 + 5 * sum(row[0] > days for row in scored) // count
        assert monetary == 1 + 5 * sum(row[2] < revenue for row in scored) // count
        expected = 1 if purchases == 1 else 2 + 4 * sum(other < purchases for other in repeats) // len(repeats)
        assert frequency == expected


def test_orders_alone_fill_stages_segments_and_scores(odd: Path) -> None:
    assert read(odd, "select distinct cast(as_of_date as varchar) from customer_lifecycle") == [("2024-03-02",)]
    assert read(
        odd,
        "select customer_id from customer_lifecycle where lifecycle_stage is null or lifecycle_sub_state is null"
        " or segment is null or growth_stage is null or value_stage is null or marketing_stage is null"
        " or (purchase_count > 0) <> (rfm_code is not null)",
    ) == []  # fmt: skip
    stages = dict(
        read(
            odd,
            "select customer_id, lifecycle_stage || '/' || lifecycle_sub_state || '/' || segment"
            " from customer_lifecycle where customer_id in ('early', 'busy', 'cents', 'minus', 'rich')",
        )
    )
    assert stages == {
        "early": "churned/lapsed/sleeping",
        "busy": "loyal/slipping/cant_lose",
        "cents": "new/onboarding/sleeping",
        "minus": "prospect/anonymous_visitor/engaged_visitor",
        "rich": "active/growing/potential_loyalist",
    }


def test_nobody_gets_a_message_without_an_address_or_a_consent(odd: Path) -> None:
    # a banner and a colleague's task need neither
    channels = {channel for (channel,) in read(odd, "select distinct channel from campaign_outbox")}
    assert channels <= {"banner", "crm_task", "parcel_insert"}
    assert read(odd, "select count(*) from campaign_outbox where address is not null") == [(0,)]
    assert read(odd, "select distinct tag from customer_tags where tag like 'reachable%' or tag = 'region'") == []
    people, considered = read(
        odd,
        "select (select count(*) from customer_lifecycle), (select count(distinct customer_id) from segment_campaign)",
    )[0]
    assert 0 < considered <= people


def test_a_csv_file_gives_the_same_marts_in_any_column_order_and_case(shop: Shop, odd: Path) -> None:
    """As a spreadsheet writes it: byte order mark, CRLF, a column more, names in capitals, rows in any order."""
    rows = odd_rows()
    random.Random(7).shuffle(rows)
    shop.raw.mkdir(parents=True)
    with (shop.raw / "orders.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(["AMOUNT", "Note, free", "Customer_ID", "ordered_at ", "Order_Id"])
        for order_id, customer, ordered_at, amount in rows:
            writer.writerow([amount, 'x "y", z', customer, ordered_at, order_id])
    shop.build()
    names = marts(shop)
    assert {"customer_lifecycle", "segment_campaign", "customer_tags", "quarantined_records"} <= set(names)
    with duckdb.connect(str(shop.database)) as connection:
        connection.execute(f"attach '{odd}' as odd (read_only)")
        for name in names:
            for one, other in (("", "odd."), ("odd.", "")):
                extra = connection.execute(
                    f"select count(*) from (select * from {one}main.{name} except all select * from {other}main.{name})"
                ).fetchall()
                assert extra == [(0,)], name


def test_native_types_and_all_orders_in_one_second(shop: Shop) -> None:
    """Integer ids, double amounts, instants with a zone, names in capitals; equal customers, equal scores."""
    second = dt.datetime(2024, 3, 2, 1, 0, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    ids = list(range(1, 8))
    table = pa.table(
        {
            "Amount": pa.array([0.1 + 0.2] * 5 + [19.99, 1e15], pa.float64()),
            "ORDER_ID": pa.array(ids, pa.int64()),
            "extra": pa.array([[1, 2]] * 7),
            "Ordered_At": pa.array([second] * 7, pa.timestamp("us", tz="Europe/Berlin")),
            "CUSTOMER_ID": pa.array(ids, pa.uint32()),
        }
    )
    shop.raw.mkdir(parents=True)
    pq.write_table(table, shop.raw / "orders.parquet")
    shop.build(select=("+customer_lifecycle",))
    assert shop.rows("select distinct ordered_at, cast(ordered_on as varchar) from main_staging.stg_orders") == [
        (dt.datetime(2024, 3, 1, 23, 0), "2024-03-01")
    ]
    found = shop.rows(
        "select customer_id, net_revenue_amount, recency_score, frequency_score, monetary_score, lifecycle_stage"
        " from customer_lifecycle order by customer_id"
    )
    # ties share the rank counted from the worst, so equal customers have the score 1
    assert found[:5] == [(str(number), Decimal("0.30"), 1, 1, 1, "new") for number in ids[:5]]
    assert found[5:] == [
        ("6", Decimal("19.99"), 1, 1, 4, "new"),
        ("7", Decimal("1000000000000000.00"), 1, 1, 5, "new"),
    ]


def test_one_order(shop: Shop) -> None:
    """The day is a date, the amount a decimal, and the id has a NUL in it."""
    table = pa.table(
        {
            "order_id": pa.array(["o\x001"]),
            "customer_id": pa.array(["c\x001"]),
            "ordered_at": pa.array([dt.date(2024, 2, 29)]),
            "amount": pa.array([Decimal("12.345")], pa.decimal128(9, 3)),
        }
    )
    shop.raw.mkdir(parents=True)
    pq.write_table(table, shop.raw / "orders.parquet")
    shop.build(select=("+customer_lifecycle",))
    assert shop.rows(
        "select customer_id, cast(as_of_date as varchar), recency_days, purchase_count, net_revenue_amount, rfm_code,"
        " lifecycle_stage, lifecycle_sub_state from customer_lifecycle"
    ) == [("c\x001", "2024-02-29", 0, 1, Decimal("12.35"), "111", "new", "onboarding")]


@pytest.mark.parametrize("kind", ["csv", "parquet_without_types"])
def test_no_orders_is_a_green_build_with_nobody_in_it(shop: Shop, kind: str) -> None:
    if kind == "csv":
        shop.write("orders", ",".join(COLUMNS) + "\n")
        green(shop)
    else:
        shop.raw.mkdir(parents=True)
        pq.write_table(pa.table({name: pa.array([], pa.null()) for name in COLUMNS}), shop.raw / "orders.parquet")
        shop.build()
    for mart in ("customer_lifecycle", "segment_campaign", "customer_tags", "quarantined_records", "campaign_outbox"):
        assert shop.rows(f"select count(*) from {mart}") == [(0,)], mart
    assert shop.rows("select count(*) from input_reconciliation where raw_count <> 0 or not is_reconciled") == [(0,)]


def test_values_that_are_hard_on_sql_are_kept_in_ids_and_tags(shop: Shop) -> None:
    name = '"O\'Brien, ""x""; drop table"'
    shop.write("orders", f"order_id,customer_id,ordered_at,amount\n1,{name},2026-01-01 10:00:00,5\n")
    shop.write(
        "customers",
        f'customer_id,full_name,country,member_tier,acquisition_source\n{name},=cmd,A\\B,go%ld_a,"a,b\\c"\n',
    )
    shop.build(select=("+customer_lifecycle",))
    tags = "acquisition_source:a b\\c,first_purchase,low_value,member_tier:go%ld_a,region:A\\B"
    assert shop.rows("select customer_id, tags from customer_lifecycle") == [('O\'Brien, "x"; drop table', tags)]
