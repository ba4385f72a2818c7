"""Ask whether Omnitron is there and knows us, before hours are spent on preparing for it."""

from __future__ import annotations

from pathlib import Path

from etl.errors import Unavailable
from etl.journal.requestlog import RequestLog
from etl.journal.workspace import Workspace
from etl.load import wording
from etl.omnitron.api import Omnitron
from etl.omnitron.client import Client, Limits
from etl.omnitron.pace import pause_before
from etl.outside import Event, Outside
from etl.target import Target


def connect(target: Target, log: RequestLog, outside: Outside) -> Omnitron:
    client = Client(
        target.url, Limits.of(target), log, session=outside.session, monotonic=outside.monotonic, seam=outside.seam
    )
    return Omnitron(target, client, outside.now)


def probe(target: Target, root: Path, outside: Outside) -> None:
    """Raises Refused for a token, a login or a path that is wrong, and Unavailable once the retries are used up."""
    omnitron = connect(target, RequestLog(Workspace(root).requests, outside.now, outside.seam), outside)
    failures = 0
    while True:
        try:
            omnitron.check_token()
        except Unavailable as error:
            failures += 1
            pause = pause_before(target, failures, error.retry_after, outside.random)
            if pause is None:
                raise Unavailable(
                    wording.nobody_there(error, failures), status=error.status, body=error.body
                ) from error
            outside.events(Event("retry", "", wording.tries_again(error, failures + 1, pause)))
            outside.wait(pause)
        else:
            return
