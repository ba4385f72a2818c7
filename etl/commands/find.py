"""Everything of one customer or order, in all packages and the journal: each record with its row and its fate."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import orjson
from msgspec import Struct, field
from msgspec.structs import replace

from etl.arguments import Key
from etl.commands.left_out import LeftOutRows, left_out_rows
from etl.commands.packages import package_of, packages_of, packages_with
from etl.commands.which import Which
from etl.errors import MappingError
from etl.expressions.functions.contact import email
from etl.findings import Sentence, Unfit, masked_sentence, said
from etl.journal.database import JournalError
from etl.journal.journal import Journal
from etl.journal.purges import purges
from etl.journal.workspace import Workspace
from etl.model import Locator, Record
from etl.package import Held, Merged, Package, PackagedStage, Reject, SourceRow, Walked
from etl.report.results import FoundIn, FoundRecord, FoundSending

CUSTOMERS = ("customer_code", "user")
ORDERS = ("number", "order_number")
ASKED = (*CUSTOMERS, *ORDERS, "email", "user_email", "phone", "phone_number")
"""The fields that a person is asked for by, and those that tell whose an order or an item is."""


MOST = 200
"""Records of a package that are told."""


def find(which: Which, text: Key, path: Path | None = None) -> list[FoundIn]:
    """The newest package first, with the rows that `where` leaves out, which are in the sources alone; asks no server.

    Raises MappingError without a package.
    """
    return _find(which, text, path, lambda package: left_out_rows(which.file(), which.workspace, package))


def find_keyed(which: Which, stage: str, key: Key) -> FoundIn:
    """Where the records of a stage with a key went, in the newest package that has the stage; where a purge left none, in the
    journals. A package of some rows alone is passed over when it does not have the record."""
    with closing(_Journals(which)) as journals:
        if purges(which.folder().root) and not packages_of(which):
            in_journals = _in_journals(key, (), journals)
            return replace(in_journals, records=tuple(one for one in in_journals.records if one.stage == stage))
        found = FoundIn(None, "", ())
        for package in packages_with(which, stage):
            found = _keyed_in(package, stage, key, journals)
            if found.records or package.manifest.part is None:
                break
        return found


def _keyed_in(package: Package, stage: str, key: str, journals: _Journals) -> FoundIn:
    packaged = package.stage(stage)
    found = chain(_valid_of(package, packaged, key), _left_of(package, packaged, key))
    records = tuple(_with_batches(record, journals) for record in found)
    return FoundIn(package.path, package.manifest.created, records)


NOWHERE = LeftOutRows()
LookUp = Callable[[Package], AbstractContextManager[LeftOutRows]]


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
        found = []
        for package in newest_first:
            with look(package) if package is newest_first[0] else nullcontext(NOWHERE) as left_out:
                found.append(_in_package(package, wanted, journals, left_out))
        return [*found, _in_journals(text.strip(), found, journals)] if purged else found


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


class Search(Struct):
    """What is looked for: a text as it was typed, and an address as it is sent; a telephone's digits; and the customers and
    orders it has led to."""

    texts: set[str]
    digits: str | None
    customers: set[str] = field(default_factory=set)
    orders: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, text: str) -> Search:
        text = text.strip()
        digits = re.sub(r"\D", "", text)
        is_number = len(digits) >= TELEPHONE and re.fullmatch(r"[\d\s()+./-]+", text)
        return cls({_small(one) for one in (text, *_addresses(text))}, digits[-TELEPHONE:] if is_number else None)

    def is_named(self, value: Any) -> bool:
        """Whether a value is what was asked for."""
        if value is None or isinstance(value, Mapping | list):
            return False
        told = _small(str(value).strip())
        return told in self.texts or (self.digits is not None and re.sub(r"\D", "", told)[-TELEPHONE:] == self.digits)

    def is_asked_for(self, record: Mapping[str, Any]) -> bool:
        return any(self.is_named(record.get(name)) for name in ASKED)

    def belongs(self, record: Mapping[str, Any]) -> bool:
        """Whether a record is of a customer or an order that was found."""
        return _among(record, CUSTOMERS, self.customers) or _among(record, ORDERS, self.orders)

    def learn(self, record: Mapping[str, Any]) -> None:
        """Whose it is. What an order holds is known by its number."""
        self.customers |= {str(record[name]) for name in CUSTOMERS if record.get(name) is not None}
        self.orders |= {str(record[name]) for name in ORDERS if record.get(name) is not None}


def _among(record: Mapping[str, Any], fields: Sequence[str], known: Set[str]) -> bool:
    return any(str(record[name]) in known for name in fields if record.get(name) is not None)


def _small(text: str) -> str:
    """A text in small letters in which İ, I, ı and i are one: IŞIK may be ışık or, where no Turk wrote it, işik."""
    return text.casefold().replace("i\u0307", "i").replace("ı", "i")


def _addresses(text: str) -> Iterator[str]:
    """An e-mail address as a mapping's `| email` makes it: a domain with other letters than ASCII becomes xn--..., which is
    another one for ışık and işik."""
    if "@" in text and not text.isascii():
        for one in (text, text.replace("İ", "i").replace("I", "ı")):
            with suppress(Unfit):
                yield email(one) or ""


TELEPHONE = 10
"""Digits of a telephone's number, without the country's."""


def _in_package(package: Package, wanted: Search, journals: _Journals, left_out: LeftOutRows) -> FoundIn:
    here = replace(wanted, customers=set(), orders=set())
    asked_for = (
        *_records(package, here.is_asked_for),
        *_rows_as_records(package, here.is_asked_for),
        *(record for stage in package.stages for record, _ in left_out.of(stage.name, ASKED, here.is_asked_for)),
    )
    for record in asked_for:
        here.learn(record)
    here.customers |= _stand_for(package, here.customers)
    found: list[FoundRecord] = []
    for stage in package.stages:
        found += _valid(package, stage, here)
        found += _left(package, stage, here)
        found += _filtered(left_out, stage.name, here) if here.customers or here.orders else ()
    shown = tuple(_with_batches(one, journals) for one in found[:MOST])
    return FoundIn(package.path, package.manifest.created, shown, len(found) - len(shown), left_out.notes)


def _stand_for(package: Package, customers: Set[str]) -> set[str]:
    """The customers that merged ones among these stand for: all that belongs to an alias is theirs."""
    users = (stage for stage in package.stages if stage.payload == "user")
    return {one.into for stage in users for one in package.merged(stage) if one.key in customers}


def _records(package: Package, is_wanted: Callable[[Record], bool]) -> Iterator[Record]:
    """The valid records that are asked for by a field of their own."""
    records = (orjson.loads(one.data) for stage in package.stages for one in package.walk(stage))
    return filter(is_wanted, records)


def _rows_as_records(package: Package, is_wanted: Callable[[Record], bool]) -> Iterator[Record]:
    for stage in package.stages:
        for row in package.rows(stage):
            records = _as_records(package, stage, row)
            if any(map(is_wanted, records)):
                yield from records


def _as_records(package: Package, stage: PackagedStage, row: SourceRow) -> list[Record]:
    """A row that made no record, by the fields that it feeds: with its cells, as what is asked for is mostly taken as it is, and
    with its key, which was computed."""
    cells = dict(zip(stage.columns, row.cells, strict=False))
    fed = _fed(package, stage.name)
    found: list[Record] = [{field: cells[name] for field, name in fed.items() if cells.get(name) not in (None, "")}]
    keyed = () if row.key is None else _keyed(package, stage.name)
    return [*found, dict.fromkeys(keyed, row.key)] if keyed else found


@cache
def _keyed(package: Package, stage: str) -> Sequence[str]:
    """The fields, of those that a person asks by, that are made as the key is."""
    fields = package.profile().get("stages", {}).get(stage, {}).get("fields", [])
    key = package.stage(stage).key
    return [one["name"] for one in fields if one["name"] in ASKED and one["made_from"] == [key]]


@cache
def _fed(package: Package, stage: str) -> Mapping[str, str]:
    """Field -> the column that it is made from, of those that a person asks by."""
    fields = package.profile().get("stages", {}).get(stage, {}).get("fields", [])
    return {one["name"]: one["columns"][0] for one in fields if one["name"] in ASKED and one["columns"]}


def _valid(package: Package, stage: PackagedStage, wanted: Search) -> Iterator[FoundRecord]:
    """The stages are gone through in their order: an order is known before its items."""
    source = stage.source or _source_of(package, stage)
    for walked in package.walk(stage):
        record = orjson.loads(walked.data)
        if wanted.belongs(record):
            wanted.learn(record)
            yield _as_valid(stage, source, walked)


def _valid_of(package: Package, stage: PackagedStage, key: str) -> Iterator[FoundRecord]:
    walked = next((one for one in package.walk(stage) if one.key == key), None)
    if walked is not None:
        yield _as_valid(stage, stage.source or _source_of(package, stage), walked)


def _as_valid(stage: PackagedStage, source: str, walked: Walked) -> FoundRecord:
    place = Locator(source, walked.row).told if source else said("row {row}", row=walked.row)
    return FoundRecord(stage.name, walked.key, place, "valid")


def _source_of(package: Package, stage: PackagedStage) -> str:
    """By a row that was not sent: a package of before says it nowhere else."""
    row = next(iter(package.rows(stage)), None)
    return "" if row is None else row.source


def _left(package: Package, stage: PackagedStage, wanted: Search) -> Iterator[FoundRecord]:
    """Rows that are rejected, held or merged: they are known by their cells and their keys."""
    rows = [row for row in package.rows(stage) if any(map(wanted.belongs, _as_records(package, stage, row)))]
    yield from _as_left(package, stage, rows)
    for row in rows:
        for record in _as_records(package, stage, row):
            wanted.learn(record)


def _left_of(package: Package, stage: PackagedStage, key: str) -> Iterator[FoundRecord]:
    return _as_left(package, stage, [row for row in package.rows(stage) if row.key == key])


def _as_left(package: Package, stage: PackagedStage, rows: Sequence[SourceRow]) -> Iterator[FoundRecord]:
    why = list(_reasons(package, stage, {(row.source, row.row) for row in rows})) if rows else []
    for row in rows:
        told = [one for one in why if one.at == (row.source, row.row)]
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


def _filtered(left_out: LeftOutRows, stage: str, wanted: Search) -> Iterator[FoundRecord]:
    for record, row in left_out.of(stage, ASKED, wanted.belongs):
        wanted.learn(record)
        yield row


def _reasons(package: Package, stage: PackagedStage, rows: set[tuple[str, int]]) -> Iterator[_Reason]:
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
