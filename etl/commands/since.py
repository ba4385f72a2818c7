"""Whether a mapping and its sources are still what a package was made from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from etl.commands.prepare import inputs_of, mapping_input
from etl.mapping import Checked
from etl.package import Manifest


def changed_since(made: Manifest, checked: Checked, stages: Sequence[str]) -> Iterator[str]:
    """What has changed, as a person calls it. The sources of these stages are summed up; one that was read in part is not known."""
    before = {one.name: one.sha256 for one in made.inputs}
    if mapping_input(checked).sha256 != made.mapping.sha256:
        yield "the mapping"
    for one in inputs_of(checked, stages):
        if None not in (one.sha256, known := before.get(one.name)) and one.sha256 != known:
            yield f"'{one.name}'"
