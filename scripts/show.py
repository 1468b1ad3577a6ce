"""Prints the segments of a DuckDB build as a table: how many people are in each, and what they are worth.

python scripts/show.py [clm.duckdb]
"""

from __future__ import annotations

import os
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

QUERY = """
select
    segment, label_en, customer_count, customer_rate, net_revenue_amount, net_revenue_rate, average_recency_days,
    goal_en, as_of_date
from segment_population
order by health_rank desc nulls last, segment
"""
NUMBERS = ("people", "share", "net revenue", "share of it", "days since purchase")


def percent(share: Decimal | None) -> str:
    return "" if share is None else f"{share:.1%}"


def segments_table(rows: list[tuple[Any, ...]]) -> Table:
    """One line per segment, healthiest first."""
    table = Table(title=f"Segments on {rows[0][8]}", title_justify="left")
    for name in ("segment", *NUMBERS, "what to do"):
        table.add_column(name, justify="right" if name in NUMBERS else "left", overflow="fold")
    for segment, _label, people, share, revenue, revenue_share, recency, goal, _day in rows:
        days = "" if recency is None else f"{recency:.0f}"
        table.add_row(segment, f"{people:,}", percent(share), f"{revenue:,.2f}", percent(revenue_share), days, goal)
    return table


def main() -> int:
    path = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("CLM_DUCKDB_PATH", "clm.duckdb"))
    if not path.exists():
        print(f"There is no {path}: run `make demo`, or `dbt build` first.", file=sys.stderr)
        return 2
    connection = duckdb.connect(str(path), read_only=True)
    try:
        rows: list[tuple[Any, ...]] = connection.execute(QUERY).fetchall()
    except duckdb.CatalogException:
        print(f"{path} has no segment_population: run `dbt build` first.", file=sys.stderr)
        return 2
    finally:
        connection.close()
    Console(width=120 if not sys.stdout.isatty() else None).print(segments_table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
