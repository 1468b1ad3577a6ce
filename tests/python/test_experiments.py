"""Results of experiments: published numbers from their sums, real data through the whole, scipy on random arms, A/A."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from conftest import Shop
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

CHAIN = (
    "int_tested_arms", "int_experiment_splits", "int_experiment_pairs", "int_experiment_conversions",
    "int_experiment_revenues", "int_experiment_results", "campaign_experiment",
)  # fmt: skip
COLUMNS = (
    "difference, lower_bound, upper_bound, p_value, adjusted_p_value, relative_difference, relative_lower_bound,"
    " relative_upper_bound, detectable_difference, split_p_value, split_check, verdict"
)
# Hillstrom's e-mail experiment: men's mail, women's mail, none; visits are another metric of the same people
HILLSTROM = [
    ("men", 21307, 267, "30311.69", "6759024.4973", 3894),
    ("women", 21387, 189, "23038.11", "4911446.5763", 3238),
    ("control", 21306, 122, "13908.33", "2870050.3621", 2262),
]
Row = dict[str, Any]
Arm = Row


def arm_row(experiment: str, metric: str, arm: str, n: int, k: int, **sums: Any) -> Arm:
    """A row of int_experiment_arms; sums that are not given are 0."""
    names = ("revenue_sum", "revenue_square_sum", "before_sum", "before_square_sum", "product_sum")
    return {
        "experiment_id": experiment, "metric": metric, "arm": arm, "is_control": arm == "control", "arm_share": None,
        "unit_count": n, "conversion_count": k, "has_revenue": "revenue_sum" in sums,
        "has_revenue_before": "before_sum" in sums, **{name: sums.get(name, 0) for name in names},
    }  # fmt: skip


def hillstrom_arms() -> list[Arm]:
    spend = [
        arm_row("hillstrom", "conversion", arm, n, k, revenue_sum=total, revenue_square_sum=squares)
        for arm, n, k, total, squares, _ in HILLSTROM
    ]
    return spend + [arm_row("visits", "visit", arm, n, visits) for arm, n, _, _, _, visits in HILLSTROM]


def campaign_sum(experiment: str, arm: str, n: int, k: int, **sums: Any) -> Arm:
    """A row of int_campaign_sums of a campaign that was meant to treat half; sums that are not given are 0."""
    names = ("revenue", "revenue_square", "margin", "margin_square", "before", "before_square", "product")
    return {
        "experiment_id": experiment, "breakdown": "all", "breakdown_value": "all", "arm": arm,
        "has_margin": "margin" in sums, "unit_count": n, "conversion_count": k, "assigned_share_sum": n / 2,
        **{f"{name}_sum": sums.get(name, "0.0000") for name in names},
    }  # fmt: skip


def literal(value: Any, double: str) -> str:
    if value is None:
        return f"cast(null as {double})"
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}'" if isinstance(value, str) and not value.replace(".", "").isdigit() else str(value)


def rows_sql(rows: list[Arm], double: str) -> str:
    texts = (", ".join(f"{literal(value, double)} as {name}" for name, value in row.items()) for row in rows)
    return " union all ".join(f"select {text}" for text in texts)


@functools.cache
def compiled_models(target: Path) -> dict[str, tuple[str, dict[str, str]]]:
    """By model: its compiled SQL, and its parents' names by the relations that stand in it."""
    nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    models = (node for node in nodes.values() if node["resource_type"] == "model" and node.get("compiled_code"))
    return {
        node["name"]: (
            node["compiled_code"],
            {nodes[parent]["relation_name"]: nodes[parent]["name"] for parent in node["depends_on"]["nodes"]},
        )
        for node in models
    }


def run_models(target: Path, models: tuple[str, ...], create: Callable[[str, str], None], place: str) -> None:
    """Compiled models, one after the other, on any engine; `place` holds {name}."""
    for name in models:
        sql, parents = compiled_models(target)[name]
        for relation, parent in parents.items():
            sql = sql.replace(relation, place.format(name=parent))
        create(name, sql)


def run_chain(
    target: Path, arms: list[Arm], create: Callable[[str, str], None], place: str, double: str = "double"
) -> None:
    """The compiled models over given sums, on any engine; `place` holds {name}. There is no campaign of ours."""
    create("int_experiment_arms", rows_sql(arms, double))
    create("int_campaign_sums", f"select * from ({rows_sql([campaign_sum('', '', 1, 0)], double)}) as none where 1 = 0")
    run_models(target, CHAIN, create, place)


