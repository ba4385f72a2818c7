"""One of the channel's lists, page by page (Omnitron contract, 'Geography'). Reads only; a page may be asked for again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from etl.errors import TargetError, Unavailable
from etl.geography import ListedRow
from etl.omnitron.api import Omnitron
from etl.omnitron.client import Answer
from etl.omnitron.pace import pause_before
from etl.target import Target

PAGE = 500
"""Entries that are asked for at once; a channel that gives fewer says that there is a next page."""

MOST_PAGES = 20_000

EVERY = 0.05
"""Seconds between two questions at least; `target.pause`, if that is more."""


class UnreadableList(TargetError):
    """The channel answered something that is no list, or one that changed while it was read."""


class Listing:
    """Reads lists at the pace of the target. `wait` waits that many seconds; `random` gives 0.0 to 1.0."""

    def __init__(
        self, omnitron: Omnitron, target: Target, wait: Callable[[float], None], random: Callable[[], float]
    ) -> None:
        self._omnitron, self._target, self._wait, self._random = omnitron, target, wait, random

    def rows(self, name: str) -> list[ListedRow]:
        """All of a list, each entry once. Raises UnreadableList, Refused, or Unavailable once the retries are used up."""
        found: dict[object, ListedRow] = {}
        promised: int | None = None
        for rows, count in self._pages(name):
            before = len(found)
            found.update((_key(name, row), row) for row in rows)
            if rows and len(found) == before:
                raise UnreadableList(
                    f"{name}/ of the channel gives the same page again and again; ask Akinon how it pages"
                )
            promised = count if count is not None else promised
        if promised is not None and promised != len(found):
            raise UnreadableList(
                f"{name}/ of the channel promises {promised:,} entries and gave {len(found):,}: it changed while it was "
                "read; run it again"
            )
        return list(found.values())

    def _pages(self, name: str) -> Iterator[tuple[list[ListedRow], int | None]]:
        for number in range(1, MOST_PAGES + 1):
            answer = self._answer(name, number)
            rows, count, more = _page(name, answer.json)
            yield rows, count
            if not more:
                return
            self._wait(max(EVERY, self._target.pause))
        raise UnreadableList(f"{name}/ of the channel goes on after {MOST_PAGES:,} pages")

    def _answer(self, name: str, number: int) -> Answer:
        failures = 0
        while True:
            try:
                return self._omnitron.listing(name, {"page": str(number), "limit": str(PAGE)})
            except Unavailable as error:
                failures += 1
                pause = pause_before(self._target, failures, error.retry_after, self._random)
                if pause is None:
                    what = f"{error}; that was attempt {failures}: see whether it is there, then run it again"
                    raise Unavailable(what, status=error.status, body=error.body) from error
                self._wait(pause)


def _page(name: str, content: Any) -> tuple[list[ListedRow], int | None, bool]:
    """The entries of a page, how many the list has, and whether another page follows. Some lists come bare."""
    listed, count, more = content, None, None
    if isinstance(content, dict):
        listed, count, more = content.get("results"), content.get("count"), content.get("next")
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise UnreadableList(f"{name}/ of the channel answered no list; check target.url and target.channel")
    return listed, count if isinstance(count, int) else None, bool(more)


def _key(name: str, row: ListedRow) -> object:
    key = row.get("pk", row.get("id"))
    if not isinstance(key, int | str):
        raise UnreadableList(
            f"{name}/ of the channel has an entry without `pk`; ask Akinon what tells its entries apart"
        )
    return key
