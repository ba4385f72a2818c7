"""What `etl check` finds in expressions: unknown names, wrong arguments, what cannot be parsed, what reaches too far."""

import inspect
from itertools import chain, combinations, product

import pytest
from mapping_case import edited

from etl.expressions.functions import TABLE
from etl.expressions.functions.table import signature
from etl.expressions.syntax import number_fault

COLUMNS = "First Name, customer_id, email, row_number, status"


def last_name(value):
    return edited(("last_name: Yılmaz", f"last_name: {value}"))


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
        ("{{ status | «lookup(email) }}", "lookup wants the name of a lookup in quotes: lookup('group')"),
        ("{{ email is «defined }}", "unknown test 'is defined'; there is 'is none', and the function `blank`"),
    ],
)
def test_an_unknown_name_comes_with_the_nearest_right_one(case, expression, what):
    case.finds(last_name(f'"{expression}"'), what)


def test_where_nothing_is_known_nothing_is_named(case):
    no_lookups = last_name("\"{{ status | lookup('«group') }}\"").replace("lookups:\n  group: { 1: a, 2: b }\n", "")
    case.finds(no_lookups, "unknown lookup 'group'")


def test_an_unknown_function_that_resembles_none_comes_with_where_they_are_listed(case):
    case.finds(last_name('"{{ email | «qqq }}"'), "unknown function 'qqq'; `etl functions` lists them")


def _of(name, said):
    return f"{signature(TABLE[name])}{said}"


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("{{ email | phone(«regon='TR') }}", _of("phone", " has no parameter 'regon'; did you mean 'region'?")),
        ("{{ email | date(«formats='%d') }}", _of("date", " has no parameter 'formats'; there is century, to, zone")),
        ("{{ email | «trim(1) }}", _of("trim", " takes no arguments")),
        ("{{ email | «lookup }}", _of("lookup", " needs 'table'")),
        ("{{ email | «replace('a', old='b') }}", _of("replace", " is given 'old' twice")),
        ("{{ email | «digest('md5', 'x') }}", _of("digest", " takes 1 argument at most")),
        ("{{ email | replace('a', «new='b', new='c') }}", _of("replace", " is given 'new' twice")),
        ("{{ email | «join(*status) }}", _of("join", " takes no * or ** arguments")),
        ("{{ email | «digest('md4') }}", _of("digest", ": algorithm is 'md5' or 'sha1' or 'sha256', not 'md4'")),
        ("{{ email | «date('%Q') }}", _of("date", ": '%Q' in the format '%Q' is not known; there is %% %A %B %H %I %M %S %Y "
         "%a %b %d %f %j %m %p %y %z")),
        ("{{ email | «datetime(zone='UTC', to='Mars') }}", _of("datetime",
         ": to is a time zone such as 'Europe/Istanbul' or 'UTC', not 'Mars'")),
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
        ("{{ email | «}}", "cannot be read as an expression: expected token 'name', got '}}'"),
        ("{{ email }} {{ email | «}}", "cannot be read as an expression: expected token 'name', got '}}'"),
        ("{{ «}}", "cannot be read as an expression: expected an expression, got '}}'"),
        ("{{ email «email }}", "cannot be read as an expression: expected token '}}', got 'email'"),
        ("{{ email «}", "cannot be read as an expression: unexpected '}'"),
        ("{{ «email", "cannot be read as an expression: the text ends too early, expected '}}'"),
        ("{{ «'abc }}", "cannot be read as an expression: a quote that is not closed"),
        ("{{ email «$ 1 }}", "cannot be read as an expression: unexpected char '$'"),
        ("{{ (email«]) }}", "cannot be read as an expression: unexpected ']', expected ')'"),
        ("email «}}", "a }} without its {{: this is sent as it stands; an expression is {{ ... }}"),
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
        ("{{ email | «attr('__class__') }}", "unknown function 'attr'; `etl functions` lists them"),
        ("{{ «lower(email) }}", f"'lower(...)' {CALL}write value | lower"),
        ("{{ email.«lower() }}", f"'lower(...)' {CALL}write it | lower"),
        ("{{ email.«format(1) }}", f"'format(...)' {CALL}a function is called as value | name"),
        ("{{ «open('/etc/passwd') }}", f"'open(...)' {CALL}a function is called as value | name"),
        ("{{ 2 «** 3 }}", "a power (**) is not available in an expression"),
    ],
)  # fmt: skip
def test_what_an_expression_cannot_do_is_refused(case, expression, what):
    case.finds(last_name(f'"{expression}"'), what)


