"""What a file or a database holds: its tables, each as the source by which a mapping would read it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from itertools import chain, islice
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from etl.dumps.errors import DumpError
from etl.dumps.reader import tables as dump_tables
from etl.errors import SourceError
from etl.extract.csv_file import CSV, OTHER_DELIMITERS, open_csv
from etl.extract.database import check_database, files_of_tables
from etl.extract.databases.address import is_server, shown_address
from etl.extract.databases.connections import ENDINGS, Connections
from etl.extract.databases.following import MB, read_followed
from etl.extract.databases.sqlite import MAGIC
from etl.extract.detecting import detected
from etl.extract.excel_file import sheets_of
from etl.extract.json_file import texts_of
from etl.extract.json_outline import outline as json_outline
from etl.extract.json_outline import outline_of_lines as json_outline_of_lines
from etl.extract.json_values import HEADER_SAMPLE
from etl.extract.jsonl_file import values_of
from etl.extract.locations import File, RemoteFile, located, shown
from etl.extract.many import files_of
from etl.extract.nested import naming
from etl.extract.opening import byte_pieces, byte_stream, existing_file, is_compressed
from etl.extract.parquet_file import MAGIC as PARQUET_MAGIC
from etl.extract.rows import read_all
from etl.extract.xml_outline import outline as xml_outline
from etl.extract.zip_member import is_archive, members
from etl.model import Database, Source, Table
from etl.target import Secret

HEAD = 1 << 16
READABLE = (
    ".json",
    ".jsonl",
    ".ndjson",
    ".xlsx",
    ".xlsm",
    ".xlsb",
    ".xls",
    ".ods",
    ".parquet",
    ".xml",
    ".txt",
    ".db",
    ".sqlite",
    *ENDINGS,
)
"""What the names of files end in that are no tables of a folder, and are read by themselves."""

NAMED = 5
DATABASES = ("sqlite", "dump")
"""Files of which several are no one table."""
LOOKED_AT = 200
"""Rows of a CSV by which its delimiter is told."""


class Listed(Struct, frozen=True):
    """A table: how a mapping reads it, and what is known of it before its rows are read (None: not known)."""

    name: str
    source: Source
    rows: int | None = None
    columns: int | None = None
    note: str = ""


class Contents(Struct, frozen=True):
    """What lies at a location, said in words, and its tables."""

    what: str
    tables: tuple[Listed, ...]


class ListingRequest(Struct, frozen=True):
    """What is to be looked at. `counting`: whether rows that nobody knows the number of without reading are counted.

    `open` opens a source. `given` are options of a CSV file that a person named, instead of those that are found out.
    `connections.spool.follow` is told of what is read through for that.
    """

    location: str
    connections: Connections
    open: Callable[[Source], AbstractContextManager[Table]]
    counting: bool = True
    given: Mapping[str, Any] = field(default_factory=dict)


def contents(asked: ListingRequest) -> Contents:
    """Raises SourceError, also for a file that is something else than its name says and cannot be read."""
    location = asked.location
    if is_server(location):
        return Contents("a database", tuple(_of_database(asked)))
    folder = Path(location)
    if folder.is_dir() or (is_archive(folder) and len(members(folder)) > 1):
        return Contents(
            "a zip archive" if is_archive(folder) else "a folder of CSV files", _counted(asked, list(_of_folder(asked)))
        )
    files = files_of(location)
    path = existing_file(files[0])
    kind = _kind(path)
    what, tables = _LISTERS[kind]
    if len(files) > 1:
        if kind in DATABASES:
            raise SourceError(f"{shown(location)}: {len(files)} files, each {what}; name one, such as {path}")
        what = f"{len(files)} files, each {what}"
    return Contents(what, _counted(asked, list(tables(asked, path))))


def _files(asked: ListingRequest) -> list[File]:
    """The files that make one table."""
    return [existing_file(one) for one in files_of(asked.location)]


def _counted(asked: ListingRequest, tables: list[Listed]) -> tuple[Listed, ...]:
    """With the rows and columns of what has to be read for that. One table alone is read anyhow."""
    if not asked.counting or len(tables) == 1:
        return tuple(tables)
    return tuple(one if one.columns is not None else _read_through(asked, one) for one in tables)


def _read_through(asked: ListingRequest, listed: Listed) -> Listed:
    """One that cannot be read stands in no other's way."""
    try:
        with asked.open(listed.source) as table:
            rows = listed.rows if listed.rows is not None else sum(_heights(asked, listed.name, table))
            return replace(listed, rows=rows, columns=len(table.header))
    except SourceError as error:
        return replace(listed, note=" ".join(one for one in (listed.note, str(error)) if one))


