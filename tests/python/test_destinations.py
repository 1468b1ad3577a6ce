"""Destinations: every file loads, its requests are what the vendors' contracts say, its replies are read row by row."""

from __future__ import annotations

import copy
import functools
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
import yaml
from conftest import PROJECT
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

sys.path.insert(0, str(PROJECT / "scripts"))

from activation import Stopped
from activation.destination import FOLDER, KEY_LIKE, NEEDS, Destination, Item, Payload, load
from activation.http import Again, HttpTransport, Pace

CONTRACTS = Path(os.environ.get("CLM_CONTRACTS", PROJECT.parent / "shared" / "contracts"))
NAMES = sorted(path.stem for path in FOLDER.glob("*.yml"))
LONG = "春天的新品，为您准备好了。" * 150
TRICKY = "O'Brien \"d'Or\" </b> {{ 97*9973 }} 王小明 👩‍👧 \\ \t"

MESSAGE: Payload = {
    "message_key": "m-0001", "customer_id": "C 1/7", "campaign_id": "win_back", "channel": "email", "variant": "a",
    "wave": "1", "offer": "10 %", "template": "win_back_a", "address": "o'brien+vip@example.com", "full_name": TRICKY,
    "language": "zh", "segment": "cant_lose", "favourite_category": "Küche", "recommended_product_ids": "P1,P2",
    "send_after": "2024-05-01T09:00:00Z", "send_before": "2024-05-01T20:00:00Z",
}  # fmt: skip
PROFILE: Payload = {
    "profile_key": "C 1/7", "customer_id": "C 1/7", "email": "o'brien@example.com", "phone": "+8613800138000",
    "full_name": TRICKY, "language": "zh", "country": "CN", "city": "上海", "owner_id": "77", "member_tier": "gold",
    "lifecycle_stage": "active", "segment": "champions", "recency_score": 5, "frequency_score": 5, "monetary_score": 4,
    "first_purchase_on": "2020-01-31", "last_purchase_on": "2024-02-29", "purchase_count": 12,
    "net_revenue_amount": "1234.50", "churn_risk": "high", "predicted_value_amount": "99.99",
    "next_expected_purchase_on": "2024-06-30", "favourite_category": "Küche", "recommended_product_ids": "P1,P2",
    "tags": "vip,子女", "contact_status": "reachable",
}  # fmt: skip
AUDIENCE: Payload = {
    "audience_key": "a-1", "customer_id": "C 1/7", "campaign_id": "win_back", "channel": "google",
    "email_sha256_google": "a" * 64, "email_sha256_meta": "b" * 64, "phone_sha256_google": "c" * 64,
    "phone_sha256_meta": "d" * 64,
}  # fmt: skip
TASK: Payload = {
    "message_key": "t-0001", "customer_id": "C 1/7", "campaign_id": "call", "channel": "task", "owner_id": "77",
    "due_on": "2024-05-02", "title_en": "Call O'Brien", "title_zh": "致电王小明", "instructions_en": TRICKY,
    "instructions_zh": LONG, "full_name": TRICKY, "email": "o'brien@example.com", "phone": "+8613800138000",
    "segment": "cant_lose", "lifecycle_stage": "at_risk", "offer": None,
}  # fmt: skip
ROWS: dict[str, Payload] = {
    "message": MESSAGE,
    "state": PROFILE,
    "audience": AUDIENCE,
    "task": TASK,
    "erase": {"customer_id": "C 1/7"},
}
ALWAYS = {"message_key", "profile_key", "audience_key", "customer_id", "campaign_id", "channel", "address", "due_on"}

VALUES = {
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_MESSAGING_SERVICE_SID": "MG" + "0" * 32,
    "SALESFORCE_INSTANCE_URL": "https://clm.my.salesforce.com",
    "BRAZE_REST_ENDPOINT": "https://rest.fra-01.braze.eu",
    "CLM_WEBHOOK_URL": "https://hooks.example.com/clm",
    "CLM_MAIL_FROM": '"Laden Süd" <shop@example.com>',
    "CLM_SMTP_HOST": "mail.example.com",
    "META_AUDIENCE_ID": "6001",
    "OWN_CRM_URL": "https://crm.example.com",  # of the example in the docs
}
# what the vendors' pages say of one request: rows, bytes
LIMITS = {
    "braze": (75, None), "google_customer_match": (10_000, None), "hubspot": (100, None), "hubspot_tasks": (100, None),
    "jiandaoyun": (100, None), "jiandaoyun_tasks": (100, None), "klaviyo": (10_000, 5_000_000),
    "meta_custom_audience": (10_000, None), "salesforce": (200, None),
}  # fmt: skip
BRAZE_DELETE = 50


class Environment(dict[str, str]):
    """Every variable is set, to something that tells where it came from."""

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name, VALUES.get(name, f"value of {name}"))


def text_of(row: Payload) -> str:
    return f"{row['customer_id']}: {LONG[:200]} 👋 O'Brien & Söhne"


def mail_of(row: Payload) -> Any:
    headers = {"List-Unsubscribe": "<https://shop.example.com/u/1>", "List-Unsubscribe-Post": "One-Click"}
    headers |= {"To": "not this one"}
    return SimpleNamespace(subject=f"👋 {row['offer']}", text=LONG, html=f"<p>{LONG}</p>", headers=headers)


@functools.cache
def meta_of(name: str) -> dict[str, Any]:
    return load(name).meta


def destination(name: str) -> Destination:
    return Destination(copy.deepcopy(meta_of(name)), text_of, mail_of, Environment())


def bare(name: str) -> Destination:
    """With no more variables than it cannot do without."""
    needed = Destination(meta_of(name), environment={}).missing()
    values = {name: VALUES.get(name, f"value of {name}") for name in needed}
    return Destination(copy.deepcopy(meta_of(name)), text_of, mail_of, values)


def kinds_of(loaded: Destination, op: str) -> list[str]:
    """Whose rows a request is made of."""
    return ["erase"] if op == "erase" else [kind for kind in loaded.kinds if op in NEEDS[kind]]


def hard_rows(kind: str, count: int = 3) -> list[Payload]:
    """Rows of a kind: one full, one with a long text everywhere it may be, one of NULLs; then over again."""
    full = ROWS[kind]
    long = {name: LONG if name == "full_name" else value for name, value in full.items()}
    nulls = {name: value if name in ALWAYS else None for name, value in full.items()}
    kept = [full, long, nulls]
    return [{**kept[at % 3], "customer_id": f"C {at}/7"} for at in range(count)]


