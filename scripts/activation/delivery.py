"""Send: claims what is to do wave by wave, delivers it, records what became of every row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from time import monotonic
from typing import Protocol
from uuid import NAMESPACE_URL, uuid5

from activation import FAILING, MISCONFIGURED, NEEDS_PERSON, Stopped
from activation.destination import Destination, Item
from activation.files import FileChannel
from activation.journal import Journal, Left, Outcome, Tried, journals_left
from activation.ledger import Claim, Open, Run
from activation.outbox import Choice, Outbox, Todo

PAGE = 10_000  # rows read at once
MINUTE = 60.0  # seconds of sending after which consent is looked at again
WAVE = 1000  # rows claimed at once
AWAY = 5  # calls one after another that nobody answers, or with 5xx: then a run ends instead of trying every row
INTERRUPTED = Outcome("unknown", "interrupted")  # on the wire when its run was killed
NOT_TRIED = ("not_tried", "not_delivered")  # failures that are no attempt


class Transport(Protocol):
    """Delivers rows of one operation in one call; `refused` says why no further call makes sense."""

    refused: str | None
    is_paused: bool  # refused for now only

    def deliver(
        self, items: Sequence[Item], journal: Journal, doubt: Outcome | None = None, content: str | None = None
    ) -> dict[str, Outcome]: ...

    def close(self) -> None: ...


@dataclass
class Totals:
    """Rows of all channels of a run by what became of them."""

    sent: int = 0
    failed: int = 0
    dead: int = 0
    unknown: int = 0
    not_tried: int = 0


@dataclass
class Sender:
    """One call of `send`. `say` gets what happens; `drained` tells between calls whether to stop."""

    outbox: Outbox
    choice: Choice
    limit: int | None
    git_sha: str | None
    say: Callable[..., None]
    drained: Callable[[], bool]
    max_failed_pct: float = 10.0
    totals: Totals = field(default_factory=Totals)

    def send(self, planned: dict[str, int]) -> Totals:
        """Sends every channel that has something to do or something unsettled.

        planned: rows to do by channel. Stops afterwards: (2) a destination refuses every call, (6) rows need a
        person, (3) too many rows failed.
        """
        mapping, scope = self.outbox.mapping, self.outbox.scope
        for channel in sorted(planned):
            if self.drained():
                break
            run = Run(channel, self.outbox.sync.kind, mapping, self.git_sha, self.outbox.sync.invocation_id, scope)
            with self.outbox.ledger.leased(run):
                self._run_channel(run)
        return self.totals

    def _run_channel(self, run: Run) -> None:
        """Settles what an earlier run left, then sends; the run is written when it begins and when it ends."""
        self.outbox.ledger.write_run(run, "running")
        status, before = "failed", replace(self.totals)
        try:
            self.recover(run)
            before_first, todo = self.outbox.list_todo(self.choice, run)
            room = todo if self.limit is None else max(min(todo, self.limit - self.totals.sent), 0)
            self.say("begin", channel=run.channel, to_send=room)
            reason = self.send_all(run, range(before_first, before_first + room))
            status = reason or ("drained" if self.drained() else "succeeded")
        finally:
            self.outbox.ledger.write_run(run, status)
        self.outbox.drop_todo(run.channel)
        self.say("channel", channel=run.channel, sent=self.totals.sent - before.sent,
                 released=self.totals.failed + self.totals.not_tried - before.failed - before.not_tried,
                 dead=self.totals.dead - before.dead, unresolved=self.totals.unknown - before.unknown)  # fmt: skip

    def pages(self, run: Run, places: range, size: int, seconds: float = inf) -> Iterator[list[Todo]]:
        """Pages of rows that may go out; what may not any more gets its end in the ledger.

        Each page is looked at anew, and at most so large that it should be done in so many seconds.
        """
        after, step = places.start, size if seconds == inf else min(size, WAVE)
        while after < places.stop and not self.drained():
            begun = monotonic()
            page = self.outbox.page(self.choice, run.channel, after, min(step, places.stop - after))
            held: dict[str, list[tuple[Claim, str]]] = {}
            for one in page:
                run.count("planned", one.claim.op)
                if one.held_by is not None:
                    held.setdefault(one.held_by[0], []).append((one.claim, one.held_by[1]))
            if held:
                with self.outbox.warehouse.transaction():
                    self.outbox.ledger.hold(run)
                    for state, rows in sorted(held.items()):
                        self.outbox.ledger.aside(run, state, rows)
                self.say("held", channel=run.channel, messages=sum(map(len, held.values())))
            yield [one for one in page if one.held_by is None]
            after += step
            step = max(1, int(min(size, step * seconds / max(monotonic() - begun, 1e-3))))

    def recover(self, run: Run) -> None:
        raise NotImplementedError

    def send_all(self, run: Run, places: range) -> str | None:
        """Sends the rows to do one after each of these places; returns why it ended early, if it did."""
        raise NotImplementedError


def batch_of(claims: Sequence[Claim], scope: str) -> str:
    """UUIDv5 of what a batch claims; an attempt of a row is in one batch only."""
    return str(uuid5(NAMESPACE_URL, scope + "\n".join(f"{claim.message_key}/{claim.attempt}" for claim in claims)))


@dataclass
class FileSender(Sender):
    """Writes a file per batch: draft, claim, atomic move, `sent`."""

    files: FileChannel = field(default_factory=lambda: FileChannel(Path(), "csv"))
    batch_size: int = 10_000

    def send_all(self, run: Run, places: range) -> str | None:
        for page in self.pages(run, places, self.batch_size):
            if page:
                self._deliver(run, page)
        return None

    def _deliver(self, run: Run, page: list[Todo]) -> None:
        """Each step leaves a trace that tells the next run how far this one came."""
        ledger = self.outbox.ledger
        batch_id = batch_of([one.claim for one in page], "")
        name = self.files.file_name(run.channel, f"{page[0].as_of_date}", batch_id)
        self.files.draft(name, [one.item.payload for one in page])
        run.count("attempted", "send", len(page))
        with self.outbox.warehouse.transaction():
            ledger.hold(run)
            ledger.claim(run, name, [replace(one.claim, batch_id=batch_id) for one in page])
        with self.outbox.warehouse.transaction():
            ledger.hold(run)
            self.files.publish(name)
            ledger.settle(run, batch_id, "sent")
        run.count("succeeded", "send", len(page))
        self.totals.sent += len(page)
        self.say("batch", channel=run.channel, messages=len(page), file=name)

    def recover(self, run: Run) -> None:
        """Claimed and never settled: published is sent, a draft was not delivered, nowhere needs a person."""
        for batch_id, rows in sorted(self.outbox.ledger.open_batches(run).items()):
            name = rows[0].vendor_id or ""
            where = self.files.whereabouts(name)
            if where == "nowhere":
                run.counts["num_unknown"] += len(rows)
                self.totals.unknown += len(rows)
            else:
                with self.outbox.warehouse.transaction():
                    self.outbox.ledger.hold(run)
                    state, reason = ("sent", None) if where == "published" else ("failed", "not_delivered")
                    self.outbox.ledger.settle(run, batch_id, state, reason)
                if where == "draft":
                    run.count("failed", "send", len(rows))
                    self.totals.not_tried += len(rows)
            self.say("recovered", channel=run.channel, messages=len(rows), file=name, found=where)
        self.files.discard_drafts(run.channel)

    def send(self, planned: dict[str, int]) -> Totals:
        totals = super().send(planned)
        if totals.unknown:
            reason = f"{totals.unknown} claimed messages have neither file nor draft in {self.files.folder}"
            raise Stopped(NEEDS_PERSON, f"{reason}: run with the --out of that time, or settle them with `resolve`.")
        return totals


@dataclass
class CallSender(Sender):
    """Calls a destination: a wave of rows is journalled and claimed, sent by several threads, then settled."""

    transport: Transport = field(default=None)  # type: ignore[assignment]
    journals: Path = field(default_factory=Path)

    def __post_init__(self) -> None:
        assert self.outbox.destination is not None
        self.destination: Destination = self.outbox.destination
        self.unreached = 0

    def send(self, planned: dict[str, int]) -> Totals:
        totals = super().send(planned)
        refused = self.transport.refused
        if refused and not self.transport.is_paused:
            raise Stopped(MISCONFIGURED, refused)
        if totals.unknown and self.outbox.sync.is_message:
            reason = f"{totals.unknown} rows may or may not have reached {self.destination.name}"
            after = f" {refused}" if refused else ""
            raise Stopped(
                NEEDS_PERSON, f"{reason}; they are not sent again: look there, and settle them with `resolve`.{after}"
            )
        if refused:
            raise Stopped(FAILING, refused)
        if self._is_failing(1):
            raise Stopped(FAILING, f"{totals.failed + totals.dead} rows failed, {totals.sent} were sent: see `status`.")
        return totals

    def send_all(self, run: Run, places: range) -> str | None:
        pace = self.destination.rate_per_second or inf
        quarter = pace * self.outbox.ledger.lease_seconds / 4 * self.destination.batch_size
        wave = int(max(1, min(WAVE, quarter)))
        with ThreadPoolExecutor(self.destination.concurrency) as pool:
            for page in self.pages(run, places, PAGE, MINUTE):
                for begin in range(0, len(page), wave):
                    if self._is_stopping():
                        return "refused" if self.transport.refused else "drained"
                    self._wave(run, page[begin : begin + wave], pool)
                    if self._is_failing(50, 50.0):
                        return "failing"
        return None

    def _name(self, run: Run) -> str:
        """Whose journals they are."""
        return f"{self.destination.name}.{run.channel}"

    def _is_stopping(self) -> bool:
        return self.drained() or self.transport.refused is not None

    def _is_failing(self, at_least: int, limit: float | None = None) -> bool:
        """Whether more than the allowed share of the rows tried has failed."""
        bad = self.totals.failed + self.totals.dead
        tried = bad + self.totals.sent
        return tried >= at_least and 100 * bad > (self.max_failed_pct if limit is None else limit) * tried

    # -- one wave

    def _wave(self, run: Run, rows: list[Todo], pool: ThreadPoolExecutor) -> None:
        """Journal, claim, calls, settlement; killed in between, the journal tells the next run."""
        batches = self._batches(rows)
        named = [(batch_of([one.claim for one in batch], str(self.destination.name)), batch) for batch in batches]
        claims = {one.claim.message_key: replace(one.claim, batch_id=name) for name, batch in named for one in batch}
        journal = Journal(self.journals, self._name(run), run.mapping_version, [one.item for one in rows])
        is_settled = False
        try:
            with self.outbox.warehouse.transaction():
                self.outbox.ledger.hold(run)
                if all(one.is_as_listed for one in rows):
                    places = {name: sorted(one.place for one in batch) for name, batch in named}
                    self.outbox.ledger.claim_listed(run, self.outbox.todo_table(run.channel), places)
                else:
                    self.outbox.ledger.claim(run, None, list(claims.values()))
            outcomes, lost = self._called(run, [[one.item for one in batch] for batch in batches], journal, pool)
            self._settle(run, [(claim, outcomes[key]) for key, claim in claims.items()])
            is_settled = True
            if lost is not None:
                raise lost
        finally:
            journal.close(is_settled)

    def _batches(self, rows: list[Todo]) -> list[list[Todo]]:
        """Rows of one operation each, at most as many as the destination takes."""
        batches: list[list[Todo]] = []
        for op in ("erase", "remove", "add", "change", "send"):
            same = [one for one in rows if one.claim.op == op]
            size = self.destination.size(op)
            batches += [same[begin : begin + size] for begin in range(0, len(same), size)]
        return batches

    def _called(
        self, run: Run, batches: list[list[Item]], journal: Journal, pool: ThreadPoolExecutor
    ) -> tuple[dict[str, Outcome], Stopped | None]:
        """Outcomes of all rows, and why the lease was lost if it was; it is renewed while the threads work."""
        lost: list[Stopped] = []

        def call(items: list[Item]) -> dict[str, Outcome]:
            nameless = [item for item in items if not self.destination.can_name(item)]
            if nameless:  # nobody is called about them
                ended = dict.fromkeys((item.key for item in nameless), Outcome("dead", "no_identifier"))
                journal.settled(ended)
                rest = [item for item in items if item.key not in ended]
                return ended | (call(rest) if rest else {})
            if self._is_stopping() or lost:
                return dict.fromkeys((item.key for item in items), Outcome("failed", "not_tried"))
            ended = self.transport.deliver(items, journal)
            self._note_whether_reached(ended)
            return ended

        futures: list[Future[dict[str, Outcome]]] = [pool.submit(call, items) for items in batches]
        while wait(futures, timeout=self.outbox.ledger.lease_seconds / 4).not_done:
            try:
                with self.outbox.warehouse.transaction():
                    self.outbox.ledger.hold(run)
            except Stopped as problem:
                lost.append(problem)
        outcomes: dict[str, Outcome] = {}
        for future in futures:
            outcomes |= future.result()
        return outcomes, lost[0] if lost else None

    def _note_whether_reached(self, ended: dict[str, Outcome]) -> None:
        """A vendor that is away is left to a later run: every call more would leave more in doubt."""
        is_away = all(
            outcome.state in ("failed", "unknown") and (outcome.http_status or 500) >= 500 for outcome in ended.values()
        )
        self.unreached = self.unreached + 1 if is_away else 0
        if self.unreached >= AWAY and not self.transport.refused:
            self.transport.is_paused = True
            self.transport.refused = f"{self.destination.name} cannot be reached, or is not well; run again later."

    def _settle(self, run: Run, ended: list[tuple[Claim, Outcome]]) -> None:
        """Records the end of claimed rows; a row that failed too often is dead."""
        final = []
        for claim, outcome in ended:
            if (
                outcome.state == "failed"
                and claim.attempt >= self.destination.max_attempts
                and outcome.error_class not in NOT_TRIED
            ):
                outcome = replace(outcome, state="dead")
            final.append((claim.batch_id, claim.message_key, outcome))
            self._count(run, claim.op, outcome)
        with self.outbox.warehouse.transaction():
            self.outbox.ledger.settle_each(run, final)
        self.say("wave", channel=run.channel, rows=len(final), sent=self.totals.sent)

    def _count(self, run: Run, op: str, outcome: Outcome) -> None:
        run.count("attempted", op)
        if outcome.state == "sent":
            run.count("succeeded", op)
            self.totals.sent += 1
        elif outcome.state == "unknown":
            run.counts["num_unknown"] += 1
            self.totals.unknown += 1
        else:
            run.count("failed", op)
            run.counts["num_dead"] += outcome.state == "dead"
            self.totals.dead += outcome.state == "dead"
            self.totals.failed += outcome.state == "failed" and outcome.error_class not in NOT_TRIED
            self.totals.not_tried += outcome.state == "failed" and outcome.error_class in NOT_TRIED

    # -- what an earlier run left

    def recover(self, run: Run) -> None:
        """Settles what was claimed and never settled, by the journals of this machine."""
        opened = self.outbox.ledger.open_batches(run)
        with journals_left(self.journals, self._name(run)) as left:
            known = {key: one for one in left for key in one.items}
            ended: list[tuple[str, str, Outcome]] = []
            again: dict[Tried, Left] = {}
            for batch_id, rows in sorted(opened.items()):
                for row in rows:
                    journal = known.get(row.message_key)
                    outcome = self._left(row, journal)
                    if outcome is None and journal is not None:
                        again[journal.tried[row.message_key]] = journal
                    else:
                        ended.append((batch_id, row.message_key, outcome or INTERRUPTED))
            batch_of_key = {row.message_key: batch for batch, rows in opened.items() for row in rows}
            for tried, journal in sorted(again.items(), key=lambda pair: pair[0].keys):
                ended += [
                    (batch_of_key[key], key, outcome)
                    for key, outcome in self._resent(run, tried, journal).items()
                    if key in batch_of_key
                ]
            if ended:
                with self.outbox.warehouse.transaction():
                    self.outbox.ledger.hold(run)
                    self.outbox.ledger.settle_each(run, ended)
                for _, key, outcome in ended:
                    op = next(row.op for row in opened[batch_of_key[key]] if row.message_key == key)
                    self._count(run, op, outcome)
                self.say("recovered", channel=run.channel, rows=len(ended),
                         unknown=sum(one.state == "unknown" for _, _, one in ended))  # fmt: skip

    def _left(self, row: Open, journal: Left | None) -> Outcome | None:
        """What became of a row that a dead run had claimed; None: it is to be sent again as it was."""
        guarantee = self.destination.guarantee
        doubt = Outcome("failed", "interrupted") if guarantee == "upsert" else INTERRUPTED
        if journal is None:
            return doubt
        if row.message_key in journal.outcomes:
            return journal.outcomes[row.message_key]
        if row.message_key not in journal.tried:
            return Outcome("failed", "not_delivered") if journal.is_same_boot else doubt
        if guarantee == "idempotent" and journal.mapping == row.mapping_version == self.outbox.mapping:
            return None
        return doubt

    def _resent(self, run: Run, tried: Tried, left: Left) -> dict[str, Outcome]:
        """The same request with the same key: the vendor knows whether it has it already.

        Stops when the vendor does not say: (2) the call is wrong, (3) not now. The next run asks again.
        """
        items = [left.items[key] for key in tried.keys]
        journal = Journal(self.journals, self._name(run), run.mapping_version, items)
        try:
            outcomes = self.transport.deliver(items, journal, INTERRUPTED, tried.content)
        finally:
            journal.close(True)
        if INTERRUPTED in outcomes.values():
            refused, is_wrong = self.transport.refused, self.transport.refused and not self.transport.is_paused
            reason = f"{self.destination.name} does not say what became of rows of an earlier run; run again later."
            raise Stopped(MISCONFIGURED if is_wrong else FAILING, refused or reason)
        return outcomes
