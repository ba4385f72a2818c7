"""Find every problem in a mapping."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from etl.mapping import Checked, load_mapping

if TYPE_CHECKING:
    pass


def check(mapping: Path) -> Checked:
    """Read a mapping and find every problem in it, as far as that can be told without a network."""
    with load_mapping(mapping, network=False) as checked:
        return checked
