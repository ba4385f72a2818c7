"""CSV files that look like something else than they are: broken quotes, lines that never end, damaged streams."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import subprocess
import sys

import pytest
from test_extract_csv import faults_of, opened, rows_of, trimmed, written

from etl.errors import SourceError
from etl.extract.csv_format import CsvFormat
from etl.extract.csv_records import Lines, read_records

CUT_CELL = (
    "cell 1 holds a quote in its middle and cell 2 ends in one; was one cell cut at its delimiter? "
    "Put it in quotes as a whole, with those in it doubled; where a quote is a letter, write `quote: null`"
)


@pytest.fixture(params=["", ".gz"], ids=["plain", "compressed"])
def write(request, tmp_path):
    """Writes customers.csv, whose parts are sought in the file, or customers.csv.gz, whose parts carry their text."""

    def as_file(text):
        data = text if isinstance(text, bytes) else text.encode()
        return written(tmp_path, gzip.compress(data) if request.param else data, f"customers.csv{request.param}")

    return as_file


# ---- quotes


def test_a_cell_that_was_cut_at_its_delimiter_because_its_quotes_are_broken_is_a_fault(write):
    table = opened(write('id,v,w\n2"Chair, low",x\n3,"Chair, low",x\n'))
    assert faults_of(table) == [(2, CUT_CELL)]
    assert rows_of(table)[1] == ["3", "Chair, low", "x"]


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ('1,5" pipe,x', ["1", '5" pipe', "x"]),
        ('1,5" pipe,"blue, large"', ["1", '5" pipe', "blue, large"]),
        ('1,"5"" pipe","6"""', ["1", '5" pipe', '6"']),
        ('1,"said ""x, y""","said ""z"""', ["1", 'said "x, y"', 'said "z"']),
        ('1,"5"" x",6"', ["1", '5" x', '6"']),
        ('1,x,6"', ["1", "x", '6"']),
    ],
)
def test_a_quote_that_is_a_letter_passes(write, line, cells):
    table = opened(write(f"id,v,w\n{line}\n"))
    assert (rows_of(table), faults_of(table)) == ([cells], [])


def test_the_advice_for_a_file_in_which_quotes_are_letters_is_right(write):
    path = write('id,v,w\n1,5",6"\n')
    assert faults_of(opened(path)) == [(2, CUT_CELL.replace("cell 1", "cell 2").replace("and cell 2", "and cell 3"))]
    table = opened(path, quote=None)
    assert (rows_of(table), faults_of(table)) == ([["1", '5"', '6"']], [])


def test_blanks_before_a_quote_are_trimmed_before_the_quote_is_looked_for(write):
    table = opened(write('id, v, w\n1, "Table, low",  "x"\n2, Chair,y\n'))
    assert (table.header, faults_of(table)) == (("id", "v", "w"), [])
    assert trimmed(rows_of(table)) == [["1", "Table, low", "x"], ["2", "Chair", "y"]]


def test_a_tab_before_a_quote_and_any_blank_where_nothing_is_trimmed_are_a_fault(write):
    reason = "cell 2 has a blank before its quote, so its quotes do not count; take the blank away"
    assert faults_of(opened(write('id,v\n1,\t"Table"\n2,x\n'))) == [(2, reason)]
    path = write('id,v\n1, "Table"\n2, x\n')
    assert faults_of(opened(path, trim=False)) == [(2, reason)]
    assert rows_of(opened(path, trim=False))[1] == ["2", " x"]


def test_a_text_that_means_null_may_have_blanks_around_it(write):
    assert rows_of(opened(write("id,v\n1, NULL \n"), nulls="NULL")) == [["1", ""]]


def test_a_header_with_broken_quotes_is_an_error(write):
    path = write('id"x, y",v\n1,2,3\n')
    with pytest.raises(SourceError) as error:
        opened(path)
    assert str(error.value) == f"{path} row 1, which has to be the header: {CUT_CELL}"


