"""polars expressions on all cores, then each record through jsonschema-rs, and orjson writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import orjson
import polars as pl
import shop
from polars_columns import orders

SLICE = 10_000


def records_of(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """By columns, a slice at a time: nearly twice as fast as `to_dicts`, and in less memory."""
    names = frame.columns
    for piece in frame.iter_slices(SLICE):
        columns = [column.to_list() for column in piece.get_columns()]
        yield from (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))


def main() -> None:
    source, target = shop.paths()
    is_valid = jsonschema_rs.Draft202012Validator(
        shop.order_schema(), formats=shop.FORMATS, validate_formats=True
    ).is_valid
    with open(target, "wb") as out:  # noqa: PTH123
        between = b"[\n"
        for record in records_of(orders(source)):
            if not is_valid(record):
                shop.refuse(record)
            out.write(between + orjson.dumps(record))
            between = b",\n"
        out.write(b"\n]\n")


if __name__ == "__main__":
    main()
