"""What the cells of a column look like, told without keeping them: how many are filled, how many differ, how long they are, what
they are. Its memory does not grow with the rows."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import islice

from msgspec import Struct, field

KEPT = 4096
"""So many different values are counted exactly; of more, their number is an estimate, off by some 2 in 100."""
SPAN = 1 << 64

EXAMPLES = 3
LOOKED_AT = 1000
"""Values of a column among which its examples are looked for."""
FEW = 12
"""Values of a column that has no more than these, each of them in many rows, are a code's: a status, a group, yes and no."""
MANY_ROWS = 20

COMMON = 0.9
"""The share of a column's values that have to have a form, before the column is said to have it."""
POSSIBLE = 0.5

NULL_MARKS = ("NULL", "\\N")


_LETTER, _DIGIT = re.compile(r"[^\W\d_]"), re.compile(r"\d")


def is_of_codes(distinct: int, rows: int) -> bool:
    """Whether a column of so many different values in so many rows is that of a code, which tells nothing about a person."""
    return 0 < distinct <= FEW and rows >= MANY_ROWS * distinct


class Form(Struct, frozen=True):
    """What a value may be: `name` says it, `detail` how it is written, `pattern` which texts are."""

    name: str
    detail: str
    pattern: re.Pattern[str]


def _form(name: str, detail: str, pattern: str) -> Form:
    return Form(name, detail, re.compile(pattern))


