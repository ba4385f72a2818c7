"""Where everything of a migration lies: the workspace beside its mapping, its own folder there, and one for each target."""

from __future__ import annotations

import errno
from pathlib import Path

from etl.errors import MappingError
from etl.files import private_folder, write_private
from etl.journal.folder import MigrationFolder, check_known, check_stages
from etl.journal.old_form import take_over
from etl.mapping import USUAL, find_mapping, migration_name, target_known
from etl.model import Migration

WORK = "work"
IGNORE = ".gitignore"

NOT_WRITABLE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def workspace_of(mapping: Path | None, named: Path | None) -> Path:
    """The folder that was named, or `work` beside the mapping. Raises MappingError when a file is in its way.

    Also where the folder one stands in has a `work` that knows this migration, and the mapping's own has not: an older
    version kept it there, and beginning anew would send everything a second time.
    """
    if named is not None:
        return _folder(named)
    if mapping is None and not Path(USUAL).is_file():
        return _folder(Path(WORK))
    file = find_mapping(mapping or Path(USUAL))
    beside = _folder((file.resolve() if file.is_symlink() else file).parent / WORK)
    _check_left_behind(file, beside)
    return beside


def migration_folder(workspace: Path, name: str) -> MigrationFolder:
    """The folder of a migration, in today's form."""
    take_over(workspace / name)
    return MigrationFolder(workspace / name)


def admitted(workspace: Path, migration: Migration) -> Path:
    """The folder of the mapping's target, when records may be sent there from here. Raises MappingError when not."""
    folder = migration_folder(workspace, migration.name)
    check_not_renamed(folder, migration.file)
    target = target_known(migration.target) or ""
    check_known(folder, target)
    check_stages(folder.target(target), migration.stages)
    make_workspace(workspace, migration.file)
    folder.belongs_to(migration.file)
    return folder.target(target).root


def check_not_renamed(folder: MigrationFolder, mapping: Path) -> None:
    """Raise MappingError when this mapping has sent records under another name."""
    former = folder.formerly(mapping)
    if former is not None:
        raise MappingError(_renamed(folder, former, mapping))


def _renamed(folder: MigrationFolder, former: MigrationFolder, mapping: Path) -> str:
    old, new = former.root.resolve(), folder.root.resolve()
    # Renamed to a folder that is there, it would end up inside, and not be found.
    first = f"put {new} aside (nothing was sent from it) and " if new.exists() else ""
    return (
        f"{mapping}: is called '{new.name}' now, and has sent records as '{old.name}': they would all "
        f"be sent again. Call it '{old.name}' again; or {first}rename {old} to {new}; or, if it is another migration now, "
        "put it into a file of its own"
    )


def _check_left_behind(file: Path, beside: Path) -> None:
    here = Path(WORK)
    if not here.is_dir() or here.resolve() == beside.resolve():
        return
    try:
        name = migration_name(file)
    except MappingError:  # nothing is sent with such a mapping, and whoever checks it says what is wrong
        return
    if MigrationFolder(here / name).is_begun() and not MigrationFolder(beside / name).is_begun():
        raise MappingError(
            f"{here.resolve() / name} knows what was sent of '{name}', and {beside.resolve() / name}, where it belongs "
            f"now, does not exist; move it there, or go on where it is with --workspace {here.resolve()}"
        )


def _folder(path: Path) -> Path:
    """The path, which is a folder or can become one."""
    for part in (path, *path.parents):
        if part.exists() and not part.is_dir():
            raise MappingError(f"{part}: is no folder; name one with --workspace")
    return path


def make_workspace(workspace: Path, mapping: Path) -> None:
    """Make the workspace, which no git takes in: it holds people's data. Raises MappingError where it cannot be made."""
    try:
        private_folder(workspace)
        # Where the mapping lies in the workspace it shall not be hidden from git, too.
        if not (workspace / IGNORE).exists() and not mapping.resolve().is_relative_to(workspace.resolve()):
            write_private(workspace / IGNORE, b"*\n")
    except OSError as error:
        if error.errno not in NOT_WRITABLE:
            raise
        raise MappingError(
            f"{error.filename or workspace}: cannot be written ({error.strerror}); name another folder with --workspace"
        ) from None
