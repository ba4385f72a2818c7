"""CSV: exact for any cut, fast paths or not, and every row that cannot be read is a fault with its place."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import pickle
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import open_table

from etl.errors import SourceError
from etl.extract import in_order, read_all
from etl.extract.csv_format import CsvFormat
from etl.extract.csv_part import CsvPart
from etl.extract.csv_stream import StreamedTable
from etl.extract.rows import ragged
from etl.model import RowFault, Source

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data"


def shared(name):
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path} is absent")
    return path


def opened(path, **options):
    return open_table(Source("customers", "csv", str(path), options))


def written(folder, data, name="customers.csv"):
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def rows_of(table, rows=5000):
    return [row for _, content in read_all(table, rows) for row in content.rows]


def faults_of(table, rows=5000):
    """Every fault as (row number for people, reason)."""
    return [
        (number + content.place(f.index), str(f.reason))
        for number, content in read_all(table, rows)
        for f in content.faults
    ]


def numbered(table, rows=5000):
    """Every row as (row number for people, cells)."""
    return [
        (number + content.place(index), row)
        for number, content in read_all(table, rows)
        for index, row in enumerate(content.rows)
    ]


def trimmed(rows):
    """What expressions see: whether blanks around a cell are still there depends on the way it was read."""
    return [[cell.strip() for cell in row] for row in rows]


def chained(parts):
    """The consumer's rule over given parts: every row with its place, every fault with its row's."""
    rows, faults, height = [], [], 0
    for content in in_order(iter(parts), lambda part: pickle.loads(pickle.dumps(part)).read):
        faults += [RowFault(height + content.place(f.index), f.reason, f.cells) for f in content.faults]
        rows += [(height + content.place(index), row) for index, row in enumerate(content.rows)]
        height += content.height
    return rows, faults


# ---- the law: what is read does not depend on the cuts

CELLS = st.text(alphabet='a;,"\n\rçİ\u2028\x0b\x1c 1', max_size=6)
TABLES = st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n), max_size=12))
WRITINGS = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from(",;"),
        "lineterminator": st.sampled_from(["\n", "\r\n", "\r"]),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    }
)
LINE_ENDS = re.compile(rb"\n|\r(?=[^\n])")


def csv_text(rows, writing):
    out = io.StringIO(newline="")
    csv.writer(out, **writing).writerows(rows)
    return out.getvalue()


def one_reader(text, delimiter):
    """Every row with the number it has where blank lines count, and those of delimiters alone."""
    rows = enumerate(
        csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True), 1
    )
    width = len(next(rows)[1])
    return [
        (number, trimmed([row])[0])
        for number, row in rows
        if any(cell.strip() for cell in row) or (len(row) == 1 and width == 1)
    ]


@settings(max_examples=300, deadline=None)
@given(
    TABLES, WRITINGS, st.sampled_from(["utf-8", "utf-8-sig", "windows-1254", "utf-16"]), st.integers(1, 60), st.data()
)
def test_any_parts_give_the_rows_that_one_reader_over_the_whole_file_gives(
    tmp_path_factory, table, writing, encoding, size, data
):
    width = len(table[0]) if table else 1
    text = csv_text([[f"c{n}" for n in range(width)], *table], writing)
    if encoding == "windows-1254":
        text = text.replace("\u2028", "x")
    path = tmp_path_factory.getbasetemp() / "law.csv"
    path.write_bytes(text.encode(encoding))
    expected = one_reader(text, writing["delimiter"])
    opened_table = opened(path, encoding=encoding, delimiter=writing["delimiter"])
    for rows in (5000, 1):
        found = numbered(opened_table, rows)
        assert [(number, *trimmed([row])) for number, row in found] == expected
    # csv.writer leaves a lone newline unquoted in places, so that not every table comes back as it was.
    ragged = [number for number, row in expected if len(row) != width]
    assert [number for number, _ in faults_of(opened_table)] == ragged
    if encoding != "utf-16":
        for parts in (opened_table.byte_parts(size), badly_cut(opened_table, data)):
            found = [(opened_table.first_row + place, *trimmed([row])) for place, row in chained(parts)[0]]
            assert found == expected


def badly_cut(table, data):
    """Parts cut at any line ends at all, however unlikely to be the ends of records."""
    content = table.path.read_bytes()
    ends = [m.end() for m in LINE_ENDS.finditer(content) if table.begin < m.end() < table.end]
    cuts = sorted(data.draw(st.sets(st.sampled_from(ends)))) if ends else []
    places = [table.begin, *cuts, table.end]
    return [CsvPart(table.path, a, b, table.format) for a, b in pairwise(places) if a < b]


DIRTY = st.lists(
    st.sampled_from(
        [
            b"1,2\n",
            b'"1","2"\n',
            b'"a\nb",2\n',
            b'1,"\n',
            b'1,"2"x\n',
            b"1\n",
            b"\n",
            b"\xfe,2\n",
            b"\0,2\r\n",
            b'2"a, b"\n',
            b'1, "2"\n',
            b'5" x,6\n',
            b'"5"" x","6"""\n',
            b'5" x,"6"\n',
            b'1,\t"2"\n',
            b"\r\n",
            b"\n" * 70,
            b",\n",
            b'" ",\t""\n',
            b"\xc2\xa0,\xe2\x80\x8b\n",
            b"  \n",
            b",,,\n",
            b",2\n",
            b'"a\\"b",1\n',
            b"\\N,1\n",
            b"1\\,2\\\n,3\n",
            b"\\n\\\\n,2\n",
        ]
    ),
    max_size=25,
)


