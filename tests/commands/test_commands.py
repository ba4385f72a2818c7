"""The commands as Python calls them: without a terminal, without signals, in any thread."""

import re
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from commands import BAD_ROWS, ROOT, write_shop
from sandbox_client import running_sandbox

import etl
from etl import (
    EtlError,
    Outside,
    Settings,
    Stop,
    Which,
    check,
    dry_run,
    history,
    pilot,
    preview,
    resume,
    retry,
    run,
    status,
)
from etl.cli.program import app
from etl.commands.transfer import backup
from etl.errors import Refused
from etl.journal.workspace import Occupied, Workspace
from etl.load.retry import RetryChoice
from etl.mapping import load_mapping
from etl.stop import Stopped

TOKEN = "a-token-of-these-tests"


def in_a_thread(call):
    """What a call gives in a thread that is not the main one, or the error it ends in."""
    ended: list[tuple[Any, Exception | None]] = []

    def work():
        try:
            ended.append((call(), None))
        except Exception as error:  # noqa: BLE001 - raised again below
            ended.append((None, error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(timeout=120)
    ((result, error),) = ended
    if error is not None:
        raise error
    return result


def test_every_public_name_is_there_and_says_what_it_is():
    assert sorted(etl.__all__) == sorted(["__version__", *etl.EXPORTED])
    for name in etl.__all__:
        assert getattr(etl, name).__doc__


def test_no_part_of_the_package_takes_the_place_of_a_public_name():
    rooms = {one.name.partition(".")[0] for one in Path(etl.__file__).parent.iterdir()}
    assert not rooms & set(etl.__all__) - {"__version__"}


ONLY_PRINTED = {"functions", "schema", "sandbox", "demo"}
CALLED = {
    "channel": "pull",
    "journal": "backup",
    "report": "renew_report",
    "target": "targets",
    "verify": "verify_user",
}
"""Commands that are called otherwise in Python."""


def test_what_every_command_does_can_be_called():
    listed = set(app.commands) - ONLY_PRINTED
    assert {CALLED.get(name, name.replace("-", "_")) for name in listed} - set(etl.EXPORTED) == set()


def test_the_page_of_python_names_what_is_public_and_nothing_else():
    text = (ROOT / "docs/python.md").read_text(encoding="utf-8")
    table = "".join(line for line in text.splitlines(keepends=True) if line.startswith("| `"))
    first = "".join(line.split(" | ")[0] for line in table.splitlines())
    named = set(re.findall(r"[`(]([A-Za-z_]+)\b(?=[(`])", first))
    assert named == set(etl.EXPORTED)


def test_what_was_mended_is_taken_and_what_holds_data_is_removed(tmp_path):
    mapping, workspace = write_shop(tmp_path, BAD_ROWS), tmp_path / "work"
    settings = Settings(workspace=workspace, workers=1)
    package = dry_run(mapping, settings)
    book = openpyxl.load_workbook(package.path / "rejects.xlsx")
    sheet = book["user"]
    mail = next(cell.column for cell in sheet[1] if cell.value == "mail")
    sheet.cell(2, mail).value = "mended@example.com"
    book.save(tmp_path / "mended.xlsx")
    fixed = etl.fix(mapping, workspace, tmp_path / "mended.xlsx", "by telephone")
    assert [(one.column, one.new) for one in fixed.cells] == [("mail", "mended@example.com")]
    assert [one.new for one in etl.known_corrections(mapping, workspace)] == ["mended@example.com"]
    again = dry_run(mapping, settings)
    assert again.stages[0].counts.rejected == package.stages[0].counts.rejected - 1
    assert etl.drop_refused(mapping, workspace) == ()
    gone = etl.purge(mapping, workspace, lambda found: len(found.packages) == 2)
    assert (gone.finished, package.path.exists(), again.path.exists()) == (True, False, False)


def test_an_unknown_name_is_told_with_those_that_there_are():
    with pytest.raises(AttributeError, match="module 'etl' has no 'runn'; did you mean 'run'"):
        _ = etl.runn


def test_importing_the_package_loads_no_command():
    code = "import sys, etl; print(sorted(name for name in sys.modules if name.startswith('etl')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "['etl']\n"


def test_a_package_is_prepared_and_uploaded_in_a_thread(tmp_path, monkeypatch):
    write_shop(tmp_path)
    with running_sandbox(token=TOKEN) as sandbox:
        monkeypatch.setenv("OMNITRON_URL", sandbox.url)
        monkeypatch.setenv("OMNITRON_TOKEN", TOKEN)
        settings = Settings(workspace=tmp_path / "work", workers=1)
        mapping = tmp_path / "migration.yaml"
        package = in_a_thread(lambda: dry_run(mapping, settings))
        assert [stage.counts.valid for stage in package.stages] == [2]
        summary, error = in_a_thread(lambda: run(mapping, settings, Outside()))
        assert error is None
        assert [(stage.name, stage.uploaded) for stage in summary.stages] == [("user", 2)]
        standing = in_a_thread(lambda: status(Which(mapping, tmp_path / "work")))
        assert [stage.uploaded for stage in standing.own.stages] == [2]


def test_a_preparation_that_is_stopped_leaves_no_package(tmp_path):
    write_shop(tmp_path, BAD_ROWS)
    stop = Stop()
    with pytest.raises(Stopped, match="stopped by a test; no package was made, and nothing was sent"):
        dry_run(
            tmp_path / "migration.yaml",
            Settings(workspace=tmp_path / "work", workers=1),
            lambda stage, rows: stop.ask("a test"),
            stop,
        )
    assert list((tmp_path / "work" / "shop" / "packages").iterdir()) == []


def test_a_mapping_is_read_from_a_text_that_no_file_holds(tmp_path, monkeypatch):
    monkeypatch.setenv("OMNITRON_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("OMNITRON_TOKEN", TOKEN)
    write_shop(tmp_path)
    text = (tmp_path / "migration.yaml").read_text(encoding="utf-8")
    with load_mapping(tmp_path / "unsaved.yaml", text=text.replace("| email", "| emial")) as checked:
        assert [str(problem) for problem in checked.problems] == [
            f"{tmp_path / 'unsaved.yaml'}:16:25: unknown function 'emial'; did you mean 'email'?"
        ]


def test_what_a_person_can_put_right_is_one_kind_of_error(tmp_path):
    with pytest.raises(EtlError, match="there is no such mapping"):
        check(tmp_path / "nosuch.yaml")


def test_every_step_of_a_migration_can_be_taken_in_any_thread(tmp_path, monkeypatch):
    """Signals are the main thread's business: no step may depend on being there."""
    rows = "id,name,mail\n" + "".join(f"{n},Ali,a{n}@example.com\n" for n in range(30_000))
    mapping = write_shop(tmp_path, rows)
    with running_sandbox(token=TOKEN) as sandbox:
        monkeypatch.setenv("OMNITRON_URL", sandbox.url)
        monkeypatch.setenv("OMNITRON_TOKEN", TOKEN)
        settings, which = Settings(workspace=tmp_path / "work", workers=2), Which(mapping)
        small = replace(settings, limit=3, workers=1)
        steps = [
            lambda: check(mapping),
            lambda: preview(mapping, None, 2),
            lambda: dry_run(mapping, settings),
            lambda: dry_run(mapping, replace(small, engine="dask")),
            lambda: pilot(mapping, small, Outside()),
            lambda: run(mapping, small, Outside()),
            lambda: resume(mapping, small, Outside()),
            lambda: status(which),
            lambda: history(which, "user", "1"),
            lambda: backup(which, tmp_path / "backup.tar"),
        ]
        for step in steps:
            in_a_thread(step)
        assert [stage.waiting for stage in in_a_thread(lambda: status(which)).own.stages] == [0]


GO_ON = {
    "resume": lambda mapping, settings: resume(mapping, settings, Outside()),
    "retry": lambda mapping, settings: retry(mapping, settings, Outside(), RetryChoice(), lambda unsure: None),
}


@pytest.mark.parametrize("name", GO_ON)
def test_what_goes_on_with_a_load_asks_first_whether_it_could_begin(name, tmp_path, monkeypatch):
    """Address, token, and whether somebody else loads: before the journal is told of another run."""
    mapping, settings = write_shop(tmp_path), Settings(workspace=tmp_path / "work", workers=1)
    with running_sandbox(token=TOKEN) as sandbox:
        monkeypatch.setenv("OMNITRON_URL", sandbox.url)
        monkeypatch.setenv("OMNITRON_TOKEN", TOKEN)
        sandbox.fault("errors")
        assert run(mapping, settings, Outside())[1] is not None
        monkeypatch.setenv("OMNITRON_TOKEN", "of somebody else")
        with pytest.raises(Refused, match="does not accept the token"):
            GO_ON[name](mapping, settings)
        monkeypatch.setenv("OMNITRON_TOKEN", TOKEN)
        with (
            Workspace(Which(mapping).journal()).locked("etl run it"),
            pytest.raises(Occupied, match="held by `etl run it`"),
        ):
            GO_ON[name](mapping, settings)
        assert status(Which(mapping)).own.run.command == "run"
        assert len(sandbox.get("/_sandbox/uploads").json()["results"]) == 1
