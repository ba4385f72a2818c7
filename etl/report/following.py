"""Status, history, pilot and checks as people read them: lines of what the commands answer, whole or masked."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from etl.findings import some_records
from etl.personal import mask_key
from etl.report.mask import HIDDEN_ANSWER, is_plain, mask_record, without_answer, without_login_answer
from etl.report.summary import print_counts
from etl.terminal import visible

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from etl.journal.changed import ChangedRecord, GoneRecord
    from etl.journal.history import History, Sending
    from etl.journal.status import Attention, Status
    from etl.journal.trail import BatchDecision, Step
    from etl.package.changes import FieldChange
    from etl.report.results import ChannelDecision, Decision, PilotedStage, Standing, Verified
    from etl.verify.asking import Arrivals
    from etl.verify.verify import Difference, ShopLook, VerifyReport

LogLine = Mapping[str, Any]
"""A line of requests.jsonl."""

ADVICE = re.compile(r"; [^;`]*`etl .*")
"""What a message says is to be done, after what it says has happened."""

ALWAYS = ("valid", "uploaded", "failed", "waiting")


def print_standing(console: Console, standing: Standing) -> None:
    """The mapping's own target with what has changed there, then the others of the migration."""
    _print_target(console, standing.own, own=True)
    for line in _differences(standing):
        _say(console, line)
    for other in standing.targets:
        if other.target != standing.own.target:
            _print_target(console, other, own=False)


def _print_target(console: Console, status: Status, *, own: bool) -> None:
    for line in _heading(status):
        _say(console, line)
    print_counts(console, "Records of the last package", status.stages, ALWAYS)
    for line in _attention(status, own=own):
        _say(console, line)


def _say(console: Console, line: str) -> None:
    """A line stays one, whatever a name in it holds."""
    console.print(visible(line), soft_wrap=True, markup=False)


def _differences(standing: Standing) -> Iterator[str]:
    for changed in standing.changed or ():
        yield f"changed since it was uploaded: {_sent_in(changed)}"
        if changed.fields is None:
            yield "  (the bytes that were uploaded are gone or changed, so its fields cannot be compared)"
        yield from map(_difference, changed.fields or ())
    yield from (f"uploaded, and not in the package: {_sent_in(one)}" for one in standing.gone or ())


def _sent_in(one: ChangedRecord | GoneRecord) -> str:
    migration = f", migration {one.migration_id}" if one.migration_id else ""
    return f"{one.stage} '{one.key}' (batch {one.batch}{migration})"


def _difference(field: FieldChange) -> str:
    old, new = (json.dumps(side, ensure_ascii=False) for side in (field.old, field.new))
    if field.what == "changed":
        return f"  {field.field}: {old} -> {new}"
    return f"  {field.field}: {field.what}, {new if field.what == 'added' else old}"


def _heading(status: Status) -> Iterator[str]:
    yield f"Target: {status.target}"
    if status.barred:
        yield status.barred
    yield f"Package: {_there(status.package, status) if status.package else 'none yet'}"
    if status.purged:
        yield f"Purged: {status.purged}; packages of before, and the bytes of batches, are gone"
    if status.running:
        running = status.running
        yield f"Running: {running.command}, process {running.pid} on {running.host}, since {running.started}"
    elif status.run:
        run = status.run
        outcome = _outcome(status, run.outcome or "was killed").partition("\n")[
            0
        ]  # its particulars are those of the batches below
        if status.barred or not (status.package and status.package.exists()):
            outcome = ADVICE.sub("", outcome)  # what could be done then cannot be done any more
        yield f"Last run: {run.command}, {run.started}: {outcome}"
    if status.per_second:
        yield f"Pace: {status.per_second:,.0f} records a second"
    if status.forecast:
        yield f"Left: about {_duration(status.forecast)}"


def _outcome(status: Status, outcome: str) -> str:
    """Where a run came to its end, and not all is well all the same: what is left, and the next command."""
    left = "; ".join(_left(status))
    return f"came to its end; {left}" if outcome == "ok" and left else outcome


