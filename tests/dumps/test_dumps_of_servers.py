"""Every value of a real dump is the one that the server holds, whatever the options of the tool that dumped it."""

# ruff: noqa: E501 - a dump and what is said of it stand side by side

from __future__ import annotations

import io
import random

import pytest
from dump_servers import mysql_database, postgres_database, run

from etl.dumps.errors import DumpError
from etl.dumps.reader import read, tables

ODD = [
    "plain", "", "NULL", "it's", 'say "hi"', "back\\slash", "trail\\", "two\nlines", "crlf\r\nline", "tab\tcell", "nul\0byte",
    "),(", "'),('", "; -- no comment", "/* none */", "# none", "INSERT INTO t VALUES (1);", "\\'", "''", "%_\\%\\_", "\x1a", "\b",
    "ÇĞİÖŞÜ çğıöşü", "😀 emoji", 'a:2:{s:3:"key";s:5:"it\'s;";i:1;b:0;}', "`tick`", "$tag$ $$", "\\N", "\\.", "DELIMITER ;;",
    "e\u0301", "x" * 3000,
]  # fmt: skip


def in_utf8(value):
    return value.decode() if isinstance(value, bytes) else value if value is None else str(value)


MYSQL_TABLE = """
CREATE TABLE `order` (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY COMMENT 'a (comment), with -- marks and ''quotes''',
  txt TEXT NULL, code VARCHAR(4000) NOT NULL DEFAULT 'none', amount DECIMAL(15,4) NULL, ratio DOUBLE NULL,
  made DATETIME NULL DEFAULT '2001-02-03 04:05:06', day DATE NULL, flag TINYINT(1) NOT NULL DEFAULT 0, bits BIT(8) NULL,
  kind ENUM('0','1','it''s') NULL, doc JSON NULL, raw BLOB NULL, bin VARBINARY(20) NULL,
  total DECIMAL(15,2) AS (amount * 2) VIRTUAL,
  KEY `by_code` (code(20)), CHECK (flag >= 0)
) COMMENT='orders; (all)'
"""
COLUMNS = "txt, code, amount, ratio, made, day, flag, bits, kind, doc, raw, bin"
SELECT = (
    "SELECT CAST(id AS CHAR), txt, code, CAST(amount AS CHAR), CAST(ratio AS CHAR), CAST(made AS CHAR), CAST(day AS CHAR), "
    "CAST(flag AS CHAR), CAST(bits + 0 AS CHAR), CAST(kind AS CHAR), CAST(doc AS CHAR), LOWER(HEX(raw)), LOWER(HEX(bin)), "
    "CAST(total AS CHAR) FROM `order` ORDER BY id"
)


def odd_row(chance):
    text = chance.choice(ODD)
    raw = bytes(chance.randrange(256) for _ in range(chance.randrange(30)))
    maybe = lambda value: None if chance.random() < 0.2 else value  # noqa: E731
    return (
        maybe(text), chance.choice(ODD)[:4000], maybe(f"{chance.randrange(-10**8, 10**8) / 10000:.4f}"),
        maybe(chance.choice([0.1, 1e20, -2.5e-7, 3.0, 1 / 3])),
        maybe(chance.choice(["0000-00-00 00:00:00", "2024-02-29 23:59:59"])), maybe(chance.choice(["0000-00-00", "1999-12-31"])),
        chance.randrange(2), maybe(chance.randrange(256)), maybe(chance.choice(["0", "1", "it's"])),
        maybe('{"a": "it\'s \\\\ \\n"}'), maybe(raw), maybe(raw[:20]),
    )  # fmt: skip


