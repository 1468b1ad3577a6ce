"""Results of experiments: published numbers from their sums, real data through the whole, scipy on random arms, A/A."""

from __future__ import annotations

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
    "int_experiment_splits", "int_experiment_pairs", "int_experiment_conversions", "int_experiment_revenues",
    "campaign_experiment",
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
Arm = dict[str, Any]


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


def literal(value: Any, double: str) -> str:
    if value is None:
        return f"cast(null as {double})"
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}'" if isinstance(value, str) and not value.replace(".", "").isdigit() else str(value)


def run_chain(
    target: Path, arms: list[Arm], create: Callable[[str, str], None], place: str, double: str = "double"
) -> None:
    """The compiled models over given sums, on any engine; `place` holds {name}."""
    nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    rows = (", ".join(f"{literal(value, double)} as {name}" for name, value in arm.items()) for arm in arms)
    create("int_experiment_arms", " union all ".join(f"select {row}" for row in rows))
    for name in CHAIN:
        sql = nodes[f"model.clm.{name}"]["compiled_code"]
        for parent in nodes[f"model.clm.{name}"]["depends_on"]["nodes"]:
            sql = sql.replace(nodes[parent]["relation_name"], place.format(name=nodes[parent]["name"]))
        create(name, sql)


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
    """The models on a DuckDB in memory."""

    def __init__(self, target: Path, arms: list[Arm] | pd.DataFrame) -> None:
        self.connection = duckdb.connect()
        first = [] if isinstance(arms, pd.DataFrame) else arms
        if isinstance(arms, pd.DataFrame):
            self.connection.execute("create table given_arms as select * from arms")
            first = [{"x": 1}]
        self.given = isinstance(arms, pd.DataFrame)
        run_chain(target, first, self.create, "{name}")

    def create(self, name: str, sql: str) -> None:
        if name == "int_experiment_arms" and self.given:
            sql = "select * from given_arms"
        self.connection.execute(f"create table {name} as {sql}")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()


def test_hillstroms_numbers_come_from_their_sums(demo: Shop) -> None:
    memory = Memory(demo.folder / "target", hillstrom_arms())
    check_hillstrom(memory.rows(QUERY.format(mart="campaign_experiment")))
    visits = memory.rows(
        "select treated_value, control_value, verdict from campaign_experiment where experiment_id = 'visits'"
    )
    assert {(round(float(one), 6), round(float(other), 6)) for one, other, _ in visits} == {
        (round(3894 / 21307, 6), round(2262 / 21306, 6)), (round(3238 / 21387, 6), round(2262 / 21306, 6)),
    }  # fmt: skip


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
        for row in Memory(demo.folder / "target", pd.DataFrame(arms)).rows(
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
    memory = Memory(demo.folder / "target", pd.DataFrame(arms))
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
