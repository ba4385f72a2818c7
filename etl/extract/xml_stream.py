"""An XML document as a stream of the elements at one path, each as a value: attributes and children by their names.

With expat, which the standard library brings: it opens no file and no address, and says line and column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NoReturn
from xml.parsers import expat

from msgspec import Struct, field

from etl.expressions.cells import compose
from etl.extract.damage import xml_words
from etl.extract.json_values import DEEPEST
from etl.findings import Unfit
from etl.terminal import visible

TEXT = "text"
"""Where an element's own text is, when it has attributes or children beside it."""

_CUT_OFF = (
    expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS],
    expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_TOKEN],
    expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION],
    expat.errors.codes[expat.errors.XML_ERROR_PARTIAL_CHAR],
)
PATHS_SHOWN = 10


class NotXml(ValueError):
    """What is no XML that is read here, and where: line and column from 1."""

    def __init__(self, what: str, line: int, column: int) -> None:
        super().__init__(f":{line}:{column}: {what}")


class Element(Struct, frozen=True):
    """An element's value (see `_value`), and why it cannot be used (None: it can)."""

    value: Any
    reason: Unfit | None


class _Open(Struct):
    """An element whose end has not been read."""

    name: str
    attributes: dict[str, str]
    children: dict[str, list[Any]] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)


class XmlElements:
    """The elements at a path of names from the root on; `paths` are the first ones that were seen on the way."""

    def __init__(self, names: tuple[str, ...], encoding: str | None) -> None:
        self._names = names
        self._depth = 0
        self._open: list[_Open] = []
        self._ready: list[Element] = []
        self._reason: Unfit | None = None
        self._path: list[str] = []
        self.paths: dict[str, None] = {}
        self._parser = expat.ParserCreate(encoding)
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype

    def read(self, pieces: Iterable[bytes]) -> Iterator[Element]:
        """Raises NotXml."""
        for piece in pieces:
            self._parse(piece, last=False)
            yield from self._ready
            self._ready.clear()
        self._parse(b"", last=True)

    def _parse(self, piece: bytes, *, last: bool) -> None:
        try:
            self._parser.Parse(piece, last)
        except expat.ExpatError as error:
            if error.code in _CUT_OFF:
                what = "ends before its elements do; was the file cut off?"
            else:
                what = f"not XML: {xml_words(error.code)}"
            raise NotXml(what, error.lineno, error.offset + 1) from None
        except LookupError as error:
            name = visible(str(error).partition(": ")[2])
            what = f"the encoding '{name}' of its first line is not known; name another as `encoding`, or convert it to utf-8"
            raise NotXml(what, 1, 1) from None

    def _doctype(self, *_: object) -> NoReturn:
        raise NotXml(
            "has a DOCTYPE, and a document's own definitions are not read: they can name other files, or grow without end; "
            "export it without, or take the DOCTYPE out (an HTML page has one, too)",
            self._parser.CurrentLineNumber,
            self._parser.CurrentColumnNumber + 1,
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            place = self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1
            raise NotXml(f"elements are nested more than {DEEPEST} levels deep", *place)
        name = _local(name)
        if self._open or self._is_wanted(name):
            self._open.append(_Open(name, attributes))

    def _is_wanted(self, name: str) -> bool:
        """Whether the element that begins is one at the path. Keeps the way there, for people."""
        del self._path[self._depth - 1 :]
        self._path.append(name)
        if len(self.paths) < PATHS_SHOWN:
            self.paths["/".join(self._path)] = None
        return tuple(self._path) == self._names

    def _text(self, text: str) -> None:
        if self._open:
            self._open[-1].text.append(text)

    def _end(self, _: str) -> None:
        self._depth -= 1
        if not self._open:
            return
        element = self._open.pop()
        value, reason = _value(element)
        self._reason = self._reason or reason
        if self._open:
            self._open[-1].children.setdefault(element.name, []).append(value)
        else:
            self._ready.append(Element(value, self._reason))
            self._reason = None


def _value(element: _Open) -> tuple[Any, Unfit | None]:
    """An object of its attributes and children; a text, when it has neither; None when it is blank. A child that is there
    more than once is a list. And what is wrong with it, or ""."""
    found: dict[str, Any] = {name: one[0] if len(one) == 1 else one for name, one in element.children.items()}
    text: str | None = "".join(element.text)
    text = text if text and not text.isspace() else None
    reason: Unfit | None = None
    for full, value in element.attributes.items():
        if full == "xmlns" or full.startswith(("xmlns:", "xsi:")):
            continue
        name = _local(full)
        if found.setdefault(name, value) != value:
            words = "'{element}' has '{named}' as an attribute and as an element, and they differ"
            reason = Unfit("row:twice", None, words, element=element.name, named=name)
    if not found:
        return text, reason
    if text is not None and found.setdefault(TEXT, text) != text:
        words = "'{element}' has a text of its own beside '{named}'"
        reason = Unfit("row:twice:text", None, words, element=element.name, named=TEXT)
    return found, reason


def _local(name: str) -> str:
    """A name without its prefix, which is the writer's to choose, and composed, as names of columns are."""
    return compose(name.rpartition(":")[2])
