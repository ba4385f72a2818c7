"""YAML text -> Migration, and every Problem in it with file, line and column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from etl.address import target_name
from etl.errors import MappingError
from etl.expressions import Resources
from etl.extract import Connections, Corrected, CorrectedTable, Snapshot, numbered
from etl.extract.databases.following import Follow
from etl.findings import joined, said
from etl.geography import ChannelLists
from etl.mapping.build import Builder
from etl.mapping.checks import check_problems
from etl.mapping.context import Context
from etl.mapping.corrections import with_corrections
from etl.mapping.encodings import encoding_notes
from etl.mapping.environment import ENVIRONMENT, SHOP, is_open, read_environment
from etl.mapping.extending import files_of, with_extended
from etl.mapping.grammar import NAME, grammar_problems
from etl.mapping.in_place import with_sources_in_place
from etl.mapping.opens import Opens
from etl.mapping.places import Document
from etl.mapping.target_checks import address_faults
from etl.mapping.templates import columns_used
from etl.mapping.warnings import mapping_warnings
from etl.mapping.yaml_text import read_document
from etl.model import Migration, Problem, Stage, Table
from etl.suggest import nearest
from etl.target import Target
from etl.terminal import visible

__all__ = [
    "ENVIRONMENT",
    "USUAL",
    "Checked",
    "Choice",
    "Lists",
    "Opens",
    "as_written",
    "ask_servers",
    "fatal",
    "find_mapping",
    "first_of",
    "load_mapping",
    "migration_name",
    "read_target",
    "require",
    "target_known",
    "written_in",
]

USUAL = "migration.yaml"


class Checked(Struct, frozen=True):
    """A mapping that has been read: what it says, what is wrong with it, and what was opened to find that out.

    To be used in a `with`, at whose end the tables are closed. `snapshot` is the one that the rows of servers are from;
    `closed` are the sources and lookups of which nothing is known, as they were not opened. `corrected` are, by their stages,
    the rows that persons have mended; none are known before rows are at hand. `files` are those that the mapping is written in.
    """

    migration: Migration
    problems: tuple[Problem, ...]
    tables: Mapping[str, Table] = field(default_factory=dict)
    resources: Resources = field(default_factory=dict)
    lookup_tables: Mapping[str, Table] = field(default_factory=dict)
    opened: ExitStack = field(default_factory=ExitStack)
    connections: Connections = field(default_factory=Connections)
    warnings: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    snapshot: Snapshot | None = None
    closed: tuple[str, ...] = ()
    corrected: Mapping[str, Corrected] = field(default_factory=dict)
    lists: ChannelLists | None = None
    files: tuple[Path, ...] = ()

    def __enter__(self) -> Checked:
        return self

    def __exit__(self, *error: object) -> None:
        """Close the tables: their rows cannot be read after that."""
        self.opened.close()

    def table(self, stage: Stage) -> Table:
        """The rows of a stage's source, mended, with what the stage asks for beside their columns."""
        source, table = self.migration.sources[stage.source], self.tables[stage.source]
        found = self.corrected.get(stage.name)
        mended = CorrectedTable(table, found.rows) if found is not None and found.rows else table
        return numbered(mended, source, columns_used([stage])[stage.source])


def find_mapping(path: Path) -> Path:
    """The mapping file that a person named: the file, or migration.yaml in the folder. Raises MappingError."""
    found = path / USUAL if path.is_dir() else path
    if found.is_file():
        return found
    if path.is_dir():
        raise MappingError(f"{path}: the folder has no {USUAL}; name the mapping file itself")
    near = nearest(path.name, [one.name for one in path.parent.glob("*")] if path.parent.is_dir() else [])
    if near:
        raise MappingError(said("{path}: there is no such mapping; did you mean '{near}'?", path=str(path), near=near))
    raise MappingError(said("{path}: there is no such mapping", path=str(path)))


Choice = Callable[[Migration], Snapshot | None]
"""Which kept snapshot the rows of servers are read from; None: they are asked. Raises MappingError."""


def ask_servers(migration: Migration) -> None:
    return None


Lists = Callable[[Migration], ChannelLists | None]
"""The places and carriers of the mapping's channel; None: they were not pulled. Raises MappingError."""


def load_mapping(
    path: Path,
    *,
    text: str | None = None,
    opens: Opens = Opens.ALL,
    kept: Choice = ask_servers,
    lists: Lists | None = None,
    follow: Follow | None = None,
) -> Checked:
    """Read a mapping and find every problem in it. Opens what it names, as far as `opens` says.

    With `lists`, names of places are held against them, and a mapping that needs them has a problem where there are none.
    With `text`, that is what the file at `path` holds, whether there is one or not: what somebody is just writing.
    `follow` is told of sources that are opened, and of rows that come from servers.

    Raises MappingError when there is no such file; whatever stands in the file is a Problem.
    """
    file = find_mapping(path) if text is None else path
    document = _document(file) if text is None else with_extended(_placed(str(file), text), _read)
    if document.data is None:
        return Checked(_nothing(file), _ordered(document, document.problems))
    refused, data = grammar_problems(document)
    if not isinstance(document.data, Mapping):
        return Checked(_nothing(file), _ordered(document, [*document.problems, *refused]))
    variables = read_environment(file.parent)
    built = Builder(document, data, file.resolve().parent, variables.values).migration()
    migration, miscorrected, doubts = with_corrections(built)
    with ExitStack() as opened:
        connections = opened.enter_context(_connections(kept(migration), opened))
        connections.spool.follow = follow
        listed = None if lists is None else lists(migration)
        is_known = target_known(migration.target) is not None
        context = Context(
            document, data, migration, opened, connections, opens, connections.kept, listed, lists is not None, is_known
        )
        checked = check_problems(context, variables.values)
        told = [*document.problems, *variables.problems, *refused, *checked, *miscorrected]
        connections.end_queries()  # of lookups; queries of stages begin one of their own when rows are wanted
        return _checked(context, _ordered(document, told), doubts)


