"""Truth tables of macros/dialect: every macro says the same on every engine, edge values included.

All cases of an engine run in one query, so that Spark starts once.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from engine_runs import ENGINES, Run, connect_postgres, spark_run
from scipy import stats

EMAILS = {" A.b@X.Org ": "a.b@x.org", "a@x": "a@x", "a@": None, "@x": None, "nobody": None, None: None}
PHONES = {"+49 (30) 1": "+49301", "0049 30 1": "+49301", "030 1": "0301", " +1": "+1", "none": None, None: None}
INTERNATIONAL = {
    "+1234567": "1234567", "+123456": None, "+123456789012345": "123456789012345", "+1234567890123456": None,
    "+0123456789": None, "1234567": None, None: None,
}  # fmt: skip
AGES = {
    ("2000-05-20", "2026-05-19"): "25",
    ("2000-05-20", "2026-05-20"): "26",
    ("2000-02-29", "2026-02-28"): "25",
    ("2000-02-29", "2026-03-01"): "26",
    ("2000-02-29", "2024-02-29"): "24",
    ("2000-12-31", "2001-01-01"): "0",
    (None, "2026-01-01"): None,
}
TEXTS = (
    "", " ", "plain", "O'Brien", 'say "hi"', "back\\slash", "\\u000b", "\\\\u001f", "a/b", "{}", "%s", "00123", "123",
    "é", "É", "ß", "名前", "😀👍🏽", "\t\n\r\b\f",
    *(f"<{chr(code)}>" for code in [*range(1, 32), 127, 0x85, 0x2028, 0xFEFF]),
)  # fmt: skip

INSTANTS = {
    "2024-01-05": "2024-01-05 00:00:00",
    "2024-01-05 10:11": "2024-01-05 10:11:00",
    "2024-01-05 10:11:12": "2024-01-05 10:11:12",
    "2024-01-05T10:11:12": "2024-01-05 10:11:12",
    "2024-01-05T10:11:12Z": "2024-01-05 10:11:12",
    "2024-01-05 10:11:12+00": "2024-01-05 10:11:12",
    "2024-01-05T10:11:12+02:00": "2024-01-05 08:11:12",
    "2024-01-05T10:11:12-05:30": "2024-01-05 15:41:12",
    "2024-01-05T00:11:12+14:00": "2024-01-04 10:11:12",
    "2024-01-05 10:11:12.5": "2024-01-05 10:11:12.5",
    "2024-01-05 10:11:12.123456": "2024-01-05 10:11:12.123456",
    "2024-01-05 10:11:12.123456Z": "2024-01-05 10:11:12.123456",
    "  2024-01-05 10:11:12  ": "2024-01-05 10:11:12",
    "2024-01-05\r": None,
    "\t2024-01-05 10:11:12\n": None,
    "2024-02-29": "2024-02-29 00:00:00",
    "2023-02-29": None,
    "2024-02-30 10:00:00": None,
    "2024-04-31": None,
    "2024-13-01": None,
    "2024-00-10": None,
    "2024-01-00": None,
    "2024-1-5": None,
    "2024-01-05 25:00:00": None,
    "2024-01-05 10:60:00": None,
    "2024-01-05 10:11:61": None,
    "1899-12-31 23:59:59": "1899-12-31 23:59:59",
    "0001-01-01": "0001-01-01 00:00:00",
    "9999-12-31 23:59:59": "9999-12-31 23:59:59",
    "10000-01-01": None,
    "2024-01-05 10:11:12 PM": None,
    "2024/01/05": None,
    "05.01.2024": None,
    "20240105": None,
    "1704448272": None,
    "infinity": None,
    "-infinity": None,
    "epoch": None,
    "now": None,
    "today": None,
    "yesterday": None,
    "soon": None,
    "": None,
    "   ": None,
}  # fmt: skip

NUMBERS = {
    "1": "1.00", "-1.5": "-1.50", "+1.5": "1.50", ".5": "0.50", "5.": "5.00", "007": "7.00", " 12.34 ": "12.34",
    "1e3": "1000.00", "1E-2": "0.01", "2.5e1": "25.00", "1e-9": "0.00", "1e15": "1000000000000000.00",
    "1e16": None, "1e17": None, "1e99": None, "9999999999999999.99": "9999999999999999.99",
    "9999999999999999.995": None,
    "1.005": "1.01", "1.004999": "1.00", "-1.005": "-1.01", "-0": "0.00", "0": "0.00",
    "NaN": None, "nan": None, "inf": None, "Infinity": None, "": None, "   ": None, "abc": None, "12abc": None,
    "1,000": None, "1,5": None, "1 000": None, "0x10": None, "--1": None, "1e": None, "e5": None, "$5": None,
    "５": None, "5\t": "5.00", "5\r\n": "5.00", "true": None,
}  # fmt: skip

JSON_VALUES = {
    '{"user_agent": "Googlebot/2.1"}': "Googlebot/2.1",
    '{"a": 1, "user_agent":"x", "b": {"c": 2}}': "x",
    '{"user_agent": ""}': "",
    '{"user_agent": "a \\"b\\" c"}': 'a "b" c',
    '{"agent": "x"}': None,
    "{}": None,
    "no json": None,
}


AVERAGES = {
    ("1.15", 2): "0.58", ("-1.15", 2): "-0.58", ("1.00", 3): "0.33", ("2.00", 3): "0.67", ("0.05", 10): "0.01",
    ("0.04", 10): "0.00", ("-0.05", 10): "-0.01", ("0.00", 4): "0.00", ("9999999999999.99", 7): "1428571428571.43",
    ("10.00", 0): None, (None, 2): None,
}  # fmt: skip

RATIOS = {
    ("1", 3): "0.333333", ("2", 3): "0.666667", ("-2", 3): "-0.666667", ("1", 128): "0.007813", ("0", 5): "0.000000",
    ("7", 2): "3.500000", ("123456.78", 7): "17636.682857", ("1", 1000000): "0.000001", ("1", 3000000): "0.000000",
    ("5", 0): None, (None, 5): None,
}  # fmt: skip

DAYS = {
    ("2024-02-28", 1): "2024-02-29", ("2024-02-28", 2): "2024-03-01", ("2023-02-28", 1): "2023-03-01",
    ("2024-01-01", -1): "2023-12-31", ("2024-03-30", 2): "2024-04-01", ("2024-03-30", 0): "2024-03-30",
    ("2000-01-01", 36525): "2100-01-01",
}  # fmt: skip

# a day and a number of months before its own: the last day of that month
MONTH_ENDS = {
    ("2024-03-31", 0): "2024-03-31", ("2024-03-01", 0): "2024-03-31", ("2024-03-31", 1): "2024-02-29",
    ("2023-03-30", 1): "2023-02-28", ("2024-01-15", 1): "2023-12-31", ("2024-01-15", 13): "2022-12-31",
    ("2100-03-15", 1): "2100-02-28", ("2024-12-31", 600): "1974-12-31",
}  # fmt: skip

# UTC instants and what the clock showed in Berlin: both changes of the clock, and the ends of a day
LOCAL = {
    "2024-03-31 00:59:59": "2024-03-31 01:59:59", "2024-03-31 01:00:00": "2024-03-31 03:00:00",
    "2024-10-27 00:59:59": "2024-10-27 02:59:59", "2024-10-27 01:00:00": "2024-10-27 02:00:00",
    "2024-06-30 21:59:59": "2024-06-30 23:59:59", "2024-06-30 22:00:00": "2024-07-01 00:00:00",
    "2024-12-31 22:59:59": "2024-12-31 23:59:59", "2024-12-31 23:00:00": "2025-01-01 00:00:00",
}  # fmt: skip

# local times and their zone: what the clock shows twice is the second, what it never shows goes by the clock before
UTC_TIMES = {
    ("2024-03-31 01:59:59", "Europe/Berlin"): "2024-03-31 00:59:59",
    ("2024-03-31 02:00:00", "Europe/Berlin"): "2024-03-31 01:00:00",
    ("2024-03-31 02:30:00", "Europe/Berlin"): "2024-03-31 01:30:00",
    ("2024-03-31 03:00:00", "Europe/Berlin"): "2024-03-31 01:00:00",
    ("2024-10-27 01:59:59", "Europe/Berlin"): "2024-10-26 23:59:59",
    ("2024-10-27 02:00:00", "Europe/Berlin"): "2024-10-27 01:00:00",
    ("2024-10-27 02:59:59", "Europe/Berlin"): "2024-10-27 01:59:59",
    ("2024-10-27 03:00:00", "Europe/Berlin"): "2024-10-27 02:00:00",
    ("2024-10-26 09:00:00", "Europe/Berlin"): "2024-10-26 07:00:00",
    ("2024-10-27 09:00:00", "Europe/Berlin"): "2024-10-27 08:00:00",
    ("2024-03-30 20:00:00", "Europe/Berlin"): "2024-03-30 19:00:00",
    ("2024-03-10 02:30:00", "America/New_York"): "2024-03-10 07:30:00",
    ("2024-11-03 01:30:00", "US/Eastern"): "2024-11-03 06:30:00",
    ("2024-11-03 00:59:59", "US/Eastern"): "2024-11-03 04:59:59",
    ("2024-03-31 01:30:00", "Europe/Dublin"): "2024-03-31 01:30:00",
    ("2024-10-27 01:30:00", "Europe/Dublin"): "2024-10-27 01:30:00",
    ("2024-01-15 09:00:00", "Australia/Sydney"): "2024-01-14 22:00:00",
    ("2024-07-15 09:00:00", "Australia/Sydney"): "2024-07-14 23:00:00",
    ("2024-04-07 02:30:00", "Australia/Sydney"): "2024-04-06 16:30:00",
    ("2024-10-06 02:30:00", "Australia/Sydney"): "2024-10-05 16:30:00",
    ("2024-04-07 01:45:00", "Australia/Lord_Howe"): "2024-04-06 15:15:00",
    ("2024-10-06 02:15:00", "Australia/Lord_Howe"): "2024-10-05 15:45:00",
    ("2024-07-01 09:00:00", "Asia/Kolkata"): "2024-07-01 03:30:00",
    ("2024-07-01 00:00:00", "Asia/Kathmandu"): "2024-06-30 18:15:00",
    ("2024-01-01 09:00:00", "Pacific/Chatham"): "2023-12-31 19:15:00",
    ("2024-07-01 20:00:00", "Pacific/Marquesas"): "2024-07-02 05:30:00",
    ("2024-07-01 09:00:00", "Pacific/Kiritimati"): "2024-06-30 19:00:00",
    ("2024-07-01 20:00:00", "Pacific/Pago_Pago"): "2024-07-02 07:00:00",
    # the day that Samoa left out when it crossed the date line
    ("2011-12-30 12:00:00", "Pacific/Apia"): "2011-12-30 22:00:00",
    ("2011-12-31 00:00:00", "Pacific/Apia"): "2011-12-30 10:00:00",
    ("2024-07-01 09:00:00", "UTC"): "2024-07-01 09:00:00",
    ("2024-07-01 09:00:00", None): None, (None, "Europe/Berlin"): None,
}  # fmt: skip

HOURS = {
    ("2024-03-31", 9): "2024-03-31 09:00:00", ("2024-03-31", 0): "2024-03-31 00:00:00",
    ("2024-12-31", 24): "2025-01-01 00:00:00", ("2024-12-31", None): None,
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A macro over the columns a and b; every row is the SQL of a, the SQL of b and the expected text or None."""

    macro: str
    sql: str
    rows: list[tuple[str, str, str | None]]


