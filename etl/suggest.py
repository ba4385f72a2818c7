"""The nearest right name for a wrong one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

ROW_NUMBER = "row_number"
"""What may be asked for beside the columns of a file (extract/numbering.py)."""

MOST_NAMED = 30
"""Names that are all told where none is near the one that somebody wrote."""

_PERSONAL = re.compile(r"\S@\S|(?:\d[ ()./-]*){7}")
"""An e-mail address, or a number of seven digits or more: no name of a column, but what stands in one."""
_NUMBER = re.compile(r"(?!(?:19|20)\d\d$)\d+(?:[.,]\d+)*")
"""A number alone, such as the first customer's; a year may head a column."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name most like `word`, whatever its case; None when nothing is near."""
    from difflib import get_close_matches

    by_fold = {name.casefold(): name for name in known}
    found = get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[found[0]] if found else None


def perhaps(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the known name most like `word`, or nothing."""
    near = nearest(word, known)
    return f"; did you mean '{near}'?" if near else ""


def nearest_or_all(word: str, known: Iterable[str]) -> tuple[str | None, str]:
    """The nearest known name; where none is near, all there are, when they are few."""
    names = sorted(known)
    near = nearest(word, names)
    return near, ", ".join(names) if near is None and len(names) <= MOST_NAMED else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name."""
    near, there = nearest_or_all(word, known)
    if near:
        return f"; did you mean '{near}'?"
    return f"; there is {there}" if there else ""


def look_like_data(names: Iterable[str]) -> bool:
    """Whether the names of columns are a row: that of the first customer, in a file without a header line."""
    known = set(names)
    # PHP writes each value twice where it was not told otherwise: under its name, and under its place from 0 on.
    numbered = "0" in known
    return any(_PERSONAL.search(name) or (not numbered and _NUMBER.fullmatch(name)) for name in known)


NO_HEADER = "the first row looks like data; for a file without a header line, list its columns' names as `header:`"


LIKE_ITS_ROWS = (
    "the first row is written as those below it, and none of its words is known for a column's name, so it is not shown; for a "
    "file without a header line, list its columns' names as `header:`, else --show-data shows them"
)

MAYBE_NO_HEADER = (
    "none of the names that the mapping uses heads a column; for a file without a header line, list its columns' names as "
    "`header:`, else write the names as the file has them"
)
_AS_NAMES = re.compile(r"[^\W\d_]+(?:[ .'-]+[^\W\d_]+)*\.?")
"""Words of letters, as people and towns are called."""


def may_be_people(names: Collection[str]) -> bool:
    """Whether the names of columns may be a row of nothing but names: each of its words begins as those of people and towns."""
    return bool(names) and all(
        _AS_NAMES.fullmatch(name) and all(word[0].isupper() for word in re.findall(r"[^\W\d_]+", name))
        for name in names
    )


def is_written_alike(name: str, cells: Iterable[str]) -> bool:
    """Whether a name is written as one of the cells below it is: in figures, in capitals, in small letters, as a title."""
    return _writing(name) in map(_writing, cells)


def _writing(text: str) -> tuple[bool, bool, bool, bool]:
    return any(map(str.isdigit, text)), text.isupper(), text.islower(), text.istitle()


def why_unknown(
    word: str, columns: Iterable[str], used: Collection[str] = (), absent: Mapping[str, str] | None = None
) -> str | None:
    """Why a column is not there; None where it may be misspelt, for which the names that are there can be told.

    Names that look like data are nobody's to see, and neither are those that may be people's, where the mapping has none of the
    names that it uses among them. `used` are these; empty: not known. `absent` are columns that the table should have, each with
    why it has not."""
    if absent and word in absent:
        return absent[word]
    names = list(columns)
    if look_like_data(names):
        return NO_HEADER
    headers = [name for name in names if name != ROW_NUMBER]
    return MAYBE_NO_HEADER if used and not set(used) & set(headers) and may_be_people(headers) else None


def column_hint(
    word: str, columns: Collection[str], used: Collection[str] = (), absent: Mapping[str, str] | None = None
) -> str:
    """The end of a message about an unknown column (see why_unknown)."""
    why = why_unknown(word, columns, used, absent)
    return did_you_mean(word, columns) if why is None else f"; {why}"
