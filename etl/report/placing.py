"""Lines about where records are sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from etl.report.results import PutAside, Targets


def target_lines(found: Targets) -> Iterator[str]:
    """What was sent where, what a person decided, and where the mapping sends."""
    for name in found.targets:
        yield f"sent to   {name}"
    for one in found.decisions:
        what = f"is {one.same_as}" if one.same_as else "is an Omnitron of its own"
        yield f"decided   {one.target} {what} ({one.person}, {one.time})"
    yield f"mapping   {found.target or 'does not say'}"


def put_aside_line(done: PutAside) -> str:
    return f"{done.aside}: put aside; `etl run` sends everything to {done.target} again"
