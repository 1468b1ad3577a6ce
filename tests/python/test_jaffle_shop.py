"""The jaffle shop, classic and generated: the figures that every dbt user knows."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT, Shop, new_shop

PREPARE = PROJECT / "examples" / "jaffle_shop" / "prepare.py"


def prepare(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(PREPARE), *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def source(shared_data: Path) -> Path:
    return shared_data / "jaffle_shop"


@pytest.fixture(scope="module")
def expected(source: Path) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads((source / "expected.json").read_text(encoding="utf-8"))
    return figures


def built_shop(source: Path, shop: str, prefix: str) -> Shop:
    built = new_shop(f"test_jaffle_shop_{shop}")
    run = prepare(shop, str(source), str(built.raw), "--prefix", prefix)
    assert run.returncode == 0, run.stderr
    built.build()
    return built


@pytest.fixture(scope="module")
def classic(source: Path) -> Shop:
    return built_shop(source, "classic", "classic_")


@pytest.fixture(scope="module")
def jafgen(source: Path) -> Shop:
    return built_shop(source, "jafgen", "jafgen1y_")


def test_classic_orders_have_the_shops_amounts_and_statuses(classic: Shop, expected: dict[str, Any]) -> None:
    shop = expected["classic"]
    assert classic.rows("select count(*), sum(amount) from main_staging.stg_orders") == [
        (shop["orders"], Decimal(str(shop["revenue"])))
    ]
    statuses = dict(classic.rows("select status, count(*) from main_staging.stg_orders group by status"))
    assert statuses == {
        "completed": shop["status"]["completed"] + shop["status"]["return_pending"],
        "shipped": shop["status"]["shipped"],
        "pending": shop["status"]["placed"],
        "refunded": shop["status"]["returned"],
    }
    assert classic.rows("select count(*) from quarantined_records") == [(0,)]


def test_classic_revenue_is_what_was_neither_returned_nor_only_placed(classic: Shop, expected: dict[str, Any]) -> None:
    """1,672.00 paid = 1,339.00 net revenue + 49.00 returned + 284.00 placed and not yet shipped."""
    by_status = dict(classic.rows("select status, sum(amount) from main_staging.stg_orders group by status"))
    assert (by_status["refunded"], by_status["pending"]) == (Decimal("49.00"), Decimal("284.00"))
    net = classic.rows("select sum(net_revenue_amount) from customer_lifecycle")[0][0]
    assert net == Decimal("1339.00")
    assert net + by_status["refunded"] + by_status["pending"] == Decimal(str(expected["classic"]["revenue"]))
    assert classic.rows("select count(*) from main_staging.stg_orders where amount = 0") == [
        (expected["classic"]["zero_payments"] - 2,)  # two of the three have a second payment
    ]


def test_classic_customers_1_and_3(classic: Shop, expected: dict[str, Any]) -> None:
    """Customer 1 returned the first of two orders: it keeps its place in the history and brings nothing."""
    paid = classic.rows(
        "select source_customer_id, count(*), sum(amount), min(ordered_on), max(ordered_on)"
        " from main_staging.stg_orders where source_customer_id in ('1', '3') group by 1 order by 1"
    )
    for (customer, count, amount, first, last), figures in zip(
        paid, (expected["classic"]["customer_1"], expected["classic"]["customer_3"]), strict=True
    ):
        assert (count, float(amount)) == (figures["n"], figures["clv"]), customer
        assert (first.isoformat(), last.isoformat()) == (figures["first"], figures["last"]), customer
    assert classic.rows(
        "select customer_id, order_count, net_revenue_amount, cast(first_purchase_on as varchar),"
        " cast(last_purchase_on as varchar) from customer_lifecycle where customer_id in ('1', '3') order by 1"
    ) == [
        ("1", 1, Decimal("23.00"), "2018-02-10", "2018-02-10"),
        ("3", 3, Decimal("65.00"), "2018-01-02", "2018-03-11"),
    ]


def test_classic_customers_without_orders_are_prospects(classic: Shop, expected: dict[str, Any]) -> None:
    shop = expected["classic"]
    assert classic.rows("select count(*) from customer_lifecycle") == [(shop["customers"],)]
    assert classic.rows(
        "select count(*), count(distinct lifecycle_stage), min(lifecycle_stage) from customer_lifecycle"
        " where customer_id not in (select source_customer_id from main_staging.stg_orders)"
    ) == [(shop["customers_without"], 1, "prospect")]
    assert classic.rows("select distinct cast(as_of_date as varchar) from customer_lifecycle") == [(shop["max"],)]


def test_jafgen_orders_add_up(jafgen: Shop, expected: dict[str, Any]) -> None:
    year = expected["jafgen_1y"]
    total, tax = Decimal(year["order_total_cents"]) / 100, Decimal(year["tax_cents"]) / 100
    assert jafgen.rows("select count(*), sum(amount), sum(tax_amount) from main_staging.stg_orders") == [
        (year["orders"], total, tax)
    ]
    assert jafgen.rows("select count(*), sum(net_revenue_amount) from customer_lifecycle") == [
        (year["customers"], total)
    ]
    assert total == Decimal("791053.35")
    assert jafgen.rows("select count(*) from quarantined_records") == [(0,)]
    assert jafgen.rows("select count(*) from main_staging.stg_products where price between 4 and 14") == [(10,)]


def test_jafgen_an_order_without_items_costs_nothing_and_is_no_purchase(jafgen: Shop, expected: dict[str, Any]) -> None:
    empty = expected["jafgen_1y"]["orders_without_items"]
    assert jafgen.rows(
        "select not_purchase_reason, count(*) from main_staging.stg_orders where not is_purchase group by 1"
    ) == [("zero_amount", empty)]  # fmt: skip
    assert jafgen.rows("select sum(order_count) from customer_lifecycle") == [
        (expected["jafgen_1y"]["orders"] - empty,)
    ]


def test_jafgen_orders_per_customer(jafgen: Shop, expected: dict[str, Any]) -> None:
    year = expected["jafgen_1y"]
    assert jafgen.rows(
        "select count(*), median(orders), sum(case when orders = 1 then 1 else 0 end)"
        " from (select count(*) as orders from main_staging.stg_orders group by source_customer_id) as counted"
    ) == [(year["customers_with_orders"], year["orders_per_customer_median"], year["one_order"])]
    assert jafgen.rows(
        "select count(*) from customer_lifecycle as l inner join (select source_customer_id as customer_id,"
        " count(distinct ordered_on) as days from main_staging.stg_orders where is_purchase group by 1) as o"
        " using (customer_id) where l.purchase_count <> o.days"
    ) == [(0,)]
    assert jafgen.rows("select cast(max(as_of_date) as varchar) from customer_lifecycle") == [(year["max"][:10],)]


def test_a_folder_with_two_shops_is_refused(source: Path, tmp_path: Path) -> None:
    run = prepare("jafgen", str(source), str(tmp_path / "raw"))
    assert run.returncode == 1 and "see --prefix" in run.stderr and "Traceback" not in run.stderr
    assert not (tmp_path / "raw").exists()
