"""What a file or a database holds, for people and for programs: what one needs to write a mapping."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from etl.guess.words import heads_a_column
from etl.personal import looks_personal, mask_text
from etl.profile import ColumnProfile, shape
from etl.suggest import LIKE_ITS_ROWS, NO_HEADER, is_written_alike, look_like_data, may_be_people

NAMED = ("e-mail", "text", "JSON", "PHP")
"""Forms whose values are masked as in reports."""
WIDTH = 80
NAME_WIDTH = 24
LONGEST = 24
"""Letters of an example that are shown."""


class TableSeen(Struct, frozen=True):
    """A table: how many rows and columns it has (None: not known before it is read), and the mapping's sources that read it."""

    name: str
    rows: int | None = None
    columns: int | None = None
    note: str = ""
    sources: tuple[str, ...] = ()


class TableLook(Struct, frozen=True):
    """A table that was read. `source` is what a mapping says to read it.

    used        for each column the stages and lookups that use it; None without a mapping that reads this table
    unreadable  how many rows cannot be read, and `fault` why the first of them cannot
    partly      that only the first rows were looked at
    top         that the names of the columns are what stands in the first line
    """

    name: str
    source: Mapping[str, Any]
    rows: int
    columns: tuple[ColumnProfile, ...]
    used: Mapping[str, tuple[str, ...]] | None = None
    unreadable: int = 0
    fault: str = ""
    partly: bool = False
    top: bool = False

    @property
    def looks_headless(self) -> bool:
        """Whether what should be names is the first customer of a file without a header line."""
        names = [one.name for one in self.columns]
        unlike = bool(self.used) and not set(self.used or ()) & set(names)
        return look_like_data(names) or (unlike and may_be_people(names))

    @property
    def may_be_headless(self) -> bool:
        """Whether they may be so all the same: the first line is like the others, and nobody knows a name in it."""
        names = [one.name for one in self.columns]
        if not self.top or set(self.used or ()) & set(names) or any(map(heads_a_column, names)):
            return False
        filled = [one for one in self.columns if one.filled]
        return bool(filled) and all(is_written_alike(one.name, one.examples) for one in filled)

    def hiding_names(self) -> TableLook:
        """The same with columns that have numbers in the place of names."""
        columns = tuple(replace(one, name=f"column {number}") for number, one in enumerate(self.columns, start=1))
        return replace(self, columns=columns, used=None)

    @property
    def unused(self) -> list[str] | None:
        return None if self.used is None else [one.name for one in self.columns if not self.used.get(one.name)]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What lies at `location`, in words `what`: its tables, and a look at the one that was asked for, or is the only one."""

    location: str
    what: str
    tables: tuple[TableSeen, ...]
    look: TableLook | None = None
    show_data: bool = field(default=False, compare=False)

    def as_plain(self) -> dict[str, Any]:
        tables = [
            {"name": one.name, "rows": one.rows, "columns": one.columns, "note": one.note, "sources": list(one.sources)}
            for one in self.tables
        ]
        look = None if self.look is None else self._look_plain(self.shown_look(self.look))
        return {"location": self.location, "what": self.what, "tables": tables, "table": look}

    def shown_look(self, look: TableLook) -> TableLook:
        headless = look.looks_headless or look.may_be_headless
        return look.hiding_names() if headless and not self.show_data else look

    def _look_plain(self, look: TableLook) -> dict[str, Any]:
        return {
            "name": look.name,
            "source": dict(look.source),
            "rows": look.rows,
            "partly": look.partly,
            "unreadable": look.unreadable,
            "columns": [self._column_plain(one, look) for one in look.columns],
            "unused": look.unused,
        }

    def _column_plain(self, column: ColumnProfile, look: TableLook) -> dict[str, Any]:
        return {
            "name": column.name,
            "filled": column.filled,
            "distinct": column.distinct,
            "exact": column.exact,
            "shortest": column.shortest,
            "longest": column.longest,
            "form": column.form,
            "detail": column.detail,
            "share": round(column.share, 4),
            "nulls": column.nulls,
            "examples": self.examples(column),
            "values": self.values(column),
            "used_by": None if look.used is None else list(look.used.get(column.name, ())),
        }

    def examples(self, column: ColumnProfile) -> list[str]:
        """Of what is written in figures the shape is shown: it says how to read it, and nothing of a person."""
        if self.show_data:
            return list(column.examples)
        hide = mask_text if column.form in NAMED else shape
        return list(dict.fromkeys(map(hide, column.examples)))

    def values(self, column: ColumnProfile) -> dict[str, int]:
        """The values of a code: of few that many rows have, none tells who somebody is, unless it looks so."""
        if self.show_data or not any(map(looks_personal, column.values)):
            return dict(column.values)
        hidden = Counter[str]()
        for value, count in column.values.items():
            hidden[mask_text(value)] += count
        return hidden


def lines_of(found: Inspection) -> Iterator[str]:
    """Lines of at most 80 letters, names excepted that are longer."""
    count = len(found.tables)
    yield f"{found.location}: {found.what}, {count:,} table{'' if count == 1 else 's'}"
    if found.look is None:
        yield from _tables(found.tables)
    else:
        yield from _look(found, found.shown_look(found.look))
        if found.look.looks_headless:
            yield from _wrapped(NO_HEADER)
        elif found.look.may_be_headless and not found.show_data:
            yield from _wrapped(LIKE_ITS_ROWS)


def _tables(tables: Sequence[TableSeen]) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [("table", "rows", "columns", "")]
    for one in tables:
        numbers = ("" if number is None else f"{number:,}" for number in (one.rows, one.columns))
        readers = f"read by {', '.join(one.sources)}" if one.sources else ""
        rows.append((one.name, *numbers, "; ".join(text for text in (readers, one.note) if text)))
    yield from _laid_out(rows, 48)


def _look(found: Inspection, look: TableLook) -> Iterator[str]:
    rows = f"the first {look.rows:,} rows" if look.partly else f"{look.rows:,} row{'' if look.rows == 1 else 's'}"
    width = len(look.columns)
    yield f"{look.name}: {rows}, {width:,} column{'' if width == 1 else 's'}"
    yield from _wrapped(f"as a source: {written(look.source)}")
    if look.unreadable:
        yield from _wrapped(f"{look.unreadable:,} of them cannot be read; the first: {look.fault}")
    yield from _laid_out(
        [("column", "filled", "distinct", "length", "form, and examples")]
        + [(one.name, filled(one), distinct(one), length(one), _holds(found, one)) for one in look.columns]
    )
    if look.used is not None:
        yield from _usage(look)


def _holds(found: Inspection, column: ColumnProfile) -> str:
    if column.values:
        shown = [f"{value} ({count:,})" for value, count in found.values(column).items()]
    else:
        shown = [] if column.form == "digest" else [_short(text) for text in found.examples(column)]
    return f"{form(column)}: {', '.join(shown)}" if shown else form(column)


def _usage(look: TableLook) -> Iterator[str]:
    users: dict[str, list[str]] = {}
    for column in look.columns:
        for user in (look.used or {}).get(column.name, ()):
            users.setdefault(user, []).append(column.name)
    for user, columns in users.items():
        yield from _wrapped(f"used by {user}: {', '.join(columns)}")
    if look.unused:
        yield from _wrapped(f"not used: {', '.join(look.unused)}")


def _wrapped(text: str) -> list[str]:
    return wrap(text, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _laid_out(rows: Sequence[Sequence[str]], longest: int = NAME_WIDTH) -> Iterator[str]:
    """Names to the left, numbers to the right, and a text that goes on in further lines."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]) - 1)]
    widths[0] = min(widths[0], longest)
    yield ""
    for row in rows:
        name, *numbers, text = row
        start = " ".join(
            [name.ljust(widths[0]), *(one.rjust(width) for one, width in zip(numbers, widths[1:], strict=True))]
        )
        room = WIDTH - sum(widths) - len(widths) - 2
        first, *others = wrap(text, room, break_on_hyphens=False) or [""]
        yield f" {start}  {first}".rstrip()
        yield from (f"{'':{WIDTH - room}}{other}" for other in others)
    yield ""


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def written(source: Mapping[str, Any]) -> str:
    """A source as a mapping has it, on one line."""
    import json

    plain = {
        name: value if _is_plain(value) else json.dumps(value, ensure_ascii=False) for name, value in source.items()
    }
    return f"{{ {', '.join(f'{name}: {value}' for name, value in plain.items())} }}"


