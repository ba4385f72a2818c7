"""What the shop and the channel show of migrated users."""

from __future__ import annotations

from pathlib import Path

from etl.commands.which import journal_of
from etl.errors import EtlError
from etl.findings import said
from etl.mapping import Opens, load_mapping, require
from etl.outside import Outside
from etl.report.results import ChannelWord, Verified
from etl.target import Secret, Target
from etl.verify import asking
from etl.verify import verify as verifying
from etl.verify.asking import Arrivals


def verify_user(mapping: Path, workspace: Path | None, email: str, password: str) -> Verified:
    """Look in the shop, and whether the channel knows the user, too: then it can be asked about others."""
    with load_mapping(mapping, opens=Opens.NOTHING) as checked:
        migration = require(checked, upload=True, shop=True)
    root = journal_of(migration, mapping, workspace)
    report = verifying.verify(root, migration.target, email, Secret(password))
    return Verified(report, _channel(root, migration.target, email))


def _channel(root: Path, target: Target, email: str) -> ChannelWord:
    try:
        trial = asking.try_out(root, target, email, Outside())
    except EtlError as error:
        return ChannelWord(None, None, said("it could not be asked: {error}", error=error.text))
    return ChannelWord(trial.found, round(trial.seconds, 1), asking.told(trial))


def arrived(mapping: Path, workspace: Path | None, outside: Outside) -> Arrivals:
    """Ask the channel for every user that was uploaded."""
    with load_mapping(mapping, opens=Opens.NOTHING) as checked:
        migration = require(checked, upload=True)
    with outside.uploading():
        return asking.look_all_up(journal_of(migration, mapping, workspace), migration.target, outside)
