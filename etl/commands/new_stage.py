"""Say that a stage sends other records than were sent: it is no other one under a new name, nor its records under new keys."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from etl.commands.which import Which, own_target
from etl.errors import MappingError
from etl.journal.folder import person
from etl.journal.journal import Journal
from etl.mapping import Opens, load_mapping, require
from etl.suggest import did_you_mean


def new_stage(mapping: Path, workspace: Path | None, name: str) -> str:
    """Record in the target's journal that a stage of the mapping sends records of its own. Gives the target's name."""
    with load_mapping(mapping, opens=Opens.NOTHING) as checked:
        stages = {one.name: one for one in require(checked, upload=True).stages}
    if name not in stages:
        raise MappingError(f"{mapping}: has no stage '{name}'{did_you_mean(name, stages)}")
    which = Which(mapping, workspace)
    folder = which.sent_from().target(own_target(which))
    with closing(Journal.read(folder)):
        pass  # raises where there is none, instead of making one
    with folder.locked(), closing(Journal.open(folder)) as journal:
        journal.homes.check(folder)
        journal.stage_names.declare(name, person())
        journal.stage_names.note_key(name, stages[name].key_text)
    return folder.target
