"""What is wrong with a file that its reader gives up on, in our words: what a library says of it is for who wrote the library."""

from __future__ import annotations

import struct
from xml.etree.ElementTree import ParseError
from xml.parsers import expat
from zipfile import BadZipFile

UNREADABLE_ZIP = (BadZipFile, NotImplementedError, UnicodeDecodeError, struct.error)
"""What ZipFile raises for an archive that it cannot open."""

CUT_OFF = "it ends in the middle"
GARBLED = "what is packed in it is garbled"
CHECKSUM = "what is packed in it does not fit its checksum"


def of_packed(error: Exception) -> str:
    """Of a .gz, .bz2 or .xz, or of a member of a zip archive."""
    if isinstance(error, BadZipFile):
        return of_zip(error)
    if isinstance(error, EOFError):
        return CUT_OFF
    return CHECKSUM if str(error).startswith(("CRC check", "Incorrect length")) else GARBLED


def of_zip(error: Exception) -> str:
    """Of an archive, and of a workbook, which is one."""
    said = str(error)
    if said.startswith("File is not a zip"):
        return "its end is missing, or it is another kind of file"
    if said.startswith("Bad CRC"):
        return CHECKSUM
    if isinstance(error, KeyError):
        return "a part of it is missing"
    if isinstance(error, NotImplementedError):
        return "it is packed in a way that is not read"
    if isinstance(error, RuntimeError):
        return "it is protected by a password"
    return "its list of files is garbled" if isinstance(error, UNREADABLE_ZIP) else GARBLED


def of_xml(error: expat.ExpatError | ParseError) -> str:
    """Of a part of a workbook."""
    line, column = error.position if isinstance(error, ParseError) else (error.lineno, error.offset)
    return f"the XML in it cannot be read at line {line}, column {column + 1}"


def xml_words(code: int) -> str:
    """What is wrong with a document of XML, by expat's number for it."""
    return _XML.get(code, "it cannot be read from here on")


def _by_code(words: dict[str, str]) -> dict[int, str]:
    return {expat.errors.codes[name]: said for name, said in words.items()}


_XML = _by_code({
    expat.errors.XML_ERROR_SYNTAX: "an element has to begin here",
    expat.errors.XML_ERROR_INVALID_TOKEN: (
        "a character that cannot stand here: a bare & or <, a control character, or bytes that are in another encoding than its "
        "first line says (see `encoding`)"
    ),
    expat.errors.XML_ERROR_TAG_MISMATCH: "another element is closed here than the one that is open; was a part lost?",
    expat.errors.XML_ERROR_DUPLICATE_ATTRIBUTE: "an attribute is there twice",
    expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT: "more stands behind the end of the document; were two files put together?",
    expat.errors.XML_ERROR_UNDEFINED_ENTITY: (
        "an entity that XML does not know; write the character itself, or its number (&#160;)"
    ),
    expat.errors.XML_ERROR_BAD_CHAR_REF: "the number of a character that XML does not have; take it out",
    expat.errors.XML_ERROR_MISPLACED_XML_PI: "the line <?xml ...?> has to stand at the very beginning of a file",
    expat.errors.XML_ERROR_XML_DECL: "its first line, <?xml ...?>, cannot be read",
    expat.errors.XML_ERROR_UNKNOWN_ENCODING: "its first line names an encoding that is not known; name it as `encoding`",
    expat.errors.XML_ERROR_INCORRECT_ENCODING: (
        "it is not in the encoding that its first line names; name the right one as `encoding`"
    ),
})  # fmt: skip
