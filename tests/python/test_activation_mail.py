"""E-mail: a real mail server on loopback, templates, and what comes back of messages."""

from __future__ import annotations

import email.policy
import json
import random
import re
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from activation import Stopped
from activation.destination import load
from activation.http import redacted
from activation.mail import Templates, token_key, unsubscribe_token
from receivers import MailReceiver, share_of
from senders import NAMES, Outpost, events, no_leaks, said

EMAIL = ("--exposure", "campaign_email")
SETTINGS = {
    "CLM_SMTP_HOST": "localhost",
    "CLM_SMTP_SECURITY": "none",
    "CLM_MAIL_FROM": "Tea Shop <news@shop.example>",
    "CLM_MAIL_POSTAL_ADDRESS": "Tea Shop, 1 Harbour Street, Hamburg",
    "CLM_UNSUBSCRIBE_URL": "https://shop.example/leave/{token}",
    "CLM_UNSUBSCRIBE_SECRET": "hidden-words-77",
}


@pytest.fixture
def outpost(manifest: Path, tmp_path: Path) -> Iterator[Outpost]:
    with no_leaks(Outpost(tmp_path, manifest, dict(SETTINGS))) as one:
        yield one


def send(outpost: Outpost, server: MailReceiver, *extra: str) -> Any:
    outpost.variables["CLM_SMTP_PORT"] = str(server.port)
    return outpost.run("send", *EMAIL, *extra)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_goes_out_encrypted_after_a_login(outpost: Outpost, security: str) -> None:
    """Multipart, in the person's language, with one-click unsubscribe, and once."""
    keys = outpost.messages(24)
    with MailReceiver(login=("clm", "pass-word-55"), security=security) as server:
        outpost.variables |= {"CLM_SMTP_SECURITY": security, "CLM_SMTP_USER": "clm"}
        outpost.variables |= {"CLM_SMTP_PASSWORD": "wrong-one-66"}
        outpost.variables |= {"SSL_CERT_FILE": str(server.certificate(outpost.folder))}
        refused = send(outpost, server)
        assert (refused.exit_code, "refuses the login" in refused.stderr) == (2, True)
        assert (server.messages, outpost.states()) == ([], {"failed": 24})
        outpost.variables["CLM_SMTP_PASSWORD"] = "pass-word-55"
        sent = send(outpost, server)
        assert sent.exit_code == 0, sent.output
        assert server.counts() == dict.fromkeys(keys, 1)
        assert said(send(outpost, server), "sent")["messages"] == 0
    rows = {
        row[0]: row[1:] for row in outpost.sql("select message_key, address, full_name, language from campaign_outbox")
    }
    for recipient, raw in server.messages:
        message = message_from_bytes(raw, policy=email.policy.default)
        key = str(message["Message-ID"]).strip("<>").partition("@")[0]
        address, full_name, language = rows[key]
        assert (recipient, message["From"]) == (address, SETTINGS["CLM_MAIL_FROM"])
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        link = str(message["List-Unsubscribe"]).strip("<>")
        assert f"\r\nList-Unsubscribe: <{link}>\r\n".encode() in raw  # on one line, in plain letters
        assert token_key(SETTINGS["CLM_UNSUBSCRIBE_SECRET"], link.rpartition("/")[2]) == key
        plain, page = (message.get_body((kind,)) for kind in ("plain", "html"))
        assert plain is not None and page is not None
        for body in (plain.get_content(), page.get_content()):
            assert SETTINGS["CLM_MAIL_POSTAL_ADDRESS"] in body and link in body
            assert ("好久不见" in body) == (language == "zh")
        assert "<b>" not in page.get_content() and "onerror" not in page.get_content()
        assert re.sub("[\u2028\x85]", " ", full_name or "") in plain.get_content()


def test_wrong_mail_settings_are_one_sentence(outpost: Outpost) -> None:
    outpost.messages(1)
    with MailReceiver(security="starttls") as server:
        for change, sentence in (
            ({"CLM_SMTP_SECURITY": "maybe"}, "none of starttls, tls, none"),
            ({"CLM_MAIL_FROM": "nobody"}, "CLM_MAIL_FROM is no e-mail address"),
            ({"CLM_SMTP_SECURITY": "none", "CLM_SMTP_HOST": "mail.invalid"}, "give --live"),
            ({"CLM_MAIL_POSTAL_ADDRESS": ""}, "CLM_MAIL_POSTAL_ADDRESS"),
            ({"CLM_SMTP_SECURITY": "starttls"}, "no trusted encryption"),  # its authority is not known here
        ):
            outpost.variables["CLM_SMTP_PORT"] = str(server.port)
            result = outpost.run("send", *EMAIL, variables=change)
            assert (result.exit_code, sentence in result.stderr, result.stderr.count("\n")) == (2, True, 1), change
        assert server.messages == []


