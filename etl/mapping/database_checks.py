"""What can be wrong with `databases:`, and with a source that names one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from etl.extract import KINDS
from etl.extract.databases.address import written_password
from etl.mapping import environment
from etl.mapping.build import is_name, kinds_in
from etl.mapping.context import Context
from etl.mapping.places import YamlPath
from etl.model import Problem
from etl.suggest import did_you_mean


def database_problems(context: Context) -> Iterator[Problem]:
    """What is told here makes its sources stay closed: see `is_sound`."""
    for path, text in _locations(context):
        if _has_password(text):
            # The address is not repeated: problems are printed, and kept in logs.
            yield context.at(
                path,
                f"a password is written here: take the whole address from the environment, {path[-1]}: "
                f"${{{str(path[1]).upper()}_DATABASE}}, and change it in the database",
            )
    known = list(context.written("databases"))
    for part, name, named in _askers(context):
        if is_name(named) and named not in known:
            yield context.at((part, name, "database"), f"unknown database '{named}'{_which(named, known)}")


def _which(named: str, known: list[str]) -> str:
    return did_you_mean(named, known) if known else f"; there is no `databases:`, and a file is written ./{named}"


def is_sound(context: Context, part: str, name: str) -> bool:
    """Whether the database of a source or lookup is known, and nothing wrong with it has been told."""
    databases = context.data.get("databases") or {}
    named = next((named for *where, named in _askers(context) if where == [part, name]), None)
    if named is None:
        return True
    found = databases.get(named, named)
    text = found.get("at", "") if isinstance(found, Mapping) else found
    return bool(text) and not _has_password(text) and (named in databases or not is_name(named))


def _has_password(text: str) -> bool:
    password = written_password(text)
    return bool(password) and not environment.is_reference(password)


def _locations(context: Context) -> Iterator[tuple[YamlPath, str]]:
    for name, data in (context.data.get("databases") or {}).items():
        yield (
            (("databases", name, "at"), data.get("at", ""))
            if isinstance(data, Mapping)
            else (("databases", name), data)
        )
    for part, name, named in _askers(context):
        yield (part, name, "database"), named


def _askers(context: Context) -> Iterator[tuple[str, str, str]]:
    """The sources and lookups that name a database, and what they name."""
    for part in ("sources", "lookups"):
        for name, data in (context.data.get(part) or {}).items():
            kinds = kinds_in(data)
            if kinds and KINDS[kinds[0]].where == "database" and isinstance(data.get("database"), str):
                yield part, name, data["database"]
