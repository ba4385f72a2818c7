"""Moments that are stored as a number: what is none is refused, and nothing is guessed about a mark in it."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from test_expressions_jinja import WRITE, compiled_stage, stage_of

from etl.expressions import Header
from etl.expressions.functions import TABLE
from etl.findings import Unfit


def refusal(call, *given):
    with pytest.raises(Unfit) as caught:
        call(*given)
    return str(caught.value)


@pytest.mark.parametrize("name", ["excel_date", "excel_datetime"])
@pytest.mark.parametrize(
    ("start", "last", "beyond"),
    [
        (1904, "2957003", [2957004, "2957100", "2958000", "2958465"]),
        (1900, "2958465", [2958466, "2958465.9999999"]),
    ],
)
def test_a_day_after_the_calendar_is_no_day_of_a_workbook(name, start, last, beyond):
    read = TABLE[name].bind(start=start)
    assert str(read(last)).startswith("9999-12-31")
    for value in beyond:
        assert refusal(read, value) == f"{value!r} is no day of a workbook"
    stage = compiled_stage(stage_of([f"a | {name}(start={start})"]), Header(("a",)), WRITE)
    assert stage.records([[str(value)] for value in beyond]).failed == {*range(len(beyond))}


@pytest.mark.parametrize("name", ["excel_date", "excel_datetime"])
def test_what_is_no_serial_is_told_of_the_function_that_was_called(name):
    assert refusal(TABLE[name].call, "abc") == f"{name} expects a number, not 'abc'"


@pytest.mark.parametrize("value", ["43.893", "43,893", " 1.577 ", "-7.500"])
@pytest.mark.parametrize(
    ("name", "given", "call"),
    [("excel_date", (), "excel_date"), ("excel_datetime", (1904,), "excel_datetime(1904)"),
     ("epoch", ("UTC",), "epoch('UTC')"), ("epoch", ("UTC", "ms"), "epoch('UTC', 'ms')")],
)  # fmt: skip
def test_a_serial_whose_mark_may_part_thousands_is_not_guessed(value, name, given, call):
    assert refusal(TABLE[name].bind(*given), value) == (
        f"{value!r} can be read in two ways; write `| decimal | {call}` when a comma stands before the decimals or "
        f"`| decimal('.') | {call}` when a dot stands before the decimals"
    )


@pytest.mark.parametrize("value", [43.893, Decimal("43.893"), "43.8930", "43.89", "43"])
def test_a_number_is_what_it_is_and_so_is_a_text_without_thousands(value):
    assert TABLE["excel_date"].call(value) == date(1900, 2, 12)
    assert TABLE["epoch"].call(value, "UTC").replace(microsecond=0) == datetime(1970, 1, 1, 0, 0, 43)


def test_the_advice_for_a_serial_is_followed():
    assert TABLE["excel_date"].call(TABLE["decimal"].call("43.893")) == date(2020, 3, 3)
    assert TABLE["excel_datetime"].call("43893.5") == datetime(2020, 3, 3, 12)
