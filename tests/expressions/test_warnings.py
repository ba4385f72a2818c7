"""What looks like a mistake and is told beside the problems, never in the way of what is sent."""

from __future__ import annotations

import json

import pytest
from commands import etl
from load_helpers import TOKEN
from servers import served_by

from etl.commands.dry_run import dry_run
from etl.commands.settings import Settings
from etl.files import private_folder
from etl.mapping import load_mapping
from etl.mapping.warnings import is_misread
from etl.prepare import oddities

PASSWORD = f"password: '{'0' * 32}'"
USER = f"""version: 1
name: one
target: {{ url: "https://omnitron.example.com", channel: 7, token: "${{T}}" }}
sources: {{ people: {{ csv: people.csv }} }}
stages:
  - name: user
    from: people
    key: customer_code
    fields:
      customer_code: "{{{{ id }}}}"
      first_name: "{{{{ name }}}}"
      last_name: "-"
      email: "{{{{ mail }}}}"
      sms_allowed: false
      email_allowed: false
      date_joined: "2020-01-01 00:00:00"
      {PASSWORD}
      password_algorithm: md5
"""
ADDRESS = """  - name: address
    from: people
    key: "{{ id }}"
    fields:
      customer_code: "7"
      email: su@example.com
      first_name: Jale
      last_name: Su
      country: Türkiye
      city: İstanbul
      township: Beykoz
      line: "{{ name }}"
"""
ORDER = """  - name: order
    from: people
    key: number
    fields:
      number: "{{ id }}"
      user: "{{ id }}"
      user_email: "{{ mail }}"
      status: "550"
      created_date: "2020-01-01 00:00:00"
      amount: 1
      currency: try
      payment_type: credit_card
      bank: ""
      tracking_number: ""
      shipping_company: aras
      shipping_address: Lale Sok. 8
      billing_address: Lale Sok. 8
"""
PEOPLE = "id,name,mail\n1,Jale,jale@example.com\n2,Su,su@example.com\n"


def told(folder, text, rows=PEOPLE):
    (folder / "people.csv").write_text(rows, encoding="utf-8")
    (folder / ".env").write_text("T=t\nO_TOKEN=t\n", encoding="utf-8")
    (folder / "migration.yaml").write_text(text, encoding="utf-8")
    with load_mapping(folder) as checked:
        assert checked.problems == ()
        return [str(one).partition("migration.yaml:")[2] for one in checked.warnings]


def test_a_mapping_that_is_as_it_should_be_has_no_warning(tmp_path):
    assert told(tmp_path, USER) == []


@pytest.mark.parametrize("text", ["{ name }", "{name}", "Bay { name | title }"])
def test_a_column_in_one_brace_is_no_expression(tmp_path, text):
    found = told(tmp_path, USER.replace('last_name: "-"', f'last_name: "{text}"'))
    assert found == ["12:18: warning: is sent as it stands; the column 'name' is reached by {{ name }}"]
    assert told(tmp_path, USER.replace('last_name: "-"', 'last_name: "{ other }"')) == []


JOINED = USER.replace(
    "sources: { people: { csv: people.csv } }\n",
    """sources:
  persons: { csv: people.csv }
  orders: { jsonl: orders.jsonl }
  people: { query: "SELECT p.* FROM persons p JOIN orders o ON CONDITION" }
""",
)


@pytest.mark.parametrize(
    ("ids", "condition", "warned"),
    [
        (("1.0", "2.0"), "o.id = p.id", True),
        ((1, "2.0"), "p.id = o.id AND p.name <> o.id", True),
        (("1.0", "2.0"), "o.id = o.id AND length(o.id) = length(p.id)", False),
        ((1, 2), "o.id = p.id", False),
        ((1.0, 2.0), "o.id = p.id", False),
        (("1.0", "A2"), "o.id = p.id", False),
        (("1.0", "2.0"), "CAST(o.id AS DECIMAL(18, 3)) = CAST(p.id AS DECIMAL(18, 3))", False),
        (("1.0", "2.0"), "o.id = p.name", False),
    ],
)
def test_a_query_that_joins_numbers_which_are_written_otherwise_finds_nothing(tmp_path, ids, condition, warned):
    (tmp_path / "orders.jsonl").write_text("".join(json.dumps({"id": one}) + "\n" for one in ids), encoding="utf-8")
    found = told(tmp_path, JOINED.replace("CONDITION", condition))
    assert found == int(warned) * [
        "7:11: warning: 'o.id' has whole numbers written as 1.0, and 'p.id' as 1: these texts are never equal; compare numbers: "
        "CAST(o.id AS DECIMAL(18, 3)) = CAST(p.id AS DECIMAL(18, 3))"
    ]


