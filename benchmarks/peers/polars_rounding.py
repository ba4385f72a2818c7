"""As polars_jsonschema_rs.py, by somebody who measured: whether money has cents is decided by `round`.

jsonschema-rs takes `multipleOf: 0.01` exactly, with fractions of big integers: half of the time of a check.
"""

from __future__ import annotations

import jsonschema_rs
import orjson
import shop
from polars_columns import orders
from polars_jsonschema_rs import records_of


def main() -> None:
    source, target = shop.paths()
    is_valid = jsonschema_rs.Draft202012Validator(
        shop.order_schema_without_cents(), formats=shop.FORMATS, validate_formats=True
    ).is_valid
    with open(target, "wb") as out:  # noqa: PTH123
        between = b"[\n"
        for record in records_of(orders(source)):
            if not is_valid(record) or not shop.has_cents(record):
                shop.refuse(record)
            out.write(between + orjson.dumps(record))
            between = b",\n"
        out.write(b"\n]\n")


if __name__ == "__main__":
    main()
