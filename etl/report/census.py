"""The passwords of a migration, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from etl.payloads.census import PasswordKind


def census_lines(stage: str, kinds: Sequence[PasswordKind]) -> Iterator[str]:
    """A line for each kind of password, in their order, and what they mean in all."""
    if not kinds:
        yield f"{stage}: no customer would be sent"
        return
    yield f"{stage}: passwords of {sum(kind.count for kind in kinds):,} customers"
    for kind in kinds:
        yield f"  {kind.count:>9,}  {kind.kind} (password_algorithm {kind.algorithm}): {kind.standing}"
    sums = Counter[str]()
    for kind in kinds:
        sums[kind.standing] += kind.count
    yield "  " + "; ".join(f"{count:,} {standing}" for standing, count in sums.items())
