"""${NAME} in a mapping: read from the environment, or from a .env file beside the mapping.

${NAME:-usual} is `usual` where NAME is not set; where it is set to nothing it is nothing, as a shop's tables may have no prefix.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from etl.errors import MappingError
from etl.findings import joined, said
from etl.model import Place, Problem

ENVIRONMENT = "environment"
"""The kind of a Problem about a variable that is not set, or a setting only an upload needs."""

SHOP = "shop"
"""The same, about the shop's own address, which only `verify` needs."""

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^${}]*))?\}")
OPENING = re.compile(r"\$\{")


@dataclass(frozen=True, slots=True)
class Variables:
    """What ${NAME} stands for, and what is wrong with the .env file. Its repr shows no value: some are secrets."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    problems: tuple[Problem, ...] = ()


def read_environment(folder: Path) -> Variables:
    """The variables a mapping in this folder may name. What is set outside wins over the .env file."""
    file = folder / ".env"
    if not file.is_file():
        return Variables(dict(os.environ))
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return _without(file, "is not UTF-8; save it as UTF-8")
    except OSError as error:
        return _without(file, f"cannot be read ({error.strerror}); this user needs to be allowed to (chmod u+r)")
    values, problems = _parsed(file, text)
    return Variables({**values, **os.environ}, problems)


def _without(file: Path, what: str) -> Variables:
    return Variables(dict(os.environ), (Problem(Place(str(file)), what, ENVIRONMENT),))


def _parsed(file: Path, text: str) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """The file's variables. A line that cannot be understood is named and not repeated: it may hold a secret."""
    import io

    from dotenv.parser import parse_stream

    values: dict[str, str] = {}
    problems = []
    for binding in parse_stream(io.StringIO(text)):
        if binding.error or (binding.key is not None and binding.value is None):
            place = Place(str(file), binding.original.line)
            problems.append(Problem(place, "is not NAME=value; write it so, or begin the line with #", ENVIRONMENT))
        elif binding.key is not None and binding.value is not None:
            values[binding.key] = binding.value
    return values, tuple(problems)


def is_reference(text: str) -> bool:
    """Whether a text is one ${NAME} and nothing else. A default is a value that is written in the mapping."""
    found = REFERENCE.fullmatch(text)
    return found is not None and found[2] is None


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with each ${NAME} replaced; one that is not set, or set to nothing, by its default, or it stays as it is."""
    return REFERENCE.sub(lambda found: _value(found, values), text)


def _value(found: re.Match[str], values: Mapping[str, str]) -> str:
    name, usual = found.groups()
    return values.get(name, usual) if usual is not None else values.get(name) or found[0]


def filled_from(text: str, folder: Path) -> str:
    """A text of the command line, with what ${NAME} stands for in this folder. Raises MappingError for what is not set."""
    values = read_environment(folder).values
    for _, what in faults(text, values):
        raise MappingError(joined(": ", [text, what]))
    return filled(text, values)


def is_open(text: str) -> bool:
    """Whether a text still holds a ${ that nothing has replaced."""
    return OPENING.search(text) is not None


def faults(text: str, values: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """Position and reason of each ${ that nothing replaces."""
    for opening in OPENING.finditer(text):
        found = REFERENCE.match(text, opening.start())
        if found is None:
            yield (
                opening.start(),
                "a variable of the environment is written ${NAME}, or ${NAME:-usual value}: letters, digits and _",
            )
        elif found[2] is None and not values.get(found[1]):
            words = (
                "the environment variable {name} is not set; export it, or write it in a file .env beside the mapping"
            )
            if found[1] in values:
                words = (
                    "the environment variable {name} is set to nothing; export it, or write it in a file .env beside the "
                    "mapping"
                )
            yield found.start(1), said(words, name=found[1])
