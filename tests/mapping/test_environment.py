"""${NAME}, .env files, secrets, addresses: what a mapping takes from outside, and what it must never give away."""

import os
import subprocess
import sys

import pytest
from commands import etl
from hypothesis import given
from hypothesis import strategies as st
from mapping_case import Case, edited

from etl.mapping import ENVIRONMENT, fatal
from etl.mapping.environment import filled, read_environment
from etl.mapping.target_checks import address_faults

TELLS = "export it, or write it in a file .env beside the mapping"
TARGET = '{ url: "https://omnitron.example.com", channel: 7, token: "${ACME_TOKEN}" }'
NO_LOGIN = "the target has no `token`, nor `username` and `password`"
WRITTEN = "a secret is written here: take it from the environment, token: ${OMNITRON_TOKEN}, and change it where it was issued"


@pytest.fixture
def case(tmp_path, monkeypatch):
    monkeypatch.setenv("ACME_TOKEN", "s3cr3t-token")
    monkeypatch.setenv("ACME_EMPTY", "")
    monkeypatch.delenv("ACME_MISSING", raising=False)
    return Case(tmp_path)


def target(text):
    return edited((TARGET, text))


# --- variables


def test_a_variable_is_read_from_the_environment(case):
    checked = case.load(target('{ url: "https://${HOST_}/x", channel: "${ACME_TOKEN}", token: "${ACME_TOKEN}" }'))
    assert checked.migration.target.channel == "s3cr3t-token"
    assert checked.migration.target.token.reveal() == "s3cr3t-token"
    assert checked.migration.target.url == "https://${HOST_}/x"


def test_a_missing_variable_is_named_where_it_stands(case):
    case.finds(
        target('{ url: "https://${«ACME_MISSING}.example.com", channel: 7, token: "${«ACME_OTHER}" }'),
        f"the environment variable ACME_MISSING is not set; {TELLS}",
        f"the environment variable ACME_OTHER is not set; {TELLS}",
    )


def test_a_variable_that_is_set_to_nothing_is_told_so(case):
    case.finds(
        target('{ url: "https://a.example.com", channel: "${«ACME_EMPTY}", token: "${ACME_TOKEN}" }'),
        f"the environment variable ACME_EMPTY is set to nothing; {TELLS}",
    )


def test_what_a_source_needs_stops_a_dry_run_and_what_the_target_needs_does_not(case):
    text = edited(
        (TARGET, '{ url: "${ACME_MISSING}" }'), ("csv: customers.csv", 'csv: "${ACME_MISSING}/customers.csv"')
    )
    problems = case.load(text).problems
    missing = f"the environment variable ACME_MISSING is not set; {TELLS}"
    assert [(one.place.line, one.what, one.kind) for one in problems] == [
        (3, "the target has no `channel`", ENVIRONMENT),
        (3, NO_LOGIN, ENVIRONMENT),
        (3, missing, ENVIRONMENT),
        (5, missing, "mapping"),
    ]
    assert [one.place.line for one in fatal(problems, upload=False)] == [5]


def test_a_source_is_found_through_a_variable(case, monkeypatch):
    monkeypatch.setenv("ACME_EXPORTS", str(case.folder))
    assert case.told(edited(("csv: customers.csv", 'csv: "${ACME_EXPORTS}/customers.csv"'))) == []


@pytest.mark.parametrize("wrong", ["${acme-url}", "${ ACME_URL }", "${", "${}", "${1A}"])
def test_what_looks_like_a_variable_and_is_none(case, wrong):
    case.finds(
        target(f'{{ url: "https://«{wrong}", channel: 7, token: "${{ACME_TOKEN}}" }}'),
        "a variable of the environment is written ${NAME}, or ${NAME:-usual value}: letters, digits and _",
    )


def test_a_variable_in_a_stage_would_be_sent_as_it_stands(case):
    case.finds(
        edited(("Yılmaz", '"a «${ACME_TOKEN}"')),
        "${...} is replaced in target, databases, sources, lookups only; a stage sends it as it stands",
    )