@pytest.fixture(scope="module")
def mysql():
    with mysql_database() as (connection, name, login):
        chance = random.Random(20)
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION sql_mode = ''")
            cursor.execute("CREATE TABLE audit (note TEXT)")
            cursor.execute(MYSQL_TABLE)
            cursor.execute("CREATE VIEW totals AS SELECT id, total FROM `order`")
            cursor.execute(
                "CREATE TRIGGER noted AFTER DELETE ON `order` FOR EACH ROW BEGIN "
                "INSERT INTO audit VALUES ('it''s; gone'); INSERT INTO audit VALUES (';;'); END"
            )
            cursor.execute("CREATE PROCEDURE fill() BEGIN INSERT INTO `order` (code) VALUES ('from a routine'); END")
            marks = ", ".join(["%s"] * 12)
            for _ in range(600):
                cursor.execute(f"INSERT INTO `order` ({COLUMNS}) VALUES ({marks})", odd_row(chance))
            cursor.execute("INSERT INTO audit VALUES ('one'), ('two')")
            cursor.execute(SELECT)
            wanted = [[in_utf8(cell) for cell in row] for row in cursor.fetchall()]
        yield name, login, wanted


NAMES = ["id", "txt", "code", "amount", "ratio", "made", "day", "flag", "bits", "kind", "doc", "raw", "bin"]


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--hex-blob"],
        ["--skip-extended-insert"],
        ["--complete-insert"],
        ["--skip-opt"],
        ["--compact", "--no-create-db"],
        ["--replace"],
        ["--insert-ignore"],
        ["--routines", "--triggers", "--add-drop-trigger"],
        ["--net-buffer-length=4096"],
        ["--databases"],
    ],
)
@pytest.mark.parametrize("tool", ["mysqldump", "mariadb-dump"])
def test_each_value_of_a_mysql_dump_is_that_of_the_server(mysql, tool, options):
    name, login, wanted = mysql
    dump = run(tool, *login, *options, name)
    blocks = list(read(io.BytesIO(dump), {"order": NAMES, "audit": None}))
    rows = [list(row) for block in blocks if block.table == "order" for row in block.rows]
    assert len(rows) == len(wanted) == 600
    for row, right in zip(rows, wanted, strict=True):
        assert row == right[:13]
    assert [row for block in blocks if block.table == "audit" for row in block.rows] == [["one"], ["two"]]


def test_the_tables_of_a_mysql_dump_are_listed_with_their_rows_and_without_views(mysql):
    name, login, _ = mysql
    dump = run("mysqldump", *login, "--routines", name)
    found = {table.name: (table.columns, table.rows) for table in tables(io.BytesIO(dump))}
    assert found == {"audit": (("note",), 2), "order": ((*NAMES, "total"), 600)}


POSTGRES_TABLE = """
CREATE TABLE public."user" (
  id integer PRIMARY KEY, txt text, "Code" varchar(4000) DEFAULT 'it''s, (none)' NOT NULL, amount numeric(15,4), ratio double precision,
  made timestamptz, day date, flag boolean, doc jsonb, raw bytea, tags text[], CONSTRAINT positive CHECK (id >= 0)
)
"""


@pytest.fixture(scope="module")
def postgres():
    with postgres_database() as (connection, name, login):
        connection.execute("SET timezone TO 'UTC'")
        connection.execute(POSTGRES_TABLE)
        connection.execute('CREATE VIEW all_of AS SELECT * FROM public."user"')
        connection.execute(
            'CREATE FUNCTION fill() RETURNS void AS $body$ BEGIN INSERT INTO "user" (id) VALUES (1); END; $body$ LANGUAGE plpgsql'
        )
        connection.execute("COMMENT ON TABLE public.\"user\" IS 'it''s; a -- comment'")
        chance = random.Random(7)
        for number in range(400):
            text = chance.choice([one for one in ODD if "\0" not in one])
            maybe = lambda value: None if chance.random() < 0.2 else value  # noqa: E731
            connection.execute(
                "INSERT INTO public.\"user\" VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    number, maybe(text), text, maybe(chance.randrange(-10**6, 10**6) / 100), maybe(1 / 3),
                    maybe("2024-02-29 23:59:59+03"), maybe("1999-12-31"), maybe(chance.random() < 0.5),
                    maybe('{"a": "it\'s \\\\ \\n"}'), maybe(bytes(range(chance.randrange(40)))), maybe(["a,b", 'c"d', "e\\f"]),
                ),
            )  # fmt: skip
        columns = 'id, txt, "Code", amount, ratio, made, day, flag, doc, raw, tags'
        casts = ", ".join(
            f"CAST({one} AS text)"
            for one in columns.replace("flag", "CASE WHEN flag THEN 't' WHEN NOT flag THEN 'f' END").split(", ")
        )
        wanted = connection.execute(f'SELECT {casts} FROM public."user" u ORDER BY u.id').fetchall()
        yield name, login, [[in_utf8(cell) for cell in row] for row in wanted]


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--inserts"],
        ["--column-inserts"],
        ["--rows-per-insert=50"],
        ["--data-only"],
        ["--inserts", "--on-conflict-do-nothing"],
        ["--rows-per-insert=50", "--on-conflict-do-nothing"],
    ],
)
def test_each_value_of_a_postgresql_dump_is_that_of_the_server(postgres, options):
    name, login, wanted = postgres
    dump = run("pg_dump", *login, *options, name, PGTZ="UTC")
    if options == ["--data-only"]:
        assert b"CREATE TABLE" not in dump
    rows = [list(row) for block in read(io.BytesIO(dump), {"user": None}) for row in block.rows]
    assert rows == wanted


