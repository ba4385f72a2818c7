"""`totals:` in a mapping: what the old shop's own amount is, held against an amount that is computed."""

import io
import json
import re
from decimal import Decimal

import pytest
from commands import etl
from jsonschema import Draft202012Validator
from rich.console import Console
from small_migration import MAPPING, ORDERS, write_shop

from etl.commands.check import check
from etl.commands.dry_run import dry_run
from etl.commands.reconcile import reconcile
from etl.commands.settings import Settings
from etl.commands.which import Which
from etl.measures.money import apart
from etl.report.reconciled import Reconciled, print_reconciled, unaccounted_lines
from etl.resources import load_schema

AMOUNT = '      amount: "{{ amount | money }}"\n'
HEADER = "number;customer;email;date;amount;currency;address;note;goods;shipping\n"
REFERS = "    refers: { user: user }\n"


def order(number, amount, goods, shipping, *, customer=1, currency="TL", day="01.05.2020 12:00"):
    return f"{number};{customer};a@example.com;{day};{amount};{currency};Moda;;{goods};{shipping}\n"


SOUND = [order(100, "120,50", "100", "20,50"), order(101, "15", "15", "", customer=2), order(102, "9", "10", "-1")]


def shop(tmp_path, orders, totals="[goods, shipping]", amount="{{ amount | money }}", workers=1):
    text = MAPPING.replace(REFERS, f"{REFERS}    totals: {{ amount: {totals} }}\n", 1)
    text = text.replace(AMOUNT, f"      amount: {json.dumps(amount)}\n")
    mapping = write_shop(tmp_path / "shop", orders=HEADER + "".join(orders), mapping=text)
    return mapping, dry_run(mapping, Settings(mapping.parent / "work", workers=workers))


def amounts(mapping):
    return next(one for one in reconcile(Which(mapping, None)) if (one.stage, one.field) == ("order", "amount"))


def told(mapping):
    return list(unaccounted_lines(amounts(mapping)))


def test_an_amount_that_is_computed_is_held_against_the_columns_that_totals_names(tmp_path):
    mapping, _ = shop(tmp_path, SOUND)
    found = amounts(mapping)
    (line,) = found.totals
    assert (line.source, line.payload, line.differs) == (144.5, 144.5, 0)
    assert (found.ok, found.summed) == (True, ("goods", "shipping"))


def test_what_differs_is_not_accounted_for_and_told_row_by_row(tmp_path):
    orders = [*SOUND, order(103, "50", "60", "0"), order(104, "7", "6", "0", currency="USD")]
    mapping, package = shop(tmp_path, orders)
    found = amounts(mapping)
    assert [(one.currency, one.source, one.payload, one.differs) for one in found.totals] == [
        ("try", 204.5, 194.5, 10.0),
        ("usd", 6.0, 7.0, -1.0),
    ]
    assert not found.ok
    assert told(mapping) == [
        "not accounted for: `totals` (goods, shipping) come to 10.00 try more than what 'amount' is made from",
        "not accounted for: `totals` (goods, shipping) come to 1.00 usd less than what 'amount' is made from",
        "  '103', row 5: +10.00",
        "  '104', row 6: -1.00",
    ]
    report = json.loads((package.path / "report.json").read_text(encoding="utf-8"))
    money = next(one for one in report["money"] if one["field"] == "amount")
    assert {"fate": "differs", "key": "103", "row": 5, "amount": 10.0} in money["rows"]
    assert "What differs is not accounted for." in (package.path / "report.html").read_text(encoding="utf-8")


def test_rows_that_differ_are_not_accounted_for_also_where_they_add_up_to_nothing(tmp_path):
    mapping, _ = shop(tmp_path, [*SOUND, order(103, "50", "60", "0"), order(104, "70", "60", "0")])
    assert [one.differs for one in amounts(mapping).totals] == [0]
    assert told(mapping) == [
        "not accounted for: rows whose `totals` (goods, shipping) are not what 'amount' is made from, though together they are",
        "  '103', row 5: +10.00",
        "  '104', row 6: -10.00",
    ]
    done = etl("reconcile", mapping, "--json")
    assert (done.returncode, json.loads(done.stdout)["ok"]) == (1, False)


