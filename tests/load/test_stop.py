"""Stopping: who is asked to, and whose the signals are before and after."""

import signal

import pytest

from etl.stop import SIGNALS, Stop, Stopped, deaf


@pytest.fixture
def handlers():
    """Whoever hears the signals now, put back at the end."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield before
    for number, handler in before.items():
        signal.signal(number, handler)


def heard_by():
    return {number: signal.getsignal(number) for number in SIGNALS}


def test_all_stop_at_their_next_wait_while_something_has_failed_and_go_on_after_it():
    stop = Stop()
    with stop.halting():
        assert not stop.asked
        with pytest.raises(Stopped):
            stop.sleep(60)
    stop.check()


def test_what_was_asked_to_stop_while_something_had_failed_stays_so():
    stop = Stop()
    with stop.halting():
        stop.ask("SIGTERM")
    with pytest.raises(Stopped, match=r"^stopped by SIGTERM; "):
        stop.check()


def test_the_signals_are_whose_they_were_after_a_load_that_nobody_stopped(handlers):
    with Stop().on_signals():
        assert not set(heard_by().values()) & set(handlers.values())
    assert heard_by() == handlers


def test_a_load_that_was_stopped_goes_on_hearing_so_that_a_second_signal_ends_it(handlers):
    with Stop().on_signals() as stop:
        signal.raise_signal(signal.SIGTERM)
    assert stop.asked
    assert not set(heard_by().values()) & set(handlers.values())


def test_whoever_was_deaf_hears_what_it_heard_before():
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with deaf():
        assert set(SIGNALS) <= signal.pthread_sigmask(signal.SIG_BLOCK, ())
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
