"""Failed records: they stay failed, their children wait, and they are sent again on a person's word, one by one."""

import pytest
from load_helpers import (
    STAGES,
    USER_STAGE,
    line,
    make_package,
    stages,
    target_of,
    users,
    whole_shop,
)

from etl.errors import MappingError
from etl.journal import transfer
from etl.journal.history import read_history
from etl.journal.status import read_status
from etl.journal.summary import read_summary
from etl.journal.workspace import Workspace
from etl.load.resolve import resolve
from etl.load.retry import RetryChoice, find, newest_package, retry, within
from etl.load.uploader import Asked, GateClosed, load, resume
from etl.model import Gate

ALL = RetryChoice()
TEN = sorted(str(n) for n in range(1, 11))


def again(package, url, root, wanted=ALL, which=USER_STAGE, **changes):
    return retry(package, target_of(url, **changes), which, root, find(root, wanted))


def fails(sandbox, package, root, count=4, which=USER_STAGE, **fault):
    sandbox.fault("errors", count=count, **fault)
    with pytest.raises(GateClosed):
        load(package, target_of(sandbox.url), which, root)


def test_a_closed_gate_stays_closed_however_often_the_load_is_started(tmp_path, sandbox, package):
    fails(sandbox, package, tmp_path)
    newer = make_package(tmp_path / "packages" / "two", users(*range(1, 11)))
    for _ in range(2):
        with pytest.raises(GateClosed, match="has 4 errors in 4 records"):
            load(newer, target_of(sandbox.url), USER_STAGE, tmp_path)
    assert sandbox.uploads() == [4]
    assert line(read_summary(tmp_path, newer)) == {"records": 10, "failed": 4, "waiting": 6}


def test_failed_records_are_sent_again_one_by_one_as_the_new_package_has_them(tmp_path, sandbox, package):
    fails(sandbox, package, tmp_path)
    newer = make_package(tmp_path / "packages" / "two", users(*range(1, 11), first_name="Can"))
    summary = again(newer, sandbox.url, tmp_path)
    assert line(summary) == {"records": 10, "uploaded": 4, "waiting": 6, "batches": 4}
    assert sandbox.uploads() == [4, 1, 1, 1, 1]
    assert {one["record"]["first_name"] for one in sandbox.ask("records/user")["results"] if one["received"] > 1} == {
        "Can"
    }
    assert line(resume(target_of(sandbox.url), USER_STAGE, tmp_path)) == {"records": 10, "uploaded": 10, "batches": 6}
    assert read_status(tmp_path).ok
    steps = [step.note for step in read_history(tmp_path, "user", "1").sendings[0].steps]
    assert steps[-1].endswith(" has 4 of its records sent again")


def test_every_repetition_is_sent_whatever_the_gate_says_and_names_its_record(tmp_path, sandbox, package):
    fails(sandbox, package, tmp_path)
    sandbox.fault("errors", times=2)
    with pytest.raises(GateClosed, match="has 2 errors in 4 records"):
        again(package, sandbox.url, tmp_path)
    assert [one.keys for one in read_status(tmp_path).attention] == [("1",), ("2",)]
    assert sandbox.uploads() == [4, 1, 1, 1, 1]
    with pytest.raises(GateClosed, match="has 1 error in 4 records"):
        again(package, sandbox.url, tmp_path, RetryChoice(keys=("2",)))
    assert [one.keys for one in read_status(tmp_path).attention] == [("1",)]


def test_records_of_which_some_failed_are_told_with_what_a_repetition_means(tmp_path, sandbox):
    package = make_package(tmp_path / "packages" / "one", whole_shop(3))
    which = stages(gate=Gate(errors=9))
    sandbox.fault("errors", type="user", count=1)
    sandbox.fault("errors", type="order_item", count=2)
    load(package, target_of(sandbox.url), which, tmp_path)
    assert [one.told for one in find(tmp_path, ALL)][::3] == [
        "batch 1 (user): 1 of 3 failed, nobody knows which; its records would be sent again: one that is there is refused, "
        "because its e-mail exists, and counts as failed until all of them are there",
        "batch 4 (order_item): 2 of 3 failed, nobody knows which; its records would be sent again: one that is there comes "
        "twice, for Omnitron knows no order_item again",
    ]


def test_a_user_that_is_there_already_is_refused_and_counts_as_arrived_once_the_failed_one_is_there(
    tmp_path, sandbox, package
):
    """Omnitron does not tell which one failed; a repetition of all of them does."""
    fails(sandbox, package, tmp_path, count=1)
    assert not find(tmp_path, RetryChoice())[0].certain
    assert line(again(package, sandbox.url, tmp_path)) == {"records": 10, "uploaded": 4, "waiting": 6, "batches": 5}
    assert sandbox.uploads() == [4, 1, 1, 1, 1]
    assert read_status(tmp_path).attention == ()


