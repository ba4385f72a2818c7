"""Move a shop to Akinon Omnitron, described by one YAML file.

What the command line does can be called from Python; each takes plain inputs and gives a result with types, in any thread:

    from etl import Settings, check, dry_run

    problems = check(Path("migration.yaml")).problems
    package = dry_run(Path("migration.yaml"), Settings(workspace=Path("work")))

Everything that can go wrong for a person is an EtlError, whose text says what to do. Names are loaded when they are used.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from etl.commands.amounts import all_amounts as all_amounts
    from etl.commands.channel import pull as pull
    from etl.commands.check import check as check
    from etl.commands.diff import Preparing as Preparing
    from etl.commands.diff import diff as diff
    from etl.commands.dry_run import dry_run as dry_run
    from etl.commands.explain import explain as explain
    from etl.commands.find import find as find
    from etl.commands.fix import drop_refused as drop_refused
    from etl.commands.fix import fix as fix
    from etl.commands.fix import known_corrections as known_corrections
    from etl.commands.history import history as history
    from etl.commands.init import init as init
    from etl.commands.inspect import Inspecting as Inspecting
    from etl.commands.inspect import inspect as inspect
    from etl.commands.lineage import lineage as lineage
    from etl.commands.pilot import pilot as pilot
    from etl.commands.preview import preview as preview
    from etl.commands.purge import ToPurge as ToPurge
    from etl.commands.purge import purge as purge
    from etl.commands.reconcile import reconcile as reconcile
    from etl.commands.report import renew_report as renew_report
    from etl.commands.resolve import resolve as resolve
    from etl.commands.resume import resume as resume
    from etl.commands.retry import retry as retry
    from etl.commands.review import review as review
    from etl.commands.run import run as run
    from etl.commands.sample import sample as sample
    from etl.commands.settings import Settings as Settings
    from etl.commands.snapshot import snapshot as snapshot
    from etl.commands.start_over import start_over as start_over
    from etl.commands.status import status as status
    from etl.commands.target import decide_target as decide_target
    from etl.commands.target import targets as targets
    from etl.commands.test import test as test
    from etl.commands.transfer import backup as backup
    from etl.commands.transfer import hand_over as hand_over
    from etl.commands.transfer import moved as moved
    from etl.commands.transfer import take_over as take_over
    from etl.commands.verify import verify_user as verify_user
    from etl.commands.which import Which as Which
    from etl.commands.written import show as show
    from etl.errors import EtlError as EtlError
    from etl.load.retry import RetryChoice as RetryChoice
    from etl.outside import Outside as Outside
    from etl.stop import Stop as Stop

EXPORTED = {
    "EtlError": "etl.errors",
    "Inspecting": "etl.commands.inspect",
    "Outside": "etl.outside",
    "Preparing": "etl.commands.diff",
    "RetryChoice": "etl.load.retry",
    "Settings": "etl.commands.settings",
    "Stop": "etl.stop",
    "ToPurge": "etl.commands.purge",
    "Which": "etl.commands.which",
    "all_amounts": "etl.commands.amounts",
    "backup": "etl.commands.transfer",
    "check": "etl.commands.check",
    "decide_target": "etl.commands.target",
    "diff": "etl.commands.diff",
    "drop_refused": "etl.commands.fix",
    "dry_run": "etl.commands.dry_run",
    "explain": "etl.commands.explain",
    "find": "etl.commands.find",
    "fix": "etl.commands.fix",
    "hand_over": "etl.commands.transfer",
    "history": "etl.commands.history",
    "init": "etl.commands.init",
    "inspect": "etl.commands.inspect",
    "known_corrections": "etl.commands.fix",
    "lineage": "etl.commands.lineage",
    "moved": "etl.commands.transfer",
    "pilot": "etl.commands.pilot",
    "preview": "etl.commands.preview",
    "pull": "etl.commands.channel",
    "purge": "etl.commands.purge",
    "reconcile": "etl.commands.reconcile",
    "renew_report": "etl.commands.report",
    "resolve": "etl.commands.resolve",
    "resume": "etl.commands.resume",
    "retry": "etl.commands.retry",
    "review": "etl.commands.review",
    "run": "etl.commands.run",
    "sample": "etl.commands.sample",
    "show": "etl.commands.written",
    "snapshot": "etl.commands.snapshot",
    "start_over": "etl.commands.start_over",
    "status": "etl.commands.status",
    "take_over": "etl.commands.transfer",
    "targets": "etl.commands.target",
    "test": "etl.commands.test",
    "verify_user": "etl.commands.verify",
}
"""Where each public name lives. None is called as a room of the house is: that one would take its place."""

__all__ = ["__version__", *EXPORTED]  # noqa: PLE0604 - all are names


def __getattr__(name: str) -> Any:
    """Load a public name: the command line must not wait for what it does not use."""
    if name not in EXPORTED:
        from etl.suggest import perhaps

        near = perhaps(name, EXPORTED) or f"; it has {', '.join(EXPORTED)}"
        raise AttributeError(f"module 'etl' has no '{name}'{near}")
    return _public(name)


@cache
def _public(name: str) -> Any:
    """A function with its face, which answers wrong arguments; a type is made so already."""
    from etl.arguments import face

    found = getattr(import_module(EXPORTED[name]), name)
    return found if isinstance(found, type) else face(found)
