"""`etl test --coverage`: what of a mapping its own tests reach, and what none of them does, each where it stands."""

import json

import pytest
from commands import ROOT, etl

from etl.commands.test import run_own_tests
from etl.report.tested import Coverage
from etl.report.testing import share

SHOP = """\
version: 1
name: acme
sources:
  customers: { csv: customers.csv }
lookups:
  kind: { a: male, b: female }
  group: { csv: group.csv, key: code, value: name }
stages:
  - name: user
    from: customers
    where: "{{ status == '1' }}"
    key: customer_code
    fields:
      customer_code: "{{ id }}"
      first_name: "{{ name | title('tr') | default('-') }}"
      last_name: "{{ group | lookup('group', default='x') }}"
      email: "{{ mail | email }}"
      gender: "{{ kind | lookup('kind') if kind is not none else none }}"
      sms_allowed: false
      email_allowed: false
      date_joined: "2020-01-02 03:04:05"
      password: 7ac66c0f148de9519b8bd264312c4d64
      password_algorithm: md5
"""
MISSING = [
    "migration.yaml:11:12: user.where: false: never taken",
    "migration.yaml:15:19: user.first_name: default('-'): never needed",
    "migration.yaml:16:18: user.last_name: lookup('group', default='x'): never needed",
    "migration.yaml:17:14: user.email: no row gives it a value",
    "migration.yaml:17:14: user.email: email: never given a value",
    "migration.yaml:18:15: user.gender: else of if kind is not none: never taken",
    "group.csv row 3: lookup 'group': the entry '2' is never used",
    "migration.yaml:6:20: lookup 'kind': the entry 'b' is never used",
    "coverage: 12 of 20 points, 60 %",
]
TEST = """\
  - name: a person
    stage: user
    given: { status: "1", id: "7", name: ali, kind: a, group: "1" }
    expect: { customer_code: "7" }
"""
OTHERS = """\
  - { name: closed, stage: user, given: { status: "0" }, filtered: true }
  - name: the rest
    stage: user
    given: { status: "1" }
    cases:
      columns: [mail, kind, group]
      fields: [email, gender, last_name]
      rows: [[a@example.com, b, "2", a@example.com, female, wholesale], [b@example.com, "", "3", b@example.com, null, x]]
"""


@pytest.fixture
def shop(tmp_path):
    """A mapping with all kinds of points, 20 of them."""
    (tmp_path / "customers.csv").write_text("id,name,mail,kind,group,status\n", encoding="utf-8")
    (tmp_path / "group.csv").write_text("code,name\n1,retail\n2,wholesale\n", encoding="utf-8")

    def written(tests):
        (tmp_path / "migration.yaml").write_text(f"{SHOP}tests:\n{tests}", encoding="utf-8")
        return tmp_path

    return written


def test_each_point_that_no_test_reaches_is_told_with_its_place(shop):
    done = etl("test", "migration.yaml", "--coverage", cwd=shop(TEST))
    assert (done.returncode, done.stderr) == (0, "1 passed, 0 failed\n")
    assert done.stdout.splitlines() == ["user .", "", *MISSING]


def test_tests_that_reach_everything_say_so(shop):
    done = etl("test", ".", "--fail-under", "100", cwd=shop(TEST + OTHERS))
    assert (done.returncode, done.stderr) == (0, "4 passed, 0 failed\n")
    assert done.stdout.splitlines()[-1] == "coverage: 20 of 20 points, 100 %"


def test_a_threshold_that_is_not_reached_ends_with_exit_code_1(shop):
    folder = shop(TEST)
    done = etl("test", ".", "--fail-under", "60.1", cwd=folder)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        1,
        "the tests reach less than 60.1 % of the mapping (--fail-under)",
    )
    assert etl("test", ".", "--fail-under", "60", cwd=folder).returncode == 0
    assert etl("test", ".", "--fail-under", "101", cwd=folder).returncode == 2


@pytest.mark.parametrize(("reached", "told"), [(0, "0"), (1, "0"), (6667, "66.6"), (9999, "99.9"), (10000, "100")])
def test_no_share_is_rounded_up(reached, told):
    assert share(Coverage(10_000, reached, ())) == told


def test_only_tests_that_are_meant_count(shop):
    done = etl("test", ".", "--coverage", "-k", "closed", cwd=shop(TEST + OTHERS))
    assert done.stdout.splitlines()[-1] == "coverage: 1 of 20 points, 5 %"


def test_a_mapping_without_tests_reaches_nothing(shop):
    folder = shop(" []")
    assert run_own_tests(folder, coverage=True).coverage.reached == 0
    assert etl("test", ".", cwd=folder).returncode == 0


def test_the_same_as_json(shop):
    done = etl("test", "migration.yaml", "--coverage", "--json", cwd=shop(TEST))
    found = json.loads(done.stdout)["coverage"]
    assert (found["points"], found["reached"], found["unknown"]) == (20, 12, [])
    assert found["missing"][-2] == {
        "kind": "entry", "stage": "", "field": "group", "what": "2", "place": "group.csv row 3",
    }  # fmt: skip


def test_many_entries_of_one_lookup_are_cut_on_screen_and_whole_as_json(shop):
    folder = shop(TEST)
    (folder / "group.csv").write_text("code,name\n" + "".join(f"{n},g{n}\n" for n in range(1, 31)), encoding="utf-8")
    shown = etl("test", ".", "--coverage", cwd=folder).stdout
    assert "  and 19 entries more of the lookup 'group' (--json lists them)" in shown
    assert len([line for line in shown.splitlines() if "lookup 'group': the entry" in line]) == 10
    found = json.loads(etl("test", ".", "--coverage", "--json", cwd=folder).stdout)["coverage"]
    assert len([one for one in found["missing"] if one["field"] == "group"]) == 29


def test_a_lookup_that_cannot_be_read_here_is_told(shop):
    folder = shop(TEST.replace(', group: "1"', ""))
    (folder / "group.csv").unlink()
    shown = etl("test", ".", "--coverage", cwd=folder).stdout
    assert "not known: the entries of the lookup 'group', which was not read" in shown


def test_rows_of_small_tables_reach_what_they_reach(shop):
    given = '{ customers: { columns: [id, status, mail], rows: [["1", "1", a@example.com], ["2", "0", ""]] } }'
    missing = run_own_tests(
        shop(f"  - {{ stage: user, sources: {given}, expect: {{}} }}\n"), coverage=True
    ).coverage.missing
    told = {(one.kind, one.field, one.what) for one in missing}
    assert ("branch", "where", "false") not in told
    assert ("value", "email", "email") not in told
    assert ("value", "gender", "gender") in told


SHIPPED = sorted(one.parent for one in ROOT.glob("mappings/*/migration.yaml") if one.parent.name != "common")


def variables_of(mapping):
    """What its `.env.example` sets, with a shop that is not there: a mapping's own tests open none."""
    example = mapping / ".env.example"
    lines = example.read_text(encoding="utf-8").splitlines() if example.exists() else []
    return [line.split("=", 1) for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("mapping", SHIPPED, ids=lambda one: one.name)
def test_the_tests_of_a_shipped_mapping_pass_and_reach_everything(mapping, monkeypatch):
    for name, value in variables_of(mapping):
        monkeypatch.setenv(name, value or "x")
    found = run_own_tests(mapping, coverage=True)
    assert [(one.name, one.differences) for one in found.results if not one.passed] == []
    assert found.coverage.missing == ()
    assert found.coverage.unknown == ()