# ---- escapes


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        (r'1,"He said \"x, y\"",z', ["1", 'He said "x, y"', "z"]),
        (r"1,a\,b,z", ["1", "a,b", "z"]),
        (r"1,C:\\temp,z", ["1", r"C:\temp", "z"]),
        (r'1,"two\nlines\tand a tab",z', ["1", "two\nlines\tand a tab", "z"]),
        ("1,two\\\nlines,z", ["1", "two\nlines", "z"]),
        (r"1,not\\new,z", ["1", r"not\new", "z"]),
        (r"1,\N,z", ["1", "", "z"]),
        (r"\N,\N,\N", ["", "", ""]),
        (r'"1","\N","z"', ["1", "", "z"]),
        (r'"\N","\N","\N"', ["", "", ""]),
        (r"1,\N , \N", ["1", "", ""]),
        (r'"1"," \N ","z"', ["1", "", "z"]),
        (r'"1","a \N","\N b"', ["1", "a N", "N b"]),
        (r'"1","""\N""","\\N"', ["1", '"N"', r"\N"]),
        (r"\\N,\N, \\N ", [r"\N", "", r"\N "]),
        (r'1,"\\\N","x\\N"', ["1", r"\N", r"x\N"]),
        (r'1,"5"" pipe",z', ["1", '5" pipe', "z"]),
        (r"1,5\" pipe,6\"", ["1", '5" pipe', '6"']),
    ],
)
def test_an_escape_takes_the_meaning_from_what_follows(write, line, cells):
    table = opened(write(f"id,v,w\n{line}\n2,x,y\n"), escape="\\", nulls="\\N")
    assert (rows_of(table), faults_of(table)) == ([cells, ["2", "x", "y"]], [])


def test_an_escaped_nul_is_a_fault_as_a_bare_one_is(write):
    assert faults_of(opened(write("id,v\n1,a\\0b\n"), escape="\\")) == [
        (2, "cell 2 holds a NUL character, which no shop can store; is the encoding right (utf-16)?")
    ]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"escape": '"'}, "escape and quote are both '\"'; a doubled quote is read without `escape`, leave it out"),
        ({"escape": ","}, "escape and delimiter are both ','; they have to differ"),
        ({"escape": "ab"}, "option 'escape': 'ab' is not one character (a tab is written \"\\t\", with double quotes)"),
    ],
)
def test_an_escape_that_cannot_be_one_is_named(tmp_path, options, text):
    with pytest.raises(SourceError) as error:
        opened(written(tmp_path, "id\n"), **options)
    assert str(error.value) == f"source 'customers': {text}"


# ---- lines


@pytest.mark.parametrize("place", ["header", "row"])
def test_a_line_that_does_not_end_is_given_up_after_16_mb(write, place):
    head = "" if place == "header" else "id\n"
    path = write(head + "INSERT INTO x VALUES (1)," * 1_200_000)
    with pytest.raises(SourceError) as error:
        rows_of(opened(path))
    # Where a file is cut unread, the byte is one in the line.
    begin = 8388610 if place == "row" and path.suffix == ".csv" else len(head)
    assert str(error.value) == f"{path}: no line ends in the 16 MB after byte {begin}; is this a text file?"


MEASURED = """
import sys
from etl.extract import open_table, read_all
from etl.model import Source
def peak():
    # Unlike ru_maxrss, this begins anew with a program.
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) // 1024
def read(path):
    with open_table(Source("s", "csv", path)) as table:
        return sum(content.height for _, content in read_all(table)), table.first_row
read(sys.argv[1])
before = peak()
height, first = read(sys.argv[2])
print(height, first, peak() - before)
"""


@pytest.mark.parametrize("line", ["\n", "\r\n", '\n"'], ids=["newlines", "windows", "with quotes"])
def test_a_file_of_blank_lines_is_read_in_little_memory(tmp_path, line):
    small = written(tmp_path, "id\n7\n", "small.csv")
    count = 10_000_000 if '"' not in line else 1_000_000
    blank = line[:-1] if '"' in line else line
    path = written(tmp_path, "id\n7\n" + blank * count + ('"8"\n' if '"' in line else "8\n"), "blank.csv")
    done = subprocess.run([sys.executable, "-c", MEASURED, small, path], capture_output=True, text=True, check=True)
    height, first, megabytes = map(int, done.stdout.split())
    assert (height, first) == (count + 2, 2)
    assert megabytes < 80


# ---- bytes

PACKERS = [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)]


@pytest.mark.parametrize(("ending", "pack"), PACKERS)
def test_a_file_of_several_streams_is_read_to_its_end(tmp_path, ending, pack):
    data = pack(b"id\n" + b"1\n" * 1000) + pack(b"2\n" * 1000) + b"\0" * 8
    table = opened(written(tmp_path, data, f"c.csv{ending}"))
    assert rows_of(table) == [["1"]] * 1000 + [["2"]] * 1000


