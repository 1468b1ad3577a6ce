"""History of a day is the state computed from scratch as of that day: on the demo, on a real shop, on random facts.

The same holds for the segments of every month end. On PostgreSQL and Spark: tests/python/test_engines.py.
"""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import duckdb
import pandas as pd
import pytest
from conftest import Shop, new_shop
from replays import WRONG_HISTORY, WRONG_SEGMENTS, Replay, random_days, read_nodes

DAYS = 60
HISTORY = ("+lifecycle_history", "+customer_lifecycle", "+rfm_segment_monthly")
FIRST_AND_LAST = (
    "select min(valid_from), (select as_of_date from main_intermediate.int_as_of) from main.lifecycle_history"
)
# where a threshold lies, and the days beside it
GAPS = [0, 1, 29, 30, 31, 59, 60, 61, 89, 90, 91, 120, 179, 180, 181, 182, 270, 364, 365, 366]


class DuckReplay:
    """A shop's models replayed in memory beside its database, which stays as it is."""

    def __init__(self, shop: Shop, target: str) -> None:
        self.connection = duckdb.connect(str(shop.database))
        self.connection.execute("set TimeZone = 'UTC'")
        self.connection.execute("set threads = 1")  # they would wait for each other
        self.connection.execute("attach ':memory:' as replayed")
        self.replay = Replay(read_nodes(shop.folder / "target"), target, self.create)

    def create(self, name: str, sql: str) -> None:
        self.connection.execute(f"create or replace table replayed.main.{name} as {sql}")

    def set_day(self, day: dt.date) -> None:
        self.replay.set_day(day, "replayed.main.{name}")

    def close(self) -> None:
        self.connection.execute("detach replayed")
        self.connection.close()

    def count(self, sql: str, **names: Any) -> int:
        found: int = self.connection.execute(sql.format(**names)).fetchall()[0][0]
        return found


def wrong_days(shop: Shop, count: int) -> dict[str, int]:
    """Days on which people's history is not their state as of that day, and how many people."""
    replay = DuckReplay(shop, "int_customers_staged")
    first, last = shop.rows(FIRST_AND_LAST)[0]
    found = {}
    for day in random_days(first, last, count):
        replay.set_day(day)
        wrong = replay.count(
            WRONG_HISTORY,
            scratch="replayed.main.int_customers_staged", history="clm.main.lifecycle_history", day=day,
        )  # fmt: skip
        if wrong:
            found[str(day)] = wrong
    replay.close()
    return found


def wrong_months(shop: Shop, every: int = 1) -> dict[str, int]:
    """Month ends, all or every so many, at which people's segments and scores are not those computed as of that day."""
    replay = DuckReplay(shop, "int_customers_rfm_scored")
    found = {}
    for (day,) in shop.rows("select observed_on from main_intermediate.int_observation_days order by 1 desc")[::every]:
        replay.set_day(day)
        wrong = replay.count(
            WRONG_SEGMENTS,
            scratch="replayed.main.int_customers_rfm_scored", monthly="clm.main.rfm_segment_monthly", day=day,
        )  # fmt: skip
        if wrong:
            found[str(day)] = wrong
    replay.close()
    return found


def broken_periods(shop: Shop) -> list[tuple[Any, ...]]:
    """People whose periods overlap, leave a gap, or of whom not exactly one is open."""
    return shop.rows(
        "select customer_id from (select *, lead(valid_from) over (partition by customer_id order by valid_from)"
        " as next from lifecycle_history) group by customer_id"
        " having count(*) filter (where valid_to is distinct from next or valid_to <= valid_from) > 0"
        " or count(*) filter (where valid_to is null) <> 1"
    )


def test_history_of_the_demo_is_the_state_as_of_each_day(demo: Shop) -> None:
    assert wrong_days(demo, DAYS) == {}
    assert broken_periods(demo) == []


def test_segments_of_the_demo_are_those_as_of_each_month_end(demo: Shop) -> None:
    assert wrong_months(demo) == {}
    assert demo.rows("select count(distinct observed_on), count(*) > 5000 from rfm_segment_monthly")[0][1]


