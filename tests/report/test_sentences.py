"""Every sentence about a row can be said in another language: all templates are found, and a file has them all."""

import csv
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from string import Formatter
from typing import Any

import pytest
import templates
from commands import ROOT
from some_places import some_geography

from etl.expressions import ROW_ERRORS, ExpressionError, compile_value
from etl.expressions.compiler import unfit
from etl.expressions.functions import TABLE
from etl.expressions.functions.password import PrivateKey
from etl.expressions.functions.table import GEOGRAPHY, LOOKUP, PRIVATE_KEYS
from etl.extract.csv_format import CsvFormat
from etl.extract.csv_records import malformed
from etl.extract.json_values import ROW, decode
from etl.extract.jsonl_file import _records
from etl.findings import HIDDEN, OF_DATA, PHRASED, Unfit, inside, sentence
from etl.languages import LANGUAGES
from etl.model import Expression, Place
from etl.report.catalogue import Catalogue, catalogue_of


def parts_of(words):
    """Of a phrase with a brace, which nothing is put into, none."""
    try:
        return {name for _, name, _, _ in Formatter().parse(words) if name is not None}
    except ValueError:
        return set()


def test_every_template_is_a_literal_where_its_finding_is_made():
    places = templates.places()
    assert [one.place for one in places if one.words is None] == []
    assert len(places) > 150


def test_where_templates_are_handed_on_is_there():
    for file, _, function in (place.partition(":") for place in templates.OTHERS):
        assert function in {one.name for one in templates.Module(ROOT / file).functions}


@pytest.mark.parametrize("source", [
    'raise Unfit("row", None, f"has {count} cells")',
    'raise Unfit("row", None, "has " + told)',
    'words = f"has {count} cells"\n    raise Unfit("row", None, words)',
])  # fmt: skip
def test_a_template_that_is_put_together_is_noticed(tmp_path, monkeypatch, source):
    monkeypatch.setattr(templates, "ROOT", tmp_path)
    path = tmp_path / "module.py"
    path.write_text(f"def refuse(count, told):\n    {source}\n", encoding="utf-8")
    assert [one.words for one in templates.Module(path).found()] == [None]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (
            'words = "one"\n    if count > 1:\n        words = "many"\n    raise Unfit("row", None, words)',
            ["one", "many"],
        ),
        ('raise Unfit("row", None, "one" if count == 1 else "many")', ["one", "many"]),
        ('raise Unfit("row", None, TABLE[count])', ["first", "second"]),
        ('return Finding(None, "row", None, "said")', ["said"]),
    ],
)
def test_a_template_is_found_by_whatever_name_it_has(tmp_path, monkeypatch, source, found):
    monkeypatch.setattr(templates, "ROOT", tmp_path)
    path = tmp_path / "module.py"
    path.write_text(f'TABLE = {{1: "first", 2: "second"}}\n\n\ndef refuse(count):\n    {source}\n', encoding="utf-8")
    assert [one.words for one in templates.Module(path).found()] == found


def test_the_texts_that_are_found_have_sentences_phrases_and_those_of_the_page():
    assert {
        "{because}; the query is made without this row",
        "has {cells} cells, the header has {columns}",
        "a list",
        "Where the rows went",
        "by month",
        "waiting",
        "suggestion",
        "{count} hexadecimal digits",
    } <= {text for text, _ in templates.all_texts()}


def all_of(file):
    catalogue = catalogue_of(file.stem)
    return {**catalogue.texts, **catalogue.sentences}


@pytest.mark.parametrize("file", templates.FILES, ids=lambda file: file.stem)
def test_a_language_says_every_text_and_no_other(file):
    assert file.read_bytes() == templates.written(file), "run: make docs"
    assert [words for words, said in all_of(file).items() if not said] == []


@pytest.mark.parametrize("file", templates.FILES, ids=lambda file: file.stem)
def test_what_a_language_says_has_the_parts_of_the_engines_own(file):
    texts = all_of(file)
    assert {words: said for words, said in texts.items() if parts_of(words) != parts_of(said)} == {}
    for words, said in texts.items():  # written as the engine's own: {most:,} stays {most:,}
        assert sorted(re.findall(r"{\w+:[^}]+}", words)) == sorted(re.findall(r"{\w+:[^}]+}", said))


@pytest.mark.parametrize("file", templates.FILES, ids=lambda file: file.stem)
def test_what_is_to_be_written_into_a_mapping_is_the_same_in_every_language(file):
    for words, said in all_of(file).items():
        assert set(re.findall(r"`([^`]+)`", words)) == set(re.findall(r"`([^`]+)`", said)), words
        assert set(re.findall(r"\b\w+=\S*?(?=[\s;,]|$)", words)) <= set(re.findall(r"\b\w+=\S*?(?=[\s;,]|$)", said)), (
            words
        )


