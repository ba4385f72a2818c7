"""The workbook of rejected rows, and what it suggests: the nearest entry of a lookup, a telephone without what is no digit."""

from __future__ import annotations

import re
from pathlib import Path

from etl.expressions import LOOKUP, Resources
from etl.expressions.functions.contact import phone
from etl.files import write_private
from etl.findings import Unfit
from etl.package import Package, Reject
from etl.report.workbook import Suggest, workbook
from etl.suggest import nearest

BOOK = "rejects.xlsx"


def write_workbook(package: Package, resources: Resources) -> Path | None:
    """Write rejects.xlsx into the package, which only the owner may read: it is unmasked. None: no row is rejected."""
    made = workbook(package, suggestions(resources))
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
            known[table, entry] = nearest(entry, map(str, lookups[table]))
        return known[table, entry]

    return suggest


def _telephone(value: str) -> str | None:
    """The number without letters and signs, when that is one."""
    digits = re.sub(r"[^\d+]", "", value)
    try:
        found = phone(digits) if digits else None
    except Unfit:
        return None
    return str(found) if found else None
