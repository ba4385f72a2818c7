"""HTTP, with the one question answered exactly that matters here: may the request have arrived?

The only importer of requests. Every request has a connection of its own: an idle one that the server has just closed
would turn a POST that surely failed into one of unknown fate. No redirect is followed, nothing is resent, and netrc is not
read, because requests would put its password in the place of the token.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import orjson
import requests
import urllib3
from requests.cookies import RequestsCookieJar, extract_cookies_to_jar
from requests.utils import get_environ_proxies

from etl import __version__
from etl.errors import Ambiguous, MappingError, Unavailable
from etl.load.requestlog import MASK, Entry, LogError, RequestLog
from etl.load.seams import Seam, no_seam
from etl.model import EMPTY, Target

SessionFactory = Callable[[], requests.Session]
CookieJar = RequestsCookieJar

LARGEST_ANSWER = 8 * 2**20
"""Bytes. An answer of the migration API has some hundred; a page of a shop's old orders may have a lot more."""

FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)


class AnswerTooLarge(OSError):
    """An answer nobody would want to keep in memory."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request to be made. `file` is (name, bytes) of a multipart upload; `about` goes into the log.

    repeatable   it changes nothing (or is a login, which may be done twice): when it fails, it may simply be made again
    hidden       names in the JSON answer whose values are secrets
    """

    purpose: str
    method: str
    path: str
    json: Mapping[str, object] | None = None
    file: tuple[str, bytes] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    about: Mapping[str, object] = EMPTY
    repeatable: bool = True
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
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


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, and the certificates to trust instead of the usual ones."""

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

    def __init__(self, data: bytes, seam: Seam) -> None:
        self._data = memoryview(data)
        self._seam = seam
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
        session: SessionFactory = requests.Session,
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
        body = WatchedBody(b"", no_seam if call.repeatable else self._seam)
        began = self._monotonic()
        try:
            answer = self._exchange(call, entry.url, body, began)
        except FAILURES as error:
            arrived = body.began and not call.repeatable
            raise self._failed(call, entry, _reason(error, self._limits), arrived, began) from error
        if not call.repeatable:
            self._seam("answer:received")
        self._log_answer(call, entry, answer)
        return answer

    def _exchange(self, call: Call, url: str, body: WatchedBody, began: float) -> Answer:
        with self._session() as session:
            session.trust_env = False
            prepared = self._prepare(session, call, url)
            if isinstance(prepared.body, bytes):
                body.__init__(prepared.body, body._seam)  # type: ignore[misc]
                prepared.body = body  # type: ignore[assignment]
            # The adapter itself, not session.send: that would read, unbounded, the body of a redirect.
            response = session.get_adapter(url).send(
                prepared,
                stream=True,
                timeout=(self._limits.connect, self._limits.read),
                verify=self._limits.ca_bundle or True,
                proxies=_proxies(url),
            )
            with response:
                if self.cookies is not None:
                    extract_cookies_to_jar(self.cookies, prepared, response.raw)
                data = _read_bounded(response)
                seconds = self._monotonic() - began
                return Answer(call.method, url, response.status_code, response.headers, data, seconds)
