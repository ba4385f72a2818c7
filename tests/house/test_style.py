"""What can be counted of the style: one meaning a name, and functions and files that are read at one sitting."""

import ast
from collections import defaultdict
from functools import cache

import pytest
from commands import ROOT

FILES = sorted((ROOT / "etl").rglob("*.py"))
LINES = {path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}

SEVERAL_MEANINGS: dict[str, str] = {}
"""Public names of types that two modules may define, each with the reason."""


@cache
def modules():
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def types_of(tree):
    """The public types that a module defines: its classes, and its aliases (`Row = Sequence[Any]`)."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (one.id for one in targets if isinstance(one, ast.Name) and is_type_name(one.id))


def is_type_name(name):
    return name[:1].isupper() and not name.isupper()


def functions():
    for path, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno
                yield f"{path.relative_to(ROOT)}:{node.name}", node.end_lineno - node.lineno + 1


def test_a_type_has_one_meaning():
    defined = defaultdict(list)
    for path, tree in modules().items():
        for name in types_of(tree):
            defined[name].append(path.relative_to(ROOT).as_posix())
    twice = {name: paths for name, paths in defined.items() if len(paths) > 1 and not name.startswith("_")}
    assert {name: paths for name, paths in twice.items() if name not in SEVERAL_MEANINGS} == {}
    assert set(SEVERAL_MEANINGS) <= set(twice), "an exception that is none any more"


@pytest.mark.parametrize("source", ["class Kind: ...", "Kind = str | None", "Kind: TypeAlias = str"])
def test_a_class_and_an_alias_are_types_and_a_constant_is_none(source):
    assert list(types_of(ast.parse(f"{source}\nKINDS = 1\nkind = 2\n"))) == ["Kind"]


def test_a_function_is_read_at_one_sitting():
    """None is longer than 60 lines, and nine in ten are under 30."""
    lengths = list(functions())
    assert [(name, length) for name, length in lengths if length > 60] == []
    assert sum(length >= 30 for _, length in lengths) <= len(lengths) / 10


def test_a_file_has_less_than_400_lines():
    assert {name: lines for name, lines in LINES.items() if lines >= 400} == {}
