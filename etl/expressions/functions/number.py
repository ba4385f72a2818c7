"""Functions that read and compute numbers. Nothing is guessed about what a dot or a comma means."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING, Any

from etl.expressions.functions.columns import ColumnWay, Texts, numbers
from etl.expressions.functions.examples import fails, shows
from etl.expressions.functions.table import Function, Parameter
from etl.expressions.functions.values import one_of, whole
from etl.findings import Unfit, Words, phrase

if TYPE_CHECKING:
    from etl.expressions.runtime import Writers

MARKS = {",": "a comma", ".": "a dot"}
GROUPS = {",": ".", ".": ","}

LARGEST_AMOUNT = 10**15
"""Far above the 12 digits Omnitron takes, and exact in everything that is computed with it."""
MOST_OF_INT = 15
LONGEST_NUMBER = 40
MOST_DIGITS = 10

_CURRENCY = "(?:TL|TRY|₺|USD|US\\$|\\$|EUR|€|GBP|£)"


def _pattern(mark: str, currency: str) -> re.Pattern[str]:
    """An amount with `mark` before its decimals: sign, whole part (perhaps in groups of three), decimals."""
    group = f"[{GROUPS[mark]} \u00a0\u202f]"
    grouped = f"[1-9][0-9]{{0,2}}(?:(?P<by>{group})[0-9]{{3}})(?:(?P=by)[0-9]{{3}})*"
    digits = f"(?P<whole>{grouped}|[0-9]+)(?:[{mark}](?P<decimals>[0-9]+))?|[{mark}](?P<only>[0-9]+)"
    return re.compile(
        rf"(?P<before>[-+−]?)\s?{currency}\s?(?P<after>[-+−]?)\s?(?:{digits})\s?{currency}", re.IGNORECASE
    )


_MATCHES = {
    "money": {mark: _pattern(mark, f"{_CURRENCY}?").fullmatch for mark in MARKS},
    "decimal": {mark: _pattern(mark, "").fullmatch for mark in MARKS},
}
_EXACT = Context(prec=2 * LONGEST_NUMBER)
_STEPS = [Decimal(1).scaleb(-digits) for digits in range(MOST_DIGITS + 1)]
_DECIMAL = {",": "decimal", ".": "decimal('.')"}
_NOT_DIGIT = re.compile("[^0-9]")


def bind_money(mark: str = ",") -> Callable[[Any], Decimal | None]:
    one_of("mark", mark, MARKS)

    def read(value: Any) -> Decimal | None:
        if not isinstance(value, str):
            return _cents(_number("money", value), value, mark)
        text = value.strip()
        return _cents(_parsed("money", text, mark), value, mark) if text else None

    return read


def money(value: Any, mark: str = ",") -> Decimal | None:
    return bind_money(mark)(value)


def money_column(write: Writers, mark: str = ",") -> ColumnWay:
    """Amounts without sign or currency: 1299,90 and 1.299,90 and 49,9000. All are checked in one match, then read."""
    group = GROUPS[mark]
    grouped = f"[1-9][0-9]{{0,2}}(?:[{group}][0-9]{{3}}){{1,3}}"
    amounts = re.compile(f"(?:(?:(?:[0-9]{{1,12}}|{grouped})[{mark}][0-9]{{2}}(?:00)?)?\n)*").fullmatch

    def read(column: Texts) -> list[Any] | None:
        text = "\n".join(column) + "\n"
        if amounts(text) is None:
            return None
        # At most 14 digits, so that a float is exact.
        return numbers(text.replace(group, "").replace(mark, "."), column)

    return read


def bind_decimal(mark: str = ",") -> Callable[[Any], Decimal | None]:
    one_of("mark", mark, MARKS)

    def read(value: Any) -> Decimal | None:
        if not isinstance(value, str):
            return _number("decimal", value)
        text = value.strip()
        return _parsed("decimal", text, mark) if text else None

    return read


def decimal(value: Any, mark: str = ",") -> Decimal | None:
    return bind_decimal(mark)(value)


def _parsed(function: str, text: str, mark: str) -> Decimal:
    number = _read(function, text, mark)
    if number is None:
        raise _unreadable(function, text, mark)
    return number


def _read(function: str, text: str, mark: str) -> Decimal | None:
    """The number that a text is with this mark before its decimals; None when it is none."""
    match = _MATCHES[function][mark](text) if len(text) <= LONGEST_NUMBER else None
    if match is None or (match["before"] and match["after"]):
        return None
    digits = _NOT_DIGIT.sub("", match["whole"] or "0")
    decimals = match["decimals"] or match["only"]
    number = Decimal(f"{digits}.{decimals}" if decimals else digits)
    negative = (match["before"] or match["after"]) in ("-", "−")
    # Negating by operator would round to 28 digits.
    return number.copy_negate() if negative else number


def _unreadable(function: str, text: str, mark: str) -> Unfit:
    """Says what was expected, and how to say that the other mark is meant, when that would read: '--5' reads in no way."""
    other = GROUPS[mark]
    reads = _is_usual(_read(function, text, other))
    words = _UNREADABLE[function == "money", reads]
    told = {"mark": MARKS[mark], "other": MARKS[other], "function": function, "sign": other}
    return Unfit(f"function:{function}", text, words, **told)


_UNREADABLE = {
    (True, False): "{value} is not an amount with {mark} before its decimals",
    (False, False): "{value} is not a number with {mark} before its decimals",
    (True, True): (
        "{value} is not an amount with {mark} before its decimals; "
        "if {other} stands before the decimals, write {function}('{sign}')"
    ),
    (False, True): (
        "{value} is not a number with {mark} before its decimals; "
        "if {other} stands before the decimals, write {function}('{sign}')"
    ),
}
"""By whether it is for money, and whether it reads with the other mark."""


def _number(function: str, value: Any) -> Decimal:
    """A number of any type as Decimal; a float is the shortest decimal text that is that float."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise Unfit(f"function:{function}:number", value, "{function} expects a number, not {value}", function=function)
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        words = "{value} is not a number that can be used; correct the source"
        raise Unfit(f"function:{function}:finite", value, words)
    return number


