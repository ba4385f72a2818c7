"""What of a part's rows goes into the report: measured by columns, where the rows are prepared."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from decimal import Decimal
from itertools import chain
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from etl.expressions import Writers, columns_in, compile_stage, decimal_to_number, summand
from etl.expressions.header import Row
from etl.findings import Unfit
from etl.measures.amounts import DECIMALS, all_units, exceeding
from etl.measures.balance import amounts_of
from etl.measures.census import FieldSketch, census, empty, look
from etl.measures.groups import Groups
from etl.measures.money import (
    AMOUNTS,
    DIFFERS,
    FILTERED,
    MADE,
    MAY_BE_NULL,
    NAMED,
    REJECTED,
    ROUNDED,
    MoneySketch,
    NamedAmount,
    apart,
    sizes,
)
from etl.measures.passwords import FormOfPassword, passwords
from etl.measures.sketch import StageSketch
from etl.measures.spelling import MonthsOf, month_reader, shapes
from etl.model import Expression, Rows, Stage
from etl.payloads.census import standing_of
from etl.payloads.columns import decimals_of
from etl.payloads.digests import FIELDS
from etl.payloads.formats import DATE, DATETIME, PAST_DATE
from etl.prepare.made_up import as_stored
from etl.prepare.plan import Plan

ValuesByField = Mapping[str, Sequence[Any]]

PASSWORD, ALGORITHM = FIELDS

GROUPED_BY = CURRENCY, STATUS, CREATED = ("currency", "status", "created_date")
Months = Sequence[str | None]

ROUNDING = re.compile(r"\|\s*round\s*(\([^()]*\))?\s*\}\}\s*$")
"""The last step of an expression, when it rounds: what stands before it is the source's amount."""

DATES = frozenset((DATE, DATETIME, PAST_DATE))


class Measured(Struct, frozen=True):
    """What one part has to be measured: its rows, and what became of them. Indices are those of the part.

    readable  the indices of the rows that could be read
    made      the columns of the valid records; `keys` and `at` (the indices of their rows) run parallel to them
    """

    rows: Rows
    readable: Sequence[int]
    made: ValuesByField
    keys: Sequence[str]
    at: Sequence[int]
    filtered: Sequence[int]
    rejected: Sequence[int]

    def of(self, indices: Sequence[int]) -> Sequence[Row]:
        """Rows by their indices."""
        rows = self.rows.rows
        return rows if len(indices) == len(rows) else [rows[index] for index in indices]


