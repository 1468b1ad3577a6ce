"""Receivers of the tests' own on loopback: a hostile HTTP vendor and a mail server. They count what they took."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

# what a hostile receiver does instead of answering well, and how often
HOSTILE = {"busy": 0.05, "accepted_then_503": 0.03, "hang": 0.01, "truncated": 0.01, "reset": 0.01, "refused_503": 0.01}


@dataclass
class HttpReceiver:
    """Takes JSON batches as the destination `webhook` sends them, or forms; remembers every row it processed.

    behave: how a request is treated, from `HOSTILE` and "ok"; by chance with a seed, unless it is given.
    is_bad: rows that it refuses. whole: refuses the batch of such a row (409) instead of the row.
    """

    seed: int = 0
    chances: dict[str, float] = field(default_factory=dict)
    is_bad: Callable[[str], bool] = lambda _: False
    whole: bool = False
    knows_keys: bool = True
    hang_seconds: float = 1.5
    later: int = 0  # what the answer "later" asks for
    says: bytes = b'{"error": "no"}'  # the body of an answer that is a number
    behave: Callable[[Any], str] | None = None
    processed: Counter[str] = field(default_factory=Counter)
    rows: list[dict[str, Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)

    def __enter__(self) -> HttpReceiver:
        receiver = self
        self._random, self._lock = random.Random(self.seed), threading.Lock()
        self._answered: dict[str, tuple[int, bytes]] = {}

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                receiver._handle(self)

            do_GET = do_PUT = do_PATCH = do_DELETE = do_POST

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/in"

    def _handle(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        with self._lock:
            self.requests.append({"path": request.path, "headers": dict(request.headers.items()), "body": body})
            what = self.behave(body) if self.behave else self._chance()
            self.answers[what] += 1
            key = request.headers.get("Idempotency-Key")
            status, reply = 200, b"{}"
            if what in ("ok", "accepted_then_503", "hang", "truncated", "reset"):
                status, reply = self._process(body, key)
        if what == "busy":
            return self._answer(request, 429, b"{}", {"Retry-After": "0"})
        if what == "later":
            return self._answer(request, 429, b"{}", {"Retry-After": str(self.later)})
        if what in ("accepted_then_503", "refused_503"):
            return self._answer(request, 503, b"oops")
        if what == "hang":
            time.sleep(self.hang_seconds)
        if what in ("reset", "hang"):
            request.close_connection = True
            request.connection.close()
            return None
        if what == "redirect":
            return self._answer(request, 307, b"", {"Location": "http://127.0.0.2:9/elsewhere"})
        if what.isdigit():
            return self._answer(request, int(what), self.says)
        return self._answer(request, status, reply, cut=what == "truncated")

    def _answer(
        self,
        request: BaseHTTPRequestHandler,
        status: int,
        body: bytes,
        more: dict[str, str] | None = None,
        cut: bool = False,
    ) -> None:
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body) + (10 if cut else 0)))
        for name, value in (more or {}).items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)
        if cut:
            request.close_connection = True

    def _chance(self) -> str:
        drawn, below = self._random.random(), 0.0
        for what, share in self.chances.items():
            below += share
            if drawn < below:
                return what
        return "ok"

    def _process(self, body: bytes, key: str | None) -> tuple[int, bytes]:
        """Takes the rows once: a key that it knows gets the answer of the first time."""
        if self.knows_keys and key is not None and key in self._answered:
            return self._answered[key]
        rows = json.loads(body)["rows"]
        if self.whole and any(self.is_bad(row["key"]) for row in rows):
            return 409, b'{"error": "a row is bad"}'
        results = []
        for row in rows:
            bad = self.is_bad(row["key"])
            if not bad:
                self.processed[row["key"]] += 1
                self.rows.append({**row, "operation": json.loads(body)["operation"]})
            results.append({"key": row["key"], "status": 422 if bad else 200})
        status = 207 if any(one["status"] != 200 for one in results) else 200
        answer = (status, json.dumps({"results": results}).encode())
        if key is not None:
            self._answered[key] = answer
        return answer


def share_of(key: str, share: float) -> bool:
    """Whether a key is in a share that is the same in every run."""
    return int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) < share * 0xFFFFFFFF


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class MailReceiver:
    """A mail server with TLS and login, if asked; remembers what it took, and misbehaves by chance."""

    login: tuple[str, str] | None = None
    security: str = "none"
    seed: int = 0
    busy: float = 0.0  # 451 to a recipient
    lost: float = 0.0  # takes the message, and closes without a word
    per_connection: int = 0  # so many messages, then `goodbye`
    goodbye: str = "421 enough for one connection"  # "": closes without a word
    is_full: Callable[[], bool] = lambda: False  # whether it refuses the content of a message for now
    senders: str = ""  # whose messages it takes; "": anybody's
    is_bad: Callable[[str], bool] = lambda _: False
    messages: list[tuple[str, bytes]] = field(default_factory=list)

    def __enter__(self) -> MailReceiver:
        self._random = random.Random(self.seed)
        self.authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert("localhost").configure_cert(context)
        common: dict[str, Any] = {"hostname": "127.0.0.1", "port": free_port(), "ready_timeout": 10}
        own: dict[str, Any] = {"loop": None, "enable_SMTPUTF8": True}
        if self.login:
            own |= {"authenticator": self._authenticate, "auth_required": True,
                    "auth_require_tls": self.security == "starttls"}  # fmt: skip
        if self.security == "starttls":
            own |= {"tls_context": context, "require_starttls": True}
        receiver = self

        class Choosy(SMTP):
            async def smtp_DATA(self, arg: str) -> None:
                if receiver.is_full():
                    await self.push("452 no room")
                else:
                    await super().smtp_DATA(arg)

        class Listening(Controller):
            def factory(self) -> SMTP:
                return Choosy(receiver, **{k: v for k, v in own.items() if k != "loop"}, loop=self.loop)

        self._controller = Listening(self, ssl_context=context if self.security == "tls" else None, **common)
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def port(self) -> int:
        return int(self._controller.port)

    def certificate(self, folder: Path) -> Path:
        """The authority that vouches for this server."""
        file = folder / "authority.pem"
        self.authority.cert_pem.write_to_path(str(file))
        return file

    def counts(self) -> Counter[str]:
        """Messages by their Message-ID's key."""
        ids = (message_from_bytes(content)["Message-ID"] for _, content in self.messages)
        return Counter(str(one).strip("<>").partition("@")[0] for one in ids)

    def _authenticate(self, _server: SMTP, _session: Session, _envelope: Envelope, _kind: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self.login, handled=False)

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.senders not in address:
            return "553 you are none of ours"
        taken = getattr(session, "taken", 0)
        if self.per_connection and taken >= self.per_connection:
            if not self.goodbye:
                assert server.transport is not None
                server.transport.close()
            return self.goodbye
        session.taken = taken + 1  # type: ignore[attr-defined]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _: Any) -> str:
        if self.is_bad(address):
            return f"550 no mailbox {address} here"
        if self._random.random() < self.busy:
            return "451 try later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.messages.append((envelope.rcpt_tos[0], envelope.content))
        if self._random.random() < self.lost:
            assert server.transport is not None
            server.transport.close()
            await asyncio.sleep(0)
        return "250 taken"
