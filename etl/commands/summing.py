"""What became of every row: of a package, and of its upload as the journal has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from etl.commands.report_files import telling_of, write_report
from etl.commands.which import Which
from etl.commands.written import mapping_evidence
from etl.errors import EtlError
from etl.findings import Sentence, Words, said, sentence, some_records
from etl.model import Migration
from etl.package import Package
from etl.report.following import masked_attention
from etl.report.mask import without_answer
from etl.report.page.data import AttentionFacts
from etl.report.page.facts import JournalFacts, Telling
from etl.report.rejects import data_problems, data_warnings, kinds_of
from etl.report.summary import StageSummary, Summary
from etl.report.uploads import upload_problems

if TYPE_CHECKING:
    from etl.journal.summary import LoadSummary
    from etl.journal.summary import StageUpload as UploadedStage
    from etl.outside import Outside


def summary_of(package: Package, *, show_data: bool = False, strict: bool = False) -> Summary:
    """What a package holds, as a summary of which nothing has been uploaded. `strict`: with a warning it is not well."""
    stages = [
        StageSummary(
            stage.name,
            stage.counts.read,
            stage.counts.filtered,
            stage.counts.rejected,
            stage.counts.held,
            stage.counts.valid,
            merged=stage.counts.merged,
            waiting=stage.counts.valid,
            batches=stage.batches.records,
            corrected=len(stage.corrected),
        )
        for stage in package.stages
    ]
    empty = [
        said(EMPTY, stage=stage.name) for stage in package.stages if not stage.counts.read and not stage.may_be_empty
    ]
    clean = not empty and all(stage.is_well for stage in package.stages)
    problems = [*empty, *_beyond(package), *data_problems(package, show_data=show_data)]
    kinds = kinds_of(package, show_data=show_data)
    warnings = [*_notes(package), *data_warnings(package)]
    ok = clean and not (strict and warnings)
    snapshot = next((one.snapshot for one in package.manifest.inputs if one.snapshot), None)
    return Summary(
        package.manifest.migration, str(package.path), ok, stages, problems, kinds, warnings=warnings, snapshot=snapshot
    )


EMPTY = "{stage}: the source has no rows; is the export whole? Where it may be empty, `may_be_empty: true` in the stage says so"


def _beyond(package: Package) -> list[str]:
    return [
        said("{stage}: {line}", stage=stage.name, line=line) for stage in package.stages for line in stage.beyond or ()
    ]


def _notes(package: Package) -> list[str]:
    """What has to be known of the sources' rows."""
    return [
        said("source '{name}': {note}", name=one.name, note=note)
        for one in package.manifest.inputs
        for note in one.notes
    ]


def with_uploads(summary: Summary, loaded: LoadSummary, error: EtlError | None, *, show_data: bool = False) -> Summary:
    """The summary with what the journal knows of the upload, and the error that it ended in."""
    counted = with_counts(summary, loaded)
    problems = [*summary.problems, *(line for stage in loaded.stages for line in upload_problems(stage))]
    if error is not None:
        problems += _told(error, show_data)
    clean = summary.ok and error is None and loaded.complete and not any(one.changed for one in loaded.stages)
    return replace(counted, ok=clean, problems=problems)


def with_counts(summary: Summary, loaded: LoadSummary) -> Summary:
    """The summary with the counts of the journal in each stage."""
    by_name = {stage.name: stage for stage in loaded.stages}
    return replace(summary, stages=[_with_upload(stage, by_name[stage.name]) for stage in summary.stages])


PREPARED = ("name", "read", "filtered", "rejected", "held", "merged", "valid", "corrected")


LOADED = tuple(name for name in StageSummary.__struct_fields__ if name not in PREPARED)
"""What the journal tells of a stage."""


def _with_upload(stage: StageSummary, loaded: UploadedStage) -> StageSummary:
    return replace(stage, **{name: getattr(loaded, name) for name in LOADED})


def mapping_sha256(migration: Migration) -> str | None:
    return mapping_evidence(migration.file).sha256


def uploaded(
    package: Package,
    root: Path,
    upload: Callable[[], LoadSummary],
    outside: Outside,
    show_data: bool,
    strict: bool = False,
) -> tuple[Summary, EtlError | None]:
    """Upload, and sum up what is in the journal then, also when the upload ended in an error. `strict`: not with a warning."""
    prepared = replace(summary_of(package, show_data=show_data, strict=strict), target=root.name)
    if strict and prepared.warnings:
        return replace(prepared, problems=[*prepared.problems, STRICT]), None
    if _beyond(package):
        return replace(prepared, problems=[*prepared.problems, BEYOND]), None
    failure: EtlError | None = None
    try:
        with outside.uploading():
            summary = _with_the_rest(with_uploads(prepared, upload(), None), root)
    except EtlError as error:
        summary, failure = _ended_in(error, prepared, package, root, show_data), error
    return _reported(package, root, summary, failure, telling_of(package, show_data=show_data)), failure


