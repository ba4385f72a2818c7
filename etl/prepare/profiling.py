"""A stage's profile: the sketches of its parts put together, and what records that are not sent for others change in them."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from itertools import chain, compress
from typing import Any

import orjson

from etl.expressions import columns_in, flat_fields, summand, writers
from etl.expressions.header import Row
from etl.findings import HIDDEN
from etl.measures.amounts import UNITS, units_of
from etl.measures.balance import NUMBERS, Amounts, Balance
from etl.measures.census import CountedJson, FieldSketch, commonest
from etl.measures.concentration import Concentrations, RuleOfFate
from etl.measures.ledger import Ledger
from etl.measures.money import AMOUNTS, DIFFERS, FATES, MAY_BE_NULL, ROUNDED, MoneySketch, NamedAmount, Sums
from etl.measures.sketch import StageSketch
from etl.model import Expression, Stage
from etl.prepare.chunk import Chunk
from etl.prepare.meter import TOTALS, Meter
from etl.prepare.numbers import as_numbers
from etl.prepare.plan import Plan
from etl.prepare.privacy import Privacy
from etl.profile import is_of_codes
from etl.records import as_dict

PARENTS = 10_000
"""Parents whose held records are counted; of more, those with the fewest are forgotten."""

SHOWN_PARENTS = 20
SHOWN_VALUES = 12


class Profiler:
    """Gathers what the report tells of one stage."""

    def __init__(self, plan: Plan, privacy: Privacy, meter: Meter, ledger: Ledger | None) -> None:
        self._plan, self._privacy, self._meter, self._ledger = plan, privacy, meter, ledger
        # Also of a stage without rows it is told that nothing is lost.
        money = {name: MoneySketch() for name in AMOUNTS.get(plan.stage.payload, ()) if name in plan.stage.fields}
        self._sketch = StageSketch(money=money)
        self._concentrations = Concentrations(plan.header.columns)
        self._parents: Counter[tuple[str, str, str]] = Counter()
        self._held = 0

    def add(self, sketch: StageSketch, first_row: int) -> None:
        for money in sketch.money.values():
            money.renumber(first_row.__add__)
        self._sketch.add(sketch)

    def sent(self, chunk: Chunk, dropped: Container[int]) -> None:
        """The records of a part that are sent: all but those at these positions."""
        by = self._plan.weighed_by
        if by is None or self._ledger is None:
            return
        numbers, amounts = chunk.columns[by], chunk.sketch.orders
        if dropped:
            kept = [position not in dropped for position in range(len(numbers))]
            numbers, amounts = list(compress(numbers, kept)), amounts.only(kept)
        keep_amounts(self._ledger, self._plan.stage, as_numbers(numbers), amounts)

    def problem(self, kinds: Iterable[RuleOfFate], cells: Sequence[Any]) -> None:
        """A row that is not sent, with the kinds of its problems."""
        for name in dict.fromkeys(kinds):
            self._concentrations.add(name, cells)

    def orphan(self, stage: str, key: str, fate: str) -> None:
        """A record that is held; and the parent that it is held for."""
        self._held += 1
        self._parents[stage, key, fate] += 1
        if len(self._parents) > PARENTS:
            self._parents = Counter(dict(self._parents.most_common(PARENTS // 2)))

    def drop(self, fate: str, record: bytes, key: str, row: int, cells: Row) -> None:
        """A good record that is not sent: its amounts count with those that are left behind, its password not at all."""
        names = [name for name in AMOUNTS.get(self._plan.stage.payload, ()) if name in self._sketch.money]
        if not names and not self._sketch.passwords:
            return
        made = orjson.loads(record)
        if self._sketch.passwords:
            self._sketch.passwords.subtract(self._meter.passwords({name: [one] for name, one in made.items()}, [cells]))
        groups = self._meter.groups(made)
        for name in names:
            money, units = self._sketch.money[name], units_of(made[name])
            money.move(fate, groups, units)
            one = [NamedAmount(fate, key, row, units)]
            if units is None and name not in MAY_BE_NULL:
                money.lack(one)
            elif units:
                money.name(one)

    def passwords_of(self, algorithm: str, form: str) -> int:
        """How many passwords of an algorithm and a form are sent."""
        return sum(many for kind, many in self._sketch.passwords.items() if kind[:2] == (algorithm, form))

    def facts(self) -> dict[str, Any]:
        """All of it as plain data, unmasked; amounts in whole ten-thousandths (money.UNITS)."""
        sketch, privacy = self._sketch, self._privacy
        return {
            "rows": sketch.rows,
            "looked": sketch.looked,
            "fields": [self._field(name, sketch.fields.get(name, FieldSketch())) for name in self._plan.stage.fields],
            "columns": list(self._columns()),
            "money": [self._money(name, money) for name, money in sketch.money.items()],
            "passwords": [
                {"algorithm": algorithm, "form": form, "standing": standing, "count": count}
                for (algorithm, form, standing), count in commonest(+sketch.passwords, 50)
            ],
            "concentrations": [
                {**as_dict(one), "personal": self._is_personal(one.column)}
                for one in self._concentrations.found(
                    {name: values for name, values in sketch.columns.items() if name not in privacy.hidden},
                    max(sketch.looked, 1),
                )
            ],
            "parents": [
                {"stage": stage, "key": key, "fate": fate, "count": count}
                for (stage, key, fate), count in commonest(self._parents, SHOWN_PARENTS)
            ],
        }

    def _money(self, name: str, money: MoneySketch) -> dict[str, Any]:
        """`summed` is what `totals` names; empty where the amount is read by the field's own expression."""
        return {**_money(name, money), "summed": [one.text for one in self._plan.stage.totals.get(name, ())]}

    def _field(self, name: str, found: FieldSketch) -> dict[str, Any]:
        template, privacy = self._plan.stage.fields[name], self._privacy
        secret, personal = name in privacy.secret, privacy.is_personal(name)
        values = [] if secret or personal or found.values is None else commonest(found.values, SHOWN_VALUES)
        return {
            "name": name,
            "personal": personal,
            "columns": _columns_of(template),
            "made_from": [_written(one, secret=secret) for _, one in flat_fields({"": template})],
            "records": self._sketch.records,
            "empty": self._sketch.empty.get(name, 0),
            "looked": found.looked,
            "distinct": None if secret or found.values is None else len(found.values),
            "counted": not secret,
            "shortest": None if secret else found.shortest,
            "longest": None if secret else found.longest,
            "least": None if personal else found.least,
            "most": None if personal else found.most,
            "amount": name in self._sketch.money,
            "values": [
                {"value": value.value if isinstance(value, CountedJson) else value, "count": count} for value, count in values
            ],
            "spread": sorted(([one, count] for one, count in found.spread.items()), key=lambda one: one[0]),
        }  # fmt: skip

    def _columns(self) -> Iterator[dict[str, Any]]:
        used = used_columns(self._plan.stage)
        for name in self._plan.header.columns:
            values = self._sketch.columns.get(name)
            blank = None if values is None else sum(values[one] for one in ("", None) if one in values)
            yield {
                "name": name,
                "used_by": used.get(name, []),
                "distinct": None if values is None else len(values),
                "filled": None if blank is None else self._sketch.looked - blank,
            }

    def _is_personal(self, column: str) -> bool:
        """Whether a value that many rows have in common is masked: of a personal field, or of none and no code."""
        fields = used_columns(self._plan.stage).get(column)
        if fields is None:
            values = self._sketch.columns.get(column)
            return values is None or not is_of_codes(len(values), values.total())
        return any(self._privacy.is_personal(name) for name in fields)


