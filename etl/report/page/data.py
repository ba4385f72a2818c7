"""What report.json holds, as types; its form is schemas/report.schema.json. Masked already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from etl.dataclass import dataclass
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
class UploadFacts:
    """The target, the batches that need a person, and what the last load ended in: in a word of render.ENDINGS, and as the
    engineer was told it."""

    target: str
    attention: Sequence[Mapping[str, Any]]
    error: str | None
    ended: str | None = None


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
    parents: tuple[Plain, ...]
    money: tuple[MoneyFacts, ...]
    balance: Plain | None
    passwords: tuple[Plain, ...]
    fields: tuple[Plain, ...]
    columns: tuple[Plain, ...]
    warnings: tuple[str, ...]
    upload: UploadFacts | None
    inputs: tuple[InputFacts, ...]
    versions: Mapping[str, str]

    def as_plain(self) -> Plain:
        """The object of report.json, of which the page is made."""
        return asdict(self)
