"""The form of an entry in the table of functions. One entry is everything there is to say about a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

if TYPE_CHECKING:
    from etl.expressions.functions.columns import ColumnWay

REQUIRED: Any = object()
"""The default of a parameter that has none."""


LOOKUP = "lookup"
"""A kind of resource: the mapping's tables of codes."""

PRIVATE_KEYS = "private key"
"""A kind of resource: keys under which values are made that nobody else can make."""

GEOGRAPHY = "geography"
"""A kind of resource: the places that the channel knows."""

Resources = Mapping[str, Mapping[str, Any]]
"""What functions may be handed beside a row's values: kind of resource -> name -> content."""


class Resource(Struct, frozen=True):
    """What a function gets where a mapping names a resource."""

    name: str
    content: Any


class Parameter(Struct, frozen=True):
    """A parameter after the piped value. `default` is REQUIRED when there is none.

    resource  the kind of resource that a mapping names here, in quotes; the function is handed the Resource. One that has
              a default is not written in a mapping: the engine gives the resource of that name.
    choices   the only words that may be written here; none: anything may
    """

    name: str
    what: str
    default: object = REQUIRED
    resource: str = ""
    choices: tuple[str, ...] = ()

    @property
    def given(self) -> bool:
        """Whether the engine gives it, and no mapping."""
        return bool(self.resource) and self.default is not REQUIRED


class Example(Struct, frozen=True):
    """An expression and what it gives, or the text of the error it ends in. `given` is the row it is evaluated on."""

    text: str
    gives: object = None
    error: str | None = None
    given: Mapping[str, object] = field(default_factory=dict)


class Function(Struct, frozen=True):
    """A function that mappings may call as a filter.

    call      takes the piped value, then the parameters; raises ValueError with a sentence a person understands.
    bind      for functions with something to prepare: takes the parameters alone and returns the function of the
              value. Used instead of `call` when every argument is a constant; raises ValueError for bad arguments.
    column    for functions that are faster over a whole column of texts: takes the target's Writers, then the parameters,
              and returns the way over a column (columns.py), or None where these parameters leave none.
    null      whether the function wants to see null; otherwise null passes by it and stays null.
    note      for functions that put things right on the way: takes what `call` takes, and gives what a person is told of
              it (something with a rule and words), or None.
    costly    whether calls with the same texts are worth being computed once
    gives     the type of what it gives when that is not null; None: it depends. Lets a record be written without looking.
    """

    name: str
    group: str
    sentence: str
    call: Callable[..., Any]
    parameters: tuple[Parameter, ...] = ()
    examples: tuple[Example, ...] = ()
    null: bool = False
    gives: type | None = None
    bind: Callable[..., Callable[[Any], object]] | None = None
    column: Callable[..., ColumnWay | None] | None = None
    note: Callable[..., Any] | None = None
    costly: bool = False


def signature(function: Function) -> str:
    """A function as it is written in a mapping: phone(region='TR', default=...)."""
    written = [_parameter(one) for one in function.parameters if not one.given]
    return f"{function.name}({', '.join(written)})" if written else function.name


def _parameter(parameter: Parameter) -> str:
    if parameter.name.startswith("*"):
        return f"{parameter.name[1:]}..."
    if parameter.default is REQUIRED:
        return parameter.name
    return f"{parameter.name}={_default(parameter)}"


def _default(parameter: Parameter) -> str:
    # Expressions call null `none`; `...` is no default, and the parameter's sentence says what its absence means.
    if parameter.default is ...:
        return "..."
    return "none" if parameter.default is None else repr(parameter.default)
