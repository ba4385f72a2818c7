"""Rows that a person asks for by an expression of the mapping language, beside those of the mapping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from etl.errors import MappingError
from etl.expressions import ROW_ERRORS, Names, faults, unfit
from etl.expressions.source import condition_of_row
from etl.findings import Sentence, Unfit, joined, masked_sentence, said
from etl.model import Expression, Place
from etl.prepare.plan import Plan

OPTION = "--where"
UNREAD = Unfit("unread", None, "it could not be read")


def written(text: str) -> Expression:
    """What a person wrote, with the braces around it that a mapping has. Raises MappingError for what is no expression."""
    whole = text if "{{" in text else f"{{{{ {text} }}}}"
    found = faults(whole, Names(None), condition=True)
    if found:
        what = found[0].what
        if "'}" in what and "}" not in text:  # the braces at the end, that nobody typed
            what = said("the expression is not complete")
        raise MappingError(joined(" ", [f"{OPTION} {text!r}:", what]))
    return Expression(whole, Place(OPTION))


def what_is_wrong(where: Expression, plan: Plan) -> str | None:
    """Why an expression does not fit a stage's rows; None: it does."""
    found = faults(where.text, _names(plan), condition=True)
    return found[0].what if found else None


def _names(plan: Plan) -> Names:
    header = plan.header
    return Names(frozenset(header.columns), plan.resources, header.text_only, header.trim)


@dataclass(slots=True)
class RowFilter:
    """Which rows of a stage are asked for. A row for which that cannot be computed is left out, and told."""

    where: Expression | None
    plan: Plan
    failed: int = 0
    first: Unfit | None = None
    _holds: Any = field(init=False)

    def __post_init__(self) -> None:
        self._holds = None if self.where is None else condition_of_row(self.where, _names(self.plan), self.plan.header)

    def takes_unread(self) -> bool:
        """Whether a row is asked for that could not be read: only where all are, for nothing is known of its cells."""
        if self._holds is not None:
            self.failed += 1
            self.first = self.first or UNREAD
        return self._holds is None

    def takes(self, row: Sequence[Any]) -> bool:
        if self._holds is None:
            return True
        try:
            return bool(self._holds(row))
        except ROW_ERRORS as error:
            self.failed += 1
            self.first = self.first or unfit(error)
            return False

    def told(self, stage: str, *, masked: bool) -> str | None:
        if self.first is None:
            return None
        first = self.first
        whole = Sentence(str(first), first.words, first.parts)
        why = masked_sentence(first.words, first.parts, personal=True) if masked else whole
        words = "{stage}: {option} cannot be computed for {count:,} rows, which are left out: {why}"
        if self.failed == 1:
            words = "{stage}: {option} cannot be computed for {count:,} row, which is left out: {why}"
        return said(words, stage=stage, option=OPTION, count=self.failed, why=why)
