"""What `etl check` finds beyond YAML: names, arguments, payload fields, references, sources, lookups, tests. Exact words and places."""

import json
import os
import subprocess
import sys

import pytest
from mapping_case import ADDRESS, SMALL, Case, edited

from etl.errors import MappingError
from etl.expressions.functions import TABLE
from etl.expressions.functions.table import signature
from etl.mapping import ENVIRONMENT, fatal, require

COLUMNS = "First Name, customer_id, email, status"
FIELDS = "customer_code, date_joined, email, email_allowed, first_name, gender, last_name, password, password_algorithm, sms_allowed"


@pytest.fixture
def case(tmp_path, monkeypatch):
    monkeypatch.setenv("ACME_TOKEN", "t")
    return Case(tmp_path)


def last_name(value):
    return edited(("last_name: Yılmaz", f"last_name: {value}"))


# --- grammar: keys and types, everywhere


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (("version: 1", "version: 1\n«vesrion: 1"), "unknown key 'vesrion'; did you mean 'version'?"),
        (("url:", "«urll: a, url:"), "unknown key 'urll'; did you mean 'url'?"),
        (("channel: 7", "channel: 7, polling: { «pth: /x }"), "unknown key 'pth'; did you mean 'path'?"),
        (("csv:", "«encodng: utf-8, csv:"), "unknown key 'encodng'; did you mean 'encoding'?"),
        (("    key:", "    «feilds: {}\n    key:"), "unknown key 'feilds'; did you mean 'fields'?"),
        (("    key:", "    gate: { «eror: 1 }\n    key:"), "unknown key 'eror'; did you mean 'errors'?"),
        (("    key:", "    «zzz: 1\n    key:"), "unknown key 'zzz'; there is batch_size, fields, from, gate, key, name, pause, "
         "payload, ramp_up, refers, unique, where"),
        (("version: 1", "version: «2"), "'version' must be 1"),
        (("version: 1", 'version: «"1"'), "'version' must be 1, without quotes"),
        (("name: acme", "name: «a b"), "'a b' is no name: letters, digits, _ and -, and no digit first"),
        (("name: acme", 'name: «"acme\\n"'), "'acme\\n' is no name: letters, digits, _ and -, and no digit first"),
        (("  customers:", "  «old customers: { csv: customers.csv }\n  customers:"),
         "'old customers' is no name: letters, digits and _, and no digit first"),
        (("channel: 7", "channel: «1.5"), "'channel' must be text or a whole number, not a number"),
        (("channel: 7", "channel: 7, batch_size: «2.0"), "'batch_size' must be a whole number, not a number"),
        (("channel: 7", "channel: 7, batch_size: «0"), "'batch_size' must be at least 1"),
        (("channel: 7", "channel: 7, batch_size: «999999999"), "'batch_size' must be at most 100000"),
        (("channel: 7", "channel: 7, connect_timeout: «0"), "'connect_timeout' must be more than 0"),
        (("channel: 7", "channel: 7, retries: «true"), "'retries' must be a whole number, not true or false"),
        (("channel: 7", "channel: 7, ca_bundle: «null"), "'ca_bundle' must be text, not null"),
        (("channel: 7", 'channel: 7, polling: { done: «"yes" }'), "'done' must be an expression: \"{{ ... }}\""),
        (("    key:", "    unique: [email, «5]\n    key:"), "item 2 of 'unique' must be text, not a whole number"),
        (("    key:", "    unique: «email\n    key:"), "'unique' must be a list, not text"),
        (("    key:", "    refers: { email: «[user] }\n    key:"), "'email' must be text, not a list"),
        (("    key:", "    payload: «usr\n    key:"), "'usr' is not one of user, address, order, order_item; did you mean 'user'?"),
        (("\"{{ status == '1' }}\"", "«status"), "'where' must be an expression: \"{{ ... }}\""),
        (("group: { 1: a, 2: b }", "group: «abc"), "'group' must be a mapping, not text"),
        (("group: { 1: a, 2: b }", "group: «{}"), "'group' must not be empty"),
        (("group: { 1: a, 2: b }", "group: { 1: «[a] }"), "'1' must be text or a number or true or false or null, not a list"),
    ],
)  # fmt: skip
def test_what_the_grammar_refuses(case, change, what):
    case.finds(edited(change), what)


