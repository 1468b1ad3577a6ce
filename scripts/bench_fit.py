"""Times the fit of the value models on simulated customers against one pass over their purchases.

    python scripts/bench_fit.py [--customers 10000000]

Customers buy and drop out as BG/NBD says, with the parameters of CDNOW, and are first seen on any day of a year; the
amounts are Gamma-Gamma. DuckDB in memory, with two threads. Absolute seconds depend on the machine; the ratio is
what to compare. Printed beside the parameters found are those that made the customers: the fit counts days, and of so
many customers whole weeks, where they lived in moments, so that the rates come out a little slower.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from typing import Any

import click
import duckdb
import numpy as np
import pyarrow as pa
from fit_value import fit_origin

TRUE = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426, "p": 6.25, "q": 3.74, "gamma": 15.44}
ORIGIN = date(2026, 1, 1)
DAYS = 365
CHUNK = 1_000_000


class Warehouse:
    """What the fit needs of a warehouse: rows of a query, and a transaction, which a reader of memory does without."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(config={"threads": 2})

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self.connection.execute(sql).fetchall()
        return found

    def transaction(self) -> Warehouse:
        return self

    def __enter__(self) -> Warehouse:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def simulate(chance: np.random.Generator, first: int, count: int) -> pa.Table:
    """Purchases of so many customers: number, days before the origin, amount."""
    ages = chance.integers(7, DAYS, count)
    rates = chance.gamma(TRUE["r"], 1 / TRUE["alpha"], count) / 7
    dropout = chance.beta(TRUE["a"], TRUE["b"], count)
    scales = chance.gamma(TRUE["q"], 1 / TRUE["gamma"], count)
    numbers, days, at = [np.arange(count)], [ages], ages.astype(float)
    alive = np.arange(count)
    while len(alive):
        at[alive] -= chance.exponential(1, len(alive)) / np.maximum(rates[alive], 1e-12)
        alive = alive[at[alive] >= 0]
        numbers.append(alive)
        days.append(at[alive].astype(int))
        alive = alive[chance.random(len(alive)) >= dropout[alive]]
    who = np.concatenate(numbers)
    amounts = chance.gamma(TRUE["p"], 1 / scales[who])
    return pa.table({"customer_number": who + first, "age_days": np.concatenate(days), "amount": amounts.round(2)})


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result


@click.command()
@click.option("--customers", type=click.IntRange(1000), default=10_000_000, show_default=True)
def main(customers: int) -> None:
    """Prints the pass over the purchases, the fit and their ratio, and the parameters found beside the true ones."""
    warehouse, chance = Warehouse(), np.random.default_rng(7)
    run = warehouse.connection.execute
    run("create table purchases (customer_number integer, age_days integer, amount decimal(18, 2))")
    for first in range(0, customers, CHUNK):
        chunk = simulate(chance, first, min(CHUNK, customers - first))  # noqa: F841 - DuckDB reads it by its name
        run("insert into purchases select * from chunk")
    # as int_value_histories has them: several purchases of a day are one
    run(
        f"""create table histories as
        select date '{ORIGIN}' as origin_on, customer_number, count(*) - 1 as repeat_count,
            max(age_days) - min(age_days) as recency_days, max(age_days) as tenure_days,
            count(*) - 1 as repeat_value_count, sum(amount) - arg_max(amount, age_days) as repeat_amount
        from (select customer_number, age_days, sum(amount) as amount from purchases group by all) group by all"""
    )
    one_pass = (
        "select count(*), sum(n), max(last), sum(total) from (select count(*) as n, min(age_days) as last,"
        " sum(amount) as total from purchases group by customer_number)"
    )
    passes = [timed(lambda: run(one_pass).fetchall())[0]]
    fits = [timed(lambda: fit_origin(warehouse, "histories", ORIGIN, "day")) for _ in range(2)]  # type: ignore[arg-type]
    passes.append(timed(lambda: run(one_pass).fetchall())[0])
    (purchases,) = warehouse.rows("select count(*) from purchases")[0]
    seconds = min(one for one, _ in fits)
    click.echo(f"{customers:,} customers, {purchases:,} purchases")
    click.echo(f"pass     {min(passes):8.1f} s  (aggregate all purchases by customer)")
    click.echo(f"fit      {seconds:8.1f} s  (group and fit both models)")
    click.echo(f"ratio    {seconds / min(passes):8.1f}")
    for name, true in TRUE.items():
        click.echo(f"{name:8} {float(fits[0][1][name]):8.4f}    true {true}")


if __name__ == "__main__":
    main()