def test_every_language_has_a_file():
    assert {file.stem for file in templates.FILES} == {*LANGUAGES} - {"en"}


NAMES = frozenset({
    "alias", "book", "language", "missing", "new", "old", "order", "expression", "into", "sources", "stages", "written",
    "email", "record", "sent", "shown", "sum", "url",
    "algorithm", "allowed", "byte", "cell", "cities", "column", "command", "decided", "directive", "either", "element",
    "encoding", "error", "expected", "false", "field", "file", "formats", "function", "guess", "host", "keys", "known",
    "migration", "name", "near", "operator", "option", "path", "payload", "person", "prefix", "region", "rule", "sign",
    "signal", "source", "stage", "state", "step", "table", "target", "targets", "time", "true", "within", "zone",
})  # fmt: skip
"""Parts that are called the same in every language: names of fields, functions, encodings, columns and places; how a date is
written; a word that stands in a cell or a schema."""
NUMBERS = frozenset({
    "at", "batch", "cells", "columns", "count", "duration", "first", "further", "holder", "hours", "least", "length", "limit",
    "line", "minutes", "most", "number", "percent", "places", "records", "row", "rows", "second", "seconds", "some", "taken",
    "times", "total",
})  # fmt: skip
TYPED = frozenset({"advice", "advised", "call", "choices", "fields", "instead", "kind"})
"""What is typed into a mapping, and lists of it."""
SAID = frozenset({
    "amount", "broken", "cell", "check", "unchanged", "corrections", "errors", "share", "discount", "piece", "whole", "fate",
    "because", "before", "computes", "entries", "how", "kinds", "note", "others", "place", "then", "tried", "wanted",
    "what", "why",
})  # fmt: skip
"""Parts that are templates with parts of their own."""


def test_every_part_of_a_template_is_known_for_what_it_is():
    """One that says something has to be said in every language: a phrase, or a template of its own."""
    known = NAMES | NUMBERS | TYPED | SAID | PHRASED | set(OF_DATA)
    assert set().union(*(parts_of(words) for words in templates.templates())) - known == set()


def bare(parts):
    """The parts without what a row holds, and what is called the same in every language."""
    return {name: _bare(name, part) for name, part in parts.items()}


def _bare(name, part):
    if name in OF_DATA or name in NAMES or (name in TYPED and isinstance(part, str)):
        return [] if name == "names" else 0
    if isinstance(part, dict):
        return {"words": part["words"], "parts": bare(part["parts"])}
    return [_bare(name, one) for one in part] if isinstance(part, list | tuple) else part


def left_over(why):
    """What of a sentence is said in none of the texts that a language has; what is typed is not counted."""
    known = set(catalogue_of("tr").sentences)

    def without_text(words):
        return " ".join(f"{{{name}}}" for name in parts_of(words)) if words in known else words

    return re.sub(r"`[^`]*`", "", sentence(why.words, bare(why.parts), translate=without_text))


def refusals():
    """By every function of values of every kind, and by every operator of any two of them."""
    values = [
        None,
        "x",
        "1,5",
        "2.675",
        "0",
        1,
        1.5,
        True,
        [],
        [1],
        {"a": 1},
        "a@",
        "a@b",
        "a b@c.com",
        "{",
        "31.02.2020",
    ]
    rows: list[tuple[str, Mapping[str, object]]] = [
        (f"{{{{ a {sign} b }}}}", {"a": one, "b": other}) for sign in SIGNS for one in values for other in values
    ]
    rows += [(f"{{{{ a | {name} }}}}", {"a": one}) for name in TABLE for one in values]
    rows += [(example.text, example.given) for one in TABLE.values() for example in one.examples if example.error]
    rows += [("{{ 1 if a else 2 }}", {"a": "0"})]
    for text, row in rows:
        with suppress(ExpressionError):
            value = compile_value(Expression(text, Place("")), RESOURCES)
            with suppress(*ROW_ERRORS):
                try:
                    value(row)
                except Unfit as why:
                    yield why


SIGNS = ("+", "-", "/", "<", "==", "in", "and", "%")
RESOURCES: dict[str, Any] = {
    LOOKUP: {"status": {}},
    PRIVATE_KEYS: {"passwords": PrivateKey(b"secret")},
    GEOGRAPHY: {"channel": some_geography()},
}


