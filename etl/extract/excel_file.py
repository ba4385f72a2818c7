"""The kind `excel`: a sheet of an xlsx, xls, xlsb or ods workbook.

Cells keep their types, but a number without a fraction becomes an int (customer 7 is stored as 7.0), a blank is None.
Rows keep the numbers the spreadsheet shows, so a blank row between others is a row of blanks; blank rows at the end are
not rows. Of merged cells the first holds the value. A cell that shows an error, or a formula that was never computed,
makes its row a fault; of an .xls only the former is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from etl.errors import SourceError
from etl.extract.columns import column_names
from etl.extract.kinds import COUNTERS, NORMALIZE, TRIM, Kind, Option, OptionValues, holding_nothing, row_number
from etl.extract.locations import File
from etl.extract.opening import existing_file, reading
from etl.extract.rows import CellFault, ReadRow, SequentialTable, ragged
from etl.extract.sheet_bounds import BadSheet, name
from etl.extract.workbooks import Sheet, read_sheet
from etl.findings import Unfit
from etl.model import Table
from etl.suggest import perhaps
from etl.terminal import visible

EXACT = 10**15
"""Excel keeps 15 digits; of a larger number the last ones are lost already."""


def open_excel(location: str, settings: OptionValues) -> Table:
    path, header_row = existing_file(location), settings["header_row"]
    sheet = _sheet_of(path, settings["sheet"])
    grid = sheet.cells
    while grid and all(cell == "" for cell in grid[-1]) and len(grid) not in sheet.faults:
        grid.pop()
    if len(grid) < header_row:
        rows = f"{len(grid)} row{'' if len(grid) == 1 else 's'}" if grid else "no rows"
        raise SourceError(
            f"{path}: the sheet has {rows}, so row {header_row} cannot be its header; check `sheet` and `header_row`"
        )
    if header_row in sheet.faults:
        raise SourceError(f"{path} row {header_row}, which has to be the header: {sheet.faults[header_row][1]}")
    header = _header(path, grid[header_row - 1], header_row)
    records = partial(_records, sheet, header, header_row)
    return SequentialTable(header, header_row + 1, records, height=len(grid) - header_row)


def _sheet_of(path: File, wanted: str | int | None) -> Sheet:
    def choose(names: list[str], hidden: frozenset[str]) -> str:
        return _sheet_name(path, names, hidden, wanted)

    with reading(path):
        try:
            return read_sheet(_content(path), choose)
        except BadSheet as error:
            raise SourceError(f"{path}: {error}") from None


def sheets_of(path: File) -> tuple[list[str], frozenset[str]]:
    """The names of a workbook's sheets, and which of them are hidden. Raises SourceError."""

    def told(names: list[str], hidden: frozenset[str]) -> str:
        raise _Named(names, hidden)

    with reading(path):
        try:
            read_sheet(_content(path), told)
        except BadSheet as error:
            raise SourceError(f"{path}: {error}") from None
        except _Named as found:
            return found.names, found.hidden
    raise AssertionError("a sheet is chosen before it is read")


class _Named(Exception):
    """The sheets' names are known, and no sheet is to be read."""

    def __init__(self, names: list[str], hidden: frozenset[str]) -> None:
        self.names, self.hidden = names, hidden


def _content(path: File) -> Path | bytes:
    if isinstance(path, Path):
        return path
    with path.stream() as file:
        return file.read()


def _sheet_name(path: File, names: list[str], hidden: frozenset[str], sheet: str | int | None) -> str:
    if sheet is None:
        # The first that a person sees; of sheets that are all hidden, the first.
        return next((name for name in names if name not in hidden), names[0])
    if isinstance(sheet, int) and 1 <= sheet <= len(names):
        return names[sheet - 1]
    if isinstance(sheet, str) and sheet in names:
        return sheet
    shown = list(map(visible, names))
    raise SourceError(f"{path}: no sheet '{sheet}'{perhaps(str(sheet), shown)}; its sheets are: {', '.join(shown)}")


def _header(path: File, cells: list[Any], row: int) -> tuple[str, ...]:
    texts = ["" if cell is None else str(cell) for cell in map(native, cells)]
    while texts and not texts[-1].strip():
        texts.pop()
    if not texts:
        raise SourceError(f"{path} row {row}, which has to be the header, is blank; check `sheet` and `header_row`")
    try:
        return column_names(texts)
    except ValueError as error:
        raise SourceError(f"{path} row {row}: {error}") from None


def _records(sheet: Sheet, header: tuple[str, ...], header_row: int) -> Iterator[ReadRow]:
    import petl

    width, given = len(header), sheet.cells[header_row:]
    table = petl.setheader(petl.skip(petl.wrap(sheet.cells), header_row - 1), header)
    # Without failonerror petl would turn a cell that cannot be converted into None.
    rows = petl.data(petl.convertall(table, native, failonerror=True))
    for number, (row, converted) in enumerate(zip(given, rows, strict=True), start=header_row + 1):
        cells = [*converted[:width], *[None] * (width - len(row))]
        yield cells, _fault(sheet, number, row, cells)


def _fault(sheet: Sheet, row: int, given: list[Any], cells: list[Any]) -> Unfit | CellFault | None:
    if row in sheet.faults:
        column, reason = sheet.faults[row]
        return CellFault(column - 1, reason) if column <= len(cells) else reason
    if len(given) > len(cells):
        filled = next((number for number in range(len(given), len(cells), -1) if given[number - 1] != ""), 0)
        if filled:
            return ragged(filled, len(cells))
    # Every number that is neither too long nor whole has become an int.
    if float in map(type, cells):
        for column, cell in enumerate(cells, start=1):
            if type(cell) is float and abs(cell) >= EXACT and cell.is_integer():
                return CellFault(column - 1, _too_long(name(row, column)))
    return None


def _too_long(cell: str) -> Unfit:
    words = "cell {cell} holds a whole number of more than 15 digits, of which Excel keeps 15; store the column as text"
    return Unfit("row:digits", None, words, cell=cell)


def native(cell: Any) -> Any:
    if type(cell) is float and cell.is_integer() and abs(cell) < EXACT:
        return int(cell)
    return None if cell == "" else cell


def _sheet(value: object) -> object:
    if value is None or (isinstance(value, str | int) and not isinstance(value, bool)):
        return value
    raise ValueError(f"{value!r} is neither a sheet's name nor its number")


EXCEL = Kind(
    "excel",
    "A sheet of a workbook: .xlsx, .xls, .xlsb or .ods.",
    holding_nothing(open_excel),
    (
        Option(
            "sheet",
            "the sheet's name, or its number from 1. Default: the first.",
            _sheet,
            {"type": ["string", "integer"], "examples": ["Customers", 1]},
        ),
        Option(
            "header_row",
            "the row that holds the columns' names. Default: 1.",
            row_number,
            {"type": "integer", "examples": [1], "minimum": 1, "maximum": 1048576},
            1,
        ),
        TRIM,
        NORMALIZE,
        COUNTERS,
    ),
    mistakes={
        "no sheet '...'": "`sheet` names none of those that the message lists",
        "which has to be the header, is blank": "the names are in another row: `header_row`, or in another `sheet`",
        "is not a workbook": "shops export CSV or HTML as .xls; look at it in an editor, and read it as `csv`",
        "which is more than is read": "delete a stray cell's row and column, or save the sheet as CSV",
    },
    examples=("customers.xlsx",),
)
