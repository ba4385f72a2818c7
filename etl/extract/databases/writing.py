"""How rows that have come from elsewhere lie in a file of ours: as CSV whose delimiter and quote no shop's text has.

So hardly a cell needs quotes: a row is written by joining its cells, and read by parting its line. Only a text that holds a line
break, or one of the two, stands in quotes. A snapshot that is kept says which marks it was written with (kept.KeptRows).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO

from etl.dumps.picking import picker
from etl.extract.csv_format import CsvFormat

DELIMITER, QUOTE = "\x1f", "\x02"
"""ASCII's unit separator and its start of text. The quote is no blank: csv_quotes looks behind blanks for quotes."""

AT_ONCE = 32
"""Rows that are written together, which is quicker; few, since a cell may hold a whole picture."""

_DELIMITER, _QUOTE = DELIMITER.encode(), QUOTE.encode()
_BREAKS = re.compile(f"[\r\n{QUOTE}]")
_NOT_BARE = re.compile(f"[\r\n{DELIMITER}{QUOTE}]")


def spooled(width: int, delimiter: str = DELIMITER, quote: str = QUOTE) -> CsvFormat:
    """The form of a file of rows with so many cells."""
    return CsvFormat(delimiter=delimiter, quote=quote, trim=False, width=width, own=True)


def write_rows(rows: Iterable[Sequence[object]], positions: Sequence[int] | None, file: BinaryIO) -> int:
    """Rows in the form of `spooled`; of each the cells at `positions`, or all. None is a blank cell, and bytes are lowercase
    hexadecimal digits; text that is no UTF-8 keeps its bytes.
    """
    pick = None if positions is None else picker(positions)
    coming, count = iter(rows), 0
    while some := list(islice(coming, AT_ONCE)):
        picked = some if pick is None else list(map(pick, some))
        file.write(lines_of(picked))
        count += len(some)
    return count


def lines_of(rows: Sequence[Sequence[object]]) -> bytes:
    """Some rows of one width, at least one."""
    lines, width = _joined(rows), len(rows[0])
    text = _encoded("\n".join(lines) + "\n")
    return text if are_bare(text, len(rows), width) else _encoded("".join(_careful(rows, lines, width)))


def _joined(rows: Sequence[Sequence[object]]) -> list[str]:
    """Nearly every cell is a text or NULL: to look what each is takes half as long again as to join them."""
    join: Any = DELIMITER.join
    try:
        return list(map(join, rows))
    except TypeError:
        try:
            return [join(["" if one is None else one for one in row]) for row in rows]
        except TypeError:
            return [join([one if type(one) is str else _text(one) for one in row]) for row in rows]


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(cell: object) -> str:
    if cell is None:
        return ""
    return cell.hex() if isinstance(cell, bytes) else str(cell)


def are_bare(lines: bytes, rows: int, width: int) -> bool:
    """Whether lines are so many rows as they stand. A blank line would be none, so a row of one cell is looked at by itself."""
    return (
        width > 1
        and lines.count(b"\n") == rows
        and lines.count(_DELIMITER) == rows * (width - 1)
        and b"\r" not in lines
        and _QUOTE not in lines
    )


def _careful(rows: Sequence[Sequence[object]], lines: Sequence[str], width: int) -> Iterator[str]:
    for row, line in zip(rows, lines, strict=True):
        bare = width > 1 and line.count(DELIMITER) == width - 1 and not _BREAKS.search(line)
        yield f"{line}\n" if bare else f"{DELIMITER.join(_quoted(row))}\n"


def _quoted(row: Sequence[object]) -> Iterator[str]:
    for cell in map(_text, row):
        bare = not _NOT_BARE.search(cell) and (cell or len(row) > 1)
        yield cell if bare else f"{QUOTE}{cell.replace(QUOTE, QUOTE * 2)}{QUOTE}"


def without_quoted_blanks(lines: bytes) -> bytes:
    """Rows of several cells, as a server has written them, with blank cells bare: PostgreSQL quotes a text that is blank."""
    if _QUOTE not in lines or _QUOTE * 3 in lines or lines.count(_QUOTE) != 2 * lines.count(_QUOTE * 2):
        return lines
    return lines.replace(_QUOTE * 2, b"")  # no quote stands by itself, so none is around anything
