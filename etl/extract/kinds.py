"""The form of an entry in the table of source kinds, and the checks their options share. Reads nothing."""

from __future__ import annotations

import encodings.aliases
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct, field

from etl.expressions.cells import compose
from etl.extract.databases.connections import Connections
from etl.extract.detecting import DETECT
from etl.extract.evidence import file_evidence
from etl.extract.locations import is_url, shown
from etl.extract.undecodable import LIKELY_ENCODINGS
from etl.extract.zip_member import as_path
from etl.model import Database, Evidence, Source, Table
from etl.suggest import perhaps

OptionValues = dict[str, Any]
"""Every option of a kind, checked, with defaults filled in."""

Where = Literal["file", "url", "database", "sources"]
"""What a source's location is: a path relative to the mapping, or a URL that fsspec reads; an address; something that a
database is asked for; something that is made of other sources."""


class World(Struct, frozen=True):
    """What lies around a source that is opened: the tables of the sources it said it needs, by name; the databases; and how
    those sources are to be read."""

    tables: Mapping[str, Table] = field(default_factory=dict)
    connections: Connections = field(default_factory=Connections)
    sources: Mapping[str, Source] = field(default_factory=dict)


Opener = Callable[[Source, World], AbstractContextManager[Table]]


class Option(Struct, frozen=True):
    """A key that may stand beside a source's kind.

    sentence  what it means, for the schema and the documentation; names its default.
    check     takes the value from the YAML and returns it as the kind wants it; raises ValueError with a sentence.
    schema    the JSON Schema of the value, with examples; one for all kinds that have an option of this name.
              `writeOnly: true` says that it is a secret.
    """

    name: str
    sentence: str
    check: Callable[[Any], object]
    schema: Mapping[str, Any]
    default: object = None
    required: bool = False


class Kind(Struct, frozen=True):
    """A way to read a source: all that is known of it. The schema of the mapping language and its page are made from this.

    sentence  what may stand after the kind's name, and `examples` of it.
    where     what that is.
    open      takes a Source whose options are checked and complete. Raises SourceError, or ValueError when two options do
              not go together. What the table holds open is closed when the context ends.
    needs     the names of the sources whose tables it has to find in its World.
    evidence  what a package remembers of a source it was made from; a source of which only the first rows were read is
              not summed up (`whole` is False).
    loose     whether its rows are objects, of which one has keys that another lacks.
    rows_of   what its rows are said to be of, when one of them is shown: a file, a table.
    text_only whether its cells are texts, whatever it reads.
    mistakes  what its errors say, each with what it means and what to do: for the documentation.
    """

    name: str
    sentence: str
    open: Opener
    options: tuple[Option, ...] = ()
    examples: tuple[str, ...] = ()
    where: Where = "file"
    needs: Callable[[Source], Sequence[str]] = lambda source: ()
    evidence: Callable[[Source, Table, bool], Evidence] = file_evidence
    loose: bool = False
    rows_of: Callable[[Source], str] = lambda source: shown(source.location)
    text_only: bool = False
    mistakes: Mapping[str, str] = field(default_factory=dict)

    def settings(self, given: Mapping[str, object]) -> OptionValues:
        """Check the options a mapping gives and fill in the rest. Raises ValueError naming the option."""
        known = {option.name: option for option in self.options}
        for name in given:
            if name not in known:
                hint = perhaps(name, known) or f"; {self.name} takes: {', '.join(known)}"
                raise ValueError(f"unknown option '{name}'{hint}")
        return {name: _checked(option, given.get(name, option.default)) for name, option in known.items()}

    def located(self, folder: Path, location: str) -> str:
        """The location as the folder of the mapping that names it makes it whole."""
        path = as_path(location) if self.where == "file" else location
        return str(folder / path) if self.is_local(path) else path

    def is_local(self, location: str) -> bool:
        return self.where == "file" and not is_url(location)

    def needs_network(self, source: Source) -> bool:
        """Whether opening it may leave this machine, or ask a server."""
        if self.where == "sources":
            return False
        database = source.options.get("database")
        location = database.location.reveal() if isinstance(database, Database) else source.location
        return self.where == "url" or (is_url(location) and not location.startswith(ON_THIS_MACHINE))


class Kinds(MutableMapping[str, Kind]):
    """The table of kinds. Those of the engine are named with the module that ends in their registration, a constant of that name.

    A module is loaded when its kind is asked for: a mapping of CSV files needs none of the dozen that read workbooks.
    """

    def __init__(self, **modules: str) -> None:
        self._kinds: dict[str, Kind | str] = {**modules}

    def __getitem__(self, name: str) -> Kind:
        kind = self._kinds[name]
        if isinstance(kind, str):
            loaded: Kind = getattr(import_module(f"etl.extract.{kind}"), name.upper())
            self._kinds[name] = kind = loaded
        return kind

    def __setitem__(self, name: str, kind: Kind) -> None:
        self._kinds[name] = kind

    def __delitem__(self, name: str) -> None:
        del self._kinds[name]

    def __contains__(self, name: object) -> bool:
        return name in self._kinds

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)


