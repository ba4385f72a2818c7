"""A column of dates, taken apart and put together by its digits, held to what datetime says of each one."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.expressions.functions.fixed import fixed_layout

FORMATS = ["%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%m/%d/%y %Y", "%d%m%Y", "%H:%M:%S %d.%m.%Y", "%YT%m-%d"]
FIXED = [one for one in FORMATS if "%y" not in one]


def is_moment(text, format):
    """By the calendar of the years that every platform writes with four digits."""
    try:
        return datetime.strptime(text, format).year >= 1000
    except ValueError:
        return False


def test_every_day_and_month_of_two_digits_is_judged_as_by_the_calendar():
    layout = fixed_layout("%d.%m.%Y")
    for year in (1000, 1900, 2000, 2023, 2024, 9999):
        for day in range(100):
            for month in range(100):
                text = f"{day:02}.{month:02}.{year}"
                assert (layout.read([text]) is not None) is is_moment(text, "%d.%m.%Y"), text


@pytest.mark.parametrize(("place", "most"), [(8, 23), (10, 59), (12, 59)])
def test_every_number_of_two_digits_is_judged_as_by_the_clock(place, most):
    layout = fixed_layout("%Y%m%d%H%M%S")
    for number in range(100):
        text = "20240229000000"
        text = text[:place] + f"{number:02}" + text[place + 2 :]
        assert (layout.read([text]) is not None) is (number <= most)


def test_a_year_before_1000_is_left_to_others():
    assert fixed_layout("%Y-%m-%d").read(["0999-12-31"]) is None


def test_a_format_without_a_place_for_every_field_has_no_layout():
    for format_ in (
        "%d.%m.%y",
        "%d %B %Y",
        "%Y-%m",
        "%Y-%m-%d %H",
        "%Y-%m-%d %I:%M %p",
        "%Y-%m-%d%z",
        "%d–%m–%Y",
        "%d%%%m%Y",
    ):
        assert fixed_layout(format_) is None, format_


moments = st.datetimes(datetime(1000, 1, 1)).map(lambda one: one.replace(microsecond=0))
spoiling = st.sampled_from(["", " ", "T", "0", "9", "-", ":", "\n", "٣", "ş", "\ud800", "30", "29"])


@given(st.sampled_from(FIXED), st.sampled_from(FIXED), st.lists(moments, min_size=1, max_size=6))
def test_a_column_is_written_as_each_of_its_dates_would_be(format_, target, column):
    texts = [one.strftime(format_) for one in column]
    digits = fixed_layout(format_).read(texts)
    # What the source does not tell is zero in the target.
    told = [datetime.strptime(text, format_) for text in texts]
    assert fixed_layout(target).write(digits, len(texts)) == [one.strftime(target) for one in told]


@given(st.sampled_from(FIXED), st.lists(moments, min_size=1, max_size=6), st.data())
def test_one_text_that_is_no_date_makes_the_whole_column_unknown(format_, column, data):
    texts = [one.strftime(format_) for one in column]
    which = data.draw(st.integers(0, len(texts) - 1))
    text = texts[which]
    at = data.draw(st.integers(0, len(text)))
    put = data.draw(spoiling)
    texts[which] = text[:at] + put + text[at + max(1, len(put)) :]
    known = fixed_layout(format_).read(texts) is not None
    good = all(
        is_moment(text, format_) and datetime.strptime(text, format_).strftime(format_) == text for text in texts
    )
    assert known is good


def test_the_29th_of_february_is_looked_up_for_each_of_a_column():
    layout = fixed_layout("%d.%m.%Y")
    assert layout.read(["29.02.2024", "01.01.2023", "29.02.2000"]) is not None
    assert layout.read(["29.02.2024", "01.01.2023", "29.02.1900"]) is None


def test_texts_whose_lengths_only_add_up_are_not_of_the_layout():
    assert fixed_layout("%d.%m.%Y").read(["01.01.20231", "1.01.2023"]) is None
