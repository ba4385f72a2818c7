"""Corrections: what a person mends in the workbook of rejected rows, and how every later preparation reads its rows with it."""

import csv
import datetime
import json
import shutil
import stat

import openpyxl
import pytest
from commands import etl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_migration import CUSTOMERS as USUAL
from small_migration import MAPPING, ORDERS, files_in, write_shop

from etl.commands.dry_run import dry_run
from etl.commands.explain import explain
from etl.commands.fix import drop_refused, fix, known_corrections
from etl.commands.preview import preview
from etl.commands.settings import Settings
from etl.commands.summing import summary_of
from etl.corrections import read
from etl.errors import MappingError
from etl.package import Package
from etl.report.looking import explain_lines
from etl.report.mending import fixed_lines, known_lines, masked_fixed

PLAIN = MAPPING.replace("\"{{ email | digest('md5') }}\"", "ffffffffffffffffffffffffffffffff")
"""No column feeds a password: none is hidden."""
CUSTOMERS = USUAL.replace("can@example;1;;", "can@example;1;0212 555 11 22;")


def shop(folder, **sources):
    return write_shop(folder, **{"mapping": PLAIN, "customers": CUSTOMERS, **sources})


def prepared(mapping, workers=1, **how):
    return dry_run(mapping, Settings(mapping.parent / "work", workers=workers, **how))


def edited(package, folder, change):
    """The package's workbook after a person had it in hand. `change` takes the openpyxl workbook."""
    book = openpyxl.load_workbook(package.path / "rejects.xlsx")
    change(book)
    book.save(folder / "edited.xlsx")
    return folder / "edited.xlsx"


def cell(book, sheet, key, column):
    """The cell of a row by the text in its first column."""
    lines = book[sheet]
    at = [one.value for one in lines[1]].index(column)
    return next(row for row in lines.iter_rows(min_row=2) if row[0].value == key)[at]


def put(one, text):
    """As it is typed into a cell that has the format Text."""
    one.value = text
    one.data_type = "s"


def typed(*cells):
    def change(book):
        for sheet, key, column, text in cells:
            put(cell(book, sheet, key, column), text)

    return change


