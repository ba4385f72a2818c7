"""Asking Omnitron itself: a pilot finds out whether the channel knows migrated users; from then on its word counts."""

import dataclasses
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from load_helpers import STAGES, USER_STAGE, make_package, target_of, users, watched, whole_shop
from msgspec.structs import replace
from servers import SERVERS, served_by

from etl.errors import Ambiguous, EtlError, MappingError, Unavailable
from etl.findings import WARNING
from etl.journal.journal import Journal
from etl.journal.status import read_status
from etl.journal.workspace import Workspace
from etl.load.pilot import run_pilot
from etl.load.resolve import KnownFate, settle
from etl.load.retry import RetryChoice, find, retry
from etl.load.uploader import load, resume
from etl.model import Gate
from etl.package import ProblemExample, ProblemKind
from etl.verify.asking import LOOK, NEVER_TRIED, TRY, evidence_on, look_all_up, sample, told, try_out


@pytest.fixture(scope="module", params=SERVERS)
def server(request):
    with served_by(request.param) as one:
        yield one


@pytest.fixture
def shown(server):
    """A server in whose channel migrated users are found at once."""
    server.reset()
    server.ask("customers", {"after": 0})
    return server


@pytest.fixture
def hidden(server):
    server.reset()
    server.ask("customers", {"after": None})
    return server


def later(seconds):
    """The world so many seconds from now, where nobody waits."""
    outside, _ = watched(now=lambda: datetime.now(UTC) + timedelta(seconds=seconds), sleep=lambda pause: None)
    return outside


AN_HOUR = 3600
ONE_ERROR = tuple(replace(stage, gate=Gate(errors=1)) for stage in USER_STAGE)


def to(server):
    return target_of(server.url, batch_size=30)


def piloted(root, server):
    """A pilot of user 1, then looked for."""
    package = make_package(root / "packages" / "one", whole_shop(1))
    run_pilot(package, to(server), STAGES, root)
    server.ask("state?wait=10")
    return try_out(root, to(server), "USER1@example.com", later(0))


def lose_or_not(root, server, fault, codes, batch_size=30, **settings):
    """A load of these users whose only batch meets a fault that leaves its fate unknown. The batch's number."""
    server.fault(fault, type="user", **settings)
    package = make_package(root / "packages" / "two", users(*codes), batch_size)
    with pytest.raises(Ambiguous):
        load(package, to(server), USER_STAGE, root)
    server.ask("state?wait=10")
    [unknown] = [one for one in read_status(root).attention if one.state == "unknown"]
    return unknown.batch


def found_in(root, number, server, seconds=AN_HOUR):
    return evidence_on(root, to(server), number, later(seconds))


def test_a_pilot_whose_user_is_found_is_kept_as_a_trial_with_its_time(tmp_path, shown):
    trial = piloted(tmp_path, shown)
    assert (trial.key, trial.batch, trial.found) == ("1", 1, True)
    assert 0 <= trial.seconds < 60
    assert told(trial).startswith("it knows migrated users: this one was there ")
    journal = Journal.read(Workspace(tmp_path))
    assert journal.lookups.trial() == trial
    journal.close()


def test_where_the_pilots_user_is_not_found_nothing_is_asked_and_it_says_why(tmp_path, hidden):
    trial = piloted(tmp_path, hidden)
    assert not trial.found
    assert told(trial).startswith("it does not know this user ")
    number = lose_or_not(tmp_path, hidden, "error_after", range(2, 5))
    for ask in (
        lambda: found_in(tmp_path, number, hidden),
        lambda: look_all_up(tmp_path, to(hidden), later(0)),
    ):
        with pytest.raises(MappingError) as caught:
            ask()
        assert str(caught.value).startswith("this Omnitron's channel did not know a migrated user ")
        assert str(caught.value).endswith("(batch 1), so not being found there says nothing; look in the shop")


def test_before_a_trial_it_says_how_one_is_made(tmp_path, shown):
    number = lose_or_not(tmp_path, shown, "error_after", range(2, 5))
    with pytest.raises(MappingError) as caught:
        found_in(tmp_path, number, shown)
    assert str(caught.value) == NEVER_TRIED.format(
        then="no user is known to have arrived, who could be looked for; look in Omnitron, or in the shop, what became "
        f"of batch {number}, then `etl resolve {number} --arrived [MIGRATION_ID]` or `etl resolve {number} --lost`"
    )


