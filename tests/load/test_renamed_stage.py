"""A stage that gets another name: its records were sent, and are not sent again by that."""

from __future__ import annotations

import json
import shlex
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from commands import etl, target
from killing import Migration, write_shop
from load_helpers import TOKEN

from etl.commands import run as running
from etl.commands.settings import Settings
from etl.errors import MappingError
from etl.outside import Outside

SMALL: dict[str, Any] = {"customers": 3, "dirty": False, "batch_size": 2}
OLD, NEW = "  - name: order_item\n", "  - name: lines\n    payload: order_item\n"


@pytest.fixture
def shop(tmp_path, sandbox):
    return Migration(tmp_path, sandbox, write_shop(tmp_path, **SMALL))


def edit(shop, old, new):
    text = shop.mapping.read_text(encoding="utf-8")
    assert text.count(old) == 1
    shop.mapping.write_text(text.replace(old, new), encoding="utf-8")


def rename(shop):
    edit(shop, OLD, NEW)


def refusal(shop, advised="MAPPING"):
    name = shop.root.name
    return (
        f"nothing was sent to {name} as stage 'lines' yet, but as 'order_item', which the mapping does not have (any more): if "
        "that is the same stage under a new name, all of it would be sent again. Call it 'order_item' again; or, if 'lines' "
        f"sends other records: `etl journal new-stage {shop.mapping} lines --workspace {shop.folder}/work`; or, to begin this "
        f"rehearsal anew: `etl start-over {shop.mapping} --workspace {shop.folder}/work`. Nothing was sent now"
    )


def typed(shop, *words):
    return etl(*words, "-w", shop.folder / "work", cwd=shop.folder, **target(shop.sandbox.url, TOKEN))


def items(shop):
    return sum(shop.stored("order_item").values())


def test_a_stage_that_was_renamed_after_a_load_does_not_send_its_records_again(shop):
    assert shop.etl("run").code == 0
    package = shop.home / "packages" / shop.package()
    before = shop.sandbox.uploads()
    rename(shop)
    for name, *more in (
        ("run",),
        ("run", "--final"),
        ("pilot",),
        ("resume",),
        ("retry", "--yes"),
        ("run", "--package", package),
    ):
        ended = shop.etl(name, *more)
        assert (name, ended.code, ended.summary["problems"]) == (name, 2, [refusal(shop)])
    assert shop.etl("dry-run").code == 0
    newest = max((shop.home / "packages").iterdir())
    assert newest != package
    for name in ("run", "pilot"):
        assert shop.etl(name, "--package", newest).summary["problems"] == [refusal(shop)]
    assert shop.sandbox.uploads() == before
    edit(shop, NEW, OLD)
    assert shop.etl("run").code == 0
    assert shop.sandbox.uploads() == before


def test_what_resume_advises_for_a_renamed_stage_sends_nothing_twice(shop):
    shop.killed_at("sending:written:8", "run")  # one batch of items has been sent
    shop.decide()
    rename(shop)
    ended = shop.etl("resume")
    assert (ended.code, ended.summary["problems"]) == (2, [refusal(shop)])
    assert shop.etl("run").code == 2
    edit(shop, NEW, OLD)
    assert shop.etl("resume").code == 0
    assert set(shop.stored("order_item").values()) == {1}
    assert items(shop) == 3


def test_a_stage_of_which_nothing_was_sent_may_be_renamed_and_what_resume_advises_sends_each_record_once(shop):
    shop.killed_at("sending:unwritten:3", "run")  # among the addresses
    shop.decide()
    rename(shop)
    ended = shop.etl("resume")
    assert ended.code == 2
    assert "prepare a new package with `etl run" in ended.error
    assert shop.etl("run").code == 0
    assert set(shop.stored("order_item").values()) == {1}
    assert items(shop) == 3


def test_a_pilot_counts_as_sent(shop):
    assert shop.etl("pilot").code == 0
    rename(shop)
    assert shop.etl("run").summary["problems"] == [refusal(shop)]


def test_that_a_stage_is_another_one_is_said_once_and_holds(shop):
    assert shop.etl("run").code == 0
    rename(shop)
    edit(shop, '    key: "{{ order }}-{{ sku }}"', '    key: "x-{{ order }}-{{ sku }}"')
    advised = [one for one in refusal(shop).split("`") if one.startswith("etl journal")]
    done = etl(*shlex.split(advised[0])[1:], **target(shop.sandbox.url, TOKEN))
    assert (done.returncode, done.stdout) == (0, f"stage 'lines' sends records of its own to {shop.root.name}\n")
    for uploaded in (3, 0):
        ended = shop.etl("run")
        assert (ended.code, ended.summary["stages"][3]["uploaded"]) == (0, uploaded)
    edit(shop, "  - name: lines\n", "  - name: third\n")
    assert "as stage 'third' yet, but as 'lines' or 'order_item', which" in shop.etl("run").summary["problems"][0]


def test_only_a_stage_of_the_mapping_can_be_another_one_and_only_where_something_was_sent(shop):
    done = typed(shop, "journal", "new-stage", shop.mapping, "lines")
    told = f"{shop.mapping}: has no stage 'lines'; there is address, order, order_item, user\n"
    assert (done.returncode, done.stderr) == (2, told)
    done = typed(shop, "journal", "new-stage", shop.mapping, "order_itm")
    assert done.stderr == f"{shop.mapping}: has no stage 'order_itm'; did you mean 'order_item'?\n"
    done = typed(shop, "journal", "new-stage", shop.mapping, "order_item")
    assert done.returncode == 2
    assert "no journal here" in done.stderr
    assert not (shop.root / "journal.sqlite").exists()


def test_a_stage_that_is_removed_or_comes_beside_the_others_is_no_reason_to_refuse(shop):
    assert shop.etl("run").code == 0
    text = shop.mapping.read_text(encoding="utf-8")
    whole, last = text.partition(OLD)[0], text.partition(OLD)[2]
    shop.mapping.write_text(whole, encoding="utf-8")
    assert shop.etl("run").code == 0
    beside = NEW.replace("lines", "gifts") + last.replace("}}-{{", "}}-gift-{{")
    shop.mapping.write_text(text + beside, encoding="utf-8")
    assert shop.etl("run").code == 0
    assert items(shop) == 6  # each stage sends its own


def test_under_the_lock_it_is_asked_again(shop, monkeypatch):
    for name, value in target(shop.sandbox.url, TOKEN).items():
        monkeypatch.setenv(name, value)
    assert shop.etl("run").code == 0
    rename(shop)
    monkeypatch.setattr("etl.places.check_stages", lambda *_: None)
    before = shop.sandbox.uploads()
    _, error = running.run(shop.mapping, Settings(shop.folder / "work", workers=1), Outside())
    assert isinstance(error, MappingError)
    assert "which the mapping does not have" in str(error)
    assert shop.sandbox.uploads() == before


def test_a_journal_of_before_knows_its_stages(shop):
    assert shop.etl("run").code == 0
    with closing(sqlite3.connect(shop.root / "journal.sqlite")) as journal:
        journal.execute("DROP TABLE new_stages")
        journal.commit()
    rename(shop)
    assert json.loads(shop.etl("run").output)["problems"] == [refusal(shop)]
