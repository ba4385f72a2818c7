"""Ask the channel for a customer (Omnitron contract, 'What the channel can be asked'). Reads only; may be asked again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from etl.errors import TargetError
from etl.omnitron.api import Omnitron
from etl.target import Target

MOST_PAGES = 20
"""Of the answer about one e-mail, which is one page at most where the channel heeds what it is asked."""

Customer = Mapping[str, Any]


class Unreadable(TargetError):
    """The channel answered something from which nobody can tell whether the customer is there."""


class Channel:
    """One channel's customers. Usable from several threads."""

    def __init__(self, omnitron: Omnitron, target: Target) -> None:
        self._omnitron, self._number = omnitron, target.channel

    def knows(self, email: str, about: Mapping[str, object]) -> bool:
        """Whether a customer has this e-mail, whatever its case; `about` goes into the log, the e-mail does not.

        Raises Refused, Unavailable when it may work later, and Unreadable.
        """
        others = 0
        for customer in self._customers({"email": email, "channel": self._number}, about):
            if str(customer.get("email", "")).casefold() == email.casefold():
                return True
            others += 1
        if others:
            raise Unreadable(f"asked for one e-mail, the channel's customers/ answered {others} with others")
        return False

    def _customers(self, wanted: Mapping[str, str], about: Mapping[str, object]) -> Iterator[Customer]:
        for page in range(1, MOST_PAGES + 1):
            answer = self._omnitron.customers({**wanted, "page": str(page)}, about)
            found, more = _page(answer.json)
            yield from found
            if not more:
                return
        raise Unreadable(f"the channel's customers/ goes on after {MOST_PAGES} pages about one e-mail")


def _page(content: Any) -> tuple[list[Customer], bool]:
    """The customers on a page, and whether another one follows. Some lists come bare, without pages."""
    listed, more = (content.get("results"), content.get("next")) if isinstance(content, dict) else (content, None)
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise Unreadable("the channel's customers/ answered no list of customers")
    return listed, bool(more)
