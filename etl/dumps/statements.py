"""Where a statement of a dump begins and where it ends, whatever its texts, comments and routines hold."""

from __future__ import annotations

import re
from functools import lru_cache

from etl.dumps.dialect import MYSQL, SQL_SERVER, Dialect
from etl.dumps.ends import LONGEST_QUICK, is_one, likely_end
from etl.dumps.errors import DumpError, excerpt
from etl.dumps.text import Text

BEGUN = (b"-- MySQL dump ", b"-- MariaDB dump ", b"-- PostgreSQL database dump")
"""What the tools write first. They write that they came to the end, too (COMPLETED): without it the dump was cut off."""
COMPLETED = (b"-- Dump completed", b"-- PostgreSQL database dump complete")

CUT_OFF = "the dump was cut off: the line that its tool writes at the end is missing; dump it again"

_BLANK = re.compile(rb"[\s\x00]++")
_SANDBOX = re.compile(rb"/\*M!\d*\\-.*?\*/", re.DOTALL)
_CONDITION = re.compile(rb"/\*M?!\d*+|\*/")
"""`/*!40101 SET NAMES utf8 */`: what every MySQL carries out. Its beginning and its end are as good as blanks."""
_COMMENT = re.compile(rb"/\*.*?\*/", re.DOTALL)
_LINE = re.compile(rb"[^\n]*+\n?")
_META = re.compile(rb"\\[a-z]|GO\s*?(?:\n|\Z)", re.IGNORECASE)
"""A line that is for the program that loads the dump: `\\restrict ...` of psql, `GO` of SQL Server's tools."""
_DELIMITER = re.compile(rb"DELIMITER[ \t]+(\S+)[^\n]*+\n?", re.IGNORECASE)
_NOTHING_MORE = re.compile(rb"[ \r\n\t\x00*/]*+\Z")
_WORDS = re.compile(rb"[A-Za-z_]+(?:\s+[A-Za-z_]+){0,3}")


ENDED_BY_LINE = frozenset({"SET", "USE", "PRINT"})
"""What SQL Server's scripts write without an end but that of the line; its other statements end at the next GO."""


