"""What dumps of other tools and other times hold, and what they only seem to hold. Small texts, written by hand."""

# ruff: noqa: E501 - a dump and what is said of it stand side by side

from __future__ import annotations

import io
import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.dumps.errors import DumpError
from etl.dumps.reader import UnknownTable, outline, read, tables
from etl.dumps.shape import UnknownColumn

TABLE = "CREATE TABLE `t` (`id` int(11) NOT NULL, `name` varchar(64) DEFAULT NULL, `kind` varchar(9) NOT NULL DEFAULT 'new');\n"


def rows(dump, table="t", columns=None, encoding=None, **how):
    """All rows as tuples of bytes: what is no text comes back as the bytes that it was."""
    data = dump if isinstance(dump, bytes) else dump.encode()
    found = [row for block in read(io.BytesIO(data), {table: columns}, encoding, **how) for row in block.rows]
    return [tuple(cell if cell is None else cell.encode("utf-8", "surrogateescape") for cell in row) for row in found]


def refusal(dump, table="t", columns=None):
    with pytest.raises(DumpError) as caught:
        rows(dump, table, columns)
    return f"line {caught.value.line}: {caught.value.what}"


PHPMYADMIN = """\
-- phpMyAdmin SQL Dump
-- version 5.2.1
-- https://www.phpmyadmin.net/
SET SQL_MODE = "NO_AUTO_VALUE_ON_ZERO";
START TRANSACTION;
SET time_zone = "+00:00";
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
--
-- Database: `shop`; it's here
--
DELIMITER $$
CREATE DEFINER=`root`@`localhost` PROCEDURE `refill` ()  BEGIN
  INSERT INTO `t` VALUES (99, 'from a routine; $', 'x');
END$$
DELIMITER ;
-- --------------------------------------------------------
CREATE TABLE `t` (
  `id` int(11) NOT NULL,
  `name` varchar(64) COLLATE utf8mb4_turkish_ci DEFAULT NULL,
  `kind` varchar(9) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
INSERT INTO `t` (`id`, `name`, `kind`) VALUES
(1, 'Ayşe', 'a'),
(2, NULL, ''),
('3', 'O\\'Brien; -- \\r\\n', 'NULL');
-- Stand-in structure for view `all_of`
CREATE TABLE `all_of` (
`id` int(11)
,`name` varchar(64)
);
DROP TABLE IF EXISTS `all_of`;
CREATE ALGORITHM=UNDEFINED DEFINER=`root`@`localhost` SQL SECURITY DEFINER VIEW `all_of` AS SELECT `t`.`id` AS `id` FROM `t` ;
ALTER TABLE `t` ADD PRIMARY KEY (`id`);
COMMIT;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;
"""
ADMINER = """\
-- Adminer 4.8.1 MySQL 10.11.2-MariaDB dump

SET NAMES utf8;
SET foreign_key_checks = 0;
SET NAMES utf8mb4;

DROP TABLE IF EXISTS `t`;
CREATE TABLE `t` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `name` varchar(64) DEFAULT NULL,
  `kind` varchar(9) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB;

TRUNCATE `t`;
INSERT INTO `t` (`id`, `name`, `kind`) VALUES
(1,\t'Ayşe',\t'a'),
(2,\tNULL,\t''),
(3,\t'O\\'Brien; -- \\r\\n',\t'NULL')
;
-- 2024-01-01 10:00:00
"""
THREE = [(b"1", "Ayşe".encode(), b"a"), (b"2", None, b""), (b"3", b"O'Brien; -- \r\n", b"NULL")]


@pytest.mark.parametrize("dump", [PHPMYADMIN, ADMINER], ids=["phpMyAdmin", "Adminer"])
def test_the_rows_are_those_of_the_table_and_nothing_else(dump):
    assert rows(dump) == THREE


@pytest.mark.parametrize("dump", [PHPMYADMIN, ADMINER], ids=["phpMyAdmin", "Adminer"])
@given(block=st.integers(min_value=1, max_value=60))
def test_where_the_file_is_cut_into_blocks_changes_nothing(dump, block):
    head, tail = b"-- " + b"x" * (1 << 16) + b"\n", dump.encode()
    assert rows(head + tail, block=block) == THREE


def test_a_view_that_has_a_table_as_its_stand_in_is_no_table():
    assert [(table.name, table.rows) for table in tables(io.BytesIO(PHPMYADMIN.encode()))] == [("t", 3)]


def test_a_column_that_the_insert_leaves_out_has_its_default_and_the_order_is_the_tables():
    assert rows(TABLE + "INSERT INTO t (name, id) VALUES ('x', 1);") == [(b"1", b"x", b"new")]


def test_a_column_without_a_default_cannot_be_left_out():
    assert refusal(TABLE + "INSERT INTO t (name) VALUES ('x');") == (
        "line 2: rows of table 't' leave out its column 'id', which has no default; dump it with --complete-insert"
    )


