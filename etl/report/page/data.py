"""What report.json holds, as types; its form is schemas/report.schema.json. Masked already, unless --show-data is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from etl.report.page.money import MoneyFacts, Plain
from etl.report.summary import KindSummary


@dataclass(frozen=True, slots=True)
class StageFacts:
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


@dataclass(frozen=True, slots=True)
class ConcentrationFacts:
    """Of a kind of problem, how much has this value in this column, and how many times more often than all rows have it."""

    column: str
    value: Any
    share: float
    times: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemFacts(KindSummary):
    """A kind of problem, and how much of the stage's rows it is."""

    is_problem: bool
    share: float
    concentrated: tuple[ConcentrationFacts, ...]


@dataclass(frozen=True, slots=True)
class InputFacts:
    """What the package was made from (package.Input)."""

    name: str
    file: str
    bytes: int | None
    sha256: str | None
    rows: int | None
    taken: str | None


@dataclass(frozen=True, slots=True)
class AttentionFacts:
    """A batch that a person has to look at (journal.Attention)."""

    batch: int
    stage: str
    state: str
    records: int
    failed: int
    why: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ParentFacts:
    """A record for whose sake others are held in a stage: how many, and what it is itself."""

    held_in: str
    stage: str
    key: str
    fate: str
    count: int

    def as_plain(self) -> Plain:
        plain = asdict(self)
        return {"in": plain.pop("held_in"), **plain}


@dataclass(frozen=True, slots=True)
class PasswordFacts:
    """How many customers have a password of this form, sent with this algorithm, and how they log in."""

    stage: str
    algorithm: str | None
    form: str
    standing: str
    count: int


@dataclass(frozen=True, slots=True)
class ValueCount:
    value: Any
    count: int


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """A field of the records that are right by themselves. `looked` of the `records` were looked at closely: lengths and values
    are of these. `spread` has months or sizes, each with a count."""

    stage: str
    name: str
    personal: bool
    columns: Sequence[str]
    made_from: Sequence[str]
    records: int
    empty: int
    looked: int
    distinct: int | None
    shortest: int | None
    longest: int | None
    least: Any
    most: Any
    amount: bool
    values: tuple[ValueCount, ...]
    spread: Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """A column of a stage's source, and what is made from it."""

    stage: str
    name: str
    used_by: Sequence[str]
    distinct: int | None
    filled: int | None


@dataclass(frozen=True, slots=True)
class DifferingOrder:
    """An order whose items do not add up to it: they do not as lines, and not as pieces."""

    stage: str
    key: str
    amount: Decimal
    discount: Decimal
    line: Decimal
    piece: Decimal


@dataclass(frozen=True, slots=True)
class BalanceFacts:
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


@dataclass(frozen=True, slots=True)
class UploadFacts:
    """The target, the batches that need a person, and what the last load ended in: in a word of render.ENDINGS, as the
    engineer was told it, and the same in the report's language."""

    target: str
    attention: tuple[AttentionFacts, ...]
    error: str | None
    ended: str | None = None
    told: str | None = None


@dataclass(frozen=True, slots=True)
class ReportFacts:
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
        return {**asdict(self), "parents": tuple(one.as_plain() for one in self.parents)}
