"""Ask the channel whether users that were sent have arrived. Its word counts once it has known a migrated user.

Nobody documents whether migrated users are among a channel's customers. So the pilot's user is looked for first: where it
is found, being found is evidence, and so is not being found when enough time has passed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import orjson
from msgspec import Struct

from etl.errors import MappingError, Unavailable
from etl.findings import Sentence, said
from etl.journal.batch import Shipment
from etl.journal.journal import Journal
from etl.journal.lookups import Trial
from etl.journal.notes import note
from etl.journal.outcome import outcome_noted
from etl.journal.requestlog import RequestLog
from etl.journal.states import State, told_state
from etl.journal.workspace import Workspace
from etl.omnitron.api import Omnitron
from etl.omnitron.channel import Channel
from etl.omnitron.client import Client, Limits
from etl.omnitron.pace import pause_before
from etl.outside import Outside
from etl.package import split_records
from etl.target import Target

USER = "user"
SAMPLE = 10
"""Users of a batch that are looked up first; the others only when these disagree."""
SURE_AFTER = 600.0
"""Seconds after which a user that is not found is taken for one that is not there; ten times the trial's, if that is more."""
LOOK_FOR = (0.0, 1.0, 2.0, 4.0)
"""Seconds before each look for the pilot's user."""
EVERY = 0.05
"""Seconds between two questions at least; `target.pause`, if that is more."""

NEVER_TRIED = "it is not known whether this Omnitron shows migrated users among its channel's customers: {then}"
LOOK = "`etl verify MAPPING --email E` looks for one that was uploaded, by its e-mail"
TRY = "`etl pilot MAPPING` sends one, `etl verify MAPPING --email E` looks for it"


class User(Struct, frozen=True):
    """A user that was sent: its key, its e-mail, its batch, and its bytes."""

    key: str
    email: str
    batch: int
    record: bytes


class LookedUp(Struct, frozen=True):
    """What was found out about a batch. `missing` are the keys that were not found, of those that were asked for."""

    batch: int
    records: int
    asked: int
    missing: tuple[str, ...]

    @property
    def arrived(self) -> bool:
        return len(self.missing) < self.asked

    @property
    def whole(self) -> bool:
        """Whether every user of the batch was asked for."""
        return self.asked == self.records

    @property
    def text(self) -> Sentence:
        counts = {"total": self.records, "count": self.asked - len(self.missing), "number": len(self.missing)}
        return note("asked for all", **counts) if self.whole else note("asked for some", some=self.asked, **counts)


class Missing(Struct, frozen=True):
    """A user that the channel does not know. `failed`: it is known as failed, in `batch`, and `etl retry` sends it again.

    `email` is None where it is not to be shown.
    """

    key: str
    email: str | None
    batch: int
    failed: bool


class Arrivals(Struct, frozen=True):
    """Every user whose batch was worked off, also those that failed, looked up. `before` were found by an earlier call."""

    users: int
    before: int
    asked: int
    missing: tuple[Missing, ...]


class Asking:
    """A held workspace, its journal, and the channel."""

    def __init__(self, journal: Journal, channel: Channel, target: Target, outside: Outside) -> None:
        self.journal = journal
        self._channel = channel
        self._target = target
        self._outside = outside

    def knows(self, user: User) -> bool:
        """Ask for one user, and keep the answer. Raises like `Channel.knows`, and Stopped."""
        about = {"stage": USER, "batch": user.batch, "key": user.key}
        failures = 0
        while True:
            try:
                found = self._channel.knows(user.email, about)
            except Unavailable as error:
                failures += 1
                pause = pause_before(self._target, failures, error.retry_after, self._outside.random)
                if pause is None:
                    raise
                self._outside.wait(pause)
            else:
                self.journal.lookups.answered(user.batch, user.key, found=found)
                return found

    def missing(self, users: Sequence[User]) -> list[User]:
        """Those that the channel does not know."""
        missing = []
        for user in users:
            if not self.knows(user):
                missing.append(user)
            self._outside.wait(max(EVERY, self._target.pause))
        return missing

    def seconds_since(self, batch: Shipment) -> float:
        sent = datetime.fromisoformat(batch.sent or "")
        return (self._outside.now() - sent).total_seconds()

    def wait(self, seconds: float) -> None:
        self._outside.wait(seconds)


