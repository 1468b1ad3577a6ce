"""Delivery by files: once, whatever dies in between; nothing personal outside the files; one sentence per refusal."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result
from conftest import PROJECT, Shop, environment

SCRIPTS = PROJECT / "scripts"
sys.path.insert(0, str(SCRIPTS))

from activate import cli  # noqa: E402
from activation import Stopped  # noqa: E402
from activation.files import safe_cell  # noqa: E402
from activation.ledger import Ledger, Run  # noqa: E402
from activation.warehouse import connect  # noqa: E402

FIELDS = [
    "message_key", "customer_id", "campaign_id", "channel", "variant", "wave", "offer", "template", "address",
    "full_name", "language", "segment", "favourite_category", "recommended_product_ids", "send_after",
    "send_before",
]  # fmt: skip


@dataclass
class Desk:
    """A copy of the built demo in a folder, and the command on it."""

    folder: Path
    target: Path
    heard: list[str] = field(default_factory=list)  # all that the commands said, and every error

    @property
    def database(self) -> Path:
        return self.folder / "clm.duckdb"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def arguments(self, command: str, *extra: str, any_hour: bool = True) -> list[str]:
        own = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(self.target)]
        return [
            command,
            *own,
            *(["--out", str(self.out)] if command == "send" and "--out" not in extra else []),
            *(["--any-hour"] if command in ("plan", "send") and any_hour else []),
            *extra,
        ]

    def run(self, command: str, *extra: str, any_hour: bool = True) -> Result:
        """The demo's day is long past: its messages go out at any hour, or not at all."""
        with environment({"CLM_DUCKDB_PATH": str(self.database)}):
            result = CliRunner().invoke(cli, self.arguments(command, *extra, any_hour=any_hour))
        self.heard += [result.output, result.stderr, repr(result.exception)]
        return result

    def start(self, *extra: str, before: str = "") -> subprocess.Popen[str]:
        """`send` in its own process; `before` is Python that runs first and may break something."""
        code = f"import sys; sys.path.insert(0, {str(SCRIPTS)!r})\n{before}\nfrom activate import cli; cli()"
        with environment({"CLM_DUCKDB_PATH": str(self.database)}):
            return subprocess.Popen(
                [sys.executable, "-c", code, *self.arguments("send", *extra)],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip

    def end(self, process: subprocess.Popen[str]) -> tuple[str, str]:
        """Waits for the end of a process; what it said."""
        said = process.communicate()
        self.heard += said
        return said

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.database)) as connection:
            return connection.execute(statement).fetchall()

    def keys(self) -> list[str]:
        """The message key of every line of every file, in both formats."""
        found = [row["message_key"] for file in self.out.glob("*.csv") for row in read_csv(file)]
        for file in self.out.glob("*.jsonl"):
            found += [json.loads(line)["message_key"] for line in file.read_text(encoding="utf-8").splitlines()]
        return sorted(found)

    def outbox(self) -> list[str]:
        return [row[0] for row in self.sql("select message_key from campaign_outbox order by message_key")]

    def states(self) -> dict[str, int]:
        """Messages by the state of their latest event."""
        return dict(
            self.sql("""
                select state, count(*) from (select *, row_number() over (partition by message_key
                order by event_at desc, event_id desc) as place from main_ledger.activation_event)
                where place = 1 group by state""")
        )


