"""What a mapping promises, held against the world it names. One file for each part of a mapping; here is their order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from etl.mapping.channel_checks import channel_problems
from etl.mapping.context import Context
from etl.mapping.database_checks import database_problems
from etl.mapping.geography_checks import geography_problems
from etl.mapping.own_tests import own_test_problems
from etl.mapping.payload_checks import payload_problems
from etl.mapping.source_checks import lookup_problems, source_problems
from etl.mapping.stage_checks import stage_problems
from etl.mapping.target_checks import target_problems
from etl.model import Problem


def check_problems(context: Context, values: Mapping[str, str]) -> Iterator[Problem]:
    """Every problem beyond grammar. Sources and lookups come first: what they hold is what the others are checked by."""
    yield from database_problems(context)
    yield from source_problems(context)
    yield from lookup_problems(context)
    yield from geography_problems(context)
    yield from stage_problems(context)
    yield from payload_problems(context)
    yield from channel_problems(context)
    yield from own_test_problems(context)
    yield from target_problems(context, values)
