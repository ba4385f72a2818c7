"""The values of a column, counted for as long as few of them are different."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import filterfalse
from typing import Any

from msgspec import Struct, field

MOST = 200
"""Different values of a column that are told apart. Of more it is only known that there are more."""

Census = Counter[Any] | None
"""How often each value occurs, an object or a list as CountedJson; None: more than MOST are different, or nobody counted them."""


class CountedJson(Struct, frozen=True):
    """An object or a list where values are counted: its JSON, with the names in their order."""

    written: str

    @property
    def value(self) -> Any:
        return json.loads(self.written)


def census(values: Sequence[Any]) -> Census:
    try:
        counted = Counter(values)
    except TypeError:
        return _census_with_nested(values)
    return counted if len(counted) <= MOST else None


def _census_with_nested(values: Sequence[Any]) -> Census:
    counted = Counter[Any]()
    try:
        for one in values:
            counted[_nested(one) if isinstance(one, dict | list) else one] += 1
            if len(counted) > MOST:  # what is still to be written out may be long
                return None
    except TypeError:  # names that are no texts, which no document has
        return None
    return counted


def _nested(value: Any) -> CountedJson:
    """By the standard library: a document may have whole numbers of more than 64 bits, and halves of letters."""
    return CountedJson(json.dumps(value, sort_keys=True, default=str))


def together(one: Census, other: Census) -> Census:
    if one is None or other is None:
        return None
    one.update(other)
    return one if len(one) <= MOST else None


class FieldSketch(Struct):
    """A field's values, beyond how many of them are empty.

    spread    of dates how many are of each month ('2019-03'), of amounts how many of each size (money.EDGES)
    looked    how many of the records were looked at closely; the others that follow are of these alone
    least     of numbers the smallest, and `most` the largest
    shortest  of texts the fewest characters, and `longest` the most
    values    how often each occurs
    """

    spread: dict[Any, int] = field(default_factory=dict)
    looked: int = 0
    least: Any = None
    most: Any = None
    shortest: int | None = None
    longest: int | None = None
    values: Census = field(default_factory=Counter)

    def add(self, other: FieldSketch) -> None:
        for one, many in other.spread.items():
            self.spread[one] = self.spread.get(one, 0) + many
        if other.looked:
            self._add_looked(other)

    def _add_looked(self, other: FieldSketch) -> None:
        self.looked += other.looked
        self.least, self.most = _outer(min, self.least, other.least), _outer(max, self.most, other.most)
        self.shortest = _outer(min, self.shortest, other.shortest)
        self.longest = _outer(max, self.longest, other.longest)
        self.values = together(self.values, other.values)


def _outer(choose: Any, one: Any, other: Any) -> Any:
    return other if one is None else one if other is None else choose(one, other)


def empty(values: Sequence[Any]) -> int:
    """How many are null or "", or nested with nothing in it."""
    if all(values):
        return 0
    nothing = list(filterfalse(None, values))
    # A zero and a false are values. Nearly always one thing alone stands for nothing in a column, which is soon counted.
    first = nothing[0]
    zeros = nothing.count(0) if nothing.count(first) < len(nothing) or first == 0 else 0
    return len(nothing) - zeros


def look(sketch: FieldSketch, values: Sequence[Any], *, many: bool) -> None:
    """Look at the values closely. `many`: that more than MOST are different is known already, which spares counting them."""
    sketch.looked = len(values)
    sketch.values = None if many else census(values)
    texts, numbers = _apart(values if sketch.values is None else sketch.values)
    if texts:
        lengths = list(map(len, texts))
        sketch.shortest, sketch.longest = min(lengths), max(lengths)
    if numbers:
        sketch.least, sketch.most = min(numbers), max(numbers)


def _apart(values: Iterable[Any]) -> tuple[list[str], list[float]]:
    """Texts that are not empty, and numbers."""
    kinds = set(map(type, values))
    if kinds == {str}:
        return list(filter(None, values)), []
    texts = [one for one in values if isinstance(one, str) and one] if str in kinds else []
    if kinds <= {int, float, type(None)}:
        return texts, [one for one in values if one is not None]
    return texts, [one for one in values if isinstance(one, int | float) and not isinstance(one, bool)]


def commonest(values: Mapping[Any, int], most: int) -> list[tuple[Any, int]]:
    """The commonest first; of equally common ones in the order of their texts."""
    return sorted(values.items(), key=lambda one: (-one[1], str(one[0])))[:most]
