"""How long to wait: between attempts, between looks at a migration's progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from etl.target import Polling, Target

LONGEST_BACKOFF = 60.0
LONGEST_RETRY_AFTER = 3600.0
"""Seconds. A server that asks for more is not waited for; a person resumes when it is time."""


def backoff(attempt: int, first: float, random: Callable[[], float]) -> float:
    """Seconds before attempt 1, 2, ... after a failure: doubling, give or take a half, so that clients do not come together."""
    return float(min(first * 2 ** min(attempt - 1, 30), LONGEST_BACKOFF) * (0.5 + random()))


def pause_before(target: Target, failures: int, asked: float | None, random: Callable[[], float]) -> float | None:
    """Seconds before the next attempt, after so many that failed. None: no more of them, or it is asked to wait too long."""
    wanted = asked or 0.0
    if failures > target.retries or wanted > LONGEST_RETRY_AFTER:
        return None
    return max(backoff(failures, target.retry_wait, random), wanted)


def retry_after(header: str | None, now: datetime) -> float | None:
    """The seconds a Retry-After header asks for (a number, or an HTTP date). None when there is none to be read."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
        return max((until - now) / timedelta(seconds=1), 0.0)
    except (ValueError, TypeError):
        return None


def looks(polling: Polling) -> Iterator[float]:
    """The pauses between looks at a migration's progress: growing, up to the longest."""
    pause = polling.interval
    while True:
        yield min(pause, polling.longest)
        pause = min(pause * polling.factor, polling.longest)
