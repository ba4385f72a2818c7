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

Records = Callable[[Sequence[Sequence[Any]]], tuple[list[Any], list[Any] | None]]
"""Rows -> the records of the rows that stay, and for each row whether it stays (None: all do)."""


def compile_records(stage: Stage, names: Names, header: Header, write: Writers) -> Records:
    make = _Columnar(names, header, write).compile(stage.fields)
    if stage.where is None:
        return lambda rows: (make(rows), None)
    stays = _Columnar(names, header, None).compile_column(stage.where)

    def records(rows: Sequence[Sequence[Any]]) -> tuple[list[Any], list[Any] | None]:
        keep = stays(rows)
        return (make(rows), None) if all(keep) else (make(list(compress(rows, keep))), keep)

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

    def compile(self, fields: Mapping[str, Template]) -> Callable[[Sequence[Sequence[Any]]], list[Any]]:
        """Rows -> records."""
        record = self._place(fields)
        lists = ", ".join(f"v{number}" for number in range(len(self._values))) or "rows"
        loop = ", ".join(self._values) + "," if self._values else "_"
        source = f"zip({lists})" if self._values else "rows"
        return self._define(f"return [{record} for {loop} in {source}]")

    def compile_column(self, template: Expression) -> Callable[[Sequence[Sequence[Any]]], list[Any]]:
        """Rows -> the values of one expression."""
        self._place(template)
        return self._define("return v0")

    def _define(self, body: str) -> Callable[[Sequence[Sequence[Any]]], list[Any]]:
        function: Callable[[Any], list[Any]] = define(
            ["if not rows: return []", "columns = [*zip(*rows)]", *self._lines], body, self._emitter.namespace, "rows"
        )
        return function

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
