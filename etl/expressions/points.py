"""The points of a stage: what there is in its expressions for a row to reach, and which of it a row does reach.

currency: "{{ code | lookup('currency') if paid == '1' else 'try' }}"     value of currency; if paid == '1', else;
                                                                         lookup('currency'); each entry of the lookup

Both are told by the emitter that computes the records, with a note at the hooks that it has for this. What tests of a mapping
cover, and what a sample of its records has to hold, are questions about these points.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from jinja2 import nodes
from msgspec import Struct, field

from etl.expressions.compiler import WHERE, flat_fields
from etl.expressions.emit import THEN, Emitter
from etl.expressions.entries import comparing, lookups_in
from etl.expressions.functions.table import Resource, Resources
from etl.expressions.header import Header
from etl.expressions.names import Names
from etl.expressions.parsing import start
from etl.expressions.runtime import ROW_ERRORS, Writers
from etl.expressions.source import RowFunction, function_with, source_of
from etl.expressions.syntax import constant_arguments
from etl.expressions.tracing import call_at
from etl.model import Expression, Place, Stage, Template

VALUE, NULL, BRANCH, DEFAULT, ENTRY, FUNCTION = "value", "null", "branch", "default", "entry", "function"
KEY, SETTLED = "key", "settled"


class Point(Struct, frozen=True):
    """A part of a stage that a row may reach.

    kind    VALUE     a field has a value          NULL   it has none: told when a row reaches it, for not every field may
            BRANCH    a way of an `if`, or of a condition of the stage
            DEFAULT   what stands in for a value: `default`, `default=`, the second of an `or`
            FUNCTION  a function is given a value  ENTRY  an entry of a lookup is used
    stage   the stage, and field: the path of its field (extra_field.points) or WHERE, SETTLED, KEY.
            An entry is of the whole mapping: its stage is "", and its field the name of the lookup
    what    as it is written in the mapping; of an entry its key
    place   where the expression stands; None: an entry
    at      at which position of the expression it is: two calls may be written alike
    """

    kind: str
    stage: str
    field: str
    what: str
    place: Place | None = None
    at: int = 0


class Points:
    """All points of a stage, in the order of its fields and of what is written in each, and those that a row reaches."""

    def __init__(self, stage: Stage, header: Header, resources: Resources, write: Writers) -> None:
        names = Names(frozenset(header.columns), resources, header.text_only)
        self._notes = _Notes()
        self._follow = partial(_followed, self._notes, stage.name, names, header)
        self._conditions = [
            self._condition(name, one) for name, one in ((WHERE, stage.where), (SETTLED, stage.settled)) if one
        ]
        key: list[tuple[str, Template]] = [] if isinstance(stage.key, str) else [(KEY, stage.key)]
        expressions = [(name, one) for name, one in [*key, *flat_fields(stage.fields)] if isinstance(one, Expression)]
        self._fields = [self._field(stage.name, name, one, write) for name, one in expressions]

    @property
    def all(self) -> tuple[Point, ...]:
        known = [one for one in self._notes.points if one.kind != NULL]
        fields = {name: number for number, name in enumerate(dict.fromkeys((one.stage, one.field) for one in known))}
        return tuple(sorted(known, key=lambda one: (fields[one.stage, one.field], one.at, one.kind == DEFAULT)))

    def reached(self, row: Sequence[Any]) -> frozenset[Point]:
        """What a row reaches, whatever becomes of it: of a field that cannot be computed, what came before. A row that
        `where` leaves out reaches nothing more."""
        self._notes.reached.clear()
        for name, compute, ways in self._conditions:
            holds = _computed(compute, row)
            self._notes.reached.update(() if holds is None else [ways[bool(holds)]])
            if name == WHERE and not holds:
                return self._notes.told()
        for compute, value, null in self._fields:
            try:
                self._notes.reached.add(null if compute(row) is None else value)
            except ROW_ERRORS:
                continue
        return self._notes.told()

    def _condition(self, name: str, template: Expression) -> tuple[str, RowFunction, Mapping[bool, int]]:
        compute, point = self._follow(name, template, None)
        return name, compute, {holds: self._notes.note(point(BRANCH, str(holds).lower())) for holds in (True, False)}

    def _field(self, stage: str, name: str, template: Expression, write: Writers) -> tuple[RowFunction, int, int]:
        compute, point = self._follow(name, template, write)
        return compute, self._notes.note(point(VALUE, name)), self._notes.note(point(NULL, name))


def _computed(compute: RowFunction, row: Sequence[Any]) -> Any:
    try:
        return compute(row) or False
    except ROW_ERRORS:
        return None


MOST_KINDS = 10_000
"""Combinations of points that are remembered: most rows reach what another one has."""


class _Notes(Struct):
    """Points under numbers, which are quicker to note: in the order in which they were found. `reached` are those of the row
    that is being computed."""

    points: dict[Point, int] = field(default_factory=dict)
    reached: set[int] = field(default_factory=set)
    _kinds: dict[frozenset[int], frozenset[Point]] = field(default_factory=dict)

    def note(self, point: Point) -> int:
        return self.points.setdefault(point, len(self.points))

    def told(self) -> frozenset[Point]:
        numbers = frozenset(self.reached)
        found = self._kinds.get(numbers)
        if found is None:
            if len(self._kinds) >= MOST_KINDS:
                self._kinds.clear()
            found = self._kinds[numbers] = frozenset(one for one, number in self.points.items() if number in numbers)
        return found


class MakePoint(Protocol):
    """Makes points of one field."""

    def __call__(self, kind: str, what: str, at: int = 0) -> Point: ...


def _followed(
    notes: _Notes, stage: str, names: Names, header: Header, path: str, template: Expression, write: Writers | None
) -> tuple[RowFunction, MakePoint]:
    """A field as a function of a row that notes the points it comes by, and what makes points of this field."""

    def point(kind: str, what: str, at: int = 0) -> Point:
        return Point(kind, stage, path, what, template.place, at)

    follower = _Follower(names, notes=notes, point=point, text=template.text)
    return function_with(follower, partial(source_of, template, write), header), point


class _Follower(Emitter, Struct, kw_only=True):
    """Emits what Emitter emits, with a note where a way is taken and where a function is given a value."""

    notes: _Notes
    point: MakePoint
    text: str

    def branch(self, node: nodes.CondExpr | nodes.Or, taken: str, source: str) -> str:
        if isinstance(node, nodes.Or):
            at = start(node.right)
            found = self.point(DEFAULT, f"or {_text_at(self.text, at, (*_ENDS, 'or'))}", at)
        else:
            at = start(node.test)
            condition = f"if {_text_at(self.text, at)}"
            found = self.point(BRANCH, condition if taken == THEN else f"else of {condition}", at)
        reached = partial(self.notes.reached.add, self.notes.note(found))
        return f"({self.keep(reached, 'p')}() or {source})"

    def piped(self, node: nodes.Filter, source: str) -> str:
        call = call_at(self.text, node.lineno, node.name)
        function, called = self.names.functions[node.name], self.notes.note(self.point(FUNCTION, call, node.lineno))
        further = [*_entries(node, self.names, self.notes), *self._instead(node, call)]

        def look(value: Any) -> Any:
            if value is not None or function.null:
                self.notes.reached.add(called)
                for points_of in further:
                    self.notes.reached.update(points_of(value))
            return value

        return f"{self.keep(look, 'p')}({source})"

    def calling(self, node: nodes.Filter, function: Callable[..., Any]) -> Callable[..., Any]:
        """Where other arguments are computed, what `default=` stands in for is known by them as well."""
        place = _place_of_default(node, self.names)
        if place is None:
            return function
        call = call_at(self.text, node.lineno, node.name)
        reached = partial(self.notes.reached.add, self.notes.note(self.point(DEFAULT, call, node.lineno)))

        def look(value: Any, *args: Any, **kwargs: Any) -> Any:
            others = {name: one for name, one in kwargs.items() if name != DEFAULT}
            if _fails(partial(function, value, *args[:place], **others)):
                reached()
            return function(value, *args, **kwargs)

        return look

    def _instead(self, node: nodes.Filter, call: str) -> list[_PointsOf]:
        """Whether a call gives what stands in for a value: `default` for null, `default=` where it fails without it."""
        if node.name == "default":
            instead = self.notes.note(self.point(DEFAULT, call, node.lineno))
            return [lambda value: [instead] if value is None else []]
        strict = _without_default(node, self.names)
        if strict is None:
            return []
        found = self.notes.note(self.point(DEFAULT, call, node.lineno))
        return [lambda value: [found] if _fails(partial(strict, value)) else []]


_PointsOf = Callable[[Any], Sequence[int]]
"""The value that a function is given -> the numbers of the points that it reaches by it."""


def _fails(call: Callable[[], object]) -> bool:
    try:
        call()
    except ROW_ERRORS:
        return True
    return False


def _place_of_default(node: nodes.Filter, names: Names) -> int | None:
    """The place of `default=` among the arguments of a call's function; None where the call has none."""
    parameters = names.functions[node.name].parameters
    place = next((at for at, one in enumerate(parameters) if one.name == DEFAULT), None)
    is_given = place is not None and (len(node.args) > place or any(pair.key == DEFAULT for pair in node.kwargs))
    return place if is_given else None


