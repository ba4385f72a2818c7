"""Orders held against their items: which of them are named."""

from array import array

from etl.measures.balance import Amounts, Ledger


def test_the_orders_that_differ_most_are_named_first_and_of_two_alike_the_first(tmp_path):
    ledger = Ledger(tmp_path)
    # The items of the orders lack 100 of theirs, or are beyond them by 200, 300, and 300.
    numbers, nothing = ["a", "b", "c", "d"], array("d", [0] * 4)
    items = array("d", [0.09, 0.025, 0.07, 0.031])
    ledger.add("order", numbers, Amounts(array("d", [0.1, 0.005, 0.04, 0.001]), nothing), items=False)
    ledger.add("order_item", numbers, Amounts(items, items), items=True)
    found = ledger.balance(0)
    ledger.close()
    assert [(one.position, one.size) for one in found.differing] == [(2, 300), (3, 300), (1, 200), (0, 100)]
