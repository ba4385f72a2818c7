"""Keys that are numbers: told from those that only look like it, and kept in little memory with the same answers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.prepare.keys import Budget, Fate
from etl.prepare.numbers import MOST_DIGITS, PLACES_OF_A_KEY, KeyColumn, NumberedRows, as_numbers, numbers_of

NEAR = st.integers(0, 60).map(str)
FAR = st.sampled_from(["99999999999", "18446744073709551616", "9" * 40, "9" * 41, "9" * 5000])
NO_NUMBERS = st.sampled_from(
    ["", "007", "00", "-7", "+7", " 7", "7 ", "7.0", "1e3", "1,2", "1_0", "٣", "²", "7\n", "x", "\ud800"]
)
MIXED = st.one_of(NEAR, NEAR, NEAR, FAR, NO_NUMBERS)


@given(st.lists(st.one_of(NEAR, FAR, NO_NUMBERS), min_size=1))
def test_texts_are_numbers_when_each_is_written_as_its_number_is(texts):
    def is_number(text):
        return text.isascii() and text.isdigit() and len(text) < 4300 and str(int(text)) == text

    expected = list(map(int, texts)) if all(map(is_number, texts)) else None
    assert numbers_of(texts) == expected


@settings(deadline=None)
@given(st.data(), st.sampled_from([0, 1, 10, 10**9]))
def test_keys_that_are_numbers_are_found_among_those_that_are_none(tmp_path_factory, data, bound):
    folder = tmp_path_factory.mktemp("keys")
    budget = Budget(bound)
    index = budget.index(folder / "keys.sqlite")
    known, others, row = {}, {}, 1
    for _ in range(data.draw(st.integers(1, 6))):
        added = sorted(
            data.draw(st.sets(MIXED, max_size=8)) - known.keys(), key=data.draw(st.sampled_from([str, len, hash]))
        )
        rows = range(row, row + len(added)) if data.draw(st.booleans()) else [*range(row, row + 2 * len(added), 2)]
        index.add_valid(KeyColumn(added), rows)
        known |= dict(zip(added, rows, strict=True))
        row += 2 * len(added) + 1
        rejected = data.draw(st.lists(MIXED, max_size=3))
        index.add(Fate.REJECTED, [(key, row) for key in rejected])
        others |= {key: row for key in rejected if key not in others}
        budget.keep()
        asked = data.draw(st.lists(MIXED, max_size=8))
        # A key that is half a character is forgotten when the others go to their file: its record cannot be sent anyway.
        asked = [key for key in asked if key != "\ud800"]
        valid = {key: (Fate.VALID, known[key]) for key in asked if key in known}
        rest = {key: (Fate.REJECTED, others[key]) for key in asked if key in others and key not in known}
        assert index.find(asked) == {**valid, **rest}
        assert index.find(asked, valid_only=True) == valid
        assert index.not_valid(KeyColumn(asked)) == set(asked) - known.keys()
        is_new = index.taken([KeyColumn(asked)]).isdisjoint(asked) and index.are_new_in_memory(KeyColumn(asked))
        assert is_new == known.keys().isdisjoint(asked)
    budget.close()


@pytest.mark.parametrize(("bound", "files"), [(100_000 // PLACES_OF_A_KEY, 0), (100_000 // PLACES_OF_A_KEY - 1, 1)])
def test_numbers_that_follow_each_other_take_a_fraction_of_the_budget(tmp_path, bound, files):
    budget = Budget(bound)
    index = budget.index(tmp_path / "keys.sqlite")
    for begin in range(1_000_001, 1_100_001, 1000):
        keys = KeyColumn([str(number) for number in range(begin, begin + 1000)])
        assert index.are_new_in_memory(keys)
        index.add_valid(keys, range(begin, begin + 1000))
        budget.keep()
    assert len(list(tmp_path.iterdir())) == files
    assert index.not_valid(KeyColumn(["1000001", "1100000", "1100001", "1000000"])) == {"1100001", "1000000"}
    assert index.find(["1000001", "1100000"]) == {
        "1000001": (Fate.VALID, 1_000_001),
        "1100000": (Fate.VALID, 1_100_000),
    }
    budget.close()


def test_a_number_far_from_the_others_takes_no_memory_for_what_lies_between():
    rows = NumberedRows()
    assert rows.take(KeyColumn([str(number) for number in range(1000)]), range(2, 1002))
    assert not rows.take(KeyColumn(["5000000000"]), [1002])
    assert not rows.take(KeyColumn(["9" * (MOST_DIGITS + 1)]), [1003])
    assert rows.places == 1000
    assert rows.take(KeyColumn(["1000"]), [1003])
    assert list(rows.of(KeyColumn(["999", "1000", "1001", "5000000000"]))) == [1002, 1004, 0, 0]


def test_numbers_in_no_order_are_taken_once_there_are_enough_of_them():
    rows, taken = NumberedRows(), []
    for begin in range(100):
        numbers = [(begin * 1000 + one) * 7919 % 100_003 for one in range(1000)]
        taken.append(
            rows.take(KeyColumn([str(number) for number in numbers]), range(begin * 1000, begin * 1000 + 1000))
        )
    assert taken == [False] * 9 + [True] * 91


@pytest.mark.parametrize("first", [[5, 6, 7], [5, 7, 6]])
def test_numbers_below_the_first_ones_are_taken_too(first):
    rows = NumberedRows()
    assert rows.take(KeyColumn([str(one) for one in first]), [10, 11, 12])
    assert rows.take(KeyColumn(["2", "3"]), range(20, 22))
    assert list(rows.of(KeyColumn([str(one) for one in [2, 3, 4, *first]]))) == [21, 22, 0, 11, 12, 13]
    assert dict(rows.all()) == {"2": 20, "3": 21, str(first[0]): 10, str(first[1]): 11, str(first[2]): 12}


ORDER_NUMBERS = st.one_of(
    st.none(),
    st.integers(0, 10**25).map(str),
    st.sampled_from(["0", "7", "07", "9223372036854775807", "9223372036854775808", "", "TR-7", "٧", " 7"]),
)


@given(st.lists(ORDER_NUMBERS, max_size=12), st.integers(0, 12))
def test_a_text_is_the_same_number_whatever_stands_beside_it_and_two_texts_are_two(texts, cut):
    numbers = [*as_numbers(texts[:cut]), *as_numbers(texts[cut:])]
    assert numbers == [as_numbers([one])[0] for one in texts]
    assert len(set(numbers)) == len(set(texts))