def encoded(text: str | None) -> str:
    """A text as SQL without a single escape: its bytes in hex."""
    return (
        "cast(null as {{ clm.type_text() }})"
        if text is None
        else f"{{{{ unhex | replace('?', '{text.encode().hex()}') }}}}"
    )


def over_texts(macro: str, sql: str, expected: Mapping[Any, str | None]) -> Case:
    return Case(macro, sql, [(encoded(text), "0", wanted) for text, wanted in expected.items()])


def over(macro: str, sql: str, expected: Mapping[Any, str | None], first: str, second: str) -> Case:
    """Rows of two values with their types."""

    def typed(value: object, name: str) -> str:
        return f"cast({'null' if value is None else repr(str(value))} as {name})"

    return Case(macro, sql, [(typed(a, first), typed(b, second), wanted) for (a, b), wanted in expected.items()])


def upper_escape(found: re.Match[str]) -> str:
    return found[0] if found[0] == r"\\" else found[0][:2] + found[0][2:].upper()


def json_text(text: str) -> str:
    """JSON as the project writes it: as Python does, but with control characters in upper case hex."""
    return re.sub(r"\\\\|\\u00..", upper_escape, json.dumps(text, ensure_ascii=False))


def text_cases() -> list[Case]:
    """Hashes, JSON and digits."""
    digest = {text: hashlib.sha256(text.encode()).hexdigest() for text in TEXTS}
    number = {text: int(hashlib.md5(text.encode()).hexdigest()[:7], 16) for text in TEXTS}
    digits = {None: None, "+49 (0)30/12-3": "49030123", "": "", "x": ""}
    return [
        over_texts("json_string", "{{ clm.json_string('a') }}", {None: None, **{t: json_text(t) for t in TEXTS}}),
        over_texts("sha256", "{{ clm.sha256('a') }}", {None: None, **digest}),
        over_texts("hash_bucket", "{{ clm.hash_bucket('a') }}", {t: str(n % 10000) for t, n in number.items()}),
        over_texts("hash_bucket of 7", "{{ clm.hash_bucket('a', 7) }}", {t: str(n % 7) for t, n in number.items()}),
        over_texts("only_digits", "{{ clm.only_digits('a') }}", digits),
        over_texts("normalised_email", "{{ clm.normalised_email('a') }}", EMAILS),
        over_texts("normalised_phone", "{{ clm.normalised_phone('a') }}", PHONES),
        over_texts("international_digits", "{{ clm.international_digits('a') }}", INTERNATIONAL),
        over_texts("json_value", "{{ clm.json_value('a', 'user_agent') }}", {None: None, **JSON_VALUES}),
    ]


