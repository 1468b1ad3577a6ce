"""Delivery of marts to channels: SQL says who, what and when; this package delivers once and keeps the ledger."""

from __future__ import annotations

import click

MISCONFIGURED, FAILING, BUSY, GUARDED, NEEDS_PERSON = 2, 3, 4, 5, 6  # exit codes; 1 is a crash


class Stopped(click.ClickException):
    """A run that ends early: the exit code of the command and one sentence for the reader."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        setattr(self, "exit_code", code)  # noqa: B010  (click declares it for the class)