def _cents(number: Decimal, value: Any, mark: str) -> Decimal:
    """Exactly two decimals. Raises Unfit when that would lose any."""
    if number.copy_abs() >= LARGEST_AMOUNT:
        raise Unfit("function:money:large", value, "{value} is too large to be an amount of money")
    cents = _rounded(number, 2)
    if cents != number:
        words = "{value} has more than two decimals"
        if advised := ways_to_read(value, "round", mark):
            words = "{value} has more than two decimals; if it may be rounded, write {advised}"
        raise Unfit("function:money:decimals", value, words, advised=advised)
    return cents


def ways_to_read(value: Any, then: str, mark: str | None = None) -> object:
    """How a value becomes a number that `then` takes, as an expression goes on: `| decimal('.') | round`.

    Both ways, where only the source's owner can tell what a dot means in 2.675; nothing, where none reads it, or it is too
    large for what follows.
    """
    if not isinstance(value, str):
        return f"`| {then}`"
    text = value.strip()
    marks = [one for one in MARKS if _is_usual(_read("decimal", text, one))]
    if mark is not None:
        marks = [one for one in marks if one == mark]
    calls = {one: f"`| {_DECIMAL[one]} | {then}`" for one in marks}
    if len(marks) < 2 or not _NOT_DIGIT.search(text.lstrip("+-")):
        return next(iter(calls.values()), "")
    return [phrase(_when(call, one)) for one, call in calls.items()]


def _is_usual(number: Decimal | None) -> bool:
    return number is not None and number.copy_abs() < LARGEST_AMOUNT


def _when(call: str, mark: str) -> Words:
    return "{call} when {mark} stands before the decimals", {"call": call, "mark": MARKS[mark]}


def _rounded(number: Decimal, digits: int) -> Decimal:
    # Adding zero makes -0.00 plain 0.00.
    return number.quantize(_STEPS[digits], ROUND_HALF_UP, _EXACT) + 0


def to_int(value: Any) -> int | None:
    if not isinstance(value, str):
        number = _number("int", value)
        if number.copy_abs() >= LARGEST_AMOUNT:
            raise _too_long(value)
        if number == int(number):
            return int(number)
        words = "{value} is not a whole number; if it may be rounded, write `| round(0) | int`"
        raise Unfit("function:int:whole", value, words)
    text = value.strip()
    digits = text[1:] if text[:1] in ("-", "+") else text
    if not text:
        return None
    if not (digits.isdigit() and digits.isascii()):
        raise _no_whole_number(text)
    if len(digits) > MOST_OF_INT:
        raise _too_long(text)
    return int(text)


def _too_long(value: object) -> Unfit:
    return Unfit("function:int:large", value, "{value} has more than 15 digits; `| text` keeps them all")


def _no_whole_number(text: str) -> Unfit:
    """With what to write for a text with decimals. Rounding is only spoken of where there is something to round."""
    zeros = re.fullmatch(r".*[.,]0*", text) is not None
    advised = ways_to_read(text, "int" if zeros else "round(0) | int")
    words = "{value} is not a whole number"
    if advised and zeros:
        words = "{value} is not a whole number; if it has decimals, write {advised}"
    elif advised:
        words = "{value} is not a whole number; if it may be rounded, write {advised}"
    return Unfit("function:int", text, words, advised=advised)


def int_column(write: Writers) -> ColumnWay:
    """Whole numbers written in plain digits."""

    def read(column: Texts) -> list[Any] | None:
        digits = "".join(column)
        if not (digits.isascii() and digits.isdigit() and max(map(len, column)) <= MOST_OF_INT):
            return None
        return numbers("\n".join(column) + "\n", column)

    return read


def bind_round(digits: int = 2) -> Callable[[Any], Decimal]:
    whole("digits", digits, 0, MOST_DIGITS)
    call = "round" if digits == 2 else f"round({digits})"

    def rounded(value: Any) -> Decimal:
        number = _computed("round", value, call)
        if number.copy_abs() >= LARGEST_AMOUNT:
            raise Unfit("function:round:large", value, "{value} is too large to be rounded")
        return _rounded(number, digits)

    return rounded


