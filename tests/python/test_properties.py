"""Random raw worlds with every kind of dirty row: nothing is lost, and a second implementation agrees on everybody."""

from __future__ import annotations

import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from conftest import Shop, new_shop
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

EDGES = (0, 1, 29, 30, 31, 59, 60, 61, 89, 90, 91, 150, 179, 180, 181, 270, 271, 364, 365, 366, 730)
AS_OF_DATES = (date(2024, 2, 29), date(2024, 3, 1), date(2023, 12, 31), date(2025, 2, 28), date(2024, 10, 28))
SILENT = ("email_sent", "unsubscribe", "logout")
CENT = Decimal("0.01")
Row = dict[str, str | None]


def day_text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def to_cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


@dataclass
class Order:
    """A sound order of a person; days are business days."""

    order_id: str
    person: str | None
    email: str | None
    day: date
    at: datetime
    amount: Decimal
    rate: Decimal
    status: str | None
    updated_on: date | None
    refunds: list[tuple[date, datetime, str, Decimal]] = field(default_factory=list)

    @property
    def is_purchase(self) -> bool:
        return self.person is not None and self.status in (None, "completed", "shipped", "refunded") and self.amount > 0

    def money_back(self) -> list[tuple[date, Decimal, bool]]:
        """Each refund as day, reporting amount and whether the order is fully refunded by it, in order."""
        rows = sorted((max(day, self.day), at, key, amount) for day, at, key, amount in self.refunds)
        if not rows and self.status == "refunded":
            rows = [(max(self.updated_on or self.day, self.day), self.at, "", self.amount)]
        parts, so_far = [], Decimal(0)
        for day, _, _, amount in rows:
            part = to_cents((so_far + amount) * self.rate) - to_cents(so_far * self.rate)
            so_far += amount
            parts.append((day, part, so_far >= self.amount))
        return parts

    def refunded_on(self) -> date | None:
        return next((day for day, _, is_full in self.money_back() if is_full), None)

    def counts_on(self, day: date) -> bool:
        gone = self.refunded_on()
        return self.is_purchase and self.day <= day and (gone is None or gone > day)


@dataclass
class World:
    """Raw tables as text, the rows planted to fail by table and rule, and the facts that the sound rows state."""

    as_of: date
    zone: str
    rng: random.Random
    raw: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    planted: Counter[tuple[str, str]] = field(default_factory=Counter)
    orders: list[Order] = field(default_factory=list)
    first_facts: dict[str, list[date | None]] = field(default_factory=lambda: defaultdict(list))
    engagements: dict[str, set[date]] = field(default_factory=lambda: defaultdict(set))
    advocacies: dict[str, set[date]] = field(default_factory=lambda: defaultdict(set))
    addresses: dict[str, date | None] = field(default_factory=dict)
    consents: dict[tuple[str, str, str], tuple[datetime, str]] = field(default_factory=dict)
    emails: dict[str, str] = field(default_factory=dict)

    def day(self) -> date:
        """A day before the as-of date at an edge, anywhere, or now and then after it."""
        kind = self.rng.random()
        if kind < 0.06:
            return self.as_of + timedelta(days=self.rng.randint(1, 40))
        back = self.rng.choice(EDGES) if kind < 0.7 else self.rng.randint(0, 900)
        return self.as_of - timedelta(days=back)

    def moment(self, day: date) -> datetime:
        """An instant of a business day as UTC, midnights of the zone included."""
        clock = self.rng.choice([time(0, 0, 0), time(23, 59, 59), time(12, 30, self.rng.randint(0, 59)), time(8, 0, 0)])
        return datetime.combine(day, clock, ZoneInfo(self.zone)).astimezone(UTC).replace(tzinfo=None)

    def local_day(self, at: datetime) -> date:
        return at.replace(tzinfo=UTC).astimezone(ZoneInfo(self.zone)).date()

    def plant(self, table: str, rule: str, row: Row) -> None:
        self.raw[table].append(row)
        self.planted[(table, rule)] += 1


