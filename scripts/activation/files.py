"""The channel `file`: one CSV or JSON lines file per batch, there as a whole or not at all."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from activation import MISCONFIGURED, Stopped

Payload = dict[str, Any]
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
PHONE = re.compile(r"\+[0-9]{5,15}")  # the whole cell: digits cannot compute anything
FORMATS = ("csv", "jsonl")


def safe_cell(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula gets a leading apostrophe; a phone number stays as it is."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS) and not PHONE.fullmatch(value):
        return "'" + value
    return value


class FileChannel:
    """A folder. A file is a draft in `.drafts` until its messages are claimed, then it is moved into the folder."""

    def __init__(self, folder: Path, file_format: str) -> None:
        self.folder, self.drafts, self.format = folder, folder / ".drafts", file_format

    def file_name(self, channel: str, day: str, batch_id: str) -> str:
        return f"{self._safe(channel)}_{day}_{batch_id}.{self.format}"

    def draft(self, name: str, payloads: Sequence[Payload]) -> None:
        """Writes the draft and brings it to the disk; readable by its owner only. Stops (2) when it cannot."""
        try:
            self.drafts.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.drafts / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                if self.format == "csv":
                    writer = csv.DictWriter(file, fieldnames=list(payloads[0]))
                    writer.writeheader()
                    writer.writerows({k: safe_cell(v) for k, v in payload.items()} for payload in payloads)
                else:
                    file.writelines(json.dumps(payload, ensure_ascii=False) + "\n" for payload in payloads)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise Stopped(
                MISCONFIGURED, f"{self.folder} cannot be written ({error.strerror}); nothing went out."
            ) from error

    def publish(self, name: str) -> None:
        """The one step that delivers: an atomic move, brought to the disk."""
        (self.drafts / name).rename(self.folder / name)
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def whereabouts(self, name: str) -> str:
        """`published`, `draft` (proved not delivered) or `nowhere` (somebody took it, or another folder)."""
        if (self.folder / name).exists():
            return "published"
        return "draft" if (self.drafts / name).exists() else "nowhere"

    def discard_drafts(self, channel: str) -> None:
        """Removes the channel's drafts: what is left of batches that were never delivered."""
        for draft in self.drafts.glob("*") if self.drafts.is_dir() else ():
            if draft.name.rsplit("_", 2)[0] == self._safe(channel):
                draft.unlink()

    @staticmethod
    def _safe(channel: str) -> str:
        return re.sub(r"[^A-Za-z0-9_-]+", "-", channel)
