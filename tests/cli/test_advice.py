"""Every command that a message advises can be typed as it stands: it has the mapping and the workspace of this command."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
from commands import ROOT, etl, target, write_shop
from load_helpers import TOKEN, Sandbox

from etl.cli.advice import Given
from etl.cli.program import app


@pytest.fixture(scope="module")
def sandbox():
    server = Sandbox()
    yield server
    server.close()


def advised(text):
    return re.findall(r"`(etl [^`]*)`", text)


def test_a_command_that_reads_sources_keeps_to_the_folders_that_were_given(tmp_path):
    known = Given(Path("shop"), root=(Path("a b"), Path("c")), commands=app.commands)
    assert known.whole("`etl run`, `etl functions`") == "`etl run shop --root 'a b' --root c`, `etl functions`"


@pytest.mark.parametrize(
    ("given", "text", "whole"),
    [
        ({"mapping": "shop"}, "`etl resume` goes on", "`etl resume shop` goes on"),
        ({"mapping": "shop"}, "`etl resolve 5 --lost`", "`etl resolve 5 --lost --mapping shop`"),
        ({"mapping": "shop", "workspace": "w"}, "`etl resume`", "`etl resume shop --workspace w`"),
        ({"mapping": "a shop"}, "`etl verify --email E`", "`etl verify 'a shop' --email E`"),
        ({"workspace": "w"}, "`etl status` shows it", "`etl status --workspace w` shows it"),
        ({"mapping": "shop"}, "`etl target MAPPING --another`", "`etl target shop --another`"),
        ({"mapping": "shop"}, "`etl functions title`, `etl nosuch`", "`etl functions title`, `etl nosuch`"),
        ({"mapping": "shop", "workspace": "w"}, "held by `etl run other -w x`", "held by `etl run other -w x`"),
        ({}, "`etl resume`", "`etl resume MAPPING`"),
        ({"mapping": "shop"}, "`etl find MAPPING TEXT`", "`etl find shop TEXT`"),
        ({"mapping": "-shop", "workspace": "-w"}, "`etl resume`", "`etl resume ./-shop --workspace ./-w`"),
    ],
)
def test_a_command_is_completed_by_what_was_given(given, text, whole, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    places: dict[str, Any] = {name: Path(value) for name, value in given.items()}
    known = Given(**places, commands=app.commands)
    assert known.whole(text) == known.whole(known.whole(text)) == whole


def test_where_a_mapping_lies_in_the_current_folder_it_is_the_one_that_is_meant(tmp_path, monkeypatch):
    write_shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert Given(commands=app.commands).whole("`etl resume`, `etl status`") == "`etl resume .`, `etl status`"


def test_every_command_that_a_message_of_the_engine_advises_exists():
    names = {
        found.split()[1]
        for path in (ROOT / "etl").rglob("*.py")
        for found in re.findall(r"`(etl [a-z][a-z-]*)[^`]*`", path.read_text(encoding="utf-8"))
    }
    assert names <= set(app.commands)
    assert {"resume", "resolve", "run", "target"} <= names


def test_what_is_advised_works_when_it_is_typed_as_it_stands(tmp_path, sandbox):
    """A batch of unknown fate, decided and gone on with by the very words that were printed, from another folder."""
    mapping = write_shop(tmp_path / "a shop")
    sandbox.reset()
    sandbox.fault("error_before")
    settings = target(sandbox.url, TOKEN)
    where = {"cwd": tmp_path, **settings}
    done = etl("run", "a shop", "-w", "somewhere else", **where)
    assert done.returncode == 4
    _, lost = advised(done.stderr)
    assert lost == "etl resolve 1 --lost --mapping 'a shop' --workspace 'somewhere else'"
    status = etl("status", mapping, "-w", "somewhere else", **where)
    assert advised(status.stdout)[-1] == f"etl resolve 1 --lost --mapping '{mapping}' --workspace 'somewhere else'"
    decided = etl(*shlex.split(lost)[1:], **where)
    assert decided.returncode == 0
    [resume] = advised(decided.stdout)
    assert etl(*shlex.split(resume)[1:], **where).returncode == 0
    assert sandbox.keys() == ["1", "2"]


def test_an_advised_command_names_only_options_that_there_are():
    known = Given(Path("m"), Path("w"), commands=app.commands)
    for path in (ROOT / "etl").rglob("*.py"):
        for text in re.findall(r"`etl [a-z][^`{}]*`", path.read_text(encoding="utf-8")):
            words = shlex.split(known.whole(text).strip("`"))[1:]
            command = app.commands.get(words[0])
            if isinstance(command, click.Command) and not isinstance(command, click.Group):
                options = {name for one in command.params for name in one.opts}
                assert {word for word in words if word.startswith("--")} <= options | {"--help"}, text
