"""docs/payloads.md, written from the payload schemas: python -m etl.payloads.page > docs/payloads.md"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from etl.model import PAYLOADS
from etl.resources import load_schema

_INTRODUCTION = """\
# The payloads: what Omnitron takes

Generated from `schemas/*.schema.json` by `python -m etl.payloads.page`; a test keeps it current.

Every record is checked against these schemas before anything is sent. A *required* field has to be there; a field that
*may be null* may be left empty. What Omnitron's documentation leaves open is called *assumed*: where your channel
differs, lay your own rules over a field in the mapping, and no code has to change.

```yaml
target:
  date_format: "%Y-%m-%d"
  datetime_format: "%Y-%m-%d %H:%M:%S"
  payloads:
    order:
      currency: { enum: [try, eur] }          # a keyword of JSON Schema is added, or replaces the one there
      shipping_company: { enum: [yurtici, aras] }
    user:
      password: { pattern: null }             # null takes a keyword away
      customer_code: { personal: true }       # in this shop it is the customer's e-mail address
```

A *personal* field is masked wherever something is printed, unless `--show-data` asks for it. The schemas say it with a
keyword of their own, `personal`, which is no rule and refuses nothing; a target can change it like any other. It is followed
back through the mapping: a column of a source is masked when it feeds a personal field, or feeds none; a column that feeds
plain fields alone (a status, an amount, a date) is shown as it is. A plain field that is made from a masked column is masked
too. What stands in the mapping itself, the same for every record, is shown, and so is a text of an `if`,
behind an `or` or of a `default` where it is what the field comes to, unless a cell of the row has it, too, or it looks
like an e-mail address or a telephone. Nobody sees a field that its schema calls
`writeOnly` (a password), or a column it is made from: not in a package's
rejects, and not in the rows that are kept with them.
"""

_TYPES = {"string": "text", "integer": "whole number", "object": "JSON object", "boolean": "true or false"}

_FORMATS = {"omnitron-date": "date", "omnitron-past-date": "date, not ahead", "omnitron-datetime": "date and time"}


def payload_page() -> str:
    """The whole page, as Markdown."""
    return "\n".join([_INTRODUCTION, *(line for name in PAYLOADS for line in _section(name, load_schema(name)))])


def _section(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {name}\n"
    yield f"{schema['description']}\n"
    yield "| Field | Required | Personal | Value | Meaning | Example |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for field, keywords in schema["properties"].items():
        personal = "yes" if keywords["personal"] else ""
        told = (_value(keywords), keywords["description"], _example(keywords))
        yield f"| {' | '.join((f'`{field}`', _need(field, schema), personal, *told))} |"
    yield ""
    for field, keywords in schema["properties"].items():
        yield from _codes(field, keywords)


def _need(field: str, schema: Mapping[str, Any]) -> str:
    if field in schema["required"]:
        return "yes"
    either = [name for branch in schema.get("anyOf", ()) for name in branch["required"]]
    return " or ".join(f"`{name}`" for name in either) if field in either else ""


def _value(keywords: Mapping[str, Any]) -> str:
    """What may stand in the field, in a few words."""
    types = keywords.get("type", [])
    types = [types] if isinstance(types, str) else types
    nullable = "null" in types or None in keywords.get("enum", ())
    words = [_FORMATS.get(keywords.get("format", "")) or _kind(types), *_bounds(keywords)]
    return ", ".join([word for word in words if word] + ["may be null"] * nullable)


def _kind(types: list[str]) -> str:
    return " or ".join(_TYPES.get(name, name) for name in types if name != "null")


def _bounds(keywords: Mapping[str, Any]) -> Iterator[str]:
    if "enum" in keywords and "enumDescriptions" not in keywords:
        yield "one of " + ", ".join(f"`{json.dumps(value)}`" for value in keywords["enum"] if value is not None)
    if "enumDescriptions" in keywords:
        yield "a code of the table below"
    if "maxLength" in keywords and "enum" not in keywords:
        yield f"at most {keywords['maxLength']} characters"
    if keywords.get("minLength") == 1:
        yield "not empty"
    if "multipleOf" in keywords:
        yield "at most 2 decimals"
    if "minimum" in keywords:
        yield f"{keywords['minimum']} to {keywords['maximum']}"


def _example(keywords: Mapping[str, Any]) -> str:
    return ", ".join(f"`{json.dumps(example, ensure_ascii=False)}`" for example in keywords["examples"])


def _codes(field: str, keywords: Mapping[str, Any]) -> Iterator[str]:
    if "enumDescriptions" in keywords:
        yield f"### The codes of `{field}`\n"
        yield "| Code | Meaning |"
        yield "| --- | --- |"
        codes = zip(keywords["enum"], keywords["enumDescriptions"], strict=True)
        yield from (f"| `{code}` | {what} |" for code, what in codes)
        yield ""


if __name__ == "__main__":
    sys.stdout.write(payload_page())
