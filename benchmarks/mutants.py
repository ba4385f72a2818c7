"""How much the tests notice: a seeded sample of small changes to each room, made one at a time in a copy of the tree.

make mutants                                   every room: hours
make mutants MUTANTS='load journal --count 20 --seed 7'

Before that the room's tests run once as they are, to learn which of them come by which line. A change is shown to those of its
line first, and to all only when they do not notice it.

The changes are cosmic-ray's, without those that only make nonsense (a bit shift in the place of a sum), and one more: a
call that stands by itself is left out, such as a flush. Annotations, decorators and zip's `strict` are left alone: no test can
tell.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import coverage
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator
from parso import parse

ROOT = Path(__file__).parent.parent
TESTS = {
    "address": ("journal/test_places.py", "load/test_uploader.py", "cli/test_cli_load.py"),
    "cli": ("cli", "commands", "report/test_terminal.py"),
    "commands": ("commands", "cli", "load/test_after_a_pilot.py"),
    "corrections": ("commands/test_fix.py",),
    "demo": ("cli/test_cli.py",),
    "dumps": ("dumps/test_dumps_by_hand.py", "extract/test_kinds.py", "dumps"),
    "errors": ("cli/test_cli.py", "mapping/test_mapping_check.py"),
    "expressions": ("expressions", "mapping/test_mapping_expressions.py", "prepare/test_chunk.py"),
    "extract": ("extract",),
    "files": ("journal/test_durability.py", "prepare/test_package.py", "journal", "load/test_read_only_workspace.py"),
    "findings": ("prepare/test_findings.py", "report/test_mask.py", "prepare", "report/test_privacy.py"),
    "geography": ("geography", "mapping"),
    "guess": ("ready/test_init.py", "commands/test_inspect.py"),
    "journal": ("journal", "load", "verify", "cli/test_cli_load.py"),
    "languages": ("report/test_languages.py", "report/test_sentences.py"),
    "load": ("load", "journal", "verify", "cli/test_watching.py", "cli/test_cli_load.py"),
    "mapping": ("mapping",),
    "measures": ("report/test_counts.py", "report/test_report.py"),
    "model": ("mapping/test_mapping_check.py", "load/test_gates.py"),
    "omnitron": ("omnitron", "load/test_uploader.py", "load/test_resume.py", "verify"),
    "outside": ("load/test_uploader.py", "load/test_gates.py"),
    "package": ("prepare/test_package.py", "prepare/test_prepare.py", "journal", "load/test_uploader.py"),
    "packing": ("prepare/test_package.py", "prepare"),
    "partial": ("prepare/test_partial.py", "prepare/test_package.py", "commands/test_snapshots.py"),
    "payloads": ("payloads", "mapping/test_mapping_validators.py", "prepare/test_chunk.py"),
    "personal": ("report/test_mask.py", "report"),
    "places": ("mapping/test_mapping_places.py", "journal/test_places.py", "cli/test_cli_load.py"),
    "prepare": ("prepare", "workers/test_engine.py"),
    "profile": ("commands/test_inspect.py", "ready/test_init.py"),
    "report": ("report", "cli/test_cli.py"),
    "resources": ("mapping/test_mapping_schema.py", "payloads/test_schemas.py"),
    "sandbox": ("sandbox",),
    "seams": ("load/test_resume.py",),
    "stop": ("cli/test_cli.py", "load/test_resume.py", "load/test_uploader.py"),
    "suggest": ("mapping/test_mapping_check.py", "expressions/test_expressions.py"),
    "target": ("load/test_gates.py", "load/test_uploader.py", "mapping/test_mapping_check.py"),
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
    """Not where the `*` after which arguments have to be named is taken for a multiplication, for one."""
    try:
        ast.parse(mutant.changed((ROOT / mutant.file).read_text(encoding="utf-8")))
    except SyntaxError:
        return False
    return True


def _no_test_can_tell(code: str) -> Iterator[Span]:
    """Where the annotations and the decorators stand, and what holds zip to lists of one length, which they are anyway."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.keyword) and node.arg == "strict":
            yield (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
        for one in (
            getattr(node, "annotation", None),
            getattr(node, "returns", None),
            *getattr(node, "decorator_list", ()),
        ):
            if one is not None:
                yield (one.lineno, one.col_offset), (one.end_lineno, one.end_col_offset)


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

    def __init__(self, folder: Path, room: str) -> None:
        self._root, self._seen = folder / "tree", folder / "coverage"
        ignored = shutil.ignore_patterns(".*", "__pycache__", "work", "dist", "build")
        shutil.copytree(ROOT, self._root, ignore=ignored, symlinks=True)
        self._tests = [f"tests/{one}" for one in TESTS[room]]
        self._first: dict[str, dict[int, list[str]]] = {}

    def learn(self) -> bool:
        """Run the room's tests once as it is, and keep which of them come by which line; whether they pass."""
        passed = self._pass(3600, *self._tests, "--cov=etl", "--cov-context=test", "--cov-report=")
        data = coverage.CoverageData(str(self._seen))
        data.read()
        for file in data.measured_files():
            lines = data.contexts_by_lineno(file)
            tests = {
                line: [one.rpartition("|")[0] for one in found if one.endswith("|run")] for line, found in lines.items()
            }
            self._first[str(Path(file).relative_to(self._root))] = tests
        return passed

    def notices(self, mutant: Mutant, seconds: float) -> bool:
        path = self._root / mutant.file
        code = path.read_text(encoding="utf-8")
        path.write_text(mutant.changed(code), encoding="utf-8")
        first = self._coming_by(mutant, code)
        try:
            return not (self._pass(seconds, *first) if first else True) or not self._pass(seconds, *self._tests)
        finally:
            path.write_text(code, encoding="utf-8")

    def _coming_by(self, mutant: Mutant, code: str) -> list[str]:
        tests = self._first.get(mutant.file, {})
        return list(dict.fromkeys(test for line in _lines_of(mutant.place, code) for test in tests.get(line, ())))

    def _pass(self, seconds: float, *arguments: str) -> bool:
        """Whether these tests pass; one that never ends has noticed, too."""
        # No bytecode: a file that changes twice within a second would be taken for the one before.
        quiet = {"PYTHONPATH": str(self._root), "PYTHONDONTWRITEBYTECODE": "1", "COVERAGE_FILE": str(self._seen)}
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *arguments],
            cwd=self._root, env=os.environ | quiet, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip
        try:
            self.output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.communicate()
            return False
        return process.returncode == 0


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


