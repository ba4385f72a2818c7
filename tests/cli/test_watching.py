"""What a person sees while a command runs."""

import bz2
import gzip
import io
import json
import lzma
import os
import pty
import re
import signal
import subprocess
import sys
from functools import cache
from random import Random
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest
from commands import TOKEN, command, environment, etl, target, write_shop
from load_helpers import (
    USER_STAGE,
    free_port,
    lines,
    make_package,
    scripted,
    send,
    states,
    target_of,
    users,
    watched,
)
from rich.console import Console
from rich.progress import Progress, TextColumn
from rich.text import Text

from etl.cli.watching import Bars, Watcher, pace, pace_columns
from etl.commands.dry_run import dry_run
from etl.commands.settings import Settings
from etl.errors import Refused, Unavailable
from etl.load.probe import probe
from etl.load.uploader import load
from etl.outside import Event, Outside
from etl.stop import Stop, Stopped


def test_the_pace_says_how_much_of_how_much_how_fast_and_how_long_yet():
    assert pace(1200, 4800, 200.0) == "1,200 of 4,800 (25 %), 200 a second, 0:00:18 left"
    assert pace(4800, 4800, 200.0) == "4,800 of 4,800 (100 %), 200 a second"
    assert pace(1200, None, 200.0) == "1,200, 200 a second"
    assert pace(0, 4800, None) == "0 of 4,800 (0 %)"


def test_a_line_tells_of_each_retry_and_nothing_else(capsys):
    watcher = Watcher()
    for kind in ("planned", "sending", "accepted", "progress", "done"):
        watcher.told(Event(kind, "user", "as usual"))
    for kind in ("retry", "halved", "odd"):
        watcher.told(Event(kind, "user", f"{kind}:\x1b[2J"))
    assert capsys.readouterr() == ("", "retry:\\x1b[2J\nhalved:\\x1b[2J\nodd:\\x1b[2J\n")


def test_a_terminal_that_is_gone_keeps_nothing_from_the_journal(monkeypatch, tmp_path):
    class Gone(io.StringIO):
        def write(self, text):
            raise OSError(5, "Input/output error")

    answers = (429, b""), (200, {"migration_id": "m1"}), (200, {"total_count": 1, "success_count": 1, "error_count": 0})
    package = make_package(tmp_path / "packages" / "one", users(1))
    outside = Outside(events=Watcher().told, sleep=lambda seconds: None)
    monkeypatch.setattr(sys, "stderr", Gone())
    with scripted(*answers) as server:
        load(package, target_of(server.url), USER_STAGE, tmp_path, outside)
    assert states(tmp_path) == {"done": 1}


# Before anything is prepared


def test_a_server_that_is_there_and_knows_the_token_is_asked_once(tmp_path):
    with scripted((200, {})) as server:
        probe(target_of(server.url), tmp_path, watched()[0])
    assert [(one.method, one.path) for one in server.seen] == [("GET", "/api/v1/active_user/")]
    assert [one["purpose"] for one in lines(tmp_path)] == ["token"]


def test_a_server_that_is_not_there_is_tried_again_with_a_line_each_and_then_given_up(tmp_path):
    waits = []
    outside, events = watched(sleep=waits.append, random=lambda: 0.5)
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unavailable) as caught:
        probe(target_of(url, retry_wait=1), tmp_path, outside)
    asked = f"GET {url}/api/v1/active_user/: Connection refused"
    assert [event.text for event in events] == [
        f"{asked}; attempt 2 in 1.0 s",
        f"{asked}; attempt 3 in 2.0 s",
        f"{asked}; attempt 4 in 4.0 s",
    ]
    assert waits == [1.0, 2.0, 4.0]
    assert str(caught.value) == (
        f"{asked}: given up after 4 attempts, before anything was prepared or sent; "
        "see whether target.url is right, and Omnitron is there"
    )


def test_what_is_told_before_anything_is_sent_is_of_no_batch_and_counts_nothing(tmp_path):
    outside, events = watched(sleep=lambda seconds: None)
    with scripted((503, b""), (200, {})) as server:
        probe(target_of(server.url), tmp_path, outside)
    [told] = events
    assert (told.kind, told.batch, told.records, told.finished, told.errors) == ("retry", None, 0, 0, 0)


def test_who_is_asked_to_stop_does_not_begin_to_wait(tmp_path):
    stop, waits = Stop(), []
    outside = Outside(events=lambda event: stop.ask(), stop=stop, sleep=waits.append)
    with scripted((503, b"")) as server, pytest.raises(Stopped):
        probe(target_of(server.url), tmp_path, outside)
    assert waits == []