def test_the_comparison_sees_one_wrong_period(demo: Shop) -> None:
    shop = new_shop("test_history_wrong")
    demo.copy_database(shop.database)
    (shop.folder / "target").mkdir(exist_ok=True)
    (shop.folder / "target" / "manifest.json").write_bytes((demo.folder / "target" / "manifest.json").read_bytes())
    connection = duckdb.connect(str(shop.database))
    connection.execute(
        "update lifecycle_history set lifecycle_sub_state = 'x' where valid_to is null and customer_id ="
        " (select min(customer_id) from lifecycle_history where valid_from = (select min(valid_from) from"
        " lifecycle_history where valid_to is null) and valid_to is null)"
    )
    connection.execute(
        "update rfm_segment_monthly set segment = 'x' where customer_id = (select min(customer_id) from"
        " rfm_segment_monthly) and is_month_end"
    )
    connection.close()
    assert set(wrong_days(shop, 8).values()) == {1}
    assert set(wrong_months(shop, 6).values()) == {1}


def test_history_of_a_real_shop_is_the_state_as_of_each_day(retail: Shop) -> None:
    assert wrong_days(retail, DAYS) == {}
    assert broken_periods(retail) == []


def test_segments_of_a_real_shop_are_those_as_of_each_month_end(retail: Shop) -> None:
    assert wrong_months(retail) == {}


# -- random facts


class RandomShop:
    """People with few facts each, most of them on or beside the day on which a threshold falls."""

    def __init__(self, seed: int, people: int) -> None:
        self.chance = random.Random(seed)
        self.tables: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("orders", "refunds", "events", "customers", "consents", "feedback", "referrals")
        }
        for number in range(people):
            self.add_person(f"p{number:04d}")

    def at(self, day: dt.date) -> dt.datetime:
        """Some instant of a day, its first and last second among them."""
        second = self.chance.choice([0, 86_399, self.chance.randrange(86_400)])
        return dt.datetime.combine(day, dt.time()) + dt.timedelta(seconds=second)

    def row(self, table: str, **values: Any) -> None:
        self.tables[table].append(values)

    def add_person(self, person: str) -> None:
        leap = dt.date(2024, 2, 29)
        day = self.chance.choice([leap, leap - dt.timedelta(days=365), dt.date(2023, 12, 31), dt.date(2024, 1, 1)])
        if self.chance.random() < 0.5:
            self.add_record(person, day - dt.timedelta(days=self.chance.choice(GAPS)))
        for _ in range(self.chance.randint(0, 7)):
            day += dt.timedelta(days=self.chance.choice(GAPS))
            if day < dt.date(2026, 2, 1):
                self.add_fact(person, day)

    def add_record(self, person: str, day: dt.date) -> None:
        email = f"{person}@shop.example" if self.chance.random() < 0.5 else None
        registered = self.at(day) if self.chance.random() < 0.9 else None
        self.row("customers", customer_id=person, email=email, registered_at=registered)

    def add_fact(self, person: str, day: dt.date) -> None:
        kind = self.chance.choice(["order"] * 5 + ["event"] * 3 + ["consent", "feedback", "referral"])
        if kind == "order":
            self.add_order(person, day)
        elif kind == "event":
            event_type = self.chance.choice(["page_view", "search", "email_capture"])
            number = f"v{len(self.tables['events'])}"
            self.row("events", event_id=number, customer_id=person, event_type=event_type, occurred_at=self.at(day))
        elif kind == "consent":
            status = self.chance.choice(["granted", "denied", "withdrawn"])
            self.row(
                "consents", customer_id=person, channel="email", purpose="marketing", status=status,
                changed_at=self.at(day),
            )  # fmt: skip
        elif kind == "feedback":
            kind, score = self.chance.choice([("nps", 9), ("nps", 8), ("review", 5), ("review", 4), ("csat", 5)])
            number = f"f{len(self.tables['feedback'])}"
            self.row(
                "feedback", feedback_id=number, customer_id=person, kind=kind, score=score, submitted_at=self.at(day)
            )
        else:
            self.row(
                "referrals", referrer_customer_id=person, referred_customer_id=f"new_{person}", referred_at=self.at(day)
            )

    def add_order(self, person: str, day: dt.date) -> None:
        """One or two orders of a day; some are refunded in part or in full, at once or when a threshold falls."""
        for _ in range(self.chance.choice([1, 1, 1, 2])):
            order_id = f"o{len(self.tables['orders'])}"
            amount = self.chance.choice([0, 5, 10, 20, 80])
            status = self.chance.choice(["completed"] * 8 + ["refunded", "cancelled"])
            at = self.at(day)
            self.row("orders", order_id=order_id, customer_id=person, ordered_at=at, amount=amount, status=status)
            if self.chance.random() < 0.3:
                refunded_on = day + dt.timedelta(days=self.chance.choice(GAPS))
                part = self.chance.choice([amount, amount, amount / 2])
                if part > 0:
                    self.row(
                        "refunds", refund_id=f"r{order_id}", order_id=order_id, refunded_at=self.at(refunded_on),
                        amount=part,
                    )  # fmt: skip

    def write(self, shop: Shop) -> None:
        for name, rows in self.tables.items():
            shop.write(name, pd.DataFrame(rows))


