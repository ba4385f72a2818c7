"""`etl test`: tables of cases, small tables in the place of sources, and what is printed of them."""

import json
from xml.etree import ElementTree

import pytest
from commands import etl
from hypothesis import given as for_all
from hypothesis import strategies as st

from etl.commands.selecting import meant
from etl.commands.test import test as run_tests
from etl.errors import MappingError
from etl.mapping import fatal, load_mapping

SHOP = """\
version: 1
name: acme
sources:
  customers: { csv: customers.csv }
  lines: { csv: lines.csv, counters: { line: order_id } }
  sums: { query: "SELECT order_id, sum(money(price)) AS total, count(*) AS pieces FROM lines GROUP BY order_id" }
  large: { query: "SELECT * FROM sums WHERE CAST(total AS DECIMAL(18, 2)) > 10" }
stages:
  - name: user
    from: customers
    where: "{{ status == '1' }}"
    key: customer_code
    fields:
      customer_code: "{{ id }}"
      first_name: "{{ name | title('tr') }}"
      last_name: "-"
      email: "{{ mail | email }}"
      phone: "{{ tel | phone('TR') }}"
      sms_allowed: false
      email_allowed: false
      date_joined: "2020-01-02 03:04:05"
      password: 7ac66c0f148de9519b8bd264312c4d64
      password_algorithm: md5
  - name: sum
    payload: order_item
    from: large
    key: order_number
    fields:
      order_number: "{{ order_id }}"
      price: "{{ total | money('.') }}"
      quantity: "{{ pieces | int }}"
      product: all
      sku: "-"
      extra_field: { pieces: "{{ pieces | int }}" }
  - name: line
    payload: order_item
    from: lines
    where: "{{ (price | money) > 0 }}"
    key: "{{ order_id ~ '/' ~ line }}"
    fields:
      order_number: "{{ order_id }}"
      price: "{{ price | money }}"
      quantity: "{{ line | int }}"
      product: all
      sku: "{{ sku | default('-') }}"
      extra_field: {}
"""
ROW = 'given: { id: "1", name: ali, mail: a@example.com, status: "1" }'


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "customers.csv").write_text("id,name,mail,tel,status\n", encoding="utf-8")
    (tmp_path / "lines.csv").write_text("order_id,price,sku\n", encoding="utf-8")

    def written(tests):
        (tmp_path / "migration.yaml").write_text(f"{SHOP}tests:\n{tests}", encoding="utf-8")
        return tmp_path

    return written


def problems(folder):
    """Without those of a load, which this shop is not made for."""
    with load_mapping(folder) as checked:
        found = fatal(checked.problems, upload=False)
    return [str(one).removeprefix(f"{folder}/migration.yaml:") for one in found]


TELEPHONES = """\
  - name: telephones
    stage: user
    given: { status: "1" }
    cases:
      columns: [tel]
      fields: [phone]
      rows:
        - ["0532 000 00 07", "5320000007"]
        - ["0532 000 00 08", "5320000007"]
"""
FIRST_LINE = SHOP.count("\n") + 2


def test_each_row_of_a_table_is_a_test_of_its_own_with_its_own_line(shop):
    one, other = run_tests(shop(TELEPHONES))
    assert (one.name, one.passed, one.given) == (
        "telephones [1]",
        True,
        {"status": '"1"', "tel": '"0532 000 00 07"'},
    )
    assert (other.name, other.passed) == ("telephones [2]", False)
    assert other.place.endswith(f":{FIRST_LINE + 8}:11")
    assert other.differences == ('\'phone\' is "5320000008", expected "5320000007"',)


def test_a_table_of_rejects_names_the_row_that_is_none(shop):
    table = f'  - {{ stage: user, {ROW}, reject: [phone], cases: {{ columns: [tel], rows: [["0212"], ["0532 000 00 07"]] }} }}\n'
    one, other = run_tests(shop(table))
    assert one.passed
    assert other.differences == ("'phone' is not rejected, it is \"5320000007\"",)


def test_what_all_cases_have_in_common_is_expected_of_each(shop):
    table = (
        f"  - {{ stage: user, {ROW}, expect: {{ first_name: Ali }}, "
        'cases: { columns: [tel], fields: [phone], rows: [["", null]] } }\n'
    )
    (one,) = run_tests(shop(table))
    assert one.passed


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('columns: [tel], fields: [phone], rows: [["1"]]', "the row has 1 value, the table 2 values (tel, phone)"),
        ('columns: [tell], fields: [phone], rows: [["", null]]', "unknown column 'tell'; did you mean 'tel'?"),
        (
            'columns: [tel], fields: [phon], rows: [["", null]]',
            "'phon' is not among the stage's fields; did you mean 'phone'?",
        ),
        ('columns: [id], fields: [phone], rows: [["", null]]', "`given` has 'id' already"),
        ('columns: [tel, tel], fields: [phone], rows: [["", "", null]]', "'tel' comes twice"),
        (
            "columns: [tel], fields: [phone], rows: [[532, null]]",
            "all cells of this source are text: put this 'tel' in quotes",
        ),
        ('columns: [tel], rows: [["1"]]', "a test says one of `expect`, `reject` and `filtered`; this one says none"),
        ("columns: [tel], fields: [phone], rows: []", "'rows' must not be empty"),
        (
            "columns: [tel], fields: [phone]",
            "'cases' needs 'rows': the cases: in each a value for each of `columns`, then one for each of `fields`",
        ),
    ],
)
def test_a_table_that_does_not_fit_is_a_problem_where_it_stands(shop, table, told):
    found = problems(shop(f"  - {{ stage: user, {ROW}, cases: {{ {table} }} }}\n"))
    assert [one.split(": ", 1)[1] for one in found] == [told]
    assert all(one.startswith(f"{FIRST_LINE}:") for one in found)


