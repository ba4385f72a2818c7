"""A stage's records, many rows at a time: the fast path.

The rows are turned into columns, and each expression is computed for all rows before the next one:

    email: "{{ email | lower }}"            the way of `lower` over a column (functions/columns.py)
    total: "{{ total | money * 2 }}"   ->   [multiply(...) for c0 in x0], in which x0 are the cells of `total`

The expressions are the same source as in the function of one row (compiler.py), so the values are, too. When one raises for
some row, that expression alone is computed row by row, and the rows that fail are named; the others go on together. Where a
function's way over a column meets a cell that it does not know, the few cells around it take the long way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from itertools import compress
from typing import Any

from jinja2 import nodes
from msgspec import Struct, field
from msgspec.structs import replace

from etl.expressions.emit import Emitter
from etl.expressions.functions.columns import ColumnWay
from etl.expressions.header import Header, Row
from etl.expressions.names import Names, column_of
from etl.expressions.noting import noting_fields, noting_functions
from etl.expressions.parsing import is_single, only, parse
from etl.expressions.runtime import ROW_ERRORS, Writers
from etl.expressions.source import RowFunction, condition_of_row, define, emit, emit_condition, row_function
from etl.expressions.syntax import constant_arguments
from etl.model import Expression, Stage, Template

Values = Sequence[Any]


class Columns(Struct, frozen=True):
    """What many rows make, field by field.

    columns  each field's JSON values, in the stage's order; one value for each row that stays
    keys     the keys of their records; None where there is none
    failed   of these rows, the positions of those that make no record: some field, or `where`, cannot be computed
    keep     for each row that was given, whether it stays; None: all do
    notes    of the fields whose function may put something right: for each row that stays what it was, or None
    """

    columns: Mapping[str, Values]
    keys: Values
    failed: frozenset[int] = frozenset()
    keep: Sequence[Any] | None = None
    notes: Mapping[str, Values] = field(default_factory=dict)


MakeRecords = Callable[[Sequence[Row]], Columns]


def compile_records(stage: Stage, names: Names, header: Header, write: Writers) -> MakeRecords:
    """Compile a stage's `where`, fields and key to a function of many rows. It raises nothing that a row is to blame for."""
    compiler = _Compiler(names, header, write)
    where = None if stage.where is None else _Compiler(names, header, None).condition(stage.where)
    fields = {name: compiler.field(template) for name, template in stage.fields.items()}
    key = None if isinstance(stage.key, str) else compiler.column(stage.key)
    noting = _Compiler(replace(names, functions=noting_functions(names.functions)), header, None)
    noted = {name: noting.column(one) for name, one in noting_fields(stage.fields, names)}

    def records(rows: Sequence[Row]) -> Columns:
        failed: set[int] = set()
        cells = Cells.of(rows, header)
        keep = None if where is None else _kept(where, cells, failed)
        if keep is not None:
            cells = cells.only(keep)
        columns = {name: compute(cells, failed) for name, compute in fields.items()}
        # A key that cannot be computed is no key, and why not is told with everything else.
        keys = columns[str(stage.key)] if key is None else key(cells, set())
        notes = {name: compute(cells, set()) for name, compute in noted.items()}
        return Columns(columns, keys, frozenset(failed), keep, notes)

    return records


