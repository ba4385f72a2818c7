"""The nearest right name for a wrong one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

MOST_NAMED = 30
"""Names that are all told where none is near the one that somebody wrote."""

_PERSONAL = re.compile(r"\S@\S|(?:\d[ ()./-]*){7}")
"""An e-mail address, or a number of seven digits or more: no name of a column, but what stands in one."""
_NUMBER = re.compile(r"(?!(?:19|20)\d\d$)\d+(?:[.,]\d+)*")
"""A number alone, such as the first customer's; a year may head a column."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name most like `word`, whatever its case; None when nothing is near."""
    by_fold = {name.casefold(): name for name in known}
    found = get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[found[0]] if found else None


def perhaps(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the known name most like `word`, or nothing."""
    near = nearest(word, known)
    return f"; did you mean '{near}'?" if near else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the nearest one, or all there are when they are few."""
    names = list(known)
    near = perhaps(word, names)
    if near:
        return near
    if names and len(names) <= MOST_NAMED:
        return f"; there is {', '.join(sorted(names))}"
    return ""


def look_like_data(names: Iterable[str]) -> bool:
    """Whether the names of columns are a row: that of the first customer, in a file without a header line."""
    known = set(names)
    # PHP writes each value twice where it was not told otherwise: under its name, and under its place from 0 on.
    numbered = "0" in known
    return any(_PERSONAL.search(name) or (not numbered and _NUMBER.fullmatch(name)) for name in known)


NO_HEADER = "the first row looks like data; for a file without a header line, list its columns' names as `header:`"


def column_hint(word: str, columns: Iterable[str]) -> str:
    """The end of a message about an unknown column. Names that look like data are nobody's to see."""
    names = list(columns)
    return f"; {NO_HEADER}" if look_like_data(names) else did_you_mean(word, names)