def _with_the_rest(summary: Summary, root: Path) -> Summary:
    """With what goes on, where the upload came to its end and left records that can be sent: a retry sends no others."""
    from etl.journal.journal import Journal
    from etl.journal.workspace import Workspace

    left = sum(one.waiting - one.unsettled - one.held_back for one in summary.stages)
    if not left:
        return summary
    with closing(Journal.read(Workspace(root))) as journal:
        command = journal.runs.goes_on()
        line = said("not sent yet: {records}; `etl {command}` goes on", records=some_records(left), command=command)
    return replace(summary, problems=[*summary.problems, line])


def _reported(package: Package, root: Path, summary: Summary, failure: EtlError | None, telling: Telling) -> Summary:
    """Write the report anew, with the upload. That it cannot be written is told, and changes nothing of what was sent."""
    error = None if failure is None else _seen(str(failure), telling)
    ended, told = (None, None) if failure is None else (failure.ending, _in_its_language(failure.told, telling))
    try:
        upload = JournalFacts(root.name, summary.stages, _attention(root, telling), error, ended, told)
        write_report(package, telling, upload)
    except (OSError, EtlError) as error:
        return replace(
            summary,
            warnings=[
                *summary.warnings,
                said("{path}: its report could not be written ({error})", path=str(package.path), error=str(error)),
            ],
        )
    return summary


def _in_its_language(told: Sequence[Words], telling: Telling) -> str | None:
    """None for what nobody says but in English."""
    lines = [telling.catalogue.say(words, parts, masked=False) for words, parts in told]
    return _seen("\n".join(lines), telling) if lines else None


def _seen(text: str, telling: Telling) -> str:
    return text if telling.show_data else without_answer(text)


def upload_of(which: Which, package: Package, telling: Telling) -> JournalFacts | None:
    """What the journal of the mapping's target, or of the one that was named, knows of a package; None: it was not sent there."""
    from etl.journal.status import read_status
    from etl.journal.summary import read_last_ending, read_summary

    try:
        root = which.journal()
        status = read_status(root)
    except EtlError:
        return None
    if status.package is None or status.package.resolve() != package.path.resolve():
        return None
    summary = with_uploads(summary_of(package), read_summary(root, package), None)
    ending = read_last_ending(root)
    if ending is None:
        return JournalFacts(root.name, summary.stages, _attention(root, telling))
    error, told = _seen(ending.text, telling), _in_its_language(ending.told, telling)
    return JournalFacts(root.name, summary.stages, _attention(root, telling), error or None, ending.ending, told)


def _attention(root: Path, telling: Telling) -> tuple[AttentionFacts, ...]:
    """The batches of a target that a person has to look at; none, where nothing was sent yet."""
    from etl.journal.database import JournalError
    from etl.journal.status import read_status

    try:
        found = read_status(root).attention
    except JournalError:
        return ()
    shown = found if telling.show_data else map(masked_attention, found)
    return tuple(
        AttentionFacts(one.batch, one.stage, one.state, one.records, one.failed, one.why, one.keys) for one in shown
    )


BEYOND = said(
    "nothing was sent, because more rows are left behind than the mapping accepts; put them right, or raise `accept`"
)

STRICT = said("nothing was sent, because there are warnings and --strict takes them for problems")


def _told(error: EtlError, show_data: bool) -> list[str]:
    """An error in lines. What Omnitron answered may repeat the record that it did not like."""
    told: list[str] = [Sentence(sentence(words, parts), words, parts) for words, parts in error.told]
    lines = told or ([error.text] if "\n" not in error.text else error.text.split("\n"))
    return list(lines if show_data else map(without_answer, lines))


def _ended_in(failure: EtlError, prepared: Summary, package: Package, root: Path, show_data: bool) -> Summary:
    """The failure has to be told in any case: a full disk, for one, keeps the journal from being read, too."""
    from etl.journal.summary import read_summary

    try:
        return with_uploads(prepared, read_summary(root, package), failure, show_data=show_data)
    except EtlError:
        return replace(prepared, ok=False, problems=[*prepared.problems, *_told(failure, show_data)])