def test_a_value_is_not_read_again_for_variables():
    assert filled("${A} ${B} ${C}", {"A": "${B}", "B": "b", "C": ""}) == "${B} b ${C}"


def test_a_usual_value_stands_where_a_variable_is_not_set():
    values = {"SET": "set", "NOTHING": ""}
    assert filled("${SET:-a} ${NOTHING:-a} ${MISSING:-a} ${MISSING:-}|", values) == "set  a |"


def test_a_usual_value_is_no_missing_variable(case):
    assert case.told(edited(("csv: customers.csv", 'csv: "${ACME_MISSING:-customers.csv}"'))) == []
    assert case.told(edited(("csv: customers.csv", 'csv: "${ACME_EMPTY:-x}customers.csv"'))) == []


@given(st.text(max_size=20), st.dictionaries(st.from_regex(r"[A-Z_]{1,3}", fullmatch=True), st.text(max_size=5)))
def test_text_without_a_variable_stays_as_it_is(text, values):
    if "${" not in text:
        assert filled(text, values) == text


# --- .env


def test_a_file_beside_the_mapping_is_read(case):
    case.write(".env", "# the channel\nACME_MISSING=8\nexport ACME_QUOTED='a # b'\n")
    text = target(
        '{ url: "https://a.example.com", channel: "${ACME_MISSING}", username: "${ACME_QUOTED}", password: "${ACME_TOKEN}" }'
    )
    checked = case.load(text)
    assert checked.problems == ()
    assert (checked.migration.target.channel, checked.migration.target.username) == ("8", "a # b")


def test_the_environment_wins_over_the_file(case):
    case.write(".env", "ACME_TOKEN=other\nACME_EMPTY=full\n")
    values = read_environment(case.folder).values
    assert (values["ACME_TOKEN"], values["ACME_EMPTY"]) == ("s3cr3t-token", "")


def test_a_value_of_the_file_names_no_other_variable(case):
    case.write(".env", "ACME_MISSING=${ACME_TOKEN}\n")
    assert read_environment(case.folder).values["ACME_MISSING"] == "${ACME_TOKEN}"


def test_a_line_that_is_no_variable_is_told_and_not_repeated(case):
    case.write(".env", "A=1\ns3cr3t words here\nB\n")
    what = "is not NAME=value; write it so, or begin the line with #"
    assert case.told(edited()) == [f".env:2:1: {what}", f".env:3:1: {what}"]
    assert all(one.kind == ENVIRONMENT for one in case.load(edited()).problems)


def test_a_file_that_is_not_utf_8_is_told(case):
    (case.folder / ".env").write_bytes(b"A=\xff\n")
    assert case.told(edited()) == [".env:1:1: is not UTF-8; save it as UTF-8"]


def test_a_folder_of_that_name_is_passed_over(case):
    (case.folder / ".env").mkdir()
    assert case.told(edited()) == []


