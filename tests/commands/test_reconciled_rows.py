"""What lies between source and payload: by status and month, row by row, and all rows with `etl reconcile --all`."""

import io
import json

import pytest
from commands import etl
from rich.console import Console
from small_migration import LINES, MAPPING, ORDERS, write_shop

from etl.commands.amounts import all_amounts
from etl.commands.dry_run import dry_run
from etl.commands.reconcile import reconcile
from etl.commands.settings import Settings
from etl.commands.which import Which
from etl.errors import MappingError
from etl.report.reconciled import Cause, print_reconciled

BY_NOTE = MAPPING.replace('status: "550"', "status: \"{{ note | default('550') }}\"")
HEADER = ORDERS.partition("\n")[0] + "\n"


def order(number, amount, *, customer=1, currency="TL", day="01.05.2020 12:00", status=""):
    return f"{number};{customer};a@example.com;{day};{amount};{currency};Moda;{status}\n"


def shop(folder, orders, mapping=MAPPING, lines=LINES):
    path = write_shop(folder, orders=HEADER + "".join(orders), mapping=mapping, lines=lines)
    dry_run(path, Settings(folder / "work", workers=1))
    return path


def printed(mapping):
    written = io.StringIO()
    print_reconciled(Console(file=written, width=120), reconcile(Which(mapping, None)))
    return written.getvalue()


def of_amount(mapping):
    return next(one for one in reconcile(Which(mapping, None)) if one.field == "amount")


VARIED = [
    order(1, "10", status="500"),
    order(2, "20", status="550", day="01.06.2020 12:00"),
    order(3, "5", status="550", customer=4),
    order(4, "7", currency="USD"),
]


def test_sums_are_told_by_status_and_by_month_as_table_and_json(tmp_path):
    mapping = shop(tmp_path, VARIED, BY_NOTE)
    lines = [line.split() for line in printed(mapping).split("order: discount_amount")[0].splitlines() if line.strip()]
    by_status, by_month = lines.index(["by", "status"]), lines.index(["by", "month"])
    assert lines[by_status + 1] == ["currency", "status", "source", "-", "held", "payload"]
    assert lines[by_status + 3 : by_status + 6] == [
        ["try", "500", "10.00", "0.00", "10.00"],
        ["try", "550", "25.00", "5.00", "20.00"],
        ["usd", "550", "7.00", "0.00", "7.00"],
    ]
    assert lines[by_month + 3 : by_month + 6] == [
        ["try", "2020-05", "15.00", "5.00", "10.00"],
        ["try", "2020-06", "20.00", "0.00", "20.00"],
        ["usd", "2020-05", "7.00", "0.00", "7.00"],
    ]
    plain = json.loads(etl("reconcile", mapping, "--json").stdout)
    amount = next(one for one in plain["amounts"] if one["field"] == "amount")
    assert [(one["currency"], one["status"], one["source"]) for one in amount["statuses"]] == [
        ("try", "500", 10.0), ("try", "550", 25.0), ("usd", "550", 7.0),
    ]  # fmt: skip
    assert [one["source"] for one in amount["exact_months"]] == ["15.0000", "20.0000", "7.0000"]
    for table in ("statuses", "months"):
        assert sum(one["payload"] for one in amount[table]) == sum(one["payload"] for one in amount["totals"])


def test_where_no_amount_can_be_read_the_rows_are_named_all_the_same(tmp_path):
    mapping = shop(tmp_path, [order(1, "ten"), order(2, "eleven")])
    assert "order: amount: no row has an amount\n" in printed(mapping)
    assert "not accounted for: 2 rows (rejected) whose amount cannot be read, and is in no sum\n" in printed(mapping)
    assert "  '1', row 2\n  '2', row 3\n" in printed(mapping)
    assert not of_amount(mapping).ok


def test_a_row_that_cannot_be_read_as_a_whole_is_named_by_its_row(tmp_path):
    mapping = shop(tmp_path, [order(1, "10"), "2;1;too;few\n"])
    assert "  no key, row 3\n" in printed(mapping)


FIFTY = [order(100 + at, f"{at + 1}", customer=99) for at in range(50)]


def test_what_lies_between_is_told_row_by_row_and_how_many_more_there_are(tmp_path):
    mapping = shop(tmp_path, [*FIFTY, *(order(at, "ten") for at in range(25))])
    shown = printed(mapping)
    assert "held: 50 rows\n  '149', row 51: 50.00\n  '148', row 50: 49.00\n  '147', row 49: 48.00\n" in shown
    assert "  and 47 more; `etl reconcile --all` lists them\n" in shown
    assert "'2', row 54\n  and 22 more; `etl reconcile --all` lists them\n" in shown
    named = etl("reconcile", mapping, "--package", *(mapping.parent / "work/shop/packages").iterdir()).stdout
    assert f"`etl reconcile {mapping} --all --package {mapping.parent}" in named.replace("\n", "")


