"""What `etl test` answers; `report/testing.py` renders it, `--json` is made of it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace


class Mismatch(Struct, frozen=True):
    """What of a row is not as its test says: a sentence, and where it is of one field what was expected and found, as JSON."""

    field: str | None
    sentence: str
    expected: str | None = None
    found: str | None = None

    def of_row(self, number: int) -> Mismatch:
        return replace(self, sentence=f"row {number}: {self.sentence}")


class TestResult(Struct, frozen=True):
    """One of the mapping's tests, or a case of one: where it stands, and what was not as expected (nothing: it passed).

    given    the cells it gives, as JSON
    seconds  how long it took
    """

    __test__ = False  # pytest takes it for a class of tests otherwise

    name: str
    place: str
    stage: str
    given: Mapping[str, str]
    mismatches: tuple[Mismatch, ...]
    seconds: float = 0.0

    @property
    def differences(self) -> tuple[str, ...]:
        return tuple(one.sentence for one in self.mismatches)

    def after(self, seconds: float) -> TestResult:
        return replace(self, seconds=seconds)

    @property
    def passed(self) -> bool:
        return not self.mismatches


class Unreached(Struct, frozen=True):
    """A point of the mapping that no test reaches (expressions.points.Point), and where it stands, as people are told."""

    kind: str
    stage: str
    field: str
    what: str
    place: str


class Coverage(Struct, frozen=True):
    """How many points a mapping has, how many of them its tests reach, and which none does.

    unknown   lookups that were not read: nothing is known of their entries
    """

    points: int
    reached: int
    missing: tuple[Unreached, ...]
    unknown: tuple[str, ...] = ()

    @property
    def percent(self) -> float:
        return 100 * self.reached / self.points if self.points else 100.0


class Tested(Struct, frozen=True):
    """What became of a mapping's own tests. `deselected` were not meant, and did not run. `coverage`: when asked for."""

    __test__ = False

    migration: str
    results: tuple[TestResult, ...]
    deselected: int = 0
    coverage: Coverage | None = None

    @property
    def failed(self) -> int:
        return sum(not one.passed for one in self.results)
