"""The page's template, compiled once and not by every process: it takes longer than to fill it in."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket, BytecodeCache


class KeptTemplate(BytecodeCache):
    """Keeps a compiled template where Python keeps a compiled module, and only where Python keeps those.

    A template's code depends on the environment that compiles it and on Jinja, too: `made_by` is the module that has the
    environment, and what was compiled for another text of it is not used.
    """

    def __init__(self, made_by: Path) -> None:
        self._made_by = made_by

    @property
    def path(self) -> Path:
        return self._made_by.parent / "__pycache__" / f"{self._made_by.stem}.{sys.implementation.cache_tag}.template"

    @cached_property
    def _environment(self) -> str:
        return f"{jinja2.__version__} {sha256(self._made_by.read_bytes()).hexdigest()}"

    def get_source_checksum(self, source: str) -> str:
        return sha256(f"{self._environment} {source}".encode()).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        # A file that cannot be read, or is none of ours, is as good as none: the template is compiled again.
        with suppress(Exception), self.path.open("rb") as file:
            bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: Bucket) -> None:
        if sys.dont_write_bytecode:
            return
        # In one step, since another process may be reading it. Where the folder cannot be written, nothing is kept.
        half = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        with suppress(OSError):
            half.write_bytes(bucket.bytecode_to_string())
            half.replace(self.path)
