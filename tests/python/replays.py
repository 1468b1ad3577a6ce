"""Models of the as-of date computed again for any past day, without another dbt run.

The SQL is what dbt compiled for the build of a shop; only the names of the relations that depend on the date
differ. Each is a table that a change of the day writes anew, so that every engine runs the real models.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Nodes = dict[str, Any]
AS_OF = "model.clm.int_as_of"


def read_nodes(target: Path) -> Nodes:
    nodes: Nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    return nodes


@dataclass
class Replay:
    """The models that `target` needs, as of any day. `create` makes or replaces a table of a name out of SQL."""

    nodes: Nodes
    target: str
    create: Callable[[str, str], None]
    day_sql: str = "select cast('{day}' as date) as as_of_date"
    names: dict[str, str] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.names[AS_OF] = "int_as_of"
        self._needs(f"model.clm.{self.target}")

    def _needs(self, unique_id: str) -> bool:
        """Puts a model behind the models it needs; whether it depends on the as-of date."""
        if unique_id in self.names:
            return True
        node = self.nodes.get(unique_id)
        if node is None or node["resource_type"] != "model":
            return False
        dated = [parent for parent in node["depends_on"]["nodes"] if self._needs(parent)]
        # staging does not know the date; the currency is the same on every day
        if not dated or node["path"].startswith("staging") or node["name"] == "int_reporting_currency":
            return False
        self.names[unique_id] = node["name"]
        self.order.append(unique_id)
        return True

    def sql(self, unique_id: str, place: str) -> str:
        """The compiled SQL of a model over the replayed relations; `place` holds {name}."""
        compiled: str = self.nodes[unique_id]["compiled_code"]
        for parent in self.nodes[unique_id]["depends_on"]["nodes"]:
            if parent in self.names:
                compiled = compiled.replace(self.nodes[parent]["relation_name"], place.format(name=self.names[parent]))
        return compiled

    def set_day(self, day: dt.date, place: str) -> None:
        """Computes everything as of a day."""
        self.create("int_as_of", self.day_sql.format(day=day))
        for unique_id in self.order:
            self.create(self.names[unique_id], self.sql(unique_id, place))


def random_days(first: dt.date, last: dt.date, count: int) -> list[dt.date]:
    """So many different days between two, the last one among them."""
    span = (last - first).days
    chosen = random.Random(11).sample(range(span), min(count, span))
    return [*(first + dt.timedelta(days=number) for number in sorted(chosen)), last]


WRONG_HISTORY = """
select count(*) from (
    select customer_id, lifecycle_stage, lifecycle_sub_state from {scratch}
) as scratch
full join (
    select customer_id, lifecycle_stage, lifecycle_sub_state from {history}
    where valid_from <= cast('{day}' as date) and (valid_to is null or valid_to > cast('{day}' as date))
) as history on scratch.customer_id = history.customer_id
where scratch.customer_id is null or history.customer_id is null
    or scratch.lifecycle_stage <> history.lifecycle_stage
    or scratch.lifecycle_sub_state <> history.lifecycle_sub_state
"""

WRONG_SEGMENTS = """
select count(*) from (
    select customer_id, segment, recency_score, frequency_score, monetary_score, monetary_amount from {scratch}
) as scratch
full join (
    select customer_id, segment, recency_score, frequency_score, monetary_score, monetary_amount from {monthly}
    where observed_on = cast('{day}' as date) and segment is not null
) as monthly on scratch.customer_id = monthly.customer_id
where scratch.customer_id is null or monthly.customer_id is null
    or scratch.segment <> monthly.segment
    or scratch.recency_score <> monthly.recency_score
    or scratch.frequency_score <> monthly.frequency_score
    or scratch.monetary_score <> monthly.monetary_score
    or scratch.monetary_amount <> monthly.monetary_amount
"""