def reading_cases() -> list[Case]:
    """Raw texts read into the types of the input contract."""
    texts = {None: None, "": None, "  ": None, " a ": " a ", "\t": "\t", "É": "É", "!": "!", " !": " !", "名": "名"}
    dates = {None: None, "2024-02-29": "2024-02-29", "2024-01-05T23:30:00-02:00": "2024-01-06", "2023-02-29": None}
    rates = {"1.123456785": "1.12345679", "2": "2.00000000", "1e10": None, "9999999999.99999999": "9999999999.99999999"}
    return [
        over_texts("read text", "{{ clm.read_value('a', 'text') }}", texts),
        over_texts("read code", "{{ clm.read_value('a', 'code') }}", {None: None, "  ": None, " E-Mail ": "e-mail"}),
        over_texts("read currency", "{{ clm.read_value('a', 'currency') }}", {None: None, "": None, " eur ": "EUR"}),
        over_texts("read timestamp", "{{ clm.read_value('a', 'timestamp') }}", {None: None, **INSTANTS}),
        over_texts("read date", "{{ clm.read_value('a', 'date') }}", dates),
        over_texts("read amount", "{{ clm.read_value('a', 'amount') }}", {None: None, **NUMBERS}),
        over_texts("read rate", "{{ clm.read_value('a', 'rate') }}", rates),
    ]


