"""What `diff` tells, as a table of stages and lines about each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson
from msgspec.structs import replace

from etl.personal import mask_key, mask_known, mask_value
from etl.report.summary import print_whole
from etl.terminal import counted, visible

if TYPE_CHECKING:
    from rich.console import Console

    from etl.measures.concentration import Concentration
    from etl.report.results import Compared, ComparedField, ComparedStage, SentBefore

COUNTS = ("old", "new", "added", "gone", "changed", "same")


def masked_difference(found: Compared) -> Compared:
    """Without personal data."""
    return replace(found, stages=tuple(map(_masked_stage, found.stages)))


def _masked_stage(stage: ComparedStage) -> ComparedStage:
    return replace(
        stage,
        fields=tuple(map(_masked_field, stage.fields)),
        first={what: tuple(map(mask_key, keys)) for what, keys in stage.first.items()},
        concentrated=tuple(
            replace(one, value=_mask(one.column in stage.personal)(one.value)) for one in stage.concentrated
        ),
        uploaded=tuple(replace(one, keys=tuple(map(mask_key, one.keys))) for one in stage.uploaded),
    )


def _mask(personal: bool) -> Callable[[Any], Any]:
    return mask_value if personal else mask_known


def _masked_field(field: ComparedField) -> ComparedField:
    mask = _mask(field.personal)
    examples = (replace(one, key=mask_key(one.key), old=mask(one.old), new=mask(one.new)) for one in field.examples)
    return replace(field, examples=tuple(examples))


def print_difference(console: Console, found: Compared) -> None:
    from rich import box
    from rich.table import Table

    for line in (f"Old: {found.old}", f"New: {found.new}"):
        console.print(visible(line), soft_wrap=True, markup=False)
    if found.stages:
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        table.add_column("stage", no_wrap=True)
        counts = (*COUNTS, "beyond") if any(one.beyond for one in found.stages) else COUNTS
        for name in counts:
            table.add_column(name, justify="right", no_wrap=True)
        for stage in found.stages:
            table.add_row(visible(stage.name), *(f"{getattr(stage, name):,}" for name in counts))
        print_whole(console, table)
    for line in difference_lines(found):
        console.print(visible(line), soft_wrap=True, markup=False)


def difference_lines(found: Compared) -> Iterator[str]:
    yield from (f"stage '{name}' is new" for name in found.added)
    yield from (f"stage '{name}' is gone" for name in found.gone)
    for stage in found.stages:
        if stage.differs:
            yield f"{stage.name}:"
            yield from (f"  {line}" for line in _stage_lines(stage))
    if not found.differs:
        beyond = any(one.beyond for one in found.stages)
        yield "The records that both were to hold are the same." if beyond else "The same records would be sent."


def _stage_lines(stage: ComparedStage) -> Iterator[str]:
    for what, count, were in (("added", stage.added, stage.added_were), ("gone", stage.gone, stage.gone_are)):
        if count:
            yield f"{counted(count, 'record')} {what}{_fates(what, were)}: {_first(stage.first[what], count)}"
            yield from (f"  {_concentrated(one)}" for one in stage.concentrated if one.fate == what)
    for field in stage.fields:
        yield f"{field.field}: {field.what} in {counted(field.count, 'record')}"
        yield from (f"  {_example(one)}" for one in field.examples)
        about = (one for one in stage.concentrated if (one.field, one.rule) == (field.field, field.what))
        yield from (f"  {_concentrated(one)}" for one in about)
    yield from map(_uploaded, stage.uploaded)


WORDS = {
    ("gone", "rejected"): "rejected now",
    ("gone", "held"): "held now",
    ("gone", "merged"): "merged into another now",
    ("gone", "absent"): "left out by `where` or not in the source now",
    ("added", "rejected"): "rejected before",
    ("added", "held"): "held before",
    ("added", "merged"): "merged into another before",
    ("added", "absent"): "left out by `where` or not in the source before",
}


def _fates(what: str, fates: Mapping[str, int]) -> str:
    told = ", ".join(f"{count:,} {WORDS[what, fate]}" for fate, count in fates.items())
    return f" ({told})" if told else ""


def _first(keys: Sequence[str], count: int) -> str:
    return ", ".join(f"'{key}'" for key in keys) + (", ..." if count > len(keys) else "")


def _example(one: Any) -> str:
    return f"'{one.key}': {_shown(one.old)} -> {_shown(one.new)}"


def _concentrated(one: Concentration) -> str:
    share = f"{100 * one.count / one.of:.0f} %"
    return f"{share} of these have {one.column} = {_shown(one.value)}, {one.times:.1f} times its share of all records"


def _uploaded(sent: SentBefore) -> str:
    counts = [f"{count:,} of the {what}" for what, count in (("changed", sent.changed), ("gone", sent.gone)) if count]
    keys = _first(sent.keys, sent.changed + sent.gone)
    return f"uploaded to {sent.target} already: {' and '.join(counts)}: {keys}"


LONGEST = 80


def _shown(value: Any) -> str:
    """As JSON has it, which tells a text from a number."""
    text = orjson.dumps(value).decode()
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
