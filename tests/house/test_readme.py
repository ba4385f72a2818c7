"""The README is true: its tutorial is carried out as a new user would, and what it shows is what is printed."""

import os
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from commands import ROOT, environment, etl
from pages import EXECUTED, Reader, Session, WriteFile, normal, read_page

README = (ROOT / "README.md").read_text(encoding="utf-8")
SCRIPTS = Path(sys.executable).parent
PAGES = [ROOT / "README.md"] + [
    page for page in sorted((ROOT / "docs").glob("*.md")) if EXECUTED in page.read_text(encoding="utf-8").splitlines()
]


def free_port():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


@pytest.fixture
def reader(tmp_path):
    reader = Reader(tmp_path, SCRIPTS, free_port())
    yield reader
    reader.close()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_doing_what_the_page_says_shows_what_the_page_shows(page, reader):
    steps = list(read_page(page.read_text(encoding="utf-8")))
    assert steps
    for step in steps:
        if isinstance(step, WriteFile):
            reader.write(step)
        else:
            shown = [reader.adapted(output) for _, output in step.steps]
            assert list(map(normal, reader.carry_out(step))) == list(map(normal, shown))


def test_the_tutorial_reaches_its_end():
    sessions = [step for step in read_page(README) if isinstance(step, Session)]
    told = [command.split()[1] for session in sessions for command, _ in session.steps if command.startswith("etl ")]
    first_told = ["check", "test", "preview", "dry-run", "sandbox", "run", "retry", "status", "start-over", "target"]
    assert list(dict.fromkeys(told)) == first_told


def commands_of_etl():
    listed = etl("--help").stdout.partition("Commands:\n")[2]
    return re.findall(r"^  ([a-z-]+)", listed, re.M)


def test_the_table_has_every_command_and_no_other():
    assert sorted(re.findall(r"^\| `etl ([a-z-]+)", README, re.M)) == sorted(commands_of_etl())


def test_the_table_has_every_exit_code():
    from etl.cli import INTERRUPTED
    from etl.errors import Exit

    codes = [int(code) for code in re.findall(r"^\| (\d+) \|", README, re.M)]
    assert codes == [*sorted(Exit), INTERRUPTED]


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name
)
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_keys_of_json_are_those_of_the_readme():
    import json

    from etl.report.summary import StageSummary, Summary

    block = re.search(r"```json\n(.*?)```", README, re.S)[1]
    shown = json.loads(block)
    assert list(shown) == list(Summary.__struct_fields__)
    assert list(shown["stages"][0]) == list(StageSummary.__struct_fields__)


def test_the_package_has_the_files_that_the_readme_lists(reader):
    """Those of `Where things lie`, after the tutorial's files have been prepared and sent."""
    for step in read_page(README):
        if isinstance(step, WriteFile):
            reader.write(step)
    reader.carry_out(Session((("sed -i 's/emial/email/' migration.yaml", ""),)))
    reader.carry_out(Session((("etl sandbox --token rehearsal", "listening\n"),)))
    reader.carry_out(Session((("etl run .", ""),)))
    listing = README.partition("```text\nwork/bookshop/\n")[2].partition("```")[0]
    names = re.findall(r"^ +(\S+)", listing, re.M)
    (package,) = (reader.folder / "work/bookshop/packages").iterdir()
    home = package.parent.parent
    target = home / f"http_127.0.0.1_{reader.port}_channel_1"
    for name in map(reader.adapted, names[1:]):
        assert any((folder / name).exists() for folder in (package, target, home)), name


INSTALLED = ["-o", ".venv/.installed"]
"""For make: take the .venv as it is, for the tests run in it."""


@pytest.mark.skipif(SCRIPTS != ROOT / ".venv" / "bin", reason="the tests do not run in the .venv that make made")
def test_make_demo_ends_well_and_prints_the_table_of_the_readme(tmp_path):
    settings = environment(ETL_WORKSPACE=tmp_path)
    done = subprocess.run(
        ["make", *INSTALLED, "demo"], cwd=ROOT, env=settings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    shown = re.search(r"```text\n( stage .*?)```", README, re.S)[1]
    printed = [line.split() for line in done.stdout.splitlines()]
    assert [line for line in shown.splitlines() if line.split() not in printed] == []


def what_make_would_do(folder, command):
    done = subprocess.run([*shlex.split(command), "-n"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_two_commands_install_when_something_has_changed_and_only_then(tmp_path):
    (tmp_path / ".venv").mkdir()
    for age, name in enumerate([".venv/.installed", "Makefile", "pyproject.toml", "constraints.txt"], start=1):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes() if name[0] != "." else b"")
        os.utime(tmp_path / name, (1_000_000 - age, 1_000_000 - age))
    block = re.search(r"## Two commands.*?```bash\n(.*?)```", README, re.S)[1]
    for command in block.splitlines():
        assert "pip install" not in what_make_would_do(tmp_path, command)
    (tmp_path / "constraints.txt").touch()
    for command in block.splitlines():
        assert "pip install" in what_make_would_do(tmp_path, command)
