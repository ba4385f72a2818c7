"""How many rows may be left behind: `accept` decides the exit code, and whether a run sends anything."""

import json

import pytest
from commands import TOKEN, etl, target, write_shop
from sandbox_client import running_sandbox

FOUR_ROWS = "id,name,mail\n1,Ayşe,ayse@example.com\n2,Ali,ali@example.com\n3,Umut,nobody\n4,Can,can@example.com\n"


def shop(folder, accept):
    return write_shop(folder, FOUR_ROWS, **{"    unique: [email]\n": f"    unique: [email]\n    accept: {accept}\n"})


@pytest.mark.parametrize(
    ("accept", "code", "said"),
    [
        ("{ rejected: { count: 1 } }", 0, None),
        ("{ rejected: { share: 0.25 } }", 0, None),
        ("{ rejected: { count: 0 } }", 1, "user: 1 of 4 rows are rejected, more than `accept` allows (0)"),
        ("{ rejected: { share: 0.2 } }", 1, "user: 1 of 4 rows are rejected, more than `accept` allows (20 %)"),
        ("{ rejected: { count: 5, share: 0.1 } }", 1, "more than `accept` allows (5 and 10 %)"),
        ("{ held: { count: 5 } }", 1, "user: 1 of 4 rows are rejected, more than `accept` allows (none)"),
    ],
)
def test_the_exit_code_is_what_the_mapping_accepts(tmp_path, accept, code, said):
    done = etl("dry-run", shop(tmp_path, accept))
    assert done.returncode == code
    assert said is None or said in done.stderr
    assert "row 4, field 'email'" in done.stderr  # it is told in any case


def test_a_run_sends_nothing_where_more_is_left_behind_than_the_mapping_accepts(tmp_path):
    with running_sandbox(token=TOKEN) as server:
        mapping = shop(tmp_path, "{ rejected: { count: 0 } }")
        done = etl("run", mapping, "--json", **target(server.url))
        summary = json.loads(done.stdout)
        assert done.returncode == 1
        assert "nothing was sent, because more rows are left behind" in summary["problems"][-1]
        assert summary["stages"][0]["uploaded"] == 0
        shop(tmp_path, "{ rejected: { count: 1 } }")
        done = etl("run", mapping, "--json", **target(server.url))
        assert (done.returncode, json.loads(done.stdout)["stages"][0]["uploaded"]) == (0, 3)


def test_an_empty_limit_is_a_mistake(tmp_path):
    done = etl("check", shop(tmp_path, "{ rejected: {} }"))
    assert done.returncode == 2
