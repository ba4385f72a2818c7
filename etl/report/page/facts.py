"""What a report tells, as plain data: the content of report.json, and all that report.html is made from. Its form is
schemas/report.schema.json. Masked already: neither of the two holds what may not be seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from etl.findings import PROBLEM
from etl.package import Package, PackagedStage
from etl.personal import mask_key, mask_known, mask_value
from etl.report.catalogue import ENGLISH, Catalogue
from etl.report.page.money import Plain, money_facts
from etl.report.rejects import kinds_of
from etl.report.summary import KindSummary, StageSummary

VERSION = 1

KINDS = 200
"""Kinds of problems of a stage that a report tells; the package has all of them."""


@dataclass(frozen=True, slots=True)
class JournalFacts:
    """What the journal knows: the target, what became of each stage's records, the batches that need a person, and (in
    `error`) what the last load ended in."""

    target: str
    stages: Sequence[StageSummary]
    attention: Sequence[Mapping[str, Any]] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Telling:
    """How a report is told."""

    show_data: bool = False
    catalogue: Catalogue = ENGLISH

    def key(self, key: Any) -> Any:
        return key if self.show_data or key is None else mask_key(key)

    def value(self, value: Any, *, personal: bool) -> Any:
        if self.show_data:
            return value
        return mask_value(value) if personal else mask_known(value)


def report_facts(package: Package, telling: Telling, upload: JournalFacts | None = None) -> Plain:
    profile = package.profile()
    stages: dict[str, Plain] = profile.get("stages", {})
    manifest = package.manifest
    return {
        "version": VERSION,
        "migration": manifest.migration,
        "created": manifest.created,
        "package": package.path.name,
        "masked": not telling.show_data,
        "language": telling.catalogue.language,
        "stages": [_stage(stage, upload) for stage in package.stages],
        "problems": _problems(package, stages, telling),
        "parents": [
            {"in": name, **parent, "key": telling.key(parent["key"])}
            for name, stage in stages.items()
            for parent in stage["parents"]
        ],
        "money": [asdict(money_facts(name, one, telling.key)) for name, stage in stages.items() for one in stage["money"]],
        "balance": _balance(profile, telling),
        "passwords": [{"stage": name, **one} for name, stage in stages.items() for one in stage["passwords"]],
        "fields": [_field(name, one, telling) for name, stage in stages.items() for one in stage["fields"]],
        "columns": [{"stage": name, **one} for name, stage in stages.items() for one in stage["columns"]],
        "warnings": list(manifest.warnings),
        "upload": None if upload is None else _upload(upload, telling),
        "inputs": [_input(one) for one in (manifest.mapping, *manifest.inputs)],
        "versions": dict(manifest.versions),
    }  # fmt: skip


PREPARED = ("read", "filtered", "rejected", "held", "merged", "valid")
LOADED = ("uploaded", "already", "failed", "changed", "waiting", "refused", "unknown")


def _stage(stage: PackagedStage, upload: JournalFacts | None) -> Plain:
    counts = {name: getattr(stage.counts, name) for name in PREPARED}
    loaded = {one.name: one for one in upload.stages} if upload else {}
    found = loaded.get(stage.name)
    return {
        "name": stage.name,
        "payload": stage.payload,
        **counts,
        "corrected": len(stage.corrected),
        "batches": stage.batches.records,
        "loaded": None if found is None else {name: getattr(found, name) for name in LOADED},
    }


def _problems(package: Package, stages: Mapping[str, Plain], telling: Telling) -> list[Plain]:
    read = {stage.name: stage.counts.read for stage in package.stages}
    kinds = kinds_of(package, show_data=telling.show_data, catalogue=telling.catalogue)
    found = []
    for name, of_stage in groupby(kinds, key=attrgetter("stage")):
        listed = list(of_stage)
        concentrations = stages.get(name, {}).get("concentrations", [])
        found += [_problem(kind, read[name], concentrations, telling) for kind in listed[:KINDS]]
    return found


def _problem(kind: KindSummary, read: int, concentrations: Sequence[Plain], telling: Telling) -> Plain:
    share = kind.count / read if read else 0.0
    here = [
        one for one in concentrations if (one["fate"], one["field"], one["rule"]) == (kind.fate, kind.field, kind.rule)
    ]
    return {
        **asdict(kind),
        "rows": list(kind.rows),
        "examples": list(kind.examples),
        "is_problem": kind.severity == PROBLEM,
        "share": round(share, 6),
        # Those of one entry of a lookup are concentrated as all of its entries together are not.
        "concentrated": [_concentrated(one, telling) for one in here] if kind.entry is None else [],
    }


def _concentrated(one: Plain, telling: Telling) -> Plain:
    return {
        "column": one["column"],
        "value": telling.value(one["value"], personal=one["personal"]),
        "share": round(one["count"] / one["of"], 4),
        "times": round(one["times"], 2),
        "count": one["count"],
    }


def _balance(profile: Plain, telling: Telling) -> Plain | None:
    found = profile.get("balance")
    if not found:
        return None
    units = profile["units"]
    amounts = ("amount", "discount", "line", "piece")
    differing = [
        {"stage": one["stage"], "key": telling.key(one["key"]), **{name: one[name] / units for name in amounts}}
        for one in found["differing"]
    ]
    return {**found, "tolerance": found["tolerance"] / units, "differing": differing}


def _field(stage: str, one: Plain, telling: Telling) -> Plain:
    values = [{**each, "value": telling.value(each["value"], personal=one["personal"])} for each in one["values"]]
    return {"stage": stage, **one, "values": values}


def _upload(upload: JournalFacts, telling: Telling) -> Plain:
    return {"target": upload.target, "attention": [dict(one) for one in upload.attention], "error": upload.error}


def _input(one: Any) -> Plain:
    return {
        "name": one.name,
        "file": one.file,
        "bytes": one.bytes,
        "sha256": one.sha256,
        "rows": one.rows,
        "taken": one.taken,
    }
