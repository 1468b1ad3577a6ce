"""The shipped map of segments: the published cell counts, the rules of the definitions, and no pair out of order."""

from __future__ import annotations

import csv
from collections import Counter
from itertools import product

from conftest import PROJECT

CATALOGUE = PROJECT / "seeds" / "catalogue"
HEALTH = (
    "sleeping", "cant_lose", "at_risk", "first_time", "promising", "recent", "potential_loyalist", "loyal", "champion",
)  # fmt: skip
PUBLISHED = dict(zip(HEALTH, (26, 10, 14, 15, 6, 12, 15, 19, 8), strict=True))
Cell = tuple[int, int, int]


def shipped() -> dict[Cell, str]:
    with (CATALOGUE / "rfm_segment_map.csv").open(encoding="utf-8") as file:
        return {
            (int(row["recency_score"]), int(row["frequency_score"]), int(row["monetary_score"])): row["segment"]
            for row in csv.DictReader(file)
        }


def of_buyers() -> dict[Cell, str]:
    """The map with frequency 1 read as a single purchase."""
    single = {cell: "first_time" if cell[0] >= 3 else "sleeping" for cell in shipped() if cell[1] == 1}
    return shipped() | single


def defined(cell: Cell) -> str:
    """The rules of the definitions for repeat buyers, first that holds."""
    recency, frequency, monetary = cell
    both = frequency + monetary
    rules = [
        (recency >= 4 and frequency >= 4 and monetary >= 4, "champion"),
        (recency >= 3 and frequency >= 3 and both >= 7, "loyal"),
        (recency >= 3 and both >= 6, "potential_loyalist"),
        (recency >= 4, "recent"),
        (recency == 3, "promising"),
        (recency == 2 and both >= 6, "at_risk"),
        (recency == 1 and both >= 7, "cant_lose"),
    ]
    return next((segment for holds, segment in rules if holds), "sleeping")


def comparable_pairs() -> list[tuple[Cell, Cell]]:
    cells = list(shipped())
    return [(a, b) for a in cells for b in cells if all(x <= y for x, y in zip(a, b, strict=True))]


def test_all_125_cells_map_by_the_rules() -> None:
    assert set(shipped()) == set(product(range(1, 6), repeat=3))
    assert {cell: segment for cell, segment in shipped().items() if segment != defined(cell)} == {}


def test_cell_counts_are_the_published_ones() -> None:
    assert Counter(of_buyers().values()) == PUBLISHED


def test_no_higher_score_means_a_worse_segment_in_3375_pairs() -> None:
    pairs = comparable_pairs()
    assert len(pairs) == 3375
    for segments in (shipped(), of_buyers()):
        assert [(a, b) for a, b in pairs if HEALTH.index(segments[a]) > HEALTH.index(segments[b])] == []


def test_health_ranks_of_the_catalogue_are_those_of_the_definitions() -> None:
    with (CATALOGUE / "segments.csv").open(encoding="utf-8") as file:
        ranks = {row["segment"]: row["health_rank"] for row in csv.DictReader(file)}
    assert {segment: rank for segment, rank in ranks.items() if rank} == {
        segment: str(place) for place, segment in enumerate(HEALTH, 1)
    }
    assert {segment for segment, rank in ranks.items() if not rank} == {"engaged_visitor", "loyal_visitor"}
