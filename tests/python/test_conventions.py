"""The house rules on the manifest and the files: grain, keys, names, no clock, one dialect folder, valid YAML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import PROJECT, new_shop
from dbt.artifacts.resources.types import NodeType
from dbt.contracts.graph.manifest import Manifest
from dbt.jsonschemas import jsonschemas

LONGEST_MODEL = 120
KEYLESS_MARTS = {"quarantined_records": "a raw table may hold the same row more than twice, and each copy is a record"}
LONGER_MODELS = {
    "int_experiment_results": "Holm, Fieller and the verdict are steps over the same rows, a few lines each",
    "campaign_assignments": "two logs and what others assigned in one union, and which arm of a person holds",
    "campaign_results": "one wide row: a select list over four measures",
    "int_assignment_log": "who was assigned before and who is due now are read from the same table",
    "int_campaign_entries": "the day, the goal and the buckets of an entry belong to one row",
    "int_campaign_sends": "the ledger and what senders report are one list without what both tell",
    "int_contacts": "the ledger and what senders report are one count without what both tell",
    "int_messages": "what became of a message and what came before it are counted from the same rows",
    "churn_days_options": "one curve, and what follows from it for each number of days",
    "int_experiment_revenues": "one chain of formulas from covariance to p-value; nothing of it is read elsewhere",
    "int_campaign_considered": "entry, step, buckets and message key belong to one row and are read nowhere else",
    "int_campaign_gated": "the gates are one ordered list; two models would hide their order",
    "checked_refunds": "the walk over the refunds of an order stands beside the rules that it serves",
    "customer_360": "one wide row: a select list, no logic to split",
    "customer_timeline": "ten kinds of entries in one union, each with the same columns",
    "erasure_register": "what a request named and what was found and forgotten, counted in one place",
    "identity_map": "three kinds of id, each with its own evidence, in one list",
    "int_customer_days": "five sources of activity in one union, each with the same long list of measures",
    "int_customer_features": "one wide row: a select list, no logic to split",
    "int_customers": "who exists and which address counts are decided from the same facts",
    "int_customers_habits": "three favourites of one kind, a few lines each",
    "int_purchase_spells_refunded": "changes of purchases and refunds, their sums and what passes: one computation",
    "int_tag_log": "what is new, forgotten, kept and dropped is decided on the same entries of the same table",
    "int_customers_staged": "stage and sub-state are one ordered list of rules",
    "int_erasure_carriers": "what a raw row names is one list of kinds, read from raw rows alone",
    "int_identity_addresses": "what counts as sharing an address is one list of kinds",
    "int_value_baselines": "both curves are looked up for the same combinations of people",
    "int_lifecycle_spans": "one span per condition of a stage, all in one list",
    "int_lifecycle_steps": "a +1 and a -1 per window and span, all in one list",
    "int_purchase_windows": "which leaving can decide nothing is one list of cases over the same neighbours",
    "int_reachable_spans": "addresses and consents are one condition",
    "int_rfm_runs": "every step of the measures in one list, twice as long with a window",
    "lifecycle_population_monthly": "stages and segments of the same days in one list",
    "activation_blocks": "five reasons over the same keys, in one order",
    "segment_campaign": "the budget and the select list of one wide row",
    "rfm_segment_monthly": "today's values, yesterday's and today's by yesterday's bounds are scored by the same rule",
    "tag_catalogue": "the advice is one ordered list of reasons over one row of facts",
}
FOLDERS = {
    "staging/base": ("base_",),
    "staging/checked": ("checked_",),
    "staging": ("stg_",),
    "intermediate/tags": ("int_", "tags_"),
    "intermediate": ("int_",),
}
CLOCKS = re.compile(
    r"current_date|current_timestamp|current_time\b|localtimestamp|getdate|sysdate|statement_timestamp|\bnow\s*\("
    r"|\btoday\s*\(|\brand(om)?\s*\(|uuid|run_started_at",
    re.IGNORECASE,
)
CLOCK_ALLOWED = {"macros/as_of.sql": "run_started_at"}
WAREHOUSES = re.compile(r"duckdb|postgres|spark|snowflake|bigquery|redshift|databricks", re.IGNORECASE)
ABSOLUTE = re.compile(r"(?<![\w.~$}\-/:])/(?:home|Users|work|root|mnt|opt|srv)/|[A-Z]:\\\\?Users", re.ASCII)
BAD_YAML = [
    "version: 2\nmodels:\n  - name: m\n    descriptionn: One row per m.\n",
    "version: 2\nmodels:\n  - name: m\n    columns:\n      - name: c\n        data_test: [unique]\n",
    "version: 2\nmodels:\n  - name: m\n    config: {materialised: table}\n",
    "version: 2\nmodel:\n  - name: m\n",
    "version: 2\nunit_tests:\n  - name: t\n    model: m\n    given: []\n    expects: {rows: []}\n",
]


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    """The parsed project, with dbt's own JSON schemas switched on and every deprecation an error."""
    patch = pytest.MonkeyPatch()
    supported = jsonschemas._JSONSCHEMA_SUPPORTED_ADAPTERS | {"duckdb"}
    patch.setattr(jsonschemas, "_JSONSCHEMA_SUPPORTED_ADAPTERS", supported)
    try:
        built = new_shop("test_conventions").dbt("parse", "--no-partial-parse")
    finally:
        patch.undo()
    assert built.success, built.log[-4000:]
    parsed = built.result.result
    assert isinstance(parsed, Manifest)
    return parsed