def test_before_a_trial_one_of_the_users_that_are_uploaded_is_looked_for_and_no_pilot_sent(tmp_path, shown):
    """All of them are uploaded, so a pilot would find no user to send."""
    load(make_package(tmp_path / "packages" / "one", users(1, 2)), to(shown), USER_STAGE, tmp_path)
    with pytest.raises(MappingError) as caught:
        look_all_up(tmp_path, to(shown), later(0))
    assert str(caught.value) == NEVER_TRIED.format(then=LOOK)
    assert try_out(tmp_path, to(shown), "user2@example.com", later(0)).found
    assert look_all_up(tmp_path, to(shown), later(0)).users == 2


def test_before_a_trial_and_with_no_user_uploaded_a_pilot_is_advised(tmp_path, shown):
    shown.fault("errors", type="user")
    load(make_package(tmp_path / "packages" / "one", users(1)), to(shown), ONE_ERROR, tmp_path)
    with pytest.raises(MappingError) as caught:
        look_all_up(tmp_path, to(shown), later(0))
    assert str(caught.value) == NEVER_TRIED.format(then=TRY)


def test_a_trial_that_found_its_user_outlives_a_later_one_that_did_not(tmp_path, shown):
    first = piloted(tmp_path, shown)
    shown.ask("customers", {"after": None})
    assert try_out(tmp_path, to(shown), "user1@example.com", later(0)) == first


def test_a_batch_that_arrived_is_known_by_a_sample_of_its_users(tmp_path, shown):
    piloted(tmp_path, shown)
    number = lose_or_not(tmp_path, shown, "error_after", range(2, 27))
    found = found_in(tmp_path, number, shown)
    assert (found.arrived, found.whole, found.asked, found.missing) == (True, False, 10, ())
    assert found.text == "the channel was asked for a sample of 10 of its users (25): 10 found, 0 not"
    settle(tmp_path, number, KnownFate(found.arrived, why=found.text))
    package = make_package(tmp_path / "packages" / "three", users(*range(2, 27)), 30)
    assert load(package, to(shown), USER_STAGE, tmp_path).complete
    assert len(shown.ask("records/user")["results"]) == 26
    [note] = notes_of(tmp_path, number, "done")
    assert note == f"decided: arrived ({found.text})"


def notes_of(root, number, after):
    journal = Journal.read(Workspace(root))
    notes = [step.note for step in journal.trail.steps(number) if step.after == after]
    journal.close()
    return notes


def test_a_batch_that_was_lost_is_known_when_enough_time_has_passed_and_not_before(tmp_path, shown):
    piloted(tmp_path, shown)
    number = lose_or_not(tmp_path, shown, "error_before", range(2, 5))
    with pytest.raises(MappingError) as caught:
        found_in(tmp_path, number, shown, seconds=60)
    assert f"batch {number} was sent " in str(caught.value)
    assert "they may still be on their way: ask again in " in str(caught.value)
    found = found_in(tmp_path, number, shown)
    assert (found.arrived, found.missing) == (False, ("2", "3", "4"))
    settle(tmp_path, number, KnownFate(found.arrived, why=found.text))
    assert resume(to(shown), USER_STAGE, tmp_path).complete
    assert [one["received"] for one in shown.ask("records/user")["results"]] == [1, 1, 1, 1]


def test_where_a_sample_disagrees_all_are_asked_and_who_is_missing_is_named_and_counted(tmp_path, shown):
    piloted(tmp_path, shown)
    answered_by_half(tmp_path, shown, range(2, 27))
    found = found_in(tmp_path, 5, shown)
    assert (found.arrived, found.whole, found.missing) == (True, True, ("2",))
    decision = settle(tmp_path, 5, KnownFate(True, why=found.text, missing=found.missing))
    assert decision.next_step == (
        "1 of its records are not there and count as failed, as batch 6, the others as uploaded; "
        "`etl resume` goes on, `etl retry` sends these again"
    )
    [named] = read_status(tmp_path).attention
    assert (named.batch, named.keys, named.records, named.failed) == (6, ("2",), 1, 1)
    assert named.why == f"taken out of batch 5, that sent them: {found.text}"
    journal = Journal.read(Workspace(tmp_path))
    batch = journal.batch(5)
    journal.close()
    assert (batch.total, batch.success, batch.errors) == (25, 24, 1)


