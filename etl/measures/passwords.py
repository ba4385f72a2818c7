"""What passwords look like: the algorithm named beside them, their form, and what that means. Never what they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

FormOfPassword = tuple[str | None, str, str]
"""Algorithm, form, and what happens at a login."""

StandingOf = Callable[[str | None, Any], str]
"""Algorithm and password -> what happens at a login; the same for all of one algorithm and form."""

MOST = 100
_HEX = re.compile(r"[0-9a-fA-F]+")
_PREFIX = re.compile(
    r"\$(2[abxy]|P|H|S|1|5|6|argon2\w{1,2})\$|(md5|sha1|sha256|sha512|pbkdf2_sha256|pbkdf2_sha1|bcrypt|bcrypt_sha256|argon2)\$"
)
"""Names of algorithms, and nothing else that may stand before a dollar sign: that could be half a password."""


def passwords(algorithms: Sequence[Any], values: Sequence[Any], standing_of: StandingOf) -> Counter[FormOfPassword]:
    known: dict[tuple[int, bool], str] = {}
    forms = [form(value, known) for value in values]
    alike = list(zip((None if one is None else str(one) for one in algorithms), forms, strict=True))
    first = dict(zip(reversed(alike), reversed(values), strict=True))
    standings = {pair: standing_of(pair[0], value) for pair, value in first.items()}
    return Counter({(*pair, standings[pair]): count for pair, count in Counter(alike).items()})


def form(value: Any, known: dict[tuple[int, bool], str]) -> str:
    """'32 hexadecimal digits', '$2y$..., 60 characters'. `known` are forms of bare digests, of a length each."""
    if not isinstance(value, str) or not value:
        return "none"
    bare = _HEX.fullmatch(value) is not None
    if (found := known.get((len(value), bare))) is not None and bare:
        return found
    prefix = _PREFIX.match(value)
    written = f"{len(value)} hexadecimal digits" if bare else f"{len(value)} characters"
    if not bare and prefix is not None:
        written = f"{prefix[0]}..., {written}"
    if bare:
        known[len(value), bare] = written
    return written
