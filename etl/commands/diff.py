"""What differs between two packages, or between what two mappings make of their sources."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from etl.arguments import checked
from etl.commands.comparing import Side, compared_stage
from etl.commands.keeping import opened
from etl.commands.packages import named_package, package_of
from etl.commands.prepare import prepare
from etl.commands.sample import SAMPLES
from etl.commands.settings import Settings, Watch, unwatched
from etl.commands.which import Which
from etl.errors import MappingError
from etl.findings import said
from etl.journal.folder import MigrationFolder
from etl.journal.workspace import PACKAGES
from etl.package import LIMIT, MANIFEST, SAMPLE, Package
from etl.places import migration_folder
from etl.report.results import Compared

SettingsOf = Callable[[Path], Settings]
"""A mapping -> how to prepare it."""


@checked
@dataclass(frozen=True, slots=True)
class Preparing:
    """How the mappings among what is compared are prepared. What comes of it is not kept."""

    settings: SettingsOf
    watch: Watch = unwatched


def diff(old: Path, new: Path | None, preparing: Preparing, stages: Sequence[str] = ()) -> Compared:
    """Compare two packages. A mapping stands for what it makes of its sources now; alone, it is held against its last package.

    `stages`: only these. Raises EtlError.
    """
    with ExitStack() as kept:
        if new is None:
            before = _last_package(old, preparing)
            after = _side(old, preparing, kept)
        else:
            before, after = (_side(one, preparing, kept) for one in (old, new))
        return _compared(before, after, stages)


def _last_package(mapping: Path, preparing: Preparing) -> Side:
    if _is_package(mapping):
        raise MappingError(f"{mapping}: is a package; name what to compare it with: another package, or a mapping")
    which = Which(mapping, preparing.settings(mapping).workspace)
    package = package_of(which, None)
    return Side(package, str(package.path), which.folder())


def _side(named: Path, preparing: Preparing, kept: ExitStack) -> Side:
    named = named.parent if named.name == MANIFEST else named
    if _is_package(named):
        return Side(Package.open(named), str(named), _folder_of(named.resolve()))
    if not named.exists():
        raise MappingError(said("{path}: there is no such package or mapping", path=str(named)))
    if named.is_dir() and named.parent.name == PACKAGES:
        named_package(named)  # says what is wrong with it
    place = kept.enter_context(TemporaryDirectory(prefix="etl-diff-"))
    settings = dataclasses.replace(preparing.settings(named), packages=Path(place))
    with opened(named, settings, ready=lambda checked: None) as (checked, migration):
        package = prepare(checked, settings, preparing.watch)
    return Side(package, str(named), migration_folder(settings.workspace, migration.name))


def _is_package(path: Path) -> bool:
    return (path / MANIFEST).is_file()


def _folder_of(package: Path) -> MigrationFolder | None:
    """The migration's, of a package that lies where one was made."""
    return MigrationFolder(package.parent.parent) if package.parent.name in (PACKAGES, SAMPLES) else None


def _compared(old: Side, new: Side, wanted: Sequence[str]) -> Compared:
    before, after = ([one.name for one in side.package.stages] for side in (old, new))
    known = list(dict.fromkeys([*before, *after]))
    for name in wanted:
        if name not in known:
            words = "--stage {stage}: neither of the two has such a stage; there are: {known}"
            raise MappingError(said(words, stage=name, known=", ".join(known)))
    chosen = [name for name in known if not wanted or name in wanted]
    return Compared(
        old.name,
        new.name,
        tuple(_notes(old.package, new.package)),
        tuple(compared_stage(old, new, name) for name in chosen if name in before and name in after),
        added=tuple(name for name in chosen if name not in before),
        gone=tuple(name for name in chosen if name not in after),
    )


PARTS = {
    SAMPLE: "{path} is a sample: records that only the other has are counted as beyond, and are no difference",
    LIMIT: "{path} was made with --limit: records that only the other has are counted as beyond, and are no difference",
}


def _notes(old: Package, new: Package) -> Iterator[str]:
    """What the two were made from that is not alike, beside the mappings, which are what is looked at."""
    one, other = old.manifest.migration, new.manifest.migration
    if one != other:
        yield said("they are of two migrations: '{old}' and '{new}'", old=one, new=other)
    yield from (
        said(PARTS[package.manifest.part], path=str(package.path)) for package in (old, new) if package.manifest.part
    )
    before = {found.name: found for found in old.manifest.inputs}
    for found in new.manifest.inputs:
        known = before.get(found.name)
        if known is not None and None in (known.sha256, found.sha256):
            words = "of '{source}' only the first rows were read for one of the two: records may differ for that alone"
            yield said(words, source=found.name)
        elif known is not None and known.sha256 != found.sha256:
            yield said("'{source}' has changed between the two: records may differ for that alone", source=found.name)
