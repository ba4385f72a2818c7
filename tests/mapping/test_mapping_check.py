"""What `etl check` finds in a mapping's keys, stages and payloads, and how it is told."""

import json

import pytest
from commands import etl
from mapping_case import ADDRESS, SMALL, edited

from etl.errors import MappingError
from etl.mapping import ENVIRONMENT, context, fatal, require, templates

NAMES = "customer_code, date_joined, email, email_allowed, first_name, gender, last_name, password, password_algorithm"
FIELDS = f"{NAMES}, sms_allowed"


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
        (("    key:", "    «zzz: 1\n    key:"), "unknown key 'zzz'; there is accept, batch_size, cut_after_errors, duplicates, "
         "fields, from, gate, key, may_be_empty, name, pause, payload, ramp_up, refers, settled, totals, unique, where"),
        (("version: 1", "version: «2"), "'version' must be 1"),
        (("version: 1", 'version: «"1"'), "'version' must be 1, without quotes"),
        (("name: acme", "name: «a b"), "'a b' is no name: letters, digits, _ and -, and no digit first"),
        (("name: acme", 'name: «"acme\\n"'), "'acme\\n' is no name: letters, digits, _ and -, and no digit first"),
        (("  customers:", "  «old customers: { csv: customers.csv, delimiter: ';' }\n  customers:"),
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
        (("    key:",
         "    payload: «usr\n    key:"), "'usr' is not one of user, address, order, order_item; did you mean 'user'?"),
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
        ("    from: customers\n", "a stage needs 'from': the source its rows come from: one of `sources`, by its name; or a "
         "source, written here"),
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


# --- stages


@pytest.mark.parametrize(
    ("changes", "whats"),
    [
        ([("from: customers", "from: «custmers")], ["unknown source 'custmers'; did you mean 'customers'?"]),
        ([("key: customer_code", "key: «customer_cod")],
         ["'customer_cod' is not among the stage's fields; did you mean 'customer_code'?"]),
        ([("    key:", "    unique: [email, «mail, «phone]\n    key:")],
         ["'mail' is not among the stage's fields; did you mean 'email'?",
          f"'phone' is not among the stage's fields; there is {FIELDS}"]),
        ([("    key:",
         "    unique: [«gender]\n    key:")], ["'gender' is the same for every record, so it tells none from another"]),
        ([("    key:",
         "    refers: { email: «user }\n    key:")], ["stage 'user' refers to itself; a stage refers to an earlier one"]),
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
        ("last_name: «5", "the payload 'user' refuses this 'last_name': 5 is not text; in quotes it is"),
        ("last_name: «null", "the payload 'user' refuses this 'last_name': must not be null"),
        ("last_name: «[a, b]", "the payload 'user' refuses this 'last_name': the list is not text"),
        ('last_name: x\n      phone: «"0212 000 12 34"',
         "the payload 'user' refuses this 'phone': '0212 000 12 34' is not a Turkish mobile number written as 5XXXXXXXXX"),
        ('last_name: x\n      date_of_birth: «"31.12.1990"',
         "the payload 'user' refuses this 'date_of_birth': '31.12.1990' is not a date written as YYYY-MM-DD that does not lie "
         "ahead"),
    ],
)  # fmt: skip
def test_a_constant_that_the_payload_refuses_is_shown_where_it_stands(case, field, what):
    case.finds(edited(("last_name: Yılmaz", field)), what)


def test_a_constant_password_that_is_refused_is_not_repeated(case):
    case.finds(
        edited(("ffffffffffffffffffffffffffffffff", '«""')),
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
        ("{ user: { gender: { maxLength: «-1 } } }",
         "'maxLength' cannot be this in JSON Schema: -1 is less than the minimum of 0"),
        ("{ order: { extra_field: { properties: «{ a: { maxLength: -1 } } } } }",
         "'properties' cannot be this in JSON Schema: -1 is less than the minimum of 0"),
        ('{ user: { «gender: { pattern: "(" } } }', '"(" is not a "regex"'),
        ("{ user: { gender: «[a] } }", "'gender' must be a mapping, not a list"),
        ("{ user: «5 }", "'user' must be a mapping, not a whole number"),
        ("{ user: { «gender: { format: date } } }",
         "field 'gender': unknown format 'date'; use omnitron-date, omnitron-datetime or a pattern"),
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


# --- all at once, and what they stop


def test_all_problems_come_at_once_sorted_by_line(case):
    case.finds(
        edited(
            ("version: 1", "version: «2"),
            ("csv: customers.csv", "csv: customers.csv, «sheet: x"),
            ("group: { 1: a, 2: b }", "group: { 1: a, «1: b }"),
            ("from: customers", "from: «customer"),
            ("key: customer_code", "key: «customer"),
            ("customer_id }}", "customer_id | «intt }}"),
            ("gender: null", "gender: «yes"),
            ("password_algorithm: md5", "«password_algo: md5"),
        ).replace("    fields:", "    «fields:"),
        "'version' must be 1",
        "'sheet' is no option of csv; there is counters, delimiter, encoding, escape, header, normalize, nulls, quote, trim",
        "'1' is already given in line 7; YAML would keep only this one",
        "unknown source 'customer'; did you mean 'customers'?",
        "'customer' is not among the stage's fields; did you mean 'customer_code'?",
        "the payload 'user' needs 'password_algorithm', which nothing fills",
        "unknown function 'intt'; did you mean 'int'?",
        "yes is true to some YAML readers and text to others: write 'yes' in quotes if it is text, true if it is a logical value",
        "the payload 'user' has no field 'password_algo'; did you mean 'password_algorithm'?",
    )


def test_control_characters_of_a_mapping_do_not_reach_the_terminal(case):
    case.finds(
        edited(("version: 1", 'version: 1\n«"\\e[31mred\\n": 1')),
        "unknown key '\\x1b[31mred\\n'; there is databases, description, extends, geography, lookups, name, sources, stages, "
        "target, tests, version",
    )


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


def test_what_all_stages_read_is_looked_up_once_however_many_stages_there_are(case, monkeypatch):
    asked = []

    def counted(stages):
        asked.append(stages)
        return templates.columns_used(stages)

    monkeypatch.setattr(context, "columns_used", counted)
    stage = SMALL[SMALL.index("  - name: user\n") :].replace("email | lower", "emial | lower")
    more = "".join(stage.replace("name: user\n", f"name: user{n}\n    payload: user\n") for n in range(9))
    told = case.told(SMALL.replace("email | lower", "emial | lower") + more)
    assert len([one for one in told if "unknown column 'emial'" in one]) == 10
    assert len(asked) == 1
