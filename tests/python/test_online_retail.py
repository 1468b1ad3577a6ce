"""The Online Retail file: every line is accounted for, and the marts say what the file says."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from conftest import ONLINE_RETAIL, Shop, map_online_retail

COLUMNS = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]


def files(shop: Shop, sql: str) -> list[tuple[object, ...]]:
    """A query over the files that the mapping wrote: {name} is a file."""
    names = {path.stem: f"'{path}'" for path in shop.raw.glob("*.parquet")}
    return duckdb.connect().execute(sql.format(**names)).fetchall()


def test_every_line_has_one_class_and_the_classes_add_up_to_the_file(retail: Shop, retail_file: Path) -> None:
    in_file = duckdb.execute(
        "select count(*), sum(cast(Quantity as decimal(18, 0)) * cast(UnitPrice as decimal(18, 3)))"
        " from read_parquet($1)",
        [str(retail_file)],
    ).fetchall()
    assert in_file == [(320705, Decimal("5761931.382"))]
    assert files(retail, "select sum(line_count), sum(exact_amount) from {reconciliation}") == in_file
    assert files(
        retail,
        "select sum(line_count), sum(order_amount - refund_amount - unmatched_refund_amount + left_out_amount"
        " + rounding_amount) from {reconciliation}",
    ) == in_file  # fmt: skip
    assert files(
        retail,
        "select line_class from {reconciliation} where exact_amount <> order_amount - refund_amount"
        " - unmatched_refund_amount + left_out_amount + rounding_amount or line_class = 'not_understood'",
    ) == []  # fmt: skip
    assert files(retail, "select count(*), sum(exact_amount) from {classified_lines}") == in_file


def test_the_readme_shows_the_classes_as_they_are(retail: Shop) -> None:
    rows = files(
        retail,
        "select line_class, destination, line_count, exact_amount, exact_duplicate_count from {reconciliation}"
        " order by destination desc, line_class",
    )
    readme = (ONLINE_RETAIL / "README.md").read_text(encoding="utf-8")
    for name, destination, count, amount, duplicates in rows:
        row = f"| {name} | {destination} | {count:,} | {amount:,.3f} | {duplicates:,} |"
        assert row in readme, row
    for step, amount in files(retail, "select matched_by, sum(amount) from {refund_allocation} group by matched_by"):
        assert f"| {step} | {amount:,.2f} |" in readme, step


def test_the_staged_tables_tie_with_the_classes_to_the_cent(retail: Shop) -> None:
    [(orders, refunds, unmatched)] = files(
        retail, "select sum(order_amount), sum(refund_amount), sum(unmatched_refund_amount) from {reconciliation}"
    )
    assert (orders, refunds, unmatched) == (Decimal("6279972.91"), Decimal("300941.41"), Decimal("46423.11"))
    assert retail.rows("select sum(amount), count(*) from main_staging.stg_orders") == [(orders, 12493)]
    assert retail.rows("select sum(amount), count(*) from main_staging.stg_refunds") == [(refunds, 2702)]
    assert retail.rows(
        "select source_table, rule, count(*), sum(cast(json_extract_string(record, '$.amount') as decimal(18, 2)))"
        " from quarantined_records group by all"
    ) == [("refunds", "unknown_order", 277, unmatched)]
    assert retail.rows("select source_table from input_reconciliation where not is_reconciled") == []
    items = retail.rows(
        "select count(*), sum(cast(quantity * unit_price as decimal(18, 2))) from main_staging.stg_order_items"
    )
    shipping = retail.rows("select sum(shipping_amount) from main_staging.stg_orders")
    assert items == [(311541 + 381 + 207, Decimal(str(orders)) - shipping[0][0])]


def test_an_order_without_customer_is_staged_and_no_purchase(retail: Shop) -> None:
    found = retail.rows(
        "select coalesce(not_purchase_reason, 'purchase'), count(*), sum(amount) from main_staging.stg_orders"
        " group by 1 order by 1"
    )
    assert found == [
        ("purchase", 11413, Decimal("5239240.56")),
        ("unattributable", 1078, Decimal("1040732.35")),
        ("zero_amount", 2, Decimal("0.00")),
    ]


def test_no_refund_exceeds_its_order_or_goes_to_another_customer(retail: Shop) -> None:
    assert files(
        retail,
        "select order_id from {refunds} inner join {orders} using (order_id)"
        " group by order_id, orders.amount having sum(refunds.amount) > orders.amount",
    ) == []  # fmt: skip
    assert files(
        retail,
        "select r.order_id from {refunds} as r inner join {orders} as o using (order_id)"
        " inner join (select distinct invoice_no, customer_id from {classified_lines}) as c"
        " on c.invoice_no = split_part(r.refund_id, '-', 1)"
        " where o.customer_id is distinct from c.customer_id or o.ordered_at >= cast(r.refunded_at as date) + 1",
    ) == []  # fmt: skip
    # only a product credited before its own invoice of the same day may look forward
    assert files(
        retail,
        "select distinct matched_by from {refund_allocation} as r inner join {orders} as o on r.order_no = o.order_id"
        " where o.ordered_at > r.credited_at",
    ) == [("product_same_day",)]  # fmt: skip


def test_every_customers_revenue_is_the_sum_of_his_lines(retail: Shop, retail_file: Path) -> None:
    """Straight from the file: all his lines but shop costs, and credit beyond his orders is not charged to them."""
    expected = files(
        retail,
        "with bought as (select cast(CustomerID as varchar) as customer_id,"
        " sum(cast(Quantity * round(UnitPrice, 2) as decimal(18, 2))) as amount"
        f" from '{retail_file}' where CustomerID is not null and StockCode <> 'CRUK' group by 1),"
        " unmatched as (select customer_id, sum(amount) as amount from {refund_allocation}"
        " inner join (select distinct invoice_no as credit_no, customer_id from {classified_lines}) using (credit_no)"
        " where matched_by = 'nothing' group by 1)"
        " select customer_id, bought.amount + coalesce(unmatched.amount, 0) from bought"
        " left join unmatched using (customer_id) order by customer_id",
    )
    assert len(expected) == 3360
    assert (
        retail.rows("select customer_id, net_revenue_amount from customer_lifecycle order by customer_id") == expected
    )
    assert retail.rows("select sum(net_revenue_amount) from customer_lifecycle") == [(Decimal("4938299.15"),)]


def test_five_customers_by_hand(retail: Shop) -> None:
    """12346 sent all back, 12748 buys weekly, 14646 and 16029 are wholesalers, 17850 came for two days."""
    found = retail.rows(
        "select customer_id, lifecycle_stage, segment, purchase_count, order_count, net_revenue_amount, recency_days"
        " from customer_lifecycle where customer_id in ('12346', '12748', '14646', '16029', '17850')"
        " order by customer_id"
    )
    assert found == [
        ("12346", "prospect", "engaged_visitor", 0, 0, Decimal("0.00"), None),
        ("12748", "loyal", "champion", 69, 124, Decimal("13101.77"), 1),
        ("14646", "loyal", "champion", 29, 40, Decimal("175638.94"), 5),
        ("16029", "loyal", "champion", 29, 43, Decimal("36444.09"), 7),
        ("17850", "churned", "cant_lose", 2, 34, Decimal("5288.63"), 272),
    ]


def test_segments_are_what_a_marketer_would_expect(retail: Shop) -> None:
    assert retail.rows("select distinct as_of_date from customer_lifecycle")[0][0].isoformat() == "2011-08-31"
    medians = {
        segment: (count, recency, revenue)
        for segment, count, recency, revenue in retail.rows(
            "select segment, count(*), median(recency_days), median(net_revenue_amount)"
            " from customer_lifecycle group by segment"
        )
    }
    assert sum(count for count, _, _ in medians.values()) == 3360
    assert medians["champion"][0] > 300 and medians["champion"][1] < 30
    assert medians["champion"][2] == max(revenue for _, _, revenue in medians.values())
    assert medians["cant_lose"][1] > medians["at_risk"][1] > medians["loyal"][1] > medians["champion"][1]
    assert medians["cant_lose"][2] > 3 * medians["sleeping"][2]
    assert medians["engaged_visitor"][0] == 54


def test_equal_lines_stay_and_line_numbers_tell_them_apart(retail: Shop, retail_file: Path) -> None:
    extra = duckdb.execute(
        f"select count(*) - (select count(*) from (select distinct {', '.join(COLUMNS)} from read_parquet($1)))"
        " from read_parquet($1)",
        [str(retail_file)],
    ).fetchall()
    assert extra == [(2483,)]
    assert files(retail, "select sum(exact_duplicate_count) from {reconciliation}") == extra
    assert files(
        retail, "select invoice_no from {classified_lines} group by invoice_no, line_number having count(*) > 1"
    ) == []  # fmt: skip


def line(invoice: str, code: str, quantity: int, when: str, price: str, customer: str = "17850") -> tuple[str, ...]:
    return (invoice, code, f"name of {code}", str(quantity), when, price, customer, "United Kingdom")


def mapped(folder: Path, lines: list[tuple[str, ...]]) -> list[tuple[str, str, Decimal]]:
    """The refunds (credit note, order, amount) that the mapping makes of a small CSV file."""
    source = folder / "lines.csv"
    pd.DataFrame(lines, columns=COLUMNS).to_csv(source, index=False)
    run = map_online_retail(source, folder / "raw")
    assert run.returncode == 0, run.stderr
    return duckdb.execute(
        "select split_part(refund_id, '-', 1), order_id, amount from read_parquet($1) order by 1, 2, 3",
        [str(folder / "raw" / "refunds.parquet")],
    ).fetchall()


def test_a_returned_product_comes_from_its_latest_earlier_order(tmp_path: Path) -> None:
    found = mapped(tmp_path, [
        line("1", "A", 10, "2011-01-01 10:00:00", "1.00"),
        line("2", "A", 10, "2011-01-02 10:00:00", "1.00"),
        line("3", "P", 99, "2011-01-03 10:00:00", "1.00"),
        line("C4", "A", -12, "2011-01-04 10:00:00", "1.00"),     # 10 of order 2, 2 of order 1
        line("5", "A", 5, "2011-01-05 10:00:00", "1.00"),
        line("C6", "a", -3, "2011-01-06 10:00:00", "1.00"),      # codes are one in either case
        line("6", "A", 50, "2011-01-07 10:00:00", "1.00", "99"),
        line("7", "A", 5, "2011-01-08 10:00:00", "1.00"),
    ])  # fmt: skip
    assert found == [
        ("C4", "1", Decimal("2.00")), ("C4", "2", Decimal("10.00")), ("C6", "5", Decimal("3.00")),
    ]  # fmt: skip


def test_a_credit_note_minutes_before_its_invoice_belongs_to_it(tmp_path: Path) -> None:
    found = mapped(tmp_path, [
        line("1", "P", 500, "2011-01-01 10:00:00", "1.00"),
        line("C2", "A", -10, "2011-01-04 10:00:00", "1.00"),
        line("3", "A", 10, "2011-01-04 10:05:00", "1.00"),
        line("C4", "C", -10, "2011-01-05 10:00:00", "1.00"),     # the next day is too late
        line("5", "C", 10, "2011-01-06 10:05:00", "1.00"),
    ])  # fmt: skip
    assert found == [("C2", "3", Decimal("10.00")), ("C4", "1", Decimal("10.00"))]


def test_a_discount_comes_whole_from_one_order_where_it_can(tmp_path: Path) -> None:
    found = mapped(tmp_path, [
        line("1", "A", 100, "2011-01-01 10:00:00", "1.00"),
        line("2", "A", 10, "2011-01-02 10:00:00", "1.00"),
        line("C3", "D", -1, "2011-01-03 10:00:00", "50.00"),     # order 2 is too small for it
        line("C4", "M", -1, "2011-01-04 10:00:00", "55.00"),     # no order has so much left: spread
        line("C5", "M", -1, "2011-01-05 10:00:00", "7.00"),      # order 2 has so much: before any spreading
        line("C6", "M", -1, "2011-01-06 10:00:00", "9.00", ""),  # nobody's
        line("C7", "CRUK", -1, "2011-01-06 10:00:00", "3.00"),   # the shop's cost, not a refund
    ])  # fmt: skip
    assert found == [
        ("C3", "1", Decimal("50.00")),
        ("C4", "1", Decimal("50.00")), ("C4", "2", Decimal("3.00")), ("C4", "C4", Decimal("2.00")),
        ("C5", "2", Decimal("7.00")),
        ("C6", "C6", Decimal("9.00")),
    ]  # fmt: skip


def test_the_order_of_lines_does_not_matter(retail: Shop, retail_file: Path, tmp_path: Path) -> None:
    shuffled = pd.read_parquet(retail_file).sample(frac=1, random_state=7)
    shuffled.to_parquet(tmp_path / "shuffled.parquet", index=False)
    assert map_online_retail(tmp_path / "shuffled.parquet", tmp_path / "raw").returncode == 0
    tables = sorted(path.name for path in retail.raw.glob("*.parquet"))
    assert len(tables) == 8
    for name in tables:
        ours, theirs = pd.read_parquet(retail.raw / name), pd.read_parquet(tmp_path / "raw" / name)
        pd.testing.assert_frame_equal(ours, theirs)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([line("1", "A", 1, "2011-01-01 10:00:00", "1.00"), line("X2", "A", 1, "2011-01-01 10:00:00", "1.00")], "kind"),
        ([line("1", "A", 1, "2011-01-01 10:00:00", "1.00"), line("2", "A", -1, "2011-01-01 10:00:00", "1.00")], "kind"),
        ([line("1", "A", 1, "2011-01-01 10:00:00", "1.00001")], "do not add up"),
        ([line("1", "A", 1, "soon", "1.00")], "cannot be read"),
    ],
)
def test_what_the_mapping_does_not_understand_is_refused(
    tmp_path: Path, rows: list[tuple[str, ...]], message: str
) -> None:
    pd.DataFrame(rows, columns=COLUMNS).to_csv(tmp_path / "lines.csv", index=False)
    run = map_online_retail(tmp_path / "lines.csv", tmp_path / "raw")
    assert run.returncode == 1 and message in run.stderr and "Traceback" not in run.stderr
    assert not (tmp_path / "raw").exists()


def test_a_file_without_a_column_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lines.csv").write_text("InvoiceNo,StockCode\n1,A\n", encoding="utf-8")
    run = map_online_retail(tmp_path / "lines.csv", tmp_path / "raw")
    assert run.returncode == 1 and "has no column Description" in run.stderr
