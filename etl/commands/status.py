"""Where a migration stands with each of its targets."""

from __future__ import annotations

from dataclasses import dataclass

from etl.commands.which import Which
from etl.journal.status import ChangedRecord, Status, nothing_sent, read_changed, read_status


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a migration stands with the target that was meant, and with all it has. `changed`: only when asked for."""

    own: Status
    targets: tuple[Status, ...]
    changed: tuple[ChangedRecord, ...] | None = None


def status(which: Which, *, changed: bool = False) -> Standing:
    """Where a migration stands; with `changed`, also the records that were not sent again. Raises JournalError."""
    targets = {one.target: read_status(one.root) for one in which.folder().targets()}
    name = which.target or which.own() or _last_used(targets)
    if not targets or which.target not in (None, *targets):
        return Standing(read_status(which.journal()), ())  # raises, saying what is not there
    own = targets[name] if name in targets else nothing_sent(which.folder().target(name))
    differing = tuple(read_changed(which.folder().target(name).root)) if changed and name in targets else None
    return Standing(own, tuple(targets.values()), differing)


def _last_used(targets: dict[str, Status]) -> str:
    used = [(one.run.started if one.run else "", name) for name, one in targets.items()]
    return max(used, default=("", ""))[1]
