"""Several batches in flight: what is told when more than one of them fails."""

import signal
import threading
from pathlib import Path

import pytest
from load_helpers import USER_STAGE, lines, make_package, scripted, send, states, target_of, users

from etl.errors import Ambiguous, EtlError, Exit, Refused, Unavailable
from etl.load.flight import Flight
from etl.load.uploader import load
from etl.stop import Stop, Stopped


def failing(together, error):
    def work():
        together.wait(30)
        raise error

    return work


def raised(*errors):
    """What a flight raises in which these batches fail at once."""
    together = threading.Barrier(len(errors))
    with pytest.raises(BaseException) as caught, Flight(len(errors), Stop()) as flight:  # noqa: PT012
        for error in errors:
            flight.launch(failing(together, error))
        flight.land()
    return caught.value


GRAVEST_FIRST = (
    RuntimeError("a bug"),
    Ambiguous("who knows"),
    Refused("no"),
    Unavailable("not there"),
    Stopped("SIGINT"),
)


@pytest.mark.parametrize("first", range(len(GRAVEST_FIRST) - 1))
def test_of_two_batches_that_fail_at_once_the_graver_error_is_raised(first):
    graver, other = GRAVEST_FIRST[first], GRAVEST_FIRST[first + 1]
    assert raised(graver, other) is graver
    assert raised(other, graver) is graver


def test_of_two_errors_of_one_kind_one_is_raised():
    one, other = EtlError("one"), EtlError("other")
    assert raised(one, other) in (one, other)


def test_two_batches_of_unknown_fate_at_once_end_in_exit_code_4_and_both_are_in_the_journal(tmp_path):
    together = threading.Barrier(2)

    def answer(handler, body):
        together.wait(30)
        send(handler, 502, b"")

    package = make_package(tmp_path / "packages" / "one", users(*range(1, 11)))
    with scripted(answer) as server, pytest.raises(Ambiguous) as caught:
        load(package, target_of(server.url, concurrency=2), USER_STAGE, tmp_path)
    assert caught.value.exit_code is Exit.UNKNOWN
    assert states(tmp_path) == {"unknown": 2, "planned": 1}
    assert sorted(one["batch"] for one in lines(tmp_path) if one["phase"] == "answered") == [1, 2]


def test_no_thread_but_the_main_one_takes_a_signal(tmp_path):
    """Else one may wait for an answer with the Ctrl-C unheard."""
    taken = []

    def answer(handler, body):
        counts = {"total_count": 1, "success_count": 1, "error_count": 0}
        taken.append(heard_by_threads() - {threading.get_native_id()})
        send(handler, 200, {"migration_id": "m1"} if handler.command == "POST" else counts)

    package = make_package(tmp_path / "packages" / "one", users(1))
    with scripted(answer) as server:
        before = heard_by_threads()
        load(package, target_of(server.url), USER_STAGE, tmp_path)
    batch_and_watch = taken[0] - before
    assert batch_and_watch == set()


def heard_by_threads():
    """The ids of this process's threads that would take a SIGINT."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        try:
            status = (task / "status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
        blocked = next(one for one in status.splitlines() if one.startswith("SigBlk:"))
        if not int(blocked.split()[1], 16) & (1 << (signal.SIGINT - 1)):
            found.add(int(task.name))
    return found
