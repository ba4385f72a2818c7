"""A mapping that extends another one: what it says itself stands, everything else is as the other has it."""

import json

import pytest
from commands import GOOD_ROWS, etl, write_shop
from hypothesis import given
from hypothesis import strategies as st

from etl.commands.written import mapping_evidence, show, written
from etl.mapping import as_written, load_mapping
from etl.mapping.yaml_text import read_document

HERE = {"OMNITRON_URL": "http://127.0.0.1:1", "OMNITRON_TOKEN": "t"}
OWN = """\
extends: ../base
name: own
stages:
  - name: user
    fields:
      email: "{{ mail | email | lower }}"
      gender: null
"""
TESTS = """\
tests:
  - name: an e-mail is small
    stage: user
    given: { id: "7", name: Ali, mail: ALI@example.com }
    expect: { email: ali@example.com }
"""


@pytest.fixture
def own(tmp_path):
    """A mapping in folder `own` that extends the one in folder `base`."""
    base = write_shop(tmp_path / "base", GOOD_ROWS)
    base.write_text(base.read_text(encoding="utf-8") + TESTS, encoding="utf-8")
    (tmp_path / "own").mkdir()
    file = tmp_path / "own" / "migration.yaml"
    file.write_text(OWN, encoding="utf-8")
    return file


def told(file):
    return [str(problem).replace(f"{file.parent.parent}/", "") for problem in load_mapping(file).problems]


def test_a_stage_keeps_what_is_not_said_again_field_by_field(own):
    data = as_written(own)
    [stage] = data["stages"]
    base = as_written(own.parent.parent / "base")["stages"][0]
    assert stage == {**base, "fields": {**base["fields"], "email": "{{ mail | email | lower }}", "gender": None}}
    assert (data["name"], data["description"]) == ("own", "A shop of a test")


def test_it_runs_as_any_other_and_reads_the_files_of_the_one_it_extends(own):
    done = etl("dry-run", own, "--json", **HERE)
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["stages"][0]["valid"] == 2
    assert etl("test", own, "-v").stdout == "passed  an e-mail is small\n"


def test_a_problem_is_told_where_it_is_written(own):
    base = own.parent.parent / "base" / "migration.yaml"
    base.write_text(base.read_text(encoding="utf-8").replace('first_name: "{{ name }}"', 'first_name: "{{ nme }}"'))
    own.write_text(OWN.replace("| lower", "| lowr"), encoding="utf-8")
    assert [one for one in told(own) if "OMNITRON" not in one] == [
        "base/migration.yaml:14:23: unknown column 'nme'; did you mean 'name'?",
        "own/migration.yaml:6:33: unknown function 'lowr'; did you mean 'lower'?",
    ]


def test_a_test_of_the_same_name_replaces_and_another_one_is_added(own):
    other = TESTS.replace("is small", "is smaller")
    own.write_text(OWN + TESTS.replace("ALI@", "CAN@").replace("ali@", "can@") + other.removeprefix("tests:\n"))
    assert [one["given"]["mail"] for one in as_written(own)["tests"]] == ["CAN@example.com", "ALI@example.com"]
    assert etl("test", own, "-v").stdout == "passed  an e-mail is small\npassed  an e-mail is smaller\n"


def test_sources_lookups_and_settings_are_replaced_one_by_one_and_stages_added(own):
    own.write_text(
        "extends: ../base/migration.yaml\nname: own\nsources:\n  more: { csv: more.csv }\n"
        "lookups:\n  group: { a: b }\ntarget: { batch_size: 7 }\n"
        "stages:\n  - { name: second, payload: user, from: more, key: customer_code, fields: {} }\n"
    )
    data = as_written(own)
    assert data["sources"] == {"customers": {"csv": "../base/customers.csv"}, "more": {"csv": "more.csv"}}
    assert data["lookups"] == {"group": {"a": "b"}}
    assert (data["target"]["batch_size"], data["target"]["token"]) == (7, "${OMNITRON_TOKEN}")
    assert [one["name"] for one in data["stages"]] == ["user", "second"]


def test_what_is_shown_is_one_file_that_means_the_same(own):
    (own.parent / "flat.yaml").write_text(etl("show", own).stdout, encoding="utf-8")
    assert as_written(own.parent / "flat.yaml") == as_written(own)


@pytest.mark.parametrize(
    ("extends", "what"),
    [
        ("../nothing", "own/migration.yaml:1:10: FOLDER/nothing: there is no such mapping"),
        (".", "own/migration.yaml:1:10: more than 5 mappings extend each other, or one of them itself"),
    ],
)
def test_what_cannot_be_extended_is_told_at_its_place(own, extends, what):
    own.write_text(OWN.replace("../base", extends), encoding="utf-8")
    [only] = map(str, load_mapping(own).problems)
    assert only.replace(str(own.parent.parent), "FOLDER").removeprefix("FOLDER/") == what


def test_an_edit_of_what_is_extended_makes_another_mapping(own):
    before = mapping_evidence(own).sha256
    base = own.parent.parent / "base" / "migration.yaml"
    base.write_text(base.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
    assert mapping_evidence(own).sha256 != before


def test_a_mapping_that_was_read_knows_the_files_that_its_sum_is_of(own):
    with load_mapping(own) as checked:
        assert [one.parent.name for one in checked.files] == ["base", own.parent.name]
        assert mapping_evidence(own, checked.files) == mapping_evidence(own)


def test_nothing_outside_of_root_is_extended(own):
    done = etl("check", own, "--root", own.parent, **HERE)
    assert (done.returncode, "lies outside of what --root allows" in done.stdout) == (2, True)


def test_a_mapping_that_extends_nothing_is_shown_as_it_is(tmp_path):
    file = write_shop(tmp_path, GOOD_ROWS)
    (tmp_path / "shown.yaml").write_text(show(file), encoding="utf-8")
    assert as_written(tmp_path / "shown.yaml") == as_written(file)


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn"]))
NUMBERS = st.integers(-1_000_000, 1_000_000)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.sampled_from(["a", "no", "b c"]), one, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["a", "b", "no", "y"]), VALUES, min_size=1))
def test_whatever_is_written_reads_back_as_it_was(data):
    document = read_document("a.yaml", written(data))
    assert (document.problems, document.data) == ([], data)
