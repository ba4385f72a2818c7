"""A query's text -> what it reads, whether it may run, the columns it gives, and the same query in a fixed order."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct

from etl.extract.queries.engine import Headers, add_tables, shut_in
from etl.extract.queries.wording import BadQuery, QueryScope, refused

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Node = dict[str, Any]
"""A part of a statement as DuckDB's `json_serialize_sql` writes it."""

SELECTS = {"SELECT_NODE", "SET_OPERATION_NODE", "CTE_NODE", "RECURSIVE_CTE_NODE"}
TABLES = {"BASE_TABLE", "JOIN", "SUBQUERY", "EMPTY", "TABLE_FUNCTION", "EXPRESSION_LIST"}
TABLE_FUNCTIONS = {"range", "generate_series", "unnest"}
"""Of the functions that give tables, those that read nothing. Others read files, or tell of this machine."""
CHANGING = {"random", "uuid", "uuidv4", "uuidv7", "gen_random_uuid", "setseed"}
"""Functions that give something else with every run, so that no package could be made twice."""


class Statement(Struct, frozen=True):
    """One SELECT that may run. `tables` are the names it reads, each with the character at which it first stands; `tree` is
    its parse.

    named   every name by which it may mean a column, in small letters: not the names that it gives
    whole   whether it speaks of rows as a whole, of columns that it does not name
    """

    text: str
    tables: Mapping[str, int | None]
    tree: Node
    named: frozenset[str]
    whole: bool

    def columns_read(self, header: Sequence[str]) -> tuple[str, ...]:
        """The columns of a table that the statement may read: all, when it speaks of rows as a whole."""
        return tuple(name for name in header if self.whole or name.casefold() in self.named)


class ComparedColumn(NamedTuple):
    """A column of a table, and how the statement says it, by the table's other name."""

    table: str
    column: str
    written: str


def compared_columns(statement: Statement) -> Iterator[tuple[ComparedColumn, ComparedColumn]]:
    """The pairs of two columns that are asked to be equal, where it is plain of which tables they are."""
    nodes = list(_nodes(statement.tree))
    named: dict[str, set[str]] = {}
    for node in nodes:
        if node.get("type") == "BASE_TABLE":
            named.setdefault((node["alias"] or node["table_name"]).casefold(), set()).add(node["table_name"])
    for node in nodes:
        if node.get("type") == "COMPARE_EQUAL":
            left, right = _column(node["left"], named), _column(node["right"], named)
            if left is not None and right is not None and left.written != right.written:
                yield left, right


def _column(node: Node, named: Mapping[str, Collection[str]]) -> ComparedColumn | None:
    path: Sequence[str] = node.get("column_names") or ()
    tables = named.get(path[0].casefold(), ()) if len(path) == 2 else ()
    if len(tables) != 1:
        return None
    written = ".".join(part if part.isidentifier() else f'"{part}"' for part in path)
    return ComparedColumn(next(iter(tables)), path[1], written)


@cache
def parsed(text: str) -> Statement:
    """Raises ValueError for what is not exactly one SELECT, and for what reads anything but tables of the mapping."""
    import duckdb

    with closing(_small()) as engine:
        try:
            statements = engine.extract_statements(text)
        except duckdb.Error as error:
            raise refused(error, QueryScope(text)) from None
        if len(statements) != 1:
            raise ValueError(f"a query is one SELECT; here are {len(statements)} statements")
        tree = _tree(engine, text, statements[0].type.name)
    nodes = list(_nodes(tree))
    for node in nodes:
        try:
            _refuse(node)
        except ValueError as error:
            raise BadQuery(str(error), _place(node, text)) from None
    return Statement(text, _places(tree, text), tree, _named(nodes), _is_whole(nodes))


def _places(tree: Node, text: str) -> Mapping[str, int | None]:
    found: dict[str, int | None] = {}
    for node in _tables(tree):
        found.setdefault(node["table_name"], _place(node, text))
    return dict(sorted(found.items()))


def _place(node: Node, text: str) -> int | None:
    """The character at which a part of a statement stands. DuckDB counts bytes; the largest number is none."""
    byte = node.get("query_location")
    whole = text.encode()
    return None if byte is None or byte > len(whole) else len(whole[:byte].decode(errors="ignore"))


def _named(nodes: Sequence[Node]) -> frozenset[str]:
    parts = [part for node in nodes for part in (*node.get("column_names", ()), *(node.get("using_columns") or ()))]
    return frozenset(str(part).casefold() for part in parts)


def _is_whole(nodes: Sequence[Node]) -> bool:
    tables = {node["alias"] or node["table_name"] for node in nodes if node.get("type") == "BASE_TABLE"}
    names = {name.casefold() for name in tables}
    return any(_is_of_whole_rows(node, names) for node in nodes)


