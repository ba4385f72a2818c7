"""Passwords that anybody can guess: told beside the problems, as what a customer's password is made of stands in the mapping."""

from __future__ import annotations

from collections.abc import Iterator

from etl.expressions import ExpressionError, columns_in
from etl.expressions.origins import Origin, Way, origins
from etl.mapping.context import Context
from etl.mapping.places import YamlPath
from etl.measures.passwords import is_nobodys
from etl.model import WARNING, Expression, Problem, Stage, Template

FIELDS = ("password", "password_algorithm")

_INSTEAD = "`unusable_password` makes one for each customer that nobody knows, where the old shop stored none"

_WHERE = {
    Way.ALWAYS: "",
    Way.INSTEAD: "for those whom its `or` or `default` stands in for, it ",
    Way.BRANCH: "for those whom one side of its `if` is for, it ",
}


def guessable_passwords(context: Context, path: YamlPath, stage: Stage) -> Iterator[Problem]:
    template = stage.fields.get("password")
    if stage.payload != "user" or template is None:
        return
    try:
        for what in dict.fromkeys(_guessed(template, _shared(stage))):
            yield Problem(context.document.place((*path, "fields", "password")), what, WARNING)
    except ExpressionError:
        return  # it is told as a problem


def _shared(stage: Stage) -> set[str]:
    """The columns that the other fields are made from. Raises ExpressionError."""
    others = [template for name, template in stage.fields.items() if name not in FIELDS]
    return {name for one in others if isinstance(one, Expression) for name in columns_in(one.text)}


def _guessed(template: Template, shared: set[str]) -> Iterator[str]:
    """Why a password can be guessed, on each way by which it comes about. Raises ExpressionError."""
    if isinstance(template, Expression):
        for one in origins(template.text):
            yield from (f"{_WHERE[one.way]}{what}" for what in _guessed_so(one, shared))
    elif isinstance(template, str):
        yield from _guessed_so(Origin(text=template), shared)


def _guessed_so(origin: Origin, shared: set[str]) -> Iterator[str]:
    own = {
        name: hashed
        for name, hashed in sorted(origin.columns, key=lambda one: one[1], reverse=True)
        if name not in shared
    }
    if origin.changed_by is not None:
        yield _changed(origin.changed_by)
    if origin.untold or not all(own.values()):
        return  # what the old shop stored, or what nobody knows
    if own:
        for name in own:
            yield (
                f"is a digest that is made here, so '{name}' holds plain passwords, or what can be guessed: whoever reads or "
                f"guesses it can log in as the customer; send the digest that the old shop stored; {_INSTEAD}"
            )
    elif origin.columns:
        known = [*dict.fromkeys(f"'{name}'" for name, _ in origin.columns)]
        yield (
            f"is computed from {' and '.join(known)}, which other fields hold, too: whoever knows "
            f"{'it' if len(known) == 1 else 'them'} can log in as the customer; for shops without passwords there is "
            "`unusable_password`"
        )
    elif origin.text != "" and not is_nobodys(origin.text or ""):
        everybody, anybody = (
            ("all customers", "anybody") if origin.way is Way.ALWAYS else ("all of them", "any of them")
        )
        yield f"is the same for {everybody}: whoever knows one password can log in as {anybody}; {_INSTEAD}"


def _changed(function: str) -> str:
    by = f"`{function}` makes another text of it" if function else "it is put together with something else"
    return (
        f"is what `unusable_password` made, but {by}: whether that can be guessed, and whether it is a digest at all, nobody "
        "knows; let nothing follow `unusable_password`"
    )
