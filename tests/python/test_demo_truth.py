"""The generator planted dirty rows and says which; the quarantine must hold exactly those."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from conftest import PROJECT, Shop


def planted() -> Counter[tuple[str, str]]:
    manifest = json.loads((PROJECT / "seeds" / "demo" / "manifest.json").read_text(encoding="utf-8"))
    return Counter(
        {
            (table, rule): entry["count"]
            for table, described in manifest["tables"].items()
            for rule, entry in described["planted"].items()
        }
    )


def test_quarantine_holds_exactly_the_planted_rows(demo: Shop) -> None:
    rows = demo.rows("select source_table, rule, count(*) from quarantined_records group by all")
    found = Counter({(table, rule): count for table, rule, count in rows})
    assert sorted(found.items()) == sorted(planted().items())


def test_every_raw_row_is_staged_or_quarantined(demo: Shop) -> None:
    rows = demo.rows("select source_table, raw_count, staged_count, quarantined_count from input_reconciliation")
    assert len(rows) == 16
    for table, raw, staged, quarantined in rows:
        assert raw == staged + quarantined, table


def test_the_demo_stages_the_arms_of_the_planted_campaign(demo: Shop) -> None:
    truth = json.loads((PROJECT / "seeds" / "demo" / "manifest.json").read_text(encoding="utf-8"))["truth"]
    planted = {(person, "treated" if arm == "treated" else "control") for person, arm, _ in truth["lists"]["winback_1"]}
    rows = demo.rows(
        "select source_customer_id, arm, campaign_id, cast(assigned_at as varchar) from main_staging.stg_assignments"
    )
    assert {(person, arm) for person, arm, _, _ in rows} == planted and len(rows) == len(planted)
    assert {(campaign, at) for _, _, campaign, at in rows} == {("winback_1", truth["campaign"]["sent_from"])}


def test_nobody_in_a_control_group_is_contacted(demo: Shop) -> None:
    assert demo.rows(
        "select count(*) from segment_campaign inner join customer_lifecycle using (customer_id)"
        " where is_global_control and decision = 'send'"
    ) == [(0,)]
    assert demo.rows("select count(*) > 0 from customer_lifecycle where is_global_control") == [(True,)]


def test_the_readme_shows_the_demo_as_it_is(demo: Shop) -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    for segment, people, revenue in demo.rows(
        "select segment, customer_count, net_revenue_amount from segment_population"
    ):
        line = next(line for line in readme.splitlines() if line.startswith(f"{segment} "))
        assert line.split()[1] == f"{people:,}" and f" {revenue:,.2f} " in line, line
    decisions = demo.rows(
        "select campaign_id, channel, decision, decision_reason from segment_campaign where customer_id = 'C0166'"
    )
    shown = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in readme.splitlines()
        if line.startswith(("| winback", "| cant_lose"))
    ]
    assert sorted(shown) == sorted(decisions)
    history = demo.rows(
        "select cast(valid_from as varchar), coalesce(cast(valid_to as varchar), ''), lifecycle_stage,"
        " lifecycle_sub_state, cause from lifecycle_history where customer_id = 'C0166' order by valid_from"
    )
    lines = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in readme.splitlines()]
    assert [line for line in lines if len(line) == 5 and line[0].startswith("20")] == history
    for tag_line in (line for line in readme.splitlines() if line.startswith("| C0")):
        customer, tag, value, evidence = (cell.strip() for cell in tag_line.strip("|").split("|"))
        assert demo.rows(
            "select coalesce(tag_value, ''), evidence from customer_tags"
            f" where customer_id = '{customer}' and tag = '{tag}'"
        ) == [(value, evidence)]


@pytest.mark.parametrize(
    ("named", "first"), [("churn_drivers_en", "days_to_churn"), ("reason_en", "recommendation_rank")]
)
def test_the_readme_shows_predictions_as_they_are(demo: Shop, named: str, first: str) -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    (query,) = (query for part in readme.split("```sql\n")[1:] if named in (query := part.split("```")[0]))
    shown = readme.split(f"| {first} |")[1].split("\n\n")[0].splitlines()[2:]
    cells = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in shown]
    assert cells == [tuple(str(value) for value in row) for row in demo.rows(query)]


def test_the_readme_names_every_mart() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    marts = {path.stem for path in (PROJECT / "models" / "marts").rglob("*.sql")}
    assert marts and {mart for mart in marts if f"`{mart}`" not in readme} == set()
