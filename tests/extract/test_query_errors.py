"""What is wrong with a query is said in our words, at the character it is about."""

from __future__ import annotations

import pytest
from mapping_case import Case, edited

from etl.commands.check import check
from etl.extract.queries.engine import add_tables, shut_in
from etl.extract.queries.statement import bound, parsed
from etl.extract.queries.wording import ELSEWHERE, OURS, BadQuery, failed

HEADERS = {"people": ("id", "name", "city"), "orders": ("id", "total")}
MARK = "«"
CAST = "all columns are text: write CAST(column AS DECIMAL(12, 2)), or money(column)"
GROUPED = "is neither in GROUP BY nor within sum, max and the like; add it there, or take any_value"
WINDOW = "row_number, rank, lag and the like"

TOLD = {
    # names
    "SELECT «nam FROM people": "unknown column 'nam'; did you mean 'name'?",
    "SELECT 'ışığı' AS a, «nam FROM people": "unknown column 'nam'; did you mean 'name'?",
    "SELECT p.id, «p.nam FROM people p": "unknown column 'nam'; did you mean 'name'?",
    'SELECT id FROM people WHERE name = «"Ayşe"': (
        "unknown column 'Ayşe'; there is city, id, id, name, total; a text stands between single quotes: 'Ayşe'"
    ),
    "SELECT p.id FROM people p JOIN orders o USING (idd)": "unknown column 'idd'; did you mean 'id'?",
    "SELECT * EXCLUDE (nam) FROM people": "unknown column 'nam'; did you mean 'name'?",
    "SELECT id FROM people QUALIFY «nam > 1": "unknown column 'nam'; did you mean 'name'?",
    "SELECT id FROM people LIMIT «id": (
        "column 'id' stands where no table is read; a column belongs after SELECT, WHERE, ON or ORDER BY"
    ),
    "SELECT p.id, «x.name FROM people p": "no table is called 'x' in this query; there is p",
    "SELECT name.first FROM people": "'name' is no table, and nothing called 'first' is in it",
    "SELECT «id FROM people p JOIN orders o ON p.id = o.id": "column 'id' is in more than one table; write p.id or o.id",
    "SELECT id FROM people AS p(a, b, c, d)": "'people' has 3 columns, and is given 4 names",
    "SELECT «titel(name) FROM people": "there is no function 'titel'; did you mean 'title'?",
    "SELECT «date_format(name, '%Y') FROM people": (
        "there is no function 'date_format'; a query says strftime(to_date(day), '%d.%m.%Y')"
    ),
    "SELECT CAST(name AS «INTEGERR) FROM people": "there is no type 'INTEGERR'; did you mean 'INTEGER'?",
    "SELECT id FROM people ORDER BY name COLLATE turkish": "there is no collation 'turkish'; Turkish order is COLLATE tr",
    # syntax
    "«SELCT id FROM people": "it cannot be read from 'SELCT' on",
    "SELECT id FROM people «WHERE": "it ends too early, after 'WHERE'",
    "SELECT id FROM people WHERE (id = «1": "it ends too early, after '1'",
    "SELECT id, «'x AS name FROM people": "a text in single quotes begins here and never ends",
    'SELECT id, «"x AS name FROM people': "a name in double quotes begins here and never ends",
    "SELECT TOP «5 id FROM people": "it cannot be read from '5' on; LIMIT 5 stands at the end of a query",
    "SELECT id FROM people LIMIT 5«, 10": "it cannot be read from ',' on; LIMIT 10 OFFSET 5 is how a query leaves rows out",
    "SELECT id FROM people WHERE id = «:id": "it cannot be read from ':' on; a query has no parameters; write the value",
    "SELECT id FROM people WHERE id = ?": "a query has no parameters (? or $1); write the value",
    "SELECT group_concat(name «SEPARATOR ',') FROM people": (
        "it cannot be read from 'SEPARATOR' on; string_agg(column, ', ') puts texts together"
    ),
    # types
    "SELECT «sum(total) FROM orders": f"sum takes no (VARCHAR); {CAST}",
    "SELECT total «+ 1 FROM orders": f"`+` takes no VARCHAR and INTEGER; {CAST}",
    "SELECT «lower(name, 3, 4) FROM people": "lower does not take what it is given; there is lower(text) or lower(text, 'tr')",
    "SELECT «money(5) FROM orders": "money does not take what it is given; there is money(text) or money(text, '.')",
    "SELECT total, «to_date(total, 5) FROM orders": (
        "to_date does not take what it is given; there is to_date(text) or to_date(text, '%d.%m.%Y')"
    ),
    "SELECT «total < 1 FROM orders": "VARCHAR and INTEGER are mixed; CAST one of them. All columns are text (VARCHAR)",
    "SELECT «CASE WHEN true THEN name ELSE 2 END FROM people": (
        "INTEGER and VARCHAR are mixed; CAST one of them. All columns are text (VARCHAR)"
    ),
    "SELECT «unnest(name) FROM people": "unnest takes a list; string_split(column, ',') makes one of a text",
    "SELECT strptime(name, '%Q') FROM people": "a format holds %Q, which DuckDB does not know",
    "SELECT extract(foo FROM DATE '2020-01-01')": (
        "a part of a date is unknown; there is year, month, day, hour, minute, second"
    ),
    # the form of a SELECT
    "SELECT «id, count(*) FROM people": f"column 'id' {GROUPED}(id)",
    "SELECT id FROM people GROUP BY id HAVING «name > 'a'": f"column 'name' {GROUPED}(name)",
    "SELECT id FROM people WHERE «count(*) > 1": (
        "sum, count, max and the like cannot stand in WHERE; what they give is asked for in HAVING, after GROUP BY"
    ),
    "SELECT sum(«count(*)) FROM people": (
        "sum, count, max and the like cannot stand in each other; make the inner one a column in a SELECT * FROM (...)"
    ),
    "SELECT «row_number() FROM people": f"{WINDOW} need an OVER (...), and stand after SELECT or ORDER BY",
    "SELECT id FROM people WHERE «row_number() OVER () = 1": f"{WINDOW} cannot stand in WHERE; QUALIFY asks for what they give",
    "SELECT id FROM people ORDER BY «7": "ORDER BY names columns by their numbers; the query has 1",
    "SELECT id FROM people GROUP BY 7": "GROUP BY names columns by their numbers; the query has 1",
    "SELECT id FROM people UNION SELECT id, total FROM orders": (
        "the SELECTs of a UNION have to give the same number of columns"
    ),
    "SELECT id FROM people WHERE id IN «(SELECT id, total FROM orders)": (
        "a SELECT in here gives 2 columns, and has to give 1"
    ),
}


