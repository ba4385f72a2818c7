"""A file without a header line: its first customer is not shown to anybody."""

import json

import pytest
from commands import etl
from mapping_case import SMALL, Case

from etl.suggest import LIKE_ITS_ROWS, MOST_NAMED

NO_HEADER = "the first row looks like data; for a file without a header line, list its columns' names as `header:`"
PERSONAL = ("5321234567", "ali.veli", "Ali", "0532 123 45 67")


@pytest.fixture
def case(tmp_path):
    case = Case(tmp_path)
    case.write("customers.csv", "5321234567;7;ali.veli@mail.com;Ali Veli\n0532 123 45 67;8;can@mail.com;Can\n")
    return case


@pytest.mark.parametrize("command", ["check", "preview"])
def test_names_that_look_like_data_are_not_listed(case, command):
    case.write("migration.yaml", SMALL)
    done = etl(command, case.file, ACME_TOKEN="x")
    said = done.stdout + done.stderr
    assert done.returncode == 2
    assert f"unknown column 'customer_id'; {NO_HEADER}" in said
    assert not any(one in said for one in PERSONAL)


@pytest.mark.parametrize("line", ["1;Can;Su", "Can;Su;12,50", "Can;Su;2020-01-01"])
def test_a_number_alone_is_no_name(case, line):
    case.write("customers.csv", f"{line}\n")
    case.write("migration.yaml", SMALL)
    said = etl("check", case.file, ACME_TOKEN="x").stdout
    assert f"unknown column 'customer_id'; {NO_HEADER}" in said
    assert "Can" not in said


@pytest.mark.parametrize("line", ["Can;2019;2020", "0;kod;1;ad", "adres 1;adres 2;ad"])
def test_numbers_that_head_columns_are_names(case, line):
    case.write("customers.csv", f"{line}\n")
    case.write("migration.yaml", SMALL)
    names = ", ".join(sorted([*line.split(";"), "row_number"]))
    assert f"unknown column 'customer_id'; there is {names}" in etl("check", case.file, ACME_TOKEN="x").stdout


OF_PEOPLE = ("Ali;Veli Kaya;İstanbul;Moda", "Ayşe Nur;ŞEN;Ankara;Çankaya", "Can;O'Neil;St. Ives;Ak-Su")


@pytest.mark.parametrize("line", OF_PEOPLE)
def test_a_first_row_of_names_alone_is_shown_to_nobody_where_the_mapping_uses_none_of_them(case, line):
    case.write("customers.csv", f"{line}\n")
    case.write("migration.yaml", SMALL)
    said = etl("check", case.file, ACME_TOKEN="x").stdout
    assert "unknown column 'customer_id'; none of the names that the mapping uses heads a column; " in said
    assert not any(one in said for one in line.split(";"))


def test_they_are_not_shown_by_inspect_with_that_mapping_either(case):
    case.write("customers.csv", "Ali;Veli Kaya;İstanbul;Moda\nCan;Su;Ankara;Ak\n")
    case.write("migration.yaml", SMALL)
    said = etl("inspect", "customers", "--mapping", case.file, ACME_TOKEN="x").stdout
    assert "column 1" in said, said
    assert not any(one in said for one in ("Ali", "Veli", "Moda"))


def inspected(case, text, *more):
    case.write("customers.csv", text)
    return etl("inspect", case.file.parent / "customers.csv", *more).stdout


HEADLESS = (
    "Ali;Veli;Ankara\nAyşe;Kaya;İzmir\n",
    "ALİ;VELİ;ANKARA\nAYŞE;KAYA;İZMİR\n",
    "ali;veli;ankara\nayşe;kaya;izmir\n",
    "Ali Can;Moda Sok. 5;Ankara\nAyşe;Bahar Cad. 12;İzmir\n",
    "Ali;Veli;\nAyşe;Kaya;\nCan;Su;\n",
)


