"""What is told of a column's values that are looked at closely."""

from decimal import Decimal

import pytest

from etl.measures.census import MOST, CountedJson, FieldSketch, look


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


def counted(*parts):
    whole = FieldSketch()
    for values in parts:
        sketch = FieldSketch()
        look(sketch, values, many=False)
        whole.add(sketch)
    return whole.values


def test_objects_and_lists_are_counted_as_other_values_are():
    values = counted([{}, {"a": 1, "b": [None]}, "x"], [{"b": [None], "a": 1}, None, {}], [[], "x"])
    told = [(one.value if isinstance(one, CountedJson) else one, count) for one, count in values.items()]
    assert told == [({}, 2), ({"a": 1, "b": [None]}, 2), ("x", 2), (None, 1), ([], 1)]


def test_of_more_objects_than_are_told_apart_it_is_known_that_there_are_more():
    assert len(counted([{"n": n} for n in range(MOST)])) == MOST
    assert counted([{"n": n} for n in range(MOST + 1)]) is None
    assert counted([{"n": n} for n in range(MOST)], [{"n": MOST}]) is None
