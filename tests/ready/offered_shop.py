"""A shop that gives out no tables: two exports, or the answers of its API. What it offers, and what its customers have paid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from ready_shop import ROOT


@dataclass(frozen=True)
class Offered:
    """For as long as it stands: where it is, and of the orders that are to be sent number, currency, amount."""

    variables: Mapping[str, str]
    sold: Sequence[tuple[str, str, Decimal]]

    def paid(self) -> Sequence[tuple[str, str, Decimal]]:
        return self.sold


@dataclass(frozen=True)
class OfferedShop:
    """A shop that we ship a mapping for; `standing` fills it in a folder, or behind a server on this machine."""

    name: str
    version: str
    source: str
    standing: Callable[[Path], AbstractContextManager[Offered]]

    @property
    def mapping(self) -> Path:
        return ROOT / "mappings" / self.name
