"""Delivers what the marts decided, once: `plan` says what would go out, `send` delivers it.

Exit codes: 0 done; 1 crash; 2 configuration; 3 too many failures; 4 another runner; 5 guard; 6 a person is needed;
130/143 stopped by a signal after the calls at hand. See docs/activation.md.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from activation import GUARDED, MISCONFIGURED, Stopped
from activation.delivery import CallSender, FileSender, Sender
from activation.destination import Destination, Item, Payload, load
from activation.files import FORMATS, FileChannel
from activation.http import HttpTransport
from activation.ingest import read_lines, take_in
from activation.journal import Journal
from activation.ledger import Ledger, Run, utc_now
from activation.mail import Templates
from activation.outbox import STANDINGS, Choice, Outbox, Survey, masked
from activation.smtp import SmtpTransport
from activation.sync import read_sync
from activation.warehouse import connect
from dbt.cli.resolvers import default_profiles_dir, default_project_dir
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

FOLDER = click.Path(path_type=Path, file_okay=False, resolve_path=True)
SHARED = (
    click.option("--project-dir", type=FOLDER, envvar="DBT_PROJECT_DIR", default=default_project_dir, help="As dbt's."),
    click.option("--profiles-dir", type=FOLDER, envvar="DBT_PROFILES_DIR", default=default_profiles_dir),
    click.option("--target", help="Target of dbt's profile."),
    click.option("--target-path", type=FOLDER, envvar="DBT_TARGET_PATH", help="Folder of dbt's manifest.json."),
    click.option("--exposure", default="campaign_messages", show_default=True, help="What to send."),
    click.option("--destination", "destination_name", help="Where to: a name, or a YAML file; else the exposure's."),
    click.option("--templates", type=FOLDER, help="Folder of message templates, looked at first."),
    click.option("--lease-seconds", type=click.IntRange(min=1), default=300, show_default=True,
                 help="How long a channel stays taken by a run that died."),
    click.option("--wait", type=float, default=30, show_default=True, help="Seconds to wait for other processes."),
    click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True),
)  # fmt: skip
CHOSEN = (
    click.option("--channel", "channels", multiple=True, help="Only this channel; may be given again."),
    click.option("--campaign", "campaigns", multiple=True, help="Only this campaign; may be given again."),
    click.option("--max-source-age", type=click.IntRange(min=0), help="Refuse marts older than this many days."),
    click.option("--max-rows", type=click.IntRange(min=0), help="Refuse to send more rows than this."),
    click.option(
        "--allow", is_flag=True, help="Send although a guard (old marts, empty source, great change) says no."
    ),
    click.option("--any-hour", is_flag=True, help="Whoever delivers keeps to send_after and send_before."),
)
SENDING = (
    click.option("--live", is_flag=True, help="Call hosts other than this machine."),
    click.option("--plan", "plan_digest", help="Send only if the plan is still the one with this digest."),
    click.option("--limit", type=click.IntRange(min=1), help="At most this many rows in all."),
    click.option("--max-failed-pct", type=click.FloatRange(0, 100), default=10, show_default=True,
                 help="More failures than this are exit code 3."),
    click.option("--out", type=FOLDER, default="out/activation", show_default=True, help="For files and journals."),
    click.option("--format", "file_format", type=click.Choice(FORMATS), default="csv", show_default=True),
    click.option("--batch-size", type=click.IntRange(1, 50_000), default=10_000, help="Rows per file, 10000."),
)  # fmt: skip
UNTIMELY = (
    ("early", "waiting", "it is not yet their send_after; run again within their hours"),
    ("late", "held", "their send_before has passed; the `dbt build` of a newer day decides on them again"),
    ("blocked", "suppressed", "consent, suppression, control or erasure changed since the build"),
    ("dead", "dead", "refused for good, or out of attempts; `retry` sends them again"),
)


def options(*several: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several options as one decorator, in their order."""

    def decorate(command: Any) -> Any:
        for option in reversed(several):
            command = option(command)
        return command

    return decorate


