"""The HTTP client and the migration API: what surely did not arrive, what was refused, what nobody knows."""

import json
import socket
import ssl
import subprocess
import threading
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from load_helpers import TOKEN, before_body, free_port, lines, reset_connection, scripted, send, target_of

from etl.errors import Ambiguous, MappingError, Refused, SourceError, Unavailable
from etl.extract.apis.asking import check_address
from etl.journal.batches import utc_now
from etl.journal.requestlog import LogError, RequestLog
from etl.mapping.target_checks import address_faults
from etl.omnitron import client as client_module
from etl.omnitron.api import Omnitron, Unauthorized
from etl.omnitron.client import Call, Client, CookieJar, Limits, check_url
from etl.omnitron.pace import backoff, looks, retry_after
from etl.target import Polling, Secret

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FILE = ("000001.json", b'[\n{"a":1}\n]\n')
ABOUT = {"stage": "user", "batch": 1, "file": "payloads/user/000001.json", "sha256": "ab", "records": 1}
START = "/api/v1/remote/1/migrations/start/user/"


@pytest.fixture
def log(tmp_path):
    return RequestLog(tmp_path / "requests.jsonl", lambda: NOW)


def omnitron(url, log, **changes):
    target = target_of(url, **changes)
    return Omnitron(target, Client(target.url, Limits.of(target), log), lambda: NOW)


def start(api):
    return api.start(api.ready(), "user", FILE, ABOUT)


def failure(kind, url, log, **changes):
    with pytest.raises(kind) as caught:
        start(omnitron(url, log, **changes))
    assert type(caught.value) is kind
    return caught.value


def test_an_upload_is_a_multipart_form_with_the_exact_bytes_and_the_token(log):
    with scripted((200, {"migration_id": "m1"})) as server:
        accepted = start(omnitron(server.url, log))
    assert accepted.migration_id == "m1"
    [seen] = server.seen
    assert (seen.method, seen.path) == ("POST", START)
    assert seen.headers["Authorization"] == f"Token {TOKEN}"
    assert seen.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b'Content-Disposition: form-data; name="file"; filename="000001.json"' in seen.body
    assert FILE[1] in seen.body


@pytest.mark.parametrize("status", [400, 404, 406, 413, 415])
def test_a_status_that_says_no_is_refused_and_shows_the_answer(status, log):
    with scripted((status, {"detail": "E-posta kullanımda"})) as server:
        error = failure(Refused, server.url, log)
    answer = json.dumps({"detail": "E-posta kullanımda"})
    assert str(error) == f"POST {server.url}{START} answered {status}: {answer}"
    assert (error.status, error.body) == (status, answer)


@pytest.mark.parametrize("status", [403, 409, 500, 502, 503, 504])
def test_a_status_that_leaves_it_open_is_ambiguous(status, log):
    with scripted((status, b"<html>")) as server:
        assert failure(Ambiguous, server.url, log).status == status


@pytest.mark.parametrize(
    "body", [b"", b"OK", b'{"migration_id":', b"[]", {"migration_id": None}, {"migration_id": ""}, {}]
)
def test_an_answer_without_a_readable_migration_id_is_ambiguous(body, log):
    with scripted((200, body)) as server:
        error = failure(Ambiguous, server.url, log)
    assert str(error).endswith("(no readable migration_id)")


@pytest.mark.parametrize(
    ("status", "header", "wait"),
    [(429, None, None), (429, "7", 7.0), (429, "Thu, 01 Jan 2026 00:01:00 GMT", 60.0), (429, "soon", None)],
)
def test_too_many_requests_may_be_sent_again_after_the_time_they_name(status, header, wait, log):
    with scripted((status, b"", {"Retry-After": header} if header else {})) as server:
        assert failure(Unavailable, server.url, log).retry_after == wait


