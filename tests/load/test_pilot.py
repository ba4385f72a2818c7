"""The pilot: a small set that belongs together, uploaded first; and the look at the shop afterwards."""

import json
from functools import partial

import pytest
from load_helpers import (
    PASSWORD,
    STAGES,
    address,
    item,
    lines,
    make_package,
    order,
    target_of,
    user,
    users,
    watched,
    whole_shop,
)

from etl.cli.plain import plain
from etl.errors import Ambiguous, MappingError, PackageError, Unavailable
from etl.journal.database import JournalError
from etl.journal.history import read_history
from etl.journal.journal import Journal
from etl.journal.states import State
from etl.journal.status import read_status
from etl.journal.workspace import Workspace
from etl.load import choice
from etl.load.choice import choose
from etl.load.pilot import run_pilot
from etl.load.resolve import resolve
from etl.load.uploader import GateClosed, load, resume
from etl.report.checking import told_checks
from etl.target import Secret
from etl.verify.verify import LookOutcome, verify

EMAIL = "user1@example.com"
USER_PAGE = 1
"""The shop's pages are asked for in this order: token, user, addresses, orders, the order."""


@pytest.fixture
def package(tmp_path):
    return make_package(tmp_path / "packages" / "one", whole_shop(6))


def nothing_held(stage, keys):
    return ()


def keys(chosen):
    return {one.stage: list(one.keys) for one in chosen}


UNEVEN = {
    "user": [(f"{n}", user(n)) for n in range(1, 6)],
    "address": [("a1", address(1, 1)), ("a3", address(3, 3)), ("a4", address(4, 4)), ("b4", address(5, 4))],
    "order": [("o1", order("o1", 1)), ("o2", order("o2", 2)), ("o4", order("o4", 4)), ("p4", order("p4", 4))],
    "order_item": [("s2", item("o2", "s2")), ("s4", item("p4", "s4")), ("t4", item("p4", "t4"))],
}


def test_the_first_user_with_something_in_every_stage_is_chosen_with_what_belongs_together(tmp_path):
    package = make_package(tmp_path / "one", UNEVEN)
    # User 4's first order has no item, so it is the second one that goes with the item.
    assert keys(choose(package, STAGES, 1, None, nothing_held)) == {
        "user": ["4"],
        "address": ["a4"],
        "order": ["p4"],
        "order_item": ["s4"],
    }


def test_the_records_that_are_chosen_are_the_packages_own_bytes(tmp_path):
    package = make_package(tmp_path / "one", UNEVEN, batch_size=1)
    everything = [
        record for stage in package.stages for batch in package.batches(stage) for record in package.records(batch)
    ]
    assert all(record in everything for one in choose(package, STAGES, 1, None, nothing_held) for record in one.records)


def test_a_key_chooses_the_user(package):
    assert keys(choose(package, STAGES, 1, "5", nothing_held)) == {
        "user": ["5"],
        "address": ["a5"],
        "order": ["o5"],
        "order_item": ["s5"],
    }


def test_several_sets_are_chosen_as_far_as_there_are_so_many(package):
    assert keys(choose(package, STAGES, 3, None, nothing_held))["order"] == ["o1", "o2", "o3"]
    assert keys(choose(package, STAGES, 99, None, nothing_held))["order"] == [f"o{n}" for n in range(1, 7)]


def test_users_that_were_uploaded_before_are_not_candidates(package):
    chosen = choose(package, STAGES, 1, None, lambda stage, keys: {"1", "2"})
    assert keys(chosen)["user"] == ["3"]


def test_the_search_goes_on_among_more_users_when_the_first_thousand_have_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(choice, "FIRST_WINDOW", 2)
    shop = whole_shop(30)
    package = make_package(tmp_path / "one", {**shop, "order_item": shop["order_item"][-1:]})
    assert keys(choose(package, STAGES, 1, None, nothing_held))["user"] == ["30"]


def test_a_stage_that_refers_to_nothing_gives_one_record(tmp_path, package):
    loose = (STAGES[0], *(type(stage)(stage.name, stage.payload, "", stage.key, {}) for stage in STAGES[1:]))
    assert keys(choose(package, loose, 1, "2", nothing_held)) == {
        "user": ["2"],
        "address": ["a1"],
        "order": ["o1"],
        "order_item": ["s1"],
    }


def test_a_key_that_is_not_there_is_named(package):
    with pytest.raises(MappingError, match=r"^stage 'user' of the package has no record with the key '77'$"):
        choose(package, STAGES, 1, "77", nothing_held)