_DAY, _MONTH, _YEAR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])", r"(?:19|20)\d\d"
_TIME = r"(?:[01]?\d|2[0-3]):[0-5]\d"
_DATES = (
    ("%Y-%m-%d", rf"(?:{_YEAR}-{_MONTH}-{_DAY}|0000-00-00)"),
    ("%d.%m.%Y", rf"{_DAY}\.{_MONTH}\.{_YEAR}"),
    ("%d/%m/%Y", rf"{_DAY}/{_MONTH}/{_YEAR}"),
    ("%m/%d/%Y", rf"{_MONTH}/{_DAY}/{_YEAR}"),
    ("%d-%m-%Y", rf"{_DAY}-{_MONTH}-{_YEAR}"),
    ("%Y/%m/%d", rf"{_YEAR}/{_MONTH}/{_DAY}"),
    ("%Y%m%d", r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"),
)
_TIMES = (("", ""), (" %H:%M", f" {_TIME}"), (" %H:%M:%S", rf" {_TIME}:[0-5]\d"))
_ZONE = r"(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?"
_AMOUNT = r"(?:\s?(?:TL|TRY|USD|EUR|GBP|₺|\$|€|£))?"

FORMS = (
    _form("e-mail", "", r"[^\s@]+@[^\s@]+\.[^\s@.]+"),
    _form("digest", "md5", r"[0-9a-fA-F]{32}"),
    _form("digest", "sha1", r"[0-9a-fA-F]{40}"),
    _form("digest", "sha256", r"[0-9a-fA-F]{64}"),
    _form("digest", "sha512", r"[0-9a-fA-F]{128}"),
    _form("digest", "mixed", r"[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64}"),
    _form("digest", "bcrypt", r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}"),
    _form("digest", "phpass", r"\$[PH]\$[./A-Za-z0-9]{31}"),
    _form("digest", "argon2", r"\$argon2i?d?\$.+"),
    _form("digest", "pbkdf2", r"pbkdf2_\w+\$\d+\$.+"),
    *(
        _form("date", date + time, pattern + clock)
        for date, pattern in _DATES
        for time, clock in _TIMES
        if date != "%Y%m%d" or not time
    ),
    _form("date", "ISO 8601 with a zone", rf"{_YEAR}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)"),
    _form("date", "ISO 8601", rf"{_YEAR}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d{_ZONE})?"),
    _form("date", "Unix seconds", r"(?:9\d{8}|1[0-9]\d{8})"),
    _form("phone", "", r"(?:\+|00)?(?:90)?[ (]*0?[ (]*[2-5]\d{2}\)?(?:[ ./-]*\d){7}|\+\d(?:[ ()./-]*\d){8,14}"),
    _form("number", "", r"-?(?:0|[1-9]\d*)"),
    _form("money", "1.234,56", rf"-?{_AMOUNT}\s?(?:[1-9]\d{{0,2}}(?:\.\d{{3}})+|0|[1-9]\d*)(?:,\d{{1,4}})?{_AMOUNT}"),
    _form("money", "1,234.56", rf"-?{_AMOUNT}\s?(?:[1-9]\d{{0,2}}(?:,\d{{3}})+|0|[1-9]\d*)(?:\.\d{{1,6}})?{_AMOUNT}"),
    _form("JSON", "", r"(?s:[{\[].*[}\]])"),
    _form("PHP", "serialized", r"(?s:[aO]:\d+:.*\})"),
    _form("code", "", r"(?=[^\s]*\d)[^\W_][\w./:#-]{0,63}"),
)
"""From the special to the common: of two forms that as many values have, the first is said."""


class ColumnProfile(Struct, frozen=True):
    """What is known of a column. `distinct` is an estimate unless it is `exact`. `shortest` and `longest` are in letters.

    form      what `share` of its filled cells are, and `detail` how they are written; "text" for anything
    values    of a column of few values, each of them in many rows: all of them, with how many rows have each
    nulls     how many cells are the text NULL or \\N, which no empty cell is
    """

    name: str
    rows: int
    filled: int
    distinct: int
    exact: bool
    shortest: int
    longest: int
    form: str
    detail: str
    share: float
    examples: tuple[str, ...]
    values: Mapping[str, int]
    nulls: int


class Distinct(Struct):
    """The number of different values, from the smallest of their hashes: as many as are kept tell how dense all of them lie."""

    hashes: set[int] = field(default_factory=set)
    bound: int = SPAN

    def add(self, values: Iterable[str]) -> None:
        bound = self.bound
        self.hashes.update(one for one in map(_hash, values) if one < bound)
        if len(self.hashes) > 2 * KEPT:
            self._shrink()

    def _shrink(self) -> None:
        smallest = sorted(self.hashes)[:KEPT]
        self.hashes, self.bound = set(smallest), smallest[-1]

    def number(self) -> tuple[int, bool]:
        """How many, and whether that is exact."""
        if len(self.hashes) > KEPT:
            self._shrink()
        if self.bound == SPAN:
            return len(self.hashes), True
        return round((KEPT - 1) * SPAN / self.bound), False


def _hash(value: str) -> int:
    # Python's own differs from process to process, and so would the estimate.
    return int.from_bytes(blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


class _Column(Struct):
    """What has been seen of a column until now. `few` is None once there were too many values."""

    filled: int = 0
    shortest: int = 0
    longest: int = 0
    distinct: Distinct = field(default_factory=Distinct)
    examples: dict[str, str] = field(default_factory=dict)
    looked: int = 0
    few: Counter[str] | None = field(default_factory=Counter)
    nulls: int = 0
    matches: dict[Form, int] = field(default_factory=lambda: dict.fromkeys(FORMS, 0))

    def add(self, cells: Sequence[object]) -> None:
        seen = Counter(map(_text, cells))
        seen.pop("", None)
        if not seen:
            return
        lengths = [*map(len, seen), self.longest or len(next(iter(seen)))]
        self.longest = max(lengths)
        self.shortest = min(self.shortest or self.longest, *lengths)
        self.filled += seen.total()
        self.distinct.add(seen)
        self.nulls += sum(seen[mark] for mark in NULL_MARKS)
        self._exemplify(seen)
        self._count_few(seen)
        self._match(seen)

    def _exemplify(self, seen: Iterable[str]) -> None:
        """Examples of different shapes, so that three of them tell more than one."""
        if self.looked < LOOKED_AT and len(self.examples) < EXAMPLES:
            for value in islice(seen, LOOKED_AT - self.looked):
                self.looked += 1
                if len(self.examples) < EXAMPLES:
                    self.examples.setdefault(shape(value), value)

    def _count_few(self, seen: Counter[str]) -> None:
        if self.few is not None:
            self.few.update(seen)
            if len(self.few) > FEW:
                self.few = None

    def _match(self, seen: Counter[str]) -> None:
        """A form that half of the values do not have is not looked for any more."""
        for form in list(self.matches):
            fits = form.pattern.fullmatch
            self.matches[form] += sum(times for value, times in seen.items() if fits(value))
            if self.matches[form] < POSSIBLE * self.filled:
                del self.matches[form]

    def profile(self, name: str, rows: int) -> ColumnProfile:
        distinct, exact = self.distinct.number()
        form, share = self._form()
        values = self.few if self.few and is_of_codes(len(self.few), self.filled) else {}
        return ColumnProfile(
            name, rows, self.filled, min(distinct, self.filled), exact, self.shortest, self.longest,
            form.name if form else "text" if self.filled else "", form.detail if form else "", share,
            tuple(self.examples.values()), dict(sorted(values.items(), key=lambda one: (-one[1], one[0]))), self.nulls,
        )  # fmt: skip

    def _form(self) -> tuple[Form | None, float]:
        best = max(self.matches, key=self.matches.__getitem__, default=None)
        share = self.matches[best] / self.filled if best and self.filled else 0.0
        return (best, share) if share >= COMMON else (None, 1.0)


def shape(value: str) -> str:
    """A text with every digit a 9 and every letter an a: how it is written, and nothing that it says."""
    return _DIGIT.sub("9", _LETTER.sub("a", value))


def _text(cell: object) -> str:
    """A cell as it would stand in a CSV."""
    if type(cell) is str:
        return cell.strip()
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return json.dumps(cell, ensure_ascii=False, default=str) if isinstance(cell, dict | list) else str(cell)


class TableProfile:
    """Takes rows, and tells of each column."""

    def __init__(self, header: Sequence[str]) -> None:
        self._header = header
        self._columns = [_Column() for _ in header]
        self.rows = 0

    def add(self, rows: Sequence[Sequence[object]]) -> None:
        """Rows that are as wide as the header."""
        self.rows += len(rows)
        for column, cells in zip(self._columns, zip(*rows, strict=True), strict=False):
            column.add(cells)

    def distinct(self) -> list[Distinct]:
        """The different values of each column, as hashes: which of two columns has the other's is told by them."""
        return [one.distinct for one in self._columns]

    def columns(self) -> list[ColumnProfile]:
        return [one.profile(name, self.rows) for name, one in zip(self._header, self._columns, strict=True)]
