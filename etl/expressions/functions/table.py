"""The form of an entry in the table of functions. One entry is everything there is to say about a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

REQUIRED: Any = object()
"""The default of a parameter that has none."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter after the piped value. `default` is REQUIRED when there is none."""

    name: str
    what: str
    default: object = REQUIRED


@dataclass(frozen=True, slots=True)
class Example:
    """An expression and what it gives, or the text of the error it ends in. `given` is the row it is evaluated on."""

    text: str
    gives: object = None
    error: str | None = None
    given: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Function:
    """A function that mappings may call as a filter.

    call      takes the piped value, then the parameters; raises ValueError with a sentence a person understands.
    bind      for functions with something to prepare: takes the parameters alone and returns the function of the
              value. Used instead of `call` when every argument is a constant; raises ValueError for bad arguments.
    null      whether the function wants to see null; otherwise null passes by it and stays null.
    """

    name: str
    group: str
    sentence: str
    call: Callable[..., object]
    parameters: tuple[Parameter, ...] = ()
    examples: tuple[Example, ...] = ()
    null: bool = False
    bind: Callable[..., Callable[[Any], object]] | None = None
