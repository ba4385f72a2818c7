"""Purge: what holds people's data goes, and what was sent, and became of it, is known as before."""

import datetime
import json
import os
import re
import tarfile

import pytest
from commands import etl, target
from killing import Migration, write_shop
from load_helpers import TOKEN

from etl.commands.purge import REDUCING, purge
from etl.corrections import corrections_file
from etl.extract.databases.kept import Snapshots
from etl.journal.purges import purges
from etl.journal.reducing import REMOVED, reduced_line
from etl.journal.workspace import Workspace
from etl.partial import claim

PERSON = b"@example.com"
MERGING = "    unique: [email]\n    duplicates: merge\n"


@pytest.fixture
def shop(tmp_path, sandbox):
    return Migration(tmp_path, sandbox, write_shop(tmp_path, 12))


@pytest.fixture
def loaded(shop):
    assert shop.etl("run").code == 1  # some rows are rejected, as they are meant to be
    return shop


def with_people(shop):
    """The files of the workspace in which somebody's e-mail stands."""
    files = [path for path in shop.home.rglob("*") if path.is_file()]
    return sorted(path.relative_to(shop.home).as_posix() for path in files if PERSON in path.read_bytes())


def purged(shop, *more):
    ended = shop.etl("purge", "--yes", *more)
    assert ended.code == 0, ended
    return json.loads(ended.output)


def test_without_a_terminal_the_advice_keeps_what_was_said(shop):
    shop.sandbox.fault("errors", count=1, type="user")
    assert shop.etl("run").code == 1
    ended = shop.etl("purge", "--force")
    assert ended.code == 2
    assert "--force --yes" in ended.error + ended.output


def received(shop):
    return len(shop.sandbox.uploads())


def test_nothing_that_tells_of_people_is_left_and_what_was_counted_stays(loaded):
    before = with_people(loaded)
    assert any(name.startswith("packages/") for name in before)
    done = purged(loaded)
    assert with_people(loaded) == []
    assert not list((loaded.home / "packages").iterdir())
    (package,) = done["packages"]
    assert package["stages"]["user"]["read"] == 12
    (known,) = purges(loaded.home)
    assert known.packages[0].sha256 == package["sha256"]


def test_samples_are_removed_with_their_lists_of_customers(loaded):
    assert loaded.etl("sample").code == 0
    assert [name for name in with_people(loaded) if name.startswith("samples/")]
    done = purged(loaded)
    assert len(done["packages"]) == 2
    assert not list((loaded.home / "samples").iterdir())
    assert with_people(loaded) == []


def test_it_says_before_it_asks_that_whom_merged_records_stand_for_is_forgotten(shop):
    merging = shop.mapping.read_text(encoding="utf-8").replace("    unique: [email]\n", MERGING)
    shop.mapping.write_text(merging, encoding="utf-8")
    customers = shop.folder / "customers.csv"
    customers.write_text(customers.read_text().replace("user2@", "user1@"))
    ran = shop.etl("run")
    assert json.loads(ran.output)["stages"][0]["merged"] == 1
    told = shop.etl("purge", "--yes").error
    assert (
        "stage 'user' has merged records, and packages alone tell into whom: run it with the whole source after this"
        in told
    )
    before = received(shop)
    assert sum(one["uploaded"] for one in json.loads(shop.etl("run").output)["stages"]) == 0
    assert received(shop) == before


def test_what_was_sent_is_known_as_before(loaded):
    before = json.loads(loaded.etl("history", "--stage", "order", "--key", "o1").output)
    purged(loaded)
    after = json.loads(loaded.etl("history", "--stage", "order", "--key", "o1").output)
    (was,), (sent,) = before["sendings"], after["sendings"]
    told = ("batch", "state", "migration_id", "total", "success", "errors", "sha256")
    assert {name: sent[name] for name in told} == {name: was[name] for name in told}
    assert sent["record"] is None
    found = json.loads(loaded.etl("find", "o1").output)["packages"]
    assert [(one["stage"], one["sent"][0]["state"]) for one in found[0]["records"]] == [("order", "done")]
    assert loaded.etl("find", "o999").code == 1


def test_status_says_that_it_was_purged_and_the_rest_as_before(loaded):
    before = json.loads(loaded.etl("status").output)
    purged(loaded)
    ended = loaded.etl("status")
    after = json.loads(ended.output)
    assert after["purged"] is not None
    assert (before["ok"], before["stages"]) == (after["ok"], after["stages"])


