"""The workbook of rejected rows, and what it suggests: the nearest entry of a lookup, a telephone without what is no digit.

A stamp beside it tells whether somebody has edited it since, and what it suggests: so it can be written anew, in another
language, without the sources.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from hashlib import sha256
from pathlib import Path

from msgspec import DecodeError, Struct, json

from etl.expressions import LOOKUP, Resources
from etl.expressions.functions.contact import phone
from etl.files import sha256_of, write_private
from etl.findings import Sentence, Unfit, said
from etl.package import Package, Reject
from etl.report.catalogue import Catalogue
from etl.report.workbook import workbook
from etl.suggest import nearest

BOOK, STAMP = "rejects.xlsx", "rejects.json"

ALIKE = 0.75
"""How like an entry is to one that is suggested: `USDD` to `USD`, not `BERLİN` to `MERSİN`."""


def write_workbook(package: Package, resources: Resources, catalogue: Catalogue) -> Path | None:
    """Write rejects.xlsx into the package, which only the owner may read: it is unmasked. None: no row is rejected."""
    return _written(package, Suggestions(resources.get(LOOKUP, {}), {}), catalogue)


def renew_workbook(package: Package, catalogue: Catalogue) -> Path | Sentence | None:
    """Write rejects.xlsx anew where it is gone, or is in another language, and nobody has edited it; where somebody has, that
    is said.

    None: it is in this language, or no row is rejected.
    """
    book, stamp = package.path / BOOK, _stamp(package)
    known: dict[str, dict[str, str | None]] = {}
    if stamp is not None:
        known = {table: dict(entries) for table, entries in stamp.suggested.items()}
    if not book.exists():
        return _written(package, Suggestions({}, known), catalogue)
    if stamp is not None and stamp.language == catalogue.language:
        return None
    if stamp is None or sha256_of(book) != stamp.sha256 or _is_open(book):
        return said(
            "{path}: may have been edited, or is open, and stays as it is; `etl fix MAPPING {book}` takes what was mended, "
            "`etl dry-run MAPPING --language {language}` makes a new one",
            path=str(book), book=shlex.quote(str(book)), language=catalogue.language,
        )  # fmt: skip
    return _written(package, Suggestions({}, known), catalogue)


def _is_open(book: Path) -> bool:
    """Whether a spreadsheet program has it open: Excel and LibreOffice leave a file beside it so long."""
    return any((book.parent / name).exists() for name in (f"~${book.name}", f".~lock.{book.name}#"))


class BookStamp(Struct, frozen=True):
    """Of the workbook as it was written. `suggested`: of each lookup, for the entries that it lacks."""

    language: str
    sha256: str
    suggested: Mapping[str, Mapping[str, str | None]]


def _stamp(package: Package) -> BookStamp | None:
    """None: there is none, as in older packages, or it cannot be read."""
    try:
        return json.decode((package.path / STAMP).read_bytes(), type=BookStamp)
    except (OSError, DecodeError):
        return None


def _written(package: Package, suggest: Suggestions, catalogue: Catalogue) -> Path | None:
    made = workbook(package, suggest, catalogue)
    if made is None:
        return None
    book = package.path / BOOK
    # The stamp first: of a workbook that could not be written then, it says that it is another one.
    stamp = BookStamp(catalogue.language, sha256(made).hexdigest(), suggest.known)
    write_private(package.path / STAMP, json.encode(stamp))
    write_private(book, made)
    return book


class Suggestions:
    """What to write into a cell instead. `known`: by lookup and entry, what was suggested before."""

    def __init__(self, lookups: Mapping[str, Iterable[object]], known: dict[str, dict[str, str | None]]) -> None:
        self._lookups, self.known = lookups, known

    def __call__(self, one: Reject) -> str | None:
        if one.rule.startswith("function:phone"):
            return _telephone(str(one.value))
        if one.rule != "function:lookup":
            return None
        table, entry = str(one.parts.get("table")), str(one.parts.get("entry"))
        known = self.known.get(table, {})
        if entry not in known and table in self._lookups:
            self.known[table] = known = {**known, entry: _alike(entry, self._lookups[table])}
        return known.get(entry)


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
