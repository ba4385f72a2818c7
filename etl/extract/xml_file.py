"""The kind `xml`: elements of one path are rows, their attributes and children the columns. Read as a stream."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from etl.extract.detecting import DETECT
from etl.extract.json_path import EVERY, Found, Steps, rows_path
from etl.extract.kinds import (
    COUNTERS,
    ENCODING,
    NORMALIZE,
    PASS_OTHERS,
    TRIM,
    Kind,
    Option,
    OptionValues,
    column_names_option,
    encoding_name,
    holding_nothing,
)
from etl.extract.locations import File
from etl.extract.nested import PATH_SCHEMA, WITH, RowShape, naming, nested_table
from etl.extract.opening import byte_pieces, existing_file
from etl.extract.reach import Reach
from etl.extract.xml_stream import TEXT, Element, XmlElements
from etl.findings import Unfit
from etl.model import Table
from etl.suggest import perhaps


def open_xml(location: str, settings: OptionValues) -> Table:
    steps = xml_steps(settings["path"])
    source = XmlRows(existing_file(location), settings["encoding"], settings["path"])
    return nested_table(source, steps, settings)


def xml_steps(written: str) -> Steps:
    """Raises ValueError for what is no path of elements."""
    try:
        steps = rows_path(written.removeprefix("/").replace("/", "."))
    except ValueError:
        steps = ()
    if not isinstance(next(iter(steps), None), str) or any(isinstance(step, int) for step in steps):
        raise ValueError(
            f"'{written}' is no path of elements; write their names from the root on, as in `shop/orders/order`, and "
            "`[*]` after the element whose inner ones are rows, as in `shop/orders/order[*]/lines/line`"
        )
    return steps


class XmlRows:
    """The elements at a path in a file: as far as its first `[*]` it is streamed, what lies in such an element is held."""

    def __init__(self, path: File, encoding: str | None, written: str) -> None:
        self.path, self._encoding, self._written = path, encoding, written
        steps = xml_steps(written)
        streamed = steps.index(EVERY)
        self._names = _names(steps[:streamed])
        self._inner = _names(steps[streamed:])
        self.nested = bool(self._inner)
        self.reach = Reach()

    def rows(self) -> Iterator[Found]:
        """Raises SourceError."""
        for element in self._elements(self._names):
            if element.reason:
                yield Found(element.value, (), element.reason)
            else:
                yield from _found(element.value, self._inner)

    def why_empty(self) -> str:
        names = (*self._names, *self._inner)
        paths = XmlElements(names, self._encoding)
        with naming(self.path):
            for _ in paths.read(byte_pieces(self.path)):
                return ""
        written = "/".join(names)
        hint = perhaps(written, paths.paths) or f"; there are: {', '.join(paths.paths)}"
        return f"`path: {self._written}`: no element is there{hint}"

    def in_parts(self, header: tuple[str, ...], shape: RowShape) -> None:
        """It is read from its beginning to its end."""

    def _elements(self, names: tuple[str, ...]) -> Iterator[Element]:
        with naming(self.path):
            yield from XmlElements(names, self._encoding).read(byte_pieces(self.path, self.reach))


def _names(steps: Steps) -> tuple[str, ...]:
    return tuple(step for step in steps if isinstance(step, str))


def _found(value: Any, names: tuple[str, ...], parents: tuple[dict[str, Any], ...] = ()) -> Iterator[Found]:
    """Every inner element that the names lead to: one alone is as good as a list of one."""
    for element in value if isinstance(value, list) else [value]:
        if not names:
            yield Found(_row(element), parents)
        elif isinstance(element, dict):
            if names[0] in element:
                yield from _found(element[names[0]], names[1:], (*parents, element))
        elif element is not None:
            words = "is a text, where `path` needs an element '{step}'"
            yield Found(element, parents, Unfit("row:path", None, words, step=names[0]))


def _row(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    return value if isinstance(value, dict) else {TEXT: value}


def _path(value: object) -> object:
    if value is not None:
        xml_steps(str(value))
    return value


def _encoding(value: object) -> str | None:
    """An XML file says its encoding in its first line, so there is nothing to detect."""
    return None if value in (None, DETECT) else encoding_name(value)


XML = Kind(
    "xml",
    "An XML file: the elements at a path are rows, their attributes and children columns. It may be compressed "
    "(.gz, .bz2, .xz).",
    holding_nothing(open_xml),
    (
        Option(
            "encoding",
            "the file's character encoding, when it is another than its first line names.",
            _encoding,
            ENCODING.schema,
        ),
        Option(
            "path",
            "the elements that are rows: names from the root on, joined by `/`, with `[*]` after an element whose inner ones "
            "are rows.",
            _path,
            PATH_SCHEMA,
            required=True,
        ),
        WITH,
        column_names_option(
            "the attributes and children that are columns; an element with another is rejected (see `pass_others`). Default: all "
            "of all elements."
        ),
        PASS_OTHERS,
        TRIM,
        NORMALIZE,
        COUNTERS,
    ),
    mistakes={
        "ends before its elements do": "the file was cut off; fetch it again",
        "has a DOCTYPE": "export it without, or take it out; a page of HTML has one, too",
    },
    examples=("orders.xml",),
    loose=True,
)