def score(room: str, count: int, seed: int) -> str:
    """Try a room's sample; one line of the result, after those of the changes that nothing noticed."""
    chosen = sample(room, count, seed)
    with TemporaryDirectory(prefix="mutants-") as folder:
        copy, began = Copy(Path(folder), room), time.monotonic()
        if not copy.learn():
            return f"{room}: its tests fail without any change:\n{copy.output[-2000:]}"
        longest = 60 + 3 * (time.monotonic() - began)
        survived = []
        for mutant in chosen:
            if not copy.notices(mutant, longest):
                survived.append(mutant)
                print(shown(mutant), flush=True)
    noticed = len(chosen) - len(survived)
    share = 100 * noticed / max(len(chosen), 1)
    return f"{room}: noticed {noticed} of {len(chosen)}, {share:.0f} % (wanted: {WANTED.get(room, 90)} %; seed {seed})"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make mutants")
    parser.add_argument("rooms", nargs="*", default=list(TESTS), help=f"of: {', '.join(TESTS)}")
    parser.add_argument("--count", type=int, default=20, help="changes a room (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another sample (default: %(default)s)")
    settings = parser.parse_args()
    for room in settings.rooms:
        print(score(room, settings.count, settings.seed), flush=True)


if __name__ == "__main__":
    main()
