"""What errors say of each kind of source, in the documentation: what is promised there is what is said."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import openpyxl
import pytest
from api_shops import shop

from etl.errors import SourceError
from etl.extract import KINDS, Connections, World, fetched, open_table, read_all
from etl.extract.reference import mistakes_page, rewritten
from etl.model import Database, Source
from etl.target import Secret

ROOT = Path(__file__).parents[2]


def written(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def workbook(folder, *rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(folder / "a.xlsx")
    return str(folder / "a.xlsx")


def wide(folder):
    book = openpyxl.Workbook()
    book.active["XFD2"] = 1
    book.save(folder / "a.xlsx")
    return str(folder / "a.xlsx")


def database(folder, kind):
    path = folder / f"shop.{kind}"
    if kind == "sqlite":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE a (b text)")
    else:
        path.write_text("CREATE TABLE `a` (`b` text);\n" if kind == "sql" else "no database")
    return Database("shop", Secret(str(path)), str(path))


CASES = {
    ("csv", "is empty, without even a header"): lambda at: (written(at, "a.csv", ""), {}),
    ("csv", "holds a NUL character"): lambda at: (written(at, "a.csv", "a,b\n1,2\n".encode("utf-16-le")), {}),
    ("csv", "are both named"): lambda at: (written(at, "a.csv", "a,a\n1,2\n"), {}),
    ("excel", "no sheet '...'"): lambda at: (workbook(at, ["a"]), {"sheet": "x"}),
    ("excel", "which has to be the header, is blank"): lambda at: (workbook(at, [None], ["a"]), {}),
    ("excel", "is not a workbook"): lambda at: (written(at, "a.xls", "a;b\n"), {}),
    ("excel", "which is more than is read"): lambda at: (wide(at), {}),
    ("json", "no key '...'"): lambda at: (written(at, "a.json", '{"b": [{"c": 1}]}'), {"path": "a"}),
    ("json", "not JSON:"): lambda at: (written(at, "a.json", '[{"c": 1}, {"c"'), {}),
    ("jsonl", "no columns in the first 1,000 lines"): lambda at: (written(at, "a.jsonl", "[1]\n"), {}),
    ("xml", "ends before its elements do"): lambda at: (written(at, "a.xml", "<a><b><c>1</c></b>"), {"path": "a/b"}),
    ("xml", "has a DOCTYPE"): lambda at: (written(at, "a.xml", "<!DOCTYPE a><a><b><c>1</c></b></a>"), {"path": "a/b"}),
    ("parquet", "is no Parquet file"): lambda at: (written(at, "a.parquet", "a,b\n" * 10), {}),
    ("parquet", "ends before its end"): lambda at: (written(at, "a.parquet", b"PAR1" + b"a" * 40), {}),
    ("table", "no table '...'"): lambda at: ("x", {"database": database(at, "sqlite")}),
    ("table", "is no database"): lambda at: ("x", {"database": database(at, "txt")}),
    ("sql", "it has to be one SELECT"): lambda at: ("BEGIN", {"database": database(at, "sqlite")}),
    ("sql", "a dump runs no SQL"): lambda at: ("SELECT 1", {"database": database(at, "sql")}),
    ("query", "reads no source '...'"): lambda at: ("SELECT * FROM x", {}),
    ("query", "a query is one SELECT"): lambda at: ("SELECT 1; SELECT 2", {}),
    ("api", "is no address of an API"): lambda at: ("orders.json", {}),
}
ASKED: dict[str, tuple[str, dict[str, object]]] = {
    "there are further pages, and no `paging` is given": ("woocommerce", {"login": Secret("ck_reader:cs_s3cr3t")}),
    "has no key '...', which `path` begins with": ("cursor", {"path": "order"}),
}


def test_every_message_of_the_documentation_has_its_case_here():
    promised = {(kind.name, said) for kind in KINDS.values() for said in kind.mistakes}
    assert promised == {*CASES, *(("api", said) for said in ASKED)}
    assert all(kind.mistakes for kind in KINDS.values())


def read(source):
    with Connections() as connections, open_table(source, World(connections=connections)) as table:
        for _ in read_all(fetched(table, table.header)):
            pass


def said_of(source):
    with pytest.raises(SourceError) as caught:
        read(source)
    return str(caught.value)


def pattern(said):
    return re.escape(said).replace(r"\.\.\.", ".*")


@pytest.mark.parametrize(("kind", "said"), CASES)
def test_what_the_documentation_promises_is_what_is_said(kind, said, tmp_path):
    location, options = CASES[kind, said](tmp_path)
    assert re.search(pattern(said), said_of(Source("a", kind, location, options)))


@pytest.mark.parametrize("said", ASKED)
def test_what_it_promises_of_an_api_is_what_is_said(said, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    way, options = ASKED[said]
    with shop(way, [{"id": n} for n in range(1, 41)]) as found:
        assert re.search(pattern(said), said_of(Source("a", "api", found.url, options)))


def test_the_table_of_the_page_is_made_from_the_kinds():
    page = (ROOT / "docs/sources.md").read_text(encoding="utf-8")
    assert rewritten(page, KINDS, mistakes_page) == page
