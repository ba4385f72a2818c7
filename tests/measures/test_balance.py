"""Orders held against their items: which of them are named."""

from etl.measures.balance import Amounts, Ledger


def test_the_orders_that_differ_most_are_named_first_and_of_two_alike_the_first(tmp_path):
    ledger = Ledger(tmp_path)
    # The items of the orders lack 100 of theirs, or are beyond them by 200, 300, and 300.
    ledger.add("order", Amounts(["a", "b", "c", "d"], [1000, 50, 400, 10], [0, 0, 0, 0]), items=False)
    ledger.add("order_item", Amounts(["a", "b", "c", "d"], [900, 250, 700, 310], [900, 250, 700, 310]), items=True)
    found = ledger.balance(0)
    ledger.close()
    assert [(one.position, one.size) for one in found.differing] == [(2, 300), (3, 300), (1, 200), (0, 100)]