class Cells:
    """The cells of many rows by columns, each trimmed once."""

    def __init__(
        self, columns: Sequence[Values], rows: Callable[[], Sequence[Row]], count: int, header: Header, begin: int = 0
    ) -> None:
        self.count, self.begin = count, begin
        self._columns, self._rows, self._header = columns, rows, header
        self._texts, self._seen = header.texts, header.values()
        self._trimmed: dict[int, Values] = {}
        self._values: dict[int, Values] = {}
        self._are_texts: dict[int, bool] = {}

    @classmethod
    def of(cls, rows: Sequence[Row], header: Header) -> Cells:
        columns: Sequence[Values] = [*zip(*rows, strict=True)] if rows else [()] * len(header.columns)
        return cls(columns, lambda: rows, len(rows), header)

    def only(self, keep: Sequence[Any]) -> Cells:
        """The cells of those rows that stay."""
        columns = [list(compress(column, keep)) for column in self._columns]
        return Cells(columns, lambda: list(compress(self.rows, keep)), sum(map(bool, keep)), self._header)

    @cached_property
    def rows(self) -> Sequence[Row]:
        """The rows themselves, for what has to be computed one by one."""
        return self._rows()

    def are_texts(self, position: int) -> bool:
        """Whether `trimmed` gives texts of the column."""
        if position not in self._are_texts:
            self._are_texts[position] = self._header.holds_texts(self._columns[position])
        return self._are_texts[position]

    def trimmed(self, position: int) -> Values:
        """A column's texts, "" for blank; as they are where cells are not trimmed or no texts."""
        if position not in self._trimmed:
            self._trimmed[position] = self._texts(self._columns[position])
        return self._trimmed[position]

    def values(self, position: int) -> Values:
        """A column's values as expressions see them: null for blank."""
        if position not in self._values:
            self._values[position] = self._seen(self.trimmed(position))
        return self._values[position]

    def halves(self) -> tuple[Cells, Cells]:
        middle = self.count // 2
        return self._some(0, middle), self._some(middle, self.count)

    def _some(self, begin: int, end: int) -> Cells:
        """The cells of some rows that follow each other. What is trimmed already is not trimmed again."""
        columns = [self._trimmed.get(position, column)[begin:end] for position, column in enumerate(self._columns)]
        return Cells(columns, lambda: self.rows[begin:end], end - begin, self._header, self.begin + begin)


Compute = Callable[[Cells, set[int]], Values]
"""Cells -> the values of an expression or field. The positions of rows that fail are added to the set; their value is null."""


def _kept(where: Compute, cells: Cells, failed: set[int]) -> Sequence[Any] | None:
    """Whether each row stays, None when all do. One whose `where` cannot be computed stays, and has failed."""
    wrong: set[int] = set()
    stays = where(cells, wrong)
    if all(stays):
        return None
    keep = [bool(one) or position in wrong for position, one in enumerate(stays)]
    failed.update(after for after, before in enumerate(compress(range(len(keep)), keep)) if before in wrong)
    return keep


class _Compiler:
    """Makes functions of many rows from templates."""

    def __init__(self, names: Names, header: Header, write: Writers | None) -> None:
        self._names, self._header, self._write = names, header, write

    def field(self, template: Template) -> Compute:
        if isinstance(template, Expression):
            return self.column(template)
        if isinstance(template, Mapping | tuple):
            return self._nested(template)
        return lambda cells, failed: [template] * cells.count

    def column(self, template: Expression) -> Compute:
        """The function of one expression: all rows together, or each by itself where that fails."""
        # The second is compiled when some row fails, which in most exports none does.
        compute = self._computed(
            lambda emitter: emit(emitter, template, self._write),
            lambda: row_function(template, self._names, self._header, self._write),
        )
        short_way, position = self._short_way(template)
        return compute if short_way is None else _shortened(short_way, position, compute)

    def condition(self, template: Expression) -> Compute:
        return self._computed(
            lambda emitter: emit_condition(emitter, template),
            lambda: condition_of_row(template, self._names, self._header),
        )

    def _computed(self, source_of: Callable[[Emitter], str], by_itself: Callable[[], RowFunction]) -> Compute:
        long_way, alone = self._long_way(source_of), cache(by_itself)

        def compute(cells: Cells, failed: set[int]) -> Values:
            try:
                return long_way(cells)
            except ROW_ERRORS:
                return _one_by_one(alone(), cells, failed)

        return compute

    def _nested(self, template: Template) -> Compute:
        """The function of a field with parts: each part is a column, and they are put together anew for every row."""
        parts = [self.column(one) for one in expressions_in(template)]
        emitter = Emitter(self._names)
        emitter.namespace["zip"] = zip
        record = _placed(template, emitter, iter(range(len(parts))))
        loop = ", ".join(f"e{number}" for number in range(len(parts)))
        body = f"return [{record} for {loop}, in zip(*columns)]" if parts else f"return [{record} for _ in columns]"
        put_together = define([], body, emitter.namespace, "columns")
        if not parts:
            return lambda cells, failed: put_together(range(cells.count))
        return lambda cells, failed: put_together([part(cells, failed) for part in parts])

    def _long_way(self, source_of: Callable[[Emitter], str]) -> Callable[[Cells], Values]:
        emitter = Emitter(self._names)
        source = source_of(emitter)
        read = [self._header.columns.index(column) for column in emitter.columns]
        if not read:
            constant = define([], f"return [{source} for _ in rows]", emitter.namespace, "rows")
            return lambda cells: constant(range(cells.count))
        if [source] == [*emitter.columns.values()]:
            return lambda cells: cells.values(read[0])
        emitter.namespace["zip"] = zip
        loop = ", ".join(emitter.columns.values())
        lists = ", ".join(f"x{number}" for number in range(len(read)))
        source = f"[{source} for {loop} in {f'zip({lists})' if len(read) > 1 else lists}]"
        compute = define([], f"return {source}", emitter.namespace, lists)
        if not emitter.costly:
            return lambda cells: compute(*map(cells.values, read))

        def of_each_different(cells: Cells) -> Values:
            columns = [*map(cells.values, read)]
            # For texts only: 1 and true are one as keys of a dictionary.
            return (_each_different_once if all(map(cells.are_texts, read)) else _each)(compute, columns)

        return of_each_different

    def _short_way(self, template: Expression) -> tuple[ColumnWay | None, int]:
        """The way over a column of an expression that is one function of one column; and the column's position."""
        pieces = parse(template.text)
        if self._write is None or not self._header.trim or not is_single(pieces):
            return None, 0
        call = only(pieces)
        if not isinstance(call, nodes.Filter) or call.node is None:
            return None, 0
        way = self._names.functions[call.name].column
        column, arguments = column_of(call.node), constant_arguments(call, self._names)
        if way is None or column is None or arguments is None:
            return None, 0
        return way(self._write, *arguments[0], **arguments[1]), self._header.columns.index(column)


