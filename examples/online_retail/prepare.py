"""Make the raw tables from the Online Retail file: ``prepare.py SOURCE OUT_DIR``.

SOURCE is the file as parquet or CSV (UTF-8, ISO dates) with its own eight columns. OUT_DIR gets one
parquet file per raw table (it is what CLM_RAW_DIR wants), and three more that say what became of
every line: classified_lines, refund_allocation and reconciliation. How: map.sql.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import duckdb

MAP = Path(__file__).with_name("map.sql")
COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
# every table with the columns that order its rows, so that the same lines give the same file
TABLES = {
    "orders": "order_id",
    "order_items": "order_id, line_number",
    "refunds": "refund_id",
    "products": "product_id",
    "customers": "customer_id",
    "classified_lines": "invoice_no, line_number",
    "refund_allocation": "credit_no, order_no, reason, matched_by",
    "reconciliation": "destination, line_class",
}


class Refused(Exception):
    """The source cannot be mapped as it is; the message says why and what to do."""


def open_source(source: Path) -> duckdb.DuckDBPyConnection:
    """A connection with the view source_lines over the file; refuses a file without the columns."""
    if not source.is_file():
        raise Refused(f"There is no file {source}.")
    connection = duckdb.connect()
    literal = "'" + str(source).replace("'", "''") + "'"
    reader = f"read_csv({literal}, header = true, all_varchar = true)"
    if source.suffix == ".parquet":
        reader = f"read_parquet({literal})"
    found = [row[0] for row in connection.execute(f"describe select * from {reader}").fetchall()]
    missing = [name for name in COLUMNS if name not in found]
    if missing:
        raise Refused(f"{source} has no column {', '.join(missing)}; it has: {', '.join(found)}.")
    connection.execute(f"create view source_lines as select {', '.join(COLUMNS)} from {reader}")
    return connection


def check(connection: duckdb.DuckDBPyConnection) -> None:
    """Every line has a class that the mapping knows, and the classes add up to the file exactly."""
    unknown = connection.execute(
        "select invoice_no, product_code, quantity, unit_price from classified_lines"
        " where line_class = 'not_understood' order by all limit 3"
    ).fetchall()
    if unknown:
        raise Refused(
            f"Lines of a kind that map.sql does not know, for example {unknown}: add a rule to classified_lines."
        )
    source = connection.execute(
        "select count(*), sum(cast(Quantity as decimal(18, 0)) * cast(UnitPrice as decimal(18, 10))) from source_lines"
    ).fetchall()
    mapped = connection.execute(
        "select sum(line_count), sum(order_amount - refund_amount - unmatched_refund_amount + left_out_amount"
        " + rounding_amount) from reconciliation"
    ).fetchall()
    if [tuple(value or 0 for value in row) for row in source] != [tuple(value or 0 for value in row) for row in mapped]:
        raise Refused(
            f"The classes {mapped} do not add up to the file {source} (lines, amount); a price beyond 4 decimals?"
        )


def prepare(source: Path, out_dir: Path) -> duckdb.DuckDBPyConnection:
    """Maps the file and writes the tables; raises Refused, and writes nothing, when it does not add up."""
    connection = open_source(source)
    try:
        connection.execute(MAP.read_text(encoding="utf-8"))
    except duckdb.ConversionException as error:
        raise Refused(f"{source} has a value that cannot be read: {error}") from error
    check(connection)
    out_dir.mkdir(parents=True, exist_ok=True)
    for table, order in TABLES.items():
        target = str(out_dir / f"{table}.parquet").replace("'", "''")
        connection.execute(f"copy (select * from {table} order by {order}) to '{target}' (format parquet)")
    return connection


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the raw tables from the Online Retail file.")
    parser.add_argument("source", type=Path, help="the file, .parquet or .csv")
    parser.add_argument("out_dir", type=Path, help="the folder for CLM_RAW_DIR")
    arguments = parser.parse_args()
    try:
        connection = prepare(arguments.source, arguments.out_dir)
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 1
    columns = "line_class, destination, line_count, exact_amount"
    print(connection.sql(f"select {columns} from reconciliation order by destination, line_class"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