def read_csv(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture
def desk(demo: Shop, tmp_path: Path) -> Iterator[Desk]:
    """Whatever a test does with it, nothing of anybody is told."""
    demo.rows("checkpoint")
    demo.copy_database(tmp_path / "clm.duckdb")
    desk = Desk(tmp_path, demo.folder / "target")
    addresses = {row[0] for row in desk.sql("select distinct address from campaign_outbox where address is not null")}
    yield desk
    tables = desk.sql("select table_name from information_schema.tables where table_schema = 'main_ledger'")
    told = "\n".join([*desk.heard, *(str(desk.sql(f"from main_ledger.{table}")) for (table,) in tables)])
    assert sorted(value for value in personal_values() | addresses if value in told) == []


def personal_values() -> set[str]:
    """Every e-mail, phone and full name of the demo's raw tables, and its parts that could identify."""
    values = set()
    for table in ("demo_customers", "demo_orders"):
        for row in read_csv(PROJECT / "seeds" / "demo" / f"{table}.csv"):
            values |= {(row.get(name) or "").strip() for name in ("email", "phone", "full_name")}
    return {form for value in values if len(value) > 1 for form in (value, value.lower(), value.replace(" ", ""))}


def test_plan_counts_every_decision_and_writes_nothing(desk: Desk) -> None:
    result = desk.run("plan", "--log-format", "json")
    assert result.exit_code == 0, result.output
    events = [json.loads(line) for line in result.stdout.splitlines()]
    planned = {(e["channel"], e["campaign_id"]): e["to_send"] for e in events if e["event"] == "messages"}
    assert planned == {
        (c, i): n for c, i, n in desk.sql("select channel, campaign_id, count(*) from campaign_outbox group by all")
    }
    held = {e["decision_reason"]: e["rows"] for e in events if e["event"] == "not_sent"}
    assert held == dict(
        desk.sql("select decision_reason, count(*) from segment_campaign where decision <> 'send' group by all")
    )
    assert [e["full_name"] for e in events if e["event"] == "sample"] == ["***", None, None]
    assert len(events[-1].pop("digest")) == 16
    assert events[-1] == {"event": "plan", "to_send": len(desk.outbox()), "acknowledged": 0}
    assert not desk.out.exists()
    assert desk.sql("select 1 from information_schema.schemata where schema_name = 'main_ledger'") == []
    text = desk.run("plan", "--sample", "50")
    assert "engaged_visitor" in text.stdout


def test_second_run_sends_nothing_and_the_ledger_reconciles(desk: Desk) -> None:
    first = desk.run("send")
    assert first.exit_code == 0, first.output
    assert desk.keys() == desk.outbox()
    assert desk.states() == {"sent": len(desk.outbox())}
    files = sorted(file.name for file in desk.out.iterdir())
    second = desk.run("send", "--log-format", "json")
    assert json.loads(second.stdout.splitlines()[-1]) == {"event": "sent", "messages": 0}
    assert sorted(file.name for file in desk.out.iterdir()) == files
    assert (
        desk.sql("""
        select o.channel, o.campaign_id, count(*) from campaign_outbox as o
        left join main_ledger.activation_event as e on o.message_key = e.message_key and e.state = 'sent'
            and o.channel = e.channel and o.campaign_id = e.campaign_id and o.person_key = e.person_key
        where e.message_key is null group by all""")
        == []
    )
    runs = desk.sql("""
        select sum(num_planned_add), sum(num_succeeded_add), count(distinct run_id), count(dbt_invocation_id), count(*)
        from main_ledger.activation_run where status = 'succeeded'""")
    channels = desk.sql("select count(distinct channel) from campaign_outbox")[0][0]
    assert runs == [(len(desk.outbox()), len(desk.outbox()), 2 * channels, 2 * channels, 2 * channels)]
    planned = json.loads(desk.run("plan", "--log-format", "json").stdout.splitlines()[-1])
    del planned["digest"]
    assert planned == {"event": "plan", "to_send": 0, "acknowledged": len(desk.outbox())}


def test_only_opted_in_fields_leave_and_cells_are_no_formulas(desk: Desk) -> None:
    desk.sql("alter table campaign_outbox add column secret varchar default 'never to be seen'")
    desk.sql("""
        update campaign_outbox set full_name = '=HYPERLINK("http://evil","x")', offer = '@SUM(1)',
            template = '-1+1', segment = '+1+cmd|'' /C calc''!A0', variant = chr(9) || '=1'
        where channel = 'sms'""")
    assert desk.run("send", "--channel", "sms").exit_code == 0
    (file,) = desk.out.glob("*.csv")
    rows = read_csv(file)
    assert list(rows[0]) == FIELDS
    assert {(r["full_name"], r["offer"], r["template"], r["segment"], r["variant"]) for r in rows} == {
        ('\'=HYPERLINK("http://evil","x")', "'@SUM(1)", "'-1+1", "'+1+cmd|' /C calc'!A0", "'\t=1")
    }
    assert all(row["address"].startswith("+") and row["address"][1:].isdigit() for row in rows)
    assert rows[0]["send_after"].endswith("Z")
    assert "never to be seen" not in file.read_text(encoding="utf-8")
    assert [safe_cell(v) for v in ("+4915166000436", "+49 151", "\r=1", "＝1", -1, "", None, "a=1")] == [
        "+4915166000436", "'+49 151", "'\r=1", "'＝1", -1, "", None, "a=1",
    ]  # fmt: skip


def test_channel_campaign_limit_and_json_lines_narrow_the_run(desk: Desk) -> None:
    assert desk.run("send", "--channel", "email", "--campaign", "winback_2", "--limit", "7", "--batch-size", "5",
                    "--format", "jsonl").exit_code == 0  # fmt: skip
    rows = [json.loads(line) for file in desk.out.glob("*.jsonl") for line in file.open(encoding="utf-8")]
    assert sorted(len(file.read_text().splitlines()) for file in desk.out.glob("*.jsonl")) == [2, 5]
    assert {(row["channel"], row["campaign_id"], row["wave"]) for row in rows} == {("email", "winback_2", 2)}
    assert list(rows[0]) == FIELDS
    names = dict(desk.sql("select message_key, full_name from campaign_outbox"))
    assert all(row["full_name"] == names[row["message_key"]] for row in rows)
    assert desk.run("send").exit_code == 0
    assert desk.keys() == desk.outbox()


HELD = {"event": "held", "reason": "their send_before has passed; the `dbt build` of a newer day decides on them again"}
WAITING = {"event": "waiting", "reason": "it is not yet their send_after; run again within their hours"}


def test_messages_keep_to_their_hours(desk: Desk) -> None:
    """By the wall clock: sms wait, one campaign of e-mail is too late, the others are due."""

    def hours(first: int, last: int, where: str) -> list[str]:
        """Moves the hours of messages, seen from now, and tells which messages these are."""
        now = datetime.now(UTC).replace(tzinfo=None)
        window = [f"timestamp '{now + timedelta(hours=hour)}'" for hour in (first, last)]
        desk.sql(f"update campaign_outbox set send_after = {window[0]}, send_before = {window[1]} where {where}")
        return [row[0] for row in desk.sql(f"select message_key from campaign_outbox where {where} order by 1")]

    def said(command: str, any_hour: bool = False) -> list[dict[str, Any]]:
        chosen = ("--channel", "sms", "--channel", "email", "--log-format", "json")
        result = desk.run(command, *chosen, any_hour=any_hour)
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]

    due = hours(-1, 1, "channel = 'email' and campaign_id <> 'winback_1'")
    late = hours(-2, -1, "channel = 'email' and campaign_id = 'winback_1'")
    early = hours(1, 2, "channel = 'sms'")
    assert due and late and early
    untimely = [{**WAITING, "messages": len(early)}, {**HELD, "messages": len(late)}]
    planned = said("plan")
    assert [one for one in planned if one["event"] in ("waiting", "held")] == untimely
    del planned[-1]["digest"]
    assert planned[-1] == {"event": "plan", "to_send": len(due), "acknowledged": 0}
    sent = said("send")
    assert sent[:2] == untimely and sent[-1] == {"event": "sent", "messages": len(due)}
    assert desk.keys() == due and desk.states() == {"sent": len(due), "expired": len(late)}
    hours(0, 1, "channel = 'sms'")
    assert said("send")[-1] == {"event": "sent", "messages": len(early)}
    again = said("send")
    assert again[0] == {**HELD, "messages": len(late)} and again[-1] == {"event": "sent", "messages": 0}
    assert said("send", any_hour=True)[-1] == {"event": "sent", "messages": len(late)}
    assert desk.keys() == sorted(due + late + early)


