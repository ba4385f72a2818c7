"""What is masked where it is printed. Which fields are personal is said in the payload schemas, by `personal`."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from etl.findings import Figure, Heading, Sentence, said
from etl.model import PAYLOADS
from etl.personal import mask_field
from etl.resources import load_schema

HIDDEN_ANSWER = "(see --show-data)"

# The one form in which a line tells what Omnitron answered, and what we add to it: what an answer holds may look like the
# beginning of that, so only our own words, and these up to the line's end, are none of it.
_SETTINGS = r"target\.[a-z_.]+(?: and target\.[a-z_.]+)*"
_OWN_WORDS = (
    rf"(?:; check (?:{_SETTINGS}|the token, or the login's rights|the payload)|; see target\.polling)?"
    r"(?: \(no readable migration_id\))?(?:; (?:looking again|attempt \d+) in [\d.]+ s)?"
    r"(?:: given up(?: after \d+ attempts)?, before anything was prepared or sent; "
    r"see whether target\.url is right, and Omnitron is there)?"
)
_ANSWERED = re.compile(rf"(?<= answered \d{{3}}: )(.*?)({_OWN_WORDS})$", re.MULTILINE)
_LOGIN_REFUSED = re.compile(r"(?<=^the shop refuses the login: ).*", re.DOTALL)
_SAID_OF_A_LOGIN = {"non_field_errors", "detail"}

PLAIN_ANSWER = {"migration_id", "type", "status", "total_count", "success_count", "error_count"}
"""What an answer may hold that says nothing about a person."""
_PLAIN_VALUE = re.compile(r"[\w-]*", re.ASCII)


@cache
def plain_fields() -> frozenset[str]:
    """Fields that every payload which has them calls not personal. A field that nobody thought of is none of them."""
    schemas: list[Any] = [load_schema(payload) for payload in PAYLOADS]
    said = [(name, one) for schema in schemas for name, one in schema["properties"].items()]
    return frozenset(name for name, _ in said) - {name for name, one in said if one.get("personal") is not False}


def mask_record(record: Mapping[str, Any], personal: Collection[str] | None = None) -> dict[str, Any]:
    """`personal` are the fields to mask; by default all that are not plain_fields."""
    plain = plain_fields() if personal is None else record.keys() - set(personal)
    return {name: mask_field(value, personal=name not in plain) for name, value in record.items()}


def without_answer(text: str) -> str:
    """The text of an error without what Omnitron answered, which may repeat the data of a record."""
    if isinstance(text, Sentence):
        return text.of_parts(without_answer)
    if isinstance(text, Figure | Heading):  # nothing of an answer
        return text
    return _ANSWERED.sub(lambda told: f"{told[1] if is_plain(told[1]) else HIDDEN_ANSWER}{told[2]}", text)


def without_login_answer(text: str) -> str:
    """What a shop says to a login, when it says no more than that: a wrong password is told in its words."""
    masked = without_answer(text)
    found = _LOGIN_REFUSED.search(masked)
    if found is None or _is_said_to_all(found[0]):
        return masked
    if isinstance(masked, Sentence):
        return said(masked.words, error=HIDDEN_ANSWER)
    return f"{masked[: found.start()]}{HIDDEN_ANSWER}"


def _is_said_to_all(answer: str) -> bool:
    """Whether an answer is a sentence of the usual kind, with nothing that one customer alone has."""
    try:
        found = json.loads(answer)
    except ValueError:
        return False
    return isinstance(found, dict) and found.keys() <= _SAID_OF_A_LOGIN and not re.search(r"[@\d]", str(found))


def is_plain(answer: str) -> bool:
    """Whether an answer is nothing but the id of a migration and its counts."""
    try:
        found = json.loads(answer)
    except ValueError:
        return answer == "(nothing)"
    return isinstance(found, dict) and all(
        name in PLAIN_ANSWER and (isinstance(value, int | None) or _PLAIN_VALUE.fullmatch(str(value)))
        for name, value in found.items()
    )
