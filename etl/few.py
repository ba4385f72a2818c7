"""Columns in which few values come again and again, as codes do: what is done with a value is done once for each."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

LOOKED_AT, FEW = 64, 16
"""Of so many values at a column's beginning at most so many are different, where few are. Where that look is wrong, nothing but
time is lost."""


def few_different(texts: Sequence[Any]) -> Set[Any] | None:
    """The different ones among many texts; None where they are not few, or the texts not many.

    For texts and None only, which are equal only when they are the same: 1 and true are one in a set. Raises TypeError for what
    cannot be in one.
    """
    if len(texts) <= LOOKED_AT or len(set(texts[:LOOKED_AT])) > FEW:
        return None
    return set(texts)