def items_of(op: str, rows: list[Payload]) -> list[Item]:
    return [Item(f"k{at}", op, row) for at, row in enumerate(rows)]


REQUESTS = [(name, op) for name in NAMES for op in meta_of(name).get("requests", {})]


def body_of(request: httpx.Request) -> Any:
    """What is said, whatever the encoding; form fields keep their texts."""
    if not request.content:
        return None
    if request.headers["Content-Type"] == "application/x-www-form-urlencoded":
        pairs = parse_qs(request.content.decode(), keep_blank_values=True, strict_parsing=True)
        return {name: values[0] for name, values in pairs.items()}
    return json.loads(request.content)


def leaves(value: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value of a JSON text with where it stands."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from leaves(one, (*at, name))
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one, at)
    else:
        yield at, value


# -- (a) the files


@pytest.mark.parametrize("name", NAMES)
def test_a_file_loads_and_is_named_like_its_destination(name: str) -> None:
    loaded = load(name)
    text = (FOLDER / f"{name}.yml").read_text(encoding="utf-8")
    assert loaded.meta["name"] == name
    assert [word for word in re.split(r"[\s/.=]+", text) if KEY_LIKE.search(word)] == []
    for kind in loaded.kinds if loaded.transport == "http" else ():
        assert all(loaded.request_for(op) for op in NEEDS[kind])


@pytest.mark.parametrize("name", NAMES)
def test_templates_use_the_fields_that_the_file_names_and_no_others(name: str) -> None:
    loaded = load(name)
    kinds = [kind for kind in loaded.kinds if kind != "erase"]
    used: set[str] = set()
    for op, request in loaded.meta.get("requests", {}).items():
        found = set(re.findall(r"\brows?(?:\[0\])?\.(\w+)", json.dumps(request)))
        used |= found if op != "erase" else set()
        assert op != "erase" or found <= {"customer_id"}
    named = set(loaded.meta.get("fields", ()))
    assert used <= named
    assert named - used <= {"address"}  # which texts of e-mails need
    assert not named or all(named <= set(ROWS[kind]) for kind in kinds)


def test_contract_checked_is_who_is_checked_against_a_contract() -> None:
    checked = {name for name in NAMES if meta_of(name)["status"] == "contract-checked"}
    assert checked == {name for name, _, contract in CONTRACTED if contract.startswith(("klaviyo", "twilio", "send"))}


# -- (b) the requests


@pytest.mark.parametrize(("name", "op"), REQUESTS)
def test_hard_values_make_a_request(name: str, op: str) -> None:
    loaded = destination(name)
    for kind in kinds_of(loaded, op):
        size = min(loaded.size(op), 3)
        for start in range(0, 3, size):
            items = items_of(op, hard_rows(kind)[start : start + size])
            request = loaded.build(op, items)
            assert request.content == loaded.build(op, items).content
            assert request.url.scheme == "https" and request.url.host == loaded.host() != ""
            assert "None" not in request.url.path and "//" not in request.url.path
            body = body_of(request)
            said = json.dumps(body, ensure_ascii=False) if body is not None else str(request.url)
            assert "967381" not in said  # an expression in a value is text
            assert "value of" not in said or not loaded.secrets() or all(s not in said for s in loaded.secrets())
            if loaded.meta.get("auth"):
                proof = [value for value in request.headers.values() if value]
                assert any("value of" in value or "Basic " in value or len(value) == 64 for value in proof)


@pytest.mark.parametrize("name", [name for name in NAMES if meta_of(name)["transport"] == "http"])
def test_nothing_is_missing_when_the_required_variables_are_set(name: str) -> None:
    loaded = bare(name)
    assert loaded.missing() == []
    for op in loaded.meta["requests"]:
        for kind in kinds_of(loaded, op):
            request = loaded.build(op, items_of(op, hard_rows(kind, 1)))
            assert "None" not in request.headers.values()
            assert [at for at, value in leaves(body_of(request)) if value == "None"] == []


@pytest.mark.parametrize(("name", "op"), REQUESTS)
def test_nobody_is_subscribed(name: str, op: str) -> None:
    loaded = bare(name)
    for kind in kinds_of(loaded, op):
        body = body_of(loaded.build(op, items_of(op, hard_rows(kind, 1)))) or {}
        names = {part.lower() for at, _ in leaves(body) for part in at} - {"list-unsubscribe", "list-unsubscribe-post"}
        assert [part for part in names if re.search("subscri|consent|opt_?in|legal_basis|marketing", part)] == []


def rows_in(name: str, op: str, body: Any) -> list[Any]:
    """The rows of a request, where the vendor wants them."""
    at: dict[str, Any] = {
        "braze": lambda: body.get("attributes") or body["external_ids"],
        "google_customer_match": lambda: body["audienceMembers"],
        "hubspot": lambda: body["inputs"], "hubspot_tasks": lambda: body["inputs"],
        "jiandaoyun": lambda: body["data_list"], "jiandaoyun_tasks": lambda: body["data_list"],
        "klaviyo": lambda: body["data"]["attributes"]["profiles"]["data"],
        "meta_custom_audience": lambda: json.loads(body["payload"])["data"],
        "salesforce": lambda: body["records"],
        "webhook": lambda: body["rows"],
    }  # fmt: skip
    found: list[Any] = at[name]()
    return found


@pytest.mark.parametrize(("name", "op"), REQUESTS)
def test_a_full_batch_keeps_to_what_the_vendor_allows(name: str, op: str) -> None:
    loaded = destination(name)
    size = loaded.size(op)
    if size == 1:
        return
    request = loaded.build(op, items_of(op, hard_rows(kinds_of(loaded, op)[0], size)))
    rows, most_bytes = LIMITS.get(name, (100, None))
    allowed = BRAZE_DELETE if (name, op) == ("braze", "erase") else rows
    assert len(rows_in(name, op, body_of(request))) == size <= allowed
    assert most_bytes is None or len(request.content) <= most_bytes


