"""What was found out by looking at the target, as people read it: a pilot, a decision, what shop and channel show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from etl.personal import mask_key
from etl.report.mask import mask_record, without_login_answer
from etl.report.summary import print_line

if TYPE_CHECKING:
    from rich.console import Console

    from etl.report.results import ChannelDecision, Decision, PilotedStage, Verified
    from etl.verify.asking import Arrivals
    from etl.verify.verify import Difference, ShopLook, VerifyReport


def print_pilot(console: Console, stages: Iterable[PilotedStage]) -> None:
    for stage in stages:
        already = f", sent before: {_keys(stage.already)}" if stage.already else ""
        line = f"{stage.name}: {_keys(stage.keys) or 'nothing new'}{already}; no errors"
        print_line(console, line)
    print_line(console, "The pilot succeeded. Next: `etl verify --email E`, as the user of the first line.")


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
        print_line(console, f"{check.outcome:<18} {check.name:<8} {check.detail}")
        print_line(console, f"{'':<27} {check.link}")
    print_line(console, f"channel: {verified.channel.text}")


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
