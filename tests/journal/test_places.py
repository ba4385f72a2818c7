"""Where a migration's things lie: the workspace beside its mapping, a folder for each target, and what belongs to none."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest
from commands import command, etl, target, write_shop
from fault_world import Detour
from hypothesis import given
from hypothesis import strategies as st
from load_helpers import TOKEN, Sandbox, free_port, lines

from etl.address import is_on_this_machine, is_target_name, target_name
from etl.commands.run import run as run_command
from etl.commands.settings import Settings
from etl.errors import MappingError
from etl.journal.folder import MigrationFolder, check_known
from etl.journal.journal import Journal
from etl.journal.workspace import Workspace
from etl.omnitron.client import new_session
from etl.outside import Outside

SECOND = "7"


@pytest.fixture(scope="module")
def second():
    server = Sandbox()
    yield server
    server.close()


@pytest.fixture
def other(second):
    second.reset()
    return second


@pytest.fixture
def shop(tmp_path):
    return write_shop(tmp_path / "shop")


def run(mapping, sandbox, *more, name="run", cwd=None, channel=None):
    settings = target(sandbox.url, TOKEN)
    done = etl(name, mapping, "--json", *more, cwd=cwd, **settings)
    return done.returncode, json.loads(done.stdout)


def counted(summary):
    return [(one["uploaded"], one["already"]) for one in summary["stages"]]


# A target's name


@pytest.mark.parametrize(
    ("url", "channel", "name"),
    [
        ("https://omnitron.example.com", "7", "https_omnitron.example.com_channel_7"),
        ("HTTPS://Omnitron.Example.com:443/", "7", "https_omnitron.example.com_channel_7"),
        ("https://omnitron.example.com:8443", "7", "https_omnitron.example.com_8443_channel_7"),
        ("https://omnitron.example.com/api/v2/", "7", "https_omnitron.example.com_channel_7_api%2Fv2"),
        ("http://localhost:8765", "1", "http_127.0.0.1_8765_channel_1"),
        ("http://[::1]:8765", "A_b", "http_%3A%3A1_8765_channel_%41%5Fb"),
    ],
)
def test_a_target_is_called_after_its_address_and_channel(url, channel, name):
    assert target_name(url, channel) == name
    assert is_target_name(name)


HOSTS = st.sampled_from(["a", "a.b", "a-1", "a_1", "127.0.0.1", "omnitron.example.com", "[::1]"])
PORTS = st.sampled_from(["", ":80", ":443", ":1", ":12"])
TARGETS = st.tuples(
    st.sampled_from(["http", "https"]), HOSTS, PORTS, st.sampled_from(["", "/a", "/a/b"]), st.text(min_size=1)
)


def meant(scheme, host, port, path, channel):
    return scheme, host, port or {"http": ":80", "https": ":443"}[scheme], path, channel


@given(TARGETS, TARGETS)
def test_two_targets_have_two_names_on_every_file_system(one, another):
    names = [
        target_name(f"{scheme}://{host}{port}{path}", channel) for scheme, host, port, path, channel in (one, another)
    ]
    assert (names[0].lower() == names[1].lower()) == (meant(*one) == meant(*another))
    assert all(is_target_name(name) and len(name) <= 200 and Path(name).name == name for name in names)


def test_a_name_says_whether_the_target_is_on_this_machine():
    assert [
        is_on_this_machine(target_name(url, "1"))
        for url in ("http://127.0.0.1:1", "http://localhost", "https://[::1]:2", "https://omnitron.example.com")
    ] == [True, True, True, False]


# Each target its own journal


def test_what_was_sent_to_one_target_counts_for_nothing_at_another(shop, sandbox, other):
    assert counted(run(shop, sandbox)[1]) == [(2, 0)]
    assert counted(run(shop, other)[1]) == [(2, 0)]
    assert counted(run(shop, sandbox)[1]) == [(0, 2)]
    assert sandbox.keys() == other.keys() == ["1", "2"]
    folder = shop.parent / "work" / "shop"
    names = sorted(target_name(one.url, "1") for one in (sandbox, other))
    assert sorted(one.name for one in folder.iterdir()) == [*names, "packages", "targets.json"]
    for name in names:
        assert {one.name for one in (folder / name).iterdir()} >= {"journal.sqlite", "requests.jsonl", "lock"}
        assert {line["target"] for line in lines(folder / name)} == {name}


def test_another_channel_is_another_target(shop, sandbox):
    run(shop, sandbox)
    shop.write_text(shop.read_text().replace("channel: 1", "channel: 2"))
    code, summary = run(shop, sandbox)
    assert (code, counted(summary)) == (3, [(0, 0)])  # the stand-in has no such channel
    assert summary["target"] == target_name(sandbox.url, "2")


def test_a_resume_goes_on_only_where_its_package_was_going(shop, sandbox, other):
    sandbox.fault("error_before")
    assert run(shop, sandbox)[0] == 4
    code, answer = run(shop, other, name="resume")
    journal = shop.parent / "work" / "shop" / target_name(other.url, "1") / "journal.sqlite"
    assert code == 2
    [problem] = answer["problems"]
    assert problem.startswith(
        f"{journal}: no journal here; nothing has been sent to this target from this workspace yet. "
    )
    assert other.uploads() == []


def test_a_pilot_counts_only_where_it_was_sent(shop, sandbox, other):
    shop.write_text(shop.read_text().replace("retries: 0", "retries: 0, require_pilot: true"))
    assert run(shop, sandbox, name="pilot")[0] == 0
    assert run(shop, sandbox)[0] == 0
    code, answer = run(shop, other)
    assert (code, other.uploads()) == (2, [])
    assert "no pilot has succeeded yet" in answer["problems"][0]


def test_status_lists_every_target_and_the_mappings_own_first(shop, sandbox, other):
    run(shop, sandbox)
    run(shop, other)
    for one, another in ((sandbox, other), (other, sandbox)):
        found = run(shop, one, name="status")[1]
        assert found["target"] == target_name(one.url, "1")
        assert sorted(each["target"] for each in found["targets"]) == sorted(
            target_name(each.url, "1") for each in (one, another)
        )
        printed = etl("status", shop, **target(one.url, TOKEN)).stdout
        assert [line.removeprefix("Target: ") for line in printed.splitlines() if line.startswith("Target: ")] == [
            target_name(one.url, "1"),
            target_name(another.url, "1"),
        ]


def test_a_target_is_chosen_by_its_name_where_the_mapping_does_not_tell(shop, sandbox, other):
    run(shop, sandbox)
    run(shop, other)
    asked = ("history", shop, "--stage", "user", "--key", "1")
    names = sorted(target_name(one.url, "1") for one in (sandbox, other))
    done = etl(*asked)
    assert (done.returncode, done.stderr) == (
        2,
        f"{shop.parent}/work/shop holds several targets ({', '.join(names)}); name one with --target\n",
    )
    assert etl(*asked, "--target", names[0]).returncode == 0
    done = etl(*asked, "--target", names[0] + "x")
    assert (done.returncode, done.stderr) == (
        2,
        f"{shop.parent}/work/shop: nothing was sent to a target '{names[0]}x'; did you mean '{names[0]}'?\n",
    )


# The workspace


def test_the_workspace_lies_beside_the_mapping_wherever_a_command_is_typed(shop, sandbox, tmp_path):
    assert counted(run(shop, sandbox, cwd=shop.parent)[1]) == [(2, 0)]
    assert counted(run(shop, sandbox, cwd=tmp_path)[1]) == [(0, 2)]
    assert counted(run(Path("shop"), sandbox, cwd=tmp_path)[1]) == [(0, 2)]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["shop"]
    assert sandbox.keys() == ["1", "2"]


def test_a_mapping_that_is_a_link_has_its_workspace_beside_the_file(shop, sandbox, tmp_path):
    link = tmp_path / "elsewhere.yaml"
    link.symlink_to(shop)
    run(link, sandbox)
    assert counted(run(shop, sandbox)[1]) == [(0, 2)]


def test_a_workspace_that_an_older_version_left_in_the_current_folder_is_not_begun_anew(shop, sandbox, tmp_path):
    run(shop, sandbox, "-w", tmp_path / "work")
    for name in ("run", "status", "resume", "dry-run"):
        code, answer = run(shop, sandbox, name=name, cwd=tmp_path)
        assert (code, answer["problems"]) == (
            2,
            [
                f"{tmp_path}/work/shop knows what was sent of 'shop', and {shop.parent}/work/shop, where it belongs now, "
                f"does not exist; move it there, or go on where it is with --workspace {tmp_path}/work"
            ],
        )
    assert counted(run(shop, sandbox, "--workspace", f"{tmp_path}/work", cwd=tmp_path)[1]) == [(0, 2)]
    (tmp_path / "work").rename(shop.parent / "work")
    assert counted(run(shop, sandbox, cwd=tmp_path)[1]) == [(0, 2)]
    assert sandbox.keys() == ["1", "2"]


def test_git_takes_nothing_of_a_workspace_in(shop, tmp_path):
    assert etl("dry-run", shop).returncode == 0
    assert (shop.parent / "work" / ".gitignore").read_text() == "*\n"


def test_git_takes_nothing_in_of_a_workspace_either_that_omnitron_has_refused_to_fill(shop, sandbox):
    done = etl("run", shop, **target(sandbox.url, "of somebody else"))
    assert done.returncode == 3
    assert (shop.parent / "work" / ".gitignore").read_text() == "*\n"


def test_a_workspace_around_the_mapping_does_not_hide_the_mapping_from_git(shop):
    assert etl("dry-run", shop, "-w", shop.parent).returncode == 0
    assert not (shop.parent / ".gitignore").exists()


# Targets that are not on this machine


ONE, TWO = "https://one.invalid", "https://two.invalid"


def at(mapping, url, name="run", *more):
    """A command with a target that is not on this machine, and cannot be reached."""
    done = etl(name, mapping, *more, "--json", OMNITRON_URL=url, OMNITRON_TOKEN=TOKEN)
    answer = json.loads(done.stdout)
    return done.returncode, "\n".join(answer.get("problems", []))


UNREACHABLE = 3


@pytest.fixture
def send(shop, sandbox, monkeypatch):
    """A run to an address that leads to the stand-in, though it is not one of this machine; uploaded and already."""

    def run_there(url):
        def session():
            made = new_session()
            made.mount(url, Detour(url, sandbox.url))
            return made

        monkeypatch.setenv("OMNITRON_URL", url)
        monkeypatch.setenv("OMNITRON_TOKEN", TOKEN)
        settings = Settings(shop.parent / "work", workers=1)
        summary, error = run_command(shop, settings, Outside(session=session))
        assert error is None
        return [(one.uploaded, one.already) for one in summary.stages]

    return run_there


def refused(one, two, shop):
    return (
        f"records of this migration were sent to {one}, and now the target is {two}. If that is another Omnitron, which shall "
        f"get everything as well: `etl target {shop} --another`. If it is the same one under another name: "
        f"`etl target {shop} --same-as {one}`. Nothing was sent"
    )


def test_a_second_target_that_is_not_on_this_machine_is_refused_with_both_names_and_both_ways_on(shop, send, sandbox):
    assert send(ONE) == [(2, 0)]
    one, two = target_name(ONE, "1"), target_name(TWO, "1")
    for name in ("run", "pilot", "resume", "retry"):
        assert at(shop, TWO, name) == (2, refused(one, two, shop))
    shop.write_text(shop.read_text().replace("channel: 1", "channel: 2"))
    assert at(shop, ONE) == (2, refused(one, target_name(ONE, "2"), shop))
    assert sandbox.keys() == ["1", "2"]


def test_a_target_to_which_nothing_was_sent_is_no_first_one(shop, send):
    assert at(shop, TWO)[0] == UNREACHABLE  # its name was misspelt
    assert send(ONE) == [(2, 0)]


def test_a_rehearsal_may_be_made_beside_the_real_target(shop, send, other):
    send(ONE)
    assert counted(run(shop, other)[1]) == [(2, 0)]
    assert send(ONE) == [(0, 2)]


def test_another_omnitron_gets_everything_once_a_person_has_said_that_it_is_one(shop, send, sandbox):
    send(ONE)
    assert at(shop, TWO, "target", "--another")[0] == 0
    sandbox.reset()
    assert send(TWO) == [(2, 0)]
    assert send(ONE) == [(0, 2)]


def test_the_same_omnitron_under_another_name_goes_on_with_its_journal(shop, send):
    send(ONE)
    one, two = target_name(ONE, "1"), target_name(TWO, "1")
    assert at(shop, TWO, "target", "--same-as", one)[0] == 0
    assert send(TWO) == [(0, 2)]
    for more in ((), ("--target", two), ("--changed",)):
        status = json.loads(etl("status", shop, "--json", *more, OMNITRON_URL=TWO).stdout)
        assert (status["target"], [stage["already"] for stage in status["stages"]]) == (one, [2])
    told = etl("history", shop, "--stage", "user", "--key", "1", "--target", two, OMNITRON_URL=TWO)
    assert (told.returncode, "batch 1, done" in told.stdout) == (0, True)
    assert not (shop.parent / "work" / "shop" / two).exists()
    done = etl("target", shop, OMNITRON_URL=TWO)
    assert re.sub(r"\(.*\)", "(WHO, WHEN)", done.stdout) == (
        f"sent to   {one}\ndecided   {two} is {one} (WHO, WHEN)\nmapping   {two}\n"
    )


def test_what_was_sent_under_both_names_cannot_become_one_journal(shop, send, sandbox):
    send(ONE)
    one, two = target_name(ONE, "1"), target_name(TWO, "1")
    at(shop, TWO, "target", "--another")
    sandbox.reset()
    send(TWO)
    assert at(shop, TWO, "target", "--same-as", one) == (
        2,
        f"records were sent to both {two} and {one}; their journals cannot become one",
    )
    assert at(shop, TWO, "target", "--same-as", "nobody") == (
        2,
        f"{shop.parent}/work/shop: nothing was sent to a target 'nobody'; there is: {one}, {two}",
    )
    assert at(shop, TWO, "target", "--same-as", two) == (2, f"{two} is its own name")


def test_of_two_loads_that_begin_at_once_to_two_real_targets_none_is_taken_for_the_first(shop, tmp_path):
    folder = MigrationFolder(tmp_path / "migration")
    one, two = (target_name(url, "1") for url in (ONE, TWO))
    for name in (one, two):
        Journal.open(folder.target(name)).close()
    with folder.target(one).locked(), folder.target(two).locked():
        for name in (one, two):
            with pytest.raises(MappingError, match="records of this migration were sent to"):
                check_known(folder, name)


def test_what_is_remembered_of_the_targets_is_not_guessed_when_it_is_damaged(shop, send):
    send(ONE)
    records = shop.parent / "work" / "shop" / "targets.json"
    records.write_text(records.read_text()[:-5])
    assert at(shop, ONE) == (2, f"{records}: damaged; restore it from a copy")


# The migration's name


def test_of_many_that_remember_something_at_once_none_takes_back_what_another_has_written(tmp_path):
    folder = MigrationFolder(tmp_path / "shop")

    def remember(number):
        folder.belongs_to(tmp_path / f"{number}.yaml") if number % 2 else folder.decide(
            f"https_{number}_channel_1", None
        )

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(remember, range(60)))
    records = folder.records()
    assert len(records.mappings) == len({one.target for one in records.decisions}) == 30


def test_a_mapping_that_was_renamed_after_a_load_does_not_send_everything_again(shop, sandbox):
    run(shop, sandbox)
    shop.write_text(shop.read_text().replace("name: shop\n", "name: store\n", 1))
    work = shop.parent / "work"
    for name in ("run", "pilot", "resume"):
        assert run(shop, sandbox, name=name)[0] == 2
    refusal = (
        f"{shop}: is called 'store' now, and has sent records as 'shop': they would all be sent again. Call it 'shop' again; "
        f"or {{}}rename {work}/shop to {work}/store; or, if it is another migration now, put it into a file of its own"
    )
    assert run(shop, sandbox)[1]["problems"] == [refusal.format("")]
    asking = (("status",), ("status", "--changed"), ("history", "--stage", "user", "--key", "1"))
    for name, *more in asking:
        assert run(shop, sandbox, *more, name=name)[1]["problems"] == [refusal.format("")]
    done = etl("journal", "backup", shop, shop.parent / "file", **target(sandbox.url, TOKEN))
    assert (done.returncode, done.stderr) == (2, refusal.format("") + "\n")
    assert run(shop, sandbox, name="dry-run")[0] == 0
    aside = f"put {work}/store aside (nothing was sent from it) and "
    assert run(shop, sandbox)[1]["problems"] == [refusal.format(aside)]
    (work / "store").rename(work / "dry")
    (work / "shop").rename(work / "store")
    assert counted(run(shop, sandbox)[1]) == [(0, 2)]


def test_a_mapping_may_be_renamed_before_anything_was_sent_and_moved_with_its_workspace_after_it(
    shop, sandbox, tmp_path
):
    assert run(shop, sandbox, name="dry-run")[0] == 0
    shop.write_text(shop.read_text().replace("name: shop\n", "name: store\n", 1))
    assert counted(run(shop, sandbox)[1]) == [(2, 0)]
    shop.parent.rename(tmp_path / "moved")
    moved = tmp_path / "moved" / shop.name
    assert counted(run(moved, sandbox)[1]) == [(0, 2)]
    moved.write_text(moved.read_text().replace("name: store\n", "name: other\n", 1))
    assert run(moved, sandbox)[0] == 2


# Starting over


def test_a_rehearsal_is_started_over_by_the_name_of_its_target_and_its_journal_is_kept(shop, sandbox):
    run(shop, sandbox)
    name, folder = target_name(sandbox.url, "1"), shop.parent / "work" / "shop"
    settings = target(sandbox.url, TOKEN)
    done = etl("start-over", shop, **settings)
    assert (done.returncode, done.stderr) == (
        2,
        f"there is no terminal to ask for the target's name; `etl start-over {shop} --target {name}`\n",
    )
    done = etl("start-over", shop, "--target", "something", **settings)
    assert (done.returncode, done.stderr) == (2, f"that is not the name of the target, {name}; nothing was done\n")
    before = (folder / name / "requests.jsonl").read_bytes()
    done = etl("start-over", shop, "--target", name, **settings)
    [aside] = folder.glob("aside-*")
    assert (done.returncode, done.stdout) == (
        0,
        f"{aside}: put aside; `etl run {shop}` sends everything to {name} again\n",
    )
    assert (aside / "requests.jsonl").read_bytes() == before
    sandbox.reset()
    assert counted(run(shop, sandbox)[1]) == [(2, 0)]
    assert [one["target"] for one in run(shop, sandbox, name="status")[1]["targets"]] == [name]


def test_the_stand_in_keeps_its_store_across_restarts_and_says_how_to_empty_it(shop, tmp_path):
    store, port = tmp_path / "rehearsal.sqlite", free_port()
    url = f"http://127.0.0.1:{port}"
    with rehearsing(store, port) as told:
        assert told == [
            f"listening on {url}\n",
            f"{store}: kept across restarts; `curl -X POST {url}/_sandbox/reset` empties it\n",
        ]
        assert counted(run(shop, Stored(url))[1]) == [(2, 0)]
    with rehearsing(store, port) as told:
        assert counted(run(shop, Stored(url))[1]) == [(0, 2)]
        assert Stored(url).users() == 2
        subprocess.run(re.search("`(.*)`", told[1])[1].split(), check=True, capture_output=True)
        assert Stored(url).users() == 0
        etl("start-over", shop, "--target", target_name(url, "1"), **target(url, TOKEN))
        assert counted(run(shop, Stored(url))[1]) == [(2, 0)]


def test_a_store_that_is_another_kind_of_file_is_told_and_stays_as_it_is(tmp_path):
    store = tmp_path / "notes.txt"
    store.write_text("the carriers' telephone numbers")
    done = etl("sandbox", "--port", 0, "--store", store)
    assert (done.returncode, done.stderr) == (
        2,
        f"--store {store}: cannot be used (file is not a database); name a file that a sandbox has made, or one that is not "
        "there yet\n",
    )
    assert store.read_text() == "the carriers' telephone numbers"


@contextmanager
def rehearsing(store, port):
    """The lines that `etl sandbox` begins with."""
    begin = command("sandbox", "--port", port, "--store", store, "--token", TOKEN)
    with subprocess.Popen(begin, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield [process.stdout.readline() for _ in range(2)]
        finally:
            process.send_signal(signal.SIGINT)


@dataclass
class Stored:
    url: str

    def users(self):
        with urlopen(f"{self.url}/_sandbox/state", timeout=30) as answer:
            return json.load(answer)["user"]["stored"]


def test_what_was_sent_to_a_real_target_is_never_put_aside(shop, send):
    send(ONE)
    name = target_name(ONE, "1")
    not_here = f"{name} is not on this machine: what was sent there is there, and its journal is kept"
    assert at(shop, ONE, "start-over", "--target", name) == (2, not_here)
    tunnel = "http://127.0.0.1:9"
    at(shop, tunnel, "target", "--same-as", name)
    assert at(shop, tunnel, "start-over", "--target", target_name(tunnel, "1")) == (2, not_here)


# A workspace of the form before this one


def older(shop, sandbox, *more):
    """What the version before this one would have left after a run."""
    assert run(shop, sandbox, *more)[0] in (0, 4)
    home = shop.parent / "work" / "shop"
    folder = home / target_name(sandbox.url, "1")
    for one in folder.iterdir():
        one.rename(home / one.name)
    folder.rmdir()
    (home / "targets.json").unlink()
    return home


@pytest.mark.parametrize("name", ["run", "status", "dry-run", "resume"])
def test_a_workspace_of_the_older_form_becomes_its_targets(name, shop, sandbox):
    home = older(shop, sandbox)
    assert run(shop, sandbox, name=name)[0] == 0
    folder = home / target_name(sandbox.url, "1")
    assert sorted(one.name for one in home.iterdir() if one.name != "targets.json") == [folder.name, "packages"]
    assert {one.name for one in folder.iterdir()} >= {"journal.sqlite", "requests.jsonl"}
    assert counted(run(shop, sandbox)[1]) == [(0, 2)]
    done = etl("history", shop, "--stage", "user", "--key", "1", "--show-data", **target(sandbox.url, TOKEN))
    assert "ayse@example.com" in done.stdout  # the bytes that were sent are found
    assert sandbox.keys() == ["1", "2"]


def test_a_workspace_of_the_older_form_is_the_other_targets_alone(shop, sandbox, other):
    older(shop, sandbox)
    assert counted(run(shop, other)[1]) == [(2, 0)]
    assert counted(run(shop, sandbox)[1]) == [(0, 2)]


def test_a_workspace_of_the_older_form_that_was_sent_to_two_targets_is_refused(shop, sandbox, other):
    home = older(shop, sandbox)
    log = home / "requests.jsonl"
    log.write_text(log.read_text() + log.read_text().replace(sandbox.url, other.url))
    names = sorted(target_name(one.url, "1") for one in (sandbox, other))
    assert run(shop, sandbox)[1]["problems"] == [
        f"{home}/journal.sqlite is of an older form, which has one journal for all targets, and it is not certain to which one "
        f"its records were sent: its requests.jsonl names {', '.join(names)}. When you know it, make the folder that is named "
        f"after it ({home}/https_HOST_channel_CHANNEL) and move journal.sqlite, with journal.sqlite-wal and journal.sqlite-shm "
        "if they are there, requests.jsonl and batches into it"
    ]
    folder = home / target_name(sandbox.url, "1")
    folder.mkdir()
    log.write_text("".join(log.read_text().splitlines(keepends=True)[: len(log.read_text().splitlines()) // 2]))
    for one in ("journal.sqlite", "requests.jsonl"):
        (home / one).rename(folder / one)
    assert counted(run(shop, sandbox)[1]) == [(0, 2)]


def test_a_move_to_todays_form_that_was_interrupted_is_finished(shop, sandbox):
    home = older(shop, sandbox)
    name = target_name(sandbox.url, "1")
    (home / f"{name}.taken").mkdir()
    (home / "requests.jsonl").rename(home / f"{name}.taken" / "requests.jsonl")
    assert counted(run(shop, sandbox)[1]) == [(0, 2)]
    (home / name).rename(home / f"{name}.taken")
    assert counted(run(shop, sandbox)[1]) == [(0, 2)]


def test_an_older_version_that_is_loading_is_not_disturbed(shop, sandbox):
    home = older(shop, sandbox)
    with Workspace(home).locked("etl run shop"):
        code, answer = run(shop, sandbox)
    assert (code, "is held by `etl run shop`" in answer["problems"][0]) == (2, True)
    assert (home / "journal.sqlite").exists()
