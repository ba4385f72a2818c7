"""A workbook of any kind -> the names of its sheets, and the rows of one.

An .xlsx is read as a stream, anew for each look. What the others hold is in memory from the moment a sheet is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from zipfile import BadZipFile, ZipFile

from msgspec import Struct

from etl.extract.calamine_sheet import Workbook, cells_of, in_another_process, names_of, open_workbook
from etl.extract.damage import UNREADABLE_ZIP, of_zip
from etl.extract.locations import File
from etl.extract.ods_file import CONTENT, ods_names, read_ods
from etl.extract.reach import Reach
from etl.extract.sheet_bounds import BadSheet
from etl.extract.sheet_rows import Sheet, SheetNames, SheetRow, only_real_moments, sheet_of
from etl.extract.temporary import scratch
from etl.extract.xlsb_scan import check_texts, look
from etl.extract.xlsx_parts import book_of, damaged, workbook_of
from etl.extract.xlsx_sheet import read_rows

CHUNK = 1 << 18

ChooseSheet = Callable[[SheetNames], str]


def names_in(file: File) -> SheetNames:
    """Raises BadSheet."""
    with _opened(file) as opened:
        return opened.form.names(opened)


def open_sheet(file: File, choose: ChooseSheet) -> Sheet:
    """Raises BadSheet for a workbook, or a sheet, that cannot be read; of an .xlsx also later, from its rows."""
    with _opened(file) as opened:
        form = opened.form
        return form.sheet(opened, choose(form.names(opened)))


class _Opened(Struct, frozen=True):
    """`archive` is None for what is no zip archive; `listed` is the member of it that lists the sheets."""

    file: File
    content: BinaryIO
    archive: ZipFile | None
    listed: str

    @property
    def form(self) -> _Form:
        if self.archive is not None and CONTENT in self.archive.NameToInfo:
            return ODS
        if not self.listed:
            return OTHER
        return XLSB if self.listed.endswith(".bin") else XLSX

    @property
    def parts(self) -> ZipFile:
        assert self.archive is not None  # every form but the last is an archive
        return self.archive

    def whole(self) -> Workbook:
        """As calamine takes it."""
        if isinstance(self.file, Path):
            return self.file
        self.content.seek(0)
        return self.content.read()


class _Form(NamedTuple):
    names: Callable[[_Opened], SheetNames]
    sheet: Callable[[_Opened, str], Sheet]


@contextmanager
def _opened(file: File) -> Iterator[_Opened]:
    with _seekable(file) as content:
        try:
            archive = ZipFile(content)
        except BadZipFile:
            yield _Opened(file, content, None, "")
            return
        except UNREADABLE_ZIP as error:
            raise BadSheet(damaged(of_zip(error))) from None
        with archive:
            try:
                yield _Opened(file, content, archive, workbook_of(archive) or "")
            except (*UNREADABLE_ZIP, KeyError, RuntimeError) as error:
                raise BadSheet(damaged(of_zip(error))) from None


@contextmanager
def _seekable(file: File) -> Iterator[BinaryIO]:
    if isinstance(file, Path):
        with file.open("rb") as content:
            yield content
        return
    with scratch("a copy of the workbook") as copy:
        with file.stream() as content:
            while piece := content.read(CHUNK):
                copy.write(piece)
        yield copy.file


def _xlsx_names(opened: _Opened) -> SheetNames:
    book = book_of(opened.parts, opened.listed)
    return SheetNames(list(book.sheets), book.hidden)


def _xlsx_sheet(opened: _Opened, sheet: str) -> Sheet:
    reach = Reach()
    return Sheet(lambda: _xlsx_rows(opened.file, sheet, reach), reach=reach)


def _xlsx_rows(file: File, sheet: str, reach: Reach) -> Generator[SheetRow]:
    with _opened(file) as opened:
        yield from read_rows(opened.parts, opened.listed, sheet, reach)


def _xlsb_names(opened: _Opened) -> SheetNames:
    # Opening makes room for the texts.
    check_texts(opened.parts, opened.listed)
    return SheetNames(*names_of(_unless_it_panics(open_workbook, opened.whole())))


def _xlsb_sheet(opened: _Opened, sheet: str) -> Sheet:
    # Nothing is left to calamine before it is known how much it is.
    found = look(opened.parts, opened.listed, sheet)
    workbook = _unless_it_panics(open_workbook, opened.whole())
    cells = _unless_it_panics(cells_of, workbook, sheet)
    only_real_moments(cells, found.bounds.faults, found.bounds.doubtful)
    found.with_days(cells)
    return sheet_of(cells, found.bounds.faults)


def _unless_it_panics(read: Callable[..., Any], *arguments: Any) -> Any:
    """A fault inside of calamine comes as an exception that is no Exception."""
    try:
        return read(*arguments)
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise BadSheet(damaged("its reader gave up on it")) from None


def _ods_names(opened: _Opened) -> SheetNames:
    archive = opened.parts
    if "META-INF/manifest.xml" in archive.NameToInfo and b"encryption-data" in archive.read("META-INF/manifest.xml"):
        raise BadSheet("is protected by a password; save it without one")
    names = ods_names(archive)
    if not names.all:
        raise BadSheet("has no sheets")
    return names


def _ods_sheet(opened: _Opened, sheet: str) -> Sheet:
    cells, bounds = read_ods(opened.parts, sheet)
    return sheet_of(cells, bounds.faults)


def _other_names(opened: _Opened) -> SheetNames:
    """What cannot be looked at beforehand is read where it can do no harm."""
    names, hidden, *_ = in_another_process(opened.whole(), None)
    return SheetNames(names, hidden)


def _other_sheet(opened: _Opened, sheet: str) -> Sheet:
    _, _, cells, faults = in_another_process(opened.whole(), sheet)
    return sheet_of(cells, faults)


XLSX = _Form(_xlsx_names, _xlsx_sheet)
XLSB = _Form(_xlsb_names, _xlsb_sheet)
ODS = _Form(_ods_names, _ods_sheet)
OTHER = _Form(_other_names, _other_sheet)
