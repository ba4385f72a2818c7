"""The commands around a load, as processes: pilot, run again, resume, status, resolve, history, verify; signals; two at once."""

import csv
import fcntl
import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
from typing import Any

import pytest
from commands import etl, target
from killing import KILLED, Migration, write_shop
from load_helpers import PASSWORD, TOKEN
from waiting import eventually

from etl.journal.status import read_status
from etl.verify.asking import NEVER_TRIED

KEPT_ALL = (
    "warning: migration.yaml:23:17: is the same for all customers: whoever knows one password can log in as anybody; "
    "`unusable_password` makes one for each customer that nobody knows, where the old shop stored none\n"
    "warning: user: `where` leaves out no row\n"
)


class Shop(Migration):
    """Three customers in batches of two, and a person who types commands."""

    def type(self, name, *more, **settings):
        """Run a command the way a person does, without --json. That advised commands are whole is for test_advice."""
        done = etl(
            name,
            *more,
            "--workspace",
            self.folder / "work",
            cwd=self.folder,
            **target(self.sandbox.url, TOKEN),
            **settings,
        )
        done.stdout, done.stderr = self.shortened(done.stdout), self.shortened(done.stderr)
        return done

    def shortened(self, text):
        given = re.compile(rf"( --mapping)? {self.mapping}| --workspace {self.folder}/work| \.(?=$| )")
        return re.sub(r"(?<=`)etl [^`]*", lambda found: given.sub("", found[0]), text)

    def again(self, **settings):
        """Change the mapping's target."""
        write_shop(self.folder, **{**SMALL, **settings})

    @property
    def states(self):
        return {stage.name: dict(stage.batches) for stage in read_status(self.root).stages}


SMALL: dict[str, Any] = {"customers": 3, "dirty": False, "batch_size": 2, "shop_url": "${OMNITRON_URL}"}


@pytest.fixture
def shop(tmp_path, sandbox):
    return Shop(tmp_path, sandbox, write_shop(tmp_path, **SMALL))


@pytest.fixture
def unknown(shop):
    """The first batch of a run was answered 500, though it had arrived."""
    shop.sandbox.fault("error_after")
    assert shop.type("run", shop.mapping).returncode == 4
    return shop


def plain(text, shop):
    """A text without what differs from one time to another."""
    text = text.replace(str(shop.folder), "FOLDER").replace(shop.root.name, "TARGET").replace(shop.sandbox.url, "URL")
    text = re.sub(
        r" (--mapping )?FOLDER/migration.yaml| --workspace FOLDER/work", "", text
    )  # that commands are whole: test_advice
    text = re.sub(r"20\d{6}T\d{6}Z(-\d+)?", "PACKAGE", text)
    text = re.sub(r"20\d\d-\d\d-\d\dT[\d:.]+\+00:00", "TIME", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "SHA-256", text)
    text = re.sub(r"\b[0-9a-f]{32}\b", "ID", text)
    return re.sub(r" +$", "", text, flags=re.MULTILINE)


# pilot

PILOTED = """\
user: {0}; no errors
address: a{0}; no errors
order: o{0}; no errors
order_item: o{0}-s{0}; no errors
The pilot succeeded. Next: `etl verify --email E`, as the user of the first line.
"""


def test_a_pilot_sends_one_user_with_what_belongs_to_it_and_says_what_comes_next(shop):
    done = shop.type("pilot", shop.mapping)
    assert (done.returncode, done.stdout, done.stderr) == (0, PILOTED.format(1), "")
    assert [one["count"] for one in shop.sandbox.ask("uploads")["results"]] == [1, 1, 1, 1]


def test_a_key_chooses_the_pilots_user_and_records_how_many(shop):
    assert shop.type("pilot", shop.mapping, "--key", "2").stdout == PILOTED.format(2)
    again = shop.type("pilot", shop.mapping, "--key", "2")
    assert (again.returncode, again.stderr) == (
        2,
        "all that belongs to '2' was uploaded before; choose another with --key\n",
    )
    assert shop.type("pilot", shop.mapping, "--key", "77").stderr == (
        "stage 'user' of the package has no record with the key '77'\n"
    )
    found = json.loads(shop.type("pilot", shop.mapping, "--records", 2, "--json").stdout)
    assert list(found) == ["migration", "package", "stages", "email"]
    assert [(one["name"], one["keys"], one["already"]) for one in found["stages"]] == [
        ("user", ["1", "3"], []),
        ("address", ["a1", "a3"], []),
        ("order", ["o1", "o3"], []),
        ("order_item", ["o1-s1", "o3-s3"], []),
    ]
    assert found["email"] == "user1@example.com"


def test_an_error_stops_a_pilot_and_what_comes_after_is_not_sent(shop):
    shop.sandbox.fault("errors", type="address")
    done = shop.type("pilot", shop.mapping)
    assert (done.returncode, done.stdout) == (1, "")
    assert plain(done.stderr, shop) == (
        "stage 'address' has 1 error in 1 record, and a pilot stops at the first. "
        "Check the formats of what was sent and put the mapping right; after that `etl dry-run` prepares them anew, "
        "`etl retry` sends them again, and `etl pilot` goes on\n"
        "  batch 2: 1 error in 1 record (keys a1), its bytes: FOLDER/work/shop/TARGET/batches/address/000002.json\n"
        "  the requests: FOLDER/work/shop/TARGET/requests.jsonl\n"
    )
    assert [one["type"] for one in shop.sandbox.ask("uploads")["results"]] == ["user", "address"]


def test_a_pilot_follows_to_its_end_what_an_earlier_one_had_sent(shop):
    """The first was killed when the address was accepted; the second finds out that it failed."""
    shop.sandbox.fault("errors", type="address")
    shop.killed_at("accepted:written:2", "pilot")
    done = shop.type("pilot", shop.mapping)
    assert (done.returncode, done.stderr.split(".")[0]) == (
        1,
        "stage 'address' has 1 error in 1 record, and a pilot stops at the first",
    )
    assert shop.type("pilot", shop.mapping).stdout == PILOTED.format(2)


