"""Files of every kind, cut off, garbled and mistaken for others: what is said of them is said in our words."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import random
import re
import sqlite3
import zipfile
from contextlib import closing

import duckdb
import openpyxl
import pytest
import xlwt
from workbook_files import (
    ods_row,
    ods_table,
    ods_text,
    write_ods,
    write_xlsb,
    xlsb_number,
    xlsb_row,
    xlsb_text,
)

from etl.errors import SourceError
from etl.expressions import ROW_ERRORS, compile_value, reason_of
from etl.extract import Connections, World, fetched_all, open_table, read_all
from etl.extract.edited import read_edited
from etl.model import Database, Expression, Place, Source
from etl.target import Secret

PEOPLE = [(number, f'Kişi "{number}"', f"a{number}@example.com") for number in range(40)]

LIBRARIES = re.compile(
    # json, and orjson
    r"Expecting|Unterminated string|Extra data|Invalid control|JSONDecode|"
    # zipfile, gzip, bz2, lzma, zlib
    r"EOCD|magic number|Bad CRC|CRC check|central directory|zip file\b|Zip archive|invalid distance|invalid code|bit length|"
    r"end-of-stream|Invalid data stream|Corrupt input|Error -\d|decompress|gzipped|declared uncompressed|"
    # calamine, olefile, expat
    r"Cfb|OLE\b|Sector|CalamineError|BiffError|mismatched tag|well-formed|junk after|no element found|syntax error|token|"
    # duckdb, sqlite, csv, codecs
    r"Snappy|Invalid Input|IO Error|TProtocol|disk image|not a database|malformed|unexpected end of data|expected after|"
    r"codec can|delimiter expected|"
    # Python
    r"Errno|argument|Traceback|Exception|Error\b|\bNone\b|\bb'|object has|out of range|embedded null|struct\b"
)


def csv_text():
    quoted = (f'{number},"{name.replace(chr(34), chr(34) * 2)}",{mail}\n' for number, name, mail in PEOPLE)
    return ("id,name,mail\n" + "".join(quoted)).encode()


def objects():
    return [{"id": number, "name": name, "lines": [{"mail": mail}]} for number, name, mail in PEOPLE]


def saved(save):
    held = io.BytesIO()
    save(held)
    return held.getvalue()


def xlsx():
    book = openpyxl.Workbook()
    for row in [("id", "name", "mail"), *PEOPLE]:
        book.active.append(row)
    return saved(book.save)


def xls():
    book = xlwt.Workbook()
    sheet = book.add_sheet("People")
    for number, row in enumerate([("id", "name", "mail"), *PEOPLE]):
        for column, cell in enumerate(row):
            sheet.write(number, column, cell)
    return saved(book.save)


def ods():
    rows = [ods_row(ods_text("id"), ods_text("mail")), *(ods_row(ods_text(one[0]), ods_text(one[2])) for one in PEOPLE)]
    return saved(lambda file: write_ods(file, ods_table(*rows)))


def xlsb():
    rows = [xlsb_row(1) + xlsb_text(1, "id") + xlsb_text(2, "mail")]
    rows += [xlsb_row(at) + xlsb_number(1, one[0]) + xlsb_text(2, one[2]) for at, one in enumerate(PEOPLE, start=2)]
    return saved(lambda file: write_xlsb(file, b"".join(rows)))


def parquet(folder):
    with closing(duckdb.connect(":memory:")) as connection:
        connection.execute(f"COPY (SELECT i AS id, 'n' || i AS name FROM range(400) r(i)) TO '{folder}/a.parquet'")
    return (folder / "a.parquet").read_bytes()


def sqlite(folder):
    with closing(sqlite3.connect(folder / "a.sqlite")) as connection, connection:
        connection.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, mail TEXT)")
        connection.executemany("INSERT INTO people VALUES (?, ?, ?)", PEOPLE)
    return (folder / "a.sqlite").read_bytes()


def dump():
    rows = ",".join(f"({number},'{name}','{mail}')" for number, name, mail in PEOPLE)
    return (
        "-- MySQL dump 10.13\nCREATE TABLE `people` (`id` int NOT NULL, `name` varchar(50), `mail` text) ENGINE=InnoDB;\n"
        f"INSERT INTO `people` VALUES {rows};\n-- Dump completed on 2024-01-01\n"
    ).encode()


def zipped():
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("people.csv", csv_text())
    return held.getvalue()


def xml():
    people = "".join(f'<person id="{number}"><mail>{mail}</mail></person>' for number, _, mail in PEOPLE)
    return f"<people>{people}</people>".encode()


def lines():
    return "\n".join(json.dumps(one, ensure_ascii=False) for one in objects()).encode()


WHOLE = {
    "csv": lambda folder: csv_text(),
    "json": lambda folder: json.dumps(objects(), ensure_ascii=False).encode(),
    "jsonl": lambda folder: lines(),
    "xml": lambda folder: xml(),
    "xlsx": lambda folder: xlsx(),
    "xls": lambda folder: xls(),
    "ods": lambda folder: ods(),
    "xlsb": lambda folder: xlsb(),
    "parquet": parquet,
    "sqlite": sqlite,
    "sql": lambda folder: dump(),
    "zip": lambda folder: zipped(),
    "csv.gz": lambda folder: gzip.compress(csv_text()),
    "csv.bz2": lambda folder: bz2.compress(csv_text()),
    "csv.xz": lambda folder: lzma.compress(csv_text()),
    "jsonl.gz": lambda folder: gzip.compress(lines()),
    "xml.gz": lambda folder: gzip.compress(xml()),
    "sql.gz": lambda folder: gzip.compress(dump()),
}
KINDS = {"json": "json", "jsonl": "jsonl", "xml": "xml", "parquet": "parquet"} | dict.fromkeys(
    ("xlsx", "xls", "ods", "xlsb"), "excel"
)


def harms(data, rounds):
    """The same file as it may arrive."""
    chance = random.Random(5)  # the same ones in every run
    yield b""
    yield from (data[:size] for size in (1, 4, 8, 100))
    yield from (data[: int(len(data) * share)] for share in (0.3, 0.6, 0.9))
    yield data[:-1]
    for _ in range(rounds):
        garbled = bytearray(data)
        for _ in range(chance.choice((1, 3, 20))):
            garbled[chance.randrange(len(data))] = chance.choice((0, 255, 34, 60, 92, chance.randrange(256)))
        yield bytes(garbled)
    yield data[: len(data) // 2] + data[len(data) // 2 + 20 :]
    yield data + data
    yield b"<html><table><tr><td>Please log in"
    yield bytes(200)
    yield b'no file, but a "sentence"'
    yield b"\xff\xfe" + data
    yield from (
        sign + data[len(sign) :] for sign in (b"PK\x03\x04", b"\x1f\x8b\x08\x00", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    )


def source_of(path, ending):
    if ending.startswith("sql"):
        return Source("people", "table", "people", {"database": Database("", Secret(str(path)), str(path))})
    kind = KINDS.get(ending.removesuffix(".gz"), "csv")
    return Source("people", kind, str(path), {"path": "people/person"} if kind == "xml" else {})


def said_of(source):
    """All that is said of a source's rows, and why it cannot be read."""
    try:
        with Connections() as connections, open_table(source, World({}, connections)) as opened:
            table = opened
            if source.kind == "table":
                table = fetched_all({"people": opened}, {"people": opened.header})["people"]
            yield from (str(fault.reason) for _, rows in read_all(table) for fault in rows.faults)
    except SourceError as error:
        yield str(error).replace(source.location, "FILE")


