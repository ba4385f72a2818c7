"""The corrections that lie beside a mapping, each with its stage, and what is wrong with them."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from etl.corrections import LineFault, RowCorrection, corrections_file, read
from etl.model import WARNING, Migration, Place, Problem
from etl.suggest import did_you_mean


def with_corrections(migration: Migration) -> tuple[Migration, list[Problem], list[Problem]]:
    """The migration whose stages have their corrections; problems; warnings."""
    file = corrections_file(migration.file)
    if not file.exists():
        return migration, [], []
    try:
        data = file.read_bytes()
    except OSError as error:
        return migration, [Problem(Place(str(file)), f"cannot be read ({error.strerror})")], []
    corrections, faults = read(data)
    faults += _unknown_stages(corrections, [stage.name for stage in migration.stages])
    stages = tuple(
        replace(stage, corrections=tuple(one for one in corrections if one.stage == stage.name))
        for stage in migration.stages
    )
    problems = [Problem(Place(str(file), one.line, one.column), one.what) for one in sorted(faults, key=_order)]
    return replace(migration, stages=stages), problems, _open_to_others(file)


def _order(fault: LineFault) -> tuple[int, int]:
    return fault.line, fault.column


def _unknown_stages(corrections: Sequence[RowCorrection], names: Sequence[str]) -> list[LineFault]:
    return [
        LineFault(edit.line, 1, f"the mapping has no stage '{one.stage}'{did_you_mean(one.stage, names)}")
        for one in corrections
        for edit in one.edits
        if one.stage not in names
    ]


def _open_to_others(file: Path) -> list[Problem]:
    if not file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return []
    return [Problem(Place(str(file)), f"holds people's data, and others can read it; `chmod 600 {file}`", WARNING)]
