"""${NAME} in a mapping: read from the environment, or from a .env file beside the mapping."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def read_environment(folder: Path) -> dict[str, str]:
    """The variables a mapping in this folder may name. What is set outside wins over the .env file."""
    from dotenv import dotenv_values

    beside = dotenv_values(folder / ".env", interpolate=False) if (folder / ".env").is_file() else {}
    return {**{name: value for name, value in beside.items() if value is not None}, **os.environ}


def names_in(text: str) -> list[str]:
    return REFERENCE.findall(text)


def is_reference(text: str) -> bool:
    """Whether a text is one ${NAME} and nothing else."""
    return REFERENCE.fullmatch(text) is not None


def filled(text: str, environment: Mapping[str, str]) -> str:
    """The text with each ${NAME} replaced; a name that is not set stays as it is."""
    return REFERENCE.sub(lambda found: environment.get(found[1]) or found[0], text)


def missing(text: str, environment: Mapping[str, str]) -> list[str]:
    """Names that are not set, or set to nothing."""
    return [name for name in names_in(text) if not environment.get(name)]
