"""Two accounts of one person: the first stays, the later keys become its aliases, and what refers to them refers to it.

What earlier loads have brought to Omnitron comes before all rows: it stays what it is, and later rows are merged into it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from typing import Any, Protocol

from msgspec import Struct, field

from etl.prepare.chunk import Chunk
from etl.prepare.keys import KeyIndex
from etl.prepare.lines import split_lines, with_value
from etl.prepare.numbers import KeyColumn
from etl.prepare.texts import TextIndex


class Merge(Struct, frozen=True):
    """A record that shares a value with one that is sent. `first_row` None: that one came with an earlier load."""

    position: int
    key: str
    field: str
    value: str
    into: str
    first_row: int | None


class Before(Protocol):
    """What the journal knows of earlier loads into this Omnitron."""

    def among(self, stage: str, keys: Collection[str]) -> Collection[str]:
        """Those of the keys whose records have arrived."""
        ...

    def records(self, stage: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Key and payload of each record that has arrived, as far as its bytes are still there."""
        ...

    def aliases(self, stage: str) -> Iterator[tuple[str, str]]:
        """Alias and key, of all packages that were loaded: the oldest first."""
        ...


class NothingBefore:
    """Nothing was ever loaded."""

    def among(self, stage: str, keys: Collection[str]) -> Collection[str]:
        return ()

    def records(self, stage: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        return iter(())

    def aliases(self, stage: str) -> Iterator[tuple[str, str]]:
        return iter(())


NewIndex = Callable[[str], TextIndex]
KEEP_EACH = 1000
LONGEST_CHAIN = 20
ROW = ":"


def folded(value: str) -> str:
    """A value as it is compared: an e-mail is one and the same with other capital letters and with spaces around it."""
    return value.strip().casefold()


class Aliases:
    """The keys of one stage that stand for others: of this preparation, and of earlier ones."""

    def __init__(self, stage: str, new_index: NewIndex, before: Before, keep_budget: Callable[[], None]) -> None:
        self._stage, self._before = stage, before
        self._now, self._formerly = new_index("alias"), new_index("formerly")
        for pair in before.aliases(stage):
            self._formerly.add([pair])
            _keep_at_times(self._formerly, keep_budget)

    def add(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._now.add(pairs)

    def now(self, keys: Collection[str]) -> dict[str, str]:
        """Those of the keys that were merged in this preparation."""
        return self._now.find(keys)

    def resolved(self, keys: Set[str], own: KeyIndex) -> dict[str, str]:
        """Those of the keys that stand for another, each with the one that is sent or has arrived. `own`: the stage's keys."""
        found = self._one_step(keys, own)
        # What an alias of an earlier load stands for may itself have been merged since.
        for _ in range(LONGEST_CHAIN):
            further = self._one_step(set(found.values()), own)
            if not further:
                break
            found = {key: further.get(one, one) for key, one in found.items()}
        return found

    def _one_step(self, keys: Set[str], own: KeyIndex) -> dict[str, str]:
        found = self._now.find(keys)
        left = own.not_valid(KeyColumn(list(keys - found.keys())))
        formerly = self._formerly.find(left)
        arrived = set(self._before.among(self._stage, formerly.keys())) if formerly else set()
        return found | {key: into for key, into in formerly.items() if key not in arrived}


def _keep_at_times(index: TextIndex, keep_budget: Callable[[], None]) -> None:
    if index.in_memory % KEEP_EACH == 0:
        keep_budget()


class Merging:
    """What the records of a merging stage are held against: who has which value, in this preparation and at Omnitron."""

    def __init__(
        self,
        stage: str,
        fields: Sequence[str],
        aliases: Aliases,
        new_index: NewIndex,
        before: Before,
        keep_budget: Callable[[], None],
    ) -> None:
        self._stage, self._before, self.aliases = stage, before, aliases
        self._now = {name: new_index(f"{name}.now") for name in fields}
        self._sent = {name: new_index(f"{name}.sent") for name in fields}
        for key, record in before.records(stage):
            for name, index in self._sent.items():
                if (value := record.get(name)) is not None and not index.find([folded(str(value))]):
                    index.add([(folded(str(value)), key)])
                    _keep_at_times(index, keep_budget)

    def shared(self, chunk: Chunk) -> Shared:
        """What of a chunk's values and keys is known already."""
        values = {name: [None if one is None else folded(one) for one in chunk.columns[name]] for name in self._now}
        given = {name: {one for one in column if one is not None} for name, column in values.items()}
        holders = {name: self._holders(name, given[name]) for name in values}
        aliased = self.aliases.now(set(chunk.keys))
        repeats = any(len(given[name]) < len(column) - column.count(None) for name, column in values.items())
        return Shared(chunk, values, holders, aliased.keys(), self._arrived, repeats)

    def _holders(self, name: str, values: Set[str]) -> dict[str, ValueHolder]:
        found: dict[str, ValueHolder] = {value: (key, None) for value, key in self._sent[name].find(values).items()}
        for value, holder in self._now[name].find(values).items():
            row, _, key = holder.partition(ROW)
            found[value] = (key, int(row))
        return found

    def _arrived(self, key: str) -> bool:
        return key in self._before.among(self._stage, [key])

    def remember(self, shared: Shared, rows: Sequence[int], dropped: Set[int], merges: Sequence[Merge]) -> None:
        keys = shared.chunk.keys
        for name, values in shared.values.items():
            self._now[name].add(
                (value, f"{rows[at]}{ROW}{keys[at]}")
                for at, value in enumerate(values)
                if value is not None
                and at not in dropped
                and shared.holders[name].get(value, (keys[at],))[0] == keys[at]
            )
        self.aliases.add((one.key, one.into) for one in merges)


ValueHolder = tuple[str, int | None]
"""The key of the record that has a value, and its row; None: it came with an earlier load."""


class Shared(Struct):
    """A chunk's values, who has them, and which of its keys are aliases. It grows while the chunk's records are gone through."""

    chunk: Chunk
    values: Mapping[str, Sequence[str | None]]
    holders: dict[str, dict[str, ValueHolder]] = field(default_factory=dict)
    aliased: Set[str] = frozenset()
    has_arrived: Callable[[str], bool] = lambda key: False
    repeats: bool = False

    def is_any(self) -> bool:
        """Whether a record may have to be merged: usually none has."""
        return self.repeats or bool(self.aliased) or any(self.holders.values())

    def merge(self, position: int) -> Merge | None:
        """Into whom a record goes, whose key is new. One that Omnitron has already stays what it is."""
        key = self.chunk.keys[position]
        for name, values in self.values.items():
            value = values[position]
            holder = None if value is None else self.holders[name].get(value)
            if holder is not None and holder[0] != key and not self.has_arrived(key):
                return Merge(position, key, name, str(self.chunk.columns[name][position]), *holder)
        return None

    def claim(self, position: int, row: int) -> None:
        """The record is sent: its values are its own, unless another has them."""
        for name, values in self.values.items():
            if (value := values[position]) is not None:
                self.holders[name].setdefault(value, (self.chunk.keys[position], row))


def refer(chunk: Chunk, name: str, firsts: Mapping[str, str]) -> None:
    """Let the records of a chunk that refer to an alias in the field `name` refer to the record that it stands for."""
    column = chunk.columns[name]
    changed = {at: firsts[one] for at, one in enumerate(column) if one is not None and one in firsts}
    if not changed:
        return
    chunk.columns = {**chunk.columns, name: [changed.get(at, one) for at, one in enumerate(column)]}
    records = split_lines(chunk.lines)
    for at, first in changed.items():
        records[at] = with_value(records[at], name, first)
    chunk.lines = b"".join(record + b"\n" for record in records)
