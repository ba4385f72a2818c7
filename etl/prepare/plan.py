"""What has to be known to prepare a stage's rows, before anything is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from etl.expressions import Header, Resources
from etl.measures.balance import NUMBERS, weighed_by
from etl.model import Migration, Stage, Table
from etl.payloads.validate import payload_schema
from etl.prepare.privacy import Privacy, privacy_of, secret_columns


class Plan(Struct, frozen=True):
    """Everything needed to work on a stage's rows, as plain data: it travels to other processes and is compiled there.

    `weighed_by`: the field with the number of an order, where the amounts of orders are held against those of their items.
    `secrets`: the columns of its source that some stage makes a password of.
    """

    stage: Stage
    header: Header
    resources: Resources
    schema: Mapping[str, Any]
    date_format: str
    datetime_format: str
    fast: bool = True
    weighed_by: str | None = None
    secrets: frozenset[str] = frozenset()

    @property
    def privacy(self) -> Privacy:
        return privacy_of(self.stage, self.header.columns, self.schema, self.secrets)


def plan_stage(migration: Migration, stage: Stage, table: Table, resources: Resources, *, fast: bool = True) -> Plan:
    target = migration.target
    trim, normalize = migration.sources[stage.source].tidied
    schema = _schema_of(migration, stage)
    stage = replace(stage, corrections=())  # they are in the rows
    return Plan(
        stage=with_nulls(stage, schema) if target.send_nulls else stage,
        header=Header(tuple(table.header), table.text_only, trim, normalize),
        resources=resources,
        schema=schema,
        date_format=target.date_format,
        datetime_format=target.datetime_format,
        fast=fast,
        weighed_by=_weighed_by(migration, stage),
        secrets=_secrets(migration, stage.source),
    )


def _weighed_by(migration: Migration, stage: Stage) -> str | None:
    has_both = NUMBERS.keys() <= {one.payload for one in migration.stages}
    return weighed_by(stage.payload, stage.fields) if has_both else None


def _secrets(migration: Migration, source: str) -> frozenset[str]:
    readers = [one for one in migration.stages if one.source == source]
    return frozenset[str]().union(*(secret_columns(one, _schema_of(migration, one)) for one in readers))


def _schema_of(migration: Migration, stage: Stage) -> dict[str, Any]:
    return payload_schema(stage.payload, migration.target.payloads.get(stage.payload, {}))


def with_nulls(stage: Stage, schema: Mapping[str, Any]) -> Stage:
    """The stage, in which every further field that may be null is null: Omnitron's page calls some mandatory all the same."""
    nulls = [
        name for name, keywords in schema["properties"].items() if _may_be_null(keywords) and name not in stage.fields
    ]
    return replace(stage, fields={**stage.fields, **dict.fromkeys(nulls)}) if nulls else stage


def _may_be_null(keywords: Mapping[str, Any]) -> bool:
    return None in keywords["enum"] if "enum" in keywords else "null" in keywords.get("type", ())
