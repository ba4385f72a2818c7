"""Load a package: stage by stage, batch by batch, from the journal, so that it can end anywhere and go on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from etl.errors import Ambiguous, EtlError, Exit, MappingError, TargetError
from etl.files import sha256_of
from etl.journal.database import JournalError, NoJournal
from etl.journal.journal import Batch, Journal
from etl.journal.requestlog import RequestLog
from etl.journal.states import State
from etl.journal.status import pilot_succeeded
from etl.journal.summary import LoadSummary, summarise
from etl.journal.workspace import Workspace
from etl.load import wording
from etl.load.delivery import Delivery
from etl.load.flight import Flight
from etl.load.planning import Cut, plan_stage
from etl.load.tally import Tally
from etl.model import Stage, Target
from etl.omnitron.api import Omnitron
from etl.omnitron.client import Client, Limits
from etl.outside import Event, Outside
from etl.package import MANIFEST, Package


class GateClosed(TargetError):
    """A stage has more errors than its gate allows."""

    exit_code = Exit.DATA


@dataclass(frozen=True, slots=True)
class Session:
    """A workspace, held, with what is needed to load into it."""

    journal: Journal
    delivery: Delivery
    target: Target
    outside: Outside
    package: Package
    number: int


def load(
    package: Package, target: Target, stages: Sequence[Stage], root: Path, outside: Outside | None = None
) -> LoadSummary:
    """Upload what no earlier run has uploaded. Other packages' batches that were planned and not sent are taken back.

    Raises Ambiguous, Refused, Unavailable, GateClosed, Stopped, JournalError...: all EtlErrors, with the journal right.
    """
    with session("run", package, target, root, outside or Outside()) as here:
        _require_pilot(here)
        here.journal.supersede(_names(stages), lambda batch: batch.pilot or batch.package != here.number)
        return _load(here, stages)


def check_ready(target: Target, root: Path) -> None:
    """Whether a load could begin now, before hours are spent on preparing for it. Raises Occupied or MappingError.

    `load` itself looks again: what is true now may not be true then.
    """
    workspace = Workspace(root)
    workspace.check_free()
    if target.require_pilot:
        _check_pilot(workspace)


def _check_pilot(workspace: Workspace) -> None:
    try:
        journal = Journal.read(workspace)
    except NoJournal:
        raise MappingError(NO_PILOT) from None
    try:
        if not pilot_succeeded(journal):
            raise MappingError(NO_PILOT)
    finally:
        journal.close()


NO_PILOT = "target.require_pilot is set, and no pilot has succeeded yet; run `etl pilot` first"


def resume(target: Target, stages: Sequence[Stage], root: Path, outside: Outside | None = None) -> LoadSummary:
    """Go on with the package of the last run: poll what was accepted, send what is planned. Raises like `load`."""
    package = last_package(root)
    with session("resume", package, target, root, outside or Outside()) as here:
        _require_pilot(here)
        here.journal.supersede(_names(stages), lambda batch: batch.pilot)  # what a pilot left behind
        return _load(here, stages)


def last_package(root: Path) -> Package:
    """The package that was loaded last. Raises JournalError when nothing was."""
    journal = Journal.read(Workspace(root))
    try:
        # A pilot's package is not gone on with: that would be the real migration.
        path = journal.database.value(
            "SELECT p.path FROM runs AS r JOIN packages AS p ON p.id = r.package "
            "WHERE r.command IN ('run', 'resume') ORDER BY r.id DESC LIMIT 1"
        )
    finally:
        journal.close()
    if path is None:
        raise JournalError(f"{root}: there is nothing to resume; `etl run` starts a load")
    return Package.open(Workspace(root).whole(path))


@contextmanager
def session(command: str, package: Package, target: Target, root: Path, outside: Outside) -> Iterator[Session]:
    """Hold the workspace, open its journal, and write there how this run began and ended."""
    workspace = Workspace(root)
    with workspace.held() as holder:
        journal = Journal.open(workspace, now=outside.now, seam=outside.seam, busy_seconds=outside.busy_seconds)
        try:
            log = RequestLog(workspace.requests, outside.now, outside.seam)
            delivery = _delivery(journal, target, log, outside)
            number = journal.package_id(workspace.shorten(package.path), sha256_of(package.path / MANIFEST))
            log.run = journal.begin_run(command, holder, number)
            with outcome_noted(journal):
                yield Session(journal, delivery, target, outside, package, number)
        finally:
            journal.close()


def _delivery(journal: Journal, target: Target, log: RequestLog, outside: Outside) -> Delivery:
    client = Client(
        target.url, Limits.of(target), log, session=outside.session, monotonic=outside.monotonic, seam=outside.seam
    )
    return Delivery(journal, Omnitron(target, client, outside.now), target, outside)


@contextmanager
def outcome_noted(journal: Journal) -> Iterator[None]:
    try:
        yield
    except EtlError as error:
        _end_run(journal, str(error))
        raise
    journal.end_run("ok")


def _end_run(journal: Journal, outcome: str) -> None:
    # The error that ended the run is the one to show, and may well be this same one.
    with suppress(JournalError):
        journal.end_run(outcome)


def _names(stages: Sequence[Stage]) -> list[str]:
    return [stage.name for stage in stages]


def _require_pilot(here: Session) -> None:
    if here.target.require_pilot and not pilot_succeeded(here.journal):
        raise MappingError(NO_PILOT)


def _load(here: Session, stages: Sequence[Stage]) -> LoadSummary:
    packaged = {stage.name: stage for stage in here.package.stages}
    wanted = [stage for stage in stages if stage.name in packaged]
    for stage in wanted:
        plan_stage(here.journal, here.package, here.number, packaged[stage.name], _cut(stage, here.target))
        here.outside.events(_planned(here.journal, stage.name))
    for stage in wanted:
        StageRun(here, stage).run()
    return summarise(here.journal, here.package, here.number)


def _cut(stage: Stage, target: Target) -> Cut:
    ramp_up = target.ramp_up if stage.ramp_up is None else stage.ramp_up
    return Cut(stage.batch_size or target.batch_size, ramp_up)


def _planned(journal: Journal, stage: str) -> Event:
    row = journal.database.row(
        "SELECT count(*) AS batches, coalesce(sum(records), 0) AS records FROM batches WHERE stage = ? AND state = 'planned'",
        (stage,),
    )
    batches, records = (row["batches"], row["records"]) if row else (0, 0)
    return Event("planned", stage, f"stage '{stage}': {records} records to send in {batches} batches", records=records)


def stop_at_unknown(journal: Journal, stage: str) -> None:
    """Raise Ambiguous when a batch of the stage may have arrived: a person has to decide before anything else is sent."""
    unknown = journal.batches(stage, State.UNKNOWN)
    if unknown:
        raise Ambiguous(wording.still_unknown(unknown, journal))


class StageRun:
    """One stage on its way to its end: every batch done, and no more errors than its gate allows."""

    def __init__(self, here: Session, stage: Stage) -> None:
        self._here = here
        self._stage = stage
        self._width = max(here.target.concurrency, 1)
        self._pause = here.target.pause if stage.pause is None else stage.pause
        self._tally = Tally(here.journal, stage.name, here.number)

    def run(self) -> None:
        with Flight(self._width, self._here.outside.stop) as flight:
            for batch in self._here.journal.batches(self._stage.name, State.ACCEPTED):
                flight.land(leave=self._width - 1)
                flight.launch(partial(self._carry, batch))
            flight.land()
            stop_at_unknown(self._here.journal, self._stage.name)
            self._send_planned(flight)
        self._judge()

    def _carry(self, batch: Batch) -> None:
        self._tally.add(self._here.delivery.carry(batch))

    def _send_planned(self, flight: Flight) -> None:
        """Send until nothing is planned. A batch is sent once the errors of those that ended were judged."""
        last = 0
        while batch := self._next(last, flight):
            flight.land(leave=0 if batch.alone else self._width - 1)
            self._judge()
            self._here.outside.wait(self._pause if last else 0)
            flight.launch(partial(self._carry, batch))
            if batch.alone:
                flight.land()
            last = batch.id

    def _next(self, last: int, flight: Flight) -> Batch | None:
        """The next planned batch. One in flight may yet be halved, so there is none only when all have landed."""
        found = self._here.journal.next_planned(self._stage.name, last)
        if found is None:
            flight.land()
            found = self._here.journal.next_planned(self._stage.name, last)
        return found

    def _judge(self) -> None:
        if not self._tally.within(self._stage.gate):
            journal, tally = self._here.journal, self._tally
            done = journal.batches(self._stage.name, State.DONE)
            failed = [batch for batch in done if batch.package == self._here.number and batch.failed]
            raise GateClosed(wording.gate_closed(self._stage.name, failed, tally.errors, tally.records, journal))
