"""Random shops over many days: what is decided is sent, mostly, and every promise is held against all that went out.

The models are the compiled ones, from the entry into a campaign to the decision, on a DuckDB in memory; what stands
before them (people, audiences, consents) is drawn, and changes from day to day.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from conftest import Shop, new_shop
from hypothesis import given, settings
from hypothesis import strategies as st

LOGS = ("int_control_log", "int_assignment_log")
CHAIN = (
    "int_campaign_variants", "int_campaign_entries", "int_assignments_imported", *LOGS, "campaign_assignments",
    "int_customers_held_out", "int_campaign_arms", "int_person_keys", "int_campaign_sends", "int_campaign_considered",
    "int_campaign_gated", "int_contacts", "int_contact_allowances", "int_campaign_chosen", "int_campaign_capped",
    "int_campaign_messages", "int_campaign_spent", "segment_campaign",
)  # fmt: skip
FIRST_DAY = dt.date(2026, 1, 1)
MESSAGES = ["email", "sms", "push"]
Row = dict[str, Any]


@pytest.fixture(scope="module")
def models(demo: Shop) -> dict[str, str]:
    """The compiled SQL of the chain over tables named like their models; the logs as they are once they exist."""
    shop = new_shop("campaign_worlds")
    demo.copy_database(shop.database)
    built = shop.dbt("compile", "--select", *CHAIN)
    assert built.success, built.log
    nodes = json.loads((shop.folder / "target" / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    compiled = {}
    for name in CHAIN:
        node = nodes[f"model.clm.{name}"]
        sql = node["compiled_code"].replace(node["relation_name"], f"{name}_so_far")
        for parent in node["depends_on"]["nodes"]:
            if parent in nodes:
                sql = sql.replace(nodes[parent]["relation_name"], nodes[parent]["name"])
        compiled[name] = sql
    for name in LOGS:
        assert f"{name}_so_far" in compiled[name], "the log was compiled as if it did not exist yet"
    return compiled


COLUMNS = {
    "int_as_of": "as_of_date date",
    "campaigns": "campaign_id varchar, kind varchar, priority integer, offer varchar, template varchar, starts_on date,"
    " ends_on date, entry_rule varchar, entry_every_days integer, entry_anchor varchar, wave integer,"
    " budget_messages integer, budget_amount numeric(18, 4), message_cost_amount numeric(18, 4),"
    " offer_cost_amount numeric(18, 4), holdout_share numeric(18, 4), status varchar",
    "campaign_channels": "campaign_id varchar, channel varchar, preference integer",
    "campaign_variants": "campaign_id varchar, variant varchar, share numeric(18, 4)",
    "channels": "channel varchar, address_kind varchar, consent_channel varchar, consent_purpose varchar,"
    " cost_amount numeric(18, 4), is_message boolean",
    "frequency_caps": "scope varchar, max_messages integer, window_days integer",
    "journeys": "journey_id varchar, step integer, campaign_id varchar, delay_days integer, delay_from varchar,"
    " exit_goal varchar",
    "int_customers": "customer_id varchar, email varchar, phone varchar",
    "int_customers_tagged": "customer_id varchar, person_key varchar, segment varchar, lifecycle_stage varchar,"
    " first_fact_on date, first_purchase_on date, last_purchase_on date, days_since_first_fact integer,"
    " days_since_last_engagement integer",
    "int_campaign_members": "campaign_id varchar, customer_id varchar",
    "int_consents_in_force": "customer_id varchar, channel varchar, purpose varchar, status varchar,"
    " changed_at timestamp",
    "int_campaign_suppressions": "customer_id varchar, channel varchar, reason varchar",
    "int_customers_predicted": "customer_id varchar, predicted_value_amount numeric(28, 2)",
    "int_customers_recommended": "customer_id varchar, favourite_category varchar, recommended_product_ids varchar",
    "int_customers_send_zones": "customer_id varchar, zone_key varchar",
    "int_send_windows": "channel varchar, zone_key varchar, send_after timestamp, send_before timestamp",
    "int_identity_map": "id_kind varchar, source_id varchar, customer_id varchar",
    "int_former_ids": "former_id varchar, customer_id varchar",
    "stg_assignments": "campaign_id varchar, source_customer_id varchar, arm varchar, variant varchar,"
    " arm_share numeric(18, 8), assigned_at timestamp, assigned_on date",
    "stg_messages": "message_id varchar, source_customer_id varchar, campaign_id varchar, channel varchar,"
    " event_type varchar, occurred_at timestamp, occurred_on date",
    "base_activation_event": "event_id varchar, message_key varchar, channel varchar, campaign_id varchar,"
    " person_key varchar, op varchar, state varchar, batch_id varchar, vendor_id varchar, event_at timestamp",
    "int_control_log_so_far": "entry_kind varchar, customer_id varchar, arm varchar, control_share numeric(18, 4),"
    " as_of_date date",
    "int_assignment_log_so_far": "entry_kind varchar, customer_id varchar, campaign_id varchar, control_group varchar,"
    " arm varchar, variant varchar, segment varchar, lifecycle_stage varchar, control_share numeric(18, 4),"
    " entered_on date, as_of_date date",
}  # fmt: skip


@dataclass
class World:
    """A shop whose days pass one after the other."""

    models: dict[str, str]
    chance: np.random.Generator
    day: dt.date = FIRST_DAY
    sent: list[Row] = field(default_factory=list)  # all that went out or may have, whoever sent it
    connection: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)

    def __post_init__(self) -> None:
        for name, columns in COLUMNS.items():
            self.connection.execute(f"create table {name} ({columns})")
        pick = self.chance
        self.people = [f"C{number:02}" for number in range(int(pick.integers(1, 25)))] + ["O'Hara", "王"]
        self.channels = [
            self.channel("email", "email", "email", True), self.channel("sms", "phone", "sms", True),
            self.channel("push", "none", "push", True), self.channel("banner", "none", None, False),
        ]  # fmt: skip
        self.put("channels", self.channels)
        self.campaigns = [self.campaign(number) for number in range(int(pick.integers(2, 8)))]
        self.put("campaign_channels", [row for campaign in self.campaigns for row in self.ways(campaign)])
        self.put("campaign_variants", [
            {"campaign_id": "k0", "variant": variant, "share": 0.5} for variant in "ab"
        ])  # fmt: skip
        self.put("journeys", [
            {"journey_id": "j", "step": step, "campaign_id": f"k{step - 1}", "delay_days": (step - 1) * 2,
             "delay_from": "entry" if step == 1 else "previous_step", "exit_goal": "purchase"} for step in (1, 2)
        ])  # fmt: skip
        self.caps: list[Row] = [
            {"scope": scope, "max_messages": int(pick.integers(0, 4)), "window_days": int(pick.integers(1, 9))}
            for scope in ("all", "all", "email", "sms") if pick.random() < 0.7
        ] + [{"scope": "push", "max_messages": None, "window_days": 7}]  # fmt: skip
        self.put("frequency_caps", self.caps)
        self.put("int_identity_map", [
            {"id_kind": "customer", "source_id": person, "customer_id": person} for person in self.people
        ])  # fmt: skip
        self.put("int_customers", [
            {"customer_id": person, "email": self.maybe(f"{number}@example.com"), "phone": self.maybe(f"+49{number}")}
            for number, person in enumerate(self.people)
        ])  # fmt: skip
        self.consents: dict[tuple[str, str], str] = {}

    def channel(self, name: str, address: str, consent: str | None, is_message: bool) -> Row:
        return {"channel": name, "address_kind": address, "consent_channel": consent,
                "consent_purpose": consent and "marketing", "cost_amount": 0.25, "is_message": is_message}  # fmt: skip

    def maybe(self, value: Any, share: float = 0.8) -> Any:
        return value if self.chance.random() < share else None

    def campaign(self, number: int) -> Row:
        pick = self.chance
        every = number > 1 and pick.random() < 0.5
        return {
            "campaign_id": f"k{number}", "kind": "message", "priority": number, "offer": None, "template": "t",
            "starts_on": None, "ends_on": None, "entry_rule": "every_n_days" if every else "once",
            "entry_every_days": int(pick.integers(1, 4)) if every else None,
            "entry_anchor": "last_purchase" if number < 2 else None, "wave": 2 if number == 1 else 1,
            "budget_messages": self.maybe(int(pick.integers(0, 30)), 0.3),
            "budget_amount": self.maybe(float(pick.integers(0, 20)) / 4, 0.3), "message_cost_amount": None,
            "offer_cost_amount": 0.5, "holdout_share": 0.1, "status": "on",
        }  # fmt: skip

    def ways(self, campaign: Row) -> list[Row]:
        names = self.chance.permutation([channel["channel"] for channel in self.channels])
        return [
            {"campaign_id": campaign["campaign_id"], "channel": name, "preference": place}
            for place, name in enumerate(names[: int(self.chance.integers(1, 5))])
        ]

    def put(self, table: str, rows: list[Row]) -> None:
        self.connection.execute(f"delete from {table}")
        self.add(table, rows)

    def add(self, table: str, rows: list[Row]) -> None:
        if rows:
            given = pd.DataFrame(rows).astype(object).where(lambda values: values.notna(), None)  # noqa: F841
            self.connection.execute(f"insert into {table} by name select * from given")

    def begin_day(self) -> None:
        """Audiences, purchases, consents, shares and other people's messages of a new day."""
        pick, day = self.chance, self.day
        self.put("int_as_of", [{"as_of_date": day}])
        for campaign in self.campaigns:
            campaign["holdout_share"] = float(pick.integers(0, 6)) / 10
            campaign["status"] = "on" if pick.random() < 0.9 else "off"
        self.put("campaigns", self.campaigns)
        tagged = []
        for number, person in enumerate(self.people):
            since = int(pick.integers(0, 4))
            tagged.append({
                "customer_id": person, "person_key": key_of(person), "segment": "s", "lifecycle_stage": "l",
                "first_fact_on": FIRST_DAY, "first_purchase_on": FIRST_DAY,
                "last_purchase_on": day - dt.timedelta(since) if number % 3 == 0 else FIRST_DAY,
                "days_since_first_fact": (day - FIRST_DAY).days, "days_since_last_engagement": since,
            })  # fmt: skip
            for channel in MESSAGES:
                if pick.random() < 0.3:
                    self.consents[person, channel] = str(pick.choice(["granted", "granted", "denied", "unsubscribed"]))
        self.put("int_customers_tagged", tagged)
        self.put("int_campaign_members", [
            {"campaign_id": campaign["campaign_id"], "customer_id": person}
            for campaign in self.campaigns for person in self.people if pick.random() < 0.7
        ])  # fmt: skip
        self.put("int_consents_in_force", [
            {"customer_id": person, "channel": channel, "purpose": "marketing", "status": status,
             "changed_at": dt.datetime.combine(day, dt.time())}
            for (person, channel), status in self.consents.items()
        ])  # fmt: skip
        self.put("int_customers_predicted", [
            {"customer_id": person, "predicted_value_amount": int(pick.integers(0, 3))} for person in self.people
        ])  # fmt: skip
        for person in self.people:
            if pick.random() < 0.1:
                channel = str(pick.choice([*MESSAGES, "fax"]))
                self.report(person, channel, self.maybe(str(pick.choice(["k2", "other"])), 0.5), day)

    def report(self, person: str, channel: str, campaign: str | None, day: dt.date, name: str | None = None) -> None:
        """A sender's report of a message; it counts anew where it has no name in the ledger."""
        self.add("stg_messages", [{
            "message_id": name or f"m{len(self.sent)}", "source_customer_id": person, "campaign_id": campaign,
            "channel": channel, "event_type": "sent", "occurred_at": dt.datetime.combine(day, dt.time(12)),
            "occurred_on": day,
        }])  # fmt: skip
        if name is None:
            self.sent.append({"customer_id": person, "channel": channel, "sent_on": day, "campaign_id": campaign,
                              "is_ours": False})  # fmt: skip

    def decide(self) -> pd.DataFrame:
        for name in CHAIN:
            self.connection.execute(f"create or replace table {name} as {self.models[name]}")
            if name in LOGS:
                self.connection.execute(
                    f"delete from {name}_so_far where as_of_date in (select as_of_date from {name})"
                )
                self.connection.execute(f"insert into {name}_so_far by name select * from {name}")
                self.connection.execute(f"create or replace table {name} as select * from {name}_so_far")
        return self.rows("select * from segment_campaign order by customer_id, campaign_id, channel")

    def rows(self, sql: str) -> pd.DataFrame:
        return self.connection.execute(sql).df()

    def send(self, planned: pd.DataFrame) -> None:
        """Most of the planned goes out on the next day; some of it fails, some is told by its sender as well."""
        self.day += dt.timedelta(1)
        for number, row in enumerate(planned.to_dict("records")):
            if self.chance.random() < 0.15:
                continue
            state = str(self.chance.choice(["claimed", "sent", "sent", "unknown", "failed", "dead"]))
            name = f"v{self.day}-{number}"
            self.add("base_activation_event", [{
                "event_id": name, "message_key": row["message_key"], "channel": row["channel"],
                "campaign_id": row["campaign_id"], "person_key": key_of(row["customer_id"]), "op": "send",
                "state": state, "vendor_id": name, "event_at": dt.datetime.combine(self.day, dt.time(9)),
            }])  # fmt: skip
            if state in ("failed", "dead"):
                continue
            self.sent.append({"customer_id": row["customer_id"], "channel": row["channel"], "sent_on": self.day,
                              "campaign_id": row["campaign_id"], "is_ours": True})  # fmt: skip
            if state == "sent" and self.chance.random() < 0.5:
                self.report(row["customer_id"], row["channel"], row["campaign_id"], self.day, name)

    # -- the promises

    def check(self, decisions: pd.DataFrame) -> None:
        assert not decisions.duplicated(["customer_id", "campaign_id", "channel"]).any()
        assert decisions["decision_reason"].notna().all()
        considered = self.rows("select customer_id, campaign_id, channel from int_campaign_considered")
        assert len(considered) == len(decisions)
        planned = decisions[decisions["decision"] == "send"]
        messages = planned[planned["channel"].isin(MESSAGES)]
        assert not messages.duplicated(["customer_id", "channel"]).any()
        for person, channel in messages[["customer_id", "channel"]].itertuples(index=False):
            assert self.consents.get((person, channel)) == "granted"
        self.check_caps(messages)
        self.check_arms(planned)
        self.check_budgets(planned)

    def check_caps(self, messages: pd.DataFrame) -> None:
        for person in set(messages["customer_id"]):
            for cap in self.caps:
                if cap["max_messages"] is None:
                    continue
                mine = messages[(messages["customer_id"] == person)]
                before = [
                    row for row in self.sent
                    if row["customer_id"] == person
                    and (cap["scope"] == "all" or row["channel"] == cap["scope"])
                    and row["channel"] != "banner"
                    and 0 <= (self.day - row["sent_on"]).days < cap["window_days"]
                ]  # fmt: skip
                now = len(mine) if cap["scope"] == "all" else int((mine["channel"] == cap["scope"]).sum())
                assert now == 0 or len(before) + now <= cap["max_messages"], (person, cap, before, now)

    def check_arms(self, planned: pd.DataFrame) -> None:
        """Nobody changes the arm, and nobody of a control group is planned, whatever became of the shares."""
        changed = self.rows(
            "select customer_id, control_group from campaign_assignments group by all having count(distinct arm) > 1"
            " or count(distinct assigned_arm) > 1"
        )
        assert changed.empty
        twice = self.rows(
            "select customer_id from int_assignment_log where entry_kind = 'assigned'"
            " group by customer_id, campaign_id, entered_on having count(*) > 1"
        )
        assert twice.empty
        held = self.rows(
            "select distinct customer_id, control_group from campaign_assignments where assigned_arm = 'control'"
        )
        pairs = set(held.itertuples(index=False, name=None))
        for person, campaign in planned[["customer_id", "campaign_id"]].itertuples(index=False):
            group = "j" if campaign in ("k0", "k1") else campaign
            assert (person, group) not in pairs and (person, "(global)") not in pairs

    def check_budgets(self, planned: pd.DataFrame) -> None:
        for campaign in self.campaigns:
            name = campaign["campaign_id"]
            ours = len({
                (row["customer_id"], row["channel"], row["sent_on"])
                for row in self.sent if row["campaign_id"] == name
            })  # fmt: skip
            now = int((planned["campaign_id"] == name).sum())
            if now and campaign["budget_messages"] is not None:
                assert ours + now <= campaign["budget_messages"]
            if now and campaign["budget_amount"] is not None:
                assert (ours + now) * 0.75 <= campaign["budget_amount"]


def key_of(person: str) -> str:
    return hashlib.sha256(f"clm|{person}".encode()).hexdigest()


@settings(max_examples=8, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(0, 10**9))
def test_whatever_goes_out_keeps_every_promise(models: dict[str, str], seed: int) -> None:
    world = World(models, np.random.default_rng(seed))
    for _ in range(4):
        world.begin_day()
        decisions = world.decide()
        world.check(decisions)
        pd.testing.assert_frame_equal(world.decide(), decisions)  # a second build of the day changes nothing
        world.send(decisions[decisions["decision"] == "send"])
        keys = world.rows(
            "select message_key from base_activation_event group by message_key having count(*) > 1"
            " and count(*) filter (where state not in ('failed', 'dead')) > 1"
        )
        assert keys.empty, "sent twice"
