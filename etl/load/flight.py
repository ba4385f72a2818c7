"""Several batches in flight at once. When one fails the others end at their next wait, and the gravest error is raised."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import TracebackType

from etl.errors import Ambiguous, EtlError, Refused
from etl.stop import Stop, Stopped, deaf


class Flight:
    """A pool of threads, used from one thread: launch, land, launch, ..."""

    def __init__(self, width: int, stop: Stop) -> None:
        self._pool = ThreadPoolExecutor(width, thread_name_prefix="batch")
        self._stop = stop
        self._flying: set[Future[None]] = set()

    def __enter__(self) -> Flight:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Whatever happens, the requests in hand are finished and the journal is written."""
        with self._stop.halting():
            self._pool.shutdown(wait=True)

    def launch(self, work: Callable[[], None]) -> None:
        with deaf():  # the pool begins a thread when it needs one
            self._flying.add(self._pool.submit(work))

    def land(self, leave: int = 0) -> None:
        """Wait until at most `leave` are in flight. Raises what one of them raised, once all of them have ended."""
        while len(self._flying) > leave:
            ended, self._flying = wait(self._flying, return_when=FIRST_COMPLETED)
            if any(one.exception() for one in ended):
                self._crash(ended)

    def _crash(self, ended: set[Future[None]]) -> None:
        with self._stop.halting():
            others, _ = wait(self._flying)
        self._flying = set()
        errors = [error for one in ended | others if (error := one.exception())]
        raise min(errors, key=_gravity)


def _gravity(error: BaseException) -> int:
    """A bug first, then what a person must decide, then what was refused, then anything else; being stopped tells the least."""
    order = (Ambiguous, Refused, EtlError)
    if not isinstance(error, EtlError):
        return -1
    return (
        9 if isinstance(error, Stopped) else next(place for place, kind in enumerate(order) if isinstance(error, kind))
    )
