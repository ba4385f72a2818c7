"""The journal: durable, legal, one writer; and the plan of what is to be sent."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from load_helpers import make_package, user, users

from etl.errors import Exit, PackageError
from etl.findings import Words
from etl.journal.batch import Draft, Facts, record_hash
from etl.journal.batches import IllegalTransition
from etl.journal.database import VERSION, JournalDatabase, JournalError
from etl.journal.journal import Journal
from etl.journal.runs import LoadEnded
from etl.journal.states import LEGAL, State
from etl.journal.status import read_status
from etl.journal.summary import summarise
from etl.journal.workspace import Occupied, Workspace
from etl.load.planning import Cut, plan_batches
from etl.package import join_records, split_records
from etl.seams import seam_from_environment
from etl.stop import Stop, Stopped


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path)


@pytest.fixture
def journal(workspace):
    journal = Journal.open(workspace)
    yield journal
    journal.close()


def package_in(journal, name, contents, **options):
    package = make_package(journal.workspace.root / "packages" / name, contents, **options)
    return package, journal.runs.package_id(journal.workspace.shorten(package.path), name)


def plan(journal, package, number, size=4, ramp_up=False, stage="user"):
    plan_batches(journal, package, number, package.stage(stage), Cut(size, ramp_up))


def keys_of(journal, batches):
    return [key for batch in batches for key in journal.keys(batch.id)]


def sizes(journal, state=State.PLANNED):
    return [batch.records for batch in journal.batches(state=state)]


def draft(number, *keys, **changes):
    records = [f'{{"key":"{key}"}}'.encode() for key in keys]
    return Draft("user", "user", number, keys, records, **changes)


WAYS = {
    State.PLANNED: (),
    State.SENDING: (State.SENDING,),
    State.ACCEPTED: (State.SENDING, State.ACCEPTED),
    State.DONE: (State.SENDING, State.ACCEPTED, State.DONE),
    State.REFUSED: (State.SENDING, State.REFUSED),
    State.UNKNOWN: (State.SENDING, State.UNKNOWN),
    State.SUPERSEDED: (State.SUPERSEDED,),
}


@pytest.mark.parametrize("after", State)
@pytest.mark.parametrize("before", State)
def test_only_legal_transitions_are_possible(before, after, journal):
    number = journal.add(draft(journal.runs.package_id("p", "p"), "1"))
    for state in WAYS[before]:
        journal.move(number, state)
    if after in LEGAL[before]:
        assert journal.move(number, after).state is after
        return
    with pytest.raises(IllegalTransition) as caught:
        journal.move(number, after)
    assert str(caught.value) == f"batch {number} is {before}; it cannot become {after}"
    assert journal.batch(number).state is before


def test_every_transition_is_kept_with_its_facts(journal):
    number = journal.add(draft(journal.runs.package_id("p", "p"), "1"))
    journal.move(number, State.SENDING)
    journal.move(number, State.ACCEPTED, Facts("hello", 200, '{"migration_id": "m"}', "m"))
    batch = journal.move(number, State.DONE, Facts(total=1, success=0, errors=1))
    assert (batch.migration_id, batch.status, batch.total, batch.success, batch.errors, batch.failed) == (
        "m",
        200,
        1,
        0,
        1,
        1,
    )
    assert [(step.before, step.after, step.note) for step in journal.trail.steps(number)] == [
        (None, "planned", ""),
        ("planned", "sending", ""),
        ("sending", "accepted", "hello"),
        ("accepted", "done", ""),
    ]


@pytest.mark.parametrize(
    ("errors", "success", "failed"), [(0, 3, 0), (1, 2, 1), (0, 2, 1), (2, None, 2), (None, None, 0)]
)
def test_the_failed_records_are_the_more_pessimistic_of_omnitrons_numbers(errors, success, failed, journal):
    number = journal.add(draft(journal.runs.package_id("p", "p"), "1", "2", "3"))
    journal.move(number, State.SENDING)
    journal.move(number, State.ACCEPTED)
    assert journal.move(number, State.DONE, Facts(errors=errors, success=success)).failed == failed


def test_the_database_refuses_to_have_a_record_in_two_batches(journal):
    package = journal.runs.package_id("p", "p")
    journal.add(draft(package, "1", "2"))
    with pytest.raises(
        JournalError, match=r"^a record of stage 'user' would be in two batches; it is not planned twice$"
    ):
        journal.add(draft(package, "2"))
    assert len(journal.batches()) == 1


@pytest.mark.parametrize("state", [State.REFUSED, State.SUPERSEDED])
def test_a_batch_that_was_refused_or_superseded_lets_go_of_its_records(state, journal):
    package = journal.runs.package_id("p", "p")
    number = journal.add(draft(package, "1"))
    for one in WAYS[state]:
        journal.move(number, one)
    assert journal.taken("user", ["1"]) == {}
    again = journal.add(draft(package, "1"))
    assert journal.taken("user", ["1", "2"])["1"].batch == again


def test_a_batchs_own_file_is_on_the_disk_before_the_batch_is_in_the_journal(workspace):
    moments = []

    def seam(moment):
        with sqlite3.connect(workspace.journal) as other:
            count = other.execute("SELECT count(*) FROM batches").fetchone()[0]
        other.close()
        moments.append((moment, count, (workspace.root / "batches/user/000001.json").exists()))

    journal = Journal.open(workspace, seam=seam)
    journal.add(draft(journal.runs.package_id("p", "p"), "1", "2"))
    journal.close()
    assert moments == [("file:written", 0, True), ("planned:unwritten", 0, True), ("planned:written", 1, True)]
    data = (workspace.root / "batches/user/000001.json").read_bytes()
    assert data == join_records([b'{"key":"1"}', b'{"key":"2"}'])
    assert (workspace.root / "batches/user/000001.json").stat().st_mode & 0o777 == 0o600


def test_what_a_dead_process_left_in_sending_becomes_unknown(workspace):
    journal = Journal.open(workspace)
    number = journal.add(draft(journal.runs.package_id("p", "p"), "1"))
    journal.move(number, State.SENDING)
    journal.close()
    again = Journal.open(workspace)
    assert again.batch(number).state is State.UNKNOWN
    note = again.trail.last_note(number)
    assert note == "the process ended before an answer was written"
    again.close()


def test_looking_changes_nothing_and_needs_no_lock(workspace):
    journal = Journal.open(workspace)
    number = journal.add(draft(journal.runs.package_id("p", "p"), "1"))
    journal.move(number, State.SENDING)
    reader = Journal.read(workspace)
    assert reader.batch(number).state is State.SENDING
    with pytest.raises(JournalError, match="read-only"):
        reader.move(number, State.UNKNOWN)
    reader.close()
    journal.close()


def test_a_batch_that_is_too_large_is_halved_in_one_step(journal):
    package = journal.runs.package_id("p", "p")
    number = journal.add(draft(package, "1", "2", "3"))
    journal.move(number, State.SENDING)
    records = split_records((journal.workspace.root / journal.batch(number).file).read_bytes())
    assert journal.cut(number, records, 2, Facts("413")) == [2, 3]
    assert journal.batch(number).state is State.SUPERSEDED
    assert [journal.keys(2), journal.keys(3)] == [["1", "2"], ["3"]]
    assert sizes(journal) == [2, 1]


def test_the_pieces_of_a_batch_are_sent_in_its_turn(journal):
    package = journal.runs.package_id("p", "p")
    first, second = journal.add(draft(package, "1", "2", "3")), journal.add(draft(package, "4"))
    journal.cut(first, [b"{}"] * 3, 1, Facts("errors before it"))
    turns = []
    while batch := journal.next_planned("user", turns):
        turns.append(batch.id)
    assert keys_of(journal, map(journal.batch, turns)) == ["1", "2", "3", "4"]
    assert turns[-1] == second


def test_one_record_cannot_be_cut(journal):
    number = journal.add(draft(journal.runs.package_id("p", "p"), "1"))
    with pytest.raises(ValueError, match=r"^1 records cannot be cut in pieces of 1$"):
        journal.cut(number, [b"{}"], 1, Facts())


# Planning


def test_whole_batches_of_a_package_are_sent_from_the_packages_own_files(journal):
    package, number = package_in(journal, "one", users(*range(10)))
    plan(journal, package, number)
    assert sizes(journal) == [4, 4, 2]
    assert [batch.file for batch in journal.batches()] == [
        f"packages/one/payloads/user/00000{n}.json" for n in (1, 2, 3)
    ]
    assert not (journal.workspace.root / "batches").exists()
    entries = [batch.payload.sha256 for batch in package.batches(package.stage("user"))]
    assert [batch.sha256 for batch in journal.batches()] == entries


def test_the_ramp_up_sends_one_then_ten_then_a_hundred_and_then_whole_files_again(journal):
    package, number = package_in(journal, "one", users(*range(1200)), batch_size=300)
    plan(journal, package, number, size=300, ramp_up=True)
    assert sizes(journal) == [1, 10, 100, 189, 300, 300, 300]
    assert [batch.alone for batch in journal.batches()] == [True, True, True, False, False, False, False]
    assert [batch.file.split("/")[0] for batch in journal.batches()] == ["batches"] * 4 + ["packages"] * 3
    assert keys_of(journal, journal.batches()) == [str(n) for n in range(1200)]


def test_a_batch_size_below_the_packages_cuts_its_batches(journal):
    package, number = package_in(journal, "one", users(*range(10)), batch_size=10)
    plan(journal, package, number, size=3)
    assert sizes(journal) == [3, 3, 3, 1]


def test_planning_again_plans_nothing_new(journal):
    package, number = package_in(journal, "one", users(*range(10)))
    plan(journal, package, number)
    plan(journal, package, number)
    assert len(journal.batches()) == 3


def finish(journal, *numbers, errors=0):
    for number in numbers:
        for state in WAYS[State.DONE]:
            journal.move(number, state, Facts(errors=errors) if state is State.DONE else Facts())


def test_a_new_package_sends_only_what_was_never_uploaded_and_lists_what_changed(journal):
    package, number = package_in(journal, "one", users(1, 2, 3, 4, 5))
    plan(journal, package, number)
    finish(journal, 1, 2)
    contents = {
        "user": [("1", user(1)), ("2", user(2, first_name="Zeynep")), *((str(n), user(n)) for n in range(3, 8))]
    }
    newer, second = package_in(journal, "two", contents)
    plan(journal, newer, second)
    assert journal.keys(3) == ["6", "7"]
    changed = journal.plans.changed(second, "user", [str(n) for n in range(1, 8)])
    assert [(row["key"], row["batch"]) for row in changed] == [("2", 1)]
    assert journal.trail.changed_in("user", "2") == [second]
    [stage] = summarise(journal, newer, second).stages
    assert (stage.records, stage.already, stage.changed, stage.waiting) == (7, 4, 1, 2)


def test_records_of_a_refused_batch_are_planned_again(journal):
    package, number = package_in(journal, "one", users(1, 2, 3, 4, 5))
    plan(journal, package, number)
    journal.move(1, State.SENDING)
    journal.move(1, State.REFUSED)
    plan(journal, package, number)
    assert [journal.keys(batch.id) for batch in journal.batches(state=State.PLANNED)] == [["5"], ["1", "2", "3", "4"]]


def test_what_an_older_package_planned_and_never_sent_is_planned_from_the_newer_one(journal):
    package, number = package_in(journal, "one", users(1, 2, 3, 4, 5))
    plan(journal, package, number)
    finish(journal, 1)
    newer, second = package_in(journal, "two", users(5, 6, first_name="Zeynep"))
    assert journal.supersede(["user"], lambda batch: batch.package != second) == 1
    plan(journal, newer, second)
    assert [journal.batch(3).records, journal.keys(3)] == [2, ["5", "6"]]
    assert journal.batch(2).state is State.SUPERSEDED
    assert journal.trail.last_note(2) == "never sent, and planned anew"


def test_what_was_sent_and_is_known_to_be_lost_is_not_called_never_sent_when_it_is_planned_anew(journal):
    package, number = package_in(journal, "one", users(1, 2))
    plan(journal, package, number)
    journal.move(1, State.SENDING)
    journal.move(1, State.UNKNOWN)
    journal.decisions.make(1, State.PLANNED, Facts(), "Ayşe")
    assert journal.supersede(["user"]) == 1
    assert [(step.after, step.note) for step in journal.trail.steps(1)][-1] == ("superseded", "planned anew")


@pytest.mark.parametrize(
    ("codes", "size"),
    [((1, 2, 3, 4, 5, 6, 7, 8, 2), 4), ((1, 2, 3, 2), 4), ((1, 3, 4, 2, 5, 2), 3)],
    ids=["in two batches", "in one batch", "in what a batch has left for the next"],
)
def test_a_key_that_a_package_has_twice_is_an_error_and_nothing_of_the_stage_is_planned(codes, size, journal):
    package, number = package_in(journal, "one", users(*codes))
    with pytest.raises(PackageError) as caught:
        plan(journal, package, number, size)
    assert str(caught.value) == (
        f"{package.path}: two records of stage 'user' have the key '2', so one of them would be lost; "
        "give the stage a key that is unique, and prepare again"
    )
    assert journal.batches() == []


@settings(max_examples=30, deadline=None)
@given(
    total=st.integers(0, 60),
    package_size=st.integers(1, 12),
    size=st.integers(1, 15),
    ramp_up=st.booleans(),
    known=st.sets(st.integers(0, 59)),
)
def test_a_plan_has_every_wanted_record_once_and_no_batch_is_too_large(
    tmp_path_factory, total, package_size, size, ramp_up, known
):
    journal = Journal.open(Workspace(tmp_path_factory.mktemp("plan")))
    try:
        older = journal.runs.package_id("older", "older")
        if known:
            journal.add(draft(older, *(str(n) for n in sorted(known))))
        package, number = package_in(journal, "one", users(*range(total)), batch_size=package_size)
        plan(journal, package, number, size, ramp_up)
        planned = [batch for batch in journal.batches() if batch.package == number]
        keys = keys_of(journal, planned)
        assert keys == [str(n) for n in range(total) if n not in known]
        assert all(0 < batch.records <= size for batch in planned)
        for batch in planned:
            records = split_records((journal.workspace.root / batch.file).read_bytes())
            kept = [journal.trail.batches_of("user", key)[-1] for key in journal.keys(batch.id)]
            assert [one.sha256 for one in kept] == [record_hash(record) for record in records]
    finally:
        journal.close()


# Trouble


VERSION_1 = """
CREATE TABLE packages (id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, path TEXT NOT NULL, opened TEXT NOT NULL);
CREATE TABLE runs (id INTEGER PRIMARY KEY, command TEXT NOT NULL, package INTEGER REFERENCES packages(id),
    pid INTEGER NOT NULL, host TEXT NOT NULL, started TEXT NOT NULL, ended TEXT, outcome TEXT);