@pytest.mark.parametrize(
    ("part", "what"),
    [
        ("name: acme\n", "the mapping needs 'name': the migration's name"),
        ("    from: customers\n", "a stage needs 'from': the source its rows come from"),
        ("    key: customer_code\n", "a stage needs 'key': what tells one record from all others, for ever: a field of the "
         "payload, or an expression over the row"),
    ],
)  # fmt: skip
def test_a_key_that_is_missing_is_told_with_what_it_is(case, part, what):
    text = edited((part, ""))
    mark = text.index("name: user") if "stage" in what else 0
    case.finds(f"{text[:mark]}«{text[mark:]}", what)


def test_a_mapping_with_nothing_in_it_is_told_all_it_needs(case):
    assert case.told("description: x\n") == [
        "migration.yaml:1:1: the mapping has no `target:`; an upload needs url, channel and token",
        "migration.yaml:1:1: the mapping needs 'name': the migration's name",
        "migration.yaml:1:1: the mapping needs 'sources': the old shop's tables, by name",
        "migration.yaml:1:1: the mapping needs 'stages': what is made and sent, in this order",
        "migration.yaml:1:1: the mapping needs 'version': the version of this language",
    ]


@pytest.mark.parametrize("part", ["target", "sources", "lookups", "stages", "tests"])
@pytest.mark.parametrize("value", ["abc", "7", "null", "true", "{}", "[]", "[1, null, x]", "{a: 1, b: null, c: []}"])
def test_a_part_of_a_wrong_kind_stops_no_other_check(case, part, value):
    lines = (SMALL + "tests: []\n").splitlines(keepends=True)
    begin = next(i for i, line in enumerate(lines) if line.startswith(part))
    end = next((i for i in range(begin + 1, len(lines)) if not lines[i].startswith(" ")), len(lines))
    text = "".join([*lines[:begin], f"{part}: {value}\n", *lines[end:], "extra: 1\n"])
    told = case.told(text)
    assert any("unknown key 'extra'" in line for line in told)
    assert part in ("lookups", "tests", "target") or len(told) > 1


# --- names in expressions


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("{{ «emial }}", "unknown column 'emial'; did you mean 'email'?"),
        ("{{ «zzz }}", f"unknown column 'zzz'; there is {COLUMNS}"),
        ("{{ row['«first nam'] }}", "unknown column 'first nam'; did you mean 'First Name'?"),
        ("{{ «row }}", "'row' reaches one column at a time: write row['column name']"),
        ("{{ email | «lwer }}", "unknown function 'lwer'; did you mean 'lower'?"),
        ("{{ email | lower | default(«x) }}", f"unknown column 'x'; there is {COLUMNS}"),
        ("{{ status | lookup('«gruop') }}", "unknown lookup 'gruop'; did you mean 'group'?"),
        ("{{ status | lookup(table='«zzz') }}", "unknown lookup 'zzz'; there is group"),
        ("{{ status | «lookup(email) }}", "lookup wants the name of a lookup in quotes: lookup('status')"),
        ("{{ email is «defined }}", "unknown test 'is defined'; there is 'is none', and the function `blank`"),
    ],
)
def test_an_unknown_name_comes_with_the_nearest_right_one(case, expression, what):
    case.finds(last_name(f'"{expression}"'), what)


def test_an_unknown_function_that_resembles_none_lists_them_all(case):
    case.finds(last_name('"{{ email | «qqq }}"'), f"unknown function 'qqq'; there is {', '.join(sorted(TABLE))}")


