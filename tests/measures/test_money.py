"""Amounts, summed by groups: the quick way is what adding up one row after the other gives."""

from collections import Counter
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from etl.measures.amounts import sum_as_it_is, units_of
from etl.measures.census import empty
from etl.measures.groups import Groups
from etl.measures.passwords import form, passwords
from etl.measures.spelling import month_reader

CURRENCIES = st.one_of(st.just("try"), st.sampled_from(["try", "usd", "eur", None]))
STATUSES, MONTHS = st.sampled_from(["100", "550", None]), st.sampled_from(["2019-03", "2019-04", "2020-01", "", None])
CENTS = st.integers(-(10**6), 10**12 - 1).map(lambda cents: cents / 100)
AMOUNTS = st.one_of(st.none(), st.sampled_from([0, 0.0, -0.0, 5, 0.07]), CENTS)
SMALL = st.integers(0, 10**6).map(lambda cents: cents / 100)


def rows(amounts):
    return st.lists(st.tuples(CURRENCIES, STATUSES, MONTHS, amounts), max_size=40)


def one_by_one(found):
    """By status, and by month, how many amounts there are and their sum; and how many rows have none."""
    by_status, by_month = {}, {}
    for currency, status, month, amount in found:
        if (units := units_of(amount)) is not None:
            for sums, label in ((by_status, status), (by_month, month)):
                one = sums.setdefault((currency, label), [0, 0])
                one[0], one[1] = one[0] + 1, one[1] + units
    return (by_status, by_month), sum(units_of(row[3]) is None for row in found)


def columns(found):
    currencies, statuses, months, amounts = ([*column] for column in zip(*found, strict=True)) if found else ([],) * 4
    return Groups(currencies, statuses, months), amounts


def told(summed):
    """The same of what was summed up by groups, without those in which there is no amount."""
    by_groups, unread = summed
    return tuple(
        {group: [many, units] for group, many, units in zip(*one, strict=True) if many} for one in by_groups
    ), unread


@given(st.one_of(rows(AMOUNTS), rows(SMALL), rows(st.one_of(SMALL, st.none()))))
def test_amounts_of_two_decimals_that_are_added_as_they_are_give_the_sums_of_each_row_s_ten_thousandths(found):
    groups, amounts = columns(found)
    assert told(groups.sums_of(amounts)) == one_by_one(found)


@given(rows(st.one_of(AMOUNTS, st.floats(), st.decimals(-1000, 1000, places=5), st.booleans())))
def test_amounts_of_any_kind_are_summed_row_by_row_where_they_cannot_be_added_as_they_are(found):
    groups, amounts = columns(found)
    assert told(groups.sums([units_of(amount) for amount in amounts])) == one_by_one(found)


def test_floats_are_not_added_as_they_are_where_that_may_lose_something_and_the_sum_is_right_all_the_same():
    large = [9_999_999_999.99] * 1000
    assert sum_as_it_is(large) is None
    assert sum_as_it_is([0.5, Decimal("0.5")]) is None
    assert sum_as_it_is([float("nan")]) is None
    (by_status, _), unread = told(Groups(["try"] * 1000, ["550"] * 1000, [None] * 1000).sums_of(large))
    assert (by_status, unread) == ({("try", "550"): [1000, 99_999_999_999_900_000]}, 0)


@given(rows(SMALL))
def test_rows_are_counted_by_month_whatever_their_currency(found):
    groups, _ = columns(found)
    assert groups.months == Counter(month for _, _, month, _ in found if month)


@given(st.lists(st.sampled_from([None, "", "x", 0, 0.0, False, True, [], {}, [0], {"a": None}])))
def test_null_and_blank_and_what_holds_nothing_are_empty_and_zero_and_false_are_not(values):
    assert empty(values) == sum(value in (None, "", [], {}) for value in values)


HASHES = st.sampled_from(["d8578edf8458ce06fbc5bb76a58c5ca4", "D857", "$2y$10$abc", "abcg", "", None, "f" * 64])


@given(st.lists(st.tuples(st.sampled_from(["md5", "sha1", None, 5]), HASHES)), st.lists(HASHES))
def test_passwords_are_counted_by_algorithm_and_form(mixed, alike):
    for pairs in (mixed, [("md5", one) for one in alike]):
        algorithms, values = ([one[at] for one in pairs] for at in (0, 1))
        counted = Counter((None if name is None else str(name), form(value)) for name, value in pairs)
        found = passwords(algorithms, values, lambda algorithm, value: f"{algorithm} {form(value)}")
        assert found == {(name, told, f"{name} {told}"): many for (name, told), many in counted.items()}


DATES = st.sampled_from(["2019-03-01 00:04:05", "2019-03-31 23:59:59", "2019-04-01 00:00:00", "1019-03-01 00:00:00"])


@given(st.one_of(st.lists(st.just("2019-03-24 10:30:00")), st.lists(DATES), st.lists(st.one_of(DATES, st.none()))))
def test_the_months_of_dates_are_those_of_each_date(dates):
    assert list(month_reader("%Y-%m-%d %H:%M:%S")(dates)) == [None if one is None else one[:7] for one in dates]