class PlanByDefault(click.Group):
    """Without a command name the command is `plan`: nothing is ever sent by accident."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] != "--help"):
            args = ["plan", *args]
        return super().parse_args(ctx, args)


class Reporter:
    """Text for people or one JSON object per line for machines; never an address, a name or a secret."""

    def __init__(self, log_format: str) -> None:
        self.is_json = log_format == "json"
        self.progress = Progress(disable=self.is_json or not sys.stderr.isatty(), console=Console(stderr=True))
        self._bars: dict[str, Any] = {}

    def say(self, event: str, **fields: Any) -> None:
        if event in ("begin", "wave") and not self.is_json:
            self._advance(event, **fields)
        elif self.is_json:
            click.echo(json.dumps({"event": event, **fields}, ensure_ascii=False, default=str))
        else:
            told = ", ".join(f"{name} {value}" for name, value in fields.items() if value is not None)
            click.echo(f"{event}: {told}")

    def _advance(self, event: str, channel: str, to_send: int = 0, rows: int = 0, sent: int = 0) -> None:
        """The bar of a terminal."""
        if event == "begin":
            self._bars[channel] = self.progress.add_task(channel, total=to_send)
        else:
            self.progress.advance(self._bars[channel], rows)

    def table(self, event: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        if self.is_json:
            for row in rows:
                self.say(event, **dict(zip(columns, row, strict=True)))
        elif rows:
            table = Table(*columns, title=event, title_justify="left")
            for row in rows:
                table.add_row(*("" if value is None else str(value) for value in row))
            Console(file=sys.stdout, width=None if sys.stdout.isatty() else 240).print(table)

    def untimely(self, survey: Survey) -> None:
        """Says how many rows are not sent although they were decided, and why."""
        for standing, event, reason in UNTIMELY:
            if rows := survey.total(standing):
                self.say(event, messages=rows, reason=reason)


@contextlib.contextmanager
def signals() -> Iterator[list[int]]:
    """The SIGINT or SIGTERM received so far: the calls at hand are finished before the command ends."""
    received: list[int] = []
    both = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda caught, _frame: received.append(caught)) for number in both]
    try:
        yield received
    finally:
        for number, handler in zip(both, before, strict=True):
            signal.signal(number, handler)


@contextlib.contextmanager
def open_outbox(
    project_dir: Path, profiles_dir: Path, target: str | None, target_path: Path | None, exposure: str,
    destination_name: str | None, templates: Path | None, lease_seconds: int, wait: float, log_format: str,
) -> Iterator[tuple[Outbox, Reporter]]:  # fmt: skip
    """The outbox of the exposure over dbt's connection. Stops (2) when the manifest does not fit the profile."""
    with contextlib.chdir(project_dir), connect(project_dir, profiles_dir, target, wait) as warehouse:
        target_folder = target_path or Path(warehouse.config.project_target_path)
        sync = read_sync(target_folder / "manifest.json", exposure, wait)
        adapter = warehouse.adapter.type()
        if sync.adapter_type != adapter:
            raise Stopped(MISCONFIGURED, f"The manifest is of {sync.adapter_type}, not {adapter}: run `dbt build`.")
        destination = None
        if sync.kind == "file" and destination_name:
            raise Stopped(MISCONFIGURED, f"The exposure {exposure} is of the kind file: it has no destination.")
        if sync.kind != "file":
            destination = open_destination(destination_name or sync.destination, sync.name, templates)
            if sync.kind not in destination.kinds:
                raise Stopped(
                    MISCONFIGURED, f"{destination.name} takes {', '.join(destination.kinds)}, not {sync.kind}."
                )
            if lacking := sorted(set(destination.fields or ()) - set(sync.fields)):
                raise Stopped(
                    MISCONFIGURED,
                    f"{destination.name} needs {', '.join(lacking)}: opt in, in the exposure {sync.name}.",
                )
        yield Outbox(warehouse, Ledger(warehouse, lease_seconds), sync, destination), Reporter(log_format)