def round_half_up(value: Any, digits: int = 2) -> Decimal:
    return bind_round(digits)(value)


def absolute(value: Any) -> Any:
    _computed("abs", value)
    return value.copy_abs() if isinstance(value, Decimal) else abs(value)


def _computed(function: str, value: Any, call: str = "") -> Decimal:
    """The number to compute with. `call` is how the mapping calls the function, for the advice."""
    if isinstance(value, str):
        words = "{function} expects a number, not the text {value}"
        if advised := ways_to_read(value, call or function):
            words = "{function} expects a number, not the text {value}; write {advised}"
        raise Unfit(f"function:{function}:text", value, words, function=function, advised=advised)
    return _number(function, value)


def _mark(function: str) -> Parameter:
    return Parameter("mark", f"What stands before the decimals: ',' as in Turkish, or '.'; then {function}('.').", ",")


FUNCTIONS = (
    Function(
        name="money",
        gives=Decimal,
        group="number",
        sentence=(
            "Reads an amount of money, exact to the cent, with or without a currency; unless told otherwise the "
            "Turkish way, in which '1.299' is one thousand two hundred and ninety-nine. More than two decimals are an "
            "error unless they are zeros; numbers from JSON or Excel are taken as they are."
        ),
        call=money,
        bind=bind_money,
        column=money_column,
        parameters=(_mark("money"),),
        examples=(
            shows("{{ total | money }}", Decimal("1299.90"), total="1.299,90"),
            shows("{{ total | money }}", Decimal("-49.50"), total="-49,5 TL"),
            shows("{{ total | money('.') }}", Decimal("49.90"), total="49.9000"),
            shows("{{ total | money }}", Decimal("49.90"), total=49.9),
            fails(
                "{{ total | money }}",
                "'1299.90' is not an amount with a comma before its decimals; if a dot stands before the decimals, "
                "write money('.')",
                total="1299.90",
            ),
            fails(
                "{{ total | money('.') }}",
                "'957.5775' has more than two decimals; if it may be rounded, write `| decimal('.') | round`",
                total="957.5775",
            ),
        ),
    ),
    Function(
        name="decimal",
        gives=Decimal,
        group="number",
        sentence="Reads a number with any count of decimals, exactly; the Turkish way unless told otherwise.",
        call=decimal,
        bind=bind_decimal,
        parameters=(_mark("decimal"),),
        examples=(
            shows("{{ rate | decimal }}", Decimal("32.4571"), rate="32,4571"),
            shows("{{ (price | decimal('.') * 1.5 | decimal) | round }}", Decimal("15.02"), price="10.01"),
            fails("{{ rate | decimal }}", "'abc' is not a number with a comma before its decimals", rate="abc"),
        ),
    ),
    Function(
        name="int",
        gives=int,
        group="number",
        sentence="Reads a whole number.",
        call=to_int,
        column=int_column,
        examples=(
            shows("{{ quantity | int }}", 12, quantity="12"),
            shows("{{ quantity | int }}", 2, quantity=2.0),
            shows("{{ quantity | decimal('.') | int }}", 2, quantity="2.0000"),
            fails(
                "{{ quantity | int }}",
                "'2.0000' is not a whole number; if it has decimals, write `| decimal('.') | int`",
                quantity="2.0000",
            ),
            fails(
                "{{ quantity | int }}",
                "'86900123456789012' has more than 15 digits; `| text` keeps them all",
                quantity="86900123456789012",
            ),
        ),
    ),
    Function(
        name="round",
        group="number",
        sentence="Rounds a number; a half goes away from zero, as shops do (not to the even neighbour).",
        call=round_half_up,
        bind=bind_round,
        parameters=(Parameter("digits", "How many decimals to keep.", 2),),
        examples=(
            shows("{{ (total | decimal('.')) | round }}", Decimal("2.68"), total="2.675"),
            shows("{{ (total | decimal('.')) | round(0) }}", Decimal("3"), total="2.5"),
            fails(
                "{{ total | round(0) }}",
                "round expects a number, not the text '2,5'; write `| decimal | round(0)`",
                total="2,5",
            ),
            fails(
                "{{ total | round }}",
                "round expects a number, not the text '2.675'; write `| decimal | round` when a comma stands before the "
                "decimals or `| decimal('.') | round` when a dot stands before the decimals",
                total="2.675",
            ),
        ),
    ),
    Function(
        name="abs",
        group="number",
        sentence="Makes a negative number positive, as for discounts stored below zero.",
        call=absolute,
        examples=(
            shows("{{ discount | money | abs }}", Decimal("10.00"), discount="-10,00"),
            shows("{{ discount | abs }}", 10, discount=-10),
            fails(
                "{{ discount | abs }}",
                "abs expects a number, not the text '-10'; write `| decimal | abs`",
                discount="-10",
            ),
        ),
    ),
)