def test_what_is_not_settled_is_no_pilot_and_that_is_said(tmp_path):
    shop = whole_shop(3)
    unsettled = {"user": {"1"}, "order": {"o2"}}
    package = make_package(tmp_path / "one", shop, unsettled=unsettled)
    assert keys(choose(package, STAGES, 3, None, nothing_held))["user"] == ["3"]
    for key, told in (
        ("1", "the record '1' of stage 'user' is not settled yet, so it waits; choose another with --key"),
        (
            "2",
            "the record '2' of stage 'user' has nothing in 'order', 'order_item'; a pilot needs a record in every stage: "
            "choose another with --key; records that are not settled yet wait",
        ),
    ):
        with pytest.raises((MappingError, PackageError)) as caught:
            choose(package, STAGES, 1, key, nothing_held)
        assert str(caught.value) == told


def test_a_pilot_that_finds_nothing_to_send_takes_no_planned_batch_back(tmp_path, sandbox, package):
    sandbox.fault("error_before", status=429, retry_after=86_400, skip=1)
    with pytest.raises(Unavailable):
        load(package, target_of(sandbox.url), STAGES, tmp_path)
    with pytest.raises(MappingError):
        run_pilot(package, target_of(sandbox.url), STAGES, tmp_path, key="77")
    journal = Journal.read(Workspace(tmp_path))
    try:
        assert not journal.batches(state=State.SUPERSEDED)
    finally:
        journal.close()


def test_a_user_without_an_order_cannot_be_the_pilot(tmp_path):
    package = make_package(tmp_path / "one", UNEVEN)
    with pytest.raises(PackageError) as caught:
        choose(package, STAGES, 1, "3", nothing_held)
    assert str(caught.value) == (
        "the record '3' of stage 'user' has nothing in 'order', 'order_item'; "
        "a pilot needs a record in every stage: choose another with --key"
    )


def test_a_package_in_which_nothing_belongs_together_has_no_pilot(tmp_path):
    package = make_package(tmp_path / "one", {**users(1), "address": [], "order": [], "order_item": []})
    with pytest.raises(PackageError) as caught:
        choose(package, STAGES, 1, None, nothing_held)
    assert str(caught.value) == (
        "no record of stage 'user' that was not uploaded before has something in each of 'address', 'order', "
        "'order_item'; a pilot needs a record in every stage: prepare a package that has one"
    )


def test_a_package_of_one_stage_without_records_has_no_pilot(tmp_path):
    package = make_package(tmp_path / "one", {"user": []})
    with pytest.raises(PackageError) as caught:
        choose(package, STAGES[:1], 1, None, nothing_held)
    assert str(caught.value) == (
        "no record of stage 'user' is left that was not uploaded before; "
        "a pilot needs one: prepare a package that has one"
    )


def test_a_pilot_is_uploaded_stage_by_stage_and_the_real_run_leaves_it_out(tmp_path, sandbox, package):
    target = target_of(sandbox.url, require_pilot=True)
    outside, events = watched()
    result = run_pilot(package, target, STAGES, tmp_path, outside=outside)
    assert [(stage.name, stage.keys, stage.already) for stage in result.stages] == [
        ("user", ("1",), ()),
        ("address", ("a1",), ()),
        ("order", ("o1",), ()),
        ("order_item", ("s1",), ()),
    ]
    assert result.email == EMAIL
    ids = [one["migration_id"] for one in sandbox.ask("uploads")["results"]]
    assert [stage.migration_ids for stage in result.stages] == [(one,) for one in ids]
    assert [(event.kind, event.stage) for event in events if event.kind in ("sending", "done")] == [
        (kind, stage.name) for stage in STAGES for kind in ("sending", "done")
    ]
    assert read_status(tmp_path).pilot_succeeded
    summary = load(package, target, STAGES, tmp_path)
    assert [(stage.uploaded, stage.waiting) for stage in summary.stages] == [(6, 0)] * 4
    assert sandbox.keys() == [str(n) for n in range(1, 7)]
    assert read_history(tmp_path, "user", "1").sendings[0].pilot


def test_a_pilot_stops_at_the_first_error_and_another_one_takes_another_user(tmp_path, sandbox, package):
    sandbox.fault("errors", type="address")
    target = target_of(sandbox.url, require_pilot=True)
    with pytest.raises(
        GateClosed, match=r"^stage 'address' has 1 error in 1 record, .*\n  batch 2: 1 error .*\(keys a1\), "
    ):
        run_pilot(package, target, STAGES, tmp_path)
    assert sandbox.keys("order", "number") == []
    with pytest.raises(MappingError, match="no pilot has succeeded yet"):
        load(package, target, STAGES, tmp_path)
    assert run_pilot(package, target, STAGES, tmp_path).email == "user2@example.com"


