"""Keys that are whole numbers near to each other, as most shops number theirs: the row of each lies at its own place of an array.

That takes a fraction of the memory of a dictionary, and thousands of keys are looked up in a few calls.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import repeat
from operator import itemgetter, sub

import msgspec

PLACES_OF_A_KEY = 40
"""So many places take as much memory as one key in a dictionary does, with its text."""

SPARSEST = 10
"""So many places there may be for each key: numbers that lie further from each other take less room in a dictionary."""

MOST_DIGITS = 40
LARGEST = 10**MOST_DIGITS
LARGEST_ROW = (1 << 32) - 2
LARGEST_OF_64_BITS = (1 << 63) - 1
DIGITS = b"0123456789"

_read = msgspec.json.Decoder(list[int]).decode


def numbers_of(texts: Sequence[str]) -> list[int] | None:
    """The numbers that some texts are, all of them written in the one usual way; None when one is not ('007', ' 7', '-7', '')."""
    whole = ",".join(texts)
    if not whole.isascii():
        return None
    written = whole.encode()
    if not written or written.translate(None, DIGITS) != b"," * (len(texts) - 1):
        return None
    try:
        return _read(b"[" + written + b"]")
    except msgspec.DecodeError:  # a zero in front, nothing between two commas, hundreds of digits
        return None


def as_numbers(texts: Sequence[str | None]) -> array[int]:
    """A number of 64 bits for each text, in one process the same for the same text: the one that it is, where it is one as
    `numbers_of` takes it, or else its hash, of which two alike are as good as impossible."""
    try:
        if (numbers := numbers_of(texts)) is not None:  # type: ignore[arg-type]
            return array("q", numbers)
    except (TypeError, OverflowError):  # one is null, or of twenty digits
        pass
    return array("q", map(_number_of, texts))


def _number_of(text: str | None) -> int:
    number = int(text) if isinstance(text, str) and _is_number(text) else None
    if number is None or number > LARGEST_OF_64_BITS:
        return hash(text) or -1  # the hash of "" is 0, which is a number; that of nothing is -1
    return number


def are_a_range(numbers: Sequence[int]) -> bool:
    """Whether each is the one before it plus one."""
    first, last = numbers[0], numbers[-1]
    return last - first == len(numbers) - 1 and numbers == list(range(first, last + 1))


class KeyColumn:
    """The keys of some records, in their order, looked at as numbers once."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts

    @cached_property
    def numbers(self) -> list[int] | None:
        """What they are, when there are any and all are numbers."""
        return numbers_of(self.texts) if self.texts else None

    @cached_property
    def are_a_range(self) -> bool:
        return self.numbers is not None and are_a_range(self.numbers)

    @property
    def are_distinct(self) -> bool:
        return self.are_a_range or len(set(self.texts)) == len(self.texts)


class NumberedRows:
    """Number -> row, of numbers that lie near to each other. `places` tells how much memory it takes: four bytes each."""

    def __init__(self) -> None:
        self._first, self._rows = 0, array("I")  # each row plus one; 0 where there is none
        self._offered = 0

    @property
    def places(self) -> int:
        return len(self._rows)

    def take(self, keys: KeyColumn, rows: Sequence[int]) -> bool:
        """Note the rows of keys; the rows ascend. False, and none is noted, when not all keys are numbers of at most MOST_DIGITS,
        when they lie too far from each other and the others, or when the last row is beyond LARGEST_ROW."""
        if (numbers := keys.numbers) is None or rows[-1] > LARGEST_ROW:
            return False
        low, end = min(numbers), max(numbers) + 1
        if end > LARGEST:
            return False
        self._offered += len(numbers)
        first, beyond = (min(low, self._first), max(end, self._beyond)) if self._rows else (low, end)
        if beyond - first > SPARSEST * self._offered:
            return False
        self._reach(first, beyond)
        if keys.are_a_range and isinstance(rows, range):
            self._rows[low - first : end - first] = array("I", range(rows.start + 1, rows.stop + 1))
        else:
            for number, row in zip(numbers, rows, strict=True):
                self._rows[number - first] = row + 1
        return True

    def of(self, keys: KeyColumn) -> Sequence[int]:
        """For each key its row plus one; 0 where it has none."""
        if not self._rows or not keys.texts:
            return [0] * len(keys.texts)
        return self._of_some(keys.texts) if keys.numbers is None else self._of_numbers(keys.numbers)

    def are_new(self, keys: KeyColumn) -> bool:
        """Whether none of them has a row."""
        if keys.numbers is not None and min(keys.numbers) >= self._beyond:
            return True  # as those of an export in the order of its numbers are
        return not any(self.of(keys))

    def _of_numbers(self, numbers: Sequence[int]) -> Sequence[int]:
        places, size = list(map(sub, numbers, repeat(self._first))), len(self._rows)
        if len(places) > 1 and min(places) >= 0 and max(places) < size:
            rows: Sequence[int] = itemgetter(*places)(self._rows)
            return rows
        return [self._rows[place] if 0 <= place < size else 0 for place in places]

    def _of_some(self, texts: Sequence[str]) -> list[int]:
        """Of keys that are not all numbers."""
        written = list(filter(_is_number, texts))
        numbers = numbers_of(written) if written else None
        found = {} if numbers is None else dict(zip(written, self._of_numbers(numbers), strict=True))
        return [found.get(text, 0) for text in texts]

    def all(self) -> Iterator[tuple[str, int]]:
        """Each key with its row, in the order of the numbers."""
        return ((str(number), row - 1) for number, row in enumerate(self._rows, self._first) if row)

    @property
    def _beyond(self) -> int:
        return self._first + len(self._rows)

    def _reach(self, first: int, beyond: int) -> None:
        """Have places from `first` up to `beyond`."""
        if not self._rows:
            self._first = first
        elif first < self._first:
            self._rows[:0] = _nothing(self._first - first)
            self._first = first
        self._rows.extend(_nothing(beyond - self._beyond))


def _is_number(text: str) -> bool:
    """Whether `numbers_of` takes it, and it may have a row."""
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS and (text[0] != "0" or text == "0")


def _nothing(places: int) -> array[int]:
    return array("I", bytes(places * array("I").itemsize))
