"""Where a migration's things lie: the workspace beside its mapping, a folder for each target, and what belongs to none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import etl, target, write_shop
from hypothesis import given
from hypothesis import strategies as st
from load_helpers import TOKEN, Sandbox, lines

from etl.address import is_on_this_machine, is_target_name, target_name

SECOND = "7"


@pytest.fixture(scope="module")
def sandbox():
    server = Sandbox()
    yield server
    server.close()


@pytest.fixture
def other():
    server = Sandbox()
    yield server
    server.close()


@pytest.fixture
def shop(tmp_path, sandbox):
    sandbox.reset()
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
    assert sorted(one.name for one in folder.iterdir()) == [*names, "packages"]
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
    assert (code, answer["problems"]) == (
        2,
        [f"{journal}: no journal here; nothing has been sent from this workspace yet"],
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


def test_a_workspace_around_the_mapping_does_not_hide_the_mapping_from_git(shop):
    assert etl("dry-run", shop, "-w", shop.parent).returncode == 0
    assert not (shop.parent / ".gitignore").exists()
