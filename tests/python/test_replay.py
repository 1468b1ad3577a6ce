"""Same facts, same as-of date, same rules: the same rows, whatever the hour, the order of the raw rows or the build."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from conftest import PROJECT, Shop, new_shop

DEMO = PROJECT / "seeds" / "demo"
# no two tags of the demo mean quite the same people
NOON = "{clm_clock: '2026-07-05 12:00:00', clm_tag_overlap_rate: 0.4}"
MIDNIGHT = "{clm_clock: '2026-07-05 00:00:00', clm_tag_overlap_rate: 0.4}"


def put_demo(shop: Shop, shuffled: bool) -> None:
    """The demo's tables as CSV files of the folder, their rows in the order of the seeds or shuffled."""
    shop.raw.mkdir(parents=True, exist_ok=True)
    for source in sorted(DEMO.glob("demo_*.csv")):
        target = shop.raw / source.name.removeprefix("demo_")
        if not shuffled:
            shutil.copyfile(source, target)
            continue
        header, *rows = source.read_text(encoding="utf-8").splitlines()
        random.Random(7).shuffle(rows)
        target.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def hashes(shop: Shop) -> dict[str, tuple[int, str]]:
    """Of each table of the marts: how many rows, and one hash of all of them in a fixed order."""
    found = {}
    for (table,) in shop.rows("select table_name from duckdb_tables() where schema_name = 'main'"):
        sql = (
            "select count(*), md5(coalesce(string_agg(row_text, '|' order by row_text), '')) "
            f"from (select cast(t as varchar) as row_text from {table} as t)"
        )
        found[str(table)] = shop.rows(sql)[0]
    return found


@pytest.fixture(scope="module")
def replayed() -> tuple[Shop, dict[str, tuple[int, str]]]:
    """The demo's files, built once at noon, and the hashes of its marts."""
    shop = new_shop("test_replay")
    put_demo(shop, shuffled=False)
    shop.build(variables=NOON)
    found = hashes(shop)
    assert {"customer_lifecycle", "segment_campaign", "customer_tags", "quarantined_records"} <= set(found)
    # nothing was refused or sent since the build
    idle = {"activation_blocks", "activation_erasures", "activation_state"}
    assert {name for name, (rows, _) in found.items() if rows == 0} <= idle
    return shop, found


Replayed = tuple[Shop, dict[str, tuple[int, str]]]


def test_a_second_build_at_midnight_by_several_threads_gives_the_same_rows(replayed: Replayed) -> None:
    """Whichever of the three made a difference: the marts that differ are in the message."""
    shop, first = replayed
    shop.build(variables=MIDNIGHT, env={"CLM_THREADS": "2", "CLM_DUCKDB_THREADS": "2"})
    assert hashes(shop) == first


def test_shuffled_raw_rows_in_an_empty_database_give_the_same_rows(replayed: Replayed) -> None:
    shop, first = replayed
    shop.clear()
    put_demo(shop, shuffled=True)
    shop.build(variables=NOON)
    assert hashes(shop) == first


def test_the_hash_sees_a_single_cent(replayed: Replayed, tmp_path: Path) -> None:
    shop, first = replayed
    shop.rows(
        "update customer_lifecycle set net_revenue_amount = net_revenue_amount + 0.01 "
        "where customer_id = (select max(customer_id) from customer_lifecycle)"
    )
    assert hashes(shop) != first