@pytest.mark.parametrize("marked", TOLD)
def test_what_is_wrong_is_told_before_anything_runs_at_its_character(marked):
    sql = marked.replace(MARK, "")
    with pytest.raises(BadQuery) as refused:
        bound(parsed(sql), HEADERS)
    assert (str(refused.value), refused.value.at) == (TOLD[marked], marked.index(MARK) if MARK in marked else None)


REFUSED = {
    "SELECT id FROM «read_csv('a.csv')": "read_csv: a query reads this mapping's sources, and no file; write a source for it",
    "SELECT id, «random() FROM people": "random gives something else with every run; leave it out",
    "SELECT id FROM «shop.people": "shop.people: a query reads this mapping's sources, by their names",
}


@pytest.mark.parametrize("marked", REFUSED)
def test_what_may_not_stand_in_a_query_is_told_at_its_character(marked):
    with pytest.raises(BadQuery) as refused:
        parsed(marked.replace(MARK, ""))
    assert (str(refused.value), refused.value.at) == (REFUSED[marked], marked.index(MARK))


NOT_CAST = "a cell is not what it is cast to ({}); TRY_CAST makes null of what cannot be read"
ENDED = {
    "SELECT CAST(name AS INTEGER) FROM people": NOT_CAST.format("INTEGER"),
    "SELECT name = 1 FROM people": NOT_CAST.format("INTEGER"),
    "SELECT id FROM people WHERE name": NOT_CAST.format("BOOLEAN"),
    "SELECT CAST(name AS DATE) FROM people": NOT_CAST.format("date"),
    "SELECT CAST(city || '-13-45' AS DATE) FROM people": NOT_CAST.format("date"),
    "SELECT CAST(name AS TIMESTAMP) FROM people": NOT_CAST.format("timestamp"),
    "SELECT CAST(name AS DECIMAL(4, 2)) FROM people": (
        f"{NOT_CAST.format('DECIMAL(4,2)')}, and money(column) reads amounts such as 1.299,90"
    ),
    "SELECT CAST(name AS INTEGER[]) FROM people": NOT_CAST.format("INTEGER[]"),
    "SELECT CAST(name AS JSON) FROM people": "a cell is no JSON; TRY_CAST makes null of what cannot be read",
    "SELECT strptime(name, '%d.%m.%Y') FROM people": (
        "a cell is not written in the format that strptime is given; try_strptime makes null of what cannot be read"
    ),
    "SELECT CAST(CAST(id AS INTEGER) * 1000 AS TINYINT) FROM people": "a number is too large for TINYINT; cast to a larger type",
    "SELECT CAST(id AS INTEGER) * 1000000 * 1000000 FROM people": (
        "a multiplication of INTEGER is too large; cast to a larger type: CAST(column AS DECIMAL(18, 2))"
    ),
    "SELECT (SELECT name FROM people) FROM people": (
        "a SELECT that stands for a value gives more rows than one; add LIMIT 1, or take max()"
    ),
    "SELECT regexp_matches(name, '(') FROM people": (
        "a regular expression cannot be read; look at its brackets and backslashes"
    ),
    "SELECT printf('%d', name) FROM people": "a format does not fit what it is given",
    "SELECT money(name) FROM people": (
        "a value is not an amount with a comma before its decimals; "
        "TRY(...) around the function makes null of what it cannot read"
    ),
}


