"""What a workbook of XML, or of records in an archive, is made of: its parts, their relations, its sheets' names.

(Office Open XML, ECMA-376: part 2, 9.3 relationships; part 1, 18.2.20 sheets.)
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any, BinaryIO, cast
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser
from xml.parsers import expat
from zipfile import ZipFile

from msgspec import Struct

from etl.extract.damage import of_xml
from etl.extract.reach import Reach
from etl.extract.sheet_bounds import BadSheet
from etl.findings import Sentence, said

PIECE = 1 << 16
LARGEST_MEMBER = 1 << 32
WIDEST_ELEMENT = 100_000
"""Elements in one that is not whole yet: no row has as many cells."""


def damaged(detail: str) -> Sentence:
    """What a workbook is that has in it what none has."""
    return said("is damaged ({detail}); save the workbook anew in a spreadsheet program", detail=detail)


def pieces(archive: ZipFile, member: str, reach: Reach | None = None) -> Generator[bytes]:
    """A member's content. `reach` is told how far it is read. Raises BadSheet when it unpacks to more than any workbook has."""
    if archive.getinfo(member).file_size > LARGEST_MEMBER:
        raise BadSheet(damaged(f"{member} unpacks to more than {LARGEST_MEMBER >> 30} GB"))
    with archive.open(member) as file:
        found = iter(lambda: file.read(PIECE), b"")
        yield from (
            found if reach is None else reach.followed(found, cast("BinaryIO", file), archive.getinfo(member).file_size)
        )


def parse_xml(parts: Generator[bytes], start: Callable[[str, dict[str, str]], None], parser: Any = None) -> None:
    """Call `start` for every element. Raises BadSheet for what is no XML, or XML with definitions of its own."""
    parser = parser or expat.ParserCreate()
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = _refuse
    with closing(parts):
        try:
            for part in parts:
                parser.Parse(part)
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise BadSheet(damaged(of_xml(error))) from None


def _refuse(*_: object) -> None:
    raise BadSheet(damaged("its XML has definitions of its own"))


def local(element: str) -> str:
    """An element's name without its prefix, which is the writer's to choose."""
    return element.rpartition(":")[2]


class PartLink(Struct, frozen=True):
    """What a part of a workbook refers to: the last word of its type, and the member it leads to."""

    kind: str
    member: str


def relations(archive: ZipFile, of: str) -> dict[str, PartLink]:
    """What a member refers to, by the references' ids. "" is the archive itself."""
    folder, file = posixpath.split(of)
    found: dict[str, PartLink] = {}

    def relation(element: str, attributes: dict[str, str]) -> None:
        if local(element) == "Relationship":
            kind = attributes.get("Type", "").rpartition("/")[2]
            target = posixpath.join("/", folder, attributes.get("Target", ""))
            found[attributes.get("Id", "")] = PartLink(kind, posixpath.normpath(target).lstrip("/"))

    listed = posixpath.join(folder, "_rels", f"{file}.rels")
    if listed in archive.NameToInfo:
        parse_xml(pieces(archive, listed), relation)
    return found


def related(archive: ZipFile, of: str, kind: str) -> str | None:
    """The member of this kind that a member refers to, if it is there."""
    found = (member_named(archive, one.member) for one in relations(archive, of).values() if one.kind == kind)
    return next((member for member in found if member is not None), None)


def member_named(archive: ZipFile, name: str) -> str | None:
    """The member of this name, if it is there. Names of parts are equal whatever the case of their letters."""
    if name in archive.NameToInfo:
        return name
    return next((one for one in archive.NameToInfo if one.lower() == name.lower()), None)


def workbook_of(archive: ZipFile) -> str | None:
    return related(archive, "", "officeDocument")


class Book(Struct, frozen=True):
    """The sheets' names with the members that hold them, in their order; those that nobody sees, or that have no cells."""

    sheets: dict[str, str]
    hidden: frozenset[str]
    since_1904: bool


def book_of(archive: ZipFile, workbook: str) -> Book:
    """Raises BadSheet."""
    found = relations(archive, workbook)
    sheets: dict[str, str] = {}
    hidden: set[str] = set()
    since_1904 = False

    def listed(element: str, attributes: dict[str, str]) -> None:
        nonlocal since_1904
        if local(element) == "workbookPr":
            since_1904 = attributes.get("date1904") in ("1", "true", "on")
        elif local(element) == "sheet":
            name, link = attributes.get("name", ""), found.get(_reference(attributes), PartLink("", ""))
            sheets.setdefault(name, link.member)
            if attributes.get("state", "visible") != "visible" or link.kind != "worksheet":
                hidden.add(name)

    parse_xml(pieces(archive, workbook), listed)
    if not sheets:
        raise BadSheet("has no sheets")
    return Book(sheets, frozenset(hidden), since_1904)


def _reference(attributes: dict[str, str]) -> str:
    return next((value for key, value in attributes.items() if key.endswith(":id")), "")


def elements(archive: ZipFile, member: str, holder: str, depth: int, reach: Reach | None = None) -> Iterator[Element]:
    """Each element inside of `holder` when all of it is there; what stands around them is dropped. `depth`: how many elements
    stand around the holder. Raises BadSheet."""
    check_definitions(archive, member)
    builder = TreeBuilder()
    # An element of ours around the document, as a builder shows no other before it has built all of it.
    around = builder.start("document", {})
    parser = XMLParser(target=builder)  # noqa: S314 - without definitions of its own
    with closing(pieces(archive, member, reach)) as parts:
        try:
            for part in parts:
                parser.feed(part)
                yield from _whole(around, holder, depth)
            parser.close()
        except ParseError as error:
            raise BadSheet(damaged(of_xml(error))) from None
    yield from _whole(around, holder, depth, is_over=True)


def _whole(parent: Element, holder: str, depth: int, *, is_over: bool = False) -> Iterator[Element]:
    """Takes out of the tree what is whole, and yields what of it stood in the holder. Of children only the last may be open."""
    if depth:
        parent = parent[0] if len(parent) else parent
    for place, child in enumerate(parent):
        whole = len(child) if is_over or place < len(parent) - 1 else len(child) - 1
        if child.tag.rpartition("}")[2] == holder:
            yield from child[: max(whole, 0)]
        if whole > 0:
            del child[:whole]
        if len(child) and len(child[-1]) > WIDEST_ELEMENT:
            raise BadSheet(damaged(f"an element of {holder} does not end"))
    del parent[:-1]


def check_definitions(archive: ZipFile, member: str) -> None:
    """Raises BadSheet for a document type, which can only stand before the first element."""

    def first(element: str, attributes: dict[str, str]) -> None:
        raise _Enough

    try:
        parse_xml(pieces(archive, member), first)
    except _Enough:
        return


class _Enough(Exception):
    pass