class Meter:
    """Measures the parts of a stage. It remembers which columns hold too many values to be counted: no need to try again.

    Of the rows whose amounts are not sent as they are, so many of each fate are named."""

    def __init__(self, plan: Plan, write: Writers, named: int = NAMED) -> None:
        self._named = named
        self._stage, self._header = plan.stage, plan.header.columns
        self._months = _months(plan)
        properties = plan.schema.get("properties", {})
        self._secret = {name for name, keywords in properties.items() if keywords.get("writeOnly") is True}
        self._is_weighed = plan.weighed_by is not None
        self._many: set[tuple[str, str]] = set()
        fields = plan.stage.fields
        self._constant = {name for name, one in fields.items() if one is None or isinstance(one, str | int | float)}
        self._few_decimals = {name for name, keywords in properties.items() if (decimals_of(keywords) or 9) <= DECIMALS}
        self._amounts = [name for name in AMOUNTS.get(plan.stage.payload, ()) if name in fields]
        self._source = {name: source_of(plan, name) for name in self._amounts}
        self._cells = {name: self._single(self._source[name]) for name in self._amounts}
        self._summed = {name: summands_of(plan.stage, name) for name in self._amounts if name in plan.stage.totals}
        summands = dict(chain.from_iterable(one.items() for one in self._summed.values()))
        self._read = (
            _reader(plan, {**_grouped(plan.stage), **self._source, **summands}, write) if self._amounts else None
        )
        # What of a record's row is read once more: its amounts before they were rounded, and what `totals` sums up.
        before = {name: one for name, one in self._source.items() if one is not fields[name] or name in self._summed}
        self._rounding = [name for name in before if name not in self._summed]
        self._read_again = _reader(plan, {**before, **summands}, write) if before else None
        # Of what has amounts, the groups of these tell the months of its creation.
        self._spreading = [name for name in self._months if name != CREATED or not self._amounts]
        self._texts = {name for name, keywords in properties.items() if keywords.get("type") == "string"}
        self._as_stored = as_stored(plan, write)
        self._filled = {name for name, keywords in properties.items() if is_never_empty(keywords)}
        self._filled |= {name for name, one in fields.items() if one and isinstance(one, Mapping | list | tuple)}

    def _single(self, template: object) -> int | None:
        """The position of the column that an amount is read from, when it is one."""
        read = columns_in(template.text) if isinstance(template, Expression) else []
        return self._header.index(read[0]) if len(read) == 1 else None

    def sketch(self, part: Measured, *, closely: bool) -> StageSketch:
        """`closely`: with all that is told of a sample only."""
        sketch = StageSketch(len(part.readable), len(part.keys))
        sketch.empty = {name: many for name, values in part.made.items() if (many := self._empty(name, values))}
        if PASSWORD in part.made:
            sketch.passwords = self.passwords(part.made, part.of(part.at))
        spreads = {name: self._spread(name, part.made[name]) for name in self._spreading if name in part.made}
        if self._read is not None:
            made = self._groups(part.made, len(part.keys), self._texts)
            sketch.money = self._money(part, made, self._read, closely)
            if CREATED in self._months and CREATED in part.made:
                spreads[CREATED] = made.months
            if self._is_weighed:
                sketch.orders = amounts_of(self._stage.payload, part.made)
        sketch.fields = self._fields(part.made, spreads, closely)
        if closely:
            self._look(sketch, part)
        return sketch

    def _look(self, sketch: StageSketch, part: Measured) -> None:
        sketch.looked = sketch.rows
        for name, cells in zip(self._header, zip(*part.of(part.readable), strict=True), strict=False):
            sketch.columns[name] = self._census(name, cells)

    def _census(self, name: str, cells: Sequence[Any]) -> Any:
        if ("column", name) in self._many:
            return None
        counted = census(cells)
        if counted is None:
            self._many.add(("column", name))
        return counted

    def _empty(self, name: str, values: Sequence[Any]) -> int:
        if name in self._filled:
            return 0
        if name in self._constant:
            return len(values) if values and values[0] in (None, "") else 0
        return empty(values)

    def _spread(self, name: str, values: Sequence[Any]) -> dict[str, int]:
        """How many of a field's dates are of each month."""
        months = self._months[name](values if all(values) else list(filter(None, values)))
        return Counter(filter(None, months))

    def _fields(
        self, made: ValuesByField, spreads: Mapping[str, dict[str, int]], closely: bool
    ) -> dict[str, FieldSketch]:
        found = {name: FieldSketch(spread) for name, spread in spreads.items()}
        if closely:
            for name, values in made.items():
                self._look_at(name, found.setdefault(name, FieldSketch()), values)
        return found

    def _look_at(self, name: str, sketch: FieldSketch, values: Sequence[Any]) -> None:
        look(sketch, values, many=name in self._secret or ("field", name) in self._many)
        if sketch.values is None:
            self._many.add(("field", name))
        if name in self._amounts:
            sketch.spread = sizes(values)

    def _money(
        self, part: Measured, made: Groups, read: Callable[[Sequence[Row]], ValuesByField], closely: bool
    ) -> dict[str, MoneySketch]:
        """The amounts of all rows: of those that make a record as it has them (their groups are `made`), of the others as far as
        they can be read."""
        found = {name: MoneySketch(most=self._named) for name in self._amounts}
        for name in self._amounts:
            found[name].take_made(made, part.made[name], few_decimals=name in self._few_decimals)
            if found[name].unread[MADE] and name not in MAY_BE_NULL:
                found[name].lack(_lacking(MADE, zip(part.at, part.keys, all_units(part.made[name]), strict=True)))
        for fate, indices in ((FILTERED, part.filtered), (REJECTED, part.rejected)):
            if indices:
                self._left(found, fate, read(part.of(indices)), indices)
        for name, money in found.items() if part.rows.faults else ():
            money.unread[REJECTED] += len(part.rows.faults)
            if name not in MAY_BE_NULL:
                money.lack(NamedAmount(REJECTED, None, fault.index, None) for fault in part.rows.faults)
        if closely:
            self._written(found, part)
        if part.at and self._read_again is not None:
            columns = self._read_again(part.of(part.at))
            self._rounded({name: found[name] for name in self._rounding}, part, columns, made)
            self._held_against({name: found[name] for name in self._summed}, part, columns, made)
        return found

    def _units(self, name: str, columns: ValuesByField) -> Sequence[int | None]:
        """The source's amount of each row: what `totals` says, or what the field's own expression reads."""
        summed = self._summed.get(name)
        return all_units(columns[name]) if summed is None else sums_of([all_units(columns[one]) for one in summed])

    def _left(
        self, found: Mapping[str, MoneySketch], fate: str, columns: ValuesByField, indices: Sequence[int]
    ) -> None:
        groups = self._groups(columns, len(indices))
        for name, money in found.items():
            units = self._units(name, columns)
            money.take(fate, groups, units)
            lacks = None in units and name not in MAY_BE_NULL
            rows = list(zip(indices, _texts(columns[KEY]), units, strict=True)) if lacks or fate == REJECTED else []
            if fate == REJECTED:
                money.name(_named(fate, rows))
            if lacks:
                money.lack(_lacking(fate, rows))

    def _rounded(self, found: Mapping[str, MoneySketch], part: Measured, read: ValuesByField, groups: Groups) -> None:
        for name, money in found.items():
            off = exceeding(read[name], part.made[name])
            if any(off):
                money.round(groups, off)
                money.name(_named(ROUNDED, zip(part.at, part.keys, off, strict=True)))

    def _held_against(
        self, found: Mapping[str, MoneySketch], part: Measured, read: ValuesByField, groups: Groups
    ) -> None:
        """What lies between the sources' amounts, as `totals` tells them, and those of the records."""
        for name, money in found.items():
            totals = self._units(name, read)
            if None in totals:
                money.unread[TOTALS] += totals.count(None)
                money.lack(_lacking(TOTALS, zip(part.at, part.keys, totals, strict=True)))
            rounded, differs = zip(*map(apart, totals, all_units(read[name]), all_units(part.made[name])), strict=True)
            for fate, take, off in ((ROUNDED, money.round, rounded), (DIFFERS, money.differ, differs)):
                if any(off):
                    take(groups, off)
                    money.name(_named(fate, zip(part.at, part.keys, off, strict=True)))

    def _written(self, found: Mapping[str, MoneySketch], part: Measured) -> None:
        for name, money in found.items():
            if (column := self._cells[name]) is not None:
                money.shapes = shapes([row[column] for row in part.of(part.at)], part.made[name])

    def passwords(self, made: ValuesByField, rows: Sequence[Row]) -> Counter[FormOfPassword]:
        """Those of the records that some rows make, by kind."""
        values = made[PASSWORD] if self._as_stored is None else self._as_stored(made[PASSWORD], rows)
        return passwords(made.get(ALGORITHM) or [None] * len(rows), values, standing_of)

    def groups(self, record: Mapping[str, Any]) -> Groups:
        """Those of one record."""
        return self._groups({name: [value] for name, value in record.items()}, 1)

    def _groups(self, columns: ValuesByField, count: int, texts: Set[str] = frozenset()) -> Groups:
        months_of, created = self._months.get(CREATED), columns.get(CREATED)
        return groups_of(columns, None if months_of is None or created is None else months_of(created), count, texts)