@pytest.mark.skipif(os.geteuid() == 0 and not sys.platform.startswith("linux"), reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(case):
    case.write(".env", "A=1\n")
    (case.folder / ".env").chmod(0)
    case.file.write_text(edited(), encoding="utf-8")
    # As far as pytest's own folders go: the one above them is everybody's.
    ours = [one for one in case.folder.parents if "pytest-of-" in str(one)]
    for part in (case.folder, *ours):
        part.chmod(0o755)
    program = (
        "import os, sys, pathlib\n"
        "from etl.mapping import load_mapping\n"
        "import etl.mapping.grammar, etl.mapping.checks, jsonschema, dotenv.parser\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "from etl.mapping.environment import read_environment\n"
        "print(*read_environment(pathlib.Path(sys.argv[1])).problems, sep='\\n')\n"
    )
    done = subprocess.run([sys.executable, "-c", program, case.folder], capture_output=True, text=True, check=True)
    assert done.stdout == (
        f"{case.folder}/.env:1:1: cannot be read (Permission denied); this user needs to be allowed to (chmod u+r)\n"
    )


def test_what_was_read_shows_no_value(case):
    case.write(".env", "ACME_MISSING=s3cr3t\n")
    assert "s3cr3t" not in repr(read_environment(case.folder))


# --- secrets


SECRETS = [
    "s3cr3t", '"s3cr3t"', "'s3cr3t'", "|\n    s3cr3t\n  ", '"${ACME_TOKEN}s3cr3t"', '"${s3cr3t"', "$s3cr3t",
    '"{{ \'s3cr3t\' }}"', "0x53c", "5368728374", "05368", "1e53", "2020-05-03", "12:53", "yes53", "[s3cr3t]",
    "{ s3cr3t: a, s3cr3t: b }", "{ a: s3cr3t }", "*s3cr3t", "&s3cr3t x", "!s3cr3t x", "!s3cr3t", "@s3cr3t", "%s3cr3t",
    "`s3cr3t", "s3cr3t: a", "'s3cr3t", '"s3cr3t', '"s3cr3t\\q"', "{{ s3cr3t }}", "{{ s3cr3t }} {{ b }}",
    '"\\ud800s3cr3t"', '"s3cr3t\\0"', "s3cr3t\u0007", "[s3cr3t", "{ s3cr3t", "- s3cr3t", "? s3cr3t", "s3cr3t }}",
    "9999999999s3cr3t", "s3cr3t\n  s3cr3t",
]  # fmt: skip


@pytest.mark.parametrize("key", ["token", "password"])
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_never_repeated_however_wrongly_it_is_written(case, key, secret):
    text = target(f"\n  url: 1\n  username: a\n  {key}: {secret}\n  {key}: {secret}\n  {key}x: 1\n")
    checked = case.load(text)
    assert checked.problems
    shown = "\n".join([*map(str, checked.problems), *map(repr, checked.problems), repr(checked.migration.target)])
    assert "s3cr3t" not in shown
    if secret.isalnum() and len(secret) > 4:  # traps: 05368, 1e53
        assert secret not in shown


@pytest.mark.parametrize(
    "literal", ["s3cr3t", "12345", "0123", "no", "1e5", '"${ACME_TOKEN:-s3cr3t}"', '"${ACME_TOKEN} "', '" "', "true"]
)
def test_a_literal_secret_is_refused(case, literal):
    case.finds(target(f'{{ url: "https://a.example.com", channel: 7, token: «{literal} }}'), WRITTEN)


@pytest.mark.parametrize(
    ("nothing", "what"), [('""', "'token' must not be empty"), ("null", "'token' must be text, not null")]
)
def test_a_secret_that_is_nothing(case, nothing, what):
    case.finds(target(f'{{ url: "https://a.example.com", channel: 7, token: «{nothing} }}'), what)


def test_a_secret_that_is_no_text_is_refused_without_a_look_at_it(case):
    case.finds(
        target('{ url: "https://a.example.com", channel: 7, token: «{ s3cr3t: s3cr3t } }'),
        "'token' must be text, not a mapping",
    )


def test_the_values_of_secrets_reach_no_output(case):
    case.file.write_text(edited(("from: customers", "from: zzz")), encoding="utf-8")
    done = etl("check", case.file, "--json")
    assert done.returncode == 2
    assert "s3cr3t" not in done.stdout + done.stderr


# --- addresses

IN_LOGS = "a user or password in an address would end up in logs; use `token`, or `username` and `password`"


@pytest.mark.parametrize("url", ["https://a.example.com", "https://a.example.com:8443/base/", "http://localhost:8765",
                                 "http://127.0.0.1:1", "http://[::1]:80"])  # fmt: skip
def test_an_address_that_is_one(url):
    assert address_faults(url) == []


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("http://a.example.com", "'http://a.example.com' is not encrypted: Omnitron is served over https only"),
        ("http://10.0.0.1", "'http://10.0.0.1' is not encrypted: Omnitron is served over https only"),
        ("http://localhost.a.com", "'http://localhost.a.com' is not encrypted: Omnitron is served over https only"),
        ("a.example.com", "'a.example.com' is no address: write https://host"),
        ("ftp://a.example.com", "'ftp://a.example.com' is no address: write https://host"),
        ("https://", "'https://' is no address: write https://host"),
        ("http://[", "'http://[' is no address: write https://host"),
        ("https://a:b", "'https://a:b' is no address: write https://host"),
        ("https://a.com?x=1", "'https://a.com?x=1' has a query (?) or a fragment (#); an address ends before them"),
        ("https://me:s3cr3t@a.example.com",
         IN_LOGS),
        ("https://me@a.example.com", IN_LOGS),
        ("me:s3cr3t@a.example.com", "this is no address: write https://host"),
        ("https://me:s3cr3t@[", "this is no address: write https://host"),
    ],
)  # fmt: skip
def test_an_address_that_is_none(case, url, what):
    for name in ("url", "shop_url"):
        other = "" if name == "url" else 'url: "https://a.example.com", '
        case.finds(target(f'{{ {other}{name}: «"{url}", channel: 7, token: "${{ACME_TOKEN}}" }}'), what)


