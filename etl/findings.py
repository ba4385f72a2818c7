"""What is wrong with a value, as data: which rule refused it, and a template that says why. The sentence is made from these.

    Unfit("function:phone", "0212 555", "{value} is not a mobile number of region '{region}'", region="DE")
    -> '0212 555' is not a mobile number of region 'DE'

A template is written as a literal where it is used, whole, so that all of them can be found and said in another language
(report/catalogue.py): two forms of a sentence are two templates.

Whoever raises knows neither row nor field: who catches it stamps them on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial, reduce
from typing import Any

from etl.personal import mask_field, mask_key, mask_known
from etl.suggest import nearest_or_all
from etl.terminal import plain_value

SHOWN = 60
"""The most characters of a text that are repeated in a sentence about it."""

LONGEST_SUBJECT = 80

HIDDEN = "(hidden)"
"""Stands for a value that nobody should see (a password)."""

Mask = Callable[[Any], Any]
"""A value -> the value as it is written: itself, or masked."""

Translate = Callable[[str], str]
"""A template -> the same in another language, with the same parts."""


class Unfit(ValueError):
    """A value that a rule refuses. Its text is the whole sentence.

    rule    a stable name that problems are grouped by: 'function:money', 'function:money:decimals', 'duplicate'
    value   what was refused
    words   a template of the sentence. Parts named in OF_DATA come out of a row; all others come out of the rule.
    parts   what the template needs, `value` among them
    """

    def __init__(self, rule: str, value: object, words: str, **parts: object) -> None:
        super().__init__(rule, value, words)
        self.rule, self.value, self.words = rule, value, words
        self.parts: Mapping[str, object] = {"value": value, **parts}

    def __str__(self) -> str:
        return sentence(self.words, self.parts)

    def __eq__(self, other: object) -> bool:
        """It is data: two that say the same of the same are one."""
        if not isinstance(other, Unfit):
            return NotImplemented
        mine, theirs = (self.rule, self.value, self.words), (other.rule, other.value, other.words)
        return mine == theirs and self.parts == other.parts

    def __hash__(self) -> int:
        return hash((self.rule, self.words))

    def __reduce__(self) -> Any:
        return _unfit, (self.rule, self.value, self.words, dict(self.parts))


def _unfit(rule: str, value: object, words: str, parts: dict[str, object]) -> Unfit:
    return Unfit(rule, value, words, **{name: part for name, part in parts.items() if name != "value"})


def sentence(
    words: str,
    parts: Mapping[str, object],
    *,
    masked: bool = False,
    personal: bool = True,
    translate: Translate | None = None,
) -> str:
    """The template with its parts in place. With `masked`, no part that comes out of a row is shown as it is.

    Of a field that is not `personal`, only keys and what anybody knows for personal are masked.
    """

    say = translate or _as_it_is

    def written(name: str, part: Any) -> Any:
        if name in OF_DATA:
            return OF_DATA[name](part, mask if not masked else _MASKS.get(name, mask), say)
        if isinstance(part, list | tuple):
            return _alternatives([str(written(name, one)) for one in part], say)
        if isinstance(part, Mapping):
            return sentence(part["words"], part["parts"], masked=masked, personal=personal, translate=translate)
        return say(part) if name in PHRASED and isinstance(part, str) else part

    mask = partial(mask_field, personal=personal) if masked else _as_it_is
    told = {name: written(name, part) for name, part in parts.items()}
    return say(words).format_map(told)


def _alternatives(told: list[str], say: Translate) -> str:
    return reduce(lambda first, other: say(EITHER).format(first=first, other=other), told) if told else ""


EITHER = "{first} or {other}"
"""How a part is written that is a list: each of it would do."""

PHRASED = frozenset({"type", "other_type", "mark", "other", "described", "detail", "level", "above"})
"""The parts in which the engine, or a library, says something that is in every language's file. All others that come out of
the rule are names, numbers and what is typed: a stage may be called as anything."""

BECAUSE = "because"
"""A part that is the reason inside of another one (see `inside`)."""


def inside(why: Unfit) -> dict[str, object]:
    """A reason as a part of another one."""
    return phrase((why.words, dict(why.parts)))


def phrase(words: Words) -> dict[str, object]:
    """What has parts of its own, as a part of a template."""
    return {"words": words[0], "parts": words[1]}


def entry_in(parts: Mapping[str, Any]) -> str | None:
    """The entry that a lookup lacks, by which problems of one field and one rule are told apart."""
    if BECAUSE in parts:
        return entry_in(parts[BECAUSE]["parts"])
    return str(parts["entry"]) if "entry" in parts else None


def literally(text: str) -> str:
    """A text as a template that has no parts."""
    return text.replace("{", "{{").replace("}", "}}")


def _as_it_is(value: Any) -> Any:
    return value


def shown(value: object, mask: Mask = _as_it_is, say: Translate = _as_it_is) -> str:
    """A value for a message: in quotes when it is text, and never longer than a line."""
    if value == HIDDEN:
        return say(NAMED["value"])
    if isinstance(value, str) and len(value) > SHOWN:
        return say(NAMED["long"]).format(begin=repr(mask(value[:SHOWN])), count=len(value))
    masked = mask(value)
    # A number that is masked is written as a number is, without quotes.
    written = masked if isinstance(masked, str) and not isinstance(value, str) else plain_value(masked)
    return written if len(written) <= 2 * SHOWN else f"{written[:SHOWN]}..."


NAMED = {
    "value": "the value", "text": "the text", "object": "the object", "list": "the list",
    "long": "{begin}... ({count} characters)",
}  # fmt: skip
"""What stands for a value that is not shown, or not all of it."""


def subject(value: object, mask: Mask = _as_it_is, say: Translate = _as_it_is) -> str:
    """A value as a sentence begins with it."""
    if value == HIDDEN:
        return say(NAMED["value"])
    if isinstance(value, str):
        return repr(mask(value)) if len(value) <= LONGEST_SUBJECT else say(NAMED["text"])
    if isinstance(value, bool) or value is None:
        return plain_value(value)
    if isinstance(value, int | float | Decimal):
        return str(mask(value))
    return say(NAMED["object" if isinstance(value, Mapping) else "list"])


def _told(text: object, mask: Mask, say: Translate) -> str:
    return str(mask(str(text)))


def _in_a_row(values: Any, mask: Mask, say: Translate) -> str:
    return ", ".join(_told(value, mask, say) for value in values)


_MASKS: Mapping[str, Mask] = {"key": mask_key, "named": mask_known}
"""Parts that are masked in a way of their own, whatever the field."""

OF_DATA: Mapping[str, Callable[[Any, Mask, Translate], str]] = {
    "value": shown,
    "it": subject,
    "beside": shown,
    "entry": shown,
    "key": shown,
    "names": _in_a_row,
    "told": _told,
    "named": _told,
}
"""The parts of a template that come out of a row, and how each is written.

