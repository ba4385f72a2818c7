"""What a summary says of problems: by kind with counts, and no more than a screen has room for."""

from commands import etl
from hypothesis import given
from hypothesis import strategies as st
from small_migration import large_shop, write_shop

from etl.package import ProblemExample, ProblemKind
from etl.report.rejects import APART, ROOM, WIDTH, like_kinds


def rows_on_screen(text):
    return sum(max(1, -(-len(line) // WIDTH)) for line in text.splitlines())


def summary_of_a_bad_day(tmp_path):
    """Thousands of problems of every kind, among them 200 codes that a lookup lacks."""
    shop = large_shop(3, 600)
    orders = shop["orders"].splitlines()
    orders = [line.replace(";EUR;", f";X{number % 200};") for number, line in enumerate(orders)]
    write_shop(tmp_path, **{**shop, "orders": "\n".join(orders) + "\n"})
    return etl("dry-run", ".", cwd=tmp_path)


def test_a_day_with_thousands_of_rejects_fits_a_screen(tmp_path):
    done = summary_of_a_bad_day(tmp_path)
    problems = [line for line in done.stderr.splitlines() if not line.startswith("warning: ")]
    assert rows_on_screen("\n".join(problems)) <= ROOM
    assert rows_on_screen(done.stdout) <= 12
    assert [
        sum(line.startswith(f"{stage}: ") for line in problems) > 1 for stage in ("user", "order", "order_item")
    ] == [True] * 3


def test_many_codes_that_one_lookup_lacks_are_one_line(tmp_path):
    lines = [line for line in summary_of_a_bad_day(tmp_path).stderr.splitlines() if "no entry" in line]
    (line,) = lines
    assert " more like it; and " in line
    assert line.endswith(" other entries that it lacks (--json lists them))")


def kind(fate, field, entry, count, cut):
    example = ProblemExample("c.csv", 2, None, "{value}", {"value": "x"}, "'x'", False)
    return ProblemKind(fate, field, "function:lookup", entry, "problem", count, [2], [example], cut)


KINDS = st.lists(
    st.builds(
        kind,
        st.sampled_from(["rejected", "held"]),
        st.sampled_from(["a", "b"]),
        st.one_of(st.none(), st.text("xyz", min_size=1)),
        st.integers(1, 9),
        st.booleans(),
    ),
    max_size=30,
)


@given(KINDS)
def test_no_row_is_lost_when_kinds_are_put_together(kinds):
    found = like_kinds(kinds)
    assert sum(one.count for one in found) == sum(one.count for one in kinds)
    assert sum(1 + len(one.others) for one in found) == len(kinds)
    assert [one.first.fate for one in found] == sorted((one.first.fate for one in found), reverse=True)
    assert all(len(one.others) >= APART for one in found if one.others)
    assert all(like.fate == one.first.fate and like.field == one.first.field for one in found for like in one.others)