def models(manifest: Manifest) -> list[Any]:
    return [node for node in manifest.nodes.values() if node.resource_type == NodeType.Model]


def sql_files(*folders: str) -> Iterator[tuple[str, str]]:
    """Path and text of the project's SQL files, Jinja and SQL comments left out."""
    for folder in folders:
        for path in sorted((PROJECT / folder).rglob("*.sql")):
            text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
            yield path.relative_to(PROJECT).as_posix(), re.sub(r"--[^\n]*", "", text)


def yaml_files() -> list[Path]:
    return sorted(
        path for folder in ("models", "seeds", "macros", "tests") for path in (PROJECT / folder).rglob("*.yml")
    )


def schema_errors(text: str) -> list[str]:
    errors = jsonschemas._validate_with_schema(jsonschemas.resources_schema(), yaml.safe_load(text))
    return [f"{list(error.path)}: {error.message[:200]}" for error in errors]


def test_every_description_begins_with_the_grain(manifest: Manifest) -> None:
    nodes = [*models(manifest), *(node for node in manifest.nodes.values() if node.resource_type == NodeType.Seed)]
    wrong = [node.name for node in nodes if not re.match(r"(One row|Exactly one row)\b", node.description.strip())]
    assert wrong == []


def test_every_model_file_begins_with_the_same_grain() -> None:
    wrong = []
    for path in sorted((PROJECT / "models").rglob("*.sql")):
        comment = re.match(r"\{#-?\s*Grain: (one row|exactly one row)\b", path.read_text(encoding="utf-8"))
        if comment is None:
            wrong.append(path.name)
    assert wrong == []


def test_every_model_has_a_yaml_of_its_name_beside_it(manifest: Manifest) -> None:
    wrong = []
    for node in models(manifest):
        described = Path(str(node.patch_path).split("://")[-1]) if node.patch_path else None
        if described != Path(node.original_file_path).with_suffix(".yml"):
            wrong.append(node.name)
    assert wrong == []


def test_names_and_folders_agree(manifest: Manifest) -> None:
    prefixes = tuple({prefix for allowed in FOLDERS.values() for prefix in allowed})
    for node in models(manifest):
        folder = Path(node.original_file_path).parent.relative_to("models").as_posix()
        allowed = next(
            (names for known, names in FOLDERS.items() if folder == known or folder.startswith(f"{known}/")), None
        )
        if allowed is None:
            assert folder.startswith("marts/") and not node.name.startswith(prefixes), node.name
        else:
            assert node.name.startswith(allowed), f"{node.name} in {folder}"


def test_marts_have_contracts_descriptions_and_keys(manifest: Manifest) -> None:
    keys = declared_keys(manifest)
    for node in models(manifest):
        if not node.original_file_path.startswith("models/marts/"):
            continue
        assert node.contract.enforced, f"{node.name} has no enforced contract"
        key = keys.get(node.name, [])
        assert key or node.name in KEYLESS_MARTS, f"{node.name} has no key in its clm_constraints"
        assert set(key) <= set(node.columns), f"{node.name} has a key without columns"
        undescribed = [column.name for column in node.columns.values() if not column.description.strip()]
        assert undescribed == [], f"{node.name}: {undescribed}"


def declared_keys(manifest: Manifest) -> dict[str, list[str]]:
    """Model or seed and the columns of its key, where its YAML declares one."""
    found = {}
    for node in manifest.nodes.values():
        metadata = getattr(node, "test_metadata", None)
        if metadata and metadata.name == "clm_constraints" and metadata.kwargs.get("key"):
            found[str(getattr(node, "attached_node", "")).split(".")[-1]] = list(metadata.kwargs["key"])
    return found


