"""Record to findings: every record against its payload schema.

Two validators, held together by a property-based test: jsonschema-rs decides quickly, jsonschema says why not.
A record passes only if both would pass it. One difference is left: jsonschema-rs may pass a whole number of more than
4,300 digits, which Python itself refuses to read or write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from functools import cached_property
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from etl.findings import HIDDEN, Finding, about
from etl.model import Record
from etl.payloads import digests
from etl.payloads.columns import ColumnRule, accepts, field_rule, refused
from etl.payloads.formats import DATE, DATE_FORMAT, DATETIME, DATETIME_FORMAT, PAST_DATE, not_ahead, spelled, written_as
from etl.payloads.overlay import overlaid
from etl.payloads.reasons import is_hidden, settles, unfit
from etl.payloads.sendable import ValuePath, is_sendable, open_fields, unsendable
from etl.resources import load_schema

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError


ABOUT_FIELDS = frozenset(
    {
        "$schema",
        "$id",
        "title",
        "description",
        "type",
        "properties",
        "required",
        "anyOf",
        "additionalProperties",
        digests.KEYWORD,
    }
)
"""Keywords of a payload schema that are about single fields, or about which fields there are."""


def payload_schema(name: str, properties: Mapping[str, object]) -> dict[str, Any]:
    """The schema of a payload, with a target's settings over it (target.Target.payloads). Raises as `overlaid` does."""
    return overlaid(load_schema(name), properties)


class Validator:
    """A payload schema, compiled. Made from plain data in well under a millisecond: each process makes its own.

    Raises ValueError when the schema is none, or a date format is none. With `fast=False` jsonschema alone is used.
    """

    def __init__(
        self,
        schema: Mapping[str, object],
        *,
        date_format: str = DATE_FORMAT,
        datetime_format: str = DATETIME_FORMAT,
        fast: bool = True,
    ) -> None:
        self._schema = dict(schema)
        self._checks = {
            DATE: written_as(date_format),
            PAST_DATE: not_ahead(date_format),
            DATETIME: written_as(datetime_format),
        }
        widths: Any = self._schema.get(digests.KEYWORD, {})
        self._digests: digests.Widths = widths
        dates = spelled(date_format)
        self._written = {DATE: dates, PAST_DATE: dates, DATETIME: spelled(datetime_format)}
        self._open = open_fields(schema)
        self._fast = fast
        self._has_shape = accepts(shape(schema), {})
        self._rules = self._field_rules() if is_about_fields(schema) else None

    def _field_rules(self) -> dict[str, ColumnRule]:
        properties: Any = self._schema.get("properties", {})
        return {
            name: field_rule(keywords, self._checks, is_open=name in self._open)
            for name, keywords in properties.items()
        }

    def invalid(self, columns: Mapping[str, Sequence[Any]]) -> set[int]:
        """The positions of the records that are not valid. They have the same fields; `columns` holds each one's values.

        A column is decided in one call; only where that refuses it, value by value. Half a character in a text
        may pass, and a NUL: writing the record tells (jsonschema-rs does not).
        """
        count = len(next(iter(columns.values()), ()))
        if not self._fast or self._rules is None:
            return {position for position in range(count) if not self.is_valid(record_at(columns, position))}
        if not self._has_shape(dict.fromkeys(columns)):
            return set(range(count))
        found = {position for name, values in columns.items() for position in refused(self._rules[name], values)}
        return found | digests.misfits(columns, self._digests) if self._digests else found

    def is_valid(self, record: Record, without: Set[str] = frozenset()) -> bool:
        """Whether a record may be sent; `without` some fields whose values are not known, as if these were right."""
        if not self._fast:
            return not (self._explained_without(record, without) if without else self._explained(record))
        if not is_sendable(record):
            return False
        if self._digests and digests.misfit(record, self._digests) is not None:
            return False
        if self._rules is None:
            return not without and self._accepts_whole(record)
        shape = {**record, **dict.fromkeys(without)} if without else record
        return self._has_shape(shape) and all(self._rules[name]([value]) for name, value in record.items())

    @cached_property
    def _accepts_whole(self) -> Callable[[Any], bool]:
        """For a schema that says more of a record than what its fields may be: none of the payloads' own does."""
        return accepts(self._schema, self._checks)

    def explain(self, record: Record, without: Set[str] = frozenset()) -> list[Finding]:
        """Everything wrong with a record, in the schema's order. Empty exactly when the record is valid.

        `without` some fields whose values are not known, it is what is wrong with the others.
        """
        if without:
            return self._explained_without(record, without)
        found = self._explained(record)
        if found or self.is_valid(record):
            return found
        return [Finding(None, "schema", None, "{told}", {"told": self._objection(record)})]

    def _explained_without(self, record: Record, without: Set[str]) -> list[Finding]:
        if self._fast and self.is_valid(record, without):
            return []  # jsonschema would find the same, a hundred times as slowly
        found = self._explained(record)
        return [one for one in found if one.field is not None and one.field.split(".")[0] not in without]

    def explain_field(self, field: str, value: object) -> list[Finding]:
        """What is wrong with this value for this field, whatever the rest of the record."""
        inside = f"{field}."
        found = self._explained({field: value})
        return [one for one in found if one.field and (one.field == field or one.field.startswith(inside))]

    def _explained(self, record: Record) -> list[Finding]:
        """What cannot be written as JSON is found first: jsonschema need not understand it."""
        blocked = [] if is_sendable(record) else list(unsendable(record))
        fields = {path[0] for path, _, _ in blocked if path}
        cleaned = {name: None if name in fields else value for name, value in record.items() if isinstance(name, str)}
        errors = self._errors(cleaned, fields)
        found = [about(_dotted(path), _printable(value), why) for path, value, why in blocked]
        why_not = digests.misfit(record, self._digests)
        if why_not is not None:
            words, parts = why_not
            found.append(Finding(digests.FIELDS[0], digests.KEYWORD, HIDDEN, words, {"it": HIDDEN, **parts}))
        return sorted(found + list(self._findings(errors)), key=self._order)

    def _errors(self, record: Record, told: set[str | int]) -> list[ValidationError]:
        """What jsonschema has against a record, but for the fields of which enough is `told`.

        It takes a hundred times as long as the rules. So it looks only at the fields that these refuse, where nothing is wrong
        with which fields there are.
        """
        if self._rules is None or not self._fast or not self._has_shape(dict.fromkeys(record)):
            return [error for error in self._reference.iter_errors(record) if not told.intersection(_path(error)[:1])]
        rules = self._rules
        refused = {name: value for name, value in record.items() if name not in told and not rules[name]([value])}
        return list(self._reference_of_fields.iter_errors(refused)) if refused else []

    def _findings(self, errors: Sequence[ValidationError]) -> Iterator[Finding]:
        """One finding for each error; where one settles it, the other errors of that value say nothing new."""
        settled = {_path(error) for error in errors if settles(error)}
        for error in errors:
            if settles(error) or _path(error) not in settled:
                value = HIDDEN if is_hidden(error) else _value(error)
                yield about(_dotted(_path(error)), value, unfit(error, self._written))

    def _order(self, finding: Finding) -> int:
        """The position of a finding's field in the schema; unknown fields come after, the record as a whole last."""
        if finding.field is None:
            return len(self._positions) + 1
        return self._positions.get(finding.field.split(".")[0], len(self._positions))

    @cached_property
    def _positions(self) -> dict[str, int]:
        properties: Any = self._schema.get("properties", {})
        return {name: position for position, name in enumerate(properties)}

    @cached_property
    def _reference(self) -> Any:
        from etl.payloads.reference import reference_validator

        return reference_validator(self._schema, self._checks)

    @cached_property
    def _reference_of_fields(self) -> Any:
        """The same, which asks for no field."""
        from etl.payloads.reference import reference_validator

        return reference_validator({"properties": self._schema.get("properties", {})}, self._checks)

    def _objection(self, record: Record) -> str:
        """What jsonschema-rs has against a record that jsonschema would pass."""
        whole = jsonschema_rs.Draft202012Validator(self._schema, formats=dict(self._checks), validate_formats=True)
        try:
            first = next(whole.iter_errors(record), None)
        except ValueError as error:
            return str(error)
        return first.message if first else "refused by jsonschema-rs without a reason"


