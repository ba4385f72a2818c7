"""Which elements of an XML document are rows: those that come more than once in one element, and hold something by names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from etl.extract.xml_stream import XmlElements

Path = tuple[str, ...]
MOST = 1000
"""Paths that are kept."""


def outline(pieces: Iterable[bytes], encoding: str | None = None) -> dict[str, int]:
    """Each path of rows as a source's `path` has it, and how many there are. Raises NotXml."""
    paths = _Paths(encoding)
    for _ in paths.read(pieces):
        pass
    return paths.rows()


class _Paths(XmlElements):
    """Counts elements by their paths. No element is one that is asked for, so none is kept."""

    def __init__(self, encoding: str | None) -> None:
        super().__init__((), encoding)
        self.counts: Counter[Path] = Counter()
        self._inner: set[Path] = set()
        self._repeated: set[Path] = set()
        self._siblings: list[Counter[str]] = [Counter()]
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._finish
        self._parser.CharacterDataHandler = None

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._start(name, {})
        path = tuple(self._path)
        if path not in self.counts and len(self.counts) >= MOST:
            self._siblings.append(Counter())
            return
        self.counts[path] += 1
        self._siblings[-1][path[-1]] += 1
        if self._siblings[-1][path[-1]] > 1:
            self._repeated.add(path)
        if attributes:
            self._inner.add(path)
        self._inner.add(path[:-1])
        self._siblings.append(Counter())

    def _finish(self, name: str) -> None:
        self._siblings.pop()
        self._end(name)

    def rows(self) -> dict[str, int]:
        found = [path for path in self.counts if path in self._repeated and path in self._inner and len(path) > 1]
        # A shop of one customer: what holds elements, one level below the root.
        found = found or [path for path in self.counts if path in self._inner and len(path) == 2]
        return {self._written(path): self.counts[path] for path in found}

    def _written(self, path: Path) -> str:
        """With `[*]` after the outermost element that is itself a row."""
        outer = next((at for at in range(2, len(path)) if path[:at] in self._repeated), 0)
        return f"{'/'.join(path[:outer])}[*]/{'/'.join(path[outer:])}" if outer else "/".join(path)