def _left(status: Status) -> Iterator[str]:
    failed, changed, held_back = (
        sum(getattr(one, name) for one in status.stages) for name in ("failed", "changed", "held_back")
    )
    undecided = sum(one.unknown + one.refused + one.elsewhere for one in status.stages)
    if failed:
        yield f"failed: {some_records(failed)}, `etl retry` sends them again"
    if undecided:
        yield f"undecided, refused, or of another package: {some_records(undecided)}, see below"
    if status.left:
        advice = "" if undecided or status.goes_on is None else f", `etl {status.goes_on}` goes on"
        yield f"not sent yet: {some_records(status.left)}{advice}"
    if held_back:
        yield f"waiting for what they refer to: {some_records(held_back)}"
    if changed:
        yield f"not sent again, though changed since the upload: {some_records(changed)}, `etl status --changed` lists them"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _attention(status: Status, *, own: bool) -> Iterator[str]:
    at = "" if own else f" --target {status.target}"
    for shipment in status.attention:
        keys = f" ({', '.join(shipment.keys)})" if shipment.keys else ""
        yield (
            f"batch {shipment.batch} ({shipment.stage}, {some_records(shipment.records)}) is {shipment.state}: "
            f"{shipment.why}{keys}; its bytes: {_there(shipment.file, status)}"
        )
        yield from (f"  {key}: before it was sent: {', '.join(told)}" for key, told in shipment.doubts.items())
        if shipment.state == "unknown" and status.barred is None:
            number = shipment.batch
            yield (
                f"  look in Omnitron, then: `etl resolve {number} --arrived [MIGRATION_ID]{at}`, "
                f"or: `etl resolve {number} --lost{at}`"
            )


def _there(path: Path, status: Status) -> str:
    """A path, and whether anything is there any more."""
    if path.exists():
        return str(path)
    return "removed by the purge" if status.purged else f"{path} (gone)"


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


def masked_history(history: History) -> History:
    """Without the personal data of the record. What Omnitron answered may repeat some, so it is left out too."""
    return replace(
        history,
        sendings=tuple(map(_masked_sending, history.sendings)),
        unsent=tuple(replace(one, reason=one.masked) for one in history.unsent),
    )


def _masked_sending(one: Sending) -> Sending:
    return replace(
        one,
        record=one.record and json.dumps(mask_record(json.loads(one.record)), ensure_ascii=False).encode(),
        steps=tuple(replace(step, note=without_answer(step.note)) for step in one.steps),
        requests=tuple(map(_without_answer, one.requests)),
    )


def _without_answer(line: LogLine) -> LogLine:
    return {**line, "answer": HIDDEN_ANSWER} if "answer" in line and not is_plain(line["answer"]) else line


def print_history(console: Console, history: History, *, verbose: bool = False) -> None:
    for line in _history_lines(history, verbose=verbose):
        _say(console, line)


def _history_lines(history: History, *, verbose: bool) -> Iterator[str]:
    named = f"{history.stage} '{history.key}'"
    for why in history.unsent:
        field = f", field '{why.field}'" if why.field else ""
        yield f"{named}: {why.fate}: {why.place or why.package}{field}: {why.reason}"
    if not history.sendings and not history.unsent:
        yield f"{named}: no load has ever planned to send it"
    for sending in history.sendings:
        yield f"{named}: batch {sending.batch}, {sending.state}{' (pilot)' if sending.pilot else ''}"
        yield f"  migration  {sending.migration_id or 'not known'}{_counted(sending)}"
        yield f"  bytes      {sending.file}, record {sending.position + 1}, SHA-256 {sending.sha256}"
        yield f"  record     {sending.record.decode() if sending.record else '(its file is gone or changed)'}"
        yield from (f"  {step.time}  {_step(step)}" for step in sending.steps)
        yield from (f"  {made.time}  {made.person} decided: {_decided(made)}" for made in sending.decisions)
        yield from (
            f"  {line}" for line in (map(_request, sending.requests) if verbose else _attempts(sending.requests))
        )
    for package in history.changed:
        yield f"{named}: other bytes for it were prepared in {package}, and not sent"


def _counted(sending: Sending) -> str:
    counts = {"total": sending.total, "success": sending.success, "errors": sending.errors}
    told = [f"{name} {count}" for name, count in counts.items() if count is not None]
    return f": {', '.join(told)}" if told else ""


def _step(step: Step) -> str:
    return f"{step.after}{': ' + step.note if step.note else ''}"


