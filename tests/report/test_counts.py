"""The table of counts: on a terminal of any width no number is cut."""

from io import StringIO

import pytest
from rich.console import Console

from etl.report.summary import WHEN_THERE_ARE, StageSummary, print_counts

ALWAYS = ("valid", "uploaded", "failed", "waiting")


@pytest.mark.parametrize("width", [20, 80])
def test_no_number_is_cut_on_a_narrow_terminal(width):
    names = dict.fromkeys([*ALWAYS, *WHEN_THERE_ARE])
    stages = [StageSummary("order_item", **{name: 2_234_567 + place for place, name in enumerate(names)})]
    shown = StringIO()
    print_counts(Console(file=shown, width=width), "Records", stages, ALWAYS)
    line = next(line for line in shown.getvalue().splitlines() if "order_item" in line)
    assert line.split()[1:] == [f"{2_234_567 + place:,}" for place in range(len(names))]
    assert "…" not in shown.getvalue()
