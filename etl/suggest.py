"""The nearest right name for a wrong one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


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
    if names and len(names) <= 30:
        return f"; there is {', '.join(sorted(names))}"
    return ""
