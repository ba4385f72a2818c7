"""Orders held against their items: which of them are named."""

from array import array
from collections import Counter
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from etl.measures.amounts import UNITS
from etl.measures.balance import Amounts, amounts_of
from etl.measures.ledger import Ledger
from etl.measures.weighing import LARGEST


def test_the_orders_that_differ_most_are_named_first_and_of_two_alike_the_first(tmp_path):
    ledger = Ledger(tmp_path)
    # The items of the orders lack 100 of theirs, or are beyond them by 200, 300, and 300.
    numbers, nothing = array("q", [7, 3, 5, 1]), array("d", [0] * 4)
    items = array("d", [0.09, 0.025, 0.07, 0.031])
    ledger.add("order", numbers, Amounts(array("d", [0.1, 0.005, 0.04, 0.001]), nothing))
    ledger.add_items("order_item", numbers, Amounts(items, array("d", [1] * 4)))
    found = ledger.balance(0)
    ledger.close()
    assert [(one.position, one.size) for one in found.differing] == [(2, 300), (3, 300), (1, 200), (0, 100)]


def test_items_are_held_against_the_orders_of_the_stage_that_they_refer_to(tmp_path):
    """The archive counts its orders from 1 as the shop does."""
    with closing(Ledger(tmp_path)) as ledger:
        for order, item, amount in (("order", "item", 10.0), ("archived", "archived_item", 99.0)):
            ledger.add(order, array("q", [1]), Amounts(array("d", [amount]), array("d", [0])))
            ledger.add_items(item, array("q", [1]), Amounts(array("d", [amount]), array("d", [1])), of=order)
        found = ledger.balance(0)
    assert (found.compared, found.either, found.differing) == (2, 2, [])


CENTS = st.integers(-20, 60)
ORDERS = st.lists(st.tuples(st.integers(0, 8), CENTS, st.sampled_from([0, 0, 5, 10])), max_size=30)
ITEMS = st.lists(st.tuples(st.integers(0, 9), CENTS, st.integers(0, 3)), max_size=60)


def one_by_one(orders, items, tolerance):
    """The same, order by order, in whole cents."""
    found = Counter()
    for number, amount, discount in orders:
        own = [(price, price * many) for order, price, many in items if order == number]
        if not own:
            found["no_items"] += 1
            continue
        line, piece = map(sum, zip(*own, strict=True))
        fits = {
            (way, whole): abs(total - items) <= tolerance
            for way, items in (("line", line), ("piece", piece))
            for whole, total in (("amount", amount), ("both", amount + discount))
        }
        plain = fits["line", "amount"] or fits["piece", "amount"]
        found["compared"] += 1
        found["line"] += fits["line", "amount"] or fits["line", "both"]
        found["piece"] += fits["piece", "amount"] or fits["piece", "both"]
        found["either"] += any(fits.values())
        found["discounted"] += any(fits.values()) and not plain
    return found


@given(ORDERS, ITEMS, st.integers(0, 6), st.integers(1, 7), st.sampled_from([3, 10, 1000]))
def test_orders_are_weighed_as_adding_up_their_items_one_by_one_would(orders, items, tolerance, at_once, blocks):
    with TemporaryDirectory() as folder, closing(Ledger(Path(folder), most=1000)) as ledger:
        for part in batched(orders, at_once):
            numbers, amounts, discounts = zip(*part, strict=True)
            ledger.add("order", array("q", numbers), Amounts(euros(amounts), euros(discounts)))
        for part in batched(items, at_once):
            numbers, prices, many = zip(*part, strict=True)
            ledger.add_items("order_item", array("q", numbers), Amounts(euros(prices), array("d", many)))
        with patch("etl.measures.weighing.AT_ONCE", blocks):
            found = ledger.balance(tolerance * UNITS // 100)
    expected = one_by_one(orders, items, tolerance)
    told = {name: getattr(found, name) for name in ("compared", "line", "piece", "either", "discounted", "no_items")}
    assert told == {name: expected[name] for name in told}
    assert len(found.differing) == found.compared - found.either
    assert all(one.size > tolerance * UNITS // 100 for one in found.differing)


def euros(cents):
    return array("d", [one / 100 for one in cents])


def batched(rows, size):
    return [rows[begin : begin + size] for begin in range(0, len(rows), size)]


def test_an_amount_that_is_null_is_nothing_a_quantity_one_piece_and_what_no_float_holds_is_nothing():
    assert amounts_of("order", {"amount": [1.5, None], "discount_amount": [None, 0.5]}) == Amounts(
        array("d", [1.5, 0]), array("d", [0, 0.5])
    )
    assert amounts_of("order", {"amount": [1.5, 2]}).second == array("d", [0, 0])
    assert amounts_of("order_item", {"price": [2.5, 3], "quantity": [None, 2]}).second == array("d", [1, 2])
    assert amounts_of("order_item", {"price": [2.5, 3]}).second == array("d", [1, 1])
    assert amounts_of("order_item", {"price": [10**400, Decimal("2.5")]}).first == array("d", [0, 2.5])


def test_prices_of_billions_are_weighed_too_and_end_at_the_largest_sum(tmp_path):
    with closing(Ledger(tmp_path)) as ledger:
        ledger.add("order", array("q", [1]), Amounts(array("d", [5]), array("d", [0])))
        ledger.add_items("order_item", array("q", [1]), Amounts(array("d", [1e300]), array("d", [1e300])))
        found = ledger.balance(0)
    assert (found.compared, found.either, found.price_of) == (1, 0, None)
    assert found.differing[0].line == LARGEST * UNITS
