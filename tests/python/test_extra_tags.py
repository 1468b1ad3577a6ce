"""The example of a user's own project that installs this one as a package and adds tags of its own to it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import PROJECT

EXAMPLE = PROJECT / "examples" / "extra_tags"
NEW_TAGS = {"never_refunds", "event_guest", "purchased_brand"}


def dbt(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CLM_")}
    environment["CLM_DUCKDB_PATH"] = str(folder / "extra_tags.duckdb")
    return subprocess.run(
        [str(Path(sys.executable).parent / "dbt"), *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example outside of the repository, with the package installed as its README says."""
    folder = tmp_path_factory.mktemp("user") / "extra_tags"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("dbt_packages", "target", "logs", "*.duckdb*"))
    (folder / "packages.yml").write_text(f"packages:\n  - local: {PROJECT}\n", encoding="utf-8")
    installed = dbt(folder, "deps")
    assert installed.returncode == 0, installed.stdout[-3000:]
    return folder


def rows(project: Path, sql: str) -> list[tuple[Any, ...]]:
    connection = duckdb.connect(str(project / "extra_tags.duckdb"), read_only=True)
    try:
        found: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
        return found
    finally:
        connection.close()


def test_own_tags_are_tags_like_all_others(project: Path) -> None:
    read = ("+customer_lifecycle", "+tag_catalogue", "+customer_tag_changes")
    built = dbt(
        project, "build", "--exclude-resource-type", "unit_test", "--indirect-selection", "cautious", "--select", *read
    )
    assert built.returncode == 0, built.stdout[-5000:]
    assert "WARN" not in built.stdout.replace("WARN=0", "")
    counted: dict[str, int] = dict(rows(project, "select tag, customer_count from tag_catalogue"))
    assert set(counted) >= NEW_TAGS and len(counted) > 45
    held: dict[str, int] = dict(
        rows(project, "select tag, count(distinct customer_id) from customer_tags group by tag")
    )
    assert {tag: held.get(tag, 0) for tag in NEW_TAGS} == {tag: counted[tag] for tag in NEW_TAGS}
    assert all(counted[tag] > 0 for tag in NEW_TAGS)
    for tag in NEW_TAGS:
        listed = rows(project, f"select count(*) from customer_lifecycle where ',' || tags like '%,{tag}%'")
        assert listed == [(counted[tag],)], tag
    assert rows(project, "select count(*) from customer_tag_changes where tag = 'purchased_brand'")[0][0] > 0
    evidence = rows(
        project, "select distinct evidence like '{\"order_count\":%' from customer_tags where tag = 'never_refunds'"
    )
    assert evidence == [(True,)]


def test_an_undocumented_own_tag_stops_the_run_with_a_sentence(project: Path) -> None:
    path = project / "models" / "my_tags.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("            label_zh: 从不退款\n", ""), encoding="utf-8")
    try:
        refused = dbt(project, "build", "--select", "my_tags")
        assert refused.returncode != 0
        assert "The tag 'never_refunds' (my_tags.yml) has no config.meta.label_zh" in refused.stdout
    finally:
        path.write_text(text, encoding="utf-8")
