"""What became of one record, as people read it: lines of what `history` answers, whole or masked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from etl.findings import Figure, Sentence, joined, said
from etl.report.looking import fate_told
from etl.report.mask import HIDDEN_ANSWER, is_plain, mask_record, without_answer
from etl.report.summary import print_line

if TYPE_CHECKING:
    from rich.console import Console

    from etl.journal.history import History, Sending
    from etl.journal.trail import BatchDecision, Step
    from etl.journal.unsent import Unsent

LogLine = Mapping[str, Any]
"""A line of requests.jsonl."""


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
        print_line(console, line)


def _history_lines(history: History, *, verbose: bool) -> Iterator[str]:
    named = f"{history.stage} '{history.key}'"
    yield from (joined(": ", [named, *_unsent(why)]) for why in history.unsent)
    if not history.sendings and not history.unsent:
        yield joined(": ", [named, said("no load has ever planned to send it")])
    for sending in history.sendings:
        yield joined("", [named, ": ", *_batch(sending)])
        yield from (joined("", ["  ", line]) for line in _sending_lines(sending, verbose=verbose))
    for package in history.changed:
        line = said("other bytes for it were prepared in {path}, and not sent", path=str(package))
        yield joined(": ", [named, line])


def _unsent(why: Unsent) -> list[str]:
    at = why.place or str(why.package)
    if why.field:
        at = said("{place}, field '{field}'", place=at, field=why.field)
    return [fate_told(why.fate), at, why.reason]


def _batch(sending: Sending) -> list[str]:
    pilot = [" (", said("pilot"), ")"] if sending.pilot else []
    return [said("batch {batch}", batch=sending.batch), ", ", fate_told(sending.state), *pilot]


def _sending_lines(sending: Sending, *, verbose: bool) -> Iterator[str]:
    yield said("migration  {migration}", migration=joined(": ", [*_migration(sending)]))
    yield said(
        "bytes      {file}, record {number}, SHA-256 {sum}",
        file=str(sending.file), number=sending.position + 1, sum=sending.sha256,
    )  # fmt: skip
    gone = said("(its file is gone or changed)")
    yield said("record     {written}", written=sending.record.decode() if sending.record else gone)
    yield from (joined("  ", [step.time, _step(step)]) for step in sending.steps)
    for made in sending.decisions:
        yield joined("  ", [made.time, said("{person} decided: {what}", person=made.person, what=_decided(made))])
    yield from map(_request, sending.requests) if verbose else _attempts(sending.requests)


def _migration(sending: Sending) -> Iterator[str]:
    """Its number, and what Omnitron counted of it."""
    yield sending.migration_id or said("not known")
    counts = {"total": sending.total, "success": sending.success, "errors": sending.errors}
    if told := [said(COUNTS[name], count=count) for name, count in counts.items() if count is not None]:
        yield joined(", ", told)


COUNTS = {"total": "total {count}", "success": "success {count}", "errors": "errors {count}"}


def _step(step: Step) -> Sentence:
    return joined(": ", [fate_told(step.after), *([step.note] if step.note else [])])


def _decided(made: BatchDecision) -> Sentence:
    if not made.arrived:
        return said("lost")
    return said("arrived as {migration}", migration=made.migration_id) if made.migration_id else said("arrived")


def _attempts(lines: Sequence[LogLine]) -> Iterator[str]:
    """A line for each time it was sent, and one for all the looks at it."""
    ended = {line["request"]: line for line in lines if line["phase"] != "sending"}
    for line in lines:
        if line["phase"] == "sending":
            call, what = f"{line['method']} {line['url']}", _ending(ended.get(line["request"]))
            yield said("attempt    {time}  {call}: {what}", time=line["time"], call=call, what=what)
    looks = [line for line in lines if line["purpose"] == "progress"]
    if looks:
        words = "looks      {count}, the last {time}: {what}"
        yield said(words, count=len(looks), time=looks[-1]["time"], what=_ending(looks[-1]))


def _ending(line: LogLine | None) -> Sentence:
    if line is None:
        return said("no answer was written")
    words = "answered {number}, in {seconds} s" if line["phase"] == "answered" else "failed: {error}, in {seconds} s"
    return said(words, number=line.get("status"), error=line.get("error"), seconds=Figure(line["seconds"]))


def _request(line: LogLine) -> str:
    """All that requests.jsonl has."""
    told = ", ".join(f"{name} {value}" for name, value in line.items() if value is not None)
    return said("request    {call}", call=told)