def test_a_batch_no_larger_than_a_sample_is_asked_for_once_and_slowly(tmp_path, shown):
    piloted(tmp_path, shown)
    answered_by_half(tmp_path, shown, range(2, 5))
    waits = []
    outside = dataclasses.replace(later(AN_HOUR), sleep=waits.append)
    assert evidence_on(tmp_path, to(shown), 5, outside).missing == ("2",)
    assert waits == [0.05] * 3


def answered_by_half(root, server, codes):
    """A load of these users whose first one fails, and whose answer is lost."""
    server.fault("half_answer", type="user")
    package = make_package(root / "packages" / "two", taken(codes), 30)
    with pytest.raises(Ambiguous):
        load(package, to(server), USER_STAGE, root)
    server.ask("state?wait=10")


def taken(codes):
    """These users, the first of which Omnitron refuses for its password."""
    content = users(*codes)
    content["user"][0][1]["date_joined"] = "no date"
    return content


@pytest.mark.parametrize(
    ("number", "says"), [(1, "batch 1 is done: its fate is known, there is nothing to ask"), (99, "no batch 99 in")]
)
def test_a_batch_whose_fate_is_known_is_not_asked_for(number, says, tmp_path, shown):
    piloted(tmp_path, shown)
    with pytest.raises(EtlError, match=says):
        found_in(tmp_path, number, shown)


def test_only_users_can_be_asked_for(tmp_path, shown):
    piloted(tmp_path, shown)
    shown.fault("error_after", type="address")
    package = make_package(tmp_path / "packages" / "two", whole_shop(2))
    with pytest.raises(Ambiguous):
        load(package, to(shown), STAGES, tmp_path)
    [unknown] = [one for one in read_status(tmp_path).attention if one.state == "unknown"]
    with pytest.raises(MappingError) as caught:
        found_in(tmp_path, unknown.batch, shown)
    assert str(caught.value) == (
        f"batch {unknown.batch} is of stage 'address': only users can be looked up, by their e-mail; "
        "look in Omnitron, or in the shop, and say --arrived or --lost"
    )


def test_all_uploaded_users_are_looked_up_and_the_missing_ones_named_and_only_they_are_asked_for_again(tmp_path, shown):
    piloted(tmp_path, shown)
    load(
        make_package(tmp_path / "packages" / "two", taken([2, 3, 4])),
        target_of(
            shown.url,
        ),
        ONE_ERROR,
        tmp_path,
    )
    first = look_all_up(tmp_path, to(shown), later(0))
    assert (first.users, first.before, first.asked) == (4, 1, 3)
    assert [(one.key, one.email) for one in first.missing] == [("2", "user2@example.com")]
    second = look_all_up(tmp_path, to(shown), later(0))
    assert (second.users, second.before, second.asked, len(second.missing)) == (4, 3, 1, 1)


def test_a_look_that_fails_is_made_again_and_one_that_always_fails_ends_the_asking(tmp_path, shown):
    shown.fault("error_before", on="channel", status=503, times=2)
    assert piloted(tmp_path, shown).found
    shown.fault("error_before", on="channel", status=503, times=-1)
    number = lose_or_not(tmp_path, shown, "error_after", range(2, 5))
    with pytest.raises(Unavailable):
        found_in(tmp_path, number, shown)
    assert [one.state for one in read_status(tmp_path).attention] == ["unknown"]


def counted(root, server):
    """A pilot, and a load of three users of which user 2 fails: only the count of errors is known."""
    piloted(root, server)
    load(make_package(root / "packages" / "two", taken([2, 3, 4])), target_of(server.url), ONE_ERROR, root)


WITH_AN_ERROR = (*ONE_ERROR, *STAGES[1:])


