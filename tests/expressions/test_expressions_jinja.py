"""Compiled expressions against Jinja itself, over random expressions and rows.

Where the mapping language promises something else than Jinja, the reference is changed at exactly that node:
null is nothing in `~` and in text around expressions, and the whole is trimmed; an `if` without `else` gives null;
operators compute with numbers, exactly, and compare only what is of one type; text is neither true nor false; `or` gives the
first that is not null; null has nothing inside; what is missing is an error at once; `(a, b)` is a list.
"""

from __future__ import annotations

import math
import operator
import re
from copy import deepcopy
from datetime import date, datetime
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from jinja2 import Environment, StrictUndefined, Undefined, UndefinedError, nodes
from jinja2.parser import Parser
from jinja2.visitor import NodeTransformer
from some_places import some_geography

from etl.expressions import (
    GEOGRAPHY,
    LOOKUP,
    PRIVATE_KEYS,
    ROW_ERRORS,
    CompiledStage,
    ExpressionError,
    Header,
    Names,
    PrivateKey,
    compile_stage,
    compile_value,
    writers,
)
from etl.expressions.cells import shown
from etl.expressions.functions import TABLE
from etl.expressions.functions.table import Function, Resource
from etl.expressions.runtime import Writers
from etl.expressions.types import is_condition
from etl.model import Expression, Place, Stage

KEYS = {"passwords": PrivateKey(b"secret")}
LOOKUPS = {"codes": {"1": "one", "5": 5, "a": "A", "İ": None}}
PLACES = {"channel": some_geography()}
RESOURCES: dict[str, Any] = {LOOKUP: LOOKUPS, PRIVATE_KEYS: KEYS, GEOGRAPHY: PLACES}
WRITE = writers("%Y-%m-%d", "%Y-%m-%d %H:%M:%S")

many = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


# The reference


class StrictEnvironment(Environment):
    """Jinja, in which what is missing is an error when it is reached, not when it is used; null has nothing inside."""

    def getitem(self, obj: Any, argument: Any) -> Any:
        found = _there(None if obj is None else super().getitem(obj, argument))
        return shown(found) if isinstance(obj, str) and isinstance(found, str) else found

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

    def visit_Add(self, node: nodes.BinExpr) -> nodes.Node:
        return self._instead("promised_result", node.left, nodes.Const(node.operator), node.right)

    visit_Sub = visit_Mul = visit_Div = visit_FloorDiv = visit_Mod = visit_Add

    def visit_Neg(self, node: nodes.UnaryExpr) -> nodes.Node:
        sign = nodes.Const(1 if node.operator == "+" else -1)
        return self._instead("promised_result", sign, nodes.Const("*"), node.node)

    visit_Pos = visit_Neg

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:
        ends = [self.visit(one) for one in (node.expr, *(operand.expr for operand in node.ops))]
        steps = zip(ends, [nodes.Const(operand.op) for operand in node.ops], ends[1:], strict=False)
        first: nodes.Expr
        first, *others = [filtered(one, "promised_answer", op, other) for one, op, other in steps]
        for one in others:
            first = nodes.And(first, one)
        return first

    def visit_And(self, node: nodes.And) -> nodes.Node:
        return nodes.And(self._asked(node.left), self._asked(node.right))

    def visit_Not(self, node: nodes.Not) -> nodes.Node:
        return nodes.Not(self._asked(node.node))

    def visit_Or(self, node: nodes.Or) -> nodes.Node:
        """Of two conditions whether one is true; otherwise the first that is not null."""
        if is_condition(node, Names()):
            return nodes.Or(self._asked(node.left), self._asked(node.right))
        left, right = self.visit(node.left), self.visit(node.right)
        return nodes.CondExpr(filtered(deepcopy(left), "promised_presence"), left, right)

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.Node:
        otherwise = nodes.Const(None) if node.expr2 is None else self.visit(node.expr2)
        return nodes.CondExpr(self._asked(node.test), self.visit(node.expr1), otherwise)

    def _asked(self, node: nodes.Expr) -> nodes.Expr:
        """An expression that has to be true or false. Of a choice and of `or`, it is the parts that have to be."""
        if isinstance(node, nodes.CondExpr):
            otherwise = node.expr2 or nodes.Const(None)
            return nodes.CondExpr(self._asked(node.test), self._asked(node.expr1), self._asked(otherwise))
        if isinstance(node, nodes.Or):
            return nodes.Or(self._asked(node.left), self._asked(node.right))
        return filtered(self.visit(node), "promised_truth")

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:
        return self.generic_visit(nodes.List(node.items))

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


