"""One small shop in which everything goes wrong, and none of its customers in what is printed, or in a log."""

import json
import re

import pytest
from commands import etl
from load_helpers import PASSWORD, TOKEN
from servers import Sandbox, Strict

PEOPLE = {
    "name": "Zümrüt", "family": "Karabatakoğlu", "mail": "zumrut.karabatak@posta.example", "home": "Menekşe Sokağı",
    "born": "1961-11-23", "hash": "5f4dcc3b5aa765d61d8327deb882cf99", "tax": "48151623427", "note": "Bırakınız kapıcıya",
    "email_of_order": "siparis.gizli@posta.example", "firm": "Gizlikum Tekstil",
}  # fmt: skip
PHONE = 5387654321
SECRETS = (TOKEN, PASSWORD)

MAPPING = """\
version: 1
name: people
target: { url: '${OMNITRON_URL}', channel: 1, token: '${OMNITRON_TOKEN}', retries: 0, batch_size: 1, polling: { interval: 0.01 } }
sources:
  people: { json: people.json }
  homes: { json: homes.json }
  orders: { json: orders.json }
lookups:
  cities: { Ankara: Ankara }
stages:
  - name: user
    from: people
    key: customer_code
    unique: [email]
    fields:
      customer_code: "{{ id }}"
      first_name: "{{ name }}"
      last_name: "{{ family }}"
      email: "{{ mail }}"
      sms_allowed: false
      email_allowed: true
      phone: "{{ phone | text }}"
      date_of_birth: "{{ born }}"
      date_joined: "2020-01-02 03:04:05"
      password: "{{ hash }}"
      password_algorithm: md5
  - name: address
    from: homes
    key: "{{ id }}"
    refers: { customer_code: user }
    fields:
      title: "{{ title }}"
      customer_code: "{{ customer }}"
      first_name: "{{ name }}"
      last_name: "{{ family }}"
      country: Türkiye
      city: "{{ city | lookup('cities') }}"
      township: Çankaya
      line: "{{ home }}"
      email: "{{ mail }}"
      phone_number: "{{ phone }}"
      company_name: "{{ firm }}"
      tax_no: "{{ tax }}"
  - name: order
    from: orders
    key: "{{ number }}"
    refers: { user: user }
    fields:
      number: "{{ number }}"
      user: "{{ customer }}"
      user_email: "{{ mail }}"
      status: "550"
      created_date: "2020-01-02 03:04:05"
      amount: "{{ amount | money('.') }}"
      currency: try
      payment_type: ""
      bank: ""
      installment_count: 1
      tracking_number: ""
      shipping_company: yurtici
      shipping_address: "{{ home }}"
      billing_address: "{{ home }}"
      extra_field: { note: "{{ note }}" }
"""


