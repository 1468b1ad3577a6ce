"""Bad input: each kind stops with one sentence (what, where, what to do), or is read and nothing is lost."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from conftest import Built, Shop, new_shop

HEADER = "order_id,customer_id,ordered_at,amount\n"
SOUND = HEADER + "1,a,2026-01-01,10\n2,b,2026-02-01,20\n"
MODELS_ONLY = ("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")


def refused(shop: Shop, env: dict[str, str] | None = None, variables: str = "{}") -> str:
    """The message of a build that must fail before a single model is built."""
    built = shop.dbt(*MODELS_ONLY, env=env, variables=variables)
    assert not built.success
    assert "model main" not in built.log, "something was built before the input was judged"
    return built.log


def put(shop: Shop, name: str, content: bytes) -> Path:
    shop.raw.mkdir(parents=True, exist_ok=True)
    path = shop.raw / name
    path.write_bytes(content)
    return path


def test_without_orders_the_run_names_the_files_it_looked_for(shop: Shop) -> None:
    shop.raw.mkdir()
    log = refused(shop)
    assert f"The folder CLM_RAW_DIR='{shop.raw}' has no orders.parquet and no orders.csv" in log
    assert "'orders' is required: put the file there" in log


def test_a_missing_required_column_is_named_with_those_that_are_there(shop: Shop) -> None:
    shop.write("orders", "order_id,customer_id,ordered_at\n1,a,2026-01-01\n")
    log = refused(shop)
    assert (
        f"The raw table 'orders' ({shop.raw / 'orders.csv'}) has no column amount; it has: order_id, customer_id,"
        in log
    )
    assert "Add the column, or give a view that has it (docs/inputs.md)." in log


def test_a_missing_required_column_of_an_optional_table_is_named_too(shop: Shop) -> None:
    shop.write("orders", SOUND)
    shop.write("refunds", "refund_id,order_id\nr,1\n")
    log = refused(shop)
    assert "The raw table 'refunds'" in log and "has no column refunded_at, amount; it has: refund_id, order_id" in log


def test_another_delimiter_shows_the_header_as_it_was_read(shop: Shop) -> None:
    shop.write("orders", SOUND.replace(",", ";"))
    log = refused(shop)
    assert "has no column order_id, ordered_at, amount; it has: order_id;customer_id;ordered_at;amount." in log


@pytest.mark.parametrize("name", ["orders.csv", "orders.parquet"])
def test_an_empty_file_is_called_empty(shop: Shop, name: str) -> None:
    path = put(shop, name, b"")
    assert (
        f"The file {path} is empty (0 bytes): write it with a header line, or remove it (orders is required)."
        in refused(shop)
    )


def test_a_file_that_is_no_parquet_is_named_with_what_to_do(shop: Shop) -> None:
    path = put(shop, "orders.parquet", b"order_id,customer_id,ordered_at,amount\n1,a,2026-01-01,10\n")
    log = refused(shop)
    assert str(path) in log
    assert "is no parquet file: write it again" in log


def test_two_files_of_a_table_are_one_too_many(shop: Shop) -> None:
    shop.write("orders", SOUND)
    put(shop, "orders.parquet", b"PAR1")
    assert "has both orders.parquet and orders.csv; remove the one that should not be read." in refused(shop)


def test_a_file_in_another_encoding_is_refused_by_name(shop: Shop) -> None:
    put(shop, "orders.csv", (HEADER + "1,Zoë,2026-01-01,10\n").encode("latin-1"))
    log = refused(shop)
    assert "orders.csv" in log and "not utf-8 encoded" in log


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "2025-02-29", "30.06.2026", "2026-13-01", "0000-01-01"])
def test_an_as_of_date_that_is_no_date_is_refused(shop: Shop, text: str) -> None:
    shop.write("orders", SOUND)
    log = refused(shop, env={"CLM_AS_OF_DATE": text})
    assert f"is '{text}', which is no date; write YYYY-MM-DD, or auto." in log


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        (
            "{clm_timezone: Mars/Olympus}",
            "The var clm_timezone is 'Mars/Olympus', which is no IANA time zone; use a name like",
        ),
        ("{clm_reporting_currency: euros}", "The var clm_reporting_currency is 'euros'"),
        ("{clm_purchase_unit: week}", "The var clm_purchase_unit is 'week'; it must be one of: day, order."),
        ("{clm_rfm_window_days: 0}", "The var clm_rfm_window_days is '0'"),
        ("{clm_history_months: 0}", "The var clm_history_months is '0'; it must be a whole number from 1."),
        ("{clm_owner_days: 1.5}", "The var clm_owner_days is '1.5'; it must be a whole number from 0."),
        ("{clm_pair_days: -1}", "The var clm_pair_days is '-1'; it must be a whole number from 0."),
        (
            "{clm_tag_low_value_score: 6}",
            "The var clm_tag_low_value_score is '6'; it must be a whole number from 1 to 5.",
        ),
        ("{clm_send_hour: 24}", "The var clm_send_hour is '24'; it must be an hour from 0 to 23."),
        ("{clm_global_control_share: 5}", "The var clm_global_control_share is '5'; it must be a share from 0 to 1."),
        ("{clm_tag_drift_rate: high}", "The var clm_tag_drift_rate is 'high'; it must be a number from 0."),
        ("{clm_margin_rate: 30}", "The var clm_margin_rate is '30'; it must be auto or a share from 0 to 1."),
        ("{clm_timeline_materialized: index}", "it must be one of: view, table."),
        ("{clm_migration_from: '2026-02-30'}", "The setting clm_migration_from is '2026-02-30', which is no date"),
        (
            "{clm_migration_from: '2026-06-30', clm_migration_to: '2026-05-31'}",
            "The var clm_migration_from (2026-06-30) is later than clm_migration_to (2026-05-31); swap them.",
        ),
    ],
)
def test_a_setting_that_cannot_be_is_refused(shop: Shop, variables: str, sentence: str) -> None:
    shop.write("orders", SOUND)
    assert sentence in refused(shop, variables=variables)


def test_two_places_for_raw_tables_are_one_too_many(shop: Shop) -> None:
    shop.write("orders", SOUND)
    log = refused(shop, env={"CLM_RAW_SCHEMA": "raw"})
    assert "CLM_RAW_DIR and CLM_RAW_SCHEMA are both set; unset one" in log


def test_where_no_row_can_be_used_everything_is_built_and_then_the_run_fails(shop: Shop) -> None:
    shop.write("orders", HEADER + ",a,2026-01-01,10\n2,b,never,20\n3,c,2026-02-01,x\n3,c,2026-02-01,x\n")
    built: Built = shop.dbt(*MODELS_ONLY)
    assert not built.success
    assert "Not one row could be used of orders (4 rows: " in built.log
    assert "every row stands in quarantined_records; mend the source and build again." in built.log
    assert shop.rows("select count(*) from quarantined_records where source_table = 'orders'") == [(4,)]
    assert shop.rows("select count(*) from customer_lifecycle") == [(0,)]
    assert shop.rows("select count(*) from segment_population") == [(11,)]


ODD_ORDERS = (
    "\ufeffOrder_ID,customer_id,ordered_at,amount,status,note\r\n"
    "plain,a,2026-01-01,10,,ok\r\n"
    'quoted,a,2026-01-02,"20","","two\r\nlines, a comma and a ""quote"""\r\n'
    "short,a\r\n"
    "\r\n"
    "long,a,2026-01-03,30,,ok,extra,more\r\n"
    'inch,a,2026-01-04,40,,5" pipe\r\n'
    "nul\x00id,a,2026-01-05,50,,ok\r\n"
    "#1001,a,2026-01-06,60,,an id like those of some shops\r\n"
    "year_1,a,0001-01-01,1,,ok\r\n"
    "year_9999,a,9999-12-31,1,,ok\r\n"
    "huge,b,2026-01-06,1000000000000000,,1e15\r\n"
    "too_huge,b,2026-01-06,100000000000000000,,1e17\r\n"
    "not_a_number,b,2026-01-06,NaN,,ok\r\n"
    "infinite,b,infinity,1,,ok\r\n"
    "'); drop table orders; --,b,2026-01-07,1,,ok\r\n"
    "'); drop table orders; --,b,2026-01-07,1,,ok\r\n"
    "last,b,2026-01-08,1,,no line end"
)
ODD_CUSTOMERS = (
    "customer_id,email,full_name,registered_at\n"
    'a,A@x.org,"=HYPERLINK(""http://x.org"",""y"")",2026-01-01\n'
    "b,b@x.org,Zoë 🙂 李雷,2026-01-01\n"
    f"c,c@x.org,{'x' * 10_000_000},2026-01-01\n"
)
STAGED = {
    "plain": 10, "quoted": 20, "long": 30, "inch": 40, "nul\x00id": 50, "#1001": 60, "huge": 1_000_000_000_000_000,
    "'); drop table orders; --": 1, "last": 1,
}  # fmt: skip
QUARANTINED = {
    "short": "missing_ordered_at,missing_amount",
    "year_1": "before_1990_ordered_at",
    "year_9999": "in_future",
    "too_huge": "unparsable_amount",
    "not_a_number": "unparsable_amount",
    "infinite": "unparsable_ordered_at",
    "'); drop table orders; --": "exact_duplicate",
}


