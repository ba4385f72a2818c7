"""The package on disk: its exact bytes, who may read it, and what happens when it is not whole."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_migration import ORDERS, files_in, manifest_of, write_shop

from etl.commands.dry_run import dry_run
from etl.commands.settings import Settings
from etl.errors import PackageError
from etl.model import Counts
from etl.package import (
    Held,
    Package,
    ProblemExample,
    Reject,
    join_records,
    split_records,
)
from etl.packing import PackageWriter, StageWriter

GOLDEN = Path(__file__).parents[1] / "golden/small"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    return dry_run(write_shop(folder), Settings(folder / "work", workers=1))


@pytest.fixture
def package(made, tmp_path):
    """A copy that a test may damage."""
    return Package.open(shutil.copytree(made.path, tmp_path / "package"))


def refusal(action):
    with pytest.raises(PackageError) as caught:
        action()
    return str(caught.value)


# What is in it

LISTS = ("batches", "index", "rejects", "held", "rows", "kinds")


def test_the_package_of_the_small_shop_is_the_golden_one(made):
    """After a change that is meant, run this test with ETL_GOLDEN=write and look at the difference in git."""
    found = files_in(made.path)
    found["manifest.json"] = (json.dumps(manifest_of(made.path), indent=2) + "\n").encode()
    if os.environ.get("ETL_GOLDEN") == "write":
        shutil.rmtree(GOLDEN, ignore_errors=True)
        for name, data in found.items():
            (GOLDEN / name).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / name).write_bytes(data)
    golden = {str(path.relative_to(GOLDEN)): path.read_bytes() for path in GOLDEN.rglob("*") if path.is_file()}
    assert sorted(found) == sorted(golden)
    for name, data in golden.items():
        assert found[name].decode() == data.decode(), name


def test_the_manifest_knows_every_file_by_its_size_and_sum(made):
    manifest = made.manifest
    entries = [batch.payload for stage in manifest.stages for batch in made.batches(stage)]
    entries += [getattr(stage, name) for stage in manifest.stages for name in LISTS] + [manifest.profile]
    assert {entry.file: (entry.bytes, entry.sha256) for entry in entries} == {
        name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in files_in(made.path).items()
    }
    for one in (manifest.mapping, *manifest.inputs):
        data = Path(one.file).read_bytes()
        assert (one.bytes, one.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_a_package_is_read_as_it_was_written(made):
    opened = Package.open(made.path)
    assert opened.manifest == made.manifest
    stage = opened.stage("order")
    assert stage.counts == Counts(read=7, filtered=0, rejected=1, held=4, valid=2)
    (batch,) = opened.batches(stage)
    assert (batch.number, batch.records, opened.index(batch)) == (1, 2, [("100", 2), ("106", 8)])
    assert [json.loads(record)["number"] for record in opened.records(batch)] == ["100", "106"]
    assert json.loads(opened.payload(batch)) == [json.loads(record) for record in opened.records(batch)]
    assert [(one.row, one.field, one.value) for one in opened.rejects(stage)] == [
        (7, "amount", "ten"), (7, "currency", "EUR"),
    ]  # fmt: skip
    assert next(opened.held(stage)) == Held(
        "orders.csv",
        3,
        "101",
        "user",
        "user",
        "3",
        "rejected",
        "user '3' is rejected (row 4)",
        "orphan:rejected",
        "{stage} {key} is rejected (row {row})",
        {"stage": "user", "key": "3", "row": 4},
    )


def test_records_are_cut_in_batches_of_the_size_that_is_wanted(tmp_path):
    writer = StageWriter(tmp_path, "user", "user", 3)
    for chunk in ([0, 1], [], [2, 3, 4, 5, 6, 7], [8]):
        writer.add([str(n).encode() for n in chunk], [(f"k{n}", n + 2) for n in chunk])
    stage = writer.close(Counts(9, valid=9))
    assert (stage.batches.file, stage.batches.records, writer.records) == ("batches/user.jsonl", 3, 9)
    payloads = [json.loads(line)["payload"] for line in (tmp_path / "batches/user.jsonl").read_bytes().splitlines()]
    assert [one["records"] for one in payloads] == [3, 3, 3]
    assert [one["file"] for one in payloads] == [f"payloads/user/00000{n}.json" for n in (1, 2, 3)]
    assert (tmp_path / "payloads/user/000003.json").read_bytes() == b"[\n6,\n7,\n8\n]\n"
    assert (tmp_path / "index/user.jsonl").read_bytes().splitlines()[2] == b'[["k6",8],["k7",9],["k8",10]]'


def test_a_stage_without_records_has_no_batch_and_empty_lists(tmp_path):
    stage = StageWriter(tmp_path, "user", "user", 3).close(Counts())
    assert (stage.batches.records, stage.rejects.records, stage.held.bytes) == (0, 0, 0)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(
    st.lists(values.map(lambda one: json.dumps(one, ensure_ascii=False).encode("utf-8", "surrogatepass")), max_size=5)
)
def test_a_batch_taken_apart_is_the_records_it_was_made_of(records):
    assert split_records(join_records(records)) == records


@given(st.lists(values, max_size=5))
def test_a_batch_is_a_json_array(records):
    assert json.loads(join_records([json.dumps(one).encode() for one in records])) == records


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("half \ud83d", "half \\ud83d"),
        (10**30, "1" + "0" * 30),
        (-(10**30), "-1" + "0" * 30),
        (["\ud83d", 10**30, 2**63, None, True, 1.5], ["\\ud83d", "1" + "0" * 30, str(2**63), None, True, 1.5]),
        ({"\ud83d": {1: 10**30}}, {"\\ud83d": {"1": "1" + "0" * 30}}),
        (Decimal("1.50"), "1.50"),
        ({1}, "{1}"),
    ],
)  # fmt: skip
def test_a_rejected_value_that_json_cannot_hold_is_written_as_text(tmp_path, value, written):
    writer = StageWriter(tmp_path, "user", "user", 3)
    reject = Reject("a.json", 2, None, "x", value, "why", "type", "{it} is odd", {"it": value})
    writer.reject(reject)
    writer.close(Counts())
    (line,) = (tmp_path / "rejects/user.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == {
        "source": "a.json",
        "row": 2,
        "key": None,
        "field": "x",
        "value": written,
        "reason": "why",
        "rule": "type",
        "words": "{it} is odd",
        "parts": {"it": written},
        "personal": True,
        "severity": "problem",
        "place": None,
    }


def test_kinds_of_problems_are_read_again_when_an_example_holds_what_json_cannot(tmp_path):
    mapping = write_shop(tmp_path)
    (tmp_path / "customers.jsonl").write_text(f'{{"code": 1{"0" * 30}}}\n')
    mapping.write_text(
        """\
