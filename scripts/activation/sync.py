"""What is sent: a dbt exposure with `config.meta`, read from dbt's manifest."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from activation import MISCONFIGURED, Stopped

IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*")
REQUIRED = ("kind", "relation", "decisions", "key", "fields")


@dataclass(frozen=True)
class Sync:
    """One exposure: the relations it reads, the key of a message and the fields that opted in."""

    name: str
    kind: str
    relation: str
    decisions: str
    key: str
    fields: tuple[str, ...]
    open_fields: frozenset[str]
    mapping_version: str
    adapter_type: str
    invocation_id: str | None


def read_sync(manifest_path: Path, name: str) -> Sync:
    """The exposure of that name. Stops (2) when the manifest or a part of the exposure is missing."""
    if not manifest_path.is_file():
        raise Stopped(
            MISCONFIGURED, f"There is no {manifest_path}; run `dbt build`, or give its folder as --target-path."
        )
    manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
    exposure = next((e for e in manifest["exposures"].values() if e["name"] == name), None)
    if exposure is None:
        raise Stopped(MISCONFIGURED, f"{manifest_path} has no exposure {name}; run `dbt build`, or correct --exposure.")
    meta = exposure["config"].get("meta") or {}
    missing = [part for part in REQUIRED if not meta.get(part)]
    if missing:
        raise Stopped(MISCONFIGURED, f"config.meta of the exposure {name} lacks {', '.join(missing)}.")
    fields = {str(field["name"]): field.get("personal", True) for field in meta["fields"]}
    for identifier in (meta["key"], *fields):
        if not IDENTIFIER.fullmatch(identifier):
            raise Stopped(MISCONFIGURED, f"The exposure {name} names '{identifier}', which is no column name.")
    return Sync(
        name=name,
        kind=meta["kind"],
        relation=relation_name(manifest, exposure, meta["relation"]),
        decisions=relation_name(manifest, exposure, meta["decisions"]),
        key=meta["key"],
        fields=tuple(fields),
        open_fields=frozenset(field for field, personal in fields.items() if personal is False),
        mapping_version=hashlib.sha256(json.dumps(meta, sort_keys=True).encode()).hexdigest()[:12],
        adapter_type=manifest["metadata"]["adapter_type"],
        invocation_id=manifest["metadata"].get("invocation_id"),
    )


def relation_name(manifest: dict[str, Any], exposure: dict[str, Any], model: str) -> str:
    """The quoted relation of a model that the exposure depends on, so that the lineage is never wrong."""
    for unique_id in exposure["depends_on"]["nodes"]:
        if unique_id.split(".")[-1] == model:
            return str(manifest["nodes"][unique_id]["relation_name"])
    raise Stopped(MISCONFIGURED, f"The exposure {exposure['name']} reads {model} but does not depend on it.")