def _heights(asked: ListingRequest, name: str, table: Table) -> Iterator[int]:
    """How many rows the table's parts have."""
    follow = asked.connections.spool.follow
    for _, rows in read_all(table):
        if follow is not None:
            follow(f"{name}: rows read", len(rows.rows), None)
        yield len(rows.rows)


# What a file is

_WEB_PAGE = (
    "is a web page; was the download answered with a login page? What shops export as .xls is often one, too: open it in a "
    "spreadsheet program and save it as .xlsx"
)
_DISGUISES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "is a PDF, from which no table is read; ask for the export as CSV"),
    (b"PGDMP", "is pg_dump's custom format; make a plain one: pg_dump --format=plain, or pg_restore -f shop.sql THIS"),
    (b"\x1f\x8b", "is compressed with gzip; let its name end in .gz"),
    (b"BZh", "is compressed with bzip2; let its name end in .bz2"),
    (b"\xfd7zXZ", "is compressed with xz; let its name end in .xz"),
    (b"7z\xbc\xaf", "is a 7-Zip archive; unpack it first"),
    (b"Rar!", "is a RAR archive; unpack it first"),
    (b"<!doctype html", _WEB_PAGE),
    (b"<html", _WEB_PAGE),
)  # fmt: skip
_STATEMENT = re.compile(
    r"^(?:-- (?:MySQL|MariaDB|PostgreSQL|phpMyAdmin)\b|CREATE TABLE |INSERT INTO |COPY \S+ \()", re.MULTILINE
)
_LINES = (".jsonl", ".ndjson")


def _kind(path: File) -> str:
    """What a file is by its first bytes; the name decides only between texts. Raises SourceError."""
    with byte_stream(path) as stream:
        head = stream.read(HEAD)
    for sign, what in _DISGUISES:
        if head.lstrip()[: len(sign)].lower() == sign.lower():
            raise SourceError(f"{path}: {what}")
    if head.startswith(MAGIC):
        return "sqlite"
    if head.startswith(PARQUET_MAGIC):
        return "parquet"
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return "excel"
    name = PurePosixPath(str(path)).name.lower()
    if name.endswith(ENDINGS):
        return "dump"
    return _kind_of_text(path, head, name)


def _kind_of_text(path: File, head: bytes, name: str) -> str:
    text = head.decode(detected(path, HEAD).encoding, "replace").lstrip("\ufeff \t\r\n")
    if _STATEMENT.search(text):
        raise SourceError(f"{path}: is an SQL dump; let its name end in .sql")
    if text.startswith("<"):
        return "xml"
    if name.removesuffix(path.suffix if path.suffix in (".gz", ".bz2", ".xz") else "").endswith(_LINES):
        return "jsonl"
    if not text.startswith(("{", "[")):
        return "csv"
    return "jsonl" if re.match(r"\{[^\n]*\}\s*\n\s*\{", text) else "json"


# The tables of each


def _of_database(asked: ListingRequest) -> Iterator[Listed]:
    database = Database("", Secret(asked.location), shown_address(asked.location))
    check_database(database)
    session = asked.connections.session(database)
    for name in session.tables():
        listed = Listed(name, Source(name, "table", name, {"database": database}), columns=0)
        try:
            relation = session.table(name)
            listed = replace(listed, columns=len(relation.columns))
            yield replace(listed, rows=session.count(relation)) if asked.counting else listed
        except SourceError as error:  # a table that may not be read, a view that is broken, stands in no other's way
            yield replace(listed, note=str(error).removeprefix(f"{database.shown}: "))


def _of_dump(asked: ListingRequest, path: File) -> Iterator[Listed]:
    encoding = {name: one for name, one in asked.given.items() if name == "encoding"}
    database = Database("", Secret(asked.location), asked.location, encoding)
    try:
        with byte_stream(path) as stream:
            follow = asked.connections.spool.follow
            for one in dump_tables(read_followed(stream, f"{path}: MB read", follow, _megabytes(path))):
                source = Source(one.name, "table", one.name, {"database": database})
                yield Listed(one.name, source, one.rows, len(one.columns), one.note)
    except DumpError as error:
        raise SourceError(f"{path}:{error.line}: {error.what}") from None


