"""What can be wrong with `target:` and with ${NAME}: secrets written out, variables that are not set, plain HTTP."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from etl.expressions import Names, faults
from etl.mapping.build import SECRETS
from etl.mapping.environment import is_reference, missing
from etl.mapping.yaml_text import Document, Path
from etl.model import Migration, Problem

ENVIRONMENT = "environment"
"""The kind of a Problem about a variable that is not set, or a setting only an upload needs."""

FILLED = ("target", "sources", "lookups")
"""The parts of a mapping in which ${NAME} is replaced."""

POLLING_EXPRESSIONS = ("total", "success", "errors", "done")


def target_problems(document: Document, migration: Migration, environment: Mapping[str, str]) -> Iterator[Problem]:
    yield from _secrets(document)
    yield from _missing_variables(document, environment)
    yield from _address(document, migration)
    yield from _credentials(document, migration)
    yield from _polling(document, migration)


def _secrets(document: Document) -> Iterator[Problem]:
    target = document.data.get("target")
    for name in SECRETS:
        value = target.get(name) if isinstance(target, Mapping) else None
        if isinstance(value, str) and not is_reference(value):
            yield Problem(
                document.place(("target", name)),
                f"a secret is written here: take it from the environment, {name}: ${{OMNITRON_{name.upper()}}}, and change it "
                "where it was issued",
            )


def _missing_variables(document: Document, environment: Mapping[str, str]) -> Iterator[Problem]:
    for path, text in _texts(document.data, ()):
        if path[0] not in FILLED:
            continue
        for name in missing(text, environment):
            yield Problem(
                document.word_place(path, name),
                f"the environment variable {name} is not set; export it, or write it in a file .env beside the mapping",
                ENVIRONMENT if path[0] == "target" else "mapping",
            )


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, one in items:
        yield from _texts(one, (*path, key))


def _address(document: Document, migration: Migration) -> Iterator[Problem]:
    for name in ("url", "shop_url"):
        url = getattr(migration.target, name)
        if isinstance(url, str) and url and "${" not in url:
            yield from (Problem(document.place(("target", name)), what) for what in address_faults(url))


def address_faults(url: str) -> list[str]:
    """What is wrong with an address to send people's data to. The address is not repeated when it holds a password."""
    parts = urlsplit(url)
    if parts.password is not None or parts.username is not None:
        return ["a user or password in an address would end up in logs; use `token`, or `username` and `password`"]
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return [f"'{url}' is no address: write https://host"]
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        return [f"'{url}' is not encrypted: Omnitron is served over https only"]
    return []


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _credentials(document: Document, migration: Migration) -> Iterator[Problem]:
    target, place = migration.target, document.key_place(("target",))
    if not isinstance(document.data.get("target"), Mapping):
        yield Problem(place, "the mapping has no `target:`; an upload needs url, channel and token", ENVIRONMENT)
        return
    for name in ("url", "channel"):
        if not getattr(target, name):
            yield Problem(place, f"the target has no `{name}`", ENVIRONMENT)
    if target.token is None and (target.username is None or target.password is None):
        yield Problem(place, "the target has no `token`, nor `username` and `password`", ENVIRONMENT)


def _polling(document: Document, migration: Migration) -> Iterator[Problem]:
    for name in POLLING_EXPRESSIONS:
        text = getattr(migration.target.polling, name)
        if isinstance(text, str):
            path: Path = ("target", "polling", name)
            yield from (Problem(document.word_place(path, fault.word), fault.what) for fault in faults(text, Names()))
