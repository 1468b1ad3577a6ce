"""Tags: their log and history over several builds, their evidence, their rules and their versions."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import PROJECT, Built, Shop, new_shop

DAYS = ("2026-05-31", "2026-06-15", "2026-06-30")
SELECTED = ("--select", "+customer_tag_history", "+tag_catalogue")
LOG = "main_intermediate.int_tag_log_demo"
LOGGED = (LOG, "main_intermediate.int_tag_runs_demo", "customer_tags", "customer_tag_history", "tag_catalogue")
RULES = PROJECT / "tests" / "fixtures" / "tag_rules.csv"
TODAY = "select customer_id, tag, tag_value from customer_tags order by all"
Rows = list[tuple[Any, ...]]


def run(shop: Shop, day: str, *arguments: str, variables: str = "{}") -> Built:
    """The models that tags need, on the demo as of a day."""
    built = shop.dbt("run", *SELECTED, *arguments, env={"CLM_AS_OF_DATE": day}, variables=variables)
    assert built.success, built.log[-4000:]
    return built


def hashes(shop: Shop) -> dict[str, str]:
    """One hash of all rows of each table, in a fixed order."""
    rows = (
        "select md5(string_agg(row_text, '|' order by row_text)) from (select cast(t as varchar) as row_text from {} t)"
    )
    return {table: str(shop.rows(rows.format(table))[0][0]) for table in LOGGED}


@dataclass
class World:
    """The demo after builds as of the three days: the tags of each build, and what the last one left."""

    shop: Shop
    tags: dict[str, Rows]
    last: dict[str, str]


@pytest.fixture(scope="module")
def world() -> World:
    shop = new_shop("test_tags")
    assert shop.dbt("seed").success
    tags = {}
    for day in DAYS:
        run(shop, day)
        tags[day] = shop.rows(TODAY)
    return World(shop, tags, hashes(shop))


def test_the_history_is_what_each_build_saw(world: World) -> None:
    for day in DAYS:
        seen = world.shop.rows(
            "select customer_id, tag, tag_value from customer_tag_history "
            f"where valid_from <= '{day}' and (valid_to is null or valid_to > '{day}') order by all"
        )
        assert seen == world.tags[day], day
    assert world.tags[DAYS[0]] != world.tags[DAYS[1]] != world.tags[DAYS[2]]


def test_since_on_is_the_first_build_of_the_unbroken_period(world: World) -> None:
    found = {row[:3]: row[3] for row in world.shop.rows(
        "select customer_id, tag, tag_value, cast(since_on as varchar) from customer_tags"
    )}  # fmt: skip
    held = [set(world.tags[day]) for day in DAYS]
    for row, since_on in found.items():
        first = 0 if row in held[0] and row in held[1] else 1 if row in held[1] else 2
        assert since_on == DAYS[first], row
    assert set(found.values()) == set(DAYS)


def test_the_changes_of_a_day_are_the_difference_of_two_builds(world: World) -> None:
    before, after = set(world.tags[DAYS[1]]), set(world.tags[DAYS[2]])
    changes = world.shop.rows(
        "select customer_id, tag, tag_value, previous_value, change from customer_tag_changes "
        f"where as_of_date = '{DAYS[2]}'"
    )
    begun = {row[:3] for row in changes if row[4] != "removed"}
    ended = {(row[0], row[1], row[3]) for row in changes if row[4] != "added"}
    assert begun == after - before and ended == before - after
    assert {row[4] for row in changes} == {"added", "removed", "changed"}


def test_a_day_built_again_gives_the_same_bytes(world: World) -> None:
    run(world.shop, DAYS[2])
    assert hashes(world.shop) == world.last


def test_a_past_day_is_shown_and_the_log_left_alone_and_said(world: World) -> None:
    built = run(world.shop, DAYS[0], "--full-refresh")
    assert f"was left as it is: it reaches to {DAYS[2]}, and this build is as of {DAYS[0]}" in built.log
    assert world.shop.rows(TODAY) == world.tags[DAYS[0]]
    assert world.shop.rows("select count(*) from customer_tags where since_on <> date '2026-05-31'") == [(0,)]
    assert {table: value for table, value in hashes(world.shop).items() if table in LOGGED[:2]} == {
        table: world.last[table] for table in LOGGED[:2]
    }
    again = run(world.shop, DAYS[2])
    assert "was left as it is" not in again.log
    assert hashes(world.shop) == world.last


def test_going_back_with_rewind_writes_the_log_anew(world: World) -> None:
    built = run(world.shop, DAYS[1], variables="{clm_tag_log_rewind: true}")
    assert "was left as it is" not in built.log
    kinds = f"select entry_kind, count(*) from {LOG} where as_of_date = '{DAYS[2]}' group by entry_kind"
    assert world.shop.rows(kinds) == [("rewound", 1)]
    assert world.shop.rows("select max(previous_run_on) from tag_catalogue")[0][0].isoformat() == DAYS[0]
    run(world.shop, DAYS[2])
    assert hashes(world.shop) == world.last


# -- evidence


def documented(shop: Shop) -> dict[str, dict[str, Any]]:
    """The tags as the manifest documents them: model, kind, version, evidence."""
    nodes = json.loads((shop.folder / "target" / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    tags = {}
    for node in nodes.values():
        for column in node.get("columns", {}).values() if node["resource_type"] == "model" else []:
            meta = column["config"]["meta"]
            if "evidence" in meta:
                tags[meta.get("tag", column["name"])] = {**meta, "model": node["name"], "column": column["name"]}
    return tags


def compiled(shop: Shop, model: str) -> str:
    (path,) = (shop.folder / "target" / "compiled" / "clm" / "models").rglob(f"{model}.sql")
    return path.read_text(encoding="utf-8")


def unexplained(connection: duckdb.DuckDBPyConnection, sql: str, tag: str, meta: dict[str, Any]) -> tuple[int, int]:
    """Rows of a tag, and those whose evidence alone does not give the tag again by its model's own SQL."""
    (relation,) = set(re.findall(r'"\w+"\."main_intermediate"\."(\w+)"', sql))
    columns = connection.execute(
        "select column_name, data_type from information_schema.columns "
        f"where table_name = '{relation}' and table_schema = 'main_intermediate'"
    ).fetchall()
    given = {name: f"json_extract_string(evidence, '$.{name}')" for name in meta["evidence"]}
    given |= {"customer_id": "customer_id", "as_of_date": "as_of.as_of_date"}
    values = [f"{given.get(name, 'null')}::{data_type} as {name}" for name, data_type in columns]
    connection.execute(
        f"create or replace temp table evident as select {', '.join(values)} from evidence_of_tags "
        f"cross join main_intermediate.int_as_of as as_of where tag = '{tag}'"
    )
    again = re.sub(r'"\w+"\."main_intermediate"\."\w+"', "evident", sql)
    holds = {"boolean": f"again.{meta['column']}", "multi": "again.tag_value = tags.tag_value"}.get(
        meta["kind"], f"again.{meta['column']} = tags.tag_value"
    )
    counts: tuple[int, int] = connection.execute(
        f"select count(*), count(*) filter (where not exists (select 1 from ({again}) as again "
        f"where again.customer_id = tags.customer_id and {holds})) from evidence_of_tags as tags where tag = '{tag}'"
    ).fetchall()[0]
    return counts


