"""Quotes where csv takes them for letters, and what an escape means.

`2"Chair, low",x` is three cells to csv, and five to nobody: a cell that was cut at its delimiter because its quotes are broken. A
quote in the middle of a cell (`5" pipe`) is a letter all the same. The parsed cells cannot tell the two from `"5"" pipe"`,
so they only tell that a look at the raw text is due.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from etl.extract.csv_format import CsvFormat
from etl.findings import Unfit


def is_suspect(cells: Sequence[str], quote: str) -> bool:
    """Whether a row's parsed cells may come from broken quotes."""
    # Nearly always the quotes were around cells, and are gone.
    if quote not in "".join(cells):
        return False
    holds = False
    for cell in cells:
        if quote in cell:
            if cell[0] != quote and cell.lstrip()[0] == quote:
                return True
            if holds and cell.rstrip()[-1] == quote:
                return True
            holds = True
    return False


def stray_quote(cells: Sequence[str], record: Sequence[str], format: CsvFormat) -> Unfit | None:
    """What is wrong with the quotes of a record that csv has read into these cells."""
    if format.quote is None or not is_suspect(cells, format.quote):
        return None
    holder = 0
    for number, cell in enumerate(_bare_cells("".join(record), format), start=1):
        if format.quote not in cell:
            continue
        if cell.lstrip()[0] == format.quote:
            words = "cell {number} has a blank before its quote, so its quotes do not count; take the blank away"
            return Unfit("row:quote:blank", None, words, number=number)
        if holder and cell.rstrip()[-1] == format.quote:
            words = (
                "cell {holder} holds a quote in its middle and cell {number} ends in one; was one cell cut at its delimiter? "
                "Put it in quotes as a whole, with those in it doubled; where a quote is a letter, write `quote: null`"
            )
            return Unfit("row:quote:cut", None, words, holder=holder, number=number)
        holder = holder or number
    return None


def _bare_cells(text: str, format: CsvFormat) -> Iterator[str]:
    """Each cell as it is written, without what is escaped in it; "" for one in quotes. The text is one well-formed record."""
    text = text.rstrip("\r\n")
    cell, at = _cell(format), 0
    while True:
        found = cell.match(text, at)
        assert found is not None  # the pattern matches nothing, too
        bare = found["bare"] or ""
        yield re.sub(re.escape(format.escape) + "(?s:.)", "", bare) if format.escape else bare
        at = found.end() + 1
        if at > len(text):
            return


@lru_cache(maxsize=16)
def _cell(format: CsvFormat) -> re.Pattern[str]:
    """A cell: in quotes, or bare. Possessive, so that it takes linear time on any text."""
    quote, delimiter = re.escape(format.quote or ""), re.escape(format.delimiter)
    escape = re.escape(format.escape) if format.escape else ""
    escaped = f"|{escape}(?s:.)" if escape else ""
    blanks = " *+" if format.trim and format.delimiter != " " else ""
    quoted = f"{blanks}{quote}(?:[^{quote}{escape}]++|{quote}{quote}{escaped})*+{quote}(?={delimiter}|$)"
    return re.compile(f"{quoted}|(?P<bare>(?:[^{delimiter}{escape}]++{escaped})*+)")


CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}


def unescaped(text: str, format: CsvFormat) -> str:
    """A line with the escapes of databases as csv knows them: a letter for a control character becomes the character, escaped;
    a cell of \\N alone is their null, in quotes and without; one of \\\\N is a text."""
    escape = format.escape or ""

    def as_csv_reads(found: re.Match[str]) -> str:
        letter = found[1]
        if letter == "N" and _is_cell(text, found.start(), found.end(), format):
            return format.null
        return f"{escape}{CONTROLS.get(letter, letter)}"

    return re.sub(f"{re.escape(escape)}(.)", as_csv_reads, text, flags=re.DOTALL)


def _is_cell(text: str, start: int, end: int, format: CsvFormat) -> bool:
    """Whether what stands there is all of a cell, but for its quotes and the blanks that do not count."""
    start, end = _with_blanks(text, start, end, format)
    if format.quote and text[start - 1 : start] == format.quote == text[end : end + 1]:
        start, end = _with_blanks(text, start - 1, end + 1, format)
    before, after = text[start - 1 : start], text[end : end + 1]
    return before in ("", format.delimiter) and after in ("", format.delimiter, "\r", "\n")


def _with_blanks(text: str, start: int, end: int, format: CsvFormat) -> tuple[int, int]:
    blanks = " \t".replace(format.delimiter, "") if format.trim else ""
    while start and text[start - 1] in blanks:
        start -= 1
    while text[end : end + 1] and text[end] in blanks:
        end += 1
    return start, end
