"""--root: a mapping of somebody else reads what lies in these folders, and nothing else."""

import sqlite3

import pytest
from commands import etl
from mapping_case import CUSTOMERS, SMALL, Case


@pytest.fixture
def case(tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "customers.csv").write_text(CUSTOMERS, encoding="utf-8")
    return Case(tmp_path / "shop")


def checked(case, text, *roots, command="check"):
    case.write("migration.yaml", text)
    options = [one for root in roots for one in ("--root", root)]
    done = etl(command, case.file, *options, ACME_TOKEN="x")
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    "location", ["../other/customers.csv", "{other}/customers.csv", "file://{other}/customers.csv", "link.csv"]
)
@pytest.mark.parametrize("command", ["check", "preview"])
def test_a_source_outside_is_refused_wherever_links_lead(case, location, command):
    other = case.folder.parent / "other"
    (case.folder / "link.csv").symlink_to(other / "customers.csv")
    text = SMALL.replace("customers.csv", location.format(other=other))
    code, said = checked(case, text, case.folder, command=command)
    assert code == 2
    assert f"lies outside of what --root allows: {case.folder}" in said
    assert checked(case, text, case.folder, other, command=command)[0] == 0
    assert checked(case, text, command=command)[0] == 0


def test_a_lookup_outside_is_refused(case):
    text = SMALL.replace("{ 1: a, 2: b }", "{ csv: /etc/passwd, key: a, value: b }")
    code, said = checked(case, text, case.folder)
    assert (code, f"/etc/passwd: lies outside of what --root allows: {case.folder}" in said) == (2, True)


def test_another_machine_is_refused_without_being_asked(case):
    code, said = checked(case, SMALL.replace("customers.csv", "https://127.0.0.1:9/customers.csv"), case.folder)
    assert code == 2
    assert f"https://127.0.0.1:9/customers.csv: --root allows files of this machine only, in {case.folder}" in said


def test_what_lies_inside_is_read(case):
    assert checked(case, SMALL, case.folder)[0] == 0
    assert checked(case, SMALL, case.folder / "..")[0] == 0


def test_a_database_file_outside_is_refused(case):
    path = case.folder.parent / "other" / "shop.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE customers (customer_id, email, status, 'First Name')")
    database.close()
    text = SMALL.replace("sources:", f"databases: {{ shop: {path} }}\nsources:")
    text = text.replace('csv: customers.csv, delimiter: ";"', "table: customers, database: shop")
    assert checked(case, text)[0] == 0
    code, said = checked(case, text, case.folder)
    assert (code, f"lies outside of what --root allows: {case.folder}" in said) == (2, True)
