"""`etl` without measures for a report and without the report, to tell what they cost: python -m benchmarks.unreported dry-run ...

Its packages are no packages that anything else reads.
"""

from __future__ import annotations

from typing import Any

from etl.cli import main
from etl.commands import prepare
from etl.measures.sketch import StageSketch
from etl.prepare import plan
from etl.prepare.meter import Meter


def _no_sketch(*_: Any, **how: Any) -> StageSketch:
    return StageSketch()


def _nothing(*_: Any) -> None:
    return None


def leave_out() -> None:
    """Raises AttributeError when a step that the report is made in is called otherwise by now: then nothing would be left out."""
    for owner, name, instead in (
        (Meter, "sketch", _no_sketch),
        (plan, "_weighed_by", _nothing),
        (prepare, "write_report", _nothing),
        (prepare, "write_workbook", _nothing),
    ):
        getattr(owner, name)
        setattr(owner, name, instead)


if __name__ == "__main__":
    leave_out()
    main()
