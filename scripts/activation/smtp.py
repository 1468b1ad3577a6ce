"""Delivery over SMTP: one message per person, and what each reply of the server proves."""

from __future__ import annotations

import smtplib
import ssl
import threading
from collections.abc import Callable, Sequence
from email.utils import parseaddr

from activation import MISCONFIGURED, Stopped
from activation.destination import LOOPBACK, Destination, Item, Payload
from activation.http import Pace, redacted
from activation.journal import Journal, Outcome
from activation.mail import Mail, compose, recipient

GOODBYE = 421  # the server closes the connection: it has had enough of it, or goes down


class SmtpTransport:
    """A connection per thread, kept open. `refused` says why no further message makes sense."""

    def __init__(self, destination: Destination, mail: Callable[[Payload], Mail]) -> None:
        self.destination, self.mail = destination, mail
        self.refused: str | None = None
        self.is_paused = False
        self._pace = Pace(destination.rate_per_second)
        self._local = threading.local()
        self._open: list[smtplib.SMTP] = []
        self.sender = str(destination.settings["sender"] or "")
        security = destination.settings["security"] or "starttls"
        if security not in ("starttls", "tls", "none"):
            raise Stopped(MISCONFIGURED, "CLM_SMTP_SECURITY is none of starttls, tls, none.")
        if security == "none" and destination.host() not in LOOPBACK:
            raise Stopped(MISCONFIGURED, "CLM_SMTP_SECURITY is none, which is for servers on this machine only.")
        if "@" not in parseaddr(self.sender)[1]:
            raise Stopped(MISCONFIGURED, "CLM_MAIL_FROM is no e-mail address.")
        self.security = security

    def close(self) -> None:
        for connection in self._open:
            try:
                connection.quit()
            except (smtplib.SMTPException, OSError):
                connection.close()

    def deliver(
        self, items: Sequence[Item], journal: Journal, doubt: Outcome | None = None, content: str | None = None
    ) -> dict[str, Outcome]:
        """Sends each row; a row's outcome is on the disk before the next one begins. Mail is never sent in doubt."""
        outcomes = {}
        for item in items:
            outcomes[item.key] = Outcome("failed", "not_tried", error_message=self.refused)
            if not self.refused:
                try:
                    outcomes[item.key] = self._one(item, self.mail(item.payload), journal)
                except Stopped as problem:  # its template does not fit: before anything went out
                    self.refused = problem.message
            journal.settled({item.key: outcomes[item.key]})
        return outcomes

    def _one(self, item: Item, mail: Mail, journal: Journal) -> Outcome:
        try:
            message_id, content = compose(mail, self.sender, item.payload)
            address = recipient(item.payload)
        except (ValueError, UnicodeError):
            return Outcome("dead", "invalid_address")
        self._pace.wait()
        while True:
            is_kept = getattr(self._local, "server", None) is not None
            try:
                server = self._server()
                refusal = self._envelope(server, parseaddr(self.sender)[1], address)
            except (smtplib.SMTPException, OSError):
                refusal = None
                self._forget()
            else:
                if refusal is None:
                    break
                if refusal[0] == GOODBYE:
                    self._forget()
            # nothing was handed over yet; a connection that was kept may have been closed in the meantime
            if is_kept and not self.refused and (refusal is None or refusal[0] == GOODBYE):
                continue
            if refusal is not None:
                return self._rejected(*refusal, item)
            return Outcome("failed", "rejected_call" if self.refused else "unreachable")
        journal.trying([item])
        code: int
        reply: bytes | str
        try:
            code, reply = server.data(content)
        except smtplib.SMTPDataError as error:
            code, reply = int(error.smtp_code), error.smtp_error
        except (smtplib.SMTPException, OSError):
            self._forget()
            return Outcome("unknown", "connection_lost")
        if code < 400:
            return Outcome("sent", None, code, message_id)
        self._reset(server)
        return self._rejected(code, reply, item)

    def _envelope(self, server: smtplib.SMTP, sender: str, address: str) -> tuple[int, bytes] | None:
        """What the server says against the sender or the recipient. A wrong sender ends the run."""
        code, reply = server.mail(sender)
        if code >= 500:
            self.refused = "The mail server refuses the sender: check CLM_MAIL_FROM and the login."
            raise smtplib.SMTPSenderRefused(code, reply, sender)
        if code < 400:
            code, reply = server.rcpt(address)
        if code < 400:
            return None
        self._reset(server)
        return code, reply

    def _reset(self, server: smtplib.SMTP) -> None:
        """The connection is ready for another message, or given up."""
        try:
            server.rset()
        except (smtplib.SMTPException, OSError):
            self._forget()

    def _rejected(self, code: int, reply: bytes | str, item: Item) -> Outcome:
        """4xx: not now; 5xx: never. In neither case was the message taken."""
        text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
        reason = redacted(text, [item.payload], self.destination.secrets())
        state, kind = ("failed", "refused_for_now") if code < 500 else ("dead", "refused")
        return Outcome(state, kind, code, error_message=reason)

    def _server(self) -> smtplib.SMTP:
        """This thread's connection, made and logged in when it is needed; a wrong login ends the run."""
        kept: smtplib.SMTP | None = getattr(self._local, "server", None)
        if kept is not None:
            return kept
        settings, timeout = self.destination.settings, float(self.destination.timeout_seconds)
        port = int(settings["port"] or {"tls": 465, "starttls": 587, "none": 25}[self.security])
        context = ssl.create_default_context()
        server: smtplib.SMTP | None = None
        try:
            if self.security == "tls":
                server = smtplib.SMTP_SSL(self.destination.host(), port, timeout=timeout, context=context)
            else:
                server = smtplib.SMTP(self.destination.host(), port, timeout=timeout)
            if self.security == "starttls":
                server.starttls(context=context)
            if settings["user"]:
                server.login(settings["user"], settings["password"] or "")
            server.ehlo_or_helo_if_needed()
        except (smtplib.SMTPException, OSError) as error:
            if isinstance(error, smtplib.SMTPAuthenticationError):
                self.refused = "The mail server refuses the login: check CLM_SMTP_USER and CLM_SMTP_PASSWORD."
            elif isinstance(error, smtplib.SMTPNotSupportedError | ssl.SSLError):
                self.refused = "The mail server has no trusted encryption: check CLM_SMTP_SECURITY and its certificate."
            if server is not None:
                server.close()
            raise
        self._local.server = server
        self._open.append(server)
        return server

    def _forget(self) -> None:
        server = getattr(self._local, "server", None)
        if server is not None:
            server.close()
            self._local.server = None
