"""Loads what a sending process needs, once, before processes are forked."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import activate  # noqa: F401
import dbt.adapters.duckdb  # noqa: F401
import senders  # noqa: F401
