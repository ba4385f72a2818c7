"""The texts of an .xlsx workbook that its cells refer to by number, in bounded memory: those that were read lie in a file.

(ECMA-376 part 1, 18.4.8 si, 22.9.2.19 xstring.)
"""

from __future__ import annotations

import pickle
import re
from array import array
from collections.abc import Iterator
from itertools import islice
from xml.etree.ElementTree import Element
from zipfile import ZipFile

from etl.extract.sheet_bounds import BadSheet
from etl.extract.temporary import Scratch
from etl.extract.xlsx_parts import damaged, elements

BLOCK = 64
MOST_HELD = 2 << 20
"""Bytes of blocks that are held, as they lie in the file."""

_BLANKS = " \t\r\n"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
# A character that XML cannot hold is written as its number. Halves of one, and what is no character, stay as they are written.
_ESCAPED = re.compile(r"_x((?![Dd][89A-Fa-f])(?![Ff]{3}[E-Fe-f])[0-9A-Fa-f]{4})_")


def unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def text_of(element: Element) -> str:
    """The text of a `si` or `is`, with its runs; how it is pronounced is no part of it."""
    found: list[str] = []
    for part in element:
        name = part.tag.rpartition("}")[2]
        if name == "t":
            found.append(_text(part))
        elif name == "r":
            found.extend(_text(one) for one in part if one.tag.rpartition("}")[2] == "t")
    return found[0] if len(found) == 1 else "".join(found)


def _text(element: Element) -> str:
    text = element.text or ""
    return unescaped(text if element.get(_SPACE) == "preserve" else text.strip(_BLANKS))


class SharedTexts:
    """Read as far as somebody asks for. Texts lie in blocks of BLOCK in the file; `_starts` is where each begins and ends."""

    def __init__(self, archive: ZipFile, member: str | None, file: Scratch) -> None:
        self._coming: Iterator[str] = map(text_of, elements(archive, member, "sst", 0)) if member else iter(())
        self._starts = array("Q", [0])
        self._held: dict[int, list[str]] = {}
        self._held_bytes = 0
        self._ended = False
        self._file = file

    def text(self, number: int) -> str:
        """Raises BadSheet when there is no such text."""
        block = self._held.get(number // BLOCK)
        try:
            return (block or self._block(number // BLOCK))[number % BLOCK]
        except IndexError:
            raise BadSheet(damaged(f"it has no text {number}")) from None

    def _block(self, number: int) -> list[str]:
        while number >= len(self._starts) - 1 and not self._ended:
            self._read_on()
        if not 0 <= number < len(self._starts) - 1:
            return []  # it has none, then
        begin, end = self._starts[number], self._starts[number + 1]
        block: list[str] = pickle.loads(self._file.read(begin, end))  # noqa: S301 - written below
        self._hold(number, block)
        return block

    def _read_on(self) -> None:
        block = list(islice(self._coming, BLOCK))
        self._ended = len(block) < BLOCK
        if block:
            self._file.write(pickle.dumps(block))
            self._starts.append(self._file.size)
            self._hold(len(self._starts) - 2, block)

    def _hold(self, number: int, block: list[str]) -> None:
        """The block held longest goes first."""
        if number in self._held:
            return
        self._held[number] = block
        self._held_bytes += self._size(number)
        while self._held_bytes > MOST_HELD and len(self._held) > 1:
            oldest = next(iter(self._held))
            del self._held[oldest]
            self._held_bytes -= self._size(oldest)

    def _size(self, number: int) -> int:
        return self._starts[number + 1] - self._starts[number]