CREATE TABLE batches (id INTEGER PRIMARY KEY, stage TEXT NOT NULL, payload TEXT NOT NULL,
    package INTEGER NOT NULL REFERENCES packages(id), pilot INTEGER NOT NULL, alone INTEGER NOT NULL, file TEXT NOT NULL,
    sha256 TEXT NOT NULL, records INTEGER NOT NULL, state TEXT NOT NULL CHECK (state IN
        ('planned', 'sending', 'accepted', 'done', 'refused', 'unknown', 'superseded')),
    migration_id TEXT, total INTEGER, success INTEGER, errors INTEGER, failed INTEGER GENERATED ALWAYS AS
        (max(coalesce(errors, 0), records - coalesce(success, records))) VIRTUAL,
    status INTEGER, answer TEXT, sent TEXT, ended TEXT);
CREATE INDEX batches_by_state ON batches(stage, state, id);
CREATE TABLE records (batch INTEGER NOT NULL REFERENCES batches(id), position INTEGER NOT NULL, stage TEXT NOT NULL,
    key TEXT NOT NULL, sha256 BLOB NOT NULL, live INTEGER NOT NULL, PRIMARY KEY (batch, position)) WITHOUT ROWID;
CREATE UNIQUE INDEX one_batch_for_a_record ON records(stage, key) WHERE live = 1;
CREATE INDEX records_let_go ON records(stage, key) WHERE live = 0;
CREATE TABLE transitions (id INTEGER PRIMARY KEY, batch INTEGER NOT NULL REFERENCES batches(id),
    run INTEGER REFERENCES runs(id), time TEXT NOT NULL, before TEXT, after TEXT NOT NULL, note TEXT NOT NULL);