def test_what_a_mail_server_says_is_what_the_ledger_holds(outpost: Outpost) -> None:
    """Refused mailboxes are dead, busy ones are tried again, taken without a word is unknown; odd ones are harmless."""
    keys = outpost.messages(200)
    bad = {key for key in keys if share_of(key, 0.05)}
    addresses = dict(outpost.sql("select message_key, address from campaign_outbox"))
    odd = sorted(set(keys) - bad)[:4]
    wrong = ("no address", "a@x.org\nBcc: all@example.org", "李@example.org", "a@例子.中国")
    for key, address in zip(odd, wrong, strict=True):
        outpost.sql("update campaign_outbox set address = ? where message_key = ?", [address, key])
    with MailReceiver(busy=0.05, lost=0.03, is_bad={addresses[key] for key in bad}.__contains__, seed=5) as server:
        first = send(outpost, server, "--max-failed-pct", "50")
        assert first.exit_code == 6, first.output
        while outpost.states().get("failed"):
            assert send(outpost, server, "--max-failed-pct", "50").exit_code in (0, 6)
        counts = server.counts()
    assert outpost.keys("dead") == bad | set(odd[:3])
    assert max(counts.values()) == 1
    assert outpost.keys("sent") <= set(counts) and set(counts) <= outpost.keys("sent") | outpost.keys("unknown")
    assert len(outpost.keys("unknown")) == len(counts) - len(outpost.keys("sent")) > 0
    recipients = {address for address, _ in server.messages}
    assert "a@xn--fsqu00a.xn--fiqs8s" in recipients and not any("all@" in address for address in recipients)
    reasons = outpost.sql(
        "select distinct error_class, error_message from main_ledger.activation_event where state = 'dead'"
    )
    assert ("refused", "no mailbox *** here") in reasons and ("invalid_address", None) in reasons


@pytest.mark.parametrize("goodbye", ["421 enough for one connection", ""])
def test_a_server_that_closes_its_connections_gets_new_ones(outpost: Outpost, goodbye: str) -> None:
    keys = outpost.messages(40)
    with MailReceiver(per_connection=3, goodbye=goodbye) as server:
        sent = send(outpost, server)
        assert (sent.exit_code, server.counts()) == (0, dict.fromkeys(keys, 1)), sent.output


def test_a_refused_content_leaves_the_connection_ready(outpost: Outpost) -> None:
    """What is refused for now is tried again by the next run; the next message is none inside of another."""
    keys = outpost.messages(30)
    draw = random.Random(1)
    with MailReceiver(is_full=lambda: draw.random() < 0.2) as server:
        assert send(outpost, server, "--max-failed-pct", "60").exit_code == 0
        states = outpost.states()
        assert set(states) == {"sent", "failed"} and sum(states.values()) == 30
        server.is_full = lambda: False
        assert send(outpost, server).exit_code == 0
        assert (outpost.states(), server.counts()) == ({"sent": 30}, dict.fromkeys(keys, 1))


def test_a_refused_sender_ends_the_run_and_condemns_nobody(outpost: Outpost) -> None:
    outpost.messages(30)
    with MailReceiver(senders="@elsewhere.example") as server:
        result = send(outpost, server)
    assert (result.exit_code, "CLM_MAIL_FROM" in result.stderr, result.stderr.count("\n")) == (2, True, 1)
    assert outpost.states() == {"failed": 30}


def test_a_server_that_is_away_is_left_alone(outpost: Outpost) -> None:
    outpost.messages(300)
    with MailReceiver() as server:
        pass
    result = send(outpost, server)
    assert (result.exit_code, result.stderr) == (3, "Error: smtp cannot be reached, or is not well; run again later.\n")
    tried = dict(
        outpost.sql("""select error_class, count(*) from main_ledger.activation_event
        where state = 'failed' group by all""")
    )
    assert 5 <= tried["unreachable"] <= 12 and sum(tried.values()) == 300
    with MailReceiver() as server:
        assert send(outpost, server).exit_code == 0
    assert outpost.states() == {"sent": 300}