CAN = (("user", "5", "email", "can@example.com"), ("user", "5", "joined", "28.02.2018 00:00"))


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A shop and its first package; tests take copies."""
    mapping = shop(tmp_path_factory.mktemp("first"))
    prepared(mapping)
    return mapping.parent


@pytest.fixture
def mapping(first, tmp_path):
    shutil.copytree(first, tmp_path / "shop")
    return tmp_path / "shop/migration.yaml"


@pytest.fixture
def package(mapping):
    (path,) = (mapping.parent / "work/shop/packages").iterdir()
    return Package.open(path)


def mend(mapping, package, change, **how):
    return fix(mapping, None, edited(package, mapping.parent, change), **how)


def file_of(mapping):
    return mapping.parent / "migration.corrections.csv"


def fates(package):
    return {stage.name: stage.counts for stage in package.stages}


# The way round: reject, mend, prepare


def test_mended_cells_are_read_as_if_the_source_had_them_and_counted(mapping, package):
    fixed = mend(mapping, package, typed(*CAN, ("order", "105", "amount", "10"), ("order", "105", "currency", "TL")))
    assert [(one.stage, one.row, one.column, one.new) for one in fixed.cells] == [
        ("user", "customers.csv row 6", "email", "can@example.com"),
        ("user", "customers.csv row 6", "joined", "28.02.2018 00:00"),
        ("order", "orders.csv row 7", "amount", "10"),
        ("order", "orders.csv row 7", "currency", "TL"),
    ]
    assert (fixed.unchanged, fixed.refused) == (4, ())
    before, after = fates(package), fates(made := prepared(mapping))
    assert (before["user"].rejected, after["user"].rejected) == (3, 2)
    assert after["order"].rejected == 0
    assert all(one.add_up() for one in after.values())
    assert {stage.name: len(stage.corrected) for stage in made.stages} == {"user": 1, "order": 1, "order_item": 0}
    assert [one.corrected for one in summary_of(made).stages] == [1, 1, 0]
    report = json.loads((made.path / "report.json").read_bytes())
    assert [one["corrected"] for one in report["stages"]] == [1, 1, 0]
    assert "of these corrected" in (made.path / "report.html").read_text(encoding="utf-8")
    assert Package.open(made.path).manifest == made.manifest


def test_a_package_without_corrections_says_nothing_of_them(package):
    assert "of these corrected" not in (package.path / "report.html").read_text(encoding="utf-8")
    assert [one.corrected for one in summary_of(package).stages] == [0, 0, 0]


def test_the_file_beside_the_mapping_says_who_mended_what_when_and_why_and_is_its_owner_s_alone(mapping, package):
    mend(mapping, package, typed(CAN[0]), why="Can has called")
    head, line = file_of(mapping).read_text(encoding="utf-8-sig").splitlines()
    assert head == "stage,key,row,sum,column,old,new,who,when,why,columns"
    cells = line.split(",")
    assert cells[:3] == ["user", "5", "customers.csv row 6"]
    assert cells[4:7] == ["email", "can@example", "can@example.com"]
    assert cells[9:] == ["Can has called", "id | name | email | active | phone | joined"]
    assert stat.S_IMODE(file_of(mapping).stat().st_mode) == 0o600


def test_without_a_reason_it_is_what_was_wrong_with_the_row(mapping, package):
    mend(mapping, package, typed(CAN[0]))
    (one, *_) = known_corrections(mapping, None)
    assert "'can@example' is not an e-mail address" in one.why


@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_workers_makes_the_bytes_of_a_source_that_was_mended_itself(tmp_path, workers):
    mended = CUSTOMERS.replace("can@example;", "can@example.com;").replace("31.02.2018", "28.02.2018")
    rows = CUSTOMERS + "".join(f"{n};Ali Su;m{n}@example.com;1;;01.05.2020 12:00\n" for n in range(20, 9000))
    mapping = shop(tmp_path / "a", customers=rows)
    mend(mapping, prepared(mapping), typed(*CAN))
    by_hand = shop(tmp_path / "b", customers=rows.replace(CUSTOMERS, mended))
    made, wanted = prepared(mapping, workers), prepared(by_hand)
    assert len(made.stages[0].corrected) == 1
    assert files_in(made.path) == files_in(wanted.path)


FIELDS = ("name", "email", "phone", "joined")
TEXTS = st.sampled_from(
    ["Ali Su", "a@example.com", "b@example.com", "0532 111 22 33", "01.01.2020 00:00", "", "=1+1", "'x", "nobody"]
)


@given(
    rows=st.lists(st.sampled_from(CUSTOMERS.splitlines()[1:6]), min_size=1, max_size=6),
    changes=st.lists(st.tuples(st.integers(0, 5), st.sampled_from(FIELDS), TEXTS), max_size=4),
    order=st.randoms(use_true_random=False),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_mending_the_workbook_is_mending_the_source_however_its_lines_are_sorted(
    tmp_path_factory, rows, changes, order
):
    head, folder = CUSTOMERS.splitlines()[0], tmp_path_factory.mktemp("law")
    mapping = shop(folder / "a", customers="\n".join([head, *rows]) + "\n")
    package, names = prepared(mapping), head.split(";")
    by_hand = [row.split(";") for row in rows]

    def change(book):
        for at, name, text in changes:
            sheet = book["user"] if "user" in book.sheetnames else None
            lines = [] if sheet is None else list(sheet.iter_rows(min_row=2))
            line = next((one for one in lines if one[len(names) + 3].value == str(at + 2)), None)
            if line is not None:
                put(line[names.index(name)], text)
                by_hand[at][names.index(name)] = text
        if "user" in book.sheetnames:
            sheet = book["user"]
            lines = [[one.value for one in row] for row in sheet.iter_rows(min_row=2)]
            order.shuffle(lines)
            for number, line in enumerate(lines, 2):
                for place, value in enumerate(line, 1):
                    put(sheet.cell(number, place), value or "")

    if (package.path / "rejects.xlsx").exists():
        assert not mend(mapping, package, change).refused
    other = shop(folder / "b", customers="\n".join([head, *map(";".join, by_hand)]) + "\n")
    assert files_in(prepared(mapping).path) == files_in(prepared(other).path)


def test_a_row_that_is_still_wrong_is_mended_further_and_what_was_taken_stays(mapping, package):
    mend(mapping, package, typed(CAN[0]))
    second = prepared(mapping)
    book = openpyxl.load_workbook(second.path / "rejects.xlsx")
    assert cell(book, "user", "5", "email").value == "can@example.com"
    mend(mapping, second, typed(CAN[1]))
    assert [(one.column, one.old) for one in known_corrections(mapping, None)] == [
        ("email", "can@example"),
        ("joined", "31.02.2018 00:00"),
    ]
    third = prepared(mapping)
    assert fates(third)["user"].rejected == 2
    assert third.manifest.refused == ()


def test_typing_what_the_source_has_takes_the_correction_out(mapping, package):
    mend(mapping, package, typed(CAN[0]))
    fixed = mend(mapping, prepared(mapping), typed(("user", "5", "email", "can@example")))
    assert [one.is_kept for one in fixed.cells] == [False]
    assert known_corrections(mapping, None) == ()
    assert "taken out" in next(fixed_lines(fixed))


def test_taking_the_same_workbook_twice_changes_nothing(mapping, package):
    book = edited(package, mapping.parent, typed(*CAN))
    fix(mapping, None, book)
    before = [(one.column, one.old, one.new) for one in known_corrections(mapping, None)]
    fix(mapping, None, book)
    assert [(one.column, one.old, one.new) for one in known_corrections(mapping, None)] == before


# A source that changes


def test_a_row_is_found_again_wherever_it_stands(mapping, package):
    mend(mapping, package, typed(*CAN))
    head, *rows = CUSTOMERS.splitlines()[:6]
    (mapping.parent / "customers.csv").write_text(
        "\n".join([head, "9;New One;n@example.com;1;;01.01.2018 00:00", *rows[::-1]]) + "\n"
    )
    made = prepared(mapping)
    assert made.manifest.refused == ()
    assert list(made.stage("user").corrected) == ["3"]


def test_a_correction_of_a_row_that_has_changed_is_refused_listed_and_a_warning(mapping, package):
    mend(mapping, package, typed(*CAN))
    source = mapping.parent / "customers.csv"
    source.write_text(CUSTOMERS.replace("can@example;", "can@exam;"), encoding="utf-8")
    made = prepared(mapping)
    (refused,) = made.manifest.refused
    assert (refused.stage, refused.row, refused.line) == ("user", "customers.csv row 6", 2)
    (warning,) = summary_of(made).warnings
    assert warning == (
        "migration.corrections.csv:2:1: the correction of stage 'user', customers.csv row 6, is not applied: no row has the "
        "cells that were mended: the source has changed; mend the row anew, or `etl fix MAPPING --drop-refused` takes it out"
    )
    assert not made.stage("user").corrected
    assert {one.refused for one in known_corrections(mapping, None)} == {refused.why}
    listed = known_lines(known_corrections(mapping, None), "")
    assert {line.partition("; ")[2] for line in listed} == {f"not applied: {refused.why}"}
    assert [one.column for one in drop_refused(mapping, None)] == ["email", "joined"]
    assert known_corrections(mapping, None) == ()
    assert summary_of(prepared(mapping)).warnings == []


def test_a_row_that_is_mended_anew_takes_the_place_of_what_does_not_fit_any_more(mapping, package):
    mend(mapping, package, typed(*CAN))
    (mapping.parent / "customers.csv").write_text(CUSTOMERS.replace("can@example;", "can@exam;"), encoding="utf-8")
    fixed = mend(mapping, prepared(mapping), typed(*CAN))
    assert [one for one in fixed.notes if "takes the place" in one] == [
        "customers.csv row 6: takes the place of a correction that could not be applied any more"
    ]
    assert {one.old for one in known_corrections(mapping, None)} == {"can@exam", "31.02.2018 00:00"}
    assert prepared(mapping).manifest.refused == ()


def test_a_column_that_the_mapping_begins_to_use_makes_no_correction_stale(mapping, package):
    mend(mapping, package, typed(("order", "105", "amount", "10"), ("order", "105", "currency", "TL")))
    text = mapping.read_text(encoding="utf-8").replace('note: "{{ note }}", ', "")
    mapping.write_text(text, encoding="utf-8")
    made = prepared(mapping)
    assert made.manifest.refused == ()
    assert made.stage("order").counts.rejected == 0


TWINS = ORDERS + "105;7;umut@example.com;01.05.2020 12:00;ten;EUR;Moda;\n"


def test_of_rows_with_the_same_cells_the_one_is_mended_that_was_meant(tmp_path):
    mapping = shop(tmp_path, orders=TWINS)

    def change(book):
        line = [row for row in book["order"].iter_rows(min_row=2) if row[0].value == "105"][1]
        line[0].value, line[4].value, line[5].value = "1050", "10", "TL"

    mend(mapping, prepared(mapping), change)
    made = prepared(mapping)
    assert list(made.stage("order").corrected) == ["9"]
    assert [one.row for one in made.rows(made.stage("order")) if one.fate == "rejected"] == [7]


def test_where_it_cannot_be_told_which_of_several_rows_is_meant_none_is_mended(mapping, package):
    mend(mapping, package, typed(("order", "105", "amount", "10")))
    shifted = ORDERS.splitlines()
    shifted[1:1] = [shifted[6]]
    (mapping.parent / "orders.csv").write_text("\n".join(shifted) + "\n", encoding="utf-8")
    made = prepared(mapping)
    assert not made.stage("order").corrected
    assert made.manifest.refused[0].why.startswith(
        "2 rows and 1 correction have the same cells, and none of the rows is"
    )


# What spreadsheet programs and people do


def refusals(mapping, package, change):
    return mend(mapping, package, change).refused


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (5321112233, "is a number, and no text"),
        (datetime.datetime(2020, 1, 2), "is a date"),
        (True, "is a truth value"),
    ],
)
def test_a_cell_that_is_no_text_any_more_is_refused_with_what_to_do(mapping, package, value, what):
    def change(book):
        one = cell(book, "user", "5", "phone")
        one.number_format = "General"
        one.value = value

    ((where, why),) = refusals(mapping, package, change)
    assert where == "edited.xlsx, sheet 'user' row 3, column 'phone'"
    assert why.startswith(what)
    assert "format Text" in why
    assert not file_of(mapping).exists()


def test_a_row_of_which_nothing_could_be_taken_is_not_said_to_be_unchanged(mapping, package):
    def change(book):
        typed(*CAN)(book)
        cell(book, "order", "105", "amount").value = 10
        cell(book, "order", "105", "amount").number_format = "General"

    untouched, fixed = mend(mapping, package, typed()), mend(mapping, package, change)
    assert (untouched.unchanged, len(untouched.refused)) == (6, 0)
    assert (fixed.unchanged, len(fixed.refused)) == (4, 1)


def test_a_row_that_was_added_is_refused_and_one_that_was_deleted_is_left_as_it_is(mapping, package):
    def change(book):
        book["user"].delete_rows(4)
        book["user"].append(["99", "New", "new@example.com", "1", "", "01.01.2018 00:00"])

    fixed = mend(mapping, package, change)
    assert fixed.refused == (
        (
            "edited.xlsx, sheet 'user' row 4",
            "has no mark: it is no row of the source; what is new goes into the source itself",
        ),
    )
    assert fixed.cells == ()


def test_sheets_may_be_renamed_and_columns_moved_and_lines_put_above(mapping, package):
    def change(book):
        typed(*CAN)(book)
        sheet = book["user"]
        sheet.title = "Müşteriler"
        sheet.move_range("C1:C5", cols=20)
        sheet.insert_rows(1)
        sheet["A1"] = "Please mend the yellow ones"

    fixed = mend(mapping, package, change)
    assert [one.column for one in fixed.cells] == ["email", "joined"]
    assert fixed.refused == ()


def test_where_the_line_of_names_was_sorted_among_the_rows_no_new_row_is_taken_for_a_title(mapping, package):
    def change(book):
        sheet = book["user"]
        names = [one.value for one in sheet[1]]
        sheet.delete_rows(1)
        sheet.append(names)
        sheet.insert_rows(1)
        sheet["A1"] = "99"

    assert [where for where, _ in refusals(mapping, package, change)] == ["edited.xlsx, sheet 'user' row 1"]


def test_a_column_that_is_deleted_edits_no_row_that_could_not_be_read_as_a_whole(mapping, package):
    fixed = mend(mapping, package, lambda book: book["user"].delete_cols(2))
    assert (fixed.cells, fixed.refused) == ((), ())


def test_a_column_that_is_deleted_stays_as_it_is(mapping, package):
    def change(book):
        typed(*CAN)(book)
        book["user"].delete_cols(3)

    fixed = mend(mapping, package, change)
    assert [one.column for one in fixed.cells] == ["joined"]
    assert fixed.notes == ("edited.xlsx, sheet 'user': has no column 'email' of 'user': these cells stay as they are",)
    assert fixed.refused == ()


def test_a_row_with_something_typed_into_a_renamed_column_is_not_unchanged(mapping, package):
    def rename(book):
        book["user"].cell(1, 3).value = "E-posta"

    def rename_and_type(book):
        rename(book)
        book["user"].cell(2, 3).value = "new@example.com"

    rows = mend(mapping, package, lambda book: None).unchanged
    assert mend(mapping, package, rename).unchanged == rows
    assert mend(mapping, package, rename_and_type).unchanged == rows - 1


def test_a_foreign_column_is_told(mapping, package):
    def change(book):
        sheet = book["user"]
        sheet.cell(1, 13).value = "remarks"
        sheet.cell(2, 13).value = "call him"
        sheet.cell(2, 14).value = "twice"

    fixed = mend(mapping, package, change)
    assert fixed.notes == (
        "edited.xlsx, sheet 'user': column 'remarks', '14 (without a name)' is none of the source of 'user', and was not read",
    )
    assert fixed.refused == ()


TWICE = "several columns are called 'email', and none of them was read: delete the ones that were added"


@pytest.mark.parametrize("at", [2, 13])
def test_of_two_columns_of_one_name_none_is_read_and_none_is_said_to_be_missing(mapping, package, at):
    def add(book):
        typed(*CAN)(book)
        if at == 2:
            book["user"].insert_cols(2)
        book["user"].cell(1, at).value = "email"
        book["user"].cell(1, 14).value = "remarks"

    def add_and_delete(book):
        add(book)
        book["user"].delete_cols(at)

    fixed = mend(mapping, package, add)
    assert [one.column for one in fixed.cells] == ["joined"]
    assert fixed.refused == (("edited.xlsx, sheet 'user'", TWICE),)
    assert fixed.notes == (
        "edited.xlsx, sheet 'user': column 'remarks' is none of the source of 'user', and was not read",
    )
    fixed = mend(mapping, package, add_and_delete)
    assert [one.column for one in fixed.cells] == ["email", "joined"]
    assert fixed.refused == ()


def test_a_column_that_was_given_the_name_of_another_one_is_not_advised_to_be_deleted_alone(mapping, package):
    def change(book):
        typed(*CAN)(book)
        book["user"].cell(1, 2).value = "email"

    fixed = mend(mapping, package, change)
    lost = "; if one of them is 'name', which is not there, give it its name back"
    assert fixed.refused == (("edited.xlsx, sheet 'user'", f"{TWICE}{lost}"),)
    assert fixed.notes == ("edited.xlsx, sheet 'user': has no column 'name' of 'user': these cells stay as they are",)


@pytest.mark.parametrize(("name", "told"), [("E-posta", "E-posta"), (None, "3 (without a name)")])
def test_a_column_whose_name_was_changed_is_refused(mapping, package, name, told):
    def change(book):
        typed(*CAN)(book)
        book["user"].cell(1, 3).value = name

    fixed = mend(mapping, package, change)
    assert [one.column for one in fixed.cells] == ["joined"]
    assert fixed.refused == (
        (
            "edited.xlsx, sheet 'user'",
            f"column '{told}' is none of the source of 'user', and 'email' is not there: what stands in it was not taken; "
            "if it is that column, give it its name back",
        ),
    )


UNSEEN = ("e\u00a0mail", "e\u200bmail", "e\u202email")


def with_column(folder, email, phone="phone"):
    """The shop with other names of these columns of its customers."""
    mapping = PLAIN.replace("{{ email | lower", f"{{{{ row['{email}'] | lower").replace(
        "{{ phone |", "{{ row['" + phone.replace("\\", "\\" * 4) + "'] |"
    )
    return shop(folder, mapping=mapping, customers=CUSTOMERS.replace("email", email, 1).replace("phone", phone, 1))


@pytest.mark.parametrize("name", UNSEEN)
def test_a_column_with_letters_that_nobody_sees_is_called_as_what_it_is_and_its_cells_are_taken(tmp_path, name):
    mapping = with_column(tmp_path, name)
    seen = name.encode("unicode_escape").decode()
    fixed = mend(mapping, prepared(mapping), typed(("user", "5", seen, "can@example.com")))
    assert [(one.column, one.new) for one in fixed.cells] == [(name, "can@example.com")]
    assert (fixed.notes, fixed.refused) == ((), ())
    assert prepared(mapping).manifest.refused == ()


@pytest.mark.parametrize("name", UNSEEN)
def test_a_workbook_of_before_has_the_columns_own_names_and_is_read(tmp_path, name):
    def change(book):
        book["user"].cell(1, 3).value = name
        typed(("user", "5", name, "can@example.com"))(book)

    mapping = with_column(tmp_path, name)
    fixed = mend(mapping, prepared(mapping), change)
    assert [(one.column, one.new) for one in fixed.cells] == [(name, "can@example.com")]
    assert (fixed.notes, fixed.refused) == ((), ())


@pytest.mark.parametrize("is_of_before", [False, True])
def test_two_columns_that_look_alike_are_told_apart(tmp_path, is_of_before):
    """One is called as what stands for the other's letter."""

    def change(book):
        if is_of_before:
            book["user"].cell(1, 3).value = "e\u200bmail"
        heading = "e\u200bmail" if is_of_before else "e\\u200bmail (2)"
        typed(("user", "5", heading, "can@example.com"), ("user", "5", "e\\u200bmail", "0532 111 22 33"))(book)

    mapping = with_column(tmp_path, "e\u200bmail", phone="e\\u200bmail")
    fixed = mend(mapping, prepared(mapping), change)
    assert [(one.column, one.new) for one in fixed.cells] == [
        ("e\u200bmail", "can@example.com"),
        ("e\\u200bmail", "0532 111 22 33"),
    ]
    assert (fixed.notes, fixed.refused) == ((), ())


