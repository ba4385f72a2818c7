"""Which package is meant, for commands that look at one."""

from __future__ import annotations

from pathlib import Path

from etl.commands.which import Which
from etl.errors import MappingError
from etl.journal.purges import purges
from etl.package import MANIFEST, Package


def packages_of(which: Which) -> list[Package]:
    """All finished packages of a migration, the oldest first. Those of an older format are left out: nothing can read them."""
    folder = which.folder().packages
    paths = sorted(one.parent for one in folder.glob(f"*/{MANIFEST}") if not one.parent.name.endswith(".partial"))
    return [package for path in paths if (package := _readable(path)) is not None]


def _readable(path: Path) -> Package | None:
    from etl.errors import PackageError

    try:
        return Package.open(path)
    except PackageError:
        return None


def package_of(which: Which, path: Path | None) -> Package:
    """The package that was named, or the newest. Raises PackageError, or MappingError when there is none."""
    if path is not None:
        return Package.open(path.resolve())
    found = packages_of(which)
    if not found:
        when = "".join(f" any more (removed by {one.person}, {one.time})" for one in purges(which.folder().root)[-1:])
        raise MappingError(f"{which.folder().packages}: there is no package{when or ' yet'}; `etl dry-run` makes one")
    return max(found, key=lambda one: one.manifest.created)
