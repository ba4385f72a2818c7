"""The long version of what the other tests do: `make soak`. How long it took, and how much it was, is logged.

SOAK_SEED (default: one of its own, which is logged) makes the kills the same again; SOAK_KILLS says how many.
"""

import itertools
import logging
import os
import random
import time
from collections import Counter

import jsonschema_rs
import pytest
import test_mapping_mutated
from hypothesis import HealthCheck, given, settings
from hypothesis.stateful import run_state_machine_as_test
from killing import kill_at_random, migration
from servers import SERVERS, served_by
from test_journal_machine import Loading

from etl.payloads.validate import Validator
from etl.resources import load_schema

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3600)]
log = logging.getLogger("soak")

KILLS = int(os.environ.get("SOAK_KILLS", "100"))
KILLS_A_MIGRATION = 10
LONGEST = 18 * KILLS
"""Seconds for all the kills; a machine that takes longer has something else to do."""

FAULTS = (
    {"name": "error_before", "status": 500},
    {"name": "error_before", "status": 429, "retry_after": 0},
    {"name": "error_before", "status": 400},
    {"name": "error_after", "status": 502},
    {"name": "too_large", "size": 700, "times": 3},
    {"name": "refuse", "on": "finished", "seconds": 0.3},
    {"name": "drop_before_body"},
    {"name": "drop_during_body"},
    {"name": "drop_after_body"},
    {"name": "drop_after_accept"},
    {"name": "half_answer"},
    {"name": "wrong_json"},
    {"name": "no_migration_id"},
    {"name": "delay_answer", "seconds": 0.5},
    {"name": "error_before", "on": "progress", "status": 503, "times": 3},
    {"name": "slow", "seconds": 0.02},
)


@pytest.mark.timeout(LONGEST + 600)
def test_a_hundred_kills_at_random_moments_lose_nothing_and_repeat_nothing(tmp_path):
    seed = os.environ.get("SOAK_SEED") or str(random.SystemRandom().randrange(10**9))
    chance, began, done = random.Random(seed), time.monotonic(), Counter()
    log.info("kills: SOAK_SEED=%s", seed)
    for number, name in enumerate(itertools.cycle(SERVERS)):
        if done.total() >= KILLS:
            break
        assert time.monotonic() - began < LONGEST, f"only {done} in {LONGEST} s"
        done[name] += killed_migration(tmp_path / str(number), name, chance)
        log.info("%d kills in %d migrations, %.0f s", done.total(), number + 1, time.monotonic() - began)
    shares = " and ".join(f"{count} against {name}" for name, count in done.items())
    log.info(
        "SOAK: %d kills (%s) in %d migrations and %.0f s: nothing lost, nothing twice (SOAK_SEED=%s)",
        *(done.total(), shares, number, time.monotonic() - began, seed),
    )


def killed_migration(folder, server, chance):
    """A migration of its own shape into a server of its own, killed some times, perhaps with faults besides."""
    with served_by(server) as one:
        shape = {
            "customers": chance.randrange(5, 60),
            "batch_size": chance.choice([1, 3, 8, 20]),
            "concurrency": chance.choice([1, 1, 3, 5]),
            "ramp_up": chance.random() < 0.5,
        }
        faults = chance.sample(FAULTS, chance.choice([0, 0, 1, 3]))
        log.info("%s, %s, faults: %s", server, shape, ", ".join(fault["name"] for fault in faults) or "none")
        for fault in faults:
            one.fault(skip=chance.randrange(12), **fault)
        return kill_at_random(migration(folder, one, **shape), chance, KILLS_A_MIGRATION)


def test_a_thousand_histories_of_a_journal():
    began = time.monotonic()
    run_state_machine_as_test(Loading, settings=settings(max_examples=1000, stateful_step_count=50, deadline=None))
    log.info("1,000 histories of up to 50 steps in %.0f s", time.monotonic() - began)


BLOCK = 100_000


def test_ten_million_amounts_are_money_and_the_tenths_of_a_cent_between_them_are_not():
    """By the whole schema through jsonschema-rs, and by the validator that a run uses."""
    began, price = time.monotonic(), load_schema("order_item")["properties"]["price"]
    many = jsonschema_rs.validator_for({"type": "array", "items": price})
    none = jsonschema_rs.validator_for({"type": "array", "items": {"not": price}})
    validator = Validator({"type": "object", "properties": {"price": price}})
    for first in range(0, 10_000_000, BLOCK):
        amounts = [cents / 100 for cents in range(first, first + BLOCK)]
        assert many.is_valid(amounts), first
        assert validator.invalid({"price": amounts}) == set(), first
        assert none.is_valid([(10 * cents + 1 + cents % 9) / 1000 for cents in range(first, first + BLOCK)]), first
    log.info("10,000,000 amounts in %.0f s", time.monotonic() - began)


@pytest.fixture(scope="module")
def mapping(tmp_path_factory):
    return test_mapping_mutated.sample(tmp_path_factory.mktemp("mutated"))


@settings(
    max_examples=3_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(text=test_mapping_mutated.mutated())
def test_three_thousand_mutated_mappings_give_problems_with_places_inside_them(mapping, text):
    short = test_mapping_mutated.test_a_mutated_mapping_gives_problems_with_places_inside_it
    short.hypothesis.inner_test(mapping, text)  # type: ignore[attr-defined]