def test_a_password_that_is_made_from_another_field_can_be_guessed(tmp_path):
    found = told(tmp_path, USER.replace(PASSWORD, "password: \"{{ mail | digest('md5') }}\""))
    assert found == [
        "17:17: warning: is computed from 'mail', which other fields hold, too: whoever knows it can log in as the customer; "
        "for shops without passwords there is `unusable_password`"
    ]


INSTEAD = "`unusable_password` makes one for each customer that nobody knows, where the old shop stored none"


@pytest.mark.parametrize(
    "password",
    ["5f4dcc3b5aa765d61d8327deb882cf99", "{{ 'secret' | digest('md5') }}", "md5$a$5f4dcc3b5aa765d61d8327deb882cf99"],
)
def test_one_password_for_all_customers_is_told(tmp_path, password):
    assert told(tmp_path, USER.replace(PASSWORD, f'password: "{password}"')) == [
        "17:17: warning: is the same for all customers: whoever knows one password can log in as anybody; " + INSTEAD
    ]


@pytest.mark.parametrize("column", ["born", "row_number", "pw"])
def test_a_digest_that_is_made_in_the_mapping_is_of_what_can_be_read_or_guessed(tmp_path, column):
    rows = "id,name,mail,born,pw\n1,Jale,jale@example.com,1990-01-01,hunter2\n"
    assert told(tmp_path, USER.replace(PASSWORD, f"password: \"{{{{ {column} | digest('md5') }}}}\""), rows) == [
        f"17:17: warning: is a digest that is made here, so '{column}' holds plain passwords, or what can be guessed: whoever "
        "reads or guesses it can log in as the customer; send the digest that the old shop stored; " + INSTEAD
    ]


@pytest.mark.parametrize(
    "password",
    [
        "{{ pw }}",
        "{{ pw | password('hash') }}",
        "0" * 64,
        "{{ pw | password('hash') | default(id | unusable_password) }}",
        "{{ pw | default(id | unusable_password) | lower | trim }}",
        "{{ id | unusable_password | digest('md5') }}",
        "{{ 'md5$' ~ id ~ '$' ~ pw }}",
        "md5${{ mail | digest('md5') }}${{ pw | lower }}",
        "{{ id | lookup('stored', default='00000000000000000000000000000000') }}",
        "{{ pw if mail is not none else 'ffffffffffffffffffffffffffffffff' }}",
    ],
)
def test_a_password_that_the_old_shop_stored_or_nobody_has_is_not_told(tmp_path, password):
    rows = "id,name,mail,pw\n1,Jale,jale@example.com,5f4dcc3b5aa765d61d8327deb882cf99\n"
    mapping = USER.replace("stages:", "lookups: { stored: { '1': 5f4dcc3b5aa765d61d8327deb882cf99 } }\nstages:")
    assert told(tmp_path, mapping.replace(PASSWORD, f'password: "{password}"'), rows) == []


ONE = "5f4dcc3b5aa765d61d8327deb882cf99"
STANDS_IN = "for those whom its `or` or `default` stands in for, it "
SAME = "is the same for all of them: whoever knows one password can log in as any of them; " + INSTEAD
MAIL = (
    "is computed from 'mail', which other fields hold, too: whoever knows it can log in as the customer; "
    "for shops without passwords there is `unusable_password`"
)