def test_a_vendor_without_batches_gets_one_message_at_a_time() -> None:
    for name in NAMES:
        loaded = destination(name)
        text = json.dumps(loaded.meta.get("requests", {}))
        for op, request in loaded.meta.get("requests", {}).items():
            single = "rows[0]" in json.dumps(request)
            assert not single or loaded.size(op) == 1, f"{name} {op} sends one row of {loaded.size(op)}"
        assert "$rows" in text or "rows[0]" in text or loaded.transport == "smtp"


def test_a_strict_vendor_with_batches_names_every_row() -> None:
    """A row that a strict vendor does not name is unknown; never sent, never sent again."""
    for name in NAMES:
        loaded = destination(name)
        for request in loaded.meta.get("requests", {}).values():
            results = request.get("results", {})
            if loaded.guarantee == "strict" and "items" in results:
                assert results["unlisted"] == "unknown"


def test_optional_parts_are_left_out_and_given() -> None:
    least = bare("google_customer_match").build("add", items_of("add", [AUDIENCE]))
    assert "x-goog-user-project" not in least.headers and body_of(least)["consent"] == {}
    assert "loginAccount" not in body_of(least)["destinations"][0]
    full = destination("google_customer_match").build("add", items_of("add", [AUDIENCE]))
    assert full.headers["x-goog-user-project"] == "value of GOOGLE_CLOUD_PROJECT"
    assert body_of(full)["consent"]["adUserData"] == "value of GOOGLE_CONSENT_AD_USER_DATA"
    assert body_of(full)["destinations"][0]["loginAccount"]["accountType"] == "GOOGLE_ADS"


def test_google_gets_only_hashes_that_exist_and_no_consent_on_removal() -> None:
    google = destination("google_customer_match")
    rows = [AUDIENCE, {**AUDIENCE, "email_sha256_google": None}, {**AUDIENCE, "phone_sha256_google": ""}]
    added, removed = (body_of(google.build(op, items_of(op, rows))) for op in ("add", "remove"))
    found = [member["userData"]["userIdentifiers"] for member in added["audienceMembers"]]
    email, phone = {"emailAddress": "a" * 64}, {"phoneNumber": "c" * 64}
    assert found == [[email, phone], [phone], [email]]
    assert added["encoding"] == removed["encoding"] == "HEX"
    assert set(added) - set(removed) == {"consent", "termsOfService"}
    assert removed["audienceMembers"] == added["audienceMembers"]


def test_meta_gets_form_fields_with_json_and_blanks_for_missing_hashes() -> None:
    meta = destination("meta_custom_audience")
    rows = [AUDIENCE, {**AUDIENCE, "phone_sha256_meta": None}]
    add, remove = (meta.build(op, items_of(op, rows)) for op in ("add", "remove"))
    assert (add.method, remove.method) == ("POST", "DELETE")
    assert str(add.url) == str(remove.url) == "https://graph.facebook.com/v23.0/6001/users"
    payload, session = (json.loads(body_of(add)[part]) for part in ("payload", "session"))
    assert payload == {"schema": ["EMAIL", "PHONE"], "data": [["b" * 64, "d" * 64], ["b" * 64, ""]]}
    assert 0 < session["session_id"] < 2**63 and session["estimated_num_total"] == 2
    assert json.loads(body_of(remove)["payload"]) == payload


def test_an_address_that_is_not_known_is_left_as_it_is() -> None:
    for name in ("klaviyo", "braze", "hubspot", "salesforce"):
        body = body_of(destination(name).build("change", items_of("change", [hard_rows("state")[2]])))
        paths = {at[-1].lower() for at, _ in leaves(body)}
        assert not paths & {"email", "phone", "phone_number"}, name
        known = body_of(destination(name).build("change", items_of("change", [PROFILE])))
        assert {"o'brien@example.com", "+8613800138000"} <= {value for _, value in leaves(known)}, name


def test_amounts_are_numbers_where_the_vendor_wants_numbers() -> None:
    for name in ("klaviyo", "braze", "salesforce", "jiandaoyun"):
        full, nulls = (
            [value for at, value in leaves(body_of(destination(name).build("add", items_of("add", [row]))))
             if "revenue" in " ".join(at).lower()] for row in (PROFILE, hard_rows("state")[2])
        )  # fmt: skip
        assert (full, nulls) == ([1234.5], [None]), name


def test_ids_in_a_path_are_one_part_of_it() -> None:
    for name in ("salesforce", "onesignal"):
        request = destination(name).build("erase", items_of("erase", [{"customer_id": "a/b?c=1 ü"}]))
        assert request.url.raw_path.decode().endswith("/a%2Fb%3Fc%3D1%20%C3%BC") and request.content == b""
        assert request.method == "DELETE"


def test_the_batch_id_is_where_the_vendor_looks_for_it() -> None:
    for name, op, kind, field in (
        ("onesignal", "send", "message", "idempotency_key"),
        ("jiandaoyun", "add", "state", "transaction_id"),
        ("jiandaoyun_tasks", "send", "task", "transaction_id"),
    ):
        one, other = (
            body_of(destination(name).build(op, items_of(op, [{**ROWS[kind], "customer_id": person}])))[field]
            for person in ("1", "2")
        )
        assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", one) and one != other
    webhook = destination("webhook").build("send", items_of("send", [MESSAGE]))
    assert webhook.headers["Idempotency-Key"] == body_of(webhook)["batch_id"]


def test_sendgrid_carries_one_click_unsubscribe_and_no_other_header() -> None:
    sendgrid = destination("sendgrid")
    body = body_of(sendgrid.build("send", items_of("send", [MESSAGE])))
    assert set(body["headers"]) == {"List-Unsubscribe", "List-Unsubscribe-Post"}
    assert body["from"] == {"email": "shop@example.com", "name": "Laden Süd"}
    assert [part["type"] for part in body["content"]] == ["text/plain", "text/html"]
    assert body["personalizations"] == [
        {"to": [{"email": MESSAGE["address"]}], "custom_args": {"message_key": "m-0001"}}
    ]
    assert "tracking_settings" not in body
    plain = bare("sendgrid")
    plain.environment = {**plain.environment, "CLM_MAIL_FROM": "shop@example.com"}
    assert body_of(plain.build("send", items_of("send", [MESSAGE])))["from"] == {"email": "shop@example.com"}


def test_without_a_writer_of_e_mails_the_run_stops() -> None:
    sendgrid = load("sendgrid")
    sendgrid.environment = Environment()
    with pytest.raises(Stopped, match="nothing was given that writes one") as stopped:
        sendgrid.build("send", items_of("send", [MESSAGE]))
    assert stopped.value.exit_code == 2


