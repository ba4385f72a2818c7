"""Source -> table of rows. KINDS is the open table of what can be read; the only room that knows petl and calamine.

A table is read in parts (`etl.model.Part`), each of which can be read in another process. `read_all` is the rule a
consumer follows, written once: it puts a part in its true place when a cut in the file was guessed wrong.
"""

from __future__ import annotations

from etl.errors import SourceError
from etl.extract.csv_file import CSV
from etl.extract.excel_file import EXCEL
from etl.extract.json_file import JSON
from etl.extract.jsonl_file import JSONL
from etl.extract.kinds import Kind, Option, nearest
from etl.extract.locations import is_url, shown
from etl.extract.opening import fingerprint
from etl.extract.rows import read_all
from etl.model import Source, Table

KINDS: dict[str, Kind] = {kind.name: kind for kind in (CSV, EXCEL, JSON, JSONL)}
"""What `sources:` may hold, by the word that stands in the mapping."""

__all__ = ["KINDS", "Kind", "Option", "fingerprint", "is_url", "open_table", "read_all", "shown"]


def open_table(source: Source) -> Table:
    """Open a source and read its header. Raises SourceError, which says which file cannot be read and what to do."""
    kind = KINDS.get(source.kind)
    if kind is None:
        hint = nearest(source.kind, KINDS) or f"; there are: {', '.join(KINDS)}"
        raise SourceError(f"source '{source.name}': unknown kind '{source.kind}'{hint}")
    try:
        return kind.open(source.location, kind.settings(source.options))
    except ValueError as error:
        raise SourceError(f"source '{source.name}': {error}") from None
