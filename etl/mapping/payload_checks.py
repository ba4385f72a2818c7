"""Stages against the payload schemas, and the target's own settings for these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from etl.expressions import LOOKUP, faults, resources_giving
from etl.findings import Finding
from etl.mapping.context import Context
from etl.mapping.places import YamlPath
from etl.mapping.stage_checks import placed_stages
from etl.mapping.templates import is_constant, plain_constant
from etl.model import PAYLOADS, Expression, Problem, Stage, Template
from etl.payloads.formats import DATE_FORMAT, DATETIME_FORMAT, written_as
from etl.payloads.overlay import overlaid
from etl.payloads.validate import Validator
from etl.resources import load_schema
from etl.suggest import did_you_mean

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

Schema = Mapping[str, Any]


def payload_problems(context: Context) -> Iterator[Problem]:
    """The target's formats and overlays first; a payload whose overlay is wrong is checked without it."""
    yield from _format_problems(context)
    schemas = {}
    for payload in PAYLOADS:
        found = list(_overlay_problems(context, payload))
        yield from found
        overlay = context.migration.target.payloads.get(payload, {})
        schemas[payload] = overlaid(load_schema(payload), {} if found else overlay)
    for path, stage in placed_stages(context):
        yield from _payload(context, path, stage, schemas)


def _format_problems(context: Context) -> Iterator[Problem]:
    for name in ("date_format", "datetime_format"):
        try:
            written_as(getattr(context.migration.target, name))
        except ValueError as error:
            yield context.at(("target", name), str(error))


def _validator(context: Context, schema: Schema) -> Validator:
    """With the target's formats, or those assumed where the target's are none. Raises ValueError for a bad schema."""
    target = context.migration.target
    wrong = bool(list(_format_problems(context)))
    return Validator(
        schema,
        date_format=DATE_FORMAT if wrong else target.date_format,
        datetime_format=DATETIME_FORMAT if wrong else target.datetime_format,
    )


def _overlay_problems(context: Context, payload: str) -> Iterator[Problem]:
    for field, keywords in context.migration.target.payloads.get(payload, {}).items():
        path: YamlPath = ("target", "payloads", payload, field)
        try:
            schema = overlaid(load_schema(payload), {field: keywords})
            fault = _schema_fault(schema["properties"][field])
            if fault is None:
                _validator(context, schema)
            else:
                keyword = str(fault.absolute_path[0])
                yield context.at((*path, keyword), f"'{keyword}' cannot be this in JSON Schema: {fault.message}")
        except ValueError as error:
            # jsonschema-rs explains on further lines.
            yield context.at_key(path, str(error).splitlines()[0])


def _schema_fault(rules: Any) -> ValidationError | None:
    """Where the rules of a field are no JSON Schema. jsonschema is imported only to explain; ValueError when it cannot."""
    try:
        jsonschema_rs.meta.validate(rules)
    except ValueError:
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import best_match

        fault: ValidationError | None = best_match(
            Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(rules)
        )
        if fault is None:
            raise
        return fault
    return None


def _payload(context: Context, path: YamlPath, stage: Stage, schemas: Mapping[str, Schema]) -> Iterator[Problem]:
    if stage.payload not in PAYLOADS:
        # A `payload` that is wrong has been refused by the grammar; here it is the name that is none.
        if stage.name and "payload" not in context.document.data["stages"][path[-1]]:
            what = f"'{stage.name}' is no payload of Omnitron ({', '.join(PAYLOADS)}); say which with `payload:`"
            yield context.at((*path, "name"), what)
        return
    schema = schemas[stage.payload]
    yield from _names(context, path, stage, schema)
    if "fields" in context.data["stages"][path[-1]]:
        for what in unfilled(schema, stage.fields):
            message = f"the payload '{stage.payload}' needs {what}, which nothing fills"
            yield context.at_key((*path, "fields"), message)
    yield from _constants(context, (*path, "fields"), stage, schema)
    yield from _looked_up(context, (*path, "fields"), stage, schema)


