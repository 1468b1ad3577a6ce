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

    def deliver(self, items: Sequence[Item], journal: Journal) -> dict[str, Outcome]:
        """Sends each row; a row's outcome is on the disk before the next one begins."""
        outcomes = {}
        for item in items:
            if self.refused:
                outcomes[item.key] = Outcome("failed", "not_tried", error_message=self.refused)
            else:
                outcomes[item.key] = self._one(item, self.mail(item.payload), journal)
            journal.settled({item.key: outcomes[item.key]})
        return outcomes

    def _one(self, item: Item, mail: Mail, journal: Journal) -> Outcome:
        try:
            message_id, content = compose(mail, self.sender, item.payload)
            address = recipient(item.payload)
        except (ValueError, UnicodeError):
            return Outcome("dead", "invalid_address")
        self._pace.wait()
        try:
            server = self._server()
            for code, reply in self._envelope(server, parseaddr(self.sender)[1], address):
                if code >= 400:
                    server.rset()
                    return self._rejected(code, reply, item)
        except (smtplib.SMTPException, OSError) as error:
            # nothing was handed over yet
            self._forget()
            return Outcome("failed", "unreachable" if isinstance(error, OSError) else type(error).__name__)
        journal.trying([item])
        try:
            code, reply = server.data(content)
        except smtplib.SMTPDataError as error:
            return self._rejected(int(error.smtp_code), error.smtp_error, item)
        except (smtplib.SMTPException, OSError):
            self._forget()
            return Outcome("unknown", "connection_lost")
        if code >= 400:
            return self._rejected(code, reply, item)
        return Outcome("sent", None, code, message_id)

    def _envelope(self, server: smtplib.SMTP, sender: str, address: str) -> list[tuple[int, bytes]]:
        first = server.mail(sender)
        return [first] if first[0] >= 400 else [first, server.rcpt(address)]

    def _rejected(self, code: int, reply: bytes | str, item: Item) -> Outcome:
        """4xx: not now; 5xx: never. In neither case was the message taken."""
        text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
        reason = redacted(text, [item.payload], self.destination.secrets())
        state, kind = ("failed", "refused_for_now") if code < 500 else ("dead", "refused")
        if code == 421:
            self._forget()
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
