"""Everything of one customer or order, in all packages and the journal: each record with its row and its fate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager, closing
from itertools import chain
from pathlib import Path

import orjson
from msgspec import Struct
from msgspec.structs import replace

from etl.arguments import Key
from etl.commands.asked import ASKED, Search
from etl.commands.in_sources import InSources, in_sources
from etl.commands.packages import package_of, packages_of, packages_with
from etl.commands.which import Which
from etl.commands.whose import UnsentRows, unknown_note
from etl.errors import MappingError
from etl.findings import Sentence, masked_sentence, said
from etl.journal.database import JournalError
from etl.journal.journal import Journal
from etl.journal.purges import purges
from etl.journal.workspace import Workspace
from etl.model import Locator, Record
from etl.package import Held, Merged, Package, PackagedStage, Reject, SourceRow, Walked
from etl.report.results import FoundIn, FoundRecord, FoundSending

MOST = 200
"""Records of a package that are told."""


def find(which: Which, text: Key, path: Path | None = None) -> list[FoundIn]:
    """The newest package first, with the rows that `where` leaves out, which are in the sources alone; asks no server.

    Raises MappingError without a package.
    """
    return _find(which, text, path, lambda package: in_sources(which.file(), which.workspace, package))


def find_keyed(which: Which, stage: str, key: Key, at: Locator) -> FoundIn:
    """Where the records of a stage with a key went, in the newest package that has the stage; where a purge left none, in the
    journals. A package of some rows alone is passed over when it does not have the record. `at` is the row that has the key
    now, and how its source calls it."""
    with closing(_Journals(which)) as journals:
        if purges(which.folder().root) and not packages_of(which):
            in_journals = _in_journals(key, (), journals)
            return replace(in_journals, records=tuple(one for one in in_journals.records if one.stage == stage))
        found = FoundIn(None, "", ())
        for package in packages_with(which, stage):
            found = _keyed_in(package, stage, key, journals, at)
            if found.records or package.manifest.part is None:
                break
        return found


def _keyed_in(package: Package, stage: str, key: str, journals: _Journals, at: Locator) -> FoundIn:
    packaged = package.stage(stage)
    found = chain(_valid_of(package, packaged, key, at), _left_of(package, packaged, key))
    records = tuple(_with_batches(record, journals) for record in found)
    return FoundIn(package.path, package.manifest.created, records)


LookUp = Callable[[Package], AbstractContextManager[InSources]]


def _find(which: Which, text: Key, path: Path | None, look: LookUp) -> list[FoundIn]:
    if not text.strip():
        raise MappingError(
            said(
                "there is nothing to look for; give a customer's code, an e-mail address, a telephone number or an order's number"
            )
        )
    purged = path is None and bool(purges(which.folder().root))
    if not purged:
        newest = package_of(which, path)  # raises, where there is none
    packages = packages_of(which) if path is None else [newest]
    wanted = Search.of(text)
    with closing(_Journals(which)) as journals:
        newest_first = sorted(packages, key=lambda one: one.manifest.created, reverse=True)
        found = _in_packages(newest_first, wanted, journals, look) if newest_first else []
        return [*found, _in_journals(text.strip(), found, journals)] if purged else found


def _in_packages(newest_first: Sequence[Package], wanted: Search, journals: _Journals, look: LookUp) -> list[FoundIn]:
    """The sources are as the last package found them, if at all."""
    last, *others = newest_first
    with look(last) as sources:
        found = [_in_package(last, wanted, journals, sources)]
        return found + [_in_package(one, wanted, journals, sources.of_older(one)) for one in others]


def _in_journals(key: str, found: Sequence[FoundIn], journals: _Journals) -> FoundIn:
    """What was sent of packages that are gone is known by its key alone."""
    told = {(one.stage, one.key) for each in found for one in each.records}
    records = (
        FoundRecord(stage, key, said("of a package that is gone"), _fate(sent), sent=sent)
        for stage in journals.stages()
        if (stage, key) not in told and (sent := journals.of(stage, key))
    )
    return FoundIn(None, "", tuple(records))


def _fate(sent: Sequence[FoundSending]) -> str:
    """The state of the last batch that counts; where none does, of the last."""
    return next((one.state for one in reversed(sent) if one.counts), sent[-1].state)


def _in_package(package: Package, wanted: Search, journals: _Journals, sources: InSources) -> FoundIn:
    unsent = {one.name: UnsentRows(package, one, sources.reading(one.name), wanted) for one in package.stages}
    here = _asked_for(package, wanted, unsent, sources)
    found: list[FoundRecord] = []
    notes: list[Sentence] = []
    for stage in package.stages:
        unknown: list[Sequence[str]] = []
        found += _valid(package, stage, here, sources)
        found += _left(package, stage, unsent[stage.name], here, unknown)
        found += _filtered(sources, stage.name, unsent[stage.name].links, here, unknown)
        notes += [unknown_note(stage.name, unknown)] if unknown else []
    shown = tuple(_with_batches(one, journals) for one in found[:MOST])
    return FoundIn(package.path, package.manifest.created, shown, len(found) - len(shown), (*sources.notes, *notes))


def _asked_for(package: Package, wanted: Search, unsent: Mapping[str, UnsentRows], sources: InSources) -> Search:
    """With whose the records are that have what is asked for. A text that nobody is asked for by may be the key of a record: one
    that is both is a customer's or an order's, as keys of addresses and items are mostly numbers, and so are theirs."""
    asked, keyed = wanted.anew(), wanted.anew()
    for stage in package.stages:
        _see_valid(package, stage, asked, keyed)
        _see_unsent(stage.name, unsent[stage.name], asked, keyed)
        _see_sources(sources, stage.name, asked, keyed)
    here = asked if asked.has_led else keyed
    if here.orders and not here.customers:
        _follow_orders(package, here, unsent, sources)
    here.customers |= _same_persons(package, here.customers)
    return here


def _see_valid(package: Package, stage: PackagedStage, asked: Search, keyed: Search) -> None:
    for one in package.walk(stage):
        record = orjson.loads(one.data)
        if asked.is_asked_for(record):
            asked.learn(record)
        elif keyed.is_named(one.key):
            keyed.learn(record)
            keyed.records.add((stage.name, one.key))


def _see_unsent(stage: str, rows: UnsentRows, asked: Search, keyed: Search) -> None:
    for one in rows:
        is_asked_for = asked.is_asked_for(one.record) or any(map(asked.is_named, one.own))
        if is_asked_for or keyed.is_named(one.row.key):
            led = asked if is_asked_for else keyed
            led.learn(one.record)
            led.rows.add((stage, *one.at))


def _see_sources(sources: InSources, stage: str, asked: Search, keyed: Search) -> None:
    for record in sources.named(stage, asked):
        asked.learn(record)
    for record, row in sources.left_out(
        stage, ASKED, lambda key, record: asked.is_asked_for(record) or keyed.is_named(key)
    ):
        led = asked if asked.is_asked_for(record) else keyed
        led.learn(record)
        led.records |= set() if row.key is None else {(stage, row.key)}


def _follow_orders(package: Package, here: Search, unsent: Mapping[str, UnsentRows], sources: InSources) -> None:
    """From the order of an item to whose it is."""
    for stage in package.stages:
        if stage.payload == "order":
            valid = (orjson.loads(one.data) for one in package.walk(stage))
            filtered = sources.left_out(stage.name, ASKED, lambda key, record: here.belongs(record))
            for record in chain(valid, (one.record for one in unsent[stage.name]), (one for one, _ in filtered)):
                if here.belongs(record):
                    here.learn(record)


def _same_persons(package: Package, customers: Set[str]) -> set[str]:
    """The customers that merged ones among these stand for, and all that are merged into them: what belongs to one is theirs."""
    users = (stage for stage in package.stages if stage.payload == "user")
    merged = [one for stage in users for one in package.merged(stage)] if customers else []
    stand = {*customers, *(one.into for one in merged if one.key in customers)}
    return stand | {one.key for one in merged if one.into in stand}


def _valid(package: Package, stage: PackagedStage, wanted: Search, sources: InSources) -> Iterator[FoundRecord]:
    """The stages are gone through in their order: an order is known before its items."""
    found = []
    for walked in package.walk(stage):
        record = orjson.loads(walked.data)
        if wanted.belongs(record) or (stage.name, walked.key) in wanted.records:
            wanted.learn(record)
            found.append(replace(walked, data=b""))
    keys = {one.row: one.key for one in found[:MOST]}
    places = sources.places(stage.name, keys) if stage.identity and keys else {}
    source = stage.source or _source_of(package, stage)
    return (_as_valid(stage, source, one, places.get(one.row)) for one in found)


def _valid_of(package: Package, stage: PackagedStage, key: str, at: Locator) -> Iterator[FoundRecord]:
    walked = next((one for one in package.walk(stage) if one.key == key), None)
    if walked is not None:
        place = at.told if walked.row == at.number else None
        yield _as_valid(stage, stage.source or _source_of(package, stage), walked, place)


def _as_valid(stage: PackagedStage, source: str, walked: Walked, place: str | None = None) -> FoundRecord:
    told = Locator(source, walked.row).told if source else said("row {row}", row=walked.row)
    why = () if walked.settled else (said("it is not settled yet"),)
    return FoundRecord(stage.name, walked.key, place or told, "valid", why, why)


def _source_of(package: Package, stage: PackagedStage) -> str:
    """By a row that was not sent: a package of before says it nowhere else."""
    row = next(iter(package.rows(stage)), None)
    return "" if row is None else row.source


def _left(
    package: Package, stage: PackagedStage, rows: UnsentRows, wanted: Search, unknown: list[Sequence[str]]
) -> Iterator[FoundRecord]:
    """Rows that are rejected, held or merged. Where nobody can say whose one is, `unknown` gets the fields that would."""
    found = []
    for one in rows:
        if wanted.belongs(one.record) or (stage.name, *one.at) in wanted.rows:
            wanted.learn(one.record)
            found.append(one.row)
        elif one.unknown:
            unknown.append(one.unknown)
    return _as_left(package, stage, found)


def _left_of(package: Package, stage: PackagedStage, key: str) -> Iterator[FoundRecord]:
    return _as_left(package, stage, [row for row in package.rows(stage) if row.key == key])


def _as_left(package: Package, stage: PackagedStage, rows: Sequence[SourceRow]) -> Iterator[FoundRecord]:
    why: dict[tuple[str, int], list[_Reason]] = {(row.source, row.row): [] for row in rows}
    for one in _reasons(package, stage, why.keys()) if rows else ():
        why[one.at].append(one)
    for row in rows:
        told = why[row.source, row.row]
        yield FoundRecord(
            stage.name,
            row.key,
            Locator(row.source, row.row, row.place).told,
            row.fate,
            tuple(one.whole for one in told),
            tuple(one.masked for one in told),
            repeats=any(one.repeats for one in told),
        )


class _Reason(Struct):
    """Why a row is not sent. `repeats`: as an earlier one has its key; what was sent under it is that one."""

    at: tuple[str, int]
    whole: str
    masked: str
    repeats: bool


def _filtered(
    sources: InSources, stage: str, links: Sequence[str], wanted: Search, unknown: list[Sequence[str]]
) -> Iterator[FoundRecord]:
    def is_wanted(key: str | None, record: Record) -> bool:
        if wanted.belongs(record) or (stage, key) in wanted.records:
            return True
        if lacking := [name for name in links if name not in record]:
            unknown.append(lacking)
        return False

    for record, row in sources.left_out(stage, ASKED, is_wanted):
        wanted.learn(record)
        yield row


def _reasons(package: Package, stage: PackagedStage, rows: Set[tuple[str, int]]) -> Iterator[_Reason]:
    problems: Iterator[Reject | Held | Merged] = chain(
        package.rejects(stage), package.held(stage), package.merged(stage)
    )
    for problem in problems:
        if (problem.source, problem.row) in rows:
            personal = False if isinstance(problem, Held) else problem.personal
            whole = Sentence(problem.reason, problem.words, problem.parts)
            masked = masked_sentence(problem.words, problem.parts, personal=personal)
            repeats = isinstance(problem, Reject) and problem.rule == "duplicate" and problem.value == problem.key
            at = (problem.source, problem.row)
            yield _Reason(at, _of_field(problem.field, whole), _of_field(problem.field, masked), repeats)


def _of_field(field: str | None, why: Sentence) -> Sentence:
    return said("field '{field}': {why}", field=field, why=why) if field else why


def _with_batches(record: FoundRecord, journals: _Journals) -> FoundRecord:
    return record if record.repeats else replace(record, sent=journals.of(record.stage, record.key))


class _Journals:
    """The journals of all targets of a migration, for looking."""

    def __init__(self, which: Which) -> None:
        self._journals = dict(_opened(which.folder().targets()))

    def stages(self) -> list[str]:
        return list(dict.fromkeys(stage for journal in self._journals.values() for stage in journal.loaded_stages()))

    def of(self, stage: str, key: str | None) -> tuple[FoundSending, ...]:
        if key is None:
            return ()
        return tuple(one for target, journal in self._journals.items() for one in _sent(target, journal, stage, key))

    def close(self) -> None:
        for journal in self._journals.values():
            journal.close()


def _opened(workspaces: Iterable[Workspace]) -> Iterator[tuple[str, Journal]]:
    for workspace in workspaces:
        try:
            yield workspace.target, Journal.read(workspace)
        except JournalError:
            continue


def _sent(target: str, journal: Journal, stage: str, key: str) -> Iterator[FoundSending]:
    for carried in journal.trail.batches_of(stage, key):
        batch = journal.batch(carried.batch)
        yield FoundSending(target, batch.id, str(batch.state), batch.migration_id, batch.errors, carried.counts)