KILL = "import os\nfrom activation.{module} import {owner}\n{owner}.{method} = lambda *a, **k: os.kill(os.getpid(), 9)"


@pytest.mark.parametrize(
    ("module", "owner", "method", "released"),
    [("ledger", "Ledger", "claim", 0), ("files", "FileChannel", "publish", 100), ("ledger", "Ledger", "settle", 0)],
    ids=["before_the_claim", "between_claim_and_rename", "between_rename_and_sent"],
)
def test_killed_run_loses_nothing_and_sends_nothing_twice(
    desk: Desk, module: str, owner: str, method: str, released: int
) -> None:
    email = ["--channel", "email", "--batch-size", "100"]
    wanted = [row[0] for row in desk.sql("select message_key from campaign_outbox where channel = 'email' order by 1")]
    killed = desk.start(*email, "--lease-seconds", "1", before=KILL.format(module=module, owner=owner, method=method))
    desk.end(killed)
    assert killed.returncode == -signal.SIGKILL
    assert len(desk.keys()) == (100 if method == "settle" else 0)
    after = desk.run("send", *email)
    while after.exit_code == 4:
        after = desk.run("send", *email)
    assert after.exit_code == 0, after.output
    assert desk.keys() == wanted
    assert desk.states() == {"sent": len(wanted)}
    assert desk.sql("select count(*) from main_ledger.activation_event where state = 'failed'") == [(released,)]
    assert list((desk.out / ".drafts").iterdir()) == []
    again = desk.run("send", *email, "--log-format", "json")
    assert json.loads(again.stdout.splitlines()[-1])["messages"] == 0