def test_what_has_failed_is_sent_again_after_it_as_it_says(shop):
    shop.sandbox.fault("errors", count=1, type="user", times=1)
    assert shop.etl("run").code == 1
    ended = shop.etl("purge", "--yes", "--force")
    told = "after this `etl dry-run` makes a package that has them, and `etl retry` sends them again"
    assert told.replace("MAPPING", str(shop.mapping)) in re.sub(
        r"`etl (dry-run|retry) [^`]*`", r"`etl \1`", ended.error
    )
    assert "taken back by this" in ended.error
    failed = shop.etl("run").summary["stages"][0]["failed"]
    assert failed
    assert shop.etl("dry-run").code == 1
    done = shop.etl("retry", "--yes")
    assert done.summary["stages"][0]["failed"] == 0
    assert "payloads/" not in str(done.summary["problems"])


def test_a_run_after_it_sends_nothing_twice(loaded):
    purged(loaded)
    before = received(loaded)
    ended = loaded.etl("run")
    assert received(loaded) == before
    stages = json.loads(ended.output)["stages"]
    assert all(one["uploaded"] == 0 and one["already"] == one["valid"] for one in stages)


def test_a_resume_after_it_names_the_command_that_goes_on(loaded):
    purged(loaded)
    ended = loaded.etl("resume")
    assert ended.code == 1
    assert "is not there any more; `etl run " in ended.error
    assert " makes a new package, and sends what has not arrived" in ended.error


def test_the_journal_is_backed_up_as_before(loaded):
    purged(loaded)
    words = ("backup", loaded.mapping, loaded.folder / "copy.tar", "--workspace", loaded.folder / "work")
    done = etl("journal", *words, **target(loaded.sandbox.url, TOKEN))
    assert done.returncode == 0, done
    with tarfile.open(loaded.folder / "copy.tar") as archive:
        names = archive.getnames()
    assert {"purges.json", f"{loaded.root.name}/journal.sqlite", f"{loaded.root.name}/requests.jsonl"} <= set(names)
    assert not [name for name in names if name.startswith("packages/")]


def test_a_second_purge_finds_nothing(loaded):
    purged(loaded)
    ended = loaded.etl("purge", "--yes")
    assert "nothing is left that holds people's data" in ended.error
    assert len(purges(loaded.home)) == 1


