"""Plan and send: reads the outbox in batches, delivers what the ledger has not acknowledged, records it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from activation import GUARDED, MISCONFIGURED, NEEDS_PERSON, Stopped
from activation.files import FileChannel, Payload
from activation.ledger import ACKNOWLEDGED, Claim, Ledger, Run, instant, utc_now
from activation.sync import Sync
from activation.warehouse import Row, Warehouse, literal

LEDGER_COLUMNS = ("campaign_id", "person_key", "as_of_date")  # of the outbox, besides the opted-in fields
HOURS = ("send_after", "send_before")


@dataclass(frozen=True)
class Choice:
    """What of the outbox is wanted; at any hour: whoever delivers keeps to the quiet hours."""

    channels: tuple[str, ...] = ()
    campaigns: tuple[str, ...] = ()
    any_hour: bool = False

    def where(self) -> str:
        """SQL over the columns channel and campaign_id."""
        parts = ["1 = 1"]
        for column, values in (("channel", self.channels), ("campaign_id", self.campaigns)):
            if values:
                parts.append(f"{column} in ({', '.join(literal(value) for value in values)})")
        return " and ".join(parts)


@dataclass
class Outbox:
    """The to-do list: desired messages joined in SQL with the latest event of each."""

    warehouse: Warehouse
    ledger: Ledger
    sync: Sync

    def check(self, max_source_age: int | None) -> None:
        """Stops (2) when a mart or column is missing, (5) when the source is empty or too old."""
        columns = ", ".join((self.sync.key, "channel", *LEDGER_COLUMNS, *HOURS, *self.sync.fields))
        for relation, wanted in ((self.sync.decisions, "decision_reason"), (self.sync.relation, columns)):
            reason = self.warehouse.problem(f"select {wanted} from {relation} where 1 = 0")
            if reason is not None:
                raise Stopped(MISCONFIGURED, f"{relation} cannot be read ({reason}); run `dbt build` first.")
        with self.warehouse.transaction():
            count, as_of = self.warehouse.rows(f"select count(*), max(as_of_date) from {self.sync.decisions}")[0]
        if count == 0:
            raise Stopped(GUARDED, f"{self.sync.decisions} has no rows: nothing was decided, so nothing is sent.")
        age = (datetime.now(UTC).date() - as_of).days
        if max_source_age is not None and age > max_source_age:
            raise Stopped(
                GUARDED, f"The marts are of {as_of}, {age} days old (at most {max_source_age}); run `dbt build`."
            )

    def _joined(self, choice: Choice, channel: str | None = None) -> str:
        """SQL of the outbox with `standing`: done, or open (also if it failed) and early, due or late by the clock."""
        where = choice.where() + (f" and channel = {literal(channel)}" if channel else "")
        keys = f"select {self.sync.key} as message_key from {self.sync.relation} where {where}"
        states = ", ".join(literal(state) for state in ACKNOWLEDGED)
        now = instant(utc_now())
        hours = f"when send_after > {now} then 'early' when send_before <= {now} then 'late'"
        return f"""(
            select outbox.*, coalesce(latest.attempt, 0) + 1 as next_attempt,
                case when latest.state in ({states}) then 'done' {"" if choice.any_hour else hours} else 'due'
                end as standing
            from (select * from {self.sync.relation} where {where}) as outbox
            left join {self.ledger.latest(keys)} as latest
                on outbox.{self.sync.key} = latest.message_key) as joined"""

    def counts(self, choice: Choice) -> list[Row]:
        """(channel, campaign, to do now, already acknowledged, waiting for their hours, past them), sorted."""
        sums = [f"sum(case standing when '{one}' then 1 else 0 end)" for one in ("due", "done", "early", "late")]
        with self.warehouse.transaction():
            rows = self.warehouse.rows(f"""
                select channel, campaign_id, {", ".join(sums)}
                from {self._joined(choice)} group by channel, campaign_id order by channel, campaign_id""")
        return [(channel, campaign, *map(int, numbers)) for channel, campaign, *numbers in rows]

    def held(self, choice: Choice) -> list[Row]:
        """(decision, reason, rows) of everything that is not sent."""
        with self.warehouse.transaction():
            return self.warehouse.rows(f"""
                select decision, decision_reason, count(*) from {self.sync.decisions}
                where decision <> 'send' and {choice.where()}
                group by decision, decision_reason order by decision, decision_reason""")

    def samples(self, choice: Choice, size: int) -> list[Payload]:
        """The first messages to do over all channels; not yet masked."""
        return [payload for _, _, payload in self.page(choice, None, "", size)]

    def page(self, choice: Choice, channel: str | None, after: str, size: int) -> list[tuple[Claim, date, Payload]]:
        """The next messages to do in the order of their keys."""
        key = self.sync.key
        columns = ", ".join((key, *LEDGER_COLUMNS, "next_attempt", *self.sync.fields))
        with self.warehouse.transaction():
            rows = self.warehouse.rows(f"""
                select {columns} from {self._joined(choice, channel)}
                where standing = 'due' and {key} > {literal(after)} order by {key} limit {size}""")
        return [self._message(row) for row in rows]

    def _message(self, row: Row) -> tuple[Claim, date, Payload]:
        key, campaign_id, person_key, as_of_date, attempt, *values = row
        payload = dict(zip(self.sync.fields, (plain(value) for value in values), strict=True))
        digest = hashlib.sha256(json.dumps(payload, ensure_ascii=False).encode()).hexdigest()
        return Claim(key, campaign_id, person_key, int(attempt), digest), as_of_date, payload


def plain(value: Any) -> Any:
    """A value as JSON knows it; instants in UTC with a Z, decimals as exact text."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def masked(sync: Sync, payload: Payload) -> Payload:
    """A payload for the eyes: what is personal is only said to be there."""
    return {k: v if k in sync.open_fields or v is None else "***" for k, v in payload.items()}


