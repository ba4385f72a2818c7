"""Choose a pilot's records: a few of the first stage, and for each of them one of every other stage that belongs to it.

    user 7 <- address 12 (customer_code 7)
           <- order 1003 (user 7) <- order_item 55 (order_number 1003)

The package is read in passes: first the first thousand users are looked at as candidates, with all that belongs to them;
when none of them has something in every stage, the first ten thousand, and so on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import orjson
from msgspec import Struct, field

from etl.errors import MappingError, PackageError
from etl.findings import joined, said
from etl.model import Stage
from etl.package import Batch, Package
from etl.terminal import listed

FIRST_WINDOW = 1000
WIDER = 10

Sent = Callable[[str, Sequence[str]], Collection[str]]
"""(stage, keys) -> those of the keys that some batch has already."""


class Chosen(Struct, frozen=True):
    """What is chosen of a stage."""

    stage: str
    keys: tuple[str, ...]
    records: tuple[bytes, ...]


class _Found(Struct, frozen=True):
    """A record that belongs to a candidate. `seed` is the candidate's key; None: it belongs to nobody."""

    seed: str | None
    batch: Batch
    position: int
    parents: tuple[tuple[str, str], ...]


class _Pass(Struct):
    """What one pass through the package found, per stage and key."""

    found: dict[str, dict[str, _Found]] = field(default_factory=dict)
    first: dict[str, dict[str | None, str]] = field(default_factory=dict)
    """Per stage, each candidate's first record."""
    waits: bool = False
    """Whether records were passed over, since they may still change."""

    def add(self, stage: str, key: str, record: _Found) -> None:
        self.found[stage][key] = record
        self.first[stage].setdefault(record.seed, key)


def choose(package: Package, stages: Sequence[Stage], count: int, key: str | None, sent: Sent) -> list[Chosen]:
    """Choose `count` sets of records, or the one that belongs to `key` of the first stage. Stage by stage, in their order.

    Raises MappingError for a key that is not there, PackageError when nothing in the package has a record in every stage.
    """
    if not stages:
        raise MappingError(said("the mapping has no stage, so there is nothing to choose from"))
    total = package.stage(stages[0].name).counts.valid
    window = FIRST_WINDOW
    while True:
        walk = _walk(package, stages, window, key, sent)
        chosen = _complete(walk, stages, count)
        if len(chosen) >= count or window >= total or key is not None:
            break
        window *= WIDER
    if not chosen:
        raise _nothing(walk, stages, key)
    return [_fetch(package, stage.name, walk, _keys(stage.name, chosen)) for stage in stages]


def _walk(package: Package, stages: Sequence[Stage], window: int, key: str | None, sent: Sent) -> _Pass:
    walk = _Pass()
    for stage in stages:
        walk.found[stage.name], walk.first[stage.name] = {}, {}
        if stage is stages[0]:
            _candidates(walk, package, stage, window, key, sent)
        else:
            _belonging(walk, package, stage)
    return walk


def _candidates(walk: _Pass, package: Package, stage: Stage, window: int, key: str | None, sent: Sent) -> None:
    """The first records of the first stage that were not uploaded before, and are settled; or the one with this key."""
    for batch in package.batches(package.stage(stage.name)):
        keys, unsettled = package.keys(batch), package.unsettled(batch)
        walk.waits |= bool(unsettled) if key is None else key in unsettled
        left_out = {*sent(stage.name, keys), *unsettled} if key is None else unsettled
        for position, candidate in enumerate(keys):
            if candidate not in left_out and key in (None, candidate):
                walk.add(stage.name, candidate, _Found(candidate, batch, position, ()))
        if len(walk.found[stage.name]) >= (window if key is None else 1):
            return


def _belonging(walk: _Pass, package: Package, stage: Stage) -> None:
    """Every settled record of a stage whose parents were all found, and belong to the same candidate."""
    for record in package.walk(package.stage(stage.name)):
        parents = _parents(stage.refers, record.data)
        known = [walk.found[name][parent] for name, parent in parents if parent in walk.found.get(name, {})]
        seeds = {parent.seed for parent in known if parent.seed is not None}
        if len(known) == len(parents) and len(seeds) <= 1 and not record.settled:
            walk.waits = True
        elif len(known) == len(parents) and len(seeds) <= 1:
            walk.add(stage.name, record.key, _Found(next(iter(seeds), None), record.batch, record.position, parents))
            if not parents:
                return  # a stage that refers to nothing: one record of it will do


def _parents(refers: Mapping[str, str], data: bytes) -> tuple[tuple[str, str], ...]:
    if not refers:
        return ()
    record = orjson.loads(data)
    return tuple((stage, str(record[name])) for name, stage in refers.items() if record.get(name) is not None)


def _complete(walk: _Pass, stages: Sequence[Stage], count: int) -> list[dict[str, dict[str, None]]]:
    """Per candidate that has a record in every stage: per stage, the keys to send, each with all its parents."""
    found = []
    for seed in walk.found[stages[0].name]:
        chosen: dict[str, dict[str, None]] = {stage.name: {} for stage in stages}
        if all(_take_one(walk, stage.name, seed, chosen) for stage in reversed(stages)):
            found.append(chosen)
            if len(found) == count:
                break
    return found


def _take_one(walk: _Pass, stage: str, seed: str, chosen: dict[str, dict[str, None]]) -> bool:
    """Make sure that a stage has a record of this candidate among the chosen."""
    if chosen[stage]:
        return True
    first = walk.first[stage].get(seed, walk.first[stage].get(None))
    if first is not None:
        _take(walk, stage, first, chosen)
    return first is not None


def _take(walk: _Pass, stage: str, key: str, chosen: dict[str, dict[str, None]]) -> None:
    chosen[stage][key] = None
    for name, parent in walk.found[stage][key].parents:
        _take(walk, name, parent, chosen)


def _keys(stage: str, chosen: Sequence[Mapping[str, Mapping[str, None]]]) -> list[str]:
    return list(dict.fromkeys(key for one in chosen for key in one[stage]))


def _fetch(package: Package, stage: str, walk: _Pass, keys: Sequence[str]) -> Chosen:
    spots = [walk.found[stage][key] for key in keys]
    return Chosen(stage, tuple(keys), tuple(package.records(spot.batch)[spot.position] for spot in spots))


def _nothing(walk: _Pass, stages: Sequence[Stage], key: str | None) -> MappingError | PackageError:
    first, others = stages[0].name, [stage.name for stage in stages[1:]]
    if key is not None and key not in walk.found[first]:
        words = "stage '{stage}' of the package has no record with the key '{record}'"
        if walk.waits:
            words = (
                "the record '{record}' of stage '{stage}' is not settled yet, so it waits; choose another with --key"
            )
        return MappingError(said(words, stage=first, record=key))
    if key is not None:
        missing = [name for name in others if not walk.found[name]] or others
        words = (
            "the record '{record}' of stage '{stage}' has nothing in {stages}; a pilot needs a record in every stage: choose "
            "another with --key"
        )
        told = said(words, record=key, stage=first, stages=listed(missing))
    elif others:
        words = (
            "no record of stage '{stage}' that was not uploaded before has something in each of {stages}; a pilot needs a record "
            "in every stage: prepare a package that has one"
        )
        told = said(words, stage=first, stages=listed(others))
    else:
        words = (
            "no record of stage '{stage}' is left that was not uploaded before; a pilot needs one: prepare a package that has "
            "one"
        )
        told = said(words, stage=first)
    return PackageError(joined("; ", [told, said("records that are not settled yet wait")] if walk.waits else [told]))
