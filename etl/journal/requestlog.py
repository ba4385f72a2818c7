"""requests.jsonl: every request that was made, with what was sent and what came back. Never a token, never a password.

A POST that starts a migration has two lines with the same `request`: `phase` "sending", on the disk before the first
byte leaves, and "answered" or "failed", on the disk before the journal goes on. Any other request has the second alone.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import orjson
from msgspec import Struct, field

from etl.errors import EtlError
from etl.files import cannot_be_written, durably, open_private, private_folder
from etl.seams import Seam, no_seam
from etl.target import Secret

LONGEST_ANSWER = 4096
MASK = "***"
SHORTEST_SECRET = 4
"""A shorter secret is not searched for in answers: it would blank out half of them."""


class Entry(Struct):
    """One request, as it is told to the log. `about` is what the caller knows of it: stage, batch, file, sha256, records."""

    purpose: str
    method: str
    url: str
    about: Mapping[str, object] = field(default_factory=dict)
    number: str = field(default_factory=lambda: uuid4().hex)


class LogError(EtlError):
    """requests.jsonl cannot be written."""


class RequestLog:
    """Appends lines; usable from several threads."""

    def __init__(self, path: Path, now: Callable[[], datetime], seam: Seam = no_seam) -> None:
        self.path = path
        self.target = path.parent.name
        self.run: int | None = None
        self._now = now
        self._seam = seam
        self._lock = threading.Lock()
        self._secrets: set[str] = set()

    def hide(self, secret: Secret | str) -> None:
        """Never write this text: wherever an answer repeats it, it is masked."""
        text = secret.reveal() if isinstance(secret, Secret) else secret
        if len(text) >= SHORTEST_SECRET:
            self._secrets.add(text)

    def sending(self, entry: Entry) -> None:
        self._write(entry, {"phase": "sending"}, durable=True)
        self._seam("intent:logged")

    def answered(self, entry: Entry, status: int, answer: str, seconds: float, *, durable: bool) -> None:
        outcome: dict[str, object] = {"phase": "answered", "status": status, "answer": answer[:LONGEST_ANSWER]}
        if len(answer) > LONGEST_ANSWER:
            outcome["answer_length"] = len(answer)
        self._write(entry, {**outcome, "seconds": round(seconds, 4)}, durable=durable)
        if durable:
            self._seam("answer:logged")

    def failed(self, entry: Entry, error: str, seconds: float, *, durable: bool) -> None:
        self._write(entry, {"phase": "failed", "error": error, "seconds": round(seconds, 4)}, durable=durable)

    def _write(self, entry: Entry, outcome: Mapping[str, object], *, durable: bool) -> None:
        line = {
            "time": self._now().isoformat(timespec="milliseconds"),
            "run": self.run,
            "target": self.target,
            "request": entry.number,
            "purpose": entry.purpose,
            "method": entry.method,
            "url": entry.url,
            **entry.about,
            **outcome,
        }
        data = orjson.dumps(self._masked(line), option=orjson.OPT_APPEND_NEWLINE)
        try:
            self._append(data, durable)
        except OSError as error:
            raise LogError(cannot_be_written(self.path, error)) from error

    def _append(self, data: bytes, durable: bool) -> None:
        with self._lock:
            private_folder(self.path.parent)
            data = b"\n" + data if self._cut_short() else data
            with durably(self.path, append=True) if durable else open_private(self.path, append=True) as file:
                file.write(data)

    def _cut_short(self) -> bool:
        """Whether the last line has no end, as a crash may leave it: the next one would be lost behind it."""
        if not self.path.is_file() or self.path.stat().st_size == 0:
            return False
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"

    def _masked(self, line: Mapping[str, object]) -> dict[str, object]:
        return {name: self._mask(value) if isinstance(value, str) else value for name, value in line.items()}

    def _mask(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text


def read_lines(path: Path, batches: Sequence[int]) -> Iterator[Mapping[str, object]]:
    """The lines about these batches, in order."""
    wanted = set(batches)
    return (line for line in all_lines(path) if line["batch"] in wanted)


def all_lines(path: Path) -> Iterator[dict[str, object]]:
    """Every line about a batch, in order. A last line that a crash cut short is left out."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            if b'"batch":' not in line:
                continue
            try:
                parsed = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            if isinstance(parsed, dict) and "batch" in parsed:
                yield parsed
