"""What was put right on the way to a record (a city and a township in one cell): told, and sent all the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

EXAMPLES = 20


class PutRight(Struct, frozen=True):
    """How many records of a chunk have one note at one field; of the first of them the row, by its index, and the cell."""

    field: str
    rule: str
    words: str
    count: int
    rows: tuple[int, ...]
    value: object

    def placed(self, at: Sequence[int]) -> PutRight:
        """With places instead of indices, where there are blank lines between the rows."""
        return replace(self, rows=tuple(at[index] for index in self.rows))


def noted(
    notes: Mapping[str, Sequence[Any]], made: Sequence[int], bad: Set[int]
) -> Iterator[tuple[str, Any, list[int]]]:
    """Field, note, and the indices of the records that have it. `bad` are positions of those that are none."""
    for field, values in notes.items():
        if not any(values):
            continue
        found: dict[Any, list[int]] = {}
        for position, note in enumerate(values):
            if note is not None and position not in bad:
                found.setdefault(note, []).append(made[position])
        yield from ((field, note, rows) for note, rows in found.items())