ON_THIS_MACHINE = ("file://", "local://", "memory://")


def holding_nothing(read: Callable[[str, OptionValues], Table]) -> Opener:
    """How a table is opened whose parts open the file by themselves, so that it has nothing to close."""

    @contextmanager
    def open_it(source: Source, world: World) -> Iterator[Table]:
        yield read(source.location, dict(source.options))

    return open_it


def _checked(option: Option, value: object) -> object:
    try:
        return option.check(value)
    except ValueError as error:
        raise ValueError(f"option '{option.name}': {error}") from None


def one_character(value: object) -> str:
    if isinstance(value, str) and len(value) == 1 and value not in "\r\n\0":
        return value
    raise ValueError(f'{value!r} is not one character (a tab is written "\\t", with double quotes)')


def one_character_or_none(value: object) -> str | None:
    return one_character(value) if value else None


def encoding_name(value: object) -> str:
    """An encoding Python knows, as the mapping spells it; every spelling of UTF-8 becomes `utf-8`. `detect` stays."""
    if value == DETECT:
        return DETECT
    try:
        "x".encode(str(value))
    except (LookupError, ValueError):
        hint = perhaps(str(value), LIKELY_ENCODINGS) or perhaps(str(value), _encodings())
        raise ValueError(f"unknown encoding '{value}'{hint}") from None
    spelled = str(value).lower().replace("_", "-")
    return "utf-8" if spelled in ("utf-8", "utf8", "utf-8-sig", "u8") else str(value)


def _encodings() -> list[str]:
    """The encodings' names; Python's list also has codecs that are not of texts, such as base64."""
    names = [name for name, codec in encodings.aliases.aliases.items() if not codec.endswith("_codec")]
    return sorted(name.replace("_", "-") for name in names)


def texts(value: object) -> tuple[str, ...]:
    """A list of texts; one text alone is a list of one."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return tuple(value)
    raise ValueError(f"{value!r} is not a list of texts")


def names_or_none(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    names = texts(value)
    if not names:
        raise ValueError("is empty; list the columns' names")
    return tuple(map(compose, names))


def boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(f"{value!r} is neither true nor false")


def row_number(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise ValueError(f"{value!r} is not a row number (the first row is 1)")


TRIM = Option(
    "trim",
    "whether cells lose the blanks around them before they are used, and blank cells are null. Default: true.",
    boolean,
    {"type": "boolean", "examples": [True, False]},
    True,
)
NORMALIZE = Option(
    "normalize",
    "whether letters that are written as a letter and its accent are made one (Unicode NFC), and characters of no width at a "
    "cell's ends count as blank. Default: true.",
    boolean,
    {"type": "boolean", "examples": [True, False]},
    True,
)
ENCODING = Option(
    "encoding",
    "the file's character encoding. `detect` finds it out by the bytes. A mark (BOM) at its beginning is passed over. "
    "Default: utf-8.",
    encoding_name,
    {"type": "string", "examples": ["windows-1254", "utf-8", "detect"]},
    "utf-8",
)


GroupColumns = Mapping[str, tuple[str, ...]]
"""Columns that count the rows of a group, each with the columns by whose values the groups are told apart."""


def groups(value: object) -> GroupColumns:
    if isinstance(value, Mapping):
        return {str(name): texts(columns) for name, columns in value.items()}
    raise ValueError(f"{value!r} is not a mapping; write the counter's name, and the column whose rows it counts")


COUNTERS = Option(
    "counters",
    "columns that count the rows of a group, from 1: each with the column, or the columns, whose value they have in common. "
    "Default: none.",
    groups,
    {
        "type": "object",
        "additionalProperties": {
            "type": ["string", "array"],
            "items": {"type": "string", "examples": ["order_id"], "description": "A column."},
            "minItems": 1,
            "examples": ["order_id", ["order_id", "sku"]],
            "description": "The column, or the columns, whose rows are counted.",
        },
        "examples": [{"line": "order_id"}],
    },
    {},
)


PASS_OTHERS = Option(
    "pass_others",
    "whether a key that is no column (see `header`) is passed over, instead of rejecting its row: for an API's answers, in which "
    "there is much that nobody needs. Default: false.",
    boolean,
    {"type": "boolean", "examples": [True]},
    False,
)


def column_names_option(sentence: str) -> Option:
    """The option `header`, which means something else to each kind of file."""
    item = {"type": "string", "examples": ["customer_id"], "description": "A column's name."}
    schema = {"type": "array", "items": item, "minItems": 1, "examples": [["customer_id", "email"]]}
    return Option("header", sentence, names_or_none, schema)
