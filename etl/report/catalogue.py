"""What people read in report and workbook, in their language: languages/NAME.po has the engine's own text, and the same in it.

The engine's own is English. All that there is to say is found in the source: sentences of findings are literals at the places of
their findings, and the page marks its texts. `make docs` puts what is new into each language's file, with room for its
translation, and a test fails while that room is empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from etl.findings import BECAUSE, sentence
from etl.languages import DEFAULT


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What one language has for the engine's own: `sentences` of findings, with the phrases in them, and `texts` of pages."""

    sentences: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    language: str = DEFAULT

    def say(self, words: str, parts: Mapping[str, object], *, masked: bool, personal: bool = True) -> str:
        """The one way from a finding to what people read."""
        how = {"masked": masked, "personal": personal}
        return sentence(words, self._phrased(parts), **how, translate=self._said)

    def text(self, words: str) -> str:
        return self.texts.get(words, words)

    def _said(self, words: str) -> str:
        return self.sentences.get(words, words)

    def _phrased(self, parts: Mapping[str, Any]) -> dict[str, object]:
        """The parts, with what the engine says in them ('a whole number') in this language. What a row holds stays."""
        return {name: self._part(name, part) for name, part in parts.items()}

    def _part(self, name: str, part: Any) -> object:
        if name == BECAUSE:
            return {**part, "parts": self._phrased(part["parts"])}
        return self._said(part) if isinstance(part, str) and name in PHRASED else part


PHRASED = frozenset({"type", "other_type", "mark", "other", "described"})
"""The parts in which the engine says something. Others are names: a stage may be called as anything."""


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
