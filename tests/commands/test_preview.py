"""`etl preview`: cells beside the fields they feed, problems beside their field, and which rows are shown."""

import io
import json
import os
import pty
import re
import sqlite3
import subprocess
from contextlib import closing

import pytest
from commands import command, environment, etl
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from etl.commands.preview import AskedRows, is_of, previewed
from etl.errors import MappingError
from etl.findings import Finding
from etl.report.preview import PreviewRow, print_preview, side_by_side

MAPPING = """\
version: 1
name: shop
sources:
  customers: { csv: customers.csv, counters: { nth: city } }
  places: { csv: places.csv }
lookups:
  kind: { a: male }
stages:
  - name: user
    from: customers
    where: "{{ status == '1' }}"
    key: customer_code
    fields:
      customer_code: "{{ id }}"
      first_name: "{{ name }}"
      last_name: "-"
      email: "{{ mail | email }}"
      phone: "{{ tel | phone('TR') }}"
      gender: "{{ kind | lookup('kind') }}"
      sms_allowed: false
      email_allowed: false
      date_joined: "2020-01-02 03:04:05"
      password: 7ac66c0f148de9519b8bd264312c4d64
      password_algorithm: md5
  - name: address
    from: places
    key: "{{ code }}"
    fields:
      customer_code: "{{ code }}"
      email: "{{ mail | email }}"
      title: Ev
      first_name: "-"
      last_name: "-"
      country: Türkiye
      city: "{{ city }}"
      township: "{{ city }}"
      line: "-"
"""
CUSTOMERS = """\
id,note,name,mail,tel,kind,status,city
1,x,Ali,ali@example.com,0532 000 00 07,a,1,Bursa
2,x,Can,nobody,0212 000 00 07,b,1,Bursa
3,x,Ece,ece@example.com,,,0,Bursa
4,x,Su
5,x,Nil,nil@example.com,,c,1,Bursa
"""


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "customers.csv").write_text(CUSTOMERS, encoding="utf-8")
    (tmp_path / "places.csv").write_text("code,mail,city\n1,a@example.com,Bursa\n2,b,İzmir\n", encoding="utf-8")
    (tmp_path / "migration.yaml").write_text(MAPPING, encoding="utf-8")
    return tmp_path


def rows_of(shop, *words):
    done = etl("preview", ".", "--json", "--show-data", *words, cwd=shop)
    assert done.returncode == 0, done.stderr
    return [(one["stage"], one["row"]) for one in json.loads(done.stdout)["rows"]]


REJECTED = """\
user: customers.csv row 3: rejected

 source row                              payload                                 problems
 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
 status: "***"                           where: true
 id: "2"                                 customer_code: "2"
 name: "C***"                            first_name: "C***"
 mail: "n***"                            email                                   'n***' is not an e-mail address: An
                                                                                 email address must have an @-sign.
 tel: "0*** 0*** *** ***"                phone                                   '0*** 0*** *** ***' is not a Turkish
                                                                                 mobile number; phone(default=none)
                                                                                 sends none instead
 kind: "b"                               gender                                  no entry 'b' in the lookup 'kind';
                                                                                 add it there, or say default= for
                                                                                 values it lacks
                                         last_name: "-"
                                         sms_allowed: false
                                         email_allowed: false
                                         date_joined: "2020-01-02 03:04:05"
                                         password: "7***"
                                         password_algorithm: "md5"
                                         date_of_birth: null
 note: "***"
 city: "B***"

"""


def test_cells_stand_beside_the_fields_they_feed_and_problems_beside_theirs(shop):
    done = etl("preview", "migration.yaml", "--key", "2", "--stage", "user", cwd=shop)
    assert done.stdout.split("\n") == REJECTED.split("\n")


OWN = "{{ ('Bay' if kind == 'a' else name) | default('Bilinmeyen Kişi') }}"


