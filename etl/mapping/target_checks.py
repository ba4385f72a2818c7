"""What can be wrong with `target:` and with ${NAME}: secrets written out, variables that are not set, plain HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from string import Formatter
from typing import Any

from etl.address import AddressFault, address_fault
from etl.expressions import Names
from etl.expressions.syntax import is_computed
from etl.findings import said
from etl.mapping import environment
from etl.mapping.build import is_expression
from etl.mapping.context import Context
from etl.mapping.environment import ENVIRONMENT, SHOP
from etl.mapping.places import YamlPath
from etl.mapping.secrets import is_secret, secrets_in
from etl.model import Expression, Problem
from etl.suggest import did_you_mean

FILLED = ("target", "databases", "sources", "lookups")
"""The parts of a mapping in which ${NAME} is replaced."""

POLLING_EXPRESSIONS = ("total", "success", "errors", "done")

PLACEHOLDERS: Mapping[YamlPath, tuple[str, ...]] = {
    ("target", "login_path"): (),
    ("target", "token_path"): (),
    ("target", "start_path"): ("channel", "type"),
    ("target", "polling", "path"): ("channel", "migration_id"),
}
"""The paths of the API, and what is put into them."""


def target_problems(context: Context, values: Mapping[str, str]) -> Iterator[Problem]:
    yield from _secrets(context)
    yield from _variables(context, values)
    yield from _addresses(context)
    yield from _paths(context)
    yield from _credentials(context)
    yield from _polling(context)


def _target(context: Context) -> Mapping[str, Any]:
    return context.data.get("target") or {}


def _secrets(context: Context) -> Iterator[Problem]:
    for path, value in secrets_in(context.data):
        if isinstance(value, str) and not environment.is_reference(value):
            # The value is not repeated: problems are printed, and kept in logs.
            yield context.at(
                path,
                f"a secret is written here: take it from the environment, {path[-1]}: ${{{_variable(path)}}}, "
                "and change it where it was issued",
            )


def _variable(path: YamlPath) -> str:
    """A name for the environment variable of a secret: OMNITRON_TOKEN, SHOP_PASSWORD."""
    owner = "omnitron" if path[0] == "target" else path[-2]
    return f"{owner}_{path[-1]}".upper()


def _variables(context: Context, values: Mapping[str, str]) -> Iterator[Problem]:
    for path, text in _texts(context.data, ()):
        if path[0] in FILLED and not is_expression(text) and not is_secret(path):
            yield from _unset(context, path, text, values)
        elif path[0] == "stages" and environment.REFERENCE.search(text):
            place = context.document.place_in(path, text, text.index("${"))
            yield Problem(place, f"${{...}} is replaced in {', '.join(FILLED)} only; a stage sends it as it stands")
    for path, value in secrets_in(context.data):
        if isinstance(value, str) and environment.is_reference(value):
            yield from _unset(context, path, value, values)


def _unset(context: Context, path: YamlPath, text: str, values: Mapping[str, str]) -> Iterator[Problem]:
    # Without what an upload needs, a mapping can still be dry-run; and only `verify` looks at the shop.
    kind = SHOP if path == ("target", "shop_url") else ENVIRONMENT if path[0] == "target" else "mapping"
    for offset, what in environment.faults(text, values):
        yield Problem(context.document.place_in(path, text, offset), what, kind)


def _texts(value: Any, path: YamlPath) -> Iterator[tuple[YamlPath, str]]:
    if isinstance(value, str):
        yield path, value
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, one in items:
        yield from _texts(one, (*path, key))


def _addresses(context: Context) -> Iterator[Problem]:
    for name in ("url", "shop_url"):
        url = getattr(context.migration.target, name)
        if url and not environment.is_open(url):
            yield from (context.at(("target", name), what) for what in address_faults(url))


def address_faults(url: str) -> list[str]:
    """What is wrong with an address to send people's data to. One that may hold a password is not repeated."""
    shown = said("this") if "@" in url else f"'{url}'"
    fault = address_fault(url)
    if fault is None and _NOT_IN_A_PATH.search(url):
        fault = AddressFault.NONE_AT_ALL
    return [] if fault is None else [said(FAULTS[fault], url=shown)]


_NOT_IN_A_PATH = re.compile(r"[@<>\"{}|\\^`]")

FAULTS = {
    AddressFault.NONE_AT_ALL: "{url} is no address: write https://host",
    AddressFault.LOGIN: "a user or password in an address would end up in logs; use `token`, or `username` and `password`",
    AddressFault.OPEN: "{url} is not encrypted: Omnitron is served over https only",
    AddressFault.QUERY: "{url} has a query (?) or a fragment (#); an address ends before them",
}


def _paths(context: Context) -> Iterator[Problem]:
    target = context.migration.target
    for path, names in PLACEHOLDERS.items():
        text = getattr(target.polling if path[1] == "polling" else target, str(path[-1]))
        try:
            used = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
        except ValueError:
            example = f"a placeholder is written {{{names[0]}}}" if names else "take it out"
            yield context.at(path, f"'{path[-1]}' cannot be read: a {{ or }} stands alone; {example}")
            continue
        for name in used:
            if name not in names:
                what = f"unknown placeholder '{{{name}}}'{did_you_mean(name, names)}"
                yield Problem(context.document.place_in(path, text, text.find("{" + name)), what)
        if "://" in text:
            yield context.at(path, f"'{path[-1]}' begins after the host, which is target.url")
        if ("type" in names) > ("type" in used) or ("migration_id" in names) > ("migration_id" in used):
            yield context.at(path, f"'{path[-1]}' needs {{{names[-1]}}}")


def _credentials(context: Context) -> Iterator[Problem]:
    """What an upload needs. It is enough that it is written: whether it is well written is told elsewhere."""
    place = context.document.key_place(("target",))
    written = context.document.data.get("target")
    if "target" not in context.document.data:
        yield Problem(place, "the mapping has no `target:`; an upload needs url, channel and token", ENVIRONMENT)
    elif isinstance(written, Mapping):
        for name in ("url", "channel"):
            if written.get(name, "") == "":
                yield Problem(place, f"the target has no `{name}`", ENVIRONMENT)
        if "token" not in written and not {"username", "password"} <= set(written):
            yield Problem(place, "the target has no `token`, nor `username` and `password`", ENVIRONMENT)
    yield from _certificates(context)


def _certificates(context: Context) -> Iterator[Problem]:
    bundle = context.migration.target.ca_bundle
    if bundle is None or environment.is_open(bundle):
        return
    if not _is_file(bundle):
        what = f"{bundle!r} is no file; it should hold the certificates to trust"
        yield Problem(context.document.place(("target", "ca_bundle")), what, ENVIRONMENT)


def _is_file(name: str) -> bool:
    try:
        return FilePath(name).is_file()
    except (OSError, ValueError):
        return False


def _polling(context: Context) -> Iterator[Problem]:
    given = _target(context).get("polling") or {}
    for name in POLLING_EXPRESSIONS:
        if name not in given:
            continue
        path: YamlPath = ("target", "polling", name)
        expression = Expression(given[name], context.document.place(path))
        found = context.expression_problems(path, expression, Names())
        yield from found
        if not found and not is_computed(expression.text):
            yield context.at(path, f"'{name}' is one expression: text around it makes a text of it")