@pytest.fixture(scope="module")
def odd() -> Shop:
    """A byte-order mark, CRLF, line breaks in quotes, ragged rows, odd characters and sizes: built once."""
    shop = new_shop("test_bad_inputs_odd")
    put(shop, "orders.csv", ODD_ORDERS.encode())
    put(shop, "customers.csv", ODD_CUSTOMERS.encode())
    shop.build(select=("+customer_lifecycle", "+quarantined_records", "+input_reconciliation"))
    return shop


def test_odd_but_readable_rows_are_staged_as_they_are(odd: Shop) -> None:
    assert dict(odd.rows("select order_id, amount from main_staging.stg_orders")) == STAGED


def test_unusable_rows_are_set_aside_with_their_rules(odd: Shop) -> None:
    found = odd.rows("select record_key, rule from quarantined_records where record_key is not null")
    assert dict(found) == QUARANTINED


def test_of_a_ragged_file_no_row_is_lost(odd: Shop) -> None:
    lost = odd.rows("select source_table from input_reconciliation where not is_reconciled")
    assert lost == []
    (raw,) = odd.rows("select raw_count from input_reconciliation where source_table = 'orders'")[0]
    blank_lines = odd.rows("select count(*) from quarantined_records where source_table = 'orders' and record = '{}'")[
        0
    ][0]
    assert raw - blank_lines == 16
    assert blank_lines <= 1


