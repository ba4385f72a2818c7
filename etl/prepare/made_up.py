"""Passwords that `unusable_password` makes look like any sha256 to whoever does not know how they were made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from etl.expressions import PRIVATE_KEYS, Counted, Writers, compile_stage, uses_resource
from etl.expressions.header import Row
from etl.model import Expression
from etl.payloads.digests import FIELDS
from etl.prepare.plan import Plan

DIGITS = 64
"""Those of what `unusable_password` makes: a shorter value is none."""

AsStored = Callable[[Sequence[Any], Sequence[Row]], Sequence[Any]]
"""The passwords of some records, and their rows -> the same, in which one that was made up is told by its digits."""


def as_stored(plan: Plan, write: Writers) -> AsStored | None:
    """None where the stage makes up none. Those that may be made up are computed again, under the key of a count."""
    name = FIELDS[0]
    template = plan.stage.fields.get(name)
    if not isinstance(template, Expression) or not uses_resource(template.text, PRIVATE_KEYS):
        return None
    alone = replace(plan.stage, where=None, key=name, fields={name: template})
    resources = {**plan.resources, PRIVATE_KEYS: {"passwords": Counted()}}
    compiled = compile_stage(alone, plan.header, resources, write)

    def told(made: Sequence[Any], rows: Sequence[Row]) -> Sequence[Any]:
        at = [position for position, one in enumerate(made) if isinstance(one, str) and len(one) >= DIGITS]
        again = compiled.records([rows[position] for position in at]).columns[name]
        known = dict(zip(at, again, strict=True))
        return [known.get(position, one) for position, one in enumerate(made)]

    return told
