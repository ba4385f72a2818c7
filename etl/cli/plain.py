"""Results as plain data, the same that `--json` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

Plain = dict[str, Any]


def plain(value: Any) -> Any:
    """A result as JSON has it."""
    if is_dataclass(value):
        return fields_of(value)
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, bytes):
        return value.decode("utf-8")
    return str(value) if isinstance(value, Path) else value


def fields_of(result: Any) -> Plain:
    """The fields of a frozen result, by their names."""
    return {name: plain(getattr(result, name)) for name in result.__dataclass_fields__}


def standing(found: Any) -> Plain:
    """A commands.status.Standing: the target that was meant, and all of them under `targets`."""
    changed = {} if found.changed is None else {"changed": plain(found.changed), "gone": plain(found.gone)}
    return {**fields_of(found.own), **changed, "targets": plain(found.targets)}


def answered(found: Any) -> Plain:
    """A commands.resolve.Answered: the decision, and what it rests on."""
    return {**fields_of(found.decision), "evidence": found.evidence, "missing": plain(found.missing)}


def piloted(done: Any) -> Plain:
    """A commands.pilot.Piloted."""
    return {"migration": done.migration, "package": str(done.package), **fields_of(done.result)}


def verified(found: Any) -> Plain:
    """A commands.verify.Verified."""
    return {"passed": found.report.passed, **fields_of(found.report), "channel": plain(found.channel)}
