"""Where a migration stands, as people read it: lines of what `status` answers, whole or masked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from etl.findings import Sentence, joined, said, some_records
from etl.personal import mask_key
from etl.report.looking import fate_told
from etl.report.mask import mask_record, without_answer
from etl.report.summary import print_counts, print_line

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from etl.journal.changed import ChangedRecord, GoneRecord
    from etl.journal.status import Attention, Status
    from etl.package.changes import FieldChange
    from etl.report.results import Standing

ADVICE = re.compile(r"; [^;`]*`etl .*")
"""What a message says is to be done, after what it says has happened."""

ALWAYS = ("valid", "uploaded", "failed", "waiting")


def print_standing(console: Console, standing: Standing) -> None:
    """The mapping's own target with what has changed there, then the others of the migration."""
    _print_target(console, standing.own, own=True)
    for line in _differences(standing):
        print_line(console, line)
    for other in standing.targets:
        if other.target != standing.own.target:
            _print_target(console, other, own=False)


def _print_target(console: Console, status: Status, *, own: bool) -> None:
    for line in _heading(status):
        print_line(console, line)
    print_counts(console, said("Records of the last package"), status.stages, ALWAYS)
    for line in _attention(status, own=own):
        print_line(console, line)


def _differences(standing: Standing) -> Iterator[str]:
    for changed in standing.changed or ():
        yield said("changed since it was uploaded: {what}", what=_sent_in(changed))
        if changed.fields is None:
            yield said("  (the bytes that were uploaded are gone or changed, so its fields cannot be compared)")
        yield from map(_difference, changed.fields or ())
    yield from (said("uploaded, and not in the package: {what}", what=_sent_in(one)) for one in standing.gone or ())


def _sent_in(one: ChangedRecord | GoneRecord) -> Sentence:
    words = "{record} (batch {batch})"
    if one.migration_id:
        words = "{record} (batch {batch}, migration {migration})"
    return said(words, record=f"{one.stage} '{one.key}'", batch=one.batch, migration=one.migration_id)


CHANGES = {"added": "added", "removed": "removed"}
"""Of a field that is on one side alone."""


def _difference(field: FieldChange) -> str:
    old, new = (json.dumps(side, ensure_ascii=False) for side in (field.old, field.new))
    if field.what == "changed":
        return f"  {field.field}: {old} -> {new}"
    return joined("", ["  ", field.field, ": ", said(CHANGES[field.what]), ", ", new if field.what == "added" else old])


def _heading(status: Status) -> Iterator[str]:
    yield said("Target: {name}", name=status.target)
    if status.barred:
        yield status.barred
    yield said("Package: {path}", path=_there(status.package, status) if status.package else said("none yet"))
    if status.purged:
        yield said("Purged: {time}; packages of before, and the bytes of batches, are gone", time=status.purged)
    if status.running:
        running = status.running
        yield said(
            "Running: {command}, process {number} on {host}, since {time}",
            command=running.command, number=str(running.pid), host=running.host, time=running.started,
        )  # fmt: skip
    elif status.run:
        run = status.run
        yield said("Last run: {command}, {time}: {why}", command=run.command, time=run.started, why=_ended_in(status))
    if status.per_second:
        yield said("Pace: {count:,} records a second", count=round(status.per_second))
    if status.forecast:
        yield said("Left: about {duration}", duration=_duration(status.forecast))


def _ended_in(status: Status) -> str:
    """What the last run ended in. Its particulars are those of the batches below."""
    outcome = status.run and status.run.outcome
    told = _first_line(_outcome(status, outcome or said("was killed")))
    if status.barred or not (status.package and status.package.exists()):
        # What could be done then cannot be done any more.
        without = ADVICE.sub("", told)
        return told if without == told else without
    return told


def _first_line(text: str) -> str:
    """It remembers its own template where the text is made of lines."""
    first = text.partition("\n")[0]
    if first == text:
        return text
    line = text.parts.get("line0") if isinstance(text, Sentence) else None
    return line if isinstance(line, Sentence) and line == first else first


