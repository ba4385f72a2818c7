"""Records against records: no key and no unique value twice (or the later one is merged), no record without its parent.

Works on chunks in the order of the source, so that the first of two equal records wins whatever the number of workers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from functools import cached_property, partial
from itertools import chain, compress
from operator import attrgetter
from pathlib import Path

from msgspec import Struct, field

from etl.model import Stage
from etl.prepare.chunk import Chunk
from etl.prepare.keys import Budget, Fate, KeyIndex
from etl.prepare.merging import Aliases, Before, Merge, Merging, NothingBefore, Shared, refer
from etl.prepare.numbers import KeyColumn
from etl.prepare.texts import TextIndex


class Duplicate(Struct, frozen=True):
    """A record that repeats a value of an earlier one. `position` counts the chunk's records."""

    position: int
    field: str | None
    value: str
    first_row: int


class Orphan(Struct, frozen=True):
    """A record whose parent is not migrated; `parent_row` is None when no row made that parent.

    `is_away`: the stage of the parent is not prepared, so that it is not known whether a row makes one.
    """

    position: int
    field: str
    parent_stage: str
    parent_key: str
    fate: Fate
    parent_row: int | None
    is_away: bool = False


class Twin(Struct, frozen=True):
    """A record of which another stage of the same payload sends the `field`, too. `position` counts the chunk's records."""

    position: int
    field: str
    stage: str


class Verdict(Struct):
    """Which of a chunk's records may not be sent, and why; and those that are sent, and have a twin in another stage."""

    duplicates: list[Duplicate] = field(default_factory=list)
    orphans: list[Orphan] = field(default_factory=list)
    merges: list[Merge] = field(default_factory=list)
    twins: list[Twin] = field(default_factory=list)

    def dropped(self) -> set[int]:
        return {one.position for found in (self.duplicates, self.orphans, self.merges) for one in found}


NOTHING_BEFORE = NothingBefore()


class Integrity:
    """The keys of all stages so far: `bound` of them in memory, the others in `folder`. `merging`: the stages that merge."""

    def __init__(
        self, folder: Path, bound: int, before: Before = NOTHING_BEFORE, merging: Collection[str] = ()
    ) -> None:
        self._folder, self._budget, self._before, self._merging = folder, Budget(bound), before, merging
        self._stages: dict[str, KeyIndex] = {}
        self._away: set[str] = set()
        self._known_by: dict[tuple[str, str], list[Others]] = {}
        self._aliases: dict[str, Aliases] = {}

    def stage(self, stage: Stage) -> StageIntegrity:
        own = self._index(stage.name, "key")
        self._stages[stage.name] = own
        shared = [name for name in stage.unique if name != stage.key]
        unique = {} if stage.merges else {name: self._index(stage.name, name) for name in shared}
        parents = {name: self._parent(parent) for name, parent in stage.refers.items()}
        merging = self._merged_by(stage, shared) if stage.merges else None
        twins = self._twins(stage, {**unique, **({stage.key: own} if isinstance(stage.key, str) else {})})
        return StageIntegrity(stage, own, unique, parents, self._before, self._budget.keep, merging, twins)

    def _twins(self, stage: Stage, indexes: Mapping[str, KeyIndex]) -> list[tuple[str, Others]]:
        """Of each field by which Omnitron knows such a record: what the stages before this one send. `indexes`: its own."""
        found = []
        for name in KNOWN_BY.get(stage.payload, ()):
            if name in indexes:
                others = self._known_by.setdefault((stage.payload, name), [])
                found += [(name, one) for one in others]
                others.append(Others(stage.name, indexes[name]))
        return found

    def _merged_by(self, stage: Stage, fields: Sequence[str]) -> Merging:
        new_index = partial(self._texts, stage.name)
        aliases = self._aliases_of(stage.name)
        return Merging(stage.name, fields, aliases, new_index, self._before, self._budget.keep)

    def _aliases_of(self, stage: str) -> Aliases:
        if stage not in self._aliases:
            self._aliases[stage] = Aliases(stage, partial(self._texts, stage), self._before, self._budget.keep)
        return self._aliases[stage]

    def _parent(self, stage: str) -> ReferredStage:
        """A stage's keys; none, where only other stages are prepared: then its records have to have arrived before."""
        if stage not in self._stages:
            self._stages[stage] = self._index(stage, "key")
            self._away.add(stage)
        aliases = self._aliases_of(stage) if stage in self._merging else None
        return ReferredStage(stage, self._stages[stage], aliases, stage in self._away)

    def _texts(self, stage: str, name: str) -> TextIndex:
        return self._budget.texts(self._folder / f"{stage}.{name}.texts.sqlite")

    def _index(self, stage: str, name: str) -> KeyIndex:
        return self._budget.index(self._folder / f"{stage}.{name}.sqlite")

    def close(self) -> None:
        self._budget.close()


class ReferredStage(Struct, frozen=True):
    """A stage that others refer to: its keys, and those that stand for others of them."""

    stage: str
    keys: KeyIndex
    aliases: Aliases | None = None
    is_away: bool = False


