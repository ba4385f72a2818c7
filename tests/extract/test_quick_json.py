"""A row of JSON that is read the quick way is what it is when all of it is looked at: the same value, the same fault."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from etl.extract.json_stream import JsonText, NotJson
from etl.extract.json_values import DOCUMENT, ROW, decode, decode_row, decoded, doubtful, value_fault
from etl.findings import Unfit

PIECES = [
    "{", "}", "[", "]", ":", ",", " ", "\n", '"a"', '"b"', '"a":1,', '"a":1.50,"a":2', '"x":', "1", "-0", "-0.0", "1.0", "1.10",
    "0.1e1", "1e308", "1e309", "1e-330", "1e-331", "1E400", "-1e+999", "1e999999999999999999999", "0e999",
    "0." + "0" * 340 + "1",
    "9" * 400, "9" * 400 + ".5", "9" * 4400,
    "NaN", "-Infinity", "true", "null", '"e123"', '"\\"e1234"', '"\\ud800"', '"\\ud83d\\ude00"',
    '"\\u011f"', '"\\\\ud800"', '"\\u00zz"', '"\\q"', '"tab\tin"', '"open', '"ğ"',
    "[" * 120, "]" * 120, "[" * 60 + "{" , '{"a":' * 90,
    "}" * 90, "{},",
]  # fmt: skip

fragments = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
leaves = st.sampled_from([piece for piece in PIECES if piece[0] in '-0123456789"tn' and piece[-1] not in ":,"][:-1])
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda them: f"[{', '.join(them)}]")
        | st.lists(st.tuples(st.sampled_from("abc"), inner), max_size=4).map(
            lambda them: "{" + ", ".join(f'"{key}" : {value}' for key, value in them) + "}"
        )
    ),
    max_leaves=12,
)
hostile = st.one_of(values, values, fragments, st.tuples(values, fragments).map("".join))


def outcome(read):
    """What comes of it, with the types of all values."""
    try:
        value, reason = read()
    except json.JSONDecodeError as error:
        return "no JSON", error.msg, error.pos
    except Unfit as error:
        return "a fault", error.rule, str(error)
    except NotJson as error:
        return "no JSON", str(error)
    return repr(value), type(value), reason and (reason.rule, str(reason))


def looked_at(text):
    """As `decode_row`, without its quick way."""
    value = decode(text, ROW)
    return value, value_fault(value) if doubtful(text) else None


@settings(max_examples=600, deadline=None)
@given(hostile)
def test_a_line_has_the_same_value_or_the_same_fault(text):
    assert outcome(lambda: decode_row(text)) == outcome(lambda: looked_at(text))


class WholeLook(JsonText):
    """As JsonText, with each value read without the quick way."""

    def _read(self, text, start):
        try:
            value, end = decoded(text, start, ROW)
        except json.JSONDecodeError:
            raise
        except ValueError:
            value, end = decoded(text, start, DOCUMENT)
            return value, end, value_fault(value)
        return value, end, value_fault(value) if doubtful(text[start:end]) else None


def items(reader, text, size):
    """All that comes of a list, and how it ends."""
    found: list[tuple[object, ...]] = []
    stream = reader(iter([text[at : at + size] for at in range(0, len(text), size)]))
    try:
        for _ in stream.elements():
            item = stream.item()
            found.append((repr(item.value), item.text, item.reason and (item.reason.rule, str(item.reason))))
        stream.end()
    except (NotJson, Unfit) as error:
        found.append((type(error), str(error)))
    return found


@settings(max_examples=400, deadline=None)
@given(st.lists(hostile, max_size=4), st.integers(min_value=1, max_value=50), st.booleans())
def test_a_list_has_the_same_elements_faults_and_end(elements, size, whole):
    text = f"[{', '.join(elements)}{']' if whole else ''}"
    assert items(JsonText, text, size) == items(WholeLook, text, size)