def test_a_row_that_stands_there_twice_and_not_the_same_is_refused(mapping, package):
    def change(book):
        book["user"].append([one.value for one in book["user"][3]])
        typed(*CAN)(book)

    fixed = mend(mapping, package, change)
    assert [what for _, what in fixed.refused] == [
        "is the row of edited.xlsx, sheet 'user' row 3 once more, and not the same; delete one"
    ]
    assert not file_of(mapping).exists()


def test_a_sheet_without_marks_is_not_read_and_one_without_its_head_is_refused(mapping, package):
    def change(book):
        book.create_sheet("Notes")["A1"] = "called twice"
        book["order"].delete_rows(1)

    fixed = mend(mapping, package, change)
    assert "edited.xlsx, sheet 'Notes': has no marks, and was not read" in fixed.notes
    assert fixed.refused[0][0] == "edited.xlsx, sheet 'order'"


def test_a_row_that_could_not_be_read_as_a_whole_is_mended_where_it_lies(mapping, package):
    assert refusals(mapping, package, typed(("user", "6", "name", "Deniz"))) == (
        ("edited.xlsx, sheet 'user' row 4", "customers.csv row 7 could not be read as a whole; mend it where it lies"),
    )


def test_a_key_of_which_a_password_that_nobody_has_is_made_is_shown(tmp_path):
    text = PLAIN.replace("password: ffffffffffffffffffffffffffffffff", 'password: "{{ id | unusable_password }}"')
    text = text.replace("password_algorithm: md5", "password_algorithm: sha256")
    assert text.count("unusable_password") == 1
    mapping = shop(tmp_path, mapping=text)
    package = prepared(mapping)
    sheet = openpyxl.load_workbook(package.path / "rejects.xlsx")["user"]
    assert [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)] == ["3", "5", "6"]
    assert len(mend(mapping, package, typed(*CAN)).cells) == 2
    assert list(prepared(mapping).stage("user").corrected) == ["6"]


