"""Values with fields are records: structs, whose classes a start makes in no time."""

import ast
import dataclasses
import re
from importlib import import_module

import pytest
from commands import ROOT
from msgspec import Struct

from etl.records import as_dict, json_of

ASKED = "its `__init__` is asked what it takes, and answers a person's mistakes"
HASHED = "one of its fields cannot be hashed, and is left out of the hash"
HIDDEN = "one of its fields is never shown, or not compared"
EARLY = "`etl --help` loads it, and no struct"
DATACLASSES = {
    "etl.cli.advice.Given": EARLY,
    "etl.commands.diff.Preparing": ASKED,
    "etl.commands.inspect.Inspecting": ASKED,
    "etl.commands.purge.ToPurge": ASKED,
    "etl.commands.row_filter.RowFilter": HIDDEN,
    "etl.commands.settings.Settings": ASKED,
    "etl.commands.which.Which": ASKED,
    "etl.dumps.dialect.Dialect": HASHED,
    "etl.extract.databases.session.Relation": HASHED,
    "etl.findings.Finding": EARLY,
    "etl.load.retry.RetryChoice": ASKED,
    "etl.mapping.environment.Variables": HIDDEN,
    "etl.outside.Outside": ASKED,
    "etl.report.inspection.Inspection": HIDDEN,
    "etl.workers.dask_engine.Sealed": HIDDEN,
}
"""Those there are outside of the sandbox, each with the reason."""

FILES = [path for path in sorted((ROOT / "etl").rglob("*.py")) if "sandbox" not in path.parts]


def module_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def classes():
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                yield f"{module_of(path)}.{node.name}", node


def is_dataclass(node):
    made = [one.func if isinstance(one, ast.Call) else one for one in node.decorator_list]
    return any(isinstance(one, ast.Name) and one.id == "dataclass" for one in made)


def test_a_value_with_fields_is_a_record_where_there_is_no_reason_against_it():
    assert sorted(name for name, node in classes() if is_dataclass(node)) == sorted(DATACLASSES)


def records(kind=Struct):
    for one in kind.__subclasses__():
        yield one
        yield from records(one)


def test_no_field_of_a_record_is_one_of_a_dataclass():
    """It would be the field's value."""
    for path in FILES:
        if path.name not in ("__main__.py", "demo.py"):
            import_module(module_of(path))
    found = [one for one in records() if one.__module__.startswith("etl.")]
    assert len(found) > 300
    given = {f"{one.__module__}.{one.__qualname__}": one.__struct_defaults__ for one in found}
    assert [name for name, values in given.items() if any(isinstance(one, dataclasses.Field) for one in values)] == []


class Inner(Struct, frozen=True):
    name: str


class Outer(Struct, frozen=True):
    one: Inner
    several: tuple[Inner, ...]
    by_name: dict[str, list[Inner]]
    other: object = None


@pytest.mark.parametrize("other", [None, 1, "text", b"bytes", {"x": (1,)}])
def test_a_record_as_a_dictionary_has_those_in_it_as_dictionaries_too(other):
    given = Outer(Inner("a"), (Inner("b"), Inner("c")), {"d": [Inner("e")]}, other)
    assert as_dict(given) == {
        "one": {"name": "a"},
        "several": ({"name": "b"}, {"name": "c"}),
        "by_name": {"d": [{"name": "e"}]},
        "other": other,
    }


def test_an_interruption_while_a_value_is_made_plain_stays_one():
    def interrupted(value):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        json_of({"a": object()}, interrupted, 0)
    with pytest.raises(TypeError):
        json_of({"a": object()}, lambda value: value, 0)


def test_nothing_else_hands_orjson_a_function_of_its_own():
    """orjson makes a TypeError of Ctrl-C there."""
    calls = {
        path.name
        for path in (ROOT / "etl").rglob("*.py")
        if re.search(r"orjson\.dumps\([^#]*?default=", path.read_text())
    }
    assert calls == {"records.py"}
