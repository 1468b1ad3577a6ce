"""Delivery to vendors over HTTP: once, whatever the vendor does, whoever kills the run, and only to whom it may go."""

from __future__ import annotations

import errno
import hashlib
import hmac
import json
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
import yaml
from activation import BUSY, Stopped
from activation.destination import Item
from activation.journal import Journal, journals_left
from activation.ledger import Ledger, Run
from conftest import PROJECT, environment
from dbt.cli.main import dbtRunner
from receivers import HOSTILE, HttpReceiver, share_of
from senders import Outpost, events, no_leaks, said

SECRET = "very-secret-word-17"
WEBHOOK = ("--exposure", "campaign_webhook")
ROWS = int(os.environ.get("CLM_HOSTILE_ROWS", "200"))  # of the runs that are killed; 20000 take minutes each


@pytest.fixture
def outpost(manifest: Path, tmp_path: Path) -> Iterator[Outpost]:
    with no_leaks(Outpost(tmp_path, manifest, {"CLM_WEBHOOK_SECRET": SECRET})) as one:
        yield one


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    with HttpReceiver() as one:
        yield one


@pytest.fixture(params=[500_000, 3], ids=["at once", "in parts"])
def many(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many rows one statement takes."""
    monkeypatch.setattr("activation.warehouse.MANY", request.param)


def destination(outpost: Outpost, receiver: HttpReceiver, **changes: Any) -> tuple[str, ...]:
    """A destination after the shipped webhook, with changes; and the receiver's address in the environment."""
    meta = yaml.safe_load((PROJECT / "scripts/activation/destinations/webhook.yml").read_text(encoding="utf-8"))
    meta |= {"timeout_seconds": 20, "max_tries": 4, "batch_size": 20, **changes}
    if meta["guarantee"] == "strict":
        meta.pop("idempotency_header", None)
    file = outpost.folder / "webhook.yml"
    file.write_text(yaml.safe_dump({k: v for k, v in meta.items() if v is not None}), encoding="utf-8")
    outpost.variables["CLM_WEBHOOK_URL"] = receiver.url
    return ("--destination", str(file))


def test_each_message_is_sent_once_signed_and_known_to_the_ledger(outpost: Outpost, receiver: HttpReceiver) -> None:
    keys = outpost.messages(250, "webhook")
    outpost.variables["CLM_WEBHOOK_URL"] = receiver.url
    planned = said(outpost.run("plan", *WEBHOOK), "plan")
    assert (planned["to_send"], planned["calls"], planned["cost_amount"]) == (250, 3, "2.5000")
    first = outpost.run("send", *WEBHOOK, "--plan", planned["digest"])
    assert first.exit_code == 0, first.output
    assert receiver.processed == dict.fromkeys(keys, 1)
    assert outpost.keys("sent") == set(keys)
    for request in receiver.requests:
        content = request["headers"]["X-CLM-Timestamp"].encode() + b"." + request["body"]
        sign = hmac.new(SECRET.encode(), content, hashlib.sha256).hexdigest()
        assert request["headers"]["X-CLM-Signature"] == sign
    sent = {row["key"]: row["data"] for row in receiver.rows}
    names = dict(outpost.sql("select message_key, full_name from campaign_outbox"))
    assert {key: row["full_name"] for key, row in sent.items()} == names
    assert "person_key" not in next(iter(sent.values()))
    count = len(receiver.requests)
    second = outpost.run("send", *WEBHOOK)
    assert (second.exit_code, said(second, "sent")["messages"], len(receiver.requests)) == (0, 0, count)
    stale = outpost.run("send", *WEBHOOK, "--plan", planned["digest"])
    assert (stale.exit_code, "no longer the one" in stale.stderr) == (5, True)


SCENARIOS: dict[str, tuple[dict[str, Any], bool]] = {
    "strict_by_one": ({"guarantee": "strict", "batch_size": 1, "concurrency": 4}, False),
    "strict_batches": ({"guarantee": "strict"}, False),
    "strict_whole": ({"guarantee": "strict"}, True),
    "idempotent": ({"guarantee": "idempotent"}, False),
    "idempotent_whole": ({"guarantee": "idempotent"}, True),
    "upsert": ({"guarantee": "upsert"}, False),
}


@pytest.mark.parametrize("seed", range(18))
def test_hostile_vendor_and_killed_runs(outpost: Outpost, seed: int) -> None:
    """kill -9 at random points, restarts until it is done: what the receiver counts is what the ledger says."""
    name = list(SCENARIOS)[seed % len(SCENARIOS)]
    changes, whole = SCENARIOS[name]
    draw = random.Random(seed)
    keys = set(outpost.messages(ROWS, "webhook"))
    bad = {key for key in keys if share_of(key, 0.01)}
    blocked = set(sorted(keys - bad)[: ROWS // 100])
    for key in blocked:
        outpost.sql("insert into activation_blocks values (?, 'control')", [key])
    with HttpReceiver(seed, HOSTILE, is_bad=bad.__contains__, whole=whole, hang_seconds=1.0) as receiver:
        chosen = (*WEBHOOK, *destination(outpost, receiver, timeout_seconds=0.5, **changes), "--lease-seconds", "1")
        for _ in range(draw.randint(1, 3)):
            process = outpost.start(*chosen)
            process.join(draw.uniform(0.5, 2.5 + ROWS / 2000))
            process.kill()
            process.join()
        code = 4
        while code == 4 or (code in (0, 3, 6) and outpost.states().get("failed", 0)):
            process = outpost.start(*chosen)
            process.join(60 + ROWS / 20)
            code = process.exitcode if process.exitcode is not None else -1
            assert code in (0, 3, 4, 6)
    states = outpost.states()
    assert sum(states.values()) == len(keys) and set(states) <= {"sent", "unknown", "dead", "suppressed"}
    assert outpost.keys("suppressed") == blocked and not blocked & set(receiver.processed)
    if changes["guarantee"] != "upsert":
        assert max(receiver.processed.values()) == 1
    else:
        assert "unknown" not in states
    assert outpost.keys("sent") <= set(receiver.processed)
    # a bad row whose refusal was lost is unknown like any other
    assert outpost.keys("dead") <= bad <= outpost.keys("dead") | outpost.keys("unknown")
    assert set(receiver.processed) - outpost.keys("sent") <= outpost.keys("unknown")
    assert not set(receiver.processed) & bad
    assert outpost.twice() == []
    assert list((outpost.folder / "out" / ".journals").glob("*")) == []


def test_two_runs_at_once_and_a_build_meanwhile(outpost: Outpost, receiver: HttpReceiver) -> None:
    """One run works, the other ends with 4; a `dbt seed` into the same file gets its turn.

    On a machine so busy that a lease runs out, both may end with 4: then rows are left, and no run says 0.
    """
    keys = outpost.messages(120, "webhook")
    chosen = destination(outpost, receiver, guarantee="strict", batch_size=1, rate_per_second=15)
    both = [outpost.start(*WEBHOOK, *chosen, "--wait", "60", "--lease-seconds", "8") for _ in range(2)]
    place = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(outpost.folder / "t")]
    with environment({"CLM_DUCKDB_PATH": str(outpost.database)}):
        seeded = dbtRunner().invoke(
            ["--quiet", "seed", "-s", "channels", *place, "--log-path", str(outpost.folder / "l")]
        )
    assert seeded.success, seeded.exception
    for process in both:
        process.join(90)
    codes = sorted(process.exitcode or 0 for process in both)
    assert codes in ([0, 4], [4, 4])
    assert codes == [4, 4] or receiver.processed == dict.fromkeys(keys, 1)
    assert outpost.run("send", *WEBHOOK, *chosen).exit_code == 0
    assert receiver.processed == dict.fromkeys(keys, 1)


def answer_slowly(_: bytes) -> str:
    time.sleep(0.1)
    return "ok"


def test_a_run_that_loses_its_lease_in_its_last_wave_says_so(
    outpost: Outpost, receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = outpost.messages(12, "webhook")
    receiver.behave = answer_slowly
    changes = {"guarantee": "strict", "batch_size": 1, "concurrency": 1, "rate_per_second": None}
    chosen = (*WEBHOOK, *destination(outpost, receiver, **changes), "--lease-seconds", "1")
    hold, held = Ledger.hold, []

    def hold_once(ledger: Ledger, run: Run) -> None:
        held.append(run)
        if len(held) == 3:  # of the list, of the claim, of the renewal while calls go out
            raise Stopped(BUSY, "Another run took over the channel.")
        hold(ledger, run)

    monkeypatch.setattr(Ledger, "hold", hold_once)
    assert outpost.run("send", *chosen).exit_code == 4
    assert outpost.states().keys() == {"sent", "failed"}
    assert outpost.run("send", *chosen).exit_code == 0
    assert receiver.processed == dict.fromkeys(keys, 1)


@pytest.mark.parametrize("guarantee", ["strict", "idempotent"])
@pytest.mark.parametrize("calls", range(1, 7))
def test_killed_while_a_refused_batch_is_halved(
    outpost: Outpost, receiver: HttpReceiver, guarantee: str, calls: int
) -> None:
    """Of eight rows the first is bad; the run dies at a call. What the vendor refused before was not on the wire."""
    keys = outpost.messages(8, "webhook")
    receiver.whole, receiver.is_bad, receiver.hang_seconds = True, [keys[0]].__contains__, 0.2
    chosen = (*WEBHOOK, *destination(outpost, receiver, guarantee=guarantee, batch_size=8, concurrency=1),
              "--lease-seconds", "1")  # fmt: skip
    process: BaseProcess | None = None

    def behave(_: bytes) -> str:
        if len(receiver.requests) < calls or process is None:
            return "ok"
        process.kill()
        return "hang"  # taken, and nobody hears of it

    receiver.behave = behave
    process = outpost.start(*chosen)
    process.join(60)
    on_the_wire = {row["key"] for row in json.loads(receiver.requests[-1]["body"])["rows"]}
    process, code = None, 4
    while code == 4:
        code = outpost.run("send", *chosen).exit_code
    outpost.run("send", *chosen)
    unknown = outpost.keys("unknown")
    # asked again with the same key, 409 may say that the first call is still being worked on
    assert unknown == (on_the_wire if guarantee == "strict" or keys[0] in on_the_wire else set())
    assert outpost.keys("dead") | unknown == unknown | {keys[0]} and outpost.keys("sent") == set(keys[1:]) - unknown
    assert max(receiver.processed.values(), default=1) == 1
    assert outpost.twice() == []


def test_a_journal_holds_texts_of_every_kind(tmp_path: Path) -> None:
    """Some signs end a line for Python, but not in JSON."""
    items = [Item("k", "send", {"full_name": "a\u2028b\u2029c\x85d\x0be\x1cf\rg\nh"}), Item("l", "send", {}, 3)]
    journal = Journal(tmp_path, "webhook.sms", "m", items)
    journal.trying(items[:1])
    journal.close(False)
    with journals_left(tmp_path, "webhook.sms") as left:
        assert [(one.items, list(one.tried), one.is_same_boot) for one in left] == [
            ({item.key: item for item in items}, ["k"], True)
        ]


def test_a_record_that_a_full_disk_cut_off_takes_no_other_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [Item("k", "send", {}), Item("l", "send", {})]
    journal = Journal(tmp_path, "webhook.sms", "m", items)
    write, sizes = os.write, [9]

    def write_until_full(file: int, data: bytes) -> int:
        if not sizes:
            raise OSError(errno.ENOSPC, "full")
        return write(file, data[: sizes.pop()])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", write_until_full)
        with pytest.raises(OSError, match="full"):
            journal.trying(items[:1])
    journal.trying(items[1:])
    journal.close(False)
    with journals_left(tmp_path, "webhook.sms") as left:
        assert [list(one.tried) for one in left] == [["l"]]


def test_a_manifest_that_is_being_written_is_waited_for(outpost: Outpost, receiver: HttpReceiver) -> None:
    outpost.messages(1, "webhook")
    whole = (outpost.manifest / "manifest.json").read_text(encoding="utf-8")
    outpost.manifest = outpost.folder / "target"
    outpost.manifest.mkdir()
    file = outpost.manifest / "manifest.json"
    file.write_text(whole[: len(whole) // 2], encoding="utf-8")
    chosen = (*WEBHOOK, *destination(outpost, receiver))
    result = outpost.run("plan", *chosen, "--wait", "0")
    assert (result.exit_code, "is not whole" in result.stderr, result.stderr.count("\n")) == (4, True, 1)
    written = threading.Timer(1, file.write_text, [whole], {"encoding": "utf-8"})
    written.start()
    assert outpost.run("plan", *chosen).exit_code == 0
    written.join()


def one_message(
    outpost: Outpost, receiver: HttpReceiver, answer: str, **changes: Any
) -> tuple[int, str, dict[str, int]]:
    """A message to a vendor that always answers in one way: exit code, error text, states."""
    outpost.messages(1, "webhook")
    receiver.behave = lambda _: answer
    result = outpost.run("send", *WEBHOOK, *destination(outpost, receiver, **changes))
    return result.exit_code, result.stderr, outpost.states()


@pytest.mark.parametrize(
    ("answer", "guarantee", "code", "state", "tries"),
    [
        ("200", "strict", 0, "sent", 1),
        ("busy", "strict", 3, "failed", 4),
        ("accepted_then_503", "strict", 6, "unknown", 1),
        ("accepted_then_503", "idempotent", 6, "unknown", 4),
        ("accepted_then_503", "upsert", 3, "failed", 4),
        ("500", "strict", 6, "unknown", 1),
        ("hang", "strict", 6, "unknown", 1),
        ("truncated", "strict", 6, "unknown", 1),
        ("truncated", "upsert", 3, "failed", 4),
        ("reset", "strict", 6, "unknown", 1),
        ("400", "strict", 3, "dead", 1),
        ("404", "strict", 3, "dead", 1),
        ("401", "strict", 2, "failed", 1),
        ("403", "idempotent", 2, "failed", 1),
        ("redirect", "strict", 2, "unknown", 1),
        ("redirect", "upsert", 2, "failed", 1),
    ],
)
def test_each_answer_proves_what_it_proves(
    outpost: Outpost, receiver: HttpReceiver, answer: str, guarantee: str, code: int, state: str, tries: int
) -> None:
    special: dict[str, dict[str, Any]] = {
        "200": {"results": {"accepted": "{{ true }}"}},
        "hang": {"timeout_seconds": 0.5},
    }
    changes = special.get(answer, {})
    result = one_message(outpost, receiver, answer, guarantee=guarantee, batch_size=1, **changes)
    assert (result[0], result[2]) == (code, {state: 1}), result
    assert len(receiver.requests) == tries
    assert result[1].count("\n") == (1 if code else 0)
    assert all(request["path"] == "/in" for request in receiver.requests)


@pytest.mark.parametrize(
    ("answers", "code", "calls"),
    [
        (["accepted_then_503", "busy", "busy", "busy"], 6, 4),
        (["accepted_then_503", "409", "409", "409"], 6, 4),
        (["accepted_then_503", "409", "ok"], 0, 3),
        (["reset", "401"], 2, 2),
        (["accepted_then_503", "redirect"], 2, 2),
        (["truncated", "refused_503", "busy", "ok"], 0, 4),
    ],
)
def test_a_doubt_is_only_ended_by_an_answer(
    outpost: Outpost, receiver: HttpReceiver, answers: list[str], code: int, calls: int
) -> None:
    """The first call was processed, and nobody knows: a later one that was refused does not prove the contrary."""
    outpost.messages(3, "webhook")
    coming = iter(answers)
    receiver.behave = lambda _: next(coming)
    chosen = destination(outpost, receiver, guarantee="idempotent", batch_size=3)
    assert outpost.run("send", *WEBHOOK, *chosen).exit_code == code
    assert (outpost.states(), len(receiver.requests)) == ({"unknown" if code else "sent": 3}, calls)
    assert set(receiver.processed.values()) == {1}


def kill_at_the_first_call(outpost: Outpost, receiver: HttpReceiver, *chosen: str) -> None:
    """A run whose first call is processed, and which dies before it hears of it."""
    process: BaseProcess | None = None

    def kill(_: bytes) -> str:
        assert process is not None
        process.kill()
        return "hang"

    receiver.behave, receiver.hang_seconds = kill, 0.2
    process = outpost.start(*chosen)
    process.join(60)
    receiver.behave = None


def test_another_text_is_not_sent_under_the_key_of_an_earlier_call(outpost: Outpost, receiver: HttpReceiver) -> None:
    """The template was changed after the run died."""
    outpost.messages(2, "webhook")
    row = {"key": "{{ key }}", "text": "{{ text(row) }}"}
    requests = {"send": {"path": "", "body": {"operation": "{{ op }}", "rows": {"$rows": row}}}}
    templates = outpost.folder / "texts"
    templates.mkdir()
    (templates / "winback_1.en.short").write_text("We miss you", encoding="utf-8")
    changed = {"guarantee": "idempotent", "batch_size": 2, "requests": requests, "kinds": ["message"]}
    more = ("--lease-seconds", "1", "--templates", str(templates))
    chosen = (*WEBHOOK, *destination(outpost, receiver, **changed), *more)
    kill_at_the_first_call(outpost, receiver, *chosen)
    (templates / "winback_1.en.short").write_text("Come back", encoding="utf-8")
    code = 4
    while code == 4:
        code = outpost.run("send", *chosen).exit_code
    assert (code, outpost.states(), len(receiver.requests)) == (6, {"unknown": 2}, 1)


@pytest.mark.parametrize(("answer", "code"), [("busy", 3), ("401", 2)])
def test_a_vendor_that_does_not_say_is_asked_again(
    outpost: Outpost, receiver: HttpReceiver, answer: str, code: int
) -> None:
    """A run died after its call was processed; until the vendor answers to the same call, its rows stay in doubt."""
    keys = outpost.messages(4, "webhook")
    chosen = (*WEBHOOK, *destination(outpost, receiver, guarantee="idempotent", batch_size=4), "--lease-seconds", "1")
    kill_at_the_first_call(outpost, receiver, *chosen)
    outpost.messages(5, "webhook")  # a new build: whoever were sent anew would be in another batch
    receiver.behave, found = lambda _: answer, 4
    while found == 4:
        found = outpost.run("send", *chosen).exit_code
    assert (found, outpost.states()) == (code, {"claimed": 4})
    assert outpost.run("send", *chosen).exit_code == code
    receiver.behave = None
    assert outpost.run("send", *chosen).exit_code == 0
    assert outpost.states() == {"sent": 5} and set(receiver.processed.values()) == {1}
    assert set(keys) < set(receiver.processed)


@pytest.mark.parametrize(
    ("guarantee", "code", "state", "posts"),
    [("strict", 6, "unknown", 1), ("idempotent", 6, "unknown", 2), ("upsert", 3, "failed", 2)],
)
def test_a_job_that_never_ends_took_the_rows(
    outpost: Outpost, receiver: HttpReceiver, guarantee: str, code: int, state: str, posts: int
) -> None:
    """The vendor accepted the rows for a job: in the strict class they are not posted again."""
    outpost.messages(3, "webhook")
    poll = {"path": "/job", "done": "{{ body.done }}", "every_seconds": 0.01, "at_most_seconds": 0.05}
    rows = {"$rows": {"key": "{{ key }}"}}
    requests = {"send": {"path": "", "body": {"operation": "{{ op }}", "rows": rows}, "poll": poll}}
    chosen = destination(outpost, receiver, guarantee=guarantee, batch_size=3, max_tries=2, requests=requests,
                         kinds=["message"])  # fmt: skip
    receiver.behave = lambda body: "ok" if body else "404"
    assert outpost.run("send", *WEBHOOK, *chosen).exit_code == code
    assert outpost.states() == {state: 3} and sum(bool(one["body"]) for one in receiver.requests) == posts


def test_whatever_a_vendor_says_fits_into_the_ledger(outpost: Outpost, receiver: HttpReceiver) -> None:
    outpost.messages(2, "webhook")
    chosen = destination(outpost, receiver, guarantee="strict", batch_size=2)
    receiver.says = rb"""{"error": "no \u0000 C:\\new \ud800 it\u2028's"}"""
    receiver.behave = lambda _: "400"
    assert outpost.run("send", *WEBHOOK, *chosen).exit_code == 3
    said_of = outpost.sql("select distinct error_message from main_ledger.activation_event where state = 'dead'")
    assert [json.loads(one) for (one,) in said_of] == [{"error": "no \0 C:\\new  it\u2028's"}]


@pytest.mark.parametrize("answer", ["accepted_then_503", "refused_503", "reset"])
def test_a_vendor_that_is_not_well_is_left_alone(outpost: Outpost, receiver: HttpReceiver, answer: str) -> None:
    """Every message more would be one more that nobody knows of."""
    keys = outpost.messages(200, "webhook")
    chosen = destination(outpost, receiver, guarantee="strict", batch_size=1, concurrency=2)
    receiver.behave = lambda _: answer
    result = outpost.run("send", *WEBHOOK, *chosen)
    unknown = outpost.keys("unknown")
    assert (result.exit_code, "is not well; run again later" in result.stderr) == (6, True)
    assert 5 <= len(unknown) <= 7 and outpost.states() == {"unknown": len(unknown), "failed": 200 - len(unknown)}
    receiver.behave = None
    assert outpost.run("send", *WEBHOOK, *chosen).exit_code == 0
    assert outpost.keys("sent") == set(keys) - unknown and max(receiver.processed.values()) == 1


def test_unreachable_vendor_fails_and_is_tried_again(outpost: Outpost, receiver: HttpReceiver) -> None:
    outpost.messages(3, "webhook")
    chosen = destination(outpost, receiver, guarantee="strict", batch_size=1, max_tries=1, max_attempts=2)
    away = {"CLM_WEBHOOK_URL": "http://127.0.0.1:9/in"}
    assert outpost.run("send", *WEBHOOK, *chosen, variables=away).exit_code == 3
    assert outpost.states() == {"failed": 3}
    assert outpost.run("send", *WEBHOOK, *chosen, variables=away).exit_code == 3
    assert outpost.states() == {"dead": 3}  # out of attempts
    assert said(outpost.run("send", *WEBHOOK, *chosen), "dead")["messages"] == 3
    assert (receiver.requests, outpost.states()) == ([], {"dead": 3})
    assert outpost.run("retry", *WEBHOOK, *chosen).exit_code == 0
    assert outpost.states() == {"sent": 3}


def test_vendor_that_asks_for_an_hour_is_left_alone(outpost: Outpost, receiver: HttpReceiver) -> None:
    outpost.messages(40, "webhook")
    receiver.behave = lambda _: "later"
    receiver.later = 3600
    chosen = destination(outpost, receiver, batch_size=1, concurrency=1)
    result = outpost.run("send", *WEBHOOK, *chosen)
    assert (result.exit_code, "asks to wait 3600 seconds" in result.stderr) == (3, True)
    assert (len(receiver.requests), outpost.states()) == (1, {"failed": 40})
    receiver.behave = None
    assert outpost.run("send", *WEBHOOK, *chosen).exit_code == 0
    assert max(receiver.processed.values()) == 1 and len(receiver.processed) == 40


def test_one_bad_row_fails_alone(outpost: Outpost) -> None:
    """A batch that is refused as a whole is halved; a reply that names the row is read."""
    keys = outpost.messages(64, "webhook")
    for whole in (True, False):
        outpost.sql("drop schema if exists main_ledger cascade")
        with HttpReceiver(is_bad=keys[17:18].__contains__, whole=whole) as receiver:
            chosen = destination(outpost, receiver, batch_size=64)
            assert outpost.run("send", *WEBHOOK, *chosen).exit_code == 0
            assert outpost.keys("dead") == {keys[17]}
            assert len(receiver.requests) == (13 if whole else 1)
            assert receiver.processed == dict.fromkeys([k for k in keys if k != keys[17]], 1)
        error = outpost.sql("select distinct error_class, http_status from main_ledger.activation_event "
                            "where state = 'dead'")  # fmt: skip
        assert error == [("refused", 409) if whole else ("refused_row", 207)]


@pytest.mark.usefixtures("many")
def test_who_may_not_be_contacted_any_more_is_not(outpost: Outpost, receiver: HttpReceiver) -> None:
    """Blocked before the run, blocked while it runs, and gone from the outbox while it runs."""
    keys = outpost.messages(60, "webhook")
    outpost.sql("insert into activation_blocks values (?, 'unsubscribed')", [keys[0]])

    def meanwhile(_: Any) -> str:
        if len(receiver.requests) == 1:
            outpost.sql("insert into activation_blocks values (?, 'suppressed')", [keys[40]])
            outpost.sql("delete from campaign_outbox where message_key = ?", [keys[41]])
        return "ok"

    receiver.behave = meanwhile
    chosen = destination(outpost, receiver, batch_size=10, concurrency=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("activation.delivery.PAGE", 20)
        result = outpost.run("send", *WEBHOOK, *chosen)
    assert result.exit_code == 0, result.output
    assert set(receiver.processed) == set(keys) - {keys[0], keys[40], keys[41]}
    ended = outpost.sql("select message_key, state, error_class from main_ledger.activation_event "
                        "where state in ('suppressed', 'cancelled') order by 1")  # fmt: skip
    assert ended == sorted([(keys[0], "suppressed", None), (keys[40], "suppressed", "suppressed"),
                            (keys[41], "cancelled", "gone")])  # fmt: skip
    again = outpost.run("send", *WEBHOOK, *chosen)
    assert (again.exit_code, len(outpost.sql("from main_ledger.activation_event where state = 'suppressed'"))) == (0, 2)


def test_guards_stop_a_run_until_allowed(outpost: Outpost, receiver: HttpReceiver) -> None:
    outpost.messages(5, "webhook")
    chosen = destination(outpost, receiver)
    many = outpost.run("send", *WEBHOOK, *chosen, "--max-rows", "4")
    assert (many.exit_code, "more than --max-rows 4" in many.stderr) == (5, True)
    outpost.sql("update segment_campaign set as_of_date = date '2020-01-01'")
    old = outpost.run("send", *WEBHOOK, *chosen, "--max-source-age", "3")
    assert (old.exit_code, "(at most 3)" in old.stderr) == (5, True)
    elsewhere = outpost.run("send", *WEBHOOK, *chosen, variables={"CLM_WEBHOOK_URL": "https://vendor.invalid/in"})
    assert (elsewhere.exit_code, "give --live" in elsewhere.stderr) == (2, True)
    bare = outpost.run("send", *WEBHOOK, *chosen, variables={"CLM_WEBHOOK_SECRET": ""})
    assert (bare.exit_code, "CLM_WEBHOOK_SECRET" in bare.stderr) == (2, True)
    wrong = outpost.run("send", "--exposure", "crm_profiles", "--destination", "twilio")
    assert (wrong.exit_code, "takes message, not state" in wrong.stderr) == (2, True)
    assert receiver.requests == []
    allowed = outpost.run("send", *WEBHOOK, *chosen, "--max-source-age", "3", "--max-rows", "4", "--allow")
    assert (allowed.exit_code, sum(receiver.processed.values())) == (0, 5)


def profiles(outpost: Outpost, count: int) -> list[str]:
    """Profiles of so many people, as customer_profiles has them."""
    outpost.messages(1, "webhook")
    outpost.sql(f"""
        create or replace table customer_profiles as
        select sha256('profile' || i) as profile_key, sha256('p' || i) as person_key, 'c' || i as customer_id,
            'p' || i || '@example.org' as email, cast(null as varchar) as phone, 'Ann O''Neil' as full_name,
            'en' as language, 'DE' as country, 'Köln' as city, cast(null as varchar) as owner_id,
            cast(null as varchar) as member_tier, 'active' as lifecycle_stage, 'loyal' as segment, 5 as recency_score,
            4 as frequency_score, 3 as monetary_score, date '2025-01-01' as first_purchase_on,
            date '2026-01-01' as last_purchase_on, 3 as purchase_count, cast(10.5 as decimal(18, 2)) as
            net_revenue_amount, 'low' as churn_risk, cast(1.5 as decimal(18, 2)) as predicted_value_amount,
            date '2026-09-01' as next_expected_purchase_on, 'Tea' as favourite_category,
            cast(null as varchar) as recommended_product_ids, 'a,b' as tags, 'contactable' as contact_status,
            current_date as as_of_date, sha256('state' || i) as payload_hash
        from range({count}) as r (i)""")
    return [row[0] for row in outpost.sql("select profile_key from customer_profiles order by 1")]


def operations(receiver: HttpReceiver) -> list[tuple[str, str]]:
    """(operation, key) of the rows taken since the last look, sorted."""
    found = sorted((row["operation"], row["key"]) for row in receiver.rows)
    receiver.rows.clear()
    return found


def test_rows_in_parts_are_the_same_rows(
    outpost: Outpost, receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers, digest, samples and list; also of keys that begin with no hexadecimal digit."""
    keys = outpost.messages(300, "webhook")
    outpost.sql("update campaign_outbox set message_key = 'Z' || message_key where message_key < '2'")
    outpost.sql("update campaign_outbox set message_key = '李' || message_key where message_key like 'Z0%'")
    outpost.sql("update campaign_outbox set send_before = timestamp '2026-01-02' where message_key like '5%'")
    blocked = [key for key in keys if key.startswith("7")]
    for key in blocked:
        outpost.sql("insert into activation_blocks values (?, 'control')", [key])
    outpost.variables["CLM_WEBHOOK_URL"] = receiver.url
    told = {}
    for many in (500_000, 3):
        monkeypatch.setattr("activation.warehouse.MANY", many)
        told[many] = outpost.run("plan", *WEBHOOK, "--sample", "40").output
    assert told[3] == told[500_000]
    plan = outpost.sql("select count(*) from campaign_outbox where message_key like '5%'")[0][0]
    assert outpost.run("send", *WEBHOOK, "--limit", "120").exit_code == 0
    assert outpost.states() == {"sent": 120, "expired": plan, "suppressed": len(blocked)}
    assert outpost.run("send", *WEBHOOK).exit_code == 0
    assert outpost.states() == {"sent": 300 - plan - len(blocked), "expired": plan, "suppressed": len(blocked)}
    assert max(receiver.processed.values()) == 1
    states = [one for one in events(outpost.run("status", *WEBHOOK)) if one["event"] == "states"]
    assert {one["state"]: one["rows"] for one in states} == outpost.states()


@pytest.mark.usefixtures("many")
def test_states_are_kept_in_step(outpost: Outpost, receiver: HttpReceiver) -> None:
    """Only what changed is sent again; who asked to be forgotten is erased where he was known; guards hold."""
    keys = profiles(outpost, 50)
    chosen = ("--exposure", "crm_profiles", *destination(outpost, receiver, guarantee="upsert"))
    assert outpost.run("send", *chosen).exit_code == 0
    assert operations(receiver) == [("add", key) for key in keys]
    count = len(receiver.requests)
    assert (outpost.run("send", *chosen).exit_code, len(receiver.requests)) == (0, count)
    outpost.sql(
        "update customer_profiles set segment = 'lost', payload_hash = 'new' where profile_key in (?, ?)", keys[:2]
    )
    assert outpost.run("send", *chosen).exit_code == 0
    assert operations(receiver) == [("change", key) for key in keys[:2]]
    outpost.sql("update customer_profiles set payload_hash = 'newer'")
    many = outpost.run("send", *chosen)
    assert (many.exit_code, "50 of 50 known rows would be a change, more than 50 %" in many.stderr) == (5, True)
    assert outpost.run("send", *chosen, "--allow").exit_code == 0
    assert operations(receiver) == [("change", key) for key in keys]
    # what may or may not have arrived is sent again, and so is everything when the mapping changes
    outpost.sql("update customer_profiles set payload_hash = 'newest' where profile_key = ?", keys[:1])
    receiver.behave = lambda _: "accepted_then_503"
    assert outpost.run("send", *chosen).exit_code == 3
    receiver.behave = None
    assert outpost.run("send", *chosen).exit_code == 0
    assert set(operations(receiver)) == {("change", keys[0])}
    outpost.sql("""insert into activation_erasures select 'e1', 'webhook', person_key, customer_id, 'h'
        from customer_profiles where profile_key = ?""", keys[:1])  # fmt: skip
    outpost.sql("delete from customer_profiles where profile_key = ?", keys[:1])
    assert outpost.run("send", *chosen).exit_code == 0
    assert operations(receiver) == [("erase", "e1")]
    assert outpost.run("send", *chosen).exit_code == 0
    assert operations(receiver) == []
    outpost.sql("delete from customer_profiles")
    empty = outpost.run("send", *chosen)
    assert (empty.exit_code, "has no rows: nothing is sent or removed" in empty.stderr) == (5, True)
    changed = ("--exposure", "crm_profiles", *destination(outpost, receiver, guarantee="upsert", batch_size=7))
    profiles(outpost, 3)
    assert outpost.run("send", *changed, "--allow").exit_code == 0
    assert [op for op, _ in operations(receiver)] == ["change"] * 3


@pytest.mark.usefixtures("many")
def test_audiences_gain_and_lose_whom_they_should(outpost: Outpost, receiver: HttpReceiver) -> None:
    """Left: removed; came back: added again; blocked since the build: removed; never added: never removed."""
    outpost.messages(1, "webhook")
    outpost.sql("""
        create table audience_members as
        select sha256('a' || i) as audience_key, sha256('p' || i) as person_key, 'c' || i as customer_id,
            'b1' as campaign_id, 'banner' as channel, i < 20 as is_member, sha256('e' || i) as email_sha256_google,
            sha256('e' || i) as email_sha256_meta, cast(null as varchar) as phone_sha256_google,
            cast(null as varchar) as phone_sha256_meta, current_date as as_of_date, sha256('x' || i) as payload_hash
        from range(22) as r (i)""")
    member, guest = outpost.sql("select min(audience_key), max(audience_key) from audience_members where is_member")[0]
    chosen = ("--exposure", "site_banners", *destination(outpost, receiver))
    assert outpost.run("send", *chosen).exit_code == 0
    assert [op for op, _ in operations(receiver)] == ["add"] * 20

    def move(key: str, is_member: bool) -> list[tuple[str, str]]:
        outpost.sql("update audience_members set is_member = ? where audience_key = ?", [is_member, key])
        assert outpost.run("send", *chosen).exit_code == 0
        return operations(receiver)

    assert move(member, False) == [("remove", member)]
    assert move(member, False) == []
    joined = outpost.sql(
        "select min(audience_key) from audience_members where not is_member and audience_key <> ?", [member]
    )
    outpost.sql("update audience_members set is_member = true where audience_key = ?", [joined[0][0]])
    assert sorted(move(guest, False)) == [("add", joined[0][0]), ("remove", guest)]
    outpost.sql("update audience_members set is_member = false where audience_key = ?", [joined[0][0]])
    assert sorted(move(guest, True)) == [("add", guest), ("remove", joined[0][0])]
    hashes = "email_sha256_google = null, email_sha256_meta = null"
    forgotten = "audience_key in (select max(audience_key) from audience_members where is_member and audience_key < ?)"
    outpost.sql(f"update audience_members set is_member = false, {hashes} where {forgotten}", [guest])
    named = ("--exposure", "site_banners", *destination(outpost, receiver, identifiers=["email_sha256_google"]))
    assert outpost.run("send", *named, "--allow").exit_code == 0
    assert [op for op, _ in operations(receiver)] == ["change"] * 18  # the destination's file changed
    assert outpost.sql("select state, error_class from main_ledger.activation_event where state = 'dead'") == [
        ("dead", "no_identifier")
    ]
    chosen = named
    assert move(member, True) == [("add", member)]
    outpost.sql("insert into activation_blocks values (?, 'erased')", [guest])
    assert move(member, True) == [("remove", guest)]
    outpost.sql("delete from activation_blocks")
    assert move(member, True) == [("add", guest)]
    outpost.sql("update audience_members set is_member = false where audience_key <> ?", [member])
    many = outpost.run("send", *chosen)
    assert (many.exit_code, "18 of 19 known rows would be a remove, more than 30 %" in many.stderr) == (5, True)
    outpost.sql("update audience_members set is_member = false")
    assert outpost.run("send", *chosen).exit_code == 5
    assert operations(receiver) == []
    assert outpost.run("send", *chosen, "--allow").exit_code == 0
    assert [op for op, _ in operations(receiver)] == ["remove"] * 19


@pytest.mark.usefixtures("many")
def test_people_settle_what_nobody_can_prove(outpost: Outpost, receiver: HttpReceiver) -> None:
    keys = outpost.messages(2, "webhook")
    receiver.behave = lambda _: "hang"
    receiver.hang_seconds = 0.6
    chosen = (*WEBHOOK, *destination(outpost, receiver, guarantee="strict", batch_size=1, concurrency=1))
    assert outpost.run("send", *chosen).exit_code == 6
    receiver.behave = None
    assert (outpost.run("send", *chosen).exit_code, outpost.states()) == (0, {"unknown": 2})
    listed = [one for one in events(outpost.run("status", *chosen)) if one["event"] == "unproved"]
    assert [one["rows"] for one in listed] == [1, 1]
    for one, state in zip(listed, ("sent", "failed"), strict=True):
        settle = ("resolve", *chosen, "--channel", "webhook", "--batch", one["batch_id"], "--as")
        assert outpost.run(*settle, state).exit_code == 0
        assert outpost.run(*settle, state).exit_code == 2
    assert outpost.states() == {"sent": 1, "failed": 1}
    assert outpost.run("send", *chosen).exit_code == 0
    assert outpost.keys("sent") == set(keys)
    runs = [one for one in events(outpost.run("status", *chosen)) if one["event"] == "runs"]
    assert [(one["status"], one["succeeded"], one["unknown"]) for one in runs] == [
        ("succeeded", 1, 0), ("succeeded", 0, 0), ("succeeded", 0, 2),
    ]  # fmt: skip
    ready = outpost.run("check", *chosen)
    assert (ready.exit_code, said(ready, "check")["result"]) == (0, "ready")


def test_a_run_that_sleeps_cannot_be_overtaken(outpost: Outpost, receiver: HttpReceiver) -> None:
    """Its lease is over, but its process still holds the journal: the next run waits for it to end."""
    keys = outpost.messages(40, "webhook")
    chosen = (*WEBHOOK, *destination(outpost, receiver, guarantee="strict", batch_size=1, rate_per_second=20,
                                     concurrency=1), "--lease-seconds", "1")  # fmt: skip
    process = outpost.start(*chosen)
    while not receiver.processed:
        assert process.is_alive()
        process.join(0.05)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGSTOP)
    process.join(1.5)
    other = outpost.run("send", *chosen)
    assert (other.exit_code, "has not ended yet" in other.stderr) == (4, True)
    os.kill(process.pid, signal.SIGCONT)
    process.join(30)
    assert outpost.run("send", *chosen).exit_code == 0
    assert receiver.processed == dict.fromkeys(keys, 1)