version: 1
name: small
target: { url: "https://omnitron.example.com", channel: 7, token: "${TOKEN}" }
sources:
  customers: { jsonl: customers.jsonl }
stages:
  - name: user
    from: customers
    key: customer_code
    fields:
      customer_code: "{{ code | lower }}"
      first_name: Ali
      last_name: Can
      email: ali@example.com
      gender: null
      sms_allowed: false
      email_allowed: false
      date_joined: "2020-01-01 00:00:00"
      password: ffffffffffffffffffffffffffffffff
      password_algorithm: md5
"""
    )
    made = dry_run(mapping, Settings(tmp_path / "work", workers=1))
    (kind,) = made.kinds(made.manifest.stages[0])
    assert kind.examples == [
        ProblemExample(
            "customers.jsonl",
            1,
            None,
            "{function} expects text, not {value}; write `| text` before it",
            {"value": f"1{'0' * 30}", "function": "lower"},
            f"lower expects text, not 1{'0' * 30}; write `| text` before it",
            personal=False,
        )
    ]


def test_a_rejected_value_that_is_nested_too_deeply_is_cut_off(tmp_path):
    nested = []
    for _ in range(400):
        nested = [nested]
    writer = StageWriter(tmp_path, "user", "user", 3)
    writer.reject(Reject("a.json", 2, None, "x", nested, "why", "type", "{it} is odd", {"it": nested}))
    writer.close(Counts())
    assert '["..."]' in (tmp_path / "rejects/user.jsonl").read_text(encoding="utf-8")


# Who may read it


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_nobody_but_the_owner_may_read_it_whatever_the_umask(tmp_path, umask):
    mapping = write_shop(tmp_path / "shop")
    seen = {}

    def look(stage, rows):
        seen.update(modes_below(tmp_path / "work"))

    before = os.umask(umask)
    try:
        package = dry_run(mapping, Settings(tmp_path / "work", workers=1, keys=0), look)
    finally:
        os.umask(before)
    seen.update(modes_below(tmp_path / "work"))
    assert any(".sqlite" in path.name for path in seen)
    assert package.path in seen
    assert {mode for path, mode in seen.items() if mode not in (0o700, 0o600)} == set()


def modes_below(folder):
    """Path to mode, folders 0700 and files 0600 when all is well."""
    found = {}
    for path in (folder, *folder.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        found[path] = mode if (mode == 0o700) == path.is_dir() else 0
    return found


# Whole, or not there


def test_a_package_has_its_name_only_when_it_is_whole(tmp_path):
    packages = tmp_path / "work/shop/packages"
    seen = []
    package = dry_run(
        write_shop(tmp_path),
        Settings(tmp_path / "work", workers=1),
        lambda stage, rows: seen.append([path.name for path in packages.iterdir()]),
    )
    assert seen == [[f"{package.path.name}.partial"]] * 3
    assert [path.name for path in packages.iterdir()] == [package.path.name]
    assert not (package.path / ".scratch").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError("disk full"), AssertionError])
@pytest.mark.parametrize("at", ["user", "order_item"])
def test_a_preparation_that_is_interrupted_leaves_nothing(tmp_path, error, at):
    def stop(stage, rows):
        if stage == at:
            raise error

    with pytest.raises(error if isinstance(error, type) else type(error)):
        dry_run(write_shop(tmp_path), Settings(tmp_path / "work", workers=1, keys=0), stop)
    assert list((tmp_path / "work/shop/packages").iterdir()) == []


def test_two_packages_of_the_same_second_have_different_names(tmp_path):
    mapping, settings = write_shop(tmp_path), Settings(tmp_path / "work", workers=1)
    made = [dry_run(mapping, settings) for _ in range(3)]
    assert len({package.path for package in made}) == 3
    assert files_in(made[0].path) == files_in(made[1].path) == files_in(made[2].path)


def test_a_package_that_was_never_finished_is_removed(tmp_path):
    with PackageWriter(tmp_path / "packages/one") as writer:
        writer.stage("user", "user", 5).add([b"1"], [("k", 2)])
        assert writer.scratch.is_dir()
    assert list((tmp_path / "packages").iterdir()) == []


# What is wrong with it


def test_a_folder_that_is_no_package_says_how_to_make_one(tmp_path):
    assert refusal(lambda: Package.open(tmp_path)) == (
        f"{tmp_path}: not a package (no manifest.json); `etl dry-run` makes one"
    )
    file = tmp_path / "file"
    file.touch()
    assert refusal(lambda: Package.open(file)) == f"{file}: not a package (no manifest.json); `etl dry-run` makes one"


def test_a_package_of_another_version_names_the_version_that_wrote_it(package):
    manifest = package.path / "manifest.json"
    manifest.write_text('{"format": 4, "versions": {"omnitron-etl": "9.1"}, "stages": "a new kind"}', encoding="utf-8")
    assert refusal(lambda: Package.open(package.path)) == (
        f"{manifest}: written by omnitron-etl 9.1 as package format 4, and this version reads 3; make the package again "
        "with `etl dry-run`; to go on with an upload of it, use omnitron-etl 9.1"
    )


@pytest.mark.parametrize("damage", ["", "{}", "[]", '{"format": 3, "stages": []}'])
def test_a_damaged_manifest_says_to_make_the_package_again(package, damage):
    manifest = package.path / "manifest.json"
    manifest.write_text(damage, encoding="utf-8")
    assert refusal(lambda: Package.open(package.path)) == (
        f"{manifest}: damaged; make the package again with `etl dry-run`"
    )


def test_a_payload_that_was_changed_is_not_sent(package):
    (batch,) = package.batches(package.stage("order"))
    payload = package.path / batch.payload.file
    payload.write_bytes(payload.read_bytes().replace(b"1299.9", b"1299.0"))
    for read in (package.payload, package.records):
        assert refusal(lambda read=read: read(batch)) == (
            f"{payload}: changed since it was prepared (SHA-256 differs); nothing of it is used"
        )


@pytest.mark.parametrize("damage", [b"", b"{}\n", b"no json\n"], ids=["gone", "no batch", "no json"])
def test_a_list_of_batches_that_was_changed_is_not_believed(package, damage):
    stage = package.stage("order")
    file = package.path / stage.batches.file
    file.write_bytes(damage)
    assert refusal(lambda: list(package.batches(stage))) == (
        f"{file}: changed since it was prepared (SHA-256 differs); nothing of it is used"
    )


@pytest.mark.parametrize("read", ["payload", "index"])
def test_a_file_that_is_missing_is_named(package, read):
    (batch,) = package.batches(package.stage("order"))
    file = package.path / getattr(batch, read).file
    file.unlink()
    assert refusal(lambda: getattr(package, read)(batch)) == (
        f"{file}: missing; the package is incomplete, make it again with `etl dry-run`"
    )


def test_the_lists_of_rejects_and_held_records_are_checked_too(package):
    stage = package.stage("order")
    for entry, read in ((stage.rejects, package.rejects), (stage.held, package.held)):
        (package.path / entry.file).write_bytes(b"")
        assert refusal(lambda read=read: list(read(stage))) == (
            f"{package.path / entry.file}: changed since it was prepared (SHA-256 differs); nothing of it is used"
        )


def test_the_sources_are_named_with_their_sums_so_that_a_change_shows(tmp_path):
    settings = Settings(tmp_path / "work", workers=1)
    first = dry_run(write_shop(tmp_path), settings).manifest
    second = dry_run(write_shop(tmp_path, orders=ORDERS + "\n"), settings).manifest
    assert first.mapping == second.mapping
    changed = [one.name for one, other in zip(first.inputs, second.inputs, strict=True) if one.sha256 != other.sha256]
    assert changed == ["orders"]
