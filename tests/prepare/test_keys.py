"""The index of keys: the same answers in memory and in a file, for any keys in any order."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.prepare.chunk import text_column
from etl.prepare.keys import Budget, Fate
from etl.prepare.numbers import KeyColumn
from etl.prepare.program import text_of

NAUGHTY = Path(__file__).parents[2] / "../shared/data/blns/blns.json"
BOUNDS = (0, 1, 10, 10**9)

keys = st.text(st.sampled_from("aAb0 İi\0\n\\u\U0001f600\u0301'\""), max_size=3)
fates = st.sampled_from([Fate.HELD, Fate.REJECTED, Fate.FILTERED])
additions = st.lists(st.tuples(fates, st.lists(st.tuples(keys, st.integers(1, 10**12)), max_size=4)), max_size=8)


class Kept:
    """An index that is brought under its budget after each addition, as it is while a stage is prepared."""

    def __init__(self, folder, bound):
        self.budget = Budget(bound)
        self.index = self.budget.index(Path(folder) / "stage.key.sqlite")
        self.find, self.close = self.index.find, self.budget.close

    def not_valid(self, keys):
        return self.index.not_valid(KeyColumn(list(keys)))

    def taken(self, keys):
        return self.index.taken([KeyColumn(list(keys))])

    def is_new_in_memory(self, keys):
        return self.index.are_new_in_memory(KeyColumn(list(keys)))

    def add(self, fate, entries):
        self.index.add(fate, entries)
        self.budget.keep()

    def add_valid(self, keys, rows):
        self.index.add_valid(KeyColumn(keys), rows)
        self.budget.keep()


def index(folder, bound):
    return Kept(folder, bound)


def add_valid(index, entries):
    keys, rows = [key for key, _ in entries], [row for _, row in entries]
    index.add_valid(keys if isinstance(index, Kept) else KeyColumn(keys), rows)


@settings(deadline=None)
@given(additions, st.sampled_from(BOUNDS))
def test_a_key_keeps_the_better_fate_and_of_equal_ones_the_first_row(steps, bound):
    expected = {}
    with TemporaryDirectory() as folder:
        known = index(folder, bound)
        for fate, entries in steps:
            known.add(fate, entries)
            for key, row in entries:
                expected[key] = min(expected.get(key, (fate, row)), (fate, row))
        asked = {key for _, entries in steps for key, _ in entries} | {"a", "absent", "a\0absent"}
        assert known.find(asked) == expected
        known.close()


@pytest.mark.parametrize("bound", BOUNDS)
def test_a_valid_key_wins_whenever_it_comes(tmp_path, bound):
    known = index(tmp_path, bound)
    known.add(Fate.REJECTED, [("a", 2), ("b", 3)])
    add_valid(known, [("a", 9), ("c", 10)])
    known.add(Fate.HELD, [("a", 1), ("c", 11)])
    assert known.find({"a", "b", "c", "d"}) == {"a": (Fate.VALID, 9), "b": (Fate.REJECTED, 3), "c": (Fate.VALID, 10)}
    assert known.find({"a", "b"}, valid_only=True) == {"a": (Fate.VALID, 9)}
    assert known.find(set()) == {}
    known.close()


@pytest.mark.parametrize("bound", BOUNDS)
def test_a_nul_in_a_key_does_not_end_it(tmp_path, bound):
    known = index(tmp_path, bound)
    add_valid(known, [("a", 2), ("b\0c", 3)])
    assert known.find({"a\0b", "b\0c", "b"}) == {"b\0c": (Fate.VALID, 3)}
    known.close()


@pytest.mark.skipif(not NAUGHTY.exists(), reason=f"{NAUGHTY.name} is not here")
@pytest.mark.parametrize("bound", BOUNDS)
def test_naughty_keys_are_found_again(tmp_path, bound):
    naughty = sorted(set(json.loads(NAUGHTY.read_text(encoding="utf-8"))))
    known = index(tmp_path, bound)
    add_valid(known, [(key, row) for row, key in enumerate(naughty, 2)])
    assert known.find(naughty) == {key: (Fate.VALID, row) for row, key in enumerate(naughty, 2)}
    assert known.find({key + "x" for key in naughty} - set(naughty)) == {}
    known.close()


def test_few_keys_leave_no_file_and_many_a_private_one(tmp_path):
    known = index(tmp_path, 2)
    add_valid(known, [("a", 2), ("b", 3)])
    assert list(tmp_path.iterdir()) == []
    add_valid(known, [("c", 4)])
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    known.close()


def test_all_indexes_share_one_budget_and_the_one_that_holds_most_goes(tmp_path):
    budget = Budget(5)
    small, large = budget.index(tmp_path / "small"), budget.index(tmp_path / "large")
    add_valid(small, [("a", 2), ("b", 3)])
    add_valid(large, [("c", 2), ("d", 3), ("e", 4)])
    budget.keep()
    assert list(tmp_path.iterdir()) == []
    small.add(Fate.REJECTED, [("f", 5)])
    add_valid(large, [("g", 5)])
    budget.keep()
    assert [path.name for path in tmp_path.iterdir()] == ["large"]
    assert (small.in_memory, large.in_memory) == (3, 0)
    assert large.taken([KeyColumn(["c", "g", "h"])]) == {"c", "g"}
    assert small.find({"f"}) == {"f": (Fate.REJECTED, 5)}
    budget.close()


@pytest.mark.parametrize("bound", BOUNDS)
def test_what_is_not_valid_is_asked_of_memory_and_file(tmp_path, bound):
    known = index(tmp_path, bound)
    add_valid(known, [("a", 2), ("b", 3)])
    known.add(Fate.REJECTED, [("c", 4), ("a", 5)])
    assert known.not_valid({"a", "b", "c", "d"}) == {"c", "d"}
    assert known.not_valid({"a", "b"}) == set()
    assert known.taken({"a", "c", "d"}) == ({"a"} if bound < 4 else set())
    assert known.is_new_in_memory({"a", "c"}) is (bound < 4)
    assert known.is_new_in_memory({"c", "d"})
    known.close()


@pytest.mark.parametrize("bound", BOUNDS)
def test_a_key_that_is_half_a_character_goes_with_its_record_and_stops_nothing(tmp_path, bound):
    known = index(tmp_path, bound)
    known.add(Fate.REJECTED, [("\ud800", 2), ("b", 3)])
    assert known.find({"b"}) == {"b": (Fate.REJECTED, 3)}
    known.close()


@settings(deadline=None)
@given(st.lists(st.sets(keys, min_size=1), min_size=1, max_size=4), st.sets(keys))
def test_keys_inside_and_outside_of_what_a_file_holds_are_told_apart(added, asked):
    with TemporaryDirectory() as folder:
        known = index(folder, 0)
        for row, some in enumerate(added):
            add_valid(known, [(key, row) for key in sorted(some.difference(*added[:row]))])
        held = set().union(*added)
        assert known.not_valid(asked) == asked - held
        assert known.taken(asked) == asked & held
        assert known.is_new_in_memory(asked)
        assert known.find(asked).keys() == asked & held
        known.close()


def test_a_number_of_json_is_one_key_however_it_is_written():
    values = [1, 1.0, "1", "1.0", 0.5, 1e22, 10**22, True, False, None]
    texts = ["1", "1", "1", "1.0", "0.5", "1" + "0" * 22, "1" + "0" * 22, "true", "false", None]
    assert text_column(values) == [text_of(one) for one in values] == texts
