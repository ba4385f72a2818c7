"""Asking the channel for a customer: the same answers from both servers, and what cannot be told from an answer."""

from datetime import UTC, datetime
from urllib.request import Request, urlopen

import orjson
import pytest
from load_helpers import TOKEN, lines, scripted, target_of, user
from servers import SERVERS, served_by

from etl.errors import Refused, Unavailable
from etl.journal.requestlog import RequestLog
from etl.omnitron.api import Omnitron
from etl.omnitron.channel import Channel, Unreadable
from etl.omnitron.client import Client, Limits
from etl.package import join_records

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ABOUT = {"stage": "user", "batch": 1, "key": "1"}
PERSON = {"email": "user1@example.com"}
PAGE = {"count": 1, "next": None, "previous": None, "results": [PERSON]}


@pytest.fixture
def ask(tmp_path):
    """Whether the channel at a URL knows an e-mail."""
    log = RequestLog(tmp_path / "requests.jsonl", lambda: NOW)

    def knows(url, email="user1@example.com"):
        target = target_of(url)
        client = Client(url, Limits.of(target), log)
        return Channel(Omnitron(target, client, lambda: NOW), target).knows(email, ABOUT)

    return knows


@pytest.fixture(scope="module", params=SERVERS)
def server(request):
    with served_by(request.param) as one:
        yield one


def migrate(server, *records):
    target = target_of(server.url)
    data = join_records([orjson.dumps(one) for one in records])
    body = b'--m\r\nContent-Disposition: form-data; name="file"; filename="a.json"\r\n\r\n' + data + b"\r\n--m--\r\n"
    headers = {"Authorization": f"Token {TOKEN}", "Content-Type": "multipart/form-data; boundary=m"}
    start = f"{server.url}/api/v1/remote/{target.channel}/migrations/start/user/"
    urlopen(Request(start, body, headers), timeout=30).close()
    server.ask("state?wait=10")


def test_a_migrated_user_is_known_where_the_channel_shows_them(server, ask):
    migrate(server, user(1), user(2))
    server.ask("customers", {"after": None})
    assert not ask(server.url)
    server.ask("customers", {"after": 0})
    assert ask(server.url)
    assert ask(server.url, "USER2@example.com")
    assert not ask(server.url, "nobody@example.com")


def test_the_log_has_the_question_without_the_email_in_its_address(tmp_path, ask):
    with scripted((200, PAGE)) as server:
        assert ask(server.url)
        assert server.seen[0].path == "/api/v1/channel/1/customers/?email=user1%40example.com&channel=1&page=1"
    [line] = lines(tmp_path)
    assert line["url"] == f"{server.url}/api/v1/channel/1/customers/"
    assert {name: line[name] for name in ABOUT} == ABOUT


def test_a_list_without_pages_is_read_too(ask):
    with scripted((200, [PERSON])) as server:
        assert ask(server.url)


def test_a_customer_on_a_later_page_is_found(ask):
    first = PAGE | {"results": [{"email": "user10@example.com"}], "next": "http://elsewhere.invalid/?page=2"}
    with scripted((200, first), (200, PAGE)) as server:
        assert ask(server.url)
        assert [one.path[-7:] for one in server.seen] == ["&page=1", "&page=2"]


def unreadable(*answers):
    return pytest.param(answers[0], answers[1], id=answers[1])


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        unreadable((200, {"state": "fine"}), "the channel's customers/ answered no list of customers"),
        unreadable((200, b"<h1>Maintenance</h1>"), "the channel's customers/ answered no list of customers"),
        unreadable(
            (200, PAGE | {"results": [{"email": "a@b.com"}, {"email": "c@d.com"}]}),
            "asked for one e-mail, the channel's customers/ answered 2 with others",
        ),
        unreadable(
            (200, PAGE | {"results": [], "next": "more"}),
            "the channel's customers/ goes on after 20 pages about one e-mail",
        ),
    ],
)
def test_an_answer_that_says_neither_yes_nor_no_is_told(answer, says, ask):
    with scripted(answer) as server, pytest.raises(Unreadable) as caught:
        ask(server.url)
    assert str(caught.value) == says


@pytest.mark.parametrize(("status", "kind"), [(403, Refused), (404, Refused), (503, Unavailable), (429, Unavailable)])
def test_a_refusal_is_final_and_what_may_pass_is_not(status, kind, ask):
    with scripted((status, {"detail": "no"})) as server, pytest.raises(kind):
        ask(server.url)
