"""Functions for what other programs left in a cell: Base64, PHP's serialize(), addresses of pages, texts in a wrong encoding."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from etl.expressions.cells import compose, inside, tidy
from etl.expressions.functions.columns import ColumnWay, Texts, each_once
from etl.expressions.functions.examples import fails, shows
from etl.expressions.functions.table import Function, Parameter
from etl.expressions.functions.values import LARGEST, text_for, text_parameter
from etl.findings import Unfit

if TYPE_CHECKING:
    from etl.expressions.runtime import Writers

DEEPEST = 32
MOST_PARAMETERS = 1000


def base64_hex(value: str) -> str | None:
    text = text_for("base64_hex", value).strip()
    if not text:
        return None
    try:
        padded = text + "=" * (-len(text) % 4)
        return binascii.a2b_base64(padded.encode("ascii"), strict_mode=True).hex()
    except (ValueError, UnicodeEncodeError):
        raise Unfit("function:base64_hex", value, "{value} is not Base64") from None


def base64_hex_column(write: Writers) -> ColumnWay:
    return each_once(write, base64_hex)


# ---- PHP

_FLOAT = re.compile(rb"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
"""As PHP writes one. It has INF and NAN, too, which JSON has not."""


class _Broken(ValueError):
    pass


class _Reader(Struct):
    """Where reading has come to in the bytes of a serialized value."""

    data: bytes
    at: int = 0

    def until(self, sign: bytes) -> bytes:
        end = self.data.find(sign, self.at)
        if end < 0:
            raise _Broken
        found, self.at = self.data[self.at : end], end + 1
        return found

    def take(self, count: int) -> bytes:
        if count < 0 or self.at + count > len(self.data):
            raise _Broken
        found, self.at = self.data[self.at : self.at + count], self.at + count
        return found

    def expect(self, signs: bytes) -> None:
        if self.take(len(signs)) != signs:
            raise _Broken


def _whole(text: bytes) -> int:
    if not text.lstrip(b"-").isdigit() or len(text) > 20:
        raise _Broken
    return int(text)


def _value(reader: _Reader, levels: int) -> Any:
    kind = reader.take(1)
    read = _KINDS.get(kind)
    if read is None or levels == 0:
        raise _Broken
    reader.expect(b";" if kind == b"N" else b":")
    return read(reader, levels)


def _null(reader: _Reader, levels: int) -> None:
    return None


def _truth(reader: _Reader, levels: int) -> bool:
    return {b"0": False, b"1": True}[reader.until(b";")]


def _integer(reader: _Reader, levels: int) -> int:
    return _whole(reader.until(b";"))


def _float(reader: _Reader, levels: int) -> float:
    text = reader.until(b";")
    if _FLOAT.fullmatch(text) is None:
        raise _Broken
    return float(text)


def _text(reader: _Reader, levels: int) -> str:
    found = _quoted(reader)
    reader.expect(b";")
    return found


def _quoted(reader: _Reader) -> str:
    """A text, which PHP counts in bytes."""
    length = _whole(reader.until(b":"))
    reader.expect(b'"')
    found = reader.take(length).decode()
    reader.expect(b'"')
    return found


def _array(reader: _Reader, levels: int) -> Any:
    """A list when its keys are 0, 1, 2...; else an object."""
    count = _whole(reader.until(b":"))
    if count < 0:
        raise _Broken
    reader.expect(b"{")
    found: dict[Any, Any] = {}
    for _ in range(count):
        key = _value(reader, levels - 1)
        if isinstance(key, bool) or not isinstance(key, int | str):
            raise _Broken
        found[key] = _value(reader, levels - 1)
    reader.expect(b"}")
    if list(found) == list(range(len(found))):
        return list(found.values())
    return {str(key): one for key, one in found.items()}


def _object(reader: _Reader, levels: int) -> Any:
    """The properties of an object. PHP writes the class of a private one before its name, between two zeros."""
    _quoted(reader)
    reader.expect(b":")
    found = _array(reader, levels)
    return {key.rpartition("\0")[2]: one for key, one in found.items()} if isinstance(found, dict) else {}


_KINDS: dict[bytes, Callable[[_Reader, int], Any]] = {
    b"N": _null, b"b": _truth, b"i": _integer, b"d": _float, b"s": _text, b"a": _array, b"O": _object,
}  # fmt: skip


def php(value: Any) -> Any:
    if isinstance(value, dict | list):
        return value
    text = text_for("php", value).strip()
    if not text:
        return None
    if len(text) > LARGEST:
        words = "PHP's serialize() of {length:,} characters; at most {most:,} are read"
        raise Unfit("function:php:length", None, words, length=len(text), most=LARGEST)
    try:
        reader = _Reader(text.encode())
        found = _value(reader, DEEPEST)
        if reader.at == len(reader.data):
            return inside(found, tidy, None)
    except (ValueError, KeyError):  # half a character, no number, bytes that are no UTF-8
        pass
    raise Unfit("function:php", value, "{value} is nothing that PHP's serialize() writes, or more than {most} levels deep",
                most=DEEPEST)  # fmt: skip


def php_column(write: Writers) -> ColumnWay:
    return each_once(write, php)


# ---- addresses of pages


def bind_query_value(name: str) -> Callable[[str], str | None]:
    text_parameter("name", name)

    def found(value: str) -> str | None:
        from urllib.parse import parse_qs

        # An address that was taken from a page still has its & written as there.
        text = text_for("query_value", value).replace("&amp;", "&")
        query = text.partition("?")[2].partition("#")[0] if "?" in text else text
        try:
            values = {*parse_qs(query, max_num_fields=MOST_PARAMETERS, errors="strict").get(name, [""])}
        except UnicodeDecodeError:
            words = "{value} holds %-signs that are no UTF-8; the shop wrote it in another encoding"
            raise Unfit("function:query_value:encoding", value, words) from None
        except ValueError:
            words = "{value} has more than {most:,} parameters"
            raise Unfit("function:query_value", value, words, most=MOST_PARAMETERS) from None
        if len(values) > 1:
            raise Unfit("function:query_value:twice", value, "{value} has '{told}' twice, with two values", told=name)
        return tidy(values.pop()) or None

    return found


def query_value(value: str, name: str) -> str | None:
    return bind_query_value(name)(value)


def query_value_column(write: Writers, name: str) -> ColumnWay:
    return each_once(write, bind_query_value(name))


# ---- encodings


def fix_encoding(value: str) -> str:
    text = text_for("fix_encoding", value)
    if text.isascii():
        return text
    return _as_turkish(text) or _as_any(text)


_TURKISH = frozenset("çğıöşüâîûÇĞİÖŞÜÂÎÛ")
_MISREAD = ("windows-1252", "latin-1", "windows-1254")


def _as_turkish(text: str) -> str | None:
    """What a text's bytes say as UTF-8, when all that is not ASCII becomes Turkish letters: that is no accident.

    A library that knows all languages takes `Åž` for two letters that may be meant, where a Ş stood.
    """
    for encoding in _MISREAD:
        with suppress(UnicodeError):
            found = text.encode(encoding).decode()
            if _TURKISH.issuperset(sign for sign in found if not sign.isascii()):
                return compose(found)
    return None


def _as_any(text: str) -> str:
    import ftfy

    return compose(str(ftfy.fix_encoding(text)))


def fix_encoding_column(write: Writers) -> ColumnWay:
    one_by_one = each_once(write, fix_encoding)

    def way(column: Texts) -> list[Any] | None:
        return [one or None for one in column] if "".join(column).isascii() else one_by_one(column)

    return way


FUNCTIONS = (
    Function(
        name="base64_hex",
        gives=str,
        group="code",
        sentence="Writes what a Base64 text holds as hexadecimal digits, as for digests of ASP.NET.",
        call=base64_hex,
        column=base64_hex_column,
        examples=(
            shows(
                "{{ hash | base64_hex }}",
                "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8",
                hash="W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
            ),
            shows("{{ hash | base64_hex }}", "00ff", hash="AP8"),
            fails("{{ hash | base64_hex }}", "'no base64!' is not Base64", hash="no base64!"),
        ),
    ),
    Function(
        name="php",
        group="code",
        sentence=f"Reads what PHP's serialize() wrote; nested at most {DEEPEST} levels deep.",
        call=php,
        column=php_column,
        examples=(
            shows("{{ (data | php).city }}", "İzmir", data='a:1:{s:4:"city";s:6:"İzmir";}'),
            shows("{{ data | php }}", [5, True, None], data="a:3:{i:0;i:5;i:1;b:1;i:2;N;}"),
            fails(
                "{{ data | php }}",
                "'a:1:{i:0;s:9:\"x\";}' is nothing that PHP's serialize() writes, or more than 32 levels deep",
                data='a:1:{i:0;s:9:"x";}',
            ),
        ),
    ),
    Function(
        name="query_value",
        gives=str,
        group="code",
        sentence="Gives the value of a parameter of a page's address, or of a query such as `a=1&b=2`; null when it has none.",
        call=query_value,
        bind=bind_query_value,
        column=query_value_column,
        parameters=(Parameter("name", "The parameter's name."),),
        examples=(
            shows("{{ url | query_value('id') }}", "42", url="https://shop.example.com/p?id=42&ref=mail#top"),
            shows("{{ url | query_value('q') }}", "ev terliği", url="q=ev+terli%C4%9Fi"),
            shows("{{ url | query_value('id') }}", None, url="https://shop.example.com/p"),
            fails("{{ url | query_value('id') }}", "'?id=4&id=5' has 'id' twice, with two values", url="?id=4&id=5"),
            fails(
                "{{ url | query_value('q') }}",
                "'?q=%FC' holds %-signs that are no UTF-8; the shop wrote it in another encoding",
                url="?q=%FC",
            ),
        ),
    ),
    Function(
        name="fix_encoding",
        gives=str,
        group="text",
        sentence=(
            "Mends a text whose UTF-8 was once read in another encoding (Ã¼ for ü); every other text stays as it is. Better "
            "is an export in its own encoding."
        ),
        call=fix_encoding,
        column=fix_encoding_column,
        examples=(
            shows("{{ name | fix_encoding }}", "Gökçe", name="GÃ¶kÃ§e"),
            shows("{{ name | fix_encoding }}", "Işıl Şule", name="IÅŸÄ±l Åžule"),
            shows("{{ name | fix_encoding }}", "Şule", name="Şule"),
            fails("{{ name | fix_encoding }}", "fix_encoding expects text, not 7; write `| text` before it", name=7),
        ),
    ),
)
