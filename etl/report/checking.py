"""What was found out by looking at the target, as people read it: a pilot, a decision, what shop and channel show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from etl.findings import Sentence, joined, said
from etl.personal import mask_key
from etl.report.looking import fate_told
from etl.report.mask import mask_record, without_login_answer
from etl.report.summary import print_line
from etl.terminal import plain_value

if TYPE_CHECKING:
    from rich.console import Console

    from etl.report.results import ChannelDecision, Decision, PilotedStage, Verified
    from etl.verify.asking import Arrivals
    from etl.verify.verify import Difference, ShopLook, VerifyReport


def print_pilot(console: Console, stages: Iterable[PilotedStage]) -> None:
    for stage in stages:
        words = "{stage}: {keys}, sent before: {others}; no errors" if stage.already else "{stage}: {keys}; no errors"
        keys = _keys(stage.keys) or said("nothing new")
        print_line(console, said(words, stage=stage.name, keys=keys, others=_keys(stage.already)))
    print_line(console, said("The pilot succeeded. Next: `etl verify --email E`, as the user of the first line."))


def _keys(keys: Sequence[str]) -> str:
    return ", ".join(map(mask_key, keys))


def told_checks(report: VerifyReport, *, masked: bool) -> VerifyReport:
    """Each check with its whole sentence. Masked, without what the shop answered, but for why it refuses a login."""
    return replace(report, checks=tuple(_told_check(check, masked=masked) for check in report.checks))


def _told_check(check: ShopLook, *, masked: bool) -> ShopLook:
    differences = tuple(map(_masked_difference, check.differences)) if masked else check.differences
    detail = without_login_answer(check.detail) if masked else check.detail
    told = joined("; ", map(_differing, differences))
    return replace(check, detail=joined(": ", [detail, told]) if told else detail, differences=differences)


def _differing(one: Difference) -> Sentence:
    return said(
        "{field} is {shown}, sent was {sent}", field=one.field, shown=plain_value(one.shown), sent=plain_value(one.sent)
    )


def _masked_difference(difference: Difference) -> Difference:
    shown, sent = (
        mask_record({difference.field: side})[difference.field] for side in (difference.shown, difference.sent)
    )
    return replace(difference, shown=shown, sent=sent)


OUTCOMES = {
    "passed": "passed             {check}",
    "failed": "failed             {check}",
    "could not be made": "could not be made  {check}",
}
"""What came of a look, as wide as the widest of them."""


def print_checks(console: Console, verified: Verified) -> None:
    for check in verified.report.checks:
        print_line(console, said(OUTCOMES[check.outcome], check=joined(" ", [f"{check.name:<8}", check.detail])))
        print_line(console, f"{'':<27} {check.link}")
    print_line(console, said("channel: {what}", what=verified.channel.text))


def decided_line(decision: Decision) -> Sentence:
    words = "batch {batch} is {state}: {then}"
    return said(words, batch=decision.batch, state=fate_told(decision.state), then=decision.next_step)


def asked_lines(asked: ChannelDecision) -> Iterator[str]:
    """A decision that was made by asking the channel."""
    yield joined(": ", [said("batch {batch}", batch=asked.decision.batch), asked.evidence])
    yield from (said("  not there: {keys}", keys=mask_key(key)) for key in asked.missing)
    yield decided_line(asked.decision)


def masked_arrivals(found: Arrivals) -> Arrivals:
    """Without the e-mails, and without keys that may be personal."""
    return replace(found, missing=tuple(replace(one, key=mask_key(one.key), email=None) for one in found.missing))


def arrived_lines(found: Arrivals) -> Iterator[str]:
    missing = len(found.missing)
    yield said(
        "users sent: {total}; in the channel: {count} ({first} found before, {further} asked for now); missing: {number}",
        total=found.users, count=found.users - missing, first=found.before, further=found.asked, number=missing,
    )  # fmt: skip
    for one in found.missing:
        words = "  not there: {keys} (batch {batch}, {email})" if one.email else "  not there: {keys} (batch {batch})"
        yield said(words, keys=one.key, batch=one.batch, email=one.email)
    failed = Counter(one.batch for one in found.missing if one.failed)
    for batch, count in sorted(failed.items()):
        words = "batch {batch}: {count} known as failed; what refers to them waits, `etl retry --batch {batch}` sends them again"
        yield said(words, batch=batch, count=count)