def test_a_run_is_refused_until_a_pilot_has_succeeded_and_then_sends_the_rest(shop):
    shop.again(require_pilot=True)
    done = shop.type("run", shop.mapping)
    assert done.returncode == 2
    assert done.stderr == "target.require_pilot is set, and no pilot has succeeded yet; run `etl pilot` first\n"
    assert shop.sandbox.keys() == []
    assert list(shop.folder.glob("work/*/packages/*")) == []  # known before hours are spent on preparing
    assert shop.type("pilot", shop.mapping).returncode == 0
    done = shop.type("run", shop.mapping)
    assert (done.returncode, done.stderr) == (0, KEPT_ALL)
    assert plain(done.stdout, shop) == RUN_AFTER_A_PILOT
    assert shop.sandbox.keys() == ["1", "2", "3"]


RUN_AFTER_A_PILOT = """\
Migration shop

 stage       read  filtered  rejected  held  valid  uploaded  failed  already
 ─────────────────────────────────────────────────────────────────────────────
 user           3         0         0     0      3         2       0        1
 address        3         0         0     0      3         2       0        1
 order          3         0         0     0      3         2       0        1
 order_item     3         0         0     0      3         2       0        1

Package: FOLDER/work/shop/packages/PACKAGE
Report: FOLDER/work/shop/packages/PACKAGE/report.html
Target: TARGET
"""


# run again, resume


def test_a_second_run_sends_only_what_is_new_and_lists_what_has_changed(shop):
    shop.type("run", shop.mapping)
    write_shop(shop.folder, **{**SMALL, "customers": 5})
    orders = shop.folder / "orders.csv"
    orders.write_text(orders.read_text().replace('o2,2,"1.299,90"', 'o2,2,"1.300,00"'))
    done = shop.etl("run")
    assert done.code == 1
    assert list(map(shop.shortened, done.summary["problems"])) == [
        "order: not sent again, though changed since the upload: 1 record; `etl status --changed` lists them"
    ]
    assert [(one["valid"], one["uploaded"], one["already"]) for one in done.summary["stages"]] == [
        (5, 2, 3),
        (5, 2, 3),
        (5, 2, 2),
        (5, 2, 3),
    ]
    uploads = shop.sandbox.ask("uploads")["results"]
    assert [one["count"] for one in uploads] == [2, 1] * 4 + [1, 1] * 4
    [order] = shop.sandbox.ask("records/order?key=o2")["results"]
    assert (order["record"]["amount"], order["received"]) == (1299.9, 1)
    migration = order["migration_id"]
    assert shop.type("status", "--changed").stdout.endswith(
        f"changed since it was uploaded: order 'o2' (batch 5, migration {migration})\n  amount: 1299.9 -> 1300.0\n"
    )
    found = json.loads(shop.type("status", "--changed", "--json").stdout)
    assert found["changed"] == [
        {
            "stage": "order",
            "key": "o2",
            "batch": 5,
            "migration_id": migration,
            "fields": [{"field": "amount", "what": "changed", "old": 1299.9, "new": 1300.0}],
        }
    ]
    assert found["gone"] == []


def test_personal_fields_that_have_changed_are_masked_and_what_is_gone_is_listed(shop):
    shop.type("run", shop.mapping)
    customers = shop.folder / "customers.csv"
    head, first, second, *_ = customers.read_text().splitlines()
    assert "user2@example.com" in second
    customers.write_text("\n".join([head, first, second.replace("user2@", "other@")]) + "\n")
    shop.type("run", shop.mapping)
    lines = shop.type("status", "--changed").stdout.splitlines()
    assert '  email: "u***@e***.com" -> "o***@e***.com"' in lines
    assert any(line.startswith("uploaded, and not in the package: user '3' (batch 2, migration ") for line in lines)
    shown = shop.type("status", "--changed", "--show-data").stdout
    assert '  email: "user2@example.com" -> "other@example.com"\n' in shown


def test_what_has_changed_and_what_is_gone_is_written_to_a_private_file_as_it_is(shop):
    shop.type("run", shop.mapping)
    customers = shop.folder / "customers.csv"
    head, first, second, *_ = customers.read_text().splitlines()
    customers.write_text("\n".join([head, first, second.replace("user2@", "other@")]) + "\n")
    shop.type("run", shop.mapping)
    file = shop.folder / "changed.csv"
    done = shop.type("status", "--changed", "--write", file)
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert (
        done.stderr
        == f"{file}: {len({(one['stage'], one['key']) for one in rows})} records that changed or are gone, "
        + ("with personal data as it is (0600)\n")
    )
    users = [one for one in rows if one["stage"] == "user"]
    migration = {one["batch"]: one["migration_id"] for one in users}["1"]
    assert len(migration) > 5
    assert users[0] == {
        "stage": "user", "key": "2", "what": "changed", "field": "email", "old": "user2@example.com",
        "new": "other@example.com", "batch": "1", "migration_id": migration,
    }  # fmt: skip
    assert [(one["key"], one["what"], one["batch"]) for one in users[1:]] == [("3", "gone", "2")]
    assert file.stat().st_mode & 0o777 == 0o600
    again = shop.type("status", "--changed", "--write", file)
    assert (again.returncode, again.stderr) == (
        2,
        f"{file}: is there already, and is not written over; name another file\n",
    )
    alone = shop.type("status", "--write", file)
    assert (alone.returncode, alone.stderr) == (2, "--write writes what --changed lists; say --changed, too\n")


def test_resume_sends_the_same_bytes_also_when_the_sources_have_changed_since(shop):
    shop.killed_at("accepted:written", "run")
    before = {path: path.read_bytes() for path in shop.home.rglob("payloads/**/*.json")}
    write_shop(shop.folder, **{**SMALL, "customers": 30})
    done = shop.type("resume", shop.mapping)
    assert (done.returncode, done.stderr) == (0, KEPT_ALL)
    assert shop.sandbox.keys() == ["1", "2", "3"]
    assert {path: path.read_bytes() for path in shop.home.rglob("payloads/**/*.json")} == before
    uploads = shop.sandbox.ask("uploads")["results"]
    assert shop.etl("resume").code == 0
    assert shop.sandbox.ask("uploads")["results"] == uploads


