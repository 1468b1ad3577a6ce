"""Delivers what the marts decided, once: `plan` says what would go out, `send` writes it to files.

Exit codes: 0 done; 1 crash; 2 configuration; 4 another runner; 5 guard; 6 a person is needed; 130/143 stopped
by a signal after the batch at hand. See docs/activation.md.
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
from activation import MISCONFIGURED, Stopped
from activation.delivery import Choice, Outbox, Sender, masked
from activation.files import FORMATS, FileChannel
from activation.ledger import Ledger, Run
from activation.sync import read_sync
from activation.warehouse import connect
from dbt.cli.resolvers import default_profiles_dir, default_project_dir
from rich.console import Console
from rich.table import Table

FOLDER = click.Path(path_type=Path, file_okay=False, resolve_path=True)
SHARED = (
    click.option("--project-dir", type=FOLDER, envvar="DBT_PROJECT_DIR", default=default_project_dir, help="As dbt's."),
    click.option("--profiles-dir", type=FOLDER, envvar="DBT_PROFILES_DIR", default=default_profiles_dir),
    click.option("--target", help="Target of dbt's profile."),
    click.option("--target-path", type=FOLDER, envvar="DBT_TARGET_PATH", help="Folder of dbt's manifest.json."),
    click.option("--exposure", default="campaign_messages", show_default=True, help="What to send."),
    click.option("--lease-seconds", type=click.IntRange(min=1), default=300, show_default=True,
                 help="How long a channel stays taken by a run that died."),
    click.option("--wait", type=float, default=30, show_default=True, help="Seconds to wait for a locked DuckDB file."),
    click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True),
)  # fmt: skip
CHOSEN = (
    click.option("--channel", "channels", multiple=True, help="Only this channel; may be given again."),
    click.option("--campaign", "campaigns", multiple=True, help="Only this campaign; may be given again."),
    click.option("--max-source-age", type=click.IntRange(min=0), help="Refuse marts older than this many days."),
    click.option("--any-hour", is_flag=True, help="Whoever delivers the files keeps to send_after and send_before."),
)
UNTIMELY = (
    ("waiting", "it is not yet their send_after; run again within their hours"),
    ("held", "their send_before has passed; the `dbt build` of a newer day decides on them again"),
)
OUT = click.option("--out", type=FOLDER, default="out/activation", show_default=True, help="Folder of the files.")


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

    def say(self, event: str, **fields: Any) -> None:
        if self.is_json:
            click.echo(json.dumps({"event": event, **fields}, ensure_ascii=False))
        else:
            click.echo(f"{event}: " + ", ".join(f"{name} {value}" for name, value in fields.items()))

    def table(self, event: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
        if self.is_json:
            for row in rows:
                self.say(event, **dict(zip(columns, row, strict=True)))
        elif rows:
            table = Table(*columns, title=event, title_justify="left")
            for row in rows:
                table.add_row(*("" if value is None else str(value) for value in row))
            Console(file=sys.stdout, width=None if sys.stdout.isatty() else 240).print(table)

    def untimely(self, counts: list[tuple[Any, ...]]) -> None:
        """Says how many messages are outside of their hours: the last two columns of the counts."""
        for (event, reason), column in zip(UNTIMELY, (-2, -1), strict=True):
            if messages := sum(row[column] for row in counts):
                self.say(event, messages=messages, reason=reason)


@contextlib.contextmanager
def signals() -> Iterator[list[int]]:
    """The SIGINT or SIGTERM received so far: the batch at hand is finished before the command ends."""
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
    lease_seconds: int, wait: float, log_format: str,
) -> Iterator[tuple[Outbox, Reporter]]:  # fmt: skip
    """The outbox of the exposure over dbt's connection. Stops (2) when the manifest does not fit the profile."""
    with contextlib.chdir(project_dir), connect(project_dir, profiles_dir, target, wait) as warehouse:
        sync = read_sync((target_path or Path(warehouse.config.project_target_path)) / "manifest.json", exposure)
        adapter = warehouse.adapter.type()
        if sync.kind != "file":
            raise Stopped(MISCONFIGURED, f"The exposure {exposure} is of the kind {sync.kind}, not `file`.")
        if sync.adapter_type != adapter:
            raise Stopped(MISCONFIGURED, f"The manifest is of {sync.adapter_type}, not {adapter}: run `dbt build`.")
        yield Outbox(warehouse, Ledger(warehouse, lease_seconds), sync), Reporter(log_format)


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
@click.option("--sample", type=click.IntRange(min=0), default=3, show_default=True, help="Masked messages to show.")
def plan(
    channels: tuple[str, ...], campaigns: tuple[str, ...], max_source_age: int | None, any_hour: bool, sample: int,
    **common: Any,
) -> None:  # fmt: skip
    """Say what would go out and what would not, and why. Sends nothing and writes nothing."""
    choice = Choice(channels, campaigns, any_hour)
    with open_outbox(**common) as (outbox, reporter):
        outbox.check(max_source_age)
        counts = outbox.counts(choice)
        reporter.table("messages", ("channel", "campaign_id", "to_send", "acknowledged", *dict(UNTIMELY)), counts)
        reporter.table("not_sent", ("decision", "decision_reason", "rows"), outbox.held(choice))
        for payload in outbox.samples(choice, sample):
            reporter.say("sample", **masked(outbox.sync, payload))
        reporter.untimely(counts)
        reporter.say("plan", to_send=sum(row[2] for row in counts), acknowledged=sum(row[3] for row in counts))


