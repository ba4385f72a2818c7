"""XML: elements of a path are rows, whatever stands in them is a column, and a document's own definitions are refused."""

from __future__ import annotations

import gzip
import json
import re
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_extract_json import error_of, faults_of, opened, rows_of, written
from test_json_that_lies import measured

from etl.extract.nested import NO_COLUMNS

SHOP = """<?xml version="1.0" encoding="utf-8"?>
<shop xmlns:t="urn:t" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <orders made="today">
    <order no="1001">
      <t:customer><id>7</id></t:customer>
      <total currency="TRY">12.90</total>
      <note><![CDATA[<b>Kapıya</b> &]]> bırak<!-- not this --></note>
      <lines><line sku="A"><qty>1</qty></line><line sku="B"><qty>2</qty></line></lines>
    </order>
    <order no="1002"><total xsi:nil="true"/><note> </note><lines/></order>
    <order><no>1003</no><lines><line sku="C"/></lines></order>
  </orders>
  <order no="elsewhere"/>
</shop>
"""

ANOTHER = "another element is closed here than the one that is open; was a part lost?"


def xml(folder, content, name="shop.xml"):
    return written(folder, content, name)


def test_attributes_and_children_of_the_elements_at_a_path_are_columns(tmp_path):
    table = opened(xml(tmp_path, SHOP), path="shop/orders/order")
    assert (table.header, table.first_row, table.text_only) == (("customer", "total", "note", "lines", "no"), 1, False)
    lines = {"line": [{"qty": "1", "sku": "A"}, {"qty": "2", "sku": "B"}]}
    assert rows_of(table, 1) == [
        [{"id": "7"}, {"currency": "TRY", "text": "12.90"}, "<b>Kapıya</b> & bırak", lines, "1001"],
        [None, None, None, None, "1002"],
        [None, None, None, {"line": {"sku": "C"}}, "1003"],
    ]


@pytest.mark.parametrize(
    "path",
    ["shop/orders/order[*]/lines/line", "/shop/orders/order[*]/lines/line[*]", "shop.orders.order[*].lines.line"],
)
def test_elements_inside_of_others_are_rows_with_values_from_around_them(tmp_path, path):
    table = opened(xml(tmp_path, SHOP), path=path, **{"with": {"order": "^.^.no", "customer": "^.^.customer.id"}})
    assert table.header == ("qty", "sku", "order", "customer")
    assert rows_of(table) == [["1", "A", "1001", "7"], ["2", "B", "1001", "7"], [None, "C", "1003", None]]


def test_an_element_of_text_alone_is_a_row_of_its_text(tmp_path):
    table = opened(xml(tmp_path, "<mails><mail>a@example.com</mail><mail/></mails>"), path="mails/mail")
    assert (table.header, rows_of(table)) == (("text",), [["a@example.com"], [None]])


@pytest.mark.parametrize("encoding", ["windows-1254", "iso-8859-9", "utf-16", "utf-8-sig"])
def test_a_file_is_read_in_the_encoding_that_it_names(tmp_path, encoding):
    named = encoding.removesuffix("-sig")
    content = f'<?xml version="1.0" encoding="{named}"?><a><b ad="Işıl Şğ"/></a>'.encode(encoding)
    assert rows_of(opened(xml(tmp_path, content), path="a/b")) == [["Işıl Şğ"]]


def test_a_file_that_names_another_encoding_than_it_is_in_can_be_read_all_the_same(tmp_path):
    path = xml(tmp_path, '<?xml version="1.0" encoding="utf-8"?>\n<a>\n<b ad="Şule"/></a>'.encode("windows-1254"))
    assert rows_of(opened(path, path="a/b", encoding="windows-1254")) == [["Şule"]]
    assert error_of(path, path="a/b") == (
        ":3:8: not XML: a character that cannot stand here: a bare & or <, a control character, or bytes that are in another "
        "encoding than its first line says (see `encoding`)"
    )


def test_a_compressed_file_reads_like_a_plain_one(tmp_path):
    plain = rows_of(opened(xml(tmp_path, SHOP), path="shop/orders/order"))
    packed = xml(tmp_path, gzip.compress(SHOP.encode()), "shop.xml.gz")
    assert rows_of(opened(packed, "xml", path="shop/orders/order")) == plain