def test_a_pilot_with_the_key_of_one_that_failed_sends_only_what_is_missing(tmp_path, sandbox, package):
    sandbox.fault("error_before", status=400, type="order")
    with pytest.raises(Exception, match="answered 400"):
        run_pilot(package, target_of(sandbox.url), STAGES, tmp_path)
    result = run_pilot(package, target_of(sandbox.url), STAGES, tmp_path, key="1")
    assert [(stage.keys, stage.already) for stage in result.stages] == [
        ((), ("1",)),
        ((), ("a1",)),
        (("o1",), ()),
        (("s1",), ()),
    ]
    with pytest.raises(MappingError, match=r"^all that belongs to '1' was uploaded before; choose another with --key$"):
        run_pilot(package, target_of(sandbox.url), STAGES, tmp_path, key="1")


def test_resume_does_not_take_a_pilot_for_the_real_migration(tmp_path, sandbox, package):
    run_pilot(package, target_of(sandbox.url), STAGES, tmp_path)
    with pytest.raises(JournalError, match=r": there is nothing to resume; `etl run` starts a load$"):
        resume(target_of(sandbox.url), STAGES, tmp_path)
    assert sandbox.keys() == ["1"]


def test_resume_takes_back_what_a_pilot_has_planned_and_not_sent(tmp_path, sandbox, package):
    """The user whom the pilot chose goes in the batch in which the package has him."""
    for begin, passed in ((load, 1), (partial(run_pilot, key="5"), 0)):
        sandbox.fault("error_before", status=429, retry_after=86_400, skip=passed)
        with pytest.raises(Unavailable):
            begin(package, target_of(sandbox.url), STAGES, tmp_path)
    assert [(one.state, one.records) for one in pilots(tmp_path)] == [(State.PLANNED, 1)]
    resume(target_of(sandbox.url), STAGES, tmp_path)
    assert sandbox.uploads() == [4, 2] * 4
    assert [one.state for one in pilots(tmp_path)] == [State.SUPERSEDED]


def pilots(root):
    """The batches that pilots have planned."""
    journal = Journal.read(Workspace(root))
    try:
        return [one for one in journal.batches() if one.pilot]
    finally:
        journal.close()


def test_a_pilot_waits_for_the_decision_about_an_unknown_batch(tmp_path, sandbox, package):
    sandbox.fault("error_after")
    with pytest.raises(Ambiguous):
        run_pilot(package, target_of(sandbox.url), STAGES, tmp_path)
    with pytest.raises(Ambiguous, match=r"^the fate of batch 1, 1 record of stage 'user' is unknown: "):
        run_pilot(package, target_of(sandbox.url), STAGES, tmp_path)
    resolve(tmp_path, 1, arrived=True)
    assert run_pilot(package, target_of(sandbox.url), STAGES, tmp_path).email == "user2@example.com"


# verify


@pytest.fixture
def piloted(tmp_path, sandbox, package):
    run_pilot(package, target_of(sandbox.url), STAGES, tmp_path)
    return target_of(sandbox.url, shop_url=sandbox.url)


def outcomes(report):
    return {check.name: check.outcome.value for check in report.checks}


def test_verify_finds_the_pilots_user_address_order_and_items_in_the_shop(tmp_path, sandbox, piloted):
    report = verify(tmp_path, piloted, "USER1@example.com", Secret(PASSWORD))
    assert [(check.name, check.detail) for check in report.checks if check.outcome is LookOutcome.PASSED] == [
        ("login", "logged in"),
        ("user", "user as sent"),
        ("address", "address as sent"),
        ("order", "order as sent"),
        ("items", "1 of 1 as sent"),
    ]
    assert report.passed
    pk = report.checks[4].link.split("/")[-2]
    assert [check.link for check in report.checks] == [
        f"{sandbox.url}/users/login/",
        f"{sandbox.url}/",
        f"{sandbox.url}/account/address/",
        f"{sandbox.url}/users/old-orders/",
        f"{sandbox.url}/users/old-orders/{pk}/",
    ]
    text = (tmp_path / "requests.jsonl").read_text()
    assert PASSWORD not in text
    purposes = [one["purpose"] for one in lines(tmp_path) if one["purpose"].startswith("shop")]
    assert purposes == ["shop", "shop login", *["shop"] * 4]


