"""Builds of a shop without dbt's own work: the SQL that dbt compiled, run again over other raw rows.

Compiled SQL depends on the vars and the as-of date alone, since models read input views of fixed shape; these are made
by dbt's hook, here as everywhere. So dbt compiles once for each choice of vars, for all workers, and a build costs
what its statements cost. That the relations are those of dbt's own build is shown by test_replay.py.
"""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb
from conftest import SHARED, Parsed, Shop, manifest_for, new_shop
from dbt.artifacts.resources.types import NodeType
from dbt.contracts.graph.manifest import Manifest
from dbt.parser.manifest import extended_mashumaro_encoder, extended_mashumuro_decoder
from filelock import FileLock

ANY_DAY = "2001-02-03"  # stands for the as-of date that a build is given
HOOKED = "model.clm.base_orders"  # a view: dbt runs its hooks for the sake of it


@dataclass(frozen=True)
class Step:
    """A model: where it goes, how it is kept, out of what SQL, and the models it needs."""

    name: str
    schema: str
    relation: str
    materialized: str
    sql: str
    parents: list[str]


@functools.cache
def compiled_steps(variables: str, has_day: bool) -> dict[str, Step]:
    """Every model by its unique id, parents first; with a given day, ANY_DAY stands for it in the SQL."""
    kept = kept_under(variables, has_day)
    with FileLock(f"{kept}.lock"):
        if not kept.exists():
            steps = {key: asdict(step) for key, step in compile_project(variables, has_day)}
            kept.write_text(json.dumps(steps), encoding="utf-8")
    return {key: Step(**step) for key, step in json.loads(kept.read_text(encoding="utf-8")).items()}


def kept_under(variables: str, has_day: bool) -> Path:
    return SHARED / f"compiled_{hashlib.sha256(variables.encode()).hexdigest()[:8]}_{has_day}.json"


def compile_project(variables: str, has_day: bool) -> Iterator[tuple[str, Step]]:
    shop = new_shop("compiled")
    shop.raw.mkdir(exist_ok=True)
    built = shop.dbt(
        "compile", "--select", "resource_type:model", variables=variables,
        env={"CLM_AS_OF_DATE": ANY_DAY} if has_day else {},
    )  # fmt: skip
    assert built.success, built.log[-4000:]
    shutil.copy(shop.folder / "target" / "manifest.json", kept_under(variables, has_day).with_suffix(".manifest"))
    results: list[Any] = getattr(built.result.result, "results", [])
    nodes = {result.node.unique_id: result.node for result in results}
    order: dict[str, None] = {}

    def visit(key: str) -> None:
        for parent in nodes[key].depends_on.nodes:
            if parent in nodes and parent not in order:
                visit(parent)
        order[key] = None

    for key in sorted(nodes):
        if key not in order:
            visit(key)
    for key in order:
        node = nodes[key]
        sql = node.compiled_code
        if node.contract.enforced:
            sql = f"select {', '.join(node.columns)} from (\n{sql}\n) as contracted"
        parents = [parent for parent in node.depends_on.nodes if parent in nodes]
        yield key, Step(node.name, node.schema, node.relation_name, node.config.materialized, sql, parents)


def hooks_alone() -> Manifest:
    """The parsed project with a single model, so that dbt does little but to run the hook that makes input views."""
    manifest: Manifest = Manifest.from_msgpack(hooks_alone_text(), decoder=extended_mashumuro_decoder)
    return manifest


@functools.cache
def hooks_alone_text() -> bytes:
    manifest = manifest_for(Parsed(), ["run"])
    kept = {HOOKED, *(key for key, node in manifest.nodes.items() if node.resource_type == NodeType.Operation)}
    for key in [key for key in manifest.nodes if key not in kept]:
        del manifest.nodes[key]
    manifest.exposures.clear()
    alone: bytes = manifest.to_msgpack(extended_mashumaro_encoder)
    return alone


def catalogue() -> str:
    """A database that holds the seeds."""
    kept = SHARED / "catalogue.duckdb"
    with FileLock(f"{kept}.lock"):
        if not kept.exists():
            shop = new_shop("catalogue")
            shop.raw.mkdir(exist_ok=True)
            (shop.raw / "orders.csv").write_text("order_id,customer_id,ordered_at,amount\n", encoding="utf-8")
            assert shop.dbt("seed").success
            shop.copy_database(kept.with_suffix(".partial"))
            kept.with_suffix(".partial").rename(kept)
    return str(kept)


def chosen(steps: dict[str, Step], select: Iterable[str]) -> list[Step]:
    """What dbt's `name` and `+name` select, all without any; seeds are there anyway."""
    wanted: set[str] = set()
    names = {step.name: key for key, step in steps.items()}

    def with_parents(key: str) -> None:
        if key not in wanted:
            wanted.add(key)
            for parent in steps[key].parents:
                with_parents(parent)

    for name in select:
        if name.startswith("+"):
            with_parents(names[name[1:]])
        else:
            wanted.add(names[name])
    return [step for key, step in steps.items() if key in wanted or not select]


def can_be_compiled(shop: Shop, as_of: str | None, variables: str, select: tuple[str, ...]) -> bool:
    """Raw tables in files, models that are named, and no log that the build would carry on."""
    if not shop.raw.exists():
        return False
    steps = compiled_steps(variables, as_of is not None).values()
    if not {name.removeprefix("+") for name in select} <= {step.name for step in steps}:
        return False
    logs = {step.relation.split(".")[-1].strip('"') for step in steps if step.materialized == "incremental"}
    return not logs & {name for (name,) in shop.rows("select table_name from duckdb_tables()")}


def build_compiled(shop: Shop, as_of: str | None, variables: str, select: tuple[str, ...]) -> None:
    """Makes the chosen relations, and the manifest that tells of their SQL."""
    steps = chosen(compiled_steps(variables, as_of is not None), select)
    env = {"CLM_AS_OF_DATE": as_of} if as_of else {}
    prepared = shop.dbt("run", "--no-write-json", variables=variables, env=env, manifest=hooks_alone())
    assert prepared.success, prepared.log[-4000:]
    connection = duckdb.connect(str(shop.database))
    try:
        connection.execute("set TimeZone = 'UTC'")
        for schema in sorted({"main_seeds", *(step.schema for step in steps)}):
            connection.execute(f"create schema if not exists {schema}")
        connection.execute(f"attach '{catalogue()}' as catalogue (read_only)")
        for (seed,) in connection.execute(
            "select table_name from duckdb_tables() where database_name = 'catalogue' and schema_name = 'main_seeds'"
        ).fetchall():
            connection.execute(f"create or replace table main_seeds.{seed} as from catalogue.main_seeds.{seed}")
        connection.execute("detach catalogue")
        for step in steps:
            kind = "view" if step.materialized == "view" else "table"
            sql = step.sql.replace(ANY_DAY, as_of) if as_of else step.sql
            connection.execute(f"create or replace {kind} {step.relation} as {sql}")
    finally:
        connection.close()
    manifest = kept_under(variables, as_of is not None).with_suffix(".manifest").read_text(encoding="utf-8")
    (shop.folder / "target").mkdir(exist_ok=True)
    (shop.folder / "target" / "manifest.json").write_text(manifest.replace(ANY_DAY, as_of or ANY_DAY), encoding="utf-8")