def write(folder):
    good = {"id": "1", **PEOPLE, "phone": None}
    people = [
        good,
        {**good, "id": "2", "mail": "second@posta.example", "phone": "+905387654321"},
        {**good, "id": "3"},
        {**good, "id": PEOPLE["mail"], "mail": PEOPLE["family"]},
        {**good, "id": "5", "mail": "fifth@posta.example", "phone": PHONE, "born": "1961-11-23 Karabatakoğlu"},
        {
            **good,
            "id": "6",
            "mail": "sixth@posta.example",
            "hash": PEOPLE["hash"] + "00",
            "name": {"Karabatakoğlu": PHONE},
        },
        {**good, "id": str(PHONE), "mail": PEOPLE["email_of_order"], "family": "Karabatakoğlu " * 40},
    ]
    homes = [
        {**good, "id": "h1", "customer": "1", "title": "Ev", "city": PEOPLE["mail"]},
        {**good, "id": "h2", "customer": PEOPLE["mail"], "title": "Ev", "city": "Ankara"},
        {
            **good,
            "id": "h3",
            "customer": "1",
            "title": "Ev",
            "city": "Ankara",
            "phone": PHONE,
            "tax": PEOPLE["tax"] * 3,
        },
        {**good, "id": "h4", "customer": "1", "title": [PEOPLE["firm"]], "city": "Ankara", "phone": {"tel": PHONE}},
        {**good, "id": PEOPLE["mail"], "customer": "1", "title": "Ev", "city": "Ankara"},
    ]
    orders = [
        {**good, "number": "o1", "customer": "1", "amount": PHONE / 1000, "mail": PEOPLE["email_of_order"]},
        {**good, "number": "o2", "customer": PEOPLE["mail"], "amount": "10.00"},
        {**good, "number": PEOPLE["mail"], "customer": "1", "amount": "10.00", "note": [PEOPLE["note"]]},
        {**good, "number": "o4", "customer": "99", "amount": PEOPLE["mail"]},
        {**good, "number": "o5", "customer": str(PHONE), "amount": "10.00"},
    ]
    for name, rows in (("people", people), ("homes", homes), ("orders", orders)):
        (folder / f"{name}.json").write_text(json.dumps(rows), encoding="utf-8")
    (folder / "migration.yaml").write_text(MAPPING, encoding="utf-8")


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """The folder, and what each command said."""
    folder, server = tmp_path_factory.mktemp("people"), Strict()
    write(folder)
    said = {}

    def typed(*words):
        for more in ([], ["--json"]) if words[0] not in ("run", "resume", "retry") else ([],):
            done = etl(words[0], folder, *words[1:], *more, OMNITRON_URL=server.url, OMNITRON_TOKEN=TOKEN)
            said[" ".join((*words, *more))] = done.stdout + done.stderr

    echo = {"fault": "error_before", "body": {"detail": [{**PEOPLE, "phone": PHONE}]}}
    try:
        for words in (["check"], ["preview", "-n", "9"], ["dry-run"], ["pilot", "--key", PEOPLE["mail"]]):
            typed(*words)
        server.ask("faults", {**echo, "status": 400, "skip": 1})
        typed("run")
        server.ask("faults", {**echo, "status": 500, "type": "order"})
        typed("resume")
        typed("status", "--changed")
        for stage, key in (("user", "1"), ("user", "2"), ("user", str(PHONE)), ("address", "h1"), ("order", "o2")):
            typed("history", "--verbose", "--stage", stage, "--key", key)
        typed("retry", "--yes")
    finally:
        server.close()
    return folder, said


LOOKS = (
    *(("find", one) for one in ("1", str(PHONE), PEOPLE["mail"], PEOPLE["email_of_order"])),
    *(("explain", *one) for one in (("user", "1"), ("user", "2"), ("user", "6"), ("address", "h1"), ("address", "h4"),
                                    ("order", "o1"), ("order", "o2"), ("order", "o4"))),
    ("preview", "--rejected"), ("preview", "--where", "{{ mail is not none }}"), ("check", "--data"), ("reconcile",),
    ("lineage",), ("sample",), ("fix",), ("report",), ("show",),
)  # fmt: skip