def test_a_purge_that_was_killed_is_not_told_as_done_and_is_gone_on_with(loaded, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("etl.commands.purge.reduce_log", killed)
    with pytest.raises(KeyboardInterrupt):
        purge(loaded.mapping, loaded.folder / "work", lambda found: True)
    assert json.loads(loaded.etl("status").output)["purged"] is None
    assert with_people(loaded)
    purged(loaded)
    assert with_people(loaded) == []
    assert [one.finished for one in purges(loaded.home)][-1:] == [True]
    assert purges(loaded.home)[0].packages


def test_what_was_put_aside_of_a_rehearsal_keeps_its_journal_alone(loaded):
    assert loaded.etl("start-over", "--target", loaded.root.name).code == 0
    (aside,) = loaded.home.glob("aside-*")
    purged(loaded)
    assert with_people(loaded) == []
    assert (aside / "journal.sqlite").exists()


def test_it_asks_and_does_nothing_where_nobody_answers(loaded):
    before = with_people(loaded)
    ended = loaded.etl("purge")
    assert ended.code == 2
    assert "there is no terminal to ask; nothing was removed" in ended.error
    assert "will be removed" in ended.error
    assert with_people(loaded) == before


def test_what_is_of_unknown_fate_keeps_it_back_unless_it_is_forced(shop):
    shop.sandbox.fault("error_after")
    assert shop.etl("run").code == 4
    ended = shop.etl("purge", "--yes")
    assert ended.code == 2
    assert "of unknown fate; look in Omnitron" in ended.error
    assert "nothing was removed; with --force all is removed all the same" in ended.error
    assert with_people(shop)
    done = purged(shop, "--force")
    assert done["forced"] is True
    assert with_people(shop) == []
    shop.sandbox.clear_faults()
    before = received(shop)
    ended = shop.etl("run")
    assert ended.code == 4  # what is unknown is still to be decided
    assert received(shop) == before


def test_a_package_that_was_never_sent_goes_too_with_snapshots_and_corrections(shop):
    assert shop.etl("dry-run").code == 1
    with Snapshots(shop.home / "snapshots").new(datetime.datetime.now(datetime.UTC)) as making:
        (making.folder / "000001.csv").write_text("id,email\n1,user1@example.com\n")
        making.finish("shop", [])
    corrections = corrections_file(shop.mapping)
    corrections.write_text("stage,key,row,sum,column,old,new,who,when,why,columns\n")
    done = purged(shop)
    assert (len(done["packages"]), len(done["snapshots"])) == (1, 1)
    assert with_people(shop) == []
    assert not corrections.exists()
    ended = shop.etl("report")
    assert "there is no package any more (removed by" in ended.error


def test_after_a_forced_one_no_file_is_named_that_is_gone_nor_a_record_called_planned(shop):
    shop.sandbox.fault("error_after")
    assert shop.etl("run").code == 4
    purged(shop, "--force")
    where = shop.mapping, "--workspace", shop.folder / "work"
    standing = etl("status", *where, **target(shop.sandbox.url, TOKEN))
    assert "is unknown: " in standing.stdout
    assert "its bytes: removed by the purge" in standing.stdout
    found = etl("find", shop.mapping, "1", *where[1:], **target(shop.sandbox.url, TOKEN))
    assert ": of a package that is gone" in found.stdout
    assert "planned" not in found.stdout
    told = json.loads(etl("find", shop.mapping, "1", *where[1:], "--json", **target(shop.sandbox.url, TOKEN)).stdout)
    (record,) = told["packages"][-1]["records"]
    assert (record["fate"], record["sent"][-1]["state"]) == ("unknown", "unknown")


def test_what_a_take_over_that_was_killed_had_unpacked_goes_too(loaded):
    left = loaded.home / "arriving-shop" / "packages" / "one"
    left.mkdir(parents=True)
    (left / "payload.json").write_text("ayse@example.com", encoding="utf-8")
    purged(loaded)
    assert not (loaded.home / "arriving-shop").exists()
    assert with_people(loaded) == []


def test_a_package_that_was_renamed_goes_too_and_what_is_none_stays_and_is_told(shop):
    assert shop.etl("dry-run").code == 1
    packages = shop.home / "packages"
    (packages / shop.package()).rename(packages / "the good one")
    (packages / "notes").mkdir()
    ended = shop.etl("purge", "--yes")
    assert f"{packages}/notes: is no package, and stays" in ended.error
    assert [one.name for one in packages.iterdir()] == ["notes"]


def test_while_a_package_is_made_nothing_is_removed(shop):
    assert shop.etl("dry-run").code == 1
    path, handle = claim(shop.home / "packages" / "20260101T000000Z")
    try:
        ended = shop.etl("purge", "--yes")
    finally:
        os.close(handle)
    assert ended.code == 2
    assert f"{path}.partial: a package is being made; wait for it, or stop it" in ended.error


def test_while_a_load_holds_the_target_nothing_is_removed(loaded):
    with Workspace(loaded.root).locked("etl run"):
        ended = loaded.etl("purge", "--yes")
    assert ended.code == 2
    assert "is held by" in ended.error
    assert with_people(loaded)


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ('{"migration_id": "abc-1", "total_count": 3}', '{"migration_id": "abc-1", "total_count": 3}'),
        ('{"migration_id": "abc-1", "rows": [{"email": "a@example.com"}]}', '{"migration_id": "abc-1"}'),
        ('{"email": ["a@example.com is taken"]}', REMOVED),
        ("<html>a@example.com</html>", REMOVED),
        ('["a@example.com"]', REMOVED),
    ],
)
def test_of_an_answer_its_id_and_its_counts_stay(answer, kept):
    line = {"batch": 1, "url": "http://x/customers/?email=a@example.com", "answer": answer, "status": 406}
    found = json.loads(reduced_line(json.dumps(line).encode(), REDUCING))
    assert found == {"batch": 1, "url": f"http://x/customers/?{REMOVED}", "answer": kept, "status": 406}


def test_what_an_error_repeats_of_an_answer_goes_from_notes():
    told = "POST http://x/ answered 406: {'email': 'a@example.com'}; check the payload"
    assert REDUCING.sentence(told) == "POST http://x/ answered 406: (removed); check the payload"


def test_a_line_that_a_crash_cut_short_is_left_out():
    assert reduced_line(b'{"batch": 1, "answer": "a@exam', REDUCING) == b""


def test_keys_that_are_e_mails_are_told_and_stay(shop):
    text = shop.mapping.read_text(encoding="utf-8").replace("key: customer_code", "key: email", 1)
    shop.mapping.write_text(text, encoding="utf-8")
    shop.etl("run")
    ended = shop.etl("purge", "--yes")
    assert "the keys of 'user' look like people's data (e-mails, telephones), and stay" in ended.error
    assert with_people(shop) == [f"{shop.root.name}/journal.sqlite"]
