"""Packages that are not whole: those of a living preparation are never touched, those of a dead one are told of and removed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from commands import etl, target
from commands import write_shop as write_small
from load_helpers import TOKEN, Sandbox, make_package, users
from small_migration import write_shop

from etl.commands.dry_run import dry_run
from etl.commands.settings import Settings
from etl.package import Package
from etl.partial import claim, partial_of, sweep

PREPARES = """
import sys
from pathlib import Path
from etl.commands.dry_run import dry_run
from etl.commands.settings import Settings

def wait(stage, rows):
    print("preparing", flush=True)
    sys.stdin.readline()

print(dry_run(Path(sys.argv[1]), Settings(Path(sys.argv[2]), workers=1), wait).path)
"""


@contextmanager
def preparing(mapping, work):
    """A process that has begun to prepare, and goes on when it is written to."""
    command = [sys.executable, "-c", PREPARES, str(mapping), str(work)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "preparing\n"
            yield process
        finally:
            process.kill()


@pytest.fixture
def shop(tmp_path):
    return write_shop(tmp_path)


@pytest.fixture
def packages(tmp_path):
    return tmp_path / "work/shop/packages"


def told(mapping, work):
    """What a dry-run says of what is out of the ordinary."""
    said = []
    dry_run(mapping, Settings(work, workers=1, tell=said.append))
    return said


def test_what_a_killed_preparation_left_is_told_of_and_removed_by_the_next(tmp_path, shop, packages):
    with preparing(shop, tmp_path / "work") as process:
        process.kill()
    [left] = packages.glob("*.partial")
    assert told(shop, tmp_path / "work") == [
        f"{left}: was left unfinished by a preparation that was killed; removed",
    ]
    assert [path.suffix for path in packages.iterdir()] == [""]
    assert told(shop, tmp_path / "work") == []


def test_a_package_that_is_being_prepared_is_not_touched_by_another_preparation(tmp_path, shop, packages):
    with preparing(shop, tmp_path / "work") as process:
        assert told(shop, tmp_path / "work") == []
        out, _ = process.communicate("\n" * 100, timeout=60)
    made = Path(out.splitlines()[-1])
    Package.open(made).check()
    assert {path.name for path in packages.iterdir()} > {made.name}


def test_the_command_tells_it_on_standard_error_and_not_among_the_json(tmp_path, shop):
    left = tmp_path / "work/shop/packages/20260101T000000Z.partial"
    left.mkdir(parents=True)
    ended = etl("dry-run", shop, "--json", cwd=tmp_path)
    assert f"warning: {left}: was left unfinished by a preparation that was killed; removed\n" in ended.stderr
    assert json.loads(ended.stdout)["package"]
    assert not left.exists()


def test_what_has_another_name_and_what_is_no_folder_is_left_alone(packages):
    for name in ("mine.partial", "20260101T000000Z", "20260101T000000Z-2"):
        (packages / name).mkdir(parents=True)
    (packages / "elsewhere").mkdir()
    (packages / "20260101T000000Z.partial").symlink_to(packages / "elsewhere")
    (packages / "20260101T000000Z-2.partial").touch()
    before = sorted(packages.iterdir())
    said = [sentence.partition(": ")[2] for sentence in sweep(packages)]
    assert said == ["cannot be looked at (Not a directory); remove it when nothing is being prepared"] * 2
    assert sorted(packages.iterdir()) == before


def test_what_cannot_be_removed_is_told_of_and_keeps_nothing_from_being_prepared(packages, monkeypatch):
    left = packages / "20260101T000000Z.partial"
    left.mkdir(parents=True)

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("etl.partial.shutil.rmtree", refuse)
    assert list(sweep(packages)) == [
        f"{left}: was left unfinished by a preparation that was killed, and cannot be removed (Permission denied)"
    ]


def test_preparations_of_one_second_have_packages_of_their_own(tmp_path):
    """Each begins when all have begun: nobody sees a name that is taken before it wants it."""

    def make(number):
        return make_package(tmp_path / "packages/one", users(number)).path

    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(make, range(40)))
    assert len(set(made)) == 40
    assert sorted(path.name for path in made) == sorted(["one", *(f"one-{n}" for n in range(2, 41))])
    for number, path in enumerate(made):
        package = Package.open(path)
        package.check()
        assert f'"customer_code":"{number}"'.encode() in (path / "payloads/user/000001.json").read_bytes()


def test_whoever_wants_a_name_that_is_taken_gets_the_next_one_and_leaves_nothing_at_the_first(packages):
    (packages / "one").mkdir(parents=True)
    path, handle = claim(packages / "one")
    os.close(handle)
    assert path == packages / "one-2"
    assert sorted(one.name for one in packages.iterdir()) == ["one", "one-2.partial"]


def test_nobody_claims_what_another_has_or_loses_what_it_has_to_a_sweep(tmp_path):
    """Claims and sweeps in any order, from several threads: what is claimed is there, and one's own."""
    wanted = tmp_path / "packages/20260101T000000Z"
    held = Counter()

    def round_of(number):
        path, handle = claim(wanted)
        held[path] += 1
        assert held[path] == 1
        (partial_of(path) / "mine").write_text(str(number))
        list(sweep(wanted.parent))
        assert (partial_of(path) / "mine").read_text() == str(number)
        held[path] -= 1
        os.close(handle)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(round_of, range(300)))
    list(sweep(wanted.parent))
    assert list(wanted.parent.iterdir()) == []


def test_of_runs_that_begin_at_once_one_sends_and_the_others_say_who_holds_it_or_find_all_sent(tmp_path):
    mapping, sandbox = write_small(tmp_path), Sandbox()
    try:
        with ThreadPoolExecutor(4) as threads:
            ended = list(threads.map(lambda _: etl("run", mapping, **target(sandbox.url, TOKEN)), range(4)))
        assert sandbox.keys() == ["1", "2"]
    finally:
        sandbox.close()
    for one in ended:
        assert one.returncode == 0 or (one.returncode == 2 and " is held by `etl run " in one.stderr), one
    assert 0 in [one.returncode for one in ended]
