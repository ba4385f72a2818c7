"""What a mapping is when all that it extends is counted: its evidence, and its text in one file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from etl.corrections import corrections_file
from etl.extract import fingerprint
from etl.mapping import as_written, written_in
from etl.mapping.traps import read_plain
from etl.model import Evidence

WIDTH = 120
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_READ_OTHERWISE = re.compile(r"(?i)y|n|yes|no|on|off|true|false|null|none|~")


def mapping_evidence(file: Path, written: Sequence[Path] = ()) -> Evidence:
    """The file with its SHA-256; of one that extends others, or has corrections, that of all: no edit goes unnoticed.

    `written`: all files that it is written in, where that is known.
    """
    corrections = corrections_file(file)
    files = [*(written or written_in(file)), *([corrections] if corrections.exists() else [])]
    own = fingerprint(str(file))
    if len(files) == 1:
        return own
    sums = "".join(str(fingerprint(str(one)).sha256) for one in files)
    return Evidence(own.location, own.bytes, hashlib.sha256(sums.encode()).hexdigest())


def show(mapping: Path) -> str:
    """The mapping with what it extends, as the text of one file that means the same. Raises MappingError."""
    return written(as_written(mapping))


def written(data: Mapping[str, Any]) -> str:
    """Data as YAML that reads back as it is, also to readers less strict than ours."""
    parts = [
        yaml.dump({key: value}, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=WIDTH)
        for key, value in data.items()
    ]
    return "\n".join(parts)


class _Dumper(yaml.SafeDumper):
    """Text in quotes, unless it is a word that nobody reads as anything else; small mappings of constants on one line."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    if "\n" in text and text == text.strip() and not re.search(r"[ \t]\n|[^\n\x20-\ud7ff\ue000-\ufffd]", text):
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if _is_word(text) else '"')


def _is_word(text: str) -> bool:
    """Whether a text needs no quotes, to no reader."""
    try:
        return bool(_PLAIN.fullmatch(text)) and not _READ_OTHERWISE.fullmatch(text) and read_plain(text) == text
    except ValueError:
        return False


_Dumper.add_representer(str, _text)
