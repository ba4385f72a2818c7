"""HTTP, with the one question answered exactly that matters here: may the request have arrived?

The only importer of requests. Every request has a connection of its own: an idle one that the server has just closed
would turn a POST that surely failed into one of unknown fate. No redirect is followed, nothing is resent, and netrc is not
read, because requests would put its password in the place of the token.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import orjson
import requests
import urllib3
from msgspec import Struct, field
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar
from requests.utils import get_environ_proxies

from etl import __version__
from etl.address import AddressFault, address_fault, is_loopback
from etl.errors import Ambiguous, MappingError, Unavailable
from etl.findings import joined, said
from etl.journal.requestlog import MASK, Entry, LogError, RequestLog
from etl.omnitron.watchdog import Watchdog, WatchedAdapter
from etl.seams import Seam, no_seam
from etl.target import Target

SessionFactory = Callable[[], requests.Session]
CookieJar = RequestsCookieJar


def new_session() -> requests.Session:
    return requests.Session()


LARGEST_ANSWER = 8 * 2**20
"""Bytes. An answer of the migration API has some hundred; a page of a shop's old orders may have a lot more."""

SLOWEST_LINE = 8 * 1024
"""Bytes a second. A body that leaves more slowly than that has stalled."""

FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)


class AnswerTooLarge(OSError):
    """An answer nobody would want to keep in memory."""


class TookTooLong(OSError):
    """An exchange that was not done in time, however steadily its bytes came."""


class Call(Struct, frozen=True):
    """A request to be made. `file` is (name, bytes) of a multipart upload; `about` goes into the log, `query` does not.

    repeatable   it changes nothing (or is a login, which may be done twice): when it fails, it may simply be made again
    hidden       names in the JSON answer whose values are secrets
    """

    purpose: str
    method: str
    path: str
    json: Mapping[str, object] | None = None
    file: tuple[str, bytes] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    about: Mapping[str, object] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True
    hidden: tuple[str, ...] = ()


