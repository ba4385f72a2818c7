"""What is personal: said once in the payload schemas, and followed back through the mapping to what is printed."""

from __future__ import annotations

import json
import stat

import openpyxl
import pytest
from commands import etl, target, write_shop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.commands.dry_run import dry_run
from etl.commands.settings import Settings
from etl.findings import HIDDEN, sentence
from etl.model import PAYLOADS, Expression, Place, Stage
from etl.package import Package
from etl.personal import mask_value
from etl.prepare.privacy import privacy_of
from etl.resources import load_schema

USER = load_schema("user")


def only_json(done):
    return json.loads(done.stdout)


def expression(text):
    return Expression(text, Place(""))


def of(columns, **fields):
    templates = {name: expression(text) if "{{" in text else text for name, text in fields.items()}
    return privacy_of(Stage("user", "user", "people", "customer_code", templates), columns, USER)


def test_a_column_is_masked_when_it_feeds_a_personal_field_or_none():
    found = of(
        ["id", "mail", "sex", "both", "idle"],
        customer_code="{{ id }}",
        email="{{ mail | default(both) }}",
        gender="{{ sex | default(both) }}",
    )
    assert found.columns == {"mail", "both", "idle"}
    assert {"email", "gender"} <= found.fields
    assert not found.is_personal("customer_code")


def test_what_stands_in_the_mapping_itself_is_nobodys_but_for_a_password():
    found = of(["id", "name"], customer_code="{{ id }}", first_name="{{ name }}", last_name="Yılmaz",
               phone="{{ '0212 555' | phone('TR') }}", password="secret")  # fmt: skip
    assert [one for one in ("first_name", "last_name", "phone", "password") if found.is_personal(one)] == [
        "first_name",
        "password",
    ]


def test_a_constant_is_printed_as_the_mapping_has_it(tmp_path):
    mapping = write_shop(
        tmp_path, **{'"{{ name }}"\n      last_name: "{{ name }}"': '"{{ name }}"\n      last_name: Bilinmiyor'}
    )
    said = etl("preview", mapping, "-n", "1", **target("http://127.0.0.1:9")).stdout
    assert 'last_name: "Bilinmiyor"' in said, said
    assert 'first_name: "A***"' in said


def test_a_where_that_reads_a_masked_column_is_masked_too():
    fields = {"customer_code": expression("{{ id }}")}
    stage = Stage("user", "user", "people", "customer_code", fields, where=expression("{{ mail | lower }}"))
    assert privacy_of(stage, ["id", "mail"], USER).is_personal("where")
    assert not privacy_of(
        Stage("user", "user", "people", "customer_code", fields, where=expression("{{ id | int }}")), ["id"], USER
    ).is_personal("where")


def test_a_column_of_a_password_is_hidden():
    found = of(["id", "hash"], customer_code="{{ id }}", password="{{ hash | lower }}")
    assert (found.hidden, found.secret) == ({"hash"}, {"password"})


TWO_STAGES = """\
version: 1
name: people
sources:
  people: { csv: people.csv }
stages:
  - name: user
    from: people
    key: customer_code
    fields:
      customer_code: "{{ id }}"
      first_name: "{{ name }}"
      last_name: "{{ name }}"
      email: "{{ mail }}"
      phone: "{{ phone }}"
      gender: null
      sms_allowed: false
      email_allowed: false
      date_joined: "2020-01-01 00:00:00"
      password: "{{ digest }}"
      password_algorithm: md5
  - name: address
    from: people
    key: "{{ id }}"
    refers: { user: user }
    fields:
      user: "{{ id }}"
      phone_number: "{{ phone }}"
      email: ada@example.com
      first_name: "{{ name }}"
      last_name: "{{ name }}"
      line: Cad. 1
      city: Ankara
      township: Ankara
      country: Türkiye
"""