def _outcome(status: Status, outcome: str) -> str:
    """Where a run came to its end, and not all is well all the same: what is left, and the next command."""
    if outcome != "ok":
        return outcome
    left = list(_left(status))
    return joined("; ", [said("came to its end"), *left]) if left else said("ok")


def _left(status: Status) -> Iterator[Sentence]:
    failed, changed, held_back = (
        sum(getattr(one, name) for one in status.stages) for name in ("failed", "changed", "held_back")
    )
    undecided = sum(one.unknown + one.refused + one.elsewhere for one in status.stages)
    if failed:
        yield said("failed: {records}, `etl retry` sends them again", records=some_records(failed))
    if undecided:
        words = "undecided, refused, or of another package: {records}, see below"
        yield said(words, records=some_records(undecided))
    if status.left:
        words = "not sent yet: {records}, `etl {command}` goes on"
        if undecided or status.goes_on is None:
            words = "not sent yet: {records}"
        yield said(words, records=some_records(status.left), command=status.goes_on)
    if held_back:
        yield said("waiting for what they refer to: {records}", records=some_records(held_back))
    if changed:
        words = "not sent again, though changed since the upload: {records}, `etl status --changed` lists them"
        yield said(words, records=some_records(changed))


def _duration(seconds: float) -> Sentence:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    words = "{hours} h {minutes} min" if hours else "{minutes} min {seconds} s" if minutes else "{seconds} s"
    return said(words, hours=hours, minutes=minutes, seconds=rest)


def _attention(status: Status, *, own: bool) -> Iterator[str]:
    for shipment in status.attention:
        words = "batch {batch} ({stage}, {records}) is {state}: {why}; its bytes: {file}"
        if shipment.keys:
            words = "batch {batch} ({stage}, {records}) is {state}: {why} ({keys}); its bytes: {file}"
        yield said(
            words,
            batch=shipment.batch, stage=shipment.stage, records=some_records(shipment.records),
            state=fate_told(shipment.state), why=shipment.why, keys=", ".join(shipment.keys),
            file=_there(shipment.file, status),
        )  # fmt: skip
        for key, told in shipment.doubts.items():
            yield joined("", ["  ", key, ": ", said("before it was sent: {what}", what=joined(", ", told))])
        if shipment.state == "unknown" and status.barred is None:
            words = (
                "  look in Omnitron, then: `etl resolve {batch} --arrived [MIGRATION_ID]{option}`, "
                "or: `etl resolve {batch} --lost{option}`"
            )
            yield said(words, batch=shipment.batch, option="" if own else " ".join(["", "--target", status.target]))


def _there(path: Path, status: Status) -> str:
    """A path, and whether anything is there any more."""
    if path.exists():
        return str(path)
    return said("removed by the purge") if status.purged else said("{path} (gone)", path=str(path))


def masked_standing(standing: Standing) -> Standing:
    """Without keys that may be personal, and without what Omnitron answered, which may repeat a record."""
    return replace(
        standing,
        own=_masked_status(standing.own),
        targets=tuple(map(_masked_status, standing.targets)),
        changed=standing.changed and tuple(map(_masked_record, standing.changed)),
        gone=standing.gone and tuple(replace(one, key=mask_key(one.key)) for one in standing.gone),
    )


def _masked_status(status: Status) -> Status:
    run = status.run and replace(status.run, outcome=status.run.outcome and without_answer(status.run.outcome))
    return replace(status, run=run, attention=tuple(map(masked_attention, status.attention)))


def _masked_record(one: ChangedRecord) -> ChangedRecord:
    return replace(one, key=mask_key(one.key), fields=one.fields and tuple(map(_masked_change, one.fields)))


def _masked_change(change: FieldChange) -> FieldChange:
    old, new = (mask_record({change.field: side})[change.field] for side in (change.old, change.new))
    return replace(change, old=old, new=new)


def masked_attention(one: Attention) -> Attention:
    return replace(
        one,
        why=without_answer(one.why),
        keys=tuple(map(mask_key, one.keys)),
        doubts={mask_key(key): told for key, told in one.doubts.items()},
    )
