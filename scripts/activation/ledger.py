"""The ledger in the warehouse: append-only events and runs, and one lease per channel."""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from activation import BUSY, MISCONFIGURED, Stopped
from activation.journal import Outcome
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
    "activation_response": "response_id message_id customer_id campaign_id channel event_type occurred_at:timestamp "
    "identifier_hash recorded_at:timestamp",
    "activation_lease": "channel owner expires_at:timestamp fence:integer",
}  # columns are texts where no other type is given


KEPT = ("message_key", "campaign_id", "person_key", "op", "attempt", "payload_hash")  # of a claim, in every event
ROWS = 1000  # of one insert
OPS = {"send": "add", "erase": "remove"}  # how the counts of a run call an operation


@dataclass
class Run:
    """What one channel did in one call of the command."""

    channel: str
    mode: str
    mapping_version: str
    git_sha: str | None
    dbt_invocation_id: str | None
    destination: str | None = None  # None: files
    fence: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    run_id: str = field(default_factory=lambda: str(uuid4()))
    owner: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}")
    started_at: datetime = field(default_factory=lambda: utc_now())

    def count(self, what: str, op: str, rows: int = 1) -> None:
        """what: planned, attempted, succeeded or failed; op: send, add, change, remove or erase."""
        self.counts[f"num_{what}_{OPS.get(op, op)}"] += rows

    def total(self, what: str) -> int:
        return sum(number for name, number in self.counts.items() if name.startswith(f"num_{what}_"))


@dataclass(frozen=True)
class Claim:
    """One row that is about to go out."""

    message_key: str
    campaign_id: str | None
    person_key: str
    op: str
    attempt: int
    payload_hash: str
    batch_id: str = ""


@dataclass(frozen=True)
class Open:
    """A row that was claimed and never settled; vendor_id is the file's name."""

    message_key: str
    op: str
    mapping_version: str
    vendor_id: str | None


