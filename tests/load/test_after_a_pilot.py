"""Counts of a package of which nothing is planned yet: a pilot's, that of a load that waits for a decision, or was killed."""

from contextlib import closing
from functools import partial

import pytest
from load_helpers import STAGES, line, make_package, stages, target_of, user, watched, whole_shop

from etl.errors import Ambiguous, PackageError
from etl.journal.changed import Differences
from etl.journal.status import read_status
from etl.load.pilot import run_pilot
from etl.load.retry import RetryChoice, find, retry
from etl.load.uploader import GateClosed, load
from etl.model import Gate


class Killed(BaseException):
    """The process ends here."""


def killed_before_it_planned(package, url, root):
    def kill(moment):
        if moment == "run:begun":
            raise Killed

    dying, _ = watched(seam=kill)
    with pytest.raises(Killed):
        load(package, target_of(url), STAGES, root, dying)


@pytest.fixture
def package(tmp_path):
    return make_package(tmp_path / "packages" / "one", whole_shop(6))


@pytest.fixture
def later(tmp_path):
    """The package of another day: user 1 is gone from the source, user 2 has another name, 7 and 8 are new."""
    shop = whole_shop(8)
    shop["user"][:2] = [("2", user(2, first_name="Ali"))]
    return make_package(tmp_path / "packages" / "two", shop)


def told(root):
    status = read_status(root)
    return status.package, {**line(status), "batches": None}


def test_what_failed_before_a_pilot_is_told_as_failed_after_it(tmp_path, sandbox, package, later):
    sandbox.fault("errors", type="user", count=4)
    with pytest.raises(GateClosed):
        load(package, target_of(sandbox.url), STAGES, tmp_path)
    run_pilot(later, target_of(sandbox.url), STAGES, tmp_path)
    known = {"valid": 7, "uploaded": 1, "failed": 3, "elsewhere": 1, "batches": None}
    assert told(tmp_path) == (later.path, {**known, "waiting": 3})
    assert not read_status(tmp_path).ok
    load(later, target_of(sandbox.url), stages(gate=Gate(errors=4)), tmp_path)
    assert told(tmp_path) == (later.path, {**known, "uploaded": 4})


def test_a_pilot_and_a_retry_that_wait_for_a_decision_tell_what_is_unknown_of_their_package(
    tmp_path, sandbox, package, later
):
    sandbox.fault("error_after")
    with pytest.raises(Ambiguous):
        load(package, target_of(sandbox.url), STAGES, tmp_path)
    for begin in (run_pilot, partial(retry, again=())):
        with pytest.raises(Ambiguous):
            begin(later, target_of(sandbox.url), STAGES, tmp_path)
        assert told(tmp_path) == (
            later.path,
            {"valid": 7, "waiting": 4, "unknown": 3, "elsewhere": 1, "batches": None},
        )


def test_what_has_changed_and_what_is_gone_is_told_after_a_pilot_too(tmp_path, sandbox, package, later):
    load(package, target_of(sandbox.url), STAGES, tmp_path)
    run_pilot(later, target_of(sandbox.url), STAGES, tmp_path)
    counts = {"uploaded": 1, "already": 4, "changed": 1, "waiting": 1, "gone": 1}
    assert told(tmp_path) == (later.path, {"valid": 7, **counts, "batches": None})
    with closing(Differences(tmp_path)) as differences:
        assert [one.key for one in differences.changed()] == ["2"]
        assert [one.key for one in differences.gone()] == ["1"]


def test_a_load_that_was_killed_before_it_planned_leaves_the_counts_of_the_package_before_it(
    tmp_path, sandbox, package, later
):
    load(package, target_of(sandbox.url), STAGES, tmp_path)
    killed_before_it_planned(later, sandbox.url, tmp_path)
    assert told(tmp_path) == (package.path, {"valid": 6, "uploaded": 6, "batches": None})


def test_the_only_package_is_told_of_also_when_its_load_was_killed_before_it_planned(tmp_path, sandbox, package):
    killed_before_it_planned(package, sandbox.url, tmp_path)
    assert told(tmp_path) == (package.path, {"valid": 6, "waiting": 6, "batches": None})


def test_records_that_wait_for_their_parent_still_do_after_a_pilot_of_their_package(tmp_path, sandbox, package):
    sandbox.fault("errors", type="user", skip=1)
    target, patient = target_of(sandbox.url, batch_size=1), stages(gate=Gate(errors=9))
    load(package, target, patient, tmp_path)
    with pytest.raises(PackageError, match="no record of stage 'user' that was not uploaded before"):
        run_pilot(package, target, patient, tmp_path)
    [waiting] = [one for one in read_status(tmp_path).stages if one.name == "address"]
    assert (waiting.waiting, waiting.held_back) == (1, 1)
    retry(package, target, patient, tmp_path, find(tmp_path, RetryChoice()))
    load(package, target, patient, tmp_path)
    assert sandbox.keys("address", "title") == [f"Ev {n}" for n in range(1, 7)]
