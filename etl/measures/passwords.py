"""What passwords look like: the algorithm named beside them, their form, and what that means. Never what they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any

FormOfPassword = tuple[str | None, str, str]
"""Algorithm, form, and what happens at a login."""

StandingOf = Callable[[str | None, Any], str]
"""Algorithm and password -> what happens at a login; the same for all of one algorithm and form."""

NOBODYS = "a digest that no password has"

LEAST_DIGITS = 32

_HEX = re.compile(r"[0-9a-fA-F]+")
HEX_DIGITS = "0123456789abcdefABCDEF"
_PREFIX = re.compile(
    r"\$(2[abxy]|P|H|S|1|5|6|argon2\w{1,2})\$|(md5|sha1|sha256|sha512|pbkdf2_sha256|pbkdf2_sha1|bcrypt|bcrypt_sha256|argon2)\$"
)
"""Names of algorithms, and nothing else that may stand before a dollar sign: that could be half a password."""


def passwords(algorithms: Sequence[Any], values: Sequence[Any], standing_of: StandingOf) -> Counter[FormOfPassword]:
    forms = _forms(values)
    named = {one: None if one is None else str(one) for one in set(algorithms)}
    if len(named) == 1 and isinstance(forms, str):
        (name,) = named.values()
        return Counter({(name, forms, standing_of(name, values[0])): len(values)})
    each = repeat(forms) if isinstance(forms, str) else forms
    alike = list(zip(map(named.__getitem__, algorithms), each, strict=False))
    counted = {pair: (many, alike.index(pair)) for pair, many in Counter(alike).items()}
    return Counter({(*pair, standing_of(pair[0], values[at])): many for pair, (many, at) in counted.items()})


def _forms(values: Sequence[Any]) -> str | list[str]:
    """The form of all of them, where they have one; else of each."""
    # Nearly always all are digests: one look at all of them together then says so.
    if not ({str}.issuperset(map(type, values)) and all(values) and _are_hexadecimal("".join(values))):
        return [form(value) for value in values]
    told = {length: f"{length} hexadecimal digits" for length in set(map(len, values))}
    if not {length * digit for length in told for digit in HEX_DIGITS}.isdisjoint(values):
        return [form(value) for value in values]
    return [told[len(value)] for value in values] if len(told) != 1 else told.popitem()[1]


def _are_hexadecimal(text: str) -> bool:
    return text.isascii() and not text.encode().translate(None, HEX_DIGITS.encode())


def is_nobodys(password: str) -> bool:
    """Whether it is a digest of one sign over and over, which hardly a text has: such a one is made to let nobody in."""
    digest = password.rpartition("$")[2]
    return len(digest) >= LEAST_DIGITS and digest == digest[0] * len(digest)


def form(value: Any) -> str:
    """'32 hexadecimal digits', '$2y$..., 60 characters'."""
    if not isinstance(value, str) or not value:
        return "none"
    if is_nobodys(value):
        return NOBODYS
    if _HEX.fullmatch(value):
        return f"{len(value)} hexadecimal digits"
    prefix = _PREFIX.match(value)
    written = f"{len(value)} characters"
    return written if prefix is None else f"{prefix[0]}..., {written}"