def test_nothing_that_a_function_or_an_operator_refuses_is_said_in_english_alone():
    found = {why.words: left_over(why) for why in refusals()}
    assert len(found) > 35
    assert {words: left for words, left in found.items() if re.search("[a-z]{2}", left, re.IGNORECASE)} == {}


@pytest.mark.parametrize(
    ("text", "row", "said"),
    [
        ("{{ a + 1 }}", {"a": "x"}, "'x' metin; '+' sayılarla hesaplar: `| int`, `| money` ya da `| decimal` yazın; `~`"),
        ("{{ 1 if a else 2 }}", {"a": "0"}, "'0' bir metin, burada true ya da false gerekir; `is not none`"),
        ("{{ a | email }}", {"a": "can@"}, "'can@' bir e-posta adresi değil: @ işaretinden sonra bir şey olmalı."),
        ("{{ a | round }}", {"a": "2.675"}, "round sayı bekler, '2.675' metnini değil; "),
        ("{{ a | text }}", {"a": [1]}, "[1] liste; yalnız tek bir değer metne çevrilebilir"),
    ],
)  # fmt: skip
def test_a_sentence_that_is_put_together_is_turkish_as_a_whole(text, row, said):
    with pytest.raises(Unfit) as caught:
        compile_value(Expression(text, Place("")), RESOURCES)(row)
    why = caught.value
    assert catalogue_of("tr").say(why.words, json.loads(json.dumps(why.parts)), masked=False).startswith(said)


def test_a_value_that_is_not_shown_is_named_in_the_language():
    assert catalogue_of("tr").say(
        "{it} is not {type}", {"it": [1], "type": ["a number", "true or false"]}, masked=True
    ) == ("liste sayı ya da true ya da false değil")
    assert (
        catalogue_of("tr")
        .say("{value} has a year of more than four digits", {"value": HIDDEN}, masked=True)
        .startswith("değer ")
    )


TURKISH = Catalogue(
    {
        "{because}; the {taken} lines after it went into this row and cannot be read either": "{because}; {taken} satır da gitti",
        "a quote is opened in this row and never closed": "tırnak kapanmamış",
        "is {described}, not an object": "{described}; nesne olmalı",
        "a list": "liste",
    }
)


def test_a_reason_inside_of_a_reason_is_said_in_the_same_language():
    why = malformed(csv.Error("unexpected end of data"), 3, CsvFormat())
    assert str(why) == (
        "a quote is opened in this row and never closed; the 3 lines after it went into this row and cannot be read either"
    )
    assert TURKISH.say(why.words, why.parts, masked=False) == "tırnak kapanmamış; 3 satır da gitti"


def test_what_the_engine_says_in_a_part_is_said_in_the_same_language_and_what_a_row_holds_stays():
    parts = {"described": "a list", "value": "a list"}
    assert TURKISH.say("is {described}, not an object", parts, masked=False) == "liste; nesne olmalı"
    assert TURKISH.say("{value}", parts, masked=False) == "'a list'"


def test_a_reason_inside_of_a_reason_is_masked():
    why = Unfit(
        "key", None, "the record has no key: {because}", because=inside(Unfit("x", "Ali Veli", "{value} is bad"))
    )
    assert Catalogue().say(why.words, why.parts, masked=True) == "the record has no key: 'A*** V***' is bad"


def test_a_key_of_json_that_is_an_address_is_masked_and_the_name_of_a_column_is_not():
    for key, shown in (("telefon", "telefon"), ("ali@example.com", "a***@e***.com")):
        with pytest.raises(Unfit) as caught:
            decode(f'{{"{key}": 1, "{key}": 2}}', ROW)
        why = unfit(caught.value)
        assert Catalogue().say(why.words, why.parts, masked=True) == f"has the key '{shown}' twice"
        assert str(why) == f"has the key '{key}' twice"


def test_faults_of_rows_that_are_not_alike_are_not_counted_as_one():
    lines = [
        b'{"a": 1, "a": 2}',
        b'{"a": }',
        b'{"a": NaN}',
        b'{"a": 9e999}',
        b'{"a": "\\ud800"}',
        b"[1]",
        b'{"b": 1}',
        b"\xff",
    ]
    faults = [why for _, why in _records(lines, "utf-8", ("a",))]
    rules = [why.rule for why in faults if isinstance(why, Unfit)]
    assert rules == [
        "row:json:key", "row:json", "row:json:constant", "row:json:digits", "row:json:unicode", "row:object", "row:column",
        "row:encoding",
    ]  # fmt: skip
