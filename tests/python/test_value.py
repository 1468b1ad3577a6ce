"""Value models: published numbers reached, the series exact, gates that close, curves that fill in, leavers found."""

from __future__ import annotations

import datetime as dt
import json
import random
import sys
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from conftest import PROJECT, Shop, environment, new_shop
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaln, gammaln, hyp2f1
from test_cdnow import cdnow_orders

SCRIPTS = PROJECT / "scripts"
sys.path.insert(0, str(SCRIPTS))

from fit_value import main as fit_main  # noqa: E402
from value.money import money_likelihood  # noqa: E402
from value.purchases import fit_purchases, purchase_likelihood  # noqa: E402

GOLDEN = {"r": 0.24259286, "alpha": 4.41353059, "a": 0.79288634, "b": 2.4257534}
JUDGED = "{clm_zero_amount_is_purchase: true, clm_churn_horizon_days: 273, clm_value_horizon_days: 273}"
AHEAD = "{clm_zero_amount_is_purchase: true, clm_churn_horizon_days: 273, clm_value_horizon_days: 364}"


def fit(shop: Shop) -> str:
    """What scripts/fit_value.py says of a built shop; fails the test when it fails."""
    with environment({"CLM_DUCKDB_PATH": str(shop.database)}):
        done = CliRunner().invoke(fit_main, ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)])
    assert done.exit_code == 0, done.output
    return done.output


UNFITTED = "return_curve"
MARTS = ("customer_value", "prediction_backtest", "prediction_calibration", UNFITTED)


def build_fit_build(shop: Shop, as_of: str, variables: str = "{}") -> str:
    """As `make build` does it, for the models of value alone; what the fit says."""
    shop.build(as_of, variables, select=tuple(f"+{mart}" for mart in MARTS))
    said = fit(shop)
    shop.build(as_of, variables, select=tuple(f"base_clv_parameters+,+{mart}" for mart in MARTS if mart != UNFITTED))
    return said


def parameters(shop: Shop, as_of: str) -> dict[str, float]:
    names = ("r", "alpha", "a", "b", "log_likelihood", "p", "q", "gamma")
    rows = shop.rows(f"select {', '.join(names)} from main_staging.stg_clv_parameters where as_of_date = '{as_of}'")
    assert len(rows) == 1
    return dict(zip(names, rows[0], strict=True))


# -- CDNOW


@pytest.fixture(scope="module")
def cdnow(shared_data: Path) -> Shop:
    """39 weeks after the calibration: the backtest's origin is its end."""
    shop = new_shop("test_value_cdnow")
    shop.write("orders", cdnow_orders(shared_data))
    build_fit_build(shop, "1998-06-30", JUDGED)
    return shop


def test_the_fit_has_the_published_parameters(cdnow: Shop) -> None:
    found = parameters(cdnow, "1997-09-30")
    expected = {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}
    assert {name: round(found[name], 4) for name in expected} == expected
    assert round(found["log_likelihood"], 2) == -9582.43
    assert [round(found[name], digits) for name, digits in (("p", 3), ("q", 3), ("gamma", 2))] == [6.25, 3.744, 15.44]


def test_predictions_are_as_good_as_the_published_ones(cdnow: Shop) -> None:
    names = "purchase_bias_rate, purchase_rmse, purchase_correlation, auc, brier_score"
    backtest = {row[0]: row[1:] for row in cdnow.rows(f"select prediction_method, {names} from prediction_backtest")}
    bias, rmse, correlation, auc, brier = backtest["bg_nbd"]
    assert abs(bias) <= Decimal("0.122") and rmse <= Decimal("1.61") and correlation >= Decimal("0.625")
    assert auc >= Decimal("0.755") and brier <= Decimal("0.162")
    assert round(backtest["base_rate"][4], 3) == Decimal("0.206")
    # a way without a model is judged as well, and is worse
    assert backtest["rate"][1] > rmse and backtest["cohort_curve"][1] > rmse and backtest["return_curve"][4] > brier
    assert backtest["cohort_curve"][2] is None or backtest["cohort_curve"][2] < correlation