def test_all_rows_are_listed_from_the_sources(tmp_path):
    mapping = shop(tmp_path, [*FIFTY, *(order(at, "ten") for at in range(25)), order(300, "10")])
    done = etl("reconcile", mapping, "--all")
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert [line for line in lines if line.startswith("  held ") and "orders.csv" in line] == [
        f"  held '{100 + at}', orders.csv row {at + 2}: {at + 1}.00" for at in reversed(range(50))
    ]
    assert len([line for line in lines if line.startswith("  rejected, amount cannot be read: ")]) == 25
    plain = json.loads(etl("reconcile", mapping, "--all", "--json").stdout)
    assert len([one for one in plain["rows"] if one["field"] == "amount"]) == 75
    first = {
        "stage": "order",
        "field": "amount",
        "fate": "held",
        "key": "149",
        "place": "orders.csv row 51",
        "amount": 50.0,
        "besides": [],
    }
    assert first == next(one for one in plain["rows"] if one["amount"])


def test_all_rows_add_up_to_the_sums_of_the_report(tmp_path):
    """Rejected, held, repeated, rounded and what differs: each row is listed once with what it takes away."""
    rounding = MAPPING.replace("{{ amount | money }}", "{{ amount | decimal(',') | round }}")
    rounding = rounding.replace(
        "    refers: { user: user }\n", "    refers: { user: user }\n    totals: { amount: note }\n", 1
    )
    orders = [
        *FIFTY[:3], order(1, "10,005", status="10,005"), order(1, "3", status="3"), order(2, "4", status="5"),
        order(3, "6", status="6", currency="EUR"), order(4, "1", status="x"),
    ]  # fmt: skip
    mapping = shop(tmp_path, orders, rounding)
    rows = [one for one in all_amounts(Which(mapping, None)).rows if one.field == "amount"]
    told = of_amount(mapping)
    causes = [Cause(one.fate, one.amount) for one in rows] + [cause for one in rows for cause in one.besides]
    for fate in ("rejected", "held", "repeated", "rounded", "differs"):
        amounts = [one.amount for one in causes if one.fate == fate and one.amount is not None]
        assert sum(amounts) == pytest.approx(sum(one.of(fate) for one in told.totals)), fate
        assert len(amounts) == told.many.get(fate, 0)
    assert [one.fate for one in causes if one.amount is None] == ["totals"]


def test_a_row_is_named_once_with_all_that_keeps_its_amount_out(tmp_path):
    rounding = MAPPING.replace("{{ amount | money }}", "{{ amount | decimal(',') | round }}").replace(
        "    refers: { user: user }\n", "    refers: { user: user }\n    totals: { amount: note }\n", 1
    )
    orders = [
        order(100, "10,004", customer=99, status="10,004"), order(101, "20,004", status="25"),
        order(102, "30,004", customer=99, status="?"), order(103, "40", customer=99, status="40"),
    ]  # fmt: skip
    mapping = shop(tmp_path, orders, rounding)
    shown = [line for line in etl("reconcile", mapping, "--all").stdout.splitlines() if "orders.csv row" in line]
    assert shown[:4] == [
        "  held '103', orders.csv row 5: 40.00",
        "  held '102', orders.csv row 4: 30.00; rounded +0.004; `totals` cannot be read",
        "  held '100', orders.csv row 2: 10.00; rounded +0.004",
        "  rounded '101', orders.csv row 3: +0.004; differs +4.996",
    ]
    rows = json.loads(etl("reconcile", mapping, "--all", "--json").stdout)["rows"]
    [held] = [one for one in rows if one["field"] == "amount" and one["key"] == "100"]
    assert (held["fate"], held["amount"]) == ("held", 10.0)
    assert held["besides"] == [{"fate": "rounded", "amount": 0.004}]


def test_orders_whose_items_do_not_add_up_are_all_listed(tmp_path):
    orders = [order(100 + at, "50") for at in range(30)]
    lines = "order;sku;product;quantity;price\n" + "".join(f"{100 + at};A;Bot;1;{at + 1}\n" for at in range(30))
    mapping = shop(tmp_path, orders, lines=lines)
    shown = etl("reconcile", mapping, "--all").stdout
    assert "orders whose items do not add up to their amount: 30\n" in shown
    assert "  '100': 50.00, its items 1.00 when a price is that of a piece, 1.00 of the line\n" in shown
    assert len(json.loads(etl("reconcile", mapping, "--all", "--json").stdout)["orders"]) == 30
    page = next((mapping.parent / "work/shop/packages").iterdir()) / "report.html"
    assert "`etl reconcile --all` lists all of them: 30." in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "what"), [("orders.csv", "'orders'"), ("migration.yaml", "the mapping")])
def test_rows_of_a_source_that_has_changed_are_not_listed(tmp_path, name, what):
    mapping = shop(tmp_path, VARIED)
    with (tmp_path / name).open("a", encoding="utf-8") as file:
        file.write(order(9, "1") if name == "orders.csv" else "# later\n")
    done = etl("reconcile", mapping, "--all")
    assert done.returncode == 2
    assert (
        f"{what} has changed since the package was made; `etl dry-run {mapping}` makes one of what is there now"
        in done.stderr
    )


def test_of_a_package_of_some_rows_all_rows_are_not_listed(tmp_path):
    mapping = write_shop(tmp_path)
    dry_run(mapping, Settings(tmp_path / "work", workers=1, limit=2))
    with pytest.raises(MappingError, match="is made from some of the rows only"):
        all_amounts(Which(mapping, None))