def record_at(columns: Mapping[str, Sequence[Any]], position: int) -> dict[str, Any]:
    return {name: values[position] for name, values in columns.items()}


def is_about_fields(schema: Mapping[str, object]) -> bool:
    """Whether a schema says nothing of a record but which fields there are, and for each by itself what may be in it."""
    choices: Any = schema.get("anyOf", [])
    return (
        schema.keys() <= ABOUT_FIELDS
        and schema.get("additionalProperties") is False
        and all(choice.keys() == {"required"} for choice in choices)
    )


def shape(schema: Mapping[str, object]) -> dict[str, Any]:
    """The schema of which fields there must and may be, whatever is in them."""
    properties: Any = schema.get("properties", {})
    kept = {
        name: rule for name, rule in schema.items() if name in ("type", "required", "anyOf", "additionalProperties")
    }
    return {**kept, "properties": dict.fromkeys(properties, True)}


def _printable(value: object) -> object:
    """A value that cannot be written as JSON, made writable: it will stand in a file of rejects."""
    if isinstance(value, str):
        return _unicode(value)
    return type(value).__name__ if isinstance(value, int) else repr(value)


def _path(error: ValidationError) -> ValuePath:
    return tuple(error.absolute_path)


def _value(error: ValidationError) -> object:
    """The refused value; nothing, when it is missing or the whole record."""
    return None if error.validator == "required" or not error.absolute_path else error.instance


def _dotted(path: ValuePath) -> str | None:
    return _unicode(".".join(map(str, path))) or None


def _unicode(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