CREATE INDEX transitions_of_a_batch ON transitions(batch);
CREATE TABLE decisions (id INTEGER PRIMARY KEY, batch INTEGER NOT NULL REFERENCES batches(id),
    run INTEGER REFERENCES runs(id), time TEXT NOT NULL, arrived INTEGER NOT NULL, migration_id TEXT, person TEXT NOT NULL);
CREATE TABLE plans (package INTEGER NOT NULL REFERENCES packages(id), stage TEXT NOT NULL, already INTEGER NOT NULL,
    changed INTEGER NOT NULL, valid INTEGER NOT NULL, PRIMARY KEY (package, stage));
CREATE TABLE changed (package INTEGER NOT NULL REFERENCES packages(id), stage TEXT NOT NULL, key TEXT NOT NULL,
    batch INTEGER NOT NULL, PRIMARY KEY (stage, key, package)) WITHOUT ROWID;
INSERT INTO packages VALUES (1, 'one', 'packages/one', '2026-01-01T00:00:00+00:00');
INSERT INTO runs VALUES (1, 'run', 1, 1, 'here', '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:01+00:00', 'ok');
INSERT INTO batches (id, stage, payload, package, pilot, alone, file, sha256, records, state, errors, success) VALUES
    (1, 'user', 'user', 1, 0, 0, 'f1', '', 2, 'done', 2, 0), (2, 'user', 'user', 1, 0, 0, 'f2', '', 2, 'done', 1, 1),
    (3, 'user', 'user', 1, 0, 0, 'f3', '', 1, 'refused', NULL, NULL),
    (4, 'user', 'user', 1, 0, 0, 'f4', '', 1, 'planned', NULL, NULL);