def arithmetic_cases() -> list[Case]:
    """Numbers and days."""
    between = {(day, later): str(days) for (day, days), later in DAYS.items()}
    local = {(utc, 0): clock for utc, clock in LOCAL.items()}
    day = {(utc, 0): clock[:10] for utc, clock in LOCAL.items()}
    back = {(clock, 0): utc for (clock, zone), utc in UTC_TIMES.items() if zone == "Europe/Berlin"}
    parts = {("2024-03-01 07:08:09", 0): "2024,3,1,7"}
    months = {("2024-01-31", 0): "24289", ("2023-12-01", 0): "24288", ("0001-01-01", 0): "13"}
    # 5 + 3 * 2^8 - 2 * 2^48: two fields and the signed rest above them
    packed = {(str(5 + 3 * 2**8 - 2 * 2**48), 0): "5,3,-2", ("0", 0): "0,0,0"}
    return [
        over("average_amount", "{{ clm.average_amount('a', 'b') }}", AVERAGES, "numeric(28, 2)", "bigint"),
        over("ratio", "{{ clm.ratio('a', 'b') }}", RATIOS, "numeric(28, 2)", "bigint"),
        over("add_days", "{{ clm.add_days('a', 'b') }}", DAYS, "date", "integer"),
        over("days_between", "{{ clm.days_between('a', 'b') }}", between, "date", "date"),
        over("local_time", "{{ clm.local_time('a') }}", local, "timestamp", "integer"),
        over("business_day", "{{ clm.business_day('a') }}", day, "timestamp", "integer"),
        over("utc_time", "{{ clm.utc_time('a') }}", back, "timestamp", "integer"),
        over("utc_time_in", "{{ clm.utc_time_in('a', 'b') }}", UTC_TIMES, "timestamp", "{{ clm.type_text() }}"),
        over("age_in_years", "{{ clm.age_in_years('a', 'b') }}", AGES, "date", "date"),
        over("month_end", "{{ clm.month_end('a', 'b') }}", MONTH_ENDS, "date", "integer"),
        over("month_number", "{{ clm.month_number('a') }}", months, "date", "integer"),
        over(
            "bits",
            "concat_ws(',', {% for place, width in [(0, 8), (8, 8), (48, none)] %}"
            "{{ clm.as_text(clm.bits('a', place, width)) }}{{ ',' if not loop.last }}{% endfor %})",
            packed, "bigint", "integer",
        ),
        over("at_hour", "{{ clm.at_hour('a', 'b') }}", HOURS, "date", "integer"),
        over(
            "part_of",
            "concat_ws(',', {% for p in ['year', 'month', 'day', 'hour'] %}{{ clm.as_text(clm.part_of(p, 'a')) }}"
            "{{ ',' if not loop.last }}{% endfor %})",
            parts, "timestamp", "integer",
        ),
    ]  # fmt: skip


