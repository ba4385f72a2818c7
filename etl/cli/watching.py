"""What a person sees while a command runs: bars on a terminal, and a line for whatever is out of the ordinary."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from etl.cli.advice import given
from etl.stop import deaf

if TYPE_CHECKING:
    from rich.progress import Progress, Task, TaskID

    from etl.outside import Event

TOLD = frozenset({"retry", "halved", "odd"})
"""The kinds of event that are worth a line, also where nobody watches: a log has to tell why the night was long."""

STOPPING = "stopping after the request in hand; a second one ends it at once"


class Watcher:
    """Where nobody watches. Called with a stage and how many more of its rows were read."""

    def __call__(self, stage: str, rows: int) -> None:
        pass

    def told(self, event: Event) -> None:
        """Something happened to the upload. Never raises: a terminal that is gone must not keep an answer from the journal."""
        with suppress(OSError):
            if event.kind in TOLD:
                self.line(event.text)
            self.count(event)

    def line(self, text: str) -> None:
        print(given.fit(text), file=sys.stderr, flush=True)

    def count(self, event: Event) -> None:
        pass


class Bars(Watcher):
    """A bar for each stage, first of the rows read, then of the records uploaded."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._lock = threading.Lock()
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, stage: str, rows: int) -> None:
        self._advance(f"{stage}: rows read", rows)

    def line(self, text: str) -> None:
        self._bars.console.print(given.fit(text), markup=False, highlight=False, soft_wrap=True)

    def count(self, event: Event) -> None:
        name = f"{event.stage}: records uploaded"
        if event.kind == "planned" and event.records:
            with self._lock:
                self._tasks[name] = self._bars.add_task(name, total=event.records)
        elif event.kind == "done":
            self._advance(name, event.records)

    def _advance(self, name: str, number: int) -> None:
        with self._lock:
            if name not in self._tasks:
                self._tasks[name] = self._bars.add_task(name, total=None)
            self._bars.advance(self._tasks[name], number)


@contextmanager
def watching(as_json: bool) -> Iterator[Watcher]:
    if as_json or not sys.stderr.isatty():
        yield Watcher()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.text import Text

    class Pace(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(pace(task.completed, task.total, task.speed))

    columns: list[Any] = [
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        Pace(),
        TimeElapsedColumn(),
    ]
    bars = Progress(*columns, console=Console(stderr=True), transient=True)
    with deaf():
        bars.start()
    try:
        yield Bars(bars)
    finally:
        bars.stop()


def pace(done: float, total: float | None, per_second: float | None) -> str:
    """1,200 of 4,800 (25 %), 200 a second, 0:00:18 left"""
    share = f" of {total:,.0f} ({100 * done / total:.0f} %)" if total else ""
    speed = f", {per_second:,.0f} a second" if per_second else ""
    left = (
        f", {timedelta(seconds=round((total - done) / per_second))} left"
        if total and per_second and done < total
        else ""
    )
    return f"{done:,.0f}{share}{speed}{left}"


def heard(signal_name: str) -> None:
    """Tell that the first signal was heard. This runs in its handler, so the text goes past the stream's own buffer."""
    with suppress(OSError):
        os.write(sys.stderr.fileno(), f"{signal_name}: {STOPPING}\n".encode())