def test_two_runs_at_once_send_nothing_twice(desk: Desk) -> None:
    both = [desk.start("--batch-size", "100", "--wait", "60") for _ in range(2)]
    said = [desk.end(process) for process in both]
    codes = sorted(process.returncode for process in both)
    assert codes in ([0, 0], [0, 4]), said
    assert desk.keys() == desk.outbox()
    assert desk.sql(
        "select count(*), count(distinct message_key) from main_ledger.activation_event where state = 'claimed'"
    ) == [(len(desk.outbox()), len(desk.outbox()))]


def test_run_that_lost_its_lease_stops_before_it_sends(desk: Desk) -> None:
    with environment({"CLM_DUCKDB_PATH": str(desk.database)}), connect(PROJECT, PROJECT, None, 1) as warehouse:
        ledger = Ledger(warehouse, lease_seconds=-1)
        ledger.ensure()
        first, second = (Run("email", "file", "1", None, None) for _ in range(2))
        ledger.acquire(first)
        ledger.lease_seconds = 300
        ledger.acquire(second)
        with pytest.raises(Stopped, match="took over the channel email"), warehouse.transaction():
            ledger.hold(first)
        with warehouse.transaction():
            ledger.hold(second)
        ledger.release(first)  # releases nothing: it is the other's
        busy = desk.run("send", "--channel", "email", "--channel", "sms")
        assert (busy.exit_code, busy.stderr.count("\n")) == (4, 1)
        assert "Another run has the channel email" in busy.stderr
    assert not desk.out.exists()


def test_claimed_messages_without_a_trace_need_a_person(desk: Desk) -> None:
    kill = KILL.format(module="files", owner="FileChannel", method="publish")
    desk.end(desk.start("--channel", "sms", "--lease-seconds", "1", before=kill))
    (batch,) = desk.sql("select distinct batch_id from main_ledger.activation_event")[0]
    other = desk.folder / "other"
    result = desk.run("send", "--channel", "sms", "--out", str(other))
    while result.exit_code == 4:
        result = desk.run("send", "--channel", "sms", "--out", str(other))
    assert (result.exit_code, list(other.glob("*.csv"))) == (6, [])
    assert (
        result.stderr.startswith("Error: 12 claimed messages have neither file nor draft")
        and result.stderr.count("\n") == 1
    )
    settle = ["resolve", "--channel", "sms", "--batch"]
    assert desk.run(*settle, "nonsense", "--as", "failed").exit_code == 2
    assert desk.run(*settle, batch, "--as", "failed").exit_code == 0
    assert desk.run(*settle, batch, "--as", "sent").exit_code == 2
    assert desk.run("send", "--channel", "sms", "--out", str(other)).exit_code == 0
    assert len(read_csv(next(other.glob("*.csv")))) == 12
    assert desk.sql("select max(attempt), count(*) from main_ledger.activation_event where state = 'sent'") == [(2, 12)]


def test_signal_ends_the_run_after_the_batch_at_hand(desk: Desk) -> None:
    process = desk.start("--channel", "email", "--channel", "sms", "--batch-size", "20")
    assert process.stdout is not None
    assert any(line.startswith("batch") for line in process.stdout)
    process.send_signal(signal.SIGTERM)
    desk.end(process)
    assert process.returncode == 143
    assert 0 < len(desk.keys()) < len(desk.outbox())
    assert desk.states() == {"sent": len(desk.keys())}
    assert ("drained",) in desk.sql("select status from main_ledger.activation_run")
    assert desk.run("send").exit_code == 0
    assert desk.keys() == desk.outbox()


