"""What `etl init` proposes for a shop that it does not know: where each stage is from, and which fields are left to a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol


class StageToTell(Protocol):
    """A stage of the proposal (commands.proposing.ProposedFields)."""

    @property
    def payload(self) -> str: ...
    @property
    def table(self) -> str: ...
    @property
    def fields(self) -> Mapping[str, Any]: ...
    @property
    def gaps(self) -> tuple[str, ...]: ...


class ProposalToTell(Protocol):
    """What was written (commands.init.Proposed)."""

    @property
    def folder(self) -> Path: ...
    @property
    def locations(self) -> tuple[str, ...]: ...
    @property
    def stages(self) -> Sequence[StageToTell]: ...
    @property
    def files(self) -> tuple[str, ...]: ...
    @property
    def unused(self) -> tuple[str, ...]: ...
    @property
    def missing(self) -> tuple[str, ...]: ...


ELSEWHERE = "where the shop has it elsewhere, name that too, or add the stage"


def proposed_lines(found: ProposalToTell, example: str) -> Iterator[str]:
    yield f"{found.folder}: {', '.join(found.locations)} is no shop that is known; this is proposed of its tables"
    for stage in found.stages:
        gaps = f"; to be filled: {', '.join(stage.gaps)}" if stage.gaps else ""
        yield f"  {stage.payload} from {stage.table}, {len(stage.fields)} fields{gaps}"
    for payload in found.missing:
        yield f"  no {payload}: nothing that was read looks like it; {ELSEWHERE}"
    for one in found.unused:
        yield f"  not used: {one}"
    yield f"  {', '.join(found.files)}"
    yield f"Copy {example} to .env there and fill it in, read what stands behind each field, then: etl check {found.folder}"
