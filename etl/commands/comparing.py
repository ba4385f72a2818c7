"""One stage of two packages, record by record: in what they differ, and which of that has been uploaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from itertools import chain
from typing import Any

import orjson
from msgspec import Struct
from msgspec.structs import replace

from etl.findings import HIDDEN
from etl.journal.database import NoJournal
from etl.journal.folder import MigrationFolder
from etl.journal.uploaded import Uploaded
from etl.measures.differing import ADDED, CHANGED, EXAMPLES, GONE, DifferenceTally, FieldDiffers
from etl.model import PAYLOADS
from etl.package import Package
from etl.package.changes import changes
from etl.package.pairs import Pair, Waiting, pairs
from etl.report.mask import plain_fields
from etl.report.results import ComparedField, ComparedStage, SentBefore
from etl.resources import load_schema

ABSENT = "absent"
"""What became of a record of which a package knows nothing: `where` leaves it out, or the source has it not."""


class Side(Struct, frozen=True):
    """A package to compare, what it is called, and where its migration has its journals (None: that is not known)."""

    package: Package
    name: str
    folder: MigrationFolder | None


def compared_stage(old: Side, new: Side, name: str) -> ComparedStage:
    """Reads the records of both packages once, and those of one alone as far as the other rejected or held them."""
    kept_by = [_fields(one.package, name) for one in (old, new)]
    personal = {field for fields in kept_by for field, masked in fields.items() if masked}
    secret = _secret_fields(new.package.stage(name).payload)
    columns = dict.fromkeys(field for fields in kept_by for field in fields if field not in secret)
    differing = DifferenceTally(list(columns))
    with ExitStack() as kept:
        asking = [kept.enter_context(_asked(*one, name)) for one in _journals(new.folder or old.folder)]
        added, gone = _compare(old.package, new.package, name, differing, asking)
        uploaded = [journal.told() for journal in asking]
    counts = differing.counts
    return ComparedStage(
        name,
        old.package.stage(name).counts.valid,
        new.package.stage(name).counts.valid,
        **{**counts, ADDED: counts[ADDED] - added.beyond, GONE: counts[GONE] - gone.beyond},
        fields=tuple(_field(one, one.field in personal, secret) for one in differing.fields()),
        concentrated=tuple(one for one in differing.concentrations() if not _beyond(one.fate, added, gone)),
        first={ADDED: added.first, GONE: gone.first, CHANGED: tuple(differing.first[CHANGED])},
        gone_are=gone.fates,
        added_were=added.fates,
        uploaded=tuple(one for one in uploaded if one.changed or one.gone),
        personal=tuple(sorted(personal)),
        beyond=added.beyond + gone.beyond,
    )


def _beyond(fate: str, added: Lacking, gone: Lacking) -> bool:
    """Whether what records have in common was counted with some that a part of a package was not to hold."""
    return bool((fate == ADDED and added.beyond) or (fate == GONE and gone.beyond))


def _compare(
    old: Package, new: Package, name: str, differing: DifferenceTally, asking: Sequence[_Asking]
) -> tuple[Lacking, Lacking]:
    """What is made of the records that are added, and of those that are gone."""

    def ask(what: str, key: str) -> None:
        for journal in asking:
            journal.ask(what, key)

    with closing(Waiting()) as gone, closing(Waiting()) as added:
        for pair in pairs(old, new, name):
            _take(differing, pair)
            if pair.old is None:
                added.add(pair.key, b"")
            elif pair.new is None:
                gone.add(pair.key, b"")
            elif pair.old != pair.new:
                ask(CHANGED, pair.key)
        return _lacking(old, name, added, lambda key: None), _lacking(new, name, gone, partial(ask, GONE))


def _take(differing: DifferenceTally, pair: Pair) -> None:
    if pair.new is None:
        differing.gone(pair.key, orjson.loads(pair.old or b"{}"))
    elif pair.old is None:
        differing.added(pair.key, orjson.loads(pair.new))
    elif pair.old == pair.new:
        differing.same(orjson.loads(pair.new))
    else:
        made = [(one.field, str(one.what), one.old, one.new) for one in changes(pair.old, pair.new)]
        differing.changed(pair.key, orjson.loads(pair.old), orjson.loads(pair.new), made)


def _fields(package: Package, name: str) -> dict[str, bool]:
    """The fields of a stage, each with whether it is personal: as the package tells, else as the payload's schema does."""
    told = package.profile().get("stages", {}).get(name, {}).get("fields")
    if told is not None:
        return {one["name"]: one["personal"] for one in told}
    return {field: field not in plain_fields() for field in _properties(package.stage(name).payload)}


