"""The records of a package by the points of the mapping that their rows reach, and the few of them that reach all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

import orjson
from msgspec import Struct, field

from etl.errors import MappingError, PackageError
from etl.expressions.points import Point, Points
from etl.extract import read_all
from etl.findings import Sentence
from etl.load.choice import choose
from etl.mapping import Checked
from etl.measures.covering import cover, least, needless
from etl.model import Stage, Table
from etl.package import IndexLine, Package, ProblemExample
from etl.prepare.plan import plan_stage
from etl.prepare.program import Program

RecordName = tuple[str, str]
"""A stage and a key."""

MOST_KINDS = 5_000
"""Records that reach different points, of which one each is remembered; beyond, only those that reach something new."""

ROWS = 2_000
WARNING = "warning"
"""The kind of a Point that is no part of an expression: something odd that is sent all the same."""


class SampledRecord(Struct, frozen=True):
    """A record that may be in the sample: its line of the index, its bytes, what its row reaches, what it refers to; the row."""

    stage: str
    line: IndexLine
    data: bytes
    points: frozenset[Point]
    parents: tuple[RecordName, ...]
    cells: Sequence[object]

    @property
    def name(self) -> RecordName:
        return self.stage, self.line[0]


MOST_FAMILIES = 300_000
"""Records of which is remembered what they and those that refer to them show; of more, nobody tells how few would do."""


class Families:
    """For every record what it shows, together with those that refer to it: a number, of which each bit is a point.

    A record that shows a point brings along the one that it refers to: two points that no family has need two of these. A point
    that is shown without any of them, as is an entry of a lookup that two stages use, says nothing of how many are needed.
    """

    def __init__(self, stages: Iterable[str]) -> None:
        self._stages: dict[str, dict[str, int]] = {name: {} for name in stages}
        self._outside = dict.fromkeys(self._stages, 0)
        self._bits: dict[Point, int] = {}
        self._kinds: dict[frozenset[Point], int] = {}
        self._count = 0

    def see(self, record: SampledRecord) -> None:
        """Stage by stage: what a record refers to comes before it, if it is sent at all."""
        self._count += 1
        if self._count > MOST_FAMILIES:
            self._stages.clear()
            return
        shown, key = self._shown(record.points), record.line[0]
        self._stages[record.stage][key] = shown
        known = [one for one in record.parents if one[1] in self._stages[one[0]]]
        for stage, parent in known:
            self._stages[stage][parent] |= shown
        for stage in self._outside.keys() - {record.stage, *(stage for stage, _ in known)}:
            self._outside[stage] |= shown

    def _shown(self, points: frozenset[Point]) -> int:
        if points not in self._kinds:
            self._kinds[points] = sum(1 << self._bits.setdefault(one, len(self._bits)) for one in points)
        return self._kinds[points]

    def least(self) -> int | None:
        """How many records are needed at least to show everything; None: there are too many to tell."""
        if self._count > MOST_FAMILIES:
            return None
        return sum(
            least(one & ~self._outside[stage] for one in families.values()) for stage, families in self._stages.items()
        )


class Selection(Struct):
    """What was chosen, and what there is to reach: `sent` by records, `left` only by rows that make no record.

    `whole` is chosen whatever it shows: a record of each stage that belong together. `programs` make the stages' records.
    `least`: fewer records than that cannot show it all; None: there are too many to tell.
    """

    records: dict[RecordName, SampledRecord] = field(default_factory=dict)
    known: dict[Point, None] = field(default_factory=dict)
    sent: set[Point] = field(default_factory=set)
    left: set[Point] = field(default_factory=set)
    whole: frozenset[RecordName] = frozenset()
    programs: Mapping[str, Program] = field(default_factory=dict)
    least: int | None = None

    def of(self, stage: str) -> list[SampledRecord]:
        """In the order of their rows."""
        return sorted((one for one in self.records.values() if one.stage == stage), key=lambda one: one.line[1])


def choose_sample(checked: Checked, package: Package, watch: Callable[[str, int], None]) -> Selection:
    """The fewest records, as far as a greedy choice finds them, that reach every point and lack none that they refer to.

    One set that `etl pilot` can send is among them, where the package has one.
    """
    readings = {stage.name: _Reading(checked, package, stage, watch) for stage in checked.migration.stages}
    programs = {name: reading.program for name, reading in readings.items()}
    chosen, covered = Selection(whole=_whole(package, checked.migration.stages), programs=programs), set[Point]()
    families = Families(readings)
    for reading in readings.values():
        _choose(reading, chosen, covered, families)
    chosen.least = families.least()
    for name in reversed(readings):
        readings[name].fetch(_missing(chosen, name), chosen)
    _prune(chosen, list(readings))
    return chosen


def _whole(package: Package, stages: Sequence[Stage]) -> frozenset[RecordName]:
    """A record of each stage that belong together; none where nothing has something in every stage."""
    try:
        sets = choose(package, stages, 1, None, lambda stage, keys: ())
    except (MappingError, PackageError):
        return frozenset()
    return frozenset((one.stage, key) for one in sets for key in one.keys)


def _choose(reading: _Reading, chosen: Selection, covered: set[Point], families: Families) -> None:
    """Of a stage, whose parents were chosen before."""
    kinds: dict[frozenset[Point], SampledRecord] = {}
    cost = partial(_cost, chosen)
    for record in reading.records(chosen.left):
        families.see(record)
        if record.name in chosen.whole:
            chosen.records[record.name] = record
            covered |= record.points
        known = kinds.get(record.points)
        if known is None:
            if len(kinds) < MOST_KINDS or not record.points <= chosen.sent:
                kinds[record.points] = record
            chosen.sent |= record.points
        elif cost(record) < cost(known):
            kinds[record.points] = record
    chosen.known |= reading.known
    candidates = list(kinds.values())
    for at in cover([one.points for one in candidates], [cost(one) for one in candidates], covered):
        chosen.records[candidates[at].name] = candidates[at]


def _cost(chosen: Selection, record: SampledRecord) -> int:
    """The record, and those that it brings with it."""
    return 1 + sum(parent not in chosen.records for parent in record.parents)


def _missing(chosen: Selection, stage: str) -> set[str]:
    wanted = (parent for one in chosen.records.values() for parent in one.parents)
    return {key for name, key in wanted if name == stage and (name, key) not in chosen.records}


def _prune(chosen: Selection, stages: Sequence[str]) -> None:
    """Without records that nothing refers to and that show nothing which no other shows; the last stages first."""
    for stage in reversed(stages):
        referred = {parent for one in chosen.records.values() for parent in one.parents}
        ordered = sorted(chosen.records.values(), key=lambda one: (len(one.points), -one.line[1]))
        needed = {name for name in chosen.records if name[0] != stage or name in referred or name in chosen.whole}
        for name in needless([(one.name, one.points) for one in ordered], needed):
            del chosen.records[name]


class _Reading:
    """A stage's rows beside the records that the package has of them."""

    def __init__(self, checked: Checked, package: Package, stage: Stage, watch: Callable[[str, int], None]) -> None:
        self._stage, self._package, self._watch = stage, package, watch
        self._table: Table = checked.table(stage)
        self.program = Program(plan_stage(checked.migration, stage, self._table, checked.resources))
        plan = self.program.plan
        self._points = Points(plan.stage, plan.header, plan.resources, self.program.write)
        self._odd = dict(_odd(package, stage.name))
        self.known = dict.fromkeys([*self._points.all, *(point for points in self._odd.values() for point in points)])

    def records(self, left: set[Point]) -> Iterator[SampledRecord]:
        """Every record, in order. What rows that make none reach is added to `left`."""
        lines = self._lines()
        line, data = next(lines, (None, b""))
        for first, rows in read_all(self._table, ROWS):
            faulty = {fault.index for fault in rows.faults}
            for index, row in enumerate(rows.rows):
                if index in faulty:
                    continue
                reached = self._points.reached(row)
                number = first + rows.place(index)
                if line is None or line[1] != number:
                    left.update(reached)
                    continue
                points = reached.union(odd) if (odd := self._odd.get(number)) else reached
                yield SampledRecord(self._stage.name, line, data, points, _parents(self._stage, data), row)
                line, data = next(lines, (None, b""))
            self._watch(self._stage.name, len(rows.rows))

    def fetch(self, keys: set[str], chosen: Selection) -> None:
        """Add the records that others refer to. One that is not there arrived with an earlier load."""
        if keys:
            found = (one for one in self.records(set()) if one.line[0] in keys)
            chosen.records |= {one.name: one for one in found}

    def _lines(self) -> Iterator[tuple[IndexLine, bytes]]:
        for batch in self._package.batches(self._package.stage(self._stage.name)):
            index: list[IndexLine] = [tuple(line) for line in orjson.loads(self._package.read(batch.index))]
            yield from zip(index, self._package.records(batch), strict=True)


