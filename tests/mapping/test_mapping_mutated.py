"""Whatever is done to a mapping file: load_mapping finds problems in it, with places inside it, and never breaks."""

import shutil
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.extract import read_all
from etl.mapping import fatal, load_mapping
from etl.mapping.grammar import fits, strict_validator
from etl.mapping.yaml_text import read_document
from etl.prepare.plan import plan_stage
from etl.prepare.program import Program

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "mappings/opencart/migration.yaml").read_text(encoding="utf-8")
LINES = TEXT.splitlines()

SCALARS = [
    "", "null", "~", "true", "no", "0", "-1", "7", "1.5", "0123", "1e5", "12:30", "9" * 400, "abc", "user", "email",
    '""', "'a'", '"\\0"', '"\\ud800"', '"\\UFFFFFFFF"', '"\\\\"', "'''", '"', "'", "*a", "&a b", "!x y", "@", "%", "`",
    "|", ">-", "- 1", "a: b", "? a", "<<: *a", "---", "...", "\t", "# x", "{", "}", "[", "]", ",", ":", "\u2028", "\x85", "\x00",
    "${X}", "${", "${OMNITRON_URL}", "{{ a }}", '"{{ a }}"', '"{{ email | lower }}"', '"{{"', '"}}"', '"{% if %}"', '"{# #}"',
    "\"{{ 'x' * 10**9 }}\"", '"{{ a.__class__ }}"', '"{{ ' + "(" * 500 + '"', '"{{ ' + "9" * 5000 + ' }}"', '"{{ 1e999 }}"',
    "[]", "{}", "[1, [2, {a: 3}]]", "{a: {b: [null]}}", "[user, 1, null]", "{csv: x.csv}", "{csv: 1, key: 2}", "{enum: 5}",
    "{pattern: '('}", "{user: {email: {type: x}}}", "{errors: -1}", "{key: a, value: b}", "/dev/zero", "http://[", "https://a:b@c",
    "é" * 300, "customers", "md5", "x" * 5000,
]  # fmt: skip


@st.composite
def mutated(draw):
    """The sample's mapping after a few edits, each of a kind that a person's slip of the hand makes."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        lines[at : at + 1] = _edit(draw, lines, at)
    return "\n".join(lines) + "\n"


def _edit(draw, lines, at):
    line = lines[at]
    kind = draw(
        st.sampled_from(["delete", "double", "value", "value", "value", "key", "cut", "swap", "indent", "insert"])
    )
    scalar = draw(st.sampled_from(SCALARS))
    column = draw(st.integers(0, len(line)))
    if kind == "delete":
        return []
    if kind == "double":
        return [line, line]
    if kind == "value":
        return [line.split(": ")[0] + ": " + scalar]
    if kind == "key":
        return [line.replace(line.strip().split(":")[0], scalar, 1) if line.strip() else scalar]
    if kind == "cut":
        return [line[:column]]
    if kind == "swap":
        return [lines[draw(st.integers(0, len(lines) - 1))]]
    if kind == "indent":
        return [" " * draw(st.integers(0, 8)) + line.lstrip()]
    return [line[:column] + scalar + line[column:]]


@cache
def sample(root):
    """The sample's folders, laid out as they are in the repository, small enough to be read a thousand times."""
    shutil.copytree(ROOT / "mappings/opencart", root / "mappings/opencart")
    (root / "samples/opencart").mkdir(parents=True)
    for file in (ROOT / "samples/opencart").glob("*.csv"):
        head = file.read_bytes().splitlines(keepends=True)[:3]
        (root / "samples/opencart" / file.name).write_bytes(b"".join(head))
    return root / "mappings/opencart/migration.yaml"


@pytest.fixture(scope="module")
def mapping(tmp_path_factory):
    return sample(tmp_path_factory.mktemp("mutated"))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(text=mutated())
def test_a_mutated_mapping_gives_problems_with_places_inside_it(mapping, text):
    checked = _load(mapping, text)
    problems = checked.problems
    # Reading a file makes one kind of line end of all.
    lines = mapping.read_text(encoding="utf-8").split("\n")
    for problem in problems:
        assert problem.place.file == str(mapping)
        assert 1 <= problem.place.line <= len(lines), problem
        assert 1 <= problem.place.column <= len(lines[problem.place.line - 1]) + 1, problem
        assert problem.what.isprintable(), problem
    assert list(problems) == sorted(set(problems))
    if not fatal(problems, upload=False):
        _look(checked)


def _look(checked):
    """What the check has nothing against can be carried out: every stage compiles and says something of its first row."""
    for stage in checked.migration.stages:
        table = checked.tables[stage.source]
        program = Program(plan_stage(checked.migration, stage, table, checked.resources))
        _, rows = next(read_all(table, 1))
        outcome = program.outcome(rows.rows[0])
        assert outcome.filtered or outcome.findings or outcome.record


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=mutated())
def test_both_validators_decide_the_same_of_a_mutated_mapping(text):
    document = read_document("m.yaml", text)
    refused = any(True for _ in strict_validator().iter_errors(document.data))
    # Half a character in a key is nothing to jsonschema; the reader has told of it.
    assert fits(document.data) is not refused or document.problems
    assert not (fits(document.data) and refused)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    text=st.text(st.characters(codec="utf-8"), max_size=60)
    | st.text(st.sampled_from("a:-[]{}\"'|>&*!%@ \n{{}}0"), max_size=40)
)
def test_any_text_at_all_is_a_mapping_with_problems(mapping, text):
    assert _load(mapping, text).problems


def _load(mapping, text):
    mapping.write_bytes(text.encode("utf-8", "surrogatepass"))
    return load_mapping(mapping)
