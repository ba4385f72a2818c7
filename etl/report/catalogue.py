"""What people read, in their language: languages/NAME.po has the engine's own text, and the same in it.

The engine's own is English. All that there is to say is found in the source: sentences of findings are literals at the places of
their findings, and the page marks its texts. `make docs` puts what is new into each language's file, with room for its
translation, and a test fails while that room is empty.

Report and workbook ask for each text. On the terminal one place asks for all of them, where a line is printed
(cli/advice.py): a line for people is a findings.Sentence, which is English until then.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from msgspec import Struct, field

from etl.findings import Figure, Heading, Sentence, sentence
from etl.languages import DEFAULT

_SWAP = str.maketrans(",.", ".,")


class _Turkish(int):
    """A number that is written 1.234 where a template asks for 1,234."""

    def __format__(self, form: str) -> str:
        return super().__format__(form).replace(",", ".")


class Catalogue(Struct, frozen=True):
    """What one language has for the engine's own: `sentences` of findings, with the phrases in them, and `texts` of pages."""

    sentences: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    language: str = DEFAULT

    def say(self, words: str, parts: Mapping[str, object], *, masked: bool, personal: bool = True) -> str:
        """The one way from a finding to what people read."""
        return sentence(words, self._counted(parts), masked=masked, personal=personal, translate=self._said)

    def tell(self, text: str) -> str:
        """A text in this language, where it remembers of what it was made."""
        if self.language == DEFAULT:
            return text
        if isinstance(text, Sentence):
            return self.say(text.words, text.parts, masked=text.masked, personal=text.personal)
        if isinstance(text, Figure):
            return text.translate(_SWAP) if self.language == "tr" else text
        return self.text(text) if isinstance(text, Heading) else text

    def _counted(self, part: Any) -> Any:
        """A part with the numbers and the sentences in it as this language writes them."""
        if isinstance(part, str):
            return self.tell(part)
        if isinstance(part, Mapping):
            return {name: self._counted(one) for name, one in part.items()}
        if isinstance(part, list | tuple):
            return [self._counted(one) for one in part]
        is_number = isinstance(part, int) and not isinstance(part, bool)
        return _Turkish(part) if is_number and self.language == "tr" else part

    def text(self, words: str) -> str:
        return self.texts.get(words, words)

    def _said(self, words: str) -> str:
        return self.sentences.get(words, words)


ENGLISH = Catalogue()


@cache
def catalogue_of(language: str) -> Catalogue:
    """`language` is one of languages.LANGUAGES."""
    if language == DEFAULT:
        return ENGLISH
    from babel.messages.pofile import read_po

    with files("etl.report").joinpath("languages", f"{language}.po").open("rb") as file:
        found = [one for one in read_po(file, locale=language) if one.id]
    texts, sentences = (
        {str(one.id): str(one.string) for one in found if (one.context == PAGE) is of_page} for of_page in (True, False)
    )
    return Catalogue(sentences, texts, language)


PAGE = "page"
"""The context (msgctxt) of what stands in a page, apart from sentences about rows."""