def test_an_expression_keeps_its_type_alone_and_is_text_among_text() -> None:
    loaded = destination("webhook")
    loaded.meta["requests"] = {"add": {"path": "", "body": {"$rows": "TEMPLATE"}}}
    for template, expected in (
        ("{{ row.purchase_count }}", 12), ("{{ row.city }}!", "上海!"), ("{{ none }}", None), ("[{{ none }}]", "[]"),
        ("{{ 1 }}{{ 2 }}", "12"), ({"a?": "{{ none }}", "b": "{{ none }}"}, {"b": None}),
    ):  # fmt: skip
        loaded.meta["requests"]["add"]["body"] = {"$rows": template}
        assert body_of(loaded.build("add", items_of("add", [PROFILE]))) == [expected]


def test_a_row_that_does_not_fit_stops_the_run_without_its_values() -> None:
    by_value = ("{{ {'a': 1}[row.email] }}", "{{ row.email.encode('x-' + row.email) }}")  # named in Python's message
    for template in ("{{ row.email +\n 1 }}", "{{ row.nickname }}", "{{ 1 / (row.email | length - 19) }}", *by_value):
        loaded = load("webhook")
        loaded.meta["requests"] = {"add": {"path": "", "body": {"$rows": template}}}
        loaded.environment = Environment()
        with pytest.raises(Stopped, match="does not fit its rows") as stopped:
            loaded.build("add", items_of("add", [PROFILE]))
        assert stopped.value.exit_code == 2 and "o'brien" not in str(stopped.value).lower()
        assert "\n" not in str(stopped.value)


# -- (c) the vendors' contracts

CONTRACTED = [
    ("klaviyo", "add", "klaviyo_profiles"),
    ("klaviyo", "change", "klaviyo_profiles"),
    ("klaviyo_events", "send", "klaviyo_events"),
    ("twilio", "send", "twilio_api_v2010"),
    ("sendgrid", "send", "sendgrid_mail_send"),
    ("hubspot", "add", "$CLM_HUBSPOT_CONTRACTS"),
    ("hubspot", "change", "$CLM_HUBSPOT_CONTRACTS"),
    ("hubspot_tasks", "send", "$CLM_HUBSPOT_CONTRACTS"),
    ("onesignal", "send", "$CLM_ONESIGNAL_CONTRACTS"),
]


