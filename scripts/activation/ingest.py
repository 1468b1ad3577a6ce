"""Takes in what came back of messages: JSON lines into the ledger's table `activation_response`, once each."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from activation import MISCONFIGURED, Stopped
from activation.http import storable
from activation.ledger import ROWS
from activation.mail import token_key
from activation.outbox import Outbox
from activation.warehouse import literal

EVENTS = ("sent", "delivered", "opened", "clicked", "bounced_hard", "bounced_soft", "unsubscribed", "complained")
STOPPING = ("bounced_hard", "unsubscribed", "complained")  # of an address alone: it is suppressed
ENDING = ("bounced_hard", "complained")  # of a message: its address is suppressed
NAMES = ("event_type", "occurred_at", "response_id", "message_key", "token", "vendor_id", "message_id", "customer_id",
         "channel", "campaign_id", "email", "phone")  # fmt: skip


@dataclass(frozen=True)
class Response:
    """One thing that came back, as the table holds it: no address, only its hash."""

    line: int
    response_id: str
    event_type: str
    occurred_at: datetime
    message_key: str | None
    vendor_id: str | None
    message_id: str | None
    customer_id: str | None
    campaign_id: str | None
    channel: str | None
    identifier_hash: str | None


@dataclass
class Taken:
    """How many lines were added, were known before, and which were refused (line, reason)."""

    added: int = 0
    known: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)


def read_lines(file: Path) -> list[tuple[int, str]]:
    """The numbered lines that are not blank. Stops (2) when the file cannot be read."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Stopped(MISCONFIGURED, f"{file.name} cannot be read: {type(error).__name__}.") from None
    return [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def take_in(outbox: Outbox, lines: Sequence[tuple[int, str]]) -> Taken:
    """Adds the responses that are not known yet. A line that cannot be read is refused and the others are taken."""
    taken = Taken()
    secret = os.environ.get("CLM_UNSUBSCRIBE_SECRET", "")
    responses: dict[str, Response] = {}
    for number, line in lines:
        try:
            response = parse(number, line, secret)
        except ValueError as error:
            taken.refused.append((number, str(error)))
            continue
        taken.known += response.response_id in responses
        responses.setdefault(response.response_id, response)
    listed = list(responses.values())
    for begin in range(0, len(listed), ROWS):
        _add(outbox, listed[begin : begin + ROWS], taken)
    taken.refused.sort()
    return taken


def parse(number: int, line: str, secret: str) -> Response:
    """One line. Raises ValueError with what is wrong, never with what it holds."""
    try:
        row = json.loads(line)
    except ValueError:
        raise ValueError("it is no JSON") from None
    if not isinstance(row, dict) or any(not isinstance(one, str | None) for one in row.values()):
        raise ValueError("it is no JSON object of texts")
    if any(one != storable(one) for one in row.values() if one):
        raise ValueError("it holds a character that no table takes")
    unknown = sorted(set(row) - set(NAMES))
    if unknown:
        raise ValueError(f"it has a field that is none of {', '.join(NAMES)}")
    row = {name: (row.get(name) or "").strip() or None for name in NAMES}
    suppressing = row["event_type"] == "suppressed"
    if row["event_type"] not in EVENTS and not suppressing:
        raise ValueError(f"its event_type is none of {', '.join((*EVENTS, 'suppressed'))}")
    moment = _moment(row["occurred_at"])
    key = row["message_key"]
    if row["token"]:
        key = token_key(secret, row["token"]) if secret else None
        if key is None:
            raise ValueError("its token is not sealed with CLM_UNSUBSCRIBE_SECRET")
    identifier = identifier_hash(row)
    is_known = bool(key or row["vendor_id"] or (row["message_id"] and row["customer_id"]))
    if not is_known and not (identifier and (suppressing or row["event_type"] in STOPPING)):
        raise ValueError("it names no message: message_key, token, vendor_id, or message_id and customer_id")
    if suppressing and identifier is None:
        raise ValueError("a suppression needs email, phone or customer_id")
    event = row["event_type"] if is_known and not suppressing else "suppressed"
    said = [event, moment.isoformat(), key, row["vendor_id"], row["message_id"], row["channel"], identifier]
    content = hashlib.sha256(json.dumps(said).encode()).hexdigest()
    return Response(number, row["response_id"] or content, str(event), moment, key, row["vendor_id"], row["message_id"],
                    row["customer_id"], row["campaign_id"], row["channel"], identifier)  # fmt: skip


def _moment(text: str | None) -> datetime:
    """An instant in UTC without a zone; one without an offset is UTC."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        raise ValueError("its occurred_at is no ISO 8601 instant") from None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def identifier_hash(row: dict[str, str | None]) -> str | None:
    """The sha256 of the normalised e-mail or phone, or of the customer id, as suppressions have it."""
    if email := row.get("email"):
        text = email.strip().lower()
    elif phone := row.get("phone"):
        text = "+" + re.sub(r"[^0-9]", "", phone).removeprefix("00")
    elif customer_id := row.get("customer_id"):
        text = customer_id
    else:
        return None
    return hashlib.sha256(text.encode()).hexdigest()


def _add(outbox: Outbox, responses: Sequence[Response], taken: Taken) -> None:
    """Finds whom the messages went to, and appends what is new; refuses what no message of the ledger explains."""
    ledger, warehouse = outbox.ledger, outbox.warehouse
    people = outbox.sync.people
    if people is None:
        raise Stopped(MISCONFIGURED, f"config.meta of the exposure {outbox.sync.name} lacks people.")
    keys = _in(one.message_key for one in responses)
    vendors = _in(one.vendor_id for one in responses)
    with warehouse.transaction():
        rows = warehouse.rows(f"""
            select events.message_key, events.vendor_id, events.channel, events.campaign_id, people.customer_id,
                case when events.channel = 'email' then people.email else people.phone end as address
            from (select distinct message_key, vendor_id, channel, campaign_id, person_key from {ledger.event}
                where op = 'send' and (message_key in ({keys}) or vendor_id in ({vendors}))) as events
            left join {people} as people on events.person_key = people.person_key""")
        known = {row[0] for row in warehouse.rows(
            f"select response_id from {ledger.responses} where response_id in "
            f"({_in(one.response_id for one in responses)})")}  # fmt: skip
    # the row with the vendor's id is the one that was acknowledged
    by_key = {row[0]: row for row in sorted(rows, key=lambda row: row[1] is not None)}
    by_vendor = {row[1]: row for row in rows if row[1] is not None}
    values: list[tuple[tuple[str | None, ...], datetime]] = []
    for one in responses:
        if one.response_id in known:
            taken.known += 1
            continue
        _, vendor_id, sent_over, campaign_id, customer_id, address = (
            by_key.get(one.message_key) or by_vendor.get(one.vendor_id) or (None,) * 6
        )
        is_message = one.event_type != "suppressed"
        channel, message_id = one.channel or sent_over, one.message_id or vendor_id or one.message_key
        if is_message and sent_over is None and not (one.message_id and one.customer_id):
            taken.refused.append((one.line, "the ledger knows no such message"))
        elif is_message and channel is None:
            taken.refused.append((one.line, "it names no channel"))
        else:
            about = (message_id, one.customer_id or customer_id, one.campaign_id or campaign_id, channel)
            hashed = one.identifier_hash
            if one.event_type in ENDING and address is not None:
                hashed = identifier_hash({"email": address if "@" in address else None, "phone": address})
            values.append(((one.response_id, *about, one.event_type, hashed), one.occurred_at))
    if values:
        with warehouse.transaction():
            ledger.add_responses([texts for texts, _ in values], [moment for _, moment in values])
    taken.added += len(values)


def _in(values: Iterable[str | None]) -> str:
    """A list for SQL's `in`, never empty."""
    return ", ".join(sorted({literal(value) for value in values if value})) or "''"
