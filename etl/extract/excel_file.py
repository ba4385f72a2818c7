"""The kind `excel`: a sheet of an xlsx, xls, xlsb or ods workbook.

Cells keep their types, but a number without a fraction becomes an int (customer 7 is stored as 7.0), a blank is None.
Rows keep the numbers the spreadsheet shows: a blank row is no row, but it is counted, as a blank line of a CSV is. Of
merged cells the first holds the value. A cell that shows an error, or a formula that was never computed, makes its row a
fault; of an .xls only the former is known. An .xlsx is read anew with each look, as a stream.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Any

from etl.errors import SourceError
from etl.expressions.cells import tidy
from etl.extract.columns import column_names
from etl.extract.kinds import COUNTERS, NORMALIZE, TRIM, Kind, Option, OptionValues, holding_nothing, row_number
from etl.extract.locations import File
from etl.extract.opening import existing_file, reading
from etl.extract.rows import BLANK, CellFault, ReadRow, SequentialTable, ragged
from etl.extract.sheet_bounds import BadSheet, name
from etl.extract.sheet_rows import EXACT, CellOfRow, Sheet, SheetNames
from etl.extract.spans import span_text
from etl.extract.workbooks import names_in, open_sheet
from etl.findings import Unfit
from etl.model import Table
from etl.suggest import perhaps
from etl.terminal import visible


def open_excel(location: str, settings: OptionValues) -> Table:
    path, header_row = existing_file(location), settings["header_row"]
    with _told(path):
        sheet = open_sheet(path, lambda names: _sheet_name(path, names, settings["sheet"]))
        header = _header_in(path, sheet, header_row)
    records = partial(_records, path, sheet, header, header_row, settings["trim"])
    height = None if sheet.height is None else sheet.height - header_row
    return SequentialTable(header, header_row + 1, records, height=height, reach=sheet.reach)


def sheets_of(path: File) -> SheetNames:
    """Raises SourceError."""
    with _told(path):
        return names_in(path)


@contextmanager
def _told(path: File) -> Iterator[None]:
    with reading(path):
        try:
            yield
        except BadSheet as error:
            raise SourceError(f"{path}: {error}") from None


def _header_in(path: File, sheet: Sheet, header_row: int) -> tuple[str, ...]:
    count = 0
    with closing(sheet.rows()) as rows:
        for count, (cells, fault) in enumerate(rows, start=1):
            if count < header_row:
                continue
            if fault is not None:
                raise SourceError(f"{path} row {header_row}, which has to be the header: {fault[1]}")
            return _header(path, cells, header_row)
    there = f"{count} row{'' if count == 1 else 's'}" if count else "no rows"
    raise SourceError(
        f"{path}: the sheet has {there}, so row {header_row} cannot be its header; check `sheet` and `header_row`"
    )


def _sheet_name(path: File, names: SheetNames, sheet: str | int | None) -> str:
    if sheet is None:
        # The first that a person sees; of sheets that are all hidden, the first.
        return next((name for name in names.all if name not in names.hidden), names.all[0])
    if isinstance(sheet, int) and 1 <= sheet <= len(names.all):
        return names.all[sheet - 1]
    if isinstance(sheet, str) and sheet in names.all:
        return sheet
    shown = list(map(visible, names.all))
    raise SourceError(f"{path}: no sheet '{sheet}'{perhaps(str(sheet), shown)}; its sheets are: {', '.join(shown)}")


def _header(path: File, cells: list[Any], row: int) -> tuple[str, ...]:
    texts = ["" if cell is None else str(_single(cell)) for cell in cells]
    while texts and not texts[-1].strip():
        texts.pop()
    if not texts:
        raise SourceError(f"{path} row {row}, which has to be the header, is blank; check `sheet` and `header_row`")
    try:
        return column_names(texts)
    except ValueError as error:
        raise SourceError(f"{path} row {row}: {error}") from None


def _records(path: File, sheet: Sheet, header: tuple[str, ...], header_row: int, trims: bool) -> Iterator[ReadRow]:
    width = len(header)
    with _told(path), closing(sheet.rows()) as rows:
        for number, (given, fault) in enumerate(islice(rows, header_row, None), start=header_row + 1):
            reach = _reach(given, trims)
            if not reach and fault is None:
                yield BLANK
                continue
            cells = [*given[:width], *[None] * (width - len(given))]
            if timedelta in map(type, cells):
                cells = list(map(_single, cells))
            yield cells, _fault(number, reach, cells, fault)


def _reach(cells: list[Any], trims: bool) -> int:
    """How many cells there are up to the last one that holds something; blanks are nothing where cells are trimmed."""
    reach = len(cells)
    while reach and _holds_nothing(cells[reach - 1], trims):
        reach -= 1
    return reach


def _single(cell: Any) -> Any:
    """A cell as expressions know cells: a duration is none of their types."""
    return span_text(cell) if isinstance(cell, timedelta) else cell


def _holds_nothing(cell: Any, trims: bool) -> bool:
    return cell is None or (trims and isinstance(cell, str) and not tidy(cell))


def _fault(row: int, given: int, cells: list[Any], fault: CellOfRow | None) -> Unfit | CellFault | None:
    if fault is not None:
        column, reason = fault
        return CellFault(column - 1, reason) if column <= len(cells) else reason
    if given > len(cells):
        return ragged(given, len(cells))
    # Every number that is neither too long nor whole has become an int.
    if float in map(type, cells):
        for column, cell in enumerate(cells, start=1):
            if type(cell) is float and abs(cell) >= EXACT and cell.is_integer():
                return CellFault(column - 1, _too_long(name(row, column)))
    return None


def _too_long(cell: str) -> Unfit:
    words = "cell {cell} holds a whole number of more than 15 digits, of which Excel keeps 15; store the column as text"
    return Unfit("row:digits", None, words, cell=cell)


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
