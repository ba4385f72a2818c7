"""A stage's whole record, many rows at a time: the fast path.

The rows are turned into columns, each field is computed for all rows, and the records are put together at the end:

    email: "{{ email | lower }}"            x3 = stripped(columns[3])
    total: "{{ total | money * 2 }}"   ->   v0 = quick1(x3) or by the long way: [... for c0 in blank_to_none(x3)]
                                            v1 = [multiply(...) for c1 in blank_to_none(x7)]
                                            return [{'email': e0, 'total': e1} for e0, e1 in zip(v0, v1)]

The expressions are the same source as in the function of one row (compiler.py), so the values are, too. Whatever a row
raises ends the whole attempt: the caller then tries smaller pieces, down to the single rows that fail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

from jinja2 import nodes

from etl.expressions.emit import Emitter
from etl.expressions.header import Header
from etl.expressions.quick import QUICK, ShortWay
from etl.expressions.runtime import Writers
from etl.expressions.source import define, emit
from etl.expressions.syntax import Names, column_of, constant_arguments, is_single, lookup_name, only, parse
from etl.model import Expression, Stage, Template

Rows = Sequence[Sequence[Any]]
Columns = Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Batch:
    """The records of many rows.

    keep     for each row whether it stays; None: all do
    columns  of the fields that are one expression, the values by themselves
    """

    records: list[Any]
    columns: Columns
    keep: Sequence[Any] | None = None


Records = Callable[[Rows], Batch]


def compile_records(stage: Stage, names: Names, header: Header, write: Writers) -> Records:
    make = _Columnar(names, header, write).compile(stage.fields)
    if stage.where is None:
        return lambda rows: Batch(*make(rows))
    stays = _Columnar(names, header, None).compile_column(stage.where)

    def records(rows: Rows) -> Batch:
        keep = stays(rows)
        return Batch(*make(rows)) if all(keep) else Batch(*make(list(compress(rows, keep))), keep)

    return records


class _Columnar:
    """Writes the source of a function of many rows."""

    def __init__(self, names: Names, header: Header, write: Writers | None) -> None:
        self._header, self._write = header, write
        self._emitter = Emitter(names, text_only=header.text_only)
        self._emitter.namespace |= {"zip": zip, "stripped": _stripped, "cells": header.cells()}
        self._lines: list[str] = []
        self._values: list[str] = []
        self._raw: set[str] = set()

    def compile(self, fields: Mapping[str, Template]) -> Callable[[Rows], tuple[list[Any], Columns]]:
        """Rows -> records, and the columns of those fields that are one expression."""
        record = self._place(fields)
        lists = ", ".join(f"v{number}" for number in range(len(self._values))) or "rows"
        loop = ", ".join(self._values) + "," if self._values else "_"
        source = f"zip({lists})" if self._values else "rows"
        columns = ", ".join(f"{name!r}: v{number}" for name, number in self._numbers(fields))
        function: Callable[[Rows], tuple[list[Any], Columns]] = self._define(
            f"return [{record} for {loop} in {source}], {{{columns}}}", "[], {}"
        )
        return function

    def _numbers(self, fields: Mapping[str, Template]) -> list[tuple[str, int]]:
        """The fields that are one expression, with the number of their values: these are numbered in the fields' order."""
        found, number = [], 0
        for name, template in fields.items():
            if isinstance(template, Expression):
                found.append((name, number))
            number += len(expressions_in(template))
        return found

    def compile_column(self, template: Expression) -> Callable[[Rows], list[Any]]:
        """Rows -> the values of one expression."""
        self._place(template)
        return self._define("return v0", "[]")

    def _define(self, body: str, nothing: str) -> Callable[[Any], Any]:
        return define(
            [f"if not rows: return {nothing}", "columns = [*zip(*rows)]", *self._lines],
            body,
            self._emitter.namespace,
            "rows",
        )

    def _place(self, template: Template) -> str:
        """The source of a template inside the loop that puts records together."""
        if isinstance(template, Expression):
            return self._value(template)
        if isinstance(template, Mapping):
            return "{" + ", ".join(f"{name!r}: {self._place(one)}" for name, one in template.items()) + "}"
        if isinstance(template, tuple):
            return "[" + ", ".join(self._place(one) for one in template) + "]"
        return self._emitter.constant(template)

    def _value(self, template: Expression) -> str:
        """Compute an expression for all rows; its name inside the loop."""
        number = len(self._values)
        self._values.append(f"e{number}")
        long_way = self._long_way(template)
        short_way, column = self._short_way(template)
        if short_way is None:
            self._lines.append(f"v{number} = {long_way}")
        else:
            name = self._emitter.keep(short_way, "q")
            self._lines.append(f"v{number} = {name}({self._stripped(column)})")
            self._lines.append(f"if v{number} is None: v{number} = {long_way}")
        return f"e{number}"

    def _long_way(self, template: Expression) -> str:
        own = Emitter(self._emitter.names, self._emitter.namespace, text_only=self._header.text_only)
        source = emit(own, template, self._write)
        if not own.columns:
            return f"[{source} for _ in rows]"
        lists = [f"cells({self._cells(column)})" for column in own.columns]
        loop = ", ".join(own.columns.values())
        if len(lists) == 1:
            return lists[0] if source == loop else f"[{source} for {loop} in {lists[0]}]"
        return f"[{source} for {loop} in zip({', '.join(lists)})]"

    def _cells(self, column: str) -> str:
        return self._stripped(column) if self._header.strips else self._column(column)

    def _column(self, column: str) -> str:
        return f"columns[{self._header.columns.index(column)}]"

    def _stripped(self, column: str) -> str:
        """The name of the column's trimmed texts, which are made once."""
        name = f"x{self._header.columns.index(column)}"
        if name not in self._raw:
            self._raw.add(name)
            self._lines.append(f"{name} = stripped({self._column(column)})")
        return name

    def _short_way(self, template: Expression) -> tuple[ShortWay | None, str]:
        """The short way of a field that is one function of one column, if that function has one; and the column."""
        pieces = parse(template.text)
        if self._write is None or not self._header.strips or not is_single(pieces):
            return None, ""
        call = only(pieces)
        if not isinstance(call, nodes.Filter) or call.node is None or call.name not in QUICK:
            return None, ""
        column, arguments = column_of(call.node), self._arguments(call)
        if column is None or arguments is None:
            return None, ""
        return QUICK[call.name](self._write, *arguments[0], **arguments[1]), column

    def _arguments(self, call: nodes.Filter) -> tuple[list[Any], dict[str, Any]] | None:
        """The call's constant arguments, the name of a lookup replaced by its table."""
        constants = constant_arguments(call)
        if constants is None or call.name != "lookup":
            return constants
        args, kwargs = constants
        tables, name = self._emitter.names.lookups, lookup_name(call)
        if not isinstance(tables, Mapping) or not isinstance(name, nodes.Const):
            return None
        table = tables[name.value]
        return ([table, *args[1:]], kwargs) if args else ([table], {k: v for k, v in kwargs.items() if k != "table"})


def _stripped(column: Sequence[str]) -> list[str]:
    return list(map(str.strip, column))


def expressions_in(template: Template) -> list[Expression]:
    if isinstance(template, Expression):
        return [template]
    parts = template.values() if isinstance(template, Mapping) else template if isinstance(template, tuple) else ()
    return [one for part in parts for one in expressions_in(part)]
