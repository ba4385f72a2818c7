"""The strict server: what it takes, what it objects to, what it remembers, and that it shares nothing with etl."""

import ast
import json
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from load_helpers import TOKEN, address, item, order, user
from servers import Strict

FOLDER = Path(__file__).parents[1] / "strict_server"


@pytest.fixture(scope="module")
def running():
    server = Strict()
    yield server
    server.close()


@pytest.fixture
def server(running):
    running.reset()
    return running


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def test_it_imports_the_standard_library_and_itself_and_nothing_else():
    found = {name for path in FOLDER.glob("*.py") for name in imports_of(path)}
    strange = {name for name in found if not name.startswith(".") and name.split(".")[0] not in sys.stdlib_module_names}
    assert (strange, any(name.startswith("..") for name in found)) == (set(), False)
    assert "http.server" in found


def ask(server, path, body=None, token=TOKEN, **headers):
    """(status, JSON)"""
    if token:
        headers["Authorization"] = f"Token {token}"
    try:
        with urlopen(Request(server.url + path, body, headers), timeout=30) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        return error.code, json.load(error)


def upload(server, kind, content, head='Content-Disposition: form-data; name="file"; filename="a.json"', **more):
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    body = b"--mark\r\n" + head.encode() + b"\r\nContent-Type: application/json\r\n\r\n" + data + b"\r\n--mark--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=mark"}
    return ask(server, f"/api/v1/remote/1/migrations/start/{kind}/", body, **headers, **more)


def migrated(server, kind, *records):
    """(success, errors) of an upload of these."""
    status, answer = upload(server, kind, list(records))
    assert status == 200, answer
    one = server.ask("uploads")["results"][-1]
    assert one["migration_id"] == answer["migration_id"]
    return one["success"], one["errors"]


def test_a_whole_shop_arrives_once_and_nothing_is_objected_to(server):
    assert migrated(server, "user", user(1), user(2)) == (2, 0)
    assert migrated(server, "address", address("a1", 1)) == (1, 0)
    assert migrated(server, "order", order("o1", 1)) == (1, 0)
    assert migrated(server, "order_item", item("o1", "s1")) == (1, 0)
    assert [(one["received"], one["stored"]) for one in server.ask("records/user")["results"]] == [(1, 1), (1, 1)]
    assert server.violations() == []


@pytest.mark.parametrize(
    ("kind", "record"),
    [
        ("user", user(3, email="no address")),
        ("user", user(3, email="USER1@example.com")),
        ("user", user(1, email="other@example.com")),
        ("user", user(3, password="F" * 32)),
        ("user", user(3, date_joined="2020-01-02")),
        ("user", user(3, nickname="a")),
        ("user", {name: value for name, value in user(3).items() if name != "sms_allowed"}),
        ("address", address("a", 99)),
        ("address", address("a", 1, township="Nowhere")),
        ("address", address("a", 1, line="x" * 256)),
        ("order", order("o1", 99)),
        ("order", order("o1", 1, status="551")),
        ("order", order("o1", 1, amount=1.005)),
        ("order", order("o1", 1, amount="1.00")),
        ("order", order("o1", 1, bank=None)),
        ("order_item", item("o99", "s1")),
        ("order_item", item("o0", "s1", quantity=0)),
        ("order_item", "no object"),
    ],
)
def test_a_record_that_the_contract_does_not_allow_is_an_error_and_counts_as_arrived(kind, record, server):
    migrated(server, "user", user(1))
    migrated(server, "order", order("o0", 1))
    assert migrated(server, kind, record) == (0, 1)
    assert {"record": record, "received": 1, "stored": 0}.items() <= server.ask(f"records/{kind}")["results"][
        -1
    ].items()


def test_what_is_sent_twice_has_arrived_twice(server):
    assert migrated(server, "user", user(1)) == (1, 0)
    assert migrated(server, "user", user(1)) == (0, 1)
    assert [(one["received"], one["stored"]) for one in server.ask("records/user")["results"]] == [(2, 1)]


@pytest.mark.parametrize(
    ("content", "more", "status", "objection"),
    [
        ({"not": "a list"}, {}, 400, "the file is not a JSON array of records"),
        ([], {}, 400, "the file is not a JSON array of records"),
        (b'[{"a": NaN}]', {}, 400, "NaN is no JSON"),
        (b'[{"a": 1, "a": 2}]', {}, 400, "an object has a name twice: ['a', 'a']"),
        (b"[{}", {}, 400, "the upload cannot be read"),
        (
            [{}],
            {"head": 'Content-Disposition: form-data; name="data"; filename="a.json"'},
            400,
            "is not the field 'file'",
        ),
        ([{}], {"token": None}, 401, "no header 'Authorization: Token KEY'"),
    ],
)
def test_an_upload_that_breaks_the_contract_is_refused_and_written_down(content, more, status, objection, server):
    assert upload(server, "user", content, **more)[0] == status
    [violation] = server.violations()
    assert objection in violation
    assert server.ask("uploads")["results"] == []


@pytest.mark.parametrize(
    ("path", "objection"),
    [
        ("/api/v1/remote/2/migrations/abc/", "/api/v1/remote/2/migrations/abc/: no such channel"),
        ("/api/v1/remote/1/migrations/abc/", "/api/v1/remote/1/migrations/abc/: no migration has this id"),
        ("/elsewhere/", "GET /elsewhere/ is not in the contract"),
    ],
)
def test_a_question_that_the_contract_does_not_know_is_written_down(path, objection, server):
    assert ask(server, path)[0] == 404
    assert server.violations() == [objection]


def test_looks_see_what_they_are_told_to_and_then_the_end(server):
    server.ask("looks", ["missing", "zeros", "half", "done"])
    _, started = upload(server, "user", [user(1), user(2)])
    path = f"/api/v1/remote/1/migrations/{started['migration_id']}/"
    looks = [ask(server, path) for _ in range(5)]
    assert [status for status, _ in looks] == [404, 200, 200, 200, 200]
    counts = [
        tuple(answer[name] for name in ("total_count", "success_count", "error_count")) for _, answer in looks[1:]
    ]
    assert counts == [(0, 0, 0), (2, 1, 0), (2, 2, 0), (2, 2, 0)]


def test_it_knows_after_a_crash_of_its_own_what_had_arrived(tmp_path):
    first = Strict(tmp_path)
    migrated(first, "user", user(1))
    first.process.kill()
    first.close()
    second = Strict(tmp_path)
    try:
        assert [one["received"] for one in second.ask("records/user")["results"]] == [1]
        assert [one["method"] for one in second.ask("requests")["results"]] == ["POST"]
    finally:
        second.close()


def test_customers_are_found_by_their_email_where_migrated_users_are_shown(server):
    migrated(server, "user", user(1), user(2))
    path = "/api/v1/channel/1/customers/?email=USER2@example.com&channel=1"
    assert ask(server, path)[1]["results"] == []
    server.ask("customers", {"after": 1})
    assert ask(server, path)[1]["results"] == []
    assert [one["email"] for one in ask(server, path)[1]["results"]] == ["user2@example.com"]
    assert server.violations() == []


def test_places_and_cargos_are_lists_of_the_channel(server):
    answers = {name: ask(server, f"/api/v1/channel/1/{name}/")[1] for name in ("cities", "cargos", "townships")}
    assert [one["name"] for one in answers["cities"]["results"]] == ["istanbul", "ankara", "izmir"]
    assert answers["cargos"]["results"][0]["shipping_company"] == "yurtici"
    assert answers["townships"]["next"] is None
