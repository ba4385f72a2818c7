"""A file inside a zip archive: `exports/shop.zip/orders.csv`, read as a stream. Nothing is unpacked to the disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from zipfile import ZipFile, ZipInfo

from msgspec import Struct

from etl.errors import SourceError
from etl.extract.damage import UNREADABLE_ZIP, of_zip

ENDING = ".zip"
CHAINED = "zip://"
"""How fsspec writes a member: zip://orders.csv::exports/shop.zip."""

BOMB_SIZE = 1 << 30
BOMB_RATIO = 250
"""No export is so regular: text shrinks to a tenth, the most that deflate can do is one in 1,032. What is small may."""


class ZipMember(Struct, frozen=True):
    """With as much of pathlib.Path as reading a source takes. Methods raise SourceError, FileNotFoundError for a member that is
    not there, and BadZipFile or zlib.error for what is damaged."""

    archive: Path
    member: str

    def __str__(self) -> str:
        return f"{self.archive}/{self.member}"

    @property
    def name(self) -> str:
        return PurePosixPath(self.member).name

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.member).suffix

    def size(self) -> int:
        with opened(self.archive) as archive:
            return self._found(archive).file_size

    @contextmanager
    def stream(self) -> Iterator[BinaryIO]:
        """Its bytes from beginning to end; never more of them than the archive says there are."""
        with opened(self.archive) as archive:
            found = self._found(archive)
            _refuse_bombs(self, found)
            with archive.open(found) as file:
                yield file  # type: ignore[misc]

    def open(self, mode: str = "rb") -> BinaryIO:
        raise AssertionError(f"a member of an archive is read as a stream, not opened ({mode}); please report this")

    def _found(self, archive: ZipFile) -> ZipInfo:
        try:
            found = archive.getinfo(self.member)
        except KeyError:
            raise FileNotFoundError(self.member) from None
        if found.flag_bits & 1:
            raise SourceError(f"{self}: is protected by a password; unpack it first")
        return found


@contextmanager
def opened(archive: Path) -> Iterator[ZipFile]:
    try:
        with ZipFile(archive) as found:
            yield found
    except NotImplementedError:
        raise SourceError(f"{archive}: is packed in a way that is not read; unpack it first") from None
    except UNREADABLE_ZIP as error:
        raise SourceError(f"{archive}: is damaged or no zip archive ({of_zip(error)}); fetch it again") from None


def _refuse_bombs(member: ZipMember, found: ZipInfo) -> None:
    if found.file_size > BOMB_SIZE and found.file_size > BOMB_RATIO * max(1, found.compress_size):
        raise SourceError(
            f"{member}: {found.compress_size:,} bytes that become {found.file_size:,} are no export but a zip bomb; if it is "
            "one all the same, unpack it first"
        )


def is_archive(path: Path) -> bool:
    return path.suffix.lower() == ENDING and path.is_file()


def members(archive: Path) -> list[str]:
    """The files in an archive, in the order of their names; without what a Mac puts beside them."""
    with opened(archive) as found:
        names = [one.filename for one in found.infolist() if not one.is_dir()]
    return sorted(
        name for name in names if not name.startswith("__MACOSX/") and not PurePosixPath(name).name.startswith(".")
    )


def split(location: str) -> ZipMember | None:
    """The archive and the member that a path names: one that goes on behind a file that ends in .zip. Otherwise None."""
    path = Path(location)
    for parent in path.parents:
        if parent.suffix.lower() == ENDING and parent.is_file():
            return ZipMember(parent, path.relative_to(parent).as_posix())
    return None


def as_path(location: str) -> str:
    """An address of fsspec's, zip://orders.csv::exports/shop.zip, as the path it means; any other location as it is."""
    if not location.startswith(CHAINED) or "::" not in location:
        return location
    member, _, archive = location.removeprefix(CHAINED).partition("::")
    return (
        location
        if "://" in archive.removeprefix("file://")
        else f"{archive.removeprefix('file://')}/{member.lstrip('/')}"
    )


def only_member(archive: Path) -> ZipMember:
    """The one file of an archive. Raises SourceError when there are several, or none."""
    found = members(archive)
    if len(found) != 1:
        listed = ", ".join(found[:10]) + (", ..." if len(found) > 10 else "")
        raise SourceError(
            f"{archive}: holds {len(found)} files{f'; name one: {archive}/{found[0]}; there are: {listed}' if found else ''}"
        )
    return ZipMember(archive, found[0])