DOCTYPE = (
    "has a DOCTYPE, and a document's own definitions are not read: they can name other files, or grow without end; "
    "export it without, or take the DOCTYPE out (an HTML page has one, too)"
)
BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE html>",
        f'<!DOCTYPE a [<!ENTITY e0 "ha">{BOMB}]>',
        '<!DOCTYPE a [<!ENTITY e9 SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">',
    ],
)
def test_a_documents_own_definitions_are_refused_unread(tmp_path, doctype):
    path = xml(tmp_path, f'<?xml version="1.0"?>\n{doctype}<a><b c="&e9;">&e9;</b></a>')
    assert re.fullmatch(rf":2:[0-9]+: {re.escape(DOCTYPE)}", error_of(path, path="a/b"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<a>\n<b>1</b>\n<b>2</c></a>", f":3:7: not XML: {ANOTHER}"),
        ("<a>\n<b>1</b>\n<b>2", ":3:5: ends before its elements do; was the file cut off?"),
        ("<a>\n<b>1</b", ":2:5: ends before its elements do; was the file cut off?"),
        (
            "<a><b>1&nbsp;000</b></a>",
            ":1:8: not XML: an entity that XML does not know; write the character itself, or its number (&#160;)",
        ),
        ("<a><b>1</b></a><a/>", ":1:16: not XML: more stands behind the end of the document; were two files put together?"),
        ("{}", ":1:1: not XML: a character that cannot stand here: a bare & or <, a control character, or bytes that are in "
         "another encoding than its first line says (see `encoding`)"),
        ("<a>" + "<b>" * 100 + "</b>" * 100 + "</a>", ":1:301: elements are nested more than 100 levels deep"),
        (
            '<?xml version="1.0" encoding="latin-five"?><a/>',
            ":1:1: the encoding 'latin-five' of its first line is not known; name another as `encoding`, or convert it to utf-8",
        ),
        ("<a><list><b>1</b></list></a>", ": `path: a/b`: no element is there; there are: a, a/list, a/list/b"),
        ("<a><bb>1</bb></a>", ": `path: a/b`: no element is there; did you mean 'a/bb'?"),
        ("<a><b/></a>", f": {NO_COLUMNS}"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_where(tmp_path, content, message):
    assert error_of(xml(tmp_path, content), path="a/b") == message


def test_a_path_that_leads_nowhere_is_no_empty_file_when_the_columns_are_listed_either(tmp_path):
    assert error_of(xml(tmp_path, "<a><person/></a>"), path="a/b", header=["id"]) == (
        ": `path: a/b`: no element is there; there are: a, a/person"
    )


@pytest.mark.parametrize("path", [".//order", "[*]", "shop/order[2]", "", "shop//order"])
def test_a_path_that_is_none_is_refused(tmp_path, path):
    assert error_of(xml(tmp_path, SHOP), path=path) == (
        f"source 'orders': option 'path': '{path}' is no path of elements; write their names from the root on, as in "
        "`shop/orders/order`, and `[*]` after the element whose inner ones are rows, as in `shop/orders/order[*]/lines/line`"
    )


def test_two_things_of_one_name_are_a_fault_unless_they_are_equal(tmp_path):
    content = '<a><b id="1"><id>1</id></b><b id="1"><id>2</id></b><b>x<text>y</text></b><b id="3"/></a>'
    table = opened(xml(tmp_path, content), path="a/b")
    assert faults_of(table, 2) == [
        (2, "'b' has 'id' as an attribute and as an element, and they differ"),
        (3, "'b' has a text of its own beside 'text'"),
    ]
    assert [row for row in rows_of(table) if len(row) == 2] == [["1", None], ["3", None]]


def test_text_where_elements_should_be_is_a_fault(tmp_path):
    content = '<a><b><c><d e="1"/></c></b><b><c>see below</c></b></a>'
    table = opened(xml(tmp_path, content), path="a/b[*]/c/d")
    assert faults_of(table) == [(2, "is a text, where `path` needs an element 'd'")]


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), max_size=5
)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=20), st.integers(1, 7))
def test_every_text_comes_as_it_is_whatever_the_parts(tmp_path_factory, pairs, size):
    rows = "".join(f"<b c={quoteattr(one)}><d>{escape(two)}</d></b>" for one, two in pairs)
    path = xml(tmp_path_factory.mktemp("xml"), f"<a>{rows}</a>")
    table = opened(path, path="a/b", header=["c", "d"])
    assert rows_of(table, size) == [[one, two if two.strip() else None] for one, two in pairs]


def test_a_row_that_cannot_be_used_is_shown(tmp_path):
    table = opened(xml(tmp_path, '<a><b id="1"><id>2</id></b></a>'), path="a/b", header=["id"])
    assert [json.loads(cell) for [cell] in rows_of(table)] == [{"id": "2"}]


def test_a_large_document_is_read_in_little_memory(tmp_path):
    def peak(count):
        rows = f'<order id="1"><name>{"x" * 200}</name><lines><line sku="a"/></lines></order>' * count
        path = xml(tmp_path, f"<shop><other>{rows}</other><orders>{rows}</orders></shop>", f"{count}.xml")
        return measured("xml", path, "shop/orders/order")

    (few, small), (many, large) = peak(100), peak(60_000)
    assert (few, many) == (100, 60_000)
    assert large - small < 30


def test_elements_that_are_not_listed_are_passed_over_where_that_is_said(tmp_path):
    path = written(tmp_path, "<s><o id='1'><token>s3cr3t</token></o><o id='2'/></s>", "a.xml")
    table = opened(path, "xml", path="s/o", header=["id"], pass_others=True)
    assert (rows_of(table), faults_of(table)) == ([["1"], ["2"]], [])