@pytest.mark.parametrize("name", ["resume", "status", "history", "resolve"])
def test_where_nothing_was_sent_there_is_nothing_to_go_on_with(name, shop):
    more = {"history": ("--key", "1", "--stage", "user"), "resolve": (1, "--lost")}.get(name, ())
    done = shop.type(name, *(() if name == "resolve" else (shop.mapping,)), *more)
    assert (done.returncode, plain(done.stderr, shop)) == (
        2,
        "FOLDER/work/shop/TARGET/journal.sqlite: no journal here; nothing has been sent to this target from this workspace yet. "
        "`etl run` sends it; what was sent from another workspace is known there: name that with --workspace\n",
    )
    assert not shop.root.exists()


def test_after_a_pilot_alone_there_is_nothing_to_resume(shop):
    shop.type("pilot", shop.mapping)
    done = shop.type("resume", shop.mapping)
    assert (done.returncode, plain(done.stderr, shop)) == (
        2,
        "FOLDER/work/shop/TARGET: there is nothing to resume; `etl run` starts a load\n",
    )


def test_several_migrations_in_a_workspace_ask_for_the_one_that_is_meant(shop):
    shop.type("pilot", shop.mapping)
    (shop.folder / "work/another").mkdir()
    (shop.folder / "work/another/journal.sqlite").touch()
    shop.mapping.rename(shop.folder / "shop.yaml")
    done = shop.type("status")
    assert (done.returncode, done.stderr) == (
        2,
        f"{shop.folder}/work holds several migrations (another, shop); name the mapping of the one you mean\n",
    )
    assert shop.type("status", "shop.yaml").returncode == 1  # after a pilot all others wait


# A package that was looked at; some of the stages


def test_a_package_that_was_looked_at_is_uploaded_as_it_is_though_the_source_has_changed_since(shop):
    package = json.loads(shop.type("dry-run", shop.mapping, "--json").stdout)["package"]
    write_shop(shop.folder, **{**SMALL, "customers": 5})
    done = shop.etl("run", "--package", package)
    assert (done.code, done.summary["package"]) == (0, str((shop.folder / package).resolve()))
    assert shop.sandbox.keys() == ["1", "2", "3"]


def test_a_package_that_is_not_what_was_looked_at_is_not_uploaded(shop):
    package = shop.folder / json.loads(shop.type("dry-run", shop.mapping, "--json").stdout)["package"]
    index = package / "index/order_item.jsonl"
    index.write_text(index.read_text().replace("o1", "o9"))
    done = shop.type("run", shop.mapping, "--package", package)
    assert done.returncode == 1
    assert done.stderr == f"{index}: changed since it was prepared (SHA-256 differs); nothing of it is used\n"
    index.write_text(index.read_text().replace("o9", "o1"))
    manifest = package / "manifest.json"
    whole = manifest.read_text()
    manifest.write_text(whole.replace('"valid": 3', '"valid": 2', 1))
    done = shop.type("run", shop.mapping, "--package", package)
    assert (done.returncode, done.stderr) == (
        1,
        f"{manifest}: changed since it was prepared (it counts 2 records of stage 'user', and its batches have 3); "
        "nothing of it is used\n",
    )
    manifest.write_text(whole)
    shop.mapping.write_text(shop.mapping.read_text() + "\n")
    done = shop.type("run", shop.mapping, "--package", package)
    assert (done.returncode, "was made by another version of migration.yaml" in done.stderr) == (2, True)
    done = shop.type("run", shop.mapping, "--package", package, "--limit", 5)
    assert (
        done.stderr
        == f"--package {package}: is uploaded as it is; leave --stage, --limit, --fresh and --snapshot out\n"
    )
    assert shop.sandbox.keys() == []


def test_a_source_without_rows_is_told_of_and_ends_with_1(shop):
    (shop.folder / "orders.csv").write_text("number,customer,amount\n")
    (shop.folder / "lines.csv").write_text("order,sku,price\n")
    for name in ("dry-run", "run"):
        done = shop.etl(name)
        told = [one for one in done.summary["problems"] if "no rows" in one]
        assert (done.code, done.summary["ok"], told) == (
            1,
            False,
            [f"{one}: {EMPTY}" for one in ("order", "order_item")],
        )
    assert shop.sandbox.keys() == ["1", "2", "3"]
    text = shop.mapping.read_text()
    for stage in ("order", "order_item"):
        text = text.replace(f"  - name: {stage}\n", f"  - name: {stage}\n    may_be_empty: true\n")
    shop.mapping.write_text(text)
    for name in ("dry-run", "run"):
        done = shop.etl(name)
        assert (done.code, done.summary["ok"], done.summary["problems"]) == (0, True, [])


EMPTY = "the source has no rows; is the export whole? Where it may be empty, `may_be_empty: true` in the stage says so"


def test_a_refused_batch_whose_records_went_in_another_one_is_refused_no_more(shop):
    shop.sandbox.fault("error_before", status=400)
    assert shop.etl("run").code == 3
    refused = json.loads(shop.etl("status").output)
    assert [one["refused"] for one in refused["stages"]] == [2, 0, 0, 0]
    assert [one["state"] for one in refused["attention"]] == ["refused"]
    assert shop.etl("run").code == 0
    mended = json.loads(shop.etl("status").output)
    assert [one["refused"] for one in mended["stages"]] == [0, 0, 0, 0]
    assert (mended["ok"], mended["attention"]) == (True, [])


def test_stages_can_be_sent_one_after_the_other_and_none_before_those_it_refers_to(shop):
    done = shop.etl("run", "--stage", "order")
    assert (done.code, [(one["name"], one["held"]) for one in done.summary["stages"]]) == (1, [("order", 3)])
    [told] = done.summary["problems"]
    assert "held, because user '1' has not arrived, and its stage is not among those that are prepared" in told
    [told] = done.summary["problems"]
    assert "held, because user '1' has not arrived, and its stage is not among those that are prepared" in told
    assert shop.sandbox.uploads() == []
    assert shop.etl("run", "--stage", "user").code == 0
    assert shop.etl("run", "--stage", "order", "--stage", "address").code == 0
    assert (shop.sandbox.keys(), shop.sandbox.keys("order", "number")) == (["1", "2", "3"], ["o1", "o2", "o3"])
    done = shop.type("run", shop.mapping, "--stage", "ordr")
    assert (done.returncode, done.stderr) == (2, "--stage ordr: the mapping has no such stage; did you mean 'order'?\n")


