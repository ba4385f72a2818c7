"""A source that stands in a stage's `from:`, as if it stood in `sources:` under the stage's name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from etl.mapping.extending import Extended, files_of
from etl.mapping.places import Document, YamlPath

SOURCES, STAGES, FROM = "sources", "stages", "from"


def with_sources_in_place(document: Document) -> Document:
    """The document with each of them among the sources; what is wrong with one is told where it is written."""
    whole = document.data
    stages = whole.get(STAGES) if isinstance(whole, Mapping) else None
    if not isinstance(stages, list):
        return document
    named = _named(whole, stages)
    if not named:
        return document
    origins: dict[YamlPath, tuple[Document, YamlPath]] = {(): (document, ())}
    origins |= {(SOURCES, name): (document, (STAGES, index, FROM)) for index, name in named.items()}
    found = {name: stages[index][FROM] for index, name in named.items()}
    data = {
        **whole,
        SOURCES: {**(whole.get(SOURCES) or {}), **found},
        STAGES: [{**stage, FROM: named[index]} if index in named else stage for index, stage in enumerate(stages)],
    }
    return Extended(
        document.file, document.text, data, document.values, document.keys, document.problems, document.spoilt,
        files=files_of(document), origins=origins,
    )  # fmt: skip


def _named(whole: Mapping[str, Any], stages: list[Any]) -> dict[int, str]:
    """A name for the source of each stage that holds one; one that `sources:` does not have."""
    written = whole.get(SOURCES)
    if not isinstance(written, Mapping | None):
        return {}
    taken, named = set(written or {}), {}
    for index, stage in enumerate(stages):
        if isinstance(stage, Mapping) and isinstance(stage.get(FROM), Mapping):
            wanted = re.sub(r"\W", "_", str(stage.get("name") or "source"))
            free = (wanted, *(f"{wanted}_{number}" for number in range(2, len(stages) + len(taken) + 3)))
            named[index] = next(name for name in free if name not in taken)
            taken.add(named[index])
    return named
