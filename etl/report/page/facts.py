"""What a report tells: the content of report.json, and all that report.html is made from. Masked already, unless --show-data
is given: neither of the two holds what may not be seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, islice
from operator import attrgetter
from typing import Any, TypeVar

from msgspec import Struct

from etl.findings import PROBLEM
from etl.package import Input, Package, PackagedStage
from etl.personal import mask_field, mask_key
from etl.records import as_dict
from etl.report.catalogue import ENGLISH, Catalogue
from etl.report.page.data import (
    AttentionFacts,
    BalanceFacts,
    ColumnFacts,
    ConcentrationFacts,
    DifferingOrder,
    FieldFacts,
    InputFacts,
    ParentFacts,
    PasswordFacts,
    ProblemFacts,
    ReportFacts,
    StageFacts,
    UploadFacts,
    ValueCount,
)
from etl.report.page.money import Plain, exact, money_facts
from etl.report.rejects import kinds_of
from etl.report.summary import KindSummary, StageSummary

VERSION = 1

KINDS = 200
"""Kinds of problems of a stage that a report tells; the package has all of them."""


class JournalFacts(Struct, frozen=True):
    """What the journal knows: the target, what became of each stage's records, the batches that need a person, and (in
    `error`) what the last load ended in; `ended` is that in a word of render.ENDINGS, `told` all of it in the report's
    language."""

    target: str
    stages: Sequence[StageSummary]
    attention: tuple[AttentionFacts, ...] = ()
    error: str | None = None
    ended: str | None = None
    told: str | None = None


class Telling(Struct, frozen=True):
    """How a report is told."""

    show_data: bool = False
    catalogue: Catalogue = ENGLISH

    def key(self, key: Any) -> Any:
        return key if self.show_data or key is None else mask_key(key)

    def value(self, value: Any, *, personal: bool) -> Any:
        return value if self.show_data else mask_field(value, personal=personal)


def report_facts(package: Package, telling: Telling, upload: JournalFacts | None = None) -> ReportFacts:
    profile = package.profile()
    stages: dict[str, Plain] = profile.get("stages", {})
    manifest = package.manifest
    return ReportFacts(
        version=VERSION,
        migration=manifest.migration,
        created=manifest.created,
        package=package.path.name,
        masked=not telling.show_data,
        language=telling.catalogue.language,
        stages=tuple(_stage(stage, upload) for stage in package.stages),
        problems=tuple(_problems(package, stages, telling)),
        parents=tuple(
            ParentFacts(name, one["stage"], telling.key(one["key"]), one["fate"], one["count"])
            for name, one in _each(stages, "parents")
        ),
        money=tuple(money_facts(name, one, telling.key) for name, one in _each(stages, "money")),
        balance=_balance(profile, telling),
        passwords=tuple(_of_stage(PasswordFacts, name, one) for name, one in _each(stages, "passwords")),
        fields=tuple(_field(name, one, telling) for name, one in _each(stages, "fields")),
        columns=tuple(_of_stage(ColumnFacts, name, one) for name, one in _each(stages, "columns")),
        warnings=tuple(map(telling.catalogue.tell, manifest.warnings)),
        upload=_upload(upload),
        inputs=tuple(map(_input, (manifest.mapping, *manifest.inputs))),
        versions=manifest.versions,
    )


def _upload(upload: JournalFacts | None) -> UploadFacts | None:
    if upload is None:
        return None
    return UploadFacts(upload.target, upload.attention, upload.error, upload.ended, upload.told)


def _each(stages: Mapping[str, Plain], what: str) -> Iterator[tuple[str, Plain]]:
    """What the profile lists of every stage, with the stage's name."""
    return ((name, one) for name, stage in stages.items() for one in stage[what])


PREPARED = ("read", "filtered", "rejected", "held", "merged", "valid")
LOADED = ("uploaded", "already", "failed", "changed", "waiting", "refused", "unknown")


def _stage(stage: PackagedStage, upload: JournalFacts | None) -> StageFacts:
    loaded = {one.name: one for one in upload.stages} if upload else {}
    found = loaded.get(stage.name)
    return StageFacts(
        stage.name,
        stage.payload,
        **{name: getattr(stage.counts, name) for name in PREPARED},
        corrected=len(stage.corrected),
        batches=stage.batches.records,
        loaded=None if found is None else {name: getattr(found, name) for name in LOADED},
    )


def _problems(package: Package, stages: Mapping[str, Plain], telling: Telling) -> Iterator[ProblemFacts]:
    read = {stage.name: stage.counts.read for stage in package.stages}
    kinds = kinds_of(package, show_data=telling.show_data, catalogue=telling.catalogue)
    for name, of_stage in groupby(kinds, key=attrgetter("stage")):
        concentrations = stages.get(name, {}).get("concentrations", [])
        for kind in islice(of_stage, KINDS):
            yield _problem(kind, read[name], concentrations, telling)


def _problem(kind: KindSummary, read: int, concentrations: Sequence[Plain], telling: Telling) -> ProblemFacts:
    share = kind.count / read if read else 0.0
    here = [
        one for one in concentrations if (one["fate"], one["field"], one["rule"]) == (kind.fate, kind.field, kind.rule)
    ]
    return ProblemFacts(
        **as_dict(kind),
        is_problem=kind.severity == PROBLEM,
        share=round(share, 6),
        # Those of one entry of a lookup are concentrated as all of its entries together are not.
        concentrated=tuple(_concentrated(one, telling) for one in here) if kind.entry is None else (),
    )


def _concentrated(one: Plain, telling: Telling) -> ConcentrationFacts:
    return ConcentrationFacts(
        column=one["column"],
        value=telling.value(one["value"], personal=one["personal"]),
        share=round(one["count"] / one["of"], 4),
        times=round(one["times"], 2),
        count=one["count"],
    )


F = TypeVar("F", ColumnFacts, FieldFacts, PasswordFacts)


def _of_stage(kind: type[F], stage: str, told: Plain, **other: Any) -> F:
    """What profile.json tells of something of a stage; `other` in the place of what it has."""
    found: dict[str, Any] = {name: told.get(name) for name in kind.__struct_fields__}
    return kind(**{**found, "stage": stage, **other})


def _balance(profile: Plain, telling: Telling) -> BalanceFacts | None:
    found = profile.get("balance")
    if not found:
        return None
    amounts = ("amount", "discount", "line", "piece")
    differing = tuple(
        DifferingOrder(one["stage"], telling.key(one["key"]), *(exact(one[name]) for name in amounts))
        for one in found["differing"]
    )
    return BalanceFacts(**{**found, "tolerance": exact(found["tolerance"]), "differing": differing})


def _field(stage: str, one: Plain, telling: Telling) -> FieldFacts:
    values = (
        ValueCount(telling.value(each["value"], personal=one["personal"]), each["count"]) for each in one["values"]
    )
    return _of_stage(FieldFacts, stage, one, values=tuple(values))


def _input(one: Input) -> InputFacts:
    return InputFacts(one.name, one.file, one.bytes, one.sha256, one.rows, one.taken)
