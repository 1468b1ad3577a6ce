"""A vendor as a YAML file: where its requests go, what they say, how its replies are read."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from uuid import NAMESPACE_URL, uuid5

import httpx
import yaml
from jinja2 import ChainableUndefined, StrictUndefined, TemplateError, Undefined
from jinja2.exceptions import TemplateRuntimeError, TemplateSyntaxError
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import SandboxedEnvironment
from jsonschema import Draft202012Validator

from activation import MISCONFIGURED, Stopped

FOLDER = Path(__file__).parent / "destinations"
SCHEMA = json.loads((Path(__file__).parent / "destination.schema.json").read_text(encoding="utf-8"))
EXPRESSION = re.compile(r"\{\{((?:(?!\}\}).)*)\}\}", re.DOTALL)
# what no text of a destination looks like: long, and letters mixed with digits, as keys are
KEY_LIKE = re.compile(r"(?=[A-Za-z0-9_+/=.-]*[0-9])(?=[A-Za-z0-9_+/=.-]*[A-Za-z])[A-Za-z0-9_+/=.-]{28,}")
QUOTED = re.compile(r"""(["'])(.*?)\1""", re.DOTALL)
NAMES = {"op", "batch_id", "rows", "keys", "row", "key", "settings", "text", "mail"}  # of requests
NAMES |= {"body", "headers", "status", "item", "index", "errors"}  # of replies
NEEDS = {"message": ("send",), "task": ("send",), "state": ("add", "change"), "audience": ("add", "remove")}
LOOPBACK = ("localhost", "127.0.0.1", "::1")
DEFAULTS = {"batch_size": 1, "concurrency": 1, "timeout_seconds": 30, "max_tries": 5, "max_attempts": 5}

Payload = dict[str, Any]


@dataclass(frozen=True)
class Item:
    """One row on its way: its key, the operation and the fields that opted in.

    turn: how often the destination has acknowledged the row before; added again is not the same request as added.
    """

    key: str
    op: str
    payload: Payload
    turn: int = 0

    @cached_property
    def digest(self) -> str:
        """What is sent, as a hash."""
        return hashlib.sha256(json.dumps([self.op, self.payload, self.turn], ensure_ascii=False).encode()).hexdigest()


STRICT = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
READING = SandboxedEnvironment(undefined=ChainableUndefined, autoescape=False)
for _environment in (STRICT, READING):
    _environment.filters["sha256"] = lambda text: hashlib.sha256(str(text).encode()).hexdigest()
    _environment.filters["quoted"] = lambda text: quote(str(text), safe="")  # as one part of a path


def no_mail(_: Payload) -> Any:
    """Texts of e-mails are the business of whoever sends them."""
    raise Stopped(MISCONFIGURED, "This destination sends e-mail, and nothing was given that writes one.")


@dataclass
class Destination:
    """A checked destination with its settings. Secrets live in `environment`, nowhere else."""

    meta: dict[str, Any]
    text: Callable[[Payload], str] = field(default=lambda _: "")
    mail: Callable[[Payload], Any] = field(default=no_mail)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def __getattr__(self, name: str) -> Any:
        """A key of the file, or its default."""
        try:
            return self.meta.get(name, DEFAULTS.get(name))
        except RecursionError:
            raise AttributeError(name) from None

    @cached_property
    def settings(self) -> dict[str, str | None]:
        names = self.meta.get("settings", {})
        return {key: self.environment.get(name.rstrip("?")) or None for key, name in names.items()}

    @cached_property
    def version(self) -> str:
        return hashlib.sha256(json.dumps(self.meta, sort_keys=True).encode()).hexdigest()[:12]

    def missing(self) -> list[str]:
        """Environment variables that must be set and are not."""
        auth = self.meta.get("auth", {})
        wanted = [name for name in self.meta.get("settings", {}).values() if not name.endswith("?")]
        wanted += [auth["bearer"]] if "bearer" in auth else []
        wanted += [*auth.get("basic", []), *auth.get("query", {}).values()]
        wanted += [value.rpartition("$")[2] for value in auth.get("headers", {}).values()]
        wanted += [auth["signature"]["secret"]] if "signature" in auth else []
        return sorted({name for name in wanted if not self.environment.get(name)})

    def secrets(self) -> list[str]:
        """Values that must never be seen: what the file names under auth, and settings named like secrets."""
        names = re.findall(r"[A-Z][A-Z0-9_]{2,}", json.dumps(self.meta.get("auth", {})))
        names += [
            name.rstrip("?")
            for key, name in self.meta.get("settings", {}).items()
            if re.search("secret|password|token|key", key)
        ]
        return [value for name in names if len(value := self.environment.get(name, "")) > 3]

    def host(self) -> str:
        """The host that is called."""
        if self.transport == "smtp":
            return str(self.settings["host"] or "")
        return urlsplit(self._text(self.base_url, {})).hostname or ""

    def is_local(self) -> bool:
        return self.host() in LOOPBACK

    def request_for(self, op: str) -> dict[str, Any] | None:
        requests: dict[str, Any] = self.meta.get("requests", {})
        return requests.get(op)

    def can_name(self, item: Item) -> bool:
        """Whether a row has what the vendor knows people by."""
        names = [name for name in self.identifiers or () if name in item.payload]
        return not names or any(item.payload[name] is not None for name in names)

    def size(self, op: str) -> int:
        """Rows per request of an operation."""
        return int((self.request_for(op) or {}).get("batch_size", self.batch_size))

    # -- from rows to a request

    def build(self, op: str, items: Sequence[Item]) -> httpx.Request:
        """The request of a batch: the same bytes for the same rows. Stops (2) when a template does not fit them."""
        request = self.request_for(op) or {}
        context = {"op": op, "batch_id": batch_id(items), "rows": [item.payload for item in items]}
        context |= {"keys": [item.key for item in items]}
        try:
            body = self._filled(request.get("body"), context)
            url = self._text(self.base_url, {}) + self._text(request["path"], context)
            query = self._filled(request.get("query", {}), context)
            headers = self._filled({**self.meta.get("headers", {}), **request.get("headers", {})}, context)
            headers = {name: str(value) for name, value in headers.items()}
        except TemplateError as error:
            raise Stopped(MISCONFIGURED, f"The destination {self.name} does not fit its rows: {error}") from error
        content = b""
        if body is not None and request.get("encoding") == "form":
            parts = {k: json.dumps(v) if isinstance(v, dict) else v for k, v in body.items() if v is not None}
            content = urlencode(parts, doseq=True).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        elif body is not None:
            content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
            headers["Content-Type"] = headers.get("Content-Type", "application/json")
        if self.idempotency_header:
            headers[self.idempotency_header] = str(context["batch_id"])
        return self.signed(httpx.Request(request.get("method", "POST"), url, params=query or None,
                                         headers=headers, content=content))  # fmt: skip

    def signed(self, request: httpx.Request) -> httpx.Request:
        """The request with what proves who sends it."""
        auth, env = self.meta.get("auth", {}), self.environment
        if "bearer" in auth:
            request.headers["Authorization"] = f"Bearer {env.get(auth['bearer'], '')}"
        if "basic" in auth:
            pair = httpx.BasicAuth(*(env.get(name, "") for name in auth["basic"]))
            request = next(pair.auth_flow(request))
        for name, value in auth.get("headers", {}).items():
            prefix, _, variable = value.rpartition("$")
            request.headers[name] = prefix + env.get(variable, "")
        if "query" in auth:
            request.url = request.url.copy_merge_params({n: env.get(v, "") for n, v in auth["query"].items()})
        if "signature" in auth:
            stamp = str(int(time.time()))
            secret = env.get(auth["signature"]["secret"], "").encode()
            signature = hmac.new(secret, f"{stamp}.".encode() + request.content, hashlib.sha256).hexdigest()
            request.headers[auth["signature"]["timestamp_header"]] = stamp
            request.headers[auth["signature"]["header"]] = signature
        return request

    def _filled(self, template: Any, context: Mapping[str, Any]) -> Any:
        """A template with its expressions replaced; an expression alone keeps its type."""
        if isinstance(template, str):
            whole = EXPRESSION.fullmatch(template)
            return self._value(whole[1], context, STRICT) if whole else self._text(template, context)
        if isinstance(template, list):
            return [self._filled(one, context) for one in template]
        if not isinstance(template, dict):
            return template
        if set(template) == {"$rows"}:
            pairs = zip(context["rows"], context["keys"], strict=True)
            return [self._filled(template["$rows"], {**context, "row": row, "key": key}) for row, key in pairs]
        filled = {name: self._filled(value, context) for name, value in template.items()}
        return {n.removesuffix("?"): v for n, v in filled.items() if v is not None or not n.endswith("?")}

    def _text(self, template: str, context: Mapping[str, Any]) -> str:
        values = (self._value(found[1], context, STRICT) for found in EXPRESSION.finditer(template))
        return EXPRESSION.sub(lambda _: str("" if (value := next(values)) is None else value), template)

    def _value(self, expression: str, context: Mapping[str, Any], environment: SandboxedEnvironment) -> Any:
        """An expression's value; what is undefined is an error, unless a reply is read."""
        compiled = _compiled(environment, expression)
        try:
            value = compiled(**context, settings=self.settings, text=self.text, mail=self.mail)
            if isinstance(value, StrictUndefined):
                str(value)  # raises
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            # its own message may repeat a value of the row
            raise TemplateRuntimeError(f"{type(error).__name__} in {{{{{' '.join(expression.split())}}}}}") from error
        return None if isinstance(value, Undefined) else value

    def path_of(self, path: str, **context: Any) -> str:
        """The URL of a path that names parts of a reply."""
        return self._text(self.base_url, {}) + self._text(path, context)

    def read(self, expression: str | None, **context: Any) -> Any:
        """What an expression of `results` makes of a reply; None where the reply lacks it. Raises TemplateError."""
        return None if expression is None else self._value(expression.strip()[2:-2], context, READING)


_CACHE: dict[tuple[int, str], Any] = {}


def _compiled(environment: SandboxedEnvironment, expression: str) -> Any:
    key = (id(environment), expression)
    if key not in _CACHE:
        _CACHE[key] = environment.compile_expression(expression, undefined_to_none=False)
    return _CACHE[key]


def batch_id(items: Sequence[Item]) -> str:
    """UUIDv5 of the members and what they say: the same rows are the same batch, whoever sends it and when."""
    return str(uuid5(NAMESPACE_URL, "\n".join(f"{item.key}/{item.digest}" for item in items)))


class Loader(yaml.SafeLoader):
    """YAML without its traps: a key that is there twice or is no text is an error, and a date stays text."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [str(key.value) for key, _ in node.value]
        tags = {key.tag.rpartition(":")[2] for key, _ in node.value}
        if len(keys) != len(set(keys)) or tags - {"str", "merge"}:
            raise yaml.constructor.ConstructorError(None, None, "keys", node.start_mark)
        return super().construct_mapping(node, deep)


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(name: str, folder: Path | None = None) -> Destination:
    """The destination of that name or file. Stops (2) with the place of what is wrong in its file."""
    path = Path(name)
    if path.suffix not in (".yml", ".yaml"):
        candidates = [at / f"{name}.yml" for at in (folder, FOLDER) if at]
        path = next((one for one in candidates if one.is_file()), candidates[-1])
    try:
        found = yaml.load(path.read_text(encoding="utf-8"), Loader)
    except FileNotFoundError:
        known = ", ".join(sorted(one.stem for one in FOLDER.glob("*.yml")))
        raise Stopped(MISCONFIGURED, f"There is no destination {name}; the project has {known}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        # no word of the error itself: it repeats the line, which may hold a secret
        mark = getattr(error, "problem_mark", None)
        at = f", line {mark.line + 1}" if mark else ""
        raise Stopped(MISCONFIGURED, f"{path.name}{at}: no YAML, or a key that is there twice.") from None
    problem = _problem(found)
    if problem:
        raise Stopped(MISCONFIGURED, f"{path.name}: {problem}.")
    return Destination(found)


def _problem(found: Any) -> str | None:
    """What is wrong with a file, without repeating any value of it."""
    for broken in sorted(Draft202012Validator(SCHEMA).iter_errors(found), key=lambda e: list(map(str, e.path))):
        at = ".".join(map(str, broken.path)) or "the file"
        if broken.validator == "required":
            return f"{at}: {broken.message}"  # names a key of the schema
        if broken.validator == "additionalProperties":
            known = ", ".join(broken.schema.get("properties", {}))
            return f"{at} has a key that the schema does not know; it knows {known}"
        advice = broken.schema.get("description", "").rstrip(".")
        return f"{at} breaks the rule `{broken.validator}` of the schema" + (f" ({advice})" if advice else "")
    for at, text in _texts(found):
        problem = _problem_of_text(text)
        if problem:
            return f"{at} {problem}"
    requests = found.get("requests", {})
    for kind in found["kinds"] if found["transport"] == "http" else ():
        missing = [op for op in NEEDS[kind] if op not in requests]
        if missing:
            return f"the kind {kind} needs the request {' and '.join(missing)}"
    return None


def _problem_of_text(text: str) -> str | None:
    outside = EXPRESSION.sub(" ", text)
    suspects = outside.split("/") if outside.startswith(("/", "https://")) else [outside]
    for found in EXPRESSION.finditer(text):
        suspects += [literal for _, literal in QUOTED.findall(found[1])]
        try:
            _compiled(STRICT, found[1])
            unknown = find_undeclared_variables(STRICT.parse(f"{{{{{found[1]}}}}}")) - NAMES
        except TemplateSyntaxError:
            return "has an expression that Jinja cannot read"
        if unknown:
            return f"has an expression with a name that is not known; known are {', '.join(sorted(NAMES))}"
    if any(KEY_LIKE.search(suspect) for suspect in suspects):
        return "looks like a secret; name an environment variable"
    if re.search(r"\{\{|\}\}|\{%|\{#", outside):
        return "has half an expression, or Jinja that is none: only {{ }} is read"
    return None


def _texts(value: Any, at: str = "") -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [found for name, one in value.items() for found in _texts(one, f"{at}.{name}".strip("."))]
    if isinstance(value, list):
        return [found for place, one in enumerate(value) for found in _texts(one, f"{at}.{place}".strip("."))]
    return [(at, value)] if isinstance(value, str) else []
