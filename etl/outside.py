"""What a load takes from the world around it, passed in so that a test can be that world; and what it tells of itself."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime

from msgspec import Struct

from etl.arguments import checked
from etl.journal.batches import utc_now
from etl.journal.database import BUSY_SECONDS
from etl.omnitron.client import SessionFactory, new_session
from etl.seams import Seam, no_seam
from etl.stop import Stop


class Event(Struct, frozen=True):
    """Something that happened, for a person who watches. Told from the thread in which it happened.

    kind     planned, polling, sending, accepted, progress, done, retry, halved
    records  of the batch (or, planned: of the stage); `finished` of them are worked off
    text     the sentence a log shows
    """

    kind: str
    stage: str
    text: str
    batch: int | None = None
    records: int = 0
    finished: int = 0
    errors: int = 0


def nobody_watches(event: Event) -> None:
    """The watcher of a load that runs by itself."""


@checked
@dataclass(frozen=True, slots=True)
class Outside:
    """Clock, HTTP, chance, the stop button and the watcher. `random` gives 0.0 to 1.0, `monotonic` seconds.

    `uploading` is entered while something is sent or followed, so that a command line can hear signals for that time.
    """

    events: Callable[[Event], None] = nobody_watches
    stop: Stop = field(default_factory=Stop)
    sleep: Callable[[float], None] | None = None
    session: SessionFactory = new_session
    now: Callable[[], datetime] = utc_now
    monotonic: Callable[[], float] = time.monotonic
    random: Callable[[], float] = random.random
    seam: Seam = no_seam
    busy_seconds: float = BUSY_SECONDS
    uploading: Callable[[], AbstractContextManager[object]] = nullcontext

    def wait(self, seconds: float) -> None:
        """Wait, or raise Stopped."""
        self.stop.check()
        (self.sleep or self.stop.sleep)(seconds)
        self.stop.check()