def _of(name, said):
    return f"{signature(TABLE[name])}{said}"


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("{{ email | phone(«regon='TR') }}", _of("phone", " has no parameter 'regon'; did you mean 'region'?")),
        ("{{ email | date(«formats='%d') }}", _of("date", " has no parameter 'formats'; there is to, zone")),
        ("{{ email | «trim(1) }}", _of("trim", " does not fit its arguments: too many positional arguments")),
        ("{{ email | «lookup }}", _of("lookup", " does not fit its arguments: missing a required argument: 'table'")),
        ("{{ email | «replace('a', old='b') }}", _of("replace", " does not fit its arguments: multiple values for argument 'old'")),
        ("{{ email | replace('a', «new='b', new='c') }}", _of("replace", " is given 'new' twice")),
        ("{{ email | «join(*status) }}", _of("join", " takes no * or ** arguments")),
        ("{{ email | «digest('md4') }}", _of("digest", ": algorithm is 'md5' or 'sha1' or 'sha256', not 'md4'")),
        ("{{ email | «date('%Q') }}", _of("date", ": '%Q' in the format '%Q' is not known; there is %% %A %B %H %I %M %S %Y "
         "%a %b %d %f %j %m %p %y %z")),
        ("{{ email | «datetime(to='Mars') }}", _of("datetime", ": to is a time zone such as 'Europe/Istanbul' or 'UTC', not 'Mars'")),
        ("{{ email | «title('xx') }}", _of("title", ": language is none or 'tr' or 'en', not 'xx'")),
        ("{{ email | «pad(1000000000) }}", _of("pad", ": length is a whole number from 1 to 1,000, not 1000000000")),
    ],
)  # fmt: skip
def test_a_function_is_told_with_its_parameters(case, expression, what):
    case.finds(last_name(f'"{expression}"'), what)


# --- expressions that do not parse, or reach too far

STATEMENT = (
    "is not available: an expression computes a value from the row's columns, it has no statements, loops or imports"
)
CALL = "is a call, and calls are not available; "


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("{{ email |« }}", "cannot be read as an expression: expected token 'name', got '}}'"),
        ("{{ email }} {{ email |« }}", "cannot be read as an expression: expected token 'name', got '}}'"),
        ("{{ « }}", "cannot be read as an expression: expected an expression, got '}}'"),
        ("{{ email «email }}", "cannot be read as an expression: expected token '}}', got 'email'"),
        ("{{ email «}", "cannot be read as an expression: unexpected '}'"),
        ("{{ «email", "cannot be read as an expression: the text ends too early, expected '}}'"),
        ("{{ «'abc }}", "cannot be read as an expression: a quote that is not closed"),
        ("{{ email «$ 1 }}", "cannot be read as an expression: unexpected char '$'"),
        ("{{ (email]«) }}".replace("]«", "«]"), "cannot be read as an expression: unexpected ']', expected ')'"),
        ("«email }}", "a }} without its {{: this is sent as it stands; an expression is {{ ... }}"),
        ("«{% for x in email %}{{ x }}{% endfor %}", f"{{% for %}} {STATEMENT}"),
        ("{{ email }}«{% import 'os' as os %}", f"{{% import %}} {STATEMENT}"),
        ("«{%- if email -%}x{% endif %}", f"{{% if %}} {STATEMENT}"),
        ("«{% raw %}{{ x }}{% endraw %}", f"{{% raw %}} {STATEMENT}"),
        ("«{% set x = 1 %}", f"{{% set %}} {STATEMENT}"),
        ("{{ email }}«{# secret #}", "{# #} is not available: a comment of YAML begins with #"),
        ("{{ email.«__class__ }}", "'__class__' begins with '_', which an expression may not reach"),
        ("{{ email['«__class__'] }}", "'__class__' begins with '_', which an expression may not reach"),
        ("{{ «_private }}", "'_private' begins with '_', which an expression may not reach"),
        ("{{ row.«__init__ }}", "'__init__' begins with '_', which an expression may not reach"),
        ("{{ email | «attr('__class__') }}", f"unknown function 'attr'; there is {', '.join(sorted(TABLE))}"),
        ("{{ «lower(email) }}", f"'lower(...)' {CALL}write value | lower"),
        ("{{ email.«lower() }}", f"'lower(...)' {CALL}write it | lower"),
        ("{{ email.«format(1) }}", f"'format(...)' {CALL}a function is called as value | name"),
        ("{{ «open('/etc/passwd') }}", f"'open(...)' {CALL}a function is called as value | name"),
        ("{{ 2 «** 3 }}", "a power (**) is not available in an expression"),
        ("{{ email «* 'x' }}", "'*' is for numbers; text is joined with '~'"),
        ("{{ '%s' «% email }}", "'%' is for numbers; text is joined with '~'"),
    ],
)  # fmt: skip
def test_what_an_expression_cannot_do_is_refused(case, expression, what):
    case.finds(last_name(f'"{expression}"'), what)