def test_rows_that_are_not_sent_count_with_what_totals_says_of_them(tmp_path):
    """The amount of 105 cannot be computed, and 106 is held; both are in the source's sum."""
    orders = [*SOUND, order(105, "ten", "10", "0"), order(106, "8", "8", "", customer=4)]
    mapping, _ = shop(tmp_path, orders)
    (line,) = amounts(mapping).totals
    assert (line.source, line.rejected, line.held, line.payload) == (162.5, 10.0, 8.0, 144.5)
    assert amounts(mapping).ok


def test_what_rounding_takes_is_rounded_and_does_not_differ(tmp_path):
    orders = [order(100, "33,333", "33,333", ""), order(101, "0,005", "0,0049", "0,0001")]
    mapping, _ = shop(tmp_path, orders, amount="{{ amount | decimal | round(2) }}")
    (line,) = amounts(mapping).totals
    assert (line.payload, line.differs, amounts(mapping).ok) == (33.34, 0, True)
    assert line.rounded == pytest.approx(-0.002)


def test_an_amount_rounded_to_whole_units_is_rounded_however_much_that_is(tmp_path):
    mapping, _ = shop(tmp_path, [order(100, "33,40", "33,40", "")], amount="{{ amount | decimal | round(0) }}")
    (line,) = amounts(mapping).totals
    assert (line.source, line.rounded, line.differs, line.payload) == (33.4, 0.4, 0, 33.0)


def test_an_amount_of_more_digits_than_json_keeps_is_an_amount_before_its_rounding(tmp_path):
    """100.10000000000001 + 0.1, as an export of JSON has it: no float is that sum, and its cents are."""
    orders = [order(100, "", "100.10000000000001", "0.1"), order(101, "", "0.30000000000000004", "1")]
    expression = "{{ ((goods | decimal('.')) + (shipping | decimal('.'))) | round }}"
    totals = "\"{{ goods | decimal('.') + (shipping | decimal('.')) }}\""
    mapping, _ = shop(tmp_path, orders, totals=totals, amount=expression)
    (line,) = amounts(mapping).totals
    assert (line.source, line.rounded, line.differs, line.payload) == (101.5, 0, 0, 101.5)
    assert etl("reconcile", mapping).returncode == 0


@pytest.mark.parametrize(
    "written", ["58.523999999999", "58.52399999999999", "58.523999999999999", f"58.524{'0' * 30}1"]
)
@pytest.mark.parametrize("totals", [None, "\"{{ amount | decimal('.') }}\""])
def test_what_is_rounded_is_told_however_many_digits_it_had(tmp_path, written, totals):
    text = MAPPING.replace(AMOUNT, "      amount: \"{{ amount | decimal('.') | round }}\"\n")
    if totals:
        text = text.replace(REFERS, f"{REFERS}    totals: {{ amount: {totals} }}\n", 1)
    mapping = write_shop(tmp_path / "shop", orders=HEADER + order(100, written, "", ""), mapping=text)
    dry_run(mapping, Settings(mapping.parent / "work"))
    (line,) = amounts(mapping).totals
    assert (line.source, line.rounded, line.differs, line.payload) == (58.524, 0.004, 0, 58.52)


def test_a_rejected_row_has_its_amount_however_many_digits_that_has(tmp_path):
    orders = [*SOUND, order(103, "9.100000000000000001", "", "")]
    mapping, _ = shop(tmp_path, orders, totals="amount", amount="{{ amount | decimal(',') }}")
    assert amounts(mapping).unread == {"rejected": 1}
    mapping, _ = shop(tmp_path / "b", [*SOUND, order(103, "9,100000000000000001", "", "")], totals="amount")
    (line,) = amounts(mapping).totals
    assert (line.source, line.rejected, amounts(mapping).unread) == (153.6, 9.1, {})


@pytest.mark.parametrize(
    ("total", "own", "sent", "expected"),
    [
        (1_005_000, None, 1_005_000, (0, 0)),
        (1_010_000, None, 1_005_000, (0, 5_000)),
        (1_005_030, None, 1_005_000, (30, 0)),
        (None, None, 1_005_000, (0, 0)),
        (7, None, None, (7, 0)),
        (1_005_240, 1_005_240, 1_005_200, (40, 0)),
    ],
)
def test_what_is_sent_stands_for_an_amount_that_cannot_be_read_before_its_rounding(total, own, sent, expected):
    assert apart(total, own, sent) == expected