@pytest.mark.parametrize("sql", ENDED)
def test_what_a_row_is_to_blame_for_is_told_without_the_row(sql):
    import duckdb

    with shut_in("100MB", 1) as engine:
        add_tables(engine, HEADERS)
        engine.execute("INSERT INTO people VALUES ('5', 'Hatice', '2020'), ('6', 'Umut', '2021')")
        with pytest.raises(duckdb.Error) as stopped:
            engine.execute(sql).fetchall()
    assert failed(stopped.value) == ENDED[sql]


def test_what_nobody_thought_of_is_told_as_duckdbs_own_sentence_without_what_it_quotes():
    import duckdb

    with shut_in("100MB", 1) as engine, pytest.raises(duckdb.Error) as stopped:
        engine.execute("""SELECT error('the "secret" of a row')""").fetchall()
    assert failed(stopped.value) == "DuckDB does not take it: the a value of a row"


@pytest.mark.parametrize("advice", [*OURS.values(), *ELSEWHERE.values()])
def test_what_a_query_is_told_to_say_instead_can_be_said(advice):
    """Each with columns of these names; those that are words and no SQL are left out."""
    day = "02.01.2020" if "to_date(day, " in advice else "2020-01-02"
    names = f"'{day}' AS day, 'a b' AS text, '5' AS seconds, 'a,b' AS list, '1' AS column_"
    for one in advice.split(" or "):
        if any(letter in one for letter in "( ") and not one.startswith("a date"):
            sql = (
                one.replace("column", "column_")
                .replace("money(text", "money('5,00'")
                .replace("'5,00', '.'", "'5.00', '.'")
            )
            sql = sql.replace("date(text)", "date(day)").replace("datetime(text)", "datetime(day)")
            sql = sql.replace("date(text,", "date('02.01.2020',").replace("etime(text,", "etime('02.01.2020 10:00',")
            sql = sql.replace("json_extract_string(column_", """json_extract_string('{"name": 1}'""")
            with shut_in("100MB", 1) as engine:
                assert len(engine.execute(f"SELECT {sql} FROM (SELECT {names})").fetchall()) == 1


DUMP = """\
-- MySQL dump 10.13
CREATE TABLE `people` (`id` int NOT NULL, `name` varchar(50)) ENGINE=InnoDB;
INSERT INTO `people` VALUES (1,'Ayşe'),(2,'Ali');
"""
WHOLE = "-- Dump completed on 2024-01-01\n"
SOURCES = """\
databases:
  shop: shop.sql
sources:
  people: { table: people, database: shop }
  customers:
    query: >-
      SELECT id AS customer_id, name AS email, '1' AS status,
        -- the name, as it was
        name AS "First Name"
      FROM people
"""
MAPPING = edited(('sources:\n  customers: { csv: customers.csv, delimiter: ";" }\n', SOURCES))


