"""Files -> bytes: whether a file can be read at all, and what is in compressed ones."""

from __future__ import annotations

import codecs
import errno
import gzip
import lzma
import re
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from io import BufferedReader
from itertools import chain
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile

from etl.errors import SourceError
from etl.extract.compressed import MAGIC, SUFFIXES, unpacked
from etl.extract.confinement import check_inside
from etl.extract.damage import of_packed
from etl.extract.locations import File, RemoteFile, located, size_of
from etl.extract.reach import Reach
from etl.extract.zip_member import ZipMember, members
from etl.suggest import perhaps
from etl.terminal import visible

CHUNK = 1 << 18
LONGEST_LINE = 1 << 24


class EndlessLine(ValueError):
    """A line that is longer than any line of a text file. `begin` is its first byte."""

    def __init__(self, begin: int) -> None:
        super().__init__(f"no line ends in the {LONGEST_LINE >> 20} MB after byte {begin}; is this a text file?")


_OTHER_FORMATS = {
    b"PK\x03\x04": "is a zip archive or an Excel workbook, not text; a workbook is read with `excel:`",
    b"\xd0\xcf\x11\xe0": "is an old Excel workbook, not text; read it with `excel:`",
    b"\x1f\x8b": "is compressed with gzip; its name has to end in .gz",
    b"\xfd7zXZ\0": "is compressed with xz; its name has to end in .xz",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd, which is not read; unpack it (zstd -d)",
    b"7z\xbc\xaf\x27\x1c": "is a 7z archive; unpack it and name the file in it",
    b"%PDF-": "is a PDF, from which no table is read; ask for the export as CSV",
    b"Rar!\x1a\x07": "is a RAR archive; unpack it and name the file in it",
    **{b"BZh%d1AY&SY" % size: "is compressed with bzip2; its name has to end in .bz2" for size in range(1, 10)},
}
_HEAD = 64
_WEB_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html[\s>])", re.IGNORECASE)
_PAGES = (".html", ".htm", ".xhtml")
"""Files that are called web pages are meant to be read as such."""
_HEADLESS = (".json", ".jsonl", ".ndjson", ".xml", ".xlsx", ".xlsb", ".xls", ".ods", ".parquet")
"""Files that are not empty for want of a header."""
# The mark of utf-32 begins with that of utf-16, so it stands in front of it.
MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def existing_file(location: str, *, may_be_empty: bool = False) -> File:
    """The file, when it is there, can be read, and is not empty, as it may be where the mapping names the columns.

    Otherwise SourceError.
    """
    check_inside(location)
    path = located(location)
    with reading(path):
        is_empty = not path.size() if isinstance(path, ZipMember) else _has_nothing(path)
    if is_empty and not may_be_empty:
        header = "" if str(path).lower().endswith(_HEADLESS) else ", without even a header"
        raise SourceError(f"{path}: is empty{header}; was the export cut off?")
    return path


def _has_nothing(path: Path | RemoteFile) -> bool:
    return _is_empty_remote(path) if isinstance(path, RemoteFile) else _is_empty(path)


def _is_empty(path: Path) -> bool:
    if path.is_dir():
        raise SourceError(f"{path}: is a folder; name the file in it{_some_of(_files_in(path))}")
    with path.open("rb") as file:
        return not file.read(1)


def _is_empty_remote(file: RemoteFile) -> bool:
    kind, size = file.kind_and_size()
    if kind == "directory":
        raise SourceError(f"{file}: is a folder; name the file in it")
    if kind != "file":
        raise SourceError(f"{file}: is no file but a pipe or a device")
    if size is None:
        raise SourceError(f"{file}: the server does not tell its size, so it cannot be cut in parts; fetch it first")
    return size == 0


@contextmanager
def reading(path: File) -> Iterator[None]:
    """Turn what can go wrong with a file that is being read into a SourceError that says what to do."""
    try:
        yield
    except FileNotFoundError as error:
        if (cause := _of_connecting(error)) is not None:
            raise SourceError(f"{path}: cannot be read ({_reason(path, cause)})") from None
        raise SourceError(f"{path}: no such file{_near_files(path)}") from None
    except PermissionError:
        raise SourceError(f"{path}: this user may not read it; change its owner or its mode (chmod u+r)") from None
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, BadZipFile) as error:
        said = of_packed(error)
        raise SourceError(f"{path}: the compressed file is damaged or cut off ({said}); fetch it again") from None
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({_reason(path, error)})") from None
    except EndlessLine as error:
        raise SourceError(f"{path}: {error}") from None
    except Exception as error:
        if not (isinstance(path, RemoteFile) and _is_foreign(error)):
            raise
        raise SourceError(f"{path}: cannot be read ({_reason(path, error)})") from None


def _is_foreign(error: Exception) -> bool:
    """Whether an error is a storage library's own (botocore, paramiko...): fsspec has no common one."""
    return type(error).__module__.partition(".")[0] not in ("builtins", "etl")


def _of_connecting(error: Exception) -> Exception | None:
    """The fault of a connection, which fsspec's HTTP calls a file that is not there."""
    cause = error.__cause__
    return cause if isinstance(cause, Exception) and _OF_A_CONNECTION.search(str(cause)) else None


def _reason(path: File, error: Exception) -> str:
    if not isinstance(path, RemoteFile):
        return _of_this_machine(error)
    if _OF_A_CONNECTION.search(whole := str(error)):
        return next((words for sign, words in _CONNECTIONS.items() if sign in whole.lower()), "the connection was cut")
    text = str(getattr(error, "strerror", None) or error)
    # A storage repeats the URL, with the signature that may be in it.
    return text.replace(path.url, str(path))


