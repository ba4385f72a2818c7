"""The tables in the mapping's own tests: cases, and the small tables that stand for sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from etl.extract import KINDS
from etl.mapping.build import present
from etl.mapping.context import Context
from etl.mapping.places import YamlPath
from etl.model import MappingTest, Problem, Stage
from etl.suggest import column_hint, did_you_mean


def cell_problems(context: Context, source: str, column: str, value: object, where: YamlPath) -> Iterator[Problem]:
    """Of a cell that a test gives by its column's name."""
    yield from _column_problems(context, source, column, where)
    known = _columns(context, source)
    if (known is None or column in known) and _is_text_only(context, source) and not isinstance(value, str):
        yield context.at(where, f"all cells of this source are text: put this '{column}' in quotes{_blank(value)}")


def _column_problems(context: Context, source: str, column: str, where: YamlPath) -> Iterator[Problem]:
    known = _columns(context, source)
    if known is not None and column not in known:
        used = context.used(source)
        hint = column_hint(column, known, used, context.absent(source))
        yield context.at_key(where, f"unknown column '{column}'{hint}")


def _columns(context: Context, source: str) -> list[str] | None:
    """The columns of a source; None where they are not known."""
    table = context.tables.get(source)
    return None if table is None else context.columns(source, table)


def _is_text_only(context: Context, name: str) -> bool:
    source = context.migration.sources.get(name)
    return source is not None and KINDS[source.kind].text_only


def _blank(value: object) -> str:
    return ' (a blank one is "")' if value is None else ""


def case_problems(context: Context, path: YamlPath, stage: Stage, data: Mapping[str, Any]) -> Iterator[Problem]:
    table, where = data["cases"], (*path, "cases")
    columns, fields = ([one for _, one in present(table.get(key))] for key in ("columns", "fields"))
    if columns and "sources" in data:
        yield context.at((*where, "columns"), "the stage makes its rows of `sources`; leave out `columns`")
    yield from _heads(context, (*where, "columns"), columns, data.get("given", {}), "`given` has")
    yield from _heads(context, (*where, "fields"), fields, data.get("expect") or {}, "`expect` has")
    for index, name in present(table.get("fields")):
        if name not in stage.fields:
            what = f"'{name}' is not among the stage's fields{did_you_mean(name, stage.fields)}"
            yield context.at((*where, "fields", index), what)
    for index, column in present(table.get("columns")):
        yield from _column_problems(context, stage.source, column, (*where, "columns", index))
    yield from _rows(context, where, stage.source, table, [*columns, *fields], len(columns))


def _heads(
    context: Context, where: YamlPath, names: Sequence[str], others: Mapping[str, Any], who: str
) -> Iterator[Problem]:
    """A name of a table's head that comes twice, or that stands beside the table already."""
    yield from (context.at(where, f"'{name}' comes twice") for name, count in Counter(names).items() if count > 1)
    yield from (context.at(where, f"{who} '{name}' already") for name in names if name in others)


def _rows(
    context: Context, where: YamlPath, source: str, table: Mapping[str, Any], heads: Sequence[str], given: int
) -> Iterator[Problem]:
    """Rows that are not as long as the head, and cells (the first `given` of a row) that the source cannot have."""
    for index, row in present(table.get("rows")):
        at = (*where, "rows", index)
        if len(row) != len(heads):
            names = f" ({', '.join(heads)})" if heads else ""
            yield context.at(at, f"the row has {_counted(len(row))}, the table {_counted(len(heads))}{names}")
            continue
        for position, (column, value) in enumerate(zip(heads[:given], row, strict=False)):
            if _is_text_only(context, source) and not isinstance(value, str):
                what = f"all cells of this source are text: put this '{column}' in quotes{_blank(value)}"
                yield context.at((*at, position), what)


def _counted(number: int) -> str:
    return f"{number} value{'' if number == 1 else 's'}"


def small_table_problems(context: Context, path: YamlPath, stage: Stage, test: MappingTest) -> Iterator[Problem]:
    sources, data = context.migration.sources, context.data["tests"][path[-1]]["sources"]
    read = _read(context, stage, test)
    for name, table in data.items():
        where = (*path, "sources", name)
        if name not in context.written("sources"):
            yield context.at_key(where, f"unknown source '{name}'{did_you_mean(name, sources)}")
        elif name in sources and name not in read:
            yield context.at_key(where, f"the stage does not read '{name}'{_what_it_reads(read)}")
        heads = [one for _, one in present(table.get("columns"))]
        yield from _heads(context, (*where, "columns"), heads, {}, "")
        for index, column in present(table.get("columns")):
            yield from _column_problems(context, name, column, (*where, "columns", index))
        yield from _rows(context, where, name, table, heads, len(heads))
    for name in read:
        if name not in data and not KINDS[sources[name].kind].needs(sources[name]):
            yield context.at_key(
                (*path, "sources"), f"the stage reads '{name}', too: give it here, if only its columns"
            )


def _read(context: Context, stage: Stage, test: MappingTest) -> list[str]:
    """The sources that the stage's rows are made from, where those that the test gives are not looked into."""
    sources = context.migration.sources
    found: dict[str, None] = {}
    waiting = [stage.source]
    while waiting:
        name = waiting.pop()
        if name in sources and name not in found:
            found[name] = None
            waiting += [] if name in test.sources else KINDS[sources[name].kind].needs(sources[name])
    return list(found)


def _what_it_reads(read: Sequence[str]) -> str:
    names = ", ".join(f"'{name}'" for name in read)
    return f"; it reads {names}"
