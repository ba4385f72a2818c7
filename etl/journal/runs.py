"""Who loaded what, and when: the tables `runs` and `packages`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct

from etl.findings import Sentence, Words, joined, sentence
from etl.journal.database import JournalDatabase
from etl.journal.plans import Plans
from etl.journal.workspace import Holder, Workspace
from etl.package import is_readable
from etl.seams import Seam


class Run(Struct, frozen=True):
    """A run. Times are UTC, ISO 8601; `outcome` is 'ok', an error's text, or None while it runs or when it was killed."""

    id: int
    command: str
    started: str
    ended: str | None
    outcome: str | None


LOADS = ("run", "resume", "retry")


KILLED = "its process was killed, or ended without a word"


class LoadEnded(Struct, frozen=True):
    """What a load ended in before its end: the text, and (where it was made of such) the same as templates; `ending` in a few
    words, where it is known. Of one that was killed that is all."""

    text: str
    told: tuple[Words, ...]
    ending: str | None = None


class Runs:
    """`current` is the run that this process has begun."""

    def __init__(
        self, database: JournalDatabase, workspace: Workspace, plans: Plans, time: Callable[[], str], seam: Seam
    ) -> None:
        self.current: int | None = None
        self._database = database
        self._workspace = workspace
        self._plans = plans
        self._time = time
        self._seam = seam

    def begin(self, command: str, holder: Holder, package: int | None = None) -> int:
        with self._database.transaction():
            self.current = self._database.change(
                "INSERT INTO runs (command, package, pid, host, started) VALUES (?, ?, ?, ?, ?)",
                (command, package, holder.pid, holder.host, self._time()),
            )
        self._seam("run:begun")
        return self.current

    def end(self, outcome: str, told: Sequence[Words] = (), ending: str = "") -> None:
        """`told` is the outcome as templates, where it was made of such; `ending` in a few words."""
        with self._database.transaction():
            self._database.change(
                "UPDATE runs SET ended = ?, outcome = ? WHERE id = ?", (self._time(), outcome, self.current)
            )
            if told:
                self._database.change("INSERT INTO endings (run, told) VALUES (?, ?)", (self.current, json.dumps(told)))
            if ending:
                self._database.change("INSERT INTO ends (run, ending) VALUES (?, ?)", (self.current, ending))
        self._seam("run:ended")

    def last(self) -> Run | None:
        row = self._database.row("SELECT id, command, started, ended, outcome FROM runs ORDER BY id DESC LIMIT 1")
        if row is None:
            return None
        outcome = self._told_again(row["outcome"], self._ending(row["id"]))
        return Run(row["id"], row["command"], row["started"], row["ended"], outcome)

    def _told_again(self, outcome: str | None, told: Sequence[Words]) -> str | None:
        """The text as it was noted, which remembers its templates line by line."""
        if not told:
            return outcome
        lines = joined("\n", (Sentence(sentence(words, parts), words, parts) for words, parts in told))
        return Sentence(outcome or "", lines.words, lines.parts)

    def _ending(self, run: int) -> tuple[Words, ...]:
        query = "SELECT told FROM endings WHERE run = ?"
        told = self._database.value(query, (run,)) if self._database.has("endings") else None
        return tuple((words, parts) for words, parts in json.loads(told or "[]"))

    def last_load_ended(self, *, running: bool = False) -> LoadEnded | None:
        """What the last run ended in, if that was a load which did not come to its end. `running`: it goes on."""
        last = self.last()
        if last is None or last.command not in LOADS or last.outcome == "ok":
            return None
        if last.outcome is None:
            return None if running else LoadEnded("", (), KILLED)
        return LoadEnded(str(last.outcome), self._ending(last.id), self._in_words(last.id))

    def _in_words(self, run: int) -> str | None:
        if not self._database.has("ends"):
            return None
        ending: str | None = self._database.value("SELECT ending FROM ends WHERE run = ?", (run,))
        return ending

    def pilot_succeeded(self) -> bool:
        return bool(self._database.value("SELECT count(*) FROM runs WHERE command = 'pilot' AND outcome = 'ok'"))

    def per_second(self) -> float | None:
        """Records worked off a second, in the last run that brought a batch to its end."""
        row = self._database.row(
            "SELECT sum(b.records) AS records, max(t.time) AS last, "
            "(SELECT min(time) FROM transitions WHERE run = t.run AND after IN ('sending', 'done')) AS first "
            "FROM transitions AS t JOIN batches AS b ON b.id = t.batch "
            "WHERE t.before = 'accepted' AND t.after = 'done' "
            "AND t.run = (SELECT max(run) FROM transitions WHERE before = 'accepted' AND after = 'done')"
        )
        if row is None or row["records"] is None:
            return None
        seconds = (datetime.fromisoformat(row["last"]) - datetime.fromisoformat(row["first"])).total_seconds()
        return row["records"] / seconds if seconds > 0 else None

    # Packages

    def package_id(self, path: str, sha256: str, stages: Mapping[str, int] = MappingProxyType({})) -> int:
        """The number of a package with these stages and so many records. One that was moved is known by its manifest."""
        with self._database.transaction():
            self._database.change(
                "INSERT INTO packages (path, sha256, opened) VALUES (?, ?, ?) "
                "ON CONFLICT (sha256) DO UPDATE SET path = excluded.path",
                (path, sha256, self._time()),
            )
            number = self.find_package(sha256) or 0
            self._plans.contain(number, stages)
        return number

    def find_package(self, sha256: str) -> int | None:
        """The number of the package with this manifest; None when nothing of it was ever loaded."""
        found: int | None = self._database.value("SELECT id FROM packages WHERE sha256 = ?", (sha256,))
        return found

    def packages(self) -> list[Path]:
        """Where all of them lie."""
        rows = self._database.rows("SELECT path FROM packages ORDER BY id")
        return [self._workspace.whole(row["path"]) for row in rows]

    def package_path(self, number: int) -> Path:
        """Where the package with this number lies."""
        return self._workspace.whole(self._database.value("SELECT path FROM packages WHERE id = ?", (number,)))

    def last_package(self) -> Path | None:
        """The package that a load can go on with: a pilot's is not, for that would be the real migration."""
        found = self._database.value(
            "SELECT p.path FROM runs AS r JOIN packages AS p ON p.id = r.package WHERE r.command IN ('run', 'resume') "
            "OR (r.command = 'retry' AND EXISTS (SELECT 1 FROM runs AS e WHERE e.id < r.id AND e.command = 'run')) "
            "ORDER BY r.id DESC LIMIT 1"
        )
        return None if found is None else self._workspace.whole(found)

    def goes_on(self) -> str:
        """The command that goes on with what is here: `resume` sends a package that is there still, `run` makes one, and after a
        pilot it is another `pilot`, for anything else would be the real migration."""
        last = self.last_package()
        load = self._database.row(  # a retry sends what failed of either, and is neither
            "SELECT command, outcome FROM runs WHERE package IS NOT NULL AND command <> 'retry' ORDER BY id DESC LIMIT 1"
        )
        if load is not None and load["command"] == "pilot" and load["outcome"] != "ok":
            return "pilot"
        return "run" if last is None or not is_readable(last) else "resume"

    def last_used(self) -> tuple[int, Path] | None:
        """Number and folder of the package that was loaded last, by whatever command.

        One that was not even compared with what other packages' batches hold, because its process was killed, would have
        all that is known told of no package: then it is the one before it.
        """
        row = self._database.row(
            "SELECT p.id, p.path, EXISTS (SELECT 1 FROM contents AS c WHERE c.package = p.id AND NOT EXISTS "
            "(SELECT 1 FROM plans AS m WHERE m.package = c.package AND m.stage = c.stage)) AS unknown "
            "FROM runs AS r JOIN packages AS p ON p.id = r.package ORDER BY unknown, r.id DESC LIMIT 1"
        )
        return None if row is None else (row["id"], self._workspace.whole(row["path"]))