@cli.command()
@options(*SHARED, *CHOSEN, OUT)
@click.option("--limit", type=click.IntRange(min=1), help="At most this many messages in all.")
@click.option("--format", "file_format", type=click.Choice(FORMATS), default="csv", show_default=True)
@click.option(
    "--batch-size", type=click.IntRange(1, 50_000), default=10_000, show_default=True, help="Messages per file."
)
def send(
    channels: tuple[str, ...], campaigns: tuple[str, ...], max_source_age: int | None, any_hour: bool, out: Path,
    limit: int | None, file_format: str, batch_size: int, **common: Any,
) -> None:  # fmt: skip
    """Write what is to do into files, and record every message in the ledger."""
    with signals() as received, open_outbox(**common) as (outbox, reporter):
        outbox.check(max_source_age)
        outbox.ledger.ensure()
        choice = Choice(channels, campaigns, any_hour)
        sender = Sender(outbox, FileChannel(out, file_format), choice, limit, batch_size,
                        git_sha(common["project_dir"]), reporter.say, lambda: bool(received))  # fmt: skip
        reporter.untimely(outbox.counts(choice))
        reporter.say("sent", messages=sender.send())
    if received:
        sys.exit(128 + received[0])


@cli.command()
@options(*SHARED)
@click.option("--channel", required=True)
@click.option("--batch", "batch_id", required=True, help="batch_id of claimed messages (column of activation_event).")
@click.option("--as", "state", type=click.Choice(["sent", "failed"]), required=True, help="failed: may be sent again.")
def resolve(channel: str, batch_id: str, state: str, **common: Any) -> None:
    """Settle a batch that a run left claimed and no file can prove: a person says what became of it."""
    with open_outbox(**common) as (outbox, reporter):
        ledger = outbox.ledger
        ledger.ensure()
        run = Run(channel, "resolve", outbox.sync.mapping_version, git_sha(common["project_dir"]), None)
        with ledger.leased(run):
            _, count = ledger.open_batches(channel).get(batch_id, ("", 0))
            if count == 0:
                raise Stopped(MISCONFIGURED, f"The channel {channel} has no unsettled batch {batch_id}.")
            with outbox.warehouse.transaction():
                ledger.hold(run)
                ledger.settle(run, batch_id, state, "settled_by_a_person")
        reporter.say("resolved", batch=batch_id, messages=count, state=state)


if __name__ == "__main__":
    cli()
