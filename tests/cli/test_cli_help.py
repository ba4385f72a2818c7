"""What every command says of itself, and how what it prints looks in a file."""

import re

import click
import pytest
from commands import SAMPLE_MAPPING, etl, etl_by_hand

from etl import __version__
from etl.cli.program import app


def commands(group: click.Group = app, path: tuple[str, ...] = ()):
    """Every command with the words that call it, those of groups included."""
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


COMMANDS = {" ".join(path): command for path, command in commands()}


def test_the_version_can_be_asked_for():
    assert etl_by_hand("--version").stdout == f"etl, version {__version__}\n"


def test_the_line_of_each_command_is_whole_on_80_columns():
    help = etl("--help", COLUMNS="80").stdout
    listed = help[help.index("Commands:") :].splitlines()[1:]
    assert [line.split()[0] for line in listed] == list(app.commands)
    assert not [line for line in listed if line.endswith("...")]


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_explains_itself_and_each_of_its_options(words):
    command = COMMANDS[words]
    assert "." in (command.help or "")
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert not [one.name for one in options if not one.help]


@pytest.mark.parametrize("arguments", [("dry-run", SAMPLE_MAPPING), ("preview", SAMPLE_MAPPING), ("functions",)])
def test_a_table_in_a_file_has_no_blanks_at_the_ends_of_lines(arguments, tmp_path):
    done = etl(*arguments, ETL_WORKSPACE=tmp_path / "work")
    assert len(done.stdout.splitlines()) > 5
    assert not re.search(r"[ \t]$", done.stdout, re.MULTILINE)


def test_a_shell_can_complete_commands():
    done = etl_by_hand(_ETL_COMPLETE="bash_complete", COMP_WORDS="etl dr", COMP_CWORD="1")
    assert done.stdout == "plain,dry-run\n"
    assert "complete -o nosort -F _etl_completion etl" in etl_by_hand(_ETL_COMPLETE="bash_source").stdout