@pytest.mark.parametrize(
    "default",
    [
        "DEFAULT current_timestamp()",
        "DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP",
        "DEFAULT (uuid())",
        "DEFAULT true",
    ],
)
def test_a_column_whose_default_the_database_computes_is_no_null_where_rows_leave_it_out(default):
    dump = f"CREATE TABLE t (id int, made timestamp NULL {default} COMMENT 'a');\nINSERT INTO t (id) VALUES (1);"
    assert rows(dump, columns=["id"]) == [(b"1",)]
    assert refusal(dump) == (
        "line 2: rows of table 't' leave out its column 'made', whose default the database computes; dump all columns of its rows"
    )


@pytest.mark.parametrize(
    ("kind", "default", "cell"),
    [
        ("decimal(10,2)", "'5.00'", b"5.00"), ("decimal(10,2)", "0.00", b"0.00"), ("decimal(10,2)", "'5'", None),
        ("decimal(10,2)", "5.005", None), ("decimal(6)", "5", b"5"), ("decimal", "5.0", None), ("decimal(10,2)", "NULL", ""),
        ("bit(3)", "b'101'", None), ("int", "'7'", b"7"), ("int", "'07'", None), ("double", "0.5", b"0.5"), ("double", "0.50", None),
        ("date", "'2020-01-01'", b"2020-01-01"), ("date", "'20200101'", None), ("datetime", "'2020-01-01'", None),
        ("datetime", "'2020-01-01 00:00:00'", b"2020-01-01 00:00:00"), ("varchar(9)", "'05'", b"05"),
    ],
)  # fmt: skip
def test_a_default_that_is_not_written_as_the_columns_values_are_is_not_given_to_rows_that_leave_it_out(
    kind, default, cell
):
    dump = f"CREATE TABLE t (id int, a {kind} DEFAULT {default});\nINSERT INTO t (id) VALUES (1);"
    if cell is None:
        assert "leave out its column 'a', whose default the database computes" in refusal(dump)
    else:
        assert rows(dump) == [(b"1", cell or None)]
    assert rows(dump, columns=["id"]) == [(b"1",)]


@pytest.mark.parametrize("only", ["", "ONLY "])
@pytest.mark.parametrize("column", ["", "COLUMN "])
def test_a_default_that_a_statement_of_its_own_sets_is_no_null(only, column):
    dump = (
        "--\n-- PostgreSQL database dump\n--\nCREATE TABLE public.t (id integer, a text);\n"
        f"ALTER TABLE {only}public.t ALTER {column}a SET DEFAULT 'later'::text;\nINSERT INTO public.t %s;\n"
        "--\n-- PostgreSQL database dump complete\n--\n"
    )
    assert rows(dump % "(id, a) VALUES (1, 'x')") == [(b"1", b"x")]
    assert "leave out its column 'a', whose default the database computes" in refusal(dump % "(id) VALUES (1)")


@pytest.mark.parametrize(
    ("default", "cell"),
    [
        ("", None), ("DEFAULT  NULL", None), ("DEFAULT NULL::text", None), ("DEFAULT 'x'::text", b"x"), ("DEFAULT -1.5", b"-1.5"),
        ("COMMENT 'by DEFAULT now'", None), ("REFERENCES u (id) ON DELETE SET DEFAULT ", None),
    ],
)  # fmt: skip
def test_a_column_that_rows_leave_out_holds_the_literal_that_its_table_says(default, cell):
    assert rows(f"CREATE TABLE t (id int, v text {default});\nINSERT INTO t (id) VALUES (1);") == [(b"1", cell)]


def test_only_the_columns_that_are_wanted_come_and_in_the_order_that_is_wanted():
    assert rows(TABLE + "INSERT INTO t VALUES (1, 'x', 'y');", columns=["kind", "id"]) == [(b"y", b"1")]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("order", "`order`"),
        ("user", '"user"'),
        ("Orders", "[dbo].[Orders]"),
        ("t", "shop.t"),
        ("t", "`shop`.`t`"),
        ("a`b", "`a``b`"),
    ],
)
def test_a_name_is_read_in_each_kind_of_quotes_and_without_its_schema(name, written):
    assert rows(f"CREATE TABLE {written} (id int);\nINSERT INTO {written} VALUES (1);", name) == [(b"1",)]


def test_tables_of_one_name_in_two_schemas_of_postgresql_are_two_tables_with_the_names_that_the_server_knows():
    dump = (
        "-- PostgreSQL database dump\nCREATE TABLE a.cust (id int);\nCREATE TABLE public.cust (id int);\n"
        "COPY a.cust (id) FROM stdin;\n1\n\\.\nINSERT INTO public.cust VALUES (2);\nINSERT INTO a.cust VALUES (3);\n"
        "-- PostgreSQL database dump complete\n"
    )
    assert rows(dump, "a.cust") == [(b"1",), (b"3",)]
    assert rows(dump, "cust") == [(b"2",)]