@pytest.mark.parametrize(
    ("password", "words"),
    [
        (f"{{{{ pw | default('{ONE}') }}}}", [STANDS_IN + SAME]),
        (f"{{{{ pw | password('hash') | default('{ONE.upper()}') | lower }}}}", [STANDS_IN + SAME]),
        (f"{{{{ 'md5$a$' ~ (pw or '{ONE}') }}}}", [STANDS_IN + SAME]),
        (f"{{{{ id | lookup('stored', default='{ONE}') }}}}", [STANDS_IN + SAME]),
        (f"{{{{ pw if born is none else '{ONE}' }}}}", ["for those whom one side of its `if` is for, it " + SAME]),
        ("{{ pw or (mail | digest('md5')) }}", [STANDS_IN + MAIL]),
        ("{{ (id | unusable_password) or (mail | digest('md5')) }}", [STANDS_IN + MAIL]),
        ("{{ (mail | digest('md5')) or pw }}", [MAIL]),
        (
            "{{ (id ~ mail) | digest('md5') }}",
            [MAIL.replace("'mail'", "'id' and 'mail'").replace("knows it", "knows them")],
        ),
        (
            "{{ (id ~ pw) | digest('md5') }}",
            [
                "is a digest that is made here, so 'pw' holds plain passwords, or what can be guessed: whoever reads or guesses "
                "it can log in as the customer; send the digest that the old shop stored; " + INSTEAD
            ],
        ),
    ],
)
def test_a_password_that_can_be_guessed_on_one_of_its_ways_alone_says_on_which(tmp_path, password, words):
    rows = f"id,name,mail,born,pw\n1,Jale,jale@example.com,1990-01-01,{ONE}\n"
    mapping = USER.replace("stages:", f"lookups: {{ stored: {{ '1': {ONE} }} }}\nstages:")
    found = told(tmp_path, mapping.replace(PASSWORD, f'password: "{password}"'), rows)
    assert found == [f"18:17: warning: {one}" for one in words]


CHANGED = "whether that can be guessed, and whether it is a digest at all, nobody knows; let nothing follow `unusable_password`"


@pytest.mark.parametrize(
    ("password", "way", "by"),
    [
        ("{{ id | unusable_password | upper }}", "", "`upper` makes another text of it"),
        ("{{ id | unusable_password | truncate(2) | digest('sha256') }}", "", "`truncate` makes another text of it"),
        ("{{ id | unusable_password | replace('a', 'b') | lower }}", "", "`replace` makes another text of it"),
        ("{{ pw | default(id | unusable_password) | upper }}", STANDS_IN, "`upper` makes another text of it"),
        ("{{ 'x' ~ (id | unusable_password) }}", "", "it is put together with something else"),
        ("{{ id | unusable_password }}!", "", "it is put together with something else"),
    ],
)
def test_an_unusable_password_that_is_made_another_text_is_told(tmp_path, password, way, by):
    rows = f"id,name,mail,born,pw\n1,Jale,jale@example.com,1990-01-01,{ONE}\n"
    found = told(tmp_path, USER.replace(PASSWORD, f'password: "{password}"'), rows)
    assert found == [f"17:17: warning: {way}is what `unusable_password` made, but {by}: {CHANGED}"]


def test_addresses_that_refer_to_no_customer_are_told(tmp_path):
    assert told(tmp_path, USER + ADDRESS) == [
        "19:5: warning: says nothing of its customers: with `refers: { customer_code: user }` those of customers who are not "
        "sent wait"
    ]


def test_orders_that_refer_to_no_customer_are_told(tmp_path):
    words = "says nothing of its customers: with `refers: { user: user }` those of customers who are not sent wait"
    assert told(tmp_path, USER + ORDER) == [f"19:5: warning: {words}"]
    advised = ORDER.replace("    key: number\n", "    key: number\n    refers: { user: user }\n")
    assert told(tmp_path, USER + advised) == []


