"""The generator's promises, checked from its files: same bytes, sound rows, bad rows counted."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "generate.py"
END = "2026-06-30"

KEYS = {
    "orders": "order_id",
    "order_items": "order_id, line_number",
    "refunds": "refund_id",
    "products": "product_id",
    "customers": "customer_id",
    "events": "event_id",
    "consents": "customer_id, channel, purpose, changed_at, status",
    "messages": "message_id, event_type, occurred_at",
    "suppressions": "identifier_hash, since",
    "feedback": "feedback_id",
    "referrals": "referrer_customer_id, referred_customer_id, referred_at",
    "marketing_spend": "spend_on, channel, campaign_id, amount",
    "experiments": "experiment_id, unit_id, metric",
    "assignments": "campaign_id, customer_id, assigned_at",
    "fx_rates": "currency, rate_date",
    "erasure_requests": "customer_id",
}
TIMES = {
    "orders": "ordered_at",
    "refunds": "refunded_at",
    "events": "occurred_at",
    "messages": "occurred_at",
    "consents": "changed_at",
    "feedback": "submitted_at",
    "referrals": "referred_at",
    "assignments": "assigned_at",
    "suppressions": "since",
    "erasure_requests": "requested_at",
    "marketing_spend": "spend_on",
    "fx_rates": "rate_date",
}
REQUIRED = {
    "orders": ["ordered_at", "amount"],
    "refunds": ["amount", "refunded_at"],
    "events": ["event_type", "occurred_at"],
    "messages": ["channel"],
    "feedback": ["customer_id", "score", "submitted_at"],
    "marketing_spend": ["spend_on", "channel", "amount"],
    "experiments": ["arm"],
    "assignments": ["arm"],
    "fx_rates": ["rate"],
    "erasure_requests": ["requested_at"],
}
TYPED = {
    "orders": {"amount": "decimal(18,2)", "ordered_at": "timestamp"},
    "order_items": {"quantity": "bigint"},
    "refunds": {"amount": "decimal(18,2)", "refunded_at": "timestamp"},
    "products": {"price": "decimal(18,4)"},
    "customers": {"birth_date": "date", "registered_at": "timestamp"},
    "events": {"occurred_at": "timestamp"},
    "feedback": {"score": "bigint"},
    "marketing_spend": {"amount": "decimal(18,2)"},
    "fx_rates": {"rate": "decimal(18,8)"},
    "assignments": {"assigned_at": "timestamp"},
    "erasure_requests": {"requested_at": "timestamp"},
}
STATUSES = "('completed', 'shipped', 'pending', 'cancelled', 'refunded', 'test')"
OTHER_RULES = {
    "experiments": {"outcome_not_0_or_1": "outcome not in ('0', '1')"},
    "assignments": {"unknown_arm": "arm not in ('treated', 'control')"},
    "orders": {
        "unknown_status": f"status not in {STATUSES}",
        "no_fx_rate": "coalesce(currency, 'EUR') <> 'EUR' and not exists (select 1 from raw_fx_rates as f "
        "where f.currency = t.currency and try_cast(f.rate_date as date) <= try_cast(t.ordered_at as date))",
    },
    "order_items": {
        "negative_quantity": "try_cast(quantity as bigint) < 0",
        "unknown_order": "order_id not in (select order_id from sound_orders)",
    },
    "refunds": {
        "amount_not_positive": "try_cast(amount as decimal(18,2)) <= 0",
        "unknown_order": "order_id not in (select order_id from sound_orders)",
    },
    "events": {
        "bot": "lower(properties) like '%bot%'",
        "no_identifier": "anonymous_id is null and customer_id is null",
    },
    "consents": {"unknown_status": "status not in ('granted', 'denied', 'withdrawn')"},
}


def generate(folder: Path, *arguments: str) -> Path:
    command = [sys.executable, str(SCRIPT), "--out", str(folder), *arguments]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def digest(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


class World:
    """A generated folder in DuckDB, every column as text, blank as NULL."""

    def __init__(self, folder: Path, prefix: str = "") -> None:
        self.manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        self.connection = duckdb.connect()
        for name in KEYS:
            (path,) = folder.glob(f"{prefix}{name}.*")
            source = f"read_csv('{path}', all_varchar = true)" if path.suffix == ".csv" else f"'{path}'"
            self.run(f"create table raw_{name} as select nullif(cast(columns(*) as varchar), '') from {source}")
        for name in ("orders", *(n for n in KEYS if n != "orders")):
            self.judge(name)

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()

    def one(self, sql: str) -> Any:
        return self.run(sql)[0][0]

    def columns(self, name: str) -> list[str]:
        return [str(r[0]) for r in self.run(f"describe raw_{name}")]

    def rules(self, name: str) -> dict[str, str]:
        """Each rule as a predicate over `t`; an unparsable value is not missing."""
        keys = [k.strip() for k in KEYS[name].split(",")] if name != "marketing_spend" else []
        rules = {"key_missing": " or ".join(f"{k} is null" for k in keys) or "false"}
        rules |= {f"missing_{c}": f"{c} is null" for c in REQUIRED.get(name, [])}
        for column, kind in TYPED.get(name, {}).items():
            rules[f"unparsable_{column}"] = f"{column} is not null and try_cast({column} as {kind}) is null"
        if name in TIMES:
            moment = f"try_cast({TIMES[name]} as timestamp)"
            rules[f"before_1990_{TIMES[name]}"] = f"{moment} < timestamp '1990-01-01'"
            rules["in_future"] = f"{moment} >= timestamp '{END}' + interval 1 day"
        return rules | OTHER_RULES.get(name, {})

    def judge(self, name: str) -> None:
        """Table judged_<name>: every row with its failed rules, duplicates first."""
        every = ", ".join(self.columns(name))
        latest = "updated_at" if "updated_at" in self.columns(name) else f"md5(concat_ws('|', {every}))"
        self.run(
            f"create table copies_{name} as select *, row_number() over (partition by {every}) as copy from raw_{name}"
        )
        self.run(
            f"create table ranked_{name} as select *, row_number() over (partition by {KEYS[name]}, copy > 1 "
            f"order by {latest} desc) as version from copies_{name}"
        )
        tests = ", ".join(f"case when {sql} then '{rule}' end" for rule, sql in self.rules(name).items())
        keyless = " or ".join(f"{k.strip()} is null" for k in KEYS[name].split(","))
        self.run(
            f"create table judged_{name} as select *, case when copy > 1 then ['exact_duplicate'] "
            f"when version > 1 and not ({keyless}) then ['superseded'] "
            f"else list_filter([{tests}], lambda x: x is not null) end as failed from ranked_{name} as t"
        )
        self.run(f"create table sound_{name} as select * from judged_{name} where len(failed) = 0")
        if name == "refunds":
            self.judge_sums()

    def judge_sums(self) -> None:
        """The refunds that take the sum of an order's refunds beyond its amount."""
        self.run(
            "create table over_refunded as select refund_id from (select r.refund_id, o.amount, "
            "sum(cast(r.amount as decimal(18,2))) over (partition by r.order_id order by r.refunded_at, r.refund_id) "
            "as total from sound_refunds as r inner join sound_orders as o on r.order_id = o.order_id) "
            "where total > cast(amount as decimal(18,2))"
        )
        beyond = "refund_id in (select refund_id from over_refunded)"
        self.run(f"update judged_refunds set failed = ['over_refunded'] where len(failed) = 0 and {beyond}")
        self.run(f"delete from sound_refunds where {beyond}")

    def found(self, name: str) -> dict[str, int]:
        rows = self.run(f"select failed[1], count(*) from judged_{name} where len(failed) = 1 group by 1")
        return {str(rule): int(number) for rule, number in rows}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    base = tmp_path_factory.mktemp("generated")
    small = [
        "--customers",
        "900",
        "--years",
        "2",
        "--orders-per-customer",
        "6",
        "--events-per-customer",
        "12",
    ]
    return {
        "parquet": generate(base / "parquet", *small, "--dirty", "0.01"),
        "again": generate(base / "again", *small, "--dirty", "0.01"),
        "csv": generate(base / "csv", *small, "--dirty", "0.01", "--format", "csv"),
        "clean": generate(base / "clean", *small, "--dirty", "0"),
        "uneven": generate(base / "uneven", *small, "--dirty", "0", "--treated-share", "0.3"),
        "leaky": generate(base / "leaky", *small, "--dirty", "0", "--contamination", "0.4"),
        "idle": generate(base / "idle", *small, "--dirty", "0", "--effect", "0"),
        "idle_uneven": generate(
            base / "idle_uneven", *small, "--dirty", "0", "--effect", "0", "--treated-share", "0.3"
        ),
        "demo": generate(base / "demo", "--demo"),
    }