BOMBS = {
    "«range(10**9)": "'range(...)' is a call, and calls are not available; a function is called as value | name",
    "'x' «* 10**9": "'*' is for numbers; text is joined with '~'",
    "[1] «* 1000000000": "'*' is for numbers; text is joined with '~'",
    "9 «** 9": "a power (**) is not available in an expression",
    "«" + "9" * 5000: "a number that is too large to compute with",
    "«1e999": "a number that is too large to compute with",
    "«1 " + "+ 1 " * 61: "is nested too deeply",
    "«" + "[" * 100 + "]" * 100: "is nested too deeply",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_and_never_executed(case, bomb):
    told = case.told(last_name(f'"{{{{ {bomb} }}}}"'.replace("«", "")))
    assert told[0] == f"migration.yaml:16:{22 + bomb.index('«')}: {BOMBS[bomb]}"
    assert len(told) <= 2  # a power inside is told too


@pytest.mark.parametrize(
    "text", ["{{ " + "(" * 4000 + " }}", "{{ " + "not " * 2400 + "1 }}", "{{ " + "-" * 9000 + "1 }}"]
)
def test_an_expression_that_would_exhaust_the_parser_is_refused(case, text):
    assert [line.split(": ", 1)[1] for line in case.told(last_name(f'"{text}"'))] == ["is nested too deeply"]


def test_a_very_long_expression_is_not_parsed(case):
    case.finds(last_name('«"{{ ' + " " * 10_000 + ' }}"').replace("«", "", 1).replace('"{{  ', '"«{{  '),
               "an expression of 10006 characters; 10000 are allowed")  # fmt: skip


def test_a_where_with_text_around_it_would_always_be_true(case):
    case.finds(
        edited(("\"{{ status == '1' }}\"", "«\"{{ status == '1' }} or so\"")),
        "`where` is one expression: with text around it, it is true for every row",
    )


def test_where_and_key_are_checked_like_fields(case):
    case.finds(
        edited(("{{ status == '1' }}", "{{ «statis == '1' }}"), ("key: customer_code", 'key: "{{ «custmer_id }}"')),
        "unknown column 'statis'; did you mean 'status'?",
        "unknown column 'custmer_id'; did you mean 'customer_id'?",
    )


def test_a_column_that_begins_with_an_underscore_is_a_column(case):
    case.write("customers.csv", "customer_id;email;status;First Name;_id\n1;a@b.co;1;A;7\n")
    assert case.told(last_name('"{{ _id }}"')) == []


# --- stages


@pytest.mark.parametrize(
    ("changes", "whats"),
    [
        ([("from: customers", "from: «custmers")], ["unknown source 'custmers'; did you mean 'customers'?"]),
        ([("key: customer_code", "key: «customer_cod")],
         ["'customer_cod' is not among the stage's fields; did you mean 'customer_code'?"]),
        ([("    key:", "    unique: [email, «mail, «phone]\n    key:")],
         ["'mail' is not among the stage's fields; did you mean 'email'?", f"'phone' is not among the stage's fields; there is {FIELDS}"]),
        ([("    key:", "    unique: [«gender]\n    key:")], ["'gender' is the same for every record, so it tells none from another"]),
        ([("    key:", "    refers: { email: «user }\n    key:")], ["stage 'user' refers to itself; a stage refers to an earlier one"]),
        ([("    key:", "    refers: { «emial: «usr }\n    key:")],
         ["'emial' is not among the stage's fields; did you mean 'email'?", "unknown stage 'usr'; did you mean 'user'?"]),
        ([("name: user", "name: «people")],
         ["'people' is no payload of Omnitron (user, address, order, order_item); say which with `payload:`"]),
    ],
)  # fmt: skip
def test_what_a_stage_names_has_to_be_there(case, changes, whats):
    case.finds(edited(*changes), *whats)


def test_a_stage_of_any_name_says_its_payload(case):
    assert case.told(edited(("name: user", "name: people\n    payload: user"))) == []


def test_a_stage_refers_to_an_earlier_one(case):
    early, late = SMALL.split("stages:\n")
    assert case.told(SMALL + ADDRESS) == []
    case.finds(
        f"{early}stages:\n{ADDRESS.replace(': user }', ': «user }')}{late}",
        "stage 'user' runs later than 'address'; a stage refers to an earlier one",
    )


def test_two_stages_of_one_name_are_told_with_the_first_line(case):
    case.finds(
        SMALL + ADDRESS.replace("name: address", "name: «user\n    payload: address").replace(": user }", ": «user }"),
        "a stage 'user' is already in line 9",
        "stage 'user' refers to itself; a stage refers to an earlier one",
    )


# --- payloads


def test_a_field_that_the_payload_lacks(case):
    case.finds(
        last_name("Yılmaz\n      «fist_name: x"),
        "the payload 'user' has no field 'fist_name'; did you mean 'first_name'?",
    )


def test_a_required_field_that_nobody_fills(case):
    case.finds(
        edited(
            ('      email: "{{ email | lower }}"\n', ""),
            ("      last_name: Yılmaz\n", ""),
            ("    fields:", "    «fields:"),
        ).replace("«", "««"),
        "the payload 'user' needs 'email', which nothing fills",
        "the payload 'user' needs 'last_name', which nothing fills",
    )


def test_a_field_of_which_the_payload_takes_one_or_the_other(case):
    case.finds(
        SMALL
        + ADDRESS.replace("    refers: { customer_code: user }\n", "")
        .replace('      customer_code: "{{ customer_id }}"\n', "")
        .replace("fields:", "«fields:"),
        "the payload 'address' needs 'customer_code' or 'user', which nothing fills",
    )


@pytest.mark.parametrize(
    ("field", "what"),
    [
        ("last_name: «5", "the payload 'user' refuses this 'last_name': 5 is not text"),
        ("last_name: «null", "the payload 'user' refuses this 'last_name': must not be null"),
        ("last_name: «[a, b]", "the payload 'user' refuses this 'last_name': the list is not text"),
        ('last_name: x\n      phone: «"0212 000 12 34"',
         "the payload 'user' refuses this 'phone': '0212 000 12 34' is not a Turkish mobile number written as 5XXXXXXXXX"),
        ('last_name: x\n      date_of_birth: «"31.12.1990"',
         "the payload 'user' refuses this 'date_of_birth': '31.12.1990' is not a date written as YYYY-MM-DD"),
    ],
)  # fmt: skip
def test_a_constant_that_the_payload_refuses_is_shown_where_it_stands(case, field, what):
    case.finds(edited(("last_name: Yılmaz", field)), what)


def test_a_constant_password_that_is_refused_is_not_repeated(case):
    case.finds(
        edited(("\"{{ email | digest('md5') }}\"", '«""')),
        "the payload 'user' refuses this 'password': must not be empty",
    )


def test_a_nested_constant_is_shown_where_it_stands(case):
    case.finds(
        SMALL
        + """\
  - name: order_item
    from: customers
    key: "{{ customer_id }}"
    fields:
      order_number: "1"
      price: «1.005
      extra_field: «[a]
""",
        "the payload 'order_item' refuses this 'price': 1.005 has more than 2 decimals",
        "the payload 'order_item' refuses this 'extra_field': the list is not a JSON object",
    )


# --- the target's settings for payloads


@pytest.mark.parametrize(
    ("setting", "what"),
    [
        ("{ «usr: {} }", "'usr' is not one of user, address, order, order_item; did you mean 'user'?"),
        ("{ user: { «emial: {} } }", "unknown field 'emial'; did you mean 'email'?"),
        ("{ user: { «gender: { enm: [a] } } }", "field 'gender': unknown keyword 'enm'; did you mean 'enum'?"),
        ("{ user: { gender: { enum: «5 } } }", "'enum' cannot be this in JSON Schema: 5 is not of type 'array'"),
        ("{ user: { gender: { maxLength: «-1 } } }", "'maxLength' cannot be this in JSON Schema: -1 is less than the minimum of 0"),
        ('{ user: { «gender: { pattern: "(" } } }', '"(" is not a "regex"'),
        ("{ user: { gender: «[a] } }", "'gender' must be a mapping, not a list"),
        ("{ user: «5 }", "'user' must be a mapping, not a whole number"),
        ("{ user: { «gender: { format: date } } }", "field 'gender': unknown format 'date'; use omnitron-date, omnitron-datetime or a pattern"),
    ],
)  # fmt: skip
def test_a_setting_of_a_payload_that_cannot_be_used(case, setting, what):
    case.finds(edited(("channel: 7", f"channel: 7, payloads: {setting}")), what)


def test_every_wrong_setting_of_a_payload_is_found(case):
    case.finds(
        edited(
            ("channel: 7", 'channel: 7, payloads: { user: { «a: {}, «gender: { pattern: "(" } }, order: { «b: {} } }')
        ),
        "unknown field 'a'; there is customer_code, date_joined, date_of_birth, email, email_allowed, first_name, gender, "
        "last_name, password, password_algorithm, phone, sms_allowed",
        '"(" is not a "regex"',
        "unknown field 'b'; there is amount, bank, billing_address, created_date, currency, customer_code, discount_amount, "
        "extra_field, installment_count, number, payment_type, shipping_address, shipping_company, status, tracking_number, "
        "user, user_email",
    )


def test_constants_are_held_against_the_target_s_own_settings(case):
    case.finds(
        edited(
            ("channel: 7", "channel: 7, payloads: { user: { password_algorithm: { enum: [sha1, other] } } }"),
            ("password_algorithm: md5", "password_algorithm: «md5"),
        ),
        "the payload 'user' refuses this 'password_algorithm': 'md5' is not one of sha1, other",
    )


def test_a_format_that_is_none(case):
    case.finds(
        edited(("channel: 7", 'channel: 7, date_format: «"%Q", datetime_format: «"dd.mm.yyyy"')),
        "'%Q' is not a date format; write it as in '%Y-%m-%d %H:%M:%S'",
        "'dd.mm.yyyy' is not a date format; write it as in '%Y-%m-%d %H:%M:%S'",
    )


# --- sources


KINDS = "csv, excel, json, jsonl"


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("{ «cvs: customers.csv }", "unknown key 'cvs'; did you mean 'csv'?"),
        ("«{ encoding: utf-8 }", f"a source is one of {KINDS}; this one names none"),
        ("«{ csv: customers.csv, json: x.json }", f"a source is one of {KINDS}; this one is csv and json"),
        ("{ csv: «7 }", "'csv' must be text, not a whole number"),
        ("«customers.csv", "'customers' must be a mapping, not text"),
        ("{ csv: «custmers.csv }", "custmers.csv: no such file; did you mean 'customers.csv'?"),
        ("{ csv: «nowhere/a.csv }", "nowhere/a.csv: no such file; its folder {folder}/nowhere does not exist either"),
        ("{ csv: «empty.csv }", "empty.csv: is empty, without even a header; was the export cut off?"),
        ("{ csv: «customers.csv }", "customers.csv row 1: with the delimiter ',' the header is one column, "
         "'customer_id;email;status;First Name'; write `delimiter: \";\"`?"),
        ("{ csv: customers.csv, «sheet: 1 }", "'sheet' is no option of csv; there is delimiter, encoding, header, nulls, quote, trim"),
        ("{ csv: customers.csv, delimiter: «ab }", "'ab' is not one character (a tab is written \"\\t\", with double quotes)"),
        ("{ csv: customers.csv, encoding: «windows-1245 }", "unknown encoding 'windows-1245'; did you mean 'windows-1254'?"),
        ("{ csv: customers.csv, header: «[] }", "'header' must not be empty"),
        ("{ excel: x.xlsx, header_row: «0 }", "'header_row' must be at least 1"),
        ('{ csv: «"a\\0b" }', "'{folder}/a\\x00b': cannot be opened (embedded null byte)"),
        ("{ csv: «pipe }", "pipe: is no file but a pipe or a device"),
    ],
)  # fmt: skip
def test_a_source_that_cannot_be_read(case, source, what):
    case.write("empty.csv", "")
    os.mkfifo(case.folder / "pipe")
    case.finds(
        edited(('{ csv: customers.csv, delimiter: ";" }', source)),
        what.replace("{folder}/", "").replace("{folder}", str(case.folder)),
    )


