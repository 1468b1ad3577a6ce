"""A small shop whose marts are written by hand, and the command on it, in this process or in one that may be killed."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import duckdb
from click.testing import CliRunner, Result
from conftest import PROJECT, environment

sys.path.insert(0, str(PROJECT / "scripts"))

from activate import cli

NAMES = ["Ann O'Neil", "李小龙", 'Zoë "Z" Müller', "=cmd|'/C calc'!A0", "🎉 Party", "Бо́рис", "x" * 300, "",
         "Line\u2028break\x85here"]  # fmt: skip
START = """
create schema if not exists main;
create or replace table segment_campaign as select * from (values
    ('send', 'eligible', 'email', 'c1', current_date))
    as v (decision, decision_reason, channel, campaign_id, as_of_date);
create or replace table activation_blocks (message_key varchar, block_reason varchar);
create or replace table activation_erasures (
    erase_key varchar, channel varchar, person_key varchar, customer_id varchar, payload_hash varchar);
"""


@dataclass
class Outpost:
    """A DuckDB file with the marts that the exposures read, and their manifest."""

    folder: Path
    manifest: Path
    variables: dict[str, str] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)  # all that the commands said, and every error
    addresses: set[str] = field(default_factory=set)

    @property
    def database(self) -> Path:
        return self.folder / "clm.duckdb"

    def sql(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.database)) as connection:
            return connection.execute(statement, values).fetchall()

    def messages(self, count: int, channel: str = "email", start: int = 0) -> list[str]:
        """Writes so many messages of a channel; returns their keys."""
        self.sql(START)
        address = "'p' || i || '@example.org'" if channel == "email" else "'+4930' || (1000000 + i)"
        with duckdb.connect(str(self.database)) as connection:
            connection.execute(f"""
                create or replace table campaign_outbox as
                select sha256('m' || i) as message_key, sha256('p' || i) as person_key, 'c' || i as customer_id,
                    'c1' as campaign_id, '{channel}' as channel, 'a' as variant, 1 as wave, 'voucher' as offer,
                    'winback_1' as template, {address} as address, names.name as full_name,
                    case when i % 3 = 0 then 'zh' when i % 3 = 1 then 'en-GB' end as language, 'loyal' as segment,
                    case when i % 2 = 0 then 'Tea & <b>Coffee</b>' end as favourite_category,
                    cast(null as varchar) as recommended_product_ids, timestamp '2026-01-01' as send_after,
                    timestamp '2099-01-01' as send_before, cast(0.01 as decimal(18, 4)) as cost_amount,
                    date '{datetime.now(UTC).date()}' as as_of_date, sha256('payload' || i) as payload_hash
                from range({start}, {start + count}) as r (i)
                inner join (select unnest(?) as name, unnest(range(?)) as place) as names on names.place = i % ?""",
                [NAMES, len(NAMES), len(NAMES)])  # fmt: skip
            connection.execute("""create or replace table customer_profiles as
                select person_key, customer_id, address as email, null::varchar as phone from campaign_outbox""")
        self.addresses |= {row[0] for row in self.sql("select address from campaign_outbox")}
        return [row[0] for row in self.sql("select message_key from campaign_outbox order by 1")]

    def arguments(self, command: str, *extra: str) -> list[str]:
        place = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(self.manifest)]
        out = ["--out", str(self.folder / "out")] if command in ("send", "retry") else []
        return [command, *place, "--log-format", "json", *out, *extra]

    def run(self, command: str, *extra: str, variables: Mapping[str, str] | None = None) -> Result:
        own = {"CLM_DUCKDB_PATH": str(self.database), **self.variables, **(variables or {})}
        with environment(own):
            result = CliRunner().invoke(cli, self.arguments(command, *extra))
        self.heard += [result.output, result.stderr, repr(result.exception)]
        return result

    def start(self, *extra: str) -> BaseProcess:
        """`send` in a process of its own, forked from one that has everything loaded."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["senders_preload"])
        variables = {**os.environ, "CLM_DUCKDB_PATH": str(self.database), **self.variables}
        log = self.folder / "log.txt"
        process = context.Process(target=run_command, args=(self.arguments("send", *extra), variables, str(log)))
        process.start()
        return process

    def states(self) -> dict[str, int]:
        """Rows by the state of their last event."""
        return dict(
            self.sql("""
                select state, count(*) from (select *, row_number() over (partition by message_key
                order by event_at desc, event_id desc) as place from main_ledger.activation_event)
                where place = 1 group by state""")
        )

    def keys(self, state: str) -> set[str]:
        """Keys whose last event is of a state."""
        return {
            row[0]
            for row in self.sql(
                """select message_key from (select *, row_number() over (partition by message_key
                order by event_at desc, event_id desc) as place from main_ledger.activation_event)
                where place = 1 and state = ?""",
                [state],
            )
        }

    def twice(self) -> list[tuple[Any, ...]]:
        """Messages that the ledger holds as sent, or as dead, more than once."""
        return self.sql("""
            select message_key, state from main_ledger.activation_event where state in ('sent', 'dead')
            group by all having count(*) > 1""")

    def told(self) -> str:
        """Whatever the commands said, in this process and in others, every error, and all of the ledger."""
        log = self.folder / "log.txt"
        texts = [*self.heard, log.read_text(encoding="utf-8") if log.exists() else ""]
        tables = self.sql("select table_name from information_schema.tables where table_schema = 'main_ledger'")
        return "\n".join([*texts, *(str(self.sql(f"from main_ledger.{table}")) for (table,) in tables)])

    def leaks(self) -> list[str]:
        """Addresses, names, personal texts and secrets in it."""
        secrets = {value for name, value in self.variables.items() if name.endswith(("SECRET", "PASSWORD"))}
        personal = self.addresses | secrets | {name for name in NAMES if len(name) > 2} | {"Tea & <b>Coffee</b>"}
        told = self.told()
        return sorted(one for one in personal if one in told)


@contextmanager
def no_leaks(outpost: Outpost) -> Iterator[Outpost]:
    """An outpost whose commands, whatever a test did with them, told nothing of anybody."""
    yield outpost
    if outpost.database.exists():
        assert outpost.leaks() == []


def run_command(arguments: list[str], variables: dict[str, str], log: str) -> None:
    """The command as a process of its own would run it; what it says goes to the end of a file."""
    os.environ.clear()
    os.environ.update(variables)
    with Path(log).open("a", encoding="utf-8") as file, redirect_stdout(file), redirect_stderr(file):
        try:
            cli(arguments)
        except SystemExit as ended:
            file.flush()
            os._exit(int(ended.code or 0))


def events(result: Result) -> list[dict[str, Any]]:
    """What a command said, line by line."""
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def said(result: Result, event: str) -> dict[str, Any]:
    """The last line of an event."""
    return next(one for one in reversed(events(result)) if one["event"] == event)
