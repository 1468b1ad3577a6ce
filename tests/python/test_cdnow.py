"""CDNOW: published data, and the scores and segments that the definitions demand of it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from conftest import Shop

SEGMENTS = (
    "sleeping", "cant_lose", "at_risk", "first_time", "promising", "recent", "potential_loyalist", "loyal", "champion",
)  # fmt: skip


def cdnow_orders(folder: Path) -> pd.DataFrame:
    sample = pd.read_parquet(folder / "cdnow" / "cdnow_sample.parquet")
    return pd.DataFrame(
        {
            "order_id": [f"o{i}" for i in range(len(sample))],
            "customer_id": sample["master_id"],
            "ordered_at": pd.to_datetime(sample["date"]),
            "amount": sample["dollar_value"],
        }
    )


@pytest.mark.parametrize(
    ("zero_is_purchase", "buyers", "recency", "frequency", "monetary", "segments"),
    [
        (
            "true", 2357, [480, 478, 459, 475, 465], [1411, 439, 214, 100, 193], [480, 464, 471, 471, 471],
            [914, 3, 41, 537, 24, 146, 223, 190, 279],
        ),
        (
            "false", 2349, [476, 475, 478, 455, 465], [1403, 439, 214, 100, 193], [472, 468, 470, 470, 469],
            [910, 3, 38, 536, 26, 144, 223, 190, 279],
        ),
    ],
)  # fmt: skip
def test_scores_and_segments_are_the_published_ones(
    shop: Shop,
    shared_data: Path,
    zero_is_purchase: str,
    buyers: int,
    recency: list[int],
    frequency: list[int],
    monetary: list[int],
    segments: list[int],
) -> None:
    shop.write("orders", cdnow_orders(shared_data))
    shop.build(
        as_of="1997-09-30", variables=f"{{clm_zero_amount_is_purchase: {zero_is_purchase}}}",
        select=("+customer_lifecycle", "+stg_orders"),
    )  # fmt: skip
    for score, expected in (("recency", recency), ("frequency", frequency), ("monetary", monetary)):
        found = shop.rows(
            "select count(*) from customer_lifecycle where purchase_count > 0"
            f" group by {score}_score order by {score}_score"
        )
        assert [count for (count,) in found] == expected, score
    counted = dict(shop.rows("select segment, count(*) from customer_lifecycle group by segment"))
    assert [counted[segment] for segment in SEGMENTS] == segments
    assert shop.rows("select count(*) from customer_lifecycle where purchase_count > 0") == [(buyers,)]
    assert shop.rows("select count(*) from main_staging.stg_orders") == [(6919,)]