class Cursor:
    """Goes from statement to statement. After `next` it stands at the first letter of one, and `words` begin it."""

    def __init__(self, text: Text, dialect: Dialect, delimiter: bytes = b";") -> None:
        self.text = text
        self.dialect = dialect
        self.delimiter = delimiter
        self.words: list[str] = []
        self.line = 1
        self.conditional = False
        self._whole: bool | None = None
        self._misled = False

    def next(self) -> bool:
        """Go to the next statement; False at the end of the dump. Raises DumpError when the dump was cut off."""
        while self._at_something():
            if self._meta():
                continue
            self.line = self.text.line()
            self.words = self._first_words()
            return True
        if self._whole is False:
            raise DumpError(self.text.line(), CUT_OFF)
        return False

    def _at_something(self) -> bool:
        """Past blanks, comments and delimiters."""
        self.conditional = False
        while self.ahead(64):
            text = self.text
            if match := _BLANK.match(text.data, text.position):
                text.position = match.end()
            elif not self._comment():
                return True
        return False

    def ahead(self, size: int) -> bool:
        """Whether there is anything more; with as many bytes in the window as that, where the dump has them."""
        while len(self.text.data) - self.text.position < size and self.text.more():
            pass
        return self.text.position < len(self.text.data)

    def _comment(self) -> bool:
        """Go past one comment, or past what is as good as one."""
        text = self.text
        here = text.data[text.position : text.position + 64]
        if here.startswith((b"--", b"#") if self.dialect.hash else b"--"):
            self._note(self._consumed(_LINE, b"\n"))
        elif here.startswith(self.delimiter):
            text.position += len(self.delimiter)
        elif match := _SANDBOX.match(here):
            text.position += match.end()
        elif match := _CONDITION.match(here):
            self.conditional = here.startswith(b"/")
            text.position += match.end()
        elif here.startswith(b"/*"):
            self._consumed(_COMMENT, b"*/")
        else:
            return False
        return True

    def _consumed(self, pattern: re.Pattern[bytes], end: bytes) -> bytes:
        """What the pattern matches here, up to and with its end, however long it is."""
        text = self.text
        while True:
            match = pattern.match(text.data, text.position)
            if match and (match[0].endswith(end) or text.ended):
                text.position = match.end()
                return match[0]
            if not text.more() and not match:
                raise DumpError(text.line(), "a comment that does not end; was the dump cut off?")

    def _note(self, comment: bytes) -> None:
        if comment.startswith(COMPLETED):
            self._whole = True
        elif comment.startswith(BEGUN) and self._whole is None:
            self._whole = False

    def _meta(self) -> bool:
        """Go past a line that is no SQL."""
        text = self.text
        if match := _DELIMITER.match(text.data, text.position):
            self.delimiter = match[1]
        elif not (match := _META.match(text.data, text.position)):
            return False
        self._consumed(_LINE, b"\n")
        return True

    def _first_words(self) -> list[str]:
        match = _WORDS.match(self.text.data, self.text.position)
        if match is None:
            raise DumpError(self.line, f"is no statement: {excerpt(self.text.rest())}")
        return match[0].decode().upper().split()

    def statement(self) -> bytes:
        """The whole statement, without its delimiter; the cursor stands behind it."""
        pieces = []
        while not self._ended():
            pieces.append(self._body())
        return b"".join(pieces)

    def skip(self) -> None:
        """Go behind the statement."""
        if self.dialect is SQL_SERVER and self.words[0] in ENDED_BY_LINE:
            self._consumed(_LINE, b"\n")
            return
        while not self._ended():
            self._body()

    def skip_values(self) -> None:
        """Go behind the INSERT before whose values the cursor stands."""
        end = None if self._misled else self.values_end()
        if end is None or self.is_misled(end):
            self.skip()
        else:
            self.text.position = end + len(self.delimiter)

    def values_end(self) -> int | None:
        """Where the delimiter of the INSERT before whose values the cursor stands is, when that is in the window; `is_misled`
        tells whether that is so, where the values are not what they should be."""
        if self.dialect is MYSQL and self.delimiter == b";" and not self._misled:
            end = likely_end(self.text)
            if end is not None:
                return end
            end = self._end_in_window()
            self._misled = end is not None
            return end
        return self._end_in_window()

    def is_misled(self, end: int) -> bool:
        """Whether values that seemed to end there do not. Then no end of this dump is told by its quotes any more: where all
        stands on one line, far ones would be looked for again and again."""
        self._misled = self._misled or not is_one(self.text.data[self.text.position : end])
        return self._misled

    def _end_in_window(self) -> int | None:
        text = self.text
        while True:
            match = _body(self.delimiter, self.dialect).match(text.data, text.position)
            if match and text.data.startswith(self.delimiter, match.end()):
                return match.end()
            if len(text.data) - text.position > LONGEST_QUICK or not text.more():
                return None

    def _ended(self) -> bool:
        text = self.text
        self.ahead(len(self.delimiter))
        if text.data.startswith(self.delimiter, text.position):
            text.position += len(self.delimiter)
            return True
        return text.ended and _NOTHING_MORE.match(text.data, text.position) is not None

    def _body(self) -> bytes:
        """As much of the statement as the window holds in whole texts, names and comments."""
        text = self.text
        match = _body(self.delimiter, self.dialect).match(text.data, text.position)
        if match is None or match.end() == text.position:
            if not text.more():
                raise DumpError(
                    self.line, "a statement that does not end: is a quote missing, or was the dump cut off?"
                )
            return b""
        text.position = match.end()
        return match[0]


_TEXTS = {
    True: rb"'(?:[^'\\]++|\\.)*+'|\"(?:[^\"\\]++|\\.)*+\"",
    False: rb"(?<=\b[eE])'(?:[^'\\]++|\\.)*+'|'[^']*+'|\"[^\"]*+\"",
}


@lru_cache(maxsize=16)
def _body(delimiter: bytes, dialect: Dialect) -> re.Pattern[bytes]:
    """Whole tokens of a statement. One that the window cuts off is left: so each asks to see what comes behind it."""
    first, rest = re.escape(delimiter[:1]), re.escape(delimiter[1:])
    tokens = [
        rb"[^'\"`#/\-$%s]++" % first,
        _TEXTS[dialect.backslash],
        rb"`[^`]*+`",
        rb"--(?=\s)[^\n]*+\n",
        rb"--(?=\S)",
        rb"-(?=[^-])",
        rb"/\*(?=M?!)",
        rb"/\*(?![M!]).*?\*/",
        rb"/\*(?=M[^!])",
        rb"/(?=[^*])",
        rb"#[^\n]*+\n" if dialect.hash else rb"#",
        rb"\$(?P<tag>\w*+)\$.*?\$(?P=tag)\$" if dialect.name == "PostgreSQL" else rb"\$",
        rb"\$(?=[^\w$])",
    ]
    if rest:
        tokens.append(first + rb"(?=.{%d})" % (len(delimiter) - 1))
    return re.compile(rb"(?:(?!%s)(?:%s))*+" % (first + rest, rb"|".join(tokens)), re.DOTALL)