@pytest.mark.parametrize("seed", range(3))
def test_killed_mail_runs_send_nothing_twice(outpost: Outpost, seed: int) -> None:
    draw = random.Random(seed)
    keys = set(outpost.messages(400))
    with MailReceiver(busy=0.02, lost=0.01, seed=seed) as server:
        outpost.variables["CLM_SMTP_PORT"] = str(server.port)
        for _ in range(3):
            process = outpost.start(*EMAIL, "--lease-seconds", "1")
            process.join(draw.uniform(0.8, 2.0))
            process.kill()
            process.join()
        code = 4
        while code == 4 or (code in (0, 3, 6) and outpost.states().get("failed", 0)):
            code = send(outpost, server, "--lease-seconds", "1").exit_code
            assert code in (0, 3, 4, 6)
        counts = server.counts()
    assert max(counts.values()) == 1
    assert outpost.keys("sent") <= set(counts) and set(counts) - outpost.keys("sent") <= outpost.keys("unknown")
    assert outpost.keys("sent") | outpost.keys("unknown") == keys


def test_previews_and_tests_touch_nobody(outpost: Outpost) -> None:
    outpost.messages(5)
    pages = outpost.folder / "pages"
    assert outpost.run("plan", *EMAIL, "--sample", "4", "--preview", str(pages)).exit_code == 0
    assert len(list(pages.iterdir())) == 4 and {page.stat().st_mode & 0o777 for page in pages.iterdir()} == {0o600}
    with MailReceiver() as server:
        tested = send(outpost, server, "--test-recipient", "me@shop.example", "--limit", "2")
        assert tested.exit_code == 0, tested.output
        assert [address for address, _ in server.messages] == ["me@shop.example"] * 2
    assert outpost.sql("select count(*) from information_schema.tables where table_schema = 'main_ledger'") == [(0,)]


def row(**changes: Any) -> dict[str, Any]:
    """A message's fields."""
    return {"message_key": "k", "template": "winback_1", "full_name": None, "language": None, "offer": None,
            "favourite_category": None, "address": "a@x.org", **changes}  # fmt: skip


def test_templates_are_found_by_name_and_language_and_stay_in_their_box(tmp_path: Path) -> None:
    (tmp_path / "mine.en.txt").write_text("Subject: Hello\n{{ full_name }}", encoding="utf-8")
    (tmp_path / "mine.de.txt").write_text("Subject: Hallo\nx", encoding="utf-8")
    (tmp_path / "mine.en.html").write_text("<p>{{ full_name }}</p>", encoding="utf-8")
    (tmp_path / "evil.en.txt").write_text("{{ ''.__class__.__mro__ }}", encoding="utf-8")
    (tmp_path / "sum.en.txt").write_text("{{ full_name + 1 }}", encoding="utf-8")
    (tmp_path / "number.en.txt").write_text("{{ '%d' % full_name }}", encoding="utf-8")
    (tmp_path / "typo.en.txt").write_text("{{ full_nam }}", encoding="utf-8")
    rendered = Templates({"unsubscribe_url": "https://x.org/u"}, tmp_path)
    languages = ("de-AT", "fr", None, "EN", "../x")
    subjects = [rendered.mail(row(template="mine", language=one)).subject for one in languages]
    assert subjects == ["Hallo", "Hello", "Hello", "Hello", "Hello"]
    assert rendered.mail(row(template="mine", full_name="<script>")).html == "<p>&lt;script&gt;</p>"
    assert rendered.mail(row(template="nothing", language="zh")).subject == "我们的新消息"
    assert rendered.mail(row(full_name="A\nBcc: b@x.org")).subject == "We miss you, A Bcc: b@x.org"
    assert rendered.text(row(template="mine", full_name="Ann")) == "Ann"
    for template in ("evil", "typo", "sum", "number"):
        with pytest.raises(Stopped, match=f"The template {template}.en.txt does not fit its rows") as stopped:
            rendered.mail(row(template=template, full_name="Ann O'Neil"))
        assert "Ann" not in str(stopped.value)


def test_tokens_are_sealed() -> None:
    token = unsubscribe_token("secret", "abc")
    assert token_key("secret", token) == "abc"
    assert [token_key("other", token), token_key("secret", token[:-1]), token_key("secret", "abd" + token[3:])] == [
        None
    ] * 3
    assert token_key("secret", "") is None


def test_what_vendors_say_is_redacted() -> None:
    told = "Unknown +49 30 1234567 of Ann O'Neil <ann@x.org>, key SG.abc and 5f4dcc3b5aa765d61d8327deb882cf99"
    assert redacted(told, [{"full_name": "Ann O'Neil"}], ["SG.abc"]) == "Unknown *** of *** <***>, key *** and ***"
    assert redacted("a\0b\ud800c", [], []) == "abc"  # what no table takes