@pytest.mark.parametrize("ending", WHOLE)
def test_what_is_wrong_with_a_file_is_never_said_in_words_of_a_library(tmp_path, ending):
    path = tmp_path / f"people.{ending}"
    whole = WHOLE[ending](tmp_path)
    spoken = set()
    # A program of its own reads each .xls.
    for data in harms(whole, 3 if ending == "xls" else 15):
        path.write_bytes(data)
        spoken.update(said_of(source_of(path, ending)))
    assert {one for one in spoken if LIBRARIES.search(one)} == set()
    assert len(spoken) > 3


@pytest.mark.parametrize(
    "pattern", ["(a", "a)", "[a", "\\\\q", "*a", "(?=x)", "a{5000}", "a**", "[z-a]", "(?P<x", "a\\\\"]
)
def test_what_is_wrong_with_a_pattern_is_said_in_our_words(pattern):
    with pytest.raises(ROW_ERRORS) as refused:
        compile_value(Expression(f"{{{{ name | match('{pattern}') }}}}", Place("")))({"name": "x"})
    said = reason_of(refused.value)
    assert "; RE2 has neither look-around nor back-references" in said
    assert not re.search(r"missing|operator|escape sequence|argument|trailing|invalid", said)


def test_what_is_wrong_with_an_edited_csv_is_said_with_its_line(tmp_path):
    path = tmp_path / "rejects.csv"
    path.write_text('id,name\n1,"Ali\n', encoding="utf-8")
    with pytest.raises(
        Exception, match=r"rejects\.csv:2: is no CSV: a quote is opened in this row and never closed; save it anew"
    ):
        read_edited(path)
