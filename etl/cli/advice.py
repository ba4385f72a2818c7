"""Commands that a message advises, completed: with the mapping, the workspace and the roots that this command was given.

A message says `etl resume` or `etl resolve 5 --lost`: where it is made, nobody knows what a person has typed. Here, where it is
printed, that is known, and so is what each command takes.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from etl.languages import DEFAULT
from etl.terminal import visible, visible_lines

R = TypeVar("R")
V = TypeVar("V", Path | None, str | None)

USUAL = Path("migration.yaml")
PLACE = "MAPPING"
ADVISED = re.compile(r"`etl ([a-z-]+(?: [a-z][a-z-]+)?)([^`]*)`")

TYPED = re.compile(rf" (?!-|{PLACE}\b)")


def quoted(path: Path) -> str:
    """As it can be typed: bash, zsh and ksh read what no key types in `$'...'`."""
    text = str(path)
    if text.startswith("-"):  # what would be taken for an option, by the command and by the next look at the message
        text = f"./{text}"
    if text.isprintable():
        return shlex.quote(text)
    letters = (one if one.isprintable() and one not in "'\\" else f"\\U{ord(one):08x}" for one in text)
    return f"$'{''.join(letters)}'"


@dataclass(slots=True)
class Given:
    """What this process was given; None where it did without. `commands` are all there are."""

    mapping: Path | None = None
    workspace: Path | None = None
    language: str | None = None
    root: tuple[Path, ...] = ()
    commands: Mapping[str, click.Command] = field(default_factory=dict)

    def remember(self, context: click.Context, parameter: click.Parameter, value: V) -> V:
        """For click, as the callback of a parameter that is called like a field."""
        setattr(self, str(parameter.name), value)
        return value

    def fit(self, text: str) -> str:
        """The text for a terminal: in the language that was asked for, whole, and without new lines out of what was typed, or
        of names of folders."""
        text = self.told(text)
        places = [one.resolve() for one in (self.mapping, self.workspace, Path()) if one]
        # The workspace lies beside the mapping, whose folder is therefore in most paths.
        for name in (*map(str, places), *(str(one.parent) for one in places), *sys.argv[1:]):
            text = text if name.isprintable() else text.replace(name, visible(name))
        return visible_lines(self.whole(text))

    def fit_line(self, text: str) -> str:
        """As `fit`, of what is one line."""
        return visible(self.whole(self.told(text)))

    def told(self, text: str) -> str:
        """The text in the language of who reads the terminal: English, where none was asked for."""
        if self.language in (None, DEFAULT):
            return text
        from etl.report.catalogue import catalogue_of

        return catalogue_of(self.language).tell(text)

    def whole(self, text: str) -> str:
        """The text, with every command in it as it has to be typed."""
        return ADVISED.sub(self._command, text)

    def whole_result(self, found: R) -> R:
        """A result with every text in it made whole."""
        return cast("R", self._whole(found))

    def _whole(self, found: Any) -> Any:
        if isinstance(found, str):
            return self.whole(found)
        if isinstance(found, Mapping):
            return {name: self._whole(one) for name, one in found.items()}
        if isinstance(found, list | tuple):
            return tuple(map(self._whole, found))
        if names := getattr(found, "__struct_fields__", ()):
            return type(found)(**{name: self._whole(getattr(found, name)) for name in names})
        return found

    def _command(self, found: re.Match[str]) -> str:
        name, rest = found[1], found[2]
        command = self._named(name)
        return found[0] if command is None else f"`etl {self._completed(command, name, rest)}`"

    def _named(self, name: str) -> click.Command | None:
        first, _, second = name.partition(" ")
        command = self.commands.get(first)
        if isinstance(command, click.Group):
            return command.commands.get(second)
        return command if not second else None

    def _completed(self, command: click.Command, name: str, rest: str) -> str:
        """With what is missing. Words that a person typed, such as those of the process that holds a workspace, miss nothing."""
        takes = {one.name: one for one in command.params}
        mapping, place = takes.get("mapping"), self._place()
        if isinstance(mapping, click.Argument) and TYPED.match(rest):
            return f"{name}{rest}"
        if isinstance(mapping, click.Argument) and PLACE not in rest and (mapping.required or self.mapping):
            rest = f" {PLACE}{rest}"
        elif isinstance(mapping, click.Option) and self.mapping and "--mapping" not in rest:
            rest = f"{rest} --mapping {PLACE}"
        if "workspace" in takes and self.workspace and "--workspace" not in rest:
            rest = f"{rest} --workspace {quoted(self.workspace)}"
        if "root" in takes and "--root" not in rest:
            rest += "".join(f" --root {quoted(one)}" for one in self.root)
        return f"{name}{rest.replace(PLACE, place)}"

    def _place(self) -> str:
        if self.mapping is not None:
            return quoted(self.mapping)
        return "." if USUAL.is_file() else PLACE


given = Given()
"""Of this process: it runs one command."""