def _without_default(node: nodes.Filter, names: Names) -> Callable[[Any], object] | None:
    """The function of a call without its `default=`; None where it has none, or where its other arguments are computed."""
    function, place = names.functions[node.name], _place_of_default(node, names)
    if place is None:
        return None
    kept = [pair for pair in node.kwargs if pair.key != DEFAULT]
    bare = nodes.Filter(node.node, node.name, node.args[:place], kept, None, None, lineno=node.lineno)
    constants = constant_arguments(bare, names)
    if constants is None or function.bind is None:
        return None
    args, kwargs = constants
    return function.bind(*args, **kwargs)


def _entries(node: nodes.Filter, names: Names, notes: _Notes) -> list[_PointsOf]:
    """For each lookup that a call names: the entries that a value hits, as the function compares them."""
    return [_hits(one, comparing(node, names), notes) for one in lookups_in(node, names)]


def _hits(lookup: Resource, compared: Callable[[object], str], notes: _Notes) -> _PointsOf:
    known: dict[str, list[int]] = {}
    for key in lookup.content:
        known.setdefault(compared(key), []).append(notes.note(Point(ENTRY, "", lookup.name, key)))

    def hit(value: Any) -> Sequence[int]:
        return () if value is None else known.get(compared(value), ())

    return hit


_WORDS = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|\w+|.", re.DOTALL)
_DEEPER = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}
_ENDS = ("else", "if")


def _text_at(text: str, at: int, ends: Sequence[str] = _ENDS) -> str:
    """The part of an expression that begins at a position, or the brackets before it, to where its brackets, one of `ends` or
    the expression end."""
    written, depth = "", 0
    for word in _WORDS.findall(text[len(text[: max(at, 0)].rstrip("( \n\t")) :]):
        depth += _DEEPER.get(word, 0)
        if depth < 0 or (not depth and word in ends):
            break
        written += word
    return " ".join(written.split())