def test_totals_may_be_an_expression_and_of_one_column(tmp_path):
    orders = [order(100, "120,50", "120.50", "")]
    mapping, _ = shop(tmp_path, orders, totals="\"{{ goods | decimal('.') }}\"")
    assert amounts(mapping).ok
    assert amounts(mapping).summed == ("{{ goods | decimal('.') }}",)
    assert shop(tmp_path, [order(100, "3", "3", "")], totals="goods")
    assert amounts(mapping).ok


def test_a_total_that_cannot_be_read_is_told_and_is_nothing_to_pass_over(tmp_path):
    mapping, _ = shop(tmp_path, [*SOUND, order(103, "50", "fifty", "0")])
    assert told(mapping) == [
        "not accounted for: 1 row of which `totals` cannot be read; what is sent stands for the source's amount",
        "  '103', row 5",
    ]
    assert etl("reconcile", mapping).returncode == 1


def test_the_sums_are_the_same_whoever_prepares_them(tmp_path):
    orders = [order(n, f"{n}", f"{n + n % 3}", "0,5") for n in range(100, 900)]
    alone, together = shop(tmp_path / "a", orders)[0], shop(tmp_path / "b", orders, workers=2)[0]
    assert amounts(alone) == amounts(together)
    assert not amounts(alone).ok


def test_what_is_printed_adds_up_where_an_amount_is_no_whole_cent(tmp_path):
    mapping, _ = shop(tmp_path, [*SOUND, order(103, "10,505", "10,505", "")])
    line = next(one for one in etl("reconcile", mapping).stdout.splitlines() if one.startswith(" try"))
    source, *others = (Decimal(one) for one in line.split()[1:])
    assert (source, others) == (Decimal("155.005"), [Decimal("10.505"), Decimal("144.50")])


def test_the_command_ends_with_1_and_json_has_the_difference(tmp_path):
    mapping, _ = shop(tmp_path, [*SOUND, order(103, "50", "60", "0")])
    done = etl("reconcile", mapping, "--json")
    plain = json.loads(done.stdout)
    amount = next(one for one in plain["amounts"] if one["field"] == "amount")
    assert (done.returncode, plain["ok"]) == (1, False)
    assert (amount["totals"][0]["differs"], amount["summed"]) == (10.0, ["goods", "shipping"])
    shown = etl("reconcile", mapping).stdout
    assert "- differs" in shown
    assert "  '103', row 5: +10.00" in shown


BILLIONS = [order(100 + at, "9999999998,5943", "", "") for at in range(901)]


def test_sums_are_printed_whole_however_large_they_are_and_narrow_the_terminal(tmp_path):
    mapping, _ = shop(tmp_path, BILLIONS, totals="amount", amount="{{ amount | decimal(',') | round(2) }}")
    (found,) = [one for one in reconcile(Which(mapping, None)) if one.field == "amount"]
    written = io.StringIO()
    print_reconciled(Console(file=written, width=40), [found])
    head, _, line = written.getvalue().split("\n")[2:5]
    assert head.split() == ["currency", "source", "-", "rounded", "payload"]
    assert line.split() == ["try", "9,009,999,998,733.4643", "3.8743", "9,009,999,998,729.59"]


def test_json_has_the_sums_to_the_last_digit_as_texts(tmp_path):
    mapping, _ = shop(tmp_path, BILLIONS, totals="amount", amount="{{ amount | decimal(',') | round(2) }}")
    plain = json.loads(etl("reconcile", mapping, "--json").stdout)
    amount = next(one for one in plain["amounts"] if one["field"] == "amount")
    (exact,), (line,) = amount["exact"], amount["totals"]
    assert exact["source"] == "9009999998733.4643"
    assert {name: float(told) for name, told in exact.items()} == {name: line[name] for name in exact}


def test_a_report_has_the_sums_to_the_last_digit_as_numbers_and_its_page_shows_them_so(tmp_path):
    _, package = shop(tmp_path, BILLIONS, totals="amount", amount="{{ amount | decimal(',') | round(2) }}")
    written = (package.path / "report.json").read_text(encoding="utf-8")
    plain = json.loads(written, parse_float=Decimal)
    amount = next(one for one in plain["money"] if one["field"] == "amount")
    for (line,) in (amount["totals"], amount["statuses"]):
        assert (str(line["source"]), str(line["rounded"])) == ("9009999998733.4643", "3.8743")
        assert (str(line["payload"]), str(line["held"])) == ("9009999998729.59", "0.0")
    assert list(Draft202012Validator(load_schema("report")).iter_errors(json.loads(written))) == []
    assert "9,009,999,998,733.4643" in (package.path / "report.html").read_text(encoding="utf-8")