def settling(shop, condition):
    mapping = shop.mapping.read_text()
    shop.mapping.write_text(mapping.replace("  - name: order\n", f'  - name: order\n    settled: "{condition}"\n'))


def test_what_may_still_change_waits_with_its_children_until_it_is_settled(shop):
    settling(shop, "{{ amount != '1.299,90' or number != 'o2' }}")
    done = shop.etl("run")
    assert (done.code, done.summary["ok"], done.summary["problems"]) == (0, True, [])
    assert [(one["uploaded"], one["waiting"], one["unsettled"], one["held_back"]) for one in done.summary["stages"]] == [
        (3, 0, 0, 0), (3, 0, 0, 0), (2, 1, 1, 0), (2, 1, 1, 0),
    ]  # fmt: skip
    assert shop.sandbox.keys("order", "number") == ["o1", "o3"]
    assert shop.type("status").returncode == 0
    orders = shop.folder / "orders.csv"
    orders.write_text(orders.read_text().replace('o2,2,"1.299,90"', 'o2,2,"1.300,00"'))
    done = shop.etl("run")
    assert (done.code, [one["waiting"] for one in done.summary["stages"]]) == (0, [0, 0, 0, 0])
    assert shop.sandbox.keys("order", "number") == ["o1", "o2", "o3"]


def test_in_the_last_night_all_goes(shop):
    settling(shop, "{{ number == 'o1' }}")
    assert [one["unsettled"] for one in shop.etl("run").summary["stages"]] == [0, 0, 2, 2]
    assert shop.etl("run", "--final").code == 0
    assert shop.sandbox.keys("order_item", "sku") == ["s1", "s2", "s3"]


def test_a_row_of_which_nobody_can_tell_whether_it_is_settled_is_rejected(shop):
    settling(shop, "{{ (number | replace('o', '') | int) / (number | replace('o', '') | int - 2) != 0 }}")
    done = shop.type("dry-run", shop.mapping)
    assert "order: orders.csv row 3, field 'settled': " in done.stderr


def test_failed_records_are_sent_again_by_a_command_and_what_waited_for_them_by_the_next(shop):
    mapping = shop.mapping.read_text()
    shop.sandbox.fault("errors", type="user", count=2)
    assert shop.etl("run").code == 1
    shop.mapping.write_text(f"{mapping}\n")
    done = shop.type("retry", shop.mapping)
    assert (done.returncode, "was made by another version of migration.yaml" in done.stderr) == (2, True)
    assert shop.type("dry-run", shop.mapping).returncode == 1
    done = shop.etl("retry", "--stage", "user")
    assert (done.code, done.summary["stages"][0]["uploaded"], done.summary["stages"][0]["waiting"]) == (1, 2, 1)
    assert shop.etl("resume").code == 0
    assert shop.type("status").returncode == 0
    assert [one["count"] for one in shop.sandbox.ask("uploads")["results"]][:3] == [2, 1, 1]


def test_what_may_be_there_already_is_sent_again_only_when_somebody_says_yes(shop):
    shop.sandbox.fault("errors", type="order", count=1)
    assert shop.etl("run").code == 1
    done = shop.type("retry", shop.mapping)
    assert (done.returncode, done.stderr) == (
        2,
        "batch 5 (order): 1 of 2 failed, nobody knows which; its records would be sent again: one that is there comes twice, "
        "for Omnitron knows no order again\nThere is no terminal to ask whether that is meant; say so with --yes\n",
    )
    assert shop.etl("retry", "--yes", "--key", "o1").code == 1


def test_history_tells_why_a_record_was_not_sent(shop):
    users = shop.folder / "customers.csv"
    users.write_text(users.read_text().replace("user2@example.com", "user2"))
    settling(shop, "{{ number != 'o3' }}")
    package = shop.folder / shop.etl("run").summary["package"]
    told = [
        shop.type("history", shop.mapping, "--stage", stage, "--key", key).stdout.splitlines()
        for stage, key in (("user", "2"), ("order", "o2"), ("order", "o3"), ("order_item", "o3-s3"), ("user", "99"))
    ]
    assert told == [
        [
            "user '2': rejected: customers.csv row 3, field 'email': 'u***' is not an e-mail address: "
            "An email address must have an @-sign."
        ],
        ["order 'o2': held: orders.csv row 3, field 'user': user '2' is rejected (row 3)"],
        [f"order 'o3': waiting: {package}: it is not settled yet"],
        [f"order_item 'o3-s3': waiting: {package}: order 'o3' is not settled yet"],
        ["user '99': no load has ever planned to send it"],
    ]


def test_history_tells_why_a_record_will_not_be_sent_before_the_first_load(shop):
    users = shop.folder / "customers.csv"
    users.write_text(users.read_text().replace("user2@example.com", "user2"))
    asked = ("history", shop.mapping, "--stage", "user", "--key")
    nothing = shop.type(*asked, "2")
    assert (nothing.returncode, "no journal here" in nothing.stderr) == (2, True)
    assert shop.etl("dry-run").code == 1
    done = shop.type(*asked, "2")
    assert (done.returncode, done.stdout.splitlines(), done.stderr) == (
        0,
        [
            "user '2': rejected: customers.csv row 3, field 'email': 'u***' is not an e-mail address: "
            "An email address must have an @-sign."
        ],
        "",
    )
    held = shop.type("history", shop.mapping, "--stage", "order", "--key", "o2").stdout
    assert held == "order 'o2': held: orders.csv row 3, field 'user': user '2' is rejected (row 3)\n"
    good = shop.type(*asked, "1")
    assert (good.returncode, "`etl run` sends it" in good.stderr) == (2, True)
    assert not (shop.root / "journal.sqlite").exists()


# status