@pytest.mark.parametrize("text", HEADLESS)
def test_without_a_mapping_inspect_shows_no_first_row_that_is_written_as_those_below_it(case, text):
    said = inspected(case, text)
    assert "column 1" in said, said
    assert not any(one in said for one in text.splitlines()[0].split(";") if one), said
    assert LIKE_ITS_ROWS in " ".join(said.split())
    names = [one["name"] for one in json.loads(inspected(case, text, "--json"))["table"]["columns"]]
    assert names[:2] == ["column 1", "column 2"]
    assert text[:3] in inspected(case, text, "--show-data")


@pytest.mark.parametrize(
    "text",
    [
        "Ad;Soyad;Şehir\nAli;Veli;Ankara\n",
        "First Name;Last Name;Town\nAli;Veli;Ankara\n",
        "marka;renk\nNike;Mavi\n",
        "Marka;Renk;Beden\nNike;Mavi;42\n",
        "Ali;Veli;Ankara\n",
    ],
)
def test_inspect_shows_names_that_are_known_for_columns_or_are_written_in_another_way_than_the_rows(case, text):
    said = inspected(case, text)
    assert all(one in said for one in text.splitlines()[0].split(";")), said
    assert LIKE_ITS_ROWS not in " ".join(said.split())


@pytest.mark.parametrize("line", ["First Name;Last Name;City", "Name;Surname;email"])
def test_titles_in_capitals_are_told_where_the_mapping_uses_one_of_them_or_they_are_like_what_it_uses(case, line):
    case.write("customers.csv", f"{line}\n")
    case.write("migration.yaml", SMALL)
    said = etl("check", case.file, ACME_TOKEN="x").stdout
    assert f"unknown column 'customer_id'; there is {', '.join(sorted([*line.split(';'), 'row_number']))}" in said


def test_of_too_many_columns_none_is_named(case):
    case.write("migration.yaml", SMALL)
    names = [f"n{number:02}" for number in range(MOST_NAMED - 1)]
    case.write("customers.csv", ";".join(names) + "\n")
    said = etl("check", case.file, ACME_TOKEN="x").stdout
    assert f"unknown column 'customer_id'; there is {', '.join(names)}, row_number\n" in said
    case.write("customers.csv", ";".join([*names, "n99"]) + "\n")
    assert "unknown column 'customer_id'\n" in etl("check", case.file, ACME_TOKEN="x").stdout


def test_the_advice_is_right(case):
    advised = SMALL.replace('delimiter: ";"', 'delimiter: ";", header: [phone, customer_id, email, "First Name"]')
    case.write("migration.yaml", advised.replace("    where: \"{{ status == '1' }}\"\n", ""))
    done = etl("check", case.file, ACME_TOKEN="x")
    assert (done.returncode, done.stdout) == (0, "")


def test_preview_does_not_show_them_as_names(case):
    text = SMALL.replace("    where: \"{{ status == '1' }}\"\n", "").replace("customer_id }}", "row['7'] }}")
    text = text.replace("row['First Name']", "row['Ali Veli']").replace("{{ email", "{{ row['ali.veli@mail.com']")
    case.write("migration.yaml", text)
    said = etl("preview", case.file, ACME_TOKEN="x").stdout
    assert "column 1:" in said, said
    assert not any(one in said for one in PERSONAL)
    assert "5321234567" in etl("preview", case.file, "--show-data", ACME_TOKEN="x").stdout


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("7;ali@mail.com;7\n", f"row 1: columns 1 and 3 are named alike; {NO_HEADER}"),
        ("7,ali@mail.com\n", "row 1: with the delimiter ';' the header is one column; write `delimiter: \",\"`?"),
    ],
)
def test_what_is_wrong_with_a_header_does_not_repeat_it(case, line, what):
    case.write("customers.csv", line)
    case.write("migration.yaml", SMALL)
    said = etl("check", case.file, ACME_TOKEN="x").stdout
    assert what in said
    assert "mail.com" not in said
