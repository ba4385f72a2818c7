"""Run a command as a whole process and say what it took: wall time, CPU of all its processes, peak memory of them together."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import IO

import psutil

SAMPLES_A_SECOND = 50
ROOT = Path(__file__).parent.parent

Command = Sequence[str]
Cores = Collection[int] | None


class Failed(Exception):
    """A command ended with an error; its text is what it said."""


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of one run. `cpu` is user and system time of the process and of all it started."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Taken:
    """Several runs of the same command, and the peak memory in bytes of one more."""

    runs: tuple[Took, ...]
    memory: int | None = None

    @property
    def wall(self) -> float:
        return median(run.wall for run in self.runs)

    @property
    def cpu(self) -> float:
        return median(run.cpu for run in self.runs)

    @property
    def spread(self) -> tuple[float, float]:
        walls = [run.wall for run in self.runs]
        return min(walls), max(walls)


def timed(command: Command, cores: Cores = None) -> Took:
    """Run it and nothing beside it."""
    os.sync()  # what the run before has written is not this one's burden
    with tempfile.TemporaryFile() as said:
        begun = time.perf_counter()
        process = _started(command, cores, said)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        _check(command, process.returncode, said)
    return Took(wall, usage.ru_utime + usage.ru_stime)


@dataclass(frozen=True, slots=True)
class Watched:
    """Peak memory in bytes, and seconds of user and system time, of a process and all it started."""

    memory: int
    cpu: float


def peak_memory(command: Command) -> int:
    """Bytes. Measured in a run of its own, as looking fifty times a second takes time from what is looked at."""
    return watched(command).memory


def watched(command: Command) -> Watched:
    with tempfile.TemporaryFile() as said:
        before = _cpu_of_children()
        process = _started(command, None, said)
        peak, root = 0, psutil.Process(process.pid)
        while process.poll() is None:
            peak = max(peak, memory_of_tree(root))
            time.sleep(1 / SAMPLES_A_SECOND)
        _check(command, process.returncode, said)
    return Watched(peak, _cpu_of_children() - before)


def _cpu_of_children() -> float:
    """Of those that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def repeat(times: int, command: Command, before: Callable[[], object] = lambda: None) -> Taken:
    """Run it several times, each after `before`, which is not measured."""
    runs = []
    for _ in range(times):
        before()
        runs.append(timed(command))
    return Taken(tuple(runs))


def _started(command: Command, cores: Cores, said: IO[bytes]) -> subprocess.Popen[bytes]:
    bound = None if cores is None else lambda: os.sched_setaffinity(0, cores)
    return subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=subprocess.STDOUT, preexec_fn=bound)  # noqa: PLW1509


def _check(command: Command, code: int, said: IO[bytes]) -> None:
    if code:
        said.seek(0)
        text = said.read().decode(errors="replace")[-2000:]
        raise Failed(f"{' '.join(map(str, command))} ended with {code}:\n{text}")


def memory_kind() -> str:
    """What is summed up over the processes: PSS counts a page that several share once in all."""
    fields = psutil.Process().memory_full_info()._fields
    return "PSS" if "pss" in fields else "USS"


def memory_of_tree(root: psutil.Process) -> int:
    """Bytes that a process and all below it hold together now."""
    try:
        processes = [root, *root.children(recursive=True)]
    except psutil.Error:
        return 0
    return sum(map(_memory_of, processes))


def _memory_of(process: psutil.Process) -> int:
    try:
        info = process.memory_full_info()
    except psutil.Error:
        return 0  # it has just ended
    return int(getattr(info, "pss", info.uss))
