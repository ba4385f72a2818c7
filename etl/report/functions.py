"""The table of functions as people read it: rows for `etl functions`, a Markdown page for docs/functions.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, time
from decimal import Decimal

from etl.expressions.functions.table import Example, Function, Parameter, signature

INTRODUCTION = """\
# Functions

<!-- Written by `etl functions --markdown > docs/functions.md`; edit the table in etl/expressions/functions instead. -->

What an expression of a mapping may call. There is one way to call a function: `{{ column | function(parameters) }}`,
and what one gives the next one takes: `{{ name | strip_html | title }}`.

Null (a blank cell is null) passes by every function and stays null, unless the function says that it sees null.
A value that a function cannot read rejects its row with the message shown here after `error:`.
In the examples, what stands on the right before the arrow is the row.
"""


def function_rows(table: Mapping[str, Function]) -> list[tuple[str, str, str]]:
    """Group, signature and sentence of every function, in the table's order."""
    return [(function.group, signature(function), function.sentence) for function in table.values()]


def function_text(function: Function) -> str:
    """Everything there is to say about one function, as plain text for a terminal."""
    lines = [signature(function), "", function.sentence, *_null_note(function)]
    lines += ["", *(f"  {_parameter_line(one)}" for one in function.parameters)] if function.parameters else []
    return "\n".join([*lines, "", *_example_lines(function.examples)])


def functions_page(table: Mapping[str, Function]) -> str:
    """The whole of docs/functions.md."""
    groups = list(dict.fromkeys(function.group for function in table.values()))
    return "\n".join([INTRODUCTION, *(line for group in groups for line in _group(group, table))])


def written(value: object) -> str:
    """A value as an expression would write it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal | datetime | time):
        return str(value)
    return repr(value)


def _group(group: str, table: Mapping[str, Function]) -> Iterator[str]:
    yield f"## {group.capitalize()}\n"
    for function in table.values():
        if function.group == group:
            yield from _entry(function)


def _entry(function: Function) -> Iterator[str]:
    yield f"### {function.name}\n"
    yield f"`{signature(function)}`\n"
    yield " ".join([function.sentence, *_null_note(function)]) + "\n"
    if function.parameters:
        yield from (f"- `{_name(one)}`: {one.what}" for one in function.parameters)
        yield ""
    yield from ["```text", *_example_lines(function.examples), "```", ""]


def _null_note(function: Function) -> list[str]:
    return ["It sees null."] if function.null else []


def _name(parameter: Parameter) -> str:
    return parameter.name.removeprefix("*")


def _parameter_line(parameter: Parameter) -> str:
    return f"{_name(parameter)}: {parameter.what}"


def _example_lines(examples: tuple[Example, ...]) -> list[str]:
    """The examples in three columns: expression, row, result."""
    texts = [example.text for example in examples]
    rows = [", ".join(f"{name} = {written(value)}" for name, value in example.given.items()) for example in examples]
    left, middle = max(map(len, texts)), max(map(len, rows))
    cells = zip(texts, rows, map(_result, examples), strict=True)
    return [f"{text:<{left}}   {row:<{middle}}   -> {result}" for text, row, result in cells]


def _result(example: Example) -> str:
    return written(example.gives) if example.error is None else f"error: {example.error}"
