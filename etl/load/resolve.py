"""Record what a person found out about a batch whose fate is unknown."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from msgspec import Struct

from etl.errors import MappingError
from etl.findings import Sentence, said
from etl.journal.answers import is_migration_id
from etl.journal.batch import Facts, Shipment
from etl.journal.folder import person
from etl.journal.journal import Journal
from etl.journal.notes import note
from etl.journal.outcome import outcome_noted
from etl.journal.states import State, told_state
from etl.journal.workspace import Workspace
from etl.outside import Outside
from etl.package import split_records
from etl.terminal import visible

DECIDABLE = (State.UNKNOWN, State.ACCEPTED)


class Resolved(Struct, frozen=True):
    """A batch after the decision, and what comes next."""

    batch: int
    stage: str
    records: int
    state: str
    migration_id: str | None
    next_step: str


class KnownFate(Struct, frozen=True):
    """What is known of a batch's fate, and from where: `why` is "" where a person says so.

    migration_id   the migration it became; None when it is not known
    missing        the keys of its records that are not there; None when they were not all looked for
    """

    arrived: bool
    migration_id: str | None = None
    why: str = ""
    missing: tuple[str, ...] | None = None


def resolve(
    root: Path, batch: int, *, arrived: bool, migration_id: str | None = None, outside: Outside | None = None
) -> Resolved:
    """Say that a batch arrived, or was lost: what a person found out by looking. Raises like `settle`."""
    return settle(root, batch, KnownFate(arrived, migration_id), outside)


def settle(root: Path, batch: int, found: KnownFate, outside: Outside | None = None) -> Resolved:
    """Write down what became of a batch. One that arrived as migration_id is followed by `etl resume`.

    An accepted batch that Omnitron never ends may be said to have arrived, or to be lost, too; so may one with failed
    records. A decision that was typed wrongly is
    corrected by another one, as long as nothing has followed from it; the journal keeps both. Raises MappingError when
    there is nothing to decide about the batch, or nothing is sent from this workspace any more; Occupied while a load runs.
    """
    outside = outside or Outside()
    workspace = Workspace(root)
    Journal.read(workspace).close()  # raises JournalError where there is none, instead of making one
    with workspace.locked() as holder:
        journal = Journal.open(workspace, now=outside.now, seam=outside.seam, busy_seconds=outside.busy_seconds)
        try:
            journal.homes.check(workspace)
            journal.runs.begin("resolve", holder)
            with outcome_noted(journal):
                return _decide(journal, journal.batch(batch), found)
        finally:
            journal.close()


def _decide(journal: Journal, batch: Shipment, found: KnownFate) -> Resolved:
    arrived, migration_id = found.arrived, found.migration_id
    if batch.failed:
        return _decide_failed(journal, batch, arrived, migration_id)
    if not arrived:
        _require_unseen(journal, batch)
    state, command = journal.decisions.state_before(batch), journal.runs.goes_on()
    after = _after(batch, state, arrived, migration_id, command)
    if migration_id and (other := journal.owner(migration_id, besides=batch.id)):
        words = "migration {migration} is batch {number}, so batch {batch} is another one; look again"
        raise MappingError(said(words, migration=migration_id, number=other, batch=batch.id))
    if state is State.ACCEPTED and not arrived:
        journal.died(batch.id, person())
        text = said(DIED, advised=_sends_again(command))
        return Resolved(batch.id, batch.stage, batch.records, str(State.DONE), batch.migration_id, text)
    batch = journal.decisions.make(batch.id, after, _facts(batch, found), person())
    next_step = said(NEXT[after], then=said(SENDS[command]), command=command)
    if found.missing is not None and after is State.DONE:
        next_step = _counted(found.missing, _name_missing(journal, batch, found.missing, found.why), command)
    return Resolved(batch.id, batch.stage, batch.records, str(batch.state), batch.migration_id, next_step)


def _require_unseen(journal: Journal, batch: Shipment) -> None:
    """A batch is not lost whose users the channel has: it would be sent a second time."""
    if seen := len(journal.lookups.found(batch.id)):
        words = (
            "the channel knew {count} of the {total} users of batch {batch} when it was asked, so the batch was not lost and "
            "would be sent twice; `etl resolve {batch} --arrived` says that it is there"
        )
        raise MappingError(said(words, count=seen, total=batch.records, batch=batch.id))


def _facts(batch: Shipment, found: KnownFate) -> Facts:
    decided = "arrived" if found.arrived else "lost"
    why = note(f"{decided}, for", why=found.why) if found.why else note(decided)
    if found.missing is None or not found.arrived:
        return Facts(note=why, migration_id=found.migration_id)
    errors = len(found.missing)
    good = batch.records - errors
    return Facts(note=why, migration_id=found.migration_id, total=batch.records, success=good, errors=errors)


def _name_missing(journal: Journal, batch: Shipment, missing: Collection[str], why: str) -> int | None:
    """The batch that its failed records are now."""
    records = split_records(journal.workspace.whole(batch.file).read_bytes())
    by_key = dict(zip(journal.keys(batch.id), records, strict=True))
    return journal.attempts.name_failed(batch.id, {key: by_key[key] for key in missing}, why)


def _counted(missing: Collection[str], own: int | None, command: str) -> Sentence:
    if not missing:
        return said(
            "its records count as uploaded, without an error; `etl {command}` goes on after it", command=command
        )
    words = (
        "{count} of its records are not there and count as failed, as batch {batch}, the others as uploaded; `etl {command}` "
        "goes on, `etl dry-run` makes a package, from which `etl retry` sends these again"
    )
    if command == "resume":
        words = (
            "{count} of its records are not there and count as failed, as batch {batch}, the others as uploaded; "
            "`etl {command}` goes on, `etl retry` sends these again"
        )
    return said(words, count=len(missing), batch=own, command=command)


def _decide_failed(journal: Journal, batch: Shipment, arrived: bool, migration_id: str | None) -> Resolved:
    """Its records failed: a person has found them there all the same, or none of them is, and they are to be sent again."""
    if migration_id:
        words = "batch {batch} was migration {known}, which is known; leave '{migration}' out"
        raise MappingError(said(words, batch=batch.id, known=batch.migration_id, migration=migration_id))
    command = journal.runs.goes_on()
    if not arrived and not batch.failed_whole:
        raise MappingError(_not_lost(batch, command))
    journal.attempts.decide(batch.id, person(), arrived=arrived)
    text = said(FOUND, command=command) if arrived else said(NONE_CREATED, advised=_sends_again(command))
    return Resolved(batch.id, batch.stage, batch.records, str(batch.state), batch.migration_id, text)


def _not_lost(batch: Shipment, command: str) -> Sentence:
    words = (
        "{count} of the records of batch {batch} failed, and nobody knows which, so the batch was not lost; `etl dry-run` makes "
        "a package, from which `etl retry --batch {batch}` sends its records again"
    )
    if command == "resume":
        words = (
            "{count} of the records of batch {batch} failed, and nobody knows which, so the batch was not lost; "
            "`etl retry --batch {batch}` sends its records again"
        )
    return said(words, count=batch.failed, batch=batch.id)


DIED = "its job died, so none of its records is there; {advised} sends them again, one by one"
FOUND = "its failed records count as uploaded, because you found them there; `etl {command}` goes on"
NONE_CREATED = (
    "all of its records failed, so it is certain that it created none of them (they may be there from elsewhere: an e-mail that "
    "exists is an error, too); {advised} sends them again, one by one"
)
SENDS = {
    "resume": "`etl resume` sends it",
    "run": "`etl run` makes a new package, and sends what has not arrived",
    "pilot": "`etl pilot` starts another one, which takes what has not arrived",
}
"""What becomes of a batch that is planned again, by the command that goes on here."""


def _sends_again(command: str) -> list[str]:
    return ["`etl run`", "`etl resume`"] if command == "resume" else [f"`etl {command}`"]


def _after(batch: Shipment, state: State, arrived: bool, migration_id: str | None, command: str) -> State:
    if state not in DECIDABLE:
        words = "batch {batch} is {state}: its fate is known, there is nothing to decide"
        raise MappingError(said(words, batch=batch.id, state=told_state(batch.state)))
    if state is State.ACCEPTED and migration_id:
        words = (
            "batch {batch} was accepted as {migration}, so it is no other migration; `etl {command}` follows it, "
            "`etl resolve {batch} --arrived` ends it without counts"
        )
        raise MappingError(said(words, batch=batch.id, migration=batch.migration_id, command=command))
    if migration_id is not None and not is_migration_id(migration_id):
        words = "'{migration}' is no migration_id; leave it out when it is not known"
        raise MappingError(said(words, migration=visible(migration_id)))
    if not arrived:
        return State.PLANNED
    return State.ACCEPTED if migration_id else State.DONE


NEXT = {
    State.PLANNED: "it is planned again; {then}",
    State.ACCEPTED: "`etl {command}` follows it",
    State.DONE: "its records count as uploaded, and how many of them failed is not known; `etl {command}` goes on after it",
}
