"""Bring one batch to its end: send it, retry what surely did not arrive, follow what was accepted."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from etl.errors import Ambiguous, PackageError, Refused, TargetError, Unavailable
from etl.files import sync_folder
from etl.journal.database import JournalError
from etl.journal.journal import Batch, Facts, Journal
from etl.journal.requestlog import LogError
from etl.journal.states import State
from etl.load import wording
from etl.model import Target
from etl.omnitron.api import Accepted, Omnitron, Unauthorized
from etl.omnitron.pace import LONGEST_RETRY_AFTER, backoff, looks
from etl.omnitron.progress import DeadlineMissed, Progress, ProgressReader, Unreadable
from etl.outside import Event, Outside
from etl.package import split_records


class Delivery:
    """Carries batches, one call each; usable from several threads."""

    def __init__(self, journal: Journal, omnitron: Omnitron, target: Target, outside: Outside) -> None:
        self._journal = journal
        self._omnitron = omnitron
        self._target = target
        self._outside = outside
        self._reader = ProgressReader(target.polling)

    def carry(self, batch: Batch) -> Batch:
        """Take a planned or accepted batch until it is done, or was halved into two planned ones. The batch as it is then."""
        if batch.state is State.PLANNED:
            self._send(batch)
            batch = self._journal.batch(batch.id)
        return self._follow(batch) if batch.state is State.ACCEPTED else batch

    # Sending

    def _send(self, batch: Batch) -> None:
        data = self._bytes(batch)
        failures, renewed = 0, False
        while True:
            try:
                token = self._omnitron.ready()
                self._post(batch, token, data)
            except Unauthorized as error:
                if renewed:
                    raise wording.because(Refused, error, batch, self._journal, wording.UNAUTHORIZED) from error
                self._omnitron.forget(token)
                renewed = True
            except Unavailable as error:
                failures += 1
                self._pause_before_retry(batch, error, failures)
            else:
                return

    def _bytes(self, batch: Batch) -> bytes:
        """The batch's bytes, which are those that were planned, and are on the disk. Raises PackageError."""
        path = self._journal.workspace.whole(batch.file)
        try:
            data = path.read_bytes()
            _make_durable(path)
        except OSError as error:
            raise PackageError(f"{path}: cannot be read ({error.strerror}); batch {batch.id} is not sent") from error
        if hashlib.sha256(data).hexdigest() != batch.sha256:
            raise PackageError(f"{path}: changed since it was planned (SHA-256 differs); batch {batch.id} is not sent")
        return data

    def _post(self, batch: Batch, token: str, data: bytes) -> None:
        """One attempt. Whatever comes of it is in the journal before this returns or raises."""
        self._outside.stop.check()
        self._journal.move(batch.id, State.SENDING)
        self._tell("sending", batch, f"batch {batch.id}: sending {wording.some_records(batch.records)}")
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

    def _accepted(self, batch: Batch, accepted: Accepted) -> None:
        facts = Facts(status=accepted.status, answer=accepted.answer, migration_id=accepted.migration_id)
        self._record(batch, State.ACCEPTED, facts)
        self._tell("accepted", batch, f"batch {batch.id}: accepted as {accepted.migration_id}")

    def _refused(self, batch: Batch, error: Refused, data: bytes) -> None:
        """A batch that is too large becomes two; any other refusal ends the run."""
        if error.status == 413 and batch.records > 1:
            halves = self._journal.halve(batch.id, split_records(data), _facts(error))
            self._tell(
                "halved", batch, f"batch {batch.id}: too large (413), sent as batches {halves[0]} and {halves[1]}"
            )
            return
        self._record(batch, State.REFUSED, _facts(error))
        raise wording.because(Refused, error, batch, self._journal, wording.REFUSED) from error

    def _record(self, batch: Batch, state: State, facts: Facts) -> None:
        """Write what became of a POST. If that fails it stays `sending`, which the next opening reads as unknown."""
        try:
            self._journal.move(batch.id, state, facts)
        except JournalError as error:
            raise Ambiguous(wording.unwritten(batch, state, facts, error)) from error

    def _pause_before_retry(self, batch: Batch, error: Unavailable, failures: int) -> None:
        asked = error.retry_after or 0.0
        if failures > self._target.retries or asked > LONGEST_RETRY_AFTER:
            raise wording.because(Unavailable, error, batch, self._journal, wording.gave_up(failures, asked)) from error
        pause = max(backoff(failures, self._target.retry_wait, self._outside.random), asked)
        self._tell("retry", batch, f"batch {batch.id}: {error}; attempt {failures + 1} in {pause:.1f} s")
        self._outside.wait(pause)

    # Following

    def _follow(self, batch: Batch) -> Batch:
        polling = self._target.polling
        end = self._outside.monotonic() + polling.deadline
        trouble = ""
        for pause in looks(polling):
            try:
                progress = self._look(batch)
            except Unavailable as error:
                trouble, pause = f"; the last answer: {error}", max(pause, error.retry_after or 0.0)  # noqa: PLW2901
                self._tell("retry", batch, f"batch {batch.id}: {error}; looking again in {pause:.1f} s")
            else:
                if progress.done:
                    return self._done(batch, progress)
                self._tell("progress", batch, f"batch {batch.id}: working on it", progress)
            if self._outside.monotonic() + pause > end:
                raise DeadlineMissed(wording.overdue(batch, polling.deadline) + trouble)
            self._outside.wait(pause)
        raise AssertionError("looks() never ends")

    def _look(self, batch: Batch) -> Progress:
        """Raises Unavailable when it may be tried again; Unreadable or Refused when not."""
        try:
            answer = self._omnitron.progress(batch.migration_id or "", _about(batch))
        except Refused as error:
            raise wording.because(Refused, error, batch, self._journal, wording.STAYS_ACCEPTED) from error
        try:
            return self._reader.read(answer.json)
        except ValueError as error:
            text = wording.unreadable(batch, answer.url, str(error), answer.text)
            raise Unreadable(text, status=answer.status, body=answer.text) from error

    def _done(self, batch: Batch, progress: Progress) -> Batch:
        facts = Facts(total=progress.total, success=progress.success, errors=progress.errors)
        done = self._journal.move(batch.id, State.DONE, facts)
        self._tell("done", batch, f"batch {batch.id}: done, {wording.some_errors(done.failed)}", progress)
        return done

    def _tell(self, kind: str, batch: Batch, text: str, progress: Progress | None = None) -> None:
        finished = (progress.success or 0) + progress.errors if progress else 0
        errors = progress.errors if progress else 0
        self._outside.events(Event(kind, batch.stage, text, batch.id, batch.records, finished, errors))


def _make_durable(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
    sync_folder(path.parent)


def _about(batch: Batch) -> dict[str, object]:
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