def _of_this_machine(error: Exception) -> str:
    """What the system says; a reader that goes astray in a damaged file asks it for what there is not, or says something else."""
    said = getattr(error, "strerror", None)
    astray = getattr(error, "errno", None) == errno.EINVAL
    return "it is damaged; fetch it again" if said is None or astray else str(said)


_OF_A_CONNECTION = re.compile(r"Caused by|ConnectionPool\(|Connection aborted|Cannot connect to host")
"""What libraries that carry HTTP write around the words of the system."""
_CONNECTIONS = {
    "refused": "nothing answers there",
    "connect call failed": "nothing answers there",
    "timed out": "the server does not answer in time",
    "resolve": "its host is not known here",
    "not known": "its host is not known here",
    "certificate": "its certificate is not trusted",
}


def _near_files(path: File) -> str:
    if isinstance(path, RemoteFile):
        return ""
    if isinstance(path, ZipMember):
        names = list(map(visible, members(path.archive)))
        return perhaps(path.member, names) or _some_of(names)
    if not path.parent.is_dir():
        return f"; its folder {path.parent} does not exist either"
    names = list(map(visible, _files_in(path.parent)))
    return perhaps(path.name, names) or _some_of(names)


def _files_in(folder: Path) -> list[str]:
    try:
        return sorted(one.name for one in folder.iterdir() if one.is_file())
    except OSError:
        return []


def _some_of(names: list[str]) -> str:
    if not names:
        return "; the folder has no files"
    return f"; there are: {', '.join(names[:10])}{', ...' if len(names) > 10 else ''}"


def is_compressed(path: File) -> bool:
    """Whether it is read from its beginning to its end: no part of it can be sought."""
    return isinstance(path, ZipMember) or path.suffix in SUFFIXES


@contextmanager
def byte_stream(path: File) -> Iterator[BinaryIO]:
    """The file's content, decompressed when its name says so."""
    with _stored(path) as file:
        yield unpacked(file, path.suffix)


@contextmanager
def _stored(path: File) -> Iterator[BinaryIO]:
    """The file as it is stored; of a member of an archive what was put into that."""
    with reading(path), path.open("rb") if isinstance(path, Path) else path.stream() as file:
        if isinstance(file, BufferedReader):
            _check_packed(path, file)
        yield file


def _check_packed(path: File, file: BufferedReader) -> None:
    magic = MAGIC.get(path.suffix, b"")
    if not file.peek(len(magic)).startswith(magic):
        ending = path.suffix
        raise SourceError(
            f"{path}: does not begin as {ending} files do; if it is not compressed, take {ending} off its name"
        )


def byte_pieces(path: File, reach: Reach | None = None) -> Generator[bytes]:
    """The file's bytes, decompressed, in pieces. `reach` is told how far it is read."""
    with _stored(path) as file:
        stream = unpacked(file, path.suffix)
        pieces = _pieces(stream, stream.read(CHUNK))
        yield from pieces if reach is None else reach.followed(pieces, file, size_of(path))


def cuttable(encoding: str) -> bool:
    """Whether a newline in this encoding is the byte 10 and nothing else is, so that a file can be cut by bytes."""
    ascii_bytes = bytes(range(128))
    try:
        return ascii_bytes.decode(encoding) == ascii_bytes.decode("ascii")
    except UnicodeError:
        return False


def check_format(path: File, head: bytes, encoding: str) -> None:
    """Raise SourceError when the first bytes say that the file is something else than text in this encoding."""
    for magic, what in _OTHER_FORMATS.items():
        if head.startswith(magic):
            raise SourceError(f"{path}: {what}")
    if _WEB_PAGE.match(head) and not str(path).lower().endswith(_PAGES):
        raise SourceError(f"{path}: is a web page; was the download answered with a login page? fetch it again")
    mark = next((name for mark, name in MARKS.items() if head.startswith(mark)), None)
    if mark and not codecs.lookup(encoding).name.startswith(mark):
        raise SourceError(
            f"{path}: begins with the mark of {mark}, the mapping says {encoding}; write `encoding: {mark}`"
        )


def text_start(path: File, encoding: str) -> int:
    """The byte after the mark of a plain UTF-8 file, or 0."""
    with reading(path), path.open("rb") as file:
        head = file.read(_HEAD)
    check_format(path, head, encoding)
    return len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0


def text_chunks(path: File, encoding: str, reach: Reach | None = None) -> Iterator[bytes]:
    """The text of a file that cannot be cut, in pieces, without its mark: bytes in `encoding` where a newline is the
    byte 10, and in UTF-8 otherwise (see `chunk_encoding`)."""
    with closing(byte_pieces(path, reach)) as pieces:
        head = next(pieces, b"")
        check_format(path, head, encoding)
        found: Iterator[bytes] = chain([head], pieces)
        if not cuttable(encoding):
            found = _as_utf8(path, found, encoding)
        yield next(found, b"").removeprefix(codecs.BOM_UTF8)
        yield from found


def chunk_encoding(encoding: str) -> str:
    """The encoding of what `text_chunks` gives."""
    return encoding if cuttable(encoding) else "utf-8"


def _pieces(stream: BinaryIO, head: bytes) -> Iterator[bytes]:
    piece = head
    while piece:
        yield piece
        piece = stream.read(CHUNK)


def _as_utf8(path: File, pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder, offset = codecs.getincrementaldecoder(encoding)(), 0
    try:
        for piece in pieces:
            yield decoder.decode(piece).encode()
            offset += len(piece)
        decoder.decode(b"", final=True)
    except UnicodeError:
        raise SourceError(
            f"{path}: after byte {offset} something is not {encoding}; was the file cut off, or is it in another `encoding`?"
        ) from None
