"""The migration API of Omnitron: log in, start a migration, follow it (Omnitron contract)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from types import MappingProxyType
from urllib.parse import quote

from msgspec import Struct

from etl.errors import Ambiguous, MappingError, Refused, TargetError, Unavailable
from etl.findings import joined, said
from etl.journal.answers import REDIRECTS, migration_id_of, state_after
from etl.journal.states import State
from etl.omnitron.client import Answer, Call, Client
from etl.omnitron.pace import retry_after
from etl.target import Target
from etl.terminal import visible

CUSTOMERS_PATH = "api/v1/channel/{channel}/customers/"
LISTING_PATH = "api/v1/channel/{channel}/{name}/"
SHOWN = 500
"""Characters of an answer that an error's text shows; all of it is in requests.jsonl."""


class Unauthorized(Unavailable):
    """Omnitron did not look at the request, because the token is not, or no longer, valid."""


class Accepted(Struct, frozen=True):
    """Omnitron has taken a batch, and works it off under this id."""

    migration_id: str
    status: int
    answer: str


class Omnitron:
    """One channel. Usable from several threads; they share one login."""

    def __init__(self, target: Target, client: Client, now: Callable[[], datetime]) -> None:
        self._target = _checked(target)
        self._client = client
        self._now = now
        self._lock = threading.Lock()
        self._token = None if target.token is None else _header_safe(target.token.reveal())
        for secret in (target.token, target.password):
            if secret is not None:
                client.log.hide(secret)

    def ready(self) -> str:
        """Log in when there is no token; the token. Raises Refused for a wrong login, Unavailable when it may work later."""
        with self._lock:
            if self._token is None:
                self._token = self._login()
                self._client.log.hide(self._token)
            return self._token

    def forget(self, token: str) -> None:
        """This token was not accepted: the next `ready` logs in again. Another thread may have done so already.

        Raises Refused when no login is known; the token stays, for it may have been refused by mistake.
        """
        if self._target.username is None or self._target.password is None:
            raise Refused(
                said(
                    "{target} does not accept the token; set a valid one in target.token (its variable)",
                    target=self._target.url,
                ),
                status=401,
            )
        with self._lock:
            if self._token == token:
                self._token = None

    def start(self, token: str, payload: str, file: tuple[str, bytes], about: Mapping[str, object]) -> Accepted:
        """Upload a batch: its type, and the file's name and bytes. The token comes from `ready`.

        Raises Refused, Unavailable (Unauthorized with a 401) or Ambiguous.
        """
        path = _fill(self._target.start_path, channel=self._target.channel, type=payload)
        call = Call("start", "POST", path, file=file, headers=_header(token), about=about, repeatable=False)
        answer = self._client.send(call)
        if 200 <= answer.status < 300:
            return _accepted(answer)
        raise self._start_error(answer)

    def progress(self, migration_id: str, about: Mapping[str, object] | None = None) -> Answer:
        """The answer about a migration, which is a 200. Raises Refused or Unavailable."""
        path = _fill(self._target.polling.path, channel=self._target.channel, migration_id=migration_id)
        answer = self._get("progress", path, about or {})
        if answer.status == 200:
            return answer
        raise self._get_error(answer, said("check target.polling.path"))

    def check_token(self) -> None:
        """Ask Omnitron whether it knows the token. Raises Refused, or Unavailable when it may work later."""
        answer = self._get("token", self._target.token_path.lstrip("/"), {})
        if answer.status != 200:
            raise self._get_error(answer, said("check target.url and target.token_path"))

    def customers(self, query: Mapping[str, str], about: Mapping[str, object]) -> Answer:
        """A page of the channel's customers, which is a 200. Raises Refused, or Unavailable when it may work later."""
        path = _fill(CUSTOMERS_PATH, channel=self._target.channel)
        answer = self._get("customer", path, about, query)
        if answer.status == 200:
            return answer
        raise self._get_error(answer, said("check target.channel, and whether the login may read its customers"))

    def listing(self, name: str, query: Mapping[str, str]) -> Answer:
        """A page of one of the channel's lists, which is a 200. Raises Refused, or Unavailable when it may work later."""
        path = _fill(LISTING_PATH, channel=self._target.channel, name=name)
        answer = self._get("listing", path, {"list": name, **query}, query)
        if answer.status == 200:
            return answer
        raise self._get_error(
            answer, said("check target.channel, and whether the login may read its {name}", name=name)
        )

    def _get(
        self, purpose: str, path: str, about: Mapping[str, object], query: Mapping[str, str] = MappingProxyType({})
    ) -> Answer:
        """A GET that logs in once more when the token has expired."""
        token = self.ready()
        answer = self._client.send(Call(purpose, "GET", path, headers=_header(token), about=about, query=query))
        if answer.status != 401:
            return answer
        self.forget(token)
        answer = self._client.send(Call(purpose, "GET", path, headers=_header(self.ready()), about=about, query=query))
        if answer.status == 401:
            raise Refused(
                answered(answer, said("check the token, or the login's rights")), status=401, body=answer.text
            )
        return answer

    def _login(self) -> str:
        target = self._target
        assert target.password is not None, "`_checked` has seen that there is a token or a login"
        answer = self._client.send(
            Call(
                "login",
                "POST",
                target.login_path.lstrip("/"),
                json={"username": target.username, "password": target.password.reveal()},
                hidden=("key", "token"),
            )
        )
        key = answer.json.get("key") if isinstance(answer.json, dict) else None
        if answer.status == 200 and isinstance(key, str) and key:
            return _header_safe(key)
        raise self._login_error(answer)

    def _login_error(self, answer: Answer) -> TargetError:
        if answer.status == 200:
            words = "{call} answered without a key; check target.login_path"
            return Refused(said(words, call=f"{answer.method} {answer.url}"), status=200)
        return self._get_error(answer, said("check target.username and target.password"))

    def _get_error(self, answer: Answer, advice: str) -> TargetError:
        """The error for a request that may be made again: later will do for 429 and 5xx, nothing else."""
        wait = retry_after(answer.headers.get("Retry-After"), self._now())
        text = answered(answer, advice)
        if answer.status == 429 or answer.status >= 500:
            return Unavailable(answered(answer), status=answer.status, body=answer.text, retry_after=wait)
        return Refused(text, status=answer.status, body=answer.text, retry_after=wait)

    def _start_error(self, answer: Answer) -> TargetError:
        wait = retry_after(answer.headers.get("Retry-After"), self._now())
        kind = _start_kind(answer.status, self._target.safe_to_repeat)
        return kind(answered(answer), status=answer.status, body=answer.text, retry_after=wait)