class Contract:
    """One operation of a vendor's OpenAPI document."""

    def __init__(self, document: dict[str, Any], path: str, server: str) -> None:
        paths = {path: copy.deepcopy(document["paths"][path])}
        operations = {**document, "paths": paths, "servers": [{"url": server}]}
        for operation in operations["paths"][path].values():
            if isinstance(operation, dict):
                operation.pop("security", None)  # who sends is checked elsewhere; SendGrid's names no scheme
        operations.pop("security", None)
        self.document, self.path = operations, path
        self.api = OpenAPI.from_dict(operations, config=Config(spec_validator_cls=None))  # type: ignore[arg-type]

    def check(self, request: httpx.Request) -> None:
        """Raises when the request breaks the contract, or says what the contract does not know."""
        self.api.validate_request(Adapter(request))
        operation = self.document["paths"][self.path][request.method.lower()]
        content = operation["requestBody"]["content"]
        schema = content[request.headers["Content-Type"]]["schema"]
        unknown = list(self.unknown(schema, body_of(request)))
        assert unknown == [], f"the contract does not know {unknown}"

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            found: Any = self.document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/").replace("~0", "~")]
            schema = found
        return schema

    def parts(self, schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """A schema and what it is put together from."""
        schema = self.resolved(schema)
        yield schema
        for one in [*schema.get("allOf", ()), *schema.get("oneOf", ()), *schema.get("anyOf", ())]:
            yield from self.parts(one)

    def unknown(self, schema: dict[str, Any], value: Any, at: str = "") -> Iterator[str]:
        """Keys of a value that its schema does not declare. A schema without properties takes any key."""
        parts = list(self.parts(schema))
        if isinstance(value, list):
            for items in (part["items"] for part in parts if "items" in part):
                for one in value:
                    yield from self.unknown(items, one, at)
        elif isinstance(value, dict):
            known = {name: found for part in parts for name, found in part.get("properties", {}).items()}
            for name, one in value.items():
                if name in known:
                    yield from self.unknown(known[name], one, f"{at}.{name}")
                elif known:
                    yield f"{at}.{name}"


class Adapter:
    """A request as openapi-core wants to see it."""

    def __init__(self, request: httpx.Request) -> None:
        self.host_url = f"{request.url.scheme}://{request.url.host}"
        self.path, self.method = request.url.path, request.method.lower()
        self.body, self.content_type = request.content, request.headers.get("Content-Type", "")
        query = ImmutableMultiDict(list(request.url.params.multi_items()))
        self.parameters = RequestParameters(query=query, header=Headers(list(request.headers.items())))


@functools.cache
def parsed(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def documents(contract: str) -> list[dict[str, Any]]:
    """A contract file, or all of a folder that an environment variable names. Skips where there is none."""
    if contract.startswith("$"):
        folder = os.environ.get(contract[1:])
        if not folder:
            pytest.skip(f"{contract[1:]} names no folder: this contract may not be redistributed")
        return [parsed(path) for path in sorted(Path(folder).rglob("*.json"))]
    path = CONTRACTS / f"{contract}.json"
    if not path.is_file():
        pytest.skip(f"there is no {contract}.json in the folder of contracts (CLM_CONTRACTS)")
    return [parsed(path)]


def contract_of(contract: str, request: httpx.Request) -> Contract:
    """The operation that a request is one of."""
    for document in documents(contract):
        for path, operations in document.get("paths", {}).items():
            pattern = re.sub(r"\\{[^}]+\\}", "[^/]+", re.escape(path))
            if re.fullmatch(pattern, request.url.path) and request.method.lower() in operations:
                return Contract(document, path, f"{request.url.scheme}://{request.url.host}")
    pytest.fail(f"{contract} has no {request.method} {request.url.path}")


@pytest.mark.parametrize(("name", "op", "contract"), CONTRACTED)
def test_requests_keep_the_contract(name: str, op: str, contract: str) -> None:
    loaded = destination(name)
    loaded.environment = Environment(TWILIO_VALIDITY_SECONDS="14400")
    checked: Contract | None = None
    for kind in kinds_of(loaded, op):
        rows = hard_rows(kind, max(3, loaded.size(op)))
        for channel in ("email", "sms") if kind == "message" else ("",):
            for start in range(0, len(rows), loaded.size(op)):
                some = [{**row, **({"channel": channel} if channel else {})} for row in rows[start:][: loaded.size(op)]]
                request = loaded.build(op, items_of(op, some))
                checked = checked or contract_of(contract, request)
                checked.check(request)
    assert checked is not None


@pytest.mark.parametrize(
    ("name", "at", "value"),
    [
        ("klaviyo", "data.attributes.profiles.data.0.attributes.emails", "x"),
        ("klaviyo", "data.attributes.profiles.data.0.type", "person"),
        ("klaviyo_events", "data.attributes.uniqueId", "x"),
        ("sendgrid", "custom_args", {"message_key": "m"}),
        ("sendgrid", "personalizations.0.message_key", "m"),
        ("twilio", "Text", "x"),
        ("twilio", "MessagingServiceSid", "MG0"),
    ],
)
def test_a_contract_is_seen_to_be_broken(name: str, at: str, value: Any) -> None:
    op, contract = next((op, contract) for one, op, contract in CONTRACTED if one == name)
    loaded = destination(name)
    loaded.environment = Environment(TWILIO_VALIDITY_SECONDS="14400")
    request = loaded.build(op, items_of(op, hard_rows(kinds_of(loaded, op)[0], 1)))
    checked = contract_of(contract, request)
    checked.check(request)
    body = body_of(request)
    place: Any = body
    *way, last = at.split(".")
    for part in way:
        place = place[int(part)] if isinstance(place, list) else place[part]
    place[last] = value
    form = request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    changed = httpx.Request(
        request.method, request.url, headers={"Content-Type": request.headers["Content-Type"], "revision": "x"},
        content=str(httpx.QueryParams(body)) if form else json.dumps(body),
    )  # fmt: skip
    with pytest.raises(Exception, match=r"does not know|Request body validation error"):
        checked.check(changed)


@pytest.mark.parametrize(("name", "op", "contract"), [one for one in CONTRACTED if one[0].startswith("klaviyo")])
def test_klaviyo_is_told_the_revision_of_the_contract(name: str, op: str, contract: str) -> None:
    loaded = destination(name)
    request = loaded.build(op, items_of(op, hard_rows(kinds_of(loaded, op)[0], 1)))
    assert request.headers["revision"] == documents(contract)[0]["info"]["version"]


def test_the_paths_that_klaviyo_is_polled_at_are_in_its_contract() -> None:
    klaviyo = destination("klaviyo")
    poll = klaviyo.meta["requests"]["add"]["poll"]
    known = documents("klaviyo_profiles")[0]["paths"]
    for key, path in (
        ("path", "/api/profile-bulk-import-jobs/{job_id}"),
        ("errors_path", "/api/profile-bulk-import-jobs/{id}/import-errors"),
    ):
        asked = re.sub(r"\{\{.*?\}\}", "1", poll[key]).split("?")[0]
        assert re.fullmatch(re.sub(r"\{\w+\}", "1", path), asked) and "get" in known[path]
    size = known["/api/profile-bulk-import-jobs/{id}/import-errors"]["get"]["parameters"]
    assert next(one["schema"]["maximum"] for one in size if one["name"] == "page[size]") == 100
    assert poll["errors_path"].endswith("?page%5Bsize%5D=100")


# -- (d) refusals

SECRET = "sk9f8e7d6c5b4a3928171605f4e3d2c1b0"
GOOD = """name: mine
label: Mine
status: documented
kinds: [message]
transport: http
guarantee: strict
base_url: https://api.example.com
auth: {bearer: MY_TOKEN}
requests:
  send:
    path: /messages
    body: {to: "{{ rows[0].address }}"}
    results: {accepted: "{{ body.ok }}"}
"""
REFUSED = {
    "a secret as bearer": ("bearer: MY_TOKEN", f"bearer: {SECRET}", "auth.bearer"),
    "a secret that could be a name": ("bearer: MY_TOKEN", f"bearer: {SECRET.upper()}", "looks like a secret"),
    "a secret as header": ("requests:", f"headers: {{Authorization: Bearer {SECRET}}}\nrequests:", "under auth"),
    "a secret as another header": ("requests:", f"headers: {{X-Api-Key: {SECRET}}}\nrequests:", "under auth"),
    "a secret in a body": ("{to:", f"{{key: {SECRET}, to:", "requests.send.body.key looks like a secret"),
    "a secret in an expression": ("rows[0].address", f"'{SECRET}' + rows[0].address", "looks like a secret"),
    "a secret after an expression": ('"{{ rows[0].address }}"', f'"{{{{ op }}}}{SECRET}"', "looks like a secret"),
    "a secret in a path": ("/messages", f"/hooks/{SECRET}/messages", "looks like a secret"),
    "a secret in a URL": ("api.example.com", f"api.example.com/{SECRET}", "looks like a secret"),
    "a secret in a query": ("/messages", f"/messages?key={SECRET}", "looks like a secret"),
    "an unknown key": ("guarantee:", f"garantee: {SECRET}\nguarantee:", "the schema does not know"),
    "an unknown key of a request": ("path:", f"bodyy: {SECRET}\n    path:", "requests.send has a key"),
    "a missing key": ("guarantee: strict\n", "", "'guarantee' is a required property"),
    "no base_url": ("base_url: https://api.example.com\n", "", "'base_url' is a required property"),
    "a plain http URL": ("https://api.example.com", f"http://{SECRET}", "base_url breaks the rule"),
    "a tab": ("label: Mine", f"label:\t- {SECRET}\n\t- x", "no YAML"),
    "an open bracket": ("kinds: [message]", f"kinds: [message, {SECRET}", "no YAML"),
    "an alias of nothing": ("label: Mine", f"label: *{SECRET}", "no YAML"),
    "a tag of Python": ("label: Mine", f"label: !!python/name:{SECRET} x", "no YAML"),
    "a key twice": ("label: Mine", f"label: Mine\nlabel: {SECRET}", "a key that is there twice"),
    "a key that is true": ("requests:", "headers: {on: x}\nrequests:", "no YAML"),
    "no mapping": (GOOD, f"- {SECRET}", "the file breaks the rule `type`"),
    "nothing": (GOOD, "", "the file breaks the rule `type`"),
    "a kind without its request": ("[message]", "[state]", "the kind state needs the request add and change"),
    "half a kind": ("[message]", "[message, audience]", "needs the request add and remove"),
    "broken Jinja": ("rows[0].address }}", f"rows[0. {SECRET} }}}}", "Jinja cannot read"),
    "an unknown filter": ("rows[0].address", "rows[0].address | shout", "Jinja cannot read"),
    "an unknown name": ("rows[0].address", "orws[0].address", "a name that is not known"),
    "half an expression": ("rows[0].address }}", "rows[0].address }", "half an expression"),
    "a statement": ("rows[0].address }}", "rows[0].address }}{% if op %}", "only {{ }} is read"),
    "a result that is no expression": ('"{{ body.ok }}"', '"body.ok"', "A Jinja expression"),
    "a result that is two": ("{{ body.ok }}", "{{ body.ok }} {{ body.id }}", "A Jinja expression"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_is_refused_in_one_sentence_that_repeats_no_value(case: str, tmp_path: Path) -> None:
    old, new, told = REFUSED[case]
    assert GOOD.count(old) == 1
    (tmp_path / "mine.yml").write_text(GOOD, encoding="utf-8")
    assert load("mine", tmp_path).name == "mine"
    (tmp_path / "mine.yml").write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(Stopped) as stopped:
        load("mine", tmp_path)
    sentence = str(stopped.value.message)
    assert stopped.value.exit_code == 2
    assert told in sentence and sentence.startswith("mine.yml") and sentence.endswith(".") and "\n" not in sentence
    assert SECRET.lower() not in sentence.lower()
    assert stopped.value.__cause__ is None or SECRET not in str(stopped.value.__cause__)


def test_an_unknown_destination_is_told_which_there_are(tmp_path: Path) -> None:
    with pytest.raises(Stopped, match=r"There is no destination hupspot; the project has .*hubspot, .*webhook") as told:
        load("hupspot", tmp_path)
    assert told.value.exit_code == 2


def test_a_date_in_a_file_is_text(tmp_path: Path) -> None:
    (tmp_path / "mine.yml").write_text(GOOD.replace("{to:", "{revision: 2024-10-15, to:"), encoding="utf-8")
    mine = load("mine", tmp_path)
    assert body_of(mine.build("send", items_of("send", [MESSAGE])))["revision"] == "2024-10-15"


# -- (e) the replies


@functools.cache
def transport_of(name: str) -> HttpTransport:
    """Made once: certificates take a moment to load."""
    return HttpTransport(destination(name))


def outcomes(loaded: Destination, op: str, items: list[Item], status: int, body: Any, **reply: Any) -> list[Any]:
    """What the transport makes of a reply: the state of each row, with the vendor's id or the reason if it has one."""
    request = loaded.request_for(op) or {}
    said = httpx.Response(status, headers=reply.get("headers"), content=b"" if body is None else json.dumps(body))
    if "poll" in request:
        request["poll"] |= {"every_seconds": 0.001, "at_most_seconds": 0.002}

    def answer(asked: httpx.Request) -> httpx.Response:
        if "poll" not in request or asked.url.path.endswith("/j1"):
            return said
        receipt: Any = {"data": {"id": "j1"}} if asked.method == "POST" else {"data": reply.get("errors", [])}
        return httpx.Response(202, json=receipt)

    transport = transport_of(loaded.name)
    transport.destination, transport.refused = loaded, None
    transport._client, transport._pace = httpx.Client(transport=httpx.MockTransport(answer)), Pace(None)
    try:
        found = transport._once(loaded.build(op, items), items)
    except Again as again:
        found = dict.fromkeys((item.key for item in items), again.outcome)
    told = [(one.state, one.vendor_id or one.error_message) for one in (found[item.key] for item in items)]
    return [state if reason is None else (state, reason) for state, reason in told]


WRONG: tuple[Any, ...] = ({}, None, [], "ok")  # replies of no vendor


def replied(name: str, op: str, status: int, body: Any, rows: int = 3, **reply: Any) -> list[Any]:
    loaded = destination(name)
    items = items_of(op, hard_rows(kinds_of(loaded, op)[0], rows))
    return outcomes(loaded, op, items, status, body, **reply)


def test_sendgrid_replies() -> None:
    given = {"headers": {"X-Message-Id": "14c5d75ce93"}}
    assert replied("sendgrid", "send", 202, None, 1, **given) == [("sent", "14c5d75ce93")]
    assert replied("sendgrid", "send", 202, None, 1) == ["sent"]
    assert replied("sendgrid", "send", 200, None, 1, **given) == ["unknown"]  # the sandbox: nothing was queued


def test_twilio_replies() -> None:
    assert replied("twilio", "send", 201, {"sid": "SM1", "status": "queued"}, 1) == [("sent", "SM1")]
    failed = {"sid": "SM1", "status": "failed", "error_code": 30001}
    assert replied("twilio", "send", 201, failed, 1) == [("dead", "30001")]
    for wrong in (*WRONG, {"sid": None}, {"sid": 7}):
        assert replied("twilio", "send", 200, wrong, 1) == ["unknown"]


def test_onesignal_replies() -> None:
    assert replied("onesignal", "send", 200, {"id": "n1", "external_id": None}, 1) == [("sent", "n1")]
    nobody: list[tuple[Any, str]] = [
        ({"id": "", "errors": ["All included players are not subscribed"]}, "All included players are not subscribed"),
        ({"id": "n1", "errors": {"invalid_aliases": {"external_id": ["C 0/7"]}}}, "invalid alias"),
    ]
    for body, reason in nobody:
        assert replied("onesignal", "send", 200, body, 1) == [("dead", reason)]
    for wrong in (*WRONG, {"id": ""}):
        assert replied("onesignal", "send", 200, wrong, 1) == ["unknown"]
    assert replied("onesignal", "erase", 404, {"errors": ["not found"]}, 1) == ["sent"]


def test_klaviyo_replies() -> None:
    def job(status: str, failed: Any = 0) -> Any:
        return {"data": {"id": "j1", "attributes": {"status": status, "failed_count": failed}}}

    def error(payload: Any) -> Any:
        return {"type": "import-error", "attributes": {"code": "invalid", "original_payload": payload}}

    assert replied("klaviyo", "add", 200, job("complete")) == ["sent"] * 3
    for payload in ({"external_id": "C 1/7"}, {"attributes": {"external_id": "C 1/7"}}):
        for count in (1, None):
            told = replied("klaviyo", "change", 200, job("complete", count), errors=[error(payload)])
            assert told == ["sent", ("dead", "invalid"), "sent"]
    # an error that names no row: any of them may have failed
    assert replied("klaviyo", "add", 200, job("complete", 1), errors=[error(None)]) == ["failed"] * 3
    assert replied("klaviyo", "add", 200, job("cancelled")) == ["failed"] * 3
    assert replied("klaviyo", "add", 200, job("processing")) == ["failed"] * 3  # for too long
    for wrong in WRONG:
        assert replied("klaviyo", "add", 200, wrong) == ["failed"] * 3


def test_klaviyo_is_polled_until_done_and_lists_failed_rows_on_pages() -> None:
    loaded = destination("klaviyo")
    poll = loaded.meta["requests"]["add"]["poll"]
    page = {"data": [1, 2], "links": {"next": "https://a.klaviyo.com/api/x?page[cursor]=1"}}
    assert loaded.read(poll["failed_items"], body=page) == [1, 2]
    assert loaded.read(poll["next_page"], body=page).endswith("=1")
    assert loaded.read(poll["next_page"], body={"data": [], "links": {"self": "x"}}) is None
    assert loaded.read(poll["failed_items"], body={}) is None
    states = ["queued", "processing", "complete", "cancelled", None]
    bodies = [{"data": {"attributes": {"status": state}}} for state in states]
    assert [loaded.read(poll["done"], body=body) for body in bodies] == [False, False, True, True, False]


def test_klaviyo_events_replies() -> None:
    assert replied("klaviyo_events", "send", 202, None, 1) == ["sent"]
    for wrong in WRONG:
        assert replied("klaviyo_events", "send", 200, wrong, 1) == ["unknown"]


def test_braze_replies() -> None:
    assert replied("braze", "add", 201, {"message": "success", "attributes_processed": 3}) == ["sent"] * 3
    errors = [{"type": "not a valid email", "input_array": "attributes", "index": 1}]
    told = replied("braze", "change", 201, {"message": "success", "errors": errors})
    assert told == ["sent", ("dead", "not a valid email"), "sent"]
    first = [{**errors[0], "index": 0}]
    assert replied("braze", "add", 201, {"message": "success", "errors": first})[0] == ("dead", "not a valid email")
    assert replied("braze", "add", 201, {"message": "success", "errors": [{"type": "what"}]}) == ["failed"] * 3
    assert replied("braze", "add", 201, {"message": "Valid data must be provided"}) == ["dead"] * 3
    assert replied("braze", "erase", 201, {"deleted": 2}, 2) == ["sent"] * 2
    for wrong in WRONG:
        assert replied("braze", "add", 201, wrong) == ["failed"] * 3
        assert replied("braze", "erase", 201, wrong) == ["failed"] * 3


def test_salesforce_replies() -> None:
    good = {"id": "003A", "success": True, "errors": [], "created": True}

    def bad(code: str) -> Any:
        return {"success": False, "errors": [{"statusCode": code, "message": "o'brien@example.com", "fields": []}]}

    told = replied("salesforce", "add", 200, [good, bad("INVALID_EMAIL_ADDRESS"), bad("UNABLE_TO_LOCK_ROW")])
    assert told == [("sent", "003A"), ("dead", "INVALID_EMAIL_ADDRESS"), ("failed", "UNABLE_TO_LOCK_ROW")]
    for wrong in (*WRONG, [good], [good] * 4, {"success": True}):
        assert replied("salesforce", "change", 200, wrong) == ["failed"] * 3
    assert replied("salesforce", "add", 200, ["x", {"success": "true"}, None]) == ["failed", "dead", "failed"]
    assert replied("salesforce", "erase", 204, None, 1) == replied("salesforce", "erase", 404, [], 1) == ["sent"]


@pytest.mark.parametrize(
    ("name", "op"), [("jiandaoyun", "add"), ("jiandaoyun", "change"), ("jiandaoyun_tasks", "send")]
)
def test_jiandaoyun_replies(name: str, op: str) -> None:
    body = {"status": "success", "success_count": 3, "success_ids": ["d1", "d2", "d3"]}
    assert replied(name, op, 200, body) == [("sent", "d1"), ("sent", "d2"), ("sent", "d3")]
    for ids in (["d1", "d2"], ["d1", "d2", "d3", "d4"], [], None, "d1"):
        assert replied(name, op, 200, {**body, "success_ids": ids}) == ["unknown"] * 3
    for wrong in (*WRONG, {"status": "failed", "success_ids": ["d1", "d2", "d3"]}):
        assert replied(name, op, 200, wrong) == ["unknown"] * 3


@pytest.mark.parametrize("op", ["add", "remove"])
def test_google_replies(op: str) -> None:
    assert replied("google_customer_match", op, 200, {"requestId": "r1"}) == [("sent", "r1")] * 3
    for wrong in WRONG:
        assert replied("google_customer_match", op, 200, wrong) == ["failed"] * 3


@pytest.mark.parametrize("op", ["add", "remove"])
def test_meta_replies(op: str) -> None:
    body = {"audience_id": "6001", "session_id": "12", "num_received": 3, "num_invalid_entries": 0}
    assert replied("meta_custom_audience", op, 200, body) == [("sent", "12")] * 3
    assert replied("meta_custom_audience", op, 200, {**body, "num_invalid_entries": 1}) == [("sent", "12")] * 3
    assert replied("meta_custom_audience", op, 200, {**body, "num_invalid_entries": 3}) == ["dead"] * 3
    assert replied("meta_custom_audience", op, 200, {"num_received": 0}) == ["dead"] * 3
    for wrong in (*WRONG, {**body, "num_invalid_entries": "0"}):
        assert replied("meta_custom_audience", op, 200, wrong) == ["failed"] * 3


@pytest.mark.parametrize(
    ("name", "op", "unlisted"),
    [("hubspot", "add", "failed"), ("hubspot", "change", "failed"), ("hubspot_tasks", "send", "unknown")],
)
def test_hubspot_replies(name: str, op: str, unlisted: str) -> None:
    loaded = destination(name)
    keep = "customer_id" if name == "hubspot" else "message_key"
    rows = [{**row, keep: f"x{at}"} for at, row in enumerate(hard_rows(kinds_of(loaded, op)[0]))]

    def told(status: int, body: Any) -> list[Any]:
        return outcomes(loaded, op, items_of(op, rows), status, body)

    def error(trace: str, category: str) -> Any:
        context = {"objectWriteTraceId": [trace]}
        return {"status": "error", "id": "e", "category": category, "message": "no", "context": context}

    good = [{"id": f"50{at}", "objectWriteTraceId": f"x{at}", "properties": {}} for at in (2, 0, 1)]
    assert told(200, {"status": "COMPLETE", "results": good}) == [("sent", "500"), ("sent", "501"), ("sent", "502")]
    errors = [error("x0", "VALIDATION_ERROR"), error("x1", "RATE_LIMITS")]
    mixed = {"results": good[:1], "numErrors": 2, "errors": errors}
    assert told(207, mixed) == [("dead", "VALIDATION_ERROR"), ("failed", "RATE_LIMITS"), ("sent", "502")]
    assert told(207, {"results": good[:1]}) == [unlisted, unlisted, ("sent", "502")]
    for wrong in (*WRONG, {"results": {"id": 1}}):
        assert told(200, wrong) == [unlisted] * 3
    if name == "hubspot":
        by_property = [{"id": "500", "properties": {"clm_customer_id": "x0"}}]
        assert told(200, {"results": by_property})[0] == ("sent", "500")


@pytest.mark.parametrize("op", ["send", "add", "change", "remove", "erase"])
def test_webhook_replies(op: str) -> None:
    told_of_none: tuple[Any, ...] = ({}, {"ok": True}, {"results": []}, {"results": None})
    for quiet in told_of_none:
        assert replied("webhook", op, 200, quiet) == ["sent"] * 3
    assert replied("webhook", op, 204, None) == ["sent"] * 3
    for unclear in (None, {"results": "k0"}, {"results": {"k0": 200}}):
        assert replied("webhook", op, 200, unclear) == ["unknown"] * 3
    results = [{"key": "k2", "status": 422}, {"key": "k0", "status": 200}, {"key": "k1", "status": 503}]
    assert replied("webhook", op, 207, {"results": results}) == ["sent", ("failed", "503"), ("dead", "422")]
    assert replied("webhook", op, 207, {"results": results[:1]}) == ["sent", "sent", ("dead", "422")]
    odd = [{"key": "k0", "status": "200"}, {"key": "k1"}, {"key": "k2", "status": 429}]
    told = replied("webhook", op, 207, {"results": odd})
    assert told == [("failed", "200"), "failed", ("failed", "429")]
    assert replied("webhook", op, 207, {"results": [{"key": "other", "status": 500}]}) == ["unknown"] * 3


def test_a_reply_of_any_shape_is_read() -> None:
    """A strange reply never ends a run, and acknowledges nothing that has to be named."""
    shapes: list[Any] = [None, True, 0, -1.5, "", "text", [], [None], [1], ["x"], [[]], {}, {"id": []}, {"errors": 3}]
    shapes += [{"errors": [3]}, {"results": 5}, {"results": {"a": 1}}, {"data": []}, {"data": {"attributes": 1}}]
    shapes += [{"num_received": 3, "num_invalid_entries": "x"}, {"message": "success", "errors": "x"}]
    shapes += [{"status": "success", "success_ids": 4}, [{"success": False, "errors": {}}]]
    shapes += [{"results": [{"status": []}]}, {"results": [], "errors": {}}]
    for name, op in REQUESTS:
        loaded = destination(name)
        results = loaded.meta["requests"][op].get("results", {})
        items = items_of(op, hard_rows(kinds_of(loaded, op)[0], min(2, loaded.size(op))))
        for body in shapes:
            told = outcomes(loaded, op, items, 200, body, errors=body)
            assert len(told) == len(items)
            assert "sent" not in str(told) or ("accepted" not in results and results.get("unlisted", "sent") == "sent")


# -- the page

PAGE = PROJECT / "docs" / "destinations.md"


def row_of(name: str) -> str:
    """A destination's line of the table in the docs."""
    loaded = Destination(meta_of(name), environment={})
    optional = [value.rstrip("?") for value in loaded.meta.get("settings", {}).values() if value.endswith("?")]
    variables = ", ".join(f"`{one}`" for one in loaded.missing())
    variables += " · " + ", ".join(f"`{one}`" for one in sorted(optional)) if optional else ""
    erasure = "yes" if loaded.request_for("erase") else "no"
    cells = [f"`{name}`", loaded.label, ", ".join(loaded.kinds), loaded.guarantee, loaded.meta["status"]]
    cells += [str(loaded.batch_size), erasure, variables]
    return f"| {' | '.join(cells)} |"


def test_the_table_lists_every_destination_with_its_variables() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    header = next(at for at, line in enumerate(lines) if line.startswith("| destination |"))
    table = [line for line in lines[header + 2 :][: len(NAMES) + 1] if line.startswith("|")]
    assert table == [row_of(name) for name in NAMES]


def test_the_page_explains_every_key_of_the_schema() -> None:
    schema = json.loads((FOLDER.parent / "destination.schema.json").read_text(encoding="utf-8"))
    parts = [schema, *schema["$defs"].values(), *schema["properties"].values()]
    keys = {key for part in parts if isinstance(part, dict) for key in part.get("properties", {})}
    text = PAGE.read_text(encoding="utf-8")
    assert [key for key in sorted(keys) if f"`{key}`" not in text] == []


def test_the_example_of_the_page_loads(tmp_path: Path) -> None:
    example = re.findall(r"```yaml\n(name: .*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(example) == 1
    (tmp_path / "own.yml").write_text(example[0], encoding="utf-8")
    own = load(str(tmp_path / "own.yml"))
    own.environment, own.text = Environment(), text_of
    for op in own.meta["requests"]:
        request = own.build(op, items_of(op, hard_rows(kinds_of(own, op)[0], own.size(op))))
        assert request.url.host == "crm.example.com" and bool(request.content) == (op != "erase")
    assert yaml.safe_load(example[0])["name"] == own.meta["name"]
