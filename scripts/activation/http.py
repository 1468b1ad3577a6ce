"""Delivery over HTTP: one request per batch, and what its reply proves about each row."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import stamina
from jinja2 import TemplateError

from activation import Stopped
from activation.destination import Destination, Item
from activation.journal import Journal, Outcome

UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
SPLIT = (400, 409, 413, 422)  # refused as a whole: one bad row must not take the others with it
CONFLICT = 409
UNHEARD = ("unreachable", "rate_limited", "rejected_call", "redirected", "not_tried")  # calls that were not processed
GONE = (404, 410)  # of one message: its address is no more
LONGEST_WAIT = 120.0  # seconds; a vendor that asks for more gets the rest of the rows in a later run
stamina.instrumentation.set_on_retry_hooks([])  # a retry is no news, and what is said is said by us
PERSONAL = re.compile(r"[^\s@\"'<>]+@[^\s@\"'<>]+|\+?[0-9][0-9 ().-]{5,}[0-9]|[0-9a-f]{32,}", re.IGNORECASE)


class Again(Exception):
    """A try that may be repeated: what the rows are if it was the last, and how long to wait."""

    def __init__(self, outcome: Outcome, wait: float | None = None) -> None:
        super().__init__(outcome.error_class)
        self.outcome, self.wait = outcome, wait


class Unproved(Exception):
    """A job that took the rows and does not say what became of them; its text is the error's class."""