SUMS = """\
  - name: the price is that of all lines
    stage: sum
    sources:
      lines: { columns: [order_id, price], rows: [["1", "12,50"], ["1", "7,50"], ["2", "5"], ["3", "11"]] }
    cases:
      fields: [order_number, price, quantity]
      rows: [["1", 20, 2], ["3", 11, 1]]
"""


def test_a_stage_of_queries_is_made_from_small_tables(shop):
    assert [(one.name[-4:], one.differences) for one in run_tests(shop(SUMS))] == [(" [1]", ()), (" [2]", ())]


def test_a_query_in_between_may_stand_for_what_it_is_made_of(shop):
    given = '{ sums: { columns: [order_id, total, pieces], rows: [["7", "10.50", "3"]] } }'
    (one,) = run_tests(shop(f"  - {{ stage: sum, sources: {given}, expect: {{ price: 10.5, quantity: 3 }} }}\n"))
    assert one.differences == ()


def test_rows_that_are_more_or_fewer_than_the_cases_are_told(shop):
    found = run_tests(shop(SUMS.replace(', ["3", 11, 1]', "")))
    assert [one.differences for one in found] == [("the stage reads 2 rows, and the test has 1 row",)]
    none = "  - { stage: sum, sources: { lines: { columns: [order_id, price], rows: [] } }, expect: { price: 1 } }\n"
    (one,) = run_tests(shop(none))
    assert one.differences == ("the stage reads no row of these sources",)


def test_what_is_said_of_all_rows_names_the_one_that_it_is_not_true_of(shop):
    given = '{ lines: { columns: [order_id, price], rows: [["1", "20"], ["2", "30"]] } }'
    (one,) = run_tests(shop(f"  - {{ stage: sum, sources: {given}, expect: {{ price: 20 }} }}\n"))
    assert one.differences == ("row 2: 'price' is 30.0, expected 20",)


def test_counters_count_the_rows_of_a_small_table_and_columns_left_out_are_blank(shop):
    given = '{ lines: { columns: [order_id, price], rows: [["1", "20"], ["1", "30"], ["2", "5"]] } }'
    cases = '{ fields: [quantity, sku], rows: [[1, "-"], [2, "-"], [1, "-"]] }'
    found = run_tests(shop(f"  - {{ stage: line, sources: {given}, cases: {cases} }}\n"))
    assert [one.differences for one in found] == [(), (), ()]


def test_a_column_that_a_query_reads_and_the_test_does_not_give_fails_the_test(shop):
    given = '{ lines: { columns: [order_id], rows: [["1"]] } }'
    (one,) = run_tests(shop(f"  - {{ stage: sum, sources: {given}, expect: {{ price: 20 }} }}\n"))
    assert one.differences[0].startswith("source 'sums': the query: unknown column 'price'")


@pytest.mark.parametrize(
    ("sources", "more", "told"),
    [
        ("{ liness: { columns: [order_id, price], rows: [] } }", "", "unknown source 'liness'; did you mean 'lines'?"),
        (
            "{ customers: { columns: [id], rows: [] } }",
            "",
            "the stage does not read 'customers'; it reads 'large', 'sums', 'lines'",
        ),
        (
            "{ customers: { columns: [id], rows: [] } }",
            "",
            "the stage reads 'lines', too: give it here, if only its columns",
        ),
        ("{ lines: { columns: [order_id, prise], rows: [] } }", "", "unknown column 'prise'; did you mean 'price'?"),
        (
            '{ lines: { columns: [order_id, price], rows: [["1", 2]] } }',
            "",
            "all cells of this source are text: put this 'price' in quotes",
        ),
        (
            '{ lines: { columns: [order_id, price], rows: [["1"]] } }',
            "",
            "the row has 1 value, the table 2 values (order_id, price)",
        ),
        (
            "{ lines: { columns: [order_id, price], rows: [] } }",
            "given: {}, ",
            "the stage makes its rows of `sources`; leave out `given`, or give rows and no `sources`",
        ),
    ],
)
def test_small_tables_that_do_not_fit_are_problems_where_they_stand(shop, sources, more, told):
    found = problems(shop(f"  - {{ stage: sum, {more}sources: {sources}, expect: {{ price: 1 }} }}\n"))
    assert told in [one.split(": ", 1)[1] for one in found]


