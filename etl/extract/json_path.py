"""Paths in a JSON document: where its rows are (`orders[*].line_items[*]`, `[2].data`), and values around a row (`^.id`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Final

from msgspec import Struct

from etl.expressions.cells import compose
from etl.extract.json_values import described
from etl.findings import Unfit
from etl.suggest import perhaps


class Every(Enum):
    """The step into each element of a list; any other step is a key, or an element's place, which counts from 0."""

    ELEMENT = "[*]"


class Absent(Enum):
    """What is not there, not even as null."""

    VALUE = "absent"


EVERY: Final = Every.ELEMENT
ABSENT: Final = Absent.VALUE
PathStep = str | int | Every
Steps = tuple[PathStep, ...]
_STEP = re.compile(r"\[(?P<element>\*|[0-9]{1,9})\]|(?:(?<![\s\S])|\.)(?P<key>[^.\[\]]+)")
_AROUND = re.compile(r"(?P<levels>(?:\^\.)+)(?P<path>[^^]+)")


def steps_of(path: str) -> Steps:
    """Raises ValueError for what is no path."""
    steps: list[PathStep] = []
    at = 0
    while at < len(path):
        found = _STEP.match(path, at)
        if not found:
            raise ValueError(
                f"'{path}' is no path: keys are joined by dots, `[*]` is every element of a list and `[2]` its third one, "
                "as in `orders[*].line_items[*]`"
            )
        steps.append(_step(found))
        at = found.end()
    return tuple(steps)


def path_text(value: object) -> object:
    """An option's value, when it is a path or nothing. Raises ValueError."""
    steps_of(str(value or ""))
    return value


def rows_path(written: str | None) -> Steps:
    """The steps to the rows: a path that ends at a list means its elements."""
    steps = steps_of(written or "")
    return steps if steps and steps[-1] is EVERY else (*steps, EVERY)


def written_path(so_far: str, steps: Steps) -> str:
    """The path that goes on with these steps from a list at `so_far`; "": the document is the array of rows."""
    inner = steps[:-1] if steps and steps[-1] is EVERY else steps  # the last is understood
    into = "[*]" if inner and isinstance(inner[0], str) else ""
    return so_far + into + "".join(map(_written, inner))


def _written(step: PathStep) -> str:
    if step is EVERY:
        return "[*]"
    return f"[{step}]" if isinstance(step, int) else f".{step}"


def _step(found: re.Match[str]) -> PathStep:
    element = found["element"]
    if element is None:
        return compose(found["key"])
    return EVERY if element == "*" else int(element)


class Around(Struct, frozen=True):
    """A value around a row: of the object so many objects further out, by the steps from there."""

    levels: int
    steps: Steps

    def value(self, parents: Sequence[Mapping[str, Any]]) -> object:
        """Of the objects around a row, the innermost last. ABSENT when it is not there."""
        found = next(found_in(parents[-self.levels], self.steps), None)
        return ABSENT if found is None or found.reason else found.value


def around(written: str) -> Around:
    """`^.id`: the `id` of the object that holds the list of the row; `^.^.id`: of the object around that one."""
    found = _AROUND.fullmatch(written)
    if not found:
        raise ValueError(
            f"'{written}' names nothing around a row; write `^.id` for the key `id` of the object that holds the "
            "row's list, `^.^.id` for the object around that one"
        )
    steps = steps_of(found["path"])
    if EVERY in steps:
        raise ValueError(f"'{written}' is many values; a column takes one")
    return Around(len(found["levels"]) // 2, steps)


def around_texts(value: object) -> dict[str, str]:
    """Columns, each with where it is around a row. Raises ValueError."""
    if not isinstance(value, Mapping):
        raise ValueError(
            f"{value!r} is not a mapping; write the column's name and where its value is: `order_id: ^.id`"
        )
    written = {str(name): str(one) for name, one in value.items()}
    arounds(written)
    return written


def arounds(written: Mapping[str, str]) -> dict[str, Around]:
    return {name: around(one) for name, one in written.items()}


class Found(Struct, frozen=True):
    """A value where a row should be, the objects it lies in (the innermost last), and why it cannot be a row (None: it can)."""

    value: Any
    parents: tuple[dict[str, Any], ...] = ()
    reason: Unfit | None = None
    text: str = ""
    """As it was written, when it is a whole element of the outermost list."""


def found_in(value: Any, steps: Steps, parents: tuple[dict[str, Any], ...] = ()) -> Iterator[Found]:
    """Every value that the steps lead to. A key that is not there, and null, lead to nothing; anything else in the place of
    an object or a list is a fault."""
    if not steps:
        yield Found(value, parents)
        return
    step, rest = steps[0], steps[1:]
    if isinstance(step, str) and isinstance(value, dict):
        if (key := _key(value, step)) in value:
            yield from found_in(value[key], rest, (*parents, value))
    elif not isinstance(step, str) and isinstance(value, list):
        for one in value if step is EVERY else value[step : step + 1]:
            yield from found_in(one, rest, parents)
    elif value is not None:
        words = "is {described}, where `path` needs a list"
        if isinstance(step, str):
            words = "is {described}, where `path` needs an object with the key '{step}'"
        yield Found(value, parents, Unfit("row:path", None, words, described=described(value), step=step))


def _key(value: Mapping[str, Any], step: str) -> str:
    """The key of a step, which is composed."""
    return step if step in value or step.isascii() else next((key for key in value if compose(key) == step), step)


def why_absent(values: Sequence[Any], steps: Steps) -> str:
    """The first key on the way that none of the values has, for a person; "" when there is none."""
    for step in steps:
        objects = [one for one in values if isinstance(one, dict)]
        if isinstance(step, str) and objects and not any(step in one for one in objects):
            there = list(dict.fromkeys(key for one in objects for key in one))
            return f"no object has the key '{step}'{perhaps(step, there) or '; there are: ' + ', '.join(there[:10])}"
        values = [found.value for one in values for found in found_in(one, (step,)) if not found.reason]
    return ""