def test_a_source_that_cannot_be_read_hides_no_other_problem_and_makes_none(case):
    """Without a header any name may be a column: only what is surely wrong is told."""
    case.finds(
        edited(("csv: customers.csv", "csv: «none.csv"), ("{{ email | lower }}", "{{ emial | «lowr }}")),
        f"none.csv: no such file; there are: customers.csv, migration.yaml",
        "unknown function 'lowr'; did you mean 'lower'?",
    )


def test_each_stage_is_held_against_its_own_source(case):
    case.write("addresses.csv", "address_id,customer_id,street\n")
    text = edited(
        (
            '  customers: { csv: customers.csv, delimiter: ";" }\n',
            '  customers: { csv: customers.csv, delimiter: ";" }\n  addresses: { csv: addresses.csv }\n',
        )
    )
    case.finds(
        text
        + ADDRESS.replace("from: customers", "from: addresses")
        .replace("{{ email }}", "{{ «email }}")
        .replace("line: e", 'line: "{{ street }}"'),
        "unknown column 'email'; there is address_id, customer_id, street",
    )
    case.finds(text.replace("{{ email | lower }}", "{{ «street }}"), f"unknown column 'street'; there is {COLUMNS}")


# --- lookups


@pytest.mark.parametrize(
    ("lookup", "what"),
    [
        ("{ csv: «cods.csv, key: id, value: name }", "cods.csv: no such file; did you mean 'codes.csv'?"),
        ("{ csv: codes.csv, key: «idd, value: name }", "unknown column 'idd'; did you mean 'id'?"),
        ("{ csv: codes.csv, key: id, value: «zzz }", "unknown column 'zzz'; there is id, name"),
        ("«{ csv: codes.csv, key: id }", "'group' needs 'value': the column that holds what it becomes"),
        ("«{ cvs: codes.csv, key: id, value: name }",
         f"`key` and `value` name columns of a file; which file? ({KINDS}); did you mean 'csv'?"),
        ("«{ key: id, value: name }", f"`key` and `value` name columns of a file; which file? ({KINDS})"),
        ("{ csv: codes.csv, key: id, value: name, «delimeter: x }", "unknown key 'delimeter'; did you mean 'delimiter'?"),
        ("{ csv: codes.csv, key: id, value: name, «sheet: 1 }",
         "'sheet' is no option of csv; there is delimiter, encoding, header, nulls, quote, trim"),
        ("{ csv: «twice.csv, key: id, value: name }", "twice.csv row 3: '1' is given again with another value (row 2)"),
        ("{ csv: «ragged.csv, key: id, value: name }", None),
        ("«{ csv: codes.csv, json: x, key: id, value: name }", f"a source is one of {KINDS}; this one is csv and json"),
    ],
)  # fmt: skip
def test_a_lookup_that_cannot_be_read(case, lookup, what):
    case.write("codes.csv", "id,name\n1,a\n 2 ,b\n,c\n1,a\n")
    case.write("twice.csv", "id,name\n1,a\n1,b\n")
    case.write("ragged.csv", "id,name\n1,a,x\n")
    text = edited(("{ 1: a, 2: b }", lookup))
    if what is None:
        place, said = case.told(text.replace("«", ""))[0].split(": ", 1)
        assert (place, said.split(":")[0]) == ("migration.yaml:7:17", "ragged.csv row 2")
        return
    case.finds(text, what)