AmountsOfRows = Iterable[tuple[int, str | None, int | None]]
"""Rows, their keys, their amounts."""


def _named(fate: str, rows: AmountsOfRows) -> list[NamedAmount]:
    return [NamedAmount(fate, key, row, one) for row, key, one in rows if one]


def _lacking(fate: str, rows: AmountsOfRows) -> Iterator[NamedAmount]:
    return (NamedAmount(fate, key, row, one) for row, key, one in rows if one is None)


def groups_of(columns: ValuesByField, months: Months | None, count: int, texts: Set[str]) -> Groups:
    """Of records or rows, so many: their currencies, statuses and months, None where they have none. `texts`: fields of text."""
    unknown = [None] * count
    currency, status = (
        unknown if one not in columns else columns[one] if one in texts else _texts(columns[one])
        for one in (CURRENCY, STATUS)
    )
    return Groups(currency, status, unknown if months is None else months)


def is_never_empty(keywords: Any) -> bool:
    """Whether what a schema says of a field leaves no valid record in which it is empty."""
    if not isinstance(keywords, Mapping):
        return False
    types = keywords.get("type")
    if types != "string":
        return types in ("boolean", "integer", "number")
    return keywords.get("minLength", 0) > 0 or keywords.get("format") in DATES or "" not in keywords.get("enum", [""])


