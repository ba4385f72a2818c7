"""What every kind of source promises, whatever it reads: a new kind adds its line to EXAMPLES and has to pass them all."""

from __future__ import annotations

import json
import pickle
import sqlite3
import time
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from api_shops import shop

from etl.extract import KINDS, Connections, World, evidence, fetched, height_of, in_order, open_table, read_all
from etl.model import Database, Source
from etl.target import Secret

COLUMNS = ("id", "name")
PEOPLE = [(str(number), f"Kişi {number}") for number in range(1, 301)]
BROKEN = 150
"""The index of the row that cannot be used, where a kind can have one."""


def csv_lines(people):
    lines = [f"{id},{name}" for id, name in people]
    lines[BROKEN] += ",one more"
    return "\n".join([",".join(COLUMNS), *lines]) + "\n"


def objects(people):
    found: list[Any] = [dict(zip(COLUMNS, one, strict=True)) for one in people]
    found[BROKEN] = [1]
    return found


def write_csv(folder):
    path = folder / "people.csv"
    path.write_text(csv_lines(PEOPLE), encoding="utf-8")
    return str(path)


def write_json(folder):
    path = folder / "people.json"
    path.write_text(json.dumps(objects(PEOPLE)), encoding="utf-8")
    return str(path)


def write_jsonl(folder):
    path = folder / "people.jsonl"
    path.write_text("\n".join(map(json.dumps, objects(PEOPLE))), encoding="utf-8")
    return str(path)


def write_excel(folder):
    book = openpyxl.Workbook()
    for row in (COLUMNS, *PEOPLE):
        book.active.append(row)
    book.active.cell(BROKEN + 2, 3, "one more")
    path = folder / "people.xlsx"
    book.save(path)
    return str(path)


def write_xml(folder):
    """With an id in one row that is two things at once."""
    people = [
        f'<person id="{id}">{"<id>other</id>" * (at == BROKEN)}<name>{name}</name></person>'
        for at, (id, name) in enumerate(PEOPLE)
    ]
    path = folder / "people.xml"
    path.write_text(f"<people>{''.join(people)}</people>", encoding="utf-8")
    return str(path)


def write_parquet(folder):
    path = folder / "people.parquet"
    with closing(duckdb.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE people (id VARCHAR, name VARCHAR)")
        connection.executemany("INSERT INTO people VALUES (?, ?)", PEOPLE)
        connection.execute(f"COPY people TO '{path}' (ROW_GROUP_SIZE 2048)")
    return str(path)


def write_sqlite(folder):
    """With a NUL in one name, which no CSV can hold."""
    people = [(int(id), f"{name}\0" if at == BROKEN else name) for at, (id, name) in enumerate(PEOPLE)]
    path = folder / "people.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)")
        connection.executemany("INSERT INTO people VALUES (?, ?)", people)
    return {"database": Database("", Secret(str(path)), str(path))}


def of_file(kind, write):
    return lambda folder: Source("people", kind, write(folder))


def query_of(folder):
    """With a NUL in one name, which no CSV can hold."""
    (folder / "raw.csv").write_text("\n".join(["id,name", *map(",".join, PEOPLE)]) + "\n", encoding="utf-8")
    broken = f"CASE WHEN id = '{PEOPLE[BROKEN][0]}' THEN name || chr(0) ELSE name END AS name"
    return Source("people", "query", f"SELECT id, {broken} FROM raw ORDER BY CAST(id AS INTEGER)")


API: list[str] = []
"""Where the API of the people is, as long as these tests run."""


@pytest.fixture(scope="module", autouse=True)
def api():
    with shop("plain", objects(PEOPLE)) as found:
        API.append(found.url)
        yield
    API.clear()


EXAMPLES = {
    "csv": of_file("csv", write_csv),
    "excel": of_file("excel", write_excel),
    "json": of_file("json", write_json),
    "jsonl": of_file("jsonl", write_jsonl),
    "xml": lambda folder: Source("people", "xml", write_xml(folder), {"path": "people/person", "header": COLUMNS}),
    "parquet": of_file("parquet", write_parquet),
    "table": lambda folder: Source("people", "table", "people", write_sqlite(folder)),
    "sql": lambda folder: Source("people", "sql", "SELECT id, name FROM people ORDER BY id", write_sqlite(folder)),
    "query": query_of,
    "api": lambda folder: Source("people", "api", API[0]),
}
"""How each kind's source of 300 people is made in a folder."""

FIRST_ROW = {
    "csv": 2,
    "excel": 2,
    "json": 1,
    "jsonl": 1,
    "xml": 1,
    "parquet": 1,
    "table": 1,
    "sql": 1,
    "query": 1,
    "api": 1,
}
WITHOUT_FAULTS = ("parquet",)
"""Kinds in which a row cannot be unreadable by itself: the file as a whole is."""
FILES = [kind for kind, one in KINDS.items() if one.where == "file"]
DATABASES = [kind for kind, one in KINDS.items() if one.where == "database"]