@pytest.mark.parametrize(
    ("ending", "pack", "what"),
    [
        (".gz", gzip.compress, "what is packed in it is garbled"),
        (".bz2", bz2.compress, "what is packed in it is garbled"),
        (".xz", lzma.compress, "what is packed in it is garbled"),
    ],
)
def test_a_damaged_second_stream_is_an_error(tmp_path, ending, pack, what):
    second = pack(b"2\n" * 1000)
    path = written(tmp_path, pack(b"id\n" + b"1\n" * 1000) + b"XX" + second[2:], f"c.csv{ending}")
    with pytest.raises(SourceError) as error:
        rows_of(opened(path))
    assert str(error.value) == f"{path}: the compressed file is damaged or cut off ({what}); fetch it again"


@pytest.mark.parametrize(("ending", "pack"), PACKERS)
def test_a_second_stream_that_is_cut_off_is_an_error(tmp_path, ending, pack):
    path = written(tmp_path, pack(b"id\n1\n") + pack(b"2\n" * 1000)[:-9], f"c.csv{ending}")
    with pytest.raises(SourceError, match="the compressed file is damaged or cut off"):
        rows_of(opened(path))


@pytest.mark.parametrize(
    ("mark", "name"),
    [
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ],
)
def test_the_mark_of_an_encoding_is_not_taken_for_that_of_another(tmp_path, mark, name):
    codec = f"{name}-{'le' if mark[0] in (0xFF,) else 'be'}"
    path = written(tmp_path, mark + "id,v\n1,Ş\n".encode(codec))
    assert rows_of(opened(path, encoding=name)) == [["1", "Ş"]]
    assert opened(path, encoding=codec).header == ("id", "v")
    with pytest.raises(SourceError) as error:
        opened(path)
    assert str(error.value) == (
        f"{path}: begins with the mark of {name}, the mapping says utf-8; write `encoding: {name}`"
    )


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("c.csv", gzip.compress(b"id\n1\n", mtime=0), "is compressed with gzip; its name has to end in .gz"),
        ("c.csv", bz2.compress(b"id\n1\n", 1), "is compressed with bzip2; its name has to end in .bz2"),
        ("c.csv", lzma.compress(b"id\n1\n"), "is compressed with xz; its name has to end in .xz"),
        ("c.csv", b"\x28\xb5\x2f\xfd\x04\x00", "is compressed with zstd, which is not read; unpack it (zstd -d)"),
        ("c.csv", b"7z\xbc\xaf\x27\x1c\x00", "is a 7z archive; unpack it and name the file in it"),
        ("c.csv", b"Rar!\x1a\x07\x00", "is a RAR archive; unpack it and name the file in it"),
        ("c.csv.gz", b"id\n1\n", "does not begin as .gz files do; if it is not compressed, take .gz off its name"),
        ("c.csv.bz2", b"id\n1\n", "does not begin as .bz2 files do; if it is not compressed, take .bz2 off its name"),
        ("c.csv.xz", b"id\n1\n", "does not begin as .xz files do; if it is not compressed, take .xz off its name"),
    ],
    ids=["gzip", "bzip2", "xz", "zstd", "7z", "rar", "no gzip", "no bzip2", "no xz"],
)
def test_a_file_whose_name_tells_another_packing_is_told_what_it_is(tmp_path, name, data, what):
    path = written(tmp_path, data, name)
    with pytest.raises(SourceError) as error:
        rows_of(opened(path))
    assert str(error.value) == f"{path}: {what}"


@pytest.mark.parametrize("line", ["a\n", "abc,def\n", 'a,""b\n'])
@pytest.mark.parametrize("head", ['id,"name\n', 'id,name\n1,"x\n'], ids=["header", "row"])
def test_a_record_that_never_ends_takes_each_line_once_and_no_more_than_16_mb(head, line):
    """Whatever stands in the file after it: that much is asked for, and what is asked for is asked for once."""
    asked = 0

    def chunks():
        nonlocal asked
        yield head.encode()
        while True:
            asked += 1
            yield line.encode() * 20_000

    format = CsvFormat(longest=1 << 20)
    lines = Lines(chunks(), 0, format)
    faults = [reason for _, (_, reason) in zip(range(1 + ("1" in head)), read_records(lines, format), strict=False)]
    assert "this row does not end within 1,048,576 bytes; is a quote never closed?" in str(faults[-1])
    assert asked == (1 << 20) // (20_000 * len(line)) + 1