def _start_kind(status: int, safe_to_repeat: Collection[int]) -> type[TargetError]:
    if status == 401:
        return Unauthorized
    state = state_after(status, safe_to_repeat)
    return {State.PLANNED: Unavailable, State.REFUSED: Refused}.get(state, Ambiguous)


def _header(token: str) -> dict[str, str]:
    return {"Authorization": f"Token {token}"}


def _accepted(answer: Answer) -> Accepted:
    migration_id = migration_id_of(answer.json)
    if migration_id is not None:
        return Accepted(migration_id, answer.status, answer.text)
    raise Ambiguous(f"{answered(answer)} (no readable migration_id)", status=answer.status, body=answer.text)


def answered(answer: Answer, advice: str = "") -> str:
    """GET https://... answered 404: {"detail":"Not found."}; check target.polling.path

    What was answered is one part of it, in which it can be masked (report/mask.py).
    """
    text = visible(" ".join(answer.text.split()))
    if answer.status in REDIRECTS:
        text = f"a redirect to {visible(answer.headers.get('Location', '(nowhere)'))}, which is not followed; check target.url"
    shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text)} characters)"
    told = f"{answer.method} {answer.url} answered {answer.status}: {shown or '(nothing)'}"
    return joined("; ", [told, advice]) if advice else told


def _fill(path: str, **values: str) -> str:
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return path.lstrip("/")


def _checked(target: Target) -> Target:
    if not target.channel:
        raise MappingError(said("target.channel is not set; it is the number of the Omnitron channel to load into"))
    if target.token is None and (target.username is None or target.password is None):
        words = "target has neither a token nor a username and password; set one of them from the environment"
        raise MappingError(said(words))
    return target


def _header_safe(token: str) -> str:
    if not (token.isascii() and token.isprintable() and token == token.strip()):
        raise MappingError(said("the token holds characters that no HTTP header can carry; copy it again"))
    return token