KNOWN_BY = {"user": ("customer_code", "email"), "order": ("number",)}
"""Payload -> the fields that no two records may share at Omnitron, whichever stage they are from."""


class Others(Struct, frozen=True):
    """What another stage sends of a field."""

    stage: str
    values: KeyIndex


ValuesOf = Callable[[Chunk], Sequence[str | None]]


def _column(name: str, chunk: Chunk) -> Sequence[str | None]:
    return chunk.columns[name]


def _values(name: str, key_field: str | None) -> ValuesOf:
    return attrgetter("keys") if name == key_field else partial(_column, name)


class StageIntegrity:
    """One stage's records against each other and against those of the stages it refers to."""

    def __init__(
        self,
        stage: Stage,
        own: KeyIndex,
        unique: Mapping[str, KeyIndex],
        parents: Mapping[str, ReferredStage],
        before: Before,
        keep_budget: Callable[[], None],
        merging: Merging | None = None,
        twins: Sequence[tuple[str, Others]] = (),
    ) -> None:
        key_field = stage.key if isinstance(stage.key, str) else None
        self._twins = [(name, _values(name, key_field), others) for name, others in twins]
        self._own, self._parents = own, parents
        self._before, self._keep_budget, self._merging = before, keep_budget, merging
        self._watched: list[tuple[str | None, ValuesOf, KeyIndex]] = [(key_field, attrgetter("keys"), own)]
        self._watched += [(name, partial(_column, name), index) for name, index in unique.items()]

    def judge(self, chunks: Sequence[Chunk], first_row: int) -> list[Verdict]:
        """Judge chunks that follow each other, the first of which began at row `first_row`; and remember their keys.

        Files of keys are asked for all of them at once, which spares most of the reading. The answers hold until the last
        chunk is judged: only then may more keys go to the files.
        """
        for name, parent in self._parents.items():
            if parent.aliases is not None:
                firsts = parent.aliases.resolved(set(_keys_in(name, chunks).texts), parent.keys)
                for chunk in chunks:
                    refer(chunk, name, firsts)
        missing = {name: parent.keys.not_valid(_keys_in(name, chunks)) for name, parent in self._parents.items()}
        watched = [
            [_Watched(name, values_of(chunk), index) for name, values_of, index in self._watched] for chunk in chunks
        ]
        taken = [index.taken(columns[at].keys for columns in watched) for at, (_, _, index) in enumerate(self._watched)]
        twins = [self._sent_elsewhere(values_of, others, chunks) for _, values_of, others in self._twins]
        verdicts = []
        for chunk, columns in zip(chunks, watched, strict=True):
            verdicts.append(self._judge(chunk, first_row, missing, columns, taken, twins))
            first_row += chunk.height
        self._keep_budget()
        return verdicts

    def _judge(
        self,
        chunk: Chunk,
        first_row: int,
        missing: Mapping[str, Set[str]],
        watched: Sequence[_Watched],
        taken: Sequence[Set[str]],
        twins: Sequence[Set[str]],
    ) -> Verdict:
        verdict, rows = Verdict(), rows_of(chunk, first_row)
        self._find_orphans(chunk, missing, verdict)
        shared = None if self._merging is None else self._merging.shared(chunk)
        if (shared is not None and shared.is_any()) or not all(map(_Watched.are_new, watched, taken)):
            self._sift(watched, rows, verdict, shared)
        self._find_twins(chunk, twins, verdict)
        self._remember(chunk, first_row, rows, verdict, watched)
        if self._merging is not None and shared is not None:
            self._merging.remember(shared, rows, verdict.dropped(), verdict.merges)
        return verdict

    def _find_orphans(self, chunk: Chunk, missing: Mapping[str, Set[str]], verdict: Verdict) -> None:
        held: set[int] = set()
        for name, parent in self._parents.items():
            keys = chunk.columns[name]
            suspect = missing[name] and missing[name] & set(keys)
            known = self._known(parent.stage, parent.keys, suspect) if suspect else {}
            for position in [position for position, key in enumerate(keys) if key in suspect] if suspect else ():
                key = str(keys[position])
                fate, row = known.get(key, (Fate.ABSENT, None))
                if fate is not Fate.VALID and position not in held:
                    held.add(position)
                    verdict.orphans.append(Orphan(position, name, parent.stage, key, fate, row, parent.is_away))
        verdict.orphans.sort(key=lambda orphan: orphan.position)

    def _find_twins(self, chunk: Chunk, twins: Sequence[Set[str]], verdict: Verdict) -> None:
        """`twins`: of each field that is watched, the values that its other stage sends, too."""
        for (name, values_of, others), shared in zip(self._twins, twins, strict=True):
            dropped = verdict.dropped() if shared else ()
            for position, value in enumerate(values_of(chunk)) if shared else ():
                if value in shared and position not in dropped:
                    verdict.twins.append(Twin(position, name, others.stage))

    def _sent_elsewhere(self, values_of: ValuesOf, others: Others, chunks: Sequence[Chunk]) -> Set[str]:
        keys = _keys(list(chain.from_iterable(map(values_of, chunks))))
        return set(keys.texts) - others.values.not_valid(keys)

    def _known(self, stage: str, index: KeyIndex, keys: Set[str]) -> Mapping[str, tuple[Fate, int | None]]:
        """The fate of keys. One that is not migrated now may have been migrated before: then it is as good as valid."""
        known: dict[str, tuple[Fate, int | None]] = dict(index.find(keys))
        missing = [key for key in keys if key not in known or known[key][0] is not Fate.VALID]
        return known | dict.fromkeys(self._before.among(stage, missing), (Fate.VALID, None))

    def _sift(
        self, watched: Sequence[_Watched], rows: Sequence[int], verdict: Verdict, shared: Shared | None = None
    ) -> None:
        """The key and every unique field, in one pass: a record dropped for one claims none of its other values."""
        held = {orphan.position for orphan in verdict.orphans}
        first = [one.first_rows() for one in watched]
        if shared is not None:
            first[KEY] |= self._rows_of_aliases(shared)
        for position, row in enumerate(rows):
            if position in held:
                continue
            if (duplicate := _repeated(watched, first, position)) is not None:
                verdict.duplicates.append(duplicate)
            elif shared is not None and (merge := shared.merge(position)) is not None:
                verdict.merges.append(merge)
                first[KEY][merge.key] = row
            else:
                _claim(watched, first, position, row)
                if shared is not None:
                    shared.claim(position, row)

    def _rows_of_aliases(self, shared: Shared) -> dict[str, int]:
        """An alias is no other record's key any more."""
        return {key: row for key, (_, row) in self._own.find(shared.aliased).items()}

    def _remember(
        self, chunk: Chunk, first_row: int, rows: Sequence[int], verdict: Verdict, watched: Sequence[_Watched]
    ) -> None:
        dropped = verdict.dropped()
        for one in watched:
            one.remember(rows, dropped)
        for fate, dropped_for in (
            (Fate.HELD, verdict.orphans), (Fate.REJECTED, verdict.duplicates), (Fate.MERGED, verdict.merges),
        ):  # fmt: skip
            self._own.add(fate, [(chunk.keys[one.position], rows[one.position]) for one in dropped_for])
        self._own.add(
            Fate.REJECTED, [(one.key, first_row + one.index) for one in chunk.rejected if one.key is not None]
        )
        self._own.add(Fate.FILTERED, [(key, first_row + index) for index, key in chunk.filtered if key is not None])