STATUS = """\
Target: TARGET
Package: FOLDER/work/shop/packages/PACKAGE
Last run: run, TIME: batch 5, 2 records of stage 'order': it may have arrived, so it is not sent again; look in Omnitron \
whether it did, then `etl resolve 5 --arrived [MIGRATION_ID]` or `etl resolve 5 --lost`
Pace: SOME records a second
Records of the last package

 stage       valid  uploaded  failed  waiting  unknown
 ──────────────────────────────────────────────────────
 user            3         3       0        0        0
 address         3         2       1        0        0
 order           3         0       0        1        2
 order_item      3         0       0        3        0

batch 5 (order, 2 records) is unknown: POST URL/api/v1/remote/1/migrations/start/order/ answered 500: \
(see --show-data); its bytes: FOLDER/work/shop/packages/PACKAGE/payloads/order/000001.json
  look in Omnitron, then: `etl resolve 5 --arrived [MIGRATION_ID]`, or: `etl resolve 5 --lost`
batch 4 (address, 1 record) is done: its record failed (a3); its bytes: \
FOLDER/work/shop/packages/PACKAGE/payloads/address/000002.json
"""


def test_status_tells_where_it_stands_and_what_a_person_should_look_at(shop):
    mapping = shop.mapping.read_text().replace("  - name: address\n", "  - name: address\n    gate: { errors: 1 }\n")
    shop.mapping.write_text(mapping)
    shop.sandbox.fault("errors", type="address", skip=1)
    shop.sandbox.fault("error_after", type="order")
    shop.type("run", shop.mapping)
    done = shop.type("status")
    assert (done.returncode, done.stderr) == (4, "")
    shown = re.sub(r"(?m)^(Pace: )[\d,]+", r"\1SOME", plain(done.stdout, shop))
    assert shown == STATUS
    found = json.loads(shop.type("status", shop.mapping, "--json").stdout)
    assert list(found) == [
        "target", "ok", "package", "running", "run", "pilot_succeeded", "stages", "attention", "per_second", "forecast",
        "requests", "purged", "barred", "goes_on", "targets",
    ]  # fmt: skip
    assert found["stages"][2] == {
        **dict.fromkeys(("uploaded", "already", "failed", "changed", "refused", "unsettled", "held_back", "gone"), 0),
        "name": "order",
        "valid": 3,
        "waiting": 1,
        "unknown": 2,
        "elsewhere": 0,
        "batches": {"unknown": 1, "planned": 1},
    }
    assert [(one["batch"], one["state"], one["records"], one["failed"]) for one in found["attention"]] == [
        (5, "unknown", 2, 0),
        (4, "done", 1, 1),
    ]
    assert (found["forecast"], found["goes_on"]) == (None, "resume")


# resolve


def test_a_batch_that_arrived_as_a_migration_is_followed(unknown):
    [upload] = unknown.sandbox.ask("uploads")["results"]
    done = unknown.type("resolve", 1, "--arrived", upload["migration_id"])
    assert (done.returncode, done.stdout) == (0, "batch 1 is accepted: `etl resume` follows it\n")
    assert unknown.etl("resume").code == 0
    assert unknown.sandbox.keys() == ["1", "2", "3"]


def test_a_batch_that_arrived_as_nobody_knows_what_counts_as_uploaded(unknown):
    done = unknown.type("resolve", 1, "--arrived", "--mapping", unknown.mapping)
    assert (done.returncode, done.stdout) == (
        0,
        "batch 1 is done: its records count as uploaded, and how many of them failed is not known; "
        "`etl resume` goes on after it\n",
    )
    assert unknown.etl("resume").code == 0
    assert unknown.sandbox.keys() == ["1", "2", "3"]


def test_a_batch_that_was_lost_is_sent_again(shop):
    shop.sandbox.fault("error_before", status=502)
    assert shop.type("run", shop.mapping).returncode == 4
    done = shop.type("resolve", 1, "--lost", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "batch": 1,
        "stage": "user",
        "records": 2,
        "state": "planned",
        "migration_id": None,
        "next_step": "it is planned again; `etl resume` sends it",
    }
    assert shop.etl("resume").code == 0
    assert shop.sandbox.keys() == ["1", "2", "3"]


ONE_OF = "say one of --arrived, --lost and --ask: whether Omnitron has the batch, or that it is to be asked"
WRONG: dict[str, tuple[list[Any], str]] = {
    "nothing said": ([1], ONE_OF),
    "two said": ([1, "--arrived", "--lost"], ONE_OF),
    "lost with an id": ([1, "abc", "--lost"], "only a batch that arrived became a migration; leave 'abc' out"),
    "asked of another": ([1, "--ask", "--target", "other"], "--ask asks the target of the mapping; leave --target out"),
    "asked before a trial": (
        [1, "--ask", "--mapping", "MAPPING"],
        NEVER_TRIED.format(
            then="no user is known to have arrived, who could be looked for; look in Omnitron, or in the shop, what became "
            "of batch 1, then `etl resolve 1 --arrived [MIGRATION_ID]` or `etl resolve 1 --lost`"
        ),
    ),
    "an empty id": ([1, "--arrived", ""], "'' is no migration_id; leave it out when it is not known"),
    "planned": ([2, "--lost"], "batch 2 is planned: its fate is known, there is nothing to decide"),
    "no such batch": (
        [99, "--lost"],
        "no batch 99 in FOLDER/work/shop/TARGET/journal.sqlite; there are 1 to 8 (`etl status` lists them)",
    ),
    "no number": (
        ["one", "--lost"],
        "Error: Invalid value for 'BATCH': 'one' is not a valid integer.",
    ),
}


def test_a_decision_that_makes_no_sense_is_refused_and_changes_nothing(unknown):
    before = unknown.states
    for name, (arguments, message) in WRONG.items():
        done = unknown.type("resolve", *(unknown.mapping if one == "MAPPING" else one for one in arguments))
        assert (done.returncode, plain(done.stderr, unknown).splitlines()[-1]) == (2, message), name
    assert unknown.states == before