def test_cells_of_which_a_password_is_made_are_refused(tmp_path):
    mapping = write_shop(tmp_path)
    ((where, why),) = refusals(mapping, prepared(mapping), typed(("user", "5", "email", "can@example.com")))
    assert where.endswith("column 'email'")
    assert why == "is hidden, as a password is made from it; mend it where it lies"


def test_a_letter_that_nobody_sees_is_not_taken_as_what_stands_for_it(tmp_path):
    mapping = shop(tmp_path, orders=ORDERS.replace("ten;EUR;Moda", "ten;EUR;Mo\u202eda"))
    change = typed(("order", "105", "address", "Mo\\u202eda 5"), ("order", "105", "amount", "10"))
    fixed = mend(mapping, prepared(mapping), change)
    assert [one.column for one in fixed.cells] == ["amount"]
    assert "nobody sees" in fixed.refused[0][1]


def test_a_workbook_of_a_package_that_is_gone_is_refused(mapping, package):
    book = edited(package, mapping.parent, typed(*CAN))
    (mapping.parent / "customers.csv").write_text(CUSTOMERS.replace("Can Er", "Can E."), encoding="utf-8")
    prepared(mapping)
    shutil.rmtree(package.path)
    fixed = fix(mapping, None, book)
    assert fixed.refused[0][1].startswith("is of no package that is kept")