@pytest.mark.parametrize(
    "dump",
    [
        "USE `a`;\nCREATE TABLE t (id int);\nUSE `b`;\nCREATE TABLE t (id int); INSERT INTO t VALUES (1);",
        "USE a;\nCREATE TABLE t (id int); INSERT INTO t VALUES (1);\nUSE b;\nINSERT INTO t VALUES (2);",
        "CREATE TABLE a.t (id int);\nINSERT INTO a.t VALUES (1);\n\nINSERT INTO b.t VALUES (2);",
    ],
)
def test_rows_of_two_databases_never_become_those_of_one_table(dump):
    assert refusal(dump) == "line 4: table 't' is in two databases, 'a' and 'b'; dump the one that is meant"


@pytest.mark.parametrize(
    ("dump", "other", "first"),
    [
        ("CREATE TABLE t (id int);\nINSERT INTO t VALUES (1);\n\nINSERT INTO other.t VALUES (2);", "other", 2),
        ("CREATE TABLE t (id int);\nINSERT INTO other.t VALUES (1);\n\nINSERT INTO t VALUES (2);", "other", 2),
        ("CREATE TABLE t (id int);\nINSERT INTO t VALUES (1);\nUSE b;\nINSERT INTO t VALUES (2);", "b", 2),
        ("CREATE TABLE t (id int);\nREPLACE INTO t VALUES (1);\n\nINSERT IGNORE INTO `x y`.`t` VALUES (2);", "x y", 2),
    ],
)
def test_rows_of_a_database_that_is_named_are_not_those_of_one_that_is_not(dump, other, first):
    assert refusal(dump) == (
        f"line 4: rows of table 't' of the database '{other}', and from line {first} on of one that is not named; "
        "dump the one that is meant"
    )


def test_copied_rows_of_two_schemas_are_not_those_of_one_table():
    dump = (
        "-- PostgreSQL database dump\nCREATE TABLE t (id int);\nCOPY t (id) FROM stdin;\n1\n\\.\n"
        "COPY public.t (id) FROM stdin;\n2\n\\.\n-- PostgreSQL database dump complete\n"
    )
    assert refusal(dump).startswith("line 6: rows of table 't' of the database 'public'")


@pytest.mark.parametrize("insert", ["INSERT INTO shop.t VALUES (1);", "USE shop;\nINSERT INTO t VALUES (1);"])
def test_a_table_may_be_made_without_its_database_and_filled_with_it(insert):
    assert rows(f"CREATE TABLE t (id int);\n{insert}\n{insert}") == [(b"1",), (b"1",)]


def test_a_row_that_another_one_replaces_is_not_read_beside_it():
    dump = f"{TABLE}INSERT INTO t VALUES (1,'old','a');\nREPLACE INTO t VALUES (1,'new','a'),(2,'x','a');\n"
    assert refusal(dump) == (
        "line 3: REPLACE takes the place of rows of table 't', which the dump inserts from line 2 on, and that is not read; "
        "load the dump into a database, and read that"
    )


def test_rows_of_replace_alone_are_read_and_those_of_another_table_are_no_hindrance():
    replaced = "REPLACE INTO t VALUES (1,'x','a');\nREPLACE INTO t VALUES (2,NULL,'a');\n"
    other = "CREATE TABLE u (id int);\nINSERT INTO u VALUES (1);\nREPLACE INTO u VALUES (1);\n"
    assert rows(TABLE + other + replaced) == [(b"1", b"x", b"a"), (b"2", None, b"a")]


KEYED = """CREATE TABLE `t` (`id` int(11) NOT NULL, `lang` int NOT NULL COMMENT 'no UNIQUE', `mail` varchar(9),
 PRIMARY KEY (`id`,`lang`), UNIQUE KEY `by_mail` (`mail`), KEY `by_lang` (`lang`));
"""


def twice(line, columns, first):
    return (
        f"line {line}: a row of table 't' with the same {columns} as the one of line {first}, and a database that loads the dump "
        "keeps one of the two; load it into one, and read that"
    )


@pytest.mark.parametrize("statement", ["REPLACE INTO", "INSERT IGNORE INTO", "replace", "INSERT LOW_PRIORITY IGNORE"])
@pytest.mark.parametrize("rare", ["", "X'41',"])
def test_of_two_rows_with_one_key_a_database_keeps_one_so_they_are_refused_with_the_lines_of_both(statement, rare):
    table = KEYED.replace("`id`", "`raw` blob, `id`", 1) if rare else KEYED
    once = f"{table}{statement} t VALUES ({rare}1,1,'a'),({rare}1,2,NULL);\n{statement} t VALUES ({rare}2,1,NULL);\n"
    assert len(rows(once)) == 3
    assert refusal(f"{once}{statement} t VALUES ({rare}3,1,'b'),({rare}1,2,'c');") == twice(5, "id, lang", 3)
    assert refusal(f"{once}{statement} t VALUES ({rare}3,1,'a');", columns=["lang"]) == twice(5, "mail", 3)