@pytest.mark.parametrize(
    ("expression", "cells", "shown"),
    [
        ("{{ name | default('Bilinmeyen Kişi') }}", "a,,x", "Bilinmeyen Kişi"),
        ("{{ name or 'Bilinmeyen Kişi' }}", "a,,x", "Bilinmeyen Kişi"),
        ("{{ 'Bay' if kind == 'a' else name }}", "a,Ali,x", "Bay"),
        ("{{ 'Bay' if kind == 'a' else name }}", "b,Bay,x", "B***"),
        ("{{ 'Bay' if kind == 'a' else name }}", "b,Ali,x", "A***"),
        ("{{ name | default('ali@example.com') }}", "a,,x", "a***@e***.com"),
        ("{{ 'Ali' if name == 'Ali' else name }}", "a,Ali,x", "A***"),
        (OWN, "b,,x", "Bilinmeyen Kişi"),
    ],
)
def test_a_text_of_the_mapping_is_shown_where_no_cell_has_it_and_it_is_nobodys(tmp_path, expression, cells, shown):
    mapping = MAPPING.replace("{{ name }}", expression, 1).replace("    where: \"{{ status == '1' }}\"\n", "")
    (tmp_path / "migration.yaml").write_text(mapping, encoding="utf-8")
    (tmp_path / "places.csv").write_text("code,mail,city\n", encoding="utf-8")
    head = "kind,name,note,id,mail,tel,status,city\n"
    (tmp_path / "customers.csv").write_text(f"{head}{cells},1,ali@example.com,,1,Bursa\n", encoding="utf-8")
    done = etl("preview", ".", "--json", "--stage", "user", cwd=tmp_path)
    (row,) = json.loads(done.stdout)["rows"]
    assert row["record"]["first_name"] == shown
    done = etl("explain", ".", "user", "1", "--json", cwd=tmp_path)
    told = json.loads(done.stdout)
    (field,) = [one for one in told["fields"] if one["field"] == "first_name"]
    assert field["value"] == shown
    assert "own" not in field
    masked = [one["value"] for one in field["steps"] if one["kind"] == "column" and one["what"] == "name"]
    assert [one for one in masked if one] in ([], [f"{cells.split(',')[1][:1]}***"])


def test_a_password_that_stands_in_the_mapping_is_shown_nowhere(tmp_path):
    mapping = MAPPING.replace(
        "password: 7ac66c0f148de9519b8bd264312c4d64", "password: \"{{ note | default('geheim7') }}\""
    )
    (tmp_path / "migration.yaml").write_text(mapping, encoding="utf-8")
    (tmp_path / "places.csv").write_text("code,mail,city\n", encoding="utf-8")
    (tmp_path / "customers.csv").write_text(CUSTOMERS.replace("1,x,Ali", "1,,Ali"), encoding="utf-8")
    for words in (("preview", "."), ("explain", ".", "user", "1")):
        done = etl(*words, cwd=tmp_path)
        assert "Traceback" not in done.stderr
        assert "geheim7" not in done.stdout.replace("default('geheim7')", "")


def test_json_names_the_columns_that_feed_each_field(shop):
    done = etl("preview", ".", "--json", "-n", "1", "--stage", "user", cwd=shop)
    (row,) = json.loads(done.stdout)["rows"]
    assert row["feeds"]["email"] == ["mail"]
    assert row["feeds"]["where"] == ["status"]
    assert row["feeds"]["last_name"] == []


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        (("--rejected",), [("user", 3), ("user", 5), ("user", 6), ("address", 3)]),
        (("--rejected", "-n", "1"), [("user", 3), ("address", 3)]),
        (("--rejected", "email"), [("user", 3), ("address", 3)]),
        (("--rejected", "phone", "--stage", "user"), [("user", 3)]),
        (("--rejected=lookup",), [("user", 3), ("user", 6)]),
        (("--rejected=function:lookup",), [("user", 3), ("user", 6)]),
        (("--rejected=c",), [("user", 6)]),
        (("--where", "mail == 'ece@example.com'"), [("user", 4)]),
        (("--where", "{{ city == 'Bursa' and status == '1' }}", "--stage", "user"), [("user", 2), ("user", 3), ("user", 6)]),
        (("--where", "nth == '3'"), [("user", 4)]),
        (("--where", "row_number == '3'"), [("user", 3), ("address", 3)]),
        (("--where", "id == '5'", "--rejected"), [("user", 6)]),
    ],
)  # fmt: skip
def test_only_rows_that_are_asked_for_are_shown(shop, words, rows):
    assert rows_of(shop, *words) == rows