@pytest.mark.parametrize("mark", ["NULL", "null", "(null)", "\\N", "None", "NaN"])
def test_a_column_whose_commonest_value_is_a_mark_for_null_is_told(tmp_path, mark):
    rows = f"id,name,mail\n1,{mark},a@example.com\n2,{mark},b@example.com\n3,Su,c@example.com\n"
    words = f"4:20: warning: the commonest value of 'name' is the text {mark}; with `nulls: [NULLS]` it is null"
    assert told(tmp_path, USER, rows) == [words.replace("NULLS", f"'{mark}'")]
    assert told(tmp_path, USER.replace("people.csv", "people.csv, nulls: ['-', L]"), rows) == [
        words.replace("NULLS", f"'-', 'L', '{mark}'")
    ]
    assert told(tmp_path, USER.replace("people.csv", f"people.csv, nulls: ['{mark}']"), rows) == []


@pytest.mark.parametrize("text", ["N/A", "-", "0", "Su"])
def test_what_people_write_for_nothing_is_no_mark_for_null(tmp_path, text):
    assert told(tmp_path, USER, f"id,name,mail\n1,{text},a@example.com\n2,{text},b@example.com\n") == []


def test_letters_that_were_read_in_another_encoding_are_told(tmp_path):
    found = told(tmp_path, USER, PEOPLE.replace("Jale", "GÃ¼lÅŸen"))
    assert found == [
        "4:20: warning: letters of 'name' look like UTF-8 that was read in another encoding (Ã¼ for ü); see `encoding`"
    ]


@pytest.mark.parametrize(
    ("joined", "warned"),
    [("1577836800", True), ("1577836800000", False), ("86400000", True), ("", False), ("-5", False)],
)
@pytest.mark.parametrize("call", ["epoch('UTC', 'ms')", "epoch(unit='ms', to='UTC')"])
def test_seconds_that_are_read_as_milliseconds_are_told(tmp_path, joined, warned, call):
    rows = f"id,name,mail,joined\n1,Su,a@example.com,{joined}\n2,Jale,b@example.com,{joined}\n"
    mapping = USER.replace('date_joined: "2020-01-01 00:00:00"', f'date_joined: "{{{{ joined | {call} }}}}"')
    words = "most of 'joined' lies before 1973 as milliseconds; if these are seconds, leave `unit='ms'` out"
    assert [one.partition("warning: ")[2] for one in told(tmp_path, mapping, rows)] == ([words] if warned else [])


@pytest.mark.parametrize("text", ["Gülşen", "ÇİĞDEM", "naïve", "Ã", "© 2020", "İÜ", "Jale"])
def test_what_people_write_is_not_taken_for_another_encoding(text):
    assert not is_misread(text)


def test_warnings_end_a_check_only_when_it_is_strict(tmp_path):
    told(tmp_path, USER + ADDRESS)
    done = etl("check", tmp_path)
    assert done.returncode == 0
    assert done.stderr.endswith("no problems, 1 warning\n")
    assert "warning: says nothing of its customers" in done.stdout
    assert etl("check", tmp_path, "--strict").stderr.endswith(
        "no problems, 1 warning, which --strict takes for a problem\n"
    )
    strict = etl("check", tmp_path, "--strict", "--json")
    assert strict.returncode == 2
    assert [len(json.loads(strict.stdout)[name]) for name in ("problems", "warnings")] == [0, 1]
    assert etl("dry-run", tmp_path, "--strict").returncode == 2


@pytest.mark.parametrize(
    ("where", "warning"),
    [("false", "user: `where` leaves out every row"), ("true", "user: `where` leaves out no row"), ("id == '1'", None)],
)
def test_a_where_that_leaves_out_all_rows_or_none_is_told_in_the_summary(tmp_path, where, warning):
    told(
        tmp_path, USER.replace("    key: customer_code\n", f'    where: "{{{{ {where} }}}}"\n    key: customer_code\n')
    )
    done = etl("dry-run", tmp_path, "--json")
    assert json.loads(done.stdout)["warnings"] == ([] if warning is None else [warning])
    assert done.returncode == 0
    assert etl("dry-run", tmp_path, "--strict").returncode == (0 if warning is None else 1)