KEY = "(key)"
TOTALS = "totals"
"""Under which it is counted of how many records `totals` cannot be read."""

_INSIDE = re.compile(r"\A\{\{[-+]?(.*?)[-+]?\}\}\Z", re.DOTALL)


def summands_of(stage: Stage, name: str) -> dict[str, Expression]:
    """What is added up for an amount's total, under names of its own. A blank cell adds nothing."""
    found = {}
    for at, one in enumerate(stage.totals[name]):
        read = summand(one)
        found[f"({name} {at})"] = replace(read, text=_INSIDE.sub(r"{{ (\1) | default(0) }}", read.text.strip()))
    return found


def sums_of(columns: Sequence[Sequence[int | None]]) -> list[int | None]:
    """For each row the sum; None where one of its summands cannot be read."""
    return [None if None in row else sum(filter(None, row)) for row in zip(*columns, strict=True)]


def _texts(values: Sequence[Any]) -> Sequence[str | None]:
    if {str}.issuperset(map(type, values)):
        return values
    return [one if one is None else str(one) for one in values]


def source_of(plan: Plan, name: str) -> Any:
    """What gives a field's amount as the source has it: its own template, without the rounding at its end."""
    template = plan.stage.fields[name]
    if not isinstance(template, Expression) or not ROUNDING.search(template.text):
        return template
    return replace(template, text=ROUNDING.sub("}}", template.text))


def _reader(plan: Plan, sources: Mapping[str, Any], write: Writers) -> Callable[[Sequence[Row]], ValuesByField]:
    """Rows -> the values of these templates; what cannot be computed is null.

    An amount before its rounding may have more digits than JSON keeps, and is an amount all the same.
    """
    stage = replace(plan.stage, where=None, key=next(iter(sources)), fields=sources)
    compiled = compile_stage(stage, plan.header, plan.resources, _of_any_digits(write))
    return lambda rows: compiled.records(rows).columns


def _grouped(stage: Stage) -> dict[str, Any]:
    """What amounts are grouped by, and the key that a row is told with."""
    grouped = {name: stage.fields[name] for name in GROUPED_BY if name in stage.fields}
    return {KEY: stage.fields[stage.key] if isinstance(stage.key, str) else stage.key, **grouped}


def _of_any_digits(write: Writers) -> Writers:
    """The same writers, but for a Decimal that no float is: it stays what it is."""

    def plain(value: Any) -> Any:
        return _number(value) if isinstance(value, Decimal) else write.plain(value)

    return replace(write, plain=plain, known={**write.known, Decimal: _number})


def _number(value: Decimal) -> float | Decimal:
    try:
        return decimal_to_number(value)
    except Unfit:
        if not value.is_finite():
            raise
        return value


def _months(plan: Plan) -> dict[str, MonthsOf]:
    """The fields that are dates, each with the way to its month."""
    found = {}
    for name, keywords in plan.schema.get("properties", {}).items():
        if name in plan.stage.fields and keywords.get("format") in DATES:
            reader = month_reader(plan.datetime_format if keywords["format"] == DATETIME else plan.date_format)
            if reader is not None:
                found[name] = reader
    return found