@pytest.mark.parametrize("header", [{}, {"Retry-After": "7"}])
def test_a_503_is_ambiguous_whether_it_names_a_time_or_not(header, log):
    with scripted((503, b"", header)) as server:
        failure(Ambiguous, server.url, log)


def test_a_status_that_the_settings_declare_safe_may_be_sent_again(log):
    with scripted((503, b"", {"Retry-After": "7"})) as server:
        assert failure(Unavailable, server.url, log, safe_to_repeat=(503,)).retry_after == 7.0
        failure(Ambiguous, server.url, log, safe_to_repeat=(502, 504))


@pytest.mark.parametrize("name", ["x" * 129, "", " ", "a b", "a\nb", "..", "\u202e1"])
def test_what_no_migration_can_be_called_is_no_migration_id(name, log):
    with scripted((200, {"migration_id": name})) as server:
        error = failure(Ambiguous, server.url, log)
    assert str(error).endswith(" (no readable migration_id)")


def byte_by_byte(answer, pause, count):
    """The answer's bytes one at a time, as often as asked, each within any time-out between bytes."""

    def trickle(handler, body):
        for number in range(count):
            handler.wfile.write(answer[number % len(answer) :][:1])
            if gone.wait(pause):
                break
        handler.close_connection = True

    gone = threading.Event()
    return trickle, gone


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Filling: " + b"x" * 4000, b"H" * 4000],
    ids=["a body without an end", "a header without an end", "a status line without an end"],
)
def test_an_answer_that_trickles_is_ambiguous_once_its_time_is_over(answer, log):
    trickle, gone = byte_by_byte(answer, 0.02, 3000)
    with scripted(trickle) as server:
        error = failure(Ambiguous, server.url, log, read_timeout=0.3)
        gone.set()
    assert str(error) == f"POST {server.url}{START}: no whole answer within 0.3 s"


def test_a_look_that_trickles_may_be_made_again_once_its_time_is_over(log):
    trickle, gone = byte_by_byte(b"HTTP/1.1 200 OK\r\n\r\n", 0.02, 3000)
    with scripted(trickle) as server:
        with pytest.raises(Unavailable, match=r": no whole answer within 0\.3 s$"):
            omnitron(server.url, log, read_timeout=0.3).progress("m1")
        gone.set()


def test_a_body_that_is_not_taken_in_time_may_have_arrived(log, monkeypatch):
    monkeypatch.setattr(client_module, "SLOWEST_LINE", 2**40)

    @before_body
    def reads_slowly(handler, body):
        """Each time-out for one piece is met."""
        while not gone.wait(0.05) and handler.rfile.read(2**16):
            pass

    gone = threading.Event()
    with scripted(reads_slowly) as server:
        target = target_of(server.url, connect_timeout=2, read_timeout=0.5)
        api = Omnitron(target, Client(target.url, Limits.of(target), log), lambda: NOW)
        with pytest.raises(Ambiguous, match=r": the request could not be handed over within 2\.5 s$"):
            api.start(api.ready(), "user", ("large.json", b"x" * 2**24), ABOUT)
        gone.set()


def test_tls_that_trickles_is_watched_too(log, certificate):
    trickle, gone = byte_by_byte(b"HTTP/1.1 200 OK\r\n\r\n", 0.02, 3000)
    with scripted(trickle) as server:
        url = serve_tls(server, certificate)
        error = failure(Ambiguous, url, log, read_timeout=0.3, ca_bundle=str(certificate / "cert.pem"))
        gone.set()
    assert str(error) == f"POST {url}{START}: no whole answer within 0.3 s"


def test_no_watch_outlives_its_exchange(log):
    def watches():
        return {one for one in threading.enumerate() if isinstance(one, threading.Timer)}

    before = watches()
    with scripted((200, {"migration_id": "m1"})) as server:
        start(omnitron(server.url, log))
    for watch in watches() - before:
        watch.join(10)
    assert watches() <= before


