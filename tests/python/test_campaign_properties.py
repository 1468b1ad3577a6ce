"""Random assignments, orders and messages through the compiled SQL: sums and credits against a second count."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal, localcontext
from typing import Any

import pandas as pd
from conftest import Shop
from hypothesis import given, settings
from hypothesis import strategies as st
from test_experiments import Memory, Row

AS_OF = date(2026, 6, 30)
WINDOW = 30  # clm_attribution_window_days
GLOBAL_WINDOW = 90  # clm_global_control_window_days
WINDOWS = {"step_1": 14, "step_2": 30, "alone": 7}
GROUPS = {"step_1": "journey", "step_2": "journey", "alone": "alone"}
AMOUNTS = ("0.01", "0.05", "33.33", "100.00", "0.00", "-0.05", "7.77", "99999999999.99", "1000000000000.00")
WAYS = ("first", "last", "linear", "position")
PURCHASES = (
    "order_id varchar, customer_id varchar, customer_number integer, ordered_on date, ordered_at timestamp,"
    " net_revenue_amount decimal(18, 2), margin_amount decimal(28, 2), is_counted boolean"
)
MESSAGES = (
    "campaign_id varchar, channel varchar, customer_id varchar, sent_on date, sent_at timestamp, control_group varchar,"
    " cost_amount decimal(18, 4)"
)
ASSIGNMENTS = (
    "customer_id varchar, control_group varchar, campaign_id varchar, assigned_on date, assigned_at timestamp,"
    " entered_on date, assigned_by varchar, assigned_arm varchar, arm varchar, is_mixed boolean,"
    " control_share decimal(18, 4), variant varchar, segment varchar, lifecycle_stage varchar"
)


def moment(chance: random.Random, day: date) -> datetime:
    return datetime.combine(day, chance.choice([time(0), time(10), time(10, 0, 1), time(23, 59, 59)]))


def back(chance: random.Random, days: int, *edges: int) -> date:
    """A day before the as-of date: at an edge, or anywhere."""
    return AS_OF - timedelta(days=chance.choice(edges) if chance.random() < 0.6 else chance.randint(0, days))


# -- attribution


def random_touches(chance: random.Random) -> tuple[list[Row], list[Row]]:
    people = [f"c{number}" for number in range(chance.randint(1, 4))]
    orders, messages = [], {}
    for number in range(chance.randint(0, 12)):
        day = back(chance, 60, 0, 1, 30, 31)
        row = {"order_id": f"o{number}", "ordered_on": day, "ordered_at": moment(chance, day)}
        money = Decimal(chance.choice(AMOUNTS))
        row |= {"customer_id": chance.choice(people), "net_revenue_amount": money, "is_counted": chance.random() < 0.9}
        orders.append(row)
    for _ in range(chance.randint(0, 40)):
        day = back(chance, 90, 0, 1, 30, 31, 60, 61)
        row = {"sent_on": day, "sent_at": moment(chance, day), "customer_id": chance.choice([*people, "other"])}
        row |= {"campaign_id": chance.choice("abBä"), "channel": chance.choice(["email", "sms"])}
        messages[row["campaign_id"], row["channel"], row["customer_id"], day] = row
    return orders, list(messages.values())


def expected_touches(orders: list[Row], messages: list[Row]) -> dict[str, list[tuple[str, str, date]]]:
    """By order, its messages in their order."""
    touches = {}
    for order in (row for row in orders if row["is_counted"]):
        before = [
            (row["sent_at"], row["campaign_id"].encode(), row["channel"].encode(), row["sent_on"])
            for row in messages
            if row["customer_id"] == order["customer_id"]
            and row["sent_at"] < order["ordered_at"]
            and (order["ordered_on"] - row["sent_on"]).days <= WINDOW
        ]
        if before:
            touches[order["order_id"]] = [(c.decode(), channel.decode(), day) for _, c, channel, day in sorted(before)]
    return touches


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(0, 10**9))
def test_the_credits_of_a_purchase_are_one_and_their_money_is_its_revenue(demo: Shop, seed: int) -> None:
    orders, messages = random_touches(random.Random(seed))
    memory = Memory(demo.folder / "target")
    memory.give("int_purchases", orders, PURCHASES)
    memory.give("int_campaign_messages", messages, MESSAGES)
    memory.run("campaign_attribution")
    columns = ", ".join([*(f"{way}_credit" for way in WAYS), *(f"{way}_revenue_amount" for way in WAYS)])
    found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for row in memory.rows(
        f"select order_id, campaign_id, channel, sent_on, touch_count, {columns} from campaign_attribution"
        " order by order_id, touch_number"
    ):
        found[row[0]].append(row[1:])
    touches = expected_touches(orders, messages)
    assert {order: [row[:3] for row in rows] for order, rows in found.items()} == touches
    revenue = {row["order_id"]: row["net_revenue_amount"] for row in orders}
    for order, rows in found.items():
        size = len(rows)
        assert [row[3] for row in rows] == [size] * size
        credits, money = [row[4:8] for row in rows], [row[8:] for row in rows]
        assert [sum(column) for column in zip(*credits, strict=True)] == [1] * 4
        assert [sum(column) for column in zip(*money, strict=True)] == [revenue[order]] * 4
        edge = {1: 1, 2: Decimal("0.5")}.get(size, Decimal("0.4"))
        for place, (first, last, linear, position) in enumerate(credits):
            assert (first, last) == (int(place == 0), int(place == size - 1))
            assert abs(linear - Decimal(1) / size) < Decimal("0.00002")
            wanted = edge if place in (0, size - 1) else Decimal("0.2") / (size - 2)
            assert abs(position - wanted) < Decimal("0.00002")
        for credit, part in (
            (c, m) for cs, ms in zip(credits, money, strict=True) for c, m in zip(cs, ms, strict=True)
        ):
            assert abs(part - credit * revenue[order]) <= Decimal("0.01")


# -- outcomes and their sums


def random_campaigns(chance: random.Random) -> dict[str, list[Row]]:
    """People with arms, assignments, orders and messages around the edges of their windows."""
    people = [f"c{number}" for number in range(chance.randint(1, 40))]
    held_out = {person: chance.random() < 0.1 for person in people}
    tables: dict[str, list[Row]] = defaultdict(list)
    for number, person in enumerate(people):
        tables["int_customers"].append({"customer_id": person, "customer_number": number})
        tables["int_customers_held_out"].append({"customer_id": person, "is_global_control": held_out[person]})
        arm = "control" if held_out[person] else "treated"
        shared = {"customer_id": person, "assigned_by": "clm", "is_mixed": False, "control_share": Decimal("0.05")}
        drawn = {"control_group": "(global)", "assigned_on": back(chance, 400, 88, 89, 90, 91, 92), "arm": arm}
        tables["campaign_assignments"].append(shared | drawn | {"assigned_arm": arm})
        arms = {group: chance.choice(["control", "treated", "treated"]) for group in ("journey", "alone")}
        for campaign, group in GROUPS.items():
            for _ in range(chance.choice([0, 0, 1, 1, 1, 3])):
                day = back(chance, 120, 6, 7, 8, 13, 14, 29, 30, 31)
                row = {"control_group": group, "campaign_id": campaign, "assigned_on": day, "arm": arms[group]}
                row |= {"assigned_at": moment(chance, day) if chance.random() < 0.4 else None}
                row |= {"assigned_arm": arms[group], "is_mixed": chance.random() < 0.1}
                row |= {"control_share": Decimal(chance.choice(["0.1", "0.25"])), "variant": chance.choice("ab")}
                row |= {"segment": chance.choice(["loyal", None]), "lifecycle_stage": chance.choice(["churn", None])}
                tables["campaign_assignments"].append(shared | row)
    days = [row["assigned_on"] for row in tables["campaign_assignments"]]
    for number in range(chance.randint(0, 150)):
        day = chance.choice(days) + timedelta(days=chance.choice([-91, -90, -30, -29, -7, -1, 0, 1, 7, 14, 30, 31, 90]))
        row = {"order_id": f"o{number}", "ordered_on": day, "ordered_at": moment(chance, day)}
        margin = Decimal(chance.choice(AMOUNTS)) if chance.random() < 0.8 else None
        row |= {"customer_number": chance.randrange(len(people)), "margin_amount": margin}
        tables["int_order_margins"].append(row | {"net_revenue_amount": Decimal(chance.choice(AMOUNTS))})
    for _ in range(chance.randint(0, 60)):
        campaign = chance.choice([*GROUPS, "unknown"])
        day = chance.choice(days) + timedelta(days=chance.choice([-1, 0, 1, 7, 8, 14, 15, 30, 31]))
        row = {"campaign_id": campaign, "control_group": GROUPS.get(campaign, campaign), "sent_on": day}
        row |= {"customer_id": chance.choice(people), "cost_amount": Decimal(chance.choice(["0", "0.0125", "1.5"]))}
        tables["int_campaign_messages"].append(row)
    return tables


def same_day_first(tables: dict[str, list[Row]]) -> None:
    """Of two assignments of a person in a campaign and on a day one is left: which goes first is for unit tests."""
    kept = {(r["customer_id"], r["control_group"], r["assigned_on"]): r for r in tables["campaign_assignments"]}
    tables["campaign_assignments"] = list(kept.values())


def expected_units(tables: dict[str, list[Row]]) -> pd.DataFrame:
    given = pd.DataFrame(tables["campaign_assignments"], dtype=object)
    for name in ("campaign_id", "assigned_at", "variant", "segment", "lifecycle_stage"):
        given[name] = given.get(name)
    given = given.merge(pd.DataFrame(tables["int_customers"]), on="customer_id")
    given = given.merge(pd.DataFrame(tables["int_customers_held_out"]), on="customer_id")
    whole = given["control_group"] == "(global)"
    sent = given[~whole & ~given["is_global_control"].astype(bool)]
    campaigns = sent.assign(experiment_id=sent["campaign_id"], window=sent["campaign_id"].map(WINDOWS))
    steps = sent[sent["control_group"] == "journey"]
    # the longest window of the steps that anybody is in
    everybody = set(given.loc[given["control_group"] == "journey", "campaign_id"])
    longest = max((WINDOWS[campaign] for campaign in everybody), default=0)
    journeys = steps.assign(experiment_id="journey", window=longest)
    everything = given[whole].assign(experiment_id="(global)", window=GLOBAL_WINDOW)
    units = pd.concat([campaigns, journeys, everything]).sort_values("assigned_on", kind="stable")
    return units.drop_duplicates(["experiment_id", "customer_id"])


def outcome(unit: pd.Series[Any], orders: list[Row], messages: list[Row]) -> Row:
    """What became of a person, by days from the assignment."""
    start, whole = unit.assigned_on, unit.experiment_id == "(global)"
    first = max(start, AS_OF - timedelta(days=GLOBAL_WINDOW - 1)) if whole else start
    at = None if pd.isna(unit.assigned_at) else unit.assigned_at
    after, before = [], []
    for order in (row for row in orders if row["customer_number"] == unit.customer_number):
        day, is_known = order["ordered_on"], at is not None and order["ordered_at"] >= at
        if first <= day <= first + timedelta(days=unit.window) and (day > start or is_known):
            after.append(order)
        elif start - timedelta(days=unit.window) < day <= start and not is_known:
            before.append(order)
    reached = [
        row["cost_amount"]
        for row in messages
        if row["customer_id"] == unit.customer_id
        and (whole or unit.experiment_id in (row["campaign_id"], row["control_group"]))
        and first <= row["sent_on"] <= first + timedelta(days=unit.window)
    ]
    money = [
        sum((row["net_revenue_amount"] for row in after), Decimal(0)),
        sum((row["margin_amount"] or Decimal(0) for row in after), Decimal(0)),
        sum((row["net_revenue_amount"] for row in before), Decimal(0)),
    ]
    revenue, margin, earlier = (amount if abs(amount) < 10**12 else Decimal(0) for amount in money)
    share = Decimal(unit.control_share)
    return {
        "unit_count": 1, "mixed_count": int(unit.is_mixed), "reached_count": int(bool(reached)),
        "conversion_count": int(bool(after)), "cost_sum": sum(reached, Decimal(0)),
        "assigned_share_sum": share if unit.arm == "control" else 1 - share,
        "revenue_sum": revenue, "revenue_square_sum": revenue * revenue, "margin_sum": margin,
        "margin_square_sum": margin * margin, "before_sum": earlier, "before_square_sum": earlier * earlier,
        "product_sum": revenue * earlier,
    }  # fmt: skip


def expected_sums(tables: dict[str, list[Row]]) -> dict[tuple[str, ...], dict[str, Any]]:
    sums: dict[tuple[str, ...], dict[str, Any]] = {}
    for _, unit in expected_units(tables).iterrows():
        is_open = (AS_OF - unit.assigned_on).days < unit.window
        values = outcome(unit, tables["int_order_margins"], tables["int_campaign_messages"])
        parts = [("all", "all"), *((n, unit[n]) for n in ("variant", "segment", "lifecycle_stage"))]
        for breakdown, part in parts:
            if pd.isna(part):
                continue
            row = sums.setdefault(
                (str(unit.experiment_id), breakdown, part, str(unit.arm)), {"open_count": 0, **dict.fromkeys(values, 0)}
            )
            row["open_count"] += int(is_open)
            for name, value in values.items():
                row[name] += 0 if is_open else value
    return sums


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(0, 10**9))
def test_the_sums_of_campaigns_are_those_of_a_second_count(demo: Shop, seed: int) -> None:
    tables = random_campaigns(random.Random(seed))
    same_day_first(tables)
    memory = Memory(demo.folder / "target")
    memory.give("int_as_of", [{"as_of_date": AS_OF}], "as_of_date date")
    catalogue = [{"campaign_id": name, "conversion_window_days": days} for name, days in WINDOWS.items()]
    memory.give("campaigns", catalogue, "campaign_id varchar, conversion_window_days integer")
    memory.give("int_customers", tables["int_customers"], "customer_id varchar, customer_number integer")
    held_out = "customer_id varchar, is_global_control boolean"
    memory.give("int_customers_held_out", tables["int_customers_held_out"], held_out)
    memory.give("campaign_assignments", tables["campaign_assignments"], ASSIGNMENTS)
    memory.give("int_order_margins", tables["int_order_margins"], PURCHASES)
    memory.give("int_campaign_messages", tables["int_campaign_messages"], MESSAGES)
    memory.run("int_campaign_units", "int_campaign_outcomes", "int_campaign_sums")
    with localcontext(prec=60):
        expected = expected_sums(tables)
    names = list(next(iter(expected.values())))
    query = f"select experiment_id, breakdown, breakdown_value, arm, {', '.join(names)} from int_campaign_sums"
    found = {row[:4]: dict(zip(names, row[4:], strict=True)) for row in memory.rows(query)}
    assert found == expected