@contextmanager
def asking(command: str, root: Path, target: Target, outside: Outside) -> Iterator[Asking]:
    """Hold the workspace. Raises NoJournal where nothing was sent, Occupied while a load runs."""
    workspace = Workspace(root)
    Journal.read(workspace).close()
    with workspace.locked() as holder:
        journal = Journal.open(workspace, now=outside.now, seam=outside.seam, busy_seconds=outside.busy_seconds)
        try:
            log = RequestLog(workspace.requests, outside.now, outside.seam)
            client = Client(target.url, Limits.of(target), log, session=outside.session, monotonic=outside.monotonic)
            log.run = journal.runs.begin(command, holder)
            with outcome_noted(journal):
                yield Asking(journal, Channel(Omnitron(target, client, outside.now), target), target, outside)
        finally:
            journal.close()


def users_of(journal: Journal, batch: Shipment) -> list[User]:
    """The users of a batch, in their order. Raises MappingError when its file is gone."""
    try:
        data = journal.workspace.whole(batch.file).read_bytes()
    except OSError as error:
        words = "{file} cannot be read, so nobody knows whom to look for: {error}"
        raise MappingError(said(words, file=batch.file, error=error.strerror)) from error
    keys = journal.keys(batch.id)
    pairs = zip(keys, split_records(data), strict=True)
    return [User(key, str(orjson.loads(record)["email"]), batch.id, record) for key, record in pairs]