def filtered(value: nodes.Node, name: str, *others: nodes.Node) -> nodes.Filter:
    return nodes.Filter(value, name, list(others), [], None, None)


def promised_concat(*values: object) -> str | None:
    return "".join("" if value is None else TABLE["text"].call(value) for value in values).strip() or None


def promised_truth(value: object) -> bool:
    """Of two conditions the answer is true or false, where Jinja gives one of the two values."""
    if isinstance(value, str):
        raise ValueError("a text")
    return bool(value)


def promised_presence(value: object) -> bool:
    return value is not None


def promised_result(left: Any, sign: str, right: Any) -> Any:
    """Computed with fractions, which lose nothing."""
    if sign == "+" and isinstance(left, list) and isinstance(right, list):
        return left + right
    one, other = fraction(left), fraction(right)
    if sign == "/":
        return PRECISE.divide(
            PRECISE.multiply(one.numerator, other.denominator), PRECISE.multiply(one.denominator, other.numerator)
        )
    result = OPERATORS[sign](one, other)
    if isinstance(left, int) and isinstance(right, int):
        return int(result)
    exact = PRECISE.divide(Decimal(result.numerator), Decimal(result.denominator))
    return exact if sign == "//" else exact.quantize(places(left, right, sign), context=PRECISE)


def places(left: Any, right: Any, sign: str) -> Decimal:
    """One at the last decimal that a result is written with: a product has those of both, a sum those of the longer."""
    one, other = (int(Decimal(str(value)).as_tuple().exponent) for value in (left, right))
    return Decimal(1).scaleb(one + other if sign == "*" else min(one, other))


PRECISE = Context(prec=60)
OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "//": operator.floordiv, "%": operator.mod}
ORDERS = {"lt": operator.lt, "lteq": operator.le, "gt": operator.gt, "gteq": operator.ge}


def fraction(value: Any) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError("not a number")
    return Fraction(str(value))


def promised_answer(left: Any, sign: str, right: Any) -> bool:
    if sign in ("in", "notin"):
        return is_in(left, right) is (sign == "in")
    if sign in ("eq", "ne"):
        return is_equal(left, right) is (sign == "eq")
    if alike(left) != alike(right) or alike(left) not in ("number", date, datetime):
        raise ValueError("not in any order")
    return bool(ORDERS[sign](comparable(left), comparable(right)))


def is_equal(left: Any, right: Any) -> bool:
    if left is None or right is None:
        return left is right
    if alike(left) != alike(right):
        raise ValueError("of two types")
    return bool(comparable(left) == comparable(right))


def is_in(item: Any, container: Any) -> bool:
    if container is None:
        return False
    if not isinstance(container, list):
        if not isinstance(item, str | None) or not isinstance(container, str | dict):
            raise ValueError("nothing can be in it")
        return item is not None and item in container
    alien = [one for one in container if None not in (item, one) and alike(one) != alike(item)]
    if any(is_equal(item, one) for one in container if not any(one is other for other in alien)):
        return True
    if alien:
        raise ValueError("of two types")
    return False


def alike(value: Any) -> Any:
    """What values that can be compared have in common."""
    return "number" if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else type(value)


def comparable(value: Any) -> Any:
    return fraction(value) if alike(value) == "number" else value


