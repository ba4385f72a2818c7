"""A problem is shown where it stands, however a value is written."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from mapping_case import edited

from etl.mapping import load_mapping
from etl.mapping.yaml_text import read_document


@pytest.mark.parametrize(
    "value",
    [
        '"{{ «emial }}"',
        "'{{ «emial }}'",
        "x {{ «emial }}",
        '"{{ «emial | default(\'x\') }}"',
        "'{{ email | default(''it''''s'') ~ «emial }}'",
        '"\\x41\\u0042\\U00000043 \\"\\t\\" {{ «emial }}"',
        '"a\\\n         b {{ «emial }}"',
        '"{{ email\n\n         ~ «emial }}"',
        "'{{ email\n         ~ «emial }}'",
        "x {{ email\n         ~ «emial }}",
        "|\n        {{ email }}\n        {{ «emial }}\n",
        "|2-\n          {{ email }}\n        {{ «emial }}\n",
        ">-\n        {{ email\n           | lower }}\n        {{ «emial }}\n",
        ">\n\n        {{ email }}\n\n          {{ email }}\n        {{ «emial }}\n",
        '"ışık Ğ 🎁 {{ «emial }}"',
        '"\t{{\t«emial\t}}"',
        '&anchor "{{ «emial }}"',
        "\"{{ 'emial' ~ «emial }}\"",
        "\"emial {{ email }} {{ «emial | replace('emial', '') }}\"",
        "\"{{ row['«emial'] }}\"",
        '"{{ row.«emial }}"',
        '"{{- «emial -}}"',
        '"{{ [email, {\'a\': «emial}] }}"',
    ],
)  # fmt: skip
def test_a_wrong_name_is_shown_where_it_stands(case, value):
    case.finds(edited(("Yılmaz", value)), "unknown column 'emial'; did you mean 'email'?")


@pytest.mark.parametrize("ending", ["\r\n", "\r", "\n"])
def test_the_line_ends_of_other_systems_shift_nothing(case, ending):
    case.file.write_bytes(edited(("Yılmaz", '"{{ email\n         ~ emial }}"')).replace("\n", ending).encode())
    assert [(one.place.line, one.place.column) for one in load_mapping(case.file).problems] == [(17, 12)]


def test_each_of_two_wrong_names_in_one_expression_is_shown(case):
    case.finds(
        edited(("Yılmaz", '"{{ «emial }} {{ email | «trimm }} {{ «emial }}"')),
        "unknown column 'emial'; did you mean 'email'?",
        "unknown function 'trimm'; did you mean 'trim'?",
        "unknown column 'emial'; did you mean 'email'?",
    )


def test_a_wrong_name_is_shown_in_nested_and_flow_values(case):
    case.finds(
        edited(
            ("password_algorithm: md5", "password_algorithm: md5\n"),
            more="  - { name: order_item, from: customers, key: \"{{ «emial }}\", fields: { order_number: '1', price: 1.5,\n"
            "      extra_field: { tags: [ a, \"{{ «emial }}\" ] , sku: '{{ «emial }}'} } }\n",
        ),
        *["unknown column 'emial'; did you mean 'email'?"] * 3,
    )


TEXTS = st.text(st.sampled_from("ab ığ🎁\n\t\"'\\:#{}\u00a0\u2028"), max_size=30)


@given(before=TEXTS, after=TEXTS, style=st.sampled_from(["'", '"', "|", ">", None]), width=st.integers(5, 40))
def test_any_word_is_found_in_whatever_form_yaml_writes_it(before, after, style, width):
    """YAML's own writer is the judge: it chooses quotes, escapes, folds and indentation, and the word is found in them."""
    value = f"{before}WORD{after}"
    text = yaml.safe_dump({"a": {"b": [value]}}, default_style=style, width=width, allow_unicode=len(before) % 2 == 0)
    document = read_document("m.yaml", text)
    assert document.data == {"a": {"b": [value]}}
    place = document.place_in(("a", "b", 0), value, len(before))
    assert text.split("\n")[place.line - 1][place.column - 1 :].startswith("WORD")