def test_each_row_of_a_statement_of_many_lines_is_told_by_its_own():
    dump = f"{KEYED}REPLACE INTO t VALUES\n(1,1,0x41),\n(2,1,NULL),\n(1,1,NULL);\n"
    assert refusal(dump) == twice(6, "id, lang", 4)


@pytest.mark.parametrize(
    "key",
    [
        "id int PRIMARY KEY",
        "id int UNIQUE",
        "id int, CONSTRAINT `c` UNIQUE (id)",
        "id int, UNIQUE INDEX USING BTREE (id)",
    ],
)
def test_a_key_is_known_however_its_table_says_it(key):
    dump = f"CREATE TABLE t ({key});\nREPLACE INTO t VALUES (1);\n"
    assert refusal(f"{dump}REPLACE INTO t VALUES (2),(1);") == twice(3, "id", 2)


@pytest.mark.parametrize(
    "table",
    [
        "id int COMMENT 'PRIMARY KEY'",  # a comment is no key
        "id int, UNIQUE KEY (id(2))",  # nor are the first letters of a column
        "id int, KEY unique_id (id)",
    ],
)
def test_what_is_no_key_may_be_there_twice(table):
    assert len(rows(f"CREATE TABLE t ({table});\nREPLACE INTO t VALUES (1),(1);")) == 2


def test_keys_that_are_given_later_hinder_no_row_as_on_the_server():
    dump = "CREATE TABLE t (id int);\nREPLACE INTO t VALUES (1),(1);\nALTER TABLE t ADD PRIMARY KEY (id);\n"
    assert len(rows(dump)) == 2


def test_a_key_of_an_ignored_row_may_be_that_of_a_row_inserted_before_it():
    dump = f"{KEYED}INSERT INTO t VALUES (1,1,'a');\nINSERT IGNORE INTO t VALUES (1,1,'b');\n"
    with pytest.raises(DumpError) as caught:
        list(read(io.BytesIO(dump.encode()), {"t": None}, one_kept=outline(io.BytesIO(dump.encode())).one_kept))
    assert f"line {caught.value.line}: {caught.value.what}" == twice(4, "id, lang", 3)


def test_a_row_without_its_key_is_given_one_by_the_server():
    dump = "CREATE TABLE t (id int PRIMARY KEY AUTO_INCREMENT, a int);\n"
    replaced = "REPLACE INTO t VALUES (NULL,1),(NULL,1);\nREPLACE INTO t (a) VALUES (2);\n"
    assert rows(dump + replaced, columns=["a"]) == [(b"1",), (b"1",), (b"2",)]


ON_CONFLICT = "-- PostgreSQL database dump\nCREATE TABLE t (id int{key}, name text);\n"
END = "-- PostgreSQL database dump complete\n"


@given(block=st.integers(min_value=1, max_value=60))
def test_what_a_row_says_of_conflicts_is_read_wherever_the_file_is_cut(block):
    table = ON_CONFLICT.format(key=" PRIMARY KEY") + "-- " + "x" * (1 << 16) + "\n"
    dump = f"{table}INSERT INTO t VALUES\n\t(1, 'ON CONFLICT'),\n\t(2, NULL)\nON CONFLICT DO NOTHING;\n"
    dump += f"INSERT INTO t VALUES (3, 'x') ON CONFLICT DO NOTHING;\n{END}"
    assert rows(dump, block=block) == [(b"1", b"ON CONFLICT"), (b"2", None), (b"3", b"x")]


def test_a_key_twice_is_refused_where_postgresql_keeps_the_first_row():
    dump = ON_CONFLICT.format(key=" PRIMARY KEY") + "INSERT INTO t VALUES (1, 'a') ON CONFLICT DO NOTHING;\n"
    again = f"INSERT INTO t VALUES (1, 'b') ON CONFLICT DO NOTHING;\n{END}"
    assert refusal(dump + again) == twice(4, "id", 3)


@pytest.mark.parametrize(
    "said", ["ON CONFLICT (id) DO NOTHING", "ON CONFLICT DO UPDATE SET name = 'x'", "RETURNING id"]
)
def test_anything_else_behind_rows_is_refused_in_a_dump_of_postgresql(said):
    dump = f"{ON_CONFLICT.format(key='')}INSERT INTO t VALUES (1, 'a') {said};\n{END}"
    assert refusal(dump).startswith(
        "line 3: what an INSERT says behind its rows is not read; load the dump into a database"
    )


NAMED = "INSERT INTO shop.t (id, name) VALUES\n (1, 'Ayşe'),\n (2, NULL);\nINSERT INTO shop.t (name, id) VALUES ('Veli', 3);\n"


def test_a_dump_of_rows_alone_is_read_by_the_columns_that_its_rows_name():
    assert rows(NAMED, columns=["id", "name"]) == [(b"1", "Ayşe".encode()), (b"2", None), (b"3", b"Veli")]
    assert [(one.name, one.columns, one.rows) for one in tables(io.BytesIO(NAMED.encode()))] == [
        ("t", ("id", "name"), 3)
    ]
    assert outline(io.BytesIO(NAMED.encode())).columns == {"t": ("id", "name")}


