"""The kind `excel`: a sheet of an xlsx, xls, xlsb or ods workbook, through calamine and petl.

Cells keep their types, but a number without a fraction becomes an int (customer 7 is stored as 7.0), a blank is None.
Rows keep the numbers the spreadsheet shows, so a blank row between others is a row of blanks; blank rows at the end are
not rows. Of merged cells the first holds the value. A cell that shows an error (#N/A) is blank: calamine gives no more.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from etl.errors import SourceError
from etl.extract.columns import column_names
from etl.extract.kinds import TRIM, Kind, Option, Settings, holding_nothing, row_number
from etl.extract.locations import File, RemoteFile
from etl.extract.opening import existing_file, reading
from etl.extract.rows import Record, SequentialTable, ragged
from etl.model import Table
from etl.suggest import perhaps

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

EXACT = 10**15
"""Excel keeps 15 digits; a larger number has lost its last ones already and stays the float it is."""


def open_excel(location: str, settings: Settings) -> Table:
    path, header_row = existing_file(location), settings["header_row"]
    grid = _grid(path, settings["sheet"])
    if len(grid) < header_row:
        rows = f"{len(grid)} row{'' if len(grid) == 1 else 's'}" if grid else "no rows"
        raise SourceError(
            f"{path}: the sheet has {rows}, so row {header_row} cannot be its header; check `sheet` and `header_row`"
        )
    header = _header(path, grid[header_row - 1], header_row)
    return SequentialTable(header, header_row + 1, lambda: _records(grid, header, header_row))


def _grid(path: File, sheet: str | int | None) -> list[list[Any]]:
    """All cells from A1 on, without the blank rows at the end."""
    from python_calamine import CalamineError, PasswordError

    try:
        with reading(path), _workbook(path) as workbook:
            name = _sheet_name(path, workbook.sheet_names, sheet)
            grid: list[list[Any]] = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except PasswordError:
        raise SourceError(f"{path}: is protected by a password; save it without one") from None
    except CalamineError as error:
        raise SourceError(
            f"{path}: is not a workbook ({str(error).split(' (')[0]}); "
            "what shops export as .xls is often CSV or HTML, open it in an editor to see"
        ) from None
    while grid and all(cell == "" for cell in grid[-1]):
        grid.pop()
    return grid


def _workbook(path: File) -> CalamineWorkbook:
    from python_calamine import CalamineWorkbook

    if not isinstance(path, RemoteFile):
        return CalamineWorkbook.from_path(path)
    with path.stream() as file:
        return CalamineWorkbook.from_filelike(io.BytesIO(file.read()))


def _sheet_name(path: File, names: list[str], sheet: str | int | None) -> str:
    if sheet is None:
        return names[0]
    if isinstance(sheet, int) and 1 <= sheet <= len(names):
        return names[sheet - 1]
    if isinstance(sheet, str) and sheet in names:
        return sheet
    raise SourceError(f"{path}: no sheet '{sheet}'{perhaps(str(sheet), names)}; its sheets are: {', '.join(names)}")


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


def _records(grid: list[list[Any]], header: tuple[str, ...], header_row: int) -> Iterator[Record]:
    import petl

    width = len(header)
    rows = petl.setheader(petl.skip(petl.wrap(grid), header_row - 1), header)
    for row in petl.data(petl.convertall(rows, native, failonerror=True)):
        cells = list(row[:width]) + [None] * (width - len(row))
        filled = next((number for number in range(len(row), width, -1) if row[number - 1] != ""), 0)
        yield cells, ragged(filled, width) if filled else ""


def native(cell: Any) -> Any:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < EXACT:
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
    ),
    examples=("customers.xlsx",),
)