def test_a_wrong_decision_is_corrected_by_typing_the_right_one_and_one_that_was_followed_is_not(unknown):
    unknown.type("resolve", 1, "--arrived", "m1")
    assert unknown.type("resolve", 1, "--arrived", "m2").stdout == "batch 1 is accepted: `etl resume` follows it\n"
    assert (
        unknown.type("resolve", 1, "--lost").stdout
        == "batch 1 is planned: it is planned again; `etl resume` sends it\n"
    )
    [upload] = unknown.sandbox.ask("uploads")["results"]
    assert unknown.type("resolve", 1, "--arrived", upload["migration_id"]).returncode == 0
    assert unknown.etl("resume").code == 0
    done = unknown.type("resolve", 1, "--lost")
    assert (done.returncode, done.stderr) == (2, "batch 1 is done: its fate is known, there is nothing to decide\n")
    assert unknown.sandbox.keys() == ["1", "2", "3"]


# history

HISTORY = """\
order 'o2': batch 5, done
  migration  ID: total 2, success 2, errors 0
  bytes      FOLDER/work/shop/packages/PACKAGE/payloads/order/000001.json, record 2, SHA-256 SHA-256
  record     {"number": "o2", "user": "2", "user_email": "u***@e***.com", "status": "550", \
"created_date": "2021-02-03 04:05:06", "amount": 1299.9, "currency": "try", "payment_type": "", "bank": "", \
"installment_count": 1, "tracking_number": "", "shipping_company": "yurtici", "shipping_address": "S*** ***", \
"billing_address": "S*** ***", "discount_amount": null}
  TIME  planned
  TIME  sending
  TIME  unknown: POST URL/api/v1/remote/1/migrations/start/order/ answered 502: (see --show-data)
  TIME  planned: decided: lost
  TIME  sending
  TIME  accepted
  TIME  done
  TIME  ada decided: lost
"""
ATTEMPTS = (
    r"  attempt    TIME  POST URL/api/v1/remote/1/migrations/start/order/: answered 502, in [\d.]+ s\n"
    r"  attempt    TIME  POST URL/api/v1/remote/1/migrations/start/order/: answered 200, in [\d.]+ s\n"
    r"  looks      \d+, the last TIME: answered 200, in [\d.]+ s\n"
)


def test_history_tells_when_a_record_was_sent_in_which_request_and_what_came_back(shop):
    body = {"detail": "user2@example.com is not welcome"}
    shop.sandbox.fault("error_before", type="order", status=502, body=body)
    shop.type("run", shop.mapping)
    shop.type("resolve", 5, "--lost", LOGNAME="ada")
    shop.type("resume", shop.mapping)
    done = shop.type("history", "--key", "o2", "--stage", "order")
    assert (done.returncode, done.stderr) == (0, "")
    told, attempts = done.stdout.split("  attempt ", 1)
    assert plain(told, shop) == HISTORY
    assert re.fullmatch(ATTEMPTS, plain(f"  attempt {attempts}", shop))
    uploaded = shop.sandbox.ask("uploads")["results"][4]
    requests = shop.type("history", "--key", "o2", "--stage", "order", "--verbose").stdout.split("  request ", 1)[1]
    answers = [line.split("phase ")[1].split(", seconds")[0] for line in requests.splitlines()]
    assert answers[:4] == [
        "sending",
        "answered, status 502, answer (see --show-data)",
        "sending",
        f'answered, status 200, answer {{"migration_id":"{uploaded["migration_id"]}"}}',
    ]
    assert all(f"sha256 {uploaded['sha256']}" in line for line in requests.splitlines())


def test_history_shows_personal_data_only_when_asked_to(shop):
    shop.sandbox.fault("error_before", type="user", status=502, body={"detail": "user2@example.com is not welcome"})
    shop.type("run", shop.mapping)
    for more in ([], ["--json"]):
        masked = shop.type("history", shop.mapping, "--key", "2", "--stage", "user", *more).stdout
        assert "user2@example.com" not in masked
        shown = shop.type("history", shop.mapping, "--key", "2", "--stage", "user", "--show-data", *more).stdout
        assert "user2@example.com is not welcome" in shown
        assert shown.count("user2@example.com") == (
            3 if more else 2
        )  # the record, the step; and the request, in the JSON
    [sending] = json.loads(shown)["sendings"]
    assert json.loads(sending["record"])["email"] == "user2@example.com"
    assert list(sending) == [
        "batch", "state", "held", "pilot", "package", "file", "position", "sha256", "record", "migration_id",
        "total", "success", "errors", "steps", "decisions", "requests",
    ]  # fmt: skip


def test_a_record_nobody_sent_has_no_history_and_a_stage_nobody_loaded_is_named(shop):
    shop.type("pilot", shop.mapping)
    done = shop.type("history", "--key", "10045", "--stage", "order")
    assert (done.returncode, done.stdout) == (0, "order '10045': no load has ever planned to send it\n")
    done = shop.type("history", "--key", "o1", "--stage", "ordr")
    assert (done.returncode, done.stderr) == (2, "no stage 'ordr' has been loaded; did you mean 'order'?\n")


# verify

EMAIL = "user1@example.com"
VERIFIED = """\
passed             login    logged in
                            URL/users/login/
passed             user     user as sent
                            URL/
passed             address  address as sent
                            URL/account/address/
passed             order    order as sent
                            URL/users/old-orders/
passed             items    1 of 1 as sent
                            URL/users/old-orders/N/
"""
KNOWN = """\
channel: it knows migrated users: this one was there N s after it was sent; \
`etl resolve BATCH --ask` and `etl verify --arrived` can ask it
"""
NOT_LOOKED_AT = """\
could not be made  user     not logged in
                            URL/
could not be made  address  not logged in
                            URL/account/address/
could not be made  order    not logged in
                            URL/users/old-orders/
could not be made  items    not logged in
                            URL/users/old-orders/
"""


@pytest.fixture
def piloted(shop):
    """The channel knows migrated users."""
    shop.sandbox.ask("customers", {"after": 0})
    assert shop.type("pilot", shop.mapping).returncode == 0
    return shop


def verify(shop, password=PASSWORD, *more):
    return shop.type("verify", shop.mapping, "--email", EMAIL, *more, ETL_VERIFY_PASSWORD=password)


