"""What `diff` tells, as a table of stages and lines about each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
from msgspec.structs import replace

from etl.findings import Figure, Heading, Sentence, joined, said
from etl.personal import mask_field, mask_key
from etl.report.summary import print_whole
from etl.terminal import visible

if TYPE_CHECKING:
    from rich.console import Console

    from etl.measures.concentration import Concentration
    from etl.report.results import Compared, ComparedField, ComparedStage, SentBefore

COUNTS = (Heading("old"), Heading("new"), Heading("added"), Heading("gone"), Heading("changed"), Heading("same"))


def masked_difference(found: Compared) -> Compared:
    """Without personal data."""
    return replace(found, stages=tuple(map(_masked_stage, found.stages)))


def _masked_stage(stage: ComparedStage) -> ComparedStage:
    return replace(
        stage,
        fields=tuple(map(_masked_field, stage.fields)),
        first={what: tuple(map(mask_key, keys)) for what, keys in stage.first.items()},
        concentrated=tuple(
            replace(one, value=mask_field(one.value, personal=one.column in stage.personal))
            for one in stage.concentrated
        ),
        uploaded=tuple(replace(one, keys=tuple(map(mask_key, one.keys))) for one in stage.uploaded),
    )


def _masked_field(field: ComparedField) -> ComparedField:
    mask = partial(mask_field, personal=field.personal)
    examples = (replace(one, key=mask_key(one.key), old=mask(one.old), new=mask(one.new)) for one in field.examples)
    return replace(field, examples=tuple(examples))


def print_difference(console: Console, found: Compared) -> None:
    from rich import box
    from rich.table import Table

    for line in (said("Old: {path}", path=found.old), said("New: {path}", path=found.new)):
        console.print(visible(line), soft_wrap=True, markup=False)
    if found.stages:
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        table.add_column(Heading("stage"), no_wrap=True)
        counts = (*COUNTS, Heading("beyond")) if any(one.beyond for one in found.stages) else COUNTS
        for name in counts:
            table.add_column(name, justify="right", no_wrap=True)
        for stage in found.stages:
            table.add_row(visible(stage.name), *(said("{count:,}", count=getattr(stage, name)) for name in counts))
        print_whole(console, table)
    for told in difference_lines(found):
        console.print(visible(told), soft_wrap=True, markup=False)


def difference_lines(found: Compared) -> Iterator[str]:
    yield from (said("stage '{stage}' is new", stage=name) for name in found.added)
    yield from (said("stage '{stage}' is gone", stage=name) for name in found.gone)
    for stage in found.stages:
        if stage.differs:
            yield f"{stage.name}:"
            yield from (joined("", ["  ", line]) for line in _stage_lines(stage))
    if not found.differs:
        words = "The same records would be sent."
        if any(one.beyond for one in found.stages):
            words = "The records that both were to hold are the same."
        yield said(words)


def _stage_lines(stage: ComparedStage) -> Iterator[str]:
    for what, count, were in (("added", stage.added, stage.added_were), ("gone", stage.gone, stage.gone_are)):
        if count:
            head = said(ONLY_ONE_HAS[what, count == 1], count=count)
            yield joined("", [head, *_fates(what, were), ": ", _first(stage.first[what], count)])
            yield from (_concentrated(one) for one in stage.concentrated if one.fate == what)
    for field in stage.fields:
        head = said(IN_FIELDS[field.what, field.count == 1], count=field.count)
        yield joined(": ", [field.field, head])
        yield from (f"  {_example(one)}" for one in field.examples)
        about = (one for one in stage.concentrated if (one.field, one.rule) == (field.field, field.what))
        yield from map(_concentrated, about)
    yield from map(_uploaded, stage.uploaded)


ONLY_ONE_HAS = {
    ("added", True): "{count:,} record added",
    ("added", False): "{count:,} records added",
    ("gone", True): "{count:,} record gone",
    ("gone", False): "{count:,} records gone",
}
"""By whether it is a single record, as below."""

IN_FIELDS = {
    ("changed", True): "changed in {count:,} record",
    ("changed", False): "changed in {count:,} records",
    ("added", True): "added in {count:,} record",
    ("added", False): "added in {count:,} records",
    ("removed", True): "removed in {count:,} record",
    ("removed", False): "removed in {count:,} records",
}

WORDS = {
    ("gone", "rejected"): "{count:,} rejected now",
    ("gone", "held"): "{count:,} held now",
    ("gone", "merged"): "{count:,} merged into another now",
    ("gone", "absent"): "{count:,} left out by `where` or not in the source now",
    ("added", "rejected"): "{count:,} rejected before",
    ("added", "held"): "{count:,} held before",
    ("added", "merged"): "{count:,} merged into another before",
    ("added", "absent"): "{count:,} left out by `where` or not in the source before",
}


def _fates(what: str, fates: Mapping[str, int]) -> list[str]:
    told = [said(WORDS[what, fate], count=count) for fate, count in fates.items()]
    return [" (", joined(", ", told), ")"] if told else []


def _first(keys: Sequence[str], count: int) -> str:
    return ", ".join(f"'{key}'" for key in keys) + (", ..." if count > len(keys) else "")


def _example(one: Any) -> str:
    return f"'{one.key}': {_shown(one.old)} -> {_shown(one.new)}"


def _concentrated(one: Concentration) -> Sentence:
    words = "{percent} % of these have {column} = {cell}, {times} times its share of all records"
    percent, times = f"{100 * one.count / one.of:.0f}", Figure(f"{one.times:.1f}")
    line = said(words, percent=percent, column=one.column, cell=_shown(one.value), times=times)
    return joined("", ["  ", line])


def _uploaded(sent: SentBefore) -> Sentence:
    words = "uploaded to {target} already: {count:,} of the gone: {keys}"
    if sent.changed:
        words = "uploaded to {target} already: {some:,} of the changed: {keys}"
    if sent.changed and sent.gone:
        words = "uploaded to {target} already: {some:,} of the changed and {count:,} of the gone: {keys}"
    keys = _first(sent.keys, sent.changed + sent.gone)
    return said(words, target=sent.target, some=sent.changed, count=sent.gone, keys=keys)


LONGEST = 80


def _shown(value: Any) -> str:
    """As JSON has it, which tells a text from a number."""
    text = orjson.dumps(value).decode()
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