def _parents(stage: Stage, data: bytes) -> tuple[RecordName, ...]:
    if not stage.refers:
        return ()
    record = orjson.loads(data)
    return tuple((name, str(record[field])) for field, name in stage.refers.items() if record.get(field) is not None)


def _odd(package: Package, name: str) -> Iterator[tuple[int, tuple[Point, ...]]]:
    """The rows of which something is told as a warning, and with each the row that it is odd beside."""
    found: dict[int, list[Point]] = {}
    for kind in package.kinds(package.stage(name)):
        rows = [row for row in kind.rows if isinstance(row, int)]
        if kind.severity == WARNING and rows:
            what = _as_told(kind.examples[0]) if kind.examples else kind.rule
            for at in _alike(package, name, rows[0]):
                found.setdefault(at, []).append(Point(WARNING, name, kind.field or "", what, None, at))
    return ((row, tuple(points)) for row, points in found.items())


def _as_told(one: ProblemExample) -> Sentence:
    return Sentence(one.reason, one.words, one.parts, personal=one.personal)


def _alike(package: Package, name: str, row: int) -> list[int]:
    """The row, and the first one before it that makes the very same record: two addresses that are sent alike."""
    same = next((one.data for one in package.walk(package.stage(name)) if one.row == row), None)
    first = next((one.row for one in package.walk(package.stage(name)) if one.data == same), row)
    return [row] if first == row else [first, row]


def users_of(chosen: Selection, payloads: Mapping[str, str]) -> dict[RecordName, RecordName]:
    """The user that each record belongs to; `payloads` are those of the stages, in their order."""
    found: dict[RecordName, RecordName] = {}
    for stage, payload in payloads.items():
        for one in chosen.of(stage):
            own = one.name if payload == "user" else next((found[name] for name in one.parents if name in found), None)
            if own is not None:
                found[one.name] = own
    return found


def shown_by(records: Iterable[SampledRecord]) -> dict[Point, SampledRecord]:
    """For each point the first record that shows it."""
    found: dict[Point, SampledRecord] = {}
    for one in records:
        for point in one.points:
            found.setdefault(point, one)
    return found
