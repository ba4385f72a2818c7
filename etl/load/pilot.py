"""Akinon's test migration: a few records of every stage that belong together, uploaded and followed one stage at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import orjson
from msgspec import Struct

from etl.errors import MappingError
from etl.findings import said
from etl.journal.batch import Draft, Shipment
from etl.journal.states import RecordState, State
from etl.load import wording
from etl.load.choice import Chosen, choose
from etl.load.comparing import compare
from etl.load.uploader import GateClosed, Loading, session, stop_at_unknown
from etl.model import Stage
from etl.outside import Outside
from etl.package import Package
from etl.stop import Stopped
from etl.target import Target


class PilotStage(Struct, frozen=True):
    """What the pilot sent of a stage. `already` had arrived before, and were not sent again."""

    name: str
    keys: tuple[str, ...]
    already: tuple[str, ...]
    migration_ids: tuple[str, ...]


class PilotResult(Struct, frozen=True):
    """A pilot that succeeded. `email` is the test user's, with which to log in to the shop."""

    stages: tuple[PilotStage, ...]
    email: str | None


def run_pilot(
    package: Package,
    target: Target,
    stages: Sequence[Stage],
    root: Path,
    *,
    key: str | None = None,
    records: int = 1,
    outside: Outside | None = None,
) -> PilotResult:
    """Upload a small set stage by stage, until the first error. What was sent is in the journal: `load` leaves it out.

    `key` chooses a record of the first stage, `records` how many of it. Raises like `load`.
    """
    with session("pilot", package, target, stages, root, outside or Outside()) as here, _stopping():
        compare(here.journal, package, here.number)
        for stage in stages:
            stop_at_unknown(here.journal, stage.name)
            _follow_earlier(here, stage.name)
        with here.journal.transaction():  # where there is nothing to send, what was planned stays
            here.journal.supersede([stage.name for stage in stages])  # `load` plans anew what the pilot leaves
            chosen = choose(package, stages, 1 if key is not None else records, key, here.journal.taken)
            fresh = [_fresh(here, one) for one in chosen]
            if not any(one.keys for one in fresh):
                raise MappingError(
                    said("all that belongs to '{record}' was uploaded before; choose another with --key", record=key)
                )
        sent = tuple(_send(here, package, all_of, new) for all_of, new in zip(chosen, fresh, strict=True))
        return PilotResult(sent, _email(chosen[0]))


@contextmanager
def _stopping() -> Iterator[None]:
    """A pilot that was stopped is not gone on with by `etl resume`: that would be the real migration."""
    try:
        yield
    except Stopped as error:
        raise Stopped(error.why, said("what was sent is in the journal; `etl pilot` starts another one")) from error


def _follow_earlier(here: Loading, stage: str) -> None:
    """Bring to its end what was on its way when somebody stopped it. Raises GateClosed when a pilot's has errors."""
    ended = [here.delivery.carry(batch) for batch in here.journal.batches(stage, State.ACCEPTED)]
    _judge(here, stage, [batch for batch in ended if batch.pilot])


def _judge(here: Loading, stage: str, batches: Sequence[Shipment]) -> None:
    failed = [batch for batch in batches if batch.failed]
    if failed:
        raise wording.telling(wording.pilot_failed(stage, failed, here.journal), GateClosed)


def _fresh(here: Loading, chosen: Chosen) -> Chosen:
    """Without the records that have arrived. Raises GateClosed when one of them failed, or may have."""
    taken = here.journal.taken(chosen.stage, chosen.keys)
    failed = {one.batch for one in taken.values() if one.fate in (RecordState.FAILED, RecordState.DOUBTFUL)}
    _judge(here, chosen.stage, [here.journal.batch(number) for number in sorted(failed)])
    left = [(key, record) for key, record in zip(chosen.keys, chosen.records, strict=True) if key not in taken]
    return Chosen(chosen.stage, tuple(key for key, _ in left), tuple(record for _, record in left))


def _send(here: Loading, package: Package, chosen: Chosen, fresh: Chosen) -> PilotStage:
    already = tuple(key for key in chosen.keys if key not in fresh.keys)
    batches = _carry(here, package, fresh) if fresh.keys else []
    _judge(here, chosen.stage, batches)
    return PilotStage(chosen.stage, fresh.keys, already, tuple(batch.migration_id or "" for batch in batches))


def _carry(here: Loading, package: Package, fresh: Chosen) -> list[Shipment]:
    """Upload these records. The batches that brought them: one, or more when it had to be halved."""
    payload = package.stage(fresh.stage).payload
    draft = Draft(fresh.stage, payload, here.number, fresh.keys, fresh.records, pilot=True, alone=True)
    here.journal.add(draft)
    ended = []
    while batch := here.journal.next_planned(fresh.stage):
        ended.append(here.delivery.carry(batch))
    return [batch for batch in ended if batch.migration_id]


def _email(chosen: Chosen) -> str | None:
    email = orjson.loads(chosen.records[0]).get("email")
    return email if isinstance(email, str) else None
