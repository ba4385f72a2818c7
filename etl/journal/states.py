"""The states of a batch, and the only ways from one to another."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from etl.findings import Sentence, said


class State(StrEnum):
    """What is known of a batch. Each state that says `arrived` is only entered on Omnitron's or a person's word."""

    PLANNED = "planned"  # its bytes lie ready; surely not arrived
    SENDING = "sending"  # the intent is written; the request may be anywhere
    ACCEPTED = "accepted"  # arrived: Omnitron gave a migration_id
    DONE = "done"  # arrived, and Omnitron has worked it off
    REFUSED = "refused"  # surely not accepted
    UNKNOWN = "unknown"  # may have arrived; only a person decides
    SUPERSEDED = "superseded"  # never arrived, and never will: other batches took its place


TOLD = {
    "planned": "planned", "sending": "sending", "accepted": "accepted", "done": "done", "refused": "refused",
    "unknown": "unknown", "superseded": "superseded",
}  # fmt: skip


def told_state(state: str) -> Sentence:
    return said(TOLD[state])


LEGAL: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.PLANNED: frozenset({State.SENDING, State.SUPERSEDED}),
        State.SENDING: frozenset(
            {
                State.ACCEPTED,
                State.REFUSED,
                State.UNKNOWN,
                State.PLANNED,
                State.SUPERSEDED,
            },  # the last: halved after a 413
        ),
        State.ACCEPTED: frozenset({State.DONE}),
        State.UNKNOWN: frozenset({State.ACCEPTED, State.DONE, State.PLANNED}),  # a person's decision
        State.DONE: frozenset(),
        State.REFUSED: frozenset(),
        State.SUPERSEDED: frozenset(),
    }
)

LETS_GO = frozenset({State.REFUSED, State.SUPERSEDED})
"""In these states a batch no longer holds its records: another batch may."""


class RecordState(StrEnum):
    """What is known of one record, from the batch that holds it."""

    WAITING = "waiting"  # planned, or on its way
    ARRIVED = "arrived"
    FAILED = "failed"  # all records of its batch did
    DOUBTFUL = "doubtful"  # some records of its batch failed, and nobody knows which
    UNKNOWN = "unknown"  # its batch may have arrived


def is_legal(before: State, after: State) -> bool:
    return after in LEGAL[before]