def _is_plain(value: Any) -> bool:
    """Whether YAML reads a text as it stands, inside of braces."""
    import re

    return re.fullmatch(r"[A-Za-z_./][\w./-]*", str(value)) is not None


def filled(column: ColumnProfile) -> str:
    """100% is said of all, and 0% of none: what is nearly so is not rounded to it."""
    if not column.rows:
        return ""
    share = 100 * column.filled / column.rows
    near = min(max(share, 0.1), 99.9) if 0 < share < 100 else share
    return f"{near:.1f}".removesuffix(".0") + "%"


def distinct(column: ColumnProfile) -> str:
    return f"{column.distinct:,}" if column.exact else f"about {_rounded(column.distinct):,}"


def _rounded(number: int) -> int:
    """Two figures of an estimate that is off by some 2 in 100."""
    return int(float(f"{number:.2g}"))


def length(column: ColumnProfile) -> str:
    if not column.filled:
        return ""
    return f"{column.longest:,}" if column.shortest == column.longest else f"{column.shortest:,}-{column.longest:,}"


def form(column: ColumnProfile) -> str:
    parts = [column.form, column.detail] if column.detail else [column.form]
    share = [f"({100 * column.share:.0f}%)"] if column.share < 1 else []
    nulls = [f"and {column.nulls:,} NULL as text"] if column.nulls else []
    return " ".join([*parts, *share, *nulls])
