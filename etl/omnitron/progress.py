"""Read what Omnitron answers about a migration, with the expressions of target.polling."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from etl.errors import MappingError, TargetError
from etl.model import Expression, Place
from etl.target import Polling

NAMES = ("total", "success", "errors", "done")


class DeadlineMissed(TargetError):
    """A migration did not end in time. The batch stays accepted."""


class Progress(Struct, frozen=True):
    """What Omnitron says of a migration of so many `records`. A total or success of None: it does not tell."""

    total: int | None
    success: int | None
    errors: int
    done: bool
    records: int

    @property
    def too_many(self) -> int:
        """The largest number that it tells, when that is more than was sent; else 0."""
        largest = max(self.total or 0, (self.success or 0) + self.errors)
        return largest if largest > self.records else 0


class ProgressReader:
    """Evaluates the four expressions. Raises MappingError when one does not compile."""

    def __init__(self, polling: Polling) -> None:
        self._read = {name: _compile(f"target.polling.{name}", getattr(polling, name)) for name in NAMES}

    def read(self, answer: object, records: int) -> Progress:
        """Raises ValueError with the reason when the answer does not fit the settings."""
        if not isinstance(answer, Mapping):
            raise ValueError("it is not a JSON object")
        answer = {**answer, "records": records}
        total, success = (_count(name, self._value(name, answer), optional=True) for name in ("total", "success"))
        errors = _count("errors", self._value("errors", answer), optional=False)
        done = self._value("done", answer)
        if not isinstance(done, bool):
            raise ValueError(f"target.polling.done gives {done!r}, not true or false")
        # The work is queued: counts of 0, or of the part that is already read, look like an end.
        ended = done and (success is None or success + (errors or 0) >= records)
        return Progress(total, success, errors or 0, ended, records)

    def _value(self, name: str, answer: Mapping[str, object]) -> object:
        from etl.expressions import ROW_ERRORS, reason_of

        try:
            return self._read[name](answer)
        except ROW_ERRORS as error:
            raise ValueError(f"target.polling.{name}: {reason_of(error)}") from error


def _compile(name: str, text: str) -> Callable[[Mapping[str, object]], Any]:
    from etl.expressions import ExpressionError, compile_value

    try:
        return compile_value(Expression(text, Place(name)))
    except ExpressionError as error:
        raise MappingError(f"{name}: {error}") from error


def _count(name: str, value: object, *, optional: bool) -> int | None:
    if value is None and optional:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError(f"target.polling.{name} gives {value!r}, not a count")