def test_names_are_kept_whatever_they_look_like(odd: Shop) -> None:
    names = dict(odd.rows("select source_customer_id, full_name from main_staging.stg_customers"))
    assert names["a"] == '=HYPERLINK("http://x.org","y")'
    assert names["b"] == "Zoë 🙂 李雷"
    assert hashlib.sha256(names["c"].encode()).hexdigest() == hashlib.sha256(b"x" * 10_000_000).hexdigest()


def test_a_nul_character_and_a_quote_are_escaped_in_the_record(odd: Shop) -> None:
    sql = "select record from quarantined_records where record_key like '%drop table%'"
    assert odd.rows(sql)[0][0].startswith('{"order_id":"\'); drop table orders; --"')


def test_rows_that_begin_with_a_hash_sign_are_no_comments(shop: Shop) -> None:
    rows = "".join(f"{'#' if i % 9 == 0 else ''}{i},c{i % 7},2026-01-01,{i}\n" for i in range(1, 51))
    shop.write("orders", HEADER + rows)
    shop.build(select=("+stg_orders",))
    assert shop.rows("select count(*), sum(amount) from main_staging.stg_orders") == [(50, 1275)]


def test_a_header_without_rows_is_an_empty_shop(shop: Shop) -> None:
    shop.write("orders", HEADER)
    shop.build(as_of="2026-06-30", select=("+customer_lifecycle",))
    assert shop.rows("select count(*) from customer_lifecycle") == [(0,)]
    assert shop.rows("select as_of_date from main_intermediate.int_as_of")[0][0].isoformat() == "2026-06-30"
