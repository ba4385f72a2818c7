"""A workbook of any kind -> one sheet's cells, and those that cannot be used."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zipfile import BadZipFile, ZipFile

from etl.extract.calamine_sheet import (
    ChooseSheet,
    Grid,
    Workbook,
    cells_of,
    in_another_process,
    names_of,
    open_workbook,
)
from etl.extract.ods_file import CONTENT, ods_names, read_ods
from etl.extract.sheet_bounds import BadSheet
from etl.extract.xlsb_scan import XLSB
from etl.extract.xlsx_scan import DAMAGED, XLSX, workbook_of
from etl.findings import Unfit


@dataclass(frozen=True, slots=True)
class Sheet:
    """Cells from A1 on, "" for a blank one; of each row that has some, the first unusable cell: its column, and why."""

    cells: Grid
    faults: Mapping[int, tuple[int, Unfit]] = field(default_factory=dict)


def read_sheet(workbook: Workbook, choose: ChooseSheet) -> Sheet:
    """Raises BadSheet for a workbook, or a sheet, that cannot be read."""
    try:
        archive = ZipFile(workbook if not isinstance(workbook, bytes) else io.BytesIO(workbook))
    except BadZipFile:
        return _read_apart(workbook, choose)
    with archive:
        try:
            return _read_archive(archive, workbook, choose)
        except (BadZipFile, KeyError, NotImplementedError, RuntimeError) as error:
            raise BadSheet(DAMAGED.format(str(error).strip("'\""))) from None


def _read_archive(archive: ZipFile, workbook: Workbook, choose: ChooseSheet) -> Sheet:
    if CONTENT in archive.NameToInfo:
        return _read_ods(archive, choose)
    listed = workbook_of(archive)
    if listed is None:
        return _read_apart(workbook, choose)
    scan = XLSB if listed.endswith(".bin") else XLSX
    scan.check_texts(archive, listed)
    # Nothing is left to calamine before it is known how much it is: opening reads the texts, reading makes the cells.
    opened = _unless_it_panics(open_workbook, workbook)
    sheet = choose(*names_of(opened))
    bounds = scan.look(archive, listed, sheet)
    return Sheet(_unless_it_panics(cells_of, opened, sheet), bounds.faults)


def _read_ods(archive: ZipFile, choose: ChooseSheet) -> Sheet:
    if "META-INF/manifest.xml" in archive.NameToInfo and b"encryption-data" in archive.read("META-INF/manifest.xml"):
        raise BadSheet("is protected by a password; save it without one")
    names = ods_names(archive)
    if not names.all:
        raise BadSheet("has no sheets")
    cells, bounds = read_ods(archive, choose(list(names.all), names.hidden))
    return Sheet(cells, bounds.faults)


def _unless_it_panics(read: Callable[..., Any], *arguments: Any) -> Any:
    """A fault inside of calamine comes as an exception that is no Exception."""
    try:
        return read(*arguments)
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise BadSheet(DAMAGED.format("its reader gave up on it")) from None


def _read_apart(workbook: Workbook, choose: ChooseSheet) -> Sheet:
    """What cannot be looked at beforehand is read where it can do no harm."""
    names, hidden, *_ = in_another_process(workbook, None)
    _, _, cells, faults = in_another_process(workbook, choose(names, hidden))
    return Sheet(cells, faults)
