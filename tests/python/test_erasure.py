"""Who asked to be forgotten is gone from every table the project builds, and every total stays as it was."""

from __future__ import annotations

import hashlib

import pytest
from conftest import Shop, new_shop

# what only the erased people have, wherever it may turn up; some of it in quarantined rows only
SECRETS = (
    "zelda", "quux", "zelda@one.example", "zelda@two.example", "zelda@old.example", "+49305557701", "+49305557702",
    "quuxville", "quuxian", "1971-07-17", "quuxindustry", "quuxowner", "quuxtier", "quuxsource", "quuxtongue",
    "guest.quux@one.example", "zelda@guest.example",
)  # fmt: skip
CUSTOMERS = """customer_id,email,phone,full_name,gender,birth_date,country,city,timezone,language,\
acquisition_source,industry,owner_id,member_tier,registered_at,updated_at
E1,Zelda@One.example,,Zelda Quux,quuxian,1971-07-17,DE,Quuxville,Europe/Berlin,quuxtongue,\
quuxsource,quuxindustry,quuxowner,quuxtier,2025-01-01,2025-01-02
E1,zelda@old.example,,Zelda Quux,quuxian,1971-07-17,DE,Quuxville,,,,,,,2025-01-01,2025-01-01
E2,zelda@one.example,030 555 77 01,Z. Quux,quuxian,1971-07-17,Germany,Quuxville,,,quuxsource,,,,2025-02-01,
E3,zelda@two.example,+49 30 5557701,Zelda Q. Quux,quuxian,,DE,Quuxville,,,quuxsource,,,,2025-03-01,
,zelda@two.example,,Zelda Quux,quuxian,,DE,Quuxville,,,,,,,2025-03-01,
E4,zelda@two.example,,Zelda Quux,quuxian,no date,DE,Quuxville,,,,,,,2025-03-01,
K1,kept@one.example,+49 30 5557801,Kept Person,female,1980-01-01,DE,Bonn,Europe/Berlin,de,\
website,food,sales,gold,2025-01-01,
K2,test@shop.example,,Kept Too,male,1980-01-01,DE,Bonn,,,website,,,,2025-01-01,
E5,test@shop.example,+49 30 5557702,Zelda Five Quux,quuxian,,DE,Quuxville,,,quuxsource,,,,2025-01-05,
"""
ORDERS = """order_id,customer_id,email,phone,ordered_at,status,amount
O1,E1,zelda@one.example,,2025-04-01,completed,10
O2,E3,,,2025-04-02,completed,20
O3,,ZELDA@two.example,+49 30 5557702,2025-04-03,completed,30
O4,,guest.quux@one.example,+49305557701,2025-04-04,completed,40
O5,,guest.quux@one.example,,2025-04-05,completed,50
O6,,zelda@one.example,,2025-04-06,completed,
O7,K1,kept@one.example,,2025-04-01,completed,60
O8,,test@shop.example,,2025-04-01,completed,70
O9,,,+49 30 5557702,2025-04-08,completed,80
O10,,other.guest@one.example,,2025-04-08,completed,90
O11,,test@shop.example,+49 30 5557702,2025-04-08,completed,15
O12,,zelda@guest.example,,2025-04-08,completed,25
"""
EVENTS = """event_id,anonymous_id,customer_id,event_type,occurred_at,properties
V1,v1,,search,2025-03-30,"{""query"": ""Zelda Quux address""}"
V2,v1,E2,login,2025-03-31,"{""name"": ""Zelda Quux""}"
V3,,E3,search,2025-04-01,"{""query"": ""Quuxville""}"
V4,,E3,search,never,"{""query"": ""Quuxville""}"
V6,v3,,search,2025-04-01,"{""query"": ""Zelda""}"
V5,v2,K1,search,2025-04-01,"{""query"": ""Bonn""}"
"""
REFUNDS = """refund_id,order_id,refunded_at,amount,reason
R1,O2,2025-05-01,1,Zelda Quux moved to Quuxville
R2,O2,2025-05-01,0,Zelda Quux moved to Quuxville
R3,O7,2025-05-01,1,too small
"""
CONSENTS = """customer_id,channel,purpose,status,changed_at
E1,email,marketing,granted,2025-01-01
E3,sms,marketing,granted,2025-01-01
K1,email,marketing,granted,2025-01-01
"""
# a record that is not the person's first, a guest and a visitor who are nobody else, and an id nobody has
REQUESTS = f"""customer_id,requested_at
E2,2026-01-01
guest_{hashlib.sha256(b"zelda@guest.example").hexdigest()},2026-01-02
anon_v3,no date
nobody,2026-01-03
"""
TOTALS = {
    "people": "select customer_id from customer_lifecycle",
    "revenue": "select customer_id, order_count, purchase_count, net_revenue_amount, first_purchase_on,"
    " last_purchase_on, rfm_code from customer_lifecycle",
    "ids": "select id_kind, source_id, customer_id, linked_by, evidence, first_seen_on, merge_status from identity_map",
    "merges": "select * from identity_merges",
    # the requests themselves are new rows
    "rows": "select source_table, raw_count, staged_count, quarantined_count from input_reconciliation"
    " where source_table <> 'erasure_requests'",
    "orders": "select order_id, customer_id, is_purchase, reporting_amount"
    " from main_intermediate.int_orders_attributed",
    "days": "select customer_id, activity_on, event_count from main_intermediate.int_customer_days",
    "quarantine": "select source_table, record_key, rule from quarantined_records"
    " where source_table <> 'erasure_requests'",
}


