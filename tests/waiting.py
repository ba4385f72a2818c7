"""To wait until something is so."""

import time

WAIT = 60
"""Seconds after which it never is."""


def eventually(condition):
    """Wait until something is so; fail when it never is."""
    end = time.monotonic() + WAIT
    while not (found := condition()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)
    return found
