"""Under which stages records were sent, and what a person said of a stage that came later.

A record is known by its stage and its key. A stage that gets another name would send all of its records again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from etl.address import is_on_this_machine
from etl.errors import MappingError
from etl.journal.database import JournalDatabase
from etl.model import Stage

AS_PYTHON_WROTE = (
    "SELECT key FROM records WHERE stage = ? AND live = 1 AND (key GLOB '*[0-9].*0' OR key IN ('True', 'False'))"
)
SENT = "SELECT DISTINCT stage, payload FROM batches WHERE state IN ('sending', 'accepted', 'done', 'unknown') ORDER BY stage"


class StageNames:
    """The table `new_stages`: those of which a person said that they are no other one under a new name. And `stage_keys`: what
    the keys of each stage are made from, since under other keys its records would be other ones, too."""

    def __init__(self, database: JournalDatabase, time: Callable[[], str]) -> None:
        self._database = database
        self._time = time

    def sent(self) -> list[tuple[str, str]]:
        """Each stage of which a record may have arrived, with its payload."""
        return [(row["stage"], row["payload"]) for row in self._database.rows(SENT)]

    def declare(self, stage: str, person: str) -> None:
        """Record that a stage sends other records than those that were sent under another name."""
        with self._database.transaction():
            self._database.change(
                "INSERT OR IGNORE INTO new_stages (stage, person, time) VALUES (?, ?, ?)", (stage, person, self._time())
            )

    def key_of(self, stage: str) -> str | None:
        """What the keys of a stage were made from when it was planned last; None where nobody noted it."""
        if not self._database.has("stage_keys"):
            return None
        found = self._database.value("SELECT made_from FROM stage_keys WHERE stage = ?", (stage,))
        return None if found is None else str(found)

    def keys_taken(self, stage: str) -> int:
        """How many keys of a stage some batch has."""
        return int(self._database.value("SELECT count(*) FROM records WHERE stage = ? AND live = 1", (stage,)) or 0)

    def keys_as_python_wrote(self, stage: str) -> dict[str, str]:
        """What numbers and truths are as keys -> what they were as keys that were sent: '1' -> '1.0' (of JSON) or '1.00' (of
        Parquet), 'true' -> 'True'.

        None of a stage of which a person said that its records are other ones.
        """
        if stage in self._declared():
            return {}
        found = (str(row["key"]) for row in self._database.rows(AS_PYTHON_WROTE, (stage,)))
        return {today: key for key in found if (today := _today(key)) is not None}

    def note_key(self, stage: str, made_from: str) -> None:
        with self._database.transaction():
            self._database.change(
                "INSERT OR REPLACE INTO stage_keys (stage, made_from) VALUES (?, ?)", (stage, made_from)
            )

    def check(self, stages: Sequence[Stage], target: str) -> None:
        """Raise MappingError when a stage may be one that has sent records under another name.

        Keys are not compared: a stage that is written anew may have got another key, too.
        """
        sent = self.sent()
        known = {stage for stage, _ in sent} | self._declared()
        names = [one.name for one in stages]
        for one in stages:
            former = [stage for stage, payload in sent if payload == one.payload and stage not in names]
            if former and one.name not in known:
                raise MappingError(_renamed(one.name, former, target))

    def _declared(self) -> set[str]:
        if not self._database.has("new_stages"):
            return set()
        return {row["stage"] for row in self._database.rows("SELECT stage FROM new_stages")}


def _today(key: str) -> str | None:
    if key in ("True", "False"):
        return key.lower()
    whole, _, decimals = key.partition(".")
    if not (whole.removeprefix("-").isdecimal() and decimals.isdecimal() and decimals.endswith("0")):
        return None
    return key.rstrip("0").rstrip(".")


def _renamed(stage: str, former: Sequence[str], target: str) -> str:
    named = " or ".join(f"'{one}'" for one in former)
    return (
        f"nothing was sent to {target} as stage '{stage}' yet, but as {named}, which the mapping does not have (any more): if "
        f"that is the same stage under a new name, all of it would be sent again. Call it {named} again; or, if '{stage}' sends "
        f"other records: {said_to_be_others(stage, target)}. Nothing was sent now"
    )


def said_to_be_others(stage: str, target: str) -> str:
    """How a person says that a stage sends other records than were sent; and that a rehearsal is to begin anew."""
    anew = "; or, to begin this rehearsal anew: `etl start-over`" if is_on_this_machine(target) else ""
    return f"`etl journal new-stage MAPPING {stage}`{anew}"
