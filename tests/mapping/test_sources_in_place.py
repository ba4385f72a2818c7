"""A source that stands in a stage's `from:`; and sources that nobody uses."""

from __future__ import annotations

import pytest
import yaml
from mapping_case import SMALL, edited

from etl.commands.dry_run import dry_run
from etl.commands.settings import Settings
from etl.extract import KINDS
from etl.mapping.grammar import strict_validator

NAMED = '  customers: { csv: customers.csv, delimiter: ";" }\n'
IN_PLACE = SMALL.replace("from: customers", 'from: { csv: customers.csv, delimiter: ";" }').replace(
    f"sources:\n{NAMED}", ""
)


def payloads(case, text, name):
    case.write("migration.yaml", text)
    package = dry_run(case.file, Settings(case.folder / name, workers=1))
    return [path.read_bytes() for path in sorted(package.path.glob("payloads/*/*"))]


def test_it_gives_what_the_same_source_under_a_name_gives(case):
    found = payloads(case, IN_PLACE, "placed")
    assert found == payloads(case, SMALL, "named")
    assert len(found) == 1


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ('{ csv: customers.csv, delimiter: ";", «delimitr: 7 }', "unknown key 'delimitr'; did you mean 'delimiter'?"),
        ("{ csv: «custmers.csv }", "custmers.csv: no such file; did you mean 'customers.csv'?"),
        (
            "«{ delimiter: x }",
            f"a source is one of {', '.join(KINDS)}; this one names none",
        ),
        ("«7", "'from' must be text or a mapping, not a whole number"),
        ("«[customers]", "'from' must be text or a mapping, not a list"),
    ],
)
def test_what_is_wrong_with_it_is_told_where_it_stands(case, source, what):
    case.finds(SMALL.replace("from: customers", f"from: {source}"), what)


def test_the_schema_by_which_editors_look_wants_no_sources_where_each_stands_in_its_stage():
    refused = [error.message for error in strict_validator().iter_errors(yaml.safe_load(IN_PLACE))]
    assert refused == []


def test_one_stage_that_names_a_source_wants_sources(case):
    named = IN_PLACE + IN_PLACE.partition("stages:\n")[2].replace('{ csv: customers.csv, delimiter: ";" }', "customers")
    refused = [error.message for error in strict_validator().iter_errors(yaml.safe_load(named))]
    assert refused == ["'sources' is a required property"]


def test_a_stage_called_like_a_source_takes_nothing_from_it(case):
    text = IN_PLACE.replace("stages:", "sources:\n  user: { csv: other.csv }\nstages:")
    case.write("other.csv", "a\n1\n")
    assert payloads(case, text, "placed") == payloads(case, SMALL, "named")


def test_a_source_that_nobody_uses_is_a_warning(case):
    case.write("other.csv", "a\n1\n")
    checked = case.load(edited((NAMED, f"{NAMED}  other: {{ csv: other.csv }}\n")))
    (warning,) = [str(one) for one in checked.warnings if "other" in one.what]
    assert warning.endswith(
        "warning: source 'other' is read, and no stage, lookup or query uses it; leave it out, or say `from: other`"
    )


def test_what_a_query_of_a_lookup_reads_is_used(case):
    case.write("other.csv", "a\n1\n")
    more = '  other: { csv: other.csv }\n  sums: { query: "SELECT a FROM other" }\n'
    lookup = 'lookups:\n  l: { query: "SELECT a, a AS b FROM sums", key: a, value: b }\n'
    checked = case.load(edited((NAMED, f"{NAMED}{more}"), ("lookups:\n", lookup)))
    assert [one.what for one in (*checked.problems, *checked.warnings)] == []
