"""Send failed records again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from etl.commands.settings import Settings
from etl.commands.summing import mapping_sha256, uploaded
from etl.errors import EtlError
from etl.findings import said, some_records
from etl.load.retry import RetryChoice
from etl.mapping import Opens, load_mapping, require
from etl.outside import Outside
from etl.places import admitted
from etl.report.summary import Summary


def retry(
    mapping: Path,
    settings: Settings,
    outside: Outside,
    wanted: RetryChoice,
    agree: Callable[[Sequence[str]], None],
    *,
    show_data: bool = False,
    old_mapping: bool = False,
) -> tuple[Summary, EtlError | None]:
    """Send failed records again, from the newest package. `agree` is told what may come twice, and raises if it must not."""
    from etl.load import retry as retrying
    from etl.load.uploader import Asked, check_ready, require_fit

    with load_mapping(mapping, opens=Opens.NOTHING) as checked:
        migration = require(checked, upload=True)
    root = admitted(settings.workspace, migration)
    again = retrying.find(root, wanted)
    package = retrying.newest_package(settings.folder(migration).packages)
    asked = Asked(mapping=None if old_mapping else mapping_sha256(migration))
    require_fit(package, migration.stages, asked, remake="retry")
    check_ready(migration.target, root, outside)
    meant, again = again, retrying.within(root, package, again)
    left = sum(one.records for one in meant) - sum(one.records for one in again)
    if left:
        settings.tell(
            said(
                "not sent again, since {path} has them not: {records}",
                path=str(package.path),
                records=some_records(left),
            )
        )
    if unsure := [one.told for one in again if not one.certain]:
        agree(unsure)
    upload = partial(retrying.retry, package, migration.target, migration.stages, root, again, outside, asked)
    return uploaded(package, root, upload, outside, show_data)
