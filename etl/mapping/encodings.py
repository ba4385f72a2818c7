"""The encodings that a mapping declares, held against the bytes of its files; and what `encoding: detect` has found."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path as FilePath
from pathlib import PurePosixPath

from msgspec import Struct

from etl.errors import SourceError
from etl.extract import KINDS, is_url, located
from etl.extract.database import file_of_table, is_folder
from etl.extract.detecting import DETECT, TURKISH, Detected, cells_with_letters, detected
from etl.extract.locations import File
from etl.extract.many import files_of
from etl.mapping.context import Context
from etl.mapping.places import YamlPath
from etl.model import NOTE, WARNING, Database, Problem, Source

LOOKED_AT = 4 << 20
"""So many bytes of a file with a declared encoding are looked at, for every command waits for it."""

OPEN = ("csv", "json", "jsonl")
WESTERN = ("iso8859-1", "cp1252")
"""Python's names of what Turkish files are declared to be by mistake: every byte is a letter there, six of them the wrong one."""


class Declared(Struct, frozen=True):
    """A file, the encoding that is declared for it, and where."""

    file: File
    encoding: str
    path: YamlPath


def encoding_warnings(context: Context) -> Iterator[Problem]:
    """Where the declared encoding is not what the bytes say."""
    for declared in _declared(context):
        with suppress(SourceError, OSError):
            found = None if declared.encoding == DETECT else detected(declared.file, LOOKED_AT)
            if found and found.letters and (what := _doubt(declared.encoding, found)):
                yield Problem(context.document.place(declared.path), f"{_name(declared.file)}: {what}", WARNING)


def encoding_notes(context: Context) -> Iterator[Problem]:
    """What `encoding: detect` has found, each with three cells by which a person sees whether it is right."""
    for declared in _declared(context):
        with suppress(SourceError, OSError):
            if declared.encoding == DETECT:
                found = detected(declared.file)
                cells = ", ".join(f"'{cell}'" for cell in cells_with_letters(declared.file, found.encoding))
                what = f"{_name(declared.file)}: the encoding is {found.encoding} ({found.why}){f': {cells}' if cells else ''}"
                yield Problem(context.document.place(declared.path), what, NOTE)


def _name(file: File) -> str:
    return PurePosixPath(str(file)).name


def _doubt(declared: str, found: Detected) -> str:
    """What there is to say when a file with letters beyond ASCII is declared so, and its bytes look so."""
    said, seen = codecs.lookup(declared).name, codecs.lookup(found.encoding).name
    if said == seen or said.startswith(seen.removesuffix("-le").removesuffix("-be")):
        return ""
    if seen == "utf-8" or seen.startswith("utf-16") or said == "utf-8":
        return f"the encoding is declared as {declared}, and the bytes say {found.encoding} ({found.why})"
    if found.encoding == TURKISH and said in WESTERN and "Turkish" in found.why:
        lacks = "which lacks ğ, ı, ş and İ"
        return f"the encoding is declared as {declared}, {lacks}, and the bytes say {found.encoding} ({found.why})"
    return ""


def _declared(context: Context) -> Iterator[Declared]:
    for name in context.tables:
        source = context.migration.sources[name]
        database = source.options.get("database")
        if isinstance(database, Database):
            yield from _of_database(context, source, database)
        elif source.kind in OPEN and not is_url(source.location):
            path: YamlPath = ("sources", name, "encoding" if "encoding" in source.options else source.kind)
            complete = KINDS[source.kind].settings(source.options)
            for file in files_of(source.location):
                yield Declared(located(file), str(complete["encoding"]), path)


def _of_database(context: Context, source: Source, database: Database) -> Iterator[Declared]:
    """The file of a table in a folder, or a dump; of one that says its own encoding nothing has been declared."""
    place = FilePath(database.location.reveal())
    path: YamlPath = ("databases", database.name, "encoding")
    if not database.name or not ("encoding" in database.options or is_folder(place)):
        return
    declared = str(database.options.get("encoding", "utf-8"))
    if is_folder(place):
        yield Declared(located(file_of_table(source, place)), declared, path)
    elif place.is_file():
        yield Declared(located(str(place)), declared, path)
