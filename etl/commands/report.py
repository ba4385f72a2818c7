"""The report of a package, again: every dry-run and run has written one into it."""

from __future__ import annotations

from pathlib import Path

from etl.commands.packages import package_of
from etl.commands.report_files import Report, write_report
from etl.commands.summing import upload_of
from etl.commands.which import Which
from etl.report.page.facts import Telling


def report(which: Which, path: Path | None, telling: Telling) -> Report:
    """Write the report of a package anew: of the one that was named, or of the newest. With its upload, where there was one."""
    package = package_of(which, path)
    return write_report(package, telling, upload_of(which, package, telling))
