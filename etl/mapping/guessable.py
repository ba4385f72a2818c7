"""Passwords that anybody can guess: told beside the problems, as what a customer's password is made of stands in the mapping."""

from __future__ import annotations

from collections.abc import Iterator

from etl.expressions import ExpressionError, columns_in, uses
from etl.mapping.context import Context
from etl.mapping.places import YamlPath
from etl.measures.passwords import is_nobodys
from etl.model import WARNING, Expression, Problem, Stage, Template

FIELDS = ("password", "password_algorithm")

_INSTEAD = "`unusable_password` makes one for each customer that nobody knows, where the old shop stored none"


def guessable_passwords(context: Context, path: YamlPath, stage: Stage) -> Iterator[Problem]:
    template = stage.fields.get("password")
    if stage.payload != "user" or template is None:
        return
    try:
        for what in _guessed(template, _shared(stage)):
            yield Problem(context.document.place((*path, "fields", "password")), what, WARNING)
    except ExpressionError:
        return  # it is told as a problem


def _shared(stage: Stage) -> set[str]:
    """The columns that the other fields are made from. Raises ExpressionError."""
    others = [template for name, template in stage.fields.items() if name not in FIELDS]
    return {name for one in others if isinstance(one, Expression) for name in columns_in(one.text)}


def _guessed(template: Template, shared: set[str]) -> Iterator[str]:
    """Why a password can be guessed, each column once. Raises ExpressionError."""
    if not isinstance(template, Expression):
        if isinstance(template, str) and not is_nobodys(template):
            yield f"is the same for all customers: whoever knows one password can log in as anybody; {_INSTEAD}"
        return
    calls = [name for name, _ in uses(template.text)]
    if "unusable_password" in calls:
        return
    columns = columns_in(template.text)
    if not columns:
        yield f"is the same for all customers: whoever knows one password can log in as anybody; {_INSTEAD}"
    for name in columns:
        if name in shared:
            yield (
                f"is computed from '{name}', which other fields hold, too: whoever knows it can log in as the customer; "
                "for shops without passwords there is `unusable_password`"
            )
        elif "digest" in calls:
            yield (
                f"is a digest that is made here, so '{name}' holds plain passwords, or what can be guessed: whoever reads or "
                f"guesses it can log in as the customer; send the digest that the old shop stored; {_INSTEAD}"
            )
