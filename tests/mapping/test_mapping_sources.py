"""What `etl check` finds in sources, in lookups, and in the mapping's own tests."""

import os
from contextlib import contextmanager

import pytest
from mapping_case import ADDRESS, SMALL, edited
from msgspec.structs import replace

from etl import extract
from etl.mapping import Opens, load_mapping

COLUMNS = "First Name, customer_id, email, row_number, status"
KINDS = ", ".join(extract.KINDS)


# --- sources


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
        ("{ csv: customers.csv, «sheet: 1 }",
         "'sheet' is no option of csv; there is counters, delimiter, encoding, escape, header, normalize, nulls, quote, trim"),
        ("{ csv: customers.csv, delimiter: «ab }", "'ab' is not one character (a tab is written \"\\t\", with double quotes)"),
        ("{ csv: customers.csv, encoding: «windows-1245 }", "unknown encoding 'windows-1245'; did you mean 'windows-1254'?"),
        ("{ csv: customers.csv, delimiter: ';', header: «[] }", "'header' must not be empty"),
        ("{ csv: customers.csv, delimiter: ';', header_row: «0 }", "'header_row' must be at least 1"),
        ('{ csv: «"a\\0b" }', "'{folder}/a\\x00b': cannot be opened (its name holds a NUL character)"),
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
        "none.csv: no such file; there are: customers.csv, migration.yaml",
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
        "unknown column 'email'; there is address_id, customer_id, row_number, street",
    )
    case.finds(text.replace("{{ email | lower }}", "{{ «street }}"), f"unknown column 'street'; there is {COLUMNS}")


# --- lookups


def test_what_a_lookup_gives_to_a_field_is_checked_against_the_field_before_a_row_needs_it(case):
    case.finds(
        edited(
            ("group: { 1: a, 2: b }", "group: { 1: male, 2: «Bay }"),
            ("gender: null", "gender: \"{{ status | lookup('group') }}\""),
        ),
        "the payload 'user' refuses what this gives for '2' to 'gender': 'Bay' is not one of male, female, ''",
    )


@pytest.mark.parametrize(
    "text",
    ["{{ status | trim | lookup('group') | default('x') }}",
     "{{ (status | lookup('group')) if status == '1' else (status | lookup('group')) }}"],
)  # fmt: skip
def test_what_a_lookup_gives_is_checked_through_a_default_and_both_sides_of_an_if(case, text):
    case.finds(
        edited(("group: { 1: a, 2: b }", "group: { 1: male, 2: «Bay }"), ("gender: null", f'gender: "{text}"')),
        "the payload 'user' refuses what this gives for '2' to 'gender': 'Bay' is not one of male, female, ''",
    )


def test_null_in_a_lookup_is_refused_where_a_field_needs_a_value_and_nothing_replaces_it(case):
    group, name = ("group: { 1: a, 2: b }", "group: { 1: «null, 2: b }"), "{{ status | lookup('group') }}"
    found = case.told(edited((group[0], group[1].replace("«", "")), ("last_name: Yılmaz", f'last_name: "{name}"')))
    assert [one.partition("the payload")[2] for one in found] == [
        " 'user' refuses what this gives for '1' to 'last_name': must not be null"
    ]
    replaced = name.replace(" }}", " | default('-') }}")
    for field in (("last_name: Yılmaz", f'last_name: "{replaced}"'), ("gender: null", f'gender: "{name}"')):
        assert case.told(edited(("group: { 1: a, 2: b }", "group: { 1: null, 2: male }"), field)) == []


def test_a_number_of_a_lookup_is_text_in_the_quotes_that_are_advised(case):
    name = ("last_name: Yılmaz", "last_name: \"{{ status | lookup('group') }}\"")
    what = "the payload 'user' refuses what this gives for '1' to 'last_name': 550 is not text; in quotes it is"
    case.finds(edited(("group: { 1: a, 2: b }", "group: { 1: «550, 2: b }"), name), what)
    assert case.told(edited(("group: { 1: a, 2: b }", 'group: { 1: "550", 2: b }'), name)) == []


def test_keys_that_are_one_without_their_case_and_accents_may_not_mean_two_things(case):
    field = ("gender: null", "gender: \"{{ status | «lookup('group', by='lower') }}\"")
    case.finds(
        edited(("group: { 1: a, 2: b }", "group: { ERKEK: male, erkek: female }"), field),
        "lookup(table, default=..., by=none): with by='lower' 'erkek' and another key of the lookup 'group' are one, and "
        "their values differ",
    )


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
         "'sheet' is no option of csv; there is counters, delimiter, encoding, escape, header, normalize, nulls, quote, trim"),
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
    assert checked.resources["lookup"] == {"group": {"1": "a", "2": "b"}}


# --- the mapping's own tests