# --- the rest of the target

GOOD = 'url: "https://a.example.com", channel: 7, token: "${ACME_TOKEN}"'


@pytest.mark.parametrize(
    ("setting", "what"),
    [
        ('polling: { done: "{{ «lower(1) }}" }', "'lower(...)' is a call, and calls are not available; write value | lower"),
        ('polling: { total: "{{ a «b }}" }', "cannot be read as an expression: expected token '}}', got 'b'"),
        ('polling: { errors: "{{ a | «lwer }}" }', "unknown function 'lwer'; did you mean 'lower'?"),
        ('polling: { errors: «"{{ a }} {{ b }}" }', "'errors' is one expression: text around it makes a text of it"),
        ('polling: { success: "{{ «_a }}" }', "'_a' begins with '_', which an expression may not reach"),
        ('polling: { path: "/«{migration}/{migration_id}/" }', "unknown placeholder '{migration}'; did you mean 'migration_id'?"),
        ('polling: { path: «"/x/{channel}/" }', "'path' needs {migration_id}"),
        ('start_path: "/x/«{chanel}/{type}/"', "unknown placeholder '{chanel}'; did you mean 'channel'?"),
        ('start_path: «"/x/{channel"', "'start_path' cannot be read: a { or } stands alone; a placeholder is written {channel}"),
        ('start_path: «"/x/"', "'start_path' needs {type}"),
        ('login_path: "/«{x}/"', "unknown placeholder '{x}'"),
        ('token_path: «"https://a.example.com/x"', "'token_path' begins after the host, which is target.url"),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_used(case, setting, what):
    case.finds(target(f"{{ {GOOD}, {setting} }}"), what)


@pytest.mark.parametrize("name", ["none.pem", "a" * 300, '"a\\0b"'])
def test_certificates_that_are_not_there(case, name):
    problems = case.load(target(f"{{ {GOOD}, ca_bundle: {name} }}")).problems
    assert [one.kind for one in problems] == [ENVIRONMENT]
    assert problems[0].what.endswith(" is no file; it should hold the certificates to trust")


def test_the_columns_of_an_answer_are_not_known_beforehand(case):
    assert case.told(target(f"{{ {GOOD}, polling: {{ done: \"{{{{ state == 'done' }}}}\" }} }}")) == []


@pytest.mark.parametrize(
    ("text", "whats"),
    [
        ("{ token: 1 }", ["the target has no `channel`", "the target has no `url`", WRITTEN]),
        ('{ url: "https://a.example.com", channel: 7 }', [NO_LOGIN]),
        ('{ url: "https://a.example.com", channel: 7, username: a }', [NO_LOGIN]),
        ('{ url: "", channel: "", token: "${ACME_TOKEN}" }', ["the target has no `channel`", "the target has no `url`"]),
    ],
)  # fmt: skip
def test_what_an_upload_needs_is_told_with_the_target(case, text, whats):
    told = case.told(target(text))
    assert [line.split(": ", 1)[1] for line in told] == whats


def test_a_mapping_without_a_target_can_be_dry_run(case):
    checked = case.load(edited((f"target: {TARGET}\n", "")))
    assert [(one.what, one.kind) for one in checked.problems] == [
        ("the mapping has no `target:`; an upload needs url, channel and token", ENVIRONMENT)
    ]
