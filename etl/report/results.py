"""What a command answers where it puts together what several rooms know; `report/` renders it, `--json` is made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from pathlib import Path

    from etl.expressions.tracing import TracedStep
    from etl.journal.changed import ChangedRecord, GoneRecord
    from etl.journal.folder import TargetDecision
    from etl.journal.status import Status
    from etl.measures.concentration import Concentration
    from etl.measures.differing import BothValues
    from etl.verify.verify import VerifyReport


class Standing(Struct, frozen=True):
    """Where a migration stands with the target that was meant, and with all it has. `changed`, `gone`: only when asked for."""

    own: Status
    targets: tuple[Status, ...]
    changed: tuple[ChangedRecord, ...] | None = None
    gone: tuple[GoneRecord, ...] | None = None


class Targets(Struct, frozen=True):
    """The mapping's own target, None when it does not say; those that records were sent to; what was decided of them."""

    target: str | None
    targets: tuple[str, ...]
    decisions: tuple[TargetDecision, ...]


class PutAside(Struct, frozen=True):
    """A target whose journal lies in the folder `aside` now."""

    target: str
    aside: Path


class Decision(Protocol):
    """A batch after somebody decided what became of it, and what comes next (load.resolve.Resolved)."""

    @property
    def batch(self) -> int: ...
    @property
    def state(self) -> str: ...
    @property
    def next_step(self) -> str: ...


class ChannelDecision(Struct, frozen=True):
    """A decision by the channel's word. `missing` are the keys of users that it does not know, when the batch arrived."""

    decision: Decision
    evidence: str
    missing: tuple[str, ...]


class PilotedStage(Protocol):
    """What a pilot sent of a stage, and what had arrived before (load.pilot.PilotStage)."""

    @property
    def name(self) -> str: ...
    @property
    def keys(self) -> tuple[str, ...]: ...
    @property
    def already(self) -> tuple[str, ...]: ...


class ChannelWord(Struct, frozen=True):
    """Whether the channel knew the user, after how many seconds, and what follows. None: it could not be asked."""

    found: bool | None
    seconds: float | None
    text: str


class Verified(Struct, frozen=True):
    """What the shop shows of a user, and what the channel says of it."""

    report: VerifyReport
    channel: ChannelWord


class FoundSending(Struct, frozen=True):
    """A batch that carried the record, and what Omnitron answered."""

    target: str
    batch: int
    state: str
    migration_id: str | None
    errors: int | None
    counts: bool


class FoundRecord(Struct, frozen=True):
    """A record, or a row that made none. `fate`: valid, filtered, rejected, held or merged; without a package its batch's state;
    `why` its reasons, `masked` the same masked; `repeats`: an earlier record has its key, and is what was sent under it."""

    stage: str
    key: str | None
    place: str
    fate: str
    why: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    sent: tuple[FoundSending, ...] = ()
    repeats: bool = False


class FoundIn(Struct, frozen=True):
    """What one package has; None: what the journals alone know. `further`: how many records are left out, there were too many.
    `notes` say what is not told as the package was made, what was not looked for, and of how many rows nobody can say whose."""

    package: Path | None
    created: str
    records: tuple[FoundRecord, ...]
    further: int = 0
    notes: tuple[str, ...] = ()


class ExplainedField(Struct, frozen=True):
    """One field: where it stands in the mapping, the values on its way, what is sent, and what is wrong with that.

    `own` are texts of the mapping itself that it may have come to, which are shown as they are; `shown` are the columns of the
    source that are not personal, whatever the field that is made of them and of others is.
    """

    field: str
    place: str | None
    made_from: str
    steps: tuple[TracedStep, ...]
    value: Any
    problems: tuple[str, ...]
    masked_problems: tuple[str, ...]
    personal: bool
    secret: bool
    own: tuple[str, ...] = ()
    shown: frozenset[str] = frozenset()


class Explanation(Struct, frozen=True):
    """Of one row. `others` are problems of the row as a whole, each whole and masked; `went` is what `package`, the newest that
    has the stage, and the journals know of the record; `aliases` are the records it refers to for which others stand there;
    `corrected` tells which cells a person has mended; `place` is how the source itself calls the row (model.Locator);
    `notes` say what is not what `package` was made from."""

    stage: str
    key: str
    source: str
    row: int
    fate: str
    fields: tuple[ExplainedField, ...]
    others: tuple[tuple[str, str], ...]
    went: tuple[FoundRecord, ...]
    aliases: tuple[ExplainedAlias, ...] = ()
    corrected: tuple[str, ...] = ()
    place: str | None = None
    notes: tuple[str, ...] = ()
    package: Path | None = None