def test_a_wrong_password_fails_the_login_and_the_rest_cannot_be_looked_at(tmp_path, piloted):
    report = verify(tmp_path, piloted, EMAIL, Secret("wrong"))
    assert outcomes(report) == {
        "login": "failed",
        "user": "could not be made",
        "address": "could not be made",
        "order": "could not be made",
        "items": "could not be made",
    }
    assert report.checks[0].detail.startswith('the shop refuses the login: {"non_field_errors":')
    assert report.checks[1].detail == "not logged in"


@pytest.mark.parametrize(
    ("fault", "detail"),
    [("captcha", "the shop asks for a captcha"), ("one_time_code", "the shop asks for a one-time code")],
)
def test_a_shop_that_wants_to_see_a_person_leaves_the_checks_to_one(fault, detail, tmp_path, sandbox, piloted):
    sandbox.fault(fault)
    report = verify(tmp_path, piloted, EMAIL, Secret(PASSWORD))
    assert set(outcomes(report).values()) == {"could not be made"}
    assert report.checks[0].detail == detail


def test_what_the_shop_does_not_show_as_it_was_sent_fails_and_names_the_difference(tmp_path, sandbox):
    """Omnitron said that the address and the order failed, so the shop has neither."""
    package = make_package(tmp_path / "packages" / "one", whole_shop(1))
    sandbox.fault("errors", type="address")
    with pytest.raises(GateClosed):
        run_pilot(package, target_of(sandbox.url), STAGES, tmp_path)
    report = verify(tmp_path, target_of(sandbox.url, shop_url=sandbox.url), EMAIL, Secret(PASSWORD))
    assert outcomes(report) == {
        "login": "passed",
        "user": "passed",
        "address": "failed",
        "order": "could not be made",
        "items": "could not be made",
    }
    assert [check.detail for check in report.checks[2:]] == [
        "the shop shows no address",
        "no order of this user was sent",
        "no order item of this user was sent",
    ]


def test_a_page_that_breaks_is_a_check_that_could_not_be_made(tmp_path, sandbox, piloted):
    sandbox.fault("error_before", on="shop", status=502, skip=2)
    report = verify(tmp_path, piloted, EMAIL, Secret(PASSWORD))
    assert outcomes(report)["address"] == "could not be made"
    assert "answered 502" in report.checks[2].detail


@pytest.mark.parametrize(
    ("page", "outcome", "detail"),
    [
        ({"orderitem_set": []}, "failed", "the shop shows no item"),
        ({"orderitem_set": None}, "could not be made", "the order's page has no 'orderitem_set'"),
        ({"number": "o1"}, "could not be made", "the order's page has no 'orderitem_set'"),
    ],
)
def test_an_order_page_without_items_is_no_proof_of_them(page, outcome, detail, tmp_path, sandbox, piloted):
    sandbox.fault("error_before", on="shop", status=200, body=page, skip=4)
    report = verify(tmp_path, piloted, EMAIL, Secret(PASSWORD))
    assert outcomes(report) == {**dict.fromkeys(["login", "user", "address", "order"], "passed"), "items": outcome}
    assert report.checks[-1].detail == detail


def test_what_differs_is_masked_by_its_field_whatever_kind_of_value_the_shop_shows(tmp_path, sandbox, piloted):
    page = {"email": ["user1@posta.example"], "first_name": 5321234567, "last_name": "Karabatakoğlu"}
    sandbox.fault("error_before", on="shop", status=200, body=page, skip=USER_PAGE)
    report = verify(tmp_path, piloted, EMAIL, Secret(PASSWORD))
    assert outcomes(report)["user"] == "failed"
    whole = told_checks(report, masked=False).checks[1]
    assert whole.detail.startswith(
        "no user is as it was sent: email is [\"user1@posta.example\"], sent was 'user1@example.com'; "
    )
    masked = json.dumps(plain(told_checks(report, masked=True).checks[1]), ensure_ascii=False)
    assert "no user is as it was sent: email is " in masked
    assert not [word for word in ("posta", "user1", "5321234567", "Karabatak", "Ayşe") if word in masked]


def test_an_email_that_nobody_was_sent_with_is_an_error(tmp_path, piloted):
    with pytest.raises(MappingError, match=r"^no user with the e-mail 'x@example\.com' was sent from "):
        verify(tmp_path, piloted, "x@example.com", Secret(PASSWORD))


def test_without_the_shops_address_there_is_nothing_to_look_at(tmp_path):
    with pytest.raises(MappingError) as caught:
        verify(tmp_path, target_of("https://omnitron.example"), EMAIL, Secret(PASSWORD))
    assert str(caught.value) == "target.shop_url is not set; it is the address at which customers see the shop"
