"""Expressions: Jinja text in, Python functions out."""

from etl.expressions.cells import compose, inside, tidy
from etl.expressions.columnar import Columns, MakeRecords, Values
from etl.expressions.compiler import (
    FILTERED,
    WHERE,
    CompiledStage,
    Failure,
    compile_field,
    compile_stage,
    compile_value,
    flat_fields,
    reason_of,
    unfit,
)
from etl.expressions.functions.digest import recognised as stored_password
from etl.expressions.functions.password import Counted, PrivateKey
from etl.expressions.functions.place import atlas_of
from etl.expressions.functions.table import GEOGRAPHY, LOOKUP, PRIVATE_KEYS, Resources
from etl.expressions.functions.values import key_text
from etl.expressions.header import Header
from etl.expressions.names import Flaw, Names, columns_in, summand
from etl.expressions.runtime import ROW_ERRORS, Writers, decimal_to_number, writers
from etl.expressions.source import RowFunction
from etl.expressions.syntax import ExpressionError, faults, is_column, resources_giving, uses, uses_resource

__all__ = [
    "FILTERED",
    "GEOGRAPHY",
    "LOOKUP",
    "PRIVATE_KEYS",
    "ROW_ERRORS",
    "WHERE",
    "Columns",
    "CompiledStage",
    "Counted",
    "ExpressionError",
    "Failure",
    "Flaw",
    "Header",
    "MakeRecords",
    "Names",
    "PrivateKey",
    "Resources",
    "RowFunction",
    "Values",
    "Writers",
    "atlas_of",
    "columns_in",
    "compile_field",
    "compile_stage",
    "compile_value",
    "compose",
    "decimal_to_number",
    "faults",
    "flat_fields",
    "inside",
    "is_column",
    "key_text",
    "reason_of",
    "resources_giving",
    "stored_password",
    "summand",
    "tidy",
    "unfit",
    "uses",
    "uses_resource",
    "writers",
]
