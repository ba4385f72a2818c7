"""What is told of a column's values that are looked at closely."""

from decimal import Decimal

import pytest

from etl.measures.census import FieldSketch, look


@pytest.mark.parametrize(
    ("values", "lengths", "numbers"),
    [
        (["a", "", "ccc"], (1, 3), (None, None)),
        ([2, 1.5, 3], (None, None), (1.5, 3)),
        ([2, None, 1.5], (None, None), (1.5, 2)),
        ([True, 2, None], (None, None), (2, 2)),
        (["a", 7, None, False, Decimal(3)], (1, 1), (7, 7)),
        ([None, True], (None, None), (None, None)),
    ],
)
def test_lengths_are_of_texts_and_sizes_of_numbers_whatever_else_is_among_them(values, lengths, numbers):
    sketch = FieldSketch()
    look(sketch, values, many=True)
    assert (sketch.shortest, sketch.longest) == lengths
    assert (sketch.least, sketch.most) == numbers
