"""What a migration is: plain, frozen data that cannot run itself. Nothing from outside the project, and of it what is below.

A Migration stays in its process, as its secrets do; what travels to others is a stage's Plan (prepare/plan.py), and parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct, field

from etl.corrections import RowCorrection
from etl.findings import Sentence, Unfit, joined, said
from etl.target import Secret, Target
from etl.terminal import visible

PAYLOADS = ("user", "address", "order", "order_item")
"""The types Omnitron's migration API takes, in the order it asks for them (Omnitron contract, 'The flow')."""


class Place(Struct, frozen=True, order=True):
    """A position in a text file, counted from 1 as editors do."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return visible(f"{self.file}:{self.line}:{self.column}")


WARNING = "warning"
"""The kind of a Problem that is told, and that no command minds unless it is strict."""

NOTE = "note"
"""The kind of a Problem that is none: something found out that a person may want to see."""


class Problem(Struct, frozen=True, order=True):
    """Something wrong with a mapping, and where. `kind` groups problems that some commands can live with."""

    place: Place
    what: str
    kind: str = "mapping"

    @property
    def told(self) -> Sentence:
        """A line. What is wrong with the environment can be said in the reader's language."""
        return joined(": ", [str(self.place), *([self.kind] if self.kind in (WARNING, NOTE) else []), self.what])

    def __str__(self) -> str:
        return str(self.told)


class Expression(Struct, frozen=True):
    """A YAML string that holds `{{ }}`: its text, and where it stands."""

    text: str
    place: Place


Template = Expression | str | int | float | bool | None | tuple["Template", ...] | Mapping[str, "Template"]
"""What a field is made from: an expression, a constant, or a list or mapping of these (nested JSON)."""


class Database(Struct, frozen=True):
    """Where the old shop's database is: an address, whose password only `reveal()` gives away, or a file (absolute).

    `shown` is the location without what must not be seen; `options` say how files are written. `varies`: a variable says where it
    is, so that it may be a server today and a folder of files tomorrow.
    """

    name: str
    location: Secret
    shown: str
    options: Mapping[str, object] = field(default_factory=dict)
    place: Place = Place("")
    varies: bool = False


class Source(Struct, frozen=True):
    """A named table of rows. `kind` is csv, excel, json, jsonl...; `location` the file (absolute) or other address."""

    name: str
    kind: str
    location: str
    options: Mapping[str, object] = field(default_factory=dict)
    place: Place = Place("")

    @property
    def tidied(self) -> tuple[bool, bool]:
        """Whether blanks around its cells are cut off, and whether their letters are composed."""
        trim, normalize = (self.options.get(name, True) is not False for name in ("trim", "normalize"))
        return trim, normalize


class Evidence(Struct, frozen=True):
    """What a source was when it was read: its location as it may be shown, and a file's size and SHA-256, or what a
    database was asked, at what time of its own (ISO 8601), and how many rows it gave. None: not known, or not summed up.

    `snapshot` is the ID of the one that the rows are from; `notes` are sentences about them that a person has to know."""

    location: str
    bytes: int | None = None
    sha256: str | None = None
    statement: str | None = None
    taken: str | None = None
    rows: int | None = None
    snapshot: str | None = None
    notes: tuple[str, ...] = ()


class Lookup(Struct, frozen=True):
    """A table from a source's codes to Omnitron's. Either `pairs`, each with where it stands, or two columns of `source`."""

    name: str
    pairs: Mapping[str, object] = field(default_factory=dict)
    source: Source | None = None
    key: str = ""
    value: str = ""
    place: Place = Place("")
    places: Mapping[str, Place] = field(default_factory=dict)


class Gate(Struct, frozen=True):
    """How many errors a stage may have. What is None sets no limit; both None means none are allowed."""

    errors: int | None = None
    share: float | None = None

    def allows(self, errors: int, records: int) -> bool:
        if self.errors is None and self.share is None:
            return errors == 0
        within_count = self.errors is None or errors <= self.errors
        within_share = self.share is None or errors <= self.share * records
        return within_count and within_share


class Accept(Struct, frozen=True):
    """How many rows of a stage may be left behind. What is not named may have none."""

    rejected: Gate = Gate()
    held: Gate = Gate()


class Stage(Struct, frozen=True):
    """One kind of record, made from one source. `refers` maps a payload field to the stage it points at."""

    name: str
    payload: str
    source: str
    key: str | Expression
    fields: Mapping[str, Template]
    where: Expression | None = None
    settled: Expression | None = None
    """Whether a record will not change any more; one that may is not sent yet. None: all are settled."""
    unique: tuple[str, ...] = ()
    duplicates: str = "reject"
    """What becomes of a record that shares a unique value with an earlier one: reject, or merge."""
    refers: Mapping[str, str] = field(default_factory=dict)
    gate: Gate = Gate()
    accept: Accept | None = None
    """How many rows may be left behind. None: any number is sent without, and is a problem."""
    may_be_empty: bool = False
    """Whether a source without rows is no problem."""
    totals: Mapping[str, tuple[Expression, ...]] = field(default_factory=dict)
    """Amounts -> what the source's own amount is the sum of: columns by their bare names, and expressions."""
    batch_size: int | None = None
    pause: float | None = None
    ramp_up: bool | None = None
    cut_after_errors: bool | None = None
    place: Place = Place("")
    corrections: tuple[RowCorrection, ...] = ()
    """Rows that a person has mended, from the file beside the mapping."""

    @property
    def merges(self) -> bool:
        return self.duplicates == "merge"

    @property
    def key_text(self) -> str:
        """What the key is made from, as the mapping has it."""
        template = self.fields.get(self.key) if isinstance(self.key, str) else self.key
        return template.text if isinstance(template, Expression) else str(template)