def _decided(made: BatchDecision) -> str:
    if not made.arrived:
        return "lost"
    return f"arrived as {made.migration_id}" if made.migration_id else "arrived"


def _attempts(lines: Sequence[LogLine]) -> Iterator[str]:
    """A line for each time it was sent, and one for all the looks at it."""
    ended = {line["request"]: line for line in lines if line["phase"] != "sending"}
    for line in lines:
        if line["phase"] == "sending":
            yield f"attempt    {line['time']}  {line['method']} {line['url']}: {_ending(ended.get(line['request']))}"
    looks = [line for line in lines if line["purpose"] == "progress"]
    if looks:
        yield f"looks      {len(looks)}, the last {looks[-1]['time']}: {_ending(looks[-1])}"


def _ending(line: LogLine | None) -> str:
    if line is None:
        return "no answer was written"
    ending = f"answered {line['status']}" if line["phase"] == "answered" else f"failed: {line['error']}"
    return f"{ending}, in {line['seconds']} s"


def _request(line: LogLine) -> str:
    """All that requests.jsonl has."""
    return "request    " + ", ".join(f"{name} {value}" for name, value in line.items() if value is not None)


def print_pilot(console: Console, stages: Iterable[PilotedStage]) -> None:
    for stage in stages:
        already = f", sent before: {_keys(stage.already)}" if stage.already else ""
        line = f"{stage.name}: {_keys(stage.keys) or 'nothing new'}{already}; no errors"
        _say(console, line)
    _say(console, "The pilot succeeded. Next: `etl verify --email E`, as the user of the first line.")


def _keys(keys: Sequence[str]) -> str:
    return ", ".join(map(mask_key, keys))


def told_checks(report: VerifyReport, *, masked: bool) -> VerifyReport:
    """Each check with its whole sentence. Masked, without what the shop answered, but for why it refuses a login."""
    return replace(report, checks=tuple(_told_check(check, masked=masked) for check in report.checks))


def _told_check(check: ShopLook, *, masked: bool) -> ShopLook:
    differences = tuple(map(_masked_difference, check.differences)) if masked else check.differences
    detail = without_login_answer(check.detail) if masked else check.detail
    told = "; ".join(f"{one.field} is {one.shown!r}, sent was {one.sent!r}" for one in differences)
    return replace(check, detail=f"{detail}: {told}" if told else detail, differences=differences)


def _masked_difference(difference: Difference) -> Difference:
    shown, sent = (
        mask_record({difference.field: side})[difference.field] for side in (difference.shown, difference.sent)
    )
    return replace(difference, shown=shown, sent=sent)


def print_checks(console: Console, verified: Verified) -> None:
    for check in verified.report.checks:
        _say(console, f"{check.outcome:<18} {check.name:<8} {check.detail}")
        _say(console, f"{'':<27} {check.link}")
    _say(console, f"channel: {verified.channel.text}")


def decided_line(decision: Decision) -> str:
    return f"batch {decision.batch} is {decision.state}: {decision.next_step}"


def asked_lines(asked: ChannelDecision) -> Iterator[str]:
    """A decision that was made by asking the channel."""
    yield f"batch {asked.decision.batch}: {asked.evidence}"
    yield from (f"  not there: {mask_key(key)}" for key in asked.missing)
    yield decided_line(asked.decision)


def masked_arrivals(found: Arrivals) -> Arrivals:
    """Without the e-mails, and without keys that may be personal."""
    return replace(found, missing=tuple(replace(one, key=mask_key(one.key), email=None) for one in found.missing))


def arrived_lines(found: Arrivals) -> Iterator[str]:
    missing = len(found.missing)
    yield (
        f"users sent: {found.users}; in the channel: {found.users - missing} "
        f"({found.before} found before, {found.asked} asked for now); missing: {missing}"
    )
    for one in found.missing:
        email = f", {one.email}" if one.email else ""
        yield f"  not there: {one.key} (batch {one.batch}{email})"
    failed = Counter(one.batch for one in found.missing if one.failed)
    for batch, count in sorted(failed.items()):
        yield f"batch {batch}: {count} known as failed; what refers to them waits, `etl retry --batch {batch}` sends them again"
