"""The to-do list: desired rows joined in SQL with what the ledger says of each."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from activation import GUARDED, MISCONFIGURED, Stopped
from activation.destination import Destination, Item, Payload
from activation.ledger import ACKNOWLEDGED, Claim, Ledger, Run, instant, utc_now
from activation.sync import Sync
from activation.warehouse import DIGITS, Row, Warehouse, literal

RETIRED = {"late": "expired", "blocked": "suppressed"}  # standings that end in the ledger, and as what
HOURS = ("send_after", "send_before")
# a row of an audience that neither is nor was a member is `out`, and counts nowhere
STANDINGS = ("due", "done", "early", "late", "blocked", "dead")
MIDDLE = 1_000_000_000  # places up to here are of whoever has to be taken out of somewhere, and go first


@dataclass(frozen=True)
class Choice:
    """What of the outbox is wanted; at any hour: whoever delivers keeps to the quiet hours."""

    channels: tuple[str, ...] = ()
    campaigns: tuple[str, ...] = ()
    any_hour: bool = False
    retry: bool = False  # also what was refused for good or ran out of attempts

    def where(self) -> str:
        """SQL over the columns channel and campaign_id."""
        parts = ["1 = 1"]
        for column, values in (("channel", self.channels), ("campaign_id", self.campaigns)):
            if values:
                parts.append(f"{column} in ({', '.join(literal(value) for value in values)})")
        return " and ".join(parts)


@dataclass(frozen=True)
class Todo:
    """One row of a page: its claim, what goes out, and why it must not (None: it may)."""

    claim: Claim
    item: Item
    as_of_date: date | None
    held_by: tuple[str, str] | None  # (state of the ledger, reason)
    place: int = 0
    is_as_listed: bool = False  # its content is still what the list says


@dataclass(frozen=True)
class Survey:
    """All that is wanted, in numbers. counts: (channel, campaign, op, standing, rows), sorted. digest: the same for
    the same rows to do in any order, what `send --plan` holds a plan to. cost: None where rows have none.
    """

    counts: list[Row]
    digest: str
    cost: Decimal | None

    def total(self, standing: str, op: str | None = None) -> int:
        return sum(int(n) for *_, one, its, n in self.counts if its == standing and op in (None, one))


@dataclass
class Outbox:
    """What one exposure wants at one destination (None: files)."""

    warehouse: Warehouse
    ledger: Ledger
    sync: Sync
    destination: Destination | None = None
    has_cost: bool = False  # the relation says what a message costs
    size: int = 0  # rows of the relation

    @property
    def scope(self) -> str | None:
        """The name of the destination; what it acknowledged counts for state and audiences."""
        return None if self.destination is None else str(self.destination.name)

    @property
    def mapping(self) -> str:
        """Changes when the fields or the destination's file do: states are sent again then."""
        if self.destination is None:
            return self.sync.mapping_version
        both = f"{self.sync.mapping_version}/{self.destination.version}"
        return f"{self.scope}@{hashlib.sha256(both.encode()).hexdigest()[:12]}"

    @property
    def parts(self) -> list[str]:
        """Conditions that share out the rows."""
        return self.warehouse.parts("message_key", self.size)

    # -- guards

    def check(self, max_source_age: float | None, is_allowed: bool = False) -> None:
        """Stops (2) when a mart or column is missing, (5) when the source is empty or too old."""
        for relation, wanted in self._needed():
            reason = self.warehouse.problem(f"select {wanted} from {relation} where 1 = 0")
            if reason is not None:
                raise Stopped(MISCONFIGURED, f"{relation} cannot be read ({reason}); run `dbt build` first.")
        priced = f"select cost_amount from {self.sync.relation} where 1 = 0"
        self.has_cost = self.sync.is_message and self.warehouse.problem(priced) is None
        source = self.sync.decisions or self.sync.relation
        members = "sum(case when is_member then 1 else 0 end)" if self.sync.kind == "audience" else "count(*)"
        with self.warehouse.transaction():
            count, as_of = self.warehouse.rows(f"select {members}, max(as_of_date) from {source}")[0]
            self.size = int(self.warehouse.rows(f"select count(*) from {self.sync.relation}")[0][0])
        if not count and not is_allowed:
            what = "nothing was decided, so nothing is sent" if self.sync.decisions else "nothing is sent or removed"
            raise Stopped(GUARDED, f"{source} has no rows: {what}.")
        if as_of is None:
            return
        age = (datetime.now(UTC).date() - as_of).days
        limit = self.sync.max_source_age if max_source_age is None else max_source_age
        if limit is not None and age > limit and not is_allowed:
            raise Stopped(GUARDED, f"The marts are of {as_of}, {age} days old (at most {limit:g}); run `dbt build`.")

    def _needed(self) -> Iterator[tuple[str, str]]:
        """(relation, its columns) of all that is read."""
        own = {"state": (), "audience": ("campaign_id", "channel", "is_member")}
        more = own.get(self.sync.kind, ("campaign_id", "channel", *HOURS))
        columns = (self.sync.key, *more, "person_key", "payload_hash", "as_of_date", *self.sync.fields)
        yield self.sync.relation, ", ".join(columns)
        if self.sync.decisions:
            yield self.sync.decisions, "decision_reason"
        if self.sync.blocks:
            yield self.sync.blocks, "message_key, block_reason"
        if self.sync.erasures:
            yield self.sync.erasures, "erase_key, channel, person_key, customer_id, payload_hash"

    def guard(self, survey: Survey, max_rows: int | None) -> None:
        """Stops (5) when a run would change more than it may."""
        due = {op: survey.total("due", op) for op in ("add", "change", "remove", "send", "erase")}
        known = survey.total("done") + due["change"] + due["remove"]
        if max_rows is not None and sum(due.values()) > max_rows:
            raise Stopped(GUARDED, f"{sum(due.values())} rows are to do, more than --max-rows {max_rows}.")
        for op, limit in (("change", self.sync.max_pct_change), ("remove", self.sync.max_removed_pct)):
            share = 100 * due[op] / known if known and not self.sync.is_message else 0.0
            if limit is not None and share > limit:
                raise Stopped(GUARDED, f"{due[op]} of {known} known rows would be a {op}, more than {limit:g} %: "
                                       f"look at the plan, and give --allow if it is right.")  # fmt: skip

    # -- what is to do

    @contextmanager
    def looking(self) -> Iterator[str | None]:
        """A transaction; gives the relation of what is blocked, which is read once when rows are taken in parts."""
        with self.warehouse.transaction():
            if self.sync.blocks is None or len(self.parts) == 1:
                yield self.sync.blocks
            else:
                self.warehouse.run(
                    "create or replace temporary table activation_blocked as "
                    f"select message_key, block_reason from {self.sync.blocks}"
                )
                yield "activation_blocked"

    def joined(self, choice: Choice, blocks: str | None, part: str = "1 = 1", channel: str | None = None) -> str:
        """SQL of desired rows with `op`, `attempt` and `standing` (STANDINGS); a subselect with a name.

        blocks: the relation of what is blocked, as `looking` gives it.
        """
        where = f"{choice.where()} and {part}" + (f" and channel = {literal(channel)}" if channel else "")
        desired = f"(select * from ({self._desired()}) as named where {where})"
        kind = self.sync.kind
        latest = self.ledger.latest(f"select message_key from {desired} as keyed", self._latest_scope(), part)
        nothing = "cross join (select cast(null as integer) as block_reason) as blocks"
        blocked = f"(select message_key, block_reason from {blocks} where {part})"
        among = f"left join {blocked} as blocks on desired.message_key = blocks.message_key" if blocks else nothing
        standing = self._standing_message(choice) if self.sync.is_message else self._standing_state(choice)
        is_known = "latest.sent_op in ('add', 'change') or (latest.state = 'unknown' and latest.op <> 'remove')"
        op = "'send'" if self.sync.is_message else f"case when {is_known} then 'change' else 'add' end"
        if kind == "audience":
            op = f"case when {self._is_leaving()} then 'remove' else {op} end"
        if kind == "state" and self.sync.erasures:
            op = f"case when desired.is_erasure then 'erase' else {op} end"
        return f"""(
            select desired.*, {op} as op, coalesce(latest.attempt, 0) + 1 as attempt,
                coalesce(latest.turn, 0) as turn, latest.state as latest_state,
                {standing} as standing
            from {desired} as desired
            {among}
            left join {latest} as latest on desired.message_key = latest.message_key) as joined"""

    def _latest_scope(self) -> str | None:
        """Whose events count: a message is sent once over all destinations, a state is known to one."""
        return None if self.sync.is_message else self.scope

    def _desired(self) -> str:
        """SQL of the rows wanted, in the same columns for every kind."""
        sync, text = self.sync, self.warehouse.type_name("string")
        columns = ["person_key", "payload_hash"]
        if sync.is_message:
            columns += ["campaign_id", "channel", *HOURS, *(["cost_amount"] if self.has_cost else [])]
        elif sync.kind == "audience":
            columns += ["campaign_id", "channel", "is_member"]
        else:
            columns += [f"cast(null as {text}) as campaign_id", f"{literal(str(self.scope))} as channel"]
        if sync.kind == "state":
            columns += ["1 = 0 as is_erasure"]
        only = f" where channel = {literal(sync.channel)}" if sync.channel else ""
        main = f"select {sync.key} as message_key, {', '.join(columns)} from {sync.relation}{only}"
        if sync.kind != "state" or not sync.erasures:
            return main
        return f"""{main} union all
            select erase_key, person_key, payload_hash, cast(null as {text}), channel, 1 = 1 from {sync.erasures}
            where channel = {literal(str(self.scope))} and customer_id is not null"""

    def _standing_message(self, choice: Choice) -> str:
        states = ", ".join(literal(state) for state in ACKNOWLEDGED)
        now = instant(utc_now())
        early = "" if choice.any_hour else f"when send_after > {now} then 'early' when send_before <= {now} then 'late'"
        dead = "" if choice.retry else "when latest.state = 'dead' then 'dead'"
        return f"""case when latest.state in ({states}) then 'done' {dead}
            when blocks.block_reason is not null then 'blocked' {early} else 'due' end"""

    def _standing_state(self, choice: Choice) -> str:
        """Known as it is wanted is done; what nobody could prove is sent again."""
        wanted = f"desired.payload_hash || '/{self.mapping}'"
        dead = "latest.state = 'dead' and latest.payload_hash = desired.payload_hash"
        dead = "" if choice.retry else f"when {dead} then 'dead'"
        same = f"latest.sent_as = {wanted} and latest.sent_op <> 'remove' and latest.state <> 'unknown'"
        if self.sync.kind == "audience":
            return f"""case
                when {self._is_leaving()} then case when latest.state = 'dead' and latest.op = 'remove'
                    and {"1 = 0" if choice.retry else "1 = 1"} then 'dead' else 'due' end
                when not desired.is_member then 'out'
                when blocks.block_reason is not null then 'blocked'
                when {same} then 'done' {dead} else 'due' end"""
        erased = "when desired.is_erasure and latest.sent_op = 'erase' then 'done' " if self.sync.erasures else ""
        blocked = "when blocks.block_reason is not null then 'blocked'"
        return f"case {erased}when {same} then 'done' {dead} {blocked} else 'due' end"

    def _is_leaving(self) -> str:
        """SQL: in the audience as far as anyone knows, and no longer to be there."""
        there = "(latest.sent_op in ('add', 'change') or (latest.state = 'unknown' and latest.op <> 'remove'))"
        return f"({there} and (not desired.is_member or blocks.block_reason is not null))"

    def survey(self, choice: Choice) -> Survey:
        """What is wanted and what of it is to do."""
        hashed = "md5(message_key || '/' || op || '/' || payload_hash)"
        due = [hexadecimal(hashed, 1), hexadecimal(hashed, 8), "cost_amount" if self.has_cost else "0"]
        sums = ", ".join(f"sum(case when standing = 'due' then {one} end)" for one in due)
        found: dict[Row, list[Decimal]] = {}
        with self.looking() as blocks:
            for part in self.parts:
                rows = self.warehouse.rows(f"""
                    select channel, campaign_id, op, standing, count(*), {sums}
                    from {self.joined(choice, blocks, part)} where standing <> 'out'
                    group by channel, campaign_id, op, standing""")
                for row in rows:
                    held = found.setdefault(tuple(row[:4]), [Decimal(0)] * 4)
                    held[:] = [old + Decimal(new or 0) for old, new in zip(held, row[4:], strict=True)]
        counts = [(*group, int(found[group][0])) for group in sorted(found, key=lambda group: [*map(str, group)])]
        _, *content, cost = [sum(column, Decimal(0)) for column in zip([Decimal(0)] * 4, *found.values(), strict=True)]
        text = f"{self.mapping}/{content}/{sum(number for *_, standing, number in counts if standing == 'due')}"
        return Survey(counts, hashlib.sha256(text.encode()).hexdigest()[:16], cost if self.has_cost else None)

    def held(self, choice: Choice) -> list[Row]:
        """(decision, reason, rows) of everything that is not sent."""
        if self.sync.decisions is None:
            return []
        only = f" and channel = {literal(self.sync.channel)}" if self.sync.channel else ""
        with self.warehouse.transaction():
            return self.warehouse.rows(f"""
                select decision, decision_reason, count(*) from {self.sync.decisions}
                where decision <> 'send' and {choice.where()}{only}
                group by decision, decision_reason order by decision, decision_reason""")

    def estimate(self, survey: Survey) -> dict[str, Any]:
        """Calls, minutes and money of what is due; None where nothing says how fast or what it costs."""
        if self.destination is None:
            return {}
        calls = sum(
            math.ceil(n / self.destination.size(op)) for *_, op, standing, n in survey.counts if standing == "due"
        )
        minutes = round(calls / self.destination.rate_per_second / 60, 1) if self.destination.rate_per_second else None
        return {"calls": calls, "minutes": minutes, "cost_amount": plain(survey.cost)}

    def without_address(self) -> int | None:
        """Rows of messages that have no address; None where rows carry none."""
        if "address" not in self.sync.fields:
            return None
        only = f" and channel = {literal(self.sync.channel)}" if self.sync.channel else ""
        with self.warehouse.transaction():
            sql = f"select count(*) from {self.sync.relation} where address is null{only}"
            return int(self.warehouse.rows(sql)[0][0])

    # -- pages

    def list_todo(self, choice: Choice, run: Run) -> tuple[int, int]:
        """Writes the keys to do into a table of the ledger's schema, numbered. In the lease only.

        Returns the place before the first, and how many. What is blocked or too late gets its state in the ledger at
        the same time, once.
        """
        table = self.todo_table(run.channel)
        leaving, staying = 0, 0
        with self.warehouse.transaction():
            self.warehouse.run(f"drop table if exists {table}")
        with self.looking() as blocks:
            for number, part in enumerate(self.parts):
                joined = self.joined(choice, blocks, part, run.channel)
                listed = self._listed(joined, MIDDLE - leaving, MIDDLE + staying)
                self.warehouse.run(f"{f'insert into {table}' if number else f'create table {table} as'} {listed}")
                sums = ", ".join(f"sum(case when place {side} {MIDDLE} then 1 else 0 end)" for side in ("<=", ">"))
                numbers = self.warehouse.rows(f"select {sums} from {table}")[0]
                leaving, staying = (int(one or 0) for one in numbers)
                self.ledger.hold(run)
                self.warehouse.commit()
            if self.sync.is_message:
                for standing, state in RETIRED.items():
                    self.ledger.retire(run, state, f"select * from {table} where standing = {literal(standing)}")
        return MIDDLE - leaving, leaving + staying

    def _listed(self, joined: str, leaving: int, staying: int) -> str:
        """SQL of a part of the list: rows to do with their places, rows that get their end without one."""
        retired = [f"(standing = '{standing}' and coalesce(latest_state, '') <> '{state}')"
                   for standing, state in RETIRED.items() if self.sync.is_message]  # fmt: skip
        is_leaving = "case when op in ('erase', 'remove') then 1 else 0 end"
        return f"""
            select case when standing <> 'due' then null when is_leaving = 1 then {leaving + 1} - number
                else {staying} + number end as place,
                message_key, campaign_id, person_key, op, attempt, turn, payload_hash, standing
            from (
                select joined.*, {is_leaving} as is_leaving,
                    row_number() over (partition by standing, {is_leaving} order by message_key) as number
                from {joined} where {" or ".join(["standing = 'due'", *retired])}) as numbered"""

    def drop_todo(self, channel: str) -> None:
        with self.warehouse.transaction():
            self.warehouse.run(f"drop table if exists {self.todo_table(channel)}")

    def todo_table(self, channel: str) -> str:
        """The table of what is to do on a channel."""
        safe = "".join(letter if letter.isalnum() else "_" for letter in channel.lower())
        return self.ledger.table(f"activation_todo_{safe}")

    def page(self, choice: Choice, channel: str, after: int, size: int) -> list[Todo]:
        """The rows numbered after `after`; consent, suppression, control and hours are looked at again."""
        table = self.todo_table(channel)
        chosen = f"(select * from {table} where place > {after} and place <= {after + size})"
        with self.warehouse.transaction():
            return self._read(chosen, choice)

    def samples(self, choice: Choice, size: int) -> list[Payload]:
        """The first rows to do over all channels; not yet masked."""
        rows: list[Todo] = []
        with self.looking() as blocks:
            for part in self.parts:
                joined = self.joined(choice, blocks, part)
                due = f"select 0 as place, joined.* from {joined} where standing = 'due' order by message_key"
                rows += self._read(f"({due} limit {size - len(rows)})", choice)
                if len(rows) >= size:
                    break
        return [row.item.payload for row in rows]

    def _read(self, todo: str, choice: Choice) -> list[Todo]:
        """The rows of a list with all that goes out, by key. Only inside a transaction."""
        ends = self.warehouse.rows(f"select min(message_key), max(message_key) from {todo} as ends")[0]
        if ends[0] is None:
            return []
        return [self._todo(row) for row in self.warehouse.rows(self._page_sql(todo, choice, ends[0], ends[1]))]

    def _page_sql(self, todo: str, choice: Choice, first: str, last: str) -> str:
        """SQL of todo rows with their fields; the first columns are `_todo`'s. first, last: the ends of their keys.

        The ends are said to every relation: a database hands a constant down through views, and reads little of them.
        """

        def ends(column: str) -> str:
            return f">= {literal(first)} and {column} <= {literal(last)}"

        sync, text = self.sync, self.warehouse.type_name("string")
        fields = [f"desired.{name} as f_{place}" for place, name in enumerate(sync.fields)]
        if sync.kind == "state" and sync.erasures:
            erasures = f"left join {sync.erasures} as erasures on todo.message_key = erasures.erase_key"
            erased = "erasures.customer_id as erased_id"
        else:
            erasures, erased = "", f"cast(null as {text}) as erased_id"
        blocks = ""
        if sync.blocks:
            blocked = f"select message_key, block_reason from {sync.blocks} where message_key {ends('message_key')}"
            blocks = f"left join ({blocked}) as blocks on todo.message_key = blocks.message_key"
        late = "0"
        if sync.is_message and not choice.any_hour:
            late = f"case when desired.send_before <= {instant(utc_now())} then 1 else 0 end"
        return f"""
            select todo.message_key, todo.campaign_id, todo.person_key, todo.op, todo.attempt,
                coalesce(desired.payload_hash, todo.payload_hash) as payload_hash, desired.as_of_date,
                case when desired.{sync.key} is null then 1 else 0 end as is_gone, {late} as is_late, todo.turn,
                todo.place, case when desired.payload_hash = todo.payload_hash then 1 else 0 end as is_as_listed,
                {"blocks.block_reason" if blocks else f"cast(null as {text}) as reason"}, {erased}, {", ".join(fields)}
            from {todo} as todo
            left join (select * from {sync.relation} where {sync.key} {ends(sync.key)}) as desired
                on todo.message_key = desired.{sync.key}
            {erasures} {blocks}
            order by todo.message_key"""

    def _todo(self, row: Row) -> Todo:
        key, campaign_id, person_key, op, attempt, digest, as_of, is_gone, is_late, *more = row
        turn, place, is_as_listed, reason, erased_id, *values = more
        payload = dict(zip(self.sync.fields, (plain(value) for value in values), strict=True))
        if op == "erase":
            payload = {"customer_id": erased_id}
        held = None
        if op not in ("erase", "remove") and reason is not None:
            held = ("suppressed", str(reason))
        elif op != "erase" and is_gone:
            held = ("cancelled", "gone")
        elif is_late:
            held = ("expired", "send_before")
        claim = Claim(key, campaign_id, person_key, op, int(attempt), digest)
        return Todo(
            claim, Item(key, op, payload, int(turn)), as_of, held, int(place), bool(is_as_listed) or op == "erase"
        )


def hexadecimal(text: str, begin: int) -> str:
    """SQL of seven hexadecimal digits of a text as a number, the same on every warehouse."""
    digits = [f"(position(substring({text}, {begin + n}, 1) in '{DIGITS}') - 1) * {16 ** (6 - n)}" for n in range(7)]
    return " + ".join(f"cast({one} as decimal(20, 0))" for one in digits)


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
