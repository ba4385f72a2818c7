"""How much the tests notice: a seeded sample of small changes to each room, made one at a time in a copy of the tree.

make mutants                                   every room: hours
make mutants MUTANTS='load journal --count 20 --seed 7'
make mutants MUTANTS='cli --tests cli/test_cli.py'      against some of a room's tests, where all take too long

Before that the room's tests run once as they are, to learn which of them come by which line, and how long each takes. A change is
shown to those of its line first, the quick ones before the others, and to all only when they do not notice it.

The changes are cosmic-ray's, without those that only make nonsense (a bit shift in the place of a sum), and one more: a
call that stands by itself is left out, such as a flush. Annotations, what is imported for them, decorators and zip's `strict`
are left alone: no test can tell. Nor is a size that has a name (`MOST_SHOWN = 30`) made a little smaller or larger: it is a
choice, and a test of it would only say it again.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import coverage
import pytest
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator
from parso import parse

ROOT = Path(__file__).parent.parent
TESTS = {
    "address": ("journal/test_places.py", "load/test_uploader.py", "cli/test_cli_load.py"),
    "arguments": ("commands/test_arguments.py",),
    "cli": ("cli", "commands", "report/test_terminal.py"),
    "commands": ("commands", "cli", "load/test_after_a_pilot.py", "ready/test_init.py"),
    "corrections": ("commands/test_fix.py",),
    "demo": ("cli/test_demo.py",),
    "dumps": ("dumps/test_dumps_by_hand.py", "extract/test_kinds.py", "dumps"),
    "errors": ("cli/test_cli.py", "mapping/test_mapping_check.py"),
    "expressions": ("expressions", "mapping/test_mapping_expressions.py", "prepare/test_chunk.py"),
    "extract": ("extract",),
    "few": ("expressions/test_few.py", "expressions/test_cells.py", "payloads/test_validate.py"),
    "files": ("journal/test_durability.py", "prepare/test_package.py", "journal", "load/test_read_only_workspace.py"),
    "findings": ("prepare/test_findings.py", "report/test_mask.py", "prepare", "report/test_privacy.py"),
    "geography": (
        "geography",
        "mapping/test_mapping_places.py",
        "commands/test_channel_lists.py",
        "real/test_turkey.py",
    ),
    "guess": ("ready/test_init.py", "commands/test_proposals.py", "commands/test_inspect.py"),
    "journal": ("journal", "load", "verify", "cli/test_cli_load.py"),
    "languages": ("report/test_languages.py", "report/test_sentences.py"),
    "load": ("load", "journal", "verify", "cli/test_watching.py", "cli/test_cli_load.py"),
    "mapping": ("mapping", "commands/test_inspect.py"),
    "measures": (
        "measures",
        "report/test_report.py",
        "payloads/test_census.py",
        "commands/test_totals.py",
        "commands/test_diff.py",
        "commands/test_sample.py",
    ),
    "model": (
        "mapping/test_mapping_check.py",
        "mapping/test_environment.py",
        "prepare/test_merging.py",
        "prepare/test_prepare.py",
        "extract/test_extract.py",
        "load/test_gates.py",
    ),
    "omnitron": ("omnitron", "load/test_uploader.py", "load/test_resume.py", "verify"),
    "outside": ("cli/test_watching.py", "load/test_uploader.py", "load/test_gates.py"),
    "package": ("prepare/test_package.py", "prepare/test_prepare.py", "journal", "load/test_uploader.py"),
    "packing": ("prepare/test_package.py", "prepare"),
    "partial": ("prepare/test_partial.py", "prepare/test_package.py", "commands/test_snapshots.py"),
    "payloads": ("payloads", "mapping/test_mapping_validators.py", "prepare/test_chunk.py"),
    "personal": ("report/test_mask.py", "report"),
    "places": ("mapping/test_mapping_places.py", "journal/test_places.py", "cli/test_cli_load.py"),
    "prepare": ("prepare", "report/test_report.py", "workers/test_engine.py"),
    "profile": ("commands/test_inspect.py", "ready/test_init.py"),
    "report": (
        "report",
        "commands/test_looking.py",
        "commands/test_preview.py",
        "commands/test_sample.py",
        "commands/test_fix.py",
        "cli/test_cli.py",
    ),
    "records": ("house/test_records.py", "report/test_report.py"),
    "resources": ("mapping/test_mapping_schema.py", "payloads/test_schemas.py"),
    "sandbox": ("sandbox",),
    "seams": ("journal/test_journal.py", "load/test_resume.py"),
    "stop": ("load/test_stop.py", "cli/test_cli.py", "load/test_resume.py", "load/test_uploader.py"),
    "suggest": ("mapping/test_mapping_check.py", "expressions/test_expressions.py", "extract/test_no_header.py"),
    "target": (
        "mapping/test_mapping_schema.py",
        "load/test_gates.py",
        "load/test_uploader.py",
        "mapping/test_mapping_check.py",
    ),
    "terminal": ("report/test_terminal.py",),
    "verify": ("verify", "load/test_pilot.py", "cli/test_cli_load.py"),
    "workers": ("workers",),
}
"""The tests that are to notice a change in a room: files of tests/, or folders of them, the quick ones first."""

WANTED = dict.fromkeys(("load", "journal", "package", "packing", "files"), 95)
SWAPS = {
    "ReplaceComparisonOperator": "Eq_NotEq NotEq_Eq Lt_LtE LtE_Lt Gt_GtE GtE_Gt Is_IsNot IsNot_Is",
    "ReplaceBinaryOperator": "Add_Sub Sub_Add Mul_Div Div_Mul FloorDiv_Mul Mod_Mul BitOr_BitAnd BitAnd_BitOr Pow_Mul",
    "ReplaceUnaryOperator": "Delete_Not USub_UAdd",
}
NAMES = (
    *(f"{kind}_{swap}" for kind, swaps in SWAPS.items() for swap in swaps.split()),
    *("AddNot", "ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue"),
    *("NumberReplacer", "ExceptionReplacer", "ZeroIterationForLoop", "ReplaceBreakWithContinue"),
)
LEAST_SIZE = 8
Span = tuple[tuple[int, int], tuple[int, int]]


class LeaveOutCall(Operator):
    """A call that stands by itself becomes `pass`."""

    def mutation_positions(self, node):
        if node.type == "expr_stmt" or node.parent is None or node.parent.type != "simple_stmt":
            return
        if node.type in ("atom_expr", "power") and node.get_last_leaf().value == ")":
            yield node.start_pos, node.end_pos

    def mutate(self, node, index):
        put = parse("pass").children[0]
        put.prefix = node.get_first_leaf().prefix
        return put

    @classmethod
    def examples(cls):
        return ()


@dataclass(frozen=True)
class Mutant:
    """A small change: `occurrence` is which of the operator's places in the file."""

    file: str
    operator: str
    occurrence: int
    place: Span

    def changed(self, code: str) -> str:
        changed = mutate_code(code, _operator(self.operator), self.occurrence)
        assert changed is not None
        return changed


