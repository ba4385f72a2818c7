"""What is used of the standard library's pool though it is not public is still there, and does what it is used for."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import psutil
import pytest
from waiting import eventually

from etl.workers.stdlib import abandon, are_alive


@pytest.fixture
def pool():
    executor = ProcessPoolExecutor(2, get_context("fork"))
    yield executor
    abandon(executor)


def test_a_pool_whose_worker_was_killed_is_known_by_it(pool):
    first = pool.submit(os.getpid).result()
    assert are_alive(pool)
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: not are_alive(pool))


def test_an_abandoned_pool_is_gone_at_once_with_all_that_it_has_to_do(pool):
    workers = {pool.submit(os.getpid).result()}
    waiting = [pool.submit(time.sleep, 3600) for _ in range(5)]
    begun = time.monotonic()
    abandon(pool)
    assert time.monotonic() - begun < 60
    assert all(one.done() for one in waiting)
    assert not any(map(psutil.pid_exists, workers))
