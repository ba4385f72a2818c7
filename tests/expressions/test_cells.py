"""What of a cell's text counts."""

from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.commands.dry_run import dry_run
from etl.commands.settings import Settings
from etl.expressions.cells import BLANK, UNSEEN, all_of, as_it_is, clean, compose, texts_of, tidy

pieces = st.sampled_from(["a", "ş", "s\u0327", "\u0327", "i\u0307", *UNSEEN, " ", "\t", "\u00a0", "\u3000", "😀", ""])
texts = st.lists(pieces, max_size=5).map("".join)


@given(st.lists(texts, max_size=4), st.sampled_from([1, 40]), st.lists(texts, max_size=2), st.booleans(), st.booleans())
def test_a_column_is_read_as_each_of_its_cells_also_where_few_come_again_and_again(few, times, others, trim, normalize):
    column = few * times + others
    text_of = texts_of(trim=trim, normalize=normalize)
    assert list(all_of(text_of, column)) == [text_of(one) for one in column]


@given(texts)
def test_a_cell_is_composed_and_loses_what_is_blank_at_its_ends(text):
    found = tidy(text)
    assert found == normalize("NFC", found) == tidy(found)
    assert not found or (found[0] not in BLANK and found[-1] not in BLANK)
    assert found in normalize("NFC", text.strip(BLANK))


def test_no_other_character_is_blank_than_the_blanks_and_the_four_that_have_no_width():
    assert [sign for sign in map(chr, range(0x110000)) if sign.isspace() and sign not in BLANK] == []
    assert {sign for sign in BLANK if not sign.isspace()} == set("\u200b\u2060\ufeff\u00ad")


@pytest.mark.parametrize(
    ("text", "value"),
    [("\u200bAyşe\u2060", "Ayşe"), ("\ufeff\u00ad \u200b", None), ("Ay\u200bşe", "Ay\u200bşe"), ("Go\u0308kc\u0327e", "Gökçe"),
     ("a\u200d", "a\u200d"), (5, 5), (None, None)],
)  # fmt: skip
def test_a_cell_is_worth(text, value):
    assert clean(text) == value
    assert compose("Go\u0308") == "Gö"
    assert as_it_is("Go\u0308 ") == "Go\u0308 "


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize(("normalize", "name"), [("true", "Gökçe"), ("false", "\u200bGo\u0308kçe")])
def test_a_source_may_say_that_its_texts_stay_as_they_are(tmp_path, kind, normalize, name):
    rows = "id,name\n7,\u200bGo\u0308kçe\n" if kind == "csv" else '{"id": "7", "name": "\u200bGo\u0308kçe"}\n'
    (tmp_path / "people").write_text(rows, encoding="utf-8")
    (tmp_path / "migration.yaml").write_text(
        f"""version: 1
name: one
sources: {{ people: {{ {kind}: people, normalize: {normalize} }} }}
stages:
  - name: order_item
    from: people
    key: "{{{{ id }}}}"
    fields: {{ order_number: "{{{{ id }}}}", product: "{{{{ name }}}}", price: 1.5 }}
""",
        encoding="utf-8",
    )
    package = dry_run(tmp_path / "migration.yaml", Settings(tmp_path / "work", workers=1))
    written = next((package.path / "payloads/order_item").glob("*.json")).read_text(encoding="utf-8")
    assert f'"product":"{name}"' in written
