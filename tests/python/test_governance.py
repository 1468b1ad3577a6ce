"""Tags and segments cannot be changed in one place only: the build stops and says which tag or cell is meant."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT, environment
from dbt.cli.main import dbtRunner

COPIED = ("models", "macros", "seeds", "tests/data", "tests/generic", "dbt_project.yml", "profiles.yml")
TAG_SQL = "models/intermediate/tags/tags_value.sql"
TAG_YAML = "models/intermediate/tags/tags_value.yml"
MAP = "seeds/catalogue/rfm_segment_map.csv"
UNDOCUMENTED = "        purchase_count >= 2 as bought_again,\n        coalesce(monetary_score >="
DOCUMENTED = """      - name: bought_again
        description: Bought twice or more.
        data_type: boolean
"""
META = """        config:
          meta:
            label_en: Bought again
            label_zh: 再次购买
            group: value
            owner: crm
            kind: boolean
            version: 1
            evidence: [purchase_count]
"""


class Copy:
    """A copy of the project that a test may spoil and that is put right again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in COPIED:
            source = PROJECT / name
            if source.is_dir():
                shutil.copytree(source, folder / name)
            elif source.exists():
                shutil.copyfile(source, folder / name)

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text(encoding="utf-8")
        assert text.count(old) >= 1, f"{name} has no {old!r}"
        (self.folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    def restore(self) -> None:
        for name in (TAG_SQL, TAG_YAML, MAP):
            shutil.copyfile(PROJECT / name, self.folder / name)

    def build(self, *selection: str, as_of: str = "auto") -> tuple[bool, str]:
        """Whether dbt build succeeds on the copy's demo, and its messages."""
        lines: list[str] = []
        arguments = ["build", *selection, "--exclude-resource-type", "unit_test", "--quiet"]
        folders = ["--project-dir", str(self.folder), "--profiles-dir", str(self.folder)]
        outputs = ["--target-path", str(self.folder / "target"), "--log-path", str(self.folder / "logs")]
        settings = {"CLM_DUCKDB_PATH": str(self.folder / "clm.duckdb"), "CLM_AS_OF_DATE": as_of}
        settings |= {"CLM_THREADS": "1", "CLM_DUCKDB_THREADS": "1"}
        with environment(settings):
            runner = dbtRunner(callbacks=[lambda event: lines.append(str(getattr(event.info, "msg", "")))])
            result = runner.invoke([*arguments, *folders, *outputs])
        if result.exception is not None:
            lines.append(str(result.exception))
        return bool(result.success), "\n".join(lines)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """The copied project, built once, as far as tags go."""
    copy = Copy(tmp_path_factory.mktemp("governance") / "project")
    success, log = copy.build("--exclude-resource-type", "test", "--select", "+tag_catalogue", "+customer_tags")
    assert success, log[-4000:]
    return copy


@pytest.fixture
def copied(project: Copy) -> Iterator[Copy]:
    yield project
    project.restore()


def test_a_tag_in_sql_without_yaml_fails_the_build_by_name(copied: Copy) -> None:
    copied.change(TAG_SQL, "        coalesce(monetary_score >=", UNDOCUMENTED)
    success, log = copied.build("--select", "tags_value")
    assert not success
    assert "bought_again" in log and "missing in contract" in log and "tags_value" in log


def test_a_tag_in_yaml_without_sql_fails_the_build_by_name(copied: Copy) -> None:
    copied.change(TAG_YAML, "      - name: high_value\n", DOCUMENTED + META + "      - name: high_value\n")
    success, log = copied.build("--select", "tags_value")
    assert not success
    assert "bought_again" in log and "missing in definition" in log and "tags_value" in log


def test_a_tag_without_meta_fails_the_build_by_name(copied: Copy) -> None:
    copied.change(TAG_SQL, "        coalesce(monetary_score >=", UNDOCUMENTED)
    copied.change(TAG_YAML, "      - name: high_value\n", DOCUMENTED + "      - name: high_value\n")
    success, log = copied.build("--select", "tags_value")
    assert not success
    assert "The tag 'bought_again' (tags_value.yml) has no config.meta.label_en; see docs/tags.md." in log


def test_a_tag_without_description_fails_the_build_by_name(copied: Copy) -> None:
    copied.change(TAG_SQL, "        coalesce(monetary_score >=", UNDOCUMENTED)
    spoiled = DOCUMENTED.replace("        description: Bought twice or more.\n", "") + META
    copied.change(TAG_YAML, "      - name: high_value\n", spoiled + "      - name: high_value\n")
    success, log = copied.build("--select", "tags_value")
    assert not success
    assert "The tag 'bought_again' (tags_value.yml) has no description" in log


def test_a_tag_of_two_models_fails_the_build_by_name(copied: Copy) -> None:
    copied.change(TAG_YAML, "      - name: high_value\n", "      - name: night_shopper\n")
    success, log = copied.build("--select", "tags_value")
    assert not success
    assert "The tag 'night_shopper'" in log and "is also a column of tags_" in log


def test_a_documented_tag_needs_nothing_else(copied: Copy) -> None:
    copied.change(TAG_SQL, "        coalesce(monetary_score >=", UNDOCUMENTED)
    copied.change(TAG_YAML, "      - name: high_value\n", DOCUMENTED + META + "      - name: high_value\n")
    success, log = copied.build("--select", "tags_value+,+customer_tags", "--exclude-resource-type", "test")
    assert success, log[-4000:]
    connection = duckdb.connect(str(copied.folder / "clm.duckdb"))
    found = connection.execute(
        "select count(*), min(evidence) from customer_tags where tag = 'bought_again'"
    ).fetchall()
    connection.close()
    assert found[0][0] > 0 and found[0][1].startswith('{"purchase_count":"')


def test_a_changed_rule_shows_as_a_new_version_and_as_drift(copied: Copy) -> None:
    copied.change(TAG_SQL, "monetary_score >= {{ var('clm_tag_high_value_score') }}", "monetary_score >= 3")
    head, tail = (copied.folder / TAG_YAML).read_text(encoding="utf-8").split("      - name: high_value\n")
    changed = f"{head}      - name: high_value\n{tail.replace('version: 1', 'version: 2', 1)}"
    (copied.folder / TAG_YAML).write_text(changed, encoding="utf-8")
    success, log = copied.build(
        "--exclude-resource-type", "test", "--select", "+tag_catalogue", "+customer_tags", as_of="2026-07-01"
    )
    assert success, log[-4000:]
    connection = duckdb.connect(str(copied.folder / "clm.duckdb"))
    versions = connection.execute(
        "select distinct tag, rule_version from customer_tags where tag in ('high_value', 'low_value')"
    ).fetchall()
    catalogue = connection.execute(
        "select tag, previous_run_on, previous_rule_version, rule_version, is_drifting, advice_reason"
        " from tag_catalogue where tag in ('high_value', 'low_value') order by tag"
    ).fetchall()
    connection.close()
    assert sorted(versions) == [("high_value", 2), ("low_value", 1)]
    day = dt.date(2026, 6, 30)
    assert catalogue == [
        ("high_value", day, 1, 2, True, "rule_changed"),
        ("low_value", day, 1, 1, False, None),
    ]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("3,3,3,potential_loyalist\n", "", "The seed rfm_segment_map has no row for R3 F3 M3"),
        (
            "3,3,3,potential_loyalist\n",
            "3,3,3,potential_loyalist\n3,3,3,loyal\n",
            "The seed rfm_segment_map has more than one row for R3 F3 M3",
        ),
        ("3,3,3,potential_loyalist\n", "3,3,3,\n", "The seed rfm_segment_map has no row for R3 F3 M3"),
    ],
)
def test_a_segment_map_with_a_hole_fails_the_build_by_cell(copied: Copy, old: str, new: str, sentence: str) -> None:
    copied.change(MAP, old, new)
    success, log = copied.build("--select", "rfm_segment_map", "--exclude-resource-type", "test")
    assert not success
    assert sentence in log and "give each of the 125 cells exactly one row" in log


def test_a_segment_map_out_of_order_fails_its_test(copied: Copy) -> None:
    copied.change(MAP, "5,5,4,champion\n", "5,5,4,sleeping\n")
    success, log = copied.build("--select", "rfm_segment_map")
    assert not success
    assert "assert_segment_map_is_total_and_monotone" in log
