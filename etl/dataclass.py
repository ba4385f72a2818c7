"""`dataclass`, as the standard library has it, whose `__init__` is written when the first object is made.

The standard one writes and compiles six functions for each class. A start loads some two hundred classes, of which it makes
objects of few: that took a third of it. What is no frozen or plain class with slots is left to the standard library. A class of
which somebody asks what its `__init__` takes has to be made by the standard one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

_MISSING = dataclasses.MISSING

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls=None, /, **asked):
        return (lambda given: _made(given, asked)) if cls is None else _made(cls, asked)


def _made(cls: type, asked: dict[str, bool]) -> type:
    if not asked.get("slots") or not asked.keys() <= {"slots", "frozen", "kw_only"}:
        return dataclasses.dataclass(**asked)(cls)
    own, frozen = dict(cls.__dict__), asked.get("frozen", False)
    cls.__doc__ = cls.__doc__ or cls.__name__  # else the standard library works one out, which takes longest of all
    made: type = dataclasses.dataclass(
        cls, init=False, repr=False, eq=False, match_args=False, slots=True, kw_only=asked.get("kw_only", False)
    )
    for name, method in _methods(made, own, frozen).items():
        setattr(made, name, method)
    return made


def _methods(cls: Any, own: dict[str, Any], frozen: bool) -> dict[str, Any]:
    """What the class gets; not what it has of its `own`."""
    fields = dataclasses.fields(cls)
    found: dict[str, Any] = {
        "__init__": _init_in_time(cls, frozen),
        "__repr__": _repr,
        "__eq__": _eq,
        "__match_args__": tuple(one.name for one in fields if not one.kw_only),
        "__getstate__": _getstate,
        "__setstate__": _setstate,
    }
    if frozen:
        found |= {"__setattr__": _refuse_setting, "__delattr__": _refuse_deleting}
    has_hash = own.get("__hash__") is not None or ("__hash__" in own and "__eq__" not in own)
    if not has_hash:
        found["__hash__"] = _hash if frozen else None
    kept = {name: one for name, one in found.items() if name not in own or name == "__hash__"}
    return {**kept, _COMPARED: _values_of([one.name for one in fields if one.compare])}


_COMPARED = "__compared__"
"""The class's way from an object to the values that it is compared by."""


def _values_of(names: list[str]) -> Callable[[Any], Any]:
    if len(names) > 1:
        return attrgetter(*names)
    # Always a tuple: in one, what is the same object is equal, and be it no number (NaN).
    return staticmethod(lambda one: tuple(getattr(one, name) for name in names))


def _eq(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    values = self.__compared__
    return values(self) == values(other)


def _hash(self: Any) -> int:
    return hash(self.__compared__(self))


def _repr(self: Any) -> str:
    shown = (f"{one.name}={getattr(self, one.name)!r}" for one in dataclasses.fields(self) if one.repr)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, name) for name in self.__dataclass_fields__]


def _setstate(self: Any, state: list[Any]) -> None:
    put = object.__setattr__
    for name, value in zip(self.__dataclass_fields__, state, strict=True):
        put(self, name, value)


def _refuse_setting(self: Any, name: str, value: Any) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deleting(self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _init_in_time(cls: Any, frozen: bool) -> Callable[..., None]:
    def __init__(self: Any, *values: Any, **named: Any) -> None:  # noqa: N807
        written = _init(cls, frozen)
        if cls.__init__ is __init__:  # and not what somebody has put in its place
            cls.__init__ = written
        written(self, *values, **named)

    return __init__


def _init(cls: Any, frozen: bool) -> Callable[..., None]:
    """The `__init__` of a class. A frozen one's fields are set through their slots."""
    names: dict[str, Any] = {"_missing": _MISSING}
    fields = dataclasses.fields(cls)
    parameters = ["self", *(_parameter(one, names) for one in fields if not one.kw_only)]
    keywords = [_parameter(one, names) for one in fields if one.kw_only]
    parameters += ["*", *keywords] if keywords else []
    lines = [_setting(cls, one, names, frozen) for one in fields]
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    source = f"def __init__({', '.join(parameters)}):\n  " + "\n  ".join(lines or ["pass"])
    # Compiled first: of a Ctrl-C that comes while it executes a text Python remembers that nobody took it, and dies of it
    # at its end, whoever does take it.
    exec(compile(source, f"<{cls.__qualname__}>", "exec"), names)  # noqa: S102 - our own classes
    written: Any = names["__init__"]
    written.__qualname__, written.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
    return written  # type: ignore[no-any-return]


def _parameter(one: dataclasses.Field[Any], names: dict[str, Any]) -> str:
    if one.default is not _MISSING:
        names[f"_default_{one.name}"] = one.default
        return f"{one.name}=_default_{one.name}"
    return one.name if one.default_factory is _MISSING else f"{one.name}=_missing"


def _setting(cls: Any, one: dataclasses.Field[Any], names: dict[str, Any], frozen: bool) -> str:
    name = value = one.name
    if one.default_factory is not _MISSING:
        names[f"_make_{name}"] = one.default_factory
        value = f"_make_{name}() if {name} is _missing else {name}"
    if not frozen:
        return f"self.{name} = {value}"
    names[f"_set_{name}"] = getattr(cls, name).__set__
    return f"_set_{name}(self, {value})"