def _each(compute: Callable[..., Values], columns: Sequence[Values]) -> Values:
    return compute(*columns)


def _each_different_once(compute: Callable[..., Values], columns: Sequence[Values]) -> Values:
    """Rows that are alike are computed once."""
    rows = [*zip(*columns, strict=True)]
    different = [*dict.fromkeys(rows)]
    if 2 * len(different) > len(rows):
        return compute(*columns)
    known = dict(zip(different, compute(*zip(*different, strict=True)), strict=True))
    return [*map(known.__getitem__, rows)]


FEW = 16
"""So many cells take the long way when a short way does not know one of them; more are tried in two halves."""


def _shortened(short_way: ColumnWay, position: int, long_way: Compute) -> Compute:
    """The function of an expression with a short way, and its long one for where that does not know."""

    def compute(cells: Cells, failed: set[int]) -> Values:
        if not cells.are_texts(position):
            return long_way(cells, failed)
        found = short_way(cells.trimmed(position))
        if found is not None:
            return found
        if cells.count <= FEW:
            return long_way(cells, failed)
        return [value for half in cells.halves() for value in compute(half, failed)]

    return compute


def _one_by_one(alone: RowFunction, cells: Cells, failed: set[int]) -> list[Any]:
    values: list[Any] = []
    for position, row in enumerate(cells.rows, cells.begin):
        try:
            values.append(alone(row))
        except ROW_ERRORS:
            values.append(None)
            failed.add(position)
    return values


def _placed(template: Template, emitter: Emitter, numbers: Iterator[int]) -> str:
    """The source of a template in the loop that puts it together: e0, e1... are the values of its expressions."""
    if isinstance(template, Expression):
        return f"e{next(numbers)}"
    if isinstance(template, Mapping):
        return "{" + ", ".join(f"{name!r}: {_placed(one, emitter, numbers)}" for name, one in template.items()) + "}"
    if isinstance(template, tuple):
        return "[" + ", ".join(_placed(one, emitter, numbers) for one in template) + "]"
    return emitter.constant(template)


def expressions_in(template: Template) -> list[Expression]:
    if isinstance(template, Expression):
        return [template]
    parts = template.values() if isinstance(template, Mapping) else template if isinstance(template, tuple) else ()
    return [one for part in parts for one in expressions_in(part)]
