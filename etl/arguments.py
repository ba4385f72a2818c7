"""What is given to a function or a type from Python, held against what its signature says, and told in this project's words.

A signature says more than a type where one is not enough: `Annotated[int, AtLeast(1)]`. A path may be given as its text, and a
key that is a number as that number: `taken` gives what the function gets.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache, wraps
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from etl.errors import ArgumentError, DiskError
from etl.suggest import perhaps

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

LARGEST = 10**18
"""What SQLite, and every counter, can hold."""
LONGEST_NAME, LONGEST_PATH = 255, 4095


class _Unlike(Exception):
    """A value that does not fit; its text is what has to be given. `within`: its place in what was given, and the value there."""

    def __init__(self, wanted: str, within: tuple[str, Any] | None = None) -> None:
        super().__init__(wanted)
        self.within = within


class AtLeast(NamedTuple):
    least: int

    def taken(self, value: Any) -> Any:
        if value < self.least:
            raise _Unlike(f"a whole number of {self.least} or more")
        return value


class OneOf(NamedTuple):
    names: tuple[str, ...]

    def taken(self, value: Any) -> Any:
        if value not in self.names:
            raise _Unlike(" or ".join(map(repr, self.names)))
        return value


class NotEmpty(NamedTuple):
    what: str

    def taken(self, value: Any) -> Any:
        if not (value.strip() if isinstance(value, str) else value):
            raise _Unlike(self.what)
        return value


class WithoutZero(NamedTuple):
    """A text that may be a path, which holds no zero byte."""

    what: str

    def taken(self, value: Any) -> Any:
        if "\0" in value:
            raise _Unlike(f"{self.what}, without a character that no path has")
        return value


class AsText:
    """A whole number stands for its digits."""


Count = Annotated[int, AtLeast(1)]
Key = Annotated[str, AsText()]


def face(function: F) -> F:
    """The function, which answers whatever it is given with an EtlError that says what to give instead."""

    @wraps(function)
    def called(*given: Any, **named: Any) -> Any:
        bound = _bound(function, function.__name__, given, named)
        try:
            return function(*bound.args, **bound.kwargs)
        except OSError as error:
            raise DiskError(error) from error

    return called  # type: ignore[return-value]  # it takes and gives the same


def checked(kind: type[T]) -> type[T]:
    """A type that is made from what its signature says, and from nothing else."""
    made = kind.__init__

    @wraps(made)
    def init(self: T, *given: Any, **named: Any) -> None:
        bound = _bound(made, kind.__name__, (self, *given), named)
        made(*bound.args, **bound.kwargs)

    kind.__init__ = init  # type: ignore[method-assign, assignment]  # it takes the same
    return kind


def _bound(
    function: Callable[..., Any], name: str, given: Sequence[Any], named: Mapping[str, Any]
) -> inspect.BoundArguments:
    signature, hints = _known(function)
    try:
        bound = signature.bind(*given, **named)
    except TypeError:
        raise ArgumentError(f"{name}(){_wrongly(signature, len(given), named)}") from None
    for argument, value in bound.arguments.items():
        if argument in hints:
            try:
                bound.arguments[argument] = taken(hints[argument], value)
            except _Unlike as unlike:
                place, odd = unlike.within or ("", value)
                raise ArgumentError(f"{name}(): {argument}{place} is {_named(odd)}; give {unlike}") from None
    return bound


@cache
def _known(function: Callable[..., Any]) -> tuple[inspect.Signature, Mapping[str, Any]]:
    return inspect.signature(function), get_type_hints(function, include_extras=True)


def _wrongly(signature: inspect.Signature, given: int, named: Mapping[str, Any]) -> str:
    """What is wrong with how something is called, and how it is to be called."""
    takes = [one for one in signature.parameters.values() if one.name != "self"]
    names = [one.name for one in takes]
    called = f"it takes {', '.join(names)}" if names else "it takes nothing"
    odd = [one for one in named if one not in names]
    if odd:
        return f": there is no '{odd[0]}'{perhaps(odd[0], names)}; {called}"
    given -= "self" in signature.parameters
    in_order = [one.name for one in takes if one.kind is not one.KEYWORD_ONLY]
    lacking = [one.name for one in takes if one.default is one.empty and one.name not in {*in_order[:given], *named}]
    if lacking:
        return f": {lacking[0]} is missing; {called}"
    return f": {given} values are too many, or one is given twice; {called}"


def taken(hint: Any, value: Any) -> Any:
    """The value as the function gets it. Raises _Unlike."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _annotated(inner, value)
    if origin in (Union, UnionType):
        return _either(inner, value)
    if origin in _GENERIC:
        return _GENERIC[origin](inner, value)
    if hint in _PLAIN:
        return _PLAIN[hint](value)
    return _instance(hint, value)


