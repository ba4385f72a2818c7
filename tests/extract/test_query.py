"""SQL over a mapping's own sources: what it gives, what it may not do, and how its process ends."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapping_case import Case, edited

from etl.commands.dry_run import dry_run
from etl.commands.preview import preview
from etl.commands.settings import Settings
from etl.commands.summing import summary_of
from etl.errors import MappingError, SourceError
from etl.expressions.functions.date import to_date, to_datetime
from etl.expressions.functions.turkish import lower, upper
from etl.extract import Connections, World, answered_all, fetched, fetched_all, open_table, read_all
from etl.extract.queries.engine import shut_in
from etl.extract.queries.statement import parsed
from etl.mapping import load_mapping
from etl.mapping.rows import with_rows
from etl.model import Database, Source
from etl.target import Secret

LINES = Source("lines", "csv", "lines.csv")
ORDERS = Source("orders", "csv", "orders.csv")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spool = tmp_path / "spool"
    spool.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spool))
    Path("orders.csv").write_text("id,city\n1,IĞDIR\n2,\n3, İzmir \n", encoding="utf-8")
    Path("lines.csv").write_text("order_id,sku,price\n1,a,10.00\n1,b,20.00\n2,c,5.50\n", encoding="utf-8")
    return tmp_path


def asked(sql, *sources, **options):
    """The columns and rows of a query over these sources."""
    by_name = {source.name: source for source in sources or (LINES, ORDERS)}
    with Connections() as connections:
        tables = {}
        with ExitStack() as opened:
            for name, source in by_name.items():
                tables[name] = opened.enter_context(open_table(source, World(tables, connections, by_name)))
            query = opened.enter_context(
                open_table(Source("q", "query", sql, options), World(tables, connections, by_name))
            )
            table = answered_all(fetched_all({"q": query}, {"q": query.header}))["q"]
            return table.header, [tuple(row) for _, rows in read_all(table) for row in rows.rows]


def test_sums_and_joins_are_text_like_the_cells_of_a_file(folder):
    sql = """
        SELECT o.id, sum(CAST(l.price AS DECIMAL(12, 2))) AS total, count(*) AS lines, max(o.city) IS NULL AS nowhere
        FROM lines l JOIN orders o ON o.id = l.order_id GROUP BY o.id
    """
    assert asked(sql) == (
        ("id", "total", "lines", "nowhere"),
        [("1", "30.00", "2", "false"), ("2", "5.50", "1", "true")],
    )


def test_a_number_that_is_written_with_a_decimal_is_joined_with_a_whole_one_as_a_number(folder):
    """As docs/sources.md says it; and that texts which are written otherwise are two."""
    Path("orders.jsonl").write_text('{"id": "1.0"}\n{"id": 2.0}\n{"id": "1.50"}\n', encoding="utf-8")
    orders = Source("orders", "jsonl", "orders.jsonl")
    sql = "SELECT l.sku FROM lines l JOIN orders o ON "
    assert asked(f"{sql} o.id = l.order_id", LINES, orders)[1] == [("c",)]
    as_numbers = "CAST(o.id AS DECIMAL(18, 3)) = CAST(l.order_id AS DECIMAL(18, 3))"
    assert as_numbers in (Path(__file__).parents[2] / "docs/sources.md").read_text(encoding="utf-8")
    assert asked(sql + as_numbers, LINES, orders)[1] == [("a",), ("b",), ("c",)]
    left = f"SELECT l.sku FROM lines l LEFT JOIN orders o ON {as_numbers} WHERE o.id IS NULL"
    assert asked(left, LINES, orders)[1] == []
    assert asked("SELECT CAST(id AS BIGINT) AS n FROM orders", orders)[1] == [("1",), ("2",), ("2",)]


def test_who_waits_is_told_of_rows_that_a_query_reads_and_that_it_runs(folder):
    Path("orders.csv").write_text("id,city\n" + "1,a\n" * 12_000, encoding="utf-8")
    told: list[tuple[str, int, int | None]] = []
    with Connections() as connections:
        connections.spool.follow = lambda what, rows, total: told.append((what, rows, total))
        with open_table(ORDERS) as orders:
            sources = {"orders": ORDERS}
            inner = World({"orders": orders}, connections, sources)
            with open_table(Source("first", "query", "SELECT id, city FROM orders"), inner) as first:
                tables = fetched_all({"first": first}, {"first": first.header})
                answered = answered_all(tables)
            world = World({"first": answered["first"]}, connections, {})
            with open_table(Source("second", "query", "SELECT count(*) AS n FROM first"), world) as second:
                answered_all(fetched_all({"second": second}, {"second": second.header}))
    running = [at for at, (what, _, _) in enumerate(told) if what.endswith(": the query runs")]
    assert [told[at][0] for at in running] == ["first: the query runs", "second: the query runs"]
    before, between = told[: running[0]], told[running[0] + 1 : running[1]]
    assert {what for what, _, _ in before} == {"first: rows read by the query"}
    assert (sum(rows for _, rows, _ in before), {total for _, _, total in before}) == (12_000, {None})
    assert (sum(rows for _, rows, _ in between), {total for _, _, total in between}) == (12_000, {12_000})


def test_a_row_of_nulls_alone_is_a_row(folder):
    assert asked("SELECT NULL AS a, NULL AS b FROM orders WHERE id < '3'")[1] == [("", ""), ("", "")]


def test_a_blank_cell_is_null_and_blanks_around_a_cell_are_gone_unless_the_source_keeps_them(folder):
    kept = Source("orders", "csv", "orders.csv", {"trim": False})
    sql = "SELECT count(city) AS cities, max(length(city)) AS longest FROM orders WHERE id = '3'"
    assert asked(sql)[1] == [("1", "5")]
    assert asked(sql, LINES, kept)[1] == [("1", "7")]
    assert asked("SELECT count(*) AS n FROM orders WHERE city IS NULL")[1] == [("1",)]


def test_what_is_no_text_in_json_is_text_to_a_query(folder):
    Path("a.json").write_text('[{"n": 1.50, "b": true, "l": ["ş"], "t": "x"}]', encoding="utf-8")
    source = Source("a", "json", "a.json")
    assert asked("SELECT n, b, l, t FROM a", source)[1] == [("1.5", "true", '["ş"]', "x")]


def test_a_query_reads_another_query(folder):
    by_name = {"lines": LINES, "sums": Source("sums", "query", "SELECT order_id, count(*) AS n FROM lines GROUP BY 1")}
    sql = "SELECT max(n) AS most FROM sums"
    assert asked(sql, *by_name.values()) == (("most",), [("2",)])


@pytest.mark.parametrize(
    ("sql", "ids"),
    [
        ("SELECT id FROM orders ORDER BY id DESC", ["3", "2", "1"]),
        ("SELECT id, 1 AS one FROM orders ORDER BY one", ["1", "2", "3"]),
        ("SELECT id FROM orders ORDER BY length(id) LIMIT 2", ["1", "2"]),
        ("SELECT id FROM orders ORDER BY ALL DESC", ["3", "2", "1"]),
        ("SELECT id FROM orders UNION ALL SELECT order_id FROM lines", ["1", "1", "1", "2", "2", "3"]),
        ("SELECT id FROM (FROM orders ORDER BY id DESC)", ["1", "2", "3"]),
        ("WITH orders AS (SELECT * FROM orders WHERE id > '1') SELECT id FROM orders", ["2", "3"]),
    ],
)
def test_the_querys_own_order_comes_first_and_all_its_columns_break_ties(folder, sql, ids):
    assert [row[0] for row in asked(sql)[1]] == ids


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT l.sku, o.city FROM lines l JOIN orders o ON o.id = l.order_id",
        "SELECT sku, count(*) AS n FROM lines GROUP BY sku",
        "SELECT sku, order_id FROM lines ORDER BY length(sku) LIMIT 500",
    ],
)
def test_two_runs_with_two_threads_give_the_same_rows_in_the_same_order(folder, sql):
    lines = [f"{number * 7919 % 30011},s{number * 31 % 5003},{number}" for number in range(200_000)]
    Path("lines.csv").write_text("\n".join(["order_id,sku,price", *lines]) + "\n", encoding="utf-8")
    cities = [f"{number},c{number % 81}" for number in range(30_011)]
    Path("orders.csv").write_text("\n".join(["id,city", *cities]) + "\n", encoding="utf-8")
    first = asked(sql, threads=2)
    assert len(first[1]) >= 500
    assert asked(sql, threads=2) == first == asked(sql, threads=1)


REFUSED = {
    "COPY lines TO '{temp}/x.csv'": "a query is one SELECT, and this is COPY",
    "COPY (SELECT 1) TO '{temp}/x.csv'": "a query is one SELECT, and this is COPY",
    "ATTACH '{temp}/x.db'": "a query is one SELECT, and this is ATTACH",
    "INSTALL httpfs": "a query is one SELECT, and this is LOAD",
    "LOAD httpfs": "a query is one SELECT, and this is LOAD",
    "EXPORT DATABASE '{temp}/x'": "a query is one SELECT, and this is EXPORT",
    "SET memory_limit = '9GB'": "a query is one SELECT, and this is SET",
    "PRAGMA version": "a query is one SELECT, and this is PRAGMA",
    "CREATE TABLE a AS SELECT 1": "a query is one SELECT, and this is CREATE",
    "PIVOT lines ON sku USING count(*)": "a query is one SELECT, and this is PIVOT",
    "": "a query is one SELECT; here are 0 statements",
    "SELECT 1; SELECT 2": "a query is one SELECT; here are 2 statements",
    "SELECT 1; COPY lines TO '{temp}/x.csv'": "a query is one SELECT; here are 2 statements",
    "WITH x AS (INSERT INTO lines VALUES ('1', '2', '3') RETURNING *) SELECT * FROM x": (
        "a query is one SELECT, and changes nothing; here is INSERT_QUERY"
    ),
    "SELECT * FROM read_csv('{temp}/secret.csv')": "read_csv: a query reads this mapping's sources, and no file; "
    "write a source for it",
    "SELECT * FROM glob('{temp}/*')": "glob: a query reads this mapping's sources, and no file; write a source for it",
    "SELECT (SELECT content FROM read_text('{temp}/secret.csv')) AS x": "read_text: a query reads this mapping's sources, "
    "and no file; write a source for it",
    "SELECT * FROM 'https://example.com/a.csv'": "reads no source 'https://example.com/a.csv'; there is lines, orders",
    "SELECT * FROM duckdb_settings": "reads no source 'duckdb_settings'; there is lines, orders",
    "SELECT * FROM information_schema.tables": "information_schema.tables: a query reads this mapping's sources, by their names",
    "DESCRIBE lines": "a query reads this mapping's sources and joins of them; PIVOT, SHOW and DESCRIBE are none",
    "SELECT * FROM lines USING SAMPLE 3": "a sample is another one with every run; choose rows by WHERE",
    "SELECT random() AS r": "random gives something else with every run; leave it out",
}


@pytest.mark.parametrize("sql", REFUSED)
def test_what_is_no_select_over_the_sources_is_refused(folder, sql):
    temp = folder / "spool"
    (temp / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    with pytest.raises(SourceError) as refused:
        asked(sql.format(temp=temp))
    assert str(refused.value) == f"the query: {REFUSED[sql]}"
    assert [one.name for one in temp.iterdir()] == ["secret.csv"]


@pytest.mark.parametrize(
    "sql",
    [
        "COPY (SELECT 1) TO '{inside}/other/x.csv'",
        "ATTACH '{outside}/x.db'",
        "SELECT * FROM read_csv('{outside}/secret.csv')",
        "SELECT * FROM '{outside}/secret.csv'",
        "COPY (SELECT 1) TO '{outside}/x.csv'",
        "EXPORT DATABASE '{outside}/x'",
        "SELECT * FROM read_csv('http://127.0.0.1:9/a.csv')",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET temp_directory = '{outside}'",
    ],
)
def test_the_engine_itself_refuses_them_too(tmp_path, sql):
    import duckdb

    (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    inside = tmp_path / "inside"
    inside.mkdir()
    with shut_in("100MB", 1, str(inside)) as engine, pytest.raises(duckdb.Error):
        engine.execute(sql.format(outside=tmp_path, inside=inside)).fetchall()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["inside", "secret.csv"]


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("SELECT nu FROM lines", "unknown column 'nu'; there is order_id, price, sku"),
        ("SELECT l.prise FROM lines l", "unknown column 'prise'; did you mean 'price'?"),
        ("SELECT 1 FROM line", "reads no source 'line'; did you mean 'lines'?"),
        ("SELECT sku FROM lines WHERE", "it ends too early, after 'WHERE'"),
        (
            "SELECT sum(price) AS s FROM lines",
            "sum takes no (VARCHAR); all columns are text: "
            "write CAST(column AS DECIMAL(12, 2)), or money(column)",
        ),
        (
            "SELECT * FROM lines l JOIN (SELECT order_id FROM lines) o ON true",
            "columns 1 and 4 are both named 'order_id'; rename one, so that a mapping can tell them apart",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_query_is_told_before_it_runs(folder, sql, what):
    with pytest.raises(SourceError) as refused:
        asked(sql)
    assert str(refused.value) == f"the query: {what}"


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        (
            "SELECT CAST(city AS INTEGER) AS n FROM orders",
            "CAST(city AS INTEGER) of 'I***' (orders.csv row 2, column 'city'): a cell is not what it is cast to (INTEGER); "
            "TRY_CAST makes null of what cannot be read",
        ),
        (
            "SELECT money(city) AS n FROM orders",
            "'I***' (orders.csv row 2, column 'city'): a value is not an amount with a comma before its decimals; TRY(...) "
            "around the function makes null of what it cannot read",
        ),
        (
            "SELECT strptime(city, '%d.%m.%Y') AS n FROM orders WHERE id = '3'",
            "'İ***' (orders.csv row 4, column 'city'): a cell is not written in the format that strptime is given; "
            "try_strptime makes null of what cannot be read",
        ),
        (
            "WITH made AS (SELECT upper(sku) AS code, sku AS mark FROM lines) SELECT CAST(mark AS BIGINT) AS n FROM made",
            "CAST(mark AS BIGINT) of '***' (lines.csv row 2, column 'sku'): a cell is not what it is cast to (BIGINT); "
            "TRY_CAST makes null of what cannot be read",
        ),
        (
            "WITH made AS (SELECT sku || '!' AS code FROM lines) SELECT CAST(code AS BIGINT) AS n FROM made",
            "CAST(code AS BIGINT) of '***!': a cell is not what it is cast to (BIGINT); TRY_CAST makes null of what cannot be "
            "read",
        ),
    ],
)
def test_a_cell_that_a_query_cannot_take_is_named_and_not_repeated(folder, sql, what):
    with pytest.raises(SourceError) as stopped:
        asked(sql)
    assert str(stopped.value) == f"source 'q': the query: {what}"


def test_a_cell_that_a_query_cannot_take_is_found_behind_blank_and_unreadable_rows_and_in_each_table(folder):
    Path("orders.csv").write_text("id,city\n1,2\n\n2,3,4\n;\n3,Bursa\n", encoding="utf-8")
    Path("lines.csv").write_text("order_id,city\n1,Bursa\n", encoding="utf-8")
    with pytest.raises(SourceError) as stopped:
        asked("SELECT CAST(city AS BIGINT) AS n FROM (SELECT city FROM orders UNION SELECT city FROM lines)")
    where = "(lines.csv row 2, column 'city' and orders.csv row 6, column 'city')"
    assert f"the query: CAST(city AS BIGINT) of 'B***' {where}: a cell is not" in str(stopped.value)


def test_a_value_inside_of_json_that_a_query_cannot_take_is_found_in_its_row(folder):
    orders = [
        {"id": 1, "lines": [{"price": "5.00"}]},
        {"id": 2, "lines": [{"price": "5.00"}, {"price": "1.299,90 TL"}]},
    ]
    Path("orders.json").write_text(json.dumps(orders), encoding="utf-8")
    sql = "SELECT CAST(line->>'price' AS DECIMAL(12, 2)) AS n FROM (SELECT unnest(CAST(lines AS JSON[])) AS line FROM orders)"
    with pytest.raises(SourceError) as stopped:
        asked(sql, Source("orders", "json", "orders.json"))
    assert str(stopped.value) == (
        "source 'q': the query: CAST((line ->> 'price') AS DECIMAL(12, 2)) of '***.2***,*** ***' (orders.json row 2, column "
        "'lines'): a cell is not what it is cast to (DECIMAL(12,2)); TRY_CAST makes null of what cannot be read, and "
        "money(column) reads amounts such as 1.299,90"
    )


STAGE = """\
  - name: NAME
    payload: address
    from: SOURCE
    key: "{{ id }}-NAME"
    fields:
      customer_code: "{{ id }}"
      email: "a@example.com"
      first_name: a
      last_name: b
      country: Türkiye
      city: "{{ n }}"
      township: Üsküdar
      line: NAME
