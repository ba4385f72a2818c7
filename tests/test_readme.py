"""The README is true: its tutorial is carried out as a new user would, and what it shows is what is printed."""

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
    assert list(dict.fromkeys(told)) == ["check", "test", "preview", "dry-run", "sandbox", "run"]


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


def test_every_link_leads_somewhere():
    for link in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / link).exists(), link


def test_the_keys_of_json_are_those_of_the_readme():
    import json

    from etl.report.summary import StageSummary, Summary

    block = re.search(r"```json\n(.*?)```", README, re.S)[1]
    shown = json.loads(block)
    assert list(shown) == list(Summary.__dataclass_fields__)
    assert list(shown["stages"][0]) == list(StageSummary.__dataclass_fields__)


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
    for name in names[1:]:
        assert (package / name).exists() or (package.parent.parent / name).exists(), name


def uptodate():
    """Whether `make` would install nothing: else its targets are not for a test to call."""
    same = SCRIPTS == ROOT / ".venv" / "bin"
    return same and subprocess.run(["make", "-q", ".venv/.installed"], cwd=ROOT, check=False).returncode == 0


@pytest.mark.skipif(not uptodate(), reason="the tests do not run in the .venv that make made, or it is out of date")
def test_make_demo_ends_well_and_prints_the_table_of_the_readme(tmp_path):
    done = subprocess.run(
        ["make", "demo"], cwd=ROOT, env=environment(ETL_WORKSPACE=tmp_path), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    shown = re.search(r"```text\n( stage .*?)```", README, re.S)[1]
    printed = [line.split() for line in done.stdout.splitlines()]
    assert [line for line in shown.splitlines() if line.split() not in printed] == []


def test_the_two_commands_exist_and_make_installs_only_what_changed():
    block = re.search(r"## Two commands.*?```bash\n(.*?)```", README, re.S)[1]
    for line in block.splitlines():
        dry = subprocess.run([*shlex.split(line), "-n"], cwd=ROOT, capture_output=True, text=True, check=False)
        assert dry.returncode == 0, dry.stderr
        assert not uptodate() or "pip install" not in dry.stdout