def test_the_time_that_a_server_asks_for_is_waited_before_the_next_attempt(tmp_path):
    waits = []
    outside, _ = watched(sleep=waits.append, random=lambda: 0.5)
    with scripted((429, b"", {"Retry-After": "7"}), (503, b"", {"Retry-After": "9"}), (200, {})) as server:
        probe(target_of(server.url), tmp_path, outside)
    assert waits == [7.0, 9.0]


def test_an_upload_waits_as_long_as_it_is_asked_to_and_else_twice_as_long_each_time(tmp_path):
    waits = []
    outside, events = watched(sleep=waits.append, random=lambda: 0.5)
    counts = {"total_count": 1, "success_count": 1, "error_count": 0}
    answers = (429, b""), (429, b"", {"Retry-After": "7"}), (429, b""), (200, {"migration_id": "m1"}), (200, counts)
    package = make_package(tmp_path / "packages" / "one", users(1))
    with scripted(*answers) as server:
        load(package, target_of(server.url, retry_wait=1), USER_STAGE, tmp_path, outside)
    assert waits == [0, 1.0, 7.0, 4.0]
    assert [event.text.rpartition("; ")[2] for event in events if event.kind == "retry"] == [
        "attempt 2 in 1.0 s",
        "attempt 3 in 7.0 s",
        "attempt 4 in 4.0 s",
    ]


def test_the_pause_between_looks_grows_to_the_longest(tmp_path):
    waits = []
    outside, _ = watched(sleep=waits.append)
    counts = {"total_count": 1, "success_count": 0, "error_count": 0}
    looks = [(200, counts)] * 5
    package = make_package(tmp_path / "packages" / "one", users(1))
    with scripted((200, {"migration_id": "m1"}), *looks, (200, counts | {"success_count": 1})) as server:
        load(package, target_of(server.url), USER_STAGE, tmp_path, outside)
    assert waits[1:] == pytest.approx([0.01, 0.015, 0.0225, 0.03375, 0.05])


@pytest.mark.parametrize("name", ["run", "pilot"])
def test_a_wrong_token_is_told_before_anything_is_prepared(name, tmp_path):
    write_shop(tmp_path)
    with scripted((401, {"detail": "Invalid token."})) as server:
        done = etl(name, tmp_path, "-w", tmp_path / "work", **target(server.url))
    assert done.returncode == 3
    assert done.stderr == f"{server.url} does not accept the token; set a valid one in target.token (its variable)\n"
    assert not (tmp_path / "work/shop/packages").exists()


def test_a_path_that_is_none_of_omnitrons_is_told_before_anything_is_prepared(tmp_path):
    with scripted((404, {"detail": "Not found."})) as server, pytest.raises(Refused) as caught:
        probe(target_of(server.url), tmp_path, watched()[0])
    assert str(caught.value).endswith('answered 404: {"detail": "Not found."}; check target.url and target.token_path')


