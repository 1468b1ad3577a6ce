"""The ledger in the warehouse: append-only events and runs, and one lease per channel."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from activation import BUSY, MISCONFIGURED, Stopped
from activation.warehouse import Warehouse, literal

SCHEMA = "_ledger"
ACKNOWLEDGED = ("claimed", "sent", "unknown")  # states that are never sent again by themselves
COUNTS = (
    *(
        f"num_{what}_{op}"
        for what in ("planned", "attempted", "succeeded", "failed")
        for op in ("add", "change", "remove")
    ),
    "num_unknown",
    "num_dead",
)
TABLES = {
    "activation_event": "event_id message_key channel campaign_id person_key op state run_id batch_id attempt:integer "
    "payload_hash mapping_version vendor_id http_status:integer error_class error_message event_at:timestamp",
    "activation_run": "run_id channel mode git_sha dbt_invocation_id started_at:timestamp finished_at:timestamp status "
    + " ".join(f"{count}:integer" for count in COUNTS),
    "activation_lease": "channel owner expires_at:timestamp fence:integer",
}  # columns are texts where no other type is given


@dataclass
class Run:
    """What one channel did in one call of the command."""

    channel: str
    mode: str
    mapping_version: str
    git_sha: str | None
    dbt_invocation_id: str | None
    planned: int = 0
    attempted: int = 0
    succeeded: int = 0
    failed: int = 0
    unknown: int = 0
    fence: int = 0
    run_id: str = field(default_factory=lambda: str(uuid4()))
    owner: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}")
    started_at: datetime = field(default_factory=lambda: utc_now())


@dataclass(frozen=True)
class Claim:
    """One message that is about to go out."""

    message_key: str
    campaign_id: str
    person_key: str
    attempt: int
    payload_hash: str


class Ledger:
    """Reads and appends; every instant it writes is later than any it holds, so the latest event is never a tie."""

    def __init__(self, warehouse: Warehouse, lease_seconds: int = 300) -> None:
        self.warehouse, self.lease_seconds = warehouse, lease_seconds
        self.event, self.runs, self.lease = (self.table(name) for name in TABLES)
        self.last_instant = datetime.min
        self.is_there = all(
            warehouse.problem(f"select 1 from {self.table(name)} where 1 = 0") is None for name in TABLES
        )

    def ensure(self) -> None:
        """Makes what is missing. Two first runs at once may collide in the catalogue: then a second try succeeds."""
        if self.is_there:
            return
        schema = self.warehouse.relation(SCHEMA, "any").without_identifier().include(database=False)
        statements = [f"create schema if not exists {schema}"]
        for table, columns in TABLES.items():
            pairs = [column.partition(":") for column in columns.split()]
            body = [f"{name} {self.warehouse.type_name(kind or 'string')}" for name, _, kind in pairs]
            if table == "activation_lease" and self.warehouse.is_transactional:
                body[0] += " primary key"
            statements.append(f"create table if not exists {self.table(table)} ({', '.join(body)})")
        for statement in statements:
            if self.warehouse.problem(statement) and (second := self.warehouse.problem(statement)):
                raise Stopped(MISCONFIGURED, f"The ledger cannot be made in {schema}: {second}")
        self.is_there = True

    def table(self, name: str) -> str:
        return str(self.warehouse.relation(SCHEMA, name).render())

    def latest(self, keys: str) -> str:
        """SQL of the latest event of each message whose key is in the select `keys`; of none before the first run."""
        if not self.is_there:
            return f"(select message_key, message_key as state, 0 as attempt from ({keys}) as wanted where 1 = 0)"
        return f"""(
            select message_key, state, attempt from (
                select message_key, state, attempt,
                    row_number() over (partition by message_key order by event_at desc, event_id desc) as place
                from {self.event}
                where op = 'send' and message_key in ({keys})
            ) as ranked where place = 1)"""

    def now(self) -> datetime:
        """The wall clock in UTC, pushed past every instant of the ledger. Only inside a transaction."""
        if self.last_instant == datetime.min:
            held = self.warehouse.rows(f"select max(event_at) from {self.event}")[0][0]
            self.last_instant = held or datetime.min
        self.last_instant = max(utc_now(), self.last_instant + timedelta(microseconds=1))
        return self.last_instant

    # -- one runner per channel

    def acquire(self, run: Run) -> None:
        """Takes the lease of the channel. Stops (4) when another run holds it."""
        if not self.warehouse.is_transactional:
            return
        channel = literal(run.channel)
        # the first run of a channel makes its row; two at once: the key refuses the second, and the row is there
        self.warehouse.problem(
            f"insert into {self.lease} (channel, fence) select {channel}, 0 "
            f"where not exists (select 1 from {self.lease} where channel = {channel})"
        )
        with self.warehouse.transaction():
            self.warehouse.run(
                f"update {self.lease} set owner = {literal(run.owner)}, fence = fence + 1, {self._expiry()} "
                f"where channel = {channel} and (owner is null or expires_at < {instant(utc_now())})"
            )
            holder = f"select owner, fence, expires_at from {self.lease} where channel = {channel}"
            owner, run.fence, expires_at = self.warehouse.rows(holder)[0]
        if owner != run.owner:
            raise Stopped(BUSY, f"Another run has the channel {run.channel}; its lease ends at {expires_at:%F %T} UTC.")

    def hold(self, run: Run) -> None:
        """Renews the lease and locks it until the transaction ends. Stops (4) when it was lost."""
        if not self.warehouse.is_transactional:
            return
        mine = f"channel = {literal(run.channel)} and owner = {literal(run.owner)} and fence = {run.fence}"
        self.warehouse.run(f"update {self.lease} set {self._expiry()} where {mine}")
        if not self.warehouse.rows(f"select 1 from {self.lease} where {mine}"):
            raise Stopped(BUSY, f"Another run took over the channel {run.channel}; this one stops before it sends.")

    def release(self, run: Run) -> None:
        if self.warehouse.is_transactional:
            with self.warehouse.transaction():
                self.warehouse.run(
                    f"update {self.lease} set owner = null "
                    f"where channel = {literal(run.channel)} and owner = {literal(run.owner)}"
                )

    @contextmanager
    def leased(self, run: Run) -> Iterator[None]:
        """The channel is this run's inside; given back also after an error."""
        self.acquire(run)
        try:
            yield
        finally:
            self.release(run)

    def _expiry(self) -> str:
        return f"expires_at = {instant(utc_now() + timedelta(seconds=self.lease_seconds))}"

    # -- events

    def claim(self, run: Run, batch_id: str, vendor_id: str, claims: Sequence[Claim]) -> None:
        """Appends `claimed` for every message of a batch; nothing of a person but the keyed hash."""
        values = ", ".join(
            f"({literal(c.message_key)}, {literal(c.campaign_id)}, {literal(c.person_key)}, {c.attempt}, "
            f"{literal(c.payload_hash)})"
            for c in claims
        )
        select = f"""
            select m as message_key, c as campaign_id, p as person_key, a as attempt, h as payload_hash,
                {literal(run.channel)} as channel, {literal(batch_id)} as batch_id,
                {literal(run.mapping_version)} as mapping_version, {literal(vendor_id)} as vendor_id
            from (values {values}) as v (m, c, p, a, h)"""
        self._append(run, "claimed", select)

    def settle(self, run: Run, batch_id: str, state: str, error_class: str | None = None) -> None:
        """Appends the end of a batch's claimed messages: `sent` or `failed` (proved not processed)."""
        claimed = f"select * from {self.event} where batch_id = {literal(batch_id)} and state = 'claimed'"
        self._append(run, state, claimed, error_class)

    def _append(self, run: Run, state: str, messages: str, error_class: str | None = None) -> None:
        """One event per row of the select `messages`; the id of an event says which one it is."""
        text = self.warehouse.type_name("string")
        copied = (
            "message_key, channel, campaign_id, person_key, batch_id, attempt, payload_hash, mapping_version, vendor_id"
        )
        self.warehouse.run(f"""
            insert into {self.event} (event_id, op, state, run_id, event_at, error_class, {copied})
            select message_key || '/' || cast(attempt as {text}) || '/{state}', 'send', {literal(state)},
                {literal(run.run_id)}, {instant(self.now())}, cast({optional(error_class)} as {text}), {copied}
            from ({messages}) as messages""")

    def open_batches(self, channel: str) -> dict[str, tuple[str, int]]:
        """Batches of a channel that were claimed and never settled: {batch_id: (file name, messages)}."""
        with self.warehouse.transaction():
            rows = self.warehouse.rows(f"""
                select batch_id, vendor_id, count(*) from {self.event}
                where op = 'send' and channel = {literal(channel)}
                group by batch_id, vendor_id
                having sum(case when state = 'claimed' then 0 else 1 end) = 0""")
        return {batch_id: (name, int(count)) for batch_id, name, count in rows}

    def write_run(self, run: Run, status: str) -> None:
        """Appends the run: once as `running`, once with how it ended."""
        counts = dict.fromkeys(COUNTS, 0) | {
            f"num_{what}_add": getattr(run, what) for what in ("planned", "attempted", "succeeded", "failed")
        } | {"num_unknown": run.unknown}  # fmt: skip
        values = [optional(v) for v in (run.run_id, run.channel, run.mode, run.git_sha, run.dbt_invocation_id)]
        values += [instant(run.started_at), "null" if status == "running" else instant(utc_now()), literal(status)]
        with self.warehouse.transaction():
            self.warehouse.run(
                f"insert into {self.runs} values ({', '.join([*values, *(str(counts[name]) for name in COUNTS)])})"
            )


def utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def optional(value: str | None) -> str:
    return "null" if value is None else literal(value)


def instant(moment: datetime) -> str:
    return f"cast('{moment.isoformat(sep=' ', timespec='microseconds')}' as timestamp)"
