"""What preparing leaves on disk: payload files, rejects, held records, manifest.

    manifest.json                 counts, versions, and the SHA-256 of everything (mapping, sources, the files below)
    payloads/<stage>/000001.json  one batch: a JSON array, one record a line; the exact bytes that are uploaded
    batches/<stage>.jsonl         a line a batch: the size and SHA-256 of its payload, and where its index lies
    index/<stage>.jsonl           a line a batch: for each of its records, in order, [key, row of the source], and "unsettled"
                                  as a third where the record may still change
    rejects/<stage>.jsonl         one line for every problem of every rejected row
    held/<stage>.jsonl            one line for every record whose parent is not migrated
    merged/<stage>.jsonl          one line for every record that an earlier one stands for, of stages that merge duplicates
    rows/<stage>.jsonl            one line for every row that is rejected, held or merged: its cells as the source had them
    kinds/<stage>.jsonl           one line for every kind of problem: how many, where, and examples
    profile.json                  what the values of the stages are like, and what they sum up to (etl/measures)
    rejects.xlsx                  the rejected rows, whole, for the person who mends them
    rejects.json                  whether that was edited since, and what it suggests
    report.html, report.json      all of it for people, and for programs; written again after each load

What the manifest sums is written once, under `<name>.partial`, renamed when whole, and then only read. rejects.xlsx,
report.html and report.json are made of it once it has its name (commands/workbook.py, commands/report_files.py); `etl report`
makes the report anew.
"""

from etl.package.lines import Held, Merged, ProblemExample, ProblemKind, Reject, SourceRow
from etl.package.manifest import (
    FORMAT,
    LIMIT,
    MANIFEST,
    PROFILE,
    SAMPLE,
    Batch,
    FileEntry,
    Input,
    Manifest,
    PackagedStage,
    RefusedCorrection,
    Slice,
    remembering,
)
from etl.package.reading import UNSETTLED, IndexLine, Package, Walked, is_readable, newest
from etl.package.records import join_records, split_records

__all__ = [
    "FORMAT",
    "LIMIT",
    "MANIFEST",
    "PROFILE",
    "SAMPLE",
    "UNSETTLED",
    "Batch",
    "FileEntry",
    "Held",
    "IndexLine",
    "Input",
    "Manifest",
    "Merged",
    "Package",
    "PackagedStage",
    "ProblemExample",
    "ProblemKind",
    "RefusedCorrection",
    "Reject",
    "Slice",
    "SourceRow",
    "Walked",
    "is_readable",
    "join_records",
    "newest",
    "remembering",
    "split_records",
]
