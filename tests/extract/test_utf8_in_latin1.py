"""UTF-8 bytes in latin1 columns of MySQL, live and in its dump: recognised, told, and read as they are meant when asked."""

from __future__ import annotations

import pymysql
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shops import shop_of

from etl.commands.dry_run import dry_run
from etl.commands.settings import Settings
from etl.commands.summing import summary_of
from etl.errors import MappingError
from etl.extract.databases.mended import NOTE, mended

MAPPING = """\
version: 1
name: acme
databases: { shop: { at: "${LEGACY}"OPTION } }
sources: { customers: { table: customer, database: shop } }
stages:
  - name: user
    from: customers
    key: customer_code
    fields:
      customer_code: "{{ id }}"
      first_name: "{{ name }}"
      last_name: "{{ right_name }}"
      email: "{{ id }}@example.com"
      sms_allowed: false
      email_allowed: false
      date_joined: "2020-01-01 00:00:00"
      password: ffffffffffffffffffffffffffffffff
      password_algorithm: md5
"""
NAMES = ["Gülşah Çiğdem", "İĞDIR € “x”", "Zoë"]


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """As an old shop wrote it: its connection said latin1, and its pages were UTF-8. One name was written rightly."""
    with shop_of("mysql", tmp_path) as found:
        found.run(
            "CREATE TABLE customer (id int PRIMARY KEY, name varchar(60) CHARACTER SET latin1, "
            "right_name varchar(60) CHARACTER SET utf8mb4)"
        )
        with pymysql.connect(**login(found), database=found.name, charset="latin1", autocommit=True) as old:
            for number, name in enumerate(NAMES, 1):
                old.query(b"INSERT INTO customer (id, name) VALUES (%d, '%s')" % (number, name.encode()))
        found.run("INSERT INTO customer (id, name) VALUES (4, 'Müge')")
        found.run("UPDATE customer SET right_name = 'Şule ÜĞ'")
        monkeypatch.setenv("LEGACY", found.location)
        yield found


def login(shop):
    return {"host": shop.login[1], "port": shop.login[3], "user": shop.login[5]}


def prepared(folder, option="", location="${LEGACY}"):
    text = MAPPING.replace("OPTION", option).replace("${LEGACY}", location)
    (folder / "migration.yaml").write_text(text, encoding="utf-8")
    return dry_run(folder / "migration.yaml", Settings(folder / "work", workers=1))


def sent(package):
    (file,) = package.path.glob("payloads/user/*.json")
    return file.read_text(encoding="utf-8")


MEND = ", utf8_in_latin1: true"


@pytest.mark.parametrize("way", ["live", "dump"])
def test_it_is_told_and_then_read_as_it_is_meant(shop, tmp_path, monkeypatch, way):
    if way == "dump":
        (tmp_path / "shop.sql").write_bytes(shop.dump())
        monkeypatch.setenv("LEGACY", "shop.sql")
    before = prepared(tmp_path)
    assert summary_of(before).warnings[0] == f"source 'customers': {NOTE}"
    assert "GÃ¼lÅŸah" in sent(before)
    if way == "live":
        with pytest.raises(MappingError, match="lacks the options of the database of 'customer'"):
            prepared(tmp_path, MEND)
        (tmp_path / "work").rename(tmp_path / "before")
    after = prepared(tmp_path, MEND)
    assert summary_of(after).warnings == []
    for name in (*NAMES, "Müge", "Şule ÜĞ"):
        assert name.replace('"', '\\"') in sent(after)


def test_the_setting_is_for_mysql_and_its_dumps(tmp_path):
    """Of a database that is always this one: where a variable names it, it may be another one tomorrow."""
    with shop_of("sqlite", tmp_path) as shop:
        shop.run("CREATE TABLE customer (id, name, right_name)")
        with pytest.raises(MappingError, match="`utf8_in_latin1` is for MySQL and its dumps; leave it out"):
            prepared(tmp_path, MEND, shop.location)


@given(st.text())
def test_what_was_taken_for_latin1_comes_back(text):
    taken = "".join(bytes([byte]).decode("cp1252", "replace") for byte in text.encode("utf-8", "surrogatepass"))
    if "\ufffd" not in taken:
        assert mended(taken) in (text, taken)


@given(st.text("abcğüşİıÇöÖ é-.", max_size=20))
def test_a_text_that_was_written_rightly_stays(text):
    assert mended(text) == text