def statistics_cases() -> list[Case]:
    """Distributions against scipy: 9 digits of the normal, 6 of Student's t from ten degrees of freedom on."""

    def digits(value: str, places: int) -> str:
        exact = f"cast({{{{ {value} }}}} as numeric(28, 12))"  # Spark writes 0.000000019 as 1.9E-8: tails get a 1
        return f"cast(round({exact}, {places}) as numeric(28, {places}))"

    normal = {
        (z, 0): f"{1 + stats.norm.sf(abs(z)):.9f}" for z in (0, 0.1, -1, 1.959964, 3, 5.5, 7.069, 7.071, 20, 37, 38)
    }
    freedoms = (10, 12, 30, 100, 1000, 40064.5)
    quantiles = {(freedom, 0): f"{stats.t.ppf(0.975, freedom):.4f}" for freedom in freedoms}
    likely = {
        (t, freedom): f"{stats.norm.isf(stats.t.sf(t, freedom)):.6f}" for t in (0, 0.5, 1.96, 4) for freedom in freedoms
    }
    chi_squares = {
        (x, freedom): f"{1 + stats.chi2.sf(x, freedom):.9f}"
        for x in (0, 0.5, 3.841459, 20, 5000)
        for freedom in range(1, 10)
    }
    double = "{{ clm.type_double() }}"
    return [
        over("normal_tail", digits("'1 + ' ~ clm.normal_tail('a')", 9), normal, double, "integer"),
        over("t_confidence", digits("clm.t_confidence('a')", 4), quantiles, double, "integer"),
        over("t_as_normal", digits("clm.t_as_normal(clm.t_distance('a', 'b'), 'b')", 6), likely, double, double),
        over(
            "chi_square", digits("'1 + ' ~ clm.chi_square_tail('a', 'sqrt(a)', 'b')", 9), chi_squares, double, "integer"
        ),
    ]


