"""What orders and items amount to, kept in files until all are known and can be held against each other."""

from __future__ import annotations

from array import array
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from msgspec import Struct

from etl.files import open_private
from etl.measures.balance import Amounts, Balance

NAMED = 20
BUFFER = 1 << 20
"""Bytes of a column that are written at a time: those of one part are few."""


class Weighable(Struct, frozen=True):
    """So many records of one stage, in files of a column each.

    numbers        those of their orders, in 64 bits
    first, second  what they amount to (balance.Amounts), as floats
    """

    stage: str
    numbers: Path
    first: Path
    second: Path
    count: int
    of: str | None = None
    """The stage whose orders these items are of, where the mapping says it; None: they may be of any."""


class Ledger:
    """Orders and items of all stages as they are written, in files of a scratch folder. Of orders whose items do not sum up to
    them so many are named, those that differ most."""

    def __init__(self, folder: Path, most: int = NAMED) -> None:
        self._folder, self._most = folder, most
        self._orders: dict[str, _Columns] = {}
        self._items: dict[str, _Columns] = {}
        self._opened = ExitStack()

    def add(self, stage: str, numbers: array[int], amounts: Amounts) -> None:
        """Orders that are sent, in the order in which they are. `numbers`: theirs, in 64 bits."""
        self._kept(self._orders, stage, "orders").add(numbers, amounts)

    def add_items(self, stage: str, numbers: array[int], amounts: Amounts, of: str | None = None) -> None:
        """The same of items, each with the number of its order. `of`: the stage of these orders, where it is known."""
        self._kept(self._items, stage, "items", of).add(numbers, amounts)

    def _kept(self, those: dict[str, _Columns], stage: str, kind: str, of: str | None = None) -> _Columns:
        if stage not in those:
            those[stage] = _Columns(self._opened, self._folder, f"{kind}-{stage}", of)
        return those[stage]

    def balance(self, tolerance: int) -> Balance:
        """`tolerance`: by how much the items of an order may miss it, in UNITS."""
        orders, items = (
            [kept.kept(stage) for stage, kept in them.items() if kept.count] for them in (self._orders, self._items)
        )
        if not items:
            return Balance(no_items=sum(one.count for one in orders))
        if not orders:
            return Balance()
        from etl.measures.weighing import (
            weigh,  # a tenth of a second, which only shops with orders and items have to wait for
        )

        return weigh(orders, items, tolerance, self._most)

    def close(self) -> None:
        self._opened.close()


class _Columns:
    """Three columns that are written, each in a file."""

    def __init__(self, opened: ExitStack, folder: Path, name: str, of: str | None) -> None:
        self._of = of
        self._paths = [folder / f"{name}-{part}" for part in ("numbers", "first", "second")]
        self._files: list[BinaryIO] = [
            opened.enter_context(open_private(path, buffering=BUFFER)) for path in self._paths
        ]
        self.count = 0

    def add(self, numbers: array[int], amounts: Amounts) -> None:
        self.count += len(numbers)
        columns: tuple[array[Any], ...] = (numbers, amounts.first, amounts.second)
        for file, column in zip(self._files, columns, strict=True):
            file.write(column)

    def kept(self, stage: str) -> Weighable:
        for file in self._files:
            file.flush()
        numbers, first, second = self._paths
        return Weighable(stage, numbers, first, second, self.count, self._of)