def test_rows_that_lack_a_column_of_other_rows_are_asked_about_where_nothing_says_its_default():
    dump = f"{NAMED}INSERT INTO shop.t (id, mail) VALUES (4, 'a@example.com');\n"
    assert outline(io.BytesIO(dump.encode())).columns == {"t": ("id", "name", "mail")}
    assert refusal(dump, columns=["id", "mail"]) == (
        "line 1: rows of table 't' leave out the column 'mail', which others have; dump it with its structure (CREATE TABLE)"
    )
    assert len(rows(dump, columns=["id"])) == 4


def test_rows_of_which_nothing_names_the_columns_are_listed_with_what_to_do():
    dump = "CREATE TABLE u (id int);\nINSERT INTO u VALUES (1);\nINSERT INTO t VALUES (1, 'a'), (2, 'b');\n"
    question = (
        "rows of table 't' without the names of their columns; dump it with its structure (CREATE TABLE), or with "
        "--complete-insert"
    )
    assert [(one.name, one.rows, one.note) for one in tables(io.BytesIO(dump.encode()))] == [
        ("u", 1, ""),
        ("t", 2, question),
    ]
    assert outline(io.BytesIO(dump.encode())).nameless == {"t": 3}
    assert refusal(dump) == f"line 3: {question}"
    assert rows(dump, "u") == [(b"1",)]


def test_a_table_whose_rows_stand_in_its_partitions_is_not_read_as_an_empty_one():
    dump = (
        "-- PostgreSQL database dump\nCREATE TABLE public.t (\n    id int\n)\nPARTITION BY RANGE (id);\n"
        "CREATE TABLE public.t1 (id int);\nINSERT INTO public.t1 VALUES (5);\n-- PostgreSQL database dump complete\n"
    )
    assert rows(dump, "t1") == [(b"5",)]
    assert refusal(dump).endswith(
        "the rows of table 't' stand in its partitions; dump it with pg_dump --load-via-partition-root"
    )


def test_bits_of_postgresql_are_the_text_that_its_server_and_copy_give():
    dump = "-- PostgreSQL database dump\nCREATE TABLE t (b bit(3));\nINSERT INTO t VALUES (B'101'), (B'001');\n-- PostgreSQL database dump complete\n"
    assert rows(dump) == [(b"101",), (b"001",)]


@pytest.mark.parametrize(
    ("kind", "text"),
    [("point", "(1,2)"), ("geometry(Point,4326)", "0101000020E6100000"), ("bytea", r"\x00ff"), ("image", "a.png")],
)
def test_a_value_of_postgresql_is_the_text_that_its_server_and_copy_give_whatever_mysql_means_by_its_type(kind, text):
    made = f"-- PostgreSQL database dump\nCREATE TABLE t (v {kind});\n"
    ended = "-- PostgreSQL database dump complete\n"
    inserted = rows(f"{made}INSERT INTO t VALUES ('{text}'), (NULL);\n{ended}")
    copied_text = text.replace("\\", "\\\\")
    copied = rows(f"{made}COPY t (v) FROM stdin;\n{copied_text}\n\\N\n\\.\n{ended}")
    assert inserted == copied == [(text.encode(),), (None,)]


def test_a_message_about_a_dump_tells_no_customer():
    said = refusal(TABLE + "INSERT INTO t VALUES (1, CONCAT('ali.veli@example.com', 'Şifre123'), 'y');")
    assert (
        said
        == "line 2: a function in the place of a value is not read; load the dump into a database, and read that: C***('a***.v***@e***.c***', 'Ş***'), '***');"
    )


@pytest.mark.parametrize(
    ("written", "cell"),
    [
        ("'it''s'", b"it's"), (r"'it\'s'", b"it's"), (r"'a\\'", b"a\\"), (r"'\0\Z\b\t\n\r'", b"\0\x1a\b\t\n\r"), (r"'100\%\_'", rb"100\%\_"),
        (r"'\d'", b"d"), ("''", b""), ("NULL", None), ("null", None), ("'NULL'", b"NULL"), ("0x4142", b"AB"), ("X'4142'", b"AB"),
        ("_binary 'AB'", b"AB"), ("_utf8mb4'AB'", b"AB"), ("b'101'", b"5"), ("-1.5e-7", b"-1.5e-7"), (".5", b".5"), ("TRUE", b"1"),
        ("'0000-00-00'", b"0000-00-00"), ('"it\'s"', b"it's"), ("'\U0001f600'", "\U0001f600".encode()), ("'),('", b"),("), ("'; -- '", b"; -- "),
    ],
)  # fmt: skip
def test_a_value_is_what_mysql_reads_in_it(written, cell):
    assert rows(f"CREATE TABLE t (v text);\nINSERT INTO t VALUES ({written});") == [(cell,)]