INSERT INTO records VALUES (1, 0, 'user', 'a', x'00', 1), (1, 1, 'user', 'b', x'00', 1), (2, 0, 'user', 'c', x'00', 1),
    (2, 1, 'user', 'd', x'00', 1), (3, 0, 'user', 'e', x'00', 0), (4, 0, 'user', 'f', x'00', 1);
INSERT INTO plans VALUES (1, 'user', 0, 0, 1);
PRAGMA user_version = 1;
"""


@pytest.fixture
def of_version_1(workspace):
    with closing(sqlite3.connect(workspace.journal)) as old:
        old.executescript(VERSION_1)
    return workspace


def schema(path):
    with closing(sqlite3.connect(path)) as one:
        tables = [row[0] for row in one.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        columns = {name: sorted(row[1:4] for row in one.execute(f"PRAGMA table_xinfo({name})")) for name in tables}
        indexes = sorted(one.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"))
        return columns, indexes, one.execute("PRAGMA user_version").fetchone()


def test_a_journal_of_version_1_is_brought_up_to_date_when_a_load_opens_it(of_version_1, tmp_path):
    Journal.open(of_version_1).close()
    Journal.open(Workspace(tmp_path / "new")).close()
    assert schema(of_version_1.journal) == schema(tmp_path / "new" / "journal.sqlite")


def test_what_a_journal_of_version_1_knows_is_counted_the_new_way_and_looking_leaves_it_as_it_is(
    of_version_1, tmp_path
):
    before = of_version_1.journal.read_bytes()
    status = read_status(tmp_path)
    [stage] = status.stages
    assert (stage.valid, stage.uploaded, stage.failed, stage.refused, stage.waiting) == (6, 1, 3, 1, 1)
    assert [one.keys for one in status.attention if one.state == "done"] == [("a", "b"), ()]
    assert of_version_1.journal.read_bytes() == before


def test_a_journal_from_a_newer_version_is_left_alone(workspace):
    Journal.open(workspace).close()
    with sqlite3.connect(workspace.journal) as other:
        other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(JournalError) as caught:
        Journal.open(workspace)
    assert str(caught.value) == (
        f"{workspace.journal}: written by a newer omnitron-etl (journal version 99, this one knows {VERSION}); "
        "go on with the version that wrote it"
    )


def test_a_locked_journal_says_so_and_its_state_stays_right(workspace):
    journal = Journal.open(workspace, busy_seconds=0.01)
    number = journal.add(draft(journal.runs.package_id("p", "p"), "1"))
    other = sqlite3.connect(workspace.journal, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalError) as caught:
        journal.move(number, State.SENDING)
    assert str(caught.value) == (
        f"{workspace.journal}: locked by another program; close what has it open (nothing was lost), "
        "and give the same command again"
    )
    other.execute("ROLLBACK")
    other.close()
    assert journal.move(number, State.SENDING).state is State.SENDING
    journal.close()


def test_a_full_disk_says_so_and_the_state_stays_right(journal):
    number = journal.add(draft(journal.runs.package_id("p", "p"), "1"))
    size = Path(f"{journal.workspace.journal}-wal").stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        with pytest.raises(JournalError, match="the disk cannot take more"):
            journal.move(number, State.SENDING)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert journal.batch(number).state is State.PLANNED
    assert journal.move(number, State.SENDING).state is State.SENDING


def test_a_full_disk_under_a_batch_file_plans_nothing(journal):
    package = journal.runs.package_id("p", "p")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5, limits[1]))
    try:
        with pytest.raises(JournalError) as caught:
            journal.add(draft(package, "1"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    path = journal.workspace.root / "batches/user/000001.json"
    assert str(caught.value) == f"{path}: cannot be written (File too large); make room and go on"
    assert journal.batches() == []


def test_what_is_no_journal_is_not_overwritten(workspace):
    workspace.journal.write_bytes(b"something else entirely" * 100)
    with pytest.raises(JournalError, match=r"file is not a database.*never delete it"):
        Journal.open(workspace)
    assert workspace.journal.read_bytes().startswith(b"something else")


def test_reading_where_nothing_was_sent_makes_no_journal(workspace):
    with pytest.raises(JournalError) as caught:
        Journal.read(workspace)
    assert str(caught.value) == (
        f"{workspace.journal}: no journal here; nothing has been sent to this target from this workspace yet. `etl run MAPPING` "
        "sends it; what was sent from another workspace is known there: name that with --workspace"
    )
    assert not workspace.journal.exists()


def test_a_batch_that_is_not_there_is_named(journal):
    with pytest.raises(JournalError) as caught:
        journal.batch(7)
    assert str(caught.value) == (
        f"no batch 7 in {journal.workspace.journal}; there is none yet (`etl status` lists them)"
    )


def test_the_journal_is_private(journal):
    for name in ("journal.sqlite", "journal.sqlite-wal"):
        assert (journal.workspace.root / name).stat().st_mode & 0o777 == 0o600


HOLDER = """
import sys
from contextlib import closing
from pathlib import Path
from etl.journal.workspace import Workspace
with Workspace(Path(sys.argv[1])).locked("etl run acme"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_told_who_holds_the_workspace_and_a_dead_one_holds_nothing(workspace):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, workspace.root], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    with pytest.raises(Occupied) as caught, workspace.locked():
        pass
    holder = workspace.holder()
    assert (holder.pid, holder.command) == (process.pid, "etl run acme")
    assert str(caught.value) == (
        f"{workspace.root} is held by `etl run acme`, process {process.pid} on {holder.host}, since {holder.started}; "
        "one load at a time: wait for it, or stop it with Ctrl-C"
    )
    process.kill()
    process.communicate()
    assert workspace.holder() is None
    with workspace.locked("etl resume acme"):
        assert workspace.holder().command == "etl resume acme"


