"""The column of the report that tells how many different values a field has."""

import json
import re
import shutil
from html import unescape

import pytest
from jsonschema import Draft202012Validator
from small_migration import MAPPING, write_shop

from etl.commands.dry_run import dry_run
from etl.commands.report import renew_report
from etl.commands.settings import Settings
from etl.commands.which import Which
from etl.package import Package
from etl.resources import load_schema


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("different")
    many = "".join(f"{n};Ali Veli;a{n}@x.com;1;;01.01.2018 00:00\n" for n in range(201))
    mapping = write_shop(
        folder,
        mapping=MAPPING.replace("      extra_field: {}\n", "      extra_field: { kind: [old], by: etl }\n"),
        customers="id;name;email;active;phone;joined\n" + many,
    )
    return dry_run(mapping, Settings(folder / "work", workers=1)).path


def different(package, stage, field):
    page = (package / "report.html").read_text(encoding="utf-8")
    return re.search(rf'<tr id="field-{stage}-{field}">.*?data-label="different"[^>]*>([^<]*)<', page, re.DOTALL)[1]


def told(package, stage, field):
    report = json.loads((package / "report.json").read_text(encoding="utf-8"))
    Draft202012Validator(load_schema("report")).validate(report)
    one = next(one for one in report["fields"] if (one["stage"], one["name"]) == (stage, field))
    return one["distinct"], one["counted"]


def test_the_values_of_a_field_of_objects_are_counted_and_written_as_json(package):
    assert told(package, "order_item", "extra_field") == (1, True)
    assert different(package, "order_item", "extra_field") == "1"
    page = unescape((package / "report.html").read_text(encoding="utf-8"))
    assert '<code>{"by": "etl", "kind": ["old"]}</code>' in page


def test_of_a_field_with_more_values_than_are_counted_that_is_told(package):
    assert told(package, "user", "customer_code") == (None, True)
    assert different(package, "user", "customer_code") == "&gt; 200"


def test_of_a_password_no_number_of_values_is_told(package):
    assert told(package, "user", "password") == (None, False)
    assert different(package, "user", "password") == "—"


def test_of_a_package_that_does_not_tell_whether_it_counted_the_page_does_not_say_that_there_are_many(
    package, tmp_path, monkeypatch
):
    earlier = tmp_path / "package"
    shutil.copytree(package, earlier)
    profile = (package / "profile.json").read_text(encoding="utf-8").replace('"counted":true,', "")
    monkeypatch.setattr(Package, "profile", lambda _: json.loads(profile))
    renew_report(Which(None, None), earlier)
    assert told(earlier, "user", "customer_code") == (None, None)
    assert different(earlier, "user", "customer_code") == "—"
