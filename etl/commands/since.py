"""A package's mapping and sources, opened again: whether they are still what it was made from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from etl.commands.keeping import latest_kept
from etl.commands.lists import kept_lists
from etl.commands.prepare import inputs_of, mapping_input
from etl.expressions import LOOKUP
from etl.extract import with_needs
from etl.findings import said
from etl.mapping import Checked, Opens, load_mapping, require
from etl.mapping.lookups import Unread
from etl.model import Stage
from etl.package import Manifest
from etl.places import workspace_of


@contextmanager
def opened_again(mapping: Path, workspace: Path | None) -> Iterator[Checked]:
    """A mapping that can be carried out, with what lies on this machine of its sources; no server is asked. Raises EtlError."""
    kept, lists = latest_kept(mapping, workspace), kept_lists(workspace_of(mapping, workspace))
    with load_mapping(mapping, opens=Opens.AGAIN, kept=kept, lists=lists) as checked:
        require(checked, upload=False)
        yield checked


def changed_since(made: Manifest, checked: Checked, stages: Sequence[str]) -> Iterator[str]:
    """What has changed, as a person calls it. Sums up the sources of these stages; one read in part is not known."""
    before = {one.name: one.sha256 for one in made.inputs}
    if mapping_input(checked).sha256 != made.mapping.sha256:
        yield said("the mapping")
    for one in inputs_of(checked, stages):
        if None not in (one.sha256, known := before.get(one.name)) and one.sha256 != known:
            yield f"'{one.name}'"


def what_is_away(checked: Checked, stage: Stage) -> str | None:
    """Why a stage's rows cannot be told here: something that they are made from is not on this machine."""
    closed = with_needs(checked.migration.sources, {stage.source}) & {*checked.closed}
    closed |= {name for name, one in checked.resources[LOOKUP].items() if isinstance(one, Unread)}
    if not closed:
        return None
    words = "{sources} not on this machine; `etl explain MAPPING {stage} KEY` reads it"
    return said(words, sources=", ".join(sorted(closed)), stage=stage.name)
