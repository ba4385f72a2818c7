"""What looks like a mistake and may be meant: told beside the problems, and never in the way, unless a person is strict."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from etl.errors import SourceError
from etl.expressions import key_text
from etl.extract import KINDS
from etl.extract.query import columns_joined
from etl.mapping.channel_checks import channel_warnings
from etl.mapping.context import Context
from etl.mapping.encodings import encoding_warnings
from etl.mapping.folded_sql import swallowing_comments
from etl.mapping.guessable import guessable_passwords
from etl.mapping.places import YamlPath
from etl.mapping.stage_checks import placed_stages
from etl.mapping.templates import leaves
from etl.model import WARNING, Expression, Problem, Source, Stage, Table

LOOKED_AT = 300
"""So many rows of a CSV or JSON file are looked at: enough for what is wrong with a whole file, and read at once."""

NULL_MARKS = ("null", "(null)", "\\n", "none", "nan")
"""What programs write for a value that is not there, in any case. (N/A and - are what people write, and may be meant.)"""

MISREAD = ("windows-1254", "windows-1252", "latin-1")
"""What UTF-8 is most often read as by mistake."""

LEADS = "ÂÃÄÅ"
"""What the first byte of a letter of Latin, Turkish or another European language becomes in each of these."""

_IN_1973 = 10**11
"""Milliseconds. Seconds of any year until 5138 are fewer, and most of what shops hold is younger."""

_MILLISECONDS = re.compile(r"(\w+)\s*\|\s*epoch\([^()]*['\"]ms['\"]")

_ONE_BRACE = re.compile(r"(?<!\{)\{\s*(\w+)\s*(?:\|[^{}]*)?\}(?!\})")


_FORMS = {"1": re.compile("-?[0-9]+").fullmatch, "1.0": re.compile(r"-?[0-9]+\.0+").fullmatch}


def mapping_warnings(context: Context) -> Iterator[Problem]:
    for path, stage in placed_stages(context):
        yield from _one_brace(context, path, stage)
        yield from _parentless(context, path, stage)
        yield from guessable_passwords(context, path, stage)
        yield from _seconds(context, path, stage)
    doubtful = list(encoding_warnings(context))
    yield from doubtful
    told = {one.place.line for one in doubtful}
    yield from _unused_sources(context)
    yield from swallowing_comments(context)
    for source in context.migration.sources.values():
        yield from _keys_never_equal(context, source)
    yield from channel_warnings(context)
    for name, table in context.tables.items():
        source = context.migration.sources[name]
        if source.kind == "csv" and table.text_only:
            found = _odd_columns(context, source, table)
            # What its bytes have told is not told by its letters again.
            yield from (one for one in found if one.place.line not in told or "encoding" not in one.what)


def _warning(context: Context, path: YamlPath, what: str) -> Problem:
    return Problem(context.document.place(path), what, WARNING)


def _unused_sources(context: Context) -> Iterator[Problem]:
    """A source that no stage, lookup or query reads. Where a stage names none that there is, it is the one that was meant."""
    sources = context.migration.sources
    if not all(stage.source in sources for stage in context.migration.stages):
        return
    used = {stage.source for stage in context.migration.stages}
    lookups = [one.source for one in context.migration.lookups.values() if one.source is not None]
    for source in (*sources.values(), *lookups):
        used.update(KINDS[source.kind].needs(source))
    for name in sources:
        if name not in used:
            what = (
                f"source '{name}' is read, and no stage, lookup or query uses it; leave it out, or say `from: {name}`"
            )
            yield Problem(context.document.key_place(("sources", name)), what, WARNING)


def _one_brace(context: Context, path: YamlPath, stage: Stage) -> Iterator[Problem]:
    """A text is sent as it stands; one that names a column in one brace was meant to be an expression."""
    table = context.tables.get(stage.source)
    for where, template in leaves((*path, "fields"), stage.fields):
        found = _ONE_BRACE.search(template) if isinstance(template, str) else None
        if found is not None and table is not None and found[1] in table.header:
            what = f"is sent as it stands; the column '{found[1]}' is reached by {{{{ {found[1]} }}}}"
            yield _warning(context, where, what)


def _parentless(context: Context, path: YamlPath, stage: Stage) -> Iterator[Problem]:
    """Orders and addresses belong to customers: without `refers` nothing tells that theirs was not sent."""
    users = [one.name for one in context.migration.stages if one.payload == "user"]
    if users and stage.payload in ("address", "order") and not stage.refers:
        field = next((name for name in ("customer_code", "user") if name in stage.fields), "customer_code")
        what = f"says nothing of its customers: with `refers: {{ {field}: {users[0]} }}` those of customers who are not sent wait"
        yield _warning(context, path, what)


def _seconds(context: Context, path: YamlPath, stage: Stage) -> Iterator[Problem]:
    """Seconds that are read as milliseconds lie in January 1970: a day like any other to all that comes after."""
    table = context.tables.get(stage.source)
    for where, template in leaves((*path, "fields"), stage.fields):
        found = _MILLISECONDS.search(template.text) if isinstance(template, Expression) else None
        if found is None or table is None or found[1] not in table.header:
            continue
        at, source = table.header.index(found[1]), context.migration.sources[stage.source]
        numbers = [
            int(cell) for cell in (str(row[at]).strip() for row in _first_rows(source, table)) if cell.isdecimal()
        ]
        if numbers and sum(0 < number < _IN_1973 for number in numbers) * 2 > len(numbers):
            what = f"most of '{found[1]}' lies before 1973 as milliseconds; if these are seconds, leave `unit='ms'` out"
            yield _warning(context, where, what)


def _keys_never_equal(context: Context, source: Source) -> Iterator[Problem]:
    """A query's texts are equal when they are written alike: a join of 103.0 with 103 finds nothing, and says nothing."""
    for pair in columns_joined(source):
        forms = {one.written: _forms_of_numbers(context, one.table, one.column) for one in pair}
        one, other = sorted(forms, key=lambda written: "1.0" not in forms[written])
        if "1.0" in forms[one] and forms[other] == {"1"}:
            what = (
                f"'{one}' has whole numbers written as 1.0, and '{other}' as 1: these texts are never equal; compare numbers: "
                f"CAST({one} AS DECIMAL(18, 3)) = CAST({other} AS DECIMAL(18, 3))"
            )
            yield _warning(context, ("sources", source.name), what)