def test_the_bytes_of_a_blob_become_hexadecimal_digits():
    assert rows("CREATE TABLE t (v blob);\nINSERT INTO t VALUES (_binary 'A\\0'), (0x4100), ('A\\0'), (NULL);") == [
        (b"4100",), (b"4100",), (b"4100",), (None,),
    ]  # fmt: skip


def test_sqlites_own_dump_is_read():
    dump = "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE t(id INTEGER, name);\nINSERT INTO t VALUES(1,'a\\b''c');\nCOMMIT;\n"
    assert rows(dump) == [(b"1", rb"a\b'c")]


def test_what_a_value_of_sqlite_is_is_told_by_how_it_is_written_and_not_by_its_column():
    values = ["X'6162'", "x'00FF270a'", "X''", "'txt'", "''", "'1.50'", "19.989999999999998436", "9.9999999999999995472e-08", "1.0e+20",
              "10000000000000000.0", "3.0", "-.5", "1e999", "-1e999", "9007199254740993", "-7", "NULL"]  # fmt: skip
    dump = "PRAGMA foreign_keys=OFF;\nCREATE TABLE t(a, b blob);\n" + "".join(
        f"INSERT INTO t VALUES({value},{value});\n" for value in values
    )
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(dump)
        held = database.execute("SELECT a, b FROM t").fetchall()
    assert rows(dump) == [tuple(map(shown, row)) for row in held]


def shown(cell):
    """As a table of the database itself is read."""
    return cell if cell is None else (cell.hex() if isinstance(cell, bytes) else str(cell)).encode()


@pytest.mark.parametrize("kind", ["text", "real", "numeric", "integer"])
def test_bytes_in_a_column_of_another_type_stay_bytes_in_a_dump_of_sqlite(kind):
    dump = f"PRAGMA foreign_keys=OFF;\nCREATE TABLE t(a {kind});\nINSERT INTO t VALUES(X'6162');\n"
    assert rows(dump) == [(b"6162",)]


@pytest.mark.parametrize(
    "value",
    [
        r"replace('two\nlines','\n',char(10))",
        r"replace(replace('a\r\nb','\r',char(13)),'\n',char(10))",
        r"replace('cr\ralone','\r',char(13))",
        r"replace('a\nb\012c','\012',char(10))",
        r"replace(replace('\r\n \015\012','\015',char(13)),'\012',char(10))",
        r"replace('\n \012 (\n0)','(\n0)',char(10))",
        r"replace('it''s\n);--\','\n',char(10))",
        r"replace('''\n''','\n',char(10))",
    ],
)
def test_a_text_of_many_lines_is_read_as_sqlites_tool_writes_it(value):
    dump = f"PRAGMA foreign_keys=OFF;\nCREATE TABLE t(id, a text);\nINSERT INTO t VALUES(1,{value});\nINSERT INTO t VALUES(2,'x');\n"
    with closing(sqlite3.connect(":memory:")) as database:
        held = database.execute(f"SELECT {value}").fetchone()
    assert rows(dump, columns=["a"]) == [tuple(map(shown, held)), (b"x",)]


def test_control_characters_are_read_as_newer_tools_of_sqlite_write_them():
    value = r"unistr('it''s\u000d\u000ab\\u000a \u001bé')"
    dump = f"PRAGMA foreign_keys=OFF;\nCREATE TABLE t(a text);\nINSERT INTO t VALUES({value});\n"
    assert rows(dump) == [("it's\r\nb\\u000a \x1bé".encode(),)]


@given(st.text(alphabet="ab\\nr012'(),;\n\r", max_size=12))
def test_whatever_text_is_written_as_sqlites_tool_does_comes_back(text):
    written = as_sqlites_tool_writes(text)
    dump = f"PRAGMA foreign_keys=OFF;\nCREATE TABLE t(a text);\nINSERT INTO t VALUES({written});\n"
    assert rows(dump) == [(text.encode(),)]


def as_sqlites_tool_writes(text):
    """As its shell.c does (output_quoted_escaped_string): a sign that the text has not stands for each line end."""
    written, signs = "'" + text.replace("'", "''") + "'", []
    for end, code, candidates in (("\r", 13, (r"\r", r"\015")), ("\n", 10, (r"\n", r"\012"))):
        if end in text:
            others = (f"({candidates[0]}{number})" for number in range(100))
            signs.append((end, code, next(sign for sign in (*candidates, *others) if sign not in text)))
    for end, _, sign in signs:
        written = written.replace(end, sign)
    for _, code, sign in signs:
        written = f"replace({written},'{sign}',char({code}))"
    return written


def test_a_script_of_sql_server_is_read():
    dump = (
        "USE [shop]\nGO\nSET ANSI_NULLS ON\nGO\nCREATE TABLE [dbo].[t](\n\t[id] [int] NOT NULL,\n\t[name] [nvarchar](50) NULL\n) ON [PRIMARY]\nGO\n"
        "INSERT [dbo].[t] ([id], [name]) VALUES (1, N'Ayşe')\nINSERT [dbo].[t] ([id], [name]) VALUES (2, NULL)\nGO\n"
    )
    assert rows(dump.encode("utf-16")) == [(b"1", "Ayşe".encode()), (b"2", None)]


