"""All texts that people read in a report, a workbook or on the terminal, read out of the engine's own source.

They are what a language's file has to say.

    python tests/templates.py      puts what is new into each of etl/report/languages/, with room for it in that language

A template is a literal at the place where a finding is made, which is what these look for: the `words` of Unfit, Finding,
Trouble and ProblemExample, what a function returns that is annotated with findings.Words, and what `said` is given, which makes
a line of the terminal. The schemas' own sentences count, too.
A phrase is what the engine itself says in a part of a template ('a whole number'); they come out of tables. The page marks its
texts by `_(...)`, and code by `say(...)`; words that come out of the data are in tables, too.
"""

import ast
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from etl.findings import EITHER
from etl.report.catalogue import PAGE
from etl.report.page.render import ENDINGS, NAMES, PASSWORD_FORMS, WHYS
from etl.report.sample import WORDS
from etl.report.summary import ALWAYS, WHEN_THERE_ARE
from etl.report.workbook import TOLD

ROOT = Path(__file__).parents[1]
COUNTS = (*ALWAYS, *WHEN_THERE_ARE)
WORDS_AT = {"Unfit": 2, "Finding": 3, "ProblemExample": 3, "Trouble": 1, "said": 0}
"""Which argument of these is a template."""

OTHERS = {
    "etl/payloads/reasons.py:unfit",  # the words of the keywords' functions, which are annotated
    "etl/payloads/reasons.py:_pattern",  # a sentence of the schema (see of_schemas)
    "etl/payloads/validate.py:_explained",  # of digests.misfit, which is annotated
}
"""Where a template is handed on that is found elsewhere."""


PHRASES = (
    ("etl/payloads/reasons.py", "_TYPES"),
    ("etl/expressions/functions/number.py", "MARKS"),
    ("etl/extract/json_values.py", "DESCRIBED"),
    ("etl/geography/resolving.py", "NOTES"),
    ("etl/expressions/types.py", "SPOKEN"),
    ("etl/expressions/functions/contact.py", "DETAILS"),
    ("etl/expressions/functions/code.py", "DETAILS"),
    ("etl/expressions/functions/pattern.py", "DETAILS"),
    ("etl/extract/json_values.py", "DETAILS"),
    ("etl/findings.py", "NAMED"),
    ("etl/geography/names.py", "LEVELS"),
)
"""Tables out of which phrases come."""


@dataclass(frozen=True)
class Found:
    """A template, or (None) a place at which one is made that cannot be found."""

    place: str
    words: str | None


class Module:
    """A file's tree, in which names lead to the texts they may stand for."""

    def __init__(self, path: Path) -> None:
        self.name, self.tree = path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))
        self.functions = [node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef)]

    def found(self) -> Iterator[Found]:
        for node in own_nodes(self.tree):
            if isinstance(node, ast.Call) and isinstance(words := template_of(node), ast.Constant):
                yield Found(f"{self.name} line {node.lineno}", str(words.value))
        for function in self.functions:
            for node in own_nodes(function):
                if isinstance(node, ast.Call) and (words := template_of(node)) is not None:
                    yield from self._told(function, words)
                if isinstance(node, ast.Return) and makes_words(function) and isinstance(node.value, ast.Tuple):
                    yield from self._told(function, node.value.elts[0])

    def _told(self, function: ast.FunctionDef, node: ast.expr) -> Iterator[Found]:
        place = f"{self.name}:{function.name}"
        if place not in OTHERS:
            yield from (Found(f"{place} line {node.lineno}", text) for text in self.texts(function, node))

    def texts(self, function: ast.FunctionDef, node: ast.expr) -> Iterator[str | None]:
        """What an expression may be; None for what only a run would tell."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.IfExp):
            yield from self.texts(function, node.body)
            yield from self.texts(function, node.orelse)
        elif isinstance(node, ast.Subscript):
            yield from self._table(function, node.value)
        elif isinstance(node, ast.Attribute) and node.attr == "words":
            return  # of a finding that was made elsewhere
        elif isinstance(node, ast.Name):
            yield from self._named(function, node.id)
        else:
            yield None

    def _table(self, function: ast.FunctionDef, node: ast.expr) -> Iterator[str | None]:
        """All values of a table of the module."""
        tables = assigned(self.tree.body, node.id) if isinstance(node, ast.Name) else []
        for table in tables or [None]:
            if isinstance(table, ast.Dict):
                for value in table.values:
                    yield from self.texts(function, value)
            else:
                yield None

    def _named(self, function: ast.FunctionDef, name: str) -> Iterator[str | None]:
        values = assigned(list(own_nodes(function)), name) or assigned(self.tree.body, name)
        position = next((at for at, one in enumerate(function.args.args) if one.arg == name), None)
        if not values and position is not None:
            yield from self._given(function, position)
        for value in values:
            yield from self.texts(function, value)
        if not values and position is None:
            yield None

    def _given(self, callee: ast.FunctionDef, position: int) -> Iterator[str | None]:
        """What callers in this module give for a parameter."""
        for caller in self.functions:
            for node in own_nodes(caller):
                if isinstance(node, ast.Call) and called(node) == callee.name:
                    shift = 1 if callee.args.args[0].arg == "self" else 0
                    yield from self.texts(caller, node.args[position - shift])


def own_nodes(function: ast.FunctionDef | ast.Module) -> Iterator[ast.AST]:
    """Those of a function or a module, without the functions in it."""
    left: list[ast.AST] = [one for one in function.body if not isinstance(one, ast.FunctionDef)]
    while left:
        node = left.pop(0)
        yield node
        left += [one for one in ast.iter_child_nodes(node) if not isinstance(one, ast.FunctionDef)]


def assigned(nodes: list[ast.AST] | list[ast.stmt], name: str) -> list[ast.expr]:
    """What is assigned to a name."""
    assignments = [node for node in nodes if isinstance(node, ast.Assign | ast.AnnAssign)]
    return [node.value for node in assignments if node.value is not None and name in named_by(node)]


def named_by(node: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {one.id for one in targets if isinstance(one, ast.Name)}


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def template_of(node: ast.Call) -> ast.expr | None:
    at = WORDS_AT.get(called(node))
    return None if at is None or len(node.args) <= at else node.args[at]


def makes_words(function: ast.FunctionDef) -> bool:
    return function.returns is not None and ast.unparse(function.returns).split(" | ")[0] == "Words"


def of_schemas() -> Iterator[Found]:
    """The sentences that a payload's schema says itself of a pattern."""
    for path in sorted((ROOT / "schemas").glob("*.schema.json")):
        fields = json.loads(path.read_bytes()).get("properties", {})
        for name, keywords in fields.items():
            if "patternErrorMessage" in keywords:
                said = keywords["patternErrorMessage"].replace("{", "{{").replace("}", "}}")
                yield Found(f"schemas/{path.name}: {name}", f"{{it}} {said}")


