"""What is sent: a dbt exposure with `config.meta`, read from dbt's manifest."""

from __future__ import annotations

import hashlib
import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from activation import BUSY, MISCONFIGURED, Stopped

IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*")
KINDS = ("file", "message", "task", "state", "audience")
REQUIRED = ("kind", "relation", "key", "fields")
RELATIONS = ("relation", "decisions", "blocks", "erasures", "people")


@dataclass(frozen=True)
class Sync:
    """One exposure: the relations it reads, the key of a row and the fields that opted in.

    channel: only these rows of a relation with a column `channel`. destination: where to, unless the command says
    otherwise. member: column that says who belongs to an audience. Guards: None where there is none.
    """

    name: str
    kind: str
    key: str
    fields: tuple[str, ...]
    open_fields: frozenset[str]
    mapping_version: str
    adapter_type: str
    invocation_id: str | None
    relation: str
    decisions: str | None
    blocks: str | None
    erasures: str | None
    people: str | None
    channel: str | None
    destination: str | None
    max_source_age: int | None
    max_pct_change: float | None
    max_removed_pct: float | None

    @property
    def is_message(self) -> bool:
        """Whether rows go out once; else rows are kept in step."""
        return self.kind in ("file", "message", "task")


def read_manifest(path: Path, patience: float) -> dict[str, Any]:
    """The project as dbt parsed it. Waits while dbt writes it, then stops (4); stops (2) when there is none."""
    deadline = time.monotonic() + patience
    while path.is_file():
        try:
            manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return manifest
        except ValueError:
            if time.monotonic() > deadline:
                raise Stopped(BUSY, f"{path} is not whole: run again when dbt is done, or run `dbt parse`.") from None
            time.sleep(0.2)
    raise Stopped(MISCONFIGURED, f"There is no {path}; run `dbt build`, or give its folder as --target-path.")


def read_sync(manifest_path: Path, name: str, patience: float) -> Sync:
    """The exposure of that name. Stops (2) when the manifest or a part of the exposure is missing."""
    manifest = read_manifest(manifest_path, patience)
    exposure = next((e for e in manifest["exposures"].values() if e["name"] == name), None)
    if exposure is None:
        raise Stopped(MISCONFIGURED, f"{manifest_path} has no exposure {name}; run `dbt build`, or correct --exposure.")
    meta = exposure["config"].get("meta") or {}
    missing = [part for part in REQUIRED if not meta.get(part)]
    if missing:
        raise Stopped(MISCONFIGURED, f"config.meta of the exposure {name} lacks {', '.join(missing)}.")
    if meta["kind"] not in KINDS:
        raise Stopped(MISCONFIGURED, f"The exposure {name} is of the kind {meta['kind']}, not {', '.join(KINDS)}.")
    fields = {str(field["name"]): field.get("personal", True) for field in meta["fields"]}
    for identifier in (meta["key"], *fields):
        if not IDENTIFIER.fullmatch(identifier):
            raise Stopped(MISCONFIGURED, f"The exposure {name} names '{identifier}', which is no column name.")
    relations = {part: relation_name(manifest, exposure, meta[part]) for part in RELATIONS if meta.get(part)}
    age = number(name, "max_source_age", meta)
    return Sync(
        name=name,
        kind=meta["kind"],
        key=meta["key"],
        fields=tuple(fields),
        open_fields=frozenset(field for field, personal in fields.items() if personal is False),
        mapping_version=hashlib.sha256(json.dumps(meta["fields"], sort_keys=True).encode()).hexdigest()[:12],
        adapter_type=manifest["metadata"]["adapter_type"],
        invocation_id=manifest["metadata"].get("invocation_id"),
        channel=meta.get("channel"),
        destination=meta.get("destination"),
        max_source_age=None if age is None else int(age),
        max_pct_change=number(name, "max_pct_change", meta),
        max_removed_pct=number(name, "max_removed_pct", meta),
        relation=relations["relation"],
        decisions=relations.get("decisions"),
        blocks=relations.get("blocks"),
        erasures=relations.get("erasures"),
        people=relations.get("people"),
    )


def number(name: str, guard: str, meta: dict[str, Any]) -> float | None:
    """A guard of the exposure. Stops (2) when it is no number."""
    value = meta.get(guard)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or value < 0):
        raise Stopped(MISCONFIGURED, f"{guard} of the exposure {name} is no number of at least 0.")
    return value


def relation_name(manifest: dict[str, Any], exposure: dict[str, Any], model: str) -> str:
    """The quoted relation of a model that the exposure depends on, so that the lineage is never wrong."""
    for unique_id in exposure["depends_on"]["nodes"]:
        if unique_id.split(".")[-1] == model:
            return str(manifest["nodes"][unique_id]["relation_name"])
    raise Stopped(MISCONFIGURED, f"The exposure {exposure['name']} reads {model} but does not depend on it.")