BOMBS = {
    "«range(10**9)": "'range(...)' is a call, and calls are not available; a function is called as value | name",
    "«'x' * 1000000000": "'x' is text, and '*' computes with numbers: write `| int`, `| money` or `| decimal`",
    "«[1] * 1000000000": "this is a list, and '*' computes with numbers: write `| int`, `| money` or `| decimal`",
    "9 «** 9": "a power (**) is not available in an expression",
    "«" + "9" * 5000: "a number that is too large to compute with",
    "«1e999": "a number that is too large to compute with",
    "«12345678901234567.89 == total": (
        "12345678901234567.89 has more digits than a number here keeps; write ('12345678901234567.89' | decimal('.'))"
    ),
    "«0.1234567890123456789": (
        "0.1234567890123456789 has more digits than a number here keeps; write ('0.1234567890123456789' | decimal('.'))"
    ),
    "«1 " + "+ 1 " * 61: "is nested too deeply",
    "«" + "[" * 100 + "]" * 100: "is nested too deeply",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_and_never_executed(case, bomb):
    told = case.told(last_name(f'"{{{{ {bomb} }}}}"'.replace("«", "")))
    assert told[0] == f"migration.yaml:16:{22 + bomb.index('«')}: {BOMBS[bomb]}"
    assert len(told) <= 2  # a power inside is told too


@pytest.mark.parametrize(
    "text",
    [
        "{{ " + "(" * 4000 + "1" + ")" * 4000 + " }}",
        "{{ " + "not " * 2400 + "1 }}",
        "{{ " + "-" * 9000 + "1 }}",
        "{{ email" + " or email" * 1000 + " }}",
        "{{ email" + "|trim" * 1000 + " }}",
    ],
)
def test_an_expression_that_would_exhaust_the_parser_is_refused(case, text):
    assert [line.split(": ", 1)[1] for line in case.told(last_name(f'"{text}"'))] == ["is nested too deeply"]


def test_a_very_long_expression_is_not_parsed(case):
    case.finds(last_name('«"{{ ' + " " * 10_000 + ' }}"').replace("«", "", 1).replace('"{{  ', '"«{{  '),
               "an expression of 10006 characters; 10000 are allowed")  # fmt: skip


def test_a_where_with_text_around_it_is_a_text(case):
    case.finds(
        edited(("\"{{ status == '1' }}\"", "«\"{{ status == '1' }} or so\"")),
        "`where` is one expression: text around it makes a text of it",
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


@pytest.mark.parametrize("name", sorted(TABLE))
def test_whatever_number_of_arguments_a_function_is_given_it_can_be_called_exactly_when_nothing_is_wrong(name):
    function = TABLE[name]
    takes = list(inspect.signature(function.call).parameters.values())[1:]
    engines = [one.name for one in function.parameters if one.given]
    names = [one.name for one in takes if one.kind is not one.VAR_POSITIONAL and one.name not in engines]
    some = chain.from_iterable(combinations(names, count) for count in range(len(names) + 1))
    for given, places in product(some, range(6)):
        try:
            inspect.signature(function.call).bind(None, *range(places), **dict.fromkeys([*given, *engines]))
        except TypeError:
            assert number_fault(function, places, given) is not None
        else:
            assert number_fault(function, places, given) is None
