"""How much of what a mapping names is opened when it is read."""

from __future__ import annotations

from enum import Enum


class Opens(Enum):
    NOTHING = "neither sources nor lookups: for whoever goes on from a package"
    LOOKUPS = "lookups that lie on this machine: for the mapping's own tests, which give rows themselves"
    HERE = "what lies on this machine"
    AGAIN = "the same, for rows that were read before: no more is looked for in them"
    COLUMNS = "everything, and no row of a database is read"
    ALL = "everything"

    @property
    def sources(self) -> bool:
        return self not in (Opens.NOTHING, Opens.LOOKUPS)

    @property
    def network(self) -> bool:
        return self in (Opens.COLUMNS, Opens.ALL)
