"""The tuples of one INSERT in a few steps of the whole text, where nothing in it asks for more; a third of the time.

`tuples` of insert.py reads any INSERT; `quick_rows` gives the same rows, or None when it must not be sure of that.
"""

from __future__ import annotations

import csv
import io
import re
from functools import lru_cache

from etl.dumps.insert import ESCAPED

_ITEM = r"(?:'|NULL|[-+]?\.?[0-9][-+0-9.eE]*+)"
"""What stands between commas once texts are taken out: the place of one, or a plain value."""
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_QUOTE, _BACKSLASH = "\ue001", "\ue002"
"""Stand for an escaped quote and backslash while texts are told from what is between them. From Unicode's private range."""
_MEANT = {letter.decode(): meant.decode().replace("\\", _BACKSLASH) for letter, meant in ESCAPED.items()}
_MEANT |= {"'": _QUOTE, "\\": _BACKSLASH}


def quick_rows(values: str) -> list[list[str]] | None:
    """The rows of `(1,'a'),(2,NULL)`, with NULL as a word. None where a text is that word, and where anything rare stands."""
    if _QUOTE in values or _BACKSLASH in values or "'NULL'" in values:
        return None
    if "\\" in values:
        values = _ESCAPE.sub(lambda match: _MEANT.get(match[1], match[1]), values)
    separator = "),\n(" if "),\n(" in values else "),("
    parts = values.split("'")
    # Every second part is within quotes. What is between them has to be tuples of plain values, to the letter.
    if not _tuples(separator).fullmatch("'".join(parts[0::2])) or separator in "\0\0".join(parts[1::2]):
        return None
    lines = io.StringIO(values[1:-1].replace(separator, "\n"), newline="")
    try:
        rows = list(csv.reader(lines, quotechar="'", skipinitialspace=True, strict=True))
    except csv.Error:
        return None
    if _QUOTE in values or _BACKSLASH in values:
        return [[cell.replace(_QUOTE, "'").replace(_BACKSLASH, "\\") for cell in row] for row in rows]
    return rows


@lru_cache(maxsize=2)
def _tuples(separator: str) -> re.Pattern[str]:
    row = rf"\({_ITEM}(?:, ?{_ITEM})*+\)"
    return re.compile(rf"{row}(?:{re.escape(separator[1:-1])}{row})*+")