def test_a_lookup_s_codes_are_trimmed_texts(case):
    case.write("codes.csv", "id,name\n1,a\n 2 , b \n,c\n1,a\n")
    checked = case.load(edited(("{ 1: a, 2: b }", "{ csv: codes.csv, key: id, value: name }")))
    assert checked.lookups == {"group": {"1": "a", "2": "b"}}


# --- the mapping's own tests


@pytest.mark.parametrize(
    ("test", "whats"),
    [
        ('- { stage: «usr, given: {}, filtered: true }', ["unknown stage 'usr'; did you mean 'user'?"]),
        ('- «{ stage: user, given: {} }', ["a test says one of `expect`, `reject` and `filtered`; this one says none"]),
        ('- «{ stage: user, given: {}, expect: {}, filtered: true }',
         ["a test says one of `expect`, `reject` and `filtered`; this one says `expect` and `filtered`"]),
        ('- { stage: user, given: { «emial: "a" }, filtered: true }', ["unknown column 'emial'; did you mean 'email'?"]),
        ('- { stage: user, given: { status: «1 }, filtered: true }', ["all cells of this source are text: put this 'status' in quotes"]),
        ('- { stage: user, given: { status: «null }, filtered: true }',
         ["all cells of this source are text: put this 'status' in quotes (a blank one is \"\")"]),
        ('- { stage: user, given: {}, expect: { «emial: a } }', ["'emial' is not among the stage's fields; did you mean 'email'?"]),
        ('- { stage: user, given: {}, reject: [where, email, phone, «emial] }',
         ["'emial' is not among the stage's fields; did you mean 'email'?"]),
        ('- { stage: user, given: {}, reject: «[] }', ["'reject' must not be empty"]),
        ('- { stage: user, given: {}, filtered: «false }', ["'filtered' must be true"]),
        ('- «{ given: {}, filtered: true }', ["a test needs 'stage': the stage the row is given to"]),
        ('- «abc', ["a test must be a mapping, not text"]),
        ('- { stage: user, given: «[], filtered: true }', ["'given' must be a mapping, not a list"]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_test(case, test, whats):
    case.finds(f"{SMALL}tests:\n  {test}\n", *whats)


# --- all at once, and what they stop


def test_all_problems_come_at_once_sorted_by_line(case):
    case.finds(
        edited(
            ("version: 1", "version: «2"),
            ("csv: customers.csv", "csv: customers.csv, «sheet: x"),
            ("group: { 1: a, 2: b }", "group: { 1: a, «1: b }"),
            ("from: customers", "from: «customer"),
            ("key: customer_code", "key: «code"),
            ("customer_id }}", "customer_id | «intt }}"),
            ("gender: null", "gender: «yes"),
            ("password_algorithm: md5", "«password_algo: md5"),
        ).replace("    fields:", "    «fields:"),
        "'version' must be 1",
        "'sheet' is no option of csv; there is delimiter, encoding, header, nulls, quote, trim",
        "'1' is already given in line 7; YAML would keep only this one",
        "unknown source 'customer'; did you mean 'customers'?",
        f"'code' is not among the stage's fields; did you mean 'customer_code'?",
        "the payload 'user' needs 'password_algorithm', which nothing fills",
        "unknown function 'intt'; did you mean 'int'?",
        "yes is true to some YAML readers and text to others: write 'yes' in quotes if it is text, true if it is a logical value",
        "the payload 'user' has no field 'password_algo'; did you mean 'password_algorithm'?",
    )


def test_control_characters_of_a_mapping_do_not_reach_the_terminal(case):
    case.finds(edited(("version: 1", 'version: 1\n«"\\e[31mred\\n": 1')), "unknown key '\\x1b[31mred\\n'; there is description, lookups, name, "
               "sources, stages, target, tests, version")  # fmt: skip


def test_a_mapping_with_problems_carries_nothing_out(case):
    checked = case.load(edited(("from: customers", "from: custmers")))
    with pytest.raises(MappingError) as error:
        require(checked, upload=False)
    assert str(error.value) == f"{case.file}:10:11: unknown source 'custmers'; did you mean 'customers'?"


def test_what_only_an_upload_needs_does_not_stop_a_dry_run(case):
    checked = case.load(edited(('url: "https://omnitron.example.com", ', ""), ("${ACME_TOKEN}", "${ACME_OTHER}")))
    assert [problem.kind for problem in checked.problems] == [ENVIRONMENT, ENVIRONMENT]
    assert require(checked, upload=False).name == "acme"
    assert len(fatal(checked.problems, upload=True)) == 2
    with pytest.raises(MappingError):
        require(checked, upload=True)


# --- the command


def etl(*arguments, **environment):
    command = [sys.executable, "-m", "etl", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)


def test_the_command_prints_each_problem_on_a_line_and_ends_with_2(case):
    case.file.write_text(edited(("from: customers", "from: custmers"), ("version: 1", "version: 2")), encoding="utf-8")
    done = etl("check", case.folder)
    assert done.returncode == 2
    assert done.stdout.splitlines() == [
        f"{case.file}:1:10: 'version' must be 1",
        f"{case.file}:10:11: unknown source 'custmers'; did you mean 'customers'?",
    ]
    assert done.stderr == "2 problems\n"


def test_the_command_says_the_same_as_json(case):
    case.file.write_text(edited(("version: 1", "version: 2")), encoding="utf-8")
    done = etl("check", case.file, "--json")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["ok"], answer["problems"]) == (2, False, [f"{case.file}:1:10: 'version' must be 1"])


def test_the_command_ends_with_0_when_all_is_well(case):
    case.file.write_text(SMALL, encoding="utf-8")
    done = etl("check", case.folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"{case.folder}: no problems\n")