def grouped_cases() -> list[Case]:
    """Lists: the byte order of their values, no NULLs, NULL for nothing."""
    groups: list[list[str | None]] = [["b", "a", "Z", "é", "z", "_", "名", "😀", "a b", "a", None], [None], [""]]
    cases = []
    for values in groups:
        known = sorted((value for value in values if value is not None), key=str.encode)
        rows = " union all ".join(f"select {encoded(value)} as item" for value in values)
        sql = f"(select {{{{ clm.list_text('item') }}}} from ({rows}) as items)"
        cases.append(Case(f"list_text of {len(values)}", sql, [("0", "0", ",".join(known) if known else None)]))
    medians: dict[str, str | None] = {"1": "1.0", "1,2": "1.5", "7,null,3,5": "5.0", "null": None, "2,2,9,9": "5.5"}
    for listed, wanted in medians.items():
        rows = " union all ".join(f"select cast({number} as integer) as item" for number in listed.split(","))
        cases.append(
            Case(
                f"median of {listed}",
                f"(select {{{{ clm.median('item') }}}} from ({rows}) as items)",
                [("0", "0", wanted)],
            )
        )
    return cases


def all_cases() -> list[Case]:
    return [*text_cases(), *reading_cases(), *arithmetic_cases(), *statistics_cases(), *grouped_cases()]


HEAD = """{% set unhex = {
    'duckdb': "decode(unhex('?'))",
    'postgres': "convert_from(decode('?', 'hex'), 'UTF8')",
    'spark': "cast(unhex('?') as string)",
}[target.type] %}
"""


def one_query(cases: list[Case]) -> str:
    """All cases as rows of case, row and what the macro gave; every value behind '=', so that NULL stays NULL."""
    selects = []
    for number, case in enumerate(cases):
        values = ", ".join(f"({row}, {a}, {b})" for row, (a, b, _) in enumerate(case.rows))
        got = f"'=' || cast({case.sql} as {{{{ clm.type_text() }}}})"
        selects.append(
            f"select {number} as case_number, n as row_number, {got} as got from (values {values}) as given (n, a, b)"
        )
    return HEAD + "\nunion all\n".join(selects)


def answers(run: Run) -> dict[tuple[int, int], str | None]:
    """What the engine said, by case and row."""
    shown = run.dbt(
        "show", "--limit", "-1", "--inline", one_query(all_cases()), variables="{clm_timezone: Europe/Berlin}"
    )
    rows = shown.results[0].agate_table.rows
    return {
        (int(row["case_number"]), int(row["row_number"])): None if row["got"] is None else row["got"][1:]
        for row in rows
    }


@pytest.mark.parametrize(
    "engine", [name if name == "duckdb" else pytest.param(name, marks=pytest.mark.engines) for name in ENGINES]
)
def test_every_macro_says_what_its_truth_table_says(engine: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    if engine == "postgres":
        connect_postgres().close()
    folder = tmp_path_factory.mktemp("dialect")
    run = spark_run("clm") if engine == "spark" else Run(engine, folder, "main" if engine == "duckdb" else "clm")
    got = answers(run)
    wrong = []
    for number, case in enumerate(all_cases()):
        for row, (a, b, wanted) in enumerate(case.rows):
            found = got[number, row]
            if instant(found) != instant(wanted):
                wrong.append(f"{case.macro}({a}, {b}): {found!r}, not {wanted!r}")
    assert not wrong, f"on {engine}:\n" + "\n".join(wrong)


def instant(text: str | None) -> str | None:
    """Engines differ in how they write the same fraction of a second: .5 or .500000."""
    return re.sub(r"(:\d\d[.]\d*?)0+$", r"\1", text) if text and re.search(r":\d\d[.]\d+$", text) else text