@settings(max_examples=300, deadline=None)
@given(DIRTY, st.sampled_from([30, 1 << 24]), st.sampled_from([None, "\\"]), st.booleans(), st.data())
def test_faults_do_not_depend_on_the_cuts_either(tmp_path_factory, lines, longest, escape, trim, data):
    path = tmp_path_factory.getbasetemp() / "dirty.csv"
    path.write_bytes(b"a,b\n" + b"".join(lines))
    table = opened(path)
    format = CsvFormat(width=2, longest=longest, escape=escape, trim=trim, nulls=frozenset({"\\N"}))
    table = type(table)(table.path, table.header, 2, table.begin, table.end, format)

    def read(parts):
        rows, faults = chained(parts)
        return [(place, trimmed([row]) if trim else row) for place, row in rows], faults

    whole = read([CsvPart(table.path, table.begin, table.end, format)])
    assert read([OneByOne(table.path, table.begin, table.end, format)]) == whole
    assert read(badly_cut(table, data)) == whole
    assert read(table.byte_parts(7)) == whole
    # The same text where nothing can be sought: blocks of it, whose parts have no file to read on in.
    packed = path.with_suffix(".csv.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    streamed = StreamedTable(packed, "utf-8", table.header, 2, table.begin, 5, format)
    for size in (1, 7, 40, 1 << 20):
        assert read(streamed.byte_parts(size)) == whole
    assert read(map(pickle.loads, map(pickle.dumps, streamed.byte_parts(1 << 20)))) == whole


class OneByOne(CsvPart, frozen=True):
    """The slow way."""

    def _at_once(self, block):
        return None


def test_a_part_whose_start_lies_beyond_its_end_has_no_rows(tmp_path):
    path = written(tmp_path, 'a\n"x\ny\nz"\nlast\n')
    parts = [CsvPart(path, 2, 5, CsvFormat(width=1)), CsvPart(path, 5, 7, CsvFormat(width=1))]
    content = parts[0].read()
    assert (content.rows, content.end) == ([["x\ny\nz"]], 10)
    beyond = parts[1].moved(content.end)
    assert (list(beyond.read().rows), beyond.read().end) == ([], 10)


def test_cuts_inside_a_quoted_cell_are_mostly_avoided(tmp_path):
    path = written(tmp_path, "id,text\n" + '7,"one\ntwo, with a comma\nthree ""quoted"""\n' * 500)
    parts = list(opened(path).byte_parts(1000))
    assert len(parts) > 15
    assert all(part.read().end == following.start for part, following in pairwise(parts))


def test_the_first_part_is_there_before_the_last_is_looked_for(tmp_path):
    path = written(tmp_path, "id\n" + "7\n" * 1000)
    parts = opened(path).parts(10)
    assert len(next(parts).read().rows) == 10


# ---- rows that cannot be read


def test_a_ragged_row_is_a_fault_and_keeps_its_place(tmp_path):
    table = opened(written(tmp_path, "id,name\n1,Ali\n2,Veli,x\n3\n4,Can\n"))
    content = next(table.parts(100)).read()
    assert content.rows == [["1", "Ali"], ["2", "Veli", "x"], ["3"], ["4", "Can"]]
    assert content.faults == (
        RowFault(1, ragged(3, 2), ("2", "Veli", "x")),
        RowFault(2, ragged(1, 2), ("3",)),
    )


def test_an_undecodable_byte_is_named_with_its_offset_and_a_likely_encoding(tmp_path):
    table = opened(written(tmp_path, "id,city\n1,Ankara\n2,I\u015fpar\n3,\n".encode("windows-1254")))
    content = next(table.parts(100)).read()
    reason = "byte 0xFE at offset 20 is not utf-8; is the encoding windows-1254?"
    assert [(one.index, str(one.reason), one.cells) for one in content.faults] == [(1, reason, ("2", "I\\xfepar"))]
    assert content.rows[2] == ["3", ""]


def test_utf8_read_as_windows_1254_is_recognised(tmp_path):
    table = opened(written(tmp_path, "id,sign\n1,\U0001d11e\n"), encoding="windows-1254")
    assert faults_of(table) == [(2, "byte 0x9D at offset 11 is not windows-1254; is the encoding utf-8?")]


def test_a_quote_that_is_not_doubled_spoils_its_row_alone(tmp_path):
    table = opened(written(tmp_path, 'id,name\n1,"Ali "the" great"\n2,Veli\n'))
    assert faults_of(table) == [(2, "a quote inside a quoted cell is not doubled")]
    assert rows_of(table)[1] == ["2", "Veli"]


def test_lines_that_went_into_a_malformed_row_are_counted(tmp_path):
    table = opened(written(tmp_path, 'id,name\n1,"Ali\n2,Veli\n3,"Can"\n4,Ece\n'))
    assert faults_of(table) == [
        (
            2,
            "a quote inside a quoted cell is not doubled; "
            "the 2 lines after it went into this row and cannot be read either",
        )
    ]
    assert rows_of(table) == [['1,"Ali'], ["4", "Ece"]]


def test_a_quote_that_is_never_closed_says_how_many_lines_it_took(tmp_path):
    table = opened(written(tmp_path, 'id,name\n1,Ali\n2,"Veli\n3,Can\n'))
    reason = (
        "a quote is opened in this row and never closed; "
        "the 1 line after it went into this row and cannot be read either"
    )
    assert faults_of(table) == [(3, reason)]


def test_a_record_that_will_not_end_is_given_up_and_reading_goes_on(tmp_path):
    path = written(tmp_path, 'id\n"1\n' + "2\n" * 20)
    content = CsvPart(path, 3, path.stat().st_size, CsvFormat(width=1, longest=16)).read()
    assert str(content.faults[0].reason) == (
        "this row does not end within 16 bytes; is a quote never closed?; "
        "the 7 lines after it went into this row and cannot be read either"
    )
    assert content.rows[1:] == [["2"]] * 13


def test_a_cell_longer_than_csv_allows_by_itself_is_read(tmp_path):
    table = opened(written(tmp_path, "id,text\n1," + "x" * 200_000 + '\n2,"' + "y\n" * 100_000 + '"\n'))
    assert [len(row[1]) for row in rows_of(table)] == [200_000, 200_000]


def test_a_nul_character_is_a_fault(tmp_path):
    table = opened(written(tmp_path, "id,name\n1,A\0li\n2,Veli\n"))
    assert faults_of(table) == [
        (2, "cell 2 holds a NUL character, which no shop can store; is the encoding right (utf-16)?")
    ]


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_blank_line_is_no_row_but_is_counted_as_spreadsheets_do(tmp_path, ending):
    data = b"\nid,name\n\n1,Ali\n\r\n2\n\n"
    table = opened(written(tmp_path, gzip.compress(data) if ending else data, f"c.csv{ending}"))
    assert table.first_row == 3
    for rows in (5000, 1):
        assert numbered(table, rows) == [(4, ["1", "Ali"]), (6, ["2"])]
        assert faults_of(table, rows) == [(6, "has 1 cell, the header has 2")]


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_row_of_delimiters_alone_is_a_blank_line_as_spreadsheets_write_one(tmp_path, ending):
    data = ';\nid;name\n1;Ali\n;\n ;\t\n\xa0;\u200b\n2;\n;Can\n;;;\n   \n"";""\n'.encode()
    table = opened(written(tmp_path, gzip.compress(data) if ending else data, f"c.csv{ending}"), delimiter=";")
    assert (table.header, table.first_row) == (("id", "name"), 3)
    for rows in (5000, 1):
        assert numbered(table, rows) == [(3, ["1", "Ali"]), (7, ["2", ""]), (8, ["", "Can"])]
        assert faults_of(table, rows) == []


def test_blanks_between_delimiters_are_something_where_nothing_is_trimmed(tmp_path):
    table = opened(written(tmp_path, "id,name\n,\n , \n"), trim=False)
    assert numbered(table) == [(3, [" ", " "])]


def test_a_row_of_one_quoted_blank_is_a_row(tmp_path):
    assert rows_of(opened(written(tmp_path, 'id\n""\n7\n'))) == [[""], ["7"]]


# ---- options


def test_texts_that_mean_null_are_read_as_blank(tmp_path):
    path = written(tmp_path, "id,region\n1,NULL\n\\N,NULLABLE\n3\n")
    table = opened(path, nulls=["NULL", "\\N"])
    assert rows_of(table)[:2] == [["1", ""], ["", "NULLABLE"]]
    assert rows_of(opened(path, nulls="NULL"))[:2] == [["1", ""], ["\\N", "NULLABLE"]]


def test_a_file_without_a_header_gets_the_names_it_is_given(tmp_path):
    table = opened(written(tmp_path, "1,Ali\n2,Veli\n"), header=["id", "name"])
    assert (table.header, table.first_row, rows_of(table)) == (("id", "name"), 1, [["1", "Ali"], ["2", "Veli"]])


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_names_that_a_header_line_holds_are_not_given_again(tmp_path, ending):
    """The line would be taken for a customer."""
    data = "\ufeff ID ,Name\n1,Ali\n".encode()
    path = written(tmp_path, gzip.compress(data) if ending else data, f"c.csv{ending}")
    with pytest.raises(SourceError) as refused:
        opened(path, header=["id", "name"])
    assert str(refused.value) == (
        f"{path} row 1: holds the names that `header` gives; leave `header` out, the file has a header line"
    )


def test_without_quotes_a_quote_is_a_letter(tmp_path):
    table = opened(written(tmp_path, 'id\tsize\n1\t5" disk\n2\t"\n'), delimiter="\t", quote=None)
    assert rows_of(table) == [["1", '5" disk'], ["2", '"']]


def test_names_of_the_header_are_trimmed_and_a_blank_one_is_reachable(tmp_path):
    table = opened(written(tmp_path, "\ufeff id , ,name\n1,2,3\n"))
    assert (table.header, table.first_row, table.text_only) == (("id", "column_2", "name"), 2, True)


@pytest.mark.parametrize(("ending", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)])
def test_a_compressed_file_reads_like_the_plain_one(tmp_path, ending, pack):
    text = 'id,name\n1,"Ş\nx"\n2\n3,NULL\n'
    table = opened(written(tmp_path, pack(text.encode()), f"c.csv{ending}"), nulls=["NULL"])
    assert rows_of(table, 1) == [["1", "Ş\nx"], ["2"], ["3", ""]]
    assert faults_of(table) == [(3, "has 1 cell, the header has 2")]
    assert pickle.loads(pickle.dumps(next(table.parts(100)))).read().rows[0] == ["1", "Ş\nx"]
    assert rows_of(opened(written(tmp_path, pack(b"1\n2\n"), f"d.csv{ending}"), header=["id"])) == [["1"], ["2"]]


