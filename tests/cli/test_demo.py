"""`etl demo`: the sample shop, migrated to a stand-in by the commands that a person would type."""

import re

import pytest
from commands import etl_by_hand

from etl.demo import SAMPLE_IS_DIRTY


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """As where a pipe is written to when there is enough for it, which a person may have switched off."""
    return etl_by_hand("demo", "-w", tmp_path_factory.mktemp("demo"), PYTHONUNBUFFERED="")


def test_the_demo_ends_well_and_says_last_that_the_dirt_is_meant(demo):
    assert demo.returncode == 0, demo.stderr
    assert demo.stdout.endswith(f"{SAMPLE_IS_DIRTY}\n")


def test_each_command_of_the_demo_stands_above_what_it_prints_in_a_pipe_too(demo):
    said = re.findall(r"^(?:\$ etl [a-z-]+|Migration opencart|passed +login)", demo.stdout, re.M)
    assert [" ".join(one.split()) for one in said] == [
        "$ etl check",
        *("$ etl dry-run", "Migration opencart"),
        *("$ etl run", "Migration opencart"),
        *("$ etl verify", "passed login"),
    ]
