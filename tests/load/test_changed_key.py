"""A key that is made otherwise: the records that were sent under the old ones are not sent again by that."""

from __future__ import annotations

import shlex
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from commands import etl, target
from killing import Migration, write_shop
from load_helpers import TOKEN

SMALL: dict[str, Any] = {"customers": 3, "dirty": False, "batch_size": 2}
KEY, OTHER, ALIKE = "{{ order }}-{{ sku }}", "x-{{ order }}-{{ sku }}", "{{ order ~ '-' ~ sku }}"


@pytest.fixture
def shop(tmp_path, sandbox):
    shop = Migration(tmp_path, sandbox, write_shop(tmp_path, **SMALL))
    assert shop.etl("run").code == 0
    return shop


def edit(shop, old, new):
    text = shop.mapping.read_text(encoding="utf-8")
    assert text.count(f'key: "{old}"') == 1
    shop.mapping.write_text(text.replace(f'key: "{old}"', f'key: "{new}"'), encoding="utf-8")


def refused(ended, before):
    [told] = ended.summary["problems"]
    assert ended.code == 2
    assert (
        f"stage 'order_item': its key is made from `{OTHER}`, and was made from `{before}` when records were sent"
        in told
    )
    assert "now 3 of its keys are new, and 3 that are known are gone" in told
    assert "Make the key as before; or, if these are other records, or the same key is only written otherwise" in told
    return told


def test_a_key_that_is_made_otherwise_after_a_load_does_not_send_its_records_again(shop):
    before = shop.sandbox.uploads()
    edit(shop, KEY, OTHER)
    for command in (("run",), ("run", "--final"), ("pilot",)):
        refused(shop.etl(*command), KEY)
    newest = max((shop.home / "packages").iterdir())
    refused(shop.etl("run", "--package", newest), KEY)
    assert shop.sandbox.uploads() == before
    edit(shop, OTHER, KEY)
    assert shop.etl("run").code == 0
    assert shop.sandbox.uploads() == before


def test_a_key_that_is_only_written_otherwise_is_no_reason_to_refuse_and_is_the_one_that_counts_from_then_on(shop):
    before = shop.sandbox.uploads()
    edit(shop, KEY, ALIKE)
    assert shop.etl("run").code == 0
    edit(shop, ALIKE, OTHER)
    refused(shop.etl("run"), ALIKE)
    assert shop.sandbox.uploads() == before


def test_an_older_package_is_loaded_under_the_key_it_was_made_with_whatever_the_mapping_says_now(shop):
    """What it sends is known by its own key: the next run with the edited mapping is refused all the same."""
    before, made = shop.sandbox.uploads(), max((shop.home / "packages").iterdir())
    edit(shop, KEY, OTHER)
    for command in (("resume",), ("run", "--package", made)):
        assert shop.etl(*command, "--old-mapping").code == 0
        refused(shop.etl("run"), KEY)
    assert shop.sandbox.uploads() == before


def test_a_package_that_was_made_with_the_other_key_is_refused_though_the_mapping_has_the_first_again(shop):
    before = shop.sandbox.uploads()
    edit(shop, KEY, OTHER)
    assert shop.etl("dry-run").code == 0
    made = max((shop.home / "packages").iterdir())
    edit(shop, OTHER, KEY)
    refused(shop.etl("run", "--package", made, "--old-mapping"), KEY)
    assert shop.sandbox.uploads() == before


def test_a_run_that_sends_nothing_of_a_stage_does_not_take_its_other_key_for_the_one_that_was_sent(shop):
    """Of an export without rows, or of one whose keys are known by chance, nobody can tell."""
    before, lines = shop.sandbox.uploads(), shop.folder / "lines.csv"
    whole = lines.read_text(encoding="utf-8")
    header, first, *_ = whole.splitlines()
    chance = "{{ 'o1-s1' if order == 'o1' else 'x-' ~ order }}"
    for key, export in ((OTHER, f"{header}\n"), (chance, f"{header}\n{first}\n")):
        edit(shop, KEY, key)
        lines.write_text(export, encoding="utf-8")
        assert shop.etl("run").summary["stages"][3]["uploaded"] == 0
        lines.write_text(whole, encoding="utf-8")
        ended = shop.etl("run")
        assert (ended.code, "its key is made from" in ended.summary["problems"][0]) == (2, True)
        edit(shop, key, KEY)
    assert shop.etl("run").code == 0
    assert shop.sandbox.uploads() == before


def let_a_row_go_and_another_come(shop):
    lines = shop.folder / "lines.csv"
    header, first, *rows = lines.read_text(encoding="utf-8").splitlines()
    at = header.split(",").index("sku")
    cells = first.split(",")
    new = ",".join([*cells[:at], f"new-{cells[at]}", *cells[at + 1 :]])
    lines.write_text("\n".join([header, new, *rows]) + "\n", encoding="utf-8")


@pytest.mark.parametrize("written", ["{{order}}-{{sku}}", "{{  order  }}-{{- sku }}"])
def test_other_blanks_in_a_key_are_no_other_key_also_where_rows_come_and_go(shop, written):
    edit(shop, KEY, written)
    let_a_row_go_and_another_come(shop)
    ended = shop.etl("run")
    assert (ended.code, ended.summary["stages"][3]["uploaded"]) == (0, 1)


