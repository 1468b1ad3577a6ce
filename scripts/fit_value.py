"""Fits the value models to the warehouse and appends what it found to the table clv_parameters.

    python scripts/fit_value.py

One fit per day from which the project predicts: the as-of date of the last build and the days on which its
predictions are judged. People are grouped in the warehouse, so the fit takes as long for ten million as for ten
thousand. Run `dbt build` before (it makes the histories) and `dbt build --select base_clv_parameters+` after it.
Exit codes: 0 fitted, or too little to fit and said so; 2 configuration; 4 the database stayed locked.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import click
import numpy as np
from activation import MISCONFIGURED, Stopped
from activation.ledger import SCHEMA
from activation.warehouse import Warehouse, connect, literal
from dbt.cli.resolvers import default_profiles_dir, default_project_dir
from value import Floats
from value.money import fit_money
from value.purchases import fit_purchases

FOLDER = click.Path(path_type=Path, file_okay=False, resolve_path=True)
COLUMNS = (
    "fit_id", "as_of_date", "fitted_at", "purchase_unit", "time_unit", "cohort", "customer_count",
    "repeat_customer_count", "resolution_days", "r", "alpha", "a", "b", "log_likelihood", "p", "q", "gamma",
    "money_log_likelihood", "bounded_parameters", "bounded_money_parameters",
)  # fmt: skip
# more people than this are grouped by week and by hundredths of the logarithm of what they spend
EXACT = 200_000


def columns(rows: Iterable[tuple[Any, ...]], count: int) -> list[Floats]:
    """Rows of numbers as arrays, one per column."""
    table = np.array([[float(value) for value in row] for row in rows], dtype=np.float64).reshape(-1, count)
    return [table[:, place] for place in range(count)]


def purchase_groups(warehouse: Warehouse, histories: str, origin: str, resolution: int) -> list[Floats]:
    """Repeat purchases, weeks from first to last, weeks since the first, people."""

    def days(column: str) -> str:
        return column if resolution == 1 else f"round({column} / {resolution}.0) * {resolution}"

    by = f"repeat_count, {days('recency_days')}, {days('tenure_days')}"
    rows = warehouse.rows(f"select {by}, count(*) from {histories} where origin_on = {origin} group by {by}")
    counts, recencies, tenures, people = columns(rows, 4)
    return [counts, recencies / 7, tenures / 7, people]


def money_groups(warehouse: Warehouse, histories: str, origin: str, people: int) -> list[Floats]:
    """Purchases after the first, their mean value, the mean of its logarithm, people."""
    step = "round(ln(repeat_amount) * 100)" if people > EXACT else "repeat_amount"
    rows = warehouse.rows(
        f"select repeat_value_count, sum(repeat_amount), sum(ln(repeat_amount)), count(*) from {histories}"
        f" where origin_on = {origin} and repeat_value_count > 0 group by repeat_value_count, {step}"
    )
    counts, amounts, logs, groups = columns(rows, 4)
    return [counts, amounts / groups / counts, logs / groups - np.log(counts), groups]


def fit_origin(warehouse: Warehouse, histories: str, day: date, unit: str) -> dict[str, Any]:
    """A row of clv_parameters for one day; parameters are NULL where there is nothing to fit."""
    origin = f"cast('{day}' as date)"
    with warehouse.transaction():
        people, again = warehouse.rows(
            f"select count(*), coalesce(sum(case when repeat_count > 0 then 1 else 0 end), 0) from {histories}"
            f" where origin_on = {origin}"
        )[0]
        resolution = 1 if people <= EXACT else 7
        groups = purchase_groups(warehouse, histories, origin, resolution)
        amounts = money_groups(warehouse, histories, origin, int(again))
    purchases, money = fit_purchases(*groups), fit_money(*amounts)
    row: dict[str, Any] = {
        "fit_id": str(uuid4()), "as_of_date": day, "fitted_at": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}",
        "purchase_unit": unit, "time_unit": "week", "cohort": "all", "customer_count": people,
        "repeat_customer_count": int(again), "resolution_days": resolution,
    }  # fmt: skip
    for fit, part in ((purchases, ""), (money, "money_")):
        if fit:
            row.update(fit.parameters)
            row[f"{part}log_likelihood"] = fit.log_likelihood
            row[f"bounded_{part}parameters"] = ",".join(fit.bounded) or None
    return row


def append(warehouse: Warehouse, rows: list[dict[str, Any]]) -> None:
    """Writes all rows in one statement, so that all of a run's fits are there or none."""
    schema = warehouse.relation(SCHEMA, "any").without_identifier().include(database=False)
    table = warehouse.relation(SCHEMA, "clv_parameters").render()
    text = warehouse.type_name("string")
    names = ", ".join(f"{name} {text}" for name in COLUMNS)
    for statement in (f"create schema if not exists {schema}", f"create table if not exists {table} ({names})"):
        if warehouse.problem(statement) and (second := warehouse.problem(statement)):
            raise Stopped(MISCONFIGURED, f"The table of the fits cannot be made in {schema}: {second}")
    values = [
        ", ".join("null" if row.get(name) is None else literal(str(row[name])) for name in COLUMNS) for row in rows
    ]
    with warehouse.transaction():
        warehouse.run(f"insert into {table} values " + ", ".join(f"({value})" for value in values))


def describe(row: dict[str, Any]) -> str:
    """One line about a fit, for people."""
    said = f"as of {row['as_of_date']}: {row['customer_count']} people, {row['repeat_customer_count']} bought again"
    if "r" not in row:
        return f"{said}; nothing to fit"
    names = ("r", "alpha", "a", "b", "log_likelihood", "p", "q", "gamma")
    said += "".join(f", {name} {row[name]:.4f}" for name in names if name in row)
    bounded = [row[name] for name in ("bounded_parameters", "bounded_money_parameters") if row.get(name)]
    return f"{said}; at its bound: {','.join(bounded)}" if bounded else said


@click.command()
@click.option("--project-dir", type=FOLDER, envvar="DBT_PROJECT_DIR", default=default_project_dir, help="As dbt's.")
@click.option("--profiles-dir", type=FOLDER, envvar="DBT_PROFILES_DIR", default=default_profiles_dir)
@click.option("--target", help="Target of dbt's profile.")
@click.option("--wait", type=float, default=30, show_default=True, help="Seconds to wait for a locked DuckDB file.")
def main(project_dir: Path, profiles_dir: Path, target: str | None, wait: float) -> None:
    """Fits BG/NBD and Gamma-Gamma for every day from which the last build predicts."""
    with contextlib.chdir(project_dir), connect(project_dir, profiles_dir, target, wait) as warehouse:
        histories = warehouse.relation("_intermediate", "int_value_histories").render()
        if problem := warehouse.problem(f"select 1 from {histories} where 1 = 0"):
            raise Stopped(MISCONFIGURED, f"{histories} cannot be read: run `dbt build` first. ({problem})")
        with warehouse.transaction():
            days = [row[0] for row in warehouse.rows(f"select distinct origin_on from {histories} order by 1")]
            unit = warehouse.rows(f"select min(purchase_unit) from {histories}")[0][0]
        rows = [fit_origin(warehouse, histories, day, unit) for day in days]
        if rows:
            append(warehouse, rows)
        for row in rows:
            click.echo(describe(row))
        if not rows:
            click.echo("Nobody has bought anything yet: there is nothing to fit.")


if __name__ == "__main__":
    main()