def _names(context: Context, path: YamlPath, stage: Stage, schema: Schema) -> Iterator[Problem]:
    known = schema["properties"]
    for name in stage.fields:
        if name not in known:
            what = f"the payload '{stage.payload}' has no field '{name}'{did_you_mean(name, known)}"
            yield context.at_key((*path, "fields", name), what)


def unfilled(schema: Schema, fields: Mapping[str, Template]) -> list[str]:
    """The required fields nobody fills, as a message names them: 'email', or 'customer_code' or 'user'."""
    found = [f"'{name}'" for name in schema.get("required", ()) if name not in fields]
    choices = [choice["required"] for choice in schema.get("anyOf", ()) if "required" in choice]
    if choices and not any(all(name in fields for name in choice) for choice in choices):
        found.append(" or ".join(f"'{name}'" for choice in choices for name in choice))
    return found


def _constants(context: Context, path: YamlPath, stage: Stage, schema: Schema) -> Iterator[Problem]:
    # Each constant is looked at by itself, so which fields a record needs is left out.
    validator = _validator(context, {name: rule for name, rule in schema.items() if name not in ("required", "anyOf")})
    for name, template in stage.fields.items():
        if name not in schema["properties"] or not is_constant(template):
            continue
        value = plain_constant(template)
        for finding in [] if validator.is_valid({name: value}) else validator.explain_field(name, value):
            where = _inside(context, path, str(finding.field).split("."))
            yield context.at(where, f"the payload '{stage.payload}' refuses this '{finding.field}': {_why(finding)}")


MOST_ENTRIES = 5
"""So many wrong values of one lookup are told; a lookup may hold thousands that are wrong for one reason."""


def _looked_up(context: Context, path: YamlPath, stage: Stage, schema: Schema) -> Iterator[Problem]:
    """What a lookup gives to a field, held against that field before a row needs it."""
    validator = _validator(context, {name: rule for name, rule in schema.items() if name not in ("required", "anyOf")})
    names = context.names(stage)
    for field, template in stage.fields.items():
        if not isinstance(template, Expression) or field not in schema["properties"] or faults(template.text, names):
            continue
        for lookup, instead, filled in dict.fromkeys(resources_giving(template.text, LOOKUP, names)):
            if instead is not None and not validator.is_valid({field: instead}):
                why = next(map(_why, validator.explain_field(field, instead)), "it is not valid")
                what = f"the payload '{stage.payload}' refuses this `default=` of '{field}': {why}"
                yield context.at((*path, field), what)
            for key, value in _refused(context, validator, field, lookup, filled=filled):
                why = next(map(_why, validator.explain_field(field, value)), "it is not valid")
                what = f"the payload '{stage.payload}' refuses what this gives for '{key}' to '{field}': {why}"
                entry: YamlPath = ("lookups", lookup, key)
                yield context.at(entry if context.document.holds(entry) else (*path, field), what)


def _refused(
    context: Context, validator: Validator, field: str, lookup: str, *, filled: bool
) -> list[tuple[str, object]]:
    """The first entries of a lookup that a field refuses. Of one from a file null is told by the rows that have it."""
    table = context.resources[LOOKUP].get(lookup, {})
    known = context.migration.lookups.get(lookup)
    nulls = not filled and known is not None and known.source is None
    looked_at = ((key, value) for key, value in table.items() if value is not None or nulls)
    return list(islice((one for one in looked_at if not validator.is_valid({field: one[1]})), MOST_ENTRIES))


def _why(finding: Finding) -> str:
    """The reason. No function can follow a value that stands in the mapping itself, and quotes can stand around it."""
    return finding.reason.replace("; `| text` makes it one", "; in quotes it is")


def _inside(context: Context, path: YamlPath, names: list[str]) -> YamlPath:
    """The path in the document of what a finding names: extra_field.gift, tags.0."""
    for name in names:
        item = (*path, int(name)) if name.isdecimal() else path
        path = item if context.document.holds(item) and item != path else (*path, name)
    return path