def test_the_same_key_in_other_words_is_refused_where_rows_come_and_go_and_goes_on_as_the_message_says(shop):
    edit(shop, KEY, ALIKE)
    let_a_row_go_and_another_come(shop)
    [told] = shop.etl("run").summary["problems"]
    assert (
        "the same key is only written otherwise and rows came and went (2 of its keys are known, and are not sent again)"
        in told
    )
    command = told.split("): `etl ")[1].split("`")[0].replace("MAPPING", str(shop.mapping))
    declared = etl(*shlex.split(command), **target(shop.sandbox.url, TOKEN))
    assert declared.returncode == 0, declared.stderr
    ended = shop.etl("run")
    assert (ended.code, ended.summary["stages"][3]["uploaded"]) == (0, 1)


def test_keys_of_which_some_are_known_by_chance_are_refused_too(shop):
    before = shop.sandbox.uploads()
    edit(shop, KEY, "{{ 'o2-s2' if order == 'o1' else 'x-' ~ order }}")
    ended = shop.etl("run")
    assert ended.code == 2
    assert "now 2 of its keys are new, and 2 that are known are gone" in ended.summary["problems"][0]
    assert shop.sandbox.uploads() == before


def test_a_refused_retry_forgets_nothing_of_what_failed(shop):
    """The journal is as it was: what failed is still failed, and no gate is opened by typing `run` again."""
    customers = shop.folder / "customers.csv"
    customers.write_text(customers.read_text(encoding="utf-8") + "9,user9@example.com,1\n", encoding="utf-8")
    shop.sandbox.fault("errors", count=1, type="user")
    assert shop.etl("run").code == 1
    edit(shop, KEY, OTHER)
    assert shop.etl("dry-run").code == 1
    ended = shop.etl("retry", "--stage", "user", "--yes")
    assert (ended.code, "Make the key as before" in str(ended.summary["problems"])) == (2, True), ended
    edit(shop, OTHER, KEY)
    status = shop.etl("status")
    assert (status.code, status.summary["stages"][0]["failed"]) == (1, 1)
    assert shop.etl("run").code == 1
    assert shop.etl("retry", "--stage", "user", "--yes").code == 0
    assert shop.etl("run").code == 0


def test_that_the_records_are_other_ones_is_said_once_and_holds(shop):
    edit(shop, KEY, OTHER)
    advised = [one for one in refused(shop.etl("run"), KEY).split("`") if one.startswith("etl journal new-stage")]
    done = etl(*shlex.split(advised[0])[1:], **target(shop.sandbox.url, TOKEN))
    assert (done.returncode, done.stdout) == (0, f"stage 'order_item' sends records of its own to {shop.root.name}\n")
    for uploaded in (3, 0):
        ended = shop.etl("run")
        assert ended.summary["stages"][3]["uploaded"] == uploaded


def test_new_rows_alone_under_the_same_key_are_sent(shop):
    """An export that has only what is new since the last one."""
    lines = shop.folder / "lines.csv"
    header, *rows = lines.read_text(encoding="utf-8").splitlines()
    at = header.split(",").index("sku")
    cells = [row.split(",") for row in rows]
    new = [",".join([*row[:at], f"new-{row[at]}", *row[at + 1 :]]) for row in cells]
    lines.write_text("\n".join([header, *new]) + "\n", encoding="utf-8")
    assert shop.etl("run").summary["stages"][3]["uploaded"] == len(new) == 3


@pytest.mark.parametrize("zeros", [".0", ".00"])
def test_numbers_that_were_keys_with_a_point_are_not_sent_again_without_it(tmp_path, sandbox, zeros):
    """Whole floats of JSON were keys such as '1.0' in earlier versions, DECIMALs of Parquet '1.00'.

    The journal says the same of the expression.
    """
    formerly = f"{{{{ row_number ~ '{zeros}' }}}}"
    shop = Migration(tmp_path, sandbox, write_shop(tmp_path, **SMALL))
    edit(shop, KEY, formerly)
    assert shop.etl("run").code == 0
    edit(shop, formerly, "{{ row_number }}")
    with closing(sqlite3.connect(shop.root / "journal.sqlite")) as journal, journal:
        journal.execute("UPDATE stage_keys SET made_from = '{{ row_number }}' WHERE stage = 'order_item'")
    before = shop.sandbox.uploads()
    [told] = shop.etl("run").summary["problems"]
    assert f"a record was sent with the key '2{zeros}'" in told
    assert f"Make the key what it was ({{{{ ... ~ '{zeros}' }}}})" in told
    assert "would be sent again with the key '2'" in told
    assert shop.sandbox.uploads() == before
    edit(shop, "{{ row_number }}", formerly)
    assert shop.etl("run").code == 0
    assert shop.sandbox.uploads() == before
    edit(shop, formerly, "{{ row_number }}")
    declared = etl("journal", "new-stage", shop.mapping, "order_item", **target(shop.sandbox.url, TOKEN))
    assert declared.returncode == 0, declared.stderr
    assert shop.etl("run").summary["stages"][3]["uploaded"] == 3