def test_a_seam_that_does_not_exist_is_an_error_that_lists_them():
    with pytest.raises(
        ValueError, match=r"^ETL_KILL_AT=nowhere: there is no moment 'nowhere'; there are: planned:unwritten, "
    ):
        seam_from_environment({"ETL_KILL_AT": "nowhere"})
    with pytest.raises(ValueError, match=r"^ETL_KILL_AT=nowhere:3: there is no moment 'nowhere'"):
        seam_from_environment({"ETL_KILL_AT": "nowhere:3"})
    seam_from_environment({})("post:sent")


def test_a_seam_with_a_number_ends_the_process_when_it_comes_by_for_that_time():
    passes = (
        "for _ in range(3):\n for moment in ('post:began', 'post:sent'):\n  print(moment, flush=True)\n  seam(moment)"
    )
    code = f"from etl.seams import seam_from_environment; seam = seam_from_environment()\n{passes}"
    at_the_second = os.environ | {"ETL_KILL_AT": "post:sent:2"}
    done = subprocess.run([sys.executable, "-c", code], env=at_the_second, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "post:began\npost:sent\n" * 2)


def test_whoever_waits_is_woken_when_asked_to_stop():
    stop = Stop()
    stop.check()
    stop.ask("SIGINT")
    with pytest.raises(Stopped) as caught:
        stop.sleep(3600)
    assert str(caught.value) == "stopped by SIGINT; give the same command again"
    assert caught.value.exit_code is Exit.TARGET