def open_destination(name: str | None, exposure: str, templates: Path | None) -> Destination:
    """A destination with its texts. Stops (2) when none is named or its file is wrong."""
    if name is None:
        raise Stopped(MISCONFIGURED, f"The exposure {exposure} names no destination: give --destination.")
    destination = load(name)
    rendered = Templates(destination.settings, templates)
    destination.text, destination.mail = rendered.text, rendered.mail
    return destination


def git_sha(project_dir: Path) -> str | None:
    """The commit of the project, if it is in a git checkout."""
    with contextlib.suppress(OSError):
        done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=project_dir, capture_output=True, text=True)
        return done.stdout.strip() or None
    return None


@click.group(cls=PlanByDefault)
def cli() -> None:
    """Deliver what the marts decided, once. The default command is `plan`, which sends nothing."""


@cli.command()
@options(*SHARED, *CHOSEN)
@click.option("--sample", type=click.IntRange(min=0), default=3, show_default=True, help="Masked rows to show.")
@click.option("--preview", type=FOLDER, help="Write the samples, unmasked, as pages into this folder.")
def plan(
    channels: tuple[str, ...], campaigns: tuple[str, ...], max_source_age: int | None, max_rows: int | None,
    allow: bool, any_hour: bool, sample: int, preview: Path | None, **common: Any,
) -> None:  # fmt: skip
    """Say what would go out and what would not, and why. Sends nothing and writes nothing."""
    choice = Choice(channels, campaigns, any_hour)
    with open_outbox(**common) as (outbox, reporter):
        outbox.check(max_source_age, allow)
        survey = outbox.survey(choice)
        by_row: dict[tuple[Any, ...], dict[str, int]] = {}
        for channel, campaign, op, standing, number in survey.counts:
            by_row.setdefault((channel, campaign, op), dict.fromkeys(STANDINGS, 0))[standing] += int(number)
        columns = ("channel", "campaign_id", "op", "to_send", "acknowledged", *STANDINGS[2:])
        table = [(*row, *numbers.values()) for row, numbers in by_row.items()]
        reporter.table("messages" if outbox.sync.is_message else "rows", columns, table)
        reporter.table("not_sent", ("decision", "decision_reason", "rows"), outbox.held(choice))
        samples = outbox.samples(choice, sample)
        for payload in samples:
            reporter.say("sample", **masked(outbox.sync, payload))
        if preview is not None:
            reporter.say("preview", pages=write_preview(preview, outbox, samples, common["templates"]))
        reporter.untimely(survey)
        reporter.say("plan", to_send=survey.total("due"), acknowledged=survey.total("done"), digest=survey.digest,
                     **outbox.estimate(survey))  # fmt: skip
        if not allow:
            outbox.guard(survey, max_rows)


def write_preview(folder: Path, outbox: Outbox, samples: list[Payload], templates: Path | None) -> int:
    """The e-mail of each sample as a page, readable by its owner only. Stops (2) when the folder cannot be written."""
    settings: dict[str, str | None] = {"unsubscribe_url": "https://example.org/unsubscribe", "postal_address": "…"}
    if outbox.destination is not None:
        settings |= {key: value for key, value in outbox.destination.settings.items() if value}
    rendered = Templates(settings, templates)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for place, payload in enumerate(samples, 1):
            page = folder / f"{place:03}_{payload.get('template') or 'default'}.html"
            page.touch(0o600)
            page.write_text(rendered.mail(payload).html, encoding="utf-8")
    except OSError as error:
        raise Stopped(MISCONFIGURED, f"{folder} cannot be written ({error.strerror}).") from error
    return len(samples)


