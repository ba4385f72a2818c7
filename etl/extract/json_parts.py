"""A list of a JSON file in parts that other processes can read: once all have been looked at, it is known where they begin."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from etl.errors import SourceError
from etl.extract.cuts import LARGEST_PART
from etl.extract.json_path import Found, Steps, found_in
from etl.extract.json_stream import Item, JsonText
from etl.extract.locations import File
from etl.extract.nested import RowShape
from etl.extract.opening import is_compressed, reading
from etl.extract.rows import gather
from etl.findings import Unfit, inside
from etl.model import Part, Rows

EACH = 100
"""Elements between two places where the file can be cut."""

_BLANKS = " \t\n\r"


class JsonPart(Struct, frozen=True):
    """Some elements of a list: the bytes from `begin`, with the comma or the bracket behind them, to `stop`."""

    path: File
    begin: int
    stop: int
    encoding: str
    steps: Steps
    shape: RowShape
    start: None = None
    reached: float | None = None

    def moved(self, start: int) -> JsonPart:
        """Its place is certain, so it stays where it is."""
        return self

    def read(self) -> Rows:
        """Raises SourceError."""
        with reading(self.path), self.path.open("rb") as file:
            file.seek(self.begin)
            data = file.read(self.stop - self.begin)
        try:
            text = data.decode(self.encoding).rstrip(_BLANKS)
            return gather(self.shape.records(rows_in(_items(f"[{text[:-1]}]"), self.steps)))
        except ValueError:
            raise SourceError(
                f"{self.path}: is not what it was when it was first looked at; was it changed meanwhile? run it again"
            ) from None


def _items(elements: str) -> Iterator[Item]:
    text = JsonText(iter([elements]))
    for _ in text.elements():
        yield text.item()
    text.end()


class JsonTable(Struct, frozen=True):
    """`cuts` are places in the file before an element, with EACH elements between two of them; the last one is the list's end."""

    path: File
    header: tuple[str, ...]
    cuts: Sequence[int]
    encoding: str
    steps: Steps
    shape: RowShape
    first_row: int = 1
    text_only: bool = False

    def parts(self, rows: int) -> Iterator[Part]:
        at, last = 0, len(self.cuts) - 1
        while at < last:
            to = min(at + max(1, rows // EACH), last)
            while to > at + 1 and self.cuts[to] - self.cuts[at] > LARGEST_PART:
                to -= 1
            begin, stop = self.cuts[at], self.cuts[to]
            share = stop / self.cuts[last]
            yield JsonPart(self.path, begin, stop, self.encoding, self.steps, self.shape, reached=share)
            at = to


def can_be_cut(path: File, encoding: str) -> bool:
    """Whether the place of a byte tells the place of a character, and the file can be read from there on."""
    if is_compressed(path):
        return False
    # A text of each of the other encodings may be written in more than one way.
    return codecs.lookup(encoding).name == "utf-8" or len(bytes(range(256)).decode(encoding, "replace")) == 256


def rows_in(items: Iterable[Item], steps: Steps) -> Iterator[Found]:
    """What the steps lead to in each element; without any, the element itself."""
    for item in items:
        if not steps:
            yield Found(item.value, (), item.reason, item.text)
        elif item.reason:
            words = "lies in an element that {because}"
            why = Unfit(item.reason.rule, None, words, because=inside(item.reason))
            yield Found(item.value, (), why, item.text)
        else:
            yield from found_in(item.value, steps)
