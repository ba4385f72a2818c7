"""The amounts of a stage as a report tells them: source beside payload, and what lies between the two."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, TypeVar

from msgspec import Struct, field

from etl.findings import Figure
from etl.measures.money import MAY_BE_NULL

UNITS = 10_000
"""As in profile.json: amounts are whole ten-thousandths there."""

Amount = float | Decimal
"""A float has no room for all digits of a sum of some hundred billions."""


def exact(units: int) -> Decimal:
    """To the last ten-thousandth, with as many decimals as a float is written with: 12.5, 3.0."""
    written = f"{Decimal(units).scaleb(-4):.4f}".rstrip("0")
    return Decimal(f"{written}0" if written.endswith(".") else written)


def as_float(units: int) -> float:
    return units / UNITS


ROUNDED, DIFFERS = "rounded", "differs"

LEFT = ("filtered", "rejected", "held", "repeated")
"""Why a row is not sent."""

BETWEEN = (*LEFT, ROUNDED, DIFFERS)
"""Why an amount of the source is not, or not quite, in the payload. What differs nothing accounts for: the mapping's `totals` say
something else than what the field is computed from."""

TOTALS = "totals"
"""Among `unread`: of how many records `totals` cannot be read."""

Plain = dict[str, Any]


def written_amount(value: Amount, sign: Literal["", "+"] = "") -> Figure:
    """1,234.50, and what is no whole cent as it is: rounded ones would not add up. "+": with a sign also above zero."""
    whole, _, rest = f"{value:{sign},.4f}".partition(".")
    return Figure(f"{whole}.{rest[:2]}{rest[2:].rstrip('0')}")


class MoneyLine(Struct, frozen=True):
    """The amounts of one currency: source = payload + filtered + rejected + held + repeated + rounded + differs, exactly."""

    currency: str | None
    source: Amount
    filtered: Amount
    rejected: Amount
    held: Amount
    repeated: Amount
    rounded: Amount
    differs: Amount
    payload: Amount
    records: int

    def of(self, name: str) -> Amount:
        """What became of so much: `source`, `payload`, or one of BETWEEN."""
        amount: Amount = getattr(self, name)
        return amount


class StatusLine(MoneyLine, frozen=True):
    status: str | None


class MonthLine(MoneyLine, frozen=True):
    month: str | None


class ShownAmount(Struct, frozen=True):
    """The amount of a row that is not, or not quite, in the payload. The key is shown as the report shows keys."""

    fate: str
    key: Any
    row: int
    amount: Amount


class LackingAmount(Struct, frozen=True):
    """A row whose amount, or whose total, cannot be read."""

    fate: str
    key: Any
    row: int


class MoneyFacts(Struct, frozen=True):
    """The amounts of one field of a stage: together, by status and by month; and the rows that matter most.

    summed   what the mapping's `totals` names
    unread   rows of each fate whose amount cannot be read
    shapes   how amounts are written, as profile.json has them
    many     of how many rows of each fate `rows` are the largest; empty in a package of before this was counted
    lacking  the first of those whose amount cannot be read
    """

    stage: str
    field: str
    totals: tuple[MoneyLine, ...]
    statuses: tuple[StatusLine, ...]
    months: tuple[MonthLine, ...]
    summed: tuple[str, ...]
    unread: Mapping[str, int]
    shapes: Sequence[Mapping[str, Any]]
    rows: tuple[ShownAmount, ...]
    many: Mapping[str, int]
    lacking: tuple[LackingAmount, ...]


def money_facts(
    stage: str, money: Mapping[str, Any], shown_key: Callable[[Any], Any], amount: Callable[[int], Amount] = exact
) -> MoneyFacts:
    """`money` is of profile.json; `amount` makes one of its units."""
    named = sorted(money["named"], key=lambda one: (BETWEEN.index(one["fate"]), -abs(one["units"])))
    return MoneyFacts(
        stage,
        money["field"],
        _table(MoneyLine, money["sums"], ("currency",), amount),
        _table(StatusLine, money["sums"], ("currency", "status"), amount),
        _table(MonthLine, money["months"], ("currency", "month"), amount),
        tuple(money.get("summed", ())),
        _unread(money),
        money["shapes"],
        tuple(ShownAmount(one["fate"], shown_key(one["key"]), one["row"], amount(one["units"])) for one in named),
        money.get("many", {}),
        tuple(LackingAmount(one["fate"], shown_key(one["key"]), one["row"]) for one in money.get("lacking", ())),
    )


def exact_amounts(sums: Sequence[Mapping[str, Any]], *by: str) -> tuple[Mapping[str, Decimal], ...]:
    """The amounts of each line of a table, in their order."""
    return tuple(
        {name: Decimal(units).scaleb(-4) for name, units in total.told().items()} for _, total in _grouped(sums, by)
    )


def _unread(money: Mapping[str, Any]) -> Plain:
    unread: Plain = money["unread"]
    return {fate: count for fate, count in unread.items() if fate == TOTALS or money["field"] not in MAY_BE_NULL}


def told_between(money: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns of an amount's tables: those that every one has, and what differs where `totals` tell it."""
    return BETWEEN if money["summed"] else BETWEEN[:-1]


class _Sum(Struct):
    """Units of each fate, and the number of records in the payload."""

    units: Counter[str] = field(default_factory=Counter)
    records: int = 0

    def add(self, one: Mapping[str, Any]) -> None:
        self.units[one["fate"]] += one["units"]
        self.records += one["count"] if one["fate"] == "made" else 0

    def told(self) -> dict[str, int]:
        """In units."""
        between = {name: self.units[name] for name in BETWEEN}
        return {"source": self.units.total(), **between, "payload": self.units["made"]}


Line = TypeVar("Line", bound=MoneyLine)


def _table(
    line: type[Line], sums: Sequence[Mapping[str, Any]], by: Sequence[str], amount: Callable[[int], Amount]
) -> tuple[Line, ...]:
    """A line for each group."""
    found: list[Line] = []
    for group, total in _grouped(sums, by):
        amounts: Plain = {name: amount(units) for name, units in total.told().items()}
        found.append(line(**dict(zip(by, group, strict=True)), **amounts, records=total.records))
    return tuple(found)


def _grouped(sums: Sequence[Mapping[str, Any]], by: Sequence[str]) -> list[tuple[tuple[Any, ...], _Sum]]:
    found: dict[tuple[Any, ...], _Sum] = defaultdict(_Sum)
    for one in sums:
        found[tuple(one[name] for name in by)].add(one)
    return sorted(found.items(), key=lambda item: tuple(str(part or "") for part in item[0]))