@pytest.mark.parametrize(
    ("test", "whats"),
    [
        ('- { stage: «usr, given: {}, filtered: true }', ["unknown stage 'usr'; did you mean 'user'?"]),
        ('- «{ stage: user, given: {} }', ["a test says one of `expect`, `reject` and `filtered`; this one says none"]),
        ('- «{ stage: user, given: {}, expect: {}, filtered: true }',
         ["a test says one of `expect`, `reject` and `filtered`; this one says `expect` and `filtered`"]),
        ('- { stage: user, given: { «emial: "a" }, filtered: true }', ["unknown column 'emial'; did you mean 'email'?"]),
        ('- { stage: user, given: { status: «1 }, filtered: true }',
         ["all cells of this source are text: put this 'status' in quotes"]),
        ('- { stage: user, given: { status: «null }, filtered: true }',
         ["all cells of this source are text: put this 'status' in quotes (a blank one is \"\")"]),
        ('- { stage: user, given: {}, expect: { «emial: a } }',
         ["'emial' is not among the stage's fields; did you mean 'email'?"]),
        ('- { stage: user, given: {}, reject: [where, email, phone, «emial] }',
         ["'emial' is not among the stage's fields; did you mean 'email'?"]),
        ('- { stage: user, given: {}, reject: «[] }', ["'reject' must not be empty"]),
        ('- { stage: user, given: {}, filtered: «false }', ["'filtered' must be true"]),
        ('- «{ given: {}, filtered: true }', ["a test needs 'stage': the stage the rows are given to"]),
        ('- «abc', ["a test must be a mapping, not text"]),
        ('- { stage: user, given: «[], filtered: true }', ["'given' must be a mapping, not a list"]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_test(case, test, whats):
    case.finds(f"{SMALL}tests:\n  {test}\n", *whats)


def test_a_check_opens_no_network_and_takes_any_name_for_a_column_of_what_it_did_not_open(tmp_path):
    mapping = tmp_path / "migration.yaml"
    mapping.write_text(
        "version: 1\nname: shop\nsources:\n  orders: { csv: 'ftp://127.0.0.1:9/orders.csv' }\n"
        "stages:\n  - { name: order, from: orders, key: number, fields: { number: '{{ whatever }}' } }\n",
        encoding="utf-8",
    )
    closed = [one.what for one in load_mapping(mapping, opens=Opens.HERE).problems]
    opened = [one.what for one in load_mapping(mapping).problems]
    assert not [what for what in closed if "ftp" in what or "whatever" in what]
    assert [what for what in opened if "ftp://127.0.0.1:9/orders.csv" in what]


@pytest.mark.parametrize(
    ("address", "what"),
    [
        (
            "http://shop.example.com/customers",
            "everybody on the way could read what comes over plain HTTP; write https://",
        ),
        ("customers.json", "is no address of an API; write https://host/path"),
    ],
)
def test_an_api_that_cannot_be_asked_is_told_without_asking_it(case, address, what):
    case.file.write_text(edited(('csv: customers.csv, delimiter: ";"', f'api: "{address}"')), encoding="utf-8")
    [problem] = load_mapping(case.file, opens=Opens.HERE).problems
    assert str(problem) == f"{case.file}:5:21: {address}: {what}"


# --- what a kind may ask for


class Relay:
    """A kind that reads another source, and tells when its table is closed."""

    def __init__(self, monkeypatch):
        self.closed = []
        option = extract.Option("password", "a secret.", lambda value: value, {"type": "string", "writeOnly": True})
        kind = extract.Kind("excel", "Another source.", self.open, (option,), needs=lambda source: [source.location])
        monkeypatch.setitem(extract.KINDS, "excel", replace(kind, where="database"))

    @contextmanager
    def open(self, source, world):
        try:
            yield world.tables[source.location]
        finally:
            self.closed.append(source.name)


RELAYED = """\
sources:
  second: { excel: first }
  first: { excel: customers }
  customers: { csv: customers.csv, delimiter: ";" }
"""


def relayed(case, text=RELAYED):
    case.write("migration.yaml", SMALL.replace('sources:\n  customers: { csv: customers.csv, delimiter: ";" }\n', text))
    return load_mapping(case.file)


def test_a_source_that_needs_another_is_opened_after_it_and_closed_before_it(case, monkeypatch):
    relay = Relay(monkeypatch)
    with relayed(case) as checked:
        assert checked.problems == ()
        assert checked.tables["second"].header == ("customer_id", "email", "status", "First Name")
        assert relay.closed == []
    assert relay.closed == ["second", "first"]


def test_sources_that_need_each_other_are_told(case, monkeypatch):
    Relay(monkeypatch)
    circle = RELAYED.replace("first: { excel: customers }", "first: { excel: second }")
    assert [one.what for one in relayed(case, circle).problems] == [
        "the sources go round in a circle: 'second' needs 'first' needs 'second'"
    ]


def test_what_cannot_be_opened_is_told_once_and_not_again_by_what_needs_it(case, monkeypatch):
    Relay(monkeypatch)
    found = relayed(case, RELAYED.replace("csv: customers.csv", "csv: none.csv")).problems
    assert [one.what for one in found] == [
        f"{case.folder}/none.csv: no such file; there are: customers.csv, migration.yaml"
    ]


def test_tables_are_closed_when_reading_the_mapping_fails(case, monkeypatch):
    relay = Relay(monkeypatch)
    monkeypatch.setattr("etl.mapping.checks.stage_problems", lambda context: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        relayed(case)
    assert relay.closed == ["second", "first"]