def test_a_missing_user_of_a_batch_whose_errors_were_only_counted_is_known_as_failed(tmp_path, shown):
    counted(tmp_path, shown)
    assert [one.why for one in read_status(tmp_path).attention] == [
        "1 of its records failed, and Omnitron does not tell which"
    ]
    assert [one.failed for one in look_all_up(tmp_path, to(shown), later(0)).missing] == [False]
    found = look_all_up(tmp_path, to(shown), later(AN_HOUR))
    assert [(one.key, one.batch, one.failed) for one in found.missing] == [("2", 6, True)]
    [named] = read_status(tmp_path).attention
    assert (named.batch, named.keys) == (6, ("2",))
    assert named.why == (
        "taken out of batch 5, that sent them: the channel was asked for all of its users, and does not know 1"
    )
    content = {**whole_shop(4), **taken([2, 3, 4])}
    load(make_package(tmp_path / "packages" / "three", content), to(shown), WITH_AN_ERROR, tmp_path)
    counts = {one.name: (one.uploaded, one.already, one.failed, one.held_back) for one in read_status(tmp_path).stages}
    assert counts == {"user": (0, 2, 1, 0), **dict.fromkeys(("address", "order", "order_item"), (2, 1, 0, 1))}


def test_a_user_that_was_named_is_sent_again_by_itself_and_what_refers_to_it_after_it(tmp_path, shown):
    counted(tmp_path, shown)
    look_all_up(tmp_path, to(shown), later(AN_HOUR))
    good = make_package(tmp_path / "packages" / "three", whole_shop(4))
    again = find(tmp_path, RetryChoice())
    assert [(one.batch.id, one.records, one.certain) for one in again] == [(6, 1, True)]
    retry(good, to(shown), WITH_AN_ERROR, tmp_path, again)
    assert resume(to(shown), WITH_AN_ERROR, tmp_path).complete
    received = Counter()
    for one in shown.ask("records/user")["results"]:
        received[one["record"]["email"]] += one["received"]
    assert received == {f"user{n}@example.com": 2 if n == 2 else 1 for n in (1, 2, 3, 4)}
    assert len(shown.ask("records/order")["results"]) == 4
    last = look_all_up(tmp_path, to(shown), later(AN_HOUR))
    assert (last.users, last.missing) == (4, ())


def test_a_failed_record_has_what_the_packages_checks_had_warned_of_beside_it(tmp_path, shown):
    """The first row of a source is row 2."""
    odd = ProblemExample("customers.csv", 2, None, "it looks odd", {}, "it looks odd", personal=False)
    kind = ProblemKind("warned", None, "odd", None, WARNING, 1, [2], [odd])
    package = make_package(tmp_path / "packages" / "one", taken([2, 3]), 1, [kind])
    load(package, target_of(shown.url, batch_size=1), ONE_ERROR, tmp_path)
    [failed] = read_status(tmp_path).attention
    assert (failed.keys, failed.doubts) == (("2",), {"2": ("it looks odd",)})


def test_a_doubt_is_of_the_records_own_row_and_shows_nobodys_data(tmp_path, shown):
    words = "{value} looks odd"
    ali, veli = (
        ProblemExample(
            "customers.csv", row, None, words, {"value": f"{name}@example.com"}, f"{name} looks odd", personal=True
        )
        for row, name in ((2, "ali"), (3, "veli"))
    )
    kind = ProblemKind("warned", "email", "odd", None, WARNING, 3, [2, 3, 4], [ali, veli])
    package = make_package(tmp_path / "packages" / "one", users(2, 3, 4), 1, [kind])
    shown.fault("errors", count=1, times=3)
    allowed = tuple(replace(stage, gate=Gate(errors=3)) for stage in USER_STAGE)
    load(package, target_of(shown.url, batch_size=1), allowed, tmp_path)
    found = {one.keys: one.doubts for one in read_status(tmp_path).attention}
    assert found == {
        ("2",): {"2": ("'a***@e***.com' looks odd",)},
        ("3",): {"3": ("'v***@e***.com' looks odd",)},
        ("4",): {},
    }


def test_a_user_is_not_known_as_failed_where_more_are_missing_than_failed(tmp_path, shown):
    counted(tmp_path, shown)
    shown.ask("customers", {"after": None})
    found = look_all_up(tmp_path, to(shown), later(AN_HOUR))
    assert {one.failed for one in found.missing} == {False}
    assert [one.batch for one in read_status(tmp_path).attention] == [5]


@pytest.mark.parametrize(("count", "wanted"), [(1, [0]), (10, list(range(10))), (11, [0, 1, 2, 3, 4, 5, 6, 7, 8, 10])])
def test_a_sample_reaches_from_the_first_to_the_last(count, wanted):
    people: list[Any] = list(range(count))
    assert sample(people) == wanted