def used_columns(stage: Stage) -> dict[str, list[str]]:
    """Column -> what is made from it: fields, and `where`, `key` and `settled`."""
    found: dict[str, list[str]] = {}
    own = {
        "where": stage.where,
        "settled": stage.settled,
        "key": stage.key if isinstance(stage.key, Expression) else None,
    }
    summed = {"totals": tuple(map(summand, chain.from_iterable(stage.totals.values())))}
    for name, template in [*stage.fields.items(), *own.items(), *summed.items()]:
        for column in _columns_of(template):
            found.setdefault(column, []).append(name)
    return found


def _columns_of(template: Any) -> list[str]:
    leaves = [one for _, one in flat_fields({"": template}) if isinstance(one, Expression)]
    return list(dict.fromkeys(column for one in leaves for column in columns_in(one.text)))


_TEXT = re.compile(r"""(['"])(?:(?!\1)[^\\]|\\.){4,}\1""", re.DOTALL)
"""A text in an expression that is long enough to be a password, as `lower('en')` has none."""


def _written(value: Any, *, secret: bool) -> str:
    """What a field is made from, as the mapping has it; of a secret field without the texts that may be the secret."""
    if isinstance(value, Expression):
        return _TEXT.sub(f"'{HIDDEN}'", value.text) if secret else value.text
    return HIDDEN if secret else orjson.dumps(value).decode()