def test_calibration_holds_every_judged_person_once(cdnow: Shop) -> None:
    totals = cdnow.rows(
        "select prediction_method, sum(customer_count), round(sum(customer_count * actual_rate)), count(*)"
        " from prediction_calibration group by all order by all"
    )
    assert [(method, people, none) for method, people, none, _ in totals] == [
        ("bg_nbd", 2357, 1673), ("return_curve", 2357, 1673),
    ]  # fmt: skip
    errors = dict(
        cdnow.rows(
            "select prediction_method, sum(customer_count * abs(predicted_rate - actual_rate)) / sum(customer_count)"
            " from prediction_calibration group by all"
        )
    )
    assert errors["bg_nbd"] < 0.06 and errors["bg_nbd"] < errors["return_curve"]


def test_sums_over_the_sample_are_the_published_ones(shop: Shop, shared_data: Path) -> None:
    shop.write("orders", cdnow_orders(shared_data))
    build_fit_build(shop, "1997-09-30", AHEAD)
    sums = {
        row[0]: row[1:]
        for row in shop.rows(
            "select horizon_days, sum(p_alive), sum(expected_purchase_count), sum(p_no_purchase)"
            " from main_intermediate.int_value_scored where not is_backtest group by all"
        )
    }
    # published for a fit on weeks of two decimals; days are exact, so the last digits differ
    assert [float(value) for value in sums[273]] == pytest.approx([1917.2763, 1653.4230, 1739.9672], rel=2e-5)
    assert float(sums[364][1]) == pytest.approx(2089.4186, rel=2e-5)
    shop.build("1997-09-30", AHEAD.replace("364", "365"), select=("int_value_origins+,+int_value_scored",))
    year = shop.rows(
        "select sum(predicted_value_amount) from main_intermediate.int_value_scored where horizon_days = 365"
    )
    assert float(year[0][0]) == pytest.approx(75872.12, rel=5e-5)


def test_the_fit_on_the_published_summary_has_the_golden_parameters(shared_data: Path) -> None:
    summary = pd.read_csv(shared_data / "cdnow" / "reference_cdnow_customers_summary.csv")
    counts, recencies, tenures = (summary[name].to_numpy(dtype=float) for name in ("frequency", "recency", "T"))
    found = fit_purchases(counts, recencies, tenures, np.ones(len(summary)))
    assert found is not None
    assert found.parameters == pytest.approx(GOLDEN, rel=1e-4)


def test_the_fit_is_that_of_lifetimes(shared_data: Path) -> None:
    lifetimes = pytest.importorskip("lifetimes", reason="an optional group: requirements-bench.txt")
    summary = pd.read_csv(shared_data / "cdnow" / "reference_cdnow_customers_summary.csv")
    counts, recencies, tenures = (summary[name].to_numpy(dtype=float) for name in ("frequency", "recency", "T"))
    theirs = lifetimes.BetaGeoFitter().fit(counts, recencies, tenures).params_
    found = fit_purchases(counts, recencies, tenures, np.ones(len(summary)))
    assert found is not None
    assert found.parameters == pytest.approx(dict(theirs), rel=1e-3)


# -- the formulas, on any parameters and any (also broken) number of days


