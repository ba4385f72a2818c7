"""Go on with an upload that was interrupted."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from etl.commands.settings import Settings
from etl.commands.summing import mapping_sha256, uploaded
from etl.errors import EtlError
from etl.mapping import Opens, load_mapping, require
from etl.outside import Outside
from etl.places import admitted
from etl.report.summary import Summary


def resume(
    mapping: Path, settings: Settings, outside: Outside, *, show_data: bool = False, old_mapping: bool = False
) -> tuple[Summary, EtlError | None]:
    """Go on with the upload that was interrupted: the same package, the same bytes.

    `old_mapping`: also when the mapping has changed since the package was made.
    """
    from etl.load import uploader

    with load_mapping(mapping, opens=Opens.NOTHING) as checked:
        migration = require(checked, upload=True)
    root = admitted(settings.workspace, migration)
    package = uploader.last_package(root)
    asked = uploader.Asked(mapping=None if old_mapping else mapping_sha256(migration))
    uploader.require_fit(package, migration.stages, asked)
    uploader.check_ready(migration.target, root, outside)
    upload = partial(uploader.resume, migration.target, migration.stages, root, outside, asked)
    return uploaded(package, root, upload, outside, show_data)