class HttpTransport:
    """Calls a destination. `refused` says why no further request makes sense (a wrong key, a long pause)."""

    def __init__(self, destination: Destination) -> None:
        self.destination = destination
        self.refused: str | None = None
        self.is_paused = False
        self._pace = Pace(destination.rate_per_second)
        limits = httpx.Limits(
            max_connections=destination.concurrency, max_keepalive_connections=destination.concurrency
        )
        self._client = httpx.Client(timeout=destination.timeout_seconds, follow_redirects=False, limits=limits,
                                    trust_env=False)  # fmt: skip

    def close(self) -> None:
        self._client.close()

    def deliver(
        self, items: Sequence[Item], journal: Journal, doubt: Outcome | None = None, content: str | None = None
    ) -> dict[str, Outcome]:
        """Sends rows of one operation in one request, or in halves where the vendor refuses the whole.

        doubt: what the rows are if the vendor cannot be asked, because the same request may have arrived before;
        content: the sha256 of that request's content. Another content under its key is never sent.
        """
        if self.refused:
            return self._note(items, doubt or Outcome("failed", "not_tried", error_message=self.refused), journal)
        try:
            request = self.destination.build(items[0].op, items)
        except Stopped as problem:
            self.refused = problem.message
            return self._note(items, doubt or Outcome("failed", "not_tried"), journal)
        if content and hashlib.sha256(request.content).hexdigest() != content:
            return self._note(items, Outcome("unknown", "changed_since"), journal)
        journal.trying(items, request.content)
        outcomes = self._tried(request, items, doubt)
        if len(items) > 1 and all(one.error_class == "refused" for one in outcomes.values()):
            journal.refused(items)
            middle = len(items) // 2
            return self.deliver(items[:middle], journal) | self.deliver(items[middle:], journal)
        journal.settled(outcomes)
        return outcomes

    def _note(self, items: Sequence[Item], outcome: Outcome, journal: Journal) -> dict[str, Outcome]:
        outcomes = dict.fromkeys((item.key for item in items), outcome)
        journal.settled(outcomes)
        return outcomes

    def _tried(self, request: httpx.Request, items: Sequence[Item], doubt: Outcome | None) -> dict[str, Outcome]:
        """The outcome of each row after as many tries as are allowed and proved to be safe."""
        try:
            for attempt in stamina.retry_context(
                on=_backoff, attempts=self.destination.max_tries, timeout=None,
                wait_initial=0.2, wait_max=20.0, wait_jitter=0.5,
            ):  # fmt: skip
                with attempt:
                    try:
                        outcomes = self._once(request, items)
                        if doubt and any(one.http_status == CONFLICT for one in outcomes.values()):
                            raise Again(Outcome("unknown", "conflict", CONFLICT))  # with the one before it
                    except Again as again:
                        doubt = again.outcome if again.outcome.state == "unknown" else doubt
                        raise
                    return {key: _doubted(one, doubt) for key, one in outcomes.items()}
        except Again as last:
            return dict.fromkeys((item.key for item in items), _doubted(last.outcome, doubt))
        raise AssertionError("retry_context ends by returning or raising")

    def _once(self, request: httpx.Request, items: Sequence[Item]) -> dict[str, Outcome]:
        self._pace.wait()
        try:
            response = self._client.send(request)
        except UNSENT:
            raise Again(Outcome("failed", "unreachable")) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()
            return self._doubtful(items, Outcome("unknown", name))
        return self._judged(response, items)

    def _doubtful(self, items: Sequence[Item], outcome: Outcome) -> dict[str, Outcome]:
        """It may have been processed: for ever unknown in the strict class, tried again in the others."""
        if self.destination.guarantee != "strict":
            state = "unknown" if self.destination.guarantee == "idempotent" else "failed"
            raise Again(Outcome(state, outcome.error_class, outcome.http_status))
        return dict.fromkeys((item.key for item in items), outcome)

    def _judged(self, response: httpx.Response, items: Sequence[Item]) -> dict[str, Outcome]:
        code = response.status_code
        if code == 429:
            wait = retry_after(response)
            if wait is not None and wait > LONGEST_WAIT:
                self._pause(wait)
                return dict.fromkeys((item.key for item in items), Outcome("failed", "rate_limited", code))
            raise Again(Outcome("failed", "rate_limited", code), wait)
        request = self.destination.request_for(items[0].op) or {}
        if code in request.get("accepted_status", ()):
            return self._read(response, items)
        if code in SPLIT or (code in GONE and len(items) == 1 and items[0].op == "send"):
            reason = self._redacted(self._body(response), items)
            return dict.fromkeys((item.key for item in items), Outcome("dead", "refused", code, error_message=reason))
        if 400 <= code < 500 and code != 408:
            self.refused = f"{self.destination.name} answers {code} to {items[0].op}: check its URL and credentials."
            return dict.fromkeys((item.key for item in items), Outcome("failed", "rejected_call", code))
        if code >= 500 or code == 408:
            wait = retry_after(response) or 0.0
            outcome = Outcome("unknown", "server_error", code)
            if self.destination.guarantee != "strict" and wait > LONGEST_WAIT:
                self._pause(wait)
            return self._doubtful(items, outcome)
        if 300 <= code < 400:
            self.refused = f"{self.destination.name} redirects elsewhere, which is never followed: correct its URL."
            state = "unknown" if self.destination.guarantee == "strict" else "failed"
            return dict.fromkeys((item.key for item in items), Outcome(state, "redirected", code))
        return self._read(response, items)

    def _pause(self, seconds: float) -> None:
        """Ends the run: the vendor wants to be left alone for longer than a run waits."""
        self.is_paused = True
        self.refused = f"{self.destination.name} asks to wait {seconds:.0f} seconds; run again then."

    def _read(self, response: httpx.Response, items: Sequence[Item]) -> dict[str, Outcome]:
        """A 2xx reply, row by row: nothing is sent that the vendor did not acknowledge."""
        request = self.destination.request_for(items[0].op) or {}
        results = request.get("results") or self.destination.results or {}
        about = {"body": self._body(response), "headers": dict(response.headers), "status": response.status_code}
        try:
            if "poll" in request:
                about = self._polled(request["poll"], about)
            if "accepted" in results and not self.destination.read(results["accepted"], **about):
                return self._unaccepted(results, about, items)
            if "items" not in results:
                vendor_id = self.destination.read(results.get("vendor_id"), **about)
                return dict.fromkeys(
                    (item.key for item in items), Outcome("sent", None, response.status_code, text_or_none(vendor_id))
                )
            return self._by_row(results, about, items)
        except Unproved as job:
            return self._doubtful(items, Outcome("unknown", str(job), response.status_code))
        except (TemplateError, httpx.InvalidURL):
            return self._doubtful(items, Outcome("unknown", "unreadable_reply", response.status_code))

    def _unaccepted(self, results: dict[str, Any], about: dict[str, Any], items: Sequence[Item]) -> dict[str, Outcome]:
        """A 2xx that says no, or says nothing that can be read."""
        if about["body"] is None:
            return self._doubtful(items, Outcome("unknown", "unreadable_reply", about["status"]))
        reason = self._redacted(self.destination.read(results.get("error"), **about), items)
        if self.destination.read(results.get("retry"), **about):
            raise Again(Outcome("failed", "refused_for_now", about["status"], error_message=reason))
        if reason is None and self.destination.guarantee != "upsert":
            return self._doubtful(items, Outcome("unknown", "unacknowledged", about["status"]))
        outcome = Outcome("dead", "refused", about["status"], error_message=reason)
        return dict.fromkeys((item.key for item in items), outcome)

    def _by_row(self, results: dict[str, Any], about: dict[str, Any], items: Sequence[Item]) -> dict[str, Outcome]:
        read, unlisted = self.destination.read, results.get("unlisted", "unknown")
        replies = read(results["items"], **about)
        if not isinstance(replies, list):
            if (
                replies is not None
                or unlisted != "sent"
                or (about["body"] is None and about["status"] not in (202, 204))
            ):
                return self._doubtful(items, Outcome("unknown", "unreadable_reply", about["status"]))
            replies = []
        listed, strangers = self._matched(results, about, items, replies)
        if strangers and unlisted == "sent":
            unlisted = "unknown"  # an item that fits no row may be the error of any
        outcomes = {}
        for item in items:
            if item.key not in listed:
                state = "failed" if unlisted == "unknown" and self.destination.guarantee == "upsert" else unlisted
                outcomes[item.key] = Outcome(state, None if state == "sent" else "unlisted", about["status"])
                continue
            context = {**about, "item": listed[item.key], "row": item.payload, "key": item.key}
            if read(results.get("ok", "{{ true }}"), **context):
                vendor_id = read(results.get("vendor_id"), **context)
                outcomes[item.key] = Outcome("sent", None, about["status"], text_or_none(vendor_id))
            else:
                reason = self._redacted(read(results.get("error"), **context), [item])
                again = bool(read(results.get("retry"), **context))
                state, kind = ("failed", "refused_for_now") if again else ("dead", "refused_row")
                outcomes[item.key] = Outcome(state, kind, about["status"], error_message=reason)
        return outcomes

    def _matched(
        self, results: dict[str, Any], about: dict[str, Any], items: Sequence[Item], replies: list[Any]
    ) -> tuple[dict[str, Any], bool]:
        """The reply of each row, by what both name or by position; and whether a reply fits no row."""
        if "match" not in results:  # as many as rows, or nobody knows whose is missing
            fitting = len(replies) == len(items)
            return dict(zip((item.key for item in items), replies, strict=True)) if fitting else {}, not fitting
        read, match = self.destination.read, results["match"]
        wanted = {
            str(read(match["row"], row=item.payload, key=item.key, index=place, **about)): item.key
            for place, item in enumerate(items)
        }
        named = [(str(read(match["item"], item=one, **about)), one) for one in replies]
        return {wanted[name]: one for name, one in named if name in wanted}, any(n not in wanted for n, _ in named)

    def _polled(self, poll: dict[str, Any], about: dict[str, Any]) -> dict[str, Any]:
        """Asks for the vendor's job until it is done. Raises Unproved when it takes too long or cannot be read."""
        destination = self.destination
        path = destination.path_of(poll["path"], **about)
        deadline = time.monotonic() + poll.get("at_most_seconds", 300)
        while True:
            asked = self._asked(path)
            if asked is not None and destination.read(poll["done"], **asked):
                break
            if time.monotonic() > deadline:
                raise Unproved("job_unfinished")
            time.sleep(poll.get("every_seconds", 5))
        asked["errors"] = destination.read(poll.get("failed_items"), **asked) if "errors_path" not in poll else []
        wanted = "errors_when" not in poll or destination.read(poll["errors_when"], **asked)
        page = destination.path_of(poll["errors_path"], **about) if "errors_path" in poll and wanted else None
        while page is not None:
            listed = self._asked(page)
            failed = None if listed is None else destination.read(poll.get("failed_items"), **listed)
            if listed is None or not isinstance(failed, list):
                raise Unproved("unreadable_reply")
            asked["errors"] += failed
            following = destination.read(poll.get("next_page"), **listed)
            if following and httpx.URL(following).host != httpx.URL(page).host:
                raise Unproved("job_redirected")
            page = following or None
        return asked

    def _asked(self, url: str) -> dict[str, Any] | None:
        """What a GET answers; None where it does not, or not well. Tried again by whoever asks."""
        headers = {name.rstrip("?"): value for name, value in self.destination.meta.get("headers", {}).items()}
        with contextlib.suppress(httpx.HTTPError):
            self._pace.wait()
            response = self._client.send(self.destination.signed(httpx.Request("GET", url, headers=headers)))
            if response.is_success:
                return {
                    "body": self._body(response),
                    "headers": dict(response.headers),
                    "status": response.status_code,
                }
        return None

    def _body(self, response: httpx.Response) -> Any:
        """The JSON of a reply; None where there is none or it was cut off."""
        try:
            return response.json()
        except (ValueError, UnicodeDecodeError):
            return None

    def _redacted(self, said: Any, items: Sequence[Item]) -> str | None:
        """What a vendor says about an error, without anything of the rows, any address and any secret."""
        if said is None:
            return None
        text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
        return redacted(text, [item.payload for item in items], self.destination.secrets())


