"""Compiled expressions against Jinja itself, over random expressions and rows.

Where the mapping language promises something else than Jinja, the reference is changed at exactly that node:
null is nothing in `~` and in text around expressions, and the whole is trimmed; an `if` without `else` gives null;
`*` and `%` refuse anything but numbers; null has nothing inside; what is missing is an error at once; `(a, b)` is a list.
"""

from __future__ import annotations

import math
import re
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import Environment, StrictUndefined, Undefined, UndefinedError, nodes
from jinja2.parser import Parser
from jinja2.visitor import NodeTransformer

from etl.expressions import LOOKUP, ROW_ERRORS, Header, compile_stage, compile_value, writers
from etl.expressions.functions import TABLE
from etl.expressions.functions.table import Function, Resource
from etl.model import Expression, Place, Stage

LOOKUPS = {"codes": {"1": "one", "5": 5, "a": "A", "İ": None}}
WRITE = writers("%Y-%m-%d", "%Y-%m-%d %H:%M:%S")

many = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


# The reference


class StrictEnvironment(Environment):
    """Jinja, in which what is missing is an error when it is reached, not when it is used; null has nothing inside."""

    def getitem(self, obj: Any, argument: Any) -> Any:
        return _there(None if obj is None else super().getitem(obj, argument))

    def getattr(self, obj: Any, attribute: str) -> Any:
        return _there(None if obj is None else super().getattr(obj, attribute))


def _there(value: Any) -> Any:
    if isinstance(value, Undefined):
        raise UndefinedError("missing")
    return value


