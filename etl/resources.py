"""The files that travel with the engine: schemas, one whole migration, its sample. Standard library only.

In a wheel they lie in etl/_shipped; in a repository, in its own top-level folders, laid out the same way.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent


def shipped(path: str) -> Path:
    """Where 'schemas', 'mappings/opencart' or 'samples/opencart' is. Raises ValueError when it is not there."""
    for root in (PACKAGE / "_shipped", PACKAGE.parent):
        if (root / path).exists():
            return root / path
    raise ValueError(f"'{path}' is missing from this installation of omnitron-etl; install it again")


def load_schema(name: str) -> dict[str, Any]:
    """A schema by the name before '.schema.json', as a new dict that the caller may change."""
    schema: dict[str, object] = json.loads(shipped(f"schemas/{name}.schema.json").read_text(encoding="utf-8"))
    return schema
