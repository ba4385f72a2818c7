"""What is left to do about a stage's records, in a line each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from etl.terminal import some_records


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


def upload_problems(stage: Loaded) -> Iterator[str]:
    told = {
        "failed": "failed at Omnitron: {}; `etl status` names the batches, `etl retry` sends them again",
        "elsewhere": "failed, or nobody knows, and not in this package: {}; `etl status` names the batches",
        "held_back": "not sent, because what they refer to has not arrived: {}; they go when it has",
        "changed": "not sent again, though changed since the upload: {}; `etl status --changed` lists them",
    }
    for count, text in told.items():
        number: int = getattr(stage, count)
        if number:
            yield f"{stage.name}: {text.format(some_records(number))}"