def _money(field: str, money: MoneySketch) -> dict[str, Any]:
    totals = [*sorted(money.sums.items(), key=lambda item: FATES.index(item[0])), (ROUNDED, money.rounded)]
    totals.append((DIFFERS, money.differs))
    return {
        "field": field,
        "sums": [line for fate, (statuses, _) in totals for line in _lines(fate, "status", statuses)],
        "months": [line for fate, (_, months) in totals for line in _lines(fate, "month", months)],
        "unread": {fate: count for fate, count in sorted(money.unread.items()) if count},
        "shapes": [
            {"shape": shape, "count": one.count, "written": one.written, "value": one.value}
            for shape, one in sorted(money.shapes.items(), key=lambda item: (-item[1].count, item[0]))
        ],
        "named": [as_dict(one) for one in sorted(money.named, key=_by_fate)],
        "many": {fate: money.many[fate] for fate in FATES if money.many[fate]},
        "lacking": [{"fate": one.fate, "key": one.key, "row": one.row} for one in sorted(money.lacking, key=_by_fate)],
    }


def _by_fate(one: NamedAmount) -> int:
    return (*FATES, TOTALS).index(one.fate)


def _lines(fate: str, name: str, sums: Sums) -> Iterator[dict[str, Any]]:
    for (currency, value), (count, units) in sorted(sums.items(), key=lambda item: tuple(map(_in_order, item[0]))):
        if count or units:
            yield {"fate": fate, "currency": currency, name: value, "count": count, "units": units}


def _in_order(part: str | None) -> str:
    return part or ""


TOLERANCE = UNITS // 100 * 5
"""Five hundredths: what is lost when each of a few items is rounded by itself."""


KeyAt = Callable[[str, int], str]
"""(stage, position) -> the key of the record that was written at it."""


def keep_amounts(ledger: Ledger, stage: Stage, numbers: array[int], amounts: Amounts) -> None:
    """Those of records that are sent. An item may be one of any order, unless its stage says in which stage these are."""
    if stage.payload == "order":
        ledger.add(stage.name, numbers, amounts)
    else:
        ledger.add_items(stage.name, numbers, amounts, stage.refers.get(NUMBERS[stage.payload]))


def balance_facts(ledger: Ledger, key_at: KeyAt) -> dict[str, Any] | None:
    """Whether items sum up to their orders; None where there are no orders."""
    found: Balance = ledger.balance(TOLERANCE)
    if not found.compared and not found.no_items:
        return None
    differing = [{**as_dict(one), "key": key_at(one.stage, one.position)} for one in found.differing]
    return {**as_dict(found), "price_of": found.price_of, "tolerance": TOLERANCE, "differing": differing}


def profiler_of(plan: Plan, ledger: Ledger | None = None) -> Profiler:
    return Profiler(plan, plan.privacy, Meter(plan, writers(plan.date_format, plan.datetime_format)), ledger)


def profile_facts(plans: Sequence[Plan], profiles: Sequence[Profiler], ledger: Ledger, key_at: KeyAt) -> dict[str, Any]:
    """What profile.json holds."""
    stages = {plan.stage.name: profile.facts() for plan, profile in zip(plans, profiles, strict=True)}
    weighed = {plan.stage.payload for plan in plans if plan.weighed_by is not None}
    balance = (
        balance_facts(ledger, key_at) if NUMBERS.keys() <= weighed else None
    )  # a package may have no stage of items
    return {"units": UNITS, "stages": stages, "balance": balance}