@dataclass
class Sender:
    """One call of `send`. `say` gets what happens; `drained` tells between batches whether to stop."""

    outbox: Outbox
    files: FileChannel
    choice: Choice
    limit: int | None
    batch_size: int
    git_sha: str | None
    say: Callable[..., None]
    drained: Callable[[], bool]

    def send(self) -> int:
        """Sends every channel that has something to do or something unsettled; returns the messages sent."""
        ledger, total, stuck = self.outbox.ledger, 0, 0
        planned = dict.fromkeys(self._channels_in_ledger(), 0)
        for channel, _, todo, *_ in self.outbox.counts(self.choice):
            planned[channel] = planned.get(channel, 0) + int(todo)
        for channel in sorted(planned):
            if self.drained():
                break
            run = Run(channel, self.outbox.sync.kind, self.outbox.sync.mapping_version, self.git_sha,
                      self.outbox.sync.invocation_id, planned[channel])  # fmt: skip
            with ledger.leased(run):
                self._run_channel(run, None if self.limit is None else self.limit - total)
            total, stuck = total + run.succeeded, stuck + run.unknown
            self.say("channel", channel=channel, sent=run.succeeded, released=run.failed, unresolved=run.unknown)
        if stuck:
            reason = f"{stuck} claimed messages have neither file nor draft in {self.files.folder}"
            raise Stopped(NEEDS_PERSON, f"{reason}: run with the --out of that time, or settle them with `resolve`.")
        return total

    def _channels_in_ledger(self) -> list[str]:
        with self.outbox.warehouse.transaction():
            rows = self.outbox.warehouse.rows(
                f"select distinct channel from {self.outbox.ledger.event} where {Choice(self.choice.channels).where()}"
            )
        return [row[0] for row in rows]

    def _run_channel(self, run: Run, room: int | None) -> None:
        """Settles what an earlier run left, then sends; the run is written when it begins and when it ends."""
        ledger = self.outbox.ledger
        ledger.write_run(run, "running")
        status = "failed"
        try:
            self._recover(run)
            after = ""
            while not self.drained() and (room is None or room > run.succeeded):
                size = self.batch_size if room is None else min(self.batch_size, room - run.succeeded)
                page = self.outbox.page(self.choice, run.channel, after, size)
                if not page:
                    break
                after = page[-1][0].message_key
                self._deliver(run, page)
            status = "drained" if self.drained() else "succeeded"
        finally:
            ledger.write_run(run, status)

    def _deliver(self, run: Run, page: list[tuple[Claim, date, Payload]]) -> None:
        """Draft, claim, publish, sent: each step leaves a trace that tells the next run how far this one came."""
        ledger, claims = self.outbox.ledger, [claim for claim, _, _ in page]
        batch_id = str(uuid5(NAMESPACE_URL, "\n".join(f"{c.message_key}/{c.attempt}" for c in claims)))
        name = self.files.file_name(run.channel, page[0][1].isoformat(), batch_id)
        self.files.draft(name, [payload for _, _, payload in page])
        run.attempted += len(page)
        with self.outbox.warehouse.transaction():
            ledger.hold(run)
            ledger.claim(run, batch_id, name, claims)
        with self.outbox.warehouse.transaction():
            ledger.hold(run)
            self.files.publish(name)
            ledger.settle(run, batch_id, "sent")
        run.succeeded += len(page)
        self.say("batch", channel=run.channel, messages=len(page), file=name)

    def _recover(self, run: Run) -> None:
        """Claimed and never settled: published is sent, a draft was not delivered, nowhere needs a person."""
        ledger = self.outbox.ledger
        for batch_id, (name, count) in sorted(ledger.open_batches(run.channel).items()):
            where = self.files.whereabouts(name)
            if where == "nowhere":
                run.unknown += count
            else:
                with self.outbox.warehouse.transaction():
                    ledger.hold(run)
                    state, reason = ("sent", None) if where == "published" else ("failed", "not_delivered")
                    ledger.settle(run, batch_id, state, reason)
                run.failed += count if where == "draft" else 0
            self.say("recovered", channel=run.channel, messages=count, file=name, found=where)
        self.files.discard_drafts(run.channel)