@pytest.fixture(params=list(KINDS))
def source(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return EXAMPLES[request.param](tmp_path)


@pytest.fixture
def spooled(tmp_path_factory, monkeypatch):
    """Where rows of databases lie while they are read."""
    folder = tmp_path_factory.mktemp("spool")
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@contextmanager
def opened(source):
    with Connections() as connections, ExitStack() as stack:
        needed = {name: Source(name, "csv", f"{name}.csv") for name in KINDS[source.kind].needs(source)}
        tables = {name: stack.enter_context(open_table(one)) for name, one in needed.items()}
        table = stack.enter_context(open_table(source, World(tables, connections, needed)))
        yield fetched(table, COLUMNS)


def everything(table, rows):
    """Each row by its number, and the faults by theirs."""
    found, faults = {}, {}
    for number, content in read_all(table, rows):
        broken = {fault.index: str(fault.reason) for fault in content.faults}
        for index, row in enumerate(content.rows):
            if index in broken:
                faults[number + index] = broken[index]
            else:
                found[number + index] = tuple(map(str, row))
    return found, faults


def test_every_kind_has_an_example_here():
    assert set(EXAMPLES) == set(FIRST_ROW) == set(KINDS)


@pytest.mark.parametrize("rows", [1, 7, 64, 5000])
def test_rows_and_faults_and_their_numbers_do_not_depend_on_the_cuts(source, rows):
    first = FIRST_ROW[source.kind]
    with opened(source) as table:
        found, faults = everything(table, rows)
        assert (table.header, table.first_row) == (COLUMNS, first)
    broken = [] if source.kind in WITHOUT_FAULTS else [BROKEN]
    assert list(faults) == [first + at for at in broken]
    assert found == {first + at: one for at, one in enumerate(PEOPLE) if at not in broken}


def test_a_part_can_be_read_in_another_process(source):
    with opened(source) as table:
        travelled = in_order(table.parts(20), lambda part: pickle.loads(pickle.dumps(part)).read)
        here = in_order(table.parts(20), lambda part: part.read)
        assert [pickle.dumps(one) for one in travelled] == [pickle.dumps(one) for one in here]


def test_the_parts_of_every_kind_tell_how_far_they_reach_or_its_rows_are_known_beforehand(source):
    with opened(source) as table:
        shares = [part.reached for part in table.parts(40)]
        rows = sum(content.height for _, content in read_all(table))
        assert height_of(table) == rows or shares[-1] == 1
    known = [share for share in shares if share is not None]
    assert known == sorted(known)


OPEN = Path("/proc/self/fd")


def open_files():
    return {str(one.readlink()) for one in OPEN.iterdir() if one.exists()}


@pytest.mark.skipif(not OPEN.is_dir(), reason="needs /proc to see which files are open")
@pytest.mark.parametrize("parts", [0, 1, None])
def test_nothing_stays_open_however_much_was_read(source, tmp_path, spooled, parts):
    with opened(source) as table:
        reading: Any = in_order(table.parts(20), lambda part: part.read)
        for _ in range(parts or 0):
            next(reading)
        if parts is None:
            list(reading)
        reading.close()
    assert not [one for one in open_files() if one.startswith((str(tmp_path), str(spooled)))]
    assert list(spooled.iterdir()) == []


def test_a_table_can_be_read_more_than_once(source):
    with opened(source) as table:
        assert everything(table, 50) == everything(table, 70)


@pytest.mark.parametrize("kind", FILES)
def test_what_a_package_remembers_of_a_file_changes_with_it(kind, tmp_path):
    source = EXAMPLES[kind](tmp_path)
    path = Path(source.location)
    with opened(source) as table:
        before, quick = evidence(source, table), evidence(source, table, whole=False)
        assert before == evidence(source, table)
        path.write_bytes(path.read_bytes() + b"\n ")
        assert evidence(source, table) != before
    assert before.location == source.location
    assert before.sha256
    assert quick.sha256 is None


@pytest.mark.parametrize("kind", DATABASES)
def test_what_a_package_remembers_of_a_database_is_what_was_asked_and_what_came(kind, tmp_path):
    source = EXAMPLES[kind](tmp_path)
    with opened(source) as table:
        seen = evidence(source, table)
    time.sleep(0.002)  # times are told to the millisecond
    with opened(source) as table:
        again = evidence(source, table)
    assert (seen.location, seen.rows, seen.statement.partition(" ")[0]) == (
        str(tmp_path / "people.sqlite"),
        300,
        "SELECT",
    )
    assert (seen.sha256, seen.bytes) == (again.sha256, again.bytes)
    assert seen.taken < again.taken
    with open_table(source) as table:
        assert evidence(source, table).sha256 is None


@pytest.mark.parametrize("kind", FILES)
def test_a_file_is_relative_to_the_mapping_unless_it_is_an_address(kind):
    found = KINDS[kind]
    assert found.located(Path("/old"), "a.csv") == "/old/a.csv"
    assert found.located(Path("/old"), "s3://bucket/a.csv") == "s3://bucket/a.csv"
    places = ("/a.csv", "file:///a.csv", "s3://bucket/a.csv")
    assert [found.needs_network(Source("a", kind, one)) for one in places] == [False, False, True]


@pytest.mark.parametrize("kind", DATABASES)
def test_a_database_is_asked_without_a_network_when_it_is_a_file(kind):
    found = KINDS[kind]
    assert found.located(Path("/old"), "oc_order") == "oc_order"
    for place, networked in (("/shop.sqlite", False), ("mysql://root@127.0.0.1/shop", True), ("postgres://h/s", True)):
        source = Source("a", kind, "oc_order", {"database": Database("", Secret(place), place)})
        assert found.needs_network(source) is networked


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "query"])
def test_no_other_source_is_asked_for(kind, tmp_path):
    source = EXAMPLES[kind](tmp_path)
    assert KINDS[kind].needs(source) == ()
    with open_table(source, World({})):
        pass


def test_a_query_says_what_it_reads_and_what_came(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = query_of(tmp_path)
    assert KINDS["query"].needs(source) == ("raw",)
    assert KINDS["query"].needs(Source("people", "query", "SELEC 1")) == ()
    assert not KINDS["query"].needs_network(source)
    with opened(source) as table:
        seen = evidence(source, table)
    with opened(source) as table:
        assert evidence(source, table) == seen
    assert (seen.location, seen.rows, seen.statement.partition(" ")[0]) == ("people", 300, "SELECT")