class ExplainedAlias(Struct, frozen=True):
    """A field whose value is the key of a merged record: the newest package refers to `into` instead."""

    field: str
    stage: str
    key: str
    into: str


class FieldLineage(Struct, frozen=True):
    """What a field is made from: columns, functions in the order of their names in the expression, lookups."""

    stage: str
    field: str
    columns: tuple[str, ...]
    functions: tuple[str, ...]
    lookups: tuple[str, ...]
    made_from: tuple[str, ...]


class Lineage(Struct, frozen=True):
    """Of a package, as its mapping was then. `unused`: (stage, column) of the sources that feed nothing."""

    package: Path
    fields: tuple[FieldLineage, ...]
    unused: tuple[tuple[str, str], ...]


class ComparedField(Struct, frozen=True):
    """A field in which records differ in one way: `what` is changed, added or removed. `examples` are the first of them."""

    field: str
    what: str
    count: int
    examples: tuple[BothValues, ...]
    personal: bool


class SentBefore(Struct, frozen=True):
    """Of the records that are changed or gone, how many have arrived at a target; and the keys of the first."""

    target: str
    changed: int
    gone: int
    keys: tuple[str, ...]


class ComparedStage(Struct, frozen=True):
    """The records that two packages would send of one stage.

    old, new      how many each has
    concentrated  where records that are changed, added or gone have a value in common far oftener than all
    first         changed, added, gone: the keys of the first of them
    gone_are      what became of the records that are gone: rejected, held; and `absent`, those of which the new one knows nothing
    added_were    what the old one made of the records that are added, in the same words
    personal      the fields whose values are masked where they are printed
    beyond        how many only one has, and the other was not to hold: a sample, or one of the first rows. These do not differ
    """

    name: str
    old: int
    new: int
    added: int
    gone: int
    changed: int
    same: int
    fields: tuple[ComparedField, ...]
    concentrated: tuple[Concentration, ...]
    first: dict[str, tuple[str, ...]]
    gone_are: dict[str, int]
    added_were: dict[str, int]
    uploaded: tuple[SentBefore, ...]
    personal: tuple[str, ...]
    beyond: int = 0

    @property
    def differs(self) -> bool:
        return bool(self.added or self.gone or self.changed)


class Compared(Struct, frozen=True):
    """Two packages. `notes` say what the two were made from that is not alike; `added` and `gone` are whole stages."""

    old: str
    new: str
    notes: tuple[str, ...]
    stages: tuple[ComparedStage, ...]
    added: tuple[str, ...]
    gone: tuple[str, ...]

    @property
    def differs(self) -> bool:
        return bool(self.added or self.gone or any(one.differs for one in self.stages))


class SampledStage(Struct, frozen=True):
    """How many records of a stage are in the sample, `of` how many that would be sent."""

    name: str
    records: int
    of: int


class LookAt(Struct, frozen=True):
    """A record to check by eye: the fields of which it shows something that no earlier record of the sample shows."""

    stage: str
    key: str
    fields: tuple[str, ...]


class SampledCustomer(Struct, frozen=True):
    """A user of the sample. `records`: how many each stage has that belong to it; the user itself among them."""

    key: str
    name: str
    email: str
    phone: str
    records: dict[str, int]
    look_at: tuple[LookAt, ...]


class SampledPoint(Struct, frozen=True):
    """Something that a row of the mapping may reach (expressions.points), and which record of the sample shows it.

    `nobody` says why none does: no row reaches it, or only rows that are not sent.
    """

    kind: str
    stage: str
    field: str
    what: str
    place: str | None
    shown: LookAt | None = None
    nobody: str | None = None


class Sampled(Struct, frozen=True):
    """A sample: a package, and the workbook of customers beside its files. `barred` says why it is not sent from here, if so.

    `least`: fewer records cannot show all that these show; None: there are too many to tell."""

    migration: str
    package: Path
    customers_file: Path
    stages: tuple[SampledStage, ...]
    customers: tuple[SampledCustomer, ...]
    points: tuple[SampledPoint, ...]
    barred: str | None = None
    least: int | None = None

    @property
    def uncovered(self) -> tuple[SampledPoint, ...]:
        return tuple(one for one in self.points if one.shown is None)