def test_a_compressed_file_that_is_cut_off_says_so(tmp_path):
    path = written(tmp_path, gzip.compress(b"id\n" + b"7\n" * 1000)[:-8], "c.csv.gz")
    with pytest.raises(SourceError) as error:
        rows_of(opened(path))
    assert str(error.value) == (
        f"{path}: the compressed file is damaged or cut off (it ends in the middle); fetch it again"
    )


# ---- files that are not what the mapping says


@pytest.mark.parametrize(
    ("data", "options", "text"),
    [
        (b"", {}, "is empty, without even a header; was the export cut off?"),
        (b"PK\x03\x04..", {}, "is a zip archive or an Excel workbook, not text; a workbook is read with `excel:`"),
        (b"%PDF-1.4\n", {}, "is a PDF, from which no table is read; ask for the export as CSV"),
        (
            b"\xef\xbb\xbf\n <!DOCTYPE html><p>",
            {},
            "is a web page; was the download answered with a login page? fetch it again",
        ),
        (b"<HTML>\n", {}, "is a web page; was the download answered with a login page? fetch it again"),
        (b"\xff\xfei\0d\0", {}, "begins with the mark of utf-16, the mapping says utf-8; write `encoding: utf-16`"),
        (
            b"\xef\xbb\xbfid\n",
            {"encoding": "windows-1254"},
            "begins with the mark of utf-8, the mapping says windows-1254; write `encoding: utf-8`",
        ),
    ],
)
def test_a_file_that_is_something_else_is_an_error(tmp_path, data, options, text):
    path = written(tmp_path, data)
    with pytest.raises(SourceError) as error:
        opened(path, **options)
    assert str(error.value) == f"{path}: {text}"


