"""Whether the files that rows come from are still the ones that were opened, when all rows have been read."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from etl.errors import SourceError
from etl.extract.locations import File, located
from etl.extract.zip_member import ZipMember

Stamp = tuple[int, int, int, int]
"""Of a file: device, number, size, and when it was changed last, in nanoseconds. (The time of its writing can be put back.)"""


class FileStamps:
    """The files of this machine that were opened. A file is read in parts, by processes that open it anew: one that is written
    meanwhile, or that another takes the place of, would give the rows of both.
    """

    def __init__(self) -> None:
        self._seen: dict[Path, Stamp] = {}

    def add(self, location: str) -> None:
        """Before it is opened. Raises SourceError as `located` does; of a file that is not there opening tells."""
        path = _on_disk(located(location))
        if path is not None and path not in self._seen:
            with suppress(OSError):
                found = path.stat()
                if stat.S_ISREG(found.st_mode):
                    self._seen[path] = _stamp(found)

    def check(self) -> None:
        """Raises SourceError for a file that is another one by now."""
        for path, stamp in self._seen.items():
            try:
                now = _stamp(path.stat())
            except OSError:
                raise SourceError(f"{path}: was taken away while it was read; {_AGAIN}") from None
            if now != stamp:
                raise SourceError(f"{path}: was changed while it was read; {_AGAIN}")


_AGAIN = "no package was made of it, as it would hold rows of both; run it again when nothing writes there any more"


def _on_disk(file: File) -> Path | None:
    if isinstance(file, ZipMember):
        return file.archive
    return file if isinstance(file, Path) else None


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_dev, found.st_ino, found.st_size, found.st_ctime_ns