def test_a_file_that_is_no_workbook_is_an_error(mapping):
    (mapping.parent / "rejects.xlsx").write_text("hello")
    with pytest.raises(MappingError, match=r"rejects\.xlsx: is not a workbook"):
        fix(mapping, None, mapping.parent / "rejects.xlsx")


def test_a_file_in_which_no_line_has_a_mark_is_an_error(mapping, package):
    with pytest.raises(MappingError, match=r"edited\.xlsx: no line of it has a mark"):
        mend(mapping, package, lambda book: [sheet.delete_cols(sheet.max_column) for sheet in book])


# A sheet as CSV


def as_csv(package, sheet, delimiter=","):
    import csv
    import io

    book = openpyxl.load_workbook(package.path / "rejects.xlsx")
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([one.value for one in row] for row in book[sheet].iter_rows())
    return text.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_sheet_may_come_back_as_csv(mapping, package, delimiter):
    text = as_csv(package, "user", delimiter).replace("can@example" + delimiter, "can@example.com" + delimiter)
    (mapping.parent / "user.csv").write_text(text, encoding="utf-8-sig")
    fixed = fix(mapping, None, mapping.parent / "user.csv")
    assert [(one.column, one.new) for one in fixed.cells] == [("email", "can@example.com")]


@pytest.mark.parametrize(("old", "new"), [("0212 555 11 22", "212 555 11 22"), ("31.02.2018 00:00", "2/31/2018 00:00")])
def test_what_a_spreadsheet_program_did_to_a_csv_is_not_taken_for_an_edit(mapping, package, old, new):
    (mapping.parent / "user.csv").write_text(as_csv(package, "user").replace(old, new), encoding="utf-8")
    ((where, why),) = fix(mapping, None, mapping.parent / "user.csv").refused
    assert where.startswith("user.csv row 3, column")
    assert why.startswith("is the same, as spreadsheet programs write")