def shown_by(done, shop):
    text = re.sub(r"old-orders/\d+/", "old-orders/N/", plain(done.stdout, shop))
    return re.sub(r"\d+ s after", "N s after", text)


def nowhere(secret, shop):
    """Whether a secret is in no file of the workspace."""
    return not any(secret.encode() in path.read_bytes() for path in shop.home.rglob("*") if path.is_file())


def test_verify_passes_when_the_shop_shows_what_was_sent(piloted):
    done = verify(piloted)
    assert (done.returncode, done.stderr) == (0, "")
    assert shown_by(done, piloted) == VERIFIED + KNOWN
    found = json.loads(verify(piloted, PASSWORD, "--json").stdout)
    assert (found["passed"], [one["outcome"] for one in found["checks"]]) == (True, ["passed"] * 5)
    assert nowhere(PASSWORD, piloted)


LOGIN_REFUSED = """\
failed             login    the shop refuses the login: {"non_field_errors":["E-mail address or password is wrong."]}
                            URL/users/login/
"""


def test_a_wrong_password_fails_the_login(piloted):
    done = verify(piloted, "battery staple")
    assert done.returncode == 1
    assert shown_by(done, piloted) == LOGIN_REFUSED + NOT_LOOKED_AT + KNOWN
    assert nowhere("battery staple", piloted)


@pytest.mark.parametrize(
    ("fault", "asks"),
    [("captcha", "the shop asks for a captcha"), ("one_time_code", "the shop asks for a one-time code")],
)
def test_what_only_a_person_can_pass_could_not_be_made_and_has_a_link(fault, asks, piloted):
    piloted.sandbox.fault(fault)
    done = verify(piloted)
    assert done.returncode == 1
    assert shown_by(done, piloted) == (
        f"could not be made  login    {asks}\n                            URL/users/login/\n{NOT_LOOKED_AT}{KNOWN}"
    )


def test_the_password_is_asked_for_on_a_terminal_and_not_shown(piloted):
    terminal, inside = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "etl", "verify", piloted.mapping, "--email", EMAIL, "-w", piloted.folder / "work"],
        env={**os.environ, **target(piloted.sandbox.url, TOKEN)},
        stdin=inside,
        stdout=subprocess.PIPE,
        stderr=inside,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - nothing else sets it
        encoding="utf-8",
    )
    os.close(inside)
    shown = b""
    while not shown.endswith(b"The user's password in the shop: "):
        shown += os.read(terminal, 1024)
    os.write(terminal, f"{PASSWORD}\n".encode())
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert PASSWORD.encode() not in shown + _rest(terminal)
    os.close(terminal)


def _rest(terminal):
    """What is left to be read of a terminal that nobody writes to any more."""
    found = b""
    try:
        while chunk := os.read(terminal, 1024):
            found += chunk
    except OSError:
        return found
    return found


def test_without_a_terminal_and_a_variable_there_is_no_password(piloted):
    done = piloted.type("verify", piloted.mapping, "--email", EMAIL)
    assert (done.returncode, done.stderr) == (
        2,
        "there is no terminal to ask for the user's password; set ETL_VERIFY_PASSWORD in the environment\n",
    )


def test_the_password_is_never_an_argument(piloted):
    done = piloted.type("verify", piloted.mapping, "--email", EMAIL, "--password", PASSWORD)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, "Error: No such option '--password'.")


def test_a_user_who_was_not_sent_cannot_be_verified(piloted):
    done = piloted.type("verify", piloted.mapping, "--email", "user3@example.com", ETL_VERIFY_PASSWORD="x")
    assert (done.returncode, plain(done.stderr, piloted)) == (
        2,
        "no user with the e-mail 'user3@example.com' was sent from FOLDER/work/shop/TARGET; `etl pilot` sends one\n",
    )


def test_after_a_verified_pilot_the_channel_is_asked_what_became_of_a_batch(piloted):
    verify(piloted)
    piloted.sandbox.fault("error_after", type="user")
    assert piloted.type("run", piloted.mapping).returncode == 4
    settings = target(piloted.sandbox.url, TOKEN)
    work = piloted.folder / "work"
    done = etl("resolve", 5, "--ask", "--mapping", piloted.mapping, "--workspace", work, **settings)
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        ASKED.replace("`etl resume`", f"`etl resume {piloted.mapping} --workspace {work}`"),
        "",
    )
    lost = piloted.type("resolve", 5, "--lost", "--mapping", piloted.mapping)
    assert (lost.returncode, "knew 1 of the 1 users of batch 5" in lost.stderr) == (2, True)
    assert piloted.type("resume", piloted.mapping).returncode == 0
    done = piloted.type("verify", piloted.mapping, "--arrived")
    assert (done.returncode, done.stdout) == (
        0,
        "users sent: 3; in the channel: 3 (2 found before, 1 asked for now); missing: 0\n",
    )


ASKED = """\
batch 5: the channel was asked for all of its users (1): 1 found, 0 not
batch 5 is done: its records count as uploaded, without an error; `etl resume` goes on after it
"""


def test_users_who_are_known_to_have_failed_are_listed_with_the_command_that_sends_them_again(piloted):
    verify(piloted)
    piloted.sandbox.fault("errors", type="user")
    assert piloted.type("run", piloted.mapping).returncode == 1
    done = piloted.type("verify", piloted.mapping, "--arrived")
    assert (done.returncode, done.stdout.splitlines()) == (
        1,
        [
            "users sent: 2; in the channel: 1 (1 found before, 1 asked for now); missing: 1",
            "  not there: 2 (batch 5)",
            "batch 5: 1 known as failed; what refers to them waits, `etl retry --batch 5` sends them again",
        ],
    )
    settings = target(piloted.sandbox.url, TOKEN)
    whole = etl("verify", piloted.mapping, "--arrived", "--workspace", piloted.folder / "work", **settings).stdout
    assert f"`etl retry {piloted.mapping} --batch 5 --workspace {piloted.folder}/work`" in whole
    assert piloted.type("retry", piloted.mapping, "--batch", 5).returncode == 1
    done = piloted.type("verify", piloted.mapping, "--arrived")
    assert "in the channel: 2 (1 found before, 1 asked for now); missing: 0" in done.stdout