class Pace:
    """At most so many requests per second, over all threads."""

    def __init__(self, per_second: float | None) -> None:
        self._gap, self._next, self._lock = 1 / per_second if per_second else 0.0, 0.0, threading.Lock()

    def wait(self) -> None:
        if not self._gap:
            return
        with self._lock:
            begin = max(time.monotonic(), self._next)
            self._next = begin + self._gap
        time.sleep(max(0.0, begin - time.monotonic()))


def _doubted(outcome: Outcome, doubt: Outcome | None) -> Outcome:
    """A call that was not heard says nothing of the one before it."""
    return doubt if doubt is not None and outcome.error_class in UNHEARD else outcome


def _backoff(error: Exception) -> bool | float:
    """Whether to try again: after the time the vendor asked for, else after a growing pause."""
    if not isinstance(error, Again):
        return False
    return True if error.wait is None else error.wait


def retry_after(response: httpx.Response) -> float | None:
    """Seconds that Retry-After asks for, as a number or a date; None where there is none or it is no such thing."""
    said = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", said):
        return float(said)
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    return None


def redacted(text: str, payloads: Sequence[dict[str, Any]], secrets: Sequence[str]) -> str:
    """A text without secrets, addresses, and values of the rows that it is about; at most 200 characters."""
    text = storable(text)
    for secret in secrets:
        text = text.replace(secret, "***")
    values = {str(value) for payload in payloads for value in payload.values() if isinstance(value, str)}
    for value in sorted((value for value in values if len(value) > 2), key=len, reverse=True):
        text = re.sub(re.escape(value), "***", text, flags=re.IGNORECASE)
    return PERSONAL.sub("***", text)[:200]


def text_or_none(value: Any) -> str | None:
    return None if value is None else storable(str(value))[:200]


def storable(text: str) -> str:
    """A text without what no warehouse takes: NUL, and halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()