def promised_slice(value: Any, start: Any, stop: Any, step: Any) -> Any:
    if value is None or isinstance(value, str | list):
        some = None if value is None else value[start:stop:step]
        return shown(some) if isinstance(some, str) else some
    raise TypeError("not a list")


def passing_null(function: Function) -> Any:
    def call(value: Any, *args: Any, **kwargs: Any) -> Any:
        if function.name == "lookup":
            args = (Resource(args[0], LOOKUPS[args[0]]), *args[1:])
        if function.name == "unusable_password":
            kwargs = {"key": Resource("passwords", KEYS["passwords"])}
        if function.name == "place":
            kwargs = {**kwargs, "geography": Resource("channel", PLACES["channel"])}
        return None if value is None and not function.null else function.call(value, *args, **kwargs)

    return call


def jinja() -> Environment:
    environment = StrictEnvironment(
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        finalize=lambda value: "" if value is None else TABLE["text"].call(value),
    )
    environment.filters = {name: passing_null(function) for name, function in TABLE.items()}
    promises = (promised_concat, promised_result, promised_answer, promised_truth, promised_presence, promised_slice)
    environment.filters |= {promise.__name__: promise for promise in promises}
    return environment


JINJA = jinja()


def by_jinja(text: str, row: dict[str, Any]) -> Any:
    """What Environment.compile_expression does, with the promises put in the tree on the way."""
    tree = Promises().visit(Parser(JINJA, text, state="variable").parse_expression())
    body = nodes.Template([nodes.Assign(nodes.Name("result", "store"), tree, lineno=1)], lineno=1)
    body.set_environment(JINJA)
    module = JINJA.from_string(body).make_module({**row, "row": row})
    return _there(module.result)  # type: ignore[attr-defined]


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
    "json", "lookup('codes')", "digits", "ascii", "match('[a-z]+')", "replace_pattern('[0-9]', '')", "base64_hex", "php",
    "query_value('a')", "fix_encoding", "country", "epoch('UTC')", "excel_date", "excel_datetime(1904)", "unusable_password",
    "password('hash')", "place('city')",
]  # fmt: skip
CALLS_WITH = [
    "place('township', city={})",
    "default({})",
    "join({}, separator='-')",
    "join(a, {})",
    "lookup('codes', default={})",
]
CALLS_WITH_COLUMN = ["replace({}, 'x')", "truncate({})", "pad(4, fill={})", "part({}, 1)", "round({})", "digest({})"]
"""Arguments that are only known with a row; written-out ones that are wrong are refused before."""


def grown(inner: Any) -> Any:
    """Expressions made of smaller ones. Some are refused before there is a row: a written-out text where a number is wanted."""
    number = st.one_of(columns, st.integers(0, 9).map(str), inner.map(lambda one: f"({one} + 1)"))
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "/", "//", "or"]), inner),
        st.builds(
            "({} {} {})".format, inner, st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in", "not in"]), inner
        ),
        st.builds("({} < {} <= {})".format, inner, inner, inner),
        st.builds("({} {} {})".format, number, st.sampled_from(["*", "%"]), number),
        st.builds("({} ~ {})".format, inner, inner),
        st.builds("({} ~ ' ' ~ {} ~ {})".format, inner, inner, inner),
        st.builds("({} if {} else {})".format, inner, st.one_of(columns, conditions(inner)), inner),
        st.builds("({} if {})".format, inner, st.one_of(columns, conditions(inner))),
        st.builds("({} {} {})".format, conditions(inner), st.sampled_from(["and", "or"]), conditions(inner)),
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


def conditions(inner: Any) -> Any:
    return st.one_of(
        st.builds("({} is {})".format, inner, st.sampled_from(["none", "not none"])),
        st.builds("(not {} | blank)".format, inner),
        st.builds("({} | bool)".format, columns),
        st.builds("({} == {})".format, columns, inner),
    )


