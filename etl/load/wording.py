"""What a person is told when a batch did not go through: which batch, where its bytes lie, what to do next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from etl.errors import Ambiguous, EtlError, TargetError, Unavailable
from etl.findings import Figure, Sentence, Words, joined, phrase, said, sentence, some_records
from etl.journal.batch import Facts, Shipment
from etl.journal.database import JournalError
from etl.journal.journal import Journal
from etl.journal.notes import note
from etl.journal.states import State
from etl.personal import is_code
from etl.terminal import listed, visible

ErrorKind = TypeVar("ErrorKind", bound=TargetError)

SHOWN_KEYS = 5
SHOWN_BATCHES = 5


def goes_on(journal: Journal) -> Sentence:
    return said("`etl {command}` goes on where this ended", command=journal.runs.goes_on())


def lines_of(told: Sequence[Words]) -> Sentence:
    """What is told, in lines."""
    return joined("\n", (Sentence(sentence(words, parts), words, parts) for words, parts in told))


AnyError = TypeVar("AnyError", bound=EtlError)


def telling(told: Sequence[Words], make: Callable[[str], AnyError]) -> AnyError:
    """An error that also a report in another language can tell."""
    error = make(lines_of(told))
    error.told = tuple(told)
    return error


def stopped(why: str, journal: Journal) -> Words:
    words = "stopped by {signal}; `etl {command}` goes on where this ended"
    if not why:
        words = "stopped; `etl {command}` goes on where this ended"
    return words, {"signal": why, "command": journal.runs.goes_on()}


def refused(journal: Journal) -> Words:
    command = journal.runs.goes_on()
    words = "nothing of it was accepted; put the cause right, then `etl {command}` prepares new bytes, and sends them"
    if command == "resume":
        words = (
            "nothing of it was accepted; put the cause right, then `etl {command}` sends the same bytes, `etl run` prepares "
            "new ones"
        )
    return words, {"command": command}


def unauthorized(journal: Journal) -> Words:
    return (
        "not even after a fresh login; nothing of it was accepted; check the login's rights, then `etl {command}`",
        {"command": journal.runs.goes_on()},
    )


def because(
    kind: type[ErrorKind], error: TargetError, batch: Shipment, journal: Journal, next_step: Words
) -> ErrorKind:
    """The error again, as one about this batch: what it means for it and what to do next first, then the particulars."""
    told = [_about(batch, next_step), *particulars(batch, journal, str(error))]
    return telling(told, lambda text: kind(text, status=error.status, body=error.body, retry_after=error.retry_after))


def _about(batch: Shipment, then: Words) -> Words:
    return "{what}: {then}", {"what": phrase(named(batch)), "then": phrase(then)}


def named(batch: Shipment) -> Words:
    words = "batch {batch}, {count} records of stage '{stage}'"
    if batch.records == 1:
        words = "batch {batch}, {count} record of stage '{stage}'"
    return words, {"batch": batch.id, "count": batch.records, "stage": batch.stage}


def particulars(batch: Shipment, journal: Journal, what: str) -> list[Words]:
    return [_its_bytes(batch, journal), _the_request(journal), _what_happened(what)]


def _its_bytes(batch: Shipment, journal: Journal) -> Words:
    return "  its bytes: {file}", {"file": _file_of(batch, journal)}


def _file_of(batch: Shipment, journal: Journal) -> object:
    """Its path, as a part of a template; a purge may have removed it."""
    file = journal.workspace.whole(batch.file)
    return visible(str(file)) if file.exists() else phrase(_gone(file))


def _gone(file: Path) -> Words:
    return "{path} (gone)", {"path": visible(str(file))}


def _the_request(journal: Journal) -> Words:
    return "  the request: {file}", {"file": visible(str(journal.workspace.requests))}


def _what_happened(what: str) -> Words:
    return "  what happened: {error}", {"error": visible(what)}


def unknown(batch: Shipment) -> Words:
    return (
        "it may have arrived, so it is not sent again; look in Omnitron whether it did, "
        "then `etl resolve {batch} --arrived [MIGRATION_ID]` or `etl resolve {batch} --lost`",
        {"batch": batch.id},
    )


def still_unknown(batches: list[Shipment], journal: Journal) -> list[Words]:
    first = batches[0]
    what = particulars(first, journal, journal.trail.last_note(first.id))
    return [_fate_unknown(first, len(batches) - 1), *what]


def _fate_unknown(first: Shipment, more: int) -> Words:
    words = "the fate of {what} is unknown: {then}"
    if more:
        words = "the fate of {what} is unknown (and {count} more, see `etl status`): {then}"
    return words, {"what": phrase(named(first)), "count": more, "then": phrase(unknown(first))}


def unwritten(batch: Shipment, state: State, facts: Facts, error: JournalError) -> EtlError:
    """What became of a POST, when the journal could not take it. An answer is in requests.jsonl, and will be taken from there."""
    if state is State.UNKNOWN:
        return Ambiguous(
            f"batch {batch.id} is unknown: {facts.note}; but this could not be written: {error}. "
            f"{lines_of([unknown(batch)])}"
        )
    fate = f"was accepted as migration {facts.migration_id}" if state is State.ACCEPTED else f"is {state}: {facts.note}"
    return JournalError(
        f"batch {batch.id} {fate}; but this could not be written: {error}, which takes it from requests.jsonl"
    )


def gave_up(failures: int, asked: float, journal: Journal) -> Words:
    return (
        "{tried}; nothing of it arrived; `etl {command}` sends it when Omnitron is there again",
        {"tried": phrase(_tried(failures, f"{asked:.0f}" if asked else "")), "command": journal.runs.goes_on()},
    )


def _tried(failures: int, seconds: str) -> Words:
    words = "given up after {count} attempts" if failures > 1 else "given up"
    if seconds:
        words = (
            "given up after {count} attempts, for it asks to wait {seconds} s"
            if failures > 1
            else "given up, for it asks to wait {seconds} s"
        )
    return words, {"count": failures, "seconds": seconds}


def nobody_there(error: Unavailable, failures: int) -> Sentence:
    words = "{error}: given up, before anything was prepared or sent; see whether target.url is right, and Omnitron is there"
    if failures > 1:
        words = (
            "{error}: given up after {count} attempts, before anything was prepared or sent; see whether target.url is right, "
            "and Omnitron is there"
        )
    return said(words, error=error.text, count=failures)


def overdue(batch: Shipment, deadline: float, last: str, journal: Journal) -> list[Words]:
    return [_overdue(batch, f"{deadline:g}", journal.runs.goes_on()), _last_look(last)]


def _overdue(batch: Shipment, seconds: str, command: str) -> Words:
    return (
        "migration {migration} ({what}) did not end within {seconds} s; the batch stays accepted; `etl {command}` follows it "
        "further; a longer target.polling.deadline (then `etl {command}{option}`) gives it more time.",
        {
            "migration": batch.migration_id,
            "what": phrase(named(batch)),
            "seconds": seconds,
            "command": command,
            "option": " --old-mapping" if command == "resume" else "",
        },
    )


def _last_look(last: str) -> Words:
    return "  the last look: {error}", {"error": last}


def too_many(batch: Shipment, counted: int) -> Sentence:
    return note("too many", batch=batch.id, records=some_records(counted), count=batch.records)


def tries_again(error: Unavailable, attempt: int, pause: float, batch: Shipment | None = None) -> Sentence:
    parts = {"error": error.text, "count": attempt, "seconds": Figure(f"{pause:.1f}")}
    if batch is None:
        return said("{error}; attempt {count} in {seconds} s", **parts)
    return said("batch {batch}: {error}; attempt {count} in {seconds} s", batch=batch.id, **parts)


def looks_again(batch: Shipment, answer: str, pause: float) -> Sentence:
    words = "batch {batch}: {error}; looking again in {seconds} s"
    return said(words, batch=batch.id, error=answer, seconds=Figure(f"{pause:.1f}"))


def halved(batch: Shipment, first: int, second: int) -> Sentence:
    words = "batch {batch}: too large (413), sent as batches {first} and {second}"
    return said(words, batch=batch.id, first=first, second=second)


def gate_closed(stage: str, failed: list[Shipment], errors: int, records: int, journal: Journal) -> list[Words]:
    """What to do, then which batches have errors, which records are in them, where their bytes lie."""
    return [_closed(stage, errors, records, _are_known(failed, journal), journal), *_failed(failed, journal)]


def _closed(stage: str, errors: int, records: int, known: bool, journal: Journal) -> Words:
    command = journal.runs.goes_on()
    words = (
        "stage '{stage}' has {what}, more than its gate allows, so it stops here. Omnitron does not tell which of them failed. "
        "Put right what is wrong; after that `etl dry-run` prepares them anew and `etl retry` sends them again. Or raise the "
        "stage's gate, and `etl {command}{option}` goes on without them"
    )
    if known:
        words = (
            "stage '{stage}' has {what}, more than its gate allows, so it stops here. Put right what is wrong; after that "
            "`etl dry-run` prepares them anew and `etl retry` sends them again. Or raise the stage's gate, and "
            "`etl {command}{option}` goes on without them"
        )
    option = " --old-mapping" if command == "resume" else ""
    return words, {"stage": stage, "what": phrase(_errors(errors, records)), "command": command, "option": option}


def _errors(count: int, records: int) -> Words:
    words = "{count} errors in {records} records" if count != 1 else "{count} error in {records} records"
    if records == 1:
        words = "{count} errors in {records} record" if count != 1 else "{count} error in {records} record"
    return words, {"count": count, "records": records}


def _are_known(failed: list[Shipment], journal: Journal) -> bool:
    """Whether it is known which of the records in these batches failed."""
    return all(one.failed_whole or len(journal.attempts.failed_again(one, one.failed)) == one.failed for one in failed)


def stages_missing(package: Path, missing: Sequence[str], remake: str) -> Sentence:
    words = (
        "{path} holds records of the stages {stages}, which the mapping does not have (any more): without them others would be "
        "sent too early; put them back, or prepare a new package with {how}"
    )
    if len(missing) == 1:
        words = (
            "{path} holds records of stage {stages}, which the mapping does not have (any more): without them others would be "
            "sent too early; put them back, or prepare a new package with {how}"
        )
    return said(words, path=str(package), stages=listed(missing), how=said(REMAKES[remake]))


REMAKES = {
    "run": "`etl run` (nothing is sent twice)",
    "retry": "`etl dry-run`, and `etl retry` takes the records from it",
    "pilot": "`etl pilot` (nothing is sent twice)",
}
"""How a command that was given a package gets one that fits."""


def other_mapping(package: Path, mapping: str, remake: str) -> Sentence:
    words = (
        "{path} was made by another version of {file} than the one that is there now, or before rows of it were mended, and "
        "holds what was made then; prepare a new package with {how}; or --old-mapping sends this one as it is"
    )
    if remake == "pilot":
        words = (
            "{path} was made by another version of {file} than the one that is there now, or before rows of it were mended, and "
            "holds what was made then; prepare a new package with {how}"
        )
    return said(words, path=str(package), file=Path(mapping).name, how=said(REMAKES[remake]))


def pilot_failed(stage: str, failed: list[Shipment], journal: Journal) -> list[Words]:
    errors, records = sum(one.failed for one in failed), sum(one.records for one in failed)
    return [_pilot_failed(stage, errors, records), *_failed(failed, journal)]


def _pilot_failed(stage: str, errors: int, records: int) -> Words:
    return (
        "stage '{stage}' has {what}, and a pilot stops at the first. Check the formats of what was sent and put the mapping "
        "right; after that `etl dry-run` prepares them anew, `etl retry` sends them again, and `etl pilot` goes on",
        {"stage": stage, "what": phrase(_errors(errors, records))},
    )


def _failed(failed: list[Shipment], journal: Journal) -> list[Words]:
    """A line for each batch, and one for the requests of all of them."""
    lines = [_failed_batch(one, journal) for one in failed[:SHOWN_BATCHES]]
    if len(failed) > SHOWN_BATCHES:
        lines.append(_more_batches(len(failed) - SHOWN_BATCHES))
    return [*lines, _the_requests(journal)]


def _failed_batch(batch: Shipment, journal: Journal) -> Words:
    return (
        "  batch {batch}: {what} ({keys}), its bytes: {file}",
        {
            "batch": batch.id,
            "what": phrase(_errors(batch.failed, batch.counting)),
            "keys": phrase(_keys(batch, journal)),
            "file": _file_of(batch, journal),
        },
    )


def _more_batches(count: int) -> Words:
    return "  and {count} batches more, see `etl status`", {"count": count}


def _the_requests(journal: Journal) -> Words:
    return "  the requests: {file}", {"file": visible(str(journal.workspace.requests))}


def some_errors(count: int) -> str:
    return "1 error" if count == 1 else f"{count} errors"


def _keys(batch: Shipment, journal: Journal) -> Words:
    again = [] if batch.failed_whole else journal.attempts.failed_again(batch, batch.failed)
    keys = again or journal.counting_keys(batch.id)
    if not all(map(is_code, keys)):
        words = "{count} keys, which may be personal and are not shown"
        if len(keys) == 1:
            words = "its key, which may be personal, is not shown"
        return words, {"count": len(keys)}
    return _shown_keys(keys, again=bool(again))


def _shown_keys(keys: Sequence[str], *, again: bool) -> Words:
    words = "failed again: keys {keys}" if again else "keys {keys}"
    if len(keys) > SHOWN_KEYS:
        words = "failed again: keys {keys} and {count} more" if again else "keys {keys} and {count} more"
    return words, {"keys": visible(", ".join(keys[:SHOWN_KEYS])), "count": len(keys) - SHOWN_KEYS}