def test_a_dump_says_its_encoding_and_the_mapping_may_know_better():
    dump = (
        b"/*!40101 SET NAMES latin5 */;\n" + TABLE.encode() + "INSERT INTO t VALUES (1,'ŞİĞ','ı');".encode("iso8859-9")
    )
    assert rows(dump) == [(b"1", "ŞİĞ".encode(), "ı".encode())]
    assert rows(dump.replace(b"latin5", b"latin1"), encoding="cp1254") == [(b"1", "ŞİĞ".encode(), "ı".encode())]


@pytest.mark.parametrize("column", ["", ", b blob"])  # a row with bytes is read the careful way
def test_each_byte_of_mysqls_latin1_is_the_letter_that_the_server_means(column):
    codes = bytes(code for code in range(1, 256) if code not in b"'\\\x01\x02\x03\x04\x05\x1f")
    null = b", NULL" if column else b""
    dump = b"SET NAMES latin1;\nCREATE TABLE t (a text%s);\n" % column.encode()
    dump += b"INSERT INTO t VALUES ('%s'%s),('\xc3\x81'%s);\n" % (codes, null, null)
    letters = "".join(bytes([code]).decode("cp1252") if code not in HOLES else chr(code) for code in codes)
    assert rows(dump, columns=["a"]) == [(letters.encode(),), ("Ã\x81".encode(),)]


HOLES = b"\x81\x8d\x8f\x90\x9d"
"""Bytes without a letter in windows-1252, which MySQL takes for the control characters of those numbers."""


def test_a_text_that_is_not_of_the_encoding_stays_as_it_is_for_the_reader_of_rows_to_find():
    assert rows(TABLE.encode() + b"INSERT INTO t VALUES (1,'\xdeule','');") == [(b"1", b"\xdeule", b"")]