VARIATIONS = {
    "defaults": "{}",
    "orders and a window": "{clm_purchase_unit: order, clm_rfm_window_days: 90, clm_loyal_purchases: 2}",
    "short spans": "{clm_churn_days: 60, clm_churn_engagement_days: 30, clm_growing_days: 31, clm_slipping_days: 29,"
    " clm_loyal_purchases: 1, clm_loyal_tenure_days: 1, clm_zero_amount_is_purchase: true, clm_rfm_window_days: 365}",
    "other zone": "{clm_timezone: Asia/Shanghai, clm_rfm_frequency_scoring: rank_quintile,"
    " clm_reactivated_days: 400, clm_onboarding_days: 181}",
}


@pytest.mark.parametrize("variation", VARIATIONS)
def test_history_of_random_facts_is_the_state_as_of_each_day(shop: Shop, variation: str) -> None:
    RandomShop(seed=len(variation), people=500).write(shop)
    shop.build(as_of="2026-03-31", variables=VARIATIONS[variation], select=HISTORY)
    assert wrong_days(shop, 30 if variation == "defaults" else 12) == {}
    assert broken_periods(shop) == []
    assert wrong_months(shop, 1 if variation == "defaults" else 5) == {}
    states = shop.rows("select distinct lifecycle_stage, lifecycle_sub_state from lifecycle_history")
    assert len(states) >= 10
    assert {row[0] for row in shop.rows("select distinct cause from lifecycle_history")} >= {
        "first_fact", "refund", "purchase", "engagement", "tenure", "silence", "window_expired",
    }  # fmt: skip


@pytest.mark.parametrize("as_of", ["2024-02-29", "2025-02-28"])
def test_what_comes_next_comes_if_nothing_happens(shop: Shop, as_of: str) -> None:
    """The day of the next change is the first on which the state of a person without later facts is another."""
    RandomShop(seed=5, people=300).write(shop)
    for name in ("orders", "refunds", "events", "customers", "consents", "feedback", "referrals"):
        frame = pd.read_parquet(shop.raw / f"{name}.parquet")
        (moment,) = (column for column in frame.columns if column.endswith("_at"))
        shop.write(name, frame[frame[moment].isna() | (frame[moment] < f"{as_of} 23:59:59.999")])
    shop.build(as_of=as_of, select=HISTORY)
    expected = dict(shop.rows("select customer_id, next_change_on from customer_lifecycle"))
    states = dict(shop.rows("select customer_id, lifecycle_sub_state from customer_lifecycle"))
    replay = DuckReplay(shop, "int_customers_staged")
    day, changed = dt.date.fromisoformat(as_of), {}
    for _ in range(600):
        day += dt.timedelta(days=1)
        if day not in expected.values() and day - dt.timedelta(days=1) not in expected.values():
            continue
        replay.set_day(day)
        for person, state in replay.connection.execute(
            "select customer_id, lifecycle_sub_state from replayed.main.int_customers_staged"
        ).fetchall():
            if person not in changed and state != states[person]:
                changed[person] = day
    replay.close()
    assert {person: changed.get(person) for person in expected} == expected
    assert len(set(changed.values())) > 5
