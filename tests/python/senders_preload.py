"""Loads what a sending process needs, once, before processes are forked; dbt's schemas of itself above all."""

import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(PROJECT / "scripts"), str(PROJECT / "tests" / "python")]

import activate  # noqa: E402, F401
import dbt.adapters.duckdb  # noqa: E402, F401
import senders  # noqa: E402, F401
from activation.warehouse import connect  # noqa: E402

with connect(PROJECT, PROJECT, None, 1):
    """Reads project and profile; opens no database."""
