"""What is not public in the standard library's pool of processes, and is needed all the same: all of it is here.

A worker that is killed while it sends what it made leaves half a message, and the pool waits for the other half for ever. So
its processes have to be looked at, and to be ended.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor


def are_alive(executor: ProcessPoolExecutor) -> bool:
    """Whether all of its processes are there."""
    return all(worker.is_alive() for worker in executor._processes.values())


def abandon(executor: ProcessPoolExecutor) -> None:
    """End its processes at once. It holds the writing end of their pipe, too: closed, half a message is its end.

    Of a pool that has ended neither is left.
    """
    for worker in list((executor._processes or {}).values()):
        worker.kill()
    answers = executor._result_queue
    if answers is not None and not answers._writer.closed:  # type: ignore[attr-defined]
        answers._writer.close()  # type: ignore[attr-defined]
    executor.shutdown(wait=True, cancel_futures=True)
