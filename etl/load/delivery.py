"""Bring one batch to its end: send it, retry what surely did not arrive, follow what was accepted."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from msgspec import Struct

from etl.errors import Ambiguous, PackageError, Refused, TargetError, Unavailable
from etl.files import sync_folder
from etl.findings import said, some_records
from etl.journal.batch import Facts, Shipment
from etl.journal.database import JournalError
from etl.journal.journal import Journal
from etl.journal.notes import note
from etl.journal.requestlog import LogError
from etl.journal.states import State
from etl.load import wording
from etl.omnitron.api import Accepted, Omnitron, Unauthorized, answered
from etl.omnitron.pace import looks, pause_before
from etl.omnitron.progress import DeadlineMissed, Progress, ProgressReader
from etl.outside import Event, Outside
from etl.package import split_records
from etl.target import Target


class Look(Struct, frozen=True):
    """A look at a migration. `progress` None: it told nothing, and `text` says why; seconds it asks to wait."""

    text: str
    progress: Progress | None = None
    retry_after: float = 0.0


class Delivery:
    """Carries batches, one call each; usable from several threads."""

    def __init__(self, journal: Journal, omnitron: Omnitron, target: Target, outside: Outside) -> None:
        self._journal = journal
        self._omnitron = omnitron
        self._target = target
        self._outside = outside
        self._reader = ProgressReader(target.polling)

    def carry(self, batch: Shipment) -> Shipment:
        """Take a planned or accepted batch until it is done, or was halved into two planned ones. The batch as it is then."""
        if batch.state is State.PLANNED:
            self._send(batch)
            batch = self._journal.batch(batch.id)
        return self._follow(batch) if batch.state is State.ACCEPTED else batch

    def cut(self, batch: Shipment, size: int) -> list[int]:
        """Put planned batches of at most `size` records in the place of this one."""
        facts = Facts(note("cut" if batch.sent else "never sent, cut"))
        return self._journal.cut(batch.id, split_records(self._bytes(batch)), size, facts)

    # Sending

    def _send(self, batch: Shipment) -> None:
        data = self._bytes(batch)
        failures, renewed = 0, False
        while True:
            try:
                token = self._omnitron.ready()
                self._post(batch, token, data)
            except Unauthorized as error:
                if renewed:
                    raise wording.because(
                        Refused, error, batch, self._journal, wording.unauthorized(self._journal)
                    ) from error
                self._omnitron.forget(token)
                renewed = True
            except Unavailable as error:
                failures += 1
                self._pause_before_retry(batch, error, failures)
            else:
                return

    def _bytes(self, batch: Shipment) -> bytes:
        """The batch's bytes, which are those that were planned, and are on the disk. Raises PackageError."""
        path = self._journal.workspace.whole(batch.file)
        try:
            data = path.read_bytes()
            _make_durable(path)
        except OSError as error:
            words = "{path}: cannot be read ({error}); batch {batch} is not sent"
            raise PackageError(said(words, path=str(path), error=error.strerror, batch=batch.id)) from error
        if hashlib.sha256(data).hexdigest() != batch.sha256:
            words = "{path}: changed since it was planned (SHA-256 differs); batch {batch} is not sent"
            raise PackageError(said(words, path=str(path), batch=batch.id))
        return data

    def _post(self, batch: Shipment, token: str, data: bytes) -> None:
        """One attempt. Whatever comes of it is in the journal before this returns or raises."""
        self._outside.stop.check()
        self._journal.move(batch.id, State.SENDING)
        self._tell("sending", batch, f"batch {batch.id}: sending {some_records(batch.records)}")
        try:
            accepted = self._omnitron.start(token, batch.payload, (Path(batch.file).name, data), _about(batch))
        except (Unavailable, LogError) as error:
            self._journal.move(batch.id, State.PLANNED, _facts(error))
            raise
        except Refused as error:
            self._refused(batch, error, data)
        except Ambiguous as error:
            self._record(batch, State.UNKNOWN, _facts(error))
            raise wording.because(Ambiguous, error, batch, self._journal, wording.unknown(batch)) from error
        else:
            self._accepted(batch, accepted)

    def _accepted(self, batch: Shipment, accepted: Accepted) -> None:
        facts = Facts(status=accepted.status, answer=accepted.answer, migration_id=accepted.migration_id)
        try:
            other = self._journal.accept(batch.id, facts)
        except JournalError as error:
            raise wording.unwritten(batch, State.ACCEPTED, facts, error) from error
        if other is not None:
            text = note("taken id", migration=accepted.migration_id, batch=other)
            taken = Ambiguous(text, status=accepted.status, body=accepted.answer)
            raise wording.because(Ambiguous, taken, batch, self._journal, wording.unknown(batch))
        self._tell("accepted", batch, f"batch {batch.id}: accepted as {accepted.migration_id}")

    def _refused(self, batch: Shipment, error: Refused, data: bytes) -> None:
        """A batch that is too large becomes two; any other refusal ends the run."""
        if error.status == 413 and batch.records > 1:
            halves = self._journal.cut(batch.id, split_records(data), (batch.records + 1) // 2, _facts(error))
            self._tell("halved", batch, wording.halved(batch, *halves))
            return
        self._record(batch, State.REFUSED, _facts(error))
        raise wording.because(Refused, error, batch, self._journal, wording.refused(self._journal)) from error

    def _record(self, batch: Shipment, state: State, facts: Facts) -> None:
        """Write what became of a POST. If that fails it stays `sending`, and the next opening asks requests.jsonl."""
        try:
            self._journal.move(batch.id, state, facts)
        except JournalError as error:
            raise wording.unwritten(batch, state, facts, error) from error

    def _pause_before_retry(self, batch: Shipment, error: Unavailable, failures: int) -> None:
        pause = pause_before(self._target, failures, error.retry_after, self._outside.random)
        if pause is None:
            text = wording.gave_up(failures, error.retry_after or 0.0, self._journal)
            raise wording.because(Unavailable, error, batch, self._journal, text) from error
        self._tell("retry", batch, wording.tries_again(error, failures + 1, pause, batch))
        self._outside.wait(pause)

    # Following

    def _follow(self, batch: Shipment) -> Shipment:
        """Look until it has ended. No look is worth more than the next one, until the deadline."""
        polling = self._target.polling
        end = self._outside.monotonic() + polling.deadline
        for pause in looks(polling):
            look = self._look(batch)
            if look.progress and look.progress.done:
                return self._done(batch, look.progress)
            left = end - self._outside.monotonic()
            if left <= 0:
                raise wording.telling(
                    wording.overdue(batch, polling.deadline, look.text, self._journal), DeadlineMissed
                )
            wait = min(max(pause, look.retry_after), left)
            self._tell_look(batch, look, wait)
            self._outside.wait(wait)
        raise AssertionError("looks() never ends")

    def _look(self, batch: Shipment) -> Look:
        try:
            answer = self._omnitron.progress(batch.migration_id or "", _about(batch))
        except (Refused, Unavailable) as error:
            return Look(error.text, retry_after=error.retry_after or 0.0)
        try:
            return Look(answered(answer), self._reader.read(answer.json, batch.records))
        except ValueError as error:
            return Look(answered(answer, said("this cannot be read: {error}; see target.polling", error=str(error))))

    def _tell_look(self, batch: Shipment, look: Look, wait: float) -> None:
        if look.progress:
            self._tell("progress", batch, f"batch {batch.id}: working on it", look.progress)
        else:
            self._tell("retry", batch, wording.looks_again(batch, look.text, wait))

    def _done(self, batch: Shipment, progress: Progress) -> Shipment:
        odd = wording.too_many(batch, progress.too_many) if progress.too_many else ""
        facts = Facts(note=str(odd), total=progress.total, success=progress.success, errors=progress.errors)
        done = self._journal.move(batch.id, State.DONE, facts)
        if odd:
            self._tell("odd", batch, odd)
        self._tell("done", batch, f"batch {batch.id}: done, {wording.some_errors(done.failed)}", progress)
        return done

    def _tell(self, kind: str, batch: Shipment, text: str, progress: Progress | None = None) -> None:
        finished = (progress.success or 0) + progress.errors if progress else 0
        errors = progress.errors if progress else 0
        self._outside.events(Event(kind, batch.stage, text, batch.id, batch.records, finished, errors))


def _make_durable(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
    sync_folder(path.parent)


def _about(batch: Shipment) -> dict[str, object]:
    return {
        "stage": batch.stage,
        "batch": batch.id,
        "file": batch.file,
        "sha256": batch.sha256,
        "records": batch.records,
    }


def _facts(error: TargetError | LogError) -> Facts:
    if isinstance(error, TargetError):
        return Facts(note=str(error), status=error.status, answer=error.body or None)
    return Facts(note=str(error))
