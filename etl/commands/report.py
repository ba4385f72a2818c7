"""The report of a package, again: every dry-run and run has written one into it."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from etl.commands.packages import package_of
from etl.commands.report_files import Report, telling_of, write_report
from etl.commands.settings import Language
from etl.commands.summing import upload_of
from etl.commands.which import Which
from etl.commands.workbook import renew_workbook


def renew_report(
    which: Which, path: Path | None, *, show_data: bool = False, language: Language | None = None
) -> Report:
    """Write the report of a package anew: of the one that was named, or of the newest. With its upload, where there was one.

    `language`: None is the one the package was made in. The workbook of rejects is written anew where it is gone, and where it
    is in another one, and nobody has edited it.
    """
    package = package_of(which, path)
    telling = telling_of(package, show_data=show_data, language=language)
    if which.target is not None:
        which.journal()  # that nothing was sent to a target of this name is no reason to leave the upload out in silence
    written = write_report(package, telling, upload_of(which, package, telling))
    match renew_workbook(package, telling.catalogue):
        case Path() as book:
            return replace(written, workbook=book)
        case str() as why:
            return replace(written, notes=(why,))
    return written
