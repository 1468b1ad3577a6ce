"""What a run did with a vendor between claim and settlement, on this machine's disk.

The ledger holds no address, so the rows of a wave, and which of them were on the wire, are kept here, readable by
the owner only, until they are settled. A run that is killed leaves the file: the next one knows what was surely
not sent, what was answered, and what nobody can know.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from activation import BUSY, MISCONFIGURED, Stopped
from activation.destination import Item

BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Outcome:
    """What became of one row: sent, failed (surely not processed), dead (refused for good) or unknown."""

    state: str
    error_class: str | None = None
    http_status: int | None = None
    vendor_id: str | None = None
    error_message: str | None = None


@dataclass(frozen=True)
class Tried:
    """A request that was on the wire: the keys of its rows, and the sha256 of its content."""

    keys: tuple[str, ...]
    content: str


@dataclass
class Left:
    """What a dead run's journal says."""

    path: Path
    mapping: str
    is_same_boot: bool
    items: dict[str, Item] = field(default_factory=dict)
    tried: dict[str, Tried] = field(default_factory=dict)  # by key: the request it was last in
    outcomes: dict[str, Outcome] = field(default_factory=dict)


class Journal:
    """One wave of one destination and channel. The lock lives as long as the process does, also while it is stopped."""

    def __init__(self, folder: Path, name: str, mapping: str, items: Sequence[Item]) -> None:
        self._lock = threading.Lock()
        self.path = folder / f"{name}_{uuid4().hex}.jsonl"
        header = {"mapping": mapping, "boot": boot(), "items": [[i.key, i.op, i.payload, i.turn] for i in items]}
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
            self._write(header)
            os.fsync(self._file)
        except OSError as error:
            raise Stopped(MISCONFIGURED, f"{folder} cannot be written ({error.strerror}); nothing went out.") from error

    def trying(self, items: Iterable[Item], content: bytes = b"") -> None:
        """These rows go onto the wire now, in one request of this content."""
        self._write({"try": [item.key for item in items], "content": hashlib.sha256(content).hexdigest()})

    def refused(self, items: Iterable[Item]) -> None:
        """The vendor took none of these: they are off the wire, and go out again in other requests."""
        self._write({"back": [item.key for item in items]})

    def settled(self, outcomes: dict[str, Outcome]) -> None:
        self._write({"done": {key: asdict(outcome) for key, outcome in outcomes.items()}})

    def close(self, is_settled: bool) -> None:
        """The ledger knows all of it: the rows are removed from the disk."""
        if is_settled:
            self.path.unlink(missing_ok=True)
        os.close(self._file)

    def _write(self, record: dict[str, Any]) -> None:
        line = b"\n" + json.dumps(record, ensure_ascii=False).encode() + b"\n"  # whatever a full disk cut off before it
        with self._lock:
            written = 0
            while written < len(line):
                written += os.write(self._file, line[written:])


@contextlib.contextmanager
def journals_left(folder: Path, name: str) -> Iterator[list[Left]]:
    """The journals of runs that died; removed when the block ends well. Stops (4) when one still lives."""
    with contextlib.ExitStack() as stack:
        found = []
        paths = sorted(folder.glob("*.jsonl")) if folder.is_dir() else []
        for path in (one for one in paths if one.stem.rpartition("_")[0] == name):
            file = stack.enter_context(path.open(encoding="utf-8", errors="replace"))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise Stopped(BUSY, f"A run of {name} on this machine has not ended yet.") from None
            found.append(_read(path, file.read()))
        yield found
        for one in found:
            one.path.unlink(missing_ok=True)


def _read(path: Path, text: str) -> Left:
    """A journal, up to a line that was cut off; without a header nothing of it was claimed."""
    records = []
    for line in text.split("\n"):  # JSON escapes this one; what else ends a line for Python may stand in a text
        with contextlib.suppress(ValueError):
            records.append(json.loads(line))
    header = records[0] if records and "items" in records[0] else {"mapping": "", "boot": None, "items": []}
    left = Left(path, header["mapping"], boot() is not None and header["boot"] == boot())
    left.items = {item[0]: Item(*item) for item in header["items"]}
    for record in records[1:]:
        if "try" in record:
            left.tried |= dict.fromkeys(record["try"], Tried(tuple(record["try"]), record.get("content", "")))
        for key in record.get("back", ()):
            left.tried.pop(key, None)
        left.outcomes |= {key: Outcome(**outcome) for key, outcome in record.get("done", {}).items()}
    return left


def boot() -> str | None:
    """Changes when the machine starts anew: what was written just before may be lost then."""
    try:
        return BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return None