def deliver(
    channels: tuple[str, ...], campaigns: tuple[str, ...], max_source_age: int | None, max_rows: int | None,
    allow: bool, any_hour: bool, live: bool, plan_digest: str | None, limit: int | None, max_failed_pct: float,
    out: Path, file_format: str, batch_size: int, retry: bool = False, test_recipient: str | None = None,
    **common: Any,
) -> None:  # fmt: skip
    """What `send` and `retry` do."""
    with signals() as received, open_outbox(**common) as (outbox, reporter), reporter.progress:
        check_destination(outbox.destination, live)
        outbox.check(max_source_age, allow)
        choice = Choice(channels, campaigns, any_hour, retry)
        if test_recipient is not None:
            reporter.say("test", messages=send_test(outbox, choice, test_recipient, limit or 1, out))
            return
        outbox.ledger.ensure()
        survey = outbox.survey(choice)
        if not allow:
            outbox.guard(survey, max_rows)
        if plan_digest is not None and plan_digest != survey.digest:
            raise Stopped(GUARDED, "The plan is no longer the one with this digest: look at `plan` again.")
        reporter.untimely(survey)
        sender = open_sender(outbox, choice, limit, git_sha(common["project_dir"]), reporter.say,
                             lambda: bool(received), max_failed_pct, out, file_format, batch_size)  # fmt: skip
        try:
            totals = sender.send(planned(outbox, choice, survey))
        finally:
            if isinstance(sender, CallSender):
                sender.transport.close()
        reporter.say("sent", messages=totals.sent)
    if received:
        sys.exit(128 + received[0])


def planned(outbox: Outbox, choice: Choice, survey: Survey) -> dict[str, int]:
    """Rows to do by channel; also channels where an earlier run may have left something."""
    found = dict.fromkeys(outbox.ledger.channels(outbox.scope, choice.channels), 0)
    for channel, _, _, standing, number in survey.counts:
        found[channel] = found.get(channel, 0) + (int(number) if standing == "due" else 0)
    if outbox.sync.channel is not None:
        found = {channel: rows for channel, rows in found.items() if channel == outbox.sync.channel}
    return found


def open_transport(outbox: Outbox) -> HttpTransport | SmtpTransport:
    """What calls the destination."""
    destination = outbox.destination
    assert destination is not None
    if destination.transport == "smtp":
        return SmtpTransport(destination, destination.mail)
    return HttpTransport(destination)


def open_sender(
    outbox: Outbox, choice: Choice, limit: int | None, sha: str | None, say: Callable[..., None],
    drained: Callable[[], bool], max_failed_pct: float, out: Path, file_format: str, batch_size: int,
) -> Sender:  # fmt: skip
    """The sender of an outbox: files, or calls."""
    shared = (outbox, choice, limit, sha, say, drained, max_failed_pct)
    if outbox.destination is None:
        return FileSender(*shared, files=FileChannel(out, file_format), batch_size=batch_size)
    return CallSender(*shared, transport=open_transport(outbox), journals=out / ".journals")


def check_destination(destination: Destination | None, live: bool) -> None:
    """Stops (2) when the environment lacks something, or a host elsewhere would be called without --live."""
    if destination is None:
        return
    if missing := destination.missing():
        raise Stopped(MISCONFIGURED, f"{destination.name} needs the environment variables {', '.join(missing)}.")
    if not destination.is_local() and not live:
        raise Stopped(
            MISCONFIGURED, f"{destination.name} calls {destination.host()}: look at `plan`, then give --live."
        )


def send_test(outbox: Outbox, choice: Choice, recipient: str, size: int, out: Path) -> int:
    """Sends the first messages to do to one address instead; the ledger knows nothing of them. Stops (2)."""
    destination = outbox.destination
    if destination is None or not outbox.sync.is_message or "address" not in outbox.sync.fields:
        raise Stopped(MISCONFIGURED, "--test-recipient is for messages to an address at a destination.")
    transport = open_transport(outbox)
    rows = outbox.samples(choice, size)
    items = [Item(f"test/{run_key}", "send", {**row, "address": recipient, "message_key": f"test-{run_key}"})
             for run_key, row in enumerate(rows)]  # fmt: skip
    journal = Journal(out / ".journals", "test", outbox.mapping, items)
    try:
        outcomes = [outcome for item in items for outcome in transport.deliver([item], journal).values()]
    finally:
        journal.close(True)
        transport.close()
    if refused := next((one for one in outcomes if one.state != "sent"), None):
        reason = f"The test was not taken ({refused.error_class}, {refused.http_status})."
        raise Stopped(MISCONFIGURED, transport.refused or reason)
    return len(outcomes)