value, it   what was refused; `it` where the sentence begins with it, and long texts are named only
beside      the value beside it, to which it does not fit
entry       what a lookup lacks: each missing entry is a kind of problem by itself
key         of another record: masked, a code stays as it is
names       of what is inside nested JSON
told        what a library says, which may quote the value
named       what stands where a source has its columns' names: only what anybody knows for personal is masked
"""

Words = tuple[str, dict[str, object]]
"""A template, and the parts it needs."""


class Sentence(str):
    """A sentence in the engine's own English that remembers of what it was made: where people read it, a catalogue says it in
    their language (report/catalogue.py). For all else, `--json` among it, it is the English text.

    What is done to the text (a new line put in, a part cut off) gives plain text again. A part may be one of these itself.
    """

    __slots__ = ("masked", "parts", "personal", "words")

    words: str
    parts: Mapping[str, object]
    masked: bool
    personal: bool

    def __new__(
        cls, text: str, words: str, parts: Mapping[str, object], *, masked: bool = False, personal: bool = True
    ) -> Sentence:
        made = super().__new__(cls, text)
        made.words, made.parts, made.masked, made.personal = words, parts, masked, personal
        return made

    def __reduce__(self) -> Any:
        return _said_again, (str(self), self.words, dict(self.parts), self.masked, self.personal)

    def of_parts(self, change: Callable[[str], str]) -> Sentence:
        """The sentence with every text in it changed."""
        parts = {name: change(part) if isinstance(part, str) else part for name, part in self.parts.items()}
        return Sentence(change(str(self)), self.words, parts, masked=self.masked, personal=self.personal)


def masked_sentence(words: str, parts: Mapping[str, object], *, personal: bool) -> Sentence:
    """A finding's sentence as it may be printed."""
    text = sentence(words, parts, masked=True, personal=personal)
    return Sentence(text, words, parts, masked=True, personal=personal)


