"""Which journal is meant: a person may name it in several ways."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from etl.arguments import checked
from etl.commands.settings import Settings
from etl.errors import MappingError
from etl.findings import or_perhaps, said
from etl.journal.folder import MigrationFolder
from etl.mapping import USUAL, find_mapping, migration_name, read_target, target_known
from etl.model import Migration
from etl.places import check_not_renamed, migration_folder, workspace_of


@checked
@dataclass(frozen=True, slots=True)
class Which:
    """Which journal is meant: by the mapping, by the workspace when it holds one migration, by the target's own name."""

    mapping: Path | None = None
    workspace: Path | None = None
    target: str | None = None

    def folder(self) -> MigrationFolder:
        """The migration's: that of the mapping, of the one here, or the only one in the workspace."""
        workspace, file = workspace_of(self.mapping, self.workspace), self.file()
        return _only_migration(workspace) if file is None else migration_folder(workspace, migration_name(file))

    def sent_from(self) -> MigrationFolder:
        """The migration's. Raises MappingError when its mapping has sent records under another name."""
        folder, file = self.folder(), self.file()
        if file is not None:
            check_not_renamed(folder, find_mapping(file))
        return folder

    def journal(self) -> Path:
        """The folder of the target that was named, else of the mapping's, else of the only one."""
        folder = self.sent_from()
        own = self.target or self.own()
        known = [one.target for one in folder.targets()]
        if self.target is not None and folder.target(self.target).target not in known:
            line = said("{path}: nothing was sent to a target '{target}'", path=str(folder.root), target=self.target)
            raise MappingError(or_perhaps(line, self.target, known))
        if own is None and len(known) > 1:
            words = "{path} holds several targets ({known}); name one with --target"
            raise MappingError(said(words, path=str(folder.root), known=", ".join(known)))
        return folder.target(own or next(iter(known), "")).root

    def own(self) -> str | None:
        """The target of the mapping, as far as it says which."""
        file = self.file()
        return None if file is None else target_known(read_target(file))

    def file(self) -> Path | None:
        """The mapping, where one is named or lies here."""
        return self.mapping or (Path(USUAL) if Path(USUAL).is_file() else None)


def _only_migration(workspace: Path) -> MigrationFolder:
    found = [one for one in map(MigrationFolder, sorted(workspace.glob("*"))) if one.is_begun()]
    if len(found) == 1:
        return migration_folder(workspace, found[0].root.name)
    if not found:
        words = "{path}: no migration has been loaded from here; name the mapping, or the --workspace"
        raise MappingError(said(words, path=str(workspace)))
    names = ", ".join(one.root.name for one in found)
    words = "{path} holds several migrations ({known}); name the mapping of the one you mean"
    raise MappingError(said(words, path=str(workspace), known=names))


def own_target(which: Which) -> str:
    target = which.own()
    if target is None:
        words = "{path}: does not say which target; set target.url and target.channel"
        raise MappingError(said(words, path=str(which.mapping)))
    return target


def journal_of(migration: Migration, mapping: Path, workspace: Path | None) -> Path:
    return Settings(workspace_of(mapping, workspace)).journal(migration)
