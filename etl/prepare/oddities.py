"""What is odd about the rows of a stage as a whole: told in the summary beside the problems, and sent all the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from etl.findings import WARNING, sentence
from etl.model import Counts, Locate, Stage
from etl.package import IndexLine, ProblemExample, ProblemKind
from etl.prepare.put_right import PutRight

WARNED = "warned"
"""The fate of what is told and sent."""

MOST_ADDRESSES = 500_000
"""So many addresses are remembered, by eight bytes each and a set's room around them."""

PLACES = 20

BARE_SHA1 = "a bare sha1 lets nobody in, as far as is known; write sha1$$ before it, as `password('hash')` does"
"""Django's hashers know an unsalted one by its empty salt only (Omnitron contract, 'user')."""


class Oddities:
    """Looks at a stage's records as they are written."""

    def __init__(self, stage: Stage, locate: Locate, is_personal: Callable[[str], bool]) -> None:
        self._stage, self._locate, self._is_personal = stage, locate, is_personal
        self._noted: dict[tuple[str, str], PutRight] = {}
        self._addresses: set[int] | None = set() if stage.payload == "address" else None
        self._again: list[int] = []
        self._count = 0
        self._twins: dict[tuple[str, str], tuple[int, list[int]]] = {}
        self.where_failed = False
        """Whether `where` could not be told of a row, which is rejected then: what it would leave out is not known."""

    def see(self, records: Sequence[bytes], index: Sequence[IndexLine]) -> None:
        """Two addresses that are sent alike are one; their keys are not in them."""
        if self._addresses is None or len(self._addresses) > MOST_ADDRESSES:
            return
        for record, line in zip(records, index, strict=True):
            known = len(self._addresses)
            self._addresses.add(hash(record))
            if len(self._addresses) == known:
                self._count += 1
                self._again += [line[1]] if len(self._again) < PLACES else []

    def note_twin(self, field: str, stage: str, row: int) -> None:
        """A record that another stage sends, too."""
        count, rows = self._twins.get((field, stage), (0, []))
        self._twins[field, stage] = count + 1, [*rows, row] if len(rows) < PLACES else rows

    def note(self, noted: Sequence[PutRight], first_row: int) -> None:
        """What was put right in a chunk's rows, which begin at this one."""
        for put_right in noted:
            rows = tuple(first_row + index for index in put_right.rows)
            known = self._noted.get((put_right.field, put_right.rule))
            self._noted[put_right.field, put_right.rule] = (
                replace(put_right, rows=rows)
                if known is None
                else replace(known, count=known.count + put_right.count, rows=(known.rows + rows)[:PLACES])
            )

    def kinds(self, counts: Counts, bare_sha1: int = 0) -> list[ProblemKind]:
        """`bare_sha1`: how many customers are sent with such a password."""
        found = []
        if self._stage.where is not None and counts.read and counts.filtered == counts.read:
            found.append(self._kind("where", "where:all", counts.read, [], "`where` leaves out every row"))
        elif self._stage.where is not None and counts.read and not counts.filtered and not self.where_failed:
            found.append(self._kind("where", "where:none", counts.read, [], "`where` leaves out no row"))
        if bare_sha1:
            found.append(self._kind("password", "password:sha1", bare_sha1, [], BARE_SHA1))
        if self._count:
            words = "the same address of a customer is sent more than once"
            if len(self._addresses or ()) > MOST_ADDRESSES:
                words = "the same address of a customer is sent more than once (looked for until there were {most:,})"
            found.append(self._kind(None, "address:twice", self._count, self._again, words, most=MOST_ADDRESSES))
        for (field, stage), (count, rows) in self._twins.items():
            words = (
                "stage '{stage}' sends the same {name}, too, so one of the two is refused, or both are there; leave it out of "
                "one of the stages with `where`"
            )
            found.append(self._kind(field, f"twin:{stage}", count, rows, words, stage=stage, name=field))
        return [*found, *map(self._put_right, self._noted.values())]

    def _put_right(self, one: PutRight) -> ProblemKind:
        at, parts = self._locate(one.rows[0]), {"value": one.value}
        personal = self._is_personal(one.field)
        example = ProblemExample(at.source, at.number, at.place, one.words, parts, sentence(one.words, parts), personal)
        return ProblemKind(WARNED, one.field, one.rule, None, WARNING, one.count, [*one.rows], [example])

    def _kind(
        self, field: str | None, rule: str, count: int, rows: list[int], words: str, **parts: object
    ) -> ProblemKind:
        at = self._locate(rows[0] if rows else 0)
        said = sentence(words, parts)
        example = ProblemExample(at.source, at.number, at.place, words, parts, said, personal=False)
        return ProblemKind(WARNED, field, rule, None, WARNING, count, rows, [example])