# The file, typed by hand


def typed_by_hand(mapping, package, old, new):
    mend(mapping, package, typed(*CAN))
    text = file_of(mapping).read_text(encoding="utf-8-sig")
    assert old in text
    file_of(mapping).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(MappingError) as caught:
        prepared(mapping)
    return str(caught.value)


def test_a_column_may_be_called_as_what_stands_between_columns(tmp_path):
    mapping = shop(
        tmp_path,
        mapping=PLAIN.replace("{{ email | lower('en') }}", "{{ row['e | mail'] | lower('en') }}"),
        customers=CUSTOMERS.replace(";email;", ";e | mail;"),
    )
    package = prepared(mapping)
    book = edited(package, tmp_path, lambda one: put(cell(one, "user", "5", "e | mail"), "can@example.com"))
    assert fix(mapping, None, book).refused == ()
    again = prepared(mapping)
    assert again.manifest.refused == ()
    assert len(again.stage("user").corrected) == 1


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("user,5", "usr,5", "migration.corrections.csv:2:1: the mapping has no stage 'usr'; did you mean 'user'?"),
        (",row-", ",raw-", "migration.corrections.csv:2:28: is no sum of a row; mend the row in rejects.xlsx"),
        (",email,can@example", ",mail,can@example", ":2:53: 'mail' is none of the names in 'columns'"),
        ("can@example,can@example.com", "can@example,can@example", ":2:71: is what 'old' is"),
        (
            " UTC,",
            ",",
            "is no time as 2026-01-31 09:00:00 UTC; a spreadsheet program that writes times anew takes zeros",
        ),
        ("stage,key", "stage;key", ":1:1: the first line has to be: stage,key,row,sum,"),
        (",joined,31", ",email,31", "the same cell as in line 2; take one of them out"),
        ("user,5,", "user,5,,", ":2:1: has 12 cells, and 11 are wanted"),
    ],
)
def test_what_is_typed_into_the_file_is_checked_with_line_and_column(mapping, package, old, new, told):
    assert told in typed_by_hand(mapping, package, old, new)