"""


def mapping_of(sources, *stages):
    listed = "".join(f"  {name}: {source}\n" for name, source in sources.items())
    made = "".join(STAGE.replace("NAME", name).replace("SOURCE", source) for name, source in stages)
    Path("migration.yaml").write_text(f"version: 1\nname: acme\nsources:\n{listed}stages:\n{made}", encoding="utf-8")
    return Path("migration.yaml")


SUMMED = {
    "lines": "{ csv: lines.csv }",
    "totals": '{ query: "SELECT order_id AS id, count(*) AS n FROM lines GROUP BY order_id" }',
    "more": '{ query: "SELECT id, n FROM totals" }',
}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_row_that_only_a_query_reads_and_cannot_is_rejected_and_counted_once(folder, workers):
    with Path("lines.csv").open("a", encoding="utf-8") as file:
        file.write("3,x\n4,d,1.00\n")
    mapping = mapping_of(SUMMED, ("first", "more"), ("second", "totals"))
    package = dry_run(mapping, Settings(folder / "work", workers=workers))
    first, second = package.stages
    assert (first.counts.read, first.counts.rejected, first.counts.valid) == (4, 1, 3)
    assert (second.counts.read, second.counts.rejected, second.counts.valid) == (3, 0, 3)
    (reject,) = package.rejects(first)
    assert (reject.source, reject.row, reject.key, reject.field) == ("lines.csv", 5, None, None)
    assert reject.reason == "has 2 cells, the header has 3; the query is made without this row"
    assert [tuple(row.cells) for row in package.rows(first)] == [("3", "x")]
    assert not summary_of(package).ok


def test_a_row_that_a_stage_reads_by_itself_is_told_there(folder):
    with Path("lines.csv").open("a", encoding="utf-8") as file:
        file.write("3,x\n")
    sources = {**SUMMED, "lines": '{ csv: lines.csv, header: ["id", "n", "price"] }'}
    sources["totals"] = '{ query: "SELECT id, count(*) AS n FROM lines GROUP BY id" }'
    package = dry_run(
        mapping_of(sources, ("first", "totals"), ("second", "lines")), Settings(folder / "work", workers=1)
    )
    first, second = package.stages
    assert first.counts.rejected == 0
    told = [(one.row, one.reason) for one in package.rejects(second) if one.row == 5]
    assert told == [(5, "has 2 cells, the header has 3")]


def test_a_lookup_is_not_made_without_a_row(folder):
    with Path("lines.csv").open("a", encoding="utf-8") as file:
        file.write("3,x\n")
    lookup = 'lookups: { l: { query: "SELECT order_id, sku FROM lines", key: order_id, value: sku } }\nstages:'
    mapping = mapping_of(SUMMED, ("first", "totals"))
    mapping.write_text(mapping.read_text(encoding="utf-8").replace("stages:", lookup), encoding="utf-8")
    with pytest.raises(MappingError) as stopped:
        dry_run(mapping, Settings(folder / "work", workers=1))
    assert str(stopped.value).endswith(
        "lines.csv row 5: has 2 cells, the header has 3; without this row the lookup would lack entries"
    )


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text("iİıIğŞş aAzZéÇ", min_size=1), min_size=1, max_size=8))
def test_lower_and_upper_are_those_of_the_expressions(texts):
    with shut_in("100MB", 1) as engine:
        found = engine.execute(
            "SELECT lower(x), upper(x), lower(x, 'tr'), upper(x, 'en') FROM (SELECT unnest($1) AS x)", [texts]
        ).fetchall()
    assert found == [(lower(one), upper(one), lower(one, "tr"), upper(one, "en")) for one in texts]


def test_money_is_read_as_in_expressions_and_null_stays_null(folder):
    sql = "SELECT money('1.299,90 TL') AS a, money('5.50', '.') AS b, money(NULL) AS n"
    assert asked(sql)[1] == [("1299.90", "5.50", "")]
    assert asked("SELECT TRY(money('x')) AS a")[1] == [("",)]


@pytest.mark.parametrize(
    ("value", "function", "arguments"),
    [
        ("24.03.2023", "date", "%d.%m.%Y"),
        ("2023-03-24", "date", ""),
        ("2023-03-24 10:30:00", "date", ""),
        ("24.03.2023 10:30", "datetime", "%d.%m.%Y %H:%M"),
        ("2023-03-24T10:30:00", "datetime", ""),
        ("3 Mart 2020", "date", "%d %B %Y"),
    ],
)
def test_to_date_and_to_datetime_are_the_date_and_datetime_of_the_expressions(folder, value, function, arguments):
    given = f", '{arguments}'" if arguments else ""
    sql = f"SELECT to_{function}('{value}'{given}) AS d"
    expected = {"date": to_date, "datetime": to_datetime}[function](value, *([arguments] if arguments else []))
    assert asked(sql)[1] == [(str(expected),)]


def test_a_date_that_cannot_be_read_ends_a_query_and_null_and_dates_pass(folder):
    with pytest.raises(
        SourceError, match=r"source 'q': the query: .*; TRY\(...\) around the function makes null"
    ) as ended:
        asked("SELECT to_date(sku, '%d.%m.%Y') AS d FROM lines")
    assert "'a'" not in str(ended.value)
    sql = "SELECT TRY(to_date('x', '%d.%m.%Y')) AS a, to_date(NULL) AS b, to_date(DATE '2020-01-02') + 1 AS c"
    assert asked(sql)[1] == [("", "", "2020-01-03")]


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT l.*, o.city FROM lines l JOIN orders o USING (order_id)", ("lines", "orders")),
        ("SELECT (SELECT max(a) FROM x) FROM y WHERE b IN (SELECT c FROM z)", ("x", "y", "z")),
        ("WITH lines AS (SELECT * FROM lines), b AS (FROM lines) SELECT * FROM b", ("lines",)),
        ("WITH b AS (FROM lines) SELECT * FROM (WITH c AS (FROM b) FROM c), B", ("lines",)),
        ("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t, x WHERE n < 5) SELECT n FROM t", ("x",)),
        ("SELECT a FROM x UNION SELECT b FROM y EXCEPT FROM z", ("x", "y", "z")),
        ('SELECT * FROM "Order Lines"', ("Order Lines",)),
    ],
)
def test_a_query_needs_the_tables_that_it_does_not_make_itself(sql, tables):
    assert tuple(parsed(sql).tables) == tables


ENDLESS = "SELECT count(*) AS n FROM range(10000000000000) a(i) WHERE i % 7 = 3"


def test_a_query_that_takes_too_long_is_ended(folder):
    before = set(psutil.Process().children())
    with pytest.raises(SourceError) as ended:
        asked(ENDLESS, seconds=0.5)
    assert str(ended.value) == (
        "source 'q': the query: it was ended after 0.5 seconds; raise `seconds`, or look for a join that lacks its condition"
    )
    assert set(psutil.Process().children()) <= before


@contextmanager
def opened_queries(*statements, first=None, **options):
    """Each query over `lines` and `orders`, and what tells this process' children that were not there before.

    `options` are those of all queries, or of all but the first one, which has `first`.
    """
    by_name, before = {source.name: source for source in (LINES, ORDERS)}, set(psutil.Process().children())
    with Connections() as connections, ExitStack() as opened:
        world = World({}, connections, by_name)
        tables = {name: opened.enter_context(open_table(source, world)) for name, source in by_name.items()}
        world = World(tables, connections, by_name)
        settings = [options if first is None else first, *[options] * (len(statements) - 1)]
        queries = [
            opened.enter_context(open_table(Source("q", "query", sql, own), world))
            for sql, own in zip(statements, settings, strict=True)
        ]
        yield queries, lambda: set(psutil.Process().children()) - before
    assert set(psutil.Process().children()) <= before


def rows_of(query):
    return [tuple(row) for _, rows in read_all(fetched(query, query.header)) for row in rows.rows]


def test_all_queries_of_a_command_run_in_one_process_one_after_another(folder):
    counts = ("SELECT count(*) AS n FROM lines", "SELECT count(*) AS n FROM orders", "SELECT count(*) AS n FROM lines")
    with opened_queries(*counts) as (queries, children):
        assert children() == set()
        assert rows_of(queries[0]) == [("3",)]
        (process,) = children()
        assert [rows_of(one) for one in queries[1:]] == [[("3",)], [("3",)]]
        assert children() == {process}


@pytest.mark.parametrize(
    ("failing", "options"),
    [("SELECT CAST(city AS INTEGER) AS n FROM orders", {}), (ENDLESS, {"seconds": 0.5})],
)
def test_a_query_after_one_that_failed_runs_in_a_new_process(folder, failing, options):
    with opened_queries(failing, "SELECT count(*) AS n FROM lines", first=options) as (queries, children):
        with pytest.raises(SourceError):
            rows_of(queries[0])
        assert children() == set()
        assert rows_of(queries[1]) == [("3",)]


def test_each_query_has_its_own_bound_of_memory(folder):
    large = "SELECT count(DISTINCT repeat(CAST(i AS VARCHAR), 20)) AS n FROM range(300000) a(i)"
    with opened_queries(large, large, memory="200MB") as (queries, children):
        first = rows_of(queries[0])
        (process,) = children()
        held = process.memory_info().rss
        assert rows_of(queries[1]) == first == [("300000",)]
        assert process.memory_info().rss < held + 100_000_000


def test_a_query_process_that_is_killed_is_told_with_what_to_do(folder):
    with opened_queries("SELECT count(*) AS n FROM lines", ENDLESS) as (queries, children):
        rows_of(queries[0])
        (process,) = children()
        threading.Timer(0.5, process.kill).start()
        with pytest.raises(SourceError) as ended:
            rows_of(queries[1])
    assert str(ended.value) == (
        "source 'q': the query: its process ended without an answer (exit -9; out of memory?); lower `memory`"
    )


def test_the_process_of_the_queries_has_ended_when_rows_are_prepared(folder, monkeypatch):
    before = set(psutil.Process().children())
    mapping = mapping_of(SUMMED, ("first", "more"), ("second", "totals"))
    with load_mapping(mapping) as checked:
        ready = with_rows(checked, checked.migration.stages)
        seen = set(psutil.Process().children()) - before
        assert [len(list(rows.rows)) for _, rows in read_all(ready.tables["more"])] == [2]
    assert seen == set()


def test_a_query_larger_than_its_memory_uses_the_folder_and_leaves_nothing_there(folder):
    sql = "SELECT i, repeat(CAST(i AS VARCHAR), 20) AS t FROM range(400000) a(i) ORDER BY t"
    assert len(asked(sql, memory="60MB")[1]) == 400_000
    assert list((folder / "spool").iterdir()) == []


def test_a_query_that_has_no_memory_says_so(folder):
    with pytest.raises(SourceError) as stopped:
        asked("SELECT length(string_agg(repeat('x', 1000000), '')) AS n FROM range(500)", memory="20MB")
    assert str(stopped.value) == (
        "source 'q': the query: it does not get by with its memory; raise `memory`, or give the folder in TMPDIR more room"
    )


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"memory": "much"}, "source 'q': option 'memory': 'much' is no amount of memory; write it as 500MB or 2GB"),
        ({"seconds": 0}, "source 'q': option 'seconds': 0 is no number of seconds"),
        ({"threads": 0}, "source 'q': option 'threads': 0 is no number of threads, from 1 to 64"),
    ],
)
def test_its_settings_are_checked(folder, options, what):
    with pytest.raises(SourceError) as refused:
        asked("SELECT 1 AS a", **options)
    assert str(refused.value) == what


TOTALS = """\
  customers:
    query: >-
      SELECT customer_id, lower(max(email)) AS email, '1' AS status, max("First Name") AS "First Name"
      FROM raw GROUP BY 1
