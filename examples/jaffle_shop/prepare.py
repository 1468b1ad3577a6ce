"""Make the raw tables from a jaffle shop: ``prepare.py classic|jafgen SOURCE_DIR OUT_DIR``.

SOURCE_DIR holds the shop's raw tables, one CSV or parquet file each, whose name ends in the table's
name (``raw_orders.csv``, ``jafgen1y_raw_orders.parquet``). With several of a table, ``--prefix``
chooses. OUT_DIR gets one parquet file per raw table of the contract. How: classic.sql, jafgen.sql.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import duckdb

FOLDER = Path(__file__).parent
SOURCES = {
    "classic": ("raw_customers", "raw_orders", "raw_payments"),
    "jafgen": ("raw_customers", "raw_orders", "raw_products"),
}
TABLES = {
    "classic": {"orders": "order_id", "customers": "customer_id"},
    "jafgen": {"orders": "order_id", "customers": "customer_id", "products": "product_id"},
}


class Refused(Exception):
    """The source cannot be mapped as it is; the message says why and what to do."""


def find_table(folder: Path, prefix: str, table: str) -> Path:
    """The one file of a table; refuses none and several."""
    found = sorted(path for suffix in ("csv", "parquet") for path in folder.glob(f"{prefix}*{table}.{suffix}"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise Refused(f"{folder} must have one file {prefix}*{table}.csv or .parquet, and has: {names} (see --prefix).")
    return found[0]


def prepare(shop: str, source_dir: Path, out_dir: Path, prefix: str = "") -> None:
    """Maps the shop and writes the tables; raises Refused when a source table is missing."""
    connection = duckdb.connect()
    for table in SOURCES[shop]:
        path = str(find_table(source_dir, prefix, table)).replace("'", "''")
        connection.execute(f"create view {table} as select * from '{path}'")
    connection.execute((FOLDER / f"{shop}.sql").read_text(encoding="utf-8"))
    out_dir.mkdir(parents=True, exist_ok=True)
    for table, key in TABLES[shop].items():
        target = str(out_dir / f"{table}.parquet").replace("'", "''")
        connection.execute(f"copy (select * from {table} order by {key}) to '{target}' (format parquet)")


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the raw tables from a jaffle shop.")
    parser.add_argument("shop", choices=sorted(SOURCES))
    parser.add_argument("source_dir", type=Path, help="the folder with the shop's raw tables")
    parser.add_argument("out_dir", type=Path, help="the folder for CLM_RAW_DIR")
    parser.add_argument("--prefix", default="", help="what the names of the files start with")
    arguments = parser.parse_args()
    try:
        prepare(arguments.shop, arguments.source_dir, arguments.out_dir, arguments.prefix)
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