def test_users_who_are_not_in_the_channel_are_listed_with_exit_code_1(piloted):
    verify(piloted)
    piloted.type("run", piloted.mapping)
    piloted.sandbox.ask("customers", {"after": 3600})
    done = piloted.type("verify", piloted.mapping, "--arrived")
    assert (done.returncode, done.stdout.splitlines()) == (
        1,
        [
            "users sent: 3; in the channel: 1 (1 found before, 2 asked for now); missing: 2",
            "  not there: 2 (batch 5)",
            "  not there: 3 (batch 6)",
        ],
    )
    done = piloted.type("verify", piloted.mapping, "--arrived", "--show-data", "--json")
    assert json.loads(done.stdout)["missing"][0] == {
        "key": "2",
        "email": "user2@example.com",
        "batch": 5,
        "failed": False,
    }


def test_verify_wants_one_user_or_all_of_them(piloted):
    for more in ((), ("--arrived", "--email", EMAIL)):
        done = piloted.type("verify", piloted.mapping, *more)
        assert (done.returncode, done.stderr) == (
            2,
            "say one of --email and --arrived: which user to look for, or that all are looked up\n",
        )


# Signals


def sending(shop, batch, name="run"):
    """A command that has just begun to send this batch."""
    process = shop.start_by_hand(name)
    log = shop.root / "requests.jsonl"
    while not (log.exists() and any(_is_sending(line, batch) for line in log.read_bytes().splitlines())):
        assert process.poll() is None, process.communicate()
    return process


def _is_sending(line, batch):
    found = json.loads(line) if line.endswith(b"}") else {}
    return (found.get("phase"), found.get("batch")) == ("sending", batch)


HEARD = "{}: stopping after the request in hand; a second one ends it at once\n"
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_finishes_the_request_in_hand_and_says_how_to_go_on(number, shop):
    shop.sandbox.fault("delay_answer", skip=1, seconds=1)
    process = sending(shop, 2)
    process.send_signal(number)
    output, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (3, HEARD.format(number.name))
    told = shop.shortened(json.loads(output)["problems"][0])
    assert told == f"stopped by {number.name}; `etl resume` goes on where this ended"
    assert shop.states["user"] in ({"done": 1, "accepted": 1}, {"done": 2})
    assert read_status(shop.root).run.outcome == f"stopped by {number.name}; `etl resume` goes on where this ended"
    assert shop.etl("resume").code == 0
    assert shop.sandbox.keys() == ["1", "2", "3"]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_second_signal_ends_it_at_once_and_the_journal_knows_what_may_have_arrived(number, shop):
    shop.sandbox.fault("delay_answer", skip=1, seconds=30)
    process = sending(shop, 2)
    eventually(lambda: len(shop.sandbox.uploads()) == 2)  # its request has arrived, and waits for its answer
    process.send_signal(number)
    assert process.stderr.readline() == HEARD.format(number.name)
    process.send_signal(number)
    assert (*process.communicate(timeout=60), process.returncode) == ("", "", -number)
    assert (read_status(shop.root).running, shop.states["user"]) == (None, {"done": 1, "unknown": 1})
    assert [(one.batch, one.why) for one in shop.unknown()] == [(2, "the process ended before an answer was written")]
    shop.sandbox.clear_faults()
    assert shop.decide() == 1
    assert shop.etl("resume").code == 0
    assert shop.sandbox.keys() == ["1", "2", "3"]


def test_a_pilot_that_is_stopped_says_how_to_go_on_with_a_pilot(shop):
    shop.sandbox.fault("delay_answer", skip=1, seconds=1)
    process = sending(shop, 2, "pilot")
    process.send_signal(signal.SIGINT)
    output, error = process.communicate(timeout=60)
    message = "stopped by SIGINT; what was sent is in the journal; `etl pilot` starts another one"
    told = json.loads(output)["problems"]
    assert (process.returncode, shop.shortened(error), list(map(shop.shortened, told))) == (
        3,
        f"{HEARD.format('SIGINT')}{message}\n",
        [message],
    )
    assert shop.type("pilot", shop.mapping).stdout == PILOTED.format(2)


# Two at once


@pytest.mark.parametrize("name", ["run", "resume", "pilot", "resolve"])
def test_a_second_one_is_told_who_holds_the_migration(name, shop):
    shop.sandbox.fault("never_ends")
    process = sending(shop, 1)
    more = (1, "--lost") if name == "resolve" else (shop.mapping,)
    done = shop.type(name, *more)
    holder = " ".join(["etl", *shop.arguments("run")])
    assert done.returncode == 2
    assert re.fullmatch(
        rf"{shop.root} is held by {re.escape(shop.shortened(f'`{holder}`'))}, process {process.pid} on [^ ,]+, since [-+:\dT]+; "
        r"one load at a time: wait for it, or stop it with Ctrl-C\n",
        done.stderr,
    ), done.stderr
    if name == "run":
        status = shop.type("status").stdout
        assert f"\nRunning: {holder}, process {process.pid} on " in status
    process.kill()
    process.communicate()
    assert process.returncode == KILLED


def test_a_retry_that_leaves_records_says_so_and_what_goes_on(shop):
    shop.sandbox.fault("errors", type="user")
    assert shop.etl("run").code == 1
    ended = shop.etl("retry", "--yes")
    assert (ended.code, ended.summary["ok"]) == (1, False)
    left = sum(one["waiting"] for one in ended.summary["stages"])
    command = f"`etl resume {shop.mapping} --workspace {shop.folder}/work`"
    assert ended.summary["problems"] == [f"not sent yet: {left} records; {command} goes on"]
    shown = shop.type("status", shop.mapping).stdout
    assert re.search(
        r"Last run: retry, [^ ]*: came to its end; not sent yet: 10 records, `etl resume` goes on\n", shown
    )
    assert "Left:" not in shown
    assert shop.etl("resume").code == 0
    assert re.search(r"Last run: resume, [^ ]*: ok\n", shop.type("status", shop.mapping).stdout)
