"""What a person sees while a command runs: bars on a terminal, and a line for whatever is out of the ordinary."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from etl.cli.advice import given
from etl.findings import Sentence, joined, said
from etl.stop import deaf

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn, Task

    from etl.extract.databases.following import Follow
    from etl.outside import Event

TOLD = frozenset({"retry", "halved", "odd"})
"""The kinds of event that are worth a line, also where nobody watches: a log has to tell why the night was long."""

STOPPING = said("stopping after the request in hand; a second one ends it at once")


class Watcher:
    """Where nobody watches. Called with a stage and how many more of its rows were read."""

    def __init__(self, *, show_data: bool = False) -> None:
        self._show_data = show_data

    def __call__(self, stage: str, rows: int) -> None:
        pass

    def expect(self, stage: str, rows: int, *, about: bool) -> None:
        pass

    @property
    def follow(self) -> Follow | None:
        """Hears of rows that come from servers and of queries, where somebody watches."""
        return None

    @property
    def hears(self) -> dict[str, Any]:
        """What a preparation tells, as fields of Settings."""
        return {"inform": self.line, "expect": self.expect, "follow": self.follow}

    def told(self, event: Event) -> None:
        """Something happened to the upload. Never raises: a terminal that is gone must not keep an answer from the journal."""
        with suppress(OSError):
            if event.kind in TOLD:
                self.line(self._fit(event.text))
            self.count(event)

    def _fit(self, text: str) -> str:
        """What Omnitron answers may repeat a record, also while a batch is followed."""
        from etl.report.mask import without_answer

        return text if self._show_data else without_answer(text)

    def line(self, text: str) -> None:
        print(given.fit(text), file=sys.stderr, flush=True)

    def count(self, event: Event) -> None:
        pass


class Bars(Watcher):
    """A bar for each stage, first of the rows read, then of the records uploaded."""

    def __init__(self, bars: Progress, *, show_data: bool = False) -> None:
        super().__init__(show_data=show_data)
        self._bars = bars
        self._lock = threading.Lock()
        self._tasks: dict[str, Task] = {}

    def __call__(self, stage: str, rows: int) -> None:
        self._advance(_rows_of(stage), rows)

    def expect(self, stage: str, rows: int, *, about: bool) -> None:
        with self._lock:
            task = self._task(_rows_of(stage))
            # Not by `update`, which would begin to measure the rate anew.
            task.total, task.fields["about"] = rows, about

    @property
    def follow(self) -> Follow | None:
        return self._came

    def _came(self, what: str, rows: int, total: int | None) -> None:
        with self._lock:
            task = self._task(what, total)
            task.total = total
            self._bars.advance(task.id, rows)

    def line(self, text: str) -> None:
        self._bars.console.print(given.fit(text), markup=False, highlight=False, soft_wrap=True)

    def count(self, event: Event) -> None:
        name = said("{stage}: records uploaded", stage=event.stage)
        if event.kind == "planned" and event.records:
            with self._lock:
                self._task(name, event.records)
        elif event.kind == "done":
            self._advance(name, event.records)

    def _advance(self, name: str, number: int) -> None:
        with self._lock:
            self._bars.advance(self._task(name).id, number)

    def _task(self, name: str, total: int | None = None) -> Task:
        if name not in self._tasks:
            made = self._bars.add_task(given.fit_line(name), total=total, about=False)
            self._tasks[name] = next(one for one in self._bars.tasks if one.id == made)
        return self._tasks[name]


def _rows_of(stage: str) -> Sentence:
    return said("{stage}: rows read", stage=stage)


@contextmanager
def watching(as_json: bool, *, show_data: bool = False) -> Iterator[Watcher]:
    if as_json or not sys.stderr.isatty():
        yield Watcher(show_data=show_data)
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    console = Console(stderr=True)
    columns = [SpinnerColumn(), TextColumn("{task.description}", markup=False), *pace_columns(console.width)]
    bars = Progress(*columns, console=console, transient=True)
    with deaf():
        bars.start()
    try:
        yield Bars(bars, show_data=show_data)
    finally:
        bars.stop()


WIDE = 115
"""Columns of a terminal that have room for a bar beside whole words."""


def pace_columns(width: int = WIDE) -> list[ProgressColumn]:
    """How far a task is: a bar, and in words; in few words alone on a narrow terminal."""
    from rich.progress import BarColumn, ProgressColumn, TimeElapsedColumn
    from rich.text import Text

    class Pace(ProgressColumn):
        def render(self, task: Task) -> Text:
            words = pace(task.completed, task.total, task.speed, about=task.fields["about"], is_short=width < WIDE)
            return Text(given.told(words))

    return [BarColumn(bar_width=20), Pace(), TimeElapsedColumn()] if width >= WIDE else [Pace()]


def pace(
    done: float, total: float | None, per_second: float | None, *, about: bool = False, is_short: bool = False
) -> Sentence:
    """1,200 of about 4,800 (25 %), 200 a second, 0:00:18 left"""
    if not (done or total):
        return joined("", [])
    parts = [_share(done, total, about, is_short) if total else said("{count:,}", count=round(done))]
    if per_second:
        words = "{count:,}/s" if is_short else "{count:,} a second"
        parts.append(said(words, count=round(per_second)))
        if total and done < total:
            left = timedelta(seconds=round((total - done) / per_second))
            parts.append(said("{duration} left", duration=str(left)))
    return joined(", ", parts)


def _share(done: float, total: float, about: bool, is_short: bool) -> Sentence:
    words = "{count:,} of {total:,} ({percent} %)"
    if about:
        words = "{count:,} of ~{total:,} ({percent} %)" if is_short else "{count:,} of about {total:,} ({percent} %)"
    return said(words, count=round(done), total=round(total), percent=round(100 * done / total))


def hearing() -> Callable[[str], None]:
    """Tells that the first signal was heard. It runs in the signal's handler: the sentence is made before, and the text goes
    past the stream's own buffer."""
    stopping = given.told(STOPPING)

    def heard(signal_name: str) -> None:
        with suppress(OSError):
            os.write(sys.stderr.fileno(), f"{signal_name}: {stopping}\n".encode())

    return heard