def bound(statement: Statement, headers: Headers, absent: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The columns that a statement gives over tables of these columns. `absent` are others that the tables should have, each with
    why not. Raises ValueError."""
    with closing(_small()) as engine:
        return tuple(_bind(engine, statement.text, headers, absent or {})[0])


def in_fixed_order(statement: Statement, headers: Headers) -> str:
    """The statement with its own order first, ties broken by all of its columns. Raises ValueError."""
    with closing(_small()) as engine:
        columns, types = _bind(engine, statement.text, headers, {})
        tree = json.loads(json.dumps(statement.tree))
        _add_order(tree["statements"][0]["node"]["modifiers"], len(columns))
        ((text,),) = engine.execute("SELECT json_deserialize_sql($1::JSON)", [json.dumps(tree)]).fetchall()
        if _described(engine, text)[1] != types:
            raise ValueError("the query's order cannot be made whole; write it as SELECT * FROM (...)")
    return str(text)


def _small() -> DuckDBPyConnection:
    """An engine that is asked about a statement, and never runs it."""
    return shut_in("100MB", 1)


def _tree(engine: DuckDBPyConnection, text: str, kind: str) -> Node:
    ((written,),) = engine.execute("SELECT json_serialize_sql($1::VARCHAR)", [text]).fetchall()
    tree: Node = json.loads(written)
    if tree["error"]:
        raise ValueError(f"a query is one SELECT, and this is {'PIVOT' if kind == 'MULTI' else kind}")
    return tree


def _tables(tree: object, hidden: frozenset[str] = frozenset()) -> Iterator[Node]:
    """The parts that are tables, without those that a WITH around them makes. (DuckDB's own `get_table_names` stops at USING.)"""
    if isinstance(tree, list):
        for one in tree:
            yield from _tables(one, hidden)
    if not isinstance(tree, dict):
        return
    if tree.get("type") == "BASE_TABLE" and tree["table_name"].casefold() not in hidden:
        yield tree
    if tree.get("type") == "RECURSIVE_CTE_NODE":
        hidden |= {tree["cte_name"].casefold()}
    for made in (tree.get("cte_map") or {}).get("map", ()):
        yield from _tables(made["value"], hidden)
        hidden |= {made["key"].casefold()}
    for name, one in tree.items():
        if name != "cte_map":
            yield from _tables(one, hidden)


def _nodes(tree: object) -> Iterator[Node]:
    left = [tree]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            yield one
            left.extend(reversed(one.values()))
        elif isinstance(one, list):
            left.extend(reversed(one))


def _refuse(node: Node) -> None:
    kind = str(node.get("type"))
    if kind.endswith("_NODE") and kind not in SELECTS:
        raise ValueError(f"a query is one SELECT, and changes nothing; here is {kind.removesuffix('_NODE')}")
    if node.get("sample") is not None:
        raise ValueError("a sample is another one with every run; choose rows by WHERE")
    if "sample" in node and kind not in TABLES | SELECTS:
        raise ValueError("a query reads this mapping's sources and joins of them; PIVOT, SHOW and DESCRIBE are none")
    _refuse_place(node, kind)


def _refuse_place(node: Node, kind: str) -> None:
    """Refuse what reads from elsewhere, or gives something else with every run."""
    if kind == "BASE_TABLE" and (node["schema_name"] or node["catalog_name"]):
        raise ValueError(
            f"{node['schema_name']}.{node['table_name']}: a query reads this mapping's sources, by their names"
        )
    if kind == "TABLE_FUNCTION" and node["function"]["function_name"] not in TABLE_FUNCTIONS:
        raise ValueError(
            f"{node['function']['function_name']}: a query reads this mapping's sources, and no file; write a source for it"
        )
    if kind == "FUNCTION" and node["function_name"] in CHANGING:
        raise ValueError(f"{node['function_name']} gives something else with every run; leave it out")


def _is_of_whole_rows(node: Node, tables: Collection[str]) -> bool:
    """Whether a node stands for columns that it does not name. `tables` are the names by which rows are called."""
    if node.get("class") == "COLUMN_REF":
        return len(node["column_names"]) == 1 and node["column_names"][0].casefold() in tables
    return (
        node.get("class") in ("STAR", "POSITIONAL_REFERENCE")
        or node.get("ref_type") == "NATURAL"
        or bool(node.get("column_name_alias"))
    )


def _add_order(modifiers: list[Node], columns: int) -> None:
    """Put every column, by its position, after what the statement orders by itself; before its LIMIT."""
    orders = next((one["orders"] for one in modifiers if one["type"] == "ORDER_MODIFIER"), None)
    if orders is None:
        orders = []
        at = sum(one["type"] == "DISTINCT_MODIFIER" for one in modifiers)
        modifiers.insert(at, {"type": "ORDER_MODIFIER", "orders": orders})
    if any(one["expression"]["class"] == "STAR" for one in orders):  # ORDER BY ALL
        return
    orders.extend(_by(position) for position in range(1, columns + 1))


def _by(position: int) -> Node:
    literal = {"kind": "INTEGER", "text": str(position)}
    constant = {"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "", "literal": literal}
    return {"type": "ORDER_DEFAULT", "null_order": "ORDER_DEFAULT", "expression": constant}


def _bind(
    engine: DuckDBPyConnection, text: str, headers: Headers, absent: Mapping[str, str]
) -> tuple[list[str], list[str]]:
    import duckdb

    add_tables(engine, headers)
    try:
        return _described(engine, text)
    except duckdb.Error as error:
        columns = tuple(name for header in headers.values() for name in header)
        scope = QueryScope(text, columns, lambda: _functions(engine), absent)
        raise refused(error, scope, before=len(DESCRIBE)) from None


DESCRIBE = "DESCRIBE "


def _described(engine: DuckDBPyConnection, text: str) -> tuple[list[str], list[str]]:
    found = engine.execute(f"{DESCRIBE}{text}").fetchall()
    return [row[0] for row in found], [row[1] for row in found]


def _functions(engine: DuckDBPyConnection) -> list[str]:
    found = engine.execute("SELECT DISTINCT function_name FROM duckdb_functions()").fetchall()
    return [name for (name,) in found if name.isidentifier()]


def headers_read(statement: Statement, headers: Headers) -> Mapping[str, tuple[str, ...]]:
    """The columns of each table that have to be there for the statement; at least one, for rows are counted."""
    return {name: statement.columns_read(header) or tuple(header[:1]) for name, header in headers.items()}
