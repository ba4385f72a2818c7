"""The sentences of findings in a language, which is a JSON file: the engine's own template -> the same in that language.

What a file leaves out is said in English, the engine's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter

import orjson

from etl.errors import MappingError
from etl.findings import sentence


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Templates of one language by the engine's own."""

    templates: Mapping[str, str] = field(default_factory=dict)

    def say(self, words: str, parts: Mapping[str, object], *, masked: bool, personal: bool = True) -> str:
        """The one way from a finding to what people read."""
        how = {"masked": masked, "personal": personal}
        return sentence(words, parts, **how, translate=lambda template: self.templates.get(template, template))


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