@pytest.mark.parametrize(("name", "fate"), [("A" * 500, "rejected"), ("Ada", "held")])
def test_a_digest_is_hidden_in_the_rows_of_every_stage_that_reads_its_source(tmp_path, name, fate):
    digest = "311624273bfd1d33311624273bfd1d33"
    mapping = tmp_path / "people.yaml"
    mapping.write_text(TWO_STAGES, encoding="utf-8")
    # The customer is rejected for the e-mail, so the address is held where it is not rejected for the name.
    people = f"id,name,mail,phone,digest\n1,{name},no,5321234567,{digest}\n"
    (tmp_path / "people.csv").write_text(people, encoding="utf-8")
    package = dry_run(mapping, Settings(tmp_path / "work", workers=1))
    rows = {one.name: [*package.rows(one)] for one in package.stages}
    assert {stage: [one.fate for one in found] for stage, found in rows.items()} == {
        "user": ["rejected"],
        "address": [fate],
    }
    assert {found[0].cells[-1] for found in rows.values()} == {"(hidden)"}
    book = openpyxl.load_workbook(package.path / "rejects.xlsx")
    told = [str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not any(digest in one for one in told)
    assert told.count("(hidden)") == (2 if fate == "rejected" else 1)  # the workbook is of rejected rows


# Nothing personal is printed

MAPPING = """\
version: 1
name: people
sources:
  people: {{ jsonl: people.jsonl, header: [id, sex, phone, mail] }}
stages:
  - name: user
    from: people
    key: customer_code
    fields:
      customer_code: "{{{{ id }}}}"
      first_name: Ali
      last_name: Veli
      email: "{{{{ mail | default('info@example.com') }}}}"
      gender: "{{{{ sex }}}}"
      sms_allowed: false
      email_allowed: false
      phone: "{{{{ {phone} }}}}"
      date_of_birth: null
      date_joined: "2020-01-01 10:00:00"
      password: "098f6bcd4621d373cade4e832627b4f6"
      password_algorithm: md5
"""
PHONES = ("phone", "phone | trim", "phone | phone('TR')", "phone | upper", "phone.home", "phone * 2 - 1")


def write(folder, rows, phone="phone"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "migration.yaml").write_text(MAPPING.format(phone=phone), encoding="utf-8")
    (folder / "people.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


@pytest.mark.parametrize("phone", PHONES)
@pytest.mark.parametrize("command", ["dry-run", "preview"])
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_telephone_that_is_a_number_is_not_printed(phone, command, options, tmp_path):
    write(tmp_path, [{"id": "1", "sex": "male", "phone": 5321234567}], phone)
    done = etl(command, tmp_path, *options, cwd=tmp_path)
    said = done.stdout + done.stderr
    assert "5321234567" not in said
    assert "10642469133" not in said
    assert "phone" in said


def test_a_telephone_that_is_a_number_is_refused_in_so_many_words(tmp_path):
    write(tmp_path, [{"id": "1", "sex": "male", "phone": 5321234567}], "phone | trim")
    (line,) = only_json(etl("dry-run", tmp_path, "--json", cwd=tmp_path))["problems"]
    assert line == "user: people.jsonl row 1, field 'phone': trim expects text, not 5***; write `| text` before it"


def test_columns_that_feed_plain_fields_alone_are_shown_in_a_preview(tmp_path):
    write(tmp_path, [{"id": "1", "sex": "male", "phone": "5321234567", "mail": "ali@mail.com"}])
    (row,) = only_json(etl("preview", tmp_path, "--json", cwd=tmp_path))["rows"]
    assert row["cells"] == {"id": "1", "sex": "male", "phone": "5***", "mail": "a***@m***.com"}
    assert (row["record"]["gender"], row["record"]["phone"]) == ("male", "5***")
    (row,) = only_json(etl("preview", tmp_path, "--json", "--show-data", cwd=tmp_path))["rows"]
    assert row["cells"] == {"id": "1", "sex": "male", "phone": "5321234567", "mail": "ali@mail.com"}


words = st.text(st.characters(categories=("Lu", "Ll", "Nd")), min_size=3, max_size=12)
values = st.recursive(
    st.one_of(words, st.integers(1000), st.floats(1000, 1e12), st.lists(words, max_size=3).map(" ".join)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=6,
)


def leaves(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [leaf for inner in value for leaf in leaves(inner)]
    return [word for word in str(value).replace(".", " ").split() if len(word) > 2]


@given(values)
def test_a_masked_value_of_any_type_shows_no_word_of_it(value):
    shown = json.dumps(mask_value(value), ensure_ascii=False)
    found = json.loads(shown)
    assert not set(leaves(value)) & set(leaves(found))


@given(values, st.sampled_from(["{value}: no", "{it}: no", "{entry}: no", "{told}: no"]))
def test_a_masked_sentence_shows_no_word_of_the_value(value, template):
    parts = dict.fromkeys(("value", "it", "entry", "told"), value)
    said = sentence(template, parts, masked=True)
    assert not [word for word in leaves(value) if len(word) > 9 and word in said and word != "characters"]


@given(st.data())
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_personal_column_holds_it_is_not_in_what_a_dry_run_says(tmp_path, data):
    from etl.commands.dry_run import dry_run
    from etl.commands.settings import Settings
    from etl.commands.summing import summary_of

    secret = data.draw(st.one_of(st.integers(10**9, 10**12), st.text("xyz", min_size=9, max_size=30), st.booleans()))
    nested = data.draw(st.sampled_from([secret, [secret], {"home": secret}, {"a": [secret]}]))
    phone = data.draw(st.sampled_from(PHONES))
    folder = write(tmp_path / str(data.draw(st.uuids())), [{"id": "1", "sex": "male", "phone": nested}], phone)
    package = dry_run(folder / "migration.yaml", Settings(folder / "work", workers=1))
    said = summary_of(package).as_json()
    assert isinstance(secret, bool) or str(secret) not in said


# Every kind of problem


ELEVEN = [{"id": str(n), "sex": "male", "mail": f"Adres {word} Deneme"} for n, word in enumerate(
    ("Bir", "Iki", "Uc", "Dort", "Bes", "Alti", "Yedi", "Sekiz", "Dokuz", "On"), 1)]  # fmt: skip


def test_ten_addresses_and_a_telephone_are_two_kinds_of_problems(tmp_path):
    write(tmp_path, [*ELEVEN, {"id": "11", "sex": "male", "phone": "yok"}], "phone | phone('TR')")
    found = only_json(etl("dry-run", tmp_path, "--json", cwd=tmp_path))
    assert found["problems"] == [
        "user: people.jsonl row 1, field 'email': 'A*** B*** D***' is not an e-mail address such as ali@example.com "
        "(and 9 more like it)",
        "user: people.jsonl row 11, field 'phone': 'y***' is not a Turkish mobile number; phone(default=none) sends none "
        "instead",
    ]
    assert [(one["field"], one["rule"], one["count"], one["rows"]) for one in found["kinds"]] == [
        ("email", "pattern", 10, list(range(1, 11))),
        ("phone", "function:phone", 1, [11]),
    ]
    assert len(found["kinds"][0]["examples"]) == 3


def test_many_missing_entries_of_one_field_are_one_line(tmp_path):
    mapping = write(tmp_path, [{"id": str(n), "sex": f"kind {n}"} for n in range(1, 1200)], "phone") / "migration.yaml"
    text = mapping.read_text(encoding="utf-8").replace("{{ sex }}", "{{ sex | lookup('sexes') }}")
    mapping.write_text(text.replace("stages:", "lookups: { sexes: { m: male } }\nstages:"), encoding="utf-8")
    found = only_json(etl("dry-run", tmp_path, "--json", cwd=tmp_path))
    assert found["problems"] == [
        "user: people.jsonl row 1, field 'gender': no entry 'kind 1' in the lookup 'sexes'; add it there, or say "
        "default= for values it lacks (and 1,198 rows with more than 999 other entries that it lacks (--json lists them))"
    ]
    assert sum(one["count"] for one in found["kinds"]) == 1199
    assert [one["cut"] for one in found["kinds"]] == [True] + [False] * 1000


# Rows with their fate


def test_rows_that_are_not_sent_keep_their_cells_once_and_no_password(tmp_path):
    write(tmp_path, [{"id": "1", "sex": "x", "phone": [1], "mail": "no"}, {"id": "2"}, {"id": "2", "phone": "5"}])
    text = (tmp_path / "migration.yaml").read_text(encoding="utf-8")
    (tmp_path / "migration.yaml").write_text(
        text.replace('"098f6bcd4621d373cade4e832627b4f6"', "'{{ sex | digest(\"md5\") }}'")
    )
    etl("dry-run", tmp_path, cwd=tmp_path)
    (path,) = (tmp_path / "work" / "people" / "packages").iterdir()
    package = Package.open(path)
    stage = package.stage("user")
    assert stage.columns == ("id", "sex", "phone", "mail")
    kept = list(package.rows(stage))
    assert [(one.row, one.fate, one.key, one.cells) for one in kept] == [
        (1, "rejected", "1", ["1", HIDDEN, [1], "no"]),
        (2, "rejected", "2", ["2", HIDDEN, None, None]),
        (3, "rejected", "2", ["2", HIDDEN, "5", None]),
    ]
    assert stat.S_IMODE((path / "rows" / "user.jsonl").stat().st_mode) == 0o600


def test_a_package_is_walked_record_by_record(tmp_path):
    write(tmp_path, [{"id": str(n), "sex": "male"} for n in range(1, 4)])
    etl("dry-run", tmp_path, cwd=tmp_path)
    (path,) = (tmp_path / "work" / "people" / "packages").iterdir()
    package = Package.open(path)
    walked = list(package.walk(package.stage("user")))
    assert [(one.batch.number, one.position, one.key, one.row) for one in walked] == [
        (1, 0, "1", 1), (1, 1, "2", 2), (1, 2, "3", 3),
    ]  # fmt: skip
    assert [json.loads(one.data)["customer_code"] for one in walked] == ["1", "2", "3"]


def test_every_payload_has_personal_fields():
    assert all(any(one["personal"] for one in load_schema(name)["properties"].values()) for name in PAYLOADS)