def test_a_terminal_that_is_closed_stops_an_upload_in_order(tmp_path):
    """The person closes the window: SIGHUP, and nothing can be printed any more."""
    write_shop(tmp_path)

    def answer(handler, body):
        if handler.command == "POST":
            os.close(ours)
            process.send_signal(signal.SIGHUP)
            send(handler, 200, {"migration_id": "m1"})
        else:
            send(handler, 200, {"total_count": 2, "success_count": 0, "error_count": 0})

    ours, theirs = pty.openpty()
    with scripted(answer) as server:
        process = subprocess.Popen(
            command("run", tmp_path, "-w", tmp_path / "work", "--workers", 1),
            env=environment(**target(server.url, TOKEN)),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        process.wait(60)
    assert process.returncode > 0
    [journal] = (tmp_path / "work").rglob("journal.sqlite")
    assert states(journal.parent) == {"accepted": 1}


# How much there is yet to do


def test_an_estimated_number_is_told_as_such():
    assert pace(1200, 4800, None, about=True) == "1,200 of about 4,800 (25 %)"


def shown_bars(act):
    """What a terminal of 100 columns shows at the end of it."""
    clock = iter(range(1000))
    console = Console(file=io.StringIO(), force_terminal=True, width=100, _environ={})
    columns = [TextColumn("{task.description}", markup=False), pace_columns()[1]]
    with Progress(*columns, console=console, get_time=lambda: next(clock), auto_refresh=False) as progress:
        act(Bars(progress))
        return Text.from_ansi(last_frame(console, progress)).plain


def last_frame(console, progress):
    with console.capture() as found:
        console.print(progress.get_renderable())
    return found.get()


def test_rows_are_told_with_their_share_their_rate_and_the_time_left():
    def act(bars):
        bars.expect("user", 1000, about=True)
        bars("user", 200)
        bars("user", 200)
        bars.expect("user", 900, about=True)

    shown = shown_bars(act)
    assert re.search(r"user: rows read 400 of about 900 \(44 %\), \d+ a second, 0:\d\d:\d\d left", shown), shown


def test_on_80_columns_it_is_one_line_of_few_words():
    clock = iter(range(1000))
    console = Console(file=io.StringIO(), width=80, color_system=None, _environ={})
    columns = [TextColumn("{task.description}", markup=False), *pace_columns(80)]
    progress = Progress(*columns, console=console, get_time=lambda: next(clock), auto_refresh=False)
    bars = Bars(progress)
    bars.expect("order_item", 1_200_000, about=True)
    for _ in range(4):
        bars("order_item", 11_234)
    shown = last_frame(console, progress).rstrip()
    assert re.fullmatch(r"order_item: rows read 44,936 of ~1,200,000 \(4 %\), [\d,]+/s, \d:\d\d:\d\d left", shown), (
        shown
    )


def test_rows_of_which_nothing_is_known_are_counted():
    assert "user: rows read 200" in shown_bars(lambda bars: bars("user", 200))


def test_rows_that_come_from_a_server_are_told_with_their_share_and_a_query_while_it_runs():
    def act(bars):
        assert bars.follow is not None
        for _ in range(3):
            bars.follow("customers: rows fetched", 1000, 12_000)
        bars.follow("lines: rows fetched", 500, None)
        bars.follow("totals: the query runs", 0, None)

    shown = re.sub(" +", " ", shown_bars(act))
    assert re.search(r"customers: rows fetched 3,000 of 12,000 \(25 %\), [\d,]+ a second, 0:\d\d:\d\d left", shown), (
        shown
    )
    assert re.search(r"^lines: rows fetched 500 $", shown, re.MULTILINE), shown
    assert re.search(r"^totals: the query runs $", shown, re.MULTILINE), shown
    assert Watcher().follow is None


def test_records_that_are_uploaded_are_told_of_all_that_are_planned():
    def act(bars):
        bars.told(Event("planned", "user", "", records=1000))
        bars.told(Event("done", "user", "", records=500))

    assert "user: records uploaded 500 of 1,000 (50 %)" in shown_bars(act)


class Expected:
    """What a preparation says of the rows that are to come."""

    def __init__(self):
        self.told = []

    def __call__(self, stage, rows, *, about):
        self.told.append((rows, about))


def expected_of(tmp_path, **how):
    expected = Expected()
    dry_run(tmp_path, Settings(tmp_path / "work", workers=1, expect=expected, **how))
    return expected.told


def test_a_file_tells_by_its_bytes_about_how_many_rows_are_to_come_and_at_its_end_how_many_there_were(tmp_path):
    write_shop(tmp_path, "id,name,mail\n" + "".join(f"{n},Ali,m{n}@example.com\n" for n in range(5000)))
    told = expected_of(tmp_path)
    assert told[-1] == (5000, False)
    assert len(told) > 1
    assert all(about and abs(rows - 5000) < 500 for rows, about in told[:-1])


ROWS = 20_000


@cache
def many():
    """With what cannot be compressed much: an unpacker gets its bytes in large pieces."""
    chance = Random(1)
    return [
        {"id": str(n), "name": f"Ali {n:x}", "mail": f"{chance.randbytes(16).hex()}@example.com"} for n in range(ROWS)
    ]


def jsonl():
    return "".join(f"{json.dumps(one)}\n" for one in many()).encode()


def csv_lines():
    return ("id,name,mail\n" + "".join(f"{','.join(one.values())}\n" for one in many())).encode()


def zipped(content):
    held = io.BytesIO()
    with ZipFile(held, "w", ZIP_DEFLATED) as archive:
        archive.writestr("customers", content)
    return held.getvalue()


def xml():
    people = "".join(f'<c id="{one["id"]}" name="{one["name"]}" mail="{one["mail"]}"/>' for one in many())
    return f"<shop>{people}</shop>".encode()


STREAMED = {
    "json": ("{ json: c.json }", lambda: json.dumps(many()).encode()),
    "jsonl": ("{ jsonl: c.jsonl }", jsonl),
    "jsonl.gz": ("{ jsonl: c.jsonl.gz }", lambda: gzip.compress(jsonl())),
    "jsonl.xz": ("{ jsonl: c.jsonl.xz }", lambda: lzma.compress(jsonl(), preset=0)),
    "xml.bz2": ("{ xml: c.xml.bz2, path: shop/c }", lambda: bz2.compress(xml(), 1)),
    "csv.gz": ("{ csv: c.csv.gz }", lambda: gzip.compress(csv_lines())),
    "utf-16": ("{ csv: c.csv, encoding: utf-16 }", lambda: csv_lines().decode().encode("utf-16")),
    "zip": ("{ csv: c.zip/customers }", lambda: zipped(csv_lines())),
    "numbered": ("{ jsonl: c.jsonl, counters: { line: id } }", jsonl),
}


@pytest.mark.parametrize("name", STREAMED)
def test_what_is_read_from_its_beginning_to_its_end_tells_by_its_stored_bytes_how_far_it_is(name, tmp_path):
    source, content = STREAMED[name]
    (tmp_path / re.search(r"c\.[a-z0-9.]+", source)[0]).write_bytes(content())
    fields = '"{{ id }} {{ line }}"' if "counters" in source else '"{{ id }}"'
    write_shop(tmp_path, **{"{ csv: customers.csv }": source, 'customer_code: "{{ id }}"': f"customer_code: {fields}"})
    told = expected_of(tmp_path)
    assert told[-1] == (ROWS, False)
    assert len(told) > 1
    assert all(about for _, about in told[:-1])
    assert abs(told[-2][0] - ROWS) < ROWS / 4


def test_many_files_tell_by_the_sizes_of_all_of_them(tmp_path):
    lines = csv_lines().decode().splitlines(keepends=True)
    for number, begin in enumerate(range(1, len(lines), 6000)):
        (tmp_path / f"c-{number}.csv").write_text("".join([lines[0], *lines[begin : begin + 6000]]))
    write_shop(tmp_path, **{"csv: customers.csv": "csv: c-*.csv"})
    told = expected_of(tmp_path)
    assert told[-1] == (ROWS, False)
    assert len(told) > 2
    assert all(about and abs(rows - ROWS) < ROWS / 4 for rows, about in told[:-1])


def test_a_small_file_that_was_read_at_once_is_not_said_to_be_at_its_end_while_rows_are_made_of_it(tmp_path):
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(b"".join(jsonl().splitlines(keepends=True)[:2000])))
    write_shop(tmp_path, **{"csv: customers.csv": "jsonl: c.jsonl.gz"})
    assert expected_of(tmp_path) == [(2000, False)]


