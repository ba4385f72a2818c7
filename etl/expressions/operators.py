"""What compiled expressions call for the operators: exact, and each refusal in a sentence.

No operator gives Python's own answer to a question it was not made for: 'a' * 3, '99' > '100', 0.1 + 0.2, 1 == True.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_FLOOR, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import Any

from etl.expressions.types import SPOKEN, computes, family, incomparable, looks_for, truth_wanted
from etl.findings import Unfit, Words, phrase

DIGITS = 60
"""So many digits are computed with; twelve before the decimals and a few after them are what money needs."""

# A sum, difference or product that does not fit is refused; a quotient is rounded to so many digits.
_TRAPS = [DivisionByZero, InvalidOperation, Overflow]
_EXACT = Context(prec=DIGITS, traps=[*_TRAPS, Inexact])
_ROUNDED = Context(prec=DIGITS, traps=_TRAPS)

_LARGEST = 10**DIGITS

Operation = Callable[[Any, Any], Any]


def _floor(left: Decimal, right: Decimal) -> Decimal:
    """As for whole numbers: -7 // 2 is -4. (Decimal's own // goes towards zero.)"""
    quotient = _ROUNDED.divide(left, right)
    return quotient.to_integral_value(ROUND_FLOOR)


def _rest(left: Decimal, right: Decimal) -> Decimal:
    return _EXACT.subtract(left, _EXACT.multiply(_floor(left, right), right))


def _computing(sign: str, of_ints: Operation | None, of_decimals: Operation) -> Operation:
    rule = f"operator:{sign}"

    def compute(left: Any, right: Any) -> Any:
        try:
            if left.__class__ is int and right.__class__ is int and of_ints is not None:
                return _bounded(of_ints(left, right))
            return of_decimals(exact(left, sign), exact(right, sign))
        except (ZeroDivisionError, DivisionByZero):
            raise Unfit(rule, left, "{value} cannot be divided by zero") from None
        except InvalidOperation:
            # Python calls 0 / 0 invalid, not a division by zero.
            words = "{value} {sign} {beside} cannot be computed" if right else "{value} cannot be divided by zero"
            raise Unfit(rule, left, words, sign=sign, beside=right) from None
        except ArithmeticError:
            words = "{value} {sign} {beside} has more than {most} digits"
            raise Unfit(rule, left, words, sign=sign, beside=right, most=DIGITS) from None

    return compute


def exact(value: Any, sign: str) -> Decimal:
    """A number as Decimal; a float is the shortest decimal text that is that float, so that 1.18 is 1.18."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise _no_number(value, sign)
    # A whole number of JSON or a workbook is one without decimals, and so is what is computed with it.
    number = Decimal(repr(value).removesuffix(".0")) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        words = "{value} is not a number that can be computed with; correct the source"
        raise Unfit(f"operator:{sign}", value, words)
    return number


def _no_number(value: Any, sign: str) -> Unfit:
    if value is None:
        words = "null cannot be computed with by '{sign}': write `| default(0)`, or `if ... is not none` around it"
        return Unfit(f"operator:{sign}", value, words, sign=sign)
    return Unfit(
        f"operator:{sign}",
        value,
        "{value} is {type}, and {computes}",
        type=spoken(value),
        computes=phrase(computes(sign)),
    )


def _bounded(value: int) -> int:
    if abs(value) >= _LARGEST:
        raise OverflowError
    return value


_add = _computing("+", operator.add, _EXACT.add)


def add(left: Any, right: Any) -> Any:
    return [*left, *right] if isinstance(left, list) and isinstance(right, list) else _add(left, right)


subtract = _computing("-", operator.sub, _EXACT.subtract)
multiply = _computing("*", operator.mul, _EXACT.multiply)
divide = _computing("/", None, _ROUNDED.divide)
floor_divide = _computing("//", operator.floordiv, _floor)
modulo = _computing("%", operator.mod, _rest)


def negative(value: Any) -> Any:
    return -value if value.__class__ is int else exact(value, "-").copy_negate()


def positive(value: Any) -> Any:
    return value if value.__class__ is int else exact(value, "+")


def truth(value: Any) -> bool:
    """Whether a value counts as true: null, 0 and what is empty do not. A text is refused: '0' and 'false' are texts."""
    if isinstance(value, str):
        raise Unfit("operator:truth", value, "{value} is {wanted}", wanted=phrase(truth_wanted()))
    return bool(value)


def equal(left: Any, right: Any) -> bool:
    if left is None or right is None:
        return left is right
    one, other = _comparable("==", left, right)
    return bool(one == other)


def unequal(left: Any, right: Any) -> bool:
    return not equal(left, right)


def _ordering(sign: str, compare: Operation) -> Callable[[Any, Any], bool]:
    def holds(left: Any, right: Any) -> bool:
        one, other = _comparable(sign, left, right)
        try:
            return bool(compare(one, other))
        except TypeError:  # of two moments, one with a time zone
            words = "{value} and {beside} are not compared: only one has a time zone"
            raise Unfit(f"operator:{sign}", left, words, beside=right) from None

    return holds


less, at_most = _ordering("<", operator.lt), _ordering("<=", operator.le)
more, at_least = _ordering(">", operator.gt), _ordering(">=", operator.ge)


def _comparable(sign: str, left: Any, right: Any) -> tuple[Any, Any]:
    """Two values that can be compared as they come. Raises Unfit for two that cannot."""
    why = incomparable(sign, _type(left), _type(right))
    if why is not None:
        raise _ill_matched(sign, left, right, why)
    # A float is not compared with a Decimal as it is written: 1.18 would be no 1.18.
    return (_written(left), _written(right))


def _written(value: Any) -> Any:
    return Decimal(repr(value)) if value.__class__ is float else value


def contains(item: Any, container: Any) -> bool:
    """Whether a list holds a value, a text a text, or an object a name. Null holds nothing."""
    if container is None:
        return False
    if isinstance(container, list | tuple):
        return _is_among(item, container)
    if isinstance(item, str) and isinstance(container, str | Mapping):
        return item in container
    if item is None and isinstance(container, str | Mapping):
        return False
    raise _ill_matched("in", item, container, looks_for())


def _is_among(item: Any, values: Sequence[Any]) -> bool:
    """Raises Unfit when none is equal and one could not be: it would never be found."""
    comparable = [one for one in values if incomparable("==", _type(item), _type(one)) is None]
    if any(equal(item, one) for one in comparable):
        return True
    if len(comparable) < len(values):
        equal(item, next(one for one in values if incomparable("==", _type(item), _type(one)) is not None))
    return False


def lacks(item: Any, container: Any) -> bool:
    return not contains(item, container)


def _type(value: Any) -> type:
    return dict if isinstance(value, Mapping) else type(value)


def spoken(value: Any) -> str:
    """What a value is, in words: text, a number..."""
    return SPOKEN.get(family(_type(value)), SPOKEN[object])


def _ill_matched(sign: str, left: Any, right: Any, why: Words) -> Unfit:
    words = "{why}" if left is None or right is None else "{value} is {type} and {beside} is {other_type}: {why}"
    types = {"type": spoken(left), "other_type": spoken(right)}
    return Unfit(f"operator:{sign}", left, words, beside=right, why=phrase(why), **types)
