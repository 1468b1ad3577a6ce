"""Texts of messages: templates per campaign and language, and the e-mail around them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.header import Header
from email.utils import formataddr, formatdate, parseaddr
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined, Template, TemplateError, TemplateNotFound
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup, escape

from activation import MISCONFIGURED, Stopped
from activation.destination import Payload

FOLDER = Path(__file__).parent / "templates"
MAILBOX = re.compile(r"[^\s@<>(),;:\"\\\[\]\x00-\x1f]{1,64}@[^\s@<>(),;:\"\\\[\]\x00-\x1f]{1,255}")
KEY = re.compile(r"[A-Za-z0-9_.-]{1,200}")
LANGUAGE = re.compile(r"[a-z]{2}")


@dataclass(frozen=True)
class Mail:
    """One rendered e-mail: subject, plain text, HTML, and the headers that let people leave with one click."""

    subject: str
    text: str
    html: str
    headers: dict[str, str] = field(default_factory=dict)


class Templates:
    """Finds and renders `<template>.<language>.txt`, or the default, in the language or in English.

    A template's first line is `Subject: …`; `<template>.<language>.html` beside it replaces the plain layout.
    """

    def __init__(self, settings: Mapping[str, str | None], folder: Path | None = None) -> None:
        self.settings = settings
        folders = [FileSystemLoader(at) for at in (folder, FOLDER) if at]
        self._environment = SandboxedEnvironment(loader=ChoiceLoader(folders), undefined=StrictUndefined,
                                                 autoescape=False, trim_blocks=True, lstrip_blocks=True)  # fmt: skip
        self._found = lru_cache(maxsize=None)(self._find)

    def text(self, row: Payload) -> str:
        """The text of a short message (SMS, push): the template without its subject."""
        return self._parts(row, "short")[1]

    def mail(self, row: Payload) -> Mail:
        """The e-mail of a row. Stops (2) when a template does not fit it."""
        leave = unsubscribe_link(self.settings, row)
        footer = {"postal_address": self.settings.get("postal_address") or "", "unsubscribe_url": leave}
        subject, body = self._parts(row, "mail", **footer)
        page = self._found(str(row.get("template") or "default"), language(row), ("html",))
        if page is None:
            page = self._environment.get_template("layout.html")
        values = {**row, **footer, "subject": subject, "language": language(row)}
        safe = {name: escape(one) if isinstance(one, str) else one for name, one in values.items()}
        html = self._rendered(page, {**safe, "paragraphs": paragraphs(body)})
        text = self._rendered(self._environment.get_template("layout.txt"), {**values, "body": body})
        headers = {"List-Unsubscribe": f"<{leave}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        return Mail(subject, text, html, headers)

    def _parts(self, row: Payload, form: str, **more: str) -> tuple[str, str]:
        row = {name: _line(value) if isinstance(value, str) else value for name, value in row.items()}
        suffixes = ("txt",) if form == "mail" else (form, "txt")
        template = self._found(str(row.get("template") or "default"), language(row), suffixes)
        if template is None:
            raise Stopped(MISCONFIGURED, f"There is no template {row.get('template')} and no default.")
        rendered = self._rendered(template, {**row, **more, "language": language(row)})
        first, _, body = rendered.strip().partition("\n")
        if first.lower().startswith("subject:"):
            return " ".join(first.partition(":")[2].split()), body.strip()
        return "", rendered.strip()

    def _rendered(self, template: Template, values: Mapping[str, Any]) -> str:
        try:
            return template.render(values)
        except TemplateError as error:
            raise Stopped(MISCONFIGURED, f"The template {template.name} does not fit its rows: {error}") from error
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            # its own message may repeat a value of the row
            kind = type(error).__name__
            raise Stopped(MISCONFIGURED, f"The template {template.name} does not fit its rows: {kind}.") from None

    def _find(self, name: str, lang: str, suffixes: tuple[str, ...]) -> Template | None:
        """The template of a name, else the default; in the language, else in English."""
        names = [re.sub(r"[^A-Za-z0-9_-]", "", name), *(["default"] if suffixes != ("html",) else [])]
        for candidate in (
            f"{one}.{spoken}.{suffix}" for one in names for suffix in suffixes for spoken in (lang, "en")
        ):
            try:
                return self._environment.get_template(candidate)
            except TemplateNotFound:
                continue
            except TemplateError as error:
                raise Stopped(MISCONFIGURED, f"The template {candidate} is no Jinja: {error}") from error
        return None


def language(row: Payload) -> str:
    """The two letters of the person's language; English where it is not known."""
    found = LANGUAGE.match(str(row.get("language") or "").lower())
    return found[0] if found else "en"