def test_a_gate_that_closes_again_names_what_was_sent_again_and_not_the_whole_batch(tmp_path, sandbox, package):
    """Two of the first four failed, nobody knows which; of two that are sent again one fails once more."""
    fails(sandbox, package, tmp_path, count=2)
    sandbox.fault("errors", count=1)
    with pytest.raises(GateClosed) as closed:
        again(package, sandbox.url, tmp_path, RetryChoice(keys=("1", "2")))
    [told] = [one for one in str(closed.value).splitlines() if one.startswith("  batch 1: ")]
    assert "(failed again: keys 1)" in told
    again_closed = str(closed.value).splitlines()[0]
    assert again_closed.startswith("stage 'user' has ")


def test_records_that_no_later_attempt_has_taken_over_are_those_that_a_gate_names(tmp_path, sandbox, package):
    fails(sandbox, package, tmp_path)
    sandbox.fault("errors", count=1)
    with pytest.raises(GateClosed) as closed:
        again(package, sandbox.url, tmp_path, RetryChoice(keys=("1", "2")))
    lines = [one.split(", its bytes")[0] for one in str(closed.value).splitlines() if one.startswith("  batch ")]
    assert lines == ["  batch 1: 2 errors in 2 records (keys 3, 4)", "  batch 4: 1 error in 1 record (keys 1)"]


def test_a_package_of_another_version_beside_a_newer_one_keeps_nothing_from_being_sent_again(tmp_path):
    folder = tmp_path / "packages"
    old = make_package(folder / "one", users(1))
    (old.path / "manifest.json").write_text('{"format": 2, "versions": {"omnitron-etl": "0.0.1"}}', encoding="utf-8")
    newer = make_package(folder / "two", users(1))
    assert newest_package(folder).path == newer.path


def test_status_names_what_failed_again_when_it_was_sent_alone_where_that_may_be_all_that_failed(tmp_path, sandbox):
    package = make_package(tmp_path / "packages" / "one", whole_shop(3))
    which = stages(gate=Gate(errors=9))
    sandbox.fault("errors", type="user", count=1)
    sandbox.fault("errors", type="order_item", count=2)
    load(package, target_of(sandbox.url), which, tmp_path)
    unnamed = "of its records failed, and Omnitron does not tell which"
    assert [one.why for one in read_status(tmp_path).attention if one.stage == "order_item"] == [f"2 {unnamed}"]
    sandbox.fault("errors", type="user", count=1)
    sandbox.fault("errors", type="order_item", count=1, times=2)
    again(package, sandbox.url, tmp_path, which=which)
    user, items = (
        next(one for one in read_status(tmp_path).attention if one.stage == stage) for stage in ("user", "order_item")
    )
    # The users that are there were refused, too: nobody knows which of the three is not.
    assert (user.why, user.keys) == (f"1 {unnamed}", ())
    assert items.why == f"2 {unnamed}; sent again, each alone, these failed once more"
    assert items.keys == ("s1", "s2")


def test_children_of_a_failed_record_wait_and_go_when_it_has_arrived(tmp_path, sandbox):
    package = make_package(tmp_path / "packages" / "one", whole_shop(3), batch_size=1)
    which, target = stages(gate=Gate(errors=9)), {"batch_size": 1}
    sandbox.fault("errors", type="user", skip=1)
    summary = load(package, target_of(sandbox.url, **target), which, tmp_path)
    assert line(summary) == {"records": 3, "uploaded": 2, "failed": 1, "batches": 3}
    for stage in ("address", "order", "order_item"):
        assert line(summary, stage) == {"records": 3, "uploaded": 2, "waiting": 1, "held_back": 1, "batches": 2}
    assert not summary.complete
    assert sandbox.keys("order_item", "sku") == ["s1", "s3"]
    again(package, sandbox.url, tmp_path, which=which, **target)
    assert sandbox.keys("order_item", "sku") == ["s1", "s3"]  # a repetition sends what failed, and nothing else
    assert resume(target_of(sandbox.url, **target), which, tmp_path).complete
    assert sandbox.keys("order_item", "sku") == ["s1", "s2", "s3"]


def test_after_errors_batches_are_cut_smaller_and_grow_again(tmp_path, sandbox):
    package = make_package(tmp_path / "packages" / "one", users(*range(1, 401)), batch_size=100)
    sandbox.fault("errors", times=2)
    load(package, target_of(sandbox.url, batch_size=100), stages(gate=Gate(errors=9))[:1], tmp_path)
    assert sandbox.uploads() == [100, 10, *[1] * 10, *[10] * 8, 100, 100]
    assert len(sandbox.keys()) == 400


def test_a_batch_is_cut_in_ten_at_most_however_small_the_last_ones_had_to_be(tmp_path, sandbox):
    package = make_package(tmp_path / "packages" / "one", users(*range(1, 81)), batch_size=20)
    sandbox.fault("errors", times=20)
    load(package, target_of(sandbox.url, batch_size=20), stages(gate=Gate(errors=99))[:1], tmp_path)
    assert sandbox.uploads() == [20, 2, *[1] * 18, 1, 1, *[2] * 9, 20]


