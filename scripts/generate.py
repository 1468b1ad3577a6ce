"""Make the raw tables of a shop: any size, the same bytes for the same arguments, bounded memory.

People are made in chunks. Each chunk has its own random generator, seeded from (seed, chunk), and
is written before the next one starts, so memory depends on the chunk and not on the number of
customers. Bad rows of every kind that the cleaning rules know are added afterwards from a second
generator: the sound rows are the same at any ``--dirty``. What was planted stands in
``manifest.json`` and ``truth/``.
"""

from __future__ import annotations

import hashlib
import json
import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import click
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.str_]
Row = dict[str, Any]

# ----------------------------------------------------------------------------------------------
# The contract: columns and types of every table (spec: inputs), in order
# ----------------------------------------------------------------------------------------------

TYPES: dict[str, pa.DataType] = {
    "s": pa.string(),
    "t": pa.timestamp("us"),
    "d": pa.date32(),
    "i": pa.int64(),
    "m": pa.decimal128(18, 2),
    "p": pa.decimal128(18, 4),
    "r": pa.decimal128(18, 8),
}
COLUMN_TABLE = """
orders: order_id s, customer_id s, email s, phone s, ordered_at t, status s, amount m,
  discount_amount m, tax_amount m, shipping_amount m, currency s, channel s, updated_at t
order_items: order_id s, line_number i, product_id s, quantity i, unit_price p, discount_amount m
refunds: refund_id s, order_id s, refunded_at t, amount m, reason s
products: product_id s, product_name s, category s, brand s, price p, unit_cost p, launched_on d
customers: customer_id s, email s, phone s, full_name s, gender s, birth_date d, country s, city s,
  timezone s, language s, acquisition_source s, industry s, owner_id s, member_tier s,
  registered_at t, updated_at t
events: event_id s, anonymous_id s, customer_id s, event_type s, occurred_at t, received_at t,
  channel s, product_id s, session_id s, utm_source s, utm_medium s, utm_campaign s, properties s
consents: customer_id s, channel s, purpose s, status s, changed_at t, source s, wording_version s
messages: message_id s, customer_id s, campaign_id s, channel s, event_type s, occurred_at t
suppressions: channel s, identifier_hash s, reason s, since t
feedback: feedback_id s, customer_id s, kind s, score i, submitted_at t
referrals: referrer_customer_id s, referred_customer_id s, referred_at t
marketing_spend: spend_on d, channel s, campaign_id s, amount m, currency s
experiments: experiment_id s, unit_id s, arm s, metric s, outcome i, revenue m, revenue_before m, arm_share r
assignments: campaign_id s, customer_id s, arm s, assigned_at t, variant s, arm_share r
fx_rates: currency s, rate_date d, rate r
erasure_requests: customer_id s, requested_at t
"""


def read_schemas(table: str) -> dict[str, pa.Schema]:
    """`orders: order_id s, …`: a table, its columns and their kinds; indented lines go on."""
    schemas = {}
    for line in table.strip().replace("\n  ", " ").splitlines():
        name, columns = line.split(": ")
        pairs = [column.split() for column in columns.split(", ")]
        schemas[name] = pa.schema([(column, TYPES[kind]) for column, kind in pairs])
    return schemas


SCHEMAS = read_schemas(COLUMN_TABLE)
KEYS: dict[str, list[str]] = {
    "orders": ["order_id"],
    "order_items": ["order_id", "line_number"],
    "refunds": ["refund_id"],
    "products": ["product_id"],
    "customers": ["customer_id"],
    "events": ["event_id"],
    "consents": ["customer_id", "channel", "purpose", "changed_at", "status"],
    "messages": ["message_id", "event_type", "occurred_at"],
    "suppressions": ["identifier_hash", "since"],
    "feedback": ["feedback_id"],
    "referrals": ["referrer_customer_id", "referred_customer_id", "referred_at"],
    "marketing_spend": ["spend_on", "channel", "campaign_id"],
    "experiments": ["experiment_id", "unit_id", "metric"],
    "assignments": ["campaign_id", "customer_id", "assigned_at"],
    "fx_rates": ["currency", "rate_date"],
    "erasure_requests": ["customer_id"],
}

# ----------------------------------------------------------------------------------------------
# The world: lists of facts
# ----------------------------------------------------------------------------------------------

DAY = 86_400
NEVER = np.iinfo(np.int64).max // 4
CONTROL_SHARE = 500  # of 10,000, as clm_global_control_share
WINBACK_SILENCE_DAYS = 90
WINBACK_BEFORE_END_DAYS = 60
WINBACK_WINDOW_DAYS = 30
EVENTS_PER_SESSION = 6.25

# the columns are those of Country
COUNTRY_TABLE = """
DE;26;49;151;0;Berlin|Köln|München|Hamburg|Leipzig;Europe/Berlin;1;de;de;EUR
FR;13;33;6;0;Paris|Lyon|Saint-Étienne|L'Haÿ-les-Roses;Europe/Paris;1;fr;fr;EUR
CN;11;86;138;;上海|北京|深圳|成都;Asia/Shanghai;8;zh;zh;EUR
US;8;1;20;;New York|Austin|Washington, DC;America/New_York;-5;en;en;USD
GB;8;44;77;0;London|Leeds|King's Lynn;Europe/London;0;en;en;GBP
NL;7;31;6;0;Amsterdam|'s-Hertogenbosch|Utrecht;Europe/Amsterdam;1;nl;de;EUR
IT;6;39;34;;Milano|Roma|Forlì;Europe/Rome;1;it;it;EUR
ES;6;34;6;;Madrid|Málaga|A Coruña;Europe/Madrid;1;es;es;EUR
AT;4;43;66;0;Wien|Graz;Europe/Vienna;1;de;de;EUR
PL;3;48;50;;Łódź|Warszawa;Europe/Warsaw;1;pl;pl;EUR
GR;2;30;69;;Αθήνα|Πάτρα;Europe/Athens;2;el;el;EUR
BG;2;359;8;0;София|Варна;Europe/Sofia;2;bg;bg;EUR
JP;2;81;90;0;東京|大阪;Asia/Tokyo;9;ja;ja;EUR
EG;1;20;10;0;القاهرة|الإسكندرية;Africa/Cairo;2;ar;ar;EUR
BR;1;55;119;0;São Paulo|Brasília;America/Sao_Paulo;-3;pt;es;EUR
"""


class Country(NamedTuple):
    code: str
    weight: str
    dialling: str
    mobile: str
    trunk: str
    cities: str
    timezone: str
    utc_offset: str
    language: str
    names: str
    currency: str


COUNTRIES = [Country(*line.split(";")) for line in COUNTRY_TABLE.strip().splitlines()]
# women | men | family; "text:handle" where the handle cannot be had by dropping accents
NAMES: dict[str, str] = {
    "de": "Anna Lena Jördis Käthe Sophie Mia|Jürgen Lukas Jonas Björn Max Paul|"
    "Müller Weiß Schäfer Meier Groß Köhler Becker Vogel De_Vries",
    "fr": "Zoë Chloé Éloïse Anaïs Léa|Jérôme Théo Loïc François|Dupré Lefèvre D'Aubigné Garçon L'Hôpital Moreau",
    "zh": "芳:fang 娜:na 秀英:xiuying 丽:li 静怡:jingyi|伟:wei 强:qiang 磊:lei 志明:zhiming|"
    "王:wang 李:li 张:zhang 刘:liu 陈:chen 欧阳:ouyang",
    "en": "Emily Grace Chloe Ava Mary-Ann|Jack Oliver Noah Liam Dwayne|"
    "O'Brien Smith Jones McDonald Taylor Smith-O'Neil",
    "it": "Giulia Sofia Niccolò:nicoletta|Marco Luca Nicolò|Rossi D'Angelo Dell'Acqua Russo",
    "es": "Lucía Begoña María_José Inés|José Ángel Iñigo Raúl|Núñez García Ibáñez Peña da_Silva",
    "pl": "Małgorzata Zofia|Łukasz Paweł|Wiśniewska Dąbrowski Żak",
    "el": "Ελένη:eleni Σοφία:sofia|Γιώργος:giorgos|Παπαδόπουλος:papadopoulos Νικολάου:nikolaou",
    "bg": "Елена:elena Мария:maria|Иван:ivan Георги:georgi|Иванов:ivanov Петров:petrov",
    "ja": "美咲:misaki 陽子:yoko|健太:kenta 翔:sho|佐藤:sato 鈴木:suzuki",
    "ar": "فاطمة:fatima مريم:maryam|محمد:mohamed أحمد:ahmed|حسن:hassan السيد:elsayed",
}
DOMAINS = ["example.com", "example.org", "example.net", "mail.example.com", "post.example.org"]
CATEGORIES: list[tuple[str, float, str]] = [
    ("coffee", 14, "Espresso blend|House roast|单品咖啡"),
    ("kitchen", 45, 'Pan, 28 cm|Knife 8"|Kettle'),
    ("outdoor", 80, "Tent|Day pack|Stove"),
    ("books", 16, "Cookbook|Field guide|L'Atlas"),
    ("beauty", 22, "Crème de jour|Soap|Shampoo"),
    ("garden", 28, "Secateurs|Seeds, mixed|Watering can"),
    ("electronics", 120, "Headphones|Charger|Lamp"),
    ("toys", 24, "Puzzle|Blocks|Kite"),
    ("fashion", 55, "Jumper|Scarf|Rain coat"),
    ("sport", 60, "Mat|Kettlebell|Running shoe"),
    ("pets", 18, "Dog food|Cat tree|Leash"),
    ("office", 12, "Notebook|Fountain pen|墨水"),
]
BRANDS = ["Nordlys", "Ätna & Söhne", "Bright's", "山水", "Verde", "Maison Doré", "Plain"]
SOURCES = ["website", "social", "ads", "store", "trade_fair", "referral"]
INDUSTRIES = ["retail", "manufacturing", "healthcare", "education", "software", "hospitality"]
TIERS = ["basic", "silver", "gold", "platinum"]
ORDER_CHANNELS = ["web", "app", "store", "phone", "marketplace"]
STATUSES = ["completed", "shipped", "pending", "cancelled", "refunded", "test"]
REASONS = ["damaged", "does not fit", "late", "customer's wish"]
FOREIGN = {"USD": 0.92, "GBP": 1.16, "CHF": 1.04}  # EUR per unit, roughly; no order is in CHF
CURRENCIES = ["EUR", "USD", "GBP"]
CURRENCY_FACTOR = np.array([1.0, 1.08, 0.86])
UTM = [
    ("google", "cpc", "brand"),
    ("google", "cpc", "spring_sale"),
    ("newsletter", "email", "newsletter"),
    ("instagram", "social", "summer"),
    ("wechat", "social", "双十一"),
    ("partner", "affiliate", "review_site"),
]
EVENT_TYPES = [
    "page_view",
    "product_view",
    "search",
    "add_to_cart",
    "wishlist",
    "checkout_started",
    "signup",
    "login",
    "feature_used",
    "email_capture",
    "event_attended",
    "support_contact",
    "social_interaction",
]
EVENT_INDEX = {name: i for i, name in enumerate(EVENT_TYPES)}
WEB_SHARES = [0.39, 0.37, 0.11, 0.045, 0.025, 0.006, 0, 0, 0, 0.012, 0.002, 0.01, 0.03]
APP_SHARES = [0.24, 0.33, 0.08, 0.05, 0.03, 0.01, 0, 0, 0.23, 0, 0.002, 0.008, 0.02]
PROPERTIES = [
    '{"query": "running shoes"}',
    '{"query": "café, whole bean"}',
    '{"query": "咖啡"}',
    '{"query": "gift"}',
    '{"feature": "export"}',
    '{"feature": "wish list share"}',
    '{"feature": "scan"}',
    '{"topic": "delivery"}',
    '{"topic": "can\'t log in"}',
    '{"user_agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}',
    '{"user_agent": "Mozilla/5.0 (iPhone) Safari/605.1"}',
]
BOTS = ["Mozilla/5.0 (compatible; Googlebot/2.1)", "Mozilla/5.0 (compatible; AhrefsBot/7.0)"]
SPEND_CHANNELS = ["ads", "social", "email", "trade_fair"]
LOCAL_HOURS = np.array(
    [
        1,
        0.5,
        0.3,
        0.2,
        0.2,
        0.4,
        1,
        2,
        3,
        4,
        4.5,
        5,
        5.5,
        5,
        4.5,
        4.5,
        5,
        5.5,
        6,
        7,
        7.5,
        6.5,
        4.5,
        2.5,
    ]
)
NIGHT_HOURS = np.array([6, 5, 3, 1.5, 0.5, 0.2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 5, 6])

