"""The lines of a package's files: rejects, held and merged records, rows that are not sent, kinds of problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from etl.findings import PROBLEM


class Reject(Struct, frozen=True):
    """One problem of one rejected row.

    source, row, place   where it is (model.Locator)
    field, value         what is wrong; a field of None is the row as a whole
    reason               the whole sentence, with the data in it
    rule, words, parts   what the sentence is made of (findings.Finding)
    personal             whether what comes out of the row is masked where it is printed
    """

    source: str
    row: int
    key: str | None
    field: str | None
    value: object
    reason: str
    rule: str
    words: str
    parts: Mapping[str, object]
    personal: bool = True
    severity: str = PROBLEM
    place: str | None = None


class Held(Struct, frozen=True):
    """A good record that is not sent, because the record it refers to is not."""

    source: str
    row: int
    key: str
    field: str
    parent_stage: str
    parent_key: str
    parent_fate: str
    reason: str
    rule: str
    words: str
    parts: Mapping[str, object]
    place: str | None = None


class Merged(Struct, frozen=True):
    """A good record that is not sent, because an earlier one has the same `value` in `field`. Its key stands for `into`.

    first   the row of the record that it stands for; None: that came with an earlier load
    words, parts, personal   of its sentence, `reason`, as those of a Reject
    """

    source: str
    row: int
    key: str
    into: str
    field: str
    value: object
    first: int | None
    reason: str
    words: str
    parts: Mapping[str, object]
    personal: bool = True
    place: str | None = None


class SourceRow(Struct, frozen=True):
    """A row that is not sent, as its source had it. `fate` is rejected, held or merged.

    `cells` run parallel to the stage's `columns`; of a row that could not be read they are what was there. A cell that
    feeds a field nobody should see (a password) is findings.HIDDEN.
    """

    source: str
    row: int
    fate: str
    key: str | None
    cells: Sequence[object]
    place: str | None = None


class ProblemExample(Struct, frozen=True):
    """A problem as it was told first."""

    source: str
    row: int
    place: str | None
    words: str
    parts: Mapping[str, object]
    reason: str
    personal: bool


class ProblemKind(Struct, frozen=True):
    """Problems of one field and one rule; for a lookup, of one missing entry.

    rows       the places of the first of them, as `row` and `place` of a Reject
    examples   the first of them: words, parts, and where it is
    cut        that these are of several entries: there were too many to tell them all apart
    """

    fate: str
    field: str | None
    rule: str
    entry: str | None
    severity: str
    count: int
    rows: Sequence[int | str]
    examples: Sequence[ProblemExample]
    cut: bool = False


def kind_of(raw: dict[str, Any]) -> ProblemKind:
    """A line of kinds/ as it was parsed."""
    return ProblemKind(**{**raw, "examples": [ProblemExample(**one) for one in raw["examples"]]})
