"""Where a source's file is: a path on this machine, or a URL (file://, s3://, sftp://...) that fsspec reads."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from msgspec import Struct

from etl.address import PORTS, AddressFault, address_fault
from etl.errors import SourceError
from etl.extract.zip_member import ZipMember, is_archive, only_member, split
from etl.suggest import perhaps

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_PATH = re.compile(r"[/?#]")
"""Where a path or a query begins, which a server takes with blanks in it, too."""
_PASSWORD = re.compile(r"(?<=://)[^/?#@]*:[^/?#]*@")


STORAGES = (
    "file", "local", "memory", "ftp", "sftp", "ssh", "smb", "http", "https", "s3", "s3a", "gs", "gcs", "az", "abfs", "abfss",
    "adl", "hdfs", "webhdfs", "oci", "oss",
)  # fmt: skip
"""Where exports lie. fsspec knows more, which hold other things than files (reference), or run programs of others (jupyter)."""


def is_url(location: str) -> bool:
    return _URL.match(location) is not None


def shown(location: str) -> str:
    """A location as it may be printed and stored: what follows a URL's `?` is often a signature, so it is left out."""
    return _PASSWORD.sub("***@", location.partition("?")[0]) if is_url(location) else location


class RemoteFile(Struct, frozen=True):
    """A file behind a URL, with as much of pathlib.Path as reading a source takes.

    Its methods raise what the storage raises; callers stand in `opening.reading`. fsspec is imported here only.
    """

    url: str

    def __str__(self) -> str:
        return shown(self.url)

    @property
    def suffix(self) -> str:
        return PurePosixPath(str(self)).suffix

    def open(self, mode: str = "rb") -> BinaryIO:
        """For reading a range: fetches what is asked for, and not megabytes on top of it."""
        files, path = self._found()
        opened: BinaryIO = files.open(path, mode, cache_type="none")
        return opened

    def stream(self) -> BinaryIO:
        """For reading the bytes as they are stored from beginning to end."""
        files, path = self._found()
        opened: BinaryIO = files.open(path, "rb")
        return opened

    def kind_and_size(self) -> tuple[str, int | None]:
        """`file`, `directory` or something else, and how many bytes; None when the storage does not tell."""
        files, path = self._found()
        info = files.info(path)
        return info["type"], info["size"]

    def _found(self) -> tuple[Any, str]:
        """The storage, and the file's name in it. fsspec keeps connections, and knows when a process has been forked."""
        from fsspec.core import url_to_fs

        try:
            files, path = url_to_fs(self.url)
        except ImportError as error:
            raise SourceError(f"{self}: {error}; the package has to be installed beside omnitron-etl") from None
        except ValueError:
            raise SourceError(
                f"{self}: is on no storage that is known; a path, or a URL such as s3://bucket/file.csv, is needed"
            ) from None
        return files, path


File = Path | RemoteFile | ZipMember


def located(location: str) -> File:
    """The file that a location names. Raises SourceError for a URL with a password in it, or of an odd storage."""
    if not is_url(location):
        return _on_this_machine(location)
    scheme, sign, rest = location.partition("://")
    if scheme.lower() not in STORAGES or "::" in rest:
        what = "a URL with `::`" if "::" in rest else f"{scheme}://"
        hint = "" if scheme.lower() in STORAGES else perhaps(scheme, STORAGES)
        raise SourceError(
            f"{shown(location)}: {what} is no storage that a source is read from{hint}; "
            f"there are {', '.join(STORAGES)}; fetch the file and name its path"
        )
    if _PASSWORD.search(location):
        raise SourceError(
            f"{shown(location)}: a password does not belong in a location; give it to fsspec, "
            "by its configuration files or variables (FSSPEC_...)"
        )
    if scheme.lower() in PORTS and address_fault(scheme + sign + _PATH.split(rest)[0]) is AddressFault.NONE_AT_ALL:
        raise SourceError(f"{shown(location)}: is no address; write {scheme}://host/path")
    return RemoteFile(location)


def _on_this_machine(location: str) -> Path | ZipMember:
    """A path, which may lead into a zip archive; one that ends at an archive means the only file in it."""
    path = Path(location)
    if is_archive(path):
        return only_member(path)
    member = None if path.exists() else split(location)
    return member or path


def size_of(file: File) -> int:
    if isinstance(file, ZipMember):
        return file.size()
    return file.kind_and_size()[1] or 0 if isinstance(file, RemoteFile) else file.stat().st_size
