"""Campaign results over generated shops whose campaign has a known effect, split and contamination.

Nobody of these shops is in the global control and in the campaign: the generator leaves them out, as results do.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import PROJECT, Shop, new_shop

# an effect of 1: twice as many buy; clean rows, so that counts are those of the truth
WORLD = (
    "--customers", "9000", "--years", "3", "--orders-per-customer", "6", "--events-per-customer", "1", "--dirty", "0",
)  # fmt: skip
COUNTS = "treated_count, control_count, open_count, treated_reached_count, control_reached_count, contamination_rate"
RATES = "treated_conversion_count, control_conversion_count, conversion_difference, conversion_lower_bound"
VERDICTS = "conversion_upper_bound, split_p_value, split_check, conversion_verdict, verdict"
COLUMNS = f"{COUNTS}, {RATES}, {VERDICTS}"


def generate(folder: Path, *arguments: str) -> dict[str, Any]:
    """Makes a world; what was planted in its campaign."""
    command = [sys.executable, str(PROJECT / "scripts" / "generate.py"), "--out", str(folder), *WORLD, *arguments]
    subprocess.run(command, check=True, capture_output=True)
    campaign: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["truth"]["campaign"]
    return campaign


def read_result(shop: Shop, level: str, experiment: str) -> dict[str, Any]:
    where = f"experiment_level = '{level}' and experiment_id = '{experiment}' and breakdown = 'all'"
    (row,) = shop.rows(f"select {COLUMNS} from campaign_results where {where}")
    return dict(zip(COLUMNS.split(", "), row, strict=True))


@pytest.fixture(scope="module")
def planted() -> tuple[Shop, dict[str, Any]]:
    shop = new_shop("campaign_planted")
    truth = generate(shop.raw, "--effect", "1", "--contamination", "0.2")
    shop.build(select=("+campaign_results",))
    return shop, truth


@pytest.fixture(scope="module")
def idle() -> tuple[Shop, dict[str, Any]]:
    shop = new_shop("campaign_idle")
    truth = generate(shop.raw, "--effect", "0")
    shop.build(select=("+campaign_results",))
    return shop, truth


@pytest.mark.parametrize(("level", "experiment"), [("campaign", "winback_1"), ("journey", "winback")])
def test_the_planted_effect_is_inside_its_interval(
    planted: tuple[Shop, dict[str, Any]], level: str, experiment: str
) -> None:
    shop, truth = planted
    found = read_result(shop, level, experiment)
    assert (found["treated_count"], found["control_count"]) == (truth["treated"], truth["holdout"])
    assert found["split_check"] == "ok" and found["verdict"] == found["conversion_verdict"] == "better"
    bought = truth["treated_bought"] / truth["treated"] - truth["holdout_bought"] / truth["holdout"]
    meant = truth["planted_relative_lift"] * truth["natural_rate"]
    for effect in (bought, meant):
        assert found["conversion_lower_bound"] < effect < found["conversion_upper_bound"]
    # the truth stops 30 days after the very hour, the result with the day
    assert 0 <= found["treated_conversion_count"] - truth["treated_bought"] <= 5
    assert 0 <= found["control_conversion_count"] - truth["holdout_bought"] <= 5


def test_a_control_that_was_reached_is_shown(planted: tuple[Shop, dict[str, Any]]) -> None:
    shop, truth = planted
    found = read_result(shop, "campaign", "winback_1")
    assert truth["control_reached"] > 100
    assert found["control_reached_count"] == truth["control_reached"]
    assert float(found["contamination_rate"]) == pytest.approx(truth["control_reached"] / truth["holdout"], abs=1e-6)
    assert found["treated_reached_count"] == truth["treated"]


def test_without_an_effect_none_is_shown(idle: tuple[Shop, dict[str, Any]]) -> None:
    shop, truth = idle
    found = read_result(shop, "campaign", "winback_1")
    assert (found["treated_count"], found["control_count"]) == (truth["treated"], truth["holdout"])
    assert found["control_conversion_count"] >= 30
    assert found["conversion_lower_bound"] < 0 < found["conversion_upper_bound"]
    assert (found["split_check"], found["verdict"]) == ("ok", "no_difference_shown")
    assert (found["control_reached_count"], found["contamination_rate"]) == (0, 0)


def test_a_split_that_is_not_what_was_meant_is_not_to_be_trusted(
    idle: tuple[Shop, dict[str, Any]], tmp_path: Path
) -> None:
    """Without an effect another split moves no purchase: only what follows from assignments is built again."""
    shop, _ = idle
    truth = generate(tmp_path, "--effect", "0", "--treated-share", "0.46")
    shutil.copy(tmp_path / "assignments.parquet", shop.raw / "assignments.parquet")
    shop.build(select=("checked_assignments+,+campaign_results",))
    found = read_result(shop, "campaign", "winback_1")
    assert (found["treated_count"], found["control_count"]) == (truth["treated"], truth["holdout"])
    assert found["split_p_value"] < 0.001
    assert (found["split_check"], found["verdict"]) == ("alarm", "not_to_be_trusted")