def _connections(snapshot: Snapshot | None, opened: ExitStack) -> Connections:
    """To servers; with a snapshot, which nobody removes meanwhile, to what it has kept of them."""
    if snapshot is not None:
        opened.enter_context(snapshot.in_use())
    return Connections(snapshot)


def _checked(context: Context, problems: tuple[Problem, ...], doubts: Sequence[Problem]) -> Checked:
    """What was found out. It keeps open what was opened."""
    warnings = tuple(sorted(map(_printable, [*mapping_warnings(context), *doubts])))
    # Only `check` shows notes, and finding them reads files to their end.
    notes = () if context.opens is not Opens.HERE else tuple(sorted(map(_printable, encoding_notes(context))))
    return Checked(
        context.migration,
        problems,
        context.tables,
        context.resources,
        context.lookup_tables,
        context.opened.pop_all(),
        context.connections,
        warnings,
        notes,
        context.kept,
        tuple(context.closed),
        lists=context.lists,
        files=files_of(context.document),
    )


def _document(file: Path) -> Document:
    """The mapping in a file, with what it extends."""
    return with_extended(_read(file), _read)


def _read(path: Path) -> Document:
    file = find_mapping(path)
    try:
        return _placed(str(file), file.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        good = error.object[: error.start].decode("utf-8", "replace")
        document = Document(str(file), good)
        document.problem(len(good), f"is not UTF-8 (byte {error.object[error.start]:#04x}); save the file as UTF-8")
        return document
    except OSError as error:
        raise MappingError(f"{file}: cannot be read: {error.strerror}") from None


def _placed(file: str, text: str) -> Document:
    return with_sources_in_place(read_document(file, text))


def _ordered(document: Document, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each problem once, by line. Of what was not read as it is meant, nothing else is worth telling."""
    syntax = {_printable(one) for one in document.problems}
    places, lines = {one.place for one in syntax}, set(document.spoilt.values())
    others = {_printable(one) for one in problems if one.place not in places and one.place.line not in lines}
    return tuple(sorted(syntax | others))


def _printable(problem: Problem) -> Problem:
    """What a problem repeats of the file may hold control characters, which would play with a terminal."""
    return replace(problem, what=visible(problem.what))


def _nothing(file: Path) -> Migration:
    return Migration("", "", file.resolve(), Target(), {}, {}, ())


def require(checked: Checked, *, upload: bool, shop: bool = False, strict: bool = False) -> Migration:
    """The migration, if it can be carried out. What only an upload, or a look at the shop, needs may otherwise be missing."""
    stopping = [*fatal(checked.problems, upload=upload, shop=shop), *(checked.warnings if strict else ())]
    if stopping:
        raise MappingError(joined("\n", first_of(stopping)))
    return checked.migration


MOST_SHOWN = 100


def first_of(problems: Sequence[Problem]) -> list[str]:
    """A line for each of the first problems, and how many more there are: nobody reads 70,000."""
    lines: list[str] = [problem.told for problem in problems[:MOST_SHOWN]]
    further = len(problems) - len(lines)
    return [*lines, said("... and {count:,} more; put these right first", count=further)] if further else lines


def fatal(problems: Sequence[Problem], *, upload: bool, shop: bool = False) -> list[Problem]:
    bearable = {kind for kind, needed in ((ENVIRONMENT, upload), (SHOP, shop)) if not needed}
    return [problem for problem in problems if problem.kind not in bearable]


def written_in(path: Path) -> tuple[Path, ...]:
    """The files that a mapping is written in: those that it extends, and its own last."""
    return files_of(_document(find_mapping(path)))


def as_written(path: Path) -> Any:
    """The data of a mapping, with what it extends. Raises MappingError where it cannot be read as it is meant."""
    document = _document(find_mapping(path))
    if document.problems or not isinstance(document.data, Mapping):
        raise MappingError("\n".join(first_of(_ordered(document, document.problems))))
    return document.data


def migration_name(path: Path) -> str:
    """The name a mapping gives its migration, without checking anything else in it."""
    file = find_mapping(path)
    data = _document(file).data
    name = data.get("name") if isinstance(data, Mapping) else None
    # It becomes a folder's name, so what the grammar refuses is not taken here either.
    if not isinstance(name, str) or not re.fullmatch(NAME, name):
        raise MappingError(f"{file}: has no name that can be used; `etl check` says what is wrong with it")
    return name


def read_target(path: Path) -> Target:
    """What a mapping says of its target, without opening its sources or checking anything; it may be unusable."""
    file = find_mapping(path)
    document = _document(file)
    _, data = grammar_problems(document)
    if document.data is None or not isinstance(data, Mapping):
        return Target()
    return Builder(document, data, file.resolve().parent, read_environment(file.parent).values).target(
        data.get("target") or {}
    )


def target_known(target: Target) -> str | None:
    """The target's name; None where the mapping does not say which it is: no address or channel, or a variable not set."""
    told = target.url and target.channel and not is_open(target.url) and not is_open(target.channel)
    return target_name(target.url, target.channel) if told and not address_faults(target.url) else None
