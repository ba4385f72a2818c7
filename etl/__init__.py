"""Move a shop to Akinon Omnitron, described by one YAML file.

What the command line does can be called from Python; each takes plain inputs and gives a frozen result, in any thread:

    from etl import Settings, check, dry_run

    problems = check(Path("migration.yaml")).problems
    package = dry_run(Path("migration.yaml"), Settings(workspace=Path("work")))

Everything that can go wrong for a person is an EtlError, whose text says what to do. Names are loaded when they are used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from etl.commands.check import check as check
    from etl.commands.dry_run import dry_run as dry_run
    from etl.commands.history import history as history
    from etl.commands.pilot import pilot as pilot
    from etl.commands.preview import preview as preview
    from etl.commands.resolve import resolve as resolve
    from etl.commands.resume import resume as resume
    from etl.commands.retry import retry as retry
    from etl.commands.run import run as run
    from etl.commands.settings import Settings as Settings
    from etl.commands.status import status as status
    from etl.commands.test import test as test
    from etl.commands.verify import verify as verify
    from etl.commands.which import Which as Which
    from etl.errors import EtlError as EtlError
    from etl.outside import Outside as Outside
    from etl.stop import Stop as Stop

EXPORTED = {
    "EtlError": "etl.errors",
    "Outside": "etl.outside",
    "Settings": "etl.commands.settings",
    "Stop": "etl.stop",
    "Which": "etl.commands.which",
    "check": "etl.commands.check",
    "dry_run": "etl.commands.dry_run",
    "history": "etl.commands.history",
    "pilot": "etl.commands.pilot",
    "preview": "etl.commands.preview",
    "resolve": "etl.commands.resolve",
    "resume": "etl.commands.resume",
    "retry": "etl.commands.retry",
    "run": "etl.commands.run",
    "status": "etl.commands.status",
    "test": "etl.commands.test",
    "verify": "etl.commands.verify",
}
"""Where each public name lives."""

__all__ = ["__version__", *EXPORTED]  # noqa: PLE0604 - all are names


def __getattr__(name: str) -> Any:
    """Load a public name: the command line must not wait for what it does not use."""
    if name not in EXPORTED:
        raise AttributeError(f"module 'etl' has no '{name}'; it has {', '.join(EXPORTED)}")
    return getattr(import_module(EXPORTED[name]), name)