def _megabytes(path: File) -> int | None:
    """How many there are to read, where that is known before they are unpacked."""
    return None if is_compressed(path) or not isinstance(path, Path) else max(path.stat().st_size // MB, 1)


def each_by_itself(folder: Path) -> str:
    """What to do with a folder whose files are no tables of one database: advice, or nothing where it has none to read."""
    others = sorted(str(one) for one in folder.iterdir() if one.name.lower().endswith(READABLE))
    further = ", ..." if len(others) > NAMED else ""
    return f"; name each of its files by itself: {', '.join(others[:NAMED])}{further}" if others else ""


def _of_folder(asked: ListingRequest) -> Iterator[Listed]:
    files = files_of_tables(Path(asked.location))
    if not files:
        place = Path(asked.location)
        if is_archive(place):
            raise SourceError(f"{asked.location}: the archive has no CSV files")
        raise SourceError(f"{asked.location}: the folder has no CSV files{each_by_itself(place)}")
    for name, file in files.items():
        listed = next(_of_csv(replace(asked, location=file), located(file)))
        yield Listed(name, listed.source, listed.rows, listed.columns)


def _of_csv(asked: ListingRequest, path: File) -> Iterator[Listed]:
    options = {**csv_options(path, asked.given), **asked.given}
    source = Source(_stem(path), "csv", asked.location, options)
    yield Listed(source.name, source)


def csv_options(path: File, given: Mapping[str, Any]) -> dict[str, Any]:
    """The encoding and the delimiter of a CSV file, where they are not the usual ones. Raises SourceError."""
    encoding = given.get("encoding") or detected(path).encoding
    options = {} if encoding == "utf-8" else {"encoding": encoding}
    if "delimiter" in given:
        return options
    delimiter = max((",", *OTHER_DELIMITERS[:3]), key=lambda one: _fits(path, {**options, "delimiter": one}))
    return options if delimiter == "," else {**options, "delimiter": delimiter}


def _fits(path: File, options: Mapping[str, Any]) -> tuple[float, int]:
    """How well the first rows can be read so: the share that can, and how many columns there are."""
    try:
        table = open_csv(path.url if isinstance(path, RemoteFile) else str(path), CSV.settings(options))
        _, rows = next(read_all(table, LOOKED_AT), (0, None))
    except SourceError:
        return 0, 0
    if len(table.header) == 1:
        return 0.1, 1
    return (1 if rows is None or not rows.rows else 1 - len(rows.faults) / len(rows.rows)), len(table.header)


def _of_excel(asked: ListingRequest, path: File) -> Iterator[Listed]:
    names = sheets_of(path)
    for name in names.all:
        options = {"sheet": name} if len(names.all) > 1 else {}
        yield Listed(
            name, Source(name, "excel", asked.location, options), note="hidden" if name in names.hidden else ""
        )


def _of_json(asked: ListingRequest, path: File) -> Iterator[Listed]:
    encoding = _encoding(asked, path)
    counted: Counter[str] = Counter()
    names: dict[str, str] = {}
    for file in _files(asked):
        with naming(file):
            found = json_outline(texts_of(file, str(encoding.get("encoding", "utf-8"))))
        counted.update(found.rows)
        names.update(found.names)
    for written, rows in counted.items():
        name = names.get(written) or written or _stem(path)
        options = {**encoding, **({"path": written} if written else {})}
        yield Listed(name, Source(name, "json", asked.location, options), rows)


def _of_jsonl(asked: ListingRequest, path: File) -> Iterator[Listed]:
    encoding = _encoding(asked, path)
    lines = chain.from_iterable(values_of(one, str(encoding.get("encoding", "utf-8"))) for one in _files(asked))
    found = json_outline_of_lines(lines if asked.counting else islice(lines, HEADER_SAMPLE))
    for written, rows in (found.rows or {"": 0}).items():
        name, options = written or _stem(path), {**encoding, **({"path": written} if written else {})}
        yield Listed(name, Source(name, "jsonl", asked.location, options), rows if asked.counting else None)


def _of_parquet(asked: ListingRequest, path: File) -> Iterator[Listed]:
    yield Listed(_stem(path), Source(_stem(path), "parquet", asked.location))


def _of_xml(asked: ListingRequest, path: File) -> Iterator[Listed]:
    counted: Counter[str] = Counter()
    for file in _files(asked):
        with naming(file):
            counted.update(xml_outline(byte_pieces(file), asked.given.get("encoding")))
    for written, rows in counted.items():
        yield Listed(written, Source(written, "xml", asked.location, {**asked.given, "path": written}), rows)


def _encoding(asked: ListingRequest, path: File) -> dict[str, Any]:
    encoding = asked.given.get("encoding") or detected(path).encoding
    return {} if encoding == "utf-8" else {"encoding": encoding}


def _stem(path: File) -> str:
    name = PurePosixPath(path.url if isinstance(path, RemoteFile) else str(path)).name
    return name.partition(".")[0] or name


Lister = Callable[[ListingRequest, File], Iterator[Listed]]
_LISTERS: Mapping[str, tuple[str, Lister]] = {
    "sqlite": ("an SQLite database", lambda asked, path: _of_database(asked)),
    "dump": ("an SQL dump", _of_dump),
    "csv": ("a CSV file", _of_csv),
    "excel": ("a workbook", _of_excel),
    "json": ("a JSON file", _of_json),
    "jsonl": ("a file of JSON lines", _of_jsonl),
    "parquet": ("a Parquet file", _of_parquet),
    "xml": ("an XML file", _of_xml),
}