def test_a_line_without_a_currency_says_that_several_may_be_added_in_it(tmp_path):
    mapping, package = shop(tmp_path, SOUND)
    told = "no currency in the record: several may be added here"
    orders, items = etl("reconcile", mapping).stdout.split("order_item: price")
    assert told not in orders
    assert f"\n-: {told}\n" in items
    page = (package.path / "report.html").read_text(encoding="utf-8")
    before, after = page.split("order_item: <code>price</code>")
    assert (told in before, after.count(f"—: {told}.")) == (False, 1)


def test_a_difference_of_less_than_a_cent_is_not_told_as_nothing():
    (told,) = unaccounted_lines(Reconciled("order", "amount", (), 0.0001, {}))
    assert told == "not accounted for: the payload files amount to +0.0001 more than was counted"


@pytest.mark.parametrize(
    ("totals", "problem"),
    [
        ("{ amount: good }", "23: unknown column 'good'; did you mean 'goods'?"),
        ("{ amount: [goods, ship] }", "31: unknown column 'ship'"),
        (
            "{ amout: goods }",
            "15: 'amout' is no amount of money; those of this payload are amount, discount_amount; did you mean",
        ),
        ("{ discount_amount: goods }", "15: 'discount_amount' is not among the stage's fields, so there is nothing"),
        ('{ amount: "{{ goodz | decimal }}" }', "27: unknown column 'goodz'; did you mean 'goods'?"),
        ('{ amount: "x {{ goods }}" }', "23: what is summed is one expression: text around it makes a text of it"),
        ("{ amount: 7 }", "23: 'amount' must be text or a list, not a whole number"),
        ("{ amount: [] }", "23: 'amount' must not be empty"),
    ],
)
def test_what_is_wrong_with_totals_is_told_where_it_stands(tmp_path, totals, problem):
    text = MAPPING.replace(REFERS, f"{REFERS}    totals: {totals}\n", 1)
    mapping = write_shop(tmp_path, orders=HEADER + "".join(SOUND), mapping=text)
    line = text.split("\n").index(f"    totals: {totals}") + 1
    found = [str(one) for one in check(mapping).problems]
    assert any(one.startswith(f"{mapping}:{line}:{problem}") for one in found), found


def test_a_payload_without_money_has_no_totals(tmp_path):
    text = MAPPING.replace("    unique: [email]\n", "    unique: [email]\n    totals: { email: email }\n")
    mapping = write_shop(tmp_path, orders=ORDERS, mapping=text)
    assert any("'email' is no amount of money; this payload has none" in str(one) for one in check(mapping).problems)


def test_the_language_describes_totals():
    stage = load_schema("migration")["properties"]["stages"]["items"]["properties"]
    assert "etl reconcile" in stage["totals"]["description"]


def tiles(package):
    page = (package.path / "report.html").read_text(encoding="utf-8")
    found = re.findall(r"<dt>(left behind[^<]*)</dt><dd>(.*?)</dd>", page, re.DOTALL)
    return [(label, " ".join(re.sub("<[^>]*>", " ", told).split())) for label, told in found]


def test_left_behind_is_what_is_not_sent_and_what_differs_of_rows_that_are_is_told_beside_it(tmp_path):
    rows = [order(103, "50", "1000050", "0"), order(104, "7", "7", "0", customer=99), order(105, "ten", "3", "")]
    _, package = shop(tmp_path, [*SOUND, *rows])
    assert tiles(package) == [("left behind, try", "10.00 of 1,000,204.50 differs 1,000,000.00")]


def test_left_behind_names_the_stage_where_several_have_orders(tmp_path):
    stages = MAPPING.split("  - name: order\n")
    second = stages[1].split("  - name: order_item\n")[0].replace('"{{ number }}"', '"R{{ number }}"')
    text = MAPPING.replace(
        "  - name: order_item\n", f"  - name: refund\n    payload: order\n{second}  - name: order_item\n"
    )
    mapping = write_shop(tmp_path / "shop", orders=HEADER + "".join(SOUND), mapping=text)
    package = dry_run(mapping, Settings(mapping.parent / "work", workers=1))
    told = "0.00 of 144.50"
    assert tiles(package) == [("left behind, order, try", told), ("left behind, refund, try", told)]
