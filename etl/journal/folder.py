"""The folder of one migration: its packages, and a folder for each target that they were sent to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from etl.address import is_target_name
from etl.journal.workspace import PACKAGES, Workspace


@dataclass(frozen=True, slots=True)
class MigrationFolder:
    """work/<migration>/"""

    root: Path

    @property
    def packages(self) -> Path:
        return self.root / PACKAGES

    def target(self, name: str) -> Workspace:
        return Workspace(self.root / name)

    def targets(self) -> list[Workspace]:
        """Those that have a journal, by name."""
        found = [one.parent for one in self.root.glob("*/journal.sqlite") if is_target_name(one.parent.name)]
        return [Workspace(one) for one in sorted(found)]

    def is_begun(self) -> bool:
        """Whether anything of the migration was ever sent from here, in today's form of a workspace or the one before."""
        return (self.root / "journal.sqlite").exists() or bool(self.targets())
