"""DuckDB, shut in: it sees the tables it is given, and no file, no network, no extension."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from etl.expressions.functions.date import bind_date, bind_datetime
from etl.expressions.functions.number import bind_money
from etl.expressions.functions.turkish import bind_lower, bind_title, bind_upper

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Headers = Mapping[str, Sequence[str]]
"""The columns of each table, by its name."""

LOCKED = (
    "python_enable_replacements = false",
    "autoinstall_known_extensions = false",
    "autoload_known_extensions = false",
    "allow_community_extensions = false",
    "enable_external_access = false",
    # A column's type is not guessed from its first thousand cells: all are text.
    "pandas_analyze_sample = 0",
    "errors_as_json = true",
)

MACROS = (
    "lower(x) AS etl_lower(x, ''), (x, language) AS etl_lower(x, language)",
    "upper(x) AS etl_upper(x, ''), (x, language) AS etl_upper(x, language)",
    "title(x) AS etl_title(x, ''), (x, language) AS etl_title(x, language)",
    "money(x) AS etl_money(x, ','), (x, mark) AS etl_money(x, mark)",
    "to_date(x) AS etl_date(CAST(x AS VARCHAR), ''), (x, format) AS etl_date(CAST(x AS VARCHAR), format)",
    "to_datetime(x) AS etl_datetime(CAST(x AS VARCHAR), ''), (x, format) AS etl_datetime(CAST(x AS VARCHAR), format)",
)
"""The mapping language's functions under their own names, but for dates: `date(...)` is a part of DuckDB's grammar. DuckDB lets a
macro, and nothing else, stand before its own lower."""


def shut_in(memory: str, threads: int, folder: str | None = None) -> DuckDBPyConnection:
    """An engine without a table. What does not fit into `memory` it writes into `folder`; None: nowhere."""
    import duckdb

    made = duckdb.connect(":memory:")
    made.execute(f"SET memory_limit = '{memory}'")
    made.execute(f"SET threads = {threads}")
    made.execute("SET temp_directory = $1", [folder or ""])
    for setting in LOCKED:
        made.execute(f"SET {setting}")
    _add_functions(made)
    made.execute("SET lock_configuration = true")
    return made


def add_tables(engine: DuckDBPyConnection, headers: Headers) -> None:
    for name, header in headers.items():
        columns = ", ".join(f"{named(column)} VARCHAR" for column in header)
        engine.execute(f"CREATE TABLE {named(name)} ({columns})")


def named(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def _add_functions(engine: DuckDBPyConnection) -> None:
    text = "VARCHAR"
    for name, bind in (("lower", bind_lower), ("upper", bind_upper), ("title", bind_title)):
        engine.create_function(f"etl_{name}", _with(bind, lambda language: [language or None]), [text, text], text)
    engine.create_function("etl_money", _with(bind_money, lambda mark: [mark]), [text, text], "DECIMAL(18, 2)")
    engine.create_function("etl_date", _with(bind_date, _formats), [text, text], "DATE")
    engine.create_function("etl_datetime", _with(bind_datetime, _formats), [text, text], "TIMESTAMP")
    for macro in MACROS:
        engine.execute(f"CREATE MACRO {macro}")


def _formats(pattern: str) -> list[str]:
    return [pattern] if pattern else []


def _with(
    bind: Callable[..., Callable[[str], object]], settings: Callable[[str], Iterable[object]]
) -> Callable[[str, str], object]:
    """The function of a text and a setting. One is bound for each setting, not for each row."""
    bound: dict[str, Callable[[str], object]] = {}

    def call(value: str, setting: str) -> object:
        if setting not in bound:
            bound[setting] = bind(*settings(setting))
        return bound[setting](value)

    return call