def _annotated(inner: Sequence[Any], value: Any) -> Any:
    kind, *notes = inner
    if any(isinstance(one, AsText) for one in notes) and isinstance(value, int) and not isinstance(value, bool):
        value = str(_whole(value))
    value = taken(kind, value)
    for note in notes:
        value = value if isinstance(note, AsText) else note.taken(value)
    return value


def _either(kinds: Sequence[Any], value: Any) -> Any:
    wanted = [one for one in kinds if one is not NoneType]
    if value is None and len(wanted) < len(kinds):
        return None
    told = []
    for kind in wanted:
        try:
            return taken(kind, value)
        except _Unlike as unlike:
            if unlike.within:
                raise
            told.append(str(unlike))
    raise _Unlike(" or ".join([*told, *(["None"] if len(wanted) < len(kinds) else [])]))


def _several(inner: Sequence[Any], value: Any) -> Any:
    what = "several in a list, also where it is one: [...]"
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        raise _Unlike(what)
    return tuple(_inside(inner[0], one, f"[{at}]") for at, one in enumerate(value))


def _inside(hint: Any, value: Any, place: str) -> Any:
    """What is held by what was given, which is told by its place in that. Raises _Unlike."""
    try:
        return taken(hint, value)
    except _Unlike as unlike:
        deeper, odd = unlike.within or ("", value)
        raise _Unlike(str(unlike), (f"{place}{deeper}", odd)) from None


def _mapping(inner: Sequence[Any], value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise _Unlike("a dictionary, {name: value}")
    names = {_inside(inner[0], name, f" (name {at})"): one for at, (name, one) in enumerate(value.items(), start=1)}
    return {name: _inside(inner[1], one, f" (value {at})") for at, (name, one) in enumerate(names.items(), start=1)}


def _function(inner: Sequence[Any], value: Any) -> Any:
    takes = len(inner[0]) if inner and isinstance(inner[0], list) else None
    what = "a function" if takes is None else f"a function that takes {takes} value{'' if takes == 1 else 's'}"
    if not callable(value):
        raise _Unlike(what)
    try:
        known = inspect.signature(value)
    except (TypeError, ValueError):  # one of the interpreter's own, which says nothing of itself
        return value
    try:
        known.bind(*[None] * (takes or 0))
    except TypeError:
        if takes is not None:
            raise _Unlike(what) from None
    return value


def _path(value: Any) -> Path:
    what = "a path, as a Path or as its text"
    if not isinstance(value, str | Path) or not str(value).strip():
        raise _Unlike(what)
    try:
        written = os.fsencode(value)
    except UnicodeEncodeError:
        raise _Unlike(f"{what}, without half a character") from None
    if b"\0" in written:
        raise _Unlike(f"{what}, without a character that no path has")
    if len(written) > LONGEST_PATH or any(len(one) > LONGEST_NAME for one in written.split(b"/")):
        raise _Unlike(f"{what}, that is shorter: a name has {LONGEST_NAME} bytes, a path {LONGEST_PATH}, and no more")
    return Path(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _Unlike("a text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _Unlike("a text without half a character") from None
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _Unlike("a whole number")
    if abs(value) >= LARGEST:
        raise _Unlike("a whole number of at most 18 digits")
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < LARGEST:
        raise _Unlike("a number")
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Unlike("True or False")
    return value


def _anything(value: Any) -> Any:
    return value


def _instance(hint: Any, value: Any) -> Any:
    if getattr(hint, "_is_protocol", False):
        return _function((), value)
    if not isinstance(value, hint):
        raise _Unlike(f"an etl.{hint.__name__}")
    return value


_PLAIN: Mapping[Any, Callable[[Any], Any]] = {
    Path: _path, str: _text, int: _whole, float: _number, bool: _truth, Any: _anything, object: _anything,
}  # fmt: skip
_GENERIC: Mapping[Any, Callable[[Sequence[Any], Any], Any]] = {
    tuple: _several, Sequence: _several, Mapping: _mapping, Callable: _function,
}  # fmt: skip


def _named(value: Any) -> str:
    """What somebody gave. No text is repeated: it may be a password, or personal."""
    if value is None:
        return "None"
    if isinstance(value, bool | int | float):
        return str(value) if not abs(value) >= LARGEST else "too large"
    if isinstance(value, str):
        return "a text" if value.strip() else "an empty text"
    if isinstance(value, Path):
        return "a path"
    if isinstance(value, list | tuple | set | dict) and not value:
        return f"an empty {type(value).__name__}"
    kind = type(value).__name__
    return f"an object of the type {kind}" if kind.isprintable() else "an object"
