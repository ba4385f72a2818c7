"""Which package is meant, for commands that look at one."""

from __future__ import annotations

from pathlib import Path

from etl.commands.which import Which
from etl.errors import MappingError, NoPackage
from etl.findings import Sentence, said
from etl.journal.purges import purges
from etl.mapping import migration_name
from etl.package import MANIFEST, Package, newest


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


def named_package(path: Path) -> Package:
    """The package that a person named. Raises MappingError when there is none, and PackageError for one that is damaged."""
    try:
        return Package.open(path.resolve())
    except NoPackage as error:
        raise MappingError(error.text) from None


def package_of(which: Which, path: Path | None) -> Package:
    """The package that was named, or the newest. Raises PackageError, or MappingError when there is none."""
    if path is not None:
        return _own(which, named_package(path))
    found = newest(which.folder().packages)
    if found is None:
        raise MappingError(_no_package(which))
    return found


def _own(which: Which, package: Package) -> Package:
    """Raises MappingError for one of another migration: its records would be held against this one's journals and sources."""
    file, name = which.file(), package.manifest.migration
    if file is None or migration_name(file) == name:
        return package
    words = "{path}: is a package of migration '{name}', and {file} is of '{migration}'; name the mapping that it was made from"
    raise MappingError(said(words, path=str(package.path), name=name, file=str(file), migration=migration_name(file)))


def packages_with(which: Which, stage: str) -> list[Package]:
    """All finished packages that have rows of a stage, the newest first: `--stage` makes one of some stages alone."""
    found = [one for one in packages_of(which) if any(stage == packaged.name for packaged in one.stages)]
    return sorted(found, key=lambda one: one.manifest.created, reverse=True)


def _no_package(which: Which) -> Sentence:
    folder = which.folder()
    purged = purges(folder.root)
    if not purged:
        return said("{path}: there is no package yet; `etl dry-run` makes one", path=str(folder.packages))
    words = "{path}: there is no package any more (removed by {person}, {time}); `etl dry-run` makes one"
    return said(words, path=str(folder.packages), person=purged[-1].person, time=purged[-1].time)