def _forms_of_numbers(context: Context, name: str, column: str) -> set[str]:
    """How the whole numbers of a column are written in its first rows, 1 or 1.0; what is none of them has a form of its own."""
    source, table = context.migration.sources.get(name), context.tables.get(name)
    if source is None or table is None or column not in table.header:
        return set()
    at = table.header.index(column)
    texts = (key_text(row[at]).strip() for row in _first_rows(source, table) if row[at] is not None)
    forms = {next((form for form, is_so in _FORMS.items() if is_so(text)), "") for text in texts if text}
    return forms if forms <= set(_FORMS) else set()


def _first_rows(source: Source, table: Table) -> list[Sequence[object]]:
    """Of a CSV or JSON file those as wide as its header; of one that cannot be read, and of any other source, none."""
    if source.kind not in ("csv", "json", "jsonl"):
        return []
    with suppress(SourceError, OSError, StopIteration):
        rows = next(iter(table.parts(LOOKED_AT))).read().rows[:LOOKED_AT]
        return [row for row in rows if len(row) == len(table.header)]
    return []


def _odd_columns(context: Context, source: Source, table: Table) -> Iterator[Problem]:
    written: Any = source.options.get("nulls") or []
    known = [written] if isinstance(written, str) else [str(one) for one in written]
    columns = zip(*_first_rows(source, table), strict=True)
    for name, cells in zip(table.header, columns, strict=False):
        texts = [cell for cell in cells if isinstance(cell, str)]
        commonest = Counter(texts).most_common(1)[0][0] if texts else ""
        if commonest.lower() in NULL_MARKS and commonest not in known:
            # In double quotes YAML reads \N as another character; in single ones as it stands.
            nulls = ", ".join("'{}'".format(one.replace("'", "''")) for one in (*known, commonest))
            what = f"the commonest value of '{name}' is the text {commonest}; with `nulls: [{nulls}]` it is null"
            yield _warning(context, ("sources", source.name), what)
        # What UTF-8's letters begin with is seen at once; hardly a column holds it.
        if any(sign in "".join(texts) for sign in LEADS) and any(map(is_misread, texts)):
            what = f"letters of '{name}' look like UTF-8 that was read in another encoding (Ã¼ for ü); see `encoding`"
            yield _warning(context, ("sources", source.name), what)


def is_misread(text: str) -> bool:
    """Whether the bytes of a text, in one of the usual wrong encodings, are letters of UTF-8."""
    if text.isascii():
        return False
    for encoding in MISREAD:
        with suppress(UnicodeError):
            return len(text.encode(encoding).decode("utf-8")) < len(text)
    return False
