"""Short ways to write the examples of a function: the row's columns are keyword arguments."""

from __future__ import annotations

from etl.expressions.functions.table import Example


def shows(text: str, gives: object, **given: object) -> Example:
    return Example(text, gives=gives, given=given)


def fails(text: str, error: str, **given: object) -> Example:
    return Example(text, error=error, given=given)
