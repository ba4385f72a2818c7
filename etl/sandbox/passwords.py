"""Whether a plain password verifies against a migrated digest, as Django's hashers decide it."""

from __future__ import annotations

import hashlib
import hmac

BARE = ("md5", "sha1", "sha256")
SALTED = ("md5", "sha1")


def verifies(password: str, stored: str, algorithm: str) -> bool:
    """Bare lower-case hex of `algorithm`, or `md5$salt$hex` / `sha1$salt$hex` with the digest over salt+password."""
    if "$" not in stored:
        return algorithm in BARE and _same(hashlib.new(algorithm, password.encode()).hexdigest(), stored)
    prefix, salt, digest = (*stored.split("$", 2), "")[:3]
    return prefix in SALTED and _same(hashlib.new(prefix, (salt + password).encode()).hexdigest(), digest)


def _same(made: str, stored: str) -> bool:
    # Compared as written: an upper-case digest never verifies, just as in Django.
    return hmac.compare_digest(made.encode(), stored.encode())