class Ledger:
    """Reads and appends; every instant it writes is later than any it holds, so the latest event is never a tie."""

    def __init__(self, warehouse: Warehouse, lease_seconds: int = 300) -> None:
        self.warehouse, self.lease_seconds = warehouse, lease_seconds
        self.event, self.runs, self.responses, self.lease = (self.table(name) for name in TABLES)
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

    def latest(self, keys: str, mapping: str | None, part: str = "1 = 1") -> str:
        """SQL of where each key of the select `keys` stands: its last event, and the last that was acknowledged.

        `mapping`: only events of this destination (its name); None: of any. `part`: a condition that all keys fulfil.
        Empty before the first run.
        """
        if not self.is_there:
            nothing = ", ".join(
                f"message_key as {name}" for name in ("state", "op", "payload_hash", "sent_op", "sent_as")
            )
            return f"(select message_key, {nothing}, 0 as attempt, 0 as turn from ({keys}) as wanted where 1 = 0)"
        own = f"and mapping_version like {literal(mapping + '@%')}" if mapping else ""
        order = "order by event_at desc, event_id desc"
        return f"""(
            select message_key, max(attempt) as attempt, sum(case when state = 'sent' then 1 else 0 end) as turn,
                max(case when place = 1 then state end) as state, max(case when place = 1 then op end) as op,
                max(case when place = 1 then payload_hash end) as payload_hash,
                max(case when place_sent = 1 and state = 'sent' then op end) as sent_op,
                max(case when place_sent = 1 and state = 'sent' then payload_hash || '/' || mapping_version end)
                    as sent_as
            from (
                select message_key, state, op, attempt, payload_hash, mapping_version,
                    row_number() over (partition by message_key {order}) as place,
                    row_number() over (
                        partition by message_key, case when state = 'sent' then 1 else 0 end {order}
                    ) as place_sent
                from {self.event}
                where {part} and message_key in ({keys}) {own}) as ranked
            group by message_key)"""

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

    def claim(self, run: Run, vendor_id: str | None, claims: Sequence[Claim]) -> None:
        """Appends `claimed` for every row of a wave; nothing of a person but the keyed hash."""
        own = [(vendor_id, claim) for claim in claims]
        self._append(run, "claimed", self._listed(own))

    def claim_listed(self, run: Run, todo: str, places: dict[str, list[int]]) -> None:
        """The same from the list of what is to do, by the places of each batch: much less text for the warehouse."""
        ranges: list[str] = []
        for batch_id, listed in places.items():
            begin = previous = listed[0]
            for place in [*listed[1:], -1]:
                if place != previous + 1:
                    ranges.append(f"({begin}, {previous}, {literal(batch_id)})")
                    begin = place
                previous = place
        nothing = ", ".join(f"{self._text(None)} as {name}" for name in ("vendor_id", "error_class", "http_status"))
        self._append(
            run,
            "claimed",
            f"""
            select {", ".join(f"todo.{name}" for name in KEPT)}, ranges.batch_id, {nothing},
                {self._text(None)} as error_message
            from {todo} as todo
            inner join (values {", ".join(ranges)}) as ranges (first_place, last_place, batch_id)
                on todo.place >= ranges.first_place and todo.place <= ranges.last_place
            where todo.place >= {min(map(min, places.values()))} and todo.place <= {max(map(max, places.values()))}""",
        )

    def settle(self, run: Run, batch_id: str, state: str, error_class: str | None = None,
               keys: Sequence[str] | None = None) -> None:  # fmt: skip
        """Appends the end of a batch's claimed rows (of these keys): `sent` or `failed` (proved not processed)."""
        only = "" if keys is None else f" and message_key in ({', '.join(map(literal, keys))})"
        self._append(
            run,
            state,
            f"""
            select {", ".join(KEPT)}, batch_id, vendor_id, {self._text(error_class)} as error_class,
                {self._text(None)} as http_status, {self._text(None)} as error_message
            from {self.event} where batch_id = {literal(batch_id)} and state = 'claimed'{only}""",
        )

    def settle_each(self, run: Run, outcomes: Sequence[tuple[str, str, Outcome]]) -> None:
        """Appends the end of claimed rows: (batch_id, message_key, outcome)."""
        by_batch: dict[str, list[tuple[str, Outcome]]] = {}
        for batch, key, outcome in outcomes:
            by_batch.setdefault(batch, []).append((key, outcome))
        alike: dict[Outcome, list[str]] = {}
        single: dict[str, list[tuple[str, str, Outcome]]] = {}
        for batch, rows in by_batch.items():
            if len(rows) > 1 and all(outcome == rows[0][1] for _, outcome in rows):
                alike.setdefault(rows[0][1], []).append(batch)
            else:
                for key, outcome in rows:
                    single.setdefault(outcome.state, []).append((batch, key, outcome))
        for outcome, batches in alike.items():
            about = (outcome.vendor_id, outcome.error_class, outcome.http_status, outcome.error_message)
            names = ("vendor_id", "error_class", "http_status", "error_message")
            values = ", ".join(f"{self._text(value)} as {name}" for value, name in zip(about, names, strict=True))
            self._append(
                run,
                outcome.state,
                f"""
                select {", ".join(KEPT)}, batch_id, {values} from {self.event}
                where state = 'claimed' and batch_id in ({", ".join(map(literal, batches))})""",
            )
        for state, ended in sorted(single.items()):
            for begin in range(0, len(ended), ROWS):
                self._settle_rows(run, state, ended[begin : begin + ROWS])

    def _settle_rows(self, run: Run, state: str, ended: Sequence[tuple[str, str, Outcome]]) -> None:
        """Appends one end per row."""
        values = [
            (batch, key, one.vendor_id, one.error_class, one.http_status, one.error_message)
            for batch, key, one in ended
        ]
        names = ("batch_id", "message_key", "vendor_id", "error_class", "http_status", "error_message")
        batches = ", ".join(sorted({literal(batch) for batch, _, _ in ended}))
        self._append(
            run,
            state,
            f"""
            select {", ".join(f"claimed.{name}" for name in KEPT)}, claimed.batch_id, ended.vendor_id,
                ended.error_class, ended.http_status, ended.error_message
            from {self._values(names, values)} as ended
            inner join {self.event} as claimed
                on ended.batch_id = claimed.batch_id and ended.message_key = claimed.message_key
            where claimed.state = 'claimed' and claimed.batch_id in ({batches})""",
        )

    def retire(self, run: Run, state: str, rows: str) -> None:
        """Appends the end of rows that were never claimed, from a select of what an event keeps."""
        nothing = ", ".join(
            f"{self._text(None)} as {name}"
            for name in ("batch_id", "vendor_id", "error_class", "http_status", "error_message")
        )
        self._append(run, state, f"select {', '.join(KEPT)}, {nothing} from ({rows}) as retired")

    def aside(self, run: Run, state: str, rows: Sequence[tuple[Claim, str]]) -> None:
        """Appends the end of rows that were never claimed (suppressed, expired, cancelled), each with its reason."""
        for begin in range(0, len(rows), ROWS):
            listed = [(None, claim) for claim, _ in rows[begin : begin + ROWS]]
            self._append(run, state, self._listed(listed, [why for _, why in rows[begin : begin + ROWS]]))

    def _listed(self, rows: Sequence[tuple[str | None, Claim]], reasons: Sequence[str | None] = ()) -> str:
        """Claims as a select of what an event keeps."""
        names = (*KEPT, "batch_id", "vendor_id", "error_class", "http_status", "error_message")
        why = [*reasons] or [None] * len(rows)
        values = [
            (*(getattr(claim, name) for name in KEPT), claim.batch_id or None, vendor_id, reason, None, None)
            for (vendor_id, claim), reason in zip(rows, why, strict=True)
        ]
        return f"select * from {self._values(names, values)} as listed"

    def _append(self, run: Run, state: str, rows: str) -> None:
        """One event per row of the select; the id of an event says which one it is."""
        text = self.warehouse.type_name("string")
        scope = "" if run.destination is None else literal(f"{run.destination}/") + " || "
        self.warehouse.run(f"""
            insert into {self.event} (event_id, channel, state, run_id, event_at, mapping_version, {", ".join(KEPT)},
                batch_id, vendor_id, error_class, http_status, error_message)
            select {scope}message_key || '/' || cast(attempt as {text}) || '/{state}', {literal(run.channel)},
                '{state}', {literal(run.run_id)}, {instant(self.now())}, {literal(run.mapping_version)},
                message_key, campaign_id, person_key, op, cast(attempt as integer), payload_hash,
                batch_id, vendor_id, error_class, cast(http_status as integer), error_message
            from ({rows}) as listed""")

    def _values(self, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> str:
        """Rows as SQL, every column a text; the first row says so for all."""
        first = ", ".join(self._text(value) for value in rows[0])
        more = "".join(f", ({', '.join(optional(value) for value in row)})" for row in rows[1:])
        return f"(select * from (values ({first}){more}) as v ({', '.join(names)}))"

    def _text(self, value: Any) -> str:
        return f"cast({optional(value)} as {self.warehouse.type_name('string')})"

    def unproved(self, run: Run, batch_id: str) -> list[str]:
        """Keys of a batch whose last event is claimed or unknown: what a person may settle."""
        keys = f"select message_key from {self.event} where batch_id = {literal(batch_id)} and channel = " + literal(
            run.channel
        )
        with self.warehouse.transaction():
            rows = self.warehouse.rows(f"""
                select message_key from {self.latest(keys, run.destination)} as latest
                where state in ('claimed', 'unknown') order by message_key""")
        return [row[0] for row in rows]

    def open_batches(self, run: Run) -> dict[str, list[Open]]:
        """Rows of this destination (or of files) that were claimed and never settled, by batch."""
        own = "not like '%@%'" if run.destination is None else f"like {literal(run.destination + '@%')}"
        with self.warehouse.transaction():
            rows = self.warehouse.rows(f"""
                select event.batch_id, message_key, op, mapping_version, vendor_id from {self.event} as event
                inner join (
                    select batch_id from {self.event} group by batch_id
                    having max(case when state = 'claimed' then 0 else 1 end) = 0) as opened
                    on event.batch_id = opened.batch_id
                where channel = {literal(run.channel)} and mapping_version {own}
                order by event.batch_id, message_key""")
        found: dict[str, list[Open]] = {}
        for batch_id, *rest in rows:
            found.setdefault(batch_id, []).append(Open(*rest))
        return found

    def channels(self, destination: str | None, chosen: Sequence[str]) -> list[str]:
        """Channels where this destination (or files) has something in the ledger."""
        own = "not like '%@%'" if destination is None else f"like {literal(destination + '@%')}"
        only = f" and channel in ({', '.join(map(literal, chosen))})" if chosen else ""
        with self.warehouse.transaction():
            rows = self.warehouse.rows(
                f"select distinct channel from {self.event} where mapping_version {own}{only} order by channel"
            )
        return [row[0] for row in rows]

    # -- what it holds, for people

    def states(self) -> list[tuple[Any, ...]]:
        """(channel, destination, op, state, error class, rows) of the last event of each row at each destination."""
        place = "position('@' in mapping_version)"
        destination = f"case when {place} > 0 then substring(mapping_version, 1, {place} - 1) else 'files' end"
        found: Counter[tuple[Any, ...]] = Counter()
        with self.warehouse.transaction():
            for part in self._parts():
                for *group, count in self.warehouse.rows(f"""
                        select channel, destination, op, state, error_class, count(*) from (
                            select channel, {destination} as destination, op, state, error_class, row_number() over (
                                partition by message_key, channel, {destination}
                                order by event_at desc, event_id desc) as place
                            from {self.event} where {part}) as ranked
                        where place = 1 group by channel, destination, op, state, error_class"""):
                    found[tuple(group)] += int(count)
        return [(*group, found[group]) for group in sorted(found, key=lambda group: [*map(str, group)])]

    def all_unproved(self) -> list[tuple[Any, ...]]:
        """(channel, batch, rows, since) of everything whose last event is claimed or unknown."""
        found: dict[tuple[Any, ...], tuple[int, datetime]] = {}
        with self.warehouse.transaction():
            for part in self._parts():
                for channel, batch_id, count, since in self.warehouse.rows(f"""
                        select channel, batch_id, count(*), min(event_at) from (
                            select channel, batch_id, state, event_at, row_number() over (
                                partition by message_key order by event_at desc, event_id desc) as place
                            from {self.event} where {part}) as ranked
                        where place = 1 and state in ('claimed', 'unknown') group by channel, batch_id"""):
                    before, earliest = found.get((channel, batch_id), (0, since))
                    found[channel, batch_id] = (before + int(count), min(earliest, since))
        return [(*group, *found[group]) for group in sorted(found)]

    def _parts(self) -> list[str]:
        """Conditions that share out the events. Only inside a transaction."""
        return self.warehouse.parts("message_key", int(self.warehouse.rows(f"select count(*) from {self.event}")[0][0]))

    def last_runs(self, count: int) -> list[tuple[Any, ...]]:
        """The newest runs: (channel, mode, status, begun, ended, rows acknowledged, rows unknown)."""
        succeeded = " + ".join(f"num_succeeded_{op}" for op in ("add", "change", "remove"))
        with self.warehouse.transaction():
            return self.warehouse.rows(f"""
                select channel, mode, status, started_at, finished_at, {succeeded}, num_unknown from (
                    select *, row_number() over (
                        partition by run_id order by case when status = 'running' then 1 else 0 end) as place
                    from {self.runs}) as ranked
                where place = 1 order by started_at desc, run_id limit {count}""")

    def leases(self, now: datetime) -> list[tuple[Any, ...]]:
        """(channel, owner, end) of the channels that a run has."""
        with self.warehouse.transaction():
            return self.warehouse.rows(
                f"select channel, owner, expires_at from {self.lease} "
                f"where owner is not null and expires_at > {instant(now)} order by channel"
            )

    def add_responses(self, rows: Sequence[tuple[str | None, ...]], moments: Sequence[datetime]) -> None:
        """Appends responses, each of seven texts in the order of the table but for its instants."""
        names = TABLES["activation_response"].replace(":timestamp", "").split()
        values = [
            (*row[:6], moment.isoformat(sep=" ", timespec="microseconds"), row[6])
            for row, moment in zip(rows, moments, strict=True)
        ]
        self.warehouse.run(f"""
            insert into {self.responses} ({", ".join(names)})
            select {", ".join(names[:6])}, cast(occurred_at as timestamp), identifier_hash, {instant(utc_now())}
            from {self._values(names[:-1], values)} as listed""")

    def write_run(self, run: Run, status: str) -> None:
        """Appends the run: once as `running`, once with how it ended."""
        values = [optional(v) for v in (run.run_id, run.channel, run.mode, run.git_sha, run.dbt_invocation_id)]
        values += [instant(run.started_at), "null" if status == "running" else instant(utc_now()), literal(status)]
        with self.warehouse.transaction():
            self.warehouse.run(
                f"insert into {self.runs} values ({', '.join([*values, *(str(run.counts[name]) for name in COUNTS)])})"
            )


def utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def optional(value: Any) -> str:
    """A value as SQL text, or null."""
    return "null" if value is None else literal(str(value))


def instant(moment: datetime) -> str:
    return f"cast('{moment.isoformat(sep=' ', timespec='microseconds')}' as timestamp)"
