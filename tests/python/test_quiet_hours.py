"""Quiet hours of the demo against Python's own time zones: nobody is written to outside of the local hours."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from conftest import PROJECT, Shop

SHOP_ZONE, SHOP_HOUR = "UTC", 9  # the vars clm_timezone and clm_send_hour


def catalogue(name: str) -> list[dict[str, str]]:
    with (PROJECT / "seeds" / "catalogue" / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def zones_of_countries() -> dict[str, list[str]]:
    zones = defaultdict(list)
    for row in catalogue("country_time_zones"):
        zones[row["country_code"]].append(row["time_zone"])
    return zones


def window(day: datetime, zones: list[str], first: int, last: int) -> tuple[datetime, datetime]:
    """What the local hours of a day have in common in these zones, as UTC."""

    def utc(hour: int, zone: str) -> datetime:
        local = datetime.combine(day + timedelta(days=hour // 24), time(hour % 24), ZoneInfo(zone))
        return local.astimezone(UTC).replace(tzinfo=None)

    return max(utc(first, zone) for zone in zones), min(utc(last, zone) for zone in zones)


def test_every_decision_has_the_hours_of_its_person(demo: Shop) -> None:
    countries, known = zones_of_countries(), {row["time_zone"] for row in catalogue("time_zones")}
    channels = {row["channel"]: row for row in catalogue("channels")}
    seen: set[str] = set()
    rows: list[tuple[Any, ...]] = demo.rows("""
        select distinct d.as_of_date, d.channel, c.timezone, c.country, d.send_after, d.send_before
        from segment_campaign as d inner join customer_360 as c on d.customer_id = c.customer_id""")
    for as_of, channel, zone, country, send_after, send_before in rows:
        by = "zone" if zone in known else "country" if country in countries else "nobody"
        zones = {"zone": [zone], "country": countries.get(country, []), "nobody": [SHOP_ZONE]}[by]
        first = max(SHOP_HOUR, int(channels[channel]["send_from_hour"]))
        day = datetime.combine(as_of, time()) + timedelta(days=1)
        expected = window(day, zones, first, int(channels[channel]["send_until_hour"]))
        assert (send_after, send_before) == expected, (channel, zone, country)
        seen.add(by)
    assert seen == {"zone", "country", "nobody"}


def test_every_country_with_a_calling_code_has_zones_that_python_knows() -> None:
    countries, known = zones_of_countries(), {row["time_zone"] for row in catalogue("time_zones")}
    assert {row["country_code"] for row in catalogue("country_calling_codes")} - set(countries) == set()
    assert {zone for zones in countries.values() for zone in zones} <= known <= available_timezones()
    # a name with a sign or a number is an offset, and its sign is the opposite of what people expect
    assert [zone for zone in known if "+" in zone or zone[-1].isdigit() or "GMT-" in zone] == []
    assert {"UTC", "US/Eastern", "Asia/Calcutta", "Europe/Kyiv", "Europe/Kiev"} <= known
