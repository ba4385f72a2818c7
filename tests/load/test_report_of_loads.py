"""The report of a package that was sent: what its load ended in, as the load itself wrote it and as it is written anew."""

from __future__ import annotations

import json
from typing import Any

import pytest
from killing import Migration, write_shop

import etl.load.uploader
import etl.stop  # noqa: F401
from etl.errors import EtlError
from etl.report.page.render import ENDINGS

SMALL: dict[str, Any] = {"customers": 3, "dirty": False, "batch_size": 2}


@pytest.fixture
def shop(tmp_path, sandbox):
    return Migration(tmp_path, sandbox, write_shop(tmp_path, **SMALL))


def upload(shop):
    [package] = (shop.home / "packages").iterdir()
    page = (package / "report.html").read_text(encoding="utf-8")
    return json.loads((package / "report.json").read_text())["upload"], page


@pytest.mark.parametrize(
    ("fault", "how", "ending"),
    [
        ("errors", {"count": 1}, "a stage has more failed records than the mapping allows"),
        ("error_after", {}, "it is not known whether a batch arrived"),
        ("error_before", {"status": 400}, "Omnitron refused a batch"),
    ],
)
def test_a_report_that_is_written_anew_says_in_a_few_words_what_the_load_ended_in(shop, fault, how, ending):
    shop.sandbox.fault(fault, **how)
    assert shop.etl("run").code != 0
    first, page = upload(shop)
    assert first["ended"] == ending
    assert f"</b> {ending}." in page
    assert shop.etl("report").code == 0
    assert upload(shop)[0] == first


def test_the_report_after_a_kill_does_not_say_that_nothing_needs_a_person(shop):
    shop.killed_at("accepted:written:1", "run")
    assert shop.etl("report").code == 0
    told, page = upload(shop)
    assert (told["ended"], told["error"]) == ("its process was killed, or ended without a word", None)
    assert "</b> its process was killed, or ended without a word." in page
    assert "Nothing needs a person." not in page


def test_a_target_that_nothing_was_sent_to_is_refused_and_the_report_stays(shop):
    assert shop.etl("run").code == 0
    before = upload(shop)
    ended = shop.etl("report", "--target", "nix")
    assert ended.code == 2
    assert "nothing was sent to a target 'nix'" in ended.output + ended.error
    assert upload(shop) == before


def test_whatever_may_end_a_load_is_said_in_words_that_the_page_knows():
    def kinds(one):
        return {one}.union(*map(kinds, one.__subclasses__()))

    assert {one.ending for one in kinds(EtlError)} <= set(ENDINGS)