def paragraphs(text: str) -> list[Markup]:
    """The paragraphs of a plain text, escaped."""
    return [escape(part).replace("\n", Markup("<br>\n")) for part in re.split(r"\n\s*\n", text)]


def unsubscribe_link(settings: Mapping[str, str | None], row: Payload) -> str:
    """The address where one click ends these messages: a token that says nothing and cannot be made up."""
    secret = settings.get("unsubscribe_secret") or ""
    url = settings.get("unsubscribe_url") or ""
    token = unsubscribe_token(secret, str(row.get("message_key") or ""))
    return url.replace("{token}", token) if "{token}" in url else f"{url}{'&' if '?' in url else '?'}t={token}"


def unsubscribe_token(secret: str, message_key: str) -> str:
    """The message's key and a seal over it: `ingest` reads whom it means in the ledger."""
    seal = hmac.new(secret.encode(), message_key.encode(), hashlib.sha256).digest()[:12]
    return f"{message_key}.{base64.urlsafe_b64encode(seal).decode().rstrip('=')}"


def token_key(secret: str, token: str) -> str | None:
    """The message key of a token; None where the seal is not ours."""
    key = token.partition(".")[0]
    return key if hmac.compare_digest(unsubscribe_token(secret, key).encode(), token.encode()) else None


def compose(mail: Mail, sender: str, row: Payload) -> tuple[str, bytes]:
    """(Message-ID, the message as mail servers take it): multipart, with an id that follows from its key.

    Put together by hand, for the library's generator takes longer than sending does; a header stays on one line, for a
    long link that is folded is encoded, and no reader follows it.

    Raises ValueError when the address is none, its part before the @ is not ASCII, or the key is none.
    """
    name, address = parseaddr(sender)
    if not KEY.fullmatch(str(row["message_key"])):
        raise ValueError("no key")
    message_id = f"<{row['message_key']}@{address.rpartition('@')[2]}>"
    boundary = f"clm-{row['message_key']}"
    headers = {
        "From": mailbox(name, address),
        "To": mailbox(_line(str(row.get("full_name") or "")), recipient(row)),
        "Subject": encoded(_line(mail.subject)),
        "Message-ID": message_id,
        "Date": formatdate(usegmt=True),
        "Auto-Submitted": "auto-generated",
        **mail.headers,
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative; boundary="{boundary}"',
    }
    lines = [f"{header}: {value}" for header, value in headers.items()]
    for kind, content in (("plain", mail.text), ("html", mail.html)):
        lines += ["", f"--{boundary}", f"Content-Type: text/{kind}; charset=utf-8", "Content-Transfer-Encoding: base64"]
        lines += ["", base64.encodebytes(content.encode()).decode().rstrip("\n")]
    lines += ["", f"--{boundary}--", ""]
    return message_id, "\n".join(lines).replace("\n", "\r\n").encode("ascii")


def recipient(row: Payload) -> str:
    """The address of a row, its domain in ASCII. Raises ValueError when it is none."""
    address = str(row.get("address") or "")
    user, _, domain = address.rpartition("@")
    if not MAILBOX.fullmatch(address) or not user.isascii():
        raise ValueError("no address")
    return f"{user}@{domain.encode('idna').decode()}"


def mailbox(name: str, address: str) -> str:
    """`Name <address>`, the name quoted or encoded where it has to be."""
    if not name:
        return address
    return f"{encoded(name)} <{address}>" if not name.isascii() else formataddr((name, address))


def encoded(text: str) -> str:
    """A header's text; what is not ASCII as encoded words."""
    return text if text.isascii() else Header(text, "utf-8", maxlinelen=76).encode()


def _line(text: str) -> str:
    """A text on one line: no header can be smuggled in."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text).strip()