def test_a_page_that_is_called_one_is_read_as_what_the_mapping_says(tmp_path):
    path = written(tmp_path, b"<html>\n7\n", "page.html")
    assert rows_of(opened(path)) == [["7"]]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (
            "id,name,id\n",
            " row 1: columns 1 and 3 are both named 'id'; rename one, so that a mapping can tell them apart",
        ),
        (
            "id;name\n1;2\n",
            " row 1: with the delimiter ',' the header is one column, 'id;name'; write `delimiter: \";\"`?",
        ),
        ("\n\r\n", " row 1, which has to be the header: there are only blank lines"),
        (
            b"id,\xddsim\n",
            " row 1, which has to be the header: byte 0xDD at offset 3 is not utf-8; is the encoding windows-1254?",
        ),
        ('"id\n', " row 1, which has to be the header: a quote is opened in this row and never closed"),
    ],
)
def test_a_header_that_cannot_be_used_is_an_error(tmp_path, data, text):
    path = written(tmp_path, data)
    with pytest.raises(SourceError) as error:
        opened(path)
    assert str(error.value) == f"{path}{text}"


def test_undecodable_utf16_is_an_error(tmp_path):
    path = written(tmp_path, "id\n7\n".encode("utf-16") + b"\x00\xdc\x00")
    with pytest.raises(
        SourceError,
        match=r"after byte 0 something is not utf-16; was the file cut off, or is it in another `encoding`\?",
    ):
        rows_of(opened(path, encoding="utf-16"))


