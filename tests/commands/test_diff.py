"""`etl diff`: in which records two packages, or what two mappings make, differ."""

import json
import random
from contextlib import closing
from dataclasses import replace

import pytest
from commands import etl
from load_helpers import make_package, order, user, users, whole_shop
from small_migration import CUSTOMERS, MAPPING, write_shop

from etl.commands.diff import Preparing, diff
from etl.commands.dry_run import dry_run
from etl.commands.sample import sample
from etl.commands.settings import Settings
from etl.errors import MappingError, PackageError
from etl.package.changes import changes
from etl.package.pairs import Pair, Waiting, pairs
from etl.report.differing import difference_lines, masked_difference


def settings_of(mapping):
    return Settings(mapping.parent / "work", workers=1)


def compared(old, new=None, **how):
    return diff(getattr(old, "path", old), getattr(new, "path", new), Preparing(settings_of), **how)


def told(found):
    return list(difference_lines(masked_difference(found)))


def orders_of(tmp_path, name, records):
    return make_package(tmp_path / name, {"order": [(one["number"], one) for one in records]})


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    mapping = write_shop(tmp_path_factory.mktemp("diff"))
    return mapping, dry_run(mapping, settings_of(mapping))


def edited(mapping, name="new.yaml", **changes):
    """The mapping beside itself, with pieces of it replaced by others."""
    text = MAPPING
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new)
    (mapping.parent / name).write_text(text, encoding="utf-8")
    return mapping.parent / name


# Pairs of records


@pytest.mark.parametrize("most", [0, 3, 1000])
def test_records_meet_in_whatever_order_they_stand_and_however_few_may_wait_in_memory(tmp_path, most):
    codes = [str(code) for code in range(60)]
    shuffled = random.Random(most).sample(codes, 60)
    old = make_package(tmp_path / "old", users(*codes, "gone"))
    new = make_package(tmp_path / "new", users("added", *shuffled))
    found = list(pairs(old, new, "user", most))
    assert sorted(one.key for one in found) == sorted([*codes, "gone", "added"])
    assert [one.key for one in found if one.new is None] == ["gone"]
    assert [one.key for one in found if one.old is None] == ["added"]
    assert all(one.old == one.new for one in found[:-2])
    assert isinstance(found[0], Pair)


def test_what_waits_is_given_once_and_in_the_order_in_which_it_came():
    with closing(Waiting(2)) as waiting:
        for number in range(7):
            waiting.add(str(number), b"%d" % number)
        assert [waiting.take(key) for key in ("1", "1", "6", "x")] == [b"1", None, b"6", None]
        assert [key for key, _ in waiting.left()] == ["0", "2", "3", "4", "5"]


def test_a_number_is_not_the_same_number_with_a_point_or_as_text():
    found = changes(b'{"a":1,"b":1,"c":true,"d":null}', b'{"a":1.0,"b":"1","c":1,"e":null}')
    assert [(one.field, str(one.what)) for one in found] == [
        ("a", "changed"),
        ("b", "changed"),
        ("c", "changed"),
        ("d", "removed"),
        ("e", "added"),
    ]


# Two packages


def test_records_are_added_gone_and_changed_field_by_field(tmp_path):
    old = make_package(tmp_path / "old", users("1", "2", "3"))
    changed = {"user": [*users("1")["user"], ("2", user(2, phone="5321234567", first_name="Ali")), ("4", user(4))]}
    found = compared(old, make_package(tmp_path / "new", changed))
    (stage,) = found.stages
    assert (stage.old, stage.new, stage.added, stage.gone, stage.changed, stage.same) == (3, 3, 1, 1, 1, 1)
    assert told(found) == [
        "user:",
        "  1 record added (1 left out by `where` or not in the source before): '4'",
        "  1 record gone (1 left out by `where` or not in the source now): '3'",
        "  first_name: changed in 1 record",
        '    \'2\': "A***" -> "A***"',
        "  phone: changed in 1 record",
        "    '2': null -> \"5***\"",
    ]
    assert '    \'2\': "Ayşe" -> "Ali"' in list(difference_lines(found))


