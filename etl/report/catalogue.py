"""The sentences of findings in a language, which is a JSON file: the engine's own template -> the same in that language.

What a file leaves out is said in English, the engine's own. All that there is to say is found in the source, where every template
is a literal at the place of its finding: `python tests/templates.py` lists them, with the phrases that go into their parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from typing import Any

import orjson

from etl.errors import MappingError
from etl.findings import BECAUSE, OF_DATA, sentence


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Templates of one language by the engine's own."""

    templates: Mapping[str, str] = field(default_factory=dict)

    def say(self, words: str, parts: Mapping[str, object], *, masked: bool, personal: bool = True) -> str:
        """The one way from a finding to what people read."""
        how = {"masked": masked, "personal": personal}
        return sentence(words, self._phrased(parts), **how, translate=self._said)

    def _said(self, words: str) -> str:
        return self.templates.get(words, words)

    def _phrased(self, parts: Mapping[str, Any]) -> dict[str, object]:
        """The parts, with what the engine says in them ('a whole number') in this language. What a row holds stays."""
        return {name: self._part(name, part) for name, part in parts.items()}

    def _part(self, name: str, part: Any) -> object:
        if name == BECAUSE:
            return {**part, "parts": self._phrased(part["parts"])}
        return self._said(part) if isinstance(part, str) and name not in OF_DATA else part


ENGLISH = Catalogue()


def read_catalogue(file: Path) -> Catalogue:
    """Raises MappingError for a file that is none, or a sentence that wants parts which the engine's own has not."""
    try:
        templates = orjson.loads(file.read_bytes())
        wrong = next((words for words, said in templates.items() if not _parts(said) <= _parts(words)), None)
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise MappingError(f"{file}: not a catalogue of sentences: {error}") from None
    if wrong is not None:
        unknown = ", ".join(sorted(_parts(templates[wrong]) - _parts(wrong)))
        raise MappingError(f"{file}: '{templates[wrong]}' wants {{{unknown}}}, which '{wrong}' has not")
    return Catalogue(templates)


def _parts(words: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(words) if name is not None}
