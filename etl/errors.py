"""The errors a person may be shown. Each knows the exit code it ends a command with; none of them is a bug."""

import errno
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command."""

    OK = 0
    DATA = 1
    MAPPING = 2
    TARGET = 3
    UNKNOWN = 4


class EtlError(Exception):
    """Something a person can put right. Its text says what, where, and what to do next.

    `told` are its lines as templates with their parts (findings.Words), where a report says them in another language. `ending`:
    what a load that it ends has ended in, in a few words.
    """

    exit_code = Exit.MAPPING
    ending = "something on this machine was not in order"
    told: tuple[tuple[str, dict[str, object]], ...] = ()

    @property
    def text(self) -> str:
        """Its text as it was given: where that is a findings.Sentence, it is said in the reader's language."""
        return self.args[0] if len(self.args) == 1 and isinstance(self.args[0], str) else str(self)


class MappingError(EtlError):
    """The mapping, or the command line, cannot be carried out."""


class ArgumentError(EtlError):
    """A function was called with what it does not take."""


ON_DISK: dict[int | None, str] = {
    errno.ENOSPC: "make room, then run it again",
    errno.EDQUOT: "make room, then run it again",
    errno.EACCES: "allow this user to use it, or name another place",
    errno.EPERM: "allow this user to use it, or name another place",
    errno.EROFS: "nothing can be written there; name another place",
}
OTHERWISE = "see whether it is there and can be used, then run it again"


class DiskError(EtlError):
    """A file or a folder cannot be used as it has to be."""

    exit_code = Exit.DATA

    def __init__(self, error: OSError) -> None:
        where = f"{error.filename}: " if error.filename else ""
        super().__init__(f"{where}{error.strerror or error}; {ON_DISK.get(error.errno, OTHERWISE)}")


class SourceError(EtlError):
    """A source cannot be read at all (a row that cannot be read is a reject, not an error)."""

    exit_code = Exit.DATA


class TextError(SourceError):
    """What a source asks for cannot be carried out; `at` is the character of its text that is about, where that is known."""

    def __init__(self, message: str, at: int | None) -> None:
        super().__init__(message)
        self.at = at


class PackageError(EtlError):
    """A package on disk is incomplete, damaged, or was written by a newer version."""

    exit_code = Exit.DATA


class NoPackage(PackageError):
    """There is no package at a path. Where a person named it, that is a MappingError (commands/packages.py)."""


class TargetError(EtlError):
    """Omnitron did not do what was asked. What it answered, as far as it did: status, body; seconds it asks to wait."""

    exit_code = Exit.TARGET
    ending = "Omnitron did not do what was asked"

    def __init__(
        self, message: str, *, status: int | None = None, body: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = body
        self.retry_after = retry_after


class Refused(TargetError):
    """Omnitron surely did not accept the request; sending it again unchanged would be refused again."""

    ending = "Omnitron refused a batch"


class Unavailable(TargetError):
    """The request surely did not arrive; it may be sent again."""

    ending = "Omnitron could not be reached"


class Ambiguous(TargetError):
    """The request may or may not have arrived. It is never sent again until a person has said which it was."""

    exit_code = Exit.UNKNOWN
    ending = "it is not known whether a batch arrived"