def scored(shop: Shop, fits: dict[str, float], people: list[tuple[int, float, float]], days: float) -> list[Any]:
    """P(alive), expected purchases and P(none) of (purchases, weeks to the last, weeks) by the compiled models."""
    nodes = json.loads((shop.folder / "target" / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    connection = duckdb.connect()
    origin = "date '2000-01-01' as origin_on"
    connection.execute(
        f"create table int_value_origins as select {origin}, {days} as horizon_days, true as is_backtest"
    )
    connection.execute(
        f"create table int_value_fits as select {origin}, null as purchase_gate, null as money_gate, 1.0 as p,"
        " 2.0 as q,"
        f" 1.0 as gamma, {', '.join(f'cast({value!r} as double) as {name}' for name, value in fits.items())}"
    )
    rows = ", ".join(f"({number}, {x}, {7 * tx!r}, {7 * t!r})" for number, (x, tx, t) in enumerate(people))
    connection.execute(
        f"create table int_value_histories as select {origin}, customer_number, repeat_count,"
        " repeat_count + 1 as purchase_day_count,"
        " cast(recency as double) as recency_days, cast(tenure as double) as tenure_days, 0 as repeat_value_count,"
        " 0 as repeat_amount, 0 as next_count, 0 as next_amount"
        f" from (values {rows}) as people(customer_number, repeat_count, recency, tenure)"
    )
    for name in ("int_value_points", "int_value_expected", "int_value_scored"):
        node = nodes[f"model.clm.{name}"]
        sql = node["compiled_code"].replace("273 as horizon_days", f"{days} as horizon_days")
        sql = sql.replace("273 as step_days", f"{days} as step_days")
        for parent in node["depends_on"]["nodes"]:
            sql = sql.replace(nodes[parent]["relation_name"], nodes[parent]["name"])
        connection.execute(f"create table {name} as {sql}")
    return connection.execute(
        "select p_alive, expected_purchase_count, p_no_purchase from int_value_scored order by customer_number"
    ).fetchall()


def test_golden_points(cdnow: Shop) -> None:
    people = [(2, 30.43, 38.86), (0, 0, 38.86), (7, 29.43, 38.86), (29, 37.0, 38.0)]
    expected = [
        (0.72660910, 1.22591032, 0.44539256), (1, 0.19478081, 0.85567220), (0.64180054, 3.33723897, 0.36431511),
        (0.95024662, 19.66284754, 0.04975339),
    ]  # fmt: skip
    for found, golden in zip(scored(cdnow, GOLDEN, people, 273), expected, strict=True):
        assert [float(value) for value in found] == pytest.approx(golden, abs=6e-7)  # six decimals are kept


def expected_by_hypergeometric(fits: dict[str, float], x: int, weeks: float, ahead: float) -> float:
    """Expected purchases of somebody alive, by the published formula and scipy's function."""
    r, alpha, a, b = (fits[name] for name in ("r", "alpha", "a", "b"))
    z = ahead / (alpha + weeks + ahead)
    series = float(hyp2f1(r + x, b + x, a + b + x - 1, z))
    return float((a + b + x - 1) / (a - 1) * (1 - (1 - z) ** (r + x) * series))


SHAPES = [
    GOLDEN,
    {"r": 0.6, "alpha": 5.8, "a": 0.98, "b": 13.0},
    {"r": 2.5, "alpha": 30.0, "a": 3.5, "b": 1.2},
    {"r": 0.1, "alpha": 4.0, "a": 0.3, "b": 0.4},
]


@pytest.mark.parametrize("fits", SHAPES)
def test_the_series_is_exact_at_52_weeks(cdnow: Shop, fits: dict[str, float]) -> None:
    people = [(x, 0.0, weeks) for x in (0, 1, 2, 9, 60) for weeks in (0.0, 1.0, 10.0, 52.0, 200.0)]
    nodes = json.loads((cdnow.folder / "target" / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    sql = nodes["model.clm.int_value_points"]["compiled_code"].split("steps as (")[1].split("tailed as (")[1]
    r, alpha, a, b = (fits[name] for name in ("r", "alpha", "a", "b"))
    rows = ", ".join(
        f"(cast({x} as double), cast({a + b + x - 1!r} as double), cast({52 / (alpha + weeks + 52)!r} as double), {n})"
        for n, (x, _, weeks) in enumerate(people)
    )
    points = (
        f"with points as (select null as origin_on, n as horizon_days, x as repeat_count, null as tenure_days, null as"
        f" step_days, cast({a!r} as double) as a, c, cast({a + b - r - 1!r} as double) as d, z from (values {rows})"
        " as given(x, c, z, n)), tailed as ("
    )
    found = dict(duckdb.execute(f"select horizon_days, expected_count_alive from ({points}{sql.rstrip()})").fetchall())
    wrong = {
        people[n]: (found[n], expected_by_hypergeometric(fits, people[n][0], people[n][2], 52))
        for n in found
        if abs(found[n] - expected_by_hypergeometric(fits, people[n][0], people[n][2], 52)) > 1e-8
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("fits", "beside"),
    [
        ({"r": 0.5, "alpha": 6.0, "a": 1.0, "b": 2.0}, {"a": 1.000001}),
        ({"r": 0.5, "alpha": 6.0, "a": 0.4, "b": 0.6}, {"a": 0.4000001}),
    ],
)
def test_where_the_usual_formula_divides_by_nothing(
    cdnow: Shop, fits: dict[str, float], beside: dict[str, float]
) -> None:
    found = scored(cdnow, fits, [(0, 0, 20), (3, 10, 20)], 273)
    for row, (x, weeks) in zip(found, [(0, 20), (3, 20)], strict=True):
        limit = expected_by_hypergeometric({**fits, **beside}, x, weeks, 39)
        assert float(row[1]) == pytest.approx(float(row[0]) * limit, abs=1e-5)


# -- the fit


def some_people(seed: int, rates: float = 0.05) -> tuple[Any, Any, Any]:
    """Repeat purchases, weeks to the last, weeks, of 300 people, some of whom never came again or came today."""
    chance = np.random.default_rng(seed)
    tenures = np.where(chance.random(300) < 0.1, 0.0, chance.uniform(0, 150, 300))
    counts = np.floor(chance.gamma(1.0, tenures * rates))
    return counts, np.where(counts > 0, tenures * chance.beta(2, 1, 300), 0), tenures


POSITIVE = st.floats(0.05, 20)


@settings(max_examples=60, deadline=None)
@given(st.tuples(POSITIVE, POSITIVE, POSITIVE, POSITIVE), st.integers(1, 10_000))
def test_likelihoods_are_the_published_ones_and_gradients_their_slopes(shape: tuple[float, ...], seed: int) -> None:
    """At any parameters, not at the maximum alone; the formulas are written again below, the slopes taken by steps."""
    chance = np.random.default_rng(seed)
    counts, recencies, tenures = some_people(seed)
    people = chance.integers(1, 5, 300).astype(float)
    bought, means = np.maximum(counts, 1), chance.gamma(2, 20, 300) + 0.01
    purchases = purchase_likelihood(counts, recencies, tenures, people)
    money = money_likelihood(bought, means, np.log(means), people)
    for likelihood, published, at in (
        (purchases, partial(published_purchases, counts, recencies, tenures, people), np.array(shape)),
        (money, partial(published_money, bought, means, people), np.array(shape[:3])),
    ):
        value, gradient = likelihood(at)
        assert value == pytest.approx(published(*at), rel=1e-9)
        for place, slope in enumerate(gradient):
            step = np.zeros(len(at))
            step[place] = 1e-5 * at[place]
            by_steps = (published(*(at + step)) - published(*(at - step))) / (2 * step[place])
            assert slope == pytest.approx(by_steps, rel=1e-4, abs=1e-6 * abs(value) / at[place])


def published_purchases(x: Any, tx: Any, t: Any, n: Any, r: float, alpha: float, a: float, b: float) -> float:
    """The likelihood of BG/NBD by beta functions, as it was published."""
    lasting = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + t)
    dropped = np.where(
        x > 0, betaln(a + 1, b + np.maximum(x, 1) - 1) - betaln(a, b) - (r + x) * np.log(alpha + tx), -np.inf
    )
    each = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + np.logaddexp(lasting, dropped)
    return float((n * each).sum())


def published_money(x: Any, mean: Any, n: Any, p: float, q: float, gamma: float) -> float:
    """The likelihood of Gamma-Gamma, as it was published."""
    rest = (p * x - 1) * np.log(mean) + p * x * np.log(x) - (p * x + q) * np.log(gamma + x * mean)
    return float((n * (gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(gamma) + rest)).sum())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_step_from_the_fit_goes_up(seed: int) -> None:
    counts, recencies, tenures = some_people(seed, rates=0.1)
    found = fit_purchases(counts, recencies, tenures, np.ones(300))
    assert found is not None
    best = published_purchases(counts, recencies, tenures, np.ones(300), **found.parameters)
    assert best == pytest.approx(found.log_likelihood, rel=1e-9)
    for name, value in found.parameters.items():
        for step in (0.9, 0.999, 1.001, 1.1):
            moved = {**found.parameters, name: value * step}
            if name not in found.bounded:
                assert published_purchases(counts, recencies, tenures, np.ones(300), **moved) < best + 1e-7


def test_grouped_by_week_the_fit_is_nearly_the_same(shared_data: Path) -> None:
    summary = pd.read_csv(shared_data / "cdnow" / "reference_cdnow_customers_summary.csv")
    weekly = summary.assign(recency=summary["recency"].round(), T=summary["T"].round())
    grouped = weekly.groupby(["frequency", "recency", "T"]).size().reset_index(name="people")
    columns = [grouped[name].to_numpy(dtype=float) for name in ("frequency", "recency", "T", "people")]
    found = fit_purchases(*columns)
    assert found is not None and len(grouped) < len(summary) / 3
    assert found.parameters == pytest.approx(GOLDEN, rel=0.03)


# -- gates


def shop_of(shop: Shop, days: dict[str, list[str]]) -> None:
    rows = [(person, day) for person, bought in days.items() for day in bought]
    shop.write(
        "orders",
        pd.DataFrame(
            {
                "order_id": [f"o{number}" for number in range(len(rows))],
                "customer_id": [person for person, _ in rows],
                "ordered_at": pd.to_datetime([day for _, day in rows]),
                "amount": [20 + number % 7 for number in range(len(rows))],
            }
        ),
    )


DEGENERATE = {
    "one customer": {"Жанна d'Arc 王": ["2025-01-01"]},
    "everybody once": {f"c{n}": [f"2025-0{1 + n % 6}-1{n % 9}"] for n in range(60)},
    "fifty customers": {f"c{n}": ["2025-01-01", f"2025-03-{1 + n % 28:02d}"] for n in range(50)},
    # everybody comes every month and nobody ever drops out
    "no dropout": {f"c{n}": [f"2025-{month:02d}-{1 + n % 28:02d}" for month in range(1, 13)] for n in range(320)},
}
GATES = {
    "one customer": "few_repeat_customers",
    "everybody once": "few_repeat_customers",
    "fifty customers": "few_repeat_customers",
    "no dropout": "parameter_at_bound",
}


def test_equal_amounts_close_the_gate_of_money_alone(shop: Shop, shared_data: Path) -> None:
    shop.write("orders", cdnow_orders(shared_data).assign(amount=25))
    build_fit_build(shop, "1998-06-30")
    rows = shop.rows(
        "select distinct value_method, value_gate, probability_method, probability_gate from customer_value"
    )
    assert rows == [("cohort_curve", "money_parameter_at_bound", "bg_nbd", None)]


@pytest.mark.parametrize("kind", DEGENERATE)
def test_too_little_or_too_much_alike_closes_the_gate(shop: Shop, kind: str) -> None:
    shop_of(shop, DEGENERATE[kind])
    build_fit_build(shop, "2025-12-31")
    rows = shop.rows(
        "select distinct value_method, value_gate, probability_method, probability_gate, p_alive is null from"
        " customer_value"
    )
    assert rows == [("cohort_curve", GATES[kind], "return_curve", GATES[kind], True)]
    filled = shop.rows(
        "select count(*), count(predicted_value_amount), count(p_no_purchase), min(p_no_purchase) >= 0,"
        " max(p_no_purchase) <= 1 from customer_value"
    )
    people = len(DEGENERATE[kind])
    assert filled == [(people, people, people, True, True)]


def test_without_purchases_and_without_a_fit_nothing_fails(shop: Shop) -> None:
    shop_of(shop, {"c1": ["2025-01-01"]})
    shop.build("2024-01-01", select=("+customer_value",))
    assert shop.rows("select count(*) from customer_value") == [(0,)]
    assert "nothing to fit" in fit(shop)


def test_a_fit_before_any_build_says_what_to_do(shop: Shop) -> None:
    with environment({"CLM_DUCKDB_PATH": str(shop.folder / "none.duckdb")}):
        done = CliRunner().invoke(fit_main, ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)])
    assert done.exit_code == 2
    assert "run `dbt build` first" in done.output


# -- churn warning


def test_planted_leavers_are_flagged_and_stayers_are_not(shop: Shop) -> None:
    """People of a service who use it on some days of a week; every fifth stops almost, five weeks before the end."""
    chance = random.Random(3)
    end = dt.date(2025, 12, 31)
    leavers, events, orders = set(), [], {}
    for number in range(600):
        person, share = f"p{number}", chance.uniform(0.2, 0.8)
        if number % 5 == 0:
            leavers.add(person)
        for age in range(200):
            left = person in leavers and age < 35
            if chance.random() < (share * 0.15 if left else share):
                day = end - dt.timedelta(days=age)
                events.append((person, dt.datetime.combine(day, dt.time(12))))
        orders[person] = ["2025-06-01"]
    shop_of(shop, orders)
    shop.write(
        "events",
        pd.DataFrame(
            {
                "event_id": [f"e{number}" for number in range(len(events))],
                "customer_id": [person for person, _ in events],
                "event_type": "feature_used",
                "occurred_at": [at for _, at in events],
            }
        ),
    )
    build_fit_build(shop, str(end))
    flagged = {
        person for (person,) in shop.rows("select customer_id from main_intermediate.int_customers_warned"
                                          " where is_engagement_falling")
    }  # fmt: skip
    precision, recall = len(flagged & leavers) / len(flagged), len(flagged & leavers) / len(leavers)
    print(f"falling engagement: precision {precision:.3f}, recall {recall:.3f}")
    assert precision >= 0.8 and recall >= 0.8


def test_nobody_who_refused_profiling_is_predicted(demo: Shop) -> None:
    refused = demo.rows(
        "select count(*), count(p_no_purchase), count(predicted_value_amount), count(p_alive), count(churn_risk),"
        " count(churn_drivers_en) from customer_value where customer_id in (select customer_id from"
        " main_intermediate.int_consents_in_force where purpose = 'profiling' and status <> 'granted')"
    )[0]
    assert refused[0] > 0 and set(refused[1:]) == {0}
    assert demo.rows("select count(*) from customer_tags where tag = 'churn_risk'")[0][0] > 50


def test_the_demo_predicts_by_its_own_fit_and_says_how_well(demo: Shop) -> None:
    methods = demo.rows("select distinct value_method, probability_method, fitted_on from customer_value")
    assert methods == [("bg_nbd", "bg_nbd", dt.date(2026, 6, 30))]
    lifecycle = demo.rows(
        "select count(*) from customer_lifecycle join customer_value using (customer_id) where"
        " customer_lifecycle.p_no_purchase is distinct from customer_value.p_no_purchase or"
        " customer_lifecycle.churn_risk is distinct from customer_value.churn_risk or"
        " customer_lifecycle.predicted_value_amount is distinct from customer_value.predicted_value_amount"
    )
    assert lifecycle == [(0,)]