def _operator(name: str) -> Operator:
    return LeaveOutCall() if name == "LeaveOutCall" else get_operator(f"core/{name}")()


def mutants_of(file: str, code: str) -> Iterator[Mutant]:
    tree, silent = get_ast(code), list(_no_test_can_tell(code))
    for name in (*NAMES, "LeaveOutCall"):
        operator = _operator(name)
        places = (place for node in ast_nodes(tree) for place in operator.mutation_positions(node))
        for occurrence, place in enumerate(places):
            if not any(begin <= place[0] and place[1] <= end for begin, end in silent):
                yield Mutant(file, name, occurrence, place)


def _is_python(mutant: Mutant) -> bool:
    """Not where the `*` after which arguments have to be named is taken for a multiplication."""
    code = (ROOT / mutant.file).read_text(encoding="utf-8")
    try:
        changed = ast.parse(mutant.changed(code))
    except SyntaxError:
        return False
    return _by_place(changed) == _by_place(ast.parse(code))


def _by_place(tree: ast.Module) -> int:
    """How many arguments there are without a name."""
    return sum(len(one.posonlyargs) for one in ast.walk(tree) if isinstance(one, ast.arguments))


def _no_test_can_tell(code: str) -> Iterator[Span]:
    """Where annotations and decorators stand, sizes that have names, what is imported for types alone, and what holds zip to
    lists of one length."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        silent = (
            node if isinstance(node, ast.keyword) and node.arg == "strict" else None,
            getattr(node, "annotation", None),
            getattr(node, "returns", None),
            node.test if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" else None,
            *getattr(node, "decorator_list", ()),
        )
        yield from (_span(one) for one in silent if one is not None)
    for body in (tree.body, *(one.body for one in tree.body if isinstance(one, ast.ClassDef))):
        yield from (
            _span(size) for one in body if isinstance(one, ast.Assign | ast.AnnAssign) for size in _sizes(one.value)
        )


def _sizes(value: ast.expr | None) -> Iterator[ast.expr]:
    """The larger ones of the numbers of which a value is made, if it is made of nothing else."""
    nodes = [] if value is None else list(ast.walk(value))
    if all(isinstance(one, ast.Constant | ast.BinOp | ast.operator | ast.Tuple | ast.expr_context) for one in nodes):
        for one in nodes:
            if isinstance(one, ast.Constant) and isinstance(one.value, int | float) and one.value >= LEAST_SIZE:
                yield one


def _span(node: ast.expr | ast.keyword) -> Span:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)


def files_of(room: str) -> list[Path]:
    folder = ROOT / "etl" / room
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]


def sample(room: str, count: int, seed: int) -> list[Mutant]:
    """So many of a room's mutants, no two at the same place; the same ones for the same seed and the same code."""
    every = [
        one
        for path in files_of(room)
        for one in mutants_of(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
    ]
    random.Random(f"{seed} {room}").shuffle(every)
    at_its_place = {(one.file, one.place): one for one in every}.values()
    return list(islice(filter(_is_python, at_its_place), count))


class Copy:
    """The tree once more, in which one file at a time is changed."""

    def __init__(self, folder: Path, room: str, tests: tuple[str, ...]) -> None:
        self._root, self._seen = folder / "tree", folder / "coverage"
        ignored = shutil.ignore_patterns(".git", ".venv", ".*cache", "__pycache__", "work", "dist", "build")
        shutil.copytree(ROOT, self._root, ignore=ignored, symlinks=True)
        self._tests = [f"tests/{one}" for one in tests]
        self._looked_at = f"etl/{room}" if (ROOT / "etl" / room).is_dir() else f"etl.{room}"
        self._first: dict[str, dict[int, set[str]]] = {}
        self._seconds: dict[str, float] = {}
        # No bytecode: a file that changes twice within a second would be taken for the one before.
        quiet = {"PYTHONPATH": str(self._root), "PYTHONDONTWRITEBYTECODE": "1", "COVERAGE_FILE": str(self._seen)}
        self._pytest = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.warm", folder / "loaded"],
            cwd=self._root, env=os.environ | quiet, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def close(self) -> None:
        self._pytest.communicate()

    def learn(self) -> bool:
        """Run the room's tests once as it is, and keep which of them come by which line; whether they pass: the quickest a second
        time, in a process that has loaded everything."""
        # Only the room itself is looked at, and only in this process: what others do is in no test's name.
        config = self._seen.with_name("coveragerc")
        config.touch()
        seen = (f"--cov={self._looked_at}", f"--cov-config={config}", "--cov-context=test", "--cov-report=")
        passed = self._ends_with(3600, *self._tests, *seen, "--durations=0", "-vv") == pytest.ExitCode.OK
        for seconds, test in re.findall(r"^(\d+\.\d+)s (?:call|setup) +(.+)$", self.output, re.M):
            self._seconds[test] = self._seconds.get(test, 0) + float(seconds)
        data = coverage.CoverageData(str(self._seen))
        data.read()
        for file in data.measured_files():
            lines = data.contexts_by_lineno(file)
            tests = {line: {one.rpartition("|")[0] for one in found if "|" in one} for line, found in lines.items()}
            self._first[str(Path(file).relative_to(self._root))] = tests
        return passed and not self._fail(sorted(self._seconds, key=self._by_time)[:1])

    def notices(self, mutant: Mutant) -> bool:
        path = self._root / mutant.file
        code = path.read_text(encoding="utf-8")
        path.write_text(mutant.changed(code), encoding="utf-8")
        try:
            return self._fail(self._coming_by(mutant, code)) or self._fail(self._tests)
        finally:
            path.write_text(code, encoding="utf-8")

    def _coming_by(self, mutant: Mutant, code: str) -> list[str]:
        """The quick ones first."""
        tests = self._first.get(mutant.file, {})
        coming = {test for line in _lines_of(mutant.place, code) for test in tests.get(line, ())}
        return sorted(coming, key=self._by_time)

    def _by_time(self, test: str) -> tuple[float, str]:
        return self._seconds.get(test, 0), test

    def _fail(self, tests: list[str]) -> bool:
        """One that never ends has failed, too; not one that is gone, because it was named after what is changed. Where all are
        named by their files none can be gone: there is nothing to run when the tree cannot even be imported."""
        if not tests:
            return False
        every = tests is self._tests
        longest = 60 + 3 * sum(self._seconds.get(test, 0) for test in (self._seconds if every else tests))
        fine = {pytest.ExitCode.OK} if every else {pytest.ExitCode.OK, pytest.ExitCode.USAGE_ERROR}
        return self._ends_with(longest, *tests) not in fine

    def _ends_with(self, seconds: float, *arguments: str) -> int:
        """What pytest ends with; -9 when it did not end in time."""
        said = self._seen.with_name("said")
        assert self._pytest.stdin is not None
        assert self._pytest.stdout is not None
        # A library that is loaded already may be a plugin, too (anyio); that its assertions are not rewritten is no matter.
        loaded = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
        options = ["-x", "-q", "-p", "no:cacheprovider", *loaded, *arguments]
        print(json.dumps([options, str(said), seconds]), file=self._pytest.stdin, flush=True)
        code = int(self._pytest.stdout.readline())
        self.output = said.read_text(encoding="utf-8", errors="replace")
        return code


def _lines_of(place: Span, code: str) -> range:
    """The lines from the beginning of the innermost statement to the end of the place."""
    (line, _), (end, _) = place
    begins = [one.lineno for one in ast.walk(ast.parse(code)) if isinstance(one, ast.stmt) and one.lineno <= line]
    return range(max(begins, default=line), end + 1)


def shown(mutant: Mutant) -> str:
    """The changed lines, with their place."""
    before = (ROOT / mutant.file).read_text(encoding="utf-8")
    lines = list(difflib.unified_diff(before.split("\n"), mutant.changed(before).split("\n"), lineterm="", n=0))[3:]
    return "\n".join([f"  {mutant.file}:{mutant.place[0][0]}: {mutant.operator}", *(f"    {line}" for line in lines)])


def score(room: str, count: int, seed: int, tests: tuple[str, ...]) -> str:
    """Try a room's sample; one line of the result, after those of the changes that nothing noticed."""
    chosen = sample(room, count, seed)
    if not chosen:
        return f"{room}: there is nothing in it to change"
    with TemporaryDirectory(prefix="mutants-") as folder, closing(Copy(Path(folder), room, tests)) as copy:
        if not copy.learn():
            return f"{room}: its tests fail without any change:\n{copy.output[-2000:]}"
        survived = []
        for mutant in chosen:
            if not copy.notices(mutant):
                survived.append(mutant)
                print(shown(mutant), flush=True)
    noticed = len(chosen) - len(survived)
    share = 100 * noticed / len(chosen)
    return f"{room}: noticed {noticed} of {len(chosen)}, {share:.0f} % (wanted: {WANTED.get(room, 90)} %; seed {seed})"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make mutants")
    parser.add_argument("rooms", nargs="*", default=list(TESTS), help=f"of: {', '.join(TESTS)}")
    parser.add_argument("--count", type=int, default=20, help="changes a room (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another sample (default: %(default)s)")
    parser.add_argument("--tests", nargs="+", help="files or folders of tests/ instead of the room's own")
    settings = parser.parse_args()
    for room in settings.rooms:
        tests = tuple(settings.tests or TESTS[room])
        print(score(room, settings.count, settings.seed, tests), flush=True)


if __name__ == "__main__":
    main()