@pytest.mark.parametrize(
    ("change", "arguments", "code", "sentence"),
    [
        ("drop table segment_campaign", [], 2, "run `dbt build` first"),
        ("alter table campaign_outbox drop column address", [], 2, "run `dbt build` first"),
        ("select 1", ["--exposure", "nothing"], 2, "has no exposure nothing"),
        ("select 1", ["--target-path", str(PROJECT / "docs")], 2, "run `dbt build`"),
        ("select 1", ["--target", "nowhere"], 2, "nowhere"),
        ("select 1", ["--target", "postgres"], 2, "The manifest is of duckdb, not postgres"),
        ("delete from segment_campaign", [], 5, "has no rows"),
        ("select 1", ["--max-source-age", "30"], 5, "(at most 30)"),
        ("delete from campaign_outbox", [], 0, ""),
        ("select 1", ["--channel", "telegraph"], 0, ""),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_refusal_is_one_sentence_and_an_exit_code(
    desk: Desk, change: str, arguments: list[str], code: int, sentence: str
) -> None:
    desk.sql(change)
    for command in ("plan", "send"):
        result = desk.run(command, *arguments)
        assert result.exit_code == code, result.output
        assert sentence in result.stderr and result.stderr.count("\n") == (1 if code else 0)
    assert not desk.out.exists() or code == 0
    assert desk.keys() == []


def test_unwritable_folder_claims_nothing(desk: Desk) -> None:
    desk.out.mkdir()
    (desk.out / ".drafts").write_text("in the way")
    result = desk.run("send")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert desk.sql("select count(*) from main_ledger.activation_event") == [(0,)]


def test_locked_database_is_another_runner(desk: Desk) -> None:
    code = (
        f"import duckdb, sys; c = duckdb.connect({str(desk.database)!r}); print('open', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None and holder.stdout.readline() == "open\n"
    result = desk.run("plan", "--wait", "0.2")
    holder.communicate("")
    assert (result.exit_code, result.stderr) == (
        4,
        "Error: Another process has the DuckDB file open; run again when it is done.\n",
    )
    assert desk.run("plan").exit_code == 0


def test_sent_messages_are_known_to_the_next_build(desk: Desk, demo: Shop, shop: Shop) -> None:
    """The ledger's clock is the wall's, so the next as-of day is after today."""
    desk.run("send")
    sent = desk.outbox()
    shutil.copy(desk.database, shop.database)
    shop.build(
        as_of=str((datetime.now(UTC) + timedelta(days=1)).date()), select=("+campaign_outbox", "activation_state")
    )
    # an entry is one message, whatever the channel: the other channels of a sent entry are closed as well
    entered = shop.rows("""
        select customer_id, campaign_id from segment_campaign where decision_reason = 'already_entered' except
        select customer_id, campaign_id from main_intermediate.int_campaign_sends where send_source = 'messages'""")
    assert entered and set(entered) <= set(desk.sql("select customer_id, campaign_id from campaign_outbox"))
    assert shop.rows("""
        select count(*) from segment_campaign where decision = 'send'
        and message_key in (select message_key from main_ledger.activation_event)""") == [(0,)]
    later = Desk(shop.folder, shop.folder / "target")
    shutil.rmtree(later.out, ignore_errors=True)
    assert later.run("send").exit_code == 0
    assert later.keys() == later.outbox() and not set(later.keys()) & set(sent)
    # the view tells of both runs, also of the one after the build
    states = shop.rows("select message_key, state, destination from activation_state order by message_key")
    assert states == [(key, "sent", "files") for key in sorted({*sent, *later.keys()})]
    known = "select count(*) from activation_state as s inner join segment_campaign using (message_key, customer_id)"
    assert shop.rows(f"{known} where s.state = 'sent'")[0][0] >= len(later.keys())
    assert (
        shop.rows("""
        select e.campaign_id, count(*) from main_ledger.activation_event as e
        inner join main_seeds.campaigns as c on e.campaign_id = c.campaign_id
        where c.entry_rule = 'once' and e.state = 'sent'
        group by e.campaign_id, e.person_key having count(*) > 1""")
        == []
    )
