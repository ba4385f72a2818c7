"""One GET of an API, with all that may go wrong on the way: limits, servers that stumble, connections that are cut."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec import Struct

from etl import __version__
from etl.address import AddressFault, address_fault, is_loopback
from etl.errors import SourceError
from etl.extract.locations import shown
from etl.target import Secret

if TYPE_CHECKING:
    import requests

TRIES = 8
FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0
"""Seconds between tries, doubled from one to the next."""
LONGEST_ASKED = 900.0
"""Seconds that a server may ask to wait for."""
TIMEOUT = (10.0, 120.0)
LARGEST_PAGE = 256 << 20
STUMBLED = (429, 500, 502, 503, 504)
"""Statuses after which the same request may be answered: too many requests, and servers that stumbled."""


class Login(Struct, frozen=True):
    """What lets this process in: a token in a header, or a name and a password (Basic). None of it: an API that is open."""

    token: Secret | None = None
    header: str = "Authorization"
    basic: Secret | None = None

    def headers(self) -> dict[str, str]:
        if self.basic is not None:
            return {"Authorization": f"Basic {base64.b64encode(self.basic.reveal().encode()).decode()}"}
        if self.token is None:
            return {}
        is_usual = self.header.lower() == "authorization"
        return {self.header: f"Bearer {self.token.reveal()}" if is_usual else self.token.reveal()}

    def secret(self) -> str:
        found = self.basic or self.token
        return found.reveal() if found else ""


class Reply(Struct, frozen=True):
    """A whole answer with status 200. Names of headers are lower case."""

    headers: Mapping[str, str]
    body: bytes


class _Again(Exception):
    """What failed may be done again, after so many seconds if the server says so."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


class Asker:
    """Asks one API. The login goes to its own host and nowhere else; no redirect is followed, and no netrc is read."""

    def __init__(self, url: str, login: Login) -> None:
        check_address(url)
        self._url, self._login = url, login
        self._session: requests.Session | None = None

    def get(self, url: str, is_whole: Callable[[bytes], bool]) -> Reply:
        """The answer, once its body is whole. Raises SourceError."""
        self._check_host(url)
        wait = FIRST_WAIT
        for number in range(1, TRIES + 1):
            try:
                return self._whole(url, is_whole)
            except _Again as again:
                if number == TRIES or (again.wait or 0) > LONGEST_ASKED:
                    asked = f", and asks to wait {again.wait:g} seconds" if again.wait else ""
                    raise SourceError(
                        f"{shown(url)}: {again}{asked}, after {number} {'try' if number == 1 else 'tries'}; run it again later"
                    ) from None
                time.sleep(wait if again.wait is None else again.wait)
                wait = min(2 * wait, LONGEST_WAIT)
        raise AssertionError("the last try returns or raises")

    def _whole(self, url: str, is_whole: Callable[[bytes], bool]) -> Reply:
        reply = self._once(url)
        if reply.body.lstrip()[:1] == b"<":
            raise SourceError(f"{shown(url)}: answers with a web page; is the address that of the API?")
        if not is_whole(reply.body):
            raise _Again("answers with no JSON, or not all of it")
        return reply

    def close(self) -> None:
        if self._session is not None:
            self._session.close()

    def _check_host(self, url: str) -> None:
        """An answer may name any address; the login is for this one."""
        if _host(url) != _host(self._url):
            there = urlsplit(url)
            raise SourceError(
                f"{shown(self._url)}: its next page is at {there.scheme}://{there.netloc.rpartition('@')[2]}, another host, to "
                "which no token is sent; name that host as the source's address if it is right"
            )

    def _once(self, url: str) -> Reply:
        import requests
        import urllib3

        try:
            with self._opened().get(
                url, headers=self._headers(), timeout=TIMEOUT, stream=True, allow_redirects=False, proxies=_proxies(url)
            ) as response:
                _judge(url, response)
                return Reply({name.lower(): one for name, one in response.headers.items()}, _body(url, response))
        except requests.exceptions.SSLError as error:
            raise SourceError(f"{shown(url)}: its certificate is not trusted ({_root(error)})") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _Again(_failure(url, error)) from None

    def _headers(self) -> dict[str, str]:
        return {"Accept": "application/json", "User-Agent": f"omnitron-etl/{__version__}", **self._login.headers()}

    def _opened(self) -> requests.Session:
        if self._session is None:
            import requests

            self._session = requests.Session()
            self._session.trust_env = False
            self._session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or True
        return self._session


def check_address(url: str) -> None:
    """Raises SourceError for what is no address of an API, or one over which everybody could read the token."""
    fault = address_fault(url)
    if fault in FAULTS:
        raise SourceError(f"{shown(url)}: {FAULTS[fault]}")


FAULTS = {
    AddressFault.NONE_AT_ALL: "is no address of an API; write https://host/path",
    AddressFault.LOGIN: "a login does not belong in an address; write `login: ${SHOP_LOGIN}`",
    AddressFault.OPEN: "everybody on the way could read what comes over plain HTTP; write https://",
}
"""A query is none: an API may be asked by one."""


def _host(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    return parts.scheme, parts.hostname or "", port or {"http": 80, "https": 443}.get(parts.scheme)


def _proxies(url: str) -> dict[str, str]:
    from requests.utils import get_environ_proxies

    return {} if is_loopback(urlsplit(url).hostname or "") else dict(get_environ_proxies(url))


def _judge(url: str, response: Any) -> None:
    """Raises _Again or SourceError for everything but 200. What the server says is not repeated: it may hold data."""
    status = response.status_code
    if status == 200:
        return
    if status in STUMBLED:
        raise _Again(f"answers {status}", _asked_wait(response.headers.get("Retry-After", "")))
    if status in (401, 403):
        raise SourceError(
            f"{shown(url)}: does not let this login in ({status}); look at `token` or `login`, and its rights"
        )
    if 300 <= status < 400:
        to = urlsplit(response.headers.get("Location", ""))
        where = f" to {to.scheme}://{to.netloc.rpartition('@')[2]}{to.path}" if to.netloc else ""
        raise SourceError(f"{shown(url)}: leads on{where} ({status}), which is not followed; name the right address")
    hint = "; is the path right?" if status == 404 else "; is a parameter wrong?" if status in (400, 422) else ""
    raise SourceError(f"{shown(url)}: answers {status}{hint}")


def _asked_wait(said: str) -> float | None:
    """Seconds of a Retry-After header: a number, or a time."""
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except ValueError:
        return None


def _body(url: str, response: Any) -> bytes:
    """All of it: one that is shorter than its length says raises."""
    pieces, size = [], 0
    for piece in _pieces(response):
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_PAGE:
            raise SourceError(
                f"{shown(url)}: a page of more than {LARGEST_PAGE >> 20} MB; ask for smaller ones (`size`)"
            )
    return b"".join(pieces)


def _pieces(response: Any) -> Iterator[bytes]:
    found: Iterator[bytes] = response.iter_content(1 << 16)
    return found


def _failure(url: str, error: Exception) -> str:
    import requests

    host = urlsplit(url).netloc.rpartition("@")[2]
    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.ReadTimeout):
        return f"{host} does not answer in time"
    if isinstance(error, requests.exceptions.ConnectionError) and "resolve" in str(error):
        return f"the host {host} is not known here"
    if isinstance(error, requests.exceptions.ConnectionError) and "refused" in str(error):
        return f"nothing answers at {host}"
    return "the connection was cut"


def _root(error: Exception) -> str:
    return str(error).rpartition("(")[2].rstrip(")'\"") or type(error).__name__
