"""Which of a mapping's tests are meant: `phone and not (guest or "an order")`."""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct, field

from etl.errors import MappingError

Meant = Callable[[str], bool]
"""Whether a text, a test's stage and name, is meant."""

_TOKENS = re.compile(r"\"([^\"]*)\"(?![^\s)])|'([^']*)'(?![^\s)])|([()])|([^\s()]+)")
WORDS = ("and", "or", "not", "(", ")")
HOW = "write words, and between them `and`, `or`, `not` and parentheses: -k 'phone and not guest'"


def all_of_them(text: str) -> bool:
    return True


def meant(expression: str) -> Meant:
    """Words count wherever they stand in the text, in any case; several in a row, or in quotes, are one phrase."""
    parser = _Parser(expression, _tokens(expression))
    found = parser.either()
    if parser.left:
        raise parser.wrong()
    return found


def _tokens(expression: str) -> list[tuple[str, bool]]:
    """Each with whether it is a word of the expression's own."""
    found = []
    for double, single, bracket, word in _TOKENS.findall(expression):
        text = bracket or word or double or single
        found.append((text, bool(bracket or word) and text.lower() in WORDS))
    return found


class _Parser(Struct):
    expression: str
    left: list[tuple[str, bool]] = field(default_factory=list)

    def either(self) -> Meant:
        found = self.both()
        while self.takes("or"):
            found = _or(found, self.both())
        return found

    def both(self) -> Meant:
        found = self.one()
        while self.takes("and"):
            found = _and(found, self.one())
        return found

    def one(self) -> Meant:
        if self.takes("not"):
            return _not(self.one())
        if self.takes("("):
            found = self.either()
            if not self.takes(")"):
                raise self.wrong()
            return found
        return self.phrase()

    def phrase(self) -> Meant:
        words = []
        while self.left and not self.left[0][1]:
            words.append(self.left.pop(0)[0])
        if not words:
            raise self.wrong()
        return _holds(" ".join(words))

    def takes(self, word: str) -> bool:
        if not self.left or not self.left[0][1] or self.left[0][0].lower() != word:
            return False
        self.left.pop(0)
        return True

    def wrong(self) -> MappingError:
        at = f"at '{self.left[0][0]}'" if self.left else "at its end"
        return MappingError(f"-k {self.expression!r}: cannot be understood {at}; {HOW}")


def _or(one: Meant, other: Meant) -> Meant:
    return lambda text: one(text) or other(text)


def _and(one: Meant, other: Meant) -> Meant:
    return lambda text: one(text) and other(text)


def _not(one: Meant) -> Meant:
    return lambda text: not one(text)


def _holds(phrase: str) -> Meant:
    folded = phrase.casefold()
    return lambda text: folded in text.casefold()