lookups:
"""
MAPPING = edited(("  customers: {", "  raw: {"), ("lookups:\n", TOTALS))


@pytest.fixture
def case(tmp_path, monkeypatch):
    monkeypatch.setenv("ACME_TOKEN", "t")
    return Case(tmp_path)


def test_a_mapping_over_a_query_is_checked_previewed_and_packed(case):
    case.file.write_text(MAPPING, encoding="utf-8")
    case.write(
        "customers.csv", "customer_id;email;status;First Name\n2;B@x.com;1;Ada\n1;ali@example.com;1;Ali\n1;;1;Ali\n"
    )
    (row, _) = preview(case.file, None, 2)
    assert (row.source, row.row, row.fate) == ("customers", 1, "valid")
    package = dry_run(case.file, Settings(workspace=case.folder / "work"))
    inputs = {one.name: one for one in package.manifest.inputs}
    assert (inputs["customers"].rows, inputs["customers"].statement[:20]) == (2, "SELECT customer_id, ")
    assert inputs["raw"].sha256


def test_only_the_columns_that_a_query_reads_leave_the_shop(folder):
    path = folder / "shop.sqlite"
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("CREATE TABLE o (id INTEGER PRIMARY KEY, total TEXT, card TEXT)")
        made.execute("INSERT INTO o VALUES (1, '5', '4111111111111111')")
    orders = Source("orders", "table", "o", {"database": Database("", Secret(str(path)), str(path))})
    with Connections() as connections, open_table(orders, World({}, connections)) as inner:
        world = World({"orders": inner}, connections, {"orders": orders})
        with open_table(Source("q", "query", "SELECT id, total FROM orders"), world) as query:
            found = fetched_all({"q": query}, {"q": query.header})
            assert found["orders"].header == ("id", "total")
            answered: Any = answered_all(found)["q"]
            assert answered.evidence.rows == 1


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("SELECT id FROM orders", ("id",)),
        ("SELECT count(*) FROM orders", ()),
        ("SELECT o.* FROM orders o", ("id", "total", "card")),
        ("FROM orders", ("id", "total", "card")),
        ("SELECT count(o) FROM orders o", ("id", "total", "card")),
        ("SELECT #3 FROM orders", ("id", "total", "card")),
        ("SELECT c FROM orders x(a, b, c)", ("id", "total", "card")),
        ("SELECT 1 FROM orders NATURAL JOIN lines", ("id", "total", "card")),
    ],
)
def test_a_query_that_speaks_of_whole_rows_reads_all_columns(sql, columns):
    assert parsed(sql).columns_read(("id", "total", "card")) == columns


def test_what_is_wrong_with_a_query_is_told_where_it_stands(case):
    row = edited(("FROM raw", "FROM «row"), text=MAPPING)
    case.finds(row, "the query reads no source 'row'; did you mean 'raw'?")
    mail = edited(("max(email)", "max(«mail)"), text=MAPPING)
    case.finds(mail, "the query: unknown column 'mail'; did you mean 'email'?")
    circle = edited(("    query: >-", "    «query: >-"), ("FROM raw", "FROM customers"), text=MAPPING)
    case.finds(
        circle.replace("«", "").replace("  customers:", "  «customers:"),
        "the sources go round in a circle: 'customers' needs 'customers'",
    )


def test_a_lookup_is_read_from_a_query(case):
    asked = """{ query: "SELECT status, count(*) AS many FROM customers GROUP BY 1", key: status, value: many }"""
    text = edited(
        ("group: { 1: a, 2: b }", f"group: {asked}"),
        ("last_name: Yılmaz", "last_name: \"{{ '1' | lookup('group') }}\""),
    )
    case.file.write_text(text, encoding="utf-8")
    (row,) = preview(case.file, None, 1)
    assert row.record["last_name"] == "1"
    wrong = text.replace("FROM customers", "FROM «customer")
    case.finds(wrong, "the query reads no source 'customer'; did you mean 'customers'?")


def test_the_process_of_a_lookups_query_has_ended_when_the_mapping_is_read(folder):
    before = set(psutil.Process().children())
    lookup = 'lookups: { l: { query: "SELECT sku, price FROM lines", key: sku, value: price } }\nstages:'
    mapping = mapping_of(SUMMED, ("first", "totals"))
    mapping.write_text(mapping.read_text(encoding="utf-8").replace("stages:", lookup), encoding="utf-8")
    with load_mapping(mapping) as checked:
        assert checked.resources["lookup"]["l"]["a"] == "10.00"
        assert set(psutil.Process().children()) <= before


KILLED = {
    "while a query runs": "rows_of(queries[1])",
    "between two queries": "rows_of(queries[0]); time.sleep(60)",
    "while rows are given": "process._batches = lambda *_: time.sleep(60); rows_of(queries[0])",
}


@pytest.mark.parametrize("moment", KILLED)
def test_when_the_process_that_waits_is_killed_the_query_ends_too(folder, moment):
    program = f"""
