"""The function `password`: which form a stored password has, and what Omnitron can do with it.

Omnitron is a Django shop (Omnitron contract, 'user'): a digest over salt+password verifies there as 'md5$salt$digest'. What was
made otherwise (over password+salt, twice, with a cost) verifies nowhere but in the old shop, whatever its digits look like.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

from etl.expressions.functions.examples import fails, shows
from etl.expressions.functions.table import Function, Parameter
from etl.expressions.functions.values import one_of, text_for
from etl.findings import Unfit

HASH, ALGORITHM, KIND = "hash", "algorithm", "kind"

ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256"}
"""How many hexadecimal digits a digest has -> the algorithm of that width."""


class StoredPassword(Struct, frozen=True):
    """A stored password, recognised. `hash` and `algorithm` are null where only the old shop can check it."""

    kind: str
    hash: str | None = None
    algorithm: str | None = None


_DIGEST = r"(?P<digest>[0-9a-fA-F]{64}|[0-9a-fA-F]{40}|[0-9a-fA-F]{32})"
_BARE = re.compile(_DIGEST)
_SALT_AFTER = re.compile(_DIGEST + r":(?P<salt>[^$:]+)(?::(?P<version>[01]))?")
_DJANGO = re.compile(r"(?P<name>md5|sha1|sha256)\$(?P<salt>[^$]*)\$" + _DIGEST)

_SLOW = (
    ("bcrypt", re.compile(r"\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}")),
    ("wordpress bcrypt", re.compile(r"\$wp\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}")),
    ("phpass", re.compile(r"\$[PH]\$[./A-Za-z0-9]{31}")),
    ("argon2", re.compile(r"\$argon2(?:id|i|d)\$\S+")),
    # Magento 2: digest:salt:2 is Argon2 with the default costs, digest:salt:3_32_2_67108864 has them written.
    ("argon2", re.compile(r"[0-9a-fA-F]+:[^:]+:[23](?:_\d+)*")),
    # Magento 2 hashed older digests once more (md5 and then sha256): versions joined by colons.
    ("magento chain", re.compile(r"[0-9a-fA-F]+:[^:]+(?::[0-3](?:_\d+)*){2,}")),
    ("pbkdf2", re.compile(r"pbkdf2_\w+\$\d+\$[^$]*\$\S+")),
    ("scrypt", re.compile(r"scrypt[:$]\S+")),
    ("crypt", re.compile(r"\$(?:1|5|6|y)\$\S+")),
    ("ldap", re.compile(r"\{S?(?:SHA|MD5|SHA256|SHA512)\}\S+")),
)
"""Forms that only their own software verifies, whole."""

SHOPS = {
    "opencart": (40, "opencart: sha1(salt + sha1(salt + sha1(password)))"),
    "prestashop": (32, "prestashop: md5(cookie key + password)"),
    "joomla": (32, "joomla: md5(password + salt)"),
}
"""Shops whose digests look like others and are not: how many digits these have, and what they are."""


def recognised(stored: str, shop: str | None = None) -> StoredPassword:
    """What a stored password is. Raises Unfit when it has no form that is known."""
    text = text_for("password", stored)
    found = _of_shop(text, shop) or _bare(text) or _django(text) or _salted(text) or _slow(text)
    if found is None:
        words = (
            "{value} is no stored password of a form that is known; send one that nobody knows, "
            "by unusable_password, and the customer sets a new one"
        )
        raise Unfit("function:password", stored, words)
    return found


def _of_shop(text: str, shop: str | None) -> StoredPassword | None:
    width, kind = SHOPS.get(shop or "", (0, ""))
    found = _BARE.fullmatch(text.partition(":")[0])
    return StoredPassword(kind) if found and len(found["digest"]) == width else None


def _bare(text: str) -> StoredPassword | None:
    if not _BARE.fullmatch(text):
        return None
    name = ALGORITHMS[len(text)]
    # Django knows an unsalted sha1 by its empty salt only; a bare md5 it knows as it is (tried with Django's own hashers).
    return StoredPassword(name, f"{name}$${text.lower()}" if name == "sha1" else text.lower(), name)


def _django(text: str) -> StoredPassword | None:
    found = _DJANGO.fullmatch(text)
    if found is None or ALGORITHMS[len(found["digest"])] != found["name"]:
        return None
    return _with_salt(found["name"], found["salt"], found["digest"])


def _salted(text: str) -> StoredPassword | None:
    """digest:salt as osCommerce, Zen Cart and Magento 1 have it; Magento 2 adds a version: 0 is md5, 1 is sha256."""
    found = _SALT_AFTER.fullmatch(text)
    if found is None:
        return None
    name = ALGORITHMS[len(found["digest"])]
    if found["version"] and name != ("md5", "sha256")[int(found["version"])]:
        return None
    return _with_salt(name, found["salt"], found["digest"])


def _with_salt(name: str, salt: str, digest: str) -> StoredPassword:
    return StoredPassword(f"{name} with salt" if salt else name, f"{name}${salt}${digest.lower()}", name)


def _slow(text: str) -> StoredPassword | None:
    return next((StoredPassword(kind) for kind, pattern in _SLOW if pattern.fullmatch(text)), None)


def bind_password(which: str, shop: str | None = None) -> Callable[[str], str | None]:
    one_of("which", which, (HASH, ALGORITHM, KIND))
    one_of("shop", shop, (*SHOPS, None))
    return lambda value: getattr(recognised(value, shop), which)


def password(value: str, which: str, shop: str | None = None) -> str | None:
    return bind_password(which, shop)(value)


MD5 = "8FD0D8357B5B0DD189306BEE5EC32450"

FUNCTIONS = (
    Function(
        name="password",
        gives=str,
        group="code",
        sentence=(
            "Recognises how the old shop stored a password, and gives what Omnitron is to be sent: 'hash' for the field "
            "password, 'algorithm' for password_algorithm. Both are null where only the old shop can check it (bcrypt, "
            "phpass, argon2 and the like): put `default` after them, with a digest that no password has, and with the word "
            "agreed with Akinon. sha256 verifies only where Akinon has agreed to it."
        ),
        call=password,
        bind=bind_password,
        parameters=(
            Parameter("which", "'hash', 'algorithm', or 'kind', which is what it was recognised as, for people."),
            Parameter(
                "shop",
                "'opencart', 'prestashop' or 'joomla': their digests look like plain sha1 or md5, and are not.",
                None,
            ),
        ),
        examples=(
            shows("{{ pw | password('hash') }}", f"md5$a1B2${MD5.lower()}", pw=f"{MD5}:a1B2"),
            shows("{{ pw | password('algorithm') }}", "md5", pw=f"{MD5}:a1B2"),
            shows("{{ pw | password('hash') }}", MD5.lower(), pw=MD5),
            shows("{{ pw | password('hash') }}", f"sha1$${MD5.lower()}01234567", pw=f"{MD5}01234567"),
            shows("{{ pw | password('hash', shop='opencart') }}", None, pw=f"{MD5}01234567"),
            shows("{{ pw | password('algorithm') | default('phpass') }}", "phpass", pw="$P$B" + "a" * 30),
            shows("{{ pw | password('kind') }}", "bcrypt", pw="$2y$10$" + "a" * 53),
            fails(
                "{{ pw | password('hash') }}",
                "'hunter2' is no stored password of a form that is known; send one that nobody knows, by "
                "unusable_password, and the customer sets a new one",
                pw="hunter2",
            ),
        ),
    ),
)