@pytest.fixture(scope="module", params=["parquet", "csv", "clean", "demo"])
def world(request: pytest.FixtureRequest, folders: dict[str, Path]) -> World:
    return World(folders[request.param], "demo_" if request.param == "demo" else "")


def test_same_arguments_give_the_same_bytes(folders: dict[str, Path]) -> None:
    assert digest(folders["parquet"]) == digest(folders["again"])


def test_the_committed_demo_is_what_the_generator_makes(folders: dict[str, Path]) -> None:
    committed = SCRIPT.parent.parent / "seeds" / "demo"
    made = digest(folders["demo"])
    assert {name: digest(committed).get(name) for name in made} == made


def test_another_seed_gives_another_world(folders: dict[str, Path], tmp_path: Path) -> None:
    other = generate(tmp_path, "--customers", "900", "--seed", "8", "--events-per-customer", "1")
    assert digest(other)["customers.parquet"] != digest(folders["parquet"])["customers.parquet"]


@pytest.mark.parametrize("name", KEYS)
def test_planted_rows_are_counted_exactly_and_fail_one_rule_only(world: World, name: str) -> None:
    stated = world.manifest["tables"][name]
    planted = {rule: entry["count"] for rule, entry in stated["planted"].items()}
    assert world.one(f"select count(*) from raw_{name}") == stated["rows"]
    assert world.run(f"select * from judged_{name} where len(failed) > 1") == []
    assert world.found(name) == planted
    assert stated["rows"] == stated["sound_rows"] + sum(planted.values())
    assert bool(planted) == (world.manifest["arguments"]["dirty"] > 0)