def test_the_lines_of_one_row_have_the_same_columns(mapping, package):
    mend(mapping, package, typed(*CAN))
    head, first, second = file_of(mapping).read_text(encoding="utf-8-sig").splitlines()
    changed = second.replace(" | ", " | extra | ", 1)
    assert changed != second
    file_of(mapping).write_text("\n".join([head, first, changed]), encoding="utf-8")
    with pytest.raises(MappingError) as caught:
        prepared(mapping)
    assert "migration.corrections.csv:3:" in str(caught.value)
    assert str(caught.value).splitlines()[0].endswith(": differ from those in line 2, which is of the same row")


@pytest.mark.parametrize("text", ["", "\ufeff", '"never closed', "x" * 200_000])
def test_a_file_that_is_none_is_told_or_has_nothing(mapping, text):
    file_of(mapping).write_text(text, encoding="utf-8")
    file_of(mapping).chmod(0o600)
    found = etl("check", mapping)
    assert "Traceback" not in found.stderr
    assert ("migration.corrections.csv:1:1" in found.stdout) == (len(text) > 1)


def test_a_mended_text_may_be_as_long_as_any(mapping, package):
    mend(mapping, package, typed(CAN[0]))
    text = file_of(mapping).read_text(encoding="utf-8-sig")
    before = csv.field_size_limit(1 << 17)
    try:
        (one,), faults = read(text.replace("can@example.com", "x" * 200_000).encode())
        assert csv.field_size_limit() == 1 << 17
    finally:
        csv.field_size_limit(before)
    assert ([edit.new for edit in one.edits], faults) == (["x" * 200_000], [])


def test_what_was_changed_in_old_is_refused(mapping, package):
    mend(mapping, package, typed(CAN[0]))
    text = file_of(mapping).read_text(encoding="utf-8-sig")
    file_of(mapping).write_text(text.replace(",can@example,", ",can@exam,"), encoding="utf-8-sig")
    assert prepared(mapping).manifest.refused[0].why == "'email' does not hold what 'old' says"


def test_a_new_text_may_be_typed_into_the_file(mapping, package):
    mend(mapping, package, typed(*CAN))
    text = file_of(mapping).read_text(encoding="utf-8-sig").replace("can@example.com", "+90@example.com")
    file_of(mapping).write_text(text.replace(",", ";"), encoding="utf-8-sig")
    made = prepared(mapping)
    assert any(
        b"+90@example.com" in record for batch in made.batches(made.stage("user")) for record in made.records(batch)
    )


def test_check_tells_a_file_that_others_can_read(mapping, package):
    mend(mapping, package, typed(CAN[0]))
    file_of(mapping).chmod(0o644)
    done = etl("check", mapping)
    assert (
        "migration.corrections.csv:1:1: warning: holds people's data, and others can read it; `chmod 600" in done.stdout
    )


def test_a_text_that_begins_like_a_formula_is_none_in_the_file_and_is_sent_as_it_was_typed(mapping, package):
    mend(mapping, package, typed(*CAN, ("user", "5", "name", "=cmd() x")))
    assert ",'=cmd() x," in file_of(mapping).read_text(encoding="utf-8-sig")
    made = prepared(mapping)
    sent = b"".join(made.payload(batch) for batch in made.batches(made.stage("user")))
    assert b'"=cmd()"' in sent or b"=Cmd()" in sent


# Other commands


def test_preview_and_explain_read_the_row_as_it_was_mended(mapping, package):
    mend(mapping, package, typed(*CAN))
    (row,) = preview(mapping, "user", 1, key="5")
    assert (row.fate, row.cells["email"]) == ("valid", "can@example.com")
    found = explain(mapping, Settings(mapping.parent / "work"), "user", "5")
    assert found.fate == "valid"
    assert list(explain_lines(found))[1:3] == [
        "  column 'email' is mended: migration.corrections.csv:2",
        "  column 'joined' is mended: migration.corrections.csv:3",
    ]


