"""What a person is told when a batch did not go through: which batch, where its bytes lie, what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from etl.errors import Ambiguous, EtlError, TargetError, Unavailable
from etl.journal.batch import Facts, Shipment
from etl.journal.database import JournalError
from etl.journal.journal import Journal
from etl.journal.states import State
from etl.personal import is_code
from etl.terminal import visible

ErrorKind = TypeVar("ErrorKind", bound=TargetError)

SHOWN_KEYS = 5
SHOWN_BATCHES = 5


def goes_on(journal: Journal) -> str:
    return f"`etl {journal.runs.goes_on()}`"


def refused(journal: Journal) -> str:
    told = "nothing of it was accepted; put the cause right, then"
    if journal.runs.goes_on() == "resume":
        return f"{told} `etl resume` sends the same bytes, `etl run` prepares new ones"
    return f"{told} {goes_on(journal)} prepares new bytes, and sends them"


def unauthorized(journal: Journal) -> str:
    return (
        f"not even after a fresh login; nothing of it was accepted; check the login's rights, then {goes_on(journal)}"
    )


def because(kind: type[ErrorKind], error: TargetError, batch: Shipment, journal: Journal, next_step: str) -> ErrorKind:
    """The error again, as one about this batch: what it means for it and what to do next first, then the particulars."""
    text = f"{named(batch)}: {next_step}\n{particulars(batch, journal, str(error))}"
    return kind(text, status=error.status, body=error.body, retry_after=error.retry_after)


def named(batch: Shipment) -> str:
    return f"batch {batch.id}, {some_records(batch.records)} of stage '{batch.stage}'"


def particulars(batch: Shipment, journal: Journal, what: str) -> str:
    workspace = journal.workspace
    return "\n".join(
        map(
            visible,
            (
                f"  its bytes: {workspace.whole(batch.file)}",
                f"  the request: {workspace.requests}",
                f"  what happened: {what}",
            ),
        )
    )


def unknown(batch: Shipment) -> str:
    return (
        "it may have arrived, so it is not sent again; look in Omnitron whether it did, "
        f"then `etl resolve {batch.id} --arrived [MIGRATION_ID]` or `etl resolve {batch.id} --lost`"
    )


def still_unknown(batches: list[Shipment], journal: Journal) -> str:
    first = batches[0]
    more = f" (and {len(batches) - 1} more, see `etl status`)" if len(batches) > 1 else ""
    what = particulars(first, journal, journal.trail.last_note(first.id))
    return f"the fate of {named(first)} is unknown{more}: {unknown(first)}\n{what}"


def unwritten(batch: Shipment, state: State, facts: Facts, error: JournalError) -> EtlError:
    """What became of a POST, when the journal could not take it. An answer is in requests.jsonl, and will be taken from there."""
    if state is State.UNKNOWN:
        return Ambiguous(
            f"batch {batch.id} is unknown: {facts.note}; but this could not be written: {error}. {unknown(batch)}"
        )
    fate = f"was accepted as migration {facts.migration_id}" if state is State.ACCEPTED else f"is {state}: {facts.note}"
    return JournalError(
        f"batch {batch.id} {fate}; but this could not be written: {error}, which takes it from requests.jsonl"
    )


def taken_id(migration_id: str, other: int) -> str:
    return f"Omnitron answered with migration {migration_id}, which is batch {other}"


def gave_up(failures: int, asked: float, journal: Journal) -> str:
    tried = f"given up after {failures} attempts" if failures > 1 else "given up"
    wait = f", for it asks to wait {asked:.0f} s" if asked else ""
    return f"{tried}{wait}; nothing of it arrived; {goes_on(journal)} sends it when Omnitron is there again"


def nobody_there(error: Unavailable, failures: int) -> str:
    tried = f"given up after {failures} attempts" if failures > 1 else "given up"
    return f"{error}: {tried}, before anything was prepared or sent; see whether target.url is right, and Omnitron is there"


def overdue(batch: Shipment, deadline: float, last: str, journal: Journal) -> str:
    command = journal.runs.goes_on()
    then = " --old-mapping" if command == "resume" else ""
    return (
        f"migration {batch.migration_id} (batch {batch.id}, {some_records(batch.records)} of stage '{batch.stage}') did not end "
        f"within {deadline:g} s; the batch stays accepted; `etl {command}` follows it further; "
        f"a longer target.polling.deadline (then `etl {command}{then}`) gives it more time.\n"
        f"  the last look: {last}"
    )


def too_many(batch: Shipment, counted: int) -> str:
    return (
        f"batch {batch.id}: Omnitron counts {some_records(counted)}, though {batch.records} were sent; "
        "ask Akinon what else it counts"
    )


def gate_closed(stage: str, failed: list[Shipment], errors: int, records: int, journal: Journal) -> str:
    """What to do, then which batches have errors, which records are in them, where their bytes lie."""
    command = journal.runs.goes_on()
    without = f"{command} --old-mapping" if command == "resume" else command
    return (
        f"stage '{stage}' has {some_errors(errors)} in {some_records(records)}, more than its gate allows, so it stops here."
        f"{_which(failed, journal)} Put right what is wrong; after that `etl dry-run` prepares them anew and "
        f"`etl retry` sends them again. Or raise the stage's gate, and `etl {without}` goes on without them\n"
        f"{_failed(failed, journal)}"
    )


def _which(failed: list[Shipment], journal: Journal) -> str:
    """What Omnitron tells of the records in these batches."""
    known = (one.failed_whole or len(journal.attempts.failed_again(one, one.failed)) == one.failed for one in failed)
    return "" if all(known) else " Omnitron does not tell which of them failed."


def stages_missing(package: Path, missing: Sequence[str], remake: str) -> str:
    named = ", ".join(f"'{name}'" for name in missing)
    return (
        f"{package} holds records of {'stage' if len(missing) == 1 else 'the stages'} {named}, which the mapping does not have "
        f"(any more): without them others would be sent too early; put them back, or prepare a new package with {REMAKES[remake]}"
    )


REMAKES = {
    "run": "`etl run` (nothing is sent twice)",
    "retry": "`etl dry-run`, and `etl retry` takes the records from it",
    "pilot": "`etl pilot` (nothing is sent twice)",
}
"""How a command that was given a package gets one that fits."""


def other_mapping(package: Path, mapping: str, remake: str) -> str:
    return (
        f"{package} was made by another version of {Path(mapping).name} than the one that is there now, or before rows of it "
        f"were mended, and holds what was made then; prepare a new package with {REMAKES[remake]}"
        f"{'' if remake == 'pilot' else '; or --old-mapping sends this one as it is'}"
    )


def pilot_failed(stage: str, failed: list[Shipment], journal: Journal) -> str:
    errors, records = sum(one.failed for one in failed), sum(one.records for one in failed)
    return (
        f"stage '{stage}' has {some_errors(errors)} in {some_records(records)}, and a pilot stops at the first. "
        "Check the formats of what was sent and put the mapping right; after that "
        "`etl dry-run` prepares them anew, `etl retry` sends them again, and `etl pilot` goes on\n"
        f"{_failed(failed, journal)}"
    )


def _failed(failed: list[Shipment], journal: Journal) -> str:
    """A line for each batch, and one for the requests of all of them."""
    workspace = journal.workspace
    lines = [
        visible(
            f"  batch {one.id}: {some_errors(one.failed)} in {some_records(one.counting)} ({_keys(one, journal)}), its bytes: "
            f"{workspace.whole(one.file)}"
        )
        for one in failed[:SHOWN_BATCHES]
    ]
    if len(failed) > SHOWN_BATCHES:
        lines.append(f"  and {len(failed) - SHOWN_BATCHES} batches more, see `etl status`")
    return "\n".join([*lines, visible(f"  the requests: {workspace.requests}")])


def some_errors(count: int) -> str:
    return "1 error" if count == 1 else f"{count} errors"


def _keys(batch: Shipment, journal: Journal) -> str:
    again = [] if batch.failed_whole else journal.attempts.failed_again(batch, batch.failed)
    keys = again or journal.counting_keys(batch.id)
    if not all(map(is_code, keys)):
        one = "its key, which may be personal, is not shown"
        return one if len(keys) == 1 else f"{len(keys)} keys, which may be personal and are not shown"
    more = f" and {len(keys) - SHOWN_KEYS} more" if len(keys) > SHOWN_KEYS else ""
    return f"{'failed again: ' if again else ''}keys {', '.join(keys[:SHOWN_KEYS])}{more}"


def some_records(count: int) -> str:
    return "1 record" if count == 1 else f"{count} records"