class _Watched(Struct, frozen=True, dict=True):
    """A column of a chunk in which no value may come twice. `field` None: the key is no field."""

    field: str | None
    values: Sequence[str | None]
    index: KeyIndex

    @cached_property
    def keys(self) -> KeyColumn:
        """Those that are given."""
        return _keys(self.values)

    def are_new(self, taken: Set[str]) -> bool:
        """Whether no value is known and none comes twice: the usual case, settled without looking at each record.

        `taken`: those that are in the file.
        """
        keys = self.keys
        return keys.are_distinct and taken.isdisjoint(keys.texts) and self.index.are_new_in_memory(keys)

    def first_rows(self) -> dict[str, int]:
        """The row of each of these values that is known."""
        return {key: row for key, (_, row) in self.index.find(self.keys.texts, valid_only=True).items()}

    def remember(self, rows: Sequence[int], dropped: Set[int]) -> None:
        """Note the values of the records that are sent: all but those at these positions."""
        if not dropped and len(self.keys.texts) == len(rows):
            self.index.add_valid(self.keys, rows)
            return
        sent = [value is not None and position not in dropped for position, value in enumerate(self.values)]
        self.index.add_valid(_keys(list(compress(self.values, sent))), list(compress(rows, sent)))


KEY = 0
"""The key is watched first."""


def _repeated(watched: Sequence[_Watched], first: Sequence[Mapping[str, int]], position: int) -> Duplicate | None:
    for one, seen in zip(watched, first, strict=True):
        value = one.values[position]
        if value is not None and value in seen:
            return Duplicate(position, one.field, value, seen[value])
    return None


def _claim(watched: Sequence[_Watched], first: Sequence[dict[str, int]], position: int, row: int) -> None:
    for one, seen in zip(watched, first, strict=True):
        if (value := one.values[position]) is not None:
            seen[value] = row


def rows_of(chunk: Chunk, first_row: int) -> Sequence[int]:
    """The row of each record of a chunk whose part began at `first_row`."""
    indices = chunk.indices
    if isinstance(indices, range):
        return range(first_row + indices.start, first_row + indices.stop)
    return [first_row + index for index in indices]


def _keys_in(name: str, chunks: Sequence[Chunk]) -> KeyColumn:
    """All of a field in chunks."""
    return _keys(list(chain.from_iterable(chunk.columns[name] for chunk in chunks)))


def _keys(values: Sequence[str | None]) -> KeyColumn:
    """Those that are given."""
    return KeyColumn([one for one in values if one is not None] if None in values else values)  # type: ignore[arg-type]
