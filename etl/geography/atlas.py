"""What the function `place` is handed: the lists, what a person decided, and what was told already of the same cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from etl.findings import Unfit
from etl.geography.matching import ROOT, Gazetteer
from etl.geography.names import LEVELS
from etl.geography.resolving import SEPARATOR, AddressCells, CodeOf, Resolver, ToldPlaces, entry_key
from etl.suggest import did_you_mean

MOST_KNOWN = 100_000
"""Different addresses whose places are remembered. Most shops have some thousand; one that has more begins anew."""


class Atlas:
    """Resolves cells, each different row of them once."""

    def __init__(self, gazetteer: Gazetteer, names: Mapping[str, object], country: str | None, code_of: CodeOf) -> None:
        self._how = (gazetteer, dict(names), country, code_of)
        self.resolver = Resolver(gazetteer, decisions(names), country, code_of)
        self._known: dict[AddressCells, ToldPlaces] = {}
        self.answers: dict[object, object] = {}
        """What the function answered, by all that it was asked: a row costs one look into it."""

    def __reduce__(self) -> Any:
        return Atlas, self._how

    def found(self, cells: AddressCells) -> ToldPlaces:
        known = self._known.get(cells)
        if known is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
                self.answers.clear()
            known = self._known[cells] = self.resolver.resolve(cells)
        return known

    def country_fault(self) -> str | None:
        """Why the country of those that name none is none itself: the end of a sentence; None where it is one."""
        found = self.resolver.resolve(AddressCells())
        if "country" not in found.troubles:
            return None
        known = [one.name for one in self.resolver.gazetteer.of("country", ROOT)]
        return did_you_mean(self.resolver.country or "", known)


def decision_fault(geography: Atlas, key: str, value: object) -> str | None:
    """What is wrong with a line that a person has filled in; None where nothing is, or where it is not filled in yet."""
    if value is None or not str(value).strip():
        return None
    level, colon, path = key.partition(":")
    level = level.strip().lower()
    if level not in LEVELS or not colon or not path.strip():
        return f"an entry is written `LEVEL: PLACES`, LEVEL one of {', '.join(LEVELS)}: `township: Türkiye / Ankara / Cankaya`"
    above = geography.resolver.parent_of(level, path)
    if geography.resolver.decided_path(level, above, str(value)) is not None:
        return None
    within = f" of {SEPARATOR.join(geography.resolver.gazetteer.path(above))}" if above is not None else ""
    return f"'{value}' is no {level}{within} on the channel's lists"


class NoLists:
    """In the place of a Atlas, where there are no lists to look into: whatever is asked is told why."""

    def __init__(self, why: str) -> None:
        self.why = why
        self.answers: dict[object, object] = {}

    def found(self, cells: AddressCells) -> NoReturn:
        raise Unfit("function:place:lists", None, "{why}", why=self.why)


def decisions(names: Mapping[str, object]) -> dict[str, str]:
    """The entries of lookups that a person has filled in, as they are compared."""
    return {entry_key(str(key)): str(value) for key, value in filled(names.items()) if str(value).strip()}


def filled(pairs: Iterable[tuple[str, object]]) -> Iterable[tuple[str, object]]:
    return ((key, value) for key, value in pairs if value is not None)
