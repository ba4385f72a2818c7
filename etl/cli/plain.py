"""Results as plain data, the same that `--json` prints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from etl.commands.pilot import Piloted
    from etl.report.results import ChannelDecision, Explanation, Standing, Verified
    from etl.report.tested import Tested
    from etl.verify.asking import Arrivals

JsonObject = dict[str, Any]


def plain(value: Any) -> Any:
    """A result as JSON has it."""
    if isinstance(value, Struct):
        return fields_of(value)
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, bytes):
        return value.decode("utf-8")
    return str(value) if isinstance(value, Path) else value


def fields_of(result: Any) -> JsonObject:
    """The fields of a frozen result, by their names, or by the `name` under which they have always been printed."""
    named = zip(result.__struct_encode_fields__, result.__struct_fields__, strict=True)
    return {key: plain(getattr(result, name)) for key, name in named}


def standing(found: Standing) -> JsonObject:
    """The target that was meant, and all of them under `targets`."""
    changed = {} if found.changed is None else {"changed": plain(found.changed), "gone": plain(found.gone)}
    return {**fields_of(found.own), **changed, "targets": plain(found.targets)}


def decided(found: ChannelDecision) -> JsonObject:
    """The decision, and what it rests on."""
    return {**fields_of(found.decision), "evidence": found.evidence, "missing": plain(found.missing)}


def piloted(done: Piloted) -> JsonObject:
    return {"migration": done.migration, "package": str(done.package), **fields_of(done.result)}


def verified(found: Verified) -> JsonObject:
    return {"passed": found.report.passed, **fields_of(found.report), "channel": plain(found.channel)}


def arrivals(found: Arrivals) -> JsonObject:
    """An e-mail that is not shown has no key."""
    missing = [{name: one for name, one in plain(user).items() if one is not None} for user in found.missing]
    return {**fields_of(found), "missing": missing}


def explanation(found: Explanation) -> JsonObject:
    """Without what only says how it is to be masked."""
    fields = [{name: one for name, one in fields_of(field).items() if name not in HOW} for field in found.fields]
    return {**fields_of(found), "fields": fields, "others": [shown for shown, _ in found.others]}


def tested(found: Tested) -> JsonObject:
    """With whether each test passed, and how many did."""
    tests = [{**fields_of(one), "passed": one.passed} for one in found.results]
    counts = {"passed": len(found.results) - found.failed, "failed": found.failed, "deselected": found.deselected}
    told = {"migration": found.migration, "ok": not found.failed, **counts, "tests": tests}
    if found.coverage is None:
        return told
    return {**told, "coverage": {**fields_of(found.coverage), "percent": found.coverage.percent}}


HOW = ("masked_problems", "personal", "secret", "own", "shown")