@pytest.mark.parametrize(
    ("dump", "says"),
    [
        ("INSERT INTO t VALUES (1);", "line 1: rows of table 't' without the names of their columns; dump it with its structure (CREATE TABLE), or with --complete-insert"),
        (TABLE + "INSERT INTO t VALUES (1, 'x');", "line 2: table 't': a row has 2 values for 3 columns"),
        (TABLE + "\nINSERT INTO t VALUES (1, 'x', 'y), (2, 'x', 'y');", "line 3: a row that cannot be read; is a quote missing? Else load the dump into a database, and read that: (***, '***', '***), (***, '***', '***');"),
        (TABLE + "INSERT INTO t SELECT * FROM s;", "line 2: an INSERT of a form that is not read (VALUES with tuples is): INSERT INTO *** SELECT * FROM ***;"),
        (TABLE + "INSERT INTO t VALUES (1, now(), 'y');", "line 2: a function in the place of a value is not read; load the dump into a database, and read that: n***(), '***');"),
        (TABLE + "INSERT INTO t VALUES (1, DEFAULT, 'y');", "line 2: table 't': DEFAULT is no value that is read; load the dump into a database, and read that"),
        (TABLE + "UPDATE t SET name = 'x';", "line 2: a statement that is not read: UPDATE *** SET n*** = '***';"),
        (TABLE + "INSERT INTO t VALUES (1, 'x', 'y');\nDELETE FROM t;", "line 3: removes rows of table 't', which the dump has from line 2 on; are these two dumps in one file? part them"),
        (TABLE + "INSERT INTO t VALUES (1, 'x', 'y');\n" + TABLE, "line 3: table 't' again, of which rows begin in line 2; part the two dumps"),
        ("SET sql_mode='ANSI,NO_BACKSLASH_ESCAPES';", "line 1: its sql_mode has NO_BACKSLASH_ESCAPES, which is not read; dump it without"),
        ("-- MySQL dump 10.13\n" + TABLE + "INSERT INTO t VALUES (1, 'x', 'y');\n", "line 4: the dump was cut off: the line that its tool writes at the end is missing; dump it again"),
        (TABLE + "INSERT INTO t VALUES (1, 'x', 'y'),", "line 2: a row that does not end: is a quote missing, or was the dump cut off? dump it again"),
        ("CREATE TABLE t (id int, name", "line 1: CREATE TABLE that does not end; was the dump cut off?"),
        ("mysqldump: Got error: 1045: Access denied for user 'root'@'localhost'\n", "line 1: holds the error message of the tool that should have dumped: mysqldump: Got error: 1045: Access denied for user 'root'@'l..."),
        ("<!DOCTYPE html><html>", "line 1: is a web page, not a dump; was the download answered with a login page?"),
        ("%PDF-1.4", "line 1: is no statement: %P***-***.***"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_with_its_line(dump, says):
    assert refusal(dump) == says


@pytest.mark.parametrize(
    ("insert", "says"),
    [
        ("(1, /* it's */ 'x', 'y');", "line 2: a comment within or around the rows of an INSERT is not read; load the dump into a database, and read that: /* ***'*** */ '***', '***');"),
        ("(1, 'x', 'y'),\n-- two\n(2, 'x', 'y');", "line 3: a comment within or around the rows of an INSERT is not read; load the dump into a database, and read that: -- t***..."),
        ("(1, 'x', 'y')*/;", "line 2: a comment within or around the rows of an INSERT is not read; load the dump into a database, and read that: */;"),
        ("(1, 'x', 'y')\nON DUPLICATE KEY UPDATE name = 'z';", "line 3: what an INSERT says behind its rows is not read; load the dump into a database, and read that: ON DUPLICATE KEY UPDATE n*** = '***';"),
        ("(1, 'a' 'b', 'y');", "line 2: two texts without a comma between them are not read; is a quote missing? Else load the dump into a database, and read that: '***', '***');"),
        ("(1, _latin1 x'e9', 'y');", "line 2: a text as bytes, with its encoding before them, is not read; load the dump into a database, and read that: _*** ***'***', '***');"),
        ("(1, 'x', 'y);\n", "line 2: a row that does not end: is a quote missing, or was the dump cut off? dump it again: (***, '***', '***);..."),
        ("(1 + 1, 'x', 'y');", "line 2: a row that cannot be read; is a quote missing? Else load the dump into a database, and read that: (*** + ***, '***', '***');"),
    ],
)  # fmt: skip
def test_what_stands_in_whole_rows_and_is_not_read_is_told_by_its_name_with_what_to_do(insert, says):
    assert refusal(TABLE + "INSERT INTO t VALUES " + insert) == says


def test_a_row_that_is_not_read_is_told_without_looking_through_the_rest_of_the_dump_for_its_end():
    file = io.BytesIO(f"{TABLE}INSERT INTO t VALUES (1, now(), 'y');\n-- {'x' * (1 << 20)}".encode())
    with pytest.raises(DumpError, match="a function in the place of a value"):
        list(read(file, {"t": None}, block=1 << 10))
    assert file.tell() < 1 << 17


@pytest.mark.parametrize("written", ['"char"', '"my type"', 'public."my type"', '"char"[]'])
def test_a_column_whose_type_is_named_in_quotes_is_read(written):
    dump = f"-- PostgreSQL database dump\nCREATE TABLE t (\n    id integer,\n    o {written} DEFAULT 'a' NOT NULL\n);\nINSERT INTO t VALUES (1, 'b');\n-- PostgreSQL database dump complete\n"
    assert rows(dump) == [(b"1", b"b")]


def test_a_column_that_cannot_be_read_is_told_with_how_to_dump_without_it():
    assert refusal("CREATE TABLE t (id int, name 'text');") == (
        "line 1: a column that cannot be read: name 'text'; dump the rows alone, with the names of their columns "
        "(mysqldump --no-create-info --complete-insert, pg_dump --data-only --column-inserts)"
    )


@pytest.mark.parametrize(
    ("sign", "says"),
    [
        (
            b"PGDMP\x01\x0e",
            "is pg_dump's custom format; make a plain one: pg_dump --format=plain, or pg_restore -f shop.sql THIS",
        ),
        (b"SQLite format 3\0", "is an SQLite database, not a dump; name it as the database itself"),
        (b"PK\x03\x04", "is a zip archive; name it .zip"),
        (b"\x1f\x8b\x08", "is compressed with gzip; name it .gz"),
    ],
)
def test_a_file_that_only_bears_the_name_of_a_dump_is_refused_by_what_it_is(sign, says):
    assert refusal(sign + b"\0" * 100) == f"line 1: {says}"


def test_a_table_or_a_column_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(UnknownTable) as table:
        rows(TABLE, "tt")
    assert table.value.there_are == ["t"]
    with pytest.raises(UnknownColumn) as column:
        rows(TABLE + "INSERT INTO t VALUES (1, 'x', 'y');", columns=["nam"])
    assert column.value.there_are == ["id", "name", "kind"]


CELLS = st.one_of(st.none(), st.text(alphabet=st.characters(codec="utf-8"), max_size=12))


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8), st.integers(min_value=1, max_value=40))
def test_whatever_text_is_quoted_as_mysql_does_comes_back(table, block):
    def quoted(cell):
        escapes = str.maketrans(
            {"\\": "\\\\", "'": "\\'", "\0": "\\0", "\n": "\\n", "\r": "\\r", "\x1a": "\\Z", '"': '\\"'}
        )
        return "NULL" if cell is None else f"'{cell.translate(escapes)}'"

    values = ",".join(f"({quoted(first)},{quoted(second)})" for first, second in table)
    dump = f"-- {'x' * (1 << 16)}\nCREATE TABLE t (a text, b text);\nINSERT INTO t VALUES {values};\n".encode()
    assert rows(dump, block=block) == [tuple(cell if cell is None else cell.encode() for cell in row) for row in table]