def test_whose_migration_an_answer_names_is_looked_up_by_an_index_also_in_a_journal_that_had_none(workspace):
    """Each answer asks for it, and a whole migration in single records has a million batches."""
    with closing(JournalDatabase(workspace.journal, writing=True)) as database, database.transaction():
        database.change("DROP INDEX batches_by_migration")
    with closing(JournalDatabase(workspace.journal, writing=True)) as database:
        plan = database.rows(
            "EXPLAIN QUERY PLAN SELECT id FROM batches WHERE migration_id = ? AND id <> ? LIMIT 1", ("m", 1)
        )
    assert [row["detail"] for row in plan] == [
        "SEARCH batches USING COVERING INDEX batches_by_migration (migration_id=?)"
    ]


def test_nobody_reaches_the_tables_past_the_journal(journal):
    assert not [
        name for name in vars(journal) if isinstance(getattr(journal, name), JournalDatabase) and name[0] != "_"
    ]


ENDED: tuple[Words, ...] = (
    ("stopped by {signal}; `etl {command}` goes on where this ended", {"signal": "SIGINT", "command": "resume"}),
)


def ended_load(journal, workspace, told=ENDED):
    with workspace.locked() as holder:
        journal.runs.begin("run", holder)
    journal.runs.end("stopped by SIGINT; `etl resume` goes on where this ended", told)


