"""The amounts of a stage as a report tells them: source beside payload, and what lies between the two."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

UNITS = 10_000
"""As in profile.json: amounts are whole ten-thousandths there."""

BETWEEN = ("filtered", "rejected", "held", "repeated", "rounded", "differs")
"""Why an amount of the source is not, or not quite, in the payload. What differs nothing accounts for: the mapping's `totals` say
something else than what the field is computed from."""

TOTALS = "totals"
"""Among `unread`: of how many records `totals` cannot be read."""

MAY_BE_NULL = ("discount_amount",)
"""That such an amount is missing is nothing to be told."""

Plain = dict[str, Any]


def money_facts(stage: str, money: Mapping[str, Any], shown_key: Callable[[Any], Any]) -> Plain:
    return {
        "stage": stage,
        "field": money["field"],
        "totals": _table(money["sums"], ("currency",)),
        "statuses": _table(money["sums"], ("currency", "status")),
        "months": _table(money["months"], ("currency", "month")),
        "summed": money.get("summed", []),
        "unread": _unread(money),
        "shapes": money["shapes"],
        "rows": [
            {"fate": one["fate"], "key": shown_key(one["key"]), "row": one["row"], "amount": one["units"] / UNITS}
            for one in sorted(money["named"], key=lambda one: (BETWEEN.index(one["fate"]), -abs(one["units"])))
        ],
    }


def _unread(money: Mapping[str, Any]) -> Plain:
    unread: Plain = money["unread"]
    return {fate: count for fate, count in unread.items() if fate == TOTALS or money["field"] not in MAY_BE_NULL}


def told_between(money: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns of an amount's tables: those that every one has, and what differs where `totals` tell it."""
    return BETWEEN if money["summed"] else BETWEEN[:-1]


def _table(sums: Sequence[Mapping[str, Any]], by: Sequence[str]) -> list[Plain]:
    """A line for each group: source = payload + filtered + rejected + held + repeated + rounded + differs, exactly."""
    lines: dict[tuple[Any, ...], Plain] = {}
    for one in sums:
        group = tuple(one[name] for name in by)
        line = lines.setdefault(group, {"units": dict.fromkeys(("made", *BETWEEN), 0), "records": 0})
        line["units"][one["fate"]] += one["units"]
        line["records"] += one["count"] if one["fate"] == "made" else 0
    ordered = sorted(lines.items(), key=lambda item: tuple(str(part or "") for part in item[0]))
    return [{**dict(zip(by, group, strict=True)), **_line(line)} for group, line in ordered]


def _line(line: Plain) -> Plain:
    units = line["units"]
    return {
        "source": sum(units.values()) / UNITS,
        **{name: units[name] / UNITS for name in BETWEEN},
        "payload": units["made"] / UNITS,
        "records": line["records"],
    }
