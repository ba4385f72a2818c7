"""What is left to do about a stage's records, in a line each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from etl.findings import Sentence, said, some_records


class Loaded(Protocol):
    """The counts that the journal gives of a stage."""

    @property
    def name(self) -> str: ...
    @property
    def failed(self) -> int: ...
    @property
    def changed(self) -> int: ...
    @property
    def held_back(self) -> int: ...
    @property
    def unsettled(self) -> int: ...
    @property
    def elsewhere(self) -> int: ...


def upload_problems(stage: Loaded) -> Iterator[Sentence]:
    for count, number in ((name, getattr(stage, name)) for name in LEFT):
        if number:
            yield said(LEFT[count], stage=stage.name, records=some_records(number))


LEFT = {
    "failed": "{stage}: failed at Omnitron: {records}; `etl status` names the batches, `etl retry` sends them again",
    "elsewhere": "{stage}: failed, or nobody knows, and not in this package: {records}; `etl status` names the batches",
    "held_back": "{stage}: not sent, because what they refer to has not arrived: {records}; they go when it has",
    "changed": "{stage}: not sent again, though changed since the upload: {records}; `etl status --changed` lists them",
}