def test_nothing_that_looks_into_a_package_or_a_source_prints_who_a_customer_is(tmp_path):
    write(tmp_path)
    etl("dry-run", tmp_path)
    words = [*PEOPLE.values(), str(PHONE), "Karabatak", "Gizlikum", "Menekşe", "kapıcıya"]
    for name, *more in (*LOOKS, ("inspect",)):
        for json_or_not in ([], ["--json"]) if name not in ("fix", "report", "show") else ([],):
            where = tmp_path / "people.json" if name == "inspect" else tmp_path
            done = etl(name, where, *more, *json_or_not, OMNITRON_URL="https://o.example", OMNITRON_TOKEN=TOKEN)
            said = done.stdout + done.stderr
            assert done.returncode in (0, 1), said
            assert leaked(said, [one for one in words if one not in more]) == [], (name, *more, *json_or_not)


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What each command says of a server and a shop that repeat a customer in all that they answer."""
    folder, server = tmp_path_factory.mktemp("answers"), Sandbox()
    write(folder)
    mapping = folder / "migration.yaml"
    mapping.write_text(MAPPING.replace("channel: 1,", "channel: 1, shop_url: '${OMNITRON_URL}',"), encoding="utf-8")
    record = {**PEOPLE, "phone": PHONE}
    page = f"<html>\r\n<b>{PEOPLE['name']}</b>\u2028{PEOPLE['family']}; check target {PHONE}\n{PEOPLE['home']}"
    said = {}
    server.ask("customers", {"after": 0})  # Otherwise each `verify` waits for its channel.

    def typed(name, *words, fault="error_before", **settings):
        server.clear_faults()
        if settings:
            server.fault(fault, **settings)
        done = etl(
            words[0], folder, *words[1:], OMNITRON_URL=server.url, OMNITRON_TOKEN=TOKEN, ETL_VERIFY_PASSWORD="password"
        )
        said[name] = done.stdout + done.stderr

    pilot, verify, retry = ("pilot", "--key", "1"), ("verify", "--email", PEOPLE["mail"]), ("retry", "--yes")
    try:
        typed("pilot refused", *pilot, status=400, body=page)
        typed("pilot failed", *pilot, fault="errors", type="address")
        typed("pilot failed, as JSON", *pilot, "--json")
        typed("retry refused", *retry, status=400, body={"detail": [record]})
        typed("pilot followed", *pilot, on="progress", status=404, body=page)
        typed("retry failed", *retry, fault="errors", type="user")
        typed("retry failed, as JSON", *retry, "--json", fault="errors", type="user")
        typed("login refused", *verify, on="shop_login", status=400, body=record)
        typed("login broken", *verify, on="shop_login", status=500, body=page)
        typed("page broken", *verify, on="shop", status=500, body=page, skip=1)
        typed("page unreadable", *verify, on="shop", status=200, body=page, skip=1)
        shown = {"email": PEOPLE["mail"], "first_name": PHONE, "last_name": PEOPLE["family"]}
        typed("page of somebody else", *verify, on="shop", status=200, body=shown, skip=1)
        typed("page of somebody else, as JSON", *verify, "--json", on="shop", status=200, body=shown, skip=1)
        typed("arrived", "verify", "--arrived")
        typed("status", "status")
    finally:
        server.close()
    return said


def test_no_answer_of_a_server_or_a_shop_is_told_while_or_after_it_is_asked(answers):
    words = [*PEOPLE.values(), str(PHONE), "Karabatak", "Gizlikum", "Menekşe", "kapıcıya"]
    assert {name: found for name, text in answers.items() if (found := leaked(text, words))} == {}


def test_what_to_do_is_told_without_the_answers(answers):
    hidden = r"answered \d+: \(see --show-data\)"
    assert re.search(rf"what happened: POST .* {hidden}\n", answers["pilot refused"])
    assert re.search(
        rf"batch \d+: GET .* {hidden}; check target\.polling\.path; looking again", answers["pilot followed"]
    )
    assert "the shop refuses the login: (see --show-data)\n" in answers["login refused"]
    assert re.search(rf"the login {hidden}\n", answers["login broken"])
    assert re.search(rf"current_user/ {hidden}\n", answers["page broken"])
    assert re.search(rf"does not tell a JSON object, it {hidden}\n", answers["page unreadable"])
    assert "no user is as it was sent: first_name is '5***', sent was 'Z***'" in answers["page of somebody else"]


def leaked(text, words):
    return sorted(word for word in words if word in text)


def test_no_command_prints_who_a_customer_is(walk):
    words = [*PEOPLE.values(), str(PHONE), "Karabatak", "Gizlikum", "Menekşe", "kapıcıya"]
    _, said = walk
    # What a person typed is theirs.
    found = {command: leaked(text, [one for one in words if one not in command]) for command, text in said.items()}
    assert {command: words for command, words in found.items() if words} == {}


def test_no_file_and_no_line_holds_what_logs_in(walk):
    folder, said = walk
    files = [path for path in (folder / "work").rglob("*") if path.is_file()]
    assert "requests.jsonl" in {path.name for path in files}
    assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []
    assert leaked("".join(said.values()), SECRETS) == []


def test_the_walk_meets_rejects_lookups_held_records_and_uploads_that_fail(walk):
    _, said = walk
    held = "order 'o2': held: orders.json row 2, field 'user': user 'z***@p***.example' is rejected (row 4)\n"
    assert said["history --verbose --stage order --key o2"] == held
    assert "field 'city': no entry 'z***@p***.example' in the lookup 'cities'" in said["dry-run"]
    assert "field 'amount': 'z***@p***.example' is not an amount" in said["dry-run"]
    assert "answered 400: (see --show-data)" in said[f"history --verbose --stage user --key {PHONE}"]
    assert "it may have arrived" in said["resume"]
    assert re.search(r"what happened: POST .* answered 400: \(see --show-data\)\n", said["run"])
    assert re.search(r"what happened: POST .* answered 500: \(see --show-data\)\n", said["resume"])
