"""Whether the money that is sent is the money that was there: the report's sums, held against the payloads themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from etl.commands.packages import package_of
from etl.commands.which import Which
from etl.measures.amounts import UNITS, units_of
from etl.measures.money import DIFFERS
from etl.package import Package
from etl.report.page.facts import Telling
from etl.report.page.money import as_float, exact_amounts, money_facts
from etl.report.reconciled import Reconciled


def reconcile(which: Which, path: Path | None = None) -> list[Reconciled]:
    """Of a package, the newest or the one that is named. Reads all of its payloads, and no source."""
    package = package_of(which, path)
    stages: dict[str, Any] = package.profile().get("stages", {})
    return [_reconciled(package, name, money) for name, stage in stages.items() for money in stage["money"]]


def _reconciled(package: Package, stage: str, money: dict[str, Any]) -> Reconciled:
    told = money_facts(stage, money, Telling().key, as_float)
    counted = sum(one["units"] for one in money["sums"] if one["fate"] == "made")
    there = _sent(package, stage, money["field"])
    return Reconciled(
        stage,
        money["field"],
        told.totals,
        (there - counted) / UNITS,
        told.unread,
        summed=told.summed,
        differing=tuple(one for one in told.rows if one.fate == DIFFERS),
        exact=exact_amounts(money["sums"], "currency"),
        statuses=told.statuses,
        exact_statuses=exact_amounts(money["sums"], "currency", "status"),
        months=told.months,
        exact_months=exact_amounts(money["months"], "currency", "month"),
        rows=told.rows,
        many=told.many,
        lacking=told.lacking,
    )


def _sent(package: Package, stage: str, field: str) -> int:
    """What the records of the payload files amount to, added up anew."""
    records = (orjson.loads(one.data) for one in package.walk(package.stage(stage)))
    return sum(units_of(record.get(field)) or 0 for record in records)