class Answer(Struct, frozen=True):
    """What came back, whole. `seconds` is from the first byte sent to the last one read."""

    method: str
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def json(self) -> Any:
        """The body as JSON; None when it is not JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None


class Limits(Struct, frozen=True):
    """Seconds, and the certificates to trust instead of the usual ones. `read` is for the whole answer."""

    connect: float = 10.0
    read: float = 120.0
    ca_bundle: str | None = None

    @classmethod
    def of(cls, target: Target) -> Limits:
        return cls(target.connect_timeout, target.read_timeout, target.ca_bundle)


class WatchedBody:
    """A request's body that knows whether its first byte was asked for.

    It is asked for when the connection stands and the headers are out. A failure before that cannot have delivered
    anything, whatever exception it comes as; after it, the request may have arrived.
    """

    def __init__(self, data: bytes, seam: Seam, ended: Callable[[], None]) -> None:
        self._data = memoryview(data)
        self._seam = seam
        self._ended = ended
        self._position = 0
        self.began = False

    def __len__(self) -> int:
        return len(self._data)

    def read(self, size: int = -1) -> bytes:
        if not self.began:
            self.began = True
            self._seam("post:began")
        end = len(self._data) if size < 0 else self._position + size
        chunk = bytes(self._data[self._position : end])
        self._position += len(chunk)
        if not chunk:
            self._ended()
            self._seam("post:sent")
        return chunk

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.read(16384), b"")


class Client:
    """Makes requests to one host. Usable from several threads, unless it is given a cookie jar."""

    def __init__(
        self,
        url: str,
        limits: Limits,
        log: RequestLog,
        *,
        session: SessionFactory = new_session,
        monotonic: Callable[[], float] = time.monotonic,
        seam: Seam = no_seam,
        cookies: CookieJar | None = None,
    ) -> None:
        self.url = check_url(url)
        self.log = log
        self.cookies = cookies
        self._limits = _check_limits(limits)
        self._session = session
        self._monotonic = monotonic
        self._seam = seam

    def send(self, call: Call) -> Answer:
        """Make a request and read its answer, whatever the status.

        Raises Unavailable when it surely did not arrive or may be made again, Ambiguous when it may have arrived, and
        LogError when it was not made because it could not be logged.
        """
        entry = Entry(call.purpose, call.method, urljoin(self.url, call.path), call.about)
        if not call.repeatable:
            self.log.sending(entry)
        began = self._monotonic()
        with self._session() as session, Watchdog() as watchdog:
            prepared, body = self._prepare(session, call, entry.url, watchdog)
            try:
                answer = self._exchange(session, prepared, began)
                if watchdog.expired:  # an answer without a length ends where its connection does
                    raise TookTooLong(watchdog.expired)
            except FAILURES as error:
                arrived = body.began and not call.repeatable
                reason = watchdog.expired or _reason(error, self._limits)
                raise self._failed(call, entry, reason, arrived, began) from error
        if not call.repeatable:
            self._seam("answer:received")
        self._log_answer(call, entry, answer)
        return answer

    def _prepare(
        self, session: requests.Session, call: Call, url: str, watchdog: Watchdog
    ) -> tuple[requests.PreparedRequest, WatchedBody]:
        session.trust_env = False
        session.headers.update({"User-Agent": f"omnitron-etl/{__version__}", "Accept-Encoding": "identity"})
        files = None if call.file is None else {"file": (*call.file, "application/json")}
        request = requests.Request(
            call.method,
            url,
            headers={"Accept": "application/json", "Connection": "close", **call.headers},
            params=call.query,
            json=call.json,
            files=files,
            cookies=self.cookies,
        )
        prepared = session.prepare_request(request)
        data = prepared.body if isinstance(prepared.body, bytes) else b""
        body = WatchedBody(data, no_seam if call.repeatable else self._seam, partial(self._await_answer, watchdog))
        self._watch(session, watchdog, len(data))
        if data:
            prepared.body = body  # type: ignore[assignment]  # anything with read() will do, Content-Length is set
        return prepared, body

    def _watch(self, session: requests.Session, watchdog: Watchdog, size: int) -> None:
        def connected(connection: socket.socket) -> None:
            watchdog.guard(connection)
            if size:
                seconds = self._limits.connect + self._limits.read + size / SLOWEST_LINE
                watchdog.arm(seconds, f"the request could not be handed over within {seconds:.1f} s")
            else:
                self._await_answer(watchdog)

        for scheme in ("https://", "http://"):
            session.mount(scheme, WatchedAdapter(connected))

    def _await_answer(self, watchdog: Watchdog) -> None:
        watchdog.arm(self._limits.read, _no_answer(self._limits))

    def _exchange(self, session: requests.Session, prepared: requests.PreparedRequest, began: float) -> Answer:
        url = prepared.url or ""
        # The adapter itself, not session.send: that one would read the whole body of a redirect, however large.
        response = session.get_adapter(url).send(
            prepared,
            stream=True,
            timeout=(self._limits.connect, self._limits.read),
            verify=self._limits.ca_bundle or True,
            proxies=_proxies(url),
        )
        with response:
            if self.cookies is not None:
                extract_cookies_to_jar(self.cookies, prepared, response.raw)  # type: ignore[no-untyped-call]
            data = _read_bounded(response)
        seconds = self._monotonic() - began
        return Answer(prepared.method or "", url, response.status_code, response.headers, data, seconds)

    def _failed(self, call: Call, entry: Entry, reason: str, arrived: bool, began: float) -> Unavailable | Ambiguous:
        """The error for a request without an answer, once it is logged."""
        what: str = joined(": ", [f"{call.method} {entry.url}", reason])
        try:
            self.log.failed(entry, reason, self._monotonic() - began, durable=not call.repeatable)
        except LogError as error:
            what = f"{what}; and {error}"
        return Ambiguous(what) if arrived else Unavailable(what)

    def _log_answer(self, call: Call, entry: Entry, answer: Answer) -> None:
        text = _masked(answer, call.hidden) if call.hidden else answer.text
        try:
            self.log.answered(entry, answer.status, text, answer.seconds, durable=not call.repeatable)
        except LogError as error:
            if call.repeatable:
                raise
            what = f"{call.method} {entry.url} answered {answer.status}: {' '.join(text.split())}; but {error}"
            raise Ambiguous(what, status=answer.status, body=answer.text) from error


def check_url(url: str) -> str:
    """A URL that secrets may be sent to: https, or http to this machine. Ends in a slash. Raises MappingError."""
    fault = address_fault(url)
    if fault is not None:
        raise MappingError(said(FAULTS[fault], url=said("this") if "@" in url else f"'{url}'"))
    return url.rstrip("/") + "/"


FAULTS = {
    AddressFault.NONE_AT_ALL: "{url} is not a URL; write it as https://<your Omnitron>",
    AddressFault.LOGIN: "the URL holds a user name; use target.username and target.password",
    AddressFault.OPEN: "{url} is not encrypted; only https:// is used, and http:// to this machine alone",
    AddressFault.QUERY: "{url} has a query (?) or a fragment (#); an address ends before them",
}


def _check_limits(limits: Limits) -> Limits:
    if limits.ca_bundle and not Path(limits.ca_bundle).exists():
        raise MappingError(said("target.ca_bundle: there is no file {path}", path=limits.ca_bundle))
    return limits


def _proxies(url: str) -> dict[str, str]:
    """The environment's proxy for https, where the token passes through it encrypted. None to this machine."""
    if urlsplit(url).scheme != "https" or is_loopback(urlsplit(url).hostname or ""):
        return {}
    return dict(get_environ_proxies(url))


def _read_bounded(response: requests.Response) -> bytes:
    data = bytearray()
    for chunk in response.iter_content(65536):
        data += chunk
        if len(data) > LARGEST_ANSWER:
            raise AnswerTooLarge(f"the answer is larger than {LARGEST_ANSWER} bytes")
    return bytes(data)


def _masked(answer: Answer, hidden: tuple[str, ...]) -> str:
    """The answer without its secrets. One that is no JSON object may hold them anywhere, so nothing of it is kept."""
    found = answer.json
    if not isinstance(found, dict):
        return f"({len(answer.body)} bytes that are no JSON object)"
    return orjson.dumps({name: MASK if name in hidden else value for name, value in found.items()}).decode()


def _reason(error: BaseException, limits: Limits) -> str:
    """Why a request failed, in a few words; requests wraps the reason three deep."""
    if isinstance(error, requests.ConnectTimeout):
        return said("no connection within {seconds} s", seconds=f"{limits.connect:g}")
    if isinstance(error, requests.ReadTimeout):
        return _no_answer(limits)
    inner = _innermost(error)
    text = (inner.strerror if isinstance(inner, OSError) else None) or str(inner) or type(inner).__name__
    if isinstance(error, requests.exceptions.SSLError):
        return said("TLS failed: {error}", error=text)
    return said("the proxy failed: {error}", error=text) if isinstance(error, requests.exceptions.ProxyError) else text


def _no_answer(limits: Limits) -> str:
    return said("no whole answer within {seconds} s", seconds=f"{limits.read:g}")


def _innermost(error: BaseException) -> BaseException:
    wrapped = getattr(error, "reason", None)
    if not isinstance(wrapped, BaseException):
        wrapped = next((one for one in reversed(error.args) if isinstance(one, BaseException)), None)
    wrapped = wrapped or error.__cause__
    return error if wrapped is None or wrapped is error else _innermost(wrapped)