def expressions(leaves: int) -> Any:
    return st.recursive(st.one_of(columns, constants), grown, max_leaves=leaves)


cells = st.sampled_from([None, *(text for text in TEXTS if text)])
whole = st.one_of(st.none(), st.integers(-3, 12))
rows = st.fixed_dictionaries(
    {
        "a": cells, "b": cells, "a b": cells, "n": st.integers(-3, 12),
        "m": st.one_of(whole, st.booleans()),
        "xs": st.lists(st.one_of(whole, cells), max_size=3),
        "obj": st.dictionaries(st.sampled_from(["k", "l"]), st.one_of(whole, cells), max_size=2),
    }
)  # fmt: skip


def compiled(text: str) -> Any:
    """The function of a row. An expression that is refused before there is a row is no example of anything here."""
    try:
        return compile_value(Expression(text, Place("m.yaml")), RESOURCES)
    except ExpressionError:
        reject()


def test_the_random_expressions_use_every_function():
    assert {call.split("(")[0] for call in (*CALLS, *CALLS_WITH)} == set(TABLE)


@many
@given(expressions(10), rows)
def test_an_expression_gives_what_jinja_gives(text, row):
    compute = compiled(f"{{{{ {text} }}}}")
    assert outcome(lambda: compute(row)) == outcome(lambda: by_jinja(text, row))


@pytest.mark.parametrize("value", [None, 0, 5])
@pytest.mark.parametrize("text", ["n == 1 or m", "n == 0 and m", "m and n == 0", "false or m"])
def test_two_conditions_give_true_or_false_whatever_they_hold(text, value):
    row = {"n": 0, "m": value}
    answer = compiled(f"{{{{ {text} }}}}")(row)
    assert answer is bool(value)
    assert answer is by_jinja(text, row)


@pytest.mark.parametrize("text", ["m | bool or a | bool", "a | bool or m | bool", "a | bool and a | bool"])
def test_conditions_over_blank_cells_give_false_and_not_null(text):
    row = {"a": None, "m": False}
    assert compiled(f"{{{{ {text} }}}}")(row) is False
    assert by_jinja(text, row) is False


@pytest.mark.parametrize("value", [False, 0, []])
@pytest.mark.parametrize(
    "text",
    ["m or 'x'", "m or 7", "m or true", "m or n == 1", "m | bool or true", "obj.k or m or 1", "none or (m or true)"],
)
def test_a_false_of_the_row_is_not_passed_over_for_what_stands_in_for_null(text, value):
    if "bool" in text:
        value = False
    row = {"n": 1, "m": value, "obj": {"k": None}}
    answer = compiled(f"{{{{ {text} }}}}")(row)
    assert typed(answer) == typed(value)
    assert typed(answer) == typed(by_jinja(text, row))


@pytest.mark.parametrize("where", ["m or n == 1", "m or true", "(m or a) and n == 1", "none or m or n"])
def test_in_a_condition_an_or_asks_whether_one_is_true(where):
    row = {"n": 1, "m": False, "a": True}
    assert compiled(f"{{{{ 'yes' if {where} else 'no' }}}}")(row) == "yes"


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


def compiled_stage(stage: Stage, header: Header, write: Writers = WRITE) -> CompiledStage:
    try:
        return compile_stage(stage, header, RESOURCES, write)
    except ExpressionError:
        reject()


def check_row(texts: list[str], cells: list[Any], *, text_only: bool) -> None:
    """The whole row's record, each field alone, and each expression alone written as plain JSON are the same."""
    stage = compiled_stage(stage_of(texts), Header(HEADER, text_only))
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
    values = [
        compile_value(Expression(one.text, Place("")), {LOOKUP: lookups, PRIVATE_KEYS: KEYS, GEOGRAPHY: PLACES})(
            one.given
        )
        for one in shown
    ]
    assert {type(value) for value in values if value is not None} <= {TABLE[name].gives}