def test_batches_stay_whole_where_the_mapping_says_so(tmp_path, sandbox, package):
    sandbox.fault("errors")
    target = target_of(sandbox.url, cut_after_errors=False)
    load(package, target, stages(gate=Gate(errors=9))[:1], tmp_path)
    assert sandbox.uploads() == [4, 4, 2]


def test_a_batch_that_failed_as_a_whole_is_lost_without_another_word_and_goes_with_the_next_load(
    tmp_path, sandbox, package
):
    fails(sandbox, package, tmp_path)
    assert resolve(tmp_path, 1, arrived=False).next_step.startswith(
        "all of its records failed, so it is certain that it created none of them (they may be there from elsewhere"
    )
    summary = resume(target_of(sandbox.url), USER_STAGE, tmp_path)
    assert line(summary) == {"records": 10, "uploaded": 10, "batches": 7}
    assert sandbox.uploads() == [4, 1, 1, 1, 1, 4, 2]


def test_a_batch_of_which_some_failed_is_not_lost_but_may_be_found_there(tmp_path, sandbox, package):
    fails(sandbox, package, tmp_path, count=1)
    with pytest.raises(
        MappingError, match=r"so the batch was not lost; `etl retry --batch 1` sends its records again$"
    ):
        resolve(tmp_path, 1, arrived=False)
    assert resolve(tmp_path, 1, arrived=True).state == "done"
    assert resume(target_of(sandbox.url), USER_STAGE, tmp_path).complete


def test_nothing_is_decided_in_a_workspace_that_was_handed_over(tmp_path, sandbox, package):
    fails(sandbox, package, tmp_path)
    transfer.hand_over(Workspace(tmp_path), tmp_path / "work.tar")
    with pytest.raises(MappingError, match=r"was handed over by .* go on where it was taken over"):
        resolve(tmp_path, 1, arrived=False)


def test_nothing_is_said_to_have_failed_or_not_where_it_was_handed_over(tmp_path, sandbox, package):
    load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    transfer.hand_over(Workspace(tmp_path), tmp_path / "work.tar")
    for wanted in (RetryChoice(), RetryChoice(batch=1), RetryChoice(keys=("7",))):
        with pytest.raises(MappingError, match=r"was handed over by .* go on where it was taken over"):
            find(tmp_path, wanted)


def test_only_what_failed_can_be_sent_again(tmp_path, sandbox, package):
    load(package, target_of(sandbox.url), USER_STAGE, tmp_path)
    for wanted, text in {
        RetryChoice(): "no record is known to have failed, so there is nothing to send again",
        RetryChoice(batch=2): "batch 2 is done, and none of its records is known to have failed",
        RetryChoice(
            keys=("7",)
        ): "no record with the key '7' is known to have failed; `etl status` lists those that did",
    }.items():
        with pytest.raises(MappingError) as caught:
            find(tmp_path, wanted)
        assert str(caught.value) == text


def test_a_package_that_the_mapping_would_not_make_is_not_gone_on_with(tmp_path, sandbox, package):
    fails(sandbox, package, tmp_path)
    with pytest.raises(
        MappingError,
        match=r"another version of .* or before rows of it were mended, .*--old-mapping sends this one as it is$",
    ):
        resume(target_of(sandbox.url), USER_STAGE, tmp_path, asked=Asked(mapping="another"))
    with pytest.raises(MappingError, match="holds records of stage 'user', which the mapping does not have"):
        resume(target_of(sandbox.url), STAGES[1:], tmp_path)
    assert sandbox.uploads() == [4]


def test_the_newest_package_is_the_one_that_was_made_last(tmp_path, package):
    newer = make_package(tmp_path / "packages" / "two", users(1))
    assert newest_package(tmp_path / "packages").path == newer.path
    with pytest.raises(MappingError, match=r"no package is here to take the records from; `etl dry-run` makes one$"):
        newest_package(tmp_path / "nothing")


def test_of_the_failed_records_those_are_sent_again_that_the_newest_package_has_and_the_others_stay_failed(
    tmp_path, sandbox, package
):
    fails(sandbox, package, tmp_path)
    newer = make_package(tmp_path / "packages" / "two", users(1, 2, 3))
    some = within(tmp_path, newer, find(tmp_path, ALL))
    assert [sorted(one.keys) for one in some] == [["1", "2", "3"]]
    with pytest.raises(GateClosed, match=r"has 1 error in 4 records"):
        retry(newer, target_of(sandbox.url), USER_STAGE, tmp_path, some)
    assert sandbox.uploads() == [4, 1, 1, 1]
    assert line(read_summary(tmp_path, newer)) == {"records": 3, "uploaded": 3, "batches": 3, "elsewhere": 1}
    with pytest.raises(MappingError, match=r"has none of the records that have failed; put their rows right"):
        within(tmp_path, newer, find(tmp_path, ALL))
