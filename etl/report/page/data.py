"""What report.json holds, as types; its form is schemas/report.schema.json. Masked already, unless --show-data is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct

from etl.records import as_dict
from etl.report.page.money import MoneyFacts, Plain
from etl.report.summary import KindSummary


class StageFacts(Struct, frozen=True):
    """A stage's counts. `loaded`: what became of its records at Omnitron; None before there was a load."""

    name: str
    payload: str
    read: int
    filtered: int
    rejected: int
    held: int
    merged: int
    valid: int
    corrected: int
    batches: int
    loaded: Mapping[str, int] | None


class ConcentrationFacts(Struct, frozen=True):
    """Of a kind of problem, how much has this value in this column, and how many times more often than all rows have it."""

    column: str
    value: Any
    share: float
    times: float
    count: int


class ProblemFacts(KindSummary, frozen=True, kw_only=True):
    """A kind of problem, and how much of the stage's rows it is."""

    is_problem: bool
    share: float
    concentrated: tuple[ConcentrationFacts, ...]


class InputFacts(Struct, frozen=True):
    """What the package was made from (package.Input)."""

    name: str
    file: str
    bytes: int | None
    sha256: str | None
    rows: int | None
    taken: str | None


class AttentionFacts(Struct, frozen=True):
    """A batch that a person has to look at (journal.Attention)."""

    batch: int
    stage: str
    state: str
    records: int
    failed: int
    why: str
    keys: tuple[str, ...]


class ParentFacts(Struct, frozen=True):
    """A record for whose sake others are held in a stage: how many, and what it is itself."""

    held_in: str
    stage: str
    key: str
    fate: str
    count: int

    def as_plain(self) -> Plain:
        plain = as_dict(self)
        return {"in": plain.pop("held_in"), **plain}


class PasswordFacts(Struct, frozen=True):
    """How many customers have a password of this form, sent with this algorithm, and how they log in."""

    stage: str
    algorithm: str | None
    form: str
    standing: str
    count: int


class ValueCount(Struct, frozen=True):
    value: Any
    count: int


class FieldFacts(Struct, frozen=True):
    """A field of the records that are right by themselves. `looked` of the `records` were looked at closely: lengths and values
    are of these. `distinct` is None where more than census.MOST values are different, or (not `counted`) where it is not told; a
    package of an earlier version does not say which. `spread` has months or sizes, each with a count."""

    stage: str
    name: str
    personal: bool
    columns: Sequence[str]
    made_from: Sequence[str]
    records: int
    empty: int
    looked: int
    distinct: int | None
    counted: bool | None
    shortest: int | None
    longest: int | None
    least: Any
    most: Any
    amount: bool
    values: tuple[ValueCount, ...]
    spread: Sequence[Sequence[Any]]


class ColumnFacts(Struct, frozen=True):
    """A column of a stage's source, and what is made from it."""

    stage: str
    name: str
    used_by: Sequence[str]
    distinct: int | None
    filled: int | None


class DifferingOrder(Struct, frozen=True):
    """An order whose items do not add up to it: they do not as lines, and not as pieces."""

    stage: str
    key: str
    amount: Decimal
    discount: Decimal
    line: Decimal
    piece: Decimal


class BalanceFacts(Struct, frozen=True):
    """Of how many orders the items add up, and in which way (measures.Balance); amounts in the currency's own unit.

    price_of  "piece" or "line", whichever more orders have; None where neither has more
    """

    compared: int
    line: int
    piece: int
    discounted: int
    either: int
    no_items: int
    price_of: str | None
    tolerance: Decimal
    differing: tuple[DifferingOrder, ...]


class UploadFacts(Struct, frozen=True):
    """The target, the batches that need a person, and what the last load ended in: in a word of render.ENDINGS, as the
    engineer was told it, and the same in the report's language."""

    target: str
    attention: tuple[AttentionFacts, ...]
    error: str | None
    ended: str | None = None
    told: str | None = None


class ReportFacts(Struct, frozen=True):
    """A whole report. What profile.json measured of columns and passwords is here as it is there, with the stage's name."""

    version: int
    migration: str
    created: str
    package: str
    masked: bool
    language: str
    stages: tuple[StageFacts, ...]
    problems: tuple[ProblemFacts, ...]
    parents: tuple[ParentFacts, ...]
    money: tuple[MoneyFacts, ...]
    balance: BalanceFacts | None
    passwords: tuple[PasswordFacts, ...]
    fields: tuple[FieldFacts, ...]
    columns: tuple[ColumnFacts, ...]
    warnings: tuple[str, ...]
    upload: UploadFacts | None
    inputs: tuple[InputFacts, ...]
    versions: Mapping[str, str]

    def as_plain(self) -> Plain:
        """The object of report.json, of which the page is made."""
        return {**as_dict(self), "parents": tuple(one.as_plain() for one in self.parents)}