def test_the_rows_of_a_sheet_are_known_before_the_first(tmp_path):
    book = openpyxl.Workbook()
    for row in [list(many()[0]), *(list(one.values()) for one in many()[:30])]:
        book.active.append(row)
    book.save(tmp_path / "c.xlsx")
    write_shop(tmp_path, **{"csv: customers.csv": "excel: c.xlsx"})
    assert expected_of(tmp_path) == [(30, False)]


def test_rows_that_are_counted_are_known_before_the_first(tmp_path):
    write_shop(
        tmp_path,
        **{
            "customers: { csv: customers.csv }": "customers: { query: SELECT * FROM file }\n  file: { csv: customers.csv }"
        },
    )
    assert expected_of(tmp_path) == [(2, False)]


def test_a_limit_bounds_what_is_to_come(tmp_path):
    write_shop(tmp_path, "id,name,mail\n" + "".join(f"{n},Ali,m{n}@example.com\n" for n in range(3000)))
    assert max(rows for rows, _ in expected_of(tmp_path, limit=50)) == 50


def test_a_terminal_shows_how_far_it_is_and_a_pipe_does_not(tmp_path):
    write_shop(tmp_path, "id,name,mail\n" + "".join(f"{n},Ali,m{n}@example.com\n" for n in range(150_000)))
    ours, theirs = pty.openpty()
    words = command("dry-run", tmp_path, "-w", tmp_path / "work", "--workers", 1)
    variables = {**environment(TERM="xterm"), "COLUMNS": "120"}
    with subprocess.Popen(words, env=variables, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        seen = b"".join(iter(lambda: _read_terminal(ours), b""))
        output = process.stdout.read()
    os.close(ours)
    assert b"user: rows read" in seen
    assert b" of about " in seen
    assert b"\x1b" not in output
    piped = etl("dry-run", tmp_path, "-w", tmp_path / "work", "--workers", 1)
    assert (piped.stderr, "\x1b" in piped.stdout, "rows read" in piped.stdout) == ("", False, False)


def _read_terminal(handle):
    try:
        return os.read(handle, 65536)
    except OSError:  # the command has ended
        return b""