def test_a_quick_look_at_the_first_rows_says_nothing_of_corrections_further_down(mapping, package):
    mend(mapping, package, typed(*CAN, ("order", "105", "amount", "10"), ("order", "105", "currency", "TL")))
    made = prepared(mapping, limit=5)
    assert made.manifest.refused == ()
    assert {stage.name: len(stage.corrected) for stage in made.stages} == {"user": 1, "order": 0, "order_item": 0}


def test_a_package_made_before_a_row_was_mended_is_of_an_older_mapping(mapping, package):
    before = package.manifest.mapping.sha256
    mend(mapping, package, typed(CAN[0]))
    assert prepared(mapping).manifest.mapping.sha256 != before


def test_numbers_of_json_stay_numbers(tmp_path):
    rows = [{"order": "100", "sku": "A", "product": "Bot", "quantity": 0, "price": "1,00"}]
    (tmp_path / "lines.json").write_text(json.dumps(rows))
    text = PLAIN.replace('lines: { csv: lines.csv, delimiter: ";" }', "lines: { json: lines.json }").replace(
        "quantity | int", "quantity"
    )
    mapping = shop(tmp_path, mapping=text)
    mend(mapping, prepared(mapping), typed(("order_item", "100", "quantity", "2")))
    made = prepared(mapping)
    (batch,) = made.batches(made.stage("order_item"))
    assert json.loads(made.records(batch)[0])["quantity"] == 2


def test_a_cell_that_two_stages_read_is_mended_in_each_and_that_is_told(tmp_path):
    twice = PLAIN.replace(
        "  - name: order\n",
        "  - name: again\n    payload: user\n    from: customers\n    key: customer_code\n    fields:\n"
        + PLAIN.split("    fields:\n")[1].split("  - name: order")[0]
        + "  - name: order\n",
    )
    mapping = shop(tmp_path, mapping=twice)
    fixed = mend(mapping, prepared(mapping), typed(*CAN))
    assert "stage 'again' reads 'email', 'joined' of these rows, too, and is mended by itself" in fixed.notes
    made = prepared(mapping)
    assert (len(made.stage("user").corrected), len(made.stage("again").corrected)) == (1, 0)


# The command


def test_the_command_says_what_it_took_and_masks_it_and_what_is_next(mapping, package):
    book = edited(package, mapping.parent, typed(*CAN))
    done = etl("fix", mapping, book)
    assert done.returncode == 0
    assert done.stdout.splitlines()[:1] == ["user: customers.csv row 6, column 'email': 'c***@e***' -> 'c***@e***.com'"]
    assert "2 cells of 1 row taken, 5 rows unchanged, 0 not taken" in done.stdout
    assert f"Next: `etl dry-run {mapping}`" in done.stdout
    assert "can@example" not in done.stdout + done.stderr
    assert "can@example.com" in etl("fix", mapping, "--show-data").stdout
    listed = etl("fix", mapping)
    assert "line 2: user: customers.csv row 6, column 'email'" in listed.stdout
    assert "can@example" not in listed.stdout
    assert "not applied" not in listed.stdout
    dry = etl("dry-run", mapping, "--json", "--workers", "1")
    assert [one["corrected"] for one in json.loads(dry.stdout)["stages"]] == [1, 0, 0]
    table = etl("dry-run", mapping, "--workers", "1").stdout
    assert "corrected" in table


def test_what_is_not_taken_ends_with_1_and_is_in_json(mapping, package):
    book = edited(package, mapping.parent, lambda book: book["user"].append(["99"]))
    done = etl("fix", mapping, book, "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["refused"][0]["where"] == "edited.xlsx, sheet 'user' row 5"
    assert found["cells"] == []


def test_where_none_was_refused_nobody_is_told_that_there_are_none(mapping, package):
    mend(mapping, package, typed(*CAN))
    done = etl("fix", mapping, "--drop-refused")
    assert (done.returncode, done.stdout) == (0, "the newest package refused none\n")
    assert len(known_corrections(mapping, None)) == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--why", "x"], "--why tells why a workbook was edited; name the workbook, too"),
        (["book.xlsx", "--drop-refused"], "--drop-refused takes no workbook; leave out one of both"),
        (["book.xlsx"], "book.xlsx: there is no such file; `etl dry-run "),
    ],
)
def test_what_does_not_go_together_is_told(mapping, words, told):
    done = etl("fix", mapping, *words)
    assert done.returncode == 2
    assert told in done.stderr


def test_what_is_masked_keeps_nothing_of_a_key_that_is_an_e_mail(mapping, package):
    fixed = mend(mapping, package, typed(*CAN))
    assert all("can@" not in str(one) for one in masked_fixed(fixed).cells)