def test_a_mapping_after_rejected_is_no_kind(shop):
    done = etl("preview", "--rejected", "migration.yaml", "-n", "1", "--json", cwd=shop)
    assert [one["row"] for one in json.loads(done.stdout)["rows"]] == [3, 3]


def told(shop, *words):
    done = etl("preview", ".", *words, cwd=shop)
    return done.returncode, done.stderr.splitlines()


def test_rows_for_which_it_cannot_be_computed_are_told(shop):
    code, lines = told(shop, "--where", "(tel | int) > 5", "--stage", "user")
    assert (code, lines) == (
        0,
        [
            "user: --where cannot be computed for 5 rows, which are left out: '0*** 0*** *** ***' is not a whole number",
            "no row of user that --where leaves",
        ],
    )
    _, lines = told(shop, "--where", "(tel | int) > 5", "--stage", "user", "--show-data")
    assert lines[0].endswith("'0532 000 00 07' is not a whole number")


def test_a_key_that_another_choice_leaves_out_is_not_called_missing(shop):
    code, lines = told(shop, "--key", "1", "--rejected", "--where", "status == '9'", "--stage", "user")
    assert (code, lines[-1]) == (2, "no rejected row of user that --where leaves has the key '1'")


def test_a_stage_whose_rows_lack_the_column_is_left_out_and_told(shop):
    code, lines = told(shop, "--where", "status == '0'")
    assert (code, lines) == (
        0,
        [
            "--where does not fit the rows of address: unknown column 'status'; there is city, code, mail",
            "user: --where cannot be computed for 1 row, which is left out: it could not be read",
        ],
    )


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ("--where", "statu == '0'", "--stage", "user"),
            "--where does not fit the rows of user: unknown column 'statu'; did you mean 'status'?",
        ),
        (
            (
                "--where",
                "(status",
            ),
            "--where '(status': the expression is not complete",
        ),
        (("--where", "status =="), "--where 'status ==': the expression is not complete"),
        (
            ("--where", "status", "--stage", "user"),
            "--where does not fit the rows of user: 'status' is text where true or false is asked for; "
            "`is not none` asks whether there is one, `| bool` reads a flag such as 0 or 1",
        ),
        (
            ("--rejected", "telefon"),
            "--rejected: no row of user, address is rejected for 'telefon'; "
            "rows are rejected for email (2), gender (2), phone (1), row:cells (1)",
        ),
    ],
)
def test_what_cannot_be_asked_is_an_error_that_says_what_there_is(shop, words, line):
    code, lines = told(shop, *words)
    assert (code, lines) == (2, [line])


def test_a_field_for_which_no_row_is_rejected_is_no_error(shop):
    code, lines = told(shop, "--rejected", "city")
    assert code == 0
    assert lines[0].startswith("no row of user, address is rejected for 'city'; rows are rejected for ")


def test_searching_is_the_same_as_looking_at_every_row(shop):
    every = previewed(shop, "user", AskedRows(100))
    assert [one.row for one in previewed(shop, "user", AskedRows(100, rejected=""))] == [
        one.row for one in every if one.fate == "rejected"
    ]
    with pytest.raises(MappingError, match="has the key '9'"):
        previewed(shop, "user", AskedRows(100, key="9"))


def test_a_part_of_a_field_is_of_the_field():
    finding = Finding("extra_field.points", "function:int", "x", "{value}")
    assert [is_of(finding, one) for one in ("extra_field", "EXTRA_FIELD.points", "int", "", "points")] == [
        True, True, True, True, False,
    ]  # fmt: skip


