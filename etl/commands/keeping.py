"""Which rows of a shop's server a command works on: those of a snapshot that is kept, of one that is named, of a new one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from etl.commands.lists import kept_lists
from etl.commands.settings import Settings
from etl.errors import MappingError
from etl.extract import Snapshot, keep_all
from etl.extract.database import identity
from etl.extract.databases.kept import Making, Snapshots, now
from etl.files import private_folder
from etl.findings import said
from etl.mapping import Checked, Opens, load_mapping, require
from etl.mapping.kept import lacking, servers_used, wanted_sources
from etl.model import Migration, Table
from etl.places import make_workspace, workspace_of

SNAPSHOTS = "snapshots"


class NoneKept(Exception):
    """There is no snapshot to work on, or a new one is asked for."""


def snapshots_of(settings: Settings, migration: Migration) -> Snapshots:
    return Snapshots(settings.workspace / migration.name / SNAPSHOTS)


def latest(settings: Settings, migration: Migration) -> Snapshot | None:
    """The newest snapshot of the servers that a mapping reads, whether it has everything or not."""
    servers = servers_used(migration)
    return snapshots_of(settings, migration).latest(servers) if servers and migration.name else None


def latest_kept(mapping: Path, workspace: Path | None) -> Callable[[Migration], Snapshot | None]:
    """The same, for whoever reads a mapping without asking its servers."""

    def known(migration: Migration) -> Snapshot | None:
        return latest(Settings(workspace_of(mapping, workspace)), migration) if servers_used(migration) else None

    return known


def fitting(settings: Settings, migration: Migration) -> Snapshot | None:
    """The snapshot to work on; None where no server is read. Raises NoneKept, and MappingError where it does not fit.

    An older one that fits is not taken in the place of a newer one that does not: nobody would see that it is older.
    """
    if not servers_used(migration):
        if settings.snapshot is not None:
            words = "{option}: the mapping reads no server, and so has no snapshots"
            raise MappingError(said(words, option=f"--snapshot {settings.snapshot}"))
        return None
    kept = snapshots_of(settings, migration)
    if settings.snapshot is not None:
        return _that_fits(kept, kept.named(settings.snapshot), migration)
    found = None if settings.fresh else latest(settings, migration)
    if found is None:
        raise NoneKept
    return _that_fits(kept, found, migration)


def _that_fits(kept: Snapshots, snapshot: Snapshot, migration: Migration) -> Snapshot:
    missing = lacking(migration, snapshot)
    if not missing:
        return snapshot
    older = next((one for one in kept.all() if one.id < snapshot.id and not lacking(migration, one)), None)
    hint = f"; or `--snapshot {older.id}`, taken {older.age(now())}, which has it" if older else ""
    raise MappingError(
        f"the snapshot {snapshot.id}, taken {snapshot.age(now())}, lacks {', '.join(missing)}, which the mapping uses now; "
        f"`etl snapshot` takes a new one, and so does --fresh{hint}"
    )


@contextmanager
def opened(
    mapping: Path, settings: Settings, ready: Callable[[Checked], object], *, upload: bool = False
) -> Iterator[tuple[Checked, Migration]]:
    """A mapping that can be carried out, with its sources open; rows of servers are from a snapshot, and nothing is asked.

    Where none is kept, one is taken first, once `ready` has seen that nothing else is in the way. Raises EtlError.
    """
    lists = kept_lists(settings.workspace)
    try:
        checked = load_mapping(mapping, kept=lambda migration: fitting(settings, migration), lists=lists)
    except NoneKept:
        with load_mapping(mapping, opens=Opens.NOTHING) as unopened:
            require(unopened, upload=upload)
            ready(unopened)
        taken = take(mapping, settings)
        checked = load_mapping(mapping, kept=lambda migration: taken, lists=lists)
    with checked:
        checked.connections.spool.follow = settings.follow
        migration = require(checked, upload=upload, strict=settings.strict)
        if checked.snapshot is not None:
            settings.inform(told(checked.snapshot))
        ready(checked)
        yield checked, migration


def told(snapshot: Snapshot) -> str:
    shops = ", ".join(sorted(snapshot.addresses))
    return f"rows of {shops} are from the snapshot {snapshot.id}, taken {snapshot.age(now())}; --fresh takes a new one"


def take(mapping: Path, settings: Settings) -> Snapshot | None:
    """Fetch everything that a mapping uses of its servers, and keep it. None where it uses no server. Raises EtlError."""
    with load_mapping(mapping, opens=Opens.NOTHING) as unopened:
        migration = require(unopened, upload=False)
        servers = servers_used(migration)
    if not servers:
        return None
    settings.inform(f"taking a snapshot of {', '.join(sorted(servers))}")
    with load_mapping(mapping, opens=Opens.COLUMNS) as checked:
        checked.connections.spool.follow = settings.follow
        return _kept(checked, require(checked, upload=False), settings)


def _kept(checked: Checked, migration: Migration, settings: Settings) -> Snapshot:
    make_workspace(settings.workspace, migration.file)
    private_folder(settings.folder(migration).root)
    tables = {**checked.tables, **{f"lookup {name}": table for name, table in checked.lookup_tables.items()}}
    wanted = {name: one for name, one in wanted_sources(migration).items() if name in tables}
    columns = {
        name: one.of(tables[name].header) | _told_by(migration, name, tables[name]) for name, one in wanted.items()
    }
    with _new(snapshots_of(settings, migration)) as making:
        try:
            rows = keep_all({name: tables[name] for name in wanted}, columns, making.path)
        finally:
            checked.connections.release()
        return making.finish(migration.name, rows)


@contextmanager
def _new(snapshots: Snapshots) -> Iterator[Making]:
    """A snapshot that is being taken; of one that fails not even an empty folder is left."""
    try:
        with snapshots.new(now()) as making:
            yield making
    except BaseException:
        snapshots.put_away()
        raise


def _told_by(migration: Migration, name: str, table: Table) -> set[str]:
    """The key by which a stage's rows are told, when something is wrong with one."""
    return identity(table) if any(stage.source == name for stage in migration.stages) else set()
