"""dbt's own connection: the profile's adapter, one code path for every warehouse."""

from __future__ import annotations

import os
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dbt.adapters.base.impl import ConstraintSupport
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.factory import adapter_management, get_adapter, register_adapter
from dbt.config.runtime import RuntimeConfig
from dbt.flags import set_from_args
from dbt.mp_context import get_mp_context
from dbt_common.context import set_invocation_context
from dbt_common.contracts.constraints import ConstraintType
from dbt_common.events.base_types import EventLevel
from dbt_common.exceptions import DbtBaseException

from activation import BUSY, MISCONFIGURED, Stopped

Row = tuple[Any, ...]
DIGITS = "0123456789abcdef"
MANY = 500_000  # rows of one statement of an embedded warehouse
MEMORY = "CLM_ACTIVATION_MEMORY_LIMIT"  # of DuckDB, which works in this process; beyond it it works on disk


class Warehouse:
    """A connection that is open only inside `transaction()`, so that DuckDB's file is free in between."""

    def __init__(self, config: Any, adapter: Any, patience: float) -> None:
        self.config, self.adapter, self.patience = config, adapter, patience
        supported = adapter.CONSTRAINT_SUPPORT[ConstraintType.primary_key]
        self.is_embedded = adapter.type() == "duckdb"
        self.is_transactional = supported == ConstraintSupport.ENFORCED

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is committed together, or not at all. Stops (4) when the database stays locked."""
        with self.adapter.connection_named("activate"):
            self._begin()
            try:
                yield
            except BaseException as error:
                self.adapter.connections.rollback_if_open()
                if self.is_embedded and "Out of Memory" in str(error):
                    raise Stopped(
                        MISCONFIGURED, f"DuckDB needs more memory: set {MEMORY}, for example to 1GB."
                    ) from error
                raise
            self.adapter.connections.commit()

    def _begin(self) -> None:
        """Opens the connection; waits while another process has DuckDB's file."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                self.adapter.connections.begin()
                return
            except Exception as error:
                if "Could not set lock on file" not in str(error):
                    reason = str(error).strip().splitlines()[0]
                    raise Stopped(MISCONFIGURED, f"The warehouse of dbt's profile does not answer: {reason}") from error
                if time.monotonic() > deadline:
                    raise Stopped(
                        BUSY, "Another process has the DuckDB file open; run again when it is done."
                    ) from error
            time.sleep(0.1)

    def commit(self) -> None:
        """Commits in the midst of a transaction(); what follows is another one on the same connection."""
        if self.is_transactional:
            self.adapter.connections.commit()
            self.adapter.connections.begin()

    def rows(self, sql: str) -> list[Row]:
        """All rows of a query; callers bound it with a limit."""
        return list(self.adapter.connections.add_query(sql, auto_begin=False)[1].fetchall())

    def run(self, sql: str) -> None:
        self.adapter.connections.add_query(sql, auto_begin=False)

    def parts(self, key: str, size: int) -> list[str]:
        """SQL conditions that share out so many rows by the first digit of their key, so that memory does not grow.

        One part if they are few, or if the warehouse has a memory of its own.
        """
        if size <= MANY or not self.is_embedded:
            return ["1 = 1"]
        first = f"substring({key}, 1, 1)"
        return [*(f"{first} = {literal(digit)}" for digit in DIGITS),
                f"{first} not in ({', '.join(map(literal, DIGITS))})"]  # fmt: skip

    def problem(self, sql: str) -> str | None:
        """Runs a statement in its own transaction: None, or the first line of what the database says."""
        try:
            with self.transaction():
                self.run(sql)
        except DbtBaseException as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            return next((line for line in lines if not line.endswith("Error")), lines[0])
        return None

    def relation(self, schema_suffix: str, name: str) -> Any:
        """A table in a schema beside the target's, as dbt's relation."""
        at = self.config.credentials
        return self.adapter.Relation.create(at.database, schema=f"{at.schema}{schema_suffix}", identifier=name)

    def type_name(self, kind: str) -> str:
        return str(self.adapter.Column.translate_type(kind))


@contextmanager
def connect(project_dir: Path, profiles_dir: Path, target: str | None, patience: float) -> Iterator[Warehouse]:
    """The warehouse of dbt's profile. Stops (2) with dbt's own words when project or profile cannot be read."""
    args = Namespace(
        project_dir=str(project_dir), profiles_dir=str(profiles_dir), profile=None, target=target,
        threads=1, vars={}, which="run", version_check=True,
    )  # fmt: skip
    set_invocation_context(dict(os.environ))
    with adapter_management():
        try:
            set_from_args(args, None)
            config = RuntimeConfig.from_args(args)
        except DbtBaseException as error:
            raise Stopped(MISCONFIGURED, " ".join(str(error).split())) from error
        if isinstance(config.credentials, DuckDBCredentials):
            small = {"memory_limit": os.environ.get(MEMORY, "100MB"), "threads": 1}
            config.credentials.keep_open = False
            config.credentials.settings = {**(config.credentials.settings or {}), **small}
        register_adapter(config, get_mp_context(), EventLevel.DEBUG)
        yield Warehouse(config, get_adapter(config), patience)


def literal(value: str | int) -> str:
    """A value as SQL text. A backslash, which means something else on every warehouse, is said by its number."""
    if isinstance(value, int):
        return str(value)
    parts = ["'" + part.replace("'", "''") + "'" for part in value.split("\\")]
    return parts[0] if len(parts) == 1 else f"({' || chr(92) || '.join(parts)})"