def test_a_package_that_was_not_to_hold_everything_is_said_to_be_a_part(tmp_path):
    mapping = write_shop(tmp_path)
    whole = dry_run(mapping, settings_of(mapping))
    few = sample(mapping, settings_of(mapping)).package
    first = dry_run(mapping, replace(settings_of(mapping), limit=1))
    found = compared(few, whole)
    assert found.notes == (
        f"{few} is a sample: records that only the other has are counted as beyond, and are no difference",
    )
    assert sum(one.beyond for one in found.stages) > 0
    assert (found.differs, told(found)) == (False, ["The records that both were to hold are the same."])
    found = compared(whole, first)
    assert (
        f"{first.path} was made with --limit: records that only the other has are counted as beyond, and are no difference"
        in found.notes
    )
    assert [(one.gone_are, one.gone) for one in found.stages] == [({}, 0)] * len(found.stages)
    assert sum(one.beyond for one in found.stages) > 0


def test_a_password_is_shown_to_nobody(tmp_path):
    old, new = make_package(tmp_path / "a", users("1")), make_package(tmp_path / "b", users("1", password="e" * 32))
    (stage,) = compared(old, new).stages
    assert [(one.field, one.examples[0].old, one.examples[0].new) for one in stage.fields] == [
        ("password", "(hidden)", "(hidden)")
    ]


def test_it_is_told_where_changes_are_concentrated(tmp_path):
    """Of 200 orders 20 are in EUR; 19 of the 20 that change are."""
    records = [order(f"o{n}", 1, currency="eur" if n < 20 else "try", status="550") for n in range(200)]
    later = [{**one, "amount": 1.0} if 1 <= n <= 20 else one for n, one in enumerate(records)]
    found = compared(orders_of(tmp_path, "old", records), orders_of(tmp_path, "new", later))
    assert told(found)[-1] == '    95 % of these have currency = "eur", 9.5 times its share of all records'
    assert told(found)[1] == "  amount: changed in 20 records"


def test_added_and_gone_records_are_concentrated_among_those_of_their_own_package(tmp_path):
    records = [order(f"o{n}", 1, currency="eur" if n < 20 else "try") for n in range(200)]
    found = compared(orders_of(tmp_path, "old", records), orders_of(tmp_path, "new", records[20:]))
    (one,) = found.stages[0].concentrated
    assert (one.fate, one.column, one.value, one.count, one.of, one.times) == ("gone", "currency", "eur", 20, 20, 10)
    back = compared(orders_of(tmp_path, "old2", records[20:]), orders_of(tmp_path, "new2", records))
    assert [(one.fate, one.value) for one in back.stages[0].concentrated] == [("added", "eur")]


def test_a_field_that_changes_is_not_said_to_be_concentrated_in_its_own_new_value(tmp_path):
    records = [order(f"o{n}", 1, status="550") for n in range(200)]
    later = [{**one, "status": "600"} if n < 20 else one for n, one in enumerate(records)]
    found = compared(orders_of(tmp_path, "old", records), orders_of(tmp_path, "new", later))
    assert found.stages[0].concentrated == ()


def test_stages_that_only_one_of_the_two_has_are_named(tmp_path):
    shop = whole_shop(2)
    old = make_package(tmp_path / "old", {"user": shop["user"], "address": shop["address"]})
    new = make_package(tmp_path / "new", {"user": shop["user"], "order": shop["order"]})
    found = compared(old, new)
    assert told(found) == ["stage 'order' is new", "stage 'address' is gone"]
    assert found.differs
    assert not compared(old, new, stages=("user",)).differs
    with pytest.raises(MappingError, match="neither of the two has such a stage; there are: user, address, order"):
        compared(old, new, stages=("users",))


def test_a_package_that_was_changed_is_not_compared(tmp_path):
    old, new = make_package(tmp_path / "old", users("1")), make_package(tmp_path / "new", users("1"))
    payload = new.path / "payloads/user/000001.json"
    payload.chmod(0o600)
    payload.write_bytes(payload.read_bytes().replace(b"user1@", b"user9@"))
    with pytest.raises(PackageError, match="changed since it was prepared"):
        compared(old, new)


# Mappings


def test_a_mapping_alone_is_held_against_its_last_package_and_nothing_is_kept(shop):
    mapping, package = shop
    found = compared(mapping)
    assert (found.old, found.new, found.differs, found.notes) == (str(package.path), str(mapping), False, ())
    assert told(found) == ["The same records would be sent."]
    assert list(package.path.parent.iterdir()) == [package.path]