def printed(rows, width):
    console = Console(width=width, record=True, file=io.StringIO())
    print_preview(console, rows)
    return console.export_text()


WIDE = st.text(st.sampled_from("aé漢字🙂ｗ한 \u200b\x1b\n"), max_size=90)


@settings(max_examples=30, deadline=None)
@for_all(
    st.dictionaries(st.text("abc漢", min_size=1, max_size=30), WIDE, max_size=5),
    WIDE,
    st.sampled_from([20, 40, 60, 80, 120]),
)
def test_no_line_is_wider_than_the_terminal_and_no_cell_is_lost(cells, value, width):
    finding = Finding("email", "type", value, "{value} is none", {"value": value})
    feeds = {"email": tuple(cells)[:2]}
    row = PreviewRow("user", "c.csv", 2, cells, "rejected", {"phone": value}, [finding], feeds=feeds)
    text = printed([row], width)
    assert max(map(cell_len, text.split("\n"))) <= width
    assert "\x1b" not in text
    together = re.sub(r"\s", "", text)
    for name in cells:
        assert re.sub(r"\s", "", name)[:1] in together


def test_every_cell_stands_somewhere_and_every_problem_once(shop):
    for row in previewed(shop, "user", AskedRows(100)):
        beside = list(side_by_side(row))
        shown = {cell.split(":")[0] for one in beside for cell in one.cells}
        assert shown == set(row.cells)
        assert sum(len(one.problems) for one in beside) == len(row.problems)


def test_a_terminal_of_80_columns_shows_all_and_a_narrow_one_stacks(shop):
    for width, sign in ((80, "source row"), (44, "  < mail: ")):
        text = on_a_terminal(shop, width)
        _, _, after_the_bars = text.rpartition("\x1b[2K")
        plain = re.sub(r"\x1b\[[?0-9;]*[a-z]", "", after_the_bars)
        assert sign in plain
        assert max(cell_len(line) for line in plain.replace("\r", "").split("\n")) <= width
        assert "mobile" in plain


def on_a_terminal(shop, width):
    main, other = pty.openpty()
    words = ["stty", "cols", str(width)]
    subprocess.run(words, stdin=other, check=True)
    kept = {name: one for name, one in environment(TERM="xterm").items() if name not in ("COLUMNS", "LINES")}
    with subprocess.Popen(
        command("preview", ".", "--key", "2", "--stage", "user"),
        stdin=other,
        stdout=other,
        stderr=other,
        cwd=shop,
        env=kept,
    ) as process:
        os.close(other)
        text = b""
        while piece := _read(main):
            text += piece
        assert process.wait() == 0
    return text.decode()


def _read(main):
    try:
        return os.read(main, 4096)
    except OSError:  # the other end is closed
        return b""


def test_a_row_of_a_table_is_told_by_its_key_by_preview_and_explain_as_by_a_dry_run(tmp_path):
    with closing(sqlite3.connect(tmp_path / "shop.db")) as base, base:
        base.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY, name, mail, tel, kind, status, city)")
        base.execute("INSERT INTO customers VALUES (87, 'A', 'a@example.com', '', 'a', '1', 'x')")
    text = MAPPING.replace("{ csv: customers.csv, counters: { nth: city } }", "{ table: customers, database: d }")
    text = text.replace("sources:", "databases: { d: shop.db }\nsources:").replace("{{ id }}", "{{ id | text }}")
    text = text[: text.index("  - name: address")].replace("  places: { csv: places.csv }\n", "")
    (tmp_path / "m.yaml").write_text(text, encoding="utf-8")
    assert etl("preview", "m.yaml", cwd=tmp_path).stdout.startswith("user: customers id 87: ")
    assert etl("explain", "m.yaml", "user", "87", cwd=tmp_path).stdout.startswith("user '87': customers id 87: ")
    (row,) = json.loads(etl("preview", "m.yaml", "--json", cwd=tmp_path).stdout)["rows"]
    assert (row["row"], row["place"]) == (1, "id 87")
