"""The generator planted dirty rows and says which; the quarantine must hold exactly those."""

from __future__ import annotations

import json
from collections import Counter

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
    assert len(rows) == 14
    for table, raw, staged, quarantined in rows:
        assert raw == staged + quarantined, table


def test_nobody_in_a_control_group_is_contacted(demo: Shop) -> None:
    assert demo.rows(
        "select count(*) from segment_campaign inner join customer_lifecycle using (customer_id)"
        " where is_global_control and decision = 'send'"
    ) == [(0,)]
    assert demo.rows("select count(*) > 0 from customer_lifecycle where is_global_control") == [(True,)]