def write(shop: Shop, requests: str | None) -> None:
    tables = {"customers": CUSTOMERS, "orders": ORDERS, "events": EVENTS, "refunds": REFUNDS, "consents": CONSENTS}
    for table, text in tables.items():
        shop.write(table, text)
    if requests is not None:
        shop.write("erasure_requests", requests)


def found(shop: Shop) -> set[str]:
    """Tables and views of the project, but for the inputs and their readings, in which a secret stands."""
    relations = shop.rows(
        "select table_schema, table_name from information_schema.tables"
        " where table_schema not in ('main_input', 'main_seeds') and table_name not like 'base~_%' escape '~'"
    )
    hits = set()
    for schema, table in relations:
        matches = " or ".join(f"row_text like '%{secret}%'" for secret in SECRETS)
        rows = f"select lower(cast(t as varchar)) as row_text from {schema}.{table} as t"
        if shop.rows(f"select count(*) from ({rows}) as texts where {matches}") != [(0,)]:
            hits.add(f"{schema}.{table}")
    return hits


def totals(shop: Shop) -> dict[str, list[object]]:
    return {name: sorted(shop.rows(sql), key=str) for name, sql in TOTALS.items()}


@pytest.fixture(scope="module")
def before() -> tuple[Shop, set[str], dict[str, list[object]]]:
    """The shop before anybody asked: where the secrets stand, and what the totals are."""
    shop = new_shop("test_erasure")
    write(shop, None)
    shop.build(as_of="2026-06-30")
    return shop, found(shop), totals(shop)


Before = tuple[Shop, set[str], dict[str, list[object]]]


def test_the_search_finds_what_is_there(before: Before) -> None:
    _, hits, _ = before
    assert hits >= {
        "main_staging.checked_customers", "main_staging.stg_customers", "main_staging.checked_orders",
        "main_staging.stg_orders", "main_staging.checked_events", "main_staging.stg_events",
        "main_staging.checked_refunds", "main_intermediate.int_customers", "main_intermediate.int_customer_records",
        "main_intermediate.int_orders_attributed", "main_intermediate.int_identity_addresses",
        "main.quarantined_records", "main.customer_tags",
    }  # fmt: skip


def test_all_records_are_one_person_but_the_one_of_a_placeholder(before: Before) -> None:
    shop, _, _ = before
    persons = dict(shop.rows("select source_id, customer_id from identity_map where id_kind = 'customer'"))
    assert {persons[name] for name in ("E1", "E2", "E3", "E5")} == {"E1"} and persons["K2"] == "K2"


@pytest.mark.parametrize("as_of", ["2025-06-30", "2026-06-30"])
def test_nothing_of_the_forgotten_is_left_and_totals_stay(before: Before, as_of: str) -> None:
    shop, _, expected = before
    write(shop, REQUESTS)
    shop.build(as_of=as_of)
    assert found(shop) == set()
    if as_of == "2026-06-30":
        assert totals(shop) == expected


def test_the_register_shows_what_was_done(before: Before) -> None:
    shop, _, _ = before
    rows = shop.rows(
        "select substring(requested_id, 1, 7), substring(customer_id, 1, 7), cast(requested_on as varchar),"
        " erased_record_count, erased_order_count, distant_record_count, len(string_split(address_hashes, ','))"
        " from erasure_register order by 1"
    )
    assert rows == [
        ("E2", "E1", "2026-01-01", 4, 7, 0, 5),
        ("anon_v3", "anon_v3", None, 0, 0, 0, None),
        ("guest_c", "guest_c", "2026-01-02", 0, 1, 0, 1),
        ("nobody", None, "2026-01-03", 0, 0, 0, None),
    ]


def test_the_forgotten_are_never_contacted(before: Before) -> None:
    shop, _, _ = before
    reasons = shop.rows("select distinct decision_reason from segment_campaign where customer_id = 'E1'")
    assert reasons == [("erased",)]
    assert shop.rows("select count(*) from campaign_outbox where customer_id = 'E1'") == [(0,)]


def test_others_keep_what_they_have(before: Before) -> None:
    shop, _, _ = before
    assert shop.rows("select source_customer_id, email, full_name, city from main_staging.stg_customers order by 1")[
        -2:
    ] == [
        ("K1", "kept@one.example", "Kept Person", "Bonn"),
        ("K2", "test@shop.example", "Kept Too", "Bonn"),
    ]
    assert shop.rows("select email from main_staging.stg_orders where order_id in ('O7', 'O8', 'O10') order by 1") == [
        ("kept@one.example",), ("other.guest@one.example",), ("test@shop.example",)
    ]  # fmt: skip
    assert shop.rows("select properties from main_staging.stg_events where event_id = 'V5'") == [('{"query": "Bonn"}',)]
