"""The files of a report, in the folder of its package."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import orjson
from msgspec import Struct

from etl.files import write_private
from etl.package import Package
from etl.records import json_of
from etl.report.catalogue import catalogue_of
from etl.report.page.facts import JournalFacts, Telling, report_facts
from etl.report.page.render import page

PAGE, DATA = "report.html", "report.json"


class Report(Struct, frozen=True):
    """Where a report was written; and the workbook, where it was written anew. `notes` say where not."""

    page: Path
    data: Path
    workbook: Path | None = None
    notes: tuple[str, ...] = ()


def telling_of(package: Package, *, show_data: bool, language: str | None = None) -> Telling:
    """In the package's own language, when no other is named."""
    return Telling(show_data, catalogue_of(language or package.manifest.language))


def write_report(package: Package, telling: Telling, upload: JournalFacts | None = None) -> Report:
    """Write report.html and report.json into the package, which only the owner may read."""
    facts = report_facts(package, telling, upload).as_plain()
    written = Report(package.path / PAGE, package.path / DATA)
    write_private(written.data, json_of(facts, _plain, orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS))
    write_private(written.page, page(facts, telling.catalogue).encode("utf-8", "backslashreplace"))
    return written


def _plain(value: object) -> object:
    """An amount is a number with all of its digits, which a float would not have."""
    return orjson.Fragment(str(value)) if isinstance(value, Decimal) else str(value)
