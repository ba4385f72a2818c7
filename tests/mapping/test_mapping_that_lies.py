"""Mappings whose settings look like something and are nothing."""

from __future__ import annotations

import json

import pytest
from commands import etl
from mapping_case import SMALL, Case

from etl.commands.check import check
from etl.errors import MappingError
from etl.mapping import load_mapping, migration_name


def problems_of(folder, old, new):
    """What `check` says of the small mapping with `new` for `old`, without the file's name."""
    case = Case(folder)
    assert old in SMALL
    case.write("migration.yaml", SMALL.replace(old, new))
    return [str(one).removeprefix(f"{case.file}:") for one in check(case.file).problems if one.kind == "mapping"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("key: customer_code", 'key: ""', "12:10: 'key' must not be empty"),
        ("from: customers", 'from: ""', "10:11: 'from' must not be empty"),
        ("name: acme", f"name: {'a' * 300}", "2:7: 'name' is longer than 100 characters; shorten it"),
        ("name: user", f"name: {'a' * 300}", "9:11: 'name' is longer than 100 characters; shorten it"),
    ],
)
def test_an_empty_or_endless_setting_is_refused(tmp_path, old, new, problem):
    assert problem in problems_of(tmp_path, old, new)


def test_a_name_that_cannot_be_one_is_told_also_where_the_current_folder_has_a_workspace(tmp_path, monkeypatch):
    (tmp_path / "here" / "work").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    said = problems_of(tmp_path / "there", "name: acme", f"name: {'a' * 300}")
    assert "2:7: 'name' is longer than 100 characters; shorten it" in said


@pytest.mark.parametrize(
    "url",
    [
        "https://a b",
        "https://a\\tb",
        "https://a\\nb",
        "https://a/b c",
        "https://exa<mple.com",
        "https://a|b",
        "https://a..b",
        "https://.a.b",
        "https://-a.b",
        "https://a-.b",
        f"https://{'a' * 64}.com",
        "https://abc:def",
        "https://",
    ],
)
def test_an_address_that_cannot_be_one_is_refused(tmp_path, url):
    shown = url.encode().decode("unicode_escape")
    [problem] = problems_of(tmp_path, "https://omnitron.example.com", url)
    assert problem == f"3:16: '{shown}' is no address: write https://host".replace("\t", "\\t").replace("\n", "\\n")


@pytest.mark.parametrize(
    "url",
    [
        "https://a.b-c_d.example.com:8443/x",
        "https://şükür.com",
        "https://a.b.",
        "http://127.0.0.1:8000",
        "http://[::1]:8000",
    ],
)
def test_an_address_that_can_be_one_is_taken(tmp_path, url):
    assert problems_of(tmp_path, "https://omnitron.example.com", url) == []


STORAGES = (
    "there are file, local, memory, ftp, sftp, ssh, smb, http, https, s3, s3a, gs, gcs, az, abfs, abfss, adl, hdfs, webhdfs, "
    "oci, oss; fetch the file and name its path"
)


@pytest.mark.parametrize(
    ("location", "what"),
    [
        ("reference://x.csv", f"reference:// is no storage that a source is read from; {STORAGES}"),
        ("jupyter://host/x.csv", f"jupyter:// is no storage that a source is read from; {STORAGES}"),
        ("data://text/csv;base64,aWQK", f"data:// is no storage that a source is read from; {STORAGES}"),
        ("odd://host/x.csv", f"odd:// is no storage that a source is read from; {STORAGES}"),
        ("htps://host/x.csv", f"htps:// is no storage that a source is read from; did you mean 'https'?; {STORAGES}"),
        ("file://x.zip::s3://b/x.csv", f"a URL with `::` is no storage that a source is read from; {STORAGES}"),
    ],
)
def test_a_source_in_an_odd_storage_is_refused_without_opening_it(tmp_path, location, what):
    assert f"5:21: {location}: {what}" in problems_of(tmp_path, "csv: customers.csv", f'csv: "{location}"')


@pytest.mark.parametrize("command", ["check", "preview", "dry-run"])
def test_an_odd_storage_ends_no_command_in_a_traceback(tmp_path, command):
    case = Case(tmp_path)
    case.write("migration.yaml", SMALL.replace("csv: customers.csv", 'csv: "reference://x.csv"'))
    done = etl(command, case.file, *(["-w", tmp_path / "work"] if command == "dry-run" else []))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "reference:// is no storage that a source is read from" in done.stdout + done.stderr


def test_a_password_in_the_url_of_a_source_or_a_lookup_is_refused_by_check(tmp_path):
    location = "sftp://ali:s3cr3t@host/x.csv"
    what = (
        "sftp://***@host/x.csv: a password does not belong in a location; give it to fsspec, "
        "by its configuration files or variables (FSSPEC_...)"
    )
    assert f"5:21: {what}" in problems_of(tmp_path, "csv: customers.csv", f'csv: "{location}"')
    lookup = f'group: {{ csv: "{location}", key: a, value: b }}'
    assert f"7:17: {what}" in problems_of(tmp_path, "group: { 1: a, 2: b }", lookup)


def test_an_emoji_as_json_writes_it_is_one_character(tmp_path):
    assert problems_of(tmp_path, "last_name: Yılmaz", r'last_name: "\ud83d\ude00 x"') == []
    with load_mapping(tmp_path / "migration.yaml") as checked:
        assert checked.migration.stage("user").fields["last_name"] == "😀 x"
    assert problems_of(tmp_path, "group: { 1: a", r'group: { "\ud83d\ude00": a') == []
    assert problems_of(tmp_path, "last_name: Yılmaz", r'last_name: "\ude00\ud83d"') == [
        "16:18: half a character (\\ud800 to \\udfff); write the character itself"
    ]


def test_of_very_many_problems_the_first_hundred_are_shown(tmp_path):
    case = Case(tmp_path)
    case.write(
        "migration.yaml", SMALL.replace("description", "x") + "".join(f"      nothing{n}: 1\n" for n in range(5000))
    )
    done = etl("check", case.file, ACME_TOKEN="x")
    lines = done.stdout.splitlines()
    assert done.returncode == 2
    assert len(lines) == 101
    assert lines[-1] == "... and 4,900 more; put these right first"
    assert done.stderr == "5,000 problems\n"
    assert len(json.loads(etl("check", case.file, "--json", ACME_TOKEN="x").stdout)["problems"]) == 5000
    assert (
        etl("preview", case.file, ACME_TOKEN="x").stderr.splitlines()[-1] == "... and 4,900 more; put these right first"
    )


def test_a_name_too_long_for_a_folder_is_not_taken_by_what_only_needs_the_name(tmp_path):
    (tmp_path / "migration.yaml").write_text(f"name: {'a' * 101}\n", encoding="utf-8")
    with pytest.raises(MappingError, match="has no name that can be used"):
        migration_name(tmp_path)
