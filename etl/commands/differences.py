"""What has changed or is gone since it was uploaded, as a table to hand to Akinon."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from etl.errors import MappingError
from etl.files import durably
from etl.findings import said
from etl.journal.changed import ChangedRecord, GoneRecord

COLUMNS = ("stage", "key", "what", "field", "old", "new", "batch", "migration_id")
UNKNOWN = "unknown"
"""`what` of a record that has changed, and whose fields cannot be compared any more."""


def write_differences(file: Path, changed: Iterable[ChangedRecord], gone: Iterable[GoneRecord]) -> int:
    """Write a line for each field that differs, and for each record that is gone, for the owner's eyes alone; the records.

    `what` is changed, added, removed, gone (the record), or UNKNOWN. Raises MappingError when the file is there already or
    cannot be written.
    """
    if file.exists():
        words = "{path}: is there already, and is not written over; name another file"
        raise MappingError(said(words, path=str(file)))
    try:
        with _whole_or_gone(file), durably(file) as out:
            return _write(out, changed, gone)
    except OSError as error:
        words = "{path}: cannot be written ({error}); name another file"
        raise MappingError(said(words, path=str(file), error=error.strerror)) from error


@contextmanager
def _whole_or_gone(file: Path) -> Iterator[None]:
    """Half a list looks like a whole one."""
    try:
        yield
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _write(out: BinaryIO, changed: Iterable[ChangedRecord], gone: Iterable[GoneRecord]) -> int:
    table = csv.writer(codecs.getwriter("utf-8-sig")(out))  # without its mark Excel takes the letters for Latin-1
    table.writerow(COLUMNS)
    records = 0
    for record in changed:
        table.writerows(_lines(record))
        records += 1
    for one in gone:
        table.writerow((one.stage, one.key, "gone", "", "", "", one.batch, one.migration_id or ""))
        records += 1
    return records


def _lines(record: ChangedRecord) -> Iterator[tuple[object, ...]]:
    sent = (record.batch, record.migration_id or "")
    if record.fields is None:
        yield (record.stage, record.key, UNKNOWN, "", "", "", *sent)
    for one in record.fields or ():
        yield (record.stage, record.key, str(one.what), one.field, _cell(one.old), _cell(one.new), *sent)


def _cell(value: Any) -> str:
    """A text as it is; anything else as JSON has it, and nothing where there is none."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)
