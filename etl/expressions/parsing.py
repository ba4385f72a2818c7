"""Read an expression's text as a tree whose nodes know where they stand. Evaluates nothing.

Jinja's lexer and parser do the reading. Jinja gives each node the number of its line; here the lexer is told that a
token's line is its position in the text, so that `node.lineno` is that position and a problem can be shown there.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import lru_cache

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.lexer import TokenStream
from jinja2.parser import Parser

LONGEST = 10_000
"""Characters of one expression. It bounds everything else that its text could make big."""

DEEPEST = 60
LONGEST_NUMBER = 30

Piece = str | nodes.Expr
"""Plain text between expressions, or an expression."""

Token = tuple[int, str, str]
"""Position, kind, text."""

_environment = Environment(autoescape=False, keep_trailing_newline=True)  # noqa: S701 - nothing is rendered as HTML

_STATEMENT = re.compile(r"\{%[-+]?\s*(\w*)")

_WORDS = {
    "'end of print statement'": "'}}'",
    "unexpected end of template": "the text ends too early",
    "Expected": "expected",
    'unexpected char "\'"': "a quote that is not closed",
    "unexpected char '\"'": "a quote that is not closed",
}
"""Jinja's own words, and ours."""


class ExpressionError(ValueError):
    """An expression that cannot be compiled; `at` is the position in its text."""

    def __init__(self, what: str, at: int = 0) -> None:
        super().__init__(what)
        self.at = at


@lru_cache(maxsize=1024)
def parse(text: str) -> tuple[Piece, ...]:
    """Split a YAML string in plain text and expression trees, which nobody changes.

    Raises ExpressionError with the parser's reason.
    """
    if len(text) > LONGEST:
        raise ExpressionError(f"an expression of {len(text)} characters; {LONGEST} are allowed")
    tokens = _tokens(text)
    _refuse(text, tokens)
    try:
        body = _parser(tokens).parse().body
    except TemplateSyntaxError as error:
        raise _unreadable(error, error.lineno) from None
    except RecursionError:
        first = next((start for start, kind, _ in tokens if kind not in ("data", "variable_begin", "whitespace")), 0)
        raise ExpressionError("is nested too deeply", first) from None
    found = tuple(piece for part in body for piece in _pieces(part))
    _bound(found)
    return found


def _bound(pieces: Sequence[Piece]) -> None:
    """Refuse a tree that those who walk it would not come back from."""
    for piece in pieces:
        if isinstance(piece, nodes.Expr) and len(list(levels(piece))) > DEEPEST:
            raise ExpressionError("is nested too deeply", start(piece))


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    end = 0
    try:
        for _, kind, value in _environment.lexer.tokeniter(text, None):
            # {{- swallows the blanks before it, so a token may begin later than the one before it ended.
            start = max(text.find(value, end), end)
            found.append((start, kind, value))
            end = start + len(value)
    except TemplateSyntaxError as error:
        raise _unreadable(error, end) from None
    return found


def _unreadable(error: TemplateSyntaxError, at: int) -> ExpressionError:
    said = re.sub(r" at \d+$", "", (error.message or "").rstrip("."))
    for theirs, ours in _WORDS.items():
        said = said.replace(theirs, ours)
    advice = next((f"; write {ours}" for theirs, ours in _ELSEWHERE.items() if said.endswith(theirs)), "")
    return ExpressionError(f"cannot be read as an expression: {said}{advice}", at)


_ELSEWHERE = {
    "got '='": "`==`", "unexpected '='": "`==`", "expected token 'name', got '|'": "`or`",
    "unexpected char '?'": "`a if b else c`", "unexpected char '&'": "`and`", "unexpected char '!'": "`not`",
    "got 'AND'": "`and`", "got 'OR'": "`or`", "got 'NOT'": "`not`", "got 'IN'": "`in`", "got 'IS'": "`is`",
    "unexpected '>'": "`!=` for `<>`",
    "got 'like'": "a pattern: `| match(...) is not none`", "got 'LIKE'": "a pattern: `| match(...) is not none`",
}  # fmt: skip
"""What SQL, C or PHP write, as it is seen by this language's reader, and what is written here."""


def _refuse(text: str, tokens: list[Token]) -> None:
    """Raise for what Jinja would read and an expression has no use for, before it is read."""
    for start, kind, value in tokens:
        if kind in ("block_begin", "raw_begin"):
            statement = _STATEMENT.match(text, start)
            raise ExpressionError(
                f"{{% {statement[1] if statement else ''} %}} is not available: an expression computes a value from "
                "the row's columns, it has no statements, loops or imports",
                start,
            )
        if kind == "comment_begin":
            raise ExpressionError("{# #} is not available: a comment of YAML begins with #", start)
        if kind == "string":
            _refuse_controls(start, value)
        if kind in ("integer", "float") and not _is_usual(kind, value):
            raise ExpressionError("a number that is too large to compute with", start)
        if kind == "float" and not _is_exact(value):
            what = f"{value} has more digits than a number here keeps; write ('{value}' | decimal('.'))"
            raise ExpressionError(what, start)


_ESCAPE = re.compile(r"\\(?:[0-7]{1,3}|.)", re.DOTALL)


def _refuse_controls(start: int, literal: str) -> None:
    """Raise for an escape that gives a control character: '\\1' and '\\b' are meant for a regular expression.

    Who means such a character writes \\x01.
    """
    for escape in _ESCAPE.finditer(literal):
        written = escape[0]
        if written[1] in "01234567abfv" and not (given := ast.literal_eval(f"'{written}'")).isprintable():
            what = f"{written} in quotes is a control character ({given!a}); a backslash is written twice: \\{written}"
            raise ExpressionError(what, start + escape.start())


def _is_usual(kind: str, number: str) -> bool:
    if len(number) > LONGEST_NUMBER:
        return False
    return kind == "integer" or math.isfinite(float(number.replace("_", "")))


def _is_exact(number: str) -> bool:
    """Whether a number with a point is what it becomes when it is read: of more than 17 digits it would be another one."""
    plain = number.replace("_", "")
    return Decimal(plain) == Decimal(repr(float(plain)))


def _parser(tokens: list[Token]) -> Parser:
    parser = Parser(_environment, "")
    parser.stream = TokenStream(_environment.lexer.wrap(tokens), None, None)
    return parser


def _pieces(part: nodes.Node) -> Iterator[Piece]:
    assert isinstance(part, nodes.Output)  # statements have been refused
    for node in part.nodes:
        yield node.data if isinstance(node, nodes.TemplateData) else node


def levels(tree: nodes.Node) -> Iterator[list[nodes.Node]]:
    """The nodes of a tree by their depth. Without recursion, as a tree may be deeper than Python goes."""
    level = [tree]
    while level:
        yield level
        level = [child for one in level for child in one.iter_child_nodes()]


def start(node: nodes.Node) -> int:
    """Where the text of a part begins. (A call's own place is that of the function's name.)"""
    return min(each.lineno for level in levels(node) for each in level if each.lineno is not None)


def is_single(pieces: Sequence[Piece]) -> bool:
    """Whether a string is one expression and nothing else, so that its value keeps its type."""
    inked = [piece for piece in pieces if not isinstance(piece, str) or piece.strip()]
    return len(inked) == 1 and isinstance(inked[0], nodes.Expr)


def only(pieces: Sequence[Piece]) -> nodes.Expr:
    """The expression of a string that is_single."""
    return next(piece for piece in pieces if isinstance(piece, nodes.Expr))


def expressions(text: str) -> list[nodes.Expr]:
    return [piece for piece in parse(text) if isinstance(piece, nodes.Expr)]
