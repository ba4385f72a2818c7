"""Where a count is at its smallest or its limit: one attempt or two, two records, five keys, nothing worked off yet."""

import pytest
from load_helpers import (
    STAGES,
    USER_STAGE,
    address,
    free_port,
    line,
    make_package,
    order,
    scripted,
    send,
    states,
    target_of,
    user,
    users,
    watched,
    whole_shop,
)

from etl.errors import PackageError, Refused, Unavailable
from etl.journal.summary import read_summary
from etl.load.choice import choose
from etl.load.uploader import GateClosed, load
from etl.stop import Stopped
from etl.target import Polling, Secret

COUNTS = {"total_count": 1, "success_count": 1, "error_count": 0}


@pytest.mark.parametrize(
    ("retries", "told"), [(0, "given up;"), (1, "given up after 2 attempts;"), (2, "given up after 3 attempts;")]
)
def test_attempts_are_counted_where_there_was_more_than_one(retries, told, tmp_path):
    package = make_package(tmp_path / "packages" / "one", users(1))
    target = target_of(f"http://127.0.0.1:{free_port()}", retries=retries)
    with pytest.raises(Unavailable) as caught:
        load(package, target, USER_STAGE, tmp_path)
    assert f"batch 1, 1 record of stage 'user': {told} nothing of it arrived" in str(caught.value)


@pytest.mark.parametrize(("records", "keys"), [(5, "keys 1, 2, 3, 4, 5)"), (6, "keys 1, 2, 3, 4, 5 and 1 more)")])
def test_five_keys_are_named_and_the_others_counted(records, keys, tmp_path, sandbox):
    package = make_package(tmp_path / "packages" / "one", users(*range(1, records + 1)), batch_size=9)
    sandbox.fault("errors")
    with pytest.raises(GateClosed) as caught:
        load(package, target_of(sandbox.url, batch_size=9), USER_STAGE, tmp_path)
    assert keys in str(caught.value)


def test_two_records_that_are_too_large_together_go_one_by_one(tmp_path, sandbox):
    package = make_package(tmp_path / "packages" / "one", users(1, 2))
    sandbox.fault("too_large", size=600)
    assert line(load(package, target_of(sandbox.url), USER_STAGE, tmp_path))["uploaded"] == 2
    assert sandbox.uploads() == [1, 1]
    assert sandbox.keys() == ["1", "2"]


def test_two_records_of_which_each_is_too_large_are_halved_before_one_is_refused(tmp_path, sandbox):
    package = make_package(tmp_path / "packages" / "one", users(1, 2))
    sandbox.fault("too_large", size=10)
    with pytest.raises(Refused, match="batch 2, 1 record of stage 'user'"):
        load(package, target_of(sandbox.url), USER_STAGE, tmp_path)


def test_while_nothing_is_worked_off_nothing_is_told_as_worked_off(tmp_path):
    package = make_package(tmp_path / "packages" / "one", users(1))
    nothing = {**COUNTS, "success_count": 0}
    outside, events = watched()
    with scripted((200, {"migration_id": "m1"}), (200, nothing), (502, b""), (200, COUNTS)) as server:
        load(package, target_of(server.url, polling=Polling(interval=0)), USER_STAGE, tmp_path, outside)
    told = [(one.kind, one.finished, one.errors) for one in events if one.batch]
    assert told == [
        ("sending", 0, 0),
        ("accepted", 0, 0),
        ("progress", 0, 0),
        ("retry", 0, 0),
        ("done", 1, 0),
    ]


def test_a_batch_is_not_sent_when_somebody_asked_to_stop_during_the_login(tmp_path):
    package = make_package(tmp_path / "packages" / "one", users(1))
    outside, _ = watched()

    def log_in(handler, _body):
        outside.stop.ask("a person")
        send(handler, 200, {"key": "t0ken-of-a-login"})

    with scripted(log_in, (200, {"migration_id": "m1"}), (200, COUNTS)) as server:
        target = target_of(server.url, token=None, username="ada", password=Secret("lovelace"))
        with pytest.raises(Stopped):
            load(package, target, USER_STAGE, tmp_path, outside)
    assert [one.path for one in server.seen if "migrations" in one.path] == []
    assert states(tmp_path) == {"planned": 1}


def test_what_a_pilots_record_lacks_is_named_wherever_it_stands(tmp_path):
    lacking = {"user": [("1", user(1))], "address": [("a9", address(9, 9))], "order": [("o1", order("o1", 1))]}
    package = make_package(tmp_path / "one", lacking)
    with pytest.raises(PackageError) as caught:
        choose(package, STAGES[:3], 1, "1", lambda stage, keys: ())
    assert str(caught.value).startswith("the record '1' of stage 'user' has nothing in 'address'; a pilot needs")


def test_where_nothing_was_ever_sent_every_record_waits_and_nothing_else_is_counted(tmp_path):
    package = make_package(tmp_path / "packages" / "one", whole_shop(2))
    for stage in read_summary(tmp_path / "nowhere", package).stages:
        assert {
            name: getattr(stage, name) for name in stage.__struct_fields__ if name not in ("name", "records", "waiting")
        } == (
            dict.fromkeys([name for name in stage.__struct_fields__ if name not in ("name", "records", "waiting")], 0)
        )
        assert (stage.records, stage.waiting) == (2, 2)