def test_a_test_without_rows_is_a_problem(shop):
    (told,) = problems(shop("  - { stage: user, expect: { phone: null } }\n"))
    assert told.endswith("a test has rows: write `given` for one, `cases` for many, `sources` for a query's")


def test_fields_of_a_row_whose_where_cannot_be_computed_are_not_as_expected(shop):
    (one,) = run_tests(shop('  - { stage: line, given: { price: ten }, expect: { sku: "-" } }\n'))
    assert one.differences == ("'sku' is not made: where: 'ten' is not an amount with a comma before its decimals",)


def test_a_part_of_a_nested_field_that_cannot_be_computed_is_told(shop):
    row = 'given: { order_id: "1", total: "5", pieces: x }'
    (one,) = run_tests(shop(f"  - {{ stage: sum, {row}, expect: {{ extra_field: {{ pieces: 1 }} }} }}\n"))
    assert one.differences == ("extra_field.pieces: 'x' is not a whole number",)


def test_one_and_true_are_two_things_and_one_and_one_point_zero_are_not(shop):
    row = 'given: { order_id: "1", total: "20", pieces: "1" }'
    tests = f"  - {{ stage: sum, {row}, expect: {{ price: 20, quantity: true }} }}\n"
    (one,) = run_tests(shop(tests))
    assert one.differences == ("'quantity' is 1, expected true",)


PRINTED = """\
user .F

FAILED user: telephones [2]
  migration.yaml:{line}:11
  given status: "1", tel: "0532 000 00 08"
  phone
    expected "5320000007"
    actual   "5320000008"
"""


def test_what_is_printed_is_what_users_of_pytest_expect(shop):
    folder = shop(TELEPHONES)
    done = etl("test", "migration.yaml", cwd=folder)
    assert (done.returncode, done.stderr) == (1, "1 passed, 1 failed\n")
    assert done.stdout == PRINTED.format(line=FIRST_LINE + 8)
    named = etl("test", ".", "-v", "-k", "[1]", cwd=folder)
    assert (named.returncode, named.stdout, named.stderr) == (
        0,
        "passed  telephones [1]\n",
        "1 passed, 0 failed, 1 deselected\n",
    )


def test_no_test_that_is_meant_is_an_error_of_the_command_line(shop):
    done = etl("test", ".", "-k", "telefon", cwd=shop(TELEPHONES))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "-k 'telefon': no test of 2 has these words; `etl test . -v` lists them\n"


def test_programs_read_json_and_build_servers_xml(shop):
    folder = shop(TELEPHONES.replace("telephones", '"tele\\tphones <&>"'))
    done = etl("test", ".", "--json", "--junit", "made.xml", cwd=folder)
    found = json.loads(done.stdout)
    assert (found["migration"], found["ok"], found["passed"], found["failed"]) == ("acme", False, 1, 1)
    assert [one["passed"] for one in found["tests"]] == [True, False]
    assert found["tests"][1]["mismatches"] == [
        {"field": "phone", "sentence": "'phone' is \"5320000008\", expected \"5320000007\"",
         "expected": '"5320000007"', "found": '"5320000008"'}
    ]  # fmt: skip
    (suite,) = ElementTree.parse(folder / "made.xml").getroot()
    passed, failed = suite
    assert suite.get("tests") == "2"
    assert suite.get("failures") == "1"
    assert passed.get("classname") == "acme.user"
    assert passed.get("name") == "tele\\tphones <&> [1]"
    assert failed.get("line") == str(FIRST_LINE + 8)
    (failure,) = failed
    assert 'actual   "5320000008"' in failure.text
    assert (folder / "made.xml").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("expression", "is_meant"),
    [
        ("telephone", True),
        ("TELEPHONE numbers", True),
        ("numbers telephone", False),
        ("user and not order", True),
        ("order or (user and numbers)", True),
        ("not (user or order)", False),
        ("'telephone numbers' and [2]", True),
        ('"and"', False),
    ],
)
def test_words_choose_tests_as_pytest_does(expression, is_meant):
    assert meant(expression)("user telephone numbers [2]") is is_meant


@pytest.mark.parametrize("expression", ["", "and", "a and", "(a", "a)", "not", "a or or b", "()"])
def test_an_expression_that_is_none_says_where_it_ends(expression):
    with pytest.raises(MappingError, match=r"cannot be understood at .*; write words"):
        meant(expression)


WORDS = st.sampled_from(["a", "b", "c d", "'and'"])
TREES = st.recursive(
    WORDS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda one: f"({one[0]} {one[1]} {one[2]})"),
        inner.map(lambda one: f"not ({one})"),
    ),
)


@for_all(TREES, st.sets(st.sampled_from(["a", "b", "c d", "and"])))
def test_an_expression_means_what_logic_says(tree, present):
    text = "|".join(sorted(present))
    # Single letters stand in other words, so that each is looked for as it stands between bars.
    known = {word: word in text for word in ("a", "b", "c d", "and")}
    python = tree.replace("'and'", "AND").replace("c d", "CD")
    names = {"a": known["a"], "b": known["b"], "CD": known["c d"], "AND": known["and"]}
    assert meant(tree)(text) is eval(python, {}, names)