def make_world(seed: int, as_of: date, zone: str) -> World:
    world = World(as_of, zone, random.Random(seed))
    people = [f"c{number}" for number in range(world.rng.choice([1, 15, 60, 60]))]
    for offset, rate in ((1500, "0.9"), (365, "0.85000001"), (90, "1.10001"), (0, "0.5")):
        row: Row = {"currency": "usd", "rate_date": str(as_of - timedelta(days=offset)), "rate": rate}
        world.raw["fx_rates"].append(row)
    for person in people:
        add_record(world, person)
    add_order(world, people[0])
    for person in people:
        for _ in range(world.rng.choice([0, 0, 1, 1, 2, 3, 6])):
            add_order(world, person)
        add_other_facts(world, person)
    for number in range(len(people) // 4 + 1):
        add_visitor(world, f"v{number}", people)
        add_order(world, None, guest=world.rng.choice([f"stranger{number}@x.org", *world.emails]))
    for number in range(25):
        add_comeback(world, f"k{number}")
    plant_dirt(world)
    for rows in world.raw.values():
        world.rng.shuffle(rows)
    return world


def add_record(world: World, person: str) -> None:
    if world.rng.random() < 0.25:
        return
    registered = world.day() if world.rng.random() < 0.8 else None
    email = f"{person}@x.org" if world.rng.random() < 0.6 else None
    at = world.moment(registered) if registered else None
    world.raw["customers"].append(
        {"customer_id": person, "email": email and f" {email.upper()} ", "registered_at": day_text(at) if at else None}
    )
    world.first_facts[person].append(registered)
    if email:
        world.emails[email] = person
        world.addresses[person] = registered


def rate_on(world: World, currency: str | None, day: date) -> Decimal:
    if currency != "USD":
        return Decimal(1)
    rates = {date.fromisoformat(str(r["rate_date"])): Decimal(str(r["rate"])) for r in world.raw["fx_rates"]}
    return rates[max(known for known in rates if known <= day)]


def add_order(world: World, person: str | None, guest: str | None = None, on: date | None = None) -> None:
    rng = world.rng
    number = len(world.orders)
    day = on or world.day()
    at = world.moment(day)
    amount = Decimal(rng.choice(["0.01", "5", "10", "10.01", "10", "99.99", "1234.56", "0", "-5"]))
    currency = rng.choice(["EUR", "EUR", "EUR", "EUR", None, "USD"])
    status = rng.choice(
        ["completed", "completed", "completed", None, "shipped", "refunded", "pending", "cancelled", "test"]
    )
    updated = world.moment(day + timedelta(days=rng.choice([0, 3, 200]))) if rng.random() < 0.5 else None
    updated_on = world.local_day(max(updated, at)) if updated else None
    owner = person or (
        world.emails.get(guest, f"guest_{hashlib.sha256(guest.encode()).hexdigest()}") if guest else None
    )
    order = Order(f"o{number}", owner, guest, day, at, amount, rate_on(world, currency, day), status, updated_on)
    world.orders.append(order)
    row: Row = {"order_id": order.order_id, "customer_id": person, "email": guest, "ordered_at": day_text(at)}
    row |= {"amount": str(amount), "status": status, "currency": currency}
    row["updated_at"] = day_text(updated) if updated else None
    world.raw["orders"].append(row)
    if owner:
        world.first_facts[owner].append(day)
    if order.is_purchase and owner:
        world.engagements[owner].add(day)
    if amount > 0 and rng.random() < 0.35:
        add_refunds(world, order)
    if rng.random() < 0.1 and updated:
        older = row | {"amount": "777", "updated_at": day_text(updated - timedelta(seconds=1))}
        world.plant("orders", "superseded", older)
    if rng.random() < 0.1:
        world.plant("orders", "exact_duplicate", dict(row))


def add_refunds(world: World, order: Order) -> None:
    left = order.amount
    for place in range(world.rng.choice([1, 1, 2, 3])):
        part = left if world.rng.random() < 0.4 else to_cents(left * Decimal(world.rng.choice(["0.3", "0.5", "0.99"])))
        if part <= 0:
            break
        day = world.rng.choice(
            [order.day, order.day - timedelta(days=1), order.day + timedelta(days=30), world.as_of, world.day()]
        )
        at = world.moment(day)
        key = f"r{order.order_id}_{place}"
        order.refunds.append((day, at, key, part))
        world.raw["refunds"].append(
            {
                "refund_id": key,
                "order_id": order.order_id,
                "refunded_at": day_text(at),
                "amount": str(part),
                "reason": None,
            }
        )
        left -= part
    if world.rng.random() < 0.2:
        late = day_text(datetime.combine(world.as_of, time()) + timedelta(days=900))
        row: Row = {
            "refund_id": f"over_{order.order_id}",
            "order_id": order.order_id,
            "refunded_at": late,
            "reason": None,
        }
        world.plant("refunds", "over_refunded", row | {"amount": str(order.amount + 1)})


def add_event(world: World, person: str, row: Row, on: date | None = None) -> None:
    day = on or world.day()
    kind = world.rng.choice(["page_view", "product_view", "add_to_cart", "wishlist", "own_kind", *SILENT])
    number = len(world.raw["events"])
    world.raw["events"].append(
        row
        | {"event_id": f"e{number}", "event_type": kind, "occurred_at": day_text(world.moment(day)), "properties": None}
    )
    world.first_facts[person].append(day)
    if kind not in SILENT:
        world.engagements[person].add(day)


def add_visitor(world: World, visitor: str, people: list[str]) -> None:
    """A visitor whose events belong to the customer who once used the id, if any did."""
    known = world.rng.choice([None, *people])
    person = known or f"anon_{visitor}"
    if known:
        add_event(world, known, {"anonymous_id": visitor, "customer_id": known})
    for _ in range(world.rng.randint(1, 3)):
        add_event(world, person, {"anonymous_id": visitor, "customer_id": None})


def add_comeback(world: World, person: str) -> None:
    """Somebody who came back about 60 days ago, after about as long a silence as a churned period needs."""
    back = world.as_of - timedelta(days=world.rng.choice([0, 1, 58, 59, 60]))
    add_order(world, person, on=back - timedelta(days=world.rng.choice([180, 181, 182, 300])))
    seen: Row = {"anonymous_id": None, "customer_id": person}
    if world.rng.random() < 0.4:
        add_event(world, person, seen, on=back - timedelta(days=world.rng.choice([89, 90, 91, 92])))
    if world.rng.random() < 0.5:
        add_order(world, person, on=back)
    else:
        add_event(world, person, seen, on=back)


def add_other_facts(world: World, person: str) -> None:
    rng = world.rng
    for _ in range(rng.choice([0, 0, 1, 4])):
        add_event(world, person, {"anonymous_id": None, "customer_id": person})
    for kind, score in rng.sample(
        [("nps", 9), ("nps", 8), ("review", 5), ("review", 4), ("csat", 5)], rng.choice([0, 0, 1, 2])
    ):
        day = world.day()
        row: Row = {
            "customer_id": person,
            "kind": kind,
            "score": str(score),
            "submitted_at": day_text(world.moment(day)),
        }
        world.raw["feedback"].append(row | {"feedback_id": f"f{len(world.raw['feedback'])}"})
        world.first_facts[person].append(day)
        world.engagements[person].add(day)
        if (kind == "nps" and score >= 9) or (kind == "review" and score == 5):
            world.advocacies[person].add(day)
    for kind in rng.sample(["sent", "opened", "clicked"], rng.choice([0, 0, 1, 2])):
        day = world.day()
        row = {
            "message_id": f"m{len(world.raw['messages'])}",
            "customer_id": person,
            "channel": "email",
            "event_type": kind,
        }
        world.raw["messages"].append(row | {"occurred_at": day_text(world.moment(day))})
        if kind != "sent":
            world.engagements[person].add(day)
    if rng.random() < 0.15:
        day = world.day()
        row = {
            "referrer_customer_id": person,
            "referred_customer_id": "friend",
            "referred_at": day_text(world.moment(day)),
        }
        world.raw["referrals"].append(row)
        world.advocacies[person].add(day)
    add_consents(world, person)


def add_consents(world: World, person: str) -> None:
    for channel in world.rng.sample(["email", "push"], world.rng.choice([0, 0, 1, 2])):
        for status in world.rng.sample(["granted", "denied", "withdrawn"], world.rng.choice([1, 2])):
            day = world.day()
            at = world.moment(day)
            row: Row = {"customer_id": person, "channel": channel, "purpose": "marketing", "status": status}
            world.raw["consents"].append(row | {"changed_at": day_text(at)})
            world.first_facts[person].append(day)
            strictness = {"granted": 0, "denied": 1, "withdrawn": 2}
            before = world.consents.get((person, channel, "marketing"))
            if day <= world.as_of and (before is None or (at, strictness[status]) > (before[0], strictness[before[1]])):
                world.consents[(person, channel, "marketing")] = (at, status)


def dirty_orders(at: str) -> list[tuple[str, Row]]:
    sound: Row = {
        "order_id": None,
        "customer_id": "c0",
        "ordered_at": at,
        "amount": "10",
        "status": None,
        "currency": None,
    }
    faults: list[tuple[str, Row]] = [
        ("key_missing", {"order_id": " "}),
        ("missing_ordered_at", {"ordered_at": None}),
        ("unparsable_ordered_at", {"ordered_at": "2024-02-30"}),
        ("before_1990_ordered_at", {"ordered_at": "1989-12-31 12:00:00"}),
        ("missing_amount", {"amount": ""}),
        ("unparsable_amount", {"amount": "ten"}),
        ("unknown_status", {"status": "paid"}),
        ("no_fx_rate", {"currency": "GBP"}),
        ("missing_amount,unknown_status,no_fx_rate", {"amount": "", "status": "?", "currency": "GBP"}),
    ]
    return [(rule, sound | {"order_id": f"d{place}"} | fault) for place, (rule, fault) in enumerate(faults)]


def dirty_refunds(at: str) -> list[tuple[str, Row]]:
    sound: Row = {"order_id": "o0", "refunded_at": at, "amount": "1", "reason": "x"}
    faults: list[tuple[str, Row]] = [
        ("unknown_order", {"order_id": "nobodys"}),
        ("amount_not_positive", {"amount": "-1"}),
        ("missing_refunded_at", {"refunded_at": None}),
    ]
    return [(rule, sound | {"refund_id": f"d{place}"} | fault) for place, (rule, fault) in enumerate(faults)]


def dirty_events(at: str) -> list[tuple[str, Row]]:
    sound: Row = {"anonymous_id": "v0", "customer_id": None, "event_type": "page_view", "occurred_at": at}
    faults: list[tuple[str, Row]] = [
        ("no_identifier", {"anonymous_id": None}),
        ("bot", {"properties": '{"user_agent": "Googlebot/2.1"}'}),
        ("missing_event_type", {"event_type": " "}),
        ("key_missing", {"event_id": None}),
    ]
    return [(rule, sound | {"event_id": f"d{place}"} | fault) for place, (rule, fault) in enumerate(faults)]


def other_dirt(at: str) -> list[tuple[str, str, Row]]:
    consent: Row = {"customer_id": "c0", "channel": "sms", "purpose": "marketing", "changed_at": at}
    answer: Row = {"feedback_id": "d1", "customer_id": "c0", "submitted_at": at}
    return [
        ("customers", "key_missing", {"customer_id": None, "email": "d@x.org"}),
        ("customers", "unparsable_registered_at", {"customer_id": "d1", "registered_at": "long ago"}),
        ("consents", "unknown_status", consent | {"status": "perhaps"}),
        ("feedback", "impossible_score", answer | {"kind": "nps", "score": "11"}),
        (
            "messages",
            "unknown_event_type",
            {"message_id": "d1", "channel": "email", "occurred_at": at, "event_type": "x"},
        ),
        ("fx_rates", "rate_not_positive", {"currency": "CHF", "rate_date": "2020-01-01", "rate": "0"}),
        ("marketing_spend", "negative_amount", {"spend_on": "2024-01-01", "channel": "ads", "amount": "-1"}),
        ("products", "negative_price", {"product_id": "p", "price": "-0.01"}),
        ("order_items", "unknown_order", {"order_id": "nobodys", "line_number": "1"}),
    ]


def plant_dirt(world: World) -> None:
    """One row of each rule that a row can break by itself, and one row that breaks several."""
    at = day_text(world.moment(world.as_of))
    for table, rows in (("orders", dirty_orders(at)), ("refunds", dirty_refunds(at)), ("events", dirty_events(at))):
        for rule, row in rows:
            world.plant(table, rule, row)
    for table, rule, row in other_dirt(at):
        world.plant(table, rule, row)


@dataclass(frozen=True)
class Rules:
    """The vars that an example varies."""

    unit: str = "day"
    frequency: str = "repeat_quartile"
    window: str = "lifetime"

    def variables(self, zone: str) -> str:
        return (
            f"{{clm_purchase_unit: {self.unit}, clm_rfm_frequency_scoring: {self.frequency}, "
            f"clm_rfm_window_days: {self.window}, clm_timezone: {zone}, clm_reporting_currency: EUR}}"
        )


class Reference:
    """Stages, scores and segments of everybody, from the definitions and the facts of a world."""

    def __init__(self, world: World, rules: Rules) -> None:
        self.world, self.rules = world, rules
        self.as_of = world.as_of
        self.orders: dict[str, list[Order]] = defaultdict(list)
        for order in world.orders:
            if order.person:
                self.orders[order.person].append(order)

    def people(self) -> list[str]:
        days = [day for facts in self.world.first_facts.values() for day in facts if day]
        earliest = min(days, default=self.as_of)
        first = {
            person: min((day for day in facts if day), default=earliest)
            for person, facts in self.world.first_facts.items()
        }
        return [person for person, day in first.items() if day <= self.as_of]

    def purchases(self, person: str, day: date) -> list[date]:
        """The purchases that count on a day, as the days they were made on, in the unit of the rules."""
        days = [order.day for order in self.orders[person] if order.counts_on(day)]
        return sorted(days if self.rules.unit == "order" else set(days))

    def is_churned(self, person: str, day: date) -> bool:
        bought = self.purchases(person, day)
        engaged = [known for known in self.world.engagements[person] if known <= day]
        return bool(bought) and (day - bought[-1]).days >= 180 and (day - max(engaged)).days >= 90

    def is_reactivated(self, person: str) -> bool:
        recent = [day for day in self.world.engagements[person] if 0 <= (self.as_of - day).days < 60]
        return any(self.is_churned(person, day - timedelta(days=1)) for day in recent)

    def is_reachable(self, person: str) -> bool:
        registered = self.world.addresses.get(person, date.max)
        by_record = person in self.world.addresses and (registered is None or registered <= self.as_of)
        by_order = any(order.email and order.day <= self.as_of for order in self.orders[person])
        granted = any(key[0] == person and status == "granted" for key, (_, status) in self.world.consents.items())
        return by_record or by_order or granted

    def within(self, days: Iterable[date], window: int, start: int = 0) -> int:
        return sum(start <= (self.as_of - day).days < start + window for day in days)

    def stage(self, person: str) -> tuple[str, str]:
        bought = self.purchases(person, self.as_of)
        if not bought:
            return "prospect", "lead" if self.is_reachable(person) else "anonymous_visitor"
        if self.is_churned(person, self.as_of):
            return "churned", "lapsed"
        is_loyal = self.within(bought, 365) >= 4 and (self.as_of - bought[0]).days >= 180
        stage = "loyal" if is_loyal else "new" if len(bought) == 1 else "active"
        if self.is_reactivated(person):
            return stage, "reactivated"
        if (self.as_of - bought[-1]).days >= 90:
            return stage, "slipping"
        if stage == "new":
            return stage, "onboarding" if (self.as_of - bought[0]).days < 30 else "awaiting_second_purchase"
        if stage == "active":
            return stage, "growing" if self.within(bought, 90) > self.within(bought, 90, 90) else "steady"
        advocated = self.within(self.world.advocacies[person], 365)
        return stage, "advocate" if advocated else "loyal"

    def net_revenue(self, person: str, window: int | None = None) -> Decimal:
        """Amounts less refunds, each on its own day, up to the as-of date."""

        def in_window(day: date) -> bool:
            age = (self.as_of - day).days
            return age >= 0 and (window is None or age < window)

        total = Decimal(0)
        for order in self.orders[person]:
            if order.is_purchase and order.day <= self.as_of:
                total += to_cents(order.amount * order.rate) if in_window(order.day) else 0
                total -= sum(part for day, part, _ in order.money_back() if in_window(day))
        return total

    def scores(self) -> pd.DataFrame:
        """One row per buyer: the measures and the three scores."""
        window = None if self.rules.window == "lifetime" else int(self.rules.window)
        rows = []
        for person in self.people():
            bought = self.purchases(person, self.as_of)
            if bought:
                count = len(bought) if window is None else self.within(bought, window)
                money = self.net_revenue(person, window) if count else Decimal(0)
                rows.append((person, len(bought), (self.as_of - bought[-1]).days, count, money))
        buyers = pd.DataFrame(rows, columns=["person", "purchases", "silence", "count", "money"])
        buyers["r"] = quantiles(-buyers["silence"].astype(int), 5, 1)
        buyers["m"] = quantiles((buyers["money"] * 100).astype("int64"), 5, 1)
        if self.rules.frequency == "rank_quintile":
            buyers["f"] = quantiles(buyers["count"].astype(int), 5, 1)
        else:
            repeat = buyers["count"] > 1
            buyers["f"] = 1
            buyers.loc[repeat, "f"] = quantiles(buyers.loc[repeat, "count"].astype(int), 4, 2)
        return buyers

    def rows(self) -> dict[str, tuple[Any, ...]]:
        scored = {str(row["person"]): row for row in self.scores().to_dict("records")}
        found: dict[str, tuple[Any, ...]] = {}
        for person in self.people():
            money = self.net_revenue(person)
            measures: tuple[Any, ...]
            if person in scored:
                row = scored[person]
                cells = (int(row["r"]), int(row["f"]), int(row["m"]))
                named = segment(int(row["purchases"]), *cells)
                measures = (int(row["purchases"]), int(row["silence"]), money, *cells, named)
            else:
                visitor = "loyal_visitor" if self.is_reachable(person) else "engaged_visitor"
                measures = (0, None, money, None, None, None, visitor)
            found[person] = (*self.stage(person), *measures)
        return found


def quantiles(merit: pd.Series[int], parts: int, lowest: int) -> pd.Series[int]:
    """lowest + floor(parts * (rank - 1) / n), rank from the worst, ties sharing the least rank."""
    worse = merit.rank(method="min").sub(1).astype("int64")
    return lowest + worse * parts // max(len(merit), 1)


def segment(purchases: int, recency: int, frequency: int, monetary: int) -> str:
    if purchases == 1:
        return "first_time" if recency >= 3 else "sleeping"
    both = frequency + monetary
    if recency >= 4 and frequency >= 4 and monetary >= 4:
        return "champion"
    if recency >= 3 and frequency >= 3 and both >= 7:
        return "loyal"
    if recency >= 3:
        return "potential_loyalist" if both >= 6 else "recent" if recency >= 4 else "promising"
    if recency == 2 and both >= 6:
        return "at_risk"
    return "cant_lose" if recency == 1 and both >= 7 else "sleeping"


MARTS = ("+customer_lifecycle", "+input_reconciliation", "+quarantined_records")
COLUMNS = (
    "lifecycle_stage, lifecycle_sub_state, purchase_count, recency_days, net_revenue_amount, "
    "recency_score, frequency_score, monetary_score, segment"
)


def build(shop: Shop, world: World, rules: Rules) -> None:
    shop.clear()
    for table, rows in world.raw.items():
        columns = sorted({column for row in rows for column in row})
        frame = pd.DataFrame([[row.get(column) for column in columns] for row in rows], columns=columns, dtype="str")
        shop.write(table, frame)
    shop.build(as_of=str(world.as_of), variables=rules.variables(world.zone), select=MARTS)


def check_nothing_lost(shop: Shop, world: World) -> None:
    """raw = staged + quarantined by table, one quarantine row per planted row, with its rules and nothing else."""
    counts = {
        row[0]: row[1:]
        for row in shop.rows(
            "select source_table, raw_count, staged_count, quarantined_count from input_reconciliation"
        )
    }
    for table, rows in world.raw.items():
        raw, staged, quarantined = counts[table]
        planted = sum(number for (name, _), number in world.planted.items() if name == table)
        assert (raw, staged, quarantined) == (len(rows), len(rows) - planted, planted), table
    found = shop.rows("select source_table, rule, count(*) from quarantined_records group by all")
    assert {(table, rule): number for table, rule, number in found} == dict(world.planted)


def check_everybody(shop: Shop, world: World, rules: Rules) -> None:
    found = {row[0]: row[1:] for row in shop.rows(f"select customer_id, {COLUMNS} from customer_lifecycle")}
    expected = Reference(world, rules).rows()
    assert set(found) == set(expected)
    wrong = {person: (found[person], expected[person]) for person in expected if found[person] != expected[person]}
    assert wrong == {}


@pytest.fixture(scope="module")
def properties_shop() -> Shop:
    shop = new_shop("test_properties")
    shop.has_artifacts = False
    return shop


EXAMPLES = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@EXAMPLES
@given(seed=st.integers(1, 10**9), as_of=st.sampled_from(AS_OF_DATES))
def test_a_random_world_is_read_without_loss_and_everybody_is_placed_as_defined(
    properties_shop: Shop, seed: int, as_of: date
) -> None:
    world = make_world(seed, as_of, "UTC")
    build(properties_shop, world, Rules())
    check_nothing_lost(properties_shop, world)
    check_everybody(properties_shop, world, Rules())


@pytest.mark.parametrize(
    ("zone", "rules"),
    [
        ("Asia/Shanghai", Rules(unit="order", window="365")),
        ("America/New_York", Rules(frequency="rank_quintile", window="90")),
    ],
)
def test_other_rules_and_zones_place_everybody_as_defined(properties_shop: Shop, zone: str, rules: Rules) -> None:
    world = make_world(20240229, date(2024, 2, 29), zone)
    build(properties_shop, world, rules)
    check_nothing_lost(properties_shop, world)
    check_everybody(properties_shop, world, rules)