class SmallTable(Struct, frozen=True):
    """A source as a test gives it: columns, and rows with a value for each."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


class Case(Struct, frozen=True):
    """One row that a test gives, and the fields that it expects of it (None: the test says what else becomes of it)."""

    given: Mapping[str, object]
    expect: Mapping[str, object] | None
    place: Place = Place("")


class MappingTest(Struct, frozen=True):
    """One of the mapping's own tests: rows of a source, and what must become of them.

    Either `cases` give the rows, or the stage makes them of `sources`; then a case is one of these rows, and gives nothing.
    `tabled`: the cases are written as a table, and each is told by its number.
    """

    stage: str
    cases: tuple[Case, ...]
    reject: tuple[str, ...] = ()
    filtered: bool = False
    name: str = ""
    place: Place = Place("")
    sources: Mapping[str, SmallTable] = field(default_factory=dict)
    tabled: bool = False


class PlaceSettings(Struct, frozen=True):
    """How places are told: the country of rows that name none, and the lookups in which a person decided about names."""

    country: str | None = None
    names: tuple[str, ...] = ()


class Migration(Struct, frozen=True):
    """One mapping file, understood."""

    name: str
    description: str
    file: Path
    target: Target
    sources: Mapping[str, Source]
    lookups: Mapping[str, Lookup]
    stages: tuple[Stage, ...]
    tests: tuple[MappingTest, ...] = ()
    databases: Mapping[str, Database] = field(default_factory=dict)
    geography: PlaceSettings = PlaceSettings()

    def stage(self, name: str) -> Stage:
        return next(stage for stage in self.stages if stage.name == name)


class Counts(Struct, frozen=True):
    """What became of a stage's rows. `read` is always the sum of the other five."""

    read: int = 0
    filtered: int = 0
    rejected: int = 0
    held: int = 0
    valid: int = 0
    merged: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.read + other.read,
            self.filtered + other.filtered,
            self.rejected + other.rejected,
            self.held + other.held,
            self.valid + other.valid,
            self.merged + other.merged,
        )

    def add_up(self) -> bool:
        return self.read == self.filtered + self.rejected + self.held + self.merged + self.valid


class Locator(Struct, frozen=True):
    """Where a row is found again, as its source tells it.

    source   the file's, table's or address's name, without what nobody should see
    number   orders the rows of a source: of a file it is the row, counted as a spreadsheet does (a header is row 1)
    place    how the source itself calls the row, where that is no row of a file: 'customer_id 87', 'page 3, item 7'
    """

    source: str
    number: int
    place: str | None = None

    @property
    def told(self) -> Sentence:
        if self.place:
            return said("{source} {place}", source=visible(self.source), place=visible(self.place))
        return said("{source} row {row}", source=visible(self.source), row=self.number)

    def __str__(self) -> str:
        return str(self.told)


class Locate(Protocol):
    """A source's way from the number of a row to its place. Who has the row's cells at hand gives them: a key is among them."""

    def __call__(self, number: int, cells: Sequence[object] = ()) -> Locator: ...


Record = Mapping[str, Any]
"""What is sent of a customer, an address, an order, an item: the payload's fields and their values."""


class RowFault(Struct, frozen=True):
    """A row that could not be read as the header promises. `index` counts the part's rows from 0; `cells` is what was there.

    `column` is the one, counted from 0, whose cell alone is at fault.
    """

    index: int
    reason: Unfit
    cells: tuple[str, ...] = ()
    column: int | None = None


class UnreadRow(Struct, frozen=True):
    """A row that a query lacks, because it could not be read: of which source of the mapping it is, and where in it."""

    source: str
    at: Locator
    fault: RowFault


class Rows(Struct, frozen=True):
    """The rows of one part of a source, in order. A faulty row stays in `rows` (its cells unusable), so that indices hold.

    `end` is where the next part has to start, when the source can tell only by reading (see Part.moved).

    A blank line is no row, yet people count it. `blank` is how many there are in the part; `places` is where each row
    stands when they are counted, from 0 (None: each at its index).
    """

    rows: Sequence[Sequence[object]]
    faults: tuple[RowFault, ...] = ()
    end: int | None = None
    blank: int = 0
    places: Sequence[int] | None = None

    @property
    def height(self) -> int:
        """How many rows a person counts in this part."""
        return len(self.rows) + self.blank

    def place(self, index: int) -> int:
        return index if self.places is None else self.places[index]


class Part(Protocol):
    """A piece of a table that can be read in another process. Picklable.

    Where a file is cut without reading it, the cut is a guess: `start` is where this part begins, and the part before it
    says in `Rows.end` where it should have begun. When they differ, `moved` gives the part to read instead.
    """

    @property
    def start(self) -> int | None: ...

    @property
    def reached(self) -> float | None:
        """About which share of its table is read with this part, of what is stored (bytes, rows). None: nobody knows."""
        ...

    def moved(self, start: int) -> Part: ...

    def read(self) -> Rows: ...


class Table(Protocol):
    """An opened source: its header, the number its first row has for a person, and its rows in parts."""

    @property
    def header(self) -> tuple[str, ...]: ...

    @property
    def first_row(self) -> int: ...

    @property
    def text_only(self) -> bool:
        """Whether every cell is a str (CSV), or may be any JSON value."""
        ...

    def parts(self, rows: int) -> Iterator[Part]:
        """The table cut in parts of about `rows` rows, lazily: the first is there before the last is looked for."""
        ...