def test_a_refused_connection_surely_delivered_nothing(log):
    url = f"http://127.0.0.1:{free_port()}"
    assert str(failure(Unavailable, url, log)) == f"POST {url}{START}: Connection refused"


def test_a_name_that_does_not_resolve_surely_delivered_nothing(log):
    error = failure(Unavailable, "https://no-such-host.invalid", log)
    assert str(error).startswith(f"POST https://no-such-host.invalid{START}: ")


def test_a_connection_that_is_not_answered_in_time_surely_delivered_nothing(log):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        # Linux takes one connection more than the backlog; the next ones are left without an answer.
        filling = [socket.socket() for _ in range(4)]
        for one in filling:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        error = failure(Unavailable, f"http://127.0.0.1:{port}", log, connect_timeout=0.2)
        for one in filling:
            one.close()
    assert str(error) == f"POST http://127.0.0.1:{port}{START}: no connection within 0.2 s"


def test_a_tls_handshake_that_fails_surely_delivered_nothing(log):
    with scripted((200, {"migration_id": "m1"})) as server:
        error = failure(Unavailable, server.url.replace("http://", "https://"), log)
    assert ": TLS failed: " in str(error)
    assert server.seen == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    command += [
        "-subj",
        "/CN=127.0.0.1",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem",
    ]
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl, which makes the certificate, is not installed")
    return folder