class Promises(NodeTransformer):
    """Puts what the mapping language promises in the place of what Jinja would do."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        return self._instead("promised_concat", *node.nodes)

    def visit_Mul(self, node: nodes.Mul) -> nodes.Node:
        return self._instead("promised_product", node.left, node.right)

    def visit_Mod(self, node: nodes.Mod) -> nodes.Node:
        return self._instead("promised_rest", node.left, node.right)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:
        return self.generic_visit(nodes.List(node.items))

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.Node:
        return self.generic_visit(nodes.CondExpr(node.test, node.expr1, node.expr2 or nodes.Const(None)))

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        if not isinstance(node.arg, nodes.Slice):
            return self.generic_visit(node)
        ends = [end or nodes.Const(None) for end in (node.arg.start, node.arg.stop, node.arg.step)]
        return self._instead("promised_slice", node.node, *ends)

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:
        """Null passes by a function without a look at its other arguments."""
        function = TABLE.get(node.name)
        if function is None or function.null:
            return self.generic_visit(node)
        piped = self.visit(deepcopy(node.node))
        return nodes.CondExpr(
            nodes.Test(piped, "none", [], [], None, None), nodes.Const(None), self.generic_visit(node)
        )

    def _instead(self, name: str, first: nodes.Expr, *others: nodes.Expr) -> nodes.Node:
        return self.generic_visit(nodes.Filter(first, name, list(others), [], None, None))


def promised_concat(*values: object) -> str | None:
    return "".join("" if value is None else str(value) for value in values).strip() or None


def promised_product(left: Any, right: Any) -> Any:
    return numbers(left, right) and left * right


def promised_rest(left: Any, right: Any) -> Any:
    return numbers(left, right) and left % right


def numbers(*values: object) -> bool:
    if all(isinstance(value, int | float | Decimal) for value in values):
        return True
    raise ValueError("not a number")


def promised_slice(value: Any, start: Any, stop: Any, step: Any) -> Any:
    if value is None or isinstance(value, str | list):
        return value and value[start:stop:step] if value is not None else None
    raise TypeError("not a list")


def passing_null(function: Function) -> Any:
    def call(value: Any, *args: Any, **kwargs: Any) -> Any:
        if function.name == "lookup":
            args = (Resource(args[0], LOOKUPS[args[0]]), *args[1:])
        return None if value is None and not function.null else function.call(value, *args, **kwargs)

    return call


def jinja() -> Environment:
    environment = StrictEnvironment(
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        finalize=lambda value: "" if value is None else value,
    )
    environment.filters = {name: passing_null(function) for name, function in TABLE.items()}
    promises = (promised_concat, promised_product, promised_rest, promised_slice)
    environment.filters |= {promise.__name__: promise for promise in promises}
    return environment


JINJA = jinja()


def by_jinja(text: str, row: dict[str, Any]) -> Any:
    """What Environment.compile_expression does, with the promises put in the tree on the way."""
    tree = Promises().visit(Parser(JINJA, text, state="variable").parse_expression())
    body = nodes.Template([nodes.Assign(nodes.Name("result", "store"), tree, lineno=1)], lineno=1)
    body.set_environment(JINJA)
    module = JINJA.from_string(body).make_module({**row, "row": row})
    return _there(module.result)


def text_by_jinja(text: str, row: dict[str, Any]) -> str | None:
    tree = Promises().visit(JINJA.parse(text))
    return JINJA.from_string(tree.set_environment(JINJA)).render({**row, "row": row}).strip() or None


def outcome(compute: Any) -> Any:
    """The value with the types of all its parts, or that there is none."""
    try:
        return typed(compute())
    except (*ROW_ERRORS, UndefinedError):
        return "fails"


def typed(value: Any) -> Any:
    if isinstance(value, list):
        return [typed(one) for one in value]
    if isinstance(value, dict):
        return [(typed(name), typed(inner)) for name, inner in value.items()]
    if isinstance(value, float) and math.isnan(value):
        return "nan"
    return type(value), value


# Random expressions, written as text

TEXTS = ["", "a", "İ", "ışık", "a b", "1", "1.299,90", "5", "3,5", "yes", "2024-02-29", "1.5.2020", "<b>x</b>", "5321234567",
         "ali@example.com", '{"k": [1, "a"]}', "-7"]  # fmt: skip

columns = st.sampled_from(["a", "b", "n", "m", "xs", "obj", "row['a b']", "row.a", "row['n']"])
constants = st.one_of(
    st.integers(0, 12).map(str),
    st.sampled_from(["none", "true", "false", "1.5", "0.1", "-3"]),
    st.sampled_from(TEXTS).filter(lambda text: '"' not in text).map(lambda text: f'"{text}"'),
)
CALLS = [
    "lower", "upper('tr')", "title", "trim", "normalize_space", "replace('a', 'bc')", "truncate(3)", "pad(4)",
    "part(' ', 1)", "split_name('last')", "strip_html", "text", "money", "decimal", "int", "round(1)", "abs", "bool",
    "blank", "date('%Y-%m-%d')", "datetime('%d.%m.%Y')", "phone", "phone('TR', default=none)", "email", "digest('md5')",
    "json", "lookup('codes')",
]  # fmt: skip
CALLS_WITH = ["default({})", "join({}, separator='-')", "join(a, {})", "lookup('codes', default={})"]
CALLS_WITH_COLUMN = ["replace({}, 'x')", "truncate({})", "pad(4, fill={})", "part({}, 1)", "round({})", "digest({})"]
"""Arguments that are only known with a row; written-out ones that are wrong are refused before."""


def grown(inner: Any) -> Any:
    """Expressions made of smaller ones. `*` and `%` with a written-out text are refused before there is a row."""
    number = st.one_of(columns, st.integers(0, 9).map(str), inner.map(lambda one: f"({one} + 1)"))
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "/", "//", "and", "or"]), inner),
        st.builds(
            "({} {} {})".format, inner, st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in", "not in"]), inner
        ),
        st.builds("({} < {} <= {})".format, inner, inner, inner),
        st.builds("({} {} {})".format, number, st.sampled_from(["*", "%"]), number),
        st.builds("({} ~ {})".format, inner, inner),
        st.builds("({} ~ ' ' ~ {} ~ {})".format, inner, inner, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("({} if {})".format, inner, inner),
        st.builds("({}{})".format, st.sampled_from(["not ", "-", "+"]), inner),
        st.builds("({} is {})".format, inner, st.sampled_from(["none", "not none"])),
        st.builds("({} | {})".format, inner, st.sampled_from(CALLS)),
        st.builds("({} | {})".format, inner, st.builds(str.format, st.sampled_from(CALLS_WITH), inner)),
        st.builds("({} | {})".format, inner, st.builds(str.format, st.sampled_from(CALLS_WITH_COLUMN), columns)),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("({}, {})".format, inner, inner),
        st.builds("{{'k': {}, 'l': {}}}".format, inner, inner),
        st.builds("{}[{}]".format, inner, st.sampled_from(["0", "-1", "5", "'k'", "'zz'", "1:", ":2", "::-1", "n"])),
        st.builds("({}).{}".format, inner, st.sampled_from(["k", "zz"])),
    )


def expressions(leaves: int) -> Any:
    return st.recursive(st.one_of(columns, constants), grown, max_leaves=leaves)


cells = st.sampled_from([None, *(text for text in TEXTS if text)])
whole = st.one_of(st.none(), st.integers(-3, 12))
rows = st.fixed_dictionaries(
    {
        "a": cells, "b": cells, "a b": cells, "n": st.integers(-3, 12), "m": whole,
        "xs": st.lists(st.one_of(whole, cells), max_size=3),
        "obj": st.dictionaries(st.sampled_from(["k", "l"]), st.one_of(whole, cells), max_size=2),
    }
)  # fmt: skip


def compiled(text: str) -> Any:
    return compile_value(Expression(text, Place("m.yaml")), {LOOKUP: LOOKUPS})


def test_the_random_expressions_use_every_function():
    assert {call.split("(")[0] for call in (*CALLS, *CALLS_WITH)} == set(TABLE)


@many
@given(expressions(10), rows)
def test_an_expression_gives_what_jinja_gives(text, row):
    compute = compiled(f"{{{{ {text} }}}}")
    assert outcome(lambda: compute(row)) == outcome(lambda: by_jinja(text, row))


def test_null_passes_by_a_function_without_a_look_at_its_other_arguments():
    text, row = "{{ a | lookup('codes', default=(n | lower)) }}", {"a": None, "n": 0}
    assert compiled(text)(row) is None
    assert text_by_jinja(text, row) is None


@many
@given(
    st.lists(st.tuples(st.sampled_from(["", " ", "\n", "No: ", " / "]), expressions(3)), min_size=2, max_size=3), rows
)
def test_text_around_expressions_is_what_jinja_renders(pieces, row):
    text = "".join(f"{before}{{{{ {expression} }}}}" for before, expression in pieces)
    compute = compiled(text)
    assert outcome(lambda: compute(row)) == outcome(lambda: text_by_jinja(text, row))


# A whole row at once

HEADER = ("a", "b", "a b", "n", "m", "xs", "obj")
raw_cells = st.one_of(st.sampled_from(TEXTS), st.sampled_from(TEXTS).map(lambda text: f" {text}\t"), st.just("   "))


def stage_of(texts: list[str]) -> Stage:
    fields = {f"f{index}": Expression(f"{{{{ {text} }}}}", Place("m.yaml")) for index, text in enumerate(texts)}
    return Stage("user", "user", "customers", "f0", fields)


def check_row(texts: list[str], cells: list[Any], *, text_only: bool) -> None:
    """The whole row's record, each field alone, and each expression alone written as plain JSON are the same."""
    stage = compile_stage(stage_of(texts), Header(HEADER, text_only), {LOOKUP: LOOKUPS}, WRITE)
    row = dict(zip(HEADER, cells, strict=True))
    alone = {name: outcome(lambda name=name: stage.fields[name].compute(cells)) for name in stage.fields}
    for index, text in enumerate(texts):
        expected = outcome(lambda text=text: WRITE.plain(compiled(f"{{{{ {text} }}}}")(row)))
        assert alone[f"f{index}"] == expected
    failing = [name for name, result in alone.items() if result == "fails"]
    assert [failure.field for failure in stage.failures(cells)] == failing
    if failing:
        with pytest.raises(ROW_ERRORS):
            stage.record(cells)
    else:
        assert outcome(lambda: stage.record(cells)) == [((str, name), result) for name, result in alone.items()]


@many
@given(st.lists(expressions(4), min_size=1, max_size=4), st.lists(raw_cells, min_size=7, max_size=7))
def test_a_row_of_texts_is_the_record_of_its_fields(texts, cells):
    check_row(texts, cells, text_only=True)


@many
@given(st.lists(expressions(4), min_size=1, max_size=4), rows)
def test_a_row_of_any_values_is_the_record_of_its_fields(texts, row):
    check_row(texts, [row[name] for name in HEADER], text_only=False)


DIRECT = re.compile(r"\{\{ \w+ \| (\w+)(\([^|]*\))? \}\}")


@pytest.mark.parametrize("name", [name for name, function in TABLE.items() if function.gives])
def test_a_function_gives_the_type_it_promises(name):
    lookups = {"status": {"5": "550"}, "currency": {"TL": "try"}}
    shown = [one for one in TABLE[name].examples if one.error is None and DIRECT.fullmatch(one.text)]
    values = [compile_value(Expression(one.text, Place("")), {LOOKUP: lookups})(one.given) for one in shown]
    assert {type(value) for value in values if value is not None} <= {TABLE[name].gives}
