"""A journal that knows less than what lies beside it sends nothing; a safe copy, and work that goes on on another machine."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import tarfile
from typing import Any

import pytest
from commands import etl, target
from fault_world import Detour
from killing import Migration, write_shop
from load_helpers import TOKEN

from etl.address import target_name
from etl.commands import run as running
from etl.commands import transfer
from etl.commands.settings import Settings
from etl.commands.which import Which
from etl.errors import MappingError
from etl.journal.folder import MigrationFolder
from etl.omnitron.client import new_session
from etl.outside import Outside

SMALL: dict[str, Any] = {"customers": 3, "dirty": False, "batch_size": 2}


@pytest.fixture
def shop(tmp_path, sandbox):
    return Migration(tmp_path, sandbox, write_shop(tmp_path, **SMALL))


def lacks(shop, what):
    return (
        f"{shop.root}/journal.sqlite: lacks what lies beside it: {what}. It is lost, empty, or an older or incomplete copy, and "
        "going on would send records again. Put the whole of it back: journal.sqlite with its -wal file, as it was last. "
        "Nothing was sent"
    )


def assert_nothing_goes_on(shop, what):
    before = shop.sandbox.uploads()
    for name in ("run", "resume", "pilot", "status", "dry-run"):
        ended = shop.etl(name)
        assert (name, ended.code, ended.summary["problems"]) == (name, 2, [lacks(shop, what)])
    assert shop.sandbox.uploads() == before


# Less than its neighbours


def test_a_journal_that_is_gone_or_empty_is_no_new_one(shop):
    assert shop.etl("run").code == 0
    journal = shop.root / "journal.sqlite"
    kept = journal.read_bytes()
    for damage in (journal.unlink, lambda: journal.write_bytes(b"")):
        damage()
        assert_nothing_goes_on(shop, "requests.jsonl knows that batch 1 was sent")
    (shop.root / "requests.jsonl").unlink()
    journal.write_bytes(kept)
    assert shop.etl("run").code == 0


def test_a_journal_that_is_gone_is_missed_by_the_bytes_of_its_batches(shop):
    shop.etl("pilot")
    for name in ("journal.sqlite", "requests.jsonl"):
        (shop.root / name).unlink()
    assert_nothing_goes_on(shop, f"there are the bytes of batches, such as {shop.root}/batches/user/000001.json")


def test_an_older_copy_of_the_journal_is_noticed(shop):
    shop.killed_at("planned:written:2", "run")
    older = (shop.root / "journal.sqlite").read_bytes()
    assert shop.etl("resume").code in (0, 2)
    assert shop.etl("run").code == 0
    for name in ("journal.sqlite-wal", "journal.sqlite-shm"):
        (shop.root / name).unlink(missing_ok=True)
    (shop.root / "journal.sqlite").write_bytes(older)
    assert_nothing_goes_on(shop, "requests.jsonl knows that batch 1 was sent")


@pytest.mark.parametrize("whole", [0, 0.5])
def test_a_journal_that_was_copied_without_its_wal_or_with_half_of_it_is_noticed(whole, shop):
    shop.killed_at("done:written:4", "run")
    wal = shop.root / "journal.sqlite-wal"
    assert wal.stat().st_size > 0
    wal.write_bytes(wal.read_bytes()[: int(wal.stat().st_size * whole)])
    (shop.root / "journal.sqlite-shm").unlink()
    ended = shop.etl("status")
    assert (ended.code, "lacks what lies beside it: requests.jsonl knows that batch" in ended.error) == (2, True)
    before = shop.sandbox.uploads()
    assert shop.etl("run").code == shop.etl("resume").code == 2
    assert shop.sandbox.uploads() == before


def test_a_second_attempt_that_only_the_log_knows_of_is_noticed(shop):
    assert shop.etl("run").code == 0
    log = shop.root / "requests.jsonl"
    first = next(line for line in log.read_text().splitlines() if '"phase":"sending"' in line)
    log.write_text(log.read_text() + first + "\n")
    assert_nothing_goes_on(shop, "requests.jsonl knows that batch 1 was sent")


def test_a_run_that_only_the_log_knows_of_is_noticed(shop):
    assert shop.etl("run").code == 0
    log = shop.root / "requests.jsonl"
    log.write_text(log.read_text().replace('"run":1,', '"run":7,'))
    assert_nothing_goes_on(shop, "requests.jsonl knows of run 7")


def test_a_line_of_the_log_that_a_crash_cut_short_is_not_held_against_the_journal(shop):
    assert shop.etl("run").code == 0
    with (shop.root / "requests.jsonl").open("a") as file:
        file.write('{"time":"2026-01-01","run":1,"batch":99,"phase":"sending","sha')
    assert shop.etl("run").code == 0


def test_the_line_after_one_that_a_crash_cut_short_is_whole(shop):
    shop.etl("pilot")
    log = shop.root / "requests.jsonl"
    with log.open("a") as file:
        file.write('{"time":"2026')
    assert shop.etl("run").code == 0
    found = [line for line in log.read_text().splitlines() if not line.endswith("}")]
    assert found == ['{"time":"2026']


def test_when_planning_has_ended_the_one_file_knows_all_that_was_planned(shop):
    shop.killed_at("sending:unwritten", "run")
    copy = shop.folder / "copy.sqlite"
    shutil.copy(shop.root / "journal.sqlite", copy)
    with sqlite3.connect(copy) as journal:
        [(batches, records)] = journal.execute("SELECT count(*), sum(records) FROM batches WHERE state = 'planned'")
    journal.close()
    assert (batches, records) == (8, 12)


# Backup


def journal_command(shop, name, *more, cwd=None):
    return etl("journal", name, shop.mapping, *more, cwd=cwd, **target(shop.sandbox.url, TOKEN))


def test_a_backup_has_all_that_belongs_together_and_goes_on_where_it_is_unpacked(shop, tmp_path):
    assert shop.etl("pilot").code == 0
    file = tmp_path / "backup.tar"
    done = journal_command(shop, "backup", file)
    name = shop.root.name
    assert (done.returncode, done.stdout) == (0, f"{file}: a copy of all that is known of {name}\n")
    assert file.stat().st_mode & 0o777 == 0o600
    with tarfile.open(file) as archive:
        names = archive.getnames()
    assert {f"{name}/journal.sqlite", f"{name}/requests.jsonl", f"{name}/batches/user/000001.json", "targets.json"} <= {
        *names
    }
    assert f"packages/{shop.package()}/manifest.json" in names
    done = journal_command(shop, "backup", file)
    assert (done.returncode, done.stderr) == (2, f"{file}: is there already; name another file\n")
    shutil.rmtree(shop.home)
    shop.home.mkdir()
    subprocess.run(["tar", "-xf", file, "-C", shop.home], check=True)
    ended = shop.etl("run")
    assert (ended.code, [one["already"] for one in ended.summary["stages"]]) == (0, [1, 1, 1, 1])
    assert shop.sandbox.keys() == ["1", "2", "3"]


def test_where_nothing_was_sent_there_is_nothing_to_back_up_or_hand_over(shop, tmp_path):
    for name in ("backup", "hand-over"):
        done = journal_command(shop, name, tmp_path / "file")
        assert (done.returncode, done.stderr) == (
            2,
            f"{shop.root}/journal.sqlite: no journal here; nothing has been sent to this target from this workspace yet. "
            f"`etl run {shop.mapping}` sends it; what was sent from another workspace is known there: name that with "
            "--workspace\n",
        )
        assert not (tmp_path / "file").exists()


# Handing over


@pytest.fixture
def elsewhere(shop, tmp_path_factory):
    """The same migration on what stands for another machine."""
    folder = tmp_path_factory.mktemp("elsewhere")
    return Migration(folder, shop.sandbox, write_shop(folder, **SMALL))


def test_work_is_handed_over_and_goes_on_elsewhere_and_only_there(shop, elsewhere, tmp_path):
    shop.killed_at("accepted:written:2", "run")
    file = tmp_path / "work.tar"
    done = journal_command(shop, "hand-over", file)
    assert (done.returncode, done.stdout) == (
        0,
        f"{file}: nothing more is sent to {shop.root.name} from here; take it, once, to where it goes on, then "
        "`etl journal take-over MAPPING FILE` there\n",
    )
    for name in ("run", "resume", "pilot"):
        ended = shop.etl(name)
        told = re.sub(r"by \S+ at \S+,", "by WHO at WHEN,", ended.summary["problems"][0])
        assert (ended.code, told) == (
            2,
            f"{shop.root}: was handed over by WHO at WHEN, and sends nothing more; go on where it was taken over. When the other "
            f"one is gone for good: `etl journal moved {shop.mapping} --target {shop.root.name} --workspace {shop.folder}/work`",
        )
    assert journal_command(shop, "hand-over", tmp_path / "again.tar").returncode == 2
    status = shop.etl("status").summary
    assert (status["barred"], status["forecast"]) == (shop.etl("run").summary["problems"][0], None)
    shown = etl("status", shop.mapping, "--workspace", shop.home.parent, **target(shop.sandbox.url, TOKEN)).stdout
    assert status["barred"] in shown
    done = journal_command(elsewhere, "take-over", file)
    assert (done.returncode, done.stderr) == (0, "")
    assert [one.name for one in tmp_path.glob("work.tar*")] == ["work.tar.taken"]
    assert elsewhere.etl("status").summary["barred"] is None
    assert elsewhere.etl("resume").code == 0
    assert elsewhere.etl("run").code == 0
    assert shop.sandbox.keys() == ["1", "2", "3"]
    assert {path.stat().st_mode & 0o077 for path in elsewhere.home.rglob("*")} == {0}


def test_what_was_handed_over_is_not_begun_anew_here(shop, elsewhere, tmp_path):
    """Both would send, and what is called this machine may be the end of a tunnel."""
    assert shop.etl("run").code == 0
    assert journal_command(shop, "hand-over", tmp_path / "work.tar").returncode == 0
    assert journal_command(elsewhere, "take-over", tmp_path / "work.tar").returncode == 0
    done = etl("start-over", shop.mapping, "--target", shop.root.name, **target(shop.sandbox.url, TOKEN))
    assert done.returncode == 2
    assert f"{shop.root}: was handed over by " in done.stderr
    assert shop.etl("run").code == 2
    assert shop.sandbox.keys() == ["1", "2", "3"]


def test_where_nobody_can_be_asked_a_moved_journal_is_one_only_with_its_targets_name(shop, tmp_path):
    assert shop.etl("pilot").code == 0
    assert journal_command(shop, "hand-over", tmp_path / "work.tar").returncode == 0
    done = journal_command(shop, "moved")
    assert (done.returncode, done.stderr) == (
        2,
        "there is no terminal to ask for the target's name; "
        f"`etl journal moved {shop.mapping} --target {shop.root.name}`\n",
    )
    assert shop.etl("run").code == 2


def test_what_belongs_to_the_migration_as_a_whole_is_handed_over_too(shop, elsewhere, tmp_path):
    """Under another secret the records of customers without a password would have other bytes than those that were sent."""
    text = shop.mapping.read_text().replace("3cb4e732631f47e6eb961f34554b7cde", '"{{ id | unusable_password }}"')
    for one in (shop, elsewhere):
        one.mapping.write_text(text.replace("algorithm: md5", "algorithm: sha256"))
    folder, there = MigrationFolder(shop.home), MigrationFolder(elsewhere.home)
    folder.decide(ELSEWHERE, None)
    there.decide("https_omnitron.example.org_channel_2", None)
    assert shop.etl("run").code == 0
    assert elsewhere.etl("dry-run").code == 0  # makes a secret of its own there
    shutil.rmtree(elsewhere.home / "packages")  # of the same second it would have the same name
    for name, one in (("hand-over", shop), ("take-over", elsewhere)):
        done = journal_command(one, name, tmp_path / "work.tar")
        assert (done.returncode, done.stderr) == (0, "")
    assert {one.target for one in there.records().decisions} == {ELSEWHERE, "https_omnitron.example.org_channel_2"}
    ended = elsewhere.etl("run")
    assert (ended.code, [one["already"] for one in ended.summary["stages"]]) == (0, [3, 3, 3, 3])


def test_a_package_that_another_one_has_the_name_of_is_not_taken_for_it(shop, elsewhere, tmp_path):
    assert shop.etl("run").code == 0
    assert journal_command(shop, "hand-over", tmp_path / "work.tar").returncode == 0
    assert elsewhere.etl("dry-run").code == 0
    [own] = (elsewhere.home / "packages").iterdir()
    namesake = own.rename(own.with_name(shop.package()))
    done = journal_command(elsewhere, "take-over", tmp_path / "work.tar")
    assert (done.returncode, done.stderr) == (
        2,
        f"{namesake}: is another package than the one of this name that was handed over; put it aside, then try again; "
        "nothing was taken over\n",
    )
    namesake.rename(tmp_path / "aside")
    assert journal_command(elsewhere, "take-over", tmp_path / "work.tar").returncode == 0
    assert elsewhere.etl("resume").code == 0


ELSEWHERE = "https_omnitron.example.com_channel_7"


def test_what_was_handed_over_comes_back_by_the_same_way(shop, elsewhere, tmp_path):
    assert shop.etl("pilot").code == 0
    assert journal_command(shop, "hand-over", tmp_path / "there.tar").returncode == 0
    shutil.copy(tmp_path / "there.tar", tmp_path / "copy.tar")
    done = journal_command(shop, "take-over", tmp_path / "copy.tar")
    assert (done.returncode, done.stderr) == (
        2,
        f"{shop.root}: was handed over itself, and this file does not come from where it was taken over; "
        "nothing was taken over\n",
    )
    assert journal_command(elsewhere, "take-over", tmp_path / "there.tar").returncode == 0
    assert elsewhere.etl("run").code == 0
    assert journal_command(elsewhere, "hand-over", tmp_path / "back.tar").returncode == 0
    assert journal_command(shop, "take-over", tmp_path / "back.tar").returncode == 0
    ended = shop.etl("run")
    assert (ended.code, [one["already"] for one in ended.summary["stages"]]) == (0, [3, 3, 3, 3])
    assert elsewhere.etl("run").code == 2


def test_only_a_whole_file_of_the_same_migration_is_taken_over(shop, elsewhere, tmp_path):
    assert shop.etl("pilot").code == 0
    backup, handed = tmp_path / "backup.tar", tmp_path / "handed.tar"
    journal_command(shop, "backup", backup)
    journal_command(shop, "hand-over", handed)
    whole = handed.read_bytes()

    def refused(file):
        done = journal_command(elsewhere, "take-over", file)
        assert done.returncode == 2
        assert elsewhere.sandbox.uploads() == [1, 1, 1, 1]
        assert not elsewhere.root.exists()
        return done.stderr

    assert "is a backup of " in refused(backup)
    for size in (0, 100, len(whole) // 2, len(whole) - 10240 - 1024):
        handed.write_bytes(whole[:size])
        assert "is nothing that was handed over, or not the whole of it" in refused(handed)
    handed.write_bytes(whole.replace(b"user1@example.com", b"user9@example.com"))
    assert "has other bytes" in refused(handed)
    handed.write_bytes(whole)
    elsewhere.mapping.write_text(elsewhere.mapping.read_text().replace('"channel": 1', '"channel": 2'))
    assert f"is of the migration 'shop' and {shop.root.name}, and this is 'shop' and " in refused(handed)
    write_shop(elsewhere.folder, **SMALL)
    shop.sandbox.reset()
    assert elsewhere.etl("pilot").code == 0
    done = journal_command(elsewhere, "take-over", handed)
    assert (done.returncode, done.stderr) == (
        2,
        f"{elsewhere.root}: has a journal of its own, that was not handed over; nothing was taken over\n",
    )


def test_a_hand_over_that_was_interrupted_is_made_again(shop, tmp_path):
    assert shop.etl("pilot").code == 0
    file = tmp_path / "work.tar"
    (tmp_path / "work.tar.partial").mkdir()  # it cannot be written
    assert journal_command(shop, "hand-over", file).returncode != 0
    (tmp_path / "work.tar.partial").rmdir()
    assert journal_command(shop, "hand-over", file).returncode == 0
    file.rename(tmp_path / "work.tar.partial")
    assert journal_command(shop, "hand-over", file).returncode == 0


def test_a_file_that_is_used_up_says_how_one_goes_on_whose_take_over_was_interrupted(shop, elsewhere, tmp_path):
    shop.killed_at("accepted:written:2", "run")
    file, name = tmp_path / "work.tar", shop.root.name
    assert journal_command(shop, "hand-over", file).returncode == 0
    assert journal_command(elsewhere, "take-over", file).returncode == 0
    with sqlite3.connect(elsewhere.root / "journal.sqlite") as journal:  # as if it had ended before the last step
        journal.execute("DELETE FROM homes WHERE how = 'taken over'")
    done = journal_command(elsewhere, "take-over", file)
    assert (done.returncode, done.stderr) == (
        2,
        f"{file}: was taken over already, and is called work.tar.taken since; go on where that was done. When it was here, was "
        f"interrupted, and nobody else goes on: `etl journal moved {elsewhere.mapping} --target {name}`\n",
    )
    assert elsewhere.etl("resume").code == 2
    assert journal_command(elsewhere, "moved", "--target", name).returncode == 0
    assert elsewhere.etl("resume").code == 0
    assert shop.sandbox.keys() == ["1", "2", "3"]


# Copies of a real target's journal

REAL = "https://one.invalid"


class Real:
    """A migration to a target that is not on this machine; the way to it leads to the stand-in."""

    def __init__(self, shop, monkeypatch):
        self.mapping, self.folder, self._url = shop.mapping, shop.folder, shop.sandbox.url
        monkeypatch.setenv("OMNITRON_URL", REAL)
        monkeypatch.setenv("OMNITRON_TOKEN", TOKEN)

    def session(self):
        made = new_session()
        made.mount(REAL, Detour(REAL, self._url))
        return made

    def run(self, workspace):
        summary, error = running.run(self.mapping, Settings(workspace, workers=1), Outside(session=self.session))
        if error is not None:
            raise error
        return [(one.uploaded, one.already) for one in summary.stages]


@pytest.fixture
def real(shop, monkeypatch):
    return Real(shop, monkeypatch)


def test_a_copy_of_a_workspace_does_not_send_to_a_real_target_and_a_moved_one_does(real, tmp_path):
    work, copy = tmp_path / "work", tmp_path / "copy"
    assert real.run(work) == [(3, 0)] * 4
    shutil.copytree(work, copy)
    root = copy / "shop" / target_name(REAL, "1")
    with pytest.raises(MappingError) as caught:
        real.run(copy)
    host = subprocess.run(["hostname"], capture_output=True, text=True, check=True).stdout.strip()
    assert str(caught.value) == (
        f"{root}: is a copy of {work}/shop/{root.name} on {host}, or was moved from there, and two of them must not send. "
        f"When the other one is gone for good: `etl journal moved MAPPING --target {root.name}`"
    )
    work.rename(tmp_path / "moved")
    assert real.run(tmp_path / "moved") == [(0, 3)] * 4


def test_a_person_says_that_the_copy_is_the_one_that_sends(real, tmp_path):
    work, copy = tmp_path / "work", tmp_path / "copy"
    real.run(work)
    shutil.copytree(work, copy)
    shutil.rmtree(work)
    which = Which(real.mapping, copy)
    with pytest.raises(MappingError, match="that is not the name of the target"):
        transfer.moved(which, lambda name: False)
    assert transfer.moved(which, lambda name: name == target_name(REAL, "1")) == target_name(REAL, "1")
    assert real.run(copy) == [(0, 3)] * 4


def test_of_a_workspace_that_was_handed_over_and_its_taker_never_both_send(real, tmp_path):
    work, there = tmp_path / "work", tmp_path / "there"
    real.run(work)
    transfer.hand_over(Which(real.mapping, work), tmp_path / "file.tar")
    transfer.take_over(real.mapping, there, tmp_path / "file.tar")
    assert real.run(there) == [(0, 3)] * 4
    with pytest.raises(MappingError, match="was handed over by"):
        real.run(work)


def test_a_rehearsal_may_be_copied(shop, tmp_path):
    assert shop.etl("run").code == 0
    copy = tmp_path / "copy"
    shutil.copytree(shop.folder / "work", copy)
    done = etl("run", shop.mapping, "-w", copy, "--json", **target(shop.sandbox.url, TOKEN))
    assert (done.returncode, [one["already"] for one in json.loads(done.stdout)["stages"]]) == (0, [3, 3, 3, 3])
