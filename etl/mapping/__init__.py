"""YAML text -> Migration, and every Problem in it with file, line and column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from etl.errors import MappingError
from etl.mapping.build import Builder
from etl.mapping.checks import Checker
from etl.mapping.environment import read_environment
from etl.mapping.grammar import grammar_problems
from etl.mapping.target_checks import ENVIRONMENT, target_problems
from etl.mapping.yaml_text import Document, read_document
from etl.model import Migration, Problem, Table
from etl.suggest import did_you_mean

__all__ = ["ENVIRONMENT", "USUAL", "Checked", "find_mapping", "load_mapping", "migration_name", "require"]

USUAL = "migration.yaml"


@dataclass(frozen=True, slots=True)
class Checked:
    """A mapping that has been read: what it says, what is wrong with it, and what was opened to find that out."""

    migration: Migration
    problems: tuple[Problem, ...]
    tables: Mapping[str, Table]
    lookups: Mapping[str, Mapping[str, object]]


def find_mapping(path: Path) -> Path:
    """The mapping file that a person named: the file, or migration.yaml in the folder. Raises MappingError."""
    found = path / USUAL if path.is_dir() else path
    if found.is_file():
        return found
    if path.is_dir():
        raise MappingError(f"{path}: the folder has no {USUAL}; name the mapping file itself")
    beside = [one.name for one in path.parent.glob("*")] if path.parent.is_dir() else []
    near = did_you_mean(path.name, beside)
    raise MappingError(f"{path}: there is no such mapping{near if 'did you mean' in near else ''}")


def load_mapping(path: Path) -> Checked:
    """Read a mapping and find every problem in it. Opens the local files it names, and no network."""
    file = find_mapping(path)
    document = read_document(str(path if path.is_file() else file), _text_of(file))
    empty = Checked(_nothing(file), tuple(document.problems), {}, {})
    if not isinstance(document.data, Mapping):
        return _with(empty, document, [] if document.problems else grammar_problems(document))
    environment = read_environment(file.resolve().parent)
    migration = Builder(document, environment).migration()
    checker = Checker(document, migration, {}, {})
    problems = [
        *document.problems,
        *grammar_problems(document),
        *checker.problems(),
        *target_problems(document, migration, environment),
    ]
    return Checked(migration, _ordered(problems), checker.tables, checker.lookups)


def _with(checked: Checked, document: Document, problems: list[Problem]) -> Checked:
    return Checked(checked.migration, _ordered([*document.problems, *problems]), {}, {})


def _ordered(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(dict.fromkeys(problems)))


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise MappingError(
            f"{file}: is not UTF-8 (byte {error.object[error.start]:#04x} at {error.start}); save it as UTF-8"
        ) from None
    except OSError as error:
        raise MappingError(f"{file}: cannot be read: {error.strerror}") from None


def _nothing(file: Path) -> Migration:
    from etl.model import Target

    return Migration("", "", file.resolve(), Target(), {}, {}, ())


def require(checked: Checked, *, upload: bool) -> Migration:
    """The migration, if it can be carried out. Without an upload, what only an upload needs may be missing."""
    stopping = fatal(checked.problems, upload=upload)
    if stopping:
        raise MappingError("\n".join(str(problem) for problem in stopping))
    return checked.migration


def fatal(problems: Sequence[Problem], *, upload: bool) -> list[Problem]:
    return [problem for problem in problems if upload or problem.kind != ENVIRONMENT]


def migration_name(path: Path) -> str:
    """The name a mapping gives its migration, without checking anything else in it."""
    file = find_mapping(path)
    data = read_document(str(file), _text_of(file)).data
    name = data.get("name") if isinstance(data, Mapping) else None
    if not isinstance(name, str) or not name:
        raise MappingError(f"{file}: has no name; `etl check` says what is wrong with it")
    return name
