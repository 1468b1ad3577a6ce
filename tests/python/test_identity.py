"""Who is who: the planted truth, random link graphs against a union-find, long chains, placeholders, later records."""

from __future__ import annotations

import csv
import hashlib
import random
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations

import pandas as pd
import pytest
from conftest import PROJECT, Shop, new_shop

START = datetime(2024, 1, 1, 9)
MARTS = ("--select", "+identity_map", "+identity_merges")


def build(shop: Shop) -> None:
    """Only what the identity marts need."""
    built = shop.dbt("build", *MARTS, "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    assert built.success, built.log[-4000:]


def mapped(shop: Shop, kind: str = "customer") -> dict[str, tuple[str, str]]:
    """Of each id of a kind: the person and the merge status."""
    rows = shop.rows(f"select source_id, customer_id, merge_status from identity_map where id_kind = '{kind}'")
    return {source: (person, status) for source, person, status in rows}


def pairs(persons: dict[str, str]) -> set[tuple[str, str]]:
    """The pairs of ids that are one person."""
    groups = defaultdict(list)
    for source, person in persons.items():
        groups[person].append(source)
    return {pair for sources in groups.values() for pair in combinations(sorted(sources), 2)}


@dataclass
class World:
    """Customer records and guest orders, each with a time of its own that grows with the number given."""

    customers: list[dict[str, object]] = field(default_factory=list)
    orders: list[dict[str, object]] = field(default_factory=list)

    def record(self, name: str, number: int, email: str | None = None, phone: str | None = None) -> None:
        at = START + timedelta(minutes=number)
        self.customers.append({"customer_id": name, "email": email, "phone": phone, "registered_at": at})

    def order(self, number: int, person: str | None = None, email: str | None = None, phone: str | None = None) -> None:
        at = START + timedelta(minutes=number)
        order_id = f"o{len(self.orders)}"
        row = {"order_id": order_id, "customer_id": person, "email": email, "phone": phone, "ordered_at": at}
        self.orders.append(row | {"amount": 10})

    def write(self, shop: Shop) -> None:
        columns = {"customer_id": "str", "email": "str", "phone": "str"}
        shop.write("customers", pd.DataFrame(self.customers).astype(columns).where(lambda frame: frame.notna(), None))
        shop.write("orders", pd.DataFrame(self.orders).astype(columns).where(lambda frame: frame.notna(), None))


def add_chain(world: World, name: str, length: int, chance: random.Random) -> list[str]:
    """Records in a chain, linked by e-mail and phone in turn; their order in time is no order of the chain."""
    names = [f"{name}{place:05d}" for place in range(length)]
    numbers = chance.sample(range(length), length)
    for place, source in enumerate(names):
        links = {"email" if link % 2 else "phone": link for link in (place, place + 1)}
        email = f"{name}{links['email']}@chain.example" if "email" in links else None
        phone = f"+49{ord(name[0])}{links['phone']:07d}8" if "phone" in links else None
        world.record(source, numbers[place], email, phone)
    return names


class UnionFind:
    def __init__(self) -> None:
        self.parent: dict[str, str] = {}

    def find(self, node: str) -> str:
        while self.parent.setdefault(node, node) != node:
            node = self.parent[node]
        return node

    def join(self, nodes: Iterable[str]) -> None:
        first, *others = [self.find(node) for node in nodes]
        for other in others:
            self.parent[self.find(other)] = self.find(first)


def add_random_graph(world: World, graph: int, chance: random.Random) -> dict[str, str]:
    """Records and guest orders over few addresses; the person expected of each record: its earliest."""
    emails = [f"e{number}@g{graph}.example" for number in range(chance.randint(1, 5))]
    phones = [f"+491{graph:04d}8{number}7" for number in range(chance.randint(1, 5))]
    found = UnionFind()
    first: dict[str, tuple[int, str]] = {}
    for number in range(chance.randint(1, 9)):
        email = chance.choice([None, *emails])
        phone = chance.choice([None, *phones])
        moment = graph * 20 + chance.randint(0, 3) * 1440
        name = f"r{graph:03d}_{chance.randint(0, 99):02d}_{number}"
        if chance.random() < 0.6:
            world.record(name, moment, email, phone)
            first[name] = (moment // 1440, name)
            found.join([name, *(address for address in (email, phone) if address)])
        elif email or phone:
            world.order(moment, None, email, phone)
            found.join([address for address in (email, phone) if address])
    return expected_heads(first, found)


def expected_heads(first: dict[str, tuple[int, str]], found: UnionFind) -> dict[str, str]:
    heads: dict[str, tuple[int, str]] = {}
    for name, rank in first.items():
        root = found.find(name)
        heads[root] = min(heads.get(root, rank), rank)
    return {name: heads[found.find(name)][1] for name in first}


def add_placeholders(world: World) -> list[str]:
    """People who share nothing but what a form was filled with; all of them must stay alone."""
    emails = ["test@shop.example", "no-reply@x.example", "noreply@x.example", "unknown@x.example", "a@b.test", "n/a@x"]
    phones = ["0000000000", "+49 1234567890", "1234567890", "00", "112", "+49 30 1111111"]
    names = []
    for value in (*emails, *phones):
        is_email = "@" in value
        for number in range(3):
            names.append(f"p_{value}_{number}")
            world.record(names[-1], 5, value if is_email else None, None if is_email else value)
    return names


@pytest.fixture(scope="module")
def linked() -> tuple[Shop, World, dict[str, str], dict[str, list[str]]]:
    """One raw data set with many components, so that one build judges all of them."""
    chance = random.Random(11)
    world = World()
    expected: dict[str, str] = {}
    for graph in range(250):
        expected |= add_random_graph(world, graph, chance)
    named = {
        "chain": add_chain(world, "chain", 51, chance),
        "limit": add_chain(world, "limit", 100, chance),
        "over": add_chain(world, "over", 101, chance),
        "long": add_chain(world, "zlong", 40_000, chance),
        "placeholders": add_placeholders(world),
    }
    world.record("blocked_email_good_phone_1", 1, "test@shop.example", "+49305550001")
    world.record("blocked_email_good_phone_2", 2, "noreply@x.example", "+49305550001")
    for number, (email, phone) in enumerate([("test@shop.example", "+49305550002"), ("test@shop.example", None)]):
        world.order(number, None, email, phone)
    shop = new_shop("test_identity")
    world.write(shop)
    build(shop)
    return shop, world, expected, named


Linked = tuple[Shop, World, dict[str, str], dict[str, list[str]]]


def test_random_graphs_agree_with_a_union_find(linked: Linked) -> None:
    shop, _, expected, _ = linked
    found = mapped(shop)
    assert len(expected) > 500 and len(set(expected.values())) < len(expected) - 100
    assert {name: found[name][0] for name in expected} == expected


def test_a_chain_of_fifty_links_is_one_person(linked: Linked) -> None:
    shop, _, _, named = linked
    found = mapped(shop)
    assert {found[name][1] for name in named["chain"] + named["limit"]} == {"merged"}
    assert len({found[name][0] for name in named["chain"]}) == 1
    assert len({found[name][0] for name in named["limit"]}) == 1


def test_too_many_ids_are_listed_and_not_merged(linked: Linked) -> None:
    shop, _, _, named = linked
    found = mapped(shop)
    assert {name: found[name] for name in named["over"]} == {name: (name, "oversized") for name in named["over"]}


def test_a_chain_too_long_for_the_rounds_is_listed_as_a_whole(linked: Linked) -> None:
    shop, _, _, named = linked
    found = mapped(shop)
    assert {name: found[name] for name in named["long"]} == {name: (name, "unconverged") for name in named["long"]}


def test_placeholders_merge_nobody(linked: Linked) -> None:
    shop, _, _, named = linked
    found = mapped(shop)
    assert {name: found[name] for name in named["placeholders"]} == {
        name: (name, "alone") for name in named["placeholders"]
    }


def test_a_placeholder_does_not_hide_a_good_address(linked: Linked) -> None:
    shop, _, _, _ = linked
    found = mapped(shop)
    assert found["blocked_email_good_phone_2"] == ("blocked_email_good_phone_1", "merged")
    guests = {person for person, _ in mapped(shop, "guest").values()}
    assert {f"guest_{digest}" for digest in sha256("+49305550002", "test@shop.example")} <= guests


def sha256(*texts: str) -> list[str]:
    return [hashlib.sha256(text.encode()).hexdigest() for text in texts]


def test_no_address_stands_in_the_marts(linked: Linked) -> None:
    shop, _, _, _ = linked
    for mart in ("identity_map", "identity_merges"):
        found = shop.rows(f"select count(*) from {mart} where evidence like '%@%' or evidence like '%+49%'")
        assert found == [(0,)]
    assert shop.rows("select count(*) from identity_map where id_kind = 'guest' and source_id like '%@%'") == [(0,)]


def test_every_merge_says_since_when_and_why(linked: Linked) -> None:
    shop, _, _, _ = linked
    found = mapped(shop)
    merges = shop.rows("select merged_customer_id, customer_id, merged_on, linked_by from identity_merges")
    assert {(source, person) for source, person, _, _ in merges} == {
        (source, person) for source, (person, _) in found.items() if source != person
    }
    registered = dict(shop.rows("select source_customer_id, registered_on from main_staging.stg_customers"))
    for source, _, merged_on, linked_by in merges:
        assert merged_on >= registered[source] and linked_by in ("email", "phone"), source


def test_records_dated_later_rename_nobody(linked: Linked) -> None:
    shop, world, _, named = linked
    before = mapped(shop)
    full = set(named["over"]) | set(named["limit"]) | set(named["long"])
    chance = random.Random(12)
    later = World(list(world.customers), list(world.orders))
    known = [row for row in world.customers if row["customer_id"] not in full]
    for number, row in enumerate(chance.sample(known, 200)):
        email, phone = (str(row[kind]) if row[kind] else None for kind in ("email", "phone"))
        later.record(f"a_later_{number}", 500_000 + number, email, phone)
    chance.shuffle(later.customers)
    later.write(shop)
    build(shop)
    after = mapped(shop)
    assert {name: after[name][0] for name in before} == {name: person for name, (person, _) in before.items()}
    assert sum(after[f"a_later_{number}"][0] in before for number in range(200)) > 100


def test_the_planted_persons_are_found() -> None:
    """Last of this file: it takes the folder of the other tests, which dbt has parsed already."""
    shop = new_shop("test_identity")
    arguments = ["--customers", "6000", "--out", str(shop.raw), "--events-per-customer", "2", "--dirty", "0.01"]
    subprocess.run([sys.executable, str(PROJECT / "scripts" / "generate.py"), *arguments], check=True)
    build(shop)
    found = mapped(shop)
    persons = {source: source for source in found}
    with (shop.raw / "truth" / "persons.csv").open(encoding="utf-8") as file:
        persons |= {row["source_customer_id"]: row["person_id"] for row in csv.DictReader(file)}
    true, merged = pairs(persons), pairs({source: person for source, (person, _) in found.items()})
    assert len(true) > 50
    assert merged - true == set(), "precision"
    assert len(true & merged) >= 0.99 * len(true), "recall"
    assert Counter(status for _, status in found.values())["unconverged"] == 0
