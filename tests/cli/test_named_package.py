"""A package that is named on the command line, and is none: the command line is wrong, not the data."""

import pytest
from commands import GOOD_ROWS, TARGET, etl, write_shop

COMMANDS = {
    "find": ("find", ".", "1"),
    "reconcile": ("reconcile", "."),
    "report": ("report", "."),
    "lineage": ("lineage", "."),
    "run": ("run", "."),
    "pilot": ("pilot", "."),
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("named")
    write_shop(folder, GOOD_ROWS, target=TARGET)
    (folder / "none").mkdir()
    damaged = folder / "damaged"
    damaged.mkdir()
    (damaged / "manifest.json").write_text("{", encoding="utf-8")
    return folder


def ended(folder, command, package):
    done = etl(
        *COMMANDS[command], "--package", package, cwd=folder, OMNITRON_URL="http://127.0.0.1:9", OMNITRON_TOKEN="t"
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("package", ["nix", "none", "customers.csv"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_path_that_is_no_package_is_a_problem_of_the_command_line(shop, command, package):
    code, told = ended(shop, command, package)
    assert code == 2
    assert f"{package}: not a package (no manifest.json)" in told


@pytest.mark.parametrize("command", COMMANDS)
def test_a_package_that_is_damaged_is_a_problem_of_the_data(shop, command):
    code, told = ended(shop, command, "damaged")
    assert code == 1
    assert "manifest.json: damaged" in told


def test_of_two_that_are_held_against_each_other_the_same_is_so(shop):
    packages = shop / "packages"
    (packages / "20200101T000000Z").mkdir(parents=True)
    done = etl("diff", packages / "20200101T000000Z", ".", cwd=shop)
    assert (done.returncode, "not a package (no manifest.json)" in done.stderr) == (2, True)
