"""The shop's own pages, as a customer's browser reads them (Omnitron contract, 'The shop's own pages')."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

from etl.errors import Refused, TargetError
from etl.findings import said
from etl.journal.requestlog import RequestLog
from etl.omnitron.client import Answer, Call, Client, CookieJar, Limits
from etl.outside import Outside
from etl.target import Secret

MOST_PAGES = 100
SHOWN = 300
LOGIN_REFUSED = "the shop refuses the login: {error}"


class CannotTell(TargetError):
    """The shop asks for something only a person can give, or answers what cannot be read."""


class Visitor:
    """One visitor of the shop. Logged in after `log_in`. The token of the migration API never comes here."""

    def __init__(self, url: str, limits: Limits, log: RequestLog, outside: Outside) -> None:
        self._client = Client(
            url, limits, log, session=outside.session, monotonic=outside.monotonic, cookies=CookieJar()
        )
        self._log = log

    def link(self, path: str) -> str:
        """The page a person looks at."""
        return urljoin(self._client.url, path)

    def log_in(self, email: str, password: Secret) -> None:
        """Raises Refused for a wrong login, CannotTell for a captcha or a one-time code."""
        self._log.hide(password)
        self._get("csrf_token/")
        answer = self._client.send(
            Call(
                "shop login",
                "POST",
                "users/login/",
                json={"email": email, "password": password.reveal()},
                headers={"x-csrftoken": self._cookie("csrftoken"), "Referer": self._client.url},
                hidden=("key",),
            )
        )
        found = answer.json if isinstance(answer.json, dict) else {}
        if answer.status == 202:
            raise CannotTell(said("the shop asks for a one-time code"))
        if "captcha" in str(found.get("redirect_url", "")):
            raise CannotTell(said("the shop asks for a captcha"))
        if answer.status == 400:
            raise Refused(said(LOGIN_REFUSED, error=_shown(answer)), status=400)
        if answer.status != 200 or not found.get("key"):
            raise CannotTell(f"the login answered {answer.status}: {_shown(answer)}")

    def current_user(self) -> Mapping[str, Any]:
        return self._object("current_user/")

    def addresses(self) -> list[Mapping[str, Any]]:
        return self._results("address/")

    def old_orders(self) -> list[Mapping[str, Any]]:
        return self._results("users/old-orders/?format=json")

    def old_order(self, number: object) -> Mapping[str, Any]:
        return self._object(f"users/old-orders/{number}/?format=json")

    def _results(self, path: str) -> list[Mapping[str, Any]]:
        """All pages of a list."""
        found: list[Mapping[str, Any]] = []
        for number in range(1, MOST_PAGES + 1):
            separator = "&" if "?" in path else "?"
            page = self._object(path if number == 1 else f"{path}{separator}page={number}")
            results = page.get("results")
            if not isinstance(results, list):
                raise CannotTell(said("{path} has no 'results'", path=self.link(path)))
            found += [one for one in results if isinstance(one, dict)]
            if not page.get("next"):
                break
        return found

    def _object(self, path: str) -> Mapping[str, Any]:
        answer = self._get(path)
        if not isinstance(answer.json, dict):
            raise CannotTell(f"{answer.url} does not tell a JSON object, it answered {answer.status}: {_shown(answer)}")
        return answer.json

    def _get(self, path: str) -> Answer:
        answer = self._client.send(Call("shop", "GET", path))
        if answer.status != 200:
            raise CannotTell(f"{answer.url} answered {answer.status}: {_shown(answer)}")
        return answer

    def _cookie(self, name: str) -> str:
        return next((cookie.value or "" for cookie in self._client.cookies or () if cookie.name == name), "")


def _shown(answer: Answer) -> str:
    """In one line, whose end is where what we add begins."""
    text = " ".join(answer.text.split())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
