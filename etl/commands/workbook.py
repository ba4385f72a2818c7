"""The workbook of rejected rows, and what it suggests: the nearest entry of a lookup, a telephone without what is no digit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from pathlib import Path

from etl.expressions import LOOKUP, Resources
from etl.expressions.functions.contact import phone
from etl.files import write_private
from etl.findings import Unfit
from etl.package import Package, Reject
from etl.report.catalogue import Catalogue
from etl.report.workbook import Suggest, workbook
from etl.suggest import nearest

BOOK = "rejects.xlsx"

ALIKE = 0.75
"""How like an entry is to one that is suggested: `USDD` to `USD`, not `BERLİN` to `MERSİN`."""


def write_workbook(package: Package, resources: Resources, catalogue: Catalogue) -> Path | None:
    """Write rejects.xlsx into the package, which only the owner may read: it is unmasked. None: no row is rejected."""
    made = workbook(package, suggestions(resources), catalogue)
    if made is None:
        return None
    write_private(package.path / BOOK, made)
    return package.path / BOOK


def suggestions(resources: Resources) -> Suggest:
    lookups = resources.get(LOOKUP, {})
    known: dict[tuple[str, str], str | None] = {}

    def suggest(one: Reject) -> str | None:
        if one.rule.startswith("function:phone"):
            return _telephone(str(one.value))
        table, entry = str(one.parts.get("table")), str(one.parts.get("entry"))
        if one.rule != "function:lookup" or table not in lookups:
            return None
        if (table, entry) not in known:
            known[table, entry] = _alike(entry, lookups[table])
        return known[table, entry]

    return suggest


def _alike(entry: str, entries: Iterable[object]) -> str | None:
    """The entry that it was most likely meant to be. Of codes in digits none is: 23 is no slip of 3."""
    found = None if entry.strip().isdigit() else nearest(entry, map(str, entries))
    alike = found is not None and SequenceMatcher(None, entry.casefold(), found.casefold()).ratio() >= ALIKE
    return found if alike else None


def _telephone(value: str) -> str | None:
    """The number without letters and signs, when that is one. Without those, it is the number that was refused."""
    digits = re.sub(r"[^\d+]", "", value)
    if digits == re.sub(r"[\s()./-]", "", value):
        return None
    try:
        found = phone(digits) if digits else None
    except Unfit:
        return None
    return str(found) if found else None