# ----------------------------------------------------------------------------------------------
# Arguments
# ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """The arguments, checked."""

    customers: int
    seed: int
    file_format: str
    years: int
    end: date
    dirty: float
    effect: float
    treated_share: float
    contamination: float
    orders_mean: float
    events_mean: float
    demo: bool

    @property
    def days(self) -> int:
        return round(self.years * 365.25)

    @property
    def end_day(self) -> int:
        return (self.end - date(1970, 1, 1)).days

    @property
    def start_day(self) -> int:
        return self.end_day - self.days + 1

    @property
    def end_s(self) -> int:
        """The last second of the data."""
        return (self.end_day + 1) * DAY - 1

    @property
    def wave_s(self) -> int:
        """When the planted campaign was sent."""
        return (self.end_day - WINBACK_BEFORE_END_DAYS) * DAY + 10 * 3600

    @property
    def chunk_people(self) -> int:
        heaviest = max(self.events_mean, 3 * self.orders_mean, 1.0)
        return int(min(20_000, max(100, 600_000 // heaviest)))

    @property
    def buyer_share(self) -> float:
        return min(0.86 if self.demo else 0.80, 0.8 * self.orders_mean)

    def width(self, usual: int, demo: int) -> int:
        if self.demo:
            return max(demo, len(str(self.customers)))
        return max(usual, len(str(self.customers)))


# ----------------------------------------------------------------------------------------------
# Small tools: arrow columns from numpy, without a loop over rows
# ----------------------------------------------------------------------------------------------


def ids(prefix: str, numbers: Ints, width: int) -> pa.Array:
    """`C0000123`: fixed-width ids, built as bytes."""
    return _fixed_text(prefix, numbers, width, 10, b"0123456789")


def hex_ids(prefix: str, numbers: Ints, width: int) -> pa.Array:
    """Ids that look random and never collide: an odd factor permutes 0 .. 16**width − 1."""
    size = 16**width
    mixed = (numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) % np.uint64(size)
    return _fixed_text(prefix, mixed.astype(np.int64), width, 16, b"0123456789abcdef")


def _fixed_text(prefix: str, numbers: Ints, width: int, base: int, digits: bytes) -> pa.Array:
    head = prefix.encode()
    length = len(head) + width
    table = np.frombuffer(digits, dtype=np.uint8)
    out = np.empty((numbers.size, length), dtype=np.uint8)
    out[:, : len(head)] = np.frombuffer(head, dtype=np.uint8)
    rest = numbers.astype(np.int64)
    for column in range(length - 1, len(head) - 1, -1):
        rest, digit = np.divmod(rest, base)
        out[:, column] = table[digit]
    offsets = np.arange(numbers.size + 1, dtype=np.int32) * length
    return pa.StringArray.from_buffers(numbers.size, pa.py_buffer(offsets), pa.py_buffer(out))


def coded(values: Sequence[str] | pa.Array | Texts, codes: Ints, present: Bools | None = None) -> pa.Array:
    """A text column as codes into `values`; null where `present` is false."""
    dictionary = values if isinstance(values, pa.Array) else pa.array(list(values), pa.string())
    if len(dictionary) == 0:
        return pa.nulls(codes.size, pa.string()).dictionary_encode()
    mask = None if present is None else ~present
    safe = codes if present is None else np.where(present, codes, 0)
    return pa.DictionaryArray.from_arrays(pa.array(safe.astype(np.int32), mask=mask), dictionary)


def text(values: Texts, present: Bools | None = None) -> pa.Array:
    return pa.array(values, pa.string(), mask=None if present is None else ~present)


def times(seconds: Ints, present: Bools | None = None) -> pa.Array:
    stamps = (seconds * 1_000_000).astype("datetime64[us]")
    return pa.array(stamps, mask=None if present is None else ~present)


def days_column(days: Ints, present: Bools | None = None) -> pa.Array:
    return pa.array(days.astype("datetime64[D]"), pa.date32(), mask=None if present is None else ~present)


def decimals(units: Ints, scale: int) -> pa.Array:
    """Whole units of 10**-scale as decimal(18, scale), by laying out the 128-bit integers."""
    raw = np.empty((units.size, 2), dtype=np.int64)
    raw[:, 0] = units
    raw[:, 1] = units >> 63
    return pa.Array.from_buffers(pa.decimal128(18, scale), units.size, [None, pa.py_buffer(raw)])


def constant(value: str, size: int) -> pa.Array:
    return coded([value], np.zeros(size, np.int64))


def frame(name: str, columns: dict[str, pa.Array]) -> pa.Table:
    """A table in the contract's column order."""
    return pa.table({column: columns[column] for column in SCHEMAS[name].names})


def pick(rng: np.random.Generator, shares: Sequence[float] | Floats, size: int) -> Ints:
    """Codes 0, 1, 2 … in these shares."""
    edges = np.cumsum(np.asarray(shares, dtype=np.float64))
    drawn: Ints = np.searchsorted(edges, rng.random(size) * edges[-1], side="right")
    return np.minimum(drawn, len(edges) - 1)


def sha256(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def in_control(customer_ids: Iterable[str]) -> Bools:
    """The global control group, by the rule the project itself uses."""
    return np.array(
        [
            int(hashlib.md5(f"global_control|{c}".encode()).hexdigest()[:7], 16) % 10_000 < CONTROL_SHARE
            for c in customer_ids
        ],
        dtype=bool,
    )


# ----------------------------------------------------------------------------------------------
# Time: an even process clock, stretched over a calendar with busy and quiet days
# ----------------------------------------------------------------------------------------------


class Calendar:
    """By the process clock people buy evenly; the calendar makes Decembers and Sundays busy."""

    def __init__(self, start_day: int, days: int) -> None:
        self.start_day = start_day
        self.days = days
        day = np.arange(start_day, start_day + days)
        year = day.astype("datetime64[D]").astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
        of_year = (day - year).astype(np.float64)
        weight = 1 + 0.18 * np.cos(2 * np.pi * (of_year - 345) / 365.25)
        weight += 1.3 * np.exp(-(((of_year - 331) / 4) ** 2)) + 0.5 * np.exp(-(((of_year - 351) / 7) ** 2))
        weight *= np.array([0.95, 0.9, 0.92, 1.0, 1.1, 1.15, 1.25])[(day + 3) % 7]
        self._edges = np.concatenate([[0.0], np.cumsum(weight) * days / weight.sum()])

    def day(self, clock: Floats) -> Ints:
        """Day since 1970 at a process time of 0 .. days."""
        index = np.searchsorted(self._edges, clock, side="right") - 1
        return np.clip(index, 0, self.days - 1) + self.start_day

    def clock(self, day: int) -> float:
        return float(self._edges[min(max(day - self.start_day, 0), self.days)])


# ----------------------------------------------------------------------------------------------
# The purchase process
# ----------------------------------------------------------------------------------------------

RATE_SHAPE = 0.9
DROP_A, DROP_B = 0.5, 4.0
MAX_RATE = 0.6  # purchases a day
SIMULATED = 40_000  # people in the calibration


@dataclass(frozen=True)
class Purchases:
    """Purchases by the process clock, one row each, and who stopped for good and when."""

    person: Ints
    clock: Floats
    left_at: Floats


def purchase_process(rng: np.random.Generator, first: Floats, scale: float, horizon: float) -> Purchases:
    """Gamma rates, exponential gaps, a chance to leave after each; `first` is NaN: no buyer."""
    rate = np.minimum(rng.gamma(RATE_SHAPE, scale / RATE_SHAPE, first.size), MAX_RATE) + 1e-9
    drop = rng.beta(DROP_A, DROP_B, first.size)
    left_at = np.full(first.size, np.inf)
    alive = np.flatnonzero(first < horizon)
    clock = first[alive]
    people, moments = [alive], [clock]
    while alive.size:
        stays = rng.random(alive.size) >= drop[alive]
        left_at[alive[~stays]] = clock[~stays]
        alive = alive[stays]
        clock = clock[stays] + rng.exponential(1.0, alive.size) / rate[alive]
        inside = clock < horizon
        alive, clock = alive[inside], clock[inside]
        people.append(alive)
        moments.append(clock)
    return Purchases(np.concatenate(people), np.concatenate(moments), left_at)


def arrivals(rng: np.random.Generator, size: int, horizon: float) -> Floats:
    """When people turn up: some were there before the data, later years bring more."""
    fresh = horizon * rng.random(size) ** 0.85
    return np.where(rng.random(size) < 0.15, rng.random(size) * min(60.0, horizon), fresh)


def first_purchases(rng: np.random.Generator, plan: Plan, arrival: Floats, buyer: Bools) -> Floats:
    wait = rng.exponential(9.0, arrival.size)
    first = np.minimum(arrival + wait, (arrival + plan.days) / 2)
    return np.where(buyer, first, np.nan)


@dataclass(frozen=True)
class Process:
    """The pace that gives the wanted mean, and the share that comes back by itself."""

    scale: float
    natural_rate: float


def calibrate(plan: Plan, calendar: Calendar) -> Process:
    """Find the pace that gives the mean asked for, by bisection on a fixed simulation."""

    def simulate(scale: float) -> Purchases:
        rng = np.random.default_rng([8_191, plan.days])
        arrival = arrivals(rng, SIMULATED, plan.days)
        first = first_purchases(rng, plan, arrival, rng.random(SIMULATED) < plan.buyer_share)
        return purchase_process(rng, first, scale, plan.days)

    low, high = 1e-6, 2.0
    for _ in range(16):
        middle = math.sqrt(low * high)
        if simulate(middle).person.size < plan.orders_mean * SIMULATED:
            low = middle
        else:
            high = middle
    found = simulate(high)
    seconds = calendar.day(found.clock) * DAY + 43_200
    last, bought = winback_state(found.person, seconds, SIMULATED, plan)
    audience = last <= plan.wave_s - WINBACK_SILENCE_DAYS * DAY
    natural = float(bought[audience].mean()) if audience.any() else 0.0
    return Process(high, min(natural, 0.7))


def winback_state(person: Ints, seconds: Ints, size: int, plan: Plan) -> tuple[Ints, Bools]:
    """Per person: the last purchase before the campaign (or NEVER); whether one fell in it."""
    last = np.full(size, -1, dtype=np.int64)
    before = seconds < plan.wave_s
    np.maximum.at(last, person[before], seconds[before])
    bought = np.zeros(size, dtype=bool)
    inside = (seconds >= plan.wave_s) & (seconds < plan.wave_s + WINBACK_WINDOW_DAYS * DAY)
    bought[person[inside]] = True
    return np.where(last < 0, NEVER, last), bought


# ----------------------------------------------------------------------------------------------
# Products
# ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Catalogue:
    """`grid[category, k]` is the k-th cheapest product of a category."""

    table: pa.Table
    ids: pa.Array
    grid: Ints
    price: Ints
    launch_day: Ints
    fallback: Ints

    def choose(self, rng: np.random.Generator, tier: Floats, favourite: Ints, day: Ints) -> Ints:
        """A product that suits the person: mostly the favourite category, near the usual price."""
        categories, per_category = self.grid.shape
        own = rng.random(tier.size) < 0.6
        category = np.where(own, favourite, rng.integers(0, categories, tier.size))
        wobble = np.where(rng.random(tier.size) < 0.3, 0.0, rng.normal(0, 0.16, tier.size))
        rank = np.clip(tier + wobble, 0, 0.999) * per_category
        return self.on_sale(self.grid[category, rank.astype(np.int64)], day)

    def companion(self, product: Ints, day: Ints) -> Ints:
        """What is bought together with a product: the same price rank of the next category."""
        categories, per_category = self.grid.shape
        category, rank = np.divmod(product, per_category)
        return self.on_sale(self.grid[(category + 1) % categories, rank], day)

    def on_sale(self, product: Ints, day: Ints) -> Ints:
        return np.where(self.launch_day[product] > day, self.fallback[product], product)


def make_catalogue(plan: Plan) -> Catalogue:
    rng = np.random.default_rng([plan.seed, 1_000_003])
    categories, per_category = (8, 8) if plan.demo else (len(CATEGORIES), 40)
    size = categories * per_category
    base = np.repeat([c[1] for c in CATEGORIES[:categories]], per_category)
    spread = np.sort(rng.normal(0, 0.55, (categories, per_category)), axis=1).ravel()
    price = np.maximum(np.round(base * np.exp(spread)), 2).astype(np.int64) * 100 - 5
    cost = (price * rng.integers(4_000, 7_000, size)) // 100  # in 1/10,000
    number = np.arange(size)
    is_new = number % per_category % 7 == 3
    launch = plan.start_day - 1 - rng.integers(0, 1_500, size)
    inside = plan.start_day + np.sort(rng.integers(0, plan.days, size))[rng.permutation(size)]
    launch = np.where(is_new, inside, launch)
    launch = np.where(is_new & (number // per_category % 4 == 1), plan.end_day - 10 - number % 20, launch)
    stems = [CATEGORIES[c][2].split("|")[k % 3] for c in range(categories) for k in range(per_category)]
    names = [f"{stem} {k % per_category + 1}" for k, stem in enumerate(stems)]
    product_ids = ids("P", number + 1, 3 if plan.demo else 4)
    columns = {
        "product_id": product_ids,
        "product_name": pa.array(names),
        "category": coded([c[0] for c in CATEGORIES], number // per_category),
        "brand": coded(BRANDS, rng.integers(0, len(BRANDS), size), rng.random(size) > 0.05),
        "price": decimals(price * 100, 4),
        "unit_cost": decimals(cost, 4),
        "launched_on": days_column(launch),
    }
    fallback = np.where(is_new, number + 1, number)
    grid = number.reshape(categories, per_category)
    return Catalogue(frame("products", columns), product_ids, grid, price, launch, fallback)


# ----------------------------------------------------------------------------------------------
# People
# ----------------------------------------------------------------------------------------------


@dataclass
class People:
    """A chunk of people, an element each. Kind: 0 has a record, 1 guest only, 2 never known."""

    number: Ints
    kind: Ints
    buyer: Bools
    arrival: Floats
    country: Ints
    currency: Ints
    tier: Floats
    favourite: Ints
    hour_shift: Ints
    night: Bools
    app: Bools
    channel: Ints
    discount_lover: Floats
    mood: Floats
    ids: pa.Array
    email: Texts
    has_email: Bools
    phone: Texts
    has_phone: Bools
    link: Ints  # 0 one record, 1 two records with one e-mail, 2 two records with one phone
    second_ids: pa.Array
    control: Bools
    registered: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    second_registered: Ints = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def size(self) -> int:
        return int(self.number.size)

    @property
    def record(self) -> Bools:
        return np.equal(self.kind, 0)


def make_people(rng: np.random.Generator, plan: Plan, categories: int, first_number: int, size: int) -> People:
    number = np.arange(first_number, first_number + size, dtype=np.int64)
    known = 0.88 if plan.demo else 0.90
    kind = pick(rng, [known, 0.04, 0.96 - known], size)
    recorded_buyers = rng.random(size) < max(plan.buyer_share - 0.04, 0.0) / known
    country = pick(rng, [float(c.weight) for c in COUNTRIES], size)
    own_money = np.array([CURRENCIES.index(c.currency) for c in COUNTRIES])[country]
    email = make_emails(rng, number, country)
    has_email, has_phone = make_reachable(rng, plan, kind)
    link = make_links(rng, plan, kind, has_email, has_phone)
    width = plan.width(7, 4)
    first_ids, second_ids = ids("C", number, width), ids("S", number, width)
    return People(
        number=number,
        kind=kind,
        buyer=np.where(kind == 0, recorded_buyers, kind == 1) & (plan.orders_mean > 0),
        arrival=arrivals(rng, size, plan.days),
        country=country,
        currency=np.where(rng.random(size) < 0.9, own_money, 0),
        tier=rng.beta(2.0, 2.4, size),
        favourite=rng.integers(0, categories, size),
        hour_shift=np.array([int(c.utc_offset) for c in COUNTRIES])[country],
        night=rng.random(size) < 0.08,
        app=rng.random(size) < 0.28,
        channel=pick(rng, [0.5, 0.16, 0.2, 0.04, 0.1], size),
        discount_lover=rng.beta(0.7, 2.0, size),
        mood=rng.normal(0, 1, size),
        ids=first_ids,
        email=email,
        has_email=has_email,
        phone=make_phones(number, country),
        has_phone=has_phone,
        link=link,
        second_ids=second_ids,
        control=make_control(first_ids, second_ids, link),
    )


def make_reachable(rng: np.random.Generator, plan: Plan, kind: Ints) -> tuple[Bools, Bools]:
    """Who has an e-mail address, who a phone; a guest has at least one."""
    mailed, called = (0.85, 0.5) if plan.demo else (0.93, 0.65)
    has_email = (rng.random(kind.size) < np.where(kind == 1, 0.8, mailed)) & (kind < 2)
    has_phone = (rng.random(kind.size) < called) & (kind < 2)
    return has_email, has_phone | ((kind == 1) & ~has_email)


def make_links(rng: np.random.Generator, plan: Plan, kind: Ints, has_email: Bools, has_phone: Bools) -> Ints:
    """Who has a second record, and by which address it is known to be the same person."""
    shares = [0.93, 0.04, 0.03] if plan.demo else [0.965, 0.02, 0.015]
    wants = pick(rng, shares, kind.size)
    able = (kind == 0) & np.choose(wants, [False, has_email, has_phone])
    return np.where(able, wants, 0)


def make_control(first_ids: pa.Array, second_ids: pa.Array, link: Ints) -> Bools:
    """In the control group by either record: then no record gets a message."""
    out = in_control(first_ids.to_pylist())
    pairs = np.flatnonzero(link > 0)
    out[pairs] |= in_control(second_ids.take(pa.array(pairs)).to_pylist())
    return out


def split_name(entry: str) -> tuple[str, str]:
    """`王:wang` → text and handle; without a colon the handle is the text without its accents."""
    shown, _, handle = entry.partition(":")
    shown = shown.replace("_", " ")
    plain = handle or shown.replace("ß", "ss").replace("ł", "l").replace("Ł", "L")
    folded = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    return shown, "".join(c for c in folded.lower() if c.isalpha())


def name_pool(country: int, part: int) -> list[tuple[str, str]]:
    return [split_name(e) for e in NAMES[COUNTRIES[country].names].split("|")[part].split()]


def make_names(number: Ints, country: Ints, part: int, which: int) -> Texts:
    """Women's, men's or family names (part 0, 1, 2) by a fixed scramble of the person's number."""
    out = np.empty(number.size, dtype="U24")
    for index in range(len(COUNTRIES)):
        chosen = np.flatnonzero(country == index)
        pool = [e[which] for e in name_pool(index, part)]
        out[chosen] = np.array(pool)[(number[chosen] * 7_919 // 13) % len(pool)]
    return out


def full_names(people: People, woman: Bools) -> Texts:
    def given(part: int) -> Texts:
        return make_names(people.number * 31 + 7, people.country, part, 0)

    first = np.where(woman, given(0), given(1))
    family = make_names(people.number, people.country, 2, 0)
    asian = np.isin(people.country, [i for i, c in enumerate(COUNTRIES) if c.code in ("CN", "JP")])
    west = np.strings.add(np.strings.add(first, " "), family)
    return np.where(asian, np.strings.add(family, first), west)


def make_emails(rng: np.random.Generator, number: Ints, country: Ints) -> Texts:
    """One address per person, in its normal form (lower case)."""
    domain = np.array(DOMAINS)[rng.integers(0, len(DOMAINS), number.size)]
    local = np.strings.add(make_names(number, country, 2, 1), number.astype("U12"))
    plus = np.where(rng.random(number.size) < 0.03, "+shop", "")
    return np.strings.add(np.strings.add(np.strings.add(local, plus), "@"), domain)


def make_phones(number: Ints, country: Ints) -> Texts:
    """National significant numbers: mobile prefix and eight digits, one per person."""
    prefix = np.array([c.mobile for c in COUNTRIES])[country]
    digits = 10_000_000 + (number * 37_000_003) % 89_999_999
    return np.strings.add(prefix, digits.astype("U8"))


def phone_text(people: People, form: Ints) -> Texts:
    """The same number as people write it: 0 `+49…`, 1 `+49 151-…`, 2 `0049…`, 3 national."""
    code = np.array([c.dialling for c in COUNTRIES])[people.country]
    trunk = np.array([c.trunk for c in COUNTRIES])[people.country]
    plus = np.strings.add(np.strings.add("+", code), people.phone)
    spaced = np.strings.add(np.strings.add(np.strings.add("+", code), " "), dashed(people.phone))
    zeros = np.strings.add(np.strings.add("00", code), people.phone)
    national = np.strings.add(trunk, people.phone)
    return np.where(form == 0, plus, np.where(form == 1, spaced, np.where(form == 2, zeros, national)))


def dashed(numbers: Texts) -> Texts:
    cut = np.maximum(np.strings.str_len(numbers) - 8, 0)
    head = np.strings.slice(numbers, 0, cut)
    tail = np.strings.slice(numbers, cut, np.iinfo(np.int64).max)
    return np.strings.add(np.strings.add(head, "-"), tail)


def settle(rng: np.random.Generator, plan: Plan, calendar: Calendar, people: People, first_order: Ints) -> None:
    """Registration times: before the first order; some long before the data begins."""
    day = calendar.day(people.arrival)
    moment = day * DAY + time_of_day(rng, people, np.arange(people.size))
    moment = np.minimum(moment, first_order - 900)
    old = (people.arrival < 60) & (rng.random(people.size) < 0.6)
    long_ago = (plan.start_day - rng.integers(1, 700, people.size)) * DAY + moment % DAY
    people.registered = np.where(old, long_ago, moment)
    later = (
        people.registered + DAY + (rng.random(people.size) * 0.6 * (plan.end_s - people.registered)).astype(np.int64)
    )
    fits = later < plan.end_s - DAY
    people.link = np.where(fits, people.link, 0)
    people.second_registered = np.where(people.link > 0, later, NEVER)


def time_of_day(rng: np.random.Generator, people: People, person: Ints) -> Ints:
    """Second of the UTC day: busy local evenings, and some who shop at night."""
    hour = pick(rng, LOCAL_HOURS, person.size)
    late = people.night[person] & (rng.random(person.size) < 0.8)
    hour = np.where(late, pick(rng, NIGHT_HOURS, person.size), hour)
    return (hour - people.hour_shift[person]) % 24 * 3600 + rng.integers(0, 3600, person.size)


def customers_table(rng: np.random.Generator, plan: Plan, people: People, referred: Bools) -> pa.Table:
    """First records, then the second ones of those who have two."""
    first = np.flatnonzero(people.record)
    second = np.flatnonzero(people.link > 0)
    person = np.concatenate([first, second])
    again = np.arange(person.size) >= first.size
    email, has_email, phone, has_phone = record_addresses(rng, people, person, again)
    registered = np.where(again, people.second_registered[person], people.registered[person])
    dated = (people.link[person] > 0) | (rng.random(person.size) > 0.01)
    aged = (plan.end_s - registered) * rng.random(person.size) ** 2
    source = pick(rng, [40, 18, 18, 12, 6], person.size)
    source = np.where(again, 3, np.where(referred[person], 5, source))
    columns = {
        "customer_id": pa.concat_arrays([people.ids.take(pa.array(first)), people.second_ids.take(pa.array(second))]),
        "email": text(email, has_email),
        "phone": text(phone, has_phone),
        "acquisition_source": coded(SOURCES, source, rng.random(person.size) < 0.93),
        "registered_at": times(registered, dated),
        "updated_at": times(registered + aged.astype(np.int64)),
    }
    columns |= place_columns(rng, people, person, has_phone)
    return frame("customers", columns | profile_columns(rng, plan, people, person))


def place_columns(rng: np.random.Generator, people: People, person: Ints, has_phone: Bools) -> dict[str, pa.Array]:
    """A phone is written as people of its country write it, so the country stands beside it."""
    cities = [city for c in COUNTRIES for city in c.cities.split("|")]
    counts = np.array([len(c.cities.split("|")) for c in COUNTRIES])
    starts = np.cumsum(counts) - counts
    at = people.country[person]
    placed = rng.random(person.size) < 0.94
    return {
        "country": coded([c.code for c in COUNTRIES], at, placed | has_phone),
        "city": coded(cities, starts[at] + people.number[person] % counts[at], placed),
        "timezone": coded([c.timezone for c in COUNTRIES], at, rng.random(person.size) < 0.9),
        "language": coded([c.language for c in COUNTRIES], at, rng.random(person.size) < 0.9),
    }


def profile_columns(rng: np.random.Generator, plan: Plan, people: People, person: Ints) -> dict[str, pa.Array]:
    size, number = person.size, people.number[person]
    woman = people.number * 2_654_435_761 % 97 < 49
    gender = np.where(rng.random(size) < 0.02, 2, np.where(woman[person], 0, 1))
    member = people.buyer[person] & (rng.random(size) < 0.7)
    owners = [f"sales-{k:02d}" for k in range(1, 13)]
    return {
        "full_name": text(full_names(people, woman)[person], rng.random(size) < 0.97),
        "gender": coded(["female", "male", "other"], gender, rng.random(size) < 0.9),
        "birth_date": days_column(birth_days(plan, people, person), number % 20 < 16),
        "industry": coded(INDUSTRIES, number % 6, number % 5 == 0),
        "owner_id": coded(owners, number % 12, number % 3 == 0),
        "member_tier": coded(TIERS, pick(rng, [60, 25, 11, 4], size), member),
    }


def record_addresses(
    rng: np.random.Generator, people: People, person: Ints, again: Bools
) -> tuple[Texts, Bools, Texts, Bools]:
    """What a record says; a second one has the address that links it, in another spelling."""
    email = people.email[person]
    shown = np.where(rng.random(person.size) < 0.05, np.strings.capitalize(email), email)
    sloppy = np.strings.add(np.strings.add(" ", np.strings.upper(email)), " ")
    shown = np.where(again, np.where(people.number[person] % 2 == 0, sloppy, np.strings.upper(email)), shown)
    link = people.link[person]
    has_email = people.has_email[person] & (~again | (link == 1))
    form = pick(rng, [0.5, 0.2, 0.1, 0.2], person.size)
    linked = np.where(again, 2 + people.number[person] % 2, people.number[person] % 2)
    form = np.where(link == 2, linked, form)
    per_form = [phone_text(people, np.full(people.size, f))[person] for f in range(4)]
    phone = np.where(
        form == 0,
        per_form[0],
        np.where(form == 1, per_form[1], np.where(form == 2, per_form[2], per_form[3])),
    )
    return shown, has_email, phone, people.has_phone[person] & (~again | (link == 2))


def birth_days(plan: Plan, people: People, person: Ints) -> Ints:
    """Ages 18 to 83 at the end, by a fixed scramble so that two records agree."""
    spread = (people.number[person] * 48_271 + 11) % 2_147_483_647 % (65 * 365)
    return plan.end_day - 18 * 365 - 5 - spread


# ----------------------------------------------------------------------------------------------
# Orders, items, refunds
# ----------------------------------------------------------------------------------------------


@dataclass
class Orders:
    """One element per order, in order of time."""

    person: Ints
    seconds: Ints
    channel: Ints
    status: Ints
    currency: Ints
    amount: Ints
    discount: Ints
    shipping: Ints
    updated: Ints
    refund_at: Ints
    number: Ints
    identity: Ints  # 0 first record, 1 second record, 2 e-mail, 3 phone, 4 nobody
    zero: Bools
    negative: Bools
    ids: pa.Array

    @property
    def has_currency(self) -> Bools:
        """A few say none: they count as the reporting currency."""
        said: Bools = (self.currency > 0) | (self.number % 499 != 0)
        return said

    @property
    def is_purchase(self) -> Bools:
        return np.isin(self.status, [0, 1, 4]) & (self.amount > 0)


def make_orders(
    rng: np.random.Generator, plan: Plan, people: People, person: Ints, seconds: Ints, offset: int
) -> Orders:
    order = np.lexsort((person, seconds))
    person, seconds = person[order], seconds[order]
    size = person.size
    usual = rng.random(size) < 0.75
    channel = np.where(usual, people.channel[person], pick(rng, [0.5, 0.15, 0.2, 0.05, 0.1], size))
    taps = people.app[person] & (rng.random(size) < 0.35)
    channel = np.where(channel < 2, np.where(taps | (people.app[person] & (channel == 1)), 1, 0), channel)
    channel = np.where((people.kind[person] == 1) & (channel == 1), 0, channel)
    negative = (rng.random(size) < (0.002 if plan.demo else 0.0004)) & (people.kind[person] == 0)
    channel = np.where(negative, 2, channel)
    zero = (rng.random(size) < 0.004) & ~negative
    status, updated, refund_at = order_states(rng, plan, seconds, channel, zero | negative)
    number = np.arange(offset + 1, offset + size + 1)
    blank = np.zeros(size, np.int64)
    return Orders(
        person=person,
        seconds=seconds,
        channel=channel,
        status=status,
        currency=people.currency[person],
        amount=blank.copy(),
        discount=blank.copy(),
        shipping=blank.copy(),
        updated=updated,
        refund_at=refund_at,
        number=number,
        identity=order_identity(rng, people, person, seconds, channel),
        zero=zero,
        negative=negative,
        ids=ids("O", number, 5 if plan.demo else 9),
    )


def order_states(
    rng: np.random.Generator, plan: Plan, seconds: Ints, channel: Ints, plain: Bools
) -> tuple[Ints, Ints, Ints]:
    """Status, last change, and when a status `refunded` came about (or NEVER)."""
    size = seconds.size
    age = plan.end_s - seconds
    draw = rng.random(size)
    remote = channel != 2
    status = np.zeros(size, np.int64)
    status[remote & (age < 12 * DAY)] = 1
    status[remote & (age < 4 * DAY) & (rng.random(size) < 0.4)] = 2
    status[(draw < 0.002) & remote] = 2
    status[(draw >= 0.002) & (draw < 0.032) & remote] = 3
    refund_at = seconds + rng.integers(2 * DAY, 30 * DAY, size)
    refunded = (draw >= 0.032) & (draw < 0.056) & (refund_at < plan.end_s) & ~plain
    status[refunded] = 4
    status[(draw >= 0.056) & (draw < 0.058)] = 5
    lag = np.choose(status, [rng.integers(DAY, 8 * DAY, size), DAY, 60, 20_000, 0, 600])
    lag = np.where((channel == 2) & (status == 0), 300, lag)
    updated = np.where(status == 4, refund_at, np.minimum(seconds + lag, plan.end_s))
    return status, updated, np.where(refunded, refund_at, NEVER)


def order_identity(rng: np.random.Generator, people: People, person: Ints, seconds: Ints, channel: Ints) -> Ints:
    draw = rng.random(person.size)
    guest = (people.kind[person] == 1) | (draw < 0.05)
    address = np.where(people.has_email[person], 2, np.where(people.has_phone[person], 3, 0))
    both = people.has_email[person] & people.has_phone[person] & (rng.random(person.size) < 0.3)
    address = np.where(both, 3, address)
    identity = np.where(guest, address, 0)
    store = (channel == 2) | (rng.random(person.size) < 0.3)
    second = (seconds > people.second_registered[person]) & store & (identity == 0)
    identity = np.where(second, 1, identity)
    return np.where((draw > 0.985) & (channel == 2) & (people.kind[person] == 0), 4, identity)


def make_items(rng: np.random.Generator, catalogue: Catalogue, people: People, orders: Orders) -> pa.Table:
    """Lines, and from them the amounts: paid = lines − discounts + shipping, to the cent."""
    lines = 1 + pick(rng, [0.6, 0.25, 0.1, 0.05], orders.person.size)
    of = np.repeat(np.arange(orders.person.size), lines)
    position = np.arange(of.size) - np.repeat(np.cumsum(lines) - lines, lines)
    person, day = orders.person[of], orders.seconds[of] // DAY
    product = catalogue.choose(rng, people.tier[person], people.favourite[person], day)
    together = np.flatnonzero((position == 1) & (rng.random(of.size) < 0.35))
    product[together] = catalogue.companion(product[together - 1], day[together])
    quantity = 1 + pick(rng, [0.8, 0.14, 0.06], of.size)
    factor = CURRENCY_FACTOR[orders.currency[of]]
    unit = np.round(catalogue.price[product] * factor).astype(np.int64)
    gross = quantity * unit
    discount = gross * discount_percent(rng, people, orders)[of] // 100
    total = np.bincount(of, gross - discount, orders.person.size).astype(np.int64)
    orders.discount = np.bincount(of, discount, orders.person.size).astype(np.int64)
    free = orders.zero | (total > 6_000) | (orders.channel == 2)
    orders.shipping = np.where(free, 0, 495)
    orders.amount = np.where(orders.negative, -total, total + orders.shipping)
    orders.discount[orders.negative] = 0
    orders.shipping[orders.negative] = 0
    bare = orders.negative | ((orders.channel == 4) & (rng.random(orders.person.size) < 0.1))
    keep = np.flatnonzero(~bare[of])
    columns = {
        "order_id": coded(orders.ids, of[keep]),
        "line_number": pa.array(position[keep] + 1),
        "product_id": coded(catalogue.ids, product[keep]),
        "quantity": pa.array(quantity[keep]),
        "unit_price": decimals(unit[keep] * 100, 4),
        "discount_amount": decimals(discount[keep], 2),
    }
    return frame("order_items", columns)


def discount_percent(rng: np.random.Generator, people: People, orders: Orders) -> Ints:
    size = orders.person.size
    given = rng.random(size) < people.discount_lover[orders.person]
    percent = np.where(given, rng.choice([5, 10, 15, 20, 30], size), 0)
    return np.where(orders.zero, 100, percent)


def orders_table(rng: np.random.Generator, people: People, orders: Orders) -> pa.Table:
    known = orders.identity < 2
    customer = pa.concat_arrays([people.ids, people.second_ids])
    code = orders.person + np.where(orders.identity == 1, people.size, 0)
    told = known & people.has_email[orders.person] & (rng.random(orders.person.size) < 0.08)
    plus = phone_text(people, np.zeros(people.size, np.int64))
    columns = {
        "order_id": orders.ids,
        "customer_id": coded(customer, code, known),
        "email": coded(text(people.email), orders.person, told | (orders.identity == 2)),
        "phone": coded(text(plus), orders.person, orders.identity == 3),
        "ordered_at": times(orders.seconds),
        "status": coded(STATUSES, orders.status),
        "amount": decimals(orders.amount, 2),
        "discount_amount": decimals(orders.discount, 2),
        "tax_amount": decimals(np.maximum(orders.amount, 0) * 19 // 119, 2),
        "shipping_amount": decimals(orders.shipping, 2),
        "currency": coded(CURRENCIES, orders.currency, orders.has_currency),
        "channel": coded(ORDER_CHANNELS, orders.channel),
        "updated_at": times(orders.updated),
    }
    return frame("orders", columns)


def refunds_table(rng: np.random.Generator, plan: Plan, orders: Orders, offset: int) -> tuple[pa.Table, Ints]:
    """Refunds that never exceed their order; also the sum refunded per order."""
    size = orders.person.size
    able = (orders.amount > 200) & (orders.seconds < plan.end_s - 40 * DAY)
    draw = rng.random(size)
    stated = (orders.status == 4) & (draw < 0.7) & (orders.amount > 0)
    done = (orders.status == 0) & able
    whole = done & (draw < 0.01)
    part = done & (draw >= 0.01) & (draw < 0.05)
    twice = part & (draw < 0.016)
    share = (orders.amount * rng.uniform(0.1, 0.45, size)).astype(np.int64)
    at = np.where(stated, orders.refund_at, orders.seconds + rng.integers(2 * DAY, 25 * DAY, size))
    first = np.flatnonzero(stated | whole | part)
    again = np.flatnonzero(twice)
    of = np.concatenate([first, again])
    amount = np.concatenate([np.where(part, share, orders.amount)[first], share[again]])
    moment = np.concatenate([at[first], at[again] + 5 * DAY])
    sums = np.bincount(of, amount, size).astype(np.int64) if of.size else np.zeros(size, np.int64)
    number = np.arange(offset + 1, offset + of.size + 1)
    columns = {
        "refund_id": ids("R", number, 4 if plan.demo else 9),
        "order_id": coded(orders.ids, of),
        "refunded_at": times(moment),
        "amount": decimals(amount, 2),
        "reason": coded(REASONS, rng.integers(0, 4, of.size), rng.random(of.size) < 0.85),
    }
    return frame("refunds", columns), sums


# ----------------------------------------------------------------------------------------------
# Sessions and events
# ----------------------------------------------------------------------------------------------

BROWSE, ORDER, SIGNUP = 0, 1, 2


@dataclass
class Sessions:
    person: Ints
    start: Ints
    kind: Ints
    events: Ints
    step: Ints
    app: Bools
    logged_in: Bools
    abandons: Bools
    device: Ints


def make_sessions(
    rng: np.random.Generator,
    plan: Plan,
    calendar: Calendar,
    people: People,
    orders: Orders,
    left_at: Floats,
) -> Sessions:
    budget = people.size * plan.events_mean / EVENTS_PER_SESSION
    bought, signs = tracked(rng, plan, people, orders, budget)
    rest = budget - bought.size - signs.size
    visitor, visit = browsing(rng, plan, calendar, people, left_at, rest)
    person = np.concatenate([visitor, orders.person[bought], signs])
    anchor = np.concatenate([visit, orders.seconds[bought], people.registered[signs]])
    kind = np.repeat([BROWSE, ORDER, SIGNUP], [visitor.size, bought.size, signs.size])
    size = person.size
    events = 1 + rng.negative_binomial(2, 2 / (1 + EVENTS_PER_SESSION), size)
    events = np.where(kind == ORDER, np.maximum(events, 3), events)
    step = 8 + rng.exponential(35, size).astype(np.int64)
    start = np.where(kind == BROWSE, anchor, anchor - events * step)
    start -= np.maximum(start + events * step - plan.end_s, 0)
    app = people.app[person] & (rng.random(size) < 0.6)
    app[kind == ORDER] = orders.channel[bought] == 1
    logs = rng.random(size) < np.where(app, 0.95, np.where(kind == ORDER, 0.85, 0.45))
    device = np.where(app, 3, ((start // DAY - plan.start_day) // 500).clip(0, 2))
    return Sessions(
        person=person,
        start=start,
        kind=kind,
        events=events,
        step=step,
        app=app,
        logged_in=logs & people.record[person] & (kind != SIGNUP),
        abandons=(kind == BROWSE) & (rng.random(size) < (0.18 if plan.demo else 0.10)),
        device=people.number[person] * 4 + device,
    )


def tracked(rng: np.random.Generator, plan: Plan, people: People, orders: Orders, budget: float) -> tuple[Ints, Ints]:
    """Orders and registrations that left a visit behind."""
    online = np.flatnonzero((orders.channel < 2) & (orders.identity < 4))
    bought = online[rng.random(online.size) < min(0.9, 0.45 * budget / max(online.size, 1))]
    recent = people.registered > plan.start_day * DAY
    signs = np.flatnonzero(people.record & recent & (people.channel < 2))
    share = min(0.7, 0.25 * budget / max(people.size, 1))
    return bought, signs[rng.random(signs.size) < share]


def browsing(
    rng: np.random.Generator,
    plan: Plan,
    calendar: Calendar,
    people: People,
    left_at: Floats,
    budget: float,
) -> tuple[Ints, Ints]:
    """Visits without an order, while a person is interested; who leaves stops, mostly."""
    gone = np.where(rng.random(people.size) < 0.8, left_at + rng.exponential(25, people.size), plan.days)
    bored = people.arrival + rng.exponential(250, people.size)
    until = np.minimum(np.where(people.buyer, gone, bored), plan.days)
    window = np.maximum(until - people.arrival, 0.5)
    weight = rng.gamma(0.8, 1.0, people.size) * window
    mean = max(budget, 0.0) * weight / max(weight.sum(), 1e-9)
    count = rng.poisson(mean)
    person = np.repeat(np.arange(people.size), count)
    clock = people.arrival[person] + rng.random(person.size) * window[person]
    day = calendar.day(np.minimum(clock, plan.days - 1e-6))
    if plan.demo:  # enough people in the shop during the last days for every situation to occur
        late = np.flatnonzero((until >= plan.days - 40) & (rng.random(people.size) < 0.14))
        person = np.concatenate([person, late])
        day = np.concatenate([day, plan.end_day - rng.integers(0, 12, late.size)])
    start = day * DAY + time_of_day(rng, people, person)
    floor = np.where(people.record & people.buyer, people.registered, 0)
    return person, np.maximum(start, floor[person] + 60)


def event_types(rng: np.random.Generator, sessions: Sessions, of: Ints, position: Ints) -> Ints:
    app = sessions.app[of]
    kind = np.where(app, pick(rng, APP_SHARES, of.size), pick(rng, WEB_SHARES, of.size))
    last = position == sessions.events[of] - 1
    before_last = position == sessions.events[of] - 2
    first = position == 0
    view = np.where(rng.random(of.size) < 0.8, EVENT_INDEX["page_view"], EVENT_INDEX["product_view"])
    kind = np.where(first & ~app, view, kind)
    login_at = np.where(app, 0, 1)
    kind = np.where(sessions.logged_in[of] & (position == login_at) & ~app, EVENT_INDEX["login"], kind)
    is_order = sessions.kind[of] == ORDER
    kind = np.where(is_order & before_last, EVENT_INDEX["add_to_cart"], kind)
    kind = np.where(is_order & last, EVENT_INDEX["checkout_started"], kind)
    kind = np.where((sessions.kind[of] == SIGNUP) & last, EVENT_INDEX["signup"], kind)
    leaves = sessions.abandons[of]
    kind = np.where(leaves & last, EVENT_INDEX["add_to_cart"], kind)
    deep = leaves & last & (of % 4 == 0)
    kind = np.where(leaves & before_last & (of % 4 == 0), EVENT_INDEX["add_to_cart"], kind)
    return np.where(deep, EVENT_INDEX["checkout_started"], kind)


def event_properties(rng: np.random.Generator, kind: Ints) -> pa.Array:
    draw = rng.integers(0, 12, kind.size)
    code = np.full(kind.size, -1)
    code = np.where(kind == EVENT_INDEX["search"], draw % 4, code)
    code = np.where(kind == EVENT_INDEX["feature_used"], 4 + draw % 3, code)
    code = np.where(kind == EVENT_INDEX["support_contact"], 7 + draw % 2, code)
    agents = (kind == EVENT_INDEX["page_view"]) & (rng.random(kind.size) < 0.04)
    code = np.where(agents, 9 + draw % 2, code)
    return coded(PROPERTIES, code, code >= 0)


@dataclass(frozen=True)
class Moments:
    """Events in order of time: the session, the place in it, when, and what kind."""

    session: Ints
    position: Ints
    seconds: Ints
    kind: Ints


def event_moments(rng: np.random.Generator, sessions: Sessions) -> Moments:
    of = np.repeat(np.arange(sessions.person.size), sessions.events)
    position = np.arange(of.size) - np.repeat(np.cumsum(sessions.events) - sessions.events, sessions.events)
    wobble = (rng.random(of.size) * 0.8 * sessions.step[of]).astype(np.int64)
    seconds = sessions.start[of] + position * sessions.step[of] + wobble
    order = np.argsort(seconds, kind="stable")
    of, position, seconds = of[order], position[order], seconds[order]
    return Moments(of, position, seconds, event_types(rng, sessions, of, position))


def utm_columns(rng: np.random.Generator, sessions: Sessions, moments: Moments) -> dict[str, pa.Array]:
    """Where a third of the visits came from, on their first event."""
    size = sessions.person.size
    came = np.where(rng.random(size) < 0.35, pick(rng, [3, 2, 3, 2, 1, 1], size), -1)
    code = np.where(moments.position == 0, came[moments.session], -1)
    names = ["utm_source", "utm_medium", "utm_campaign"]
    return {name: coded([u[k] for u in UTM], code, code >= 0) for k, name in enumerate(names)}


def events_table(
    rng: np.random.Generator, world: World, people: People, sessions: Sessions, counters: Counters
) -> pa.Table:
    """One row per event, in order of time within the chunk."""
    plan, moments = world.plan, event_moments(rng, sessions)
    of, kind, size = moments.session, moments.kind, moments.session.size
    person = sessions.person[of]
    login_at = np.where(sessions.app[of], 0, 1)
    known = sessions.logged_in[of] & (moments.position >= login_at)
    known |= (kind == EVENT_INDEX["signup"]) & people.record[person]
    about = np.isin(kind, [EVENT_INDEX[k] for k in ("product_view", "add_to_cart", "wishlist")])
    tier, favourite = people.tier[person], people.favourite[person]
    product = world.catalogue.choose(rng, tier, favourite, moments.seconds // DAY)
    late = rng.random(size) < 0.005
    delay = np.where(late, rng.integers(3_600, 3 * DAY, size), rng.integers(0, 5, size))
    place = np.where(sessions.app[of], 1, 0)
    place = np.where(kind == EVENT_INDEX["event_attended"], 2, place)
    place = np.where((kind == EVENT_INDEX["support_contact"]) & (of % 2 == 0), 3, place)
    devices, device = np.unique(sessions.device, return_inverse=True)
    visit = counters.sessions + 1 + np.arange(sessions.person.size)
    columns = {
        "event_id": ids("E", counters.events + 1 + np.arange(size), 5 if plan.demo else 10),
        "anonymous_id": coded(hex_ids("a", devices, 6 if plan.demo else 10), device[of]),
        "customer_id": coded(people.ids, person, known),
        "event_type": coded(EVENT_TYPES, kind),
        "occurred_at": times(moments.seconds),
        "received_at": times(np.minimum(moments.seconds + delay, plan.end_s)),
        "channel": coded(ORDER_CHANNELS, place),
        "product_id": coded(world.catalogue.ids, product, about),
        "session_id": coded(ids("V", visit, 4 if plan.demo else 9), of),
        "properties": event_properties(rng, kind),
    }
    return frame("events", columns | utm_columns(rng, sessions, moments))


# ----------------------------------------------------------------------------------------------
# Consents, messages, and the planted campaign
# ----------------------------------------------------------------------------------------------

CAMPAIGNS = ["welcome", "newsletter", "cart_reminder", "winback_1"]
MESSAGE_EVENTS = [
    "sent",
    "delivered",
    "opened",
    "clicked",
    "bounced_hard",
    "bounced_soft",
    "unsubscribed",
    "complained",
]
MESSAGE_CHANNELS = ["email", "push"]


@dataclass
class Consents:
    """Rows of the table, and per person whether e-mail marketing is allowed and until when."""

    rows: list[tuple[Ints, str, str, Ints, Ints]]  # person, channel, purpose, status code, seconds
    allowed: Bools
    until: Ints
    push: Bools


CONSENT_STATUSES = ["granted", "denied", "withdrawn"]


def make_consents(rng: np.random.Generator, plan: Plan, people: People) -> Consents:
    everyone = np.flatnonzero(people.record & (people.has_email | people.has_phone))
    wanted = [
        ("email", "marketing", people.has_email, 0.72, 0.12),
        ("sms", "marketing", people.has_phone, 0.30, 0.15),
        ("push", "marketing", people.app, 0.55, 0.15),
        ("ads", "marketing", people.has_email, 0.40, 0.20),
        ("email", "service", people.has_email, 0.35, 0.01),
        ("web", "profiling", np.ones(people.size, bool), 0.50, 0.06),
    ]
    rows: list[tuple[Ints, str, str, Ints, Ints]] = []
    allowed, push = np.zeros(people.size, bool), np.zeros(people.size, bool)
    until = np.full(people.size, NEVER)
    for channel, purpose, reachable, granted, denied in wanted:
        draw = rng.random(everyone.size)
        asked = reachable[everyone] & (draw < granted + denied)
        who = everyone[asked]
        yes = draw[asked] < granted
        at = np.minimum(people.registered[who] + rng.integers(1, 60, who.size), plan.end_s)
        rows.append((who, channel, purpose, np.where(yes, 0, 1), at))
        change = at + (rng.random(who.size) * (plan.end_s - at)).astype(np.int64) + 60
        turns = (rng.random(who.size) < 0.10) & (change < plan.end_s)
        rows.append((who[turns], channel, purpose, np.where(yes[turns], 2, 0), change[turns]))
        push[who[yes & ~turns]] |= channel == "push"
        if (channel, purpose) == ("email", "marketing"):
            allowed[who[yes]] = True
            until[who[yes & turns]] = change[yes & turns]
            back = who[yes & turns & (rng.random(who.size) < 0.2)]
            again = np.minimum(until[back] + rng.integers(DAY, 90 * DAY, back.size), plan.end_s)
            rows.append((back, channel, purpose, np.zeros(back.size, np.int64), again))
    return Consents(rows, allowed, until, push)


def consents_table(people: People, consents: Consents) -> pa.Table:
    who = np.concatenate([r[0] for r in consents.rows])
    sizes = [r[0].size for r in consents.rows]
    channels = sorted({r[1] for r in consents.rows})
    purposes = sorted({r[2] for r in consents.rows})
    status = np.concatenate([r[3] for r in consents.rows])
    seconds = np.concatenate([r[4] for r in consents.rows])
    source = np.where(status == 2, 1, np.where(people.channel[who] == 2, 2, 0))
    columns = {
        "customer_id": coded(people.ids, who),
        "channel": coded(channels, np.repeat([channels.index(r[1]) for r in consents.rows], sizes)),
        "purpose": coded(purposes, np.repeat([purposes.index(r[2]) for r in consents.rows], sizes)),
        "status": coded(CONSENT_STATUSES, status),
        "changed_at": times(seconds),
        "source": coded(["web_form", "preference_centre", "store_form"], source),
        "wording_version": coded(["v1", "v2"], (seconds % 5 == 0).astype(np.int64), who % 9 > 0),
    }
    return frame("consents", columns)


@dataclass
class Sends:
    """One element per message sent."""

    person: Ints
    campaign: Ints
    channel: Ints
    seconds: Ints


def join_sends(parts: Sequence[Sends]) -> Sends:
    return Sends(
        *(np.concatenate([getattr(p, f) for p in parts]) for f in ("person", "campaign", "channel", "seconds"))
    )


def regular_sends(rng: np.random.Generator, plan: Plan, people: People, ok: Bools, until: Ints) -> Sends:
    """Welcome letters and newsletters to those who allow them; nobody of the control group."""
    who = np.flatnonzero(ok & (people.registered > plan.start_day * DAY) & (rng.random(people.size) < 0.9))
    welcome = Sends(
        who,
        np.zeros(who.size, np.int64),
        np.zeros(who.size, np.int64),
        people.registered[who] + 3_600,
    )
    readers = np.repeat(np.arange(people.size), np.where(ok, rng.poisson(3.0, people.size), 0))
    begin = np.maximum(people.registered[readers] + 7 * DAY, plan.start_day * DAY)
    week = ((begin + rng.random(readers.size) * (plan.end_s - begin)) // (7 * DAY)).astype(np.int64) + 1
    seconds = week * 7 * DAY + 9 * 3_600 + readers % 1_800
    pair = np.unique(np.stack([readers, seconds]), axis=1)
    letters = Sends(pair[0], np.ones(pair.shape[1], np.int64), np.zeros(pair.shape[1], np.int64), pair[1])
    both = join_sends([welcome, letters])
    return keep_sends(both, (both.seconds < plan.end_s - DAY // 24) & (both.seconds < until[both.person]))


def keep_sends(sends: Sends, keep: Bools) -> Sends:
    return Sends(sends.person[keep], sends.campaign[keep], sends.channel[keep], sends.seconds[keep])


@dataclass
class Fates:
    """What became of each message, as seconds (NEVER if it did not happen)."""

    moments: Ints  # message × event of MESSAGE_EVENTS
    fatal: Ints


def message_fates(rng: np.random.Generator, plan: Plan, sends: Sends, gentle: bool) -> Fates:
    """`gentle`: nobody bounces hard, unsubscribes or complains."""
    size = sends.person.size
    sent = sends.seconds
    draw = rng.random(size)
    hard = (draw < 0.006) & (not gentle)
    soft = (draw >= 0.006) & (draw < 0.025)
    delivered = np.where(hard | soft, NEVER, sent + rng.integers(2, 90, size))
    opened = np.where(rng.random(size) < 0.38, delivered + rng.integers(60, 2 * DAY, size), NEVER)
    clicked = np.where(rng.random(size) < 0.22, opened + rng.integers(5, 600, size), NEVER)
    goes = (rng.random(size) < 0.012) & (opened < NEVER) & (not gentle)
    moans = (rng.random(size) < 0.002) & (delivered < NEVER) & ~goes & (not gentle)
    left = np.where(goes, opened + 700, NEVER)
    complained = np.where(moans, delivered + 4_000, NEVER)
    bounced = sent + 5
    columns = [
        sent,
        delivered,
        opened,
        clicked,
        np.where(hard, bounced, NEVER),
        np.where(soft, bounced, NEVER),
        left,
        complained,
    ]
    moments = np.stack(columns, axis=1)
    moments[moments > plan.end_s] = NEVER
    return Fates(moments, moments[:, [4, 6, 7]].min(axis=1))


def first_fatal(sends: Sends, fates: Fates, size: int) -> Ints:
    out = np.full(size, NEVER)
    np.minimum.at(out, sends.person, fates.fatal)
    return out


def messages_table(plan: Plan, people: People, sends: Sends, fates: Fates, offset: int) -> pa.Table:
    order = np.lexsort((sends.campaign, sends.person, sends.seconds))
    message, event = np.nonzero(fates.moments[order] < NEVER)
    at = order[message]
    number = np.arange(offset + 1, offset + order.size + 1)
    columns = {
        "message_id": coded(ids("M", number, 4 if plan.demo else 9), message),
        "customer_id": coded(people.ids, sends.person[at]),
        "campaign_id": coded(CAMPAIGNS, sends.campaign[at]),
        "channel": coded(MESSAGE_CHANNELS, sends.channel[at]),
        "event_type": coded(MESSAGE_EVENTS, event),
        "occurred_at": times(fates.moments[at, event]),
    }
    return frame("messages", columns)


@dataclass
class Campaign:
    """The planted experiment in this chunk."""

    audience: Ints
    treated: Bools
    reached: Bools  # of the control, who gets the message all the same
    extra_person: Ints
    extra_seconds: Ints


def plant_campaign(
    rng: np.random.Generator, world: World, able: Bools, person: Ints, seconds: Ints, leak: np.random.Generator
) -> Campaign:
    """A share of the silent buyers gets `winback_1`; it makes some of them buy who would not have."""
    plan, process = world.plan, world.process
    last, bought = winback_state(person, seconds, able.size, plan)
    audience = np.flatnonzero(able & (last <= plan.wave_s - WINBACK_SILENCE_DAYS * DAY))
    treated = rng.random(audience.size) < plan.treated_share
    reached = ~treated & (leak.random(audience.size) < plan.contamination)
    added = min(plan.effect * process.natural_rate / max(1 - process.natural_rate, 0.01), 1.0)
    moved = treated & ~bought[audience] & (rng.random(audience.size) < added)
    extra = audience[moved]
    when = plan.wave_s + 3_600 + (rng.random(extra.size) * (WINBACK_WINDOW_DAYS - 1) * DAY).astype(np.int64)
    return Campaign(audience, treated, reached, extra, when)


def assignments_table(plan: Plan, people: People, campaign: Campaign) -> pa.Table:
    """Who was drawn into which arm of the planted campaign: whoever is reached anyway stays in the control."""
    size = campaign.audience.size
    columns = {
        "campaign_id": constant("winback_1", size),
        "customer_id": coded(people.ids, campaign.audience),
        "arm": coded(["control", "treated"], campaign.treated.astype(np.int64)),
        "assigned_at": times(np.full(size, plan.wave_s)),
        "variant": pa.nulls(size, pa.string()),
        "arm_share": decimals(np.full(size, 50_000_000), 8),  # as planned, whatever became of it
    }
    return frame("assignments", columns)


# ----------------------------------------------------------------------------------------------
# The smaller tables
# ----------------------------------------------------------------------------------------------


def feedback_table(rng: np.random.Generator, plan: Plan, people: People, orders: Orders, offset: int) -> pa.Table:
    draw = rng.random(orders.person.size)
    kind = np.where(draw < 0.03, 0, np.where(draw < 0.06, 1, 2))
    seconds = orders.seconds + rng.integers(3 * DAY, 20 * DAY, orders.person.size)
    asked = np.flatnonzero((draw < 0.10) & orders.is_purchase & (orders.identity == 0) & (seconds < plan.end_s))
    mood = people.mood[orders.person[asked]] + rng.normal(0, 0.7, asked.size)
    nps = np.clip(np.round(7.6 + 2.2 * mood), 0, 10)
    stars = np.clip(np.round(4.0 + 0.9 * mood), 1, 5)
    columns = {
        "feedback_id": ids("F", np.arange(offset + 1, offset + asked.size + 1), 4 if plan.demo else 9),
        "customer_id": coded(people.ids, orders.person[asked]),
        "kind": coded(["nps", "csat", "review"], kind[asked]),
        "score": pa.array(np.where(kind[asked] == 0, nps, stars).astype(np.int64)),
        "submitted_at": times(seconds[asked]),
    }
    return frame("feedback", columns)


def make_referrals(rng: np.random.Generator, people: People) -> tuple[Ints, Ints]:
    """Pairs of an earlier and a later customer; nobody is referred twice."""
    known = np.flatnonzero(people.record)
    count = int(known.size * 0.05)
    first = rng.permutation(known)[:count]
    second = rng.permutation(known)[:count]
    sooner = people.registered[first] < people.registered[second]
    referrer, referred = np.where(sooner, first, second), np.where(sooner, second, first)
    distinct = people.registered[referrer] < people.registered[referred]
    _, where = np.unique(referred, return_index=True)
    chosen = np.sort(where[distinct[where]])
    return referrer[chosen], referred[chosen]


def referrals_table(people: People, referrer: Ints, referred: Ints) -> pa.Table:
    columns = {
        "referrer_customer_id": coded(people.ids, referrer),
        "referred_customer_id": coded(people.ids, referred),
        "referred_at": times(people.registered[referred]),
    }
    return frame("referrals", columns)


def make_suppressions(rng: np.random.Generator, plan: Plan, people: People, first: bool) -> tuple[Ints, Ints]:
    able = np.flatnonzero(people.record & people.has_email)
    count = min(able.size, max(int(able.size * 0.003), 4 if first else 0))
    who = np.sort(rng.choice(able, count, replace=False)) if count else np.empty(0, np.int64)
    since = people.registered[who] + (rng.random(count) * (plan.end_s - people.registered[who])).astype(np.int64)
    return who, since


def suppressions_table(people: People, who: Ints, since: Ints) -> pa.Table:
    """Every fifth by customer id, the others by e-mail; every third for all channels."""
    customer_ids = people.ids.take(pa.array(who)).to_pylist()
    hashes = [
        sha256(str(c)) if k % 5 == 4 else sha256(str(e))
        for k, (c, e) in enumerate(zip(customer_ids, people.email[who], strict=True))
    ]
    place = np.arange(who.size)
    columns = {
        "channel": coded(["email"], np.zeros(who.size, np.int64), (place % 3 > 0) & (place % 5 != 4)),
        "identifier_hash": pa.array(hashes, pa.string()),
        "reason": coded(["complaint", "legal request", "deceased"], place % 3),
        "since": times(since),
    }
    return frame("suppressions", columns)


def erasure_table(rng: np.random.Generator, plan: Plan, people: People, first: bool) -> pa.Table:
    able = np.flatnonzero(people.record)
    count = min(able.size, max(int(able.size * 0.0003), 6 if first else 0))
    who = np.sort(rng.choice(able, count, replace=False)) if count else np.empty(0, np.int64)
    at = np.maximum(plan.end_s - rng.integers(DAY, 200 * DAY, count), people.registered[who])
    return frame("erasure_requests", {"customer_id": coded(people.ids, who), "requested_at": times(at)})


def spend_table(plan: Plan) -> pa.Table:
    """Money per channel: daily, in the demo weekly."""
    rng = np.random.default_rng([plan.seed, 1_000_033])
    day = np.arange(plan.start_day, plan.end_day + 1, 7 if plan.demo else 1)
    size = day.size * len(SPEND_CHANNELS)
    channel = np.tile(np.arange(len(SPEND_CHANNELS)), day.size)
    scale = np.array([22_000, 9_000, 1_500, 4_000])[channel] * (1 + plan.customers / 2_000)
    amount = (scale * rng.lognormal(0, 0.3, size)).astype(np.int64)
    names = ["brand", "summer", "newsletter", "spring_fair"]
    columns = {
        "spend_on": days_column(np.repeat(day, len(SPEND_CHANNELS))),
        "channel": coded(SPEND_CHANNELS, channel),
        "campaign_id": coded(names, channel, channel < 3),
        "amount": decimals(amount, 2),
        "currency": constant("EUR", size),
    }
    return frame("marketing_spend", columns)


def experiments_table(plan: Plan) -> pa.Table:
    """Two tests: a gift that wins, with revenue before and after; a banner whose arms were not drawn as they should."""
    rng = np.random.default_rng([plan.seed, 1_000_061])
    size = min(plan.customers, 400 if plan.demo else 4_000)
    gifted, shown = rng.random(size) < 0.5, rng.random(size) < 0.65
    level = rng.lognormal(3.5, 0.6, size)
    bought = rng.random(size) < np.where(gifted, 0.5, 0.3)
    revenue = np.where(bought, level * rng.lognormal(0, 0.3, size), 0)
    clicked = rng.random(size) < 0.2
    absent = np.zeros(size, dtype=bool)
    columns = {
        "experiment_id": coded(["free_gift", "banner"], np.repeat([0, 1], size)),
        "unit_id": pa.concat_arrays([ids("U", np.arange(1, size + 1), 5)] * 2),
        "arm": coded(["control", "gift", "banner"], np.concatenate([gifted * 1, shown * 2])),
        "metric": constant("purchase", 2 * size),
        "outcome": pa.array(np.concatenate([bought, clicked]).astype(np.int64)),
        "revenue": decimals((np.concatenate([revenue, revenue]) * 100).astype(np.int64), 2),
        "revenue_before": decimals((np.concatenate([level, level]) * 100).astype(np.int64), 2),
        "arm_share": decimals(np.full(2 * size, 50_000_000), 8),
    }
    known = pa.array(np.concatenate([~absent, absent]))
    for name in ("revenue", "revenue_before"):
        columns[name] = pc.if_else(known, columns[name], pa.scalar(None, columns[name].type))
    return frame("experiments", columns)


def rates_table(plan: Plan) -> pa.Table:
    """Rates from before the first order on: on working days, in the demo weekly."""
    rng = np.random.default_rng([plan.seed, 1_000_037])
    day = np.arange(plan.start_day - 14, plan.end_day + 1)
    day = day[(day + 3) % 7 == 0] if plan.demo else day[(day + 3) % 7 < 5]
    walk = np.cumsum(rng.normal(0, 0.003, (len(FOREIGN), day.size)), axis=1)
    base = np.array(list(FOREIGN.values()))[:, None]
    rate = np.round(base * np.exp(0.05 * np.tanh(walk)) * 10_000).astype(np.int64) * 10_000
    code = np.repeat(np.arange(len(FOREIGN)), day.size)
    columns = {
        "currency": coded(list(FOREIGN), code),
        "rate_date": days_column(np.tile(day, len(FOREIGN))),
        "rate": decimals(rate.ravel(), 8),
    }
    return frame("fx_rates", columns)


# ----------------------------------------------------------------------------------------------
# A chunk of people with everything they did
# ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class World:
    plan: Plan
    calendar: Calendar
    process: Process
    catalogue: Catalogue


@dataclass
class Counters:
    """How many ids of each kind were given out."""

    orders: int = 0
    refunds: int = 0
    events: int = 0
    sessions: int = 0
    messages: int = 0
    feedback: int = 0


@dataclass
class Truth:
    """What is known of a chunk because it was made so: the answers to check models against."""

    summary: dict[str, int]
    persons: list[tuple[str, str, str]]
    churners: list[tuple[str, str]]
    winback: list[tuple[str, str, int]]


@dataclass
class Chunk:
    tables: dict[str, pa.Table]
    truth: Truth
    plain: Ints  # orders that may serve as templates of bad ones: completed, in EUR, of a customer
    free: Ints  # of these, the orders without a refund
    partly: Ints  # orders refunded in part
    refunded: Ints  # the sum refunded per order


def winback_sends(plan: Plan, who: Ints) -> Sends:
    blank = np.zeros(who.size, np.int64)
    return Sends(who, blank + 3, blank, plan.wave_s + who % 1_800)


def all_sends(
    rng: np.random.Generator, plan: Plan, mail: Mail, campaign: Campaign, cart: Sends, leak: np.random.Generator
) -> tuple[Sends, Fates]:
    """
    Letters, the planted campaign, cart reminders; nothing after a message that ended it. What leaks to the control
    ends nothing, so that no other message and no consent depends on it.
    """
    winback = winback_sends(plan, campaign.audience[campaign.treated])
    leaked = winback_sends(plan, campaign.audience[campaign.reached])
    fates = [
        mail.fates,
        message_fates(rng, plan, winback, False),
        message_fates(rng, plan, cart, True),
        message_fates(leak, plan, leaked, True),
    ]
    sends = join_sends([mail.letters, winback, cart, leaked])
    moments = np.concatenate([f.moments for f in fates])
    fatal = np.concatenate([f.fatal for f in fates])
    size = int(sends.person.max(initial=-1)) + 1
    keep = sends.seconds < first_fatal(sends, Fates(moments, fatal), size)[sends.person]
    return keep_sends(sends, keep), Fates(moments[keep], fatal[keep])


def cart_sends(rng: np.random.Generator, plan: Plan, sessions: Sessions, mail: Mail) -> Sends:
    """A reminder three hours after a cart was left."""
    left = np.flatnonzero(sessions.abandons)
    person = sessions.person[left]
    seconds = sessions.start[left] + sessions.events[left] * sessions.step[left] + 3 * 3_600
    good = mail.allowed[person] & (rng.random(left.size) < 0.6)
    good &= (seconds < mail.until[person]) & (seconds < plan.end_s - 60)
    person, seconds = person[good], seconds[good]
    channel = np.where(mail.consents.push[person], 1, 0)
    return Sends(person, np.full(person.size, 2), channel, seconds)


def note_unsubscribes(consents: Consents, sends: Sends, fates: Fates) -> None:
    """Whoever unsubscribes also withdraws the consent."""
    left = np.flatnonzero(fates.moments[:, MESSAGE_EVENTS.index("unsubscribed")] < NEVER)
    at = fates.moments[left, MESSAGE_EVENTS.index("unsubscribed")]
    consents.rows.append((sends.person[left], "email", "marketing", np.full(left.size, 2), at))


def first_order_times(person: Ints, seconds: Ints, size: int) -> Ints:
    out = np.full(size, NEVER)
    np.minimum.at(out, person, seconds)
    return out


@dataclass(frozen=True)
class Mail:
    """Who may be written to and until when; the letters that do not depend on purchases."""

    consents: Consents
    allowed: Bools
    until: Ints
    letters: Sends
    fates: Fates
    silenced: Ints
    since: Ints


def make_mail(rng: np.random.Generator, plan: Plan, people: People, first: bool) -> Mail:
    consents = make_consents(rng, plan, people)
    silenced, since = make_suppressions(rng, plan, people, first)
    until = consents.until.copy()
    until[silenced] = np.minimum(until[silenced], since)
    allowed = consents.allowed & people.has_email & ~people.control
    letters = regular_sends(rng, plan, people, allowed, until)
    fates = message_fates(rng, plan, letters, False)
    until = np.minimum(until, first_fatal(letters, fates, people.size))
    return Mail(consents, allowed, until, letters, fates, silenced, since)


def natural_purchases(rng: np.random.Generator, world: World, people: People) -> tuple[Ints, Ints, Floats]:
    """Who buys when without any campaign, and when people leave; settles the registrations too."""
    first = first_purchases(rng, world.plan, people.arrival, people.buyer)
    bought = purchase_process(rng, first, world.process.scale, world.plan.days)
    seconds = world.calendar.day(bought.clock) * DAY + time_of_day(rng, people, bought.person)
    earliest = first_order_times(bought.person, seconds, people.size)
    settle(rng, world.plan, world.calendar, people, earliest)
    return bought.person, seconds, bought.left_at


def make_chunk(world: World, counters: Counters, index: int) -> Chunk:
    """Everything about one chunk of people; the order of the draws is fixed."""
    plan = world.plan
    rng, leak = np.random.default_rng([plan.seed, index]), np.random.default_rng([plan.seed, index, 2])
    begin = index * plan.chunk_people + 1
    size = min(plan.chunk_people, plan.customers - begin + 1)
    people = make_people(rng, plan, world.catalogue.grid.shape[0], begin, size)
    person, seconds, left_at = natural_purchases(rng, world, people)
    mail = make_mail(rng, plan, people, index == 0)
    able = mail.allowed & (mail.until > plan.wave_s + 1_800)
    campaign = plant_campaign(rng, world, able, person, seconds, leak)
    person = np.concatenate([person, campaign.extra_person])
    seconds = np.concatenate([seconds, campaign.extra_seconds])
    orders = make_orders(rng, plan, people, person, seconds, counters.orders)
    tables = {"order_items": make_items(rng, world.catalogue, people, orders)}
    tables["orders"] = orders_table(rng, people, orders)
    tables["refunds"], refunded = refunds_table(rng, plan, orders, counters.refunds)
    sessions = make_sessions(rng, plan, world.calendar, people, orders, left_at)
    tables["events"] = events_table(rng, world, people, sessions, counters)
    sends, fates = all_sends(rng, plan, mail, campaign, cart_sends(rng, plan, sessions, mail), leak)
    note_unsubscribes(mail.consents, sends, fates)
    tables["messages"] = messages_table(plan, people, sends, fates, counters.messages)
    tables["consents"] = consents_table(people, mail.consents)
    tables["suppressions"] = suppressions_table(people, mail.silenced, mail.since)
    tables |= small_tables(rng, plan, people, orders, counters.feedback, index == 0)
    tables["assignments"] = assignments_table(plan, people, campaign)  # last: its bad rows draw after all others
    truth = make_truth(plan, people, orders, campaign, left_at)
    count(counters, tables, sends, sessions)
    return Chunk(tables, truth, *dirt_templates(plan, orders, refunded), refunded)


def small_tables(
    rng: np.random.Generator,
    plan: Plan,
    people: People,
    orders: Orders,
    feedback_offset: int,
    first: bool,
) -> dict[str, pa.Table]:
    referrer, referred = make_referrals(rng, people)
    is_referred = np.zeros(people.size, bool)
    is_referred[referred] = True
    return {
        "referrals": referrals_table(people, referrer, referred),
        "customers": customers_table(rng, plan, people, is_referred),
        "feedback": feedback_table(rng, plan, people, orders, feedback_offset),
        "erasure_requests": erasure_table(rng, plan, people, first),
    }


def count(counters: Counters, tables: dict[str, pa.Table], sends: Sends, sessions: Sessions) -> None:
    counters.orders += tables["orders"].num_rows
    counters.refunds += tables["refunds"].num_rows
    counters.events += tables["events"].num_rows
    counters.sessions += int(sessions.person.size)
    counters.messages += int(sends.person.size)
    counters.feedback += tables["feedback"].num_rows


def dirt_templates(plan: Plan, orders: Orders, refunded: Ints) -> tuple[Ints, Ints, Ints]:
    plain = (orders.status == 0) & (orders.currency == 0) & orders.has_currency & (orders.identity < 2)
    plain &= (orders.amount > 1_000) & (orders.updated > orders.seconds) & (orders.seconds < plan.end_s - 10 * DAY)
    partly = plain & (refunded > 0) & (refunded < orders.amount)
    return np.flatnonzero(plain), np.flatnonzero(plain & (refunded == 0)), np.flatnonzero(partly)


def make_truth(plan: Plan, people: People, orders: Orders, campaign: Campaign, left_at: Floats) -> Truth:
    names = people.ids.to_pylist()
    seconds_names = people.second_ids.to_pylist()
    kinds = ["", "email", "phone"]
    pairs = np.flatnonzero(people.link > 0)
    persons = [(n, names[p], kinds[people.link[p]]) for p in pairs for n in (names[p], seconds_names[p])]
    last = np.full(people.size, -1, np.int64)
    sound = orders.is_purchase & (orders.identity < 4)
    np.maximum.at(last, orders.person[sound], orders.seconds[sound])
    gone = people.record & np.isfinite(left_at) & (last >= 0)
    gone[campaign.extra_person] = False
    churners = [(names[p], str(np.datetime64(int(last[p]) // DAY, "D"))) for p in np.flatnonzero(gone)]
    inside = sound & (orders.seconds >= plan.wave_s)
    inside &= orders.seconds < plan.wave_s + WINBACK_WINDOW_DAYS * DAY
    bought = np.zeros(people.size, bool)
    bought[orders.person[inside]] = True
    winback = [
        (names[p], "treated" if t else "holdout", int(bought[p]))
        for p, t in zip(campaign.audience, campaign.treated, strict=True)
    ]
    valid = np.bincount(orders.person[sound], minlength=people.size)
    summary = {
        "people": people.size,
        "people_with_record": int(people.record.sum()),
        "guests_without_record": int((people.kind == 1).sum()),
        "visitors_never_known": int((people.kind == 2).sum()),
        "buyers": int((valid > 0).sum()),
        "repeat_buyers": int((valid > 1).sum()),
        "global_control": int((people.control & people.record).sum()),
        "control_reached": int(campaign.reached.sum()),
    }
    return Truth(summary, persons, churners, winback)


# ----------------------------------------------------------------------------------------------
# Bad rows, each failing exactly one rule
# ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kind:
    """A kind of bad row: the columns that change, or `texts` that only a file of text can hold."""

    rule: str
    changes: Row = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


def missing(*columns: str) -> list[Kind]:
    return [Kind(f"missing_{c}", {c: None}) for c in columns]


def ancient(column: str) -> Kind:
    return Kind(f"before_1990_{column}", {column: "ancient"})


def future(column: str) -> Kind:
    return Kind("in_future", {column: "future"})


def unparsable(**texts: str) -> list[Kind]:
    return [Kind(f"unparsable_{c}", {}, {c: t}) for c, t in texts.items()]


TWINS = [Kind("exact_duplicate"), Kind("superseded")]
# change of a `superseded` copy: harmless whichever copy is kept
OLDER: dict[str, Row] = {
    "orders": {"status": "pending"},
    "order_items": {"product_id": None},
    "refunds": {"reason": "amended"},
    "products": {"brand": "Former brand"},
    "customers": {"city": "Old Town"},
    "events": {"utm_source": "replayed"},
    "consents": {"source": "import"},
    "messages": {"campaign_id": "renamed"},
    "suppressions": {"reason": "amended"},
    "feedback": {"submitted_at": "earlier"},
    "fx_rates": {"rate": Decimal("1.5")},
}
KINDS: dict[str, list[Kind]] = {
    "orders": [
        Kind("key_missing", {"order_id": None}),
        *TWINS,
        *missing("amount", "ordered_at"),
        *unparsable(amount="abc", ordered_at="2024-13-45"),
        ancient("ordered_at"),
        Kind("no_fx_rate", {"currency": "XXX"}),
        Kind("unknown_status", {"status": "weird"}),
        future("ordered_at"),
    ],
    "order_items": [
        Kind("key_missing", {"line_number": None}),
        *TWINS,
        *unparsable(quantity="two"),
        Kind("negative_quantity", {"quantity": -1}),
        Kind("unknown_order"),
    ],
    "refunds": [
        Kind("key_missing", {"refund_id": None}),
        *TWINS,
        *missing("amount", "refunded_at"),
        *unparsable(amount="twelve"),
        ancient("refunded_at"),
        Kind("amount_not_positive"),
        Kind("over_refunded"),
        Kind("unknown_order"),
        future("refunded_at"),
    ],
    "products": [
        Kind("key_missing", {"product_id": None}),
        *TWINS,
        *unparsable(price="on request"),
    ],
    "customers": [
        Kind("key_missing", {"customer_id": None}),
        *TWINS,
        *unparsable(birth_date="1985-02-30"),
    ],
    "events": [
        Kind("key_missing", {"event_id": None}),
        *TWINS,
        *missing("event_type", "occurred_at"),
        *unparsable(occurred_at="yesterday"),
        ancient("occurred_at"),
        Kind("bot"),
        Kind("no_identifier", {"anonymous_id": None, "customer_id": None, "properties": None}),
        future("occurred_at"),
    ],
    "consents": [
        Kind("key_missing", {"customer_id": None}),
        *TWINS,
        ancient("changed_at"),
        Kind("unknown_status", {"status": "maybe"}),
        future("changed_at"),
    ],
    "messages": [
        Kind("key_missing", {"message_id": None}),
        *TWINS,
        *missing("channel"),
        ancient("occurred_at"),
        future("occurred_at"),
    ],
    "suppressions": [Kind("key_missing", {"identifier_hash": None}), *TWINS, ancient("since")],
    "feedback": [
        Kind("key_missing", {"feedback_id": None}),
        *TWINS,
        *missing("customer_id", "score", "submitted_at"),
        *unparsable(score="great"),
        ancient("submitted_at"),
        future("submitted_at"),
    ],
    "referrals": [
        Kind("key_missing", {"referrer_customer_id": None}),
        TWINS[0],
        ancient("referred_at"),
        future("referred_at"),
    ],
    "marketing_spend": [
        *missing("spend_on", "channel", "amount"),
        *unparsable(amount="n.n."),
        ancient("spend_on"),
    ],
    "experiments": [
        Kind("key_missing", {"unit_id": None}),
        TWINS[0],
        *missing("arm"),
        Kind("outcome_not_0_or_1", {"outcome": 2}),
    ],
    "assignments": [
        Kind("key_missing", {"customer_id": None}),
        TWINS[0],
        *missing("arm"),
        *unparsable(assigned_at="at noon"),
        ancient("assigned_at"),
        Kind("unknown_arm", {"arm": "holdout"}),
        future("assigned_at"),
    ],
    "fx_rates": [
        Kind("key_missing", {"rate_date": None}),
        *TWINS,
        *missing("rate"),
        *unparsable(rate="par"),
        ancient("rate_date"),
    ],
    "erasure_requests": [
        Kind("key_missing", {"customer_id": None}),
        TWINS[0],
        *missing("requested_at"),
        *unparsable(requested_at="soon"),
        ancient("requested_at"),
    ],
}
FRESH: dict[str, str] = {
    "orders": "OX",
    "refunds": "RX",
    "products": "PX",
    "customers": "CX",
    "events": "EX",
}
FRESH |= {"messages": "MX", "feedback": "FX", "erasure_requests": "CY"}
# the time column that makes two bad rows of a compound key differ
TIME: dict[str, str] = {
    "consents": "changed_at",
    "suppressions": "since",
    "referrals": "referred_at",
}
TIME |= {"messages": "occurred_at", "assignments": "assigned_at"}
# numbers its bad rows by itself, so that the bad rows of the other tables are what they were without it
NUMBERED_APART = {"assignments"}


def key_text(name: str, row: Row) -> str:
    return "|".join("" if row[k] is None else str(row[k]) for k in KEYS[name])


@dataclass
class Planted:
    """Bad rows of one table: the rows, and beside each the texts that a CSV file holds instead."""

    rows: list[Row]
    texts: list[dict[str, str]]


class Dirt:
    """Adds bad rows at a rate and keeps count of them, exactly."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.rows: dict[str, int] = {}
        self.counts: dict[str, dict[str, int]] = {name: {} for name in KINDS}
        self.keys: dict[str, dict[str, list[str]]] = {name: {} for name in KINDS}
        self.serials: Counter[str] = Counter()
        self.serial = 0  # of the bad row in hand

    def plant(self, name: str, table: pa.Table, chunk: Chunk | None, rng: np.random.Generator) -> Planted:
        """Bad rows for the rows of one chunk."""
        planted = Planted([], [])
        self.rows[name] = self.rows.get(name, 0) + table.num_rows
        if self.plan.dirty == 0 or table.num_rows == 0:
            return planted
        kinds = [k for k in KINDS[name] if not k.texts or self.plan.file_format == "csv"]
        due = [self._due(name, kind.rule, len(kinds)) for kind in kinds]
        templates = self._templates(name, table, chunk, rng, sum(due))
        loose = list(rng.permutation(chunk.free)) if chunk and name == "refunds" else []
        for kind, number in zip(kinds, due, strict=True):
            for _ in range(number):
                if not templates:
                    break
                row = templates.pop()
                if not self._spoil(name, row, kind, chunk, loose):
                    continue
                planted.rows.append(row)
                planted.texts.append(kind.texts)
                self._note(name, kind, row)
        return planted

    def _due(self, name: str, rule: str, kinds: int) -> int:
        least = 2 if self.rows[name] >= 50 else 1
        target = max(least, int(self.plan.dirty * self.rows[name] / kinds))
        return max(target - self.counts[name].get(rule, 0), 0)

    def _templates(
        self, name: str, table: pa.Table, chunk: Chunk | None, rng: np.random.Generator, number: int
    ) -> list[Row]:
        """Different sound rows to spoil; the last are used first."""
        able = np.arange(table.num_rows)
        if name == "orders" and chunk is not None:
            able = chunk.plain
        if name == "fx_rates":
            able = np.flatnonzero(pc.equal(table["currency"].cast(pa.string()), "CHF").to_numpy())
        chosen = rng.permutation(able)[:number]
        plain = table.take(pa.array(chosen)).cast(SCHEMAS[name])
        rows: list[Row] = plain.to_pylist()
        return rows

    def _spoil(self, name: str, row: Row, kind: Kind, chunk: Chunk | None, loose: list[int]) -> bool:
        """Turn a copy of a sound row into a bad one; false if there is nothing to make it of."""
        series = name if name in NUMBERED_APART else ""
        self.serials[series] += 1
        self.serial = self.serials[series]
        if kind.rule == "exact_duplicate":
            return True
        if kind.rule == "superseded":
            supersede(name, row)
            return True
        if name == "refunds" and not self._refund(row, kind.rule, chunk, loose):
            return False
        self._freshen(name, row)
        for column, value in kind.changes.items():
            row[column] = self._value(name, column, value)
        if kind.rule == "unknown_order":
            row["order_id"] = f"OU{self.serial:05d}"
        if kind.rule == "bot":
            row["properties"] = json.dumps({"user_agent": BOTS[self.serial % 2]})
        return True

    def _value(self, name: str, column: str, value: Any) -> Any:
        """`ancient` and `future` become moments; every other missing key is a blank."""
        is_date = SCHEMAS[name].field(column).type == pa.date32()
        if value == "ancient":
            moment = datetime(1970, 1, 1) + timedelta(days=self.serial % 5_000, seconds=self.serial)
            return moment.date() if is_date else moment
        if value == "future":
            return datetime(2099, 1, 1) + timedelta(seconds=self.serial)
        blank = value is None and column in KEYS[name] and SCHEMAS[name].field(column).type == pa.string()
        return "" if blank and self.serial % 2 else value

    def _freshen(self, name: str, row: Row) -> None:
        """A key of its own, so that the row fails nothing but its rule."""
        if name in FRESH:
            row[KEYS[name][0]] = f"{FRESH[name]}{self.serial:0{4 if self.plan.demo else 8}d}"
        if name in TIME:
            row[TIME[name]] -= timedelta(seconds=1 + self.serial % 50)
        if name == "order_items":
            row["line_number"] = 100 + self.serial
        if name == "experiments":
            row["unit_id"] = f"UX{self.serial:05d}"
        if name == "fx_rates":
            row["currency"] = "SEK"
            row["rate"] = Decimal("0.09") + Decimal(self.serial) / 100_000

    def _refund(self, row: Row, rule: str, chunk: Chunk | None, loose: list[int]) -> bool:
        """Of a sound order without other refunds; or one beyond a part refunded before."""
        if chunk is None or not loose:
            return False
        orders = chunk.tables["orders"]
        at = int(loose.pop())
        beyond = Decimal("1.00") + orders["amount"][at].as_py()
        if rule == "over_refunded" and self.serial % 2 and chunk.partly.size:
            at = int(chunk.partly[0])
            chunk.partly = chunk.partly[1:]
            beyond = orders["amount"][at].as_py() - Decimal(int(chunk.refunded[at])) / 100 + Decimal("0.50")
        row["order_id"] = orders["order_id"][at].as_py()
        row["refunded_at"] = orders["ordered_at"][at].as_py() + timedelta(days=9)
        row["amount"] = Decimal("1.00")
        if rule == "over_refunded":
            row["amount"] = beyond
            row["refunded_at"] = datetime.combine(self.plan.end, datetime.min.time()) + timedelta(seconds=self.serial)
        if rule == "amount_not_positive":
            row["amount"] = Decimal("0.00") if self.serial % 2 else Decimal("-5.00")
        return True

    def _note(self, name: str, kind: Kind, row: Row) -> None:
        rule = kind.rule
        self.counts[name][rule] = self.counts[name].get(rule, 0) + 1
        keys = self.keys[name].setdefault(rule, [])
        if rule != "key_missing" and (self.plan.demo or len(keys) < 100):
            spoiled = {**row, **kind.texts}
            keys.append(key_text(name, spoiled))

    def report(self) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for name in SCHEMAS:
            counts = self.counts[name]
            sound = self.rows.get(name, 0)
            planted = {r: {"count": n, "keys": self.keys[name][r]} for r, n in counts.items()}
            out[name] = {
                "rows": sound + sum(counts.values()),
                "sound_rows": sound,
                "planted": planted,
            }
        return out


def supersede(name: str, row: Row) -> None:
    """The same key with other content; where there is an `updated_at`, an older one."""
    for column, value in OLDER[name].items():
        if value == "earlier":
            row[column] -= timedelta(days=1)
        elif isinstance(value, Decimal) and row[column] is not None:
            row[column] += value
        else:
            row[column] = value
    if name == "orders":
        row["updated_at"] = row["ordered_at"]
    if name == "customers":
        row["updated_at"] -= timedelta(days=1)


# ----------------------------------------------------------------------------------------------
# Writing
# ----------------------------------------------------------------------------------------------


def as_text(table: pa.Table) -> dict[str, pa.Array]:
    """Every column as the text that a CSV file holds."""
    out: dict[str, pa.Array] = {}
    for name in table.column_names:
        column = table[name].combine_chunks()
        if pa.types.is_timestamp(column.type):
            column = pc.strftime(column.cast(pa.timestamp("s")), format="%Y-%m-%d %H:%M:%S")
        column = column.cast(pa.string())
        if pa.types.is_decimal(table.schema.field(name).type) and table.schema.field(name).type.scale > 2:
            column = pc.replace_substring_regex(column, r"(\.\d\d\d*?)0+$", r"\1")
        out[name] = column
    return out


def csv_lines(columns: Iterable[pa.Array]) -> pa.Array:
    """Rows as lines; only what must be quoted is quoted."""
    cells = []
    for column in columns:
        doubled = pc.replace_substring(column, '"', '""')
        quoted = pc.binary_join_element_wise('"', doubled, '"', "")
        cells.append(pc.if_else(pc.match_substring_regex(column, r'[",\r\n]|^\s|\s$'), quoted, column))
    lines = pc.binary_join_element_wise(*cells, ",", null_handling="replace", null_replacement="")
    return pc.binary_join_element_wise(lines, "\n", "")


class Sink:
    """The files of a run, written in pieces; a name is taken only when its file is whole."""

    def __init__(self, folder: Path, file_format: str, prefix: str) -> None:
        self.folder = folder
        self.file_format = file_format
        self.prefix = prefix
        self._parquet: dict[str, pq.ParquetWriter] = {}
        self._csv: dict[str, TextIO] = {}

    def path(self, name: str) -> Path:
        return self.folder / f"{self.prefix}{name}.{self.file_format}"

    def write(self, name: str, table: pa.Table, planted: Planted) -> None:
        bad = pa.Table.from_pylist(planted.rows, schema=SCHEMAS[name])
        if self.file_format == "csv":
            self._write_csv(name, table, bad, planted.texts)
        else:
            self._write_parquet(name, table, bad)

    def _write_csv(self, name: str, table: pa.Table, bad: pa.Table, texts: list[dict[str, str]]) -> None:
        if name not in self._csv:
            self._csv[name] = self.path(name).with_suffix(".part").open("w", encoding="utf-8", newline="")
            self._csv[name].write(",".join(SCHEMAS[name].names) + "\n")
        spoiled = as_text(bad)
        for column in spoiled:
            if any(column in t for t in texts):
                values = spoiled[column].to_pylist()
                spoiled[column] = pa.array([t.get(column, v) for t, v in zip(texts, values, strict=True)], pa.string())
        pieces = (as_text(table.slice(at, 100_000)) for at in range(0, table.num_rows, 100_000))
        for columns in chain(pieces, [spoiled]):
            self._csv[name].write("".join(csv_lines(columns.values()).to_pylist()))

    def _write_parquet(self, name: str, table: pa.Table, bad: pa.Table) -> None:
        fields = [f if pa.types.is_dictionary(f.type) else SCHEMAS[name].field(f.name) for f in table.schema]
        schema = pa.schema(fields)
        if name not in self._parquet:
            self._parquet[name] = pq.ParquetWriter(
                self.path(name).with_suffix(".part"),
                schema,
                compression="zstd",
                store_schema=False,
                store_decimal_as_integer=True,
                use_dictionary=[f.name for f in schema if not is_unique_text(name, f.name)],
            )
        columns = [
            bad[f.name].combine_chunks().dictionary_encode() if pa.types.is_dictionary(f.type) else bad[f.name]
            for f in schema
        ]
        both = pa.concat_tables([table.cast(schema), pa.table(columns, schema=schema)])
        self._parquet[name].write_table(both.unify_dictionaries().combine_chunks())

    def close(self) -> None:
        for writer in self._parquet.values():
            writer.close()
        for handle in self._csv.values():
            handle.close()
        for name in (*self._parquet, *self._csv):
            self.path(name).with_suffix(".part").replace(self.path(name))


def is_unique_text(name: str, column: str) -> bool:
    return column == KEYS[name][0] and name in (
        "orders",
        "events",
        "refunds",
        "customers",
        "feedback",
    )


TRUTH_FILES = {
    "persons": "source_customer_id,person_id,link_kind",
    "churners": "source_customer_id,last_purchase_on",
    "winback_1": "source_customer_id,arm,bought_within_30_days",
}


class TruthLog:
    """Truth over all chunks: files beside the data; for the demo, lists inside its manifest."""

    def __init__(self, plan: Plan, natural_rate: float, folder: Path) -> None:
        self.plan = plan
        self.natural_rate = natural_rate
        self.numbers: Counter[str] = Counter()
        self.lists: dict[str, list[list[Any]]] = {name: [] for name in TRUTH_FILES}
        self.files: dict[str, TextIO] = {}
        if not plan.demo:
            folder.mkdir(parents=True, exist_ok=True)
            for name, header in TRUTH_FILES.items():
                self.files[name] = (folder / f"{name}.csv").open("w", encoding="utf-8", newline="")
                self.files[name].write(header + "\n")

    def add(self, truth: Truth) -> None:
        self.numbers.update(truth.summary)
        self.numbers["churners"] += len(truth.churners)
        for _, _, link in truth.persons[::2]:
            self.numbers[f"persons_linked_by_{link}"] += 1
        for _, arm, bought in truth.winback:
            self.numbers[arm] += 1
            self.numbers[f"{arm}_bought"] += bought
        rows: dict[str, Sequence[tuple[Any, ...]]] = {
            "persons": truth.persons,
            "churners": truth.churners,
            "winback_1": truth.winback,
        }
        for name, values in rows.items():
            if self.plan.demo:
                self.lists[name] += [list(v) for v in values]
            else:
                self.files[name].writelines(",".join(map(str, v)) + "\n" for v in values)

    def report(self) -> dict[str, Any]:
        arms = ["treated", "treated_bought", "holdout", "holdout_bought", "control_reached"]
        campaign = {
            "campaign_id": "winback_1",
            "sent_from": str(np.datetime64(self.plan.wave_s, "s")).replace("T", " "),
            "window_days": WINBACK_WINDOW_DAYS,
            "planted_relative_lift": self.plan.effect,
            "natural_rate": round(self.natural_rate, 6),
            **{name: self.numbers[name] for name in arms},
        }
        links = ["persons_linked_by_email", "persons_linked_by_phone"]
        names = [n for n in self.numbers if n not in (*arms, *links)]
        out: dict[str, Any] = {name: self.numbers[name] for name in (*names, *links)}
        return out | {"campaign": campaign} | ({"lists": self.lists} if self.plan.demo else {})

    def close(self) -> None:
        for handle in self.files.values():
            handle.close()


def write_manifest(path: Path, plan: Plan, dirt: Dirt, log: TruthLog) -> None:
    arguments = {
        "customers": plan.customers,
        "seed": plan.seed,
        "format": plan.file_format,
        "years": plan.years,
        "start": str(plan.end - timedelta(days=plan.days - 1)),
        "end": str(plan.end),
        "dirty": plan.dirty,
        "effect": plan.effect,
        "treated_share": plan.treated_share,
        "contamination": plan.contamination,
        "orders_per_customer": plan.orders_mean,
        "events_per_customer": plan.events_mean,
        "demo": plan.demo,
    }
    manifest = {"arguments": arguments, "tables": dirt.report(), "truth": log.report()}
    path.write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def run(plan: Plan, folder: Path) -> None:
    """Write all tables, the manifest and the truth."""
    folder.mkdir(parents=True, exist_ok=True)
    calendar = Calendar(plan.start_day, plan.days)
    world = World(plan, calendar, calibrate(plan, calendar), make_catalogue(plan))
    dirt, counters = Dirt(plan), Counters()
    log = TruthLog(plan, world.process.natural_rate, folder / "truth")
    sink = Sink(folder, plan.file_format, "demo_" if plan.demo else "")
    once = {
        "products": world.catalogue.table,
        "marketing_spend": spend_table(plan),
        "fx_rates": rates_table(plan),
    }
    rng = np.random.default_rng([plan.seed, 1_000_039])
    for name, table in once.items():
        sink.write(name, table, dirt.plant(name, table, None, rng))
    for index in range(max(math.ceil(plan.customers / plan.chunk_people), 1)):
        chunk = make_chunk(world, counters, index)
        rng = np.random.default_rng([plan.seed, index, 1])
        for name, table in chunk.tables.items():
            sink.write(name, table, dirt.plant(name, table, chunk, rng))
        log.add(chunk.truth)
    experiments = experiments_table(plan)
    rng = np.random.default_rng([plan.seed, 1_000_067])
    sink.write("experiments", experiments, dirt.plant("experiments", experiments, None, rng))
    sink.close()
    log.close()
    write_manifest(folder / "manifest.json", plan, dirt, log)


# ----------------------------------------------------------------------------------------------
# Command line
# ----------------------------------------------------------------------------------------------


def check(plan: Plan, folder: Path) -> None:
    if plan.end.year - plan.years < 1995 or plan.end.year > 2090:
        raise click.BadParameter("the data must lie in 1995 to 2090: change --end or --years.")
    if plan.demo and plan.file_format != "csv":
        raise click.BadParameter("--demo writes seeds, and seeds are csv: leave --format out.")
    other = "csv" if plan.file_format == "parquet" else "parquet"
    stale = [p.name for p in (folder / f"{name}.{other}" for name in SCHEMAS) if p.exists()]
    if stale:
        raise click.BadParameter(f"--out already holds {stale[0]}: choose an empty folder.")
    if folder.exists() and not folder.is_dir():
        raise click.BadParameter("--out is a file: name a folder.")


@click.command(context_settings={"show_default": True})
@click.option("--customers", type=click.IntRange(0, 50_000_000), help="[default: 100000; demo: 540]")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder to write to.  [demo: the project's seeds/demo]",
)
@click.option("--seed", type=click.IntRange(0), default=7, help="Another seed, another world.")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["parquet", "csv"]),
    help="[default: parquet; demo: csv]",
)
@click.option("--years", type=click.IntRange(1, 20), help="Length.  [default: 4; demo: 3]")
@click.option("--end", type=click.DateTime(["%Y-%m-%d"]), default="2026-06-30", help="Last day of the data.")
@click.option("--dirty", type=click.FloatRange(0, 0.2), default=0.002, help="Share of bad rows.")
@click.option(
    "--effect",
    type=click.FloatRange(0, 10),
    help="Relative lift planted in winback_1.  [default: 0.3; demo: 2]",
)
@click.option(
    "--treated-share",
    type=click.FloatRange(0, 1),
    default=0.5,
    help="Share of winback_1's audience that is treated; the plan was half, so .46 is a split gone wrong.",
)
@click.option(
    "--contamination",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Share of winback_1's control that gets its message anyway, without any effect.",
)
@click.option("--orders-per-customer", type=click.FloatRange(0, 60), help="[default: 10; demo: 6]")
@click.option("--events-per-customer", type=click.FloatRange(0, 1000), help="[default: 50; demo: 12]")
@click.option("--demo", is_flag=True, help="Write the embedded demo: demo_<table>.csv.")
def main(out: Path | None, end: datetime, **given: Any) -> None:
    """Make the raw tables of a shop with known bad rows, duplicates and a campaign effect."""
    demo = given["demo"]

    def usual(name: str, normal: Any, for_demo: Any) -> Any:
        return given[name] if given[name] is not None else (for_demo if demo else normal)

    if out is None and not demo:
        raise click.BadParameter("--out is needed: name the folder to write to.")
    folder = out or Path(__file__).resolve().parent.parent / "seeds" / "demo"
    plan = Plan(
        customers=usual("customers", 100_000, 540),
        seed=given["seed"],
        file_format=usual("file_format", "parquet", "csv"),
        years=usual("years", 4, 3),
        end=end.date(),
        dirty=given["dirty"],
        effect=usual("effect", 0.3, 2.0),
        treated_share=given["treated_share"],
        contamination=given["contamination"],
        orders_mean=usual("orders_per_customer", 10.0, 6.0),
        events_mean=usual("events_per_customer", 50.0, 12.0),
        demo=demo,
    )
    check(plan, folder)
    run(plan, folder)
    click.echo(f"Wrote {plan.customers} people to {folder}.", err=True)


if __name__ == "__main__":
    main()
