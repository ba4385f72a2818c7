"""What became of a mapping's own tests, as those who know pytest read it; and as JUnit's XML, for whoever runs them all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import floor
from textwrap import wrap
from xml.etree import ElementTree

from etl.expressions.points import BRANCH, DEFAULT, ENTRY, FUNCTION, VALUE
from etl.report.tested import Coverage, Mismatch, Tested, TestResult, Unreached
from etl.terminal import visible

DOT, F = ".", "F"


def dots(results: Sequence[TestResult], width: int) -> Iterator[str]:
    """A line for each stage, with a dot for each test that passed, and an F for each that did not."""
    longest = max((len(one.stage) for one in results), default=0)
    for stage in dict.fromkeys(one.stage for one in results):
        marks = "".join(DOT if one.passed else F for one in results if one.stage == stage)
        for at, line in enumerate(wrap(marks, max(width - longest - 1, 10))):
            yield f"{'' if at else stage:<{longest}} {line}"


def names(results: Sequence[TestResult]) -> Iterator[str]:
    yield from (f"{'passed' if one.passed else 'failed'}  {one.name}" for one in results)


def failures(results: Sequence[TestResult]) -> Iterator[str]:
    """Of each that failed: its name, where it stands, what it gives, and each field that is not as expected."""
    for result in results:
        if not result.passed:
            yield ""
            yield f"FAILED {result.stage}: {result.name}"
            yield from (f"  {line}" for line in _failure(result))


def _failure(result: TestResult) -> Iterator[str]:
    yield result.place
    if result.given:
        yield f"given {', '.join(f'{column}: {value}' for column, value in result.given.items())}"
    for one in result.mismatches:
        yield from _mismatch(one)


def _mismatch(one: Mismatch) -> Iterator[str]:
    if one.found is None or one.expected is None:
        yield one.sentence
        return
    yield f"{one.field}"
    yield f"  expected {one.expected}"
    yield f"  actual   {one.found}"


def verdict(tested: Tested) -> str:
    """3 passed, 1 failed, 2 deselected"""
    deselected = f", {tested.deselected} deselected" if tested.deselected else ""
    return f"{len(tested.results) - tested.failed} passed, {tested.failed} failed{deselected}"


SHOWN = 10
"""Entries of one lookup that have a line of their own."""

KINDS = {
    VALUE: "no row gives it a value",
    BRANCH: "never taken",
    DEFAULT: "never needed",
    FUNCTION: "never given a value",
}
"""What is told of a point that no test reaches."""


def coverage_lines(found: Coverage) -> Iterator[str]:
    """Each point that no test reaches, with where it stands; then how many of all are reached."""
    yield ""
    yield from (_point(one) for one in found.missing if one.kind != ENTRY)
    for name in dict.fromkeys(one.field for one in found.missing if one.kind == ENTRY):
        entries = [one for one in found.missing if one.kind == ENTRY and one.field == name]
        yield from (_point(one) for one in entries[:SHOWN])
        if len(entries) > SHOWN:
            yield f"  and {len(entries) - SHOWN:,} entries more of the lookup '{name}' (--json lists them)"
    for name in found.unknown:
        yield f"not known: the entries of the lookup '{name}', which was not read"
    yield f"coverage: {found.reached:,} of {found.points:,} points, {share(found)} %"


def share(found: Coverage) -> str:
    """With one decimal, and never more than there is: 100 is all of them."""
    return f"{floor(10 * found.percent) / 10:g}"


def _point(one: Unreached) -> str:
    if one.kind == ENTRY:
        return f"{one.place}: lookup '{one.field}': the entry '{one.what}' is never used"
    what = "" if one.kind == VALUE else f": {one.what}"
    return f"{one.place}: {one.stage}.{one.field}{what}: {KINDS[one.kind]}"


def junit(tested: Tested) -> bytes:
    """A test suite of the mapping's name, with a test case for each test."""
    suite = ElementTree.Element("testsuite", {"name": visible(tested.migration), **_counts(tested)})
    for one in tested.results:
        suite.append(_case(tested.migration, one))
    suites = ElementTree.Element("testsuites", _counts(tested))
    suites.append(suite)
    ElementTree.indent(suites)
    return bytes(ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)) + b"\n"


def _counts(tested: Tested) -> dict[str, str]:
    seconds = sum(one.seconds for one in tested.results)
    return {
        "tests": str(len(tested.results)),
        "failures": str(tested.failed),
        "errors": "0",
        "skipped": "0",
        "time": f"{seconds:.6f}",
    }


def _case(migration: str, one: TestResult) -> ElementTree.Element:
    file, line, _ = one.place.rsplit(":", 2)
    told = {"classname": f"{migration}.{one.stage}", "name": visible(one.name), "file": file, "line": line}
    case = ElementTree.Element("testcase", {**told, "time": f"{one.seconds:.6f}"})
    if not one.passed:
        failure = ElementTree.SubElement(case, "failure", {"message": visible(one.mismatches[0].sentence)})
        failure.text = "\n".join(map(visible, _failure(one)))
    return case