@cli.command()
@options(*SHARED, *CHOSEN, *SENDING)
@click.option("--test-recipient", help="Send a sample to this address instead of anybody; --limit says how many.")
def send(**everything: Any) -> None:
    """Deliver what is to do, and record every row in the ledger."""
    deliver(**everything)


@cli.command()
@options(*SHARED, *CHOSEN, *SENDING)
def retry(**everything: Any) -> None:
    """Like send, and also what was refused for good or ran out of attempts. Never what may have arrived."""
    deliver(**everything, retry=True)


@cli.command()
@options(*SHARED)
@click.option("--channel", required=True)
@click.option("--batch", "batch_id", required=True, help="batch_id of claimed or unknown rows (activation_event).")
@click.option("--as", "state", type=click.Choice(["sent", "failed"]), required=True, help="failed: may be sent again.")
def resolve(channel: str, batch_id: str, state: str, **common: Any) -> None:
    """Settle a batch whose rows may or may not have arrived: a person says what became of it."""
    with open_outbox(**common) as (outbox, reporter):
        ledger = outbox.ledger
        ledger.ensure()
        run = Run(channel, "resolve", outbox.mapping, git_sha(common["project_dir"]), None, outbox.scope)
        with ledger.leased(run):
            keys = ledger.unproved(run, batch_id)
            if not keys:
                raise Stopped(MISCONFIGURED, f"The channel {channel} has no unsettled batch {batch_id}.")
            with outbox.warehouse.transaction():
                ledger.hold(run)
                ledger.settle(run, batch_id, state, "settled_by_a_person", keys)
        reporter.say("resolved", batch=batch_id, messages=len(keys), state=state)


@cli.command()
@options(*SHARED)
def status(**common: Any) -> None:
    """Say what the ledger holds: rows by channel and state, what is unproved, the last runs, who holds a lease."""
    with open_outbox(**common) as (outbox, reporter):
        ledger = outbox.ledger
        if not ledger.is_there:
            reporter.say("status", ledger="none yet: nothing was ever sent")
            return
        reporter.table("states", ("channel", "destination", "op", "state", "error_class", "rows"), ledger.states())
        reporter.table("unproved", ("channel", "batch_id", "rows", "since"), ledger.all_unproved())
        reporter.table("runs", ("channel", "mode", "status", "started_at", "finished_at", "succeeded", "unknown"),
                       ledger.last_runs(10))  # fmt: skip
        reporter.table("leases", ("channel", "owner", "expires_at"), ledger.leases(utc_now()))


@cli.command()
@options(*SHARED)
def check(**common: Any) -> None:
    """Look whether a run could begin: marts, columns, the destination's file, variables, addresses."""
    with open_outbox(**common) as (outbox, reporter):
        outbox.check(None)
        destination = outbox.destination
        if destination is not None:
            check_destination(destination, live=True)
            without = outbox.without_address()
            reporter.say("check", destination=destination.name, host=destination.host(), status=destination.status,
                         guarantee=destination.guarantee, rows_without_address=without)  # fmt: skip
        reporter.say("check", exposure=outbox.sync.name, kind=outbox.sync.kind, result="ready")


@cli.command()
@options(*SHARED)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
def ingest(file: Path, **common: Any) -> None:
    """Take in what came back (JSON lines): bounces, unsubscribes, complaints, opens, clicks. `-` reads the input."""
    lines = read_lines(file)
    with open_outbox(**common) as (outbox, reporter):
        outbox.ledger.ensure()
        taken = take_in(outbox, lines)
        reporter.say("ingested", rows=taken.added, known_before=taken.known, refused=len(taken.refused))
        for number, reason in taken.refused[:20]:
            reporter.say("refused", line=number, reason=reason)
    if taken.refused:
        raise Stopped(MISCONFIGURED, f"{len(taken.refused)} lines were not taken in; the others were.")


if __name__ == "__main__":
    cli()