class PlacedCase(Case):
    def __init__(self, folder, mapping):
        super().__init__(folder)
        self.mapping = mapping


@pytest.fixture(params=["shop.sql", "folder"])
def case(tmp_path, monkeypatch, request):
    monkeypatch.setenv("ACME_TOKEN", "t")
    (tmp_path / "shop.sql").write_text(DUMP + WHOLE, encoding="utf-8")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/people.csv").write_text("id,name\n1,Ayşe\n", encoding="utf-8")
    return PlacedCase(tmp_path, edited(("shop: shop.sql", f"shop: {request.param}"), text=MAPPING))


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("name AS email", "«nam AS email", "the query: unknown column 'nam'; did you mean 'name'?"),
        ('name AS "First', '«nam AS "First', "the query: unknown column 'nam'; did you mean 'name'?"),
        ("FROM people\n", "FROM «peple\n", "the query reads no source 'peple'; did you mean 'people'?"),
    ],
)
def test_over_a_dump_and_a_folder_a_wrong_name_is_told_at_its_place_and_nothing_is_said_of_a_network(
    case, old, new, what
):
    marked = edited((old, new), text=case.mapping)
    case.finds(marked.replace(">-", "|"), what)
    case.file.write_text(marked.replace(MARK, "").replace(">-", "|"), encoding="utf-8")
    assert check(case.file, None).closed == ()


def test_a_query_over_a_table_that_cannot_be_read_is_not_said_to_want_a_network(case):
    (case.folder / "shop.sql").write_text(DUMP, encoding="utf-8")  # without its last line
    (case.folder / "folder/people.csv").write_text("", encoding="utf-8")
    case.file.write_text(case.mapping.replace(">-", "|"), encoding="utf-8")
    with check(case.file, None) as checked:
        assert len(checked.problems) == 1
        assert checked.closed == ()


def test_a_query_over_a_table_behind_a_network_still_says_so(case):
    case.file.write_text(
        edited(("shop: shop.sql", "shop: mysql://u@127.0.0.1:1/x"), text=MAPPING).replace(">-", "|"), encoding="utf-8"
    )
    with check(case.file, None) as checked:
        assert checked.closed == ("people", "customers")


def test_a_query_in_a_variable_is_told_where_the_variable_stands(case, monkeypatch):
    monkeypatch.setenv("ASKED", "SELECT nam FROM people")
    begin = MAPPING.index("query: >-")
    end = MAPPING.index("lookups:")
    marked = MAPPING[:begin] + "query: «${ASKED}\n" + MAPPING[end:]
    case.finds(marked, "the query: unknown column 'nam'; did you mean 'name'?")


def test_a_query_that_stands_in_a_stage_is_told_at_its_character(case):
    begin, end = case.mapping.index("  customers:\n"), case.mapping.index("lookups:")
    marked = edited(
        ("from: customers", 'from: { query: "SELECT «nam AS customer_id FROM people" }'),
        text=case.mapping[:begin] + case.mapping[end:],
    )
    case.finds(marked, "the query: unknown column 'nam'; did you mean 'name'?")


FOLDED = """\
sources:
  raw: { csv: customers.csv, delimiter: ";" }
  customers:
    query: STYLE
      SELECT customer_id, email, status, "First Name" -- as it was
      FROM raw
      WHERE 'a -- b' <> "status" /* -- */ -- the last line is its own
"""


@pytest.mark.parametrize(("style", "warned"), [(">-", True), ("|", False)])
def test_a_comment_that_takes_the_rest_of_a_folded_query_along_is_warned_of(tmp_path, monkeypatch, style, warned):
    monkeypatch.setenv("ACME_TOKEN", "t")
    case = Case(tmp_path)
    text = edited(('sources:\n  customers: { csv: customers.csv, delimiter: ";" }\n', FOLDED.replace("STYLE", style)))
    line = 1 + text[: text.index("-- as it was")].count("\n")
    column = len('      SELECT customer_id, email, status, "First Name" ') + 1
    warnings = [str(one).replace(f"{tmp_path}/", "") for one in case.load(text).warnings]
    told = [one for one in warnings if "comment" in one]
    expected = (
        f"migration.yaml:{line}:{column}: warning: this comment takes the rest of the statement along, "
        "which `>` and quotes make one line of; write `|`"
    )
    assert told == ([expected] if warned else [])
