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


Hashes = dict[str, tuple[str, int, str]]
Replayed = tuple[Shop, Hashes]


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


def hashes(shop: Shop) -> Hashes:
    """Of each table and view: its columns and types, how many rows, and one hash of all of them in a fixed order."""
    columns = (
        "select table_schema || '.' || table_name,"
        " string_agg(column_name || ' ' || data_type order by ordinal_position)"
        " from information_schema.columns where table_catalog = 'clm' and table_schema <> 'main_input' group by all"
    )
    found = {}
    for relation, shape in shop.rows(columns):
        sql = (
            "select count(*), md5(coalesce(string_agg(row_text, '|' order by row_text), '')) "
            f"from (select cast(t as varchar) as row_text from {relation} as t)"
        )
        found[str(relation).removeprefix("main.")] = (str(shape), *shop.rows(sql)[0])
    return found


@pytest.fixture(scope="module")
def replayed() -> Replayed:
    """The demo's files, built once by dbt at noon, and the hashes of what it made."""
    shop = new_shop("test_replay")
    put_demo(shop, shuffled=False)
    shop.build(variables=NOON, by_dbt=True)
    found = hashes(shop)
    assert {"customer_lifecycle", "segment_campaign", "main_staging.stg_orders", "main_seeds.campaigns"} <= set(found)
    # nothing was refused or sent since the build
    idle = {"activation_blocks", "activation_erasures", "activation_state"}
    assert {name for name, (_, rows, _) in found.items() if rows == 0 and "." not in name} <= idle
    return shop, found


def test_a_second_build_at_midnight_by_several_threads_gives_the_same_rows(replayed: Replayed) -> None:
    """Whichever of the three made a difference: the marts that differ are in the message."""
    shop, first = replayed
    shop.build(variables=MIDNIGHT, env={"CLM_THREADS": "2", "CLM_DUCKDB_THREADS": "2"})
    assert hashes(shop) == first


def test_shuffled_rows_and_what_dbt_compiled_give_the_same_relations_without_it(replayed: Replayed) -> None:
    """In an empty database. So other tests build by what dbt compiled (compiled_builds.py), with a day or without."""
    shop, first = replayed
    shop.clear()
    put_demo(shop, shuffled=True)
    shop.build(variables=NOON)
    assert hashes(shop) == first
    day = str(shop.rows("select as_of_date from main_intermediate.int_as_of")[0][0])
    shop.clear()
    put_demo(shop, shuffled=False)
    shop.build(day, variables=NOON, select=("+customer_lifecycle",))
    assert hashes(shop)["customer_lifecycle"] == first["customer_lifecycle"]


def test_the_hash_sees_a_single_cent(replayed: Replayed, tmp_path: Path) -> None:
    shop, first = replayed
    shop.rows(
        "update customer_lifecycle set net_revenue_amount = net_revenue_amount + 0.01 "
        "where customer_id = (select max(customer_id) from customer_lifecycle)"
    )
    assert hashes(shop) != first
