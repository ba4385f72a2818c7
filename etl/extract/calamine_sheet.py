"""A sheet as calamine reads it. As a program of its own, so that a workbook which ends calamine ends nothing else.

Run as `python -m etl.extract.calamine_sheet`, it takes (workbook, sheet) and gives (names, cells), or a sentence, as pickles.
"""

from __future__ import annotations

import io
import pickle
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl.extract.sheet_bounds import BadSheet, SheetBounds
from etl.extract.sheet_rows import only_real_moments
from etl.extract.xls_scan import Faults, bounds_of
from etl.findings import Sentence, said
from etl.terminal import visible

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

MEMORY = 8 << 30

Workbook = Path | bytes
Grid = list[list[Any]]


def open_workbook(workbook: Workbook) -> CalamineWorkbook:
    """Raises BadSheet."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        if isinstance(workbook, Path):
            return CalamineWorkbook.from_path(workbook)
        return CalamineWorkbook.from_filelike(io.BytesIO(workbook))
    except PasswordError:
        raise BadSheet(said("is protected by a password; save it without one")) from None
    except CalamineError:
        raise BadSheet(_unopened(workbook)) from None


def names_of(workbook: CalamineWorkbook) -> tuple[list[str], frozenset[str]]:
    """The sheets' names, and those that are hidden or no sheets of cells."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    sheets = workbook.sheets_metadata
    seen = {
        one.name for one in sheets if one.visible == SheetVisibleEnum.Visible and one.typ == SheetTypeEnum.WorkSheet
    }
    return workbook.sheet_names, frozenset(workbook.sheet_names) - seen


def cells_of(workbook: CalamineWorkbook, sheet: str) -> Grid:
    """From A1 on; "" for a blank cell. Raises BadSheet."""
    from python_calamine import CalamineError

    try:
        found: Grid = workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    except CalamineError:
        words = "is damaged (the cells of the sheet '{name}' cannot be read); save it anew in a spreadsheet program"
        raise BadSheet(said(words, name=visible(sheet))) from None
    return found


SIGNS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""What an .xlsx, .xlsb or .ods begins with, and an .xls."""


def _unopened(workbook: Workbook) -> Sentence:
    with workbook.open("rb") if isinstance(workbook, Path) else io.BytesIO(workbook) as file:
        begins = file.read(4)
    if begins == SIGNS[1] and isinstance(workbook, Path) and workbook.suffix.lower() != ".xls":
        return said("is an old workbook under another name, or one that is damaged; give it a name that ends in .xls")
    if begins in SIGNS:
        return said("is not a workbook, or one that is damaged or cut off; fetch it again, or save it anew")
    return said("is not a workbook; what shops export as .xls is often CSV or HTML, open it in an editor to see")


def in_another_process(workbook: Workbook, sheet: str | None) -> tuple[list[str], frozenset[str], Grid, Faults]:
    """The sheets' names, the hidden ones, a sheet's cells (None: no sheet's), and those that show an error. Raises BadSheet."""
    command = [sys.executable, "-m", "etl.extract.calamine_sheet"]
    done = subprocess.run(  # noqa: S603 - our own interpreter
        command, input=pickle.dumps((workbook, sheet)), capture_output=True, check=False
    )
    if done.returncode != 0:
        words = "is damaged: reading it ended with {signal}; save it anew as .xlsx"
        raise BadSheet(said(words, signal=_end(done.returncode)))
    answer = pickle.loads(done.stdout)  # noqa: S301 - written by our own process
    if isinstance(answer, str):
        raise BadSheet(answer)
    names, hidden, cells, faults = answer
    return names, hidden, cells, faults


def _end(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _answer(workbook: Workbook, sheet: str | None) -> object:
    try:
        opened = open_workbook(workbook)
        names, hidden = names_of(opened)
        cells = [] if sheet is None else cells_of(opened, sheet)
        _check_bounds(cells)
        found = SheetBounds() if sheet is None else bounds_of(workbook, names.index(sheet))
        only_real_moments(cells, found.faults, found.doubtful)
    except BadSheet as error:
        return error.text
    return names, hidden, cells, found.faults


def _check_bounds(cells: Grid) -> None:
    bounds = SheetBounds()
    for row, one in enumerate(cells, start=1):
        last = next((number for number in range(len(one), 0, -1) if one[number - 1] != ""), 0)
        if last:
            bounds.filled(row, last)


def _bound_memory() -> None:
    """A count that is damaged asks for more memory than there is; asked for in vain, it ends the process at once."""
    with suppress(ImportError, ValueError, OSError):  # not every system has such a bound
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))


if __name__ == "__main__":
    _bound_memory()
    sys.stdout.buffer.write(pickle.dumps(_answer(*pickle.load(sys.stdin.buffer))))  # noqa: S301 - written by our parent