# ---- real files


def test_csv_spectrum_reads_as_its_json_says():
    import json

    for folder in ("csvs", "csvs-npm-2.0.0"):
        for path in sorted(shared(f"csv-spectrum/{folder}").glob("*.csv")):
            table = opened(path)
            if path.stem == "location_coordinates":  # its JSON is of another row than its CSV
                assert [len(row) for row in rows_of(table, 1)] == [4]
                continue
            expected = json.loads((path.parents[1] / "json" / f"{path.stem}.json").read_text())
            found = [dict(zip(table.header, row, strict=True)) for row in rows_of(table, 1)]
            assert [{k: v.replace("\r\n", "\n") for k, v in row.items()} for row in found] == [
                {k: v.replace("\r\n", "\n") for k, v in row.items()} for row in expected
            ], path


def test_every_ragged_row_of_northwind_is_reported():
    for name in ("customers", "orders", "order-details"):
        path = shared(f"northwind/{name}.csv")
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = csv.reader(file)
        ragged = [n for n, row in enumerate(rows, start=2) if len(row) != len(header)]
        table = opened(path, nulls=["NULL"])
        assert [number for number, _ in faults_of(table, 7)] == ragged
        assert len(rows_of(table)) == len(rows)
        assert not any("NULL" in row for row in rows_of(table))


@pytest.mark.parametrize(("name", "count"), [("customers", 8135), ("orders", 8135), ("order_items", 8365)])
def test_olist_is_read_whole_whatever_the_parts(name, count):
    table = opened(shared(f"olist/olist_{name}_dataset.csv"))
    rows = rows_of(table, 333)
    assert len(rows) == count
    assert rows == rows_of(table, 5000)
    assert faults_of(table) == []


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("windows-1254-turkish/_ude_1.txt", "windows-1254"),
        ("iso-8859-9-turkish/wikitop_tr_ISO-8859-9.txt", "iso-8859-9"),
        ("UTF-16/bom-utf-16-le.srt", "utf-16"),
        ("UTF-16/bom-utf-16-be.srt", "utf-16"),
        ("UTF-16LE/nobom-utf16le.txt", "utf-16-le"),
    ],
)
def test_files_in_other_encodings_are_read_line_by_line(name, encoding):
    path = shared(f"encodings/{name}")
    lines = re.split(r"\r\n|\n|\r", path.read_bytes().decode(encoding))
    table = opened(path, encoding=encoding, delimiter="\x01", quote=None, header=["line"])
    assert rows_of(table, 3) == [[line] for line in lines if line]
