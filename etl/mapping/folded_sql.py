"""A comment of SQL in a text that YAML makes one line of: it goes on to the end, and takes the rest of the statement along."""

from __future__ import annotations

import re
from collections.abc import Iterator

from etl.mapping.context import Context
from etl.mapping.places import YamlPath
from etl.model import WARNING, Problem, Source

KINDS_OF_SQL = ("query", "sql")
_COMMENT = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|/\*.*?\*/|(?P<comment>--[^\n]*)", re.DOTALL)


def swallowing_comments(context: Context) -> Iterator[Problem]:
    sources = [(("sources", name), source) for name, source in context.migration.sources.items()]
    lookups = [(("lookups", name), one.source) for name, one in context.migration.lookups.items() if one.source]
    for path, source in (*sources, *lookups):
        if source.kind in KINDS_OF_SQL:
            yield from _swallowing(context, (*path, source.kind), source)


def _swallowing(context: Context, path: YamlPath, source: Source) -> Iterator[Problem]:
    text, document = source.location, context.document
    if not context.is_written(path, text):
        return
    for match in _COMMENT.finditer(text):
        comment = (match["comment"] or "").rstrip()
        if not comment:
            continue
        begin, end = (document.place_in(path, text, at) for at in (match.start(), match.start() + len(comment) - 1))
        if end.line > begin.line:
            what = (
                "this comment takes the rest of the statement along, which `>` and quotes make one line of; write `|`"
            )
            yield Problem(begin, what, WARNING)
