"""YAML, read strictly: traps, positions, and files that are no mapping at all."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from mapping_case import MARK, SMALL, edited, marked_place

from etl.errors import MappingError
from etl.mapping import find_mapping, load_mapping, migration_name
from etl.mapping.traps import read_plain
from etl.mapping.yaml_text import LARGEST, MOST_NODES, UNQUOTED, read_document


def read(text):
    document = read_document("m.yaml", text)
    return document.data, [str(problem) for problem in document.problems]


def finds(marked, *whats):
    """Assert the problems of a text, each at its mark, in the order they are found."""
    places = [marked_place(marked, index) for index, character in enumerate(marked) if character == MARK]
    data, told = read(marked.replace(MARK, ""))
    assert sorted(told) == sorted(f"m.yaml:{place}: {what}" for place, what in zip(places, whats, strict=True))
    return data


def test_the_small_mapping_has_no_problems(case):
    assert case.told(SMALL) == []


# --- scalars that do not mean what they look like

NUMBER = ", or write the number in plain digits"
OTHERWISE = "in quotes if it is text"


@pytest.mark.parametrize(
    ("scalar", "what"),
    [
        ("no", f"false to some YAML readers and text to others: write 'no' {OTHERWISE}, false if it is a logical value"),
        ("Yes", f"true to some YAML readers and text to others: write 'Yes' {OTHERWISE}, true if it is a logical value"),
        ("on", f"true to some YAML readers and text to others: write 'on' {OTHERWISE}, true if it is a logical value"),
        ("n", f"false to some YAML readers and text to others: write 'n' {OTHERWISE}, false if it is a logical value"),
        ("None", "text to YAML: write 'None' in quotes if it is text, or null if nothing is meant"),
        ("0123", f"an octal number to YAML: write '0123' in quotes if it is text{NUMBER}"),
        ("0o17", f"a number in another base to YAML: write '0o17' in quotes if it is text{NUMBER}"),
        ("0x1F", f"a number in another base to YAML: write '0x1F' in quotes if it is text{NUMBER}"),
        ("12:30", f"a number in base 60 to YAML: write '12:30' in quotes if it is text{NUMBER}"),
        ("190:20:30.15", f"a number in base 60 to YAML: write '190:20:30.15' in quotes if it is text{NUMBER}"),
        ("1e5", f"a number with an exponent to some YAML readers: write '1e5' in quotes if it is text{NUMBER}"),
        ("1.5E-3", f"a number with an exponent to some YAML readers: write '1.5E-3' in quotes if it is text{NUMBER}"),
        ("1_000", f"a number with separators to YAML: write '1_000' in quotes if it is text{NUMBER}"),
        ("+905321234567", f"a number to YAML, which loses its +: write '+905321234567' in quotes if it is text{NUMBER}"),
        (".5", f"a number without its digits before or after the point: write '.5' in quotes if it is text{NUMBER}"),
        ("5.", f"a number without its digits before or after the point: write '5.' in quotes if it is text{NUMBER}"),
        (".inf", "not a number that JSON can hold: write '.inf' in quotes if it is text"),
        ("-.INF", "not a number that JSON can hold: write '-.INF' in quotes if it is text"),
        (".nan", "not a number that JSON can hold: write '.nan' in quotes if it is text"),
        ("2020-01-31", "a date to YAML: write '2020-01-31' in quotes if it is text"),
        ("2020-1-3 10:30:00", "a date to YAML: write '2020-1-3 10:30:00' in quotes if it is text"),
    ],
)  # fmt: skip
def test_a_scalar_that_does_not_mean_what_it_looks_like_is_refused(scalar, what):
    assert finds(f"a:\n  b: «{scalar}\n", f"{scalar} is {what}") == {"a": {"b": scalar}}


@pytest.mark.parametrize(
    ("scalar", "value"),
    [("7", 7), ("-7", -7), ("0", 0), ("1.50", 1.5), ("-0.25", -0.25), ("true", True), ("False", False), ("null", None),
     ("~", None), ("", None), ("md5", "md5"), ("1,5", "1,5"), ("31.01.2020", "31.01.2020"), ("192.168.1.1", "192.168.1.1"),
     ("'0123'", "0123"), ('"no"', "no"), ("5321234567", 5321234567), ("a b", "a b"), ("nothing", "nothing")],
)  # fmt: skip
def test_a_scalar_that_means_what_it_looks_like_is_read(scalar, value):
    data, told = read(f"a: {scalar}\n")
    assert (data, told) == ({"a": value}, [])
    assert type(data["a"]) is type(value)


@pytest.mark.parametrize("number", ["9999999999999999999", "0." + "1" * 25, "9" * 5000, "1" * 400 + ".0"])
def test_a_number_that_nothing_can_hold_is_refused(number):
    finds(f"a: «{number}", f"a number of {len(number)} characters: write it in quotes if it is text")


def test_a_number_with_more_digits_than_it_keeps_is_refused():
    number = "0.12345678901234567"
    finds(f"a: «{number}", f"{number} has more digits than a number keeps: write '{number}' in quotes if it is text")


@given(st.text(st.sampled_from("0123456789.-+eE_:xoNnulyesTtrueofa~ ,"), max_size=8))
def test_a_plain_scalar_is_read_as_yaml_reads_it_or_refused(text):
    """What we give is what another YAML reader would give, so an editor and this engine never disagree."""
    try:
        theirs = yaml.safe_load(f"- {text}\n")[0]
        nodes = yaml.compose(f"- {text}\n").value
    except (yaml.YAMLError, ValueError, TypeError, IndexError):
        return
    if not isinstance(nodes[0], yaml.ScalarNode):
        return
    try:
        ours = read_plain(nodes[0].value)
    except ValueError:
        return
    assert (ours, type(ours)) == (theirs, type(theirs))


def test_a_key_can_be_a_trap_too():
    finds(
        "«no: 1\n«12:30: 2\n",
        "no is false to some YAML readers and text to others: write 'no' in quotes if it is text, false if it is a logical value",
        "12:30 is a number in base 60 to YAML: write '12:30' in quotes if it is text, or write the number in plain digits",
    )


def test_a_constant_that_is_a_trap_is_told_once(case):
    case.finds(
        edited(("last_name: Yılmaz", "last_name: «no")),
        "no is false to some YAML readers and text to others: write 'no' in quotes if it is text, false if it is a logical value",
    )


# --- keys


def test_a_repeated_key_names_both_lines():
    data = finds("a: 1\nb: 2\n«a: 3\n", "'a' is already given in line 1; YAML would keep only this one")
    assert data == {"a": 1, "b": 2}


def test_a_key_is_repeated_whatever_its_quotes():
    finds('{ 1: a, «"1": b }', "'1' is already given in line 1; YAML would keep only this one")


def test_a_repeated_field_is_found_by_the_check(case):
    case.finds(
        edited(("gender: null", "«email: x")), "'email' is already given in line 17; YAML would keep only this one"
    )


@pytest.mark.parametrize(
    ("marked", "what"),
    [
        ("a: 1\n«<<: {b: 1}\n", "merging mappings with << is not available; write the keys out"),
        ("? «[a]\n: 1\n", "a key must be one word or number"),
        ("«{a: 1}: 2\n", "a key must be one word or number"),
        ('«"": 1', "a key is missing before the colon"),
    ],
)
def test_a_key_that_is_no_name_is_refused(marked, what):
    text = marked.replace(MARK, "")
    assert [line.split(": ", 1)[1] for line in read(text)[1]] == [what]
    finds(marked, what)


# --- unquoted {{ }}


@pytest.mark.parametrize(
    "marked",
    [
        "a: «{{ x }}",
        "a: «{{x}}",
        "a: «{{ x }} {{ y }}",
        "a: «{{ x }}-suffix",
        "a: «{{ x | default('y') }}",
        "a: «{{ x | replace('a', 'b') }}",
        'a: «{{ x | default("y: z") }}',
        "a: «{{ row['First Name'] | trim }}",
        "a: «{{ x if y else 'z' }} # a comment",
        "a: «{{ {'b': x}[y] }}",
        "a: «{{ x",
        "a: «{{ x }",
        "- «{{ x }}",
        "- «{{ x }} {{ y }}",
        "[ «{{ x }}, 1 ]",
        "[«{{ x }} {{ y }}, 1]",
        "{ a: «{{ x }} }",
        "{ a: «{{ x }} {{ y }} }",
        "{ a: «{{ row['x'] }} }",
        "«{{ x }}",
        "a:\n  «{{ x }} {{ y }}\n",
        "a: «{{ x |\n  lower }}\n",
    ],
)
def test_an_unquoted_expression_is_recognised(marked):
    finds(marked, UNQUOTED)


def test_every_unquoted_expression_is_found_at_once(case):
    case.finds(
        edited(
            ('"{{ customer_id }}"', "«{{ customer_id }}"),
            ("\"{{ row['First Name'] }}\"", "«{{ row['First Name'] }} {{ x }}"),
            ("ffffffffffffffffffffffffffffffff", "«{{ email | digest('md5') }}"),
            ("last_name: Yılmaz", 'last_name: "{{ «emial }}"'),
        ),
        UNQUOTED,
        UNQUOTED,
        "unknown column 'emial'; did you mean 'email'?",
        UNQUOTED,
    )


@pytest.mark.parametrize(
    "fine", ['a: "{{ x }}"', "a: '{{ x }}'", "a: x {{ y }}", "a: >-\n  {{ x }}\n", "# {{ x }} {{ y }}\na: 1"]
)
def test_a_quoted_expression_is_text(fine):
    assert read(fine)[1] == []


# --- what is no YAML


@pytest.mark.parametrize(
    ("marked", "what"),
    [
        ("a: b«: c\n", "a colon too many: put the value in quotes, or end the line before it with a colon"),
        ("a: 1\n b«: 2\n", "a colon too many: put the value in quotes, or end the line before it with a colon"),
        ("a: «'x\n", "a quote that is not closed"),
        ('a: "x" «y\n', "this does not fit what is before it; look at its indentation and its quotes"),
        ("a:\n«\tb: 1\n", "a tab, which YAML does not allow here; indent with blanks"),
        (
            "a: { at: $«{LEGACY}, delimiter: x }\n",
            "a { within brackets: put ${NAME} in quotes there, or close the bracket before this",
        ),
        ("a: [1, 2\nb«: 3\n", "a bracket before this is not closed, or a comma is missing"),
        ("a: «@x\n", "a value cannot begin with this character; put it in quotes"),
        ("a: «%x\n", "a value cannot begin with this character; put it in quotes"),
        ("a: x«\x07y\n", "a control character; remove it"),
        ('a: "\\«q"\n', r"a \ that begins no known escape; write \\, or put the text in single quotes"),
        ('a: "\\U«FFFFFFFF"\n', r"an escape (\U...) that is no character"),
        ("a: «*anchor\n", "there is no such anchor; write text that begins with * in quotes"),
        ("a: 1\n«b\nc: 2\n", "a key without its colon, or text without its quotes"),
        ("a:\n  - 1\n «- 2\n", "this does not fit what is before it; look at its indentation and its quotes"),
    ],
)  # fmt: skip
def test_what_is_no_yaml_is_told_in_plain_words(marked, what):
    assert finds(marked, f"is not YAML: {what}") is None


@pytest.mark.parametrize(
    "tagged", ["«!!str 0123x", "«!secret x", "«!!python/object/apply:os.system [ls]", "«&a !x y z"]
)
def test_a_tag_is_refused_and_constructs_nothing(tagged):
    finds(f"a: {tagged}\n", "a tag (!...) is not available; write text that begins with ! in quotes")


def test_half_a_character_is_refused():
    data = finds('a: «"\\ud800"\n', "half a character (\\ud800 to \\udfff); write the character itself")
    assert data == {"a": "?"}


# --- files that hold no mapping


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "null\n", "\n\n"])
def test_an_empty_file_says_where_the_language_is_described(case, text):
    assert case.told(text) == ["migration.yaml:1:1: is empty; `etl schema` describes what belongs here"]


def test_a_second_document_is_refused_where_it_begins(case):
    case.finds("version: 1\n---\n«version: 1\n", "a second document begins here (---); one mapping is one file")


@pytest.mark.parametrize(("text", "what"), [("- a\n", "a list"), ("abc\n", "text"), ("7\n", "a whole number")])
def test_a_file_that_holds_something_else_is_refused(case, text, what):
    assert case.told(text) == [
        f"migration.yaml:1:1: the mapping must be a mapping, not {what}; is this the right file?"
    ]


def test_a_file_that_is_not_utf_8_shows_the_byte(case):
    case.file.write_bytes("name: a\ndescription: Ma\xf0aza\n".encode("latin-1"))
    assert [str(one) for one in load_mapping(case.file).problems] == [
        f"{case.file}:2:16: is not UTF-8 (byte 0xf0); save the file as UTF-8"
    ]


def test_a_byte_order_mark_is_passed_over(case):
    assert case.told("\ufeff" + SMALL) == []


def test_a_folder_stands_for_the_mapping_in_it(case):
    case.file.write_text(SMALL)
    assert find_mapping(case.folder) == case.file
    assert load_mapping(case.folder).migration.name == "acme"
    assert migration_name(case.folder) == "acme"


def test_a_folder_without_a_mapping_is_told_so(tmp_path):
    with pytest.raises(MappingError) as error:
        load_mapping(tmp_path)
    assert str(error.value) == f"{tmp_path}: the folder has no migration.yaml; name the mapping file itself"


def test_a_mapping_that_is_not_there_is_told_with_the_nearest_name(case):
    with pytest.raises(MappingError) as error:
        load_mapping(case.folder / "custmers.csv")
    assert str(error.value) == f"{case.folder}/custmers.csv: there is no such mapping; did you mean 'customers.csv'?"
    with pytest.raises(MappingError) as error:
        load_mapping(case.folder / "no" / "such.yaml")
    assert str(error.value) == f"{case.folder}/no/such.yaml: there is no such mapping"


@pytest.mark.parametrize("name", ["../acme", "a/b", "7", "", '"acme\\n"'])
def test_a_name_that_is_no_folder_of_its_own_is_not_used(case, name):
    case.file.write_text(edited(("name: acme", f"name: {name}")))
    with pytest.raises(MappingError, match="has no name that can be used; `etl check` says what is wrong with it"):
        migration_name(case.file)


# --- bombs: each is refused before anything is built from it


def test_aliases_that_multiply_are_refused():
    levels = "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
    for level, before in zip("bcdefghij", "abcdefghi", strict=True):
        levels += f"{level}: &{level} [{','.join([f'*{before}'] * 10)}]\n"
    document = read_document("m.yaml", levels)
    assert [one.what for one in document.problems] == [
        f"aliases make more than {MOST_NODES} values of this file; write them out"
    ]
    assert len(document.values) <= 2 * MOST_NODES


@pytest.mark.parametrize("marked", ["a: «&a [*a]\n", "a: «&a\n  b: *a\n", "a: «&a {b: [{c: *a}]}\n"])
def test_an_alias_to_what_it_stands_in_is_refused(marked):
    finds(marked, "this holds itself, through an alias; write it out")


def test_an_alias_is_the_value_it_names():
    assert read("a: &x [1, {b: c}]\nd: *x\n") == ({"a": [1, {"b": "c"}], "d": [1, {"b": "c"}]}, [])


@pytest.mark.parametrize("deep", ["[" * 5000, "{a: " * 5000, "- " * 5000, "? " * 5000])
def test_nesting_without_end_is_refused(deep):
    data, told = read(deep)
    assert data is None
    assert [line.split(": ", 1)[1] for line in told] == ["is not YAML: nested more than 50 levels deep"]


def test_a_file_that_is_too_large_is_not_parsed():
    assert read("a: " + "x" * LARGEST) == (
        None,
        [f"m.yaml:1:1: has {LARGEST + 3} characters, a mapping at most {LARGEST}; put tables of codes in files"],
    )