def ingest(outpost: Outpost, *rows: Any) -> Any:
    file = outpost.folder / "back.jsonl"
    lines = (one if isinstance(one, str) else json.dumps(one).replace("\\u2028", "\u2028") for one in rows)
    file.write_text("\n".join(lines), encoding="utf-8")
    return outpost.run("ingest", *EMAIL, str(file))


def test_answers_are_taken_in_once(outpost: Outpost) -> None:
    keys = outpost.messages(4)
    with MailReceiver() as server:
        assert send(outpost, server).exit_code == 0
    ids = "select vendor_id from main_ledger.activation_event where state = 'sent' and message_key = ?"
    vendor_id = outpost.sql(ids, [keys[1]])[0][0]
    now = "2026-07-01T10:00:00+02:00"
    good = [
        {"event_type": "bounced_hard", "occurred_at": now, "message_key": keys[0]},
        {"event_type": "opened", "occurred_at": now, "vendor_id": vendor_id, "response_id": "r1"},
        {
            "event_type": "unsubscribed",
            "occurred_at": "2026-07-02",
            "token": unsubscribe_token("hidden-words-77", keys[2]),
        },
        {"event_type": "complained", "occurred_at": now, "email": " Someone@Example.org "},
        {"event_type": "suppressed", "occurred_at": now, "phone": "+49 151 23456789", "channel": "sms"},
        {"event_type": "clicked", "occurred_at": now, "message_id": "m9", "customer_id": "X\\c'9", "channel": "push",
         "response_id": "r\\\u20289"},
    ]  # fmt: skip
    first = ingest(outpost, *good, good[0])
    assert first.exit_code == 0, first.output
    assert (said(first, "ingested")["rows"], said(first, "ingested")["known_before"]) == (6, 1)
    assert said(ingest(outpost, *good), "ingested")["known_before"] == 6
    customers = dict(outpost.sql("select message_key, customer_id from campaign_outbox"))
    held = outpost.sql("""select event_type, customer_id, channel, campaign_id, cast(occurred_at as varchar),
        identifier_hash is not null from main_ledger.activation_response order by event_type""")  # fmt: skip
    assert held == [
        ("bounced_hard", customers[keys[0]], "email", "c1", "2026-07-01 08:00:00", True),
        ("clicked", "X\\c'9", "push", None, "2026-07-01 08:00:00", True),
        ("opened", customers[keys[1]], "email", "c1", "2026-07-01 08:00:00", False),
        ("suppressed", None, None, None, "2026-07-01 08:00:00", True),
        ("suppressed", None, "sms", None, "2026-07-01 08:00:00", True),
        ("unsubscribed", customers[keys[2]], "email", "c1", "2026-07-02 00:00:00", False),
    ]
    bad = ingest(
        outpost,
        "{",
        "[1]",
        {"event_type": "eaten", "occurred_at": now},
        {"event_type": "opened", "occurred_at": "soon"},
        {"event_type": "opened", "occurred_at": now},
        {"event_type": "opened", "occurred_at": now, "message_key": "nobody"},
        {"event_type": "unsubscribed", "occurred_at": now, "token": "made.up"},
        {"event_type": "opened", "x": "y"},
        {"event_type": "opened", "occurred_at": now, "message_key": keys[3], "response_id": "a\0b"},
        {"event_type": "opened", "occurred_at": now, "message_key": keys[3], "response_id": "a\ud800b"},
        {"event_type": "opened", "occurred_at": now, "message_key": keys[3]},
    )
    assert (bad.exit_code, said(bad, "ingested")["rows"], bad.stderr.count("\n")) == (2, 1, 1)
    assert [one["line"] for one in events(bad) if one["event"] == "refused"] == [*range(1, 11)]
    assert not any(
        one in outpost.told() for one in ("omeone@", "23456789", "made.up", *[n for n in NAMES if len(n) > 2])
    )


def test_shipped_texts_exist_in_both_languages() -> None:
    rendered = Templates(load("smtp").settings)
    for template in ("default", "welcome", "winback_1"):
        for lang in ("en", "zh"):
            mail = rendered.mail(row(template=template, language=lang, full_name="Ann", offer="voucher"))
            assert mail.subject and mail.text and mail.html and rendered.text(row(template=template, language=lang))