def test_planted_keys_are_those_found(world: World) -> None:
    stated = world.manifest["tables"]["orders"]["planted"]
    for rule, entry in stated.items():
        found = world.run(f"select order_id from judged_orders where failed = ['{rule}'] and order_id is not null")
        assert sorted(r[0] for r in found) == sorted(entry["keys"])


def test_sound_rows_refer_to_what_exists(world: World) -> None:
    missing = "select count(*) from sound_{0} as a where a.{1} is not null and a.{1} not in (select {1} from sound_{2})"
    assert world.one(missing.format("refunds", "order_id", "orders")) == 0
    assert world.one(missing.format("order_items", "order_id", "orders")) == 0
    assert world.one(missing.format("order_items", "product_id", "products")) == 0
    for name in ("orders", "events", "messages", "consents", "feedback", "assignments", "erasure_requests"):
        assert world.one(missing.format(name, "customer_id", "customers")) == 0


def test_lines_and_shipping_sum_to_the_amount_paid(world: World) -> None:
    wrong = world.run(
        "select o.order_id from sound_orders as o inner join (select order_id, "
        "sum(cast(quantity as bigint) * cast(unit_price as decimal(18,4)) - cast(discount_amount as decimal(18,2))) "
        "as lines from sound_order_items group by order_id) as i "
        "on o.order_id = i.order_id where cast(o.amount as decimal(18,2)) "
        "<> i.lines + cast(o.shipping_amount as decimal(18,2)) and o.order_id not in "
        "(select order_id from judged_order_items where failed in (['exact_duplicate'], ['superseded']))"
    )
    assert wrong == []


def test_nobody_of_the_global_control_gets_a_message(world: World) -> None:
    bucket = "cast('0x' || substr(md5('global_control|' || {}), 1, 7) as bigint) % 10000 < 500"
    assert world.one(f"select count(*) from raw_messages where {bucket.format('customer_id')}") == 0
    share = world.one(f"select avg(case when {bucket.format('customer_id')} then 1 else 0 end) from raw_customers")
    assert 0.02 < share < 0.09


def test_messages_go_only_to_those_who_allow_them(world: World) -> None:
    sent = (
        "select count(*) from sound_messages as m where m.event_type = 'sent' and m.channel = 'email' and "
        "coalesce((select c.status from sound_consents as c where c.customer_id = m.customer_id "
        "and c.channel = 'email' and c.purpose = 'marketing' and c.changed_at <= m.occurred_at "
        "order by c.changed_at desc limit 1), 'none') <> 'granted'"
    )
    assert world.one(sent) == 0


def truth_of_winback(world: World, folder: Path) -> dict[str, tuple[str, int]]:
    """Arm and purchase of everybody in the planted campaign, as the truth states them."""
    path = folder / "truth" / "winback_1.csv"
    if not path.exists():
        return {person: (arm, bought) for person, arm, bought in world.manifest["truth"]["lists"]["winback_1"]}
    lines = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    return {person: (arm, int(bought)) for person, arm, bought in lines}