def check_hillstrom(rows: list[tuple[Any, ...]]) -> None:
    """Rows of arm, measure and COLUMNS, of the experiment with revenue; to the six digits that are published."""
    found = {(row[0], row[1]): row[2:] for row in rows}
    published = {
        ("men", "conversion"): [".006805", ".005014", ".008641"],
        ("women", "conversion"): [".003111", ".001502", ".004745"],
        ("men", "revenue"): [".769827", ".485140", "1.054515"],
        ("women", "revenue"): [".424412", ".168957", ".679868"],
    }
    assert {key: [Decimal(str(value)) for value in row[:3]] for key, row in found.items()} == {
        key: [Decimal(text) for text in texts] for key, texts in published.items()
    }
    assert {round(float(row[9]), 4) for row in found.values()} == {0.9037}
    assert {row[10:] for row in found.values()} == {("ok", "better")}


QUERY = f"select arm, measure, {COLUMNS} from {{mart}} where experiment_id = 'hillstrom'"


class Memory:
    """A DuckDB in memory: tables that are given, and compiled models over them."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.connection = duckdb.connect()
        self.connection.execute("set threads = 1")

    def create(self, name: str, sql: str) -> None:
        self.connection.execute(f"create table {name} as {sql}")

    def give(self, name: str, rows: list[Row], types: str) -> None:
        """A table of these columns; what a row does not name is NULL."""
        self.connection.execute(f"create table {name} ({types})")
        if rows:
            given = pd.DataFrame(rows, dtype=object)
            self.connection.register("given", given)
            self.connection.execute(f"insert into {name} by name select * from given")
            self.connection.unregister("given")

    def run(self, *models: str) -> None:
        run_models(self.target, models, self.create, "{name}")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()


def judged(target: Path, arms: list[Arm] | pd.DataFrame) -> Memory:
    """The results of arms."""
    memory = Memory(target)
    if isinstance(arms, pd.DataFrame):
        memory.connection.register("arms", arms)
        memory.create("int_experiment_arms", "select * from arms")
        no_arm = rows_sql([campaign_sum("", "", 1, 0)], "double")
        memory.create("int_campaign_sums", f"select * from ({no_arm}) where 1 = 0")
        memory.run(*CHAIN)
    else:
        run_chain(target, arms, memory.create, "{name}")
    return memory


def test_hillstroms_numbers_come_from_their_sums(demo: Shop) -> None:
    memory = judged(demo.folder / "target", hillstrom_arms())
    check_hillstrom(memory.rows(QUERY.format(mart="campaign_experiment")))
    visits = memory.rows(
        "select treated_value, control_value, verdict from campaign_experiment where experiment_id = 'visits'"
    )
    assert {(round(float(one), 6), round(float(other), 6)) for one, other, _ in visits} == {
        (round(3894 / 21307, 6), round(2262 / 21306, 6)), (round(3238 / 21387, 6), round(2262 / 21306, 6)),
    }  # fmt: skip


def test_arms_of_others_pass_through_unchanged(demo: Shop) -> None:
    memory = judged(demo.folder / "target", hillstrom_arms())
    given = ", ".join(name for name in hillstrom_arms()[0] if name != "experiment_id")
    asked = f"select experiment_id, {given} from {{}} order by all"
    tested = memory.rows(asked.format("int_tested_arms"))
    assert len(tested) == 6 and tested == memory.rows(asked.format("int_experiment_arms"))
    assert memory.rows(
        "select distinct test_source, breakdown, breakdown_value, has_conversion from int_tested_arms"
    ) == [("imported", "all", "all", True)]


def test_a_campaign_of_ours_is_judged_by_the_same_formulas(demo: Shop) -> None:
    """The men's mail of Hillstrom's experiment as if it were ours, with revenue for margin as well."""
    memory = judged(demo.folder / "target", hillstrom_arms())
    others = memory.rows(
        "select measure, treated_value, control_value, difference, lower_bound, upper_bound, p_value, treated_count"
        " from int_experiment_results where experiment_id = 'hillstrom' and arm = 'men' order by 1"
    )
    ours = Memory(demo.folder / "target")
    sums = [
        campaign_sum(
            "k", "control" if arm == "control" else "treated", n, k, revenue=total, revenue_square=squares,
            margin=total, margin_square=squares,
        )
        for arm, n, k, total, squares, _ in HILLSTROM
        if arm != "women"
    ]  # fmt: skip
    ours.create("int_campaign_sums", rows_sql(sums, "double"))
    none = rows_sql(hillstrom_arms()[:1], "double")
    ours.create("int_experiment_arms", f"select * from ({none}) where 1 = 0")
    ours.run(*CHAIN)
    results = (
        "select measure, treated_value, control_value, difference, lower_bound, upper_bound, p_value, treated_count"
        " from int_experiment_results where test_source = 'campaign' and {} order by 1"
    )
    assert ours.rows(results.format("metric = 'purchase' and measure <> 'revenue_adjusted'")) == others
    assert ours.rows(results.format("metric = 'margin'")) == [row for row in others if row[0] == "revenue"]
    assert ours.rows("select count(*) from campaign_experiment") == [(0,)]


# -- Cookie Cats, raw rows to results


@pytest.fixture(scope="module")
def cookie_cats(shared_data: Path) -> dict[str, Any]:
    expected: dict[str, Any] = json.loads((shared_data / "cookie_cats" / "expected.json").read_text(encoding="utf-8"))
    return expected


def test_a_real_experiment_has_its_published_results(
    shop: Shop, shared_data: Path, cookie_cats: dict[str, Any]
) -> None:
    players = pd.read_parquet(shared_data / "cookie_cats" / "cookie_cats.parquet")
    parts = [
        pd.DataFrame(
            {
                "experiment_id": "cookie_cats",
                "unit_id": players["userid"].astype(str),
                "arm": players["test_version"].map({"gate_30": "control", "gate_40": "gate_40"}),
                "metric": metric,
                "outcome": players[metric].astype(int),
            }
        )
        for metric in ("retention_1", "retention_7")
    ]
    shop.write("experiments", pd.concat(parts))
    shop.write("orders", "order_id,customer_id,ordered_at,amount\n1,a,2026-01-01,5\n")
    shop.build(select=("+campaign_experiment",))
    rows = shop.rows(
        "select metric, control_count, treated_count, control_value, treated_value, difference, p_value, split_p_value,"
        " split_check, verdict from campaign_experiment order by metric"
    )
    assert [row[0] for row in rows] == ["retention_1", "retention_7"]
    for metric, *row in rows:
        wanted = cookie_cats[metric]
        assert row[:2] == [cookie_cats["n"]["gate_30"], cookie_cats["n"]["gate_40"]]
        shares = [wanted["gate_30"], wanted["gate_40"], wanted["diff"]]
        assert [float(value) for value in row[2:5]] == pytest.approx(shares, abs=1e-6)
        assert float(row[5]) == pytest.approx(wanted["p"], abs=5e-6)
        assert float(row[6]) == pytest.approx(cookie_cats["srm_p"], abs=1e-6) and row[7] == "warning"
    assert [row[-1] for row in rows] == ["no_difference_shown", "worse"]


# -- random arms against scipy


def sums_of(values: np.ndarray[Any, Any], before: np.ndarray[Any, Any]) -> dict[str, float]:
    return {
        "revenue_sum": values.sum(), "revenue_square_sum": (values**2).sum(), "before_sum": before.sum(),
        "before_square_sum": (before**2).sum(), "product_sum": (values * before).sum(),
    }  # fmt: skip


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(0, 10**9), treated=st.integers(40, 3000), control=st.integers(40, 3000))
def test_random_arms_have_the_results_of_scipy(demo: Shop, seed: int, treated: int, control: int) -> None:
    chance = np.random.default_rng(seed)
    arms, values, hits = [], {}, {}
    for arm, n in (("treated", treated), ("control", control)):
        before = chance.gamma(1, 20, n).round(2)
        values[arm] = (before * chance.uniform(0, 1) + chance.gamma(0.5, 30, n)).round(2)
        hits[arm] = int(chance.binomial(n, chance.uniform(0.02, 0.9)))
        arms.append(arm_row("e", "m", arm, n, hits[arm], **sums_of(values[arm], before)))
    found = {
        row[0]: [None if value is None else float(value) for value in row[1:]]
        for row in judged(demo.folder / "target", pd.DataFrame(arms)).rows(
            "select measure, difference, lower_bound, upper_bound, p_value, split_p_value from campaign_experiment"
        )
    }
    welch = stats.ttest_ind(values["treated"], values["control"], equal_var=False)
    bounds = welch.confidence_interval(0.95)
    difference, lower, upper, p_value, split = found["revenue"]
    assert difference == pytest.approx(values["treated"].mean() - values["control"].mean(), abs=1e-6)
    assert split == pytest.approx(stats.chisquare([treated, control]).pvalue, abs=1e-6)
    if 2 * min(treated, control) >= max(treated, control):
        assert [lower, upper] == pytest.approx([bounds.low, bounds.high], abs=1e-6)
        assert p_value == pytest.approx(welch.pvalue, abs=1e-6)
    else:
        exact = values["treated"].mean() - values["control"].mean()  # published ones are rounded
        pooled_test = stats.ttest_ind(values["treated"], values["control"])
        statistic = min(abs(welch.statistic), abs(pooled_test.statistic))
        half = stats.t.ppf(0.975, welch.df) * abs(exact) / statistic
        assert [lower, upper] == pytest.approx([exact - half, exact + half], abs=1e-6)
        assert p_value == pytest.approx(2 * stats.t.sf(statistic, welch.df), abs=1e-6)
    share, other = hits["treated"] / treated, hits["control"] / control
    one = stats.binomtest(hits["treated"], treated).proportion_ci(method="wilson")
    two = stats.binomtest(hits["control"], control).proportion_ci(method="wilson")
    pooled = (hits["treated"] + hits["control"]) / (treated + control)
    z = (share - other) / np.sqrt(pooled * (1 - pooled) * (1 / treated + 1 / control))
    assert found["conversion"][:4] == pytest.approx(
        [
            share - other,
            share - other - np.hypot(share - one.low, two.high - other),
            share - other + np.hypot(one.high - share, other - two.low),
            2 * stats.norm.sf(abs(z)),
        ],
        abs=1e-6,
    )


def test_without_an_effect_a_small_control_invents_none(demo: Shop) -> None:
    """A/A: 1,000 draws of 10,000 people of whom one in five buys for very different amounts; 5 % are held out."""
    chance = np.random.default_rng(11)
    arms = []
    for draw in range(1000):
        for arm, n in (("treated", 9500), ("control", 500)):
            bought = chance.random(n) < 0.2
            values = np.where(bought, chance.lognormal(3, 1.5, n), 0).round(2)
            row = arm_row(
                f"e{draw}", "m", arm, n, int(bought.sum()), revenue_sum=values.sum(),
                revenue_square_sum=(values**2).sum(),
            )  # fmt: skip
            arms.append({**row, "arm_share": 0.95 if arm == "treated" else 0.05})
    memory = judged(demo.folder / "target", pd.DataFrame(arms))
    ((coverage,),) = memory.rows(
        "select avg(case when 0 between lower_bound and upper_bound then 1 else 0 end) from campaign_experiment"
        " where measure = 'revenue'"
    )
    ((invented,),) = memory.rows(
        "select avg(case when verdict in ('better', 'worse') then 1 else 0 end) from campaign_experiment"
        " where measure = 'revenue'"
    )
    print(f"A/A: coverage {coverage:.3f}, verdicts of a difference {invented:.3f}")
    assert coverage >= 0.95 and invented <= 0.03


def test_the_demos_gift_wins_and_its_banner_is_not_to_be_trusted(demo: Shop) -> None:
    rows = demo.rows("select experiment_id, measure, verdict from campaign_experiment order by 1, 2")
    assert rows == [
        ("banner", "conversion", "not_to_be_trusted"),
        ("free_gift", "conversion", "better"),
        ("free_gift", "revenue", "better"),
        ("free_gift", "revenue_adjusted", "better"),
    ]
    widths = dict(demo.rows(
        "select measure, upper_bound - lower_bound from campaign_experiment where experiment_id = 'free_gift'"
    ))  # fmt: skip
    assert widths["revenue_adjusted"] < widths["revenue"]
