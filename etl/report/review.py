"""The names of places that are on no list, as a CSV or a workbook in which a person fills in one column."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from etl.report.workbook import SETTINGS, shown

COLUMNS = ("place", "omnitron", "proposed", "near", "rows", "first")
"""`place` is the lookup's key, `omnitron` its value, which a person fills in; the others are for that person."""

WIDTHS = (48, 28, 28, 60, 8, 32)


class Unmatched(Struct, frozen=True):
    """A name that is on no list: the entry it is decided by, the one name that is likely, those that are near, its rows."""

    place: str
    proposed: str
    near: str
    rows: int
    first: str

    def cells(self) -> list[str]:
        return [self.place, "", self.proposed, self.near, str(self.rows), self.first]


def as_csv(found: Sequence[Unmatched]) -> bytes:
    """UTF-8 with its mark, by which Excel knows it."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([COLUMNS, *(one.cells() for one in found)])
    return text.getvalue().encode("utf-8-sig")


def as_workbook(found: Sequence[Unmatched]) -> bytes:
    from xlsxwriter import Workbook

    made = io.BytesIO()
    with Workbook(made, SETTINGS) as book:
        sheet = book.add_worksheet("places")
        head, text = book.add_format({"bold": True, "bottom": 1}), book.add_format({"num_format": "@", "valign": "top"})
        to_fill = book.add_format({"num_format": "@", "valign": "top", "bg_color": "#FFF2B3"})
        sheet.freeze_panes(1, 0)
        for at, (name, width) in enumerate(zip(COLUMNS, WIDTHS, strict=True)):
            sheet.set_column(at, at, width, text)
            sheet.write_string(0, at, name, head)
        for number, one in enumerate(found, 1):
            for at, cell in enumerate(one.cells()):
                sheet.write_string(number, at, shown(cell), to_fill if COLUMNS[at] == "omnitron" else text)
    return made.getvalue()


BOOKS: Mapping[str, Callable[[Sequence[Unmatched]], bytes]] = {".csv": as_csv, ".xlsx": as_workbook}


def written(found: Sequence[Unmatched], suffix: str) -> bytes:
    return BOOKS[suffix](found)
