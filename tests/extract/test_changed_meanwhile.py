"""A file that is changed while its rows are read: no package holds rows of what it was and of what it is."""

from __future__ import annotations

import json
import os

import pytest

from etl.commands.dry_run import dry_run
from etl.commands.settings import Settings
from etl.errors import SourceError

MAPPING = """\
version: 1
name: shop
databases:
  shop: .
sources:
  customers: {source}
stages:
  - name: user
    from: customers
    key: customer_code
    fields:
      customer_code: "{{{{ id }}}}"
      email: "m{{{{ id }}}}@example.com"
      first_name: "{{{{ name }}}}"
      last_name: Can
      password: "5f4dcc3b5aa765d61d8327deb882cf99"
      password_algorithm: md5
      date_joined: "2020-01-01 00:00:00"
      email_allowed: false
      sms_allowed: false
"""
ROWS = 6_000


def csv(name):
    return "id,name\n" + "".join(f"{number},{name}\n" for number in range(ROWS))


def lines(name):
    return "".join(json.dumps({"id": str(number), "name": name}) + "\n" for number in range(ROWS))


def listed(name):
    return json.dumps([{"id": str(number), "name": name} for number in range(ROWS)])


FORMS = {
    "{ csv: customers.csv }": ("customers.csv", csv),
    '{ csv: "cust*.csv" }': ("customers.csv", csv),
    "{ table: customers, database: shop }": ("customers.csv", csv),
    "{ jsonl: customers.jsonl }": ("customers.jsonl", lines),
    "{ json: customers.json }": ("customers.json", listed),
}


def written_over(path, text):
    path.write_text(text, encoding="utf-8")


def replaced(path, text):
    other = path.with_suffix(".new")
    other.write_text(text, encoding="utf-8")
    other.replace(path)


def written_in_place_and_dated_back(path, text):
    """As `rsync --inplace --times` leaves a file whose size is the same."""
    before = path.stat()
    assert len(text.encode()) == before.st_size
    with path.open("r+", encoding="utf-8") as file:
        file.write(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("change", [written_over, replaced, written_in_place_and_dated_back])
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("source", FORMS)
def test_no_package_is_made_of_a_file_that_changes_while_it_is_read(tmp_path, source, workers, change):
    name, text_of = FORMS[source]
    (tmp_path / "migration.yaml").write_text(MAPPING.format(source=source), encoding="utf-8")
    path = tmp_path / name
    path.write_text(text_of("Ali"), encoding="utf-8")
    times = []

    def changing(stage, rows):
        if not times:
            change(path, text_of("Can"))
        times.append(rows)

    with pytest.raises(SourceError) as caught:
        dry_run(tmp_path / "migration.yaml", Settings(workspace=tmp_path / "work", workers=workers), changing)
    assert str(caught.value) == (
        f"{path}: was changed while it was read; no package was made of it, as it would hold rows of both; run it again when "
        "nothing writes there any more"
    )
    assert list((tmp_path / "work/shop/packages").iterdir()) == []
    package = dry_run(tmp_path / "migration.yaml", Settings(workspace=tmp_path / "work", workers=workers))
    assert package.stages[0].counts.valid == ROWS


def test_no_package_is_made_of_a_file_that_is_taken_away_while_it_is_read(tmp_path):
    (tmp_path / "migration.yaml").write_text(MAPPING.format(source="{ csv: customers.csv }"), encoding="utf-8")
    path = tmp_path / "customers.csv"
    path.write_text(csv("Ali"), encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        dry_run(
            tmp_path / "migration.yaml",
            Settings(workspace=tmp_path / "work", workers=1),
            lambda stage, rows: path.unlink(missing_ok=True),
        )
    assert str(caught.value).startswith(f"{path}: ")
    assert list((tmp_path / "work/shop/packages").iterdir()) == []