def judge_evidence(shop: Shop, evidence: str) -> dict[str, tuple[int, int]]:
    connection = duckdb.connect(str(shop.database))
    try:
        connection.execute(
            f"create temp table evidence_of_tags as select customer_id, tag, tag_value, {evidence} from customer_tags"
        )
        return {
            tag: unexplained(connection, compiled(shop, meta["model"]), tag, meta)
            for tag, meta in documented(shop).items()
        }
    finally:
        connection.close()


def test_every_tag_follows_from_its_evidence_alone(demo: Shop) -> None:
    judged = judge_evidence(demo, "evidence")
    assert len(judged) >= 47
    assert {tag: counts for tag, counts in judged.items() if counts[1] > 0} == {}
    assert sum(counts[0] for counts in judged.values()) == demo.rows("select count(*) from customer_tags")[0][0]


def test_evidence_that_says_nothing_explains_no_tag(demo: Shop) -> None:
    judged = judge_evidence(demo, "'{}' as evidence")
    assert {tag: counts for tag, counts in judged.items() if counts[1] != counts[0]} == {}


# -- rules and their versions


def select_list(sql: str) -> dict[str, str]:
    """The columns of a model's CTE `final`: name and normalised SQL; `*` is the whole of it."""
    body = re.sub(r"--[^\n]*", "", sql).split("final as (", 1)[1].rsplit(")", 1)[0]
    body = " ".join(body.split())
    items, depth, start = [], 0, body.index("select ") + len("select ")
    for place, letter in enumerate(body[start:] + ",", start):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        at_from = depth == 0 and body.startswith(" from ", place)
        if depth == 0 and (letter == "," or at_from):
            items.append(body[start:place].strip())
            start = place + 1
        if at_from:
            break
    return {"*": body, **{item.split(" ")[-1].split(".")[-1]: item for item in items}}