import sys, time
sys.path[:0] = [{str(Path(__file__).parent)!r}, {str(Path(__file__).parent.parent)!r}]
from etl.extract.queries import process
from test_query import ENDLESS, opened_queries, rows_of
with opened_queries("SELECT 1 AS a FROM lines", ENDLESS) as (queries, _):
    {KILLED[moment]}
"""
    with subprocess.Popen([sys.executable, "-c", program]) as waiting:
        process, child = psutil.Process(waiting.pid), None
        until = time.monotonic() + 60
        while time.monotonic() < until and not (child := next(iter(process.children()), None)):
            time.sleep(0.05)
        time.sleep(0.5)
        os.kill(waiting.pid, signal.SIGKILL)
        assert child is not None
        psutil.wait_procs([child], timeout=60)
        assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("SELECT shipping FROM orders", ("shipping",)),
        ("SELECT o.IP FROM orders o", ("ip",)),
        ('SELECT "two words" FROM orders', ("two words",)),
        ("SELECT id AS ip_of FROM orders", ("id",)),
        ("SELECT id AS shipping, 'ip' AS x FROM orders", ("id",)),
        ("SELECT o.id FROM orders o JOIN lines USING (ip)", ("id", "ip")),
        (
            "SELECT max(id) OVER (ORDER BY ip) FROM orders WHERE EXISTS (SELECT 1 FROM lines WHERE l = shipping)",
            ("id", "ip", "shipping"),
        ),
        ("SELECT id FROM orders NATURAL JOIN lines", ("id", "ip", "shipping", "two words")),
        ("SELECT * FROM orders", ("id", "ip", "shipping", "two words")),
    ],
)
def test_a_column_is_read_where_the_query_means_it(text, read):
    assert parsed(text).columns_read(("id", "ip", "shipping", "two words")) == read


def test_numbers_with_decimals_inside_of_nested_json_are_exact_texts(folder):
    row = '{"id": 2, "place": {"north": 0.10, "east": 12.3456789012345678901, "seats": 3}}'
    Path("places.jsonl").write_text(row + "\n", encoding="utf-8")
    sql = """
        SELECT CAST(place AS JSON)->>'north' AS north, CAST(place AS JSON)->>'east' AS east,
               CAST(CAST(place AS JSON)->>'seats' AS INTEGER) + 1 AS seats
        FROM places
    """
    assert asked(sql, Source("places", "jsonl", "places.jsonl"))[1] == [("0.1", "12.3456789012345678901", "4")]