def test_what_an_edit_changes_is_told_with_what_became_of_records_that_are_gone(shop):
    mapping, _ = shop
    new = edited(mapping, kept=("active == '1'", "id != '7'"), currency=("TL: try, USD: usd", "TL: try"))
    found = compared(mapping, new)
    by_name = {stage.name: stage for stage in found.stages}
    assert (by_name["user"].added_were, by_name["user"].gone_are) == ({"absent": 1}, {"absent": 1})
    assert (by_name["order"].gone, by_name["order"].gone_are) == (1, {"rejected": 1})
    assert by_name["order"].added_were == {"held": 1}
    assert by_name["order_item"].added_were == {"held": 1}
    assert "  1 record gone (1 rejected now): '106'" in told(found)


def test_a_record_that_is_merged_now_is_said_to_be_so(tmp_path):
    both = dry_run(write_shop(tmp_path, mapping=MAPPING.replace("unique: [email]", "")), settings_of(tmp_path / "m"))
    merging = MAPPING.replace("unique: [email]", "unique: [email]\n    duplicates: merge")
    merged = dry_run(write_shop(tmp_path, mapping=merging), settings_of(tmp_path / "m"))
    lines = told(compared(both, merged))
    assert "  1 record gone (1 merged into another now): '3'" in lines
    assert [line.strip() for line in lines if "user: changed" in line] == ["user: changed in 1 record"]


def test_that_the_source_has_changed_is_said(shop, tmp_path):
    _, package = shop
    other = write_shop(tmp_path / "other", customers=CUSTOMERS.replace("0532 123 45 67", "0533 123 45 67"))
    found = compared(package.path, other)
    assert found.notes == ("'customers' has changed between the two: records may differ for that alone",)
    assert [one.field for one in found.stages[0].fields] == ["phone"]


def test_the_command_says_by_its_exit_code_that_something_differs_only_when_it_is_asked_to(shop):
    mapping, package = shop
    new = edited(mapping, "another.yaml", phone=("default=none", "default='5300000000'"))
    place = {"cwd": mapping.parent}
    done = etl("diff", package.path, new, "--workers", 1, **place)
    assert (done.returncode, done.stderr) == (0, "")
    assert "user:\n  phone: changed in 1 record\n" in done.stdout
    assert etl("diff", package.path, new, "--workers", 1, "--exit-code", **place).returncode == 1
    assert etl("diff", "migration.yaml", "--workers", 1, "--exit-code", **place).returncode == 0
    plain = json.loads(etl("diff", package.path, new, "--workers", 1, "--json", **place).stdout)
    assert plain["differs"]
    assert [(one["name"], one["changed"], one["same"]) for one in plain["stages"][:1]] == [("user", 1, 2)]
    assert "Ayse@" not in json.dumps(plain)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nowhere.yaml"], "nowhere.yaml: there is no such mapping"),
        (["nowhere", "migration.yaml"], "nowhere: there is no such package or mapping\n"),
        (["migration.yaml", "--stage", "orders"], "--stage orders: neither of the two has such a stage; there are: "),
    ],
)
def test_what_cannot_be_compared_is_told(shop, words, told):
    mapping, _ = shop
    done = etl("diff", *words, "--workers", 1, cwd=mapping.parent)
    assert done.returncode == 2
    assert done.stderr.startswith(told)


def test_a_package_may_be_named_by_its_manifest_and_a_folder_without_one_is_no_mapping_to_advise(shop):
    mapping, package = shop
    assert not compared(package.path / "manifest.json", package.path).differs
    (package.path.parent / "20200101T000000Z").mkdir()
    done = etl("diff", "work/shop/packages/20200101T000000Z", "migration.yaml", "--workers", 1, cwd=mapping.parent)
    (package.path.parent / "20200101T000000Z").rmdir()
    assert done.returncode == 2
    assert done.stderr.endswith("not a package (no manifest.json); `etl dry-run migration.yaml` makes one\n")


def test_a_package_alone_asks_for_another_one(shop):
    _, package = shop
    with pytest.raises(MappingError, match="is a package; name what to compare it with"):
        compared(package.path)


def test_a_mapping_without_a_package_is_told_how_to_make_one(tmp_path):
    with pytest.raises(MappingError, match="there is no package yet; `etl dry-run` makes one"):
        compared(write_shop(tmp_path / "new"))