def people(world: World, sql: str) -> set[str]:
    return {str(row[0]) for row in world.run(sql)}


REACHED = "select customer_id from sound_messages where campaign_id = 'winback_1' and event_type = 'sent'"


@pytest.mark.parametrize("name", ["parquet", "csv", "clean", "demo", "uneven", "leaky", "idle"])
def test_assignments_are_the_arms_of_the_truth(folders: dict[str, Path], name: str) -> None:
    world = World(folders[name], "demo_" if name == "demo" else "")
    stated, truth = world.manifest["truth"]["campaign"], truth_of_winback(world, folders[name])
    columns = "customer_id, arm, campaign_id, assigned_at, variant, cast(arm_share as double)"
    rows = world.run(f"select {columns} from sound_assignments")
    arms = {"treated": "treated", "holdout": "control"}
    assert len(rows) == len(truth)
    assert {(person, arm) for person, arm, *_ in rows} == {(p, arms[arm]) for p, (arm, _) in truth.items()}
    assert {tuple(rest) for _, _, *rest in rows} == {("winback_1", stated["sent_from"], None, 0.5)}
    for planted, arm in arms.items():
        assert [a for _, a, *_ in rows].count(arm) == stated[planted]


@pytest.mark.parametrize("name", ["clean", "demo", "uneven", "leaky", "idle"])
def test_who_is_treated_gets_the_message_after_being_assigned(folders: dict[str, Path], name: str) -> None:
    world = World(folders[name], "demo_" if name == "demo" else "")
    assert people(world, "select customer_id from sound_assignments where arm = 'treated'") <= people(world, REACHED)
    assert people(world, REACHED) <= people(world, "select customer_id from sound_assignments")
    at = world.manifest["truth"]["campaign"]["sent_from"]
    assert world.one(f"select count(*) from ({REACHED} and occurred_at < '{at}')") == 0


@pytest.mark.parametrize(("name", "share"), [("clean", 0.5), ("uneven", 0.3)])
def test_the_share_that_is_treated_is_the_one_asked_for(folders: dict[str, Path], name: str, share: float) -> None:
    manifest = json.loads((folders[name] / "manifest.json").read_text(encoding="utf-8"))
    campaign = manifest["truth"]["campaign"]
    size = campaign["treated"] + campaign["holdout"]
    assert manifest["arguments"]["treated_share"] == share
    assert size > 100 and abs(campaign["treated"] / size - share) < 3 * (share * (1 - share) / size) ** 0.5


@pytest.mark.parametrize("share", ["0", "1"])
def test_nobody_or_everybody_can_be_treated(tmp_path: Path, share: str) -> None:
    folder = generate(tmp_path, "--customers", "900", "--events-per-customer", "1", "--treated-share", share)
    campaign = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["truth"]["campaign"]
    assert campaign["holdout" if share == "1" else "treated"] == 0
    assert campaign["treated" if share == "1" else "holdout"] > 100


def test_an_uneven_split_has_the_same_audience(folders: dict[str, Path]) -> None:
    even, uneven = (World(folders[name]) for name in ("clean", "uneven"))
    everybody, treated = (f"select customer_id from sound_assignments where {c}" for c in ("true", "arm = 'treated'"))
    assert people(even, everybody) == people(uneven, everybody)
    assert people(uneven, treated) < people(even, treated)


def test_contamination_is_counted_and_moves_nothing_but_messages(folders: dict[str, Path]) -> None:
    world = World(folders["leaky"])
    campaign = world.manifest["truth"]["campaign"]
    control = people(world, "select customer_id from sound_assignments where arm = 'control'")
    reached = people(world, REACHED) & control
    share = campaign["control_reached"] / campaign["holdout"]
    assert campaign["control_reached"] == len(reached) and world.one(f"select count(*) from ({REACHED})") == (
        campaign["treated"] + campaign["control_reached"]
    )
    assert campaign["holdout"] > 50 and abs(share - 0.4) < 3 * (0.4 * 0.6 / campaign["holdout"]) ** 0.5
    clean, leaky = digest(folders["clean"]), digest(folders["leaky"])
    assert {name for name in clean if clean[name] != leaky[name]} == {"messages.parquet", "manifest.json"}


def test_a_message_to_the_control_moves_nobody_however_strong_it_is(tmp_path: Path) -> None:
    strong = ["--customers", "3000", "--dirty", "0", "--effect", "10", "--events-per-customer", "2"]
    kept, leaky = (digest(generate(tmp_path / share, *strong, "--contamination", share)) for share in ("0", "1"))
    assert {name for name in kept if kept[name] != leaky[name]} == {"messages.parquet", "manifest.json"}
    campaign = json.loads((tmp_path / "1" / "manifest.json").read_text(encoding="utf-8"))["truth"]["campaign"]
    assert campaign["control_reached"] == campaign["holdout"] > 300