def rules(shop: Shop) -> dict[str, tuple[str, str]]:
    """Version and checksum of every tag's rule, as the default settings compile it."""
    found = {}
    for tag, meta in documented(shop).items():
        columns = select_list(compiled(shop, meta["model"]))
        rule = columns["*" if meta["kind"] == "multi" else meta["column"]]
        found[tag] = (str(meta["version"]), hashlib.sha256(rule.encode()).hexdigest()[:16])
    return found


def test_no_rule_changes_under_the_same_version(demo: Shop) -> None:
    with RULES.open(encoding="utf-8", newline="") as lines:
        known = {row["tag"]: (row["rule_version"], row["checksum"]) for row in csv.DictReader(lines)}
    found = rules(demo)
    changed = [tag for tag in found if tag in known and found[tag][0] == known[tag][0] and found[tag] != known[tag]]
    assert changed == [], "raise config.meta.version of these tags: their SQL changed"
    listed = [f"{tag},{version},{checksum}" for tag, (version, checksum) in sorted(found.items())]
    assert found == known, f"put into {RULES.name}:\n" + "\n".join(["tag,rule_version,checksum", *listed])


def test_a_checksum_sees_a_threshold_and_not_the_layout() -> None:
    columns = "    select\n        a,\n        coalesce(b >= 3, false) as c\n    from d\n"
    sql = f"with\n\nfinal as (\n{columns})\n\nselect * from final"
    assert select_list(sql)["c"] == select_list(sql.replace("        coalesce", "  coalesce"))["c"]
    assert select_list(sql)["c"] != select_list(sql.replace("3", "4"))["c"]


def test_profiling_that_is_denied_takes_predictive_tags_only(demo: Shop) -> None:
    predictive = {tag for tag, meta in documented(demo).items() if meta.get("predictive")}
    assert predictive == {"churn_risk", "purchase_intent", "engagement_falling", "interest_category"}
    denied = "(select customer_id from main_intermediate.int_customer_features where is_profiling_denied)"
    held = {tag for (tag,) in demo.rows(f"select distinct tag from customer_tags where customer_id in {denied}")}
    assert held and not held & predictive


@pytest.mark.parametrize("refuse", [True, False])
def test_no_predictive_tag_gets_further_than_a_refusal_of_profiling(demo: Shop, refuse: bool) -> None:
    """The demo's model run again as if everybody's engagement fell and everybody refused, or nobody did."""
    tags = [meta for meta in documented(demo).values() if meta.get("predictive") and meta["kind"] != "multi"]
    given = {"int_customer_features": f"{refuse} as is_profiling_denied", "tags_risk": "true as engagement_falling"}
    sql = compiled(demo, "int_customers_tagged")
    for name, value in given.items():
        relation = f'"clm"."main_intermediate"."{name}"'
        sql = sql.replace(f"select * from {relation}", f"select * replace ({value}) from {relation}")
    held = ", ".join(
        f"count(*) filter (where coalesce(cast(tag_{tag['column']} as varchar), 'false') <> 'false')" for tag in tags
    )
    (counts,) = demo.rows(f"select {held} from ({sql}\n)")
    assert len(counts) == 3
    assert set(counts) == {0} if refuse else min(counts) > 10


def test_every_fixture_of_rules_is_sorted() -> None:
    lines = Path(RULES).read_text(encoding="utf-8").splitlines()
    assert lines[1:] == sorted(lines[1:])