def test_every_generic_and_singular_test_says_when_it_fails() -> None:
    for folder in ("tests/data", "tests/generic"):
        for path in sorted((PROJECT / folder).glob("*.sql")):
            assert re.match(r"\{#-\s*Fails\b", path.read_text(encoding="utf-8")), path.name


def test_unit_tests_stand_beside_their_model_and_are_named_as_sentences(manifest: Manifest) -> None:
    assert len(manifest.unit_tests) >= 50
    for test in manifest.unit_tests.values():
        assert len(test.name) <= 63, f"{test.name}: PostgreSQL makes a table of each"
        assert Path(test.original_file_path).name == f"{test.model}.unit_tests.yml", test.name
        assert test.name.count("_") >= 4, f"{test.name} is no sentence"


def test_no_sql_reads_a_clock_or_chance() -> None:
    found = {
        path: sorted({match.group() for match in CLOCKS.finditer(text)})
        for path, text in sql_files("models", "macros", "tests/data", "tests/generic")
    }
    found = {path: [word for word in words if CLOCK_ALLOWED.get(path) != word] for path, words in found.items()}
    assert {path: words for path, words in found.items() if words} == {}


def test_warehouses_are_named_in_the_dialect_folder_only() -> None:
    found = [
        path
        for path, text in sql_files("models", "macros", "tests/data", "tests/generic")
        if not path.startswith("macros/dialect/") and WAREHOUSES.search(text)
    ]
    assert found == []
    yaml_lines = [
        f"{path.relative_to(PROJECT)}: {line.strip()}"
        for path in [PROJECT / "dbt_project.yml", *yaml_files()]
        for line in path.read_text(encoding="utf-8").splitlines()
        if WAREHOUSES.search(line.split("#")[0]) and "+file_format" not in line
    ]
    assert yaml_lines == []


def test_models_are_short_or_say_why() -> None:
    lengths = {
        path.stem: len(path.read_text(encoding="utf-8").splitlines()) for path in (PROJECT / "models").rglob("*.sql")
    }
    longer = {name for name, lines in lengths.items() if lines > LONGEST_MODEL}
    assert longer - set(LONGER_MODELS) == set()
    assert set(LONGER_MODELS) - longer == set(), "these are short enough now"


def test_yaml_passes_dbts_own_schemas() -> None:
    found = {str(path.relative_to(PROJECT)): schema_errors(path.read_text(encoding="utf-8")) for path in yaml_files()}
    assert {path: errors for path, errors in found.items() if errors} == {}


@pytest.mark.parametrize("text", BAD_YAML)
def test_the_schemas_catch_a_typo(text: str) -> None:
    assert schema_errors(text) != []


def documented_vars() -> dict[str, str]:
    """Names and defaults of the rows `| clm_a, clm_b | 1, 2 | ...` of the configuration page."""
    text = (PROJECT / "docs" / "configuration.md").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for names, defaults in re.findall(r"^\| (`clm_[^|]*) \| ([^|]*) \|", text, flags=re.MULTILINE):
        found |= dict(zip(re.findall(r"`(clm_\w+)`", names), re.findall(r"`([^`]*)`", defaults), strict=True))
    return found


def test_every_var_is_documented_with_its_default() -> None:
    declared = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]["clm"]
    defaults = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in declared.items()}
    assert documented_vars() == defaults


def test_every_var_is_read_somewhere() -> None:
    declared = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]["clm"]
    text = "".join(text for _, text in sql_files("models", "macros"))
    assert [name for name in declared if name not in text] == []


def test_every_number_among_the_vars_has_a_range() -> None:
    declared = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]["clm"]
    text = (PROJECT / "macros" / "inputs" / "prepare_inputs.sql").read_text(encoding="utf-8")
    ranges = text[text.index("macro setting_ranges") : text.index("macro check_number_setting")]
    named = re.findall(r"'(clm_\w+)'", ranges)
    numbers = [name for name, value in declared.items() if type(value) in (int, float)]
    assert sorted(named) == sorted(numbers)


def test_no_file_has_a_path_of_one_machine() -> None:
    suffixes = {".sql", ".yml", ".yaml", ".py", ".md", ".toml", ".txt", ".csv", ".cfg", ".json"}
    folders = ("models", "macros", "seeds", "tests", "scripts", "docs", "examples")
    paths = [path for folder in folders for path in (PROJECT / folder).rglob("*") if path.suffix in suffixes]
    paths += [path for path in PROJECT.iterdir() if path.is_file() and path.suffix in suffixes]
    found = [
        f"{path.relative_to(PROJECT)}: {match.group()}"
        for path in paths
        if path.is_file()
        and path != Path(__file__)
        and (match := ABSOLUTE.search(path.read_text(encoding="utf-8", errors="replace")))
    ]
    assert found == []
