"""How amounts are written."""

from etl.measures.spelling import Spelling, shapes


def test_an_amount_with_a_line_break_in_it_is_written_its_own_way_and_moves_no_other():
    assert shapes(["1,50", "2\n3", "7,25", None], [1.5, None, 7.25, None]) == {
        "9,99": Spelling(2, "1,50", 1.5),
        "9\n9": Spelling(1, "2\n3", None),
    }