def test_of_a_where_that_cannot_be_told_of_a_row_nothing_is_said(tmp_path):
    where = '    where: "{{ mail | int > 0 }}"\n    key: customer_code\n'
    told(tmp_path, USER.replace("    key: customer_code\n", where))
    done = json.loads(etl("dry-run", tmp_path, "--json").stdout)
    assert (done["warnings"], len(done["problems"])) == ([], 1)


@pytest.mark.parametrize(
    ("password", "algorithm", "warned"),
    [("{{ pw }}", "sha1", True), ("sha1$${{ pw }}", "sha1", False), ("{{ pw | password('hash') }}", "sha1", False)],
)
def test_a_bare_sha1_is_sent_as_it_is_and_told(tmp_path, password, algorithm, warned):
    text = USER.replace(PASSWORD, f'password: "{password}"').replace("algorithm: md5", f"algorithm: {algorithm}")
    digest = "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8"
    told(tmp_path, text, f"id,name,mail,pw\n1,Jale,jale@example.com,{digest}\n")
    done = json.loads(etl("dry-run", tmp_path, "--json").stdout)
    words = "user: a bare sha1 lets nobody in, as far as is known; write sha1$$ before it, as `password('hash')` does"
    assert done["warnings"] == ([words] if warned else [])
    records = "".join(one.read_text(encoding="utf-8") for one in (tmp_path / "work").glob("**/user/*.json"))
    assert (f'"{digest}"' in records) == warned


def test_an_address_that_is_sent_twice_is_told_with_its_rows(tmp_path):
    told(tmp_path, USER + ADDRESS, PEOPLE + "3,Su,can@example.com\n")
    done = etl("dry-run", tmp_path)
    assert "warning: address: the same address of a customer is sent more than once (row 4)\n" in done.stderr
    assert done.returncode == 0


def test_a_warning_of_addresses_says_how_many_were_looked_at_when_these_were_not_all(tmp_path, monkeypatch):
    monkeypatch.setattr(oddities, "MOST_ADDRESSES", 2)
    told(tmp_path, USER + ADDRESS, "id,name,mail\n" + "".join(f"{n},{n // 2},m{n}@example.com\n" for n in range(1, 9)))
    package = dry_run(tmp_path / "migration.yaml", Settings(private_folder(tmp_path / "work"), workers=1))
    text = "".join(path.read_text(encoding="utf-8") for path in package.path.glob("*.json"))
    assert "is sent more than once (looked for until there were 2)" in text


def test_warnings_of_the_mapping_are_in_the_summary_too(tmp_path):
    told(tmp_path, USER + ADDRESS)
    done = etl("dry-run", tmp_path)
    assert "warning: migration.yaml:19:5: says nothing of its customers" in done.stderr
    (warning,) = json.loads(etl("dry-run", tmp_path, "--json").stdout)["warnings"]
    assert warning.startswith("migration.yaml:19:5: says nothing")


WARNED = {
    "of the mapping": (USER + ADDRESS, PEOPLE, 2),
    "of a source": (USER, PEOPLE.replace("Jale", "GÃ¼lÅŸen"), 2),
    "of the rows": (USER.replace("    key: cust", '    where: "{{ id is not none }}"\n    key: cust'), PEOPLE, 1),
}


@pytest.mark.parametrize("which", WARNED)
def test_a_strict_run_sends_nothing_while_there_is_a_warning(tmp_path, which):
    text, rows, code = WARNED[which]
    with served_by("the strict server") as server:
        text = text.replace("https://omnitron.example.com", server.url).replace("channel: 7", "channel: 1")
        told(tmp_path, text.replace("${T}", "${O_TOKEN}"), rows)
        done = etl("run", tmp_path, "--strict", O_TOKEN=TOKEN)
        assert (done.returncode, server.ask("uploads")["results"]) == (code, [])
        if code == 1:
            package = next((tmp_path / "work").glob("*/packages/*"))
            assert "nothing was sent, because there are warnings" in done.stderr
            assert etl("run", tmp_path, "--strict", "--package", package, O_TOKEN=TOKEN).returncode == 1
            assert server.ask("uploads")["results"] == []
        etl("run", tmp_path, O_TOKEN=TOKEN)
        assert server.ask("uploads")["results"] != []
