"""A dry run after a load: what was sent already does not wait, as far as the journal of the mapping's target knows."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from commands import etl
from killing import Migration, write_shop

SMALL: dict[str, Any] = {"customers": 3, "dirty": False, "batch_size": 2}
STAGES = ("user", "address", "order", "order_item")
LOADED = ("uploaded", "already", "failed", "changed", "waiting", "refused", "unknown")


@pytest.fixture
def shop(tmp_path, sandbox):
    return Migration(tmp_path, sandbox, write_shop(tmp_path, **SMALL))


def counts(ended, *names):
    """Of each stage what is not 0, of the counts that `valid` is made of and of `names`."""
    found = {}
    for stage in ended.summary["stages"]:
        assert stage["valid"] == sum(stage[name] for name in LOADED)
        found[stage["name"]] = {name: stage[name] for name in (*LOADED, *names) if stage[name]}
    return found


def test_it_counts_what_the_next_run_finds_there_already_and_what_it_would_send(shop):
    assert shop.etl("run").code == 0
    assert counts(shop.etl("dry-run")) == {one: {"already": 3} for one in STAGES}
    write_shop(shop.folder, **{**SMALL, "customers": 4})
    orders = shop.folder / "orders.csv"
    orders.write_text(orders.read_text().replace('o2,2,"1.299,90"', 'o2,2,"1.300,00"'))
    told = shop.etl("dry-run")
    assert (told.code, told.summary["ok"]) == (1, False)
    assert told.summary["target"] == shop.root.name
    assert counts(told)["user"] == {"already": 3, "waiting": 1}
    assert counts(told)["order"] == {"already": 2, "changed": 1, "waiting": 1}
    done = shop.etl("run")
    sent = counts(done)
    assert (done.code, done.summary["ok"]) == (1, False)
    assert sent["user"] == {"uploaded": 1, "already": 3}
    assert sent["order"] == {"uploaded": 1, "already": 2, "changed": 1}


def test_what_failed_is_counted_as_that(shop):
    shop.sandbox.fault("errors", times=1)
    assert shop.etl("run").code == 1
    told = shop.etl("dry-run")
    assert counts(told)["user"] == {"already": 1, "failed": 1, "waiting": 1}
    assert (told.code, told.summary["ok"]) == (1, False)


def test_what_would_wait_for_a_record_that_failed_is_held_back(shop):
    shop.mapping.write_text(shop.mapping.read_text().replace('"batch_size": 2', '"batch_size": 1'))
    shop.sandbox.fault("errors", times=1)
    assert shop.etl("run").code == 1
    told = counts(shop.etl("dry-run"), "held_back")
    assert told["user"] == {"failed": 1, "waiting": 2}
    assert told["address"]["held_back"] == told["order"]["held_back"] == told["order_item"]["held_back"] == 1


def test_what_may_have_arrived_is_unknown_and_does_not_wait(shop):
    shop.sandbox.fault("error_after")
    assert shop.etl("run").code == 4
    told = shop.etl("dry-run")
    assert counts(told)["user"] == {"unknown": 2, "waiting": 1}
    assert (told.code, told.summary["ok"]) == (1, False)


def test_what_a_killed_load_left_on_its_way_is_unknown_as_status_says(shop):
    shop.killed_at("sending:written:1", "run")
    assert counts(shop.etl("dry-run"))["user"] == {"unknown": 2, "waiting": 1}
    assert counts(shop.etl("status"))["user"] == {"unknown": 2, "waiting": 1}


def test_it_changes_nothing_in_the_journal(shop):
    assert shop.etl("run").code == 0
    journal = shop.root / "journal.sqlite"
    before = hashlib.sha256(journal.read_bytes()).hexdigest(), journal.stat().st_mtime_ns
    status = shop.etl("status").summary
    shop.etl("dry-run")
    assert (hashlib.sha256(journal.read_bytes()).hexdigest(), journal.stat().st_mtime_ns) == before
    assert shop.etl("status").summary == status


def test_nothing_is_gone_because_only_the_first_rows_were_read(shop):
    assert shop.etl("run").code == 0
    for name in ("dry-run", "run"):
        assert counts(shop.etl(name, "--limit", 1), "gone")["user"] == {"already": 1}
    assert counts(shop.etl("status"), "gone")["user"] == {"already": 1}
    write_shop(shop.folder, **{**SMALL, "customers": 2})
    assert counts(shop.etl("dry-run"), "gone")["user"] == {"already": 2, "gone": 1}


def test_without_a_known_target_everything_waits(shop):
    assert shop.etl("run").code == 0
    bare = etl("dry-run", shop.mapping, "--json", OMNITRON_URL="", cwd=shop.folder)
    found = json.loads(bare.stdout)
    assert {stage["name"]: stage["waiting"] for stage in found["stages"]}["user"] == 3
    assert (bare.returncode, found["target"]) == (0, None)
    assert found["warnings"][-1] == (
        f"the mapping does not say which target, so what was sent before, to '{shop.root.name}', is not counted; set the "
        "variables of its `target` as for a run"
    )


@pytest.mark.parametrize("url", [{}, {"OMNITRON_URL": ""}])
def test_what_may_still_change_waits_with_its_children_before_anything_was_sent(shop, url):
    settle(shop, "{{ number != 'o2' }}")
    found = shop.etl("dry-run", **url).summary
    assert (found["ok"], found["problems"]) == (True, [])
    waits = {one["name"]: (one["waiting"], one["unsettled"], one["held_back"]) for one in found["stages"]}
    assert waits == {"user": (3, 0, 0), "address": (3, 0, 0), "order": (3, 1, 0), "order_item": (3, 1, 0)}


def test_what_may_still_change_is_foreseen_as_the_run_leaves_it(shop):
    settle(shop, "{{ number != 'o2' }}")
    names = ("unsettled", "held_back")
    assert shop.etl("run").code == 0
    foreseen = shop.etl("dry-run")
    assert foreseen.code == 0
    assert counts(foreseen, *names)["order"] == {"already": 2, "waiting": 1, "unsettled": 1}
    assert counts(foreseen, *names) == counts(shop.etl("run"), *names)


def test_a_journal_that_cannot_be_read_is_no_reason_to_tell_nothing_where_no_target_is_known(shop):
    assert shop.etl("run").code == 0
    for path in shop.root.glob("journal.sqlite*"):
        path.write_bytes(b"no database, but long enough to be looked at " * 100)
    done = shop.etl("dry-run", OMNITRON_URL="")
    assert (done.code, [one["waiting"] for one in done.summary["stages"]]) == (0, [3, 3, 3, 3])
    assert f"to '{shop.root.name}', is not counted" in done.summary["warnings"][-1]


def test_a_failed_record_that_the_newest_package_lacks_stays_failed_whoever_retries(shop):
    """Its row is gone, or rejected now: nothing would send it, so it is not let go."""
    shop.sandbox.fault("errors", times=1, skip=1)
    assert shop.etl("run").code == 1
    failed = [stage["failed"] for stage in shop.etl("status").summary["stages"]]
    assert failed == [1, 0, 0, 0]
    customers = shop.folder / "customers.csv"
    lines = customers.read_text(encoding="utf-8").splitlines(keepends=True)
    customers.write_text("".join(line for line in lines if not line.startswith("3,")), encoding="utf-8")
    assert shop.etl("dry-run").code == 1
    uploads = shop.sandbox.uploads()
    done = shop.etl("retry", "--stage", "user", "--yes")
    assert (done.code, shop.sandbox.uploads()) == (2, uploads)
    assert "has none of the records that have failed; put their rows right" in str(done.summary["problems"])
    after = shop.etl("status")
    assert (after.code, after.summary["ok"]) == (1, False)
    customers.write_text("".join(lines), encoding="utf-8")
    shop.etl("dry-run")
    assert shop.etl("retry", "--stage", "user", "--yes").summary["stages"][0]["failed"] == 0


def test_what_may_still_change_is_found_as_that(shop):
    settle(shop, "{{ number != 'o2' }}")
    assert shop.etl("run").code == 0
    done = etl("find", shop.mapping, "o2", "--workspace", shop.folder / "work", cwd=shop.folder)
    assert "order 'o2': valid, orders.csv row 3\n    it is not settled yet\n" in done.stdout
    assert done.stdout.count("it is not settled yet") == 1


def settle(shop, condition):
    mapping = shop.mapping.read_text()
    shop.mapping.write_text(mapping.replace("  - name: order\n", f'  - name: order\n    settled: "{condition}"\n'))
