"""Columns in which few values come again and again."""

import pytest

from etl.few import FEW, LOOKED_AT, few_different

CODES = [f"code {number}" for number in range(FEW)]


@pytest.mark.parametrize(
    ("texts", "different"),
    [
        (CODES * LOOKED_AT, set(CODES)),
        ([None, "", "a"] * LOOKED_AT, {None, "", "a"}),
        (["a"] * (LOOKED_AT + 1), {"a"}),
        (["a"] * LOOKED_AT, None),
        ([*CODES, "one more"] * LOOKED_AT, None),
        (["a"] * LOOKED_AT + CODES + ["one more"], {"a", *CODES, "one more"}),
        ([], None),
    ],
    ids=["few", "blank ones", "just many", "not many", "not few", "more after the look", "none"],
)
def test_few_are_told_from_many_by_a_look_at_the_beginning(texts, different):
    assert few_different(texts) == different