def test_what_a_load_ended_in_is_kept_as_templates_until_something_else_is_done(journal, workspace):
    ended_load(journal, workspace)
    assert journal.runs.last_load_ended() == LoadEnded(
        "stopped by SIGINT; `etl resume` goes on where this ended", ENDED
    )
    with workspace.locked() as holder:
        journal.runs.begin("resolve", holder)
    assert journal.runs.last_load_ended() is None


def test_a_journal_of_before_there_were_templates_is_looked_at_all_the_same(journal, workspace):
    ended_load(journal, workspace)
    with closing(sqlite3.connect(workspace.journal)) as older:
        older.execute("DROP TABLE endings")
        older.commit()
    with closing(Journal.read(workspace)) as looked:
        ended = looked.runs.last_load_ended()
    assert (ended.text, ended.told) == ("stopped by SIGINT; `etl resume` goes on where this ended", ())


def test_templates_that_may_hold_what_omnitron_answered_are_forgotten_with_the_answers(journal, workspace):
    ended_load(journal, workspace, (("  what happened: {error}", {"error": "answered 400: ali@example.com"}),))
    journal.forget(lambda answer: "", lambda note: "")
    assert b"ali@example.com" not in workspace.journal.read_bytes()


def test_a_folder_in_the_place_of_a_journal_is_called_that(tmp_path):
    workspace = Workspace(tmp_path / "shop" / "target")
    workspace.journal.mkdir(parents=True)
    with pytest.raises(JournalError) as caught:
        Journal.read(workspace)
    assert str(caught.value) == f"{workspace.journal}: is a folder; put the journal back in its place, from a copy"
