"""`etl diff` says which of the records that differ have been uploaded."""

from pathlib import Path

import pytest
from load_helpers import STAGES, make_package, target_of, user, users, whole_shop

from etl.commands.diff import Preparing, diff
from etl.commands.settings import Settings
from etl.load.uploader import load
from etl.report.differing import difference_lines, masked_difference

TARGET = "http_127.0.0.1_8765_channel_1"


@pytest.fixture
def loaded(sandbox, tmp_path):
    package = make_package(tmp_path / "shop/packages/one", whole_shop(5))
    load(package, target_of(sandbox.url), STAGES, tmp_path / "shop" / TARGET)
    return package


def uploaded(old, new):
    found = diff(old.path, new.path, Preparing(Settings))
    return [
        (stage.name, one.target, one.changed, one.gone, one.keys) for stage in found.stages for one in stage.uploaded
    ]


def test_of_what_is_changed_or_gone_it_is_told_what_has_arrived_where(loaded, tmp_path):
    later = whole_shop(7)
    later["user"][1:3] = [("2", user(2, first_name="Ali"))]
    new = make_package(tmp_path / "shop/packages/two", later)
    assert uploaded(loaded, new) == [("user", TARGET, 1, 1, ("2", "3"))]
    lines = list(difference_lines(masked_difference(diff(loaded.path, new.path, Preparing(Settings)))))
    assert f"  uploaded to {TARGET} already: 1 of the changed and 1 of the gone: '2', '3'" in lines


def test_what_was_never_sent_is_not_said_to_be_uploaded(loaded, tmp_path):
    one = make_package(tmp_path / "shop/packages/two", users("8", "9"))
    assert uploaded(one, make_package(tmp_path / "shop/packages/three", users("8", "9", first_name="Ali"))) == []


def test_a_package_elsewhere_has_no_journal_to_ask(loaded, tmp_path):
    moved = Path(loaded.path).rename(tmp_path / "one")
    new = make_package(tmp_path / "two", users("2", first_name="Ali"))
    found = diff(moved, new.path, Preparing(Settings), ("user",))
    assert (found.stages[0].gone, found.stages[0].uploaded) == (4, ())