def sample(users: Sequence[User]) -> list[User]:
    """Some of them, from the first to the last, as far apart as can be."""
    if len(users) <= SAMPLE:
        return list(users)
    return [users[number * (len(users) - 1) // (SAMPLE - 1)] for number in range(SAMPLE)]


def evidence_on(root: Path, target: Target, number: int, outside: Outside) -> LookedUp:
    """Look up the users of a batch whose fate is unknown: a sample, then all if those disagree.

    Raises MappingError when this cannot be asked, or cannot be told yet.
    """
    with asking("resolve", root, target, outside) as here:
        batch = here.journal.batch(number)
        trial = _usable(here.journal, batch)
        users = users_of(here.journal, batch)
        asked = sample(users)
        missing = here.missing(asked)
        if 0 < len(missing) < len(asked) < len(users):
            asked, missing = users, here.missing(users)
        if missing:
            _require_patience(here, batch, trial)
        return LookedUp(batch.id, len(users), len(asked), tuple(user.key for user in missing))


def _usable(journal: Journal, batch: Shipment) -> Trial:
    if batch.state is not State.UNKNOWN:
        words = "batch {batch} is {state}: its fate is known, there is nothing to ask"
        raise MappingError(said(words, batch=batch.id, state=told_state(batch.state)))
    if batch.payload != USER:
        words = (
            "batch {batch} is of stage '{stage}': only users can be looked up, by their e-mail; look in Omnitron, or in the "
            "shop, and say --arrived or --lost"
        )
        raise MappingError(said(words, batch=batch.id, stage=batch.stage))
    return counting(journal)


def counting(journal: Journal) -> Trial:
    """The trial that lets this Omnitron's word count. Raises MappingError when there is none."""
    trial = journal.lookups.trial()
    if trial is None:
        raise MappingError(said(NEVER_TRIED, then=_how_to_try(journal)))
    if not trial.found:
        words = (
            "this Omnitron's channel did not know a migrated user {seconds} s after it was sent (batch {batch}), so not being "
            "found there says nothing; look in the shop"
        )
        raise MappingError(said(words, seconds=f"{trial.seconds:.0f}", batch=trial.batch))
    return trial


def _how_to_try(journal: Journal) -> Sentence:
    """Any user that has arrived tells; a pilot is of use where there is none, and nothing keeps it from being sent."""
    if any(not batch.failed_whole for batch in _uploaded(journal)):
        return said(LOOK)
    for batch in journal.batches(state=State.UNKNOWN):
        words = (
            "no user is known to have arrived, who could be looked for; look in Omnitron, or in the shop, what became of batch "
            "{batch}, then `etl resolve {batch} --arrived [MIGRATION_ID]` or `etl resolve {batch} --lost`"
        )
        return said(words, batch=batch.id)
    return said(TRY)


def _patience(trial: Trial) -> float:
    """Seconds after which a user that is not found is not on its way any more."""
    return max(SURE_AFTER, 10 * trial.seconds)


def _require_patience(here: Asking, batch: Shipment, trial: Trial) -> None:
    """Raise MappingError when a user that is not found may still be on its way."""
    needed, passed = _patience(trial), here.seconds_since(batch)
    if passed < needed:
        words = (
            "batch {batch} was sent {seconds} s ago, and not all of its users are found; they may still be on their way: ask "
            "again in {further} s"
        )
        parts = {"seconds": f"{passed:.0f}", "further": f"{needed - passed:.0f}"}
        raise MappingError(said(words, batch=batch.id, **parts))


def try_out(root: Path, target: Target, email: str, outside: Outside) -> Trial:
    """Look for a user that has arrived, until it is found or long enough has passed; the journal keeps what came of it."""
    with asking("verify", root, target, outside) as here:
        batch, user = _sent_user(here.journal, email)
        found = False
        for pause in LOOK_FOR:
            here.wait(pause)
            if found := here.knows(user):
                break
        here.journal.lookups.tried(batch.id, user.key, here.seconds_since(batch), found=found)
        trial = here.journal.lookups.trial()
        assert trial is not None
        return trial


def _sent_user(journal: Journal, email: str) -> tuple[Shipment, User]:
    for batch in _uploaded(journal):
        for user in users_of(journal, batch):
            if user.email.casefold() == email.casefold():
                return batch, user
    words = "no user with the e-mail '{email}' was sent from {path}"
    raise MappingError(said(words, email=email, path=str(journal.workspace.root)))


def _uploaded(journal: Journal) -> list[Shipment]:
    """The batches of users that were worked off, a pilot's first."""
    done = [batch for batch in journal.batches(state=State.DONE) if batch.payload == USER]
    return sorted(done, key=lambda batch: (not batch.pilot, batch.id))


def look_all_up(root: Path, target: Target, outside: Outside) -> Arrivals:
    """Look up every user that was uploaded and has not been found yet. One that was stopped goes on where it ended.

    Those that are missing become known failed records, where Omnitron counted as many errors in their batch.
    """
    with asking("verify", root, target, outside) as here:
        trial = counting(here.journal)
        users = asked = 0
        missing: list[Missing] = []
        for batch in _uploaded(here.journal):
            own, known = set(here.journal.counting_keys(batch.id)), here.journal.lookups.found(batch.id)
            left = [user for user in users_of(here.journal, batch) if user.key in own - known]
            missing += _named(here, batch, here.missing(left), trial)
            users, asked = users + len(own), asked + len(left)
        return Arrivals(users, users - asked, asked, tuple(missing))


def _named(here: Asking, batch: Shipment, missing: Sequence[User], trial: Trial) -> list[Missing]:
    """Keep which users of a batch failed, once none of them can be on its way any more."""
    failed, own = batch.failed_whole, None
    if not failed and batch.sent and missing and here.seconds_since(batch) >= _patience(trial):
        found = {user.key: user.record for user in missing}
        text = note("not known", count=len(missing))
        own = here.journal.attempts.name_failed(batch.id, found, text)
    return [Missing(user.key, user.email, own or batch.id, failed or own is not None) for user in missing]


def told(trial: Trial) -> Sentence:
    """What the trial means for what comes."""
    words = (
        "it does not know this user {seconds} s after it was sent, so it cannot be asked what became of a batch; a later "
        "`etl verify MAPPING --email E` looks again"
    )
    if trial.found:
        words = (
            "it knows migrated users: this one was there {seconds} s after it was sent; `etl resolve BATCH --ask` and "
            "`etl verify MAPPING --arrived` can ask it"
        )
    return said(words, seconds=f"{trial.seconds:.0f}")
