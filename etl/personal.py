"""What personal data looks like when it is printed. Enough stays for the owner of the data to know which row it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_WORD = re.compile(r"\w+")
_CODE = re.compile(r"[^\s@]*\d[^\s@]*")
_TELEPHONE = re.compile(r"(?:\+|00)?(?:90)?0?5\d{9}")
_EMAIL = re.compile(r"([^\s@]+)@([^\s@.]+)((?:\.[\w-]+)+)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,40}")


_BETWEEN_DIGITS = re.compile(r"[\s()./-]+")


def _is_telephone(text: str) -> bool:
    """However its digits are grouped: 0532 000 12 34."""
    return _TELEPHONE.fullmatch(_BETWEEN_DIGITS.sub("", text)) is not None


def is_code(text: str) -> bool:
    """Whether a text tells nothing about a person by itself: it is a number or a code, not an e-mail, telephone or name."""
    return _CODE.fullmatch(text) is not None and not _is_telephone(text)


def looks_personal(text: str) -> bool:
    """Whether a text is what anybody knows for personal, in whatever field: an e-mail address or a mobile number."""
    return _EMAIL.fullmatch(text) is not None or _is_telephone(text)


SHORTEST = 3
"""Letters of a word of which the first is shown: of a shorter one that would be all of it, or half."""


def mask_text(text: str) -> str:
    """The first letter of every word that is not too short, and stars: a***@m***.com, A*** Y***, 5***, ***."""
    # Only what is an e-mail address as a whole keeps its ending: in a longer text more could follow it.
    if email := _EMAIL.fullmatch(text):
        return f"{_mask_word(email[1])}@{_mask_word(email[2])}{email[3]}"
    return _WORD.sub(lambda word: _mask_word(word[0]), text)


def _mask_word(word: str) -> str:
    return f"{word[0]}***" if len(word) >= SHORTEST else "***"


def mask_key(key: Any) -> str:
    """A record's key, as it is when it is a number or a code: an e-mail, a telephone or a name is masked."""
    return key if is_code(key := str(key)) else mask_text(key)


def mask_field(value: Any, *, personal: bool) -> Any:
    """A field's value, or a column's, as it may be printed."""
    return mask_value(value) if personal else mask_known(value)


def mask_value(value: Any) -> Any:
    """A value of any type as it may be printed: a number becomes a text, a list or an object keeps its form."""
    return _inside(value, lambda one: mask_text(str(one)), mask_name)


def mask_known(value: Any) -> Any:
    """A value of a field that is not personal: only what anybody knows for personal is masked, wherever it is nested."""
    return _inside(value, _mask_if_known, _mask_if_known)


def _inside(value: Any, mask: Callable[[Any], Any], named: Callable[[str], str]) -> Any:
    """The value with `mask` for each that is in it, and `named` for the names that these have in an object."""
    if isinstance(value, Mapping):
        return {named(str(name)): _inside(inner, mask, named) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_inside(inner, mask, named) for inner in value]
    return value if value is None or isinstance(value, bool) else mask(value)


def _mask_if_known(value: Any) -> Any:
    return mask_text(str(value)) if looks_personal(str(value)) else value


def mask_name(name: str) -> str:
    """The name of a value inside an object, when it looks like one that a program gave."""
    return name if _NAME.fullmatch(name) else mask_text(name)