def test_without_contamination_nobody_of_the_control_is_reached(folders: dict[str, Path]) -> None:
    world = World(folders["clean"])
    control = "select customer_id from sound_assignments where arm = 'control'"
    assert world.manifest["truth"]["campaign"]["control_reached"] == 0
    assert people(world, REACHED) & people(world, control) == set()


def test_an_effect_of_nothing_moves_nobody(folders: dict[str, Path]) -> None:
    """Without an effect the arms are only names: with another split everybody still buys the same."""
    idle, other = (World(folders[name]) for name in ("idle", "idle_uneven"))
    purchases = [
        {person: bought for person, (_, bought) in truth_of_winback(world, folders[name]).items()}
        for world, name in ((idle, "idle"), (other, "idle_uneven"))
    ]
    assert purchases[0] == purchases[1]
    same = ["orders.parquet", "order_items.parquet", "refunds.parquet", "events.parquet"]
    assert [digest(folders["idle"])[name] for name in same] == [digest(folders["idle_uneven"])[name] for name in same]
    assert idle.manifest["truth"]["campaign"]["planted_relative_lift"] == 0
    with_effect = truth_of_winback(World(folders["clean"]), folders["clean"])
    gained = [bought - purchases[0][person] for person, (arm, bought) in with_effect.items() if arm == "treated"]
    lost = [bought - purchases[0][person] for person, (arm, bought) in with_effect.items() if arm == "holdout"]
    assert sum(gained) > 0 and min(gained) >= 0 and set(lost) == {0}


def test_every_shape_of_data_occurs(folders: dict[str, Path]) -> None:
    world = World(folders["demo"], "demo_")
    for name, column, values in [
        ("orders", "status", 6),
        ("orders", "channel", 5),
        ("orders", "currency", 3),
        ("events", "event_type", 13),
        ("messages", "event_type", 7),
        ("messages", "campaign_id", 4),
        ("feedback", "kind", 3),
        ("consents", "status", 3),
    ]:
        assert world.one(f"select count(distinct {column}) from sound_{name}") >= values, (
            name,
            column,
        )
    for sql in [
        "select count(*) from sound_orders where cast(amount as decimal(18,2)) = 0",
        "select count(*) from sound_orders where customer_id is null and email is null and phone is null",
        "select count(*) from sound_orders where customer_id is null and email in (select email from sound_customers)",
        "select count(*) from sound_customers where customer_id like 'S%'",
        "select count(*) from sound_orders where status = 'refunded' "
        "and order_id in (select order_id from raw_refunds)",
        "select count(*) from sound_orders where status = 'refunded' "
        "and order_id not in (select order_id from raw_refunds)",
        "select count(*) from sound_events where event_type = 'add_to_cart' and occurred_at >= '2026-06-24'",
    ]:
        assert world.one(sql) > 0, sql


def test_demo_is_small_and_without_line_breaks_in_fields(folders: dict[str, Path]) -> None:
    files = list(folders["demo"].glob("*.csv"))
    assert {p.name for p in files} == {f"demo_{name}.csv" for name in KEYS}
    assert sum(p.stat().st_size for p in files) < 1_600_000
    manifest = json.loads((folders["demo"] / "manifest.json").read_text(encoding="utf-8"))
    for name in KEYS:
        lines = (folders["demo"] / f"demo_{name}.csv").read_text(encoding="utf-8").splitlines()
        assert len(lines) == 1 + manifest["tables"][name]["rows"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--customers", "-1"],
        ["--dirty", "2"],
        ["--end", "June"],
        ["--end", "1996-01-01"],
        ["--demo", "--format", "parquet"],
        ["--format", "xlsx"],
        ["--customers", "many"],
        ["--treated-share", "1.1"],
        ["--contamination", "-0.1"],
    ],
)
def test_bad_arguments_are_refused_with_exit_code_2(arguments: list[str], tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), "--out", str(tmp_path / "x"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "Error: Invalid value" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("customers", ["0", "1"])
def test_nobody_and_one_person_still_give_all_tables(customers: str, tmp_path: Path) -> None:
    folder = generate(tmp_path, "--customers", customers)
    assert {p.stem for p in folder.glob("*.parquet")} == set(KEYS)