def serve_tls(server, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    server.server.socket = context.wrap_socket(server.server.socket, server_side=True)
    return server.url.replace("http://", "https://")


def test_a_certificate_nobody_vouches_for_is_not_trusted(log, certificate):
    with scripted((200, {"migration_id": "m1"})) as server:
        error = failure(Unavailable, serve_tls(server, certificate), log)
    assert "certificate verify failed" in str(error)
    assert server.seen == []


def test_target_ca_bundle_names_the_certificates_to_trust(log, certificate):
    with scripted((200, {"migration_id": "m1"})) as server:
        url = serve_tls(server, certificate)
        assert start(omnitron(url, log, ca_bundle=str(certificate / "cert.pem"))).migration_id == "m1"


def test_a_ca_bundle_that_is_not_there_is_named(log):
    with pytest.raises(MappingError, match=r"^target.ca_bundle: there is no file /nowhere.pem$"):
        omnitron("https://omnitron.example", log, ca_bundle="/nowhere.pem")


@before_body
def drop_before_body(handler, body):
    reset_connection(handler, body)


def drop_after_half_an_answer(handler, body):
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{"migration_id"')
    handler.close_connection = True


def not_http(handler, body):
    handler.wfile.write(b"hello\r\n")
    handler.close_connection = True


@pytest.mark.parametrize("fault", [drop_before_body, reset_connection, drop_after_half_an_answer, not_http])
def test_a_connection_that_breaks_once_the_body_may_have_gone_is_ambiguous(fault, log):
    with scripted(fault) as server:
        failure(Ambiguous, server.url, log)


def test_an_answer_that_does_not_come_in_time_is_ambiguous(log):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        error = failure(Ambiguous, url, log, read_timeout=0.1)
    assert str(error) == f"POST {url}{START}: no whole answer within 0.1 s"


def test_an_answer_that_never_ends_is_not_kept_in_memory(log, monkeypatch):
    monkeypatch.setattr(client_module, "LARGEST_ANSWER", 1000)
    with scripted((200, b"x" * 100_000)) as server:
        assert str(failure(Ambiguous, server.url, log)).endswith(": the answer is larger than 1000 bytes")


def test_a_connection_dropped_before_the_headers_were_out_surely_delivered_nothing(log):
    """The proxy breaks while the tunnel is made: no byte of ours was sent."""
    url = "https://omnitron.example"
    with scripted(reset_connection) as proxy, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HTTPS_PROXY", proxy.url)
        patch.setenv("https_proxy", proxy.url)
        error = failure(Unavailable, url, log)
    assert ": the proxy failed: " in str(error)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_its_location_shown(status, log):
    with scripted((status, b"", {"Location": "https://elsewhere.example/"})) as server:
        error = failure(Refused, server.url, log)
        assert len(server.seen) == 1
    assert str(error) == (
        f"POST {server.url}{START} answered {status}: "
        "a redirect to https://elsewhere.example/, which is not followed; check target.url"
    )


def test_every_request_has_a_connection_of_its_own(log):
    ports = []

    def answer(handler, body):
        ports.append(handler.client_address[1])
        send(handler, 200, {"migration_id": "m1"})

    with scripted(answer) as server:
        api = omnitron(server.url, log)
        start(api)
        start(api)
    assert len(set(ports)) == 2


def test_a_wrong_token_was_not_looked_at_so_it_may_be_sent_again_after_a_login(log):
    with scripted((401, {"detail": "Invalid token."})) as server:
        assert failure(Unauthorized, server.url, log).status == 401


def test_username_and_password_give_a_token_once(log):
    with scripted((200, {"key": "k-123456"}), (200, {"migration_id": "m1"})) as server:
        api = omnitron(server.url, log, token=None, username="ada", password=Secret("lovelace"))
        start(api)
        start(api)
    assert [one.path for one in server.seen] == ["/api/v1/auth/login/", START, START]
    assert json.loads(server.seen[0].body) == {"username": "ada", "password": "lovelace"}
    assert server.seen[1].headers["Authorization"] == "Token k-123456"


def test_a_get_logs_in_again_when_the_token_has_expired(log):
    answers = (200, {"key": "first-key"}), (401, {}), (200, {"key": "second-key"}), (200, {"error_count": 0})
    with scripted(*answers) as server:
        api = omnitron(server.url, log, token=None, username="ada", password=Secret("lovelace"))
        assert api.progress("m1").json == {"error_count": 0}
    assert server.seen[3].headers["Authorization"] == "Token second-key"


def test_a_token_that_is_refused_and_no_login_to_get_another(log):
    with scripted((401, {"detail": "Invalid token."})) as server, pytest.raises(Refused) as caught:
        omnitron(server.url, log).check_token()
    expected = f"{server.url} does not accept the token; set a valid one in target.token (its variable)"
    assert str(caught.value) == expected


def test_a_wrong_login_is_refused(log):
    with scripted((400, {"non_field_errors": ["no"]})) as server, pytest.raises(Refused) as caught:
        omnitron(server.url, log, token=None, username="ada", password=Secret("wrong-one")).ready()
    assert str(caught.value) == (
        f'POST {server.url}/api/v1/auth/login/ answered 400: {{"non_field_errors": ["no"]}}; '
        "check target.username and target.password"
    )


def test_neither_token_nor_login_is_an_error_before_anything_is_sent(log):
    with pytest.raises(MappingError, match="neither a token nor a username and password"):
        omnitron("https://omnitron.example", log, token=None)


@pytest.mark.parametrize("token", ["a b\n", "şifre", " x"])
def test_a_token_that_no_header_can_carry_is_an_error_that_does_not_show_it(token, log):
    with pytest.raises(MappingError) as caught:
        omnitron("https://omnitron.example", log, token=Secret(token))
    assert str(caught.value) == "the token holds characters that no HTTP header can carry; copy it again"


@pytest.mark.parametrize(
    "url", ["http://omnitron.example", "http://127.0.0.1.example/", "http://10.0.0.1", "http://[::2]"]
)
def test_plain_http_to_another_machine_is_refused(url):
    with pytest.raises(MappingError) as caught:
        check_url(url)
    assert str(caught.value) == f"'{url}' is not encrypted; only https:// is used, and http:// to this machine alone"


NO_ADDRESSES = [
    "omnitron.example", "", "ftp://omnitron.example", "https://", "https://omnitron:port/", "https://[x/",
    "https://omnitron:99999", "https://h:0/", "https://h /", "https://-h/", "https://h..x/", "https://h\n/x",
]  # fmt: skip


@pytest.mark.parametrize("url", NO_ADDRESSES)
def test_what_is_no_url_is_refused(url):
    with pytest.raises(MappingError) as caught:
        check_url(url)
    assert str(caught.value) == f"'{url}' is not a URL; write it as https://<your Omnitron>"


def test_a_url_with_a_password_in_it_is_refused_without_showing_it():
    with pytest.raises(MappingError) as caught:
        check_url("https://ada:pw@omnitron.example")
    assert str(caught.value) == "the URL holds a user name; use target.username and target.password"


@pytest.mark.parametrize("url", ["https://h/?a=1", "https://h/#f"])
def test_a_url_that_ends_in_a_query_is_refused(url):
    with pytest.raises(MappingError) as caught:
        check_url(url)
    assert str(caught.value) == f"'{url}' has a query (?) or a fragment (#); an address ends before them"


ONES_TO_REFUSE = [*NO_ADDRESSES, "https://@h/", "https://:@h/", "https://a:b@h/", "http://h/"]


@pytest.mark.parametrize("url", ONES_TO_REFUSE)
def test_what_no_token_may_go_to_is_refused_of_a_target_and_of_an_api_alike(url):
    assert address_faults(url) != []
    with pytest.raises(MappingError):
        check_url(url)
    with pytest.raises(SourceError):
        check_address(url)


@pytest.mark.parametrize(
    "url", ["http://localhost:8000", "http://127.3.2.1", "http://[::1]:80", "https://omnitron.example/base"]
)
def test_https_and_plain_http_to_this_machine_are_fine(url):
    assert check_url(url) == f"{url}/"


def test_a_base_path_in_the_url_is_kept(log):
    with scripted((200, {"migration_id": "m1"})) as server:
        start(omnitron(f"{server.url}/shop/", log))
    assert server.seen[0].path == f"/shop{START}"


def test_netrc_and_proxies_of_the_environment_do_not_come_between_us_and_this_machine(log, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ada password lovelace\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    with scripted((200, {"migration_id": "m1"})) as server:
        start(omnitron(server.url, log))
    assert server.seen[0].headers["Authorization"] == f"Token {TOKEN}"


def test_a_get_may_always_be_repeated_so_no_failure_of_it_is_ambiguous(log):
    with scripted(reset_connection) as server, pytest.raises(Unavailable):
        omnitron(server.url, log).progress("m1")


def test_cookies_are_kept_by_a_client_that_has_a_jar(log):
    with scripted((200, {}, {"Set-Cookie": "csrftoken=abc; Path=/"}), (200, {})) as server:
        client = Client(server.url, Limits(), log, cookies=CookieJar())
        client.send(Call("shop", "GET", "one/"))
        client.send(Call("shop", "GET", "two/"))
    assert "Cookie" not in server.seen[0].headers
    assert server.seen[1].headers["Cookie"] == "csrftoken=abc"


# requests.jsonl


def test_an_upload_is_logged_before_it_is_sent_and_after_it_was_answered(log, tmp_path):
    written = []

    def answer(handler, body):
        written.extend(lines(tmp_path))
        send(handler, 200, {"migration_id": "m1"})

    with scripted(answer) as server:
        start(omnitron(server.url, log))
    [before] = written
    assert before == {
        "time": "2026-01-01T00:00:00.000+00:00",
        "target": tmp_path.name,
        "run": None,
        "request": before["request"],
        "purpose": "start",
        "method": "POST",
        "url": f"{server.url}{START}",
        **ABOUT,
        "phase": "sending",
    }
    after = lines(tmp_path)[1]
    outcome = {"phase": "answered", "status": 200, "answer": '{"migration_id": "m1"}', "seconds": after["seconds"]}
    assert after == {**before, **outcome}


def test_a_request_that_failed_is_logged_with_the_reason(log, tmp_path):
    failure(Unavailable, f"http://127.0.0.1:{free_port()}", log)
    assert [one["phase"] for one in lines(tmp_path)] == ["sending", "failed"]
    assert lines(tmp_path)[1]["error"] == "Connection refused"


def test_no_secret_is_ever_logged_not_even_when_the_server_repeats_it(log, tmp_path):
    def repeat(handler, body):
        send(handler, 200, {"key": "key-of-login", "you sent": body.decode("latin-1"), **dict(handler.headers)})

    with scripted(repeat) as server:
        api = omnitron(server.url, log, token=None, username="ada", password=Secret("lovelace-1815"))
        with pytest.raises(Ambiguous):
            start(api)
    text = (tmp_path / "requests.jsonl").read_text()
    assert "key-of-login" not in text
    assert "lovelace-1815" not in text
    assert [one["purpose"] for one in lines(tmp_path)] == ["login", "start", "start"]
    assert json.loads(lines(tmp_path)[0]["answer"])["key"] == "***"


def test_a_login_answer_that_is_no_json_is_not_written_at_all(log, tmp_path):
    with scripted((200, b"key=abcdefgh")) as server, pytest.raises(Refused):
        omnitron(server.url, log, token=None, username="ada", password=Secret("lovelace")).ready()
    assert lines(tmp_path)[0]["answer"] == "(12 bytes that are no JSON object)"


def test_a_long_answer_is_cut_and_its_length_told(log, tmp_path):
    with scripted((400, b"x" * 10_000)) as server:
        error = failure(Refused, server.url, log)
    assert str(error).endswith(f"{'x' * 500}... (10000 characters)")
    assert (len(lines(tmp_path)[1]["answer"]), lines(tmp_path)[1]["answer_length"]) == (4096, 10_000)


def test_an_upload_that_cannot_be_logged_is_not_made(tmp_path):
    (tmp_path / "requests.jsonl").mkdir()
    log = RequestLog(tmp_path / "requests.jsonl", utc_now)
    with scripted((200, {"migration_id": "m1"})) as server, pytest.raises(LogError) as caught:
        start(omnitron(server.url, log))
    assert server.seen == []
    assert (
        str(caught.value)
        == f"{tmp_path}/requests.jsonl: cannot be written (Is a directory); let it be written and go on"
    )


def test_an_answer_that_cannot_be_logged_is_told_in_the_error(log, tmp_path):
    def answer(handler, body):
        (tmp_path / "requests.jsonl").unlink()
        (tmp_path / "requests.jsonl").mkdir()
        send(handler, 200, {"migration_id": "m1"})

    with scripted(answer) as server:
        error = failure(Ambiguous, server.url, log)
    assert str(error).startswith(f'POST {server.url}{START} answered 200: {{"migration_id": "m1"}}; but ')


def test_the_log_is_for_its_owner_alone(log, tmp_path):
    with scripted((200, {"migration_id": "m1"})) as server:
        start(omnitron(server.url, log))
    assert (tmp_path / "requests.jsonl").stat().st_mode & 0o777 == 0o600


# Pace


@given(attempt=st.integers(1, 100_000), first=st.floats(0.001, 100), chance=st.floats(0, 1))
def test_backoff_doubles_with_half_of_it_left_to_chance_and_has_an_end(attempt, first, chance):
    wait = backoff(attempt, first, lambda: chance)
    assert 0 < wait <= 90
    assert wait == min(first * 2.0 ** min(attempt - 1, 30), 60) * (0.5 + chance)


@given(st.text())
def test_a_retry_after_is_seconds_from_now_or_nothing(text):
    found = retry_after(text, NOW)
    assert found is None or found >= 0


def test_looks_come_less_and_less_often_up_to_the_longest_pause():
    pauses = looks(Polling(interval=1, factor=2, longest=5))
    assert [next(pauses) for _ in range(5)] == [1, 2, 4, 5, 5]
