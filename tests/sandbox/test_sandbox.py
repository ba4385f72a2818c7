"""The stand-in for Omnitron, met from outside: its API and its process. Real processes, real HTTP."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import signal
import socket
import stat
import subprocess
import sys

import openpyxl
import pytest
import requests
from sandbox_client import RECORDS, TOKEN, USER, WAIT, running_sandbox

from etl.sandbox.server import loopback

# The API


def test_the_curl_commands_of_the_contract_work(sandbox, tmp_path):
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    file = tmp_path / "users.json"
    file.write_text(json.dumps([USER]), encoding="utf-8")

    def call(path, *arguments):
        command = [curl, "--silent", "--show-error", "--noproxy", "*", sandbox.url + path, *arguments]
        return json.loads(subprocess.run(command, check=True, capture_output=True, timeout=WAIT).stdout)

    login = ("-H", "Content-Type: application/json", "-d", '{"username": "sandbox", "password": "sandbox"}')
    authorization = ("-H", f"Authorization: Token {call('/api/v1/auth/login/', *login)['key']}")
    started = call("/api/v1/remote/1/migrations/start/user/", *authorization, "-F", f"file=@{file}")
    sandbox.state(wait=WAIT)
    progress = call(f"/api/v1/remote/1/migrations/{started['migration_id']}/", *authorization)
    assert (progress["total_count"], progress["success_count"], progress["error_count"]) == (1, 1, 0)


@pytest.mark.parametrize("path", ["/api/v1/auth/login/", "/api/i1/auth/login/"])
def test_a_login_gives_a_key_that_is_a_valid_token(sandbox, path):
    key = sandbox.post(path, json={"username": "sandbox", "password": "sandbox"}).json()["key"]
    answer = sandbox.get("/api/v1/active_user/", headers={"Authorization": f"Token {key}"})
    assert (answer.status_code, answer.json()["username"]) == (200, "sandbox")


def test_a_wrong_login_is_400_with_the_reason(sandbox):
    answer = sandbox.post("/api/v1/auth/login/", json={"username": "sandbox", "password": "no"})
    assert answer.status_code == 400
    assert answer.json() == {"non_field_errors": ["Unable to log in with provided credentials."]}


def test_no_token_and_a_wrong_token_are_401_with_detail_and_code(sandbox):
    none = sandbox.get("/api/v1/active_user/", headers={})
    wrong = sandbox.get("/api/v1/active_user/", headers={"Authorization": "Token no"})
    assert (none.status_code, wrong.status_code) == (401, 401)
    assert none.json() == {"detail": "Authentication credentials were not provided.", "code": "not_authenticated"}
    assert wrong.json() == {"detail": "Invalid token.", "code": "authentication_failed"}


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/remote/1/migrations/start/customer/",
        "/api/v1/remote/2/migrations/start/user/",
    ],
)
def test_a_type_or_channel_that_is_not_there_is_404(sandbox, path):
    answer = sandbox.post(path, files={"file": ("a.json", b"[{}]")})
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})


def test_an_unknown_migration_is_404(sandbox):
    assert sandbox.get("/api/v1/remote/1/migrations/abc/").status_code == 404


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (b"[]", "a.json", "The file holds no records."),
        (b'{"a": 1}', "a.json", "The file must be a JSON array of objects."),
        (b"PK\x03\x04 broken", "a.xlsx", "The spreadsheet cannot be read"),
        (b"a,b\n\xff,2\n", "a.csv", "The CSV file is not UTF-8: byte 4."),
        (b"a,b\n1,2,3\n", "a.csv", "Row 2 has 3 cells, the header 2."),
    ],
)
def test_a_file_that_cannot_be_read_is_400_and_not_accepted(sandbox, content, name, reason):
    answer = sandbox.start("user", content, name)
    assert answer.status_code == 400
    assert answer.json()["file"][0].startswith(reason)
    assert sandbox.uploads() == []


def test_a_request_without_the_file_is_400_and_one_that_is_no_form_is_415(sandbox):
    path = "/api/v1/remote/1/migrations/start/user/"
    other = sandbox.post(path, files={"data": ("a.json", b"[{}]")})
    body = sandbox.post(path, json=[USER])
    assert (other.status_code, other.json()) == (400, {"file": ["No file was submitted."]})
    assert body.status_code == 415
    assert body.json() == {"detail": 'Unsupported media type "application/json" in request.'}


def test_an_accepted_upload_is_listed_with_its_sum_and_count(sandbox):
    data = json.dumps([USER, USER]).encode()
    migration_id = sandbox.start("user", data).json()["migration_id"]
    sandbox.state(wait=WAIT)
    (upload,) = sandbox.uploads()
    assert upload["migration_id"] == migration_id
    assert (upload["sha256"], upload["count"], upload["type"]) == (hashlib.sha256(data).hexdigest(), 2, "user")


def test_an_upload_of_several_megabytes_is_accepted_whole(sandbox):
    records = [USER | {"customer_code": str(number), "email": f"{number}@example.com"} for number in range(8000)]
    assert sandbox.migrate("user", *records)["success_count"] == 8000


def csv_file(records):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(records[0])
    writer.writerows([json.dumps(v) if isinstance(v, dict | bool) else v for v in r.values()] for r in records)
    return text.getvalue().encode()


def excel_file(records, blank_rows=0):
    book = openpyxl.Workbook()
    for row in (*[[]] * blank_rows, list(records[0])):
        book.active.append(row)
    for record in records:
        book.active.append([json.dumps(v) if isinstance(v, dict) else v for v in record.values()])
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


@pytest.mark.parametrize(("make", "name"), [(csv_file, "a.csv"), (excel_file, "a.xlsx")])
def test_csv_and_excel_become_the_records_json_would_have_been(sandbox, make, name):
    for payload, record in RECORDS.items():
        assert sandbox.start(payload, make([record]), name).status_code == 200
    sandbox.state(wait=WAIT)
    assert sandbox.errors() == []
    for payload, record in RECORDS.items():
        assert [row["record"] for row in sandbox.records(payload)] == [record]


def test_the_header_of_a_spreadsheet_is_its_first_row_also_where_that_is_blank(sandbox):
    assert sandbox.start("user", excel_file([USER], blank_rows=1), "a.xlsx").status_code == 200
    assert sandbox.state(wait=WAIT)["user"]["stored"] == 0


def test_nothing_is_counted_of_a_type_that_nobody_has_sent(sandbox):
    sandbox.migrate("user", USER)
    counted = sandbox.state()
    assert counted["user"] == {"uploads": 1, "records": 1, "received": 1, "stored": 1, "errors": 0}
    assert counted["order"] == {"uploads": 0, "records": 0, "received": 0, "stored": 0, "errors": 0}


# Geography lists


def test_a_list_is_paged_until_next_is_null(sandbox):
    found, url = [], sandbox.url + "/api/v1/channel/1/townships/"
    while url:
        page = sandbox.get(url.removeprefix(sandbox.url)).json()
        found += page["results"]
        url = page["next"]
    turkish = sandbox.get("/api/v1/townships/?city=34").json()
    assert len(found) == page["count"] >= 973
    assert (turkish["count"], turkish["next"]) == (39, None)
    assert sandbox.get("/api/v1/channel/1/townships/?page=99").json() == {"detail": "Invalid page."}


def test_a_list_is_filtered_by_name_parent_and_activity(sandbox):
    city = sandbox.get("/api/v1/channel/1/cities/", params={"name__iexact": "istanbul", "country": 1}).json()
    assert city["results"] == [
        {"id": 34, "pk": 34, "name": "İSTANBUL", "is_active": True, "postcode": "", "country": 1}
    ]
    country = sandbox.get("/api/v1/countries/?name__iexact=türkiye").json()["results"][0]
    assert country == {"id": 1, "pk": 1, "name": "Türkiye", "is_active": True, "code": "tr"}
    assert sandbox.get("/api/v1/cities/?is_active=false").json()["count"] == 0


# The process


def test_a_killed_sandbox_goes_on_with_its_queue_and_stores_nothing_twice(tmp_path):
    store = tmp_path / "private" / "omnitron.sqlite"
    records = [USER | {"customer_code": str(number), "email": f"{number}@example.com"} for number in range(20)]
    with running_sandbox("--store", str(store)) as first:
        first.fault("slow", seconds=0.02)
        first.post("/_sandbox/geography", json={"Kosova": {"Prizren": {}}})
        migration_id = first.start("user", records).json()["migration_id"]
        while first.progress(migration_id)["success_count"] < 3:
            pass
        first.process.kill()
        first.process.wait(WAIT)
    assert stat.S_IMODE(store.stat().st_mode) == 0o600
    with running_sandbox("--store", str(store)) as second:
        assert second.state(wait=WAIT)["pending"] == 0
        assert second.progress(migration_id)["success_count"] == 20
        assert [row["received"] for row in second.records("user")] == [1] * 20
        assert second.get("/api/v1/cities/?name__iexact=prizren").json()["count"] == 1


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_even_while_a_request_hangs(name):
    with running_sandbox() as sandbox:
        sandbox.fault("delay", on="token", seconds=60)
        sandbox.fault("slow", seconds=60)
        sandbox.start("user", [USER])
        with pytest.raises(requests.exceptions.ReadTimeout):
            requests.get(
                sandbox.url + "/api/v1/active_user/", headers={"Authorization": f"Token {TOKEN}"}, timeout=(WAIT, 0.1)
            )
        sandbox.process.send_signal(name)
        assert sandbox.process.wait(WAIT) == 0


def test_username_password_and_channel_can_be_chosen():
    with running_sandbox("--username", "u", "--password", "p", "--channel", "7") as sandbox:
        assert sandbox.post("/api/v1/auth/login/", json={"username": "u", "password": "p"}).status_code == 200
        assert sandbox.get("/api/v1/channel/7/countries/").status_code == 200
        assert sandbox.get("/api/v1/channel/1/countries/").status_code == 404


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.com", ""])
def test_only_this_machine_is_listened_to(host):
    with pytest.raises(ValueError, match=f"listens on this machine only, not on '{host}'; use 127.0.0.1"):
        loopback(host)
    assert loopback("localhost") == "127.0.0.1"


def test_a_port_that_is_taken_is_said_in_one_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, "-m", "etl.sandbox", "--port", str(taken.getsockname()[1])]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=WAIT)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("the sandbox cannot start: ")
    assert done.stderr.count("\n") == 1


def test_a_page_under_another_name_cannot_reach_it(sandbox):
    assert sandbox.get("/_sandbox/state", headers={"Host": "evil.example"}).status_code == 400
