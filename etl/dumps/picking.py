"""The way from a row to some of its cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import TypeVar

AnyCell = TypeVar("AnyCell")


def picker(positions: Sequence[int]) -> Callable[[Sequence[AnyCell]], Sequence[AnyCell]]:
    """The way from a row to its cells at these positions."""
    if len(positions) < 2:  # of one, itemgetter gives no row but the cell
        return lambda row: [row[at] for at in positions]
    return itemgetter(*positions)