@cache
def places() -> tuple[Found, ...]:
    """Each module is looked through once in a process: all of them take seconds."""
    modules = [Module(path) for path in sorted((ROOT / "etl").rglob("*.py"))]
    return (*(one for module in modules for one in module.found()), *of_schemas())


@cache
def phrases() -> tuple[str, ...]:
    found = set()
    for file, table in PHRASES:
        [node] = assigned(Module(ROOT / file).tree.body, table)
        assert isinstance(node, ast.Dict | ast.Tuple), f"{file}: {table} is a table"
        values = node.values if isinstance(node, ast.Dict) else node.elts
        found |= {one.value for one in values if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return tuple(sorted({*found, EITHER}))


def templates() -> list[str]:
    """Without those that only put parts beside each other, which every language does alike."""
    found = {one.words for one in places() if one.words is not None}
    return sorted(words for words in found if re.search(r"[^\W\d_]|%", re.sub(r"{[^}]*}", "", words)))


MARKED = re.compile(r"""\b_\((?:"([^"]+)"|'([^']+)')\)|\bsay\((?:"([^"]+)"|'([^']+)')\)""")

HEADING = re.compile(r"""\bHeading\("([^"]+)"\)""")


@cache
def of_the_page() -> tuple[str, ...]:
    """The texts of the report's page and of the workbooks, and the headings of the terminal's tables."""
    found = {*COUNTS, *NAMES, *PASSWORD_FORMS, *ENDINGS, *WHYS, *TOLD[: TOLD.index("key") + 1], *WORDS, "none"}
    for file in (ROOT / "etl").rglob("*.py"):
        found |= set(HEADING.findall(file.read_text(encoding="utf-8")))
    for file in (*(ROOT / "etl/report/page").glob("*.py"), ROOT / "etl/report/page/report.html.jinja"):
        found |= {text for groups in MARKED.findall(file.read_text(encoding="utf-8")) for text in groups if text}
    return tuple(sorted(found))


def all_texts() -> list[tuple[str, str | None]]:
    """Each with its context in a language's file."""
    return [*((text, None) for text in [*templates(), *phrases()]), *((text, PAGE) for text in of_the_page())]


def updated(file: Path) -> Catalog:
    """A language's file with all texts, the new ones untranslated, and without those that nothing says any more."""
    with file.open("rb") as opened:
        known = {(one.id, one.context): one.string for one in read_po(opened, locale=file.stem)}
    made = Catalog(locale=file.stem)
    for text, context in all_texts():
        made.add(text, known.get((text, context), ""), context=context)
    return made


HEADER = """\
# What the report and the workbook of rejects say, in this language. {parts} keep their names; their order is free.
# New texts are put in by `make docs`. Poedit and other programs open this file.
msgid ""
msgstr ""
"Language: %s\\n"
"Content-Type: text/plain; charset=utf-8\\n"

"""
"""Without a date: the file differs only where a text does."""


def written(file: Path) -> bytes:
    made = io.BytesIO()
    write_po(made, updated(file), width=0, omit_header=True)
    return (HEADER % file.stem).encode() + made.getvalue()


FILES = sorted((ROOT / "etl/report/languages").glob("*.po"))

if __name__ == "__main__":
    for one in FILES:
        one.write_bytes(written(one))