def _properties(payload: str) -> dict[str, Any]:
    schema: dict[str, Any] = load_schema(payload) if payload in PAYLOADS else {}
    found: dict[str, Any] = schema.get("properties", {})
    return found


def _secret_fields(payload: str) -> set[str]:
    return {name for name, one in _properties(payload).items() if one.get("writeOnly") is True}


def _field(one: FieldDiffers, personal: bool, secret: set[str]) -> ComparedField:
    examples = one.examples
    if one.field in secret:
        examples = [replace(each, old=_hidden(each.old), new=_hidden(each.new)) for each in examples]
    return ComparedField(one.field, one.what, one.count, tuple(examples), personal)


def _hidden(value: Any) -> Any:
    return value if value is None else HIDDEN


class Lacking(Struct, frozen=True):
    """Records that one package lacks, by what it has made of them: rejected, held, merged, or nothing (ABSENT); the keys of the
    first. `beyond`: of a package that was not to hold everything, those of which it knows nothing are no difference."""

    fates: dict[str, int]
    first: tuple[str, ...]
    beyond: int


def _lacking(package: Package, name: str, keys: Waiting, ask: Callable[[str], None]) -> Lacking:
    """`ask` is told each of them, but for what is beyond."""
    stage, found, first = package.stage(name), Counter[str](), list[str]()
    fates = chain(
        (("rejected", one.key) for one in package.rejects(stage)),
        (("held", one.key) for one in package.held(stage)),
        (("merged", one.key) for one in package.merged(stage)),
    )
    known = ((fate, key) for fate, key in fates if key is not None and keys.take(key) is not None)
    left = ((ABSENT, key) for key, _ in keys.left())
    for fate, key in known if package.manifest.part else chain(known, left):
        found[fate] += 1
        first += [key] if len(first) < EXAMPLES else []
        ask(key)
    return Lacking(dict(found), tuple(first), sum(1 for _ in left) if package.manifest.part else 0)


# What was uploaded

ASKED_TOGETHER = 500


class _Asking(Struct):
    """Asks a target's journal for many keys at once."""

    target: str
    journal: Uploaded
    stage: str
    waiting: dict[str, str]
    found: Counter[str]
    first: list[str]

    def ask(self, what: str, key: str) -> None:
        self.waiting[key] = what
        if len(self.waiting) >= ASKED_TOGETHER:
            self._ask()

    def told(self) -> SentBefore:
        self._ask()
        return SentBefore(self.target, self.found[CHANGED], self.found[GONE], tuple(self.first))

    def _ask(self) -> None:
        there = self.journal.among(self.stage, self.waiting)
        arrived = [key for key in self.waiting if key in there]
        self.found.update(self.waiting[key] for key in arrived)
        self.first += arrived[: EXAMPLES - len(self.first)]
        self.waiting.clear()


def _journals(folder: MigrationFolder | None) -> Iterator[tuple[str, Uploaded]]:
    for target in folder.targets() if folder else ():
        try:
            yield target.target, Uploaded(target.root)
        except NoJournal:  # the disk was full before its first table was made
            continue


@contextmanager
def _asked(target: str, journal: Uploaded, stage: str) -> Iterator[_Asking]:
    with closing(journal):
        yield _Asking(target, journal, stage, {}, Counter(), [])