def _said_again(text: str, words: str, parts: Mapping[str, object], masked: bool, personal: bool) -> Sentence:
    return Sentence(text, words, parts, masked=masked, personal=personal)


def as_phrase(one: Sentence) -> dict[str, object]:
    """What a sentence was made of, as JSON can have it (see `phrase`)."""
    parts = {name: as_phrase(part) if isinstance(part, Sentence) else part for name, part in one.parts.items()}
    return phrase((one.words, parts))


def said(words: str, /, **parts: object) -> Sentence:
    """A sentence for people. `words` is a literal, as of a finding."""
    return Sentence(sentence(words, parts), words, parts)


def some_records(count: int) -> Sentence:
    return said("{count} record" if count == 1 else "{count} records", count=count)


def some_rows(count: int) -> Sentence:
    return said("{count:,} row" if count == 1 else "{count:,} rows", count=count)


def some_cells(count: int) -> Sentence:
    return said("{count:,} cell" if count == 1 else "{count:,} cells", count=count)


def joined(between: str, lines: Iterable[str]) -> Sentence:
    """Sentences beside each other, each of which is said in the reader's language."""
    parts: dict[str, object] = {f"line{number}": line for number, line in enumerate(lines)}
    words = literally(between).join(f"{{{name}}}" for name in parts)
    return Sentence(sentence(words, parts), words, parts)


def or_perhaps(line: str, word: str, known: Iterable[str]) -> Sentence:
    """A line about an unknown name, with the nearest one that is known at its end, or all there are when they are few."""
    near, there = nearest_or_all(word, known)
    if near:
        return said("{line}; did you mean '{near}'?", line=line, near=near)
    return said("{line}; there is {known}", line=line, known=there) if there else joined("", [line])


class Heading(str):
    """A word above figures, in a table of the terminal and on the report's page alike."""

    __slots__ = ()


class Figure(str):
    """A number as English writes it: 1,234.50."""

    __slots__ = ()


PROBLEM = "problem"
WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a record, and how wrong: a `problem` keeps it from being sent, a `warning` does not.

    field   a path such as 'extra_field.gift'; None is the record as a whole
    rule    what refused it: a keyword of the schema, a function, the row's own fault
    value   what the source held, or what was made of it; HIDDEN when nobody should see it
    personal    whether what comes out of the row is masked where it is printed
    """

    field: str | None
    rule: str
    value: object
    words: str
    parts: Mapping[str, object] = dataclasses.field(default_factory=dict)
    severity: str = PROBLEM
    personal: bool = True

    @property
    def reason(self) -> str:
        """The whole sentence, with the data in it."""
        return sentence(self.words, self.parts)

    @property
    def masked_reason(self) -> str:
        """The sentence as it may be printed."""
        return sentence(self.words, self.parts, masked=True, personal=self.personal)

    def told(self, *, masked: bool) -> Sentence:
        text = self.masked_reason if masked else self.reason
        return Sentence(text, self.words, self.parts, masked=masked, personal=self.personal)

    @property
    def entry(self) -> str | None:
        """What tells problems of one field and one rule apart: for a lookup the entry that is missing."""
        return entry_in(self.parts)


def about(field: str | None, value: object, why: Unfit) -> Finding:
    """What was raised, with the place it was caught at."""
    return Finding(field, why.rule, value, why.words, why.parts)
