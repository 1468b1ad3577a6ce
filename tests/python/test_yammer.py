"""Real e-mails: 60,920 sent to 6,179 users, with opens and clicks; what caps and fatigue make of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from conftest import Shop, new_shop

LAST_DAY = "2014-08-31"


def as_messages(emails: pd.DataFrame) -> pd.DataFrame:
    """Opens and clicks carry no message id: they belong to the user's last message before."""
    ordered = emails.sort_values(["user_id", "occurred_at"], kind="stable")
    is_sent = ordered["action"].str.startswith("sent_")
    number = is_sent.groupby(ordered["user_id"]).cumsum()
    words = {"email_open": "opened", "email_clickthrough": "clicked"}
    kind = ordered["action"].where(is_sent).groupby(ordered["user_id"]).ffill()
    return pd.DataFrame(
        {
            "message_id": ordered["user_id"].astype(str) + "-" + number.astype(str),
            "customer_id": "u" + ordered["user_id"].astype(str),
            "campaign_id": kind.str.removeprefix("sent_"),
            "channel": "email",
            "event_type": ordered["action"].map(words).fillna("sent"),
            "occurred_at": ordered["occurred_at"],
        }
    )


@pytest.fixture(scope="module")
def yammer(shared_data: Path) -> tuple[Shop, pd.DataFrame, dict[str, Any]]:
    folder = shared_data / "yammer_emails"
    shop = new_shop("yammer")
    messages = as_messages(pd.read_parquet(folder / "emails.parquet"))
    users = sorted(messages["customer_id"].unique())
    shop.write("messages", messages)
    # all who got mail agreed to it, and each may get a newsletter on the day after the last
    shop.write("customers", pd.DataFrame(
        {"customer_id": users, "email": [f"{user}@example.com" for user in users], "registered_at": "2013-01-01"}
    ))  # fmt: skip
    shop.write("consents", pd.DataFrame(
        {"customer_id": users, "channel": "email", "purpose": "marketing", "status": "granted",
         "changed_at": "2013-01-01"}
    ))  # fmt: skip
    shop.write("orders", "order_id,customer_id,ordered_at,amount\n1,u0,2014-05-01,5\n")
    # the shop sends a digest a week; a cap of one in six days is met by some
    shop.build(select=("frequency_caps",))
    with duckdb.connect(str(shop.database)) as connection:
        connection.execute(
            "update main_seeds.frequency_caps set max_messages = 1, window_days = 6 where scope = 'email'"
        )
    built = shop.dbt(
        "build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test",
        "--select", "+campaign_decision_summary", "+message_performance", "+message_fatigue",
        "--exclude", "frequency_caps",
        env={"CLM_AS_OF_DATE": LAST_DAY}, variables="{clm_global_control_share: 0}",
    )  # fmt: skip
    assert built.success, built.log[-4000:]
    return shop, messages, json.loads((folder / "expected.json").read_text(encoding="utf-8"))


Yammer = tuple[Shop, pd.DataFrame, dict[str, Any]]


def test_months_have_their_published_rates(yammer: Yammer) -> None:
    shop, _, expected = yammer
    found = {
        (campaign, month): (sent, float(opens), float(clicks))
        for campaign, month, sent, opens, clicks in shop.rows(
            "select campaign_id, sent_month, sent_count, open_rate, click_rate from message_performance"
        )
    }
    wanted = {
        (kind.removeprefix("sent_"), month): row
        for kind, months in expected["monthly_by_kind"].items()
        for month, row in months.items()
    }
    assert set(found) == set(wanted)
    for key, row in wanted.items():
        assert found[key][0] == row["sent"]
        assert found[key][1:] == pytest.approx((row["open_rate"], row["click_rate"]), abs=5e-5)


def test_fatigue_counts_the_messages_before(yammer: Yammer) -> None:
    shop, messages, _ = yammer
    sent = messages[messages["event_type"] == "sent"].sort_values(["customer_id", "occurred_at", "message_id"])
    day = sent["occurred_at"].dt.normalize()
    earlier = []
    for _, days in day.groupby(sent["customer_id"], sort=False):
        values = days.to_list()
        earlier += [sum(values[i] - other < pd.Timedelta(days=30) for other in values[:i]) for i in range(len(values))]
    wanted = pd.Series(earlier).clip(upper=10).value_counts().to_dict()
    assert dict(shop.rows("select earlier_message_count, sent_count from message_fatigue")) == wanted
    assert len(wanted) >= 5


def test_caps_hold_over_what_was_really_sent(yammer: Yammer) -> None:
    shop, messages, _ = yammer
    caps = shop.rows(
        "select scope, max_messages, window_days from main_seeds.frequency_caps"
        " where scope in ('all', 'email') and max_messages is not null"
    )
    sent = messages[messages["event_type"] == "sent"]
    age = (pd.Timestamp(LAST_DAY) - sent["occurred_at"].dt.normalize()).dt.days
    before = {window: sent["customer_id"][age < window].value_counts() for _, _, window in caps}
    decided = "from segment_campaign where channel = 'email' and"
    planned = dict(shop.rows(f"select customer_id, count(*) {decided} decision = 'send' group by customer_id"))
    capped = {user for (user,) in shop.rows(f"select customer_id {decided} decision_reason like 'frequency_cap:%'")}
    assert planned and capped
    for user in sent["customer_id"].unique():
        is_full = any(before[window].get(user, 0) >= most for _, most, window in caps)
        assert planned.get(user, 0) <= (0 if is_full else 1)
        if user in capped:
            assert is_full