def test_a_dump_with_windows_line_ends_holds_the_same_rows(postgres):
    name, login, wanted = postgres
    dump = run("pg_dump", *login, name, PGTZ="UTC").replace(b"\n", b"\r\n")
    assert [list(row) for block in read(io.BytesIO(dump), {"user": None}) for row in block.rows] == wanted


def test_a_dump_in_powershells_utf_16_holds_the_same_rows(postgres):
    name, login, wanted = postgres
    dump = run("pg_dump", *login, name, PGTZ="UTC").decode().encode("utf-16")
    assert [list(row) for block in read(io.BytesIO(dump), {"user": None}) for row in block.rows] == wanted


def test_the_tables_of_a_postgresql_dump_are_listed(postgres):
    name, login, _ = postgres
    found = {table.name: table.rows for table in tables(io.BytesIO(run("pg_dump", *login, name)))}
    assert found == {"user": 400}


@pytest.mark.parametrize("further", [[], ["--rows-per-insert=50"], ["--column-inserts"]])
def test_a_dump_that_does_nothing_on_conflicts_has_the_rows_that_postgresql_loads_of_it(postgres, tmp_path, further):
    name, login, wanted = postgres
    path = tmp_path / "shop.sql"
    path.write_bytes(run("pg_dump", *login, "--inserts", "--on-conflict-do-nothing", *further, name, PGTZ="UTC"))
    assert path.read_bytes().count(b"ON CONFLICT DO NOTHING;") >= 8
    with postgres_database() as (connection, loaded, login_there):
        run("psql", *login_there, "-v", "ON_ERROR_STOP=1", "-q", "-f", path, loaded)
        there = connection.execute('SELECT id::text, txt, "Code" FROM public."user" u ORDER BY u.id').fetchall()
    with path.open("rb") as file:
        rows = [tuple(row) for block in read(file, {"user": ["id", "txt", "Code"]}) for row in block.rows]
    assert rows == there
    assert len(rows) == len(wanted)


@pytest.mark.parametrize("statement", ["REPLACE", "INSERT IGNORE"])
def test_rows_that_mariadb_loads_fewer_of_than_the_dump_has_are_refused_and_all_others_read(statement):
    chance = random.Random(3)
    with mysql_database() as (connection, _, _), connection.cursor() as cursor:
        for number in range(60):
            created = f"CREATE TABLE t{number} (id int, lang int, code varchar(9) UNIQUE, PRIMARY KEY (id, lang))"
            made = [(chance.randrange(12), chance.randrange(3), chance.choice("abcdefghi")) for _ in range(3)]
            values = ",".join(f"({key},{lang},{chance.choice(['NULL', repr(code)])})" for key, lang, code in made)
            insert = f"{statement} INTO t{number} VALUES {values}"
            cursor.execute(created)
            cursor.execute(insert)
            cursor.execute(f"SELECT count(*) FROM t{number}")
            kept = cursor.fetchone()[0]
            dump = io.BytesIO(f"{created};\n{insert};\n".encode())
            if kept == 3:
                assert sum(len(block.rows) for block in read(dump, {f"t{number}": None})) == 3
            else:
                with pytest.raises(DumpError, match=f"a row of table 't{number}' with the same (id, lang|code) as"):
                    list(read(dump, {f"t{number}": None}))
