"""The parts of a table, prepared on a Dask cluster. Dask does the work of a cluster; the only importer of it.

What travels: a plan and parts as pickled bytes, and chunks back. A plan holds no secrets, nor does a part.
"""

from __future__ import annotations

import logging
import pickle
import platform
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache, partial
from importlib.metadata import PackageNotFoundError, version
from multiprocessing.resource_tracker import ensure_running
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from etl import __version__
from etl.errors import EtlError, MappingError, SourceError
from etl.model import Part
from etl.prepare.chunk import Chunk, prepare_chunk
from etl.prepare.plan import Plan
from etl.prepare.program import Program
from etl.stop import deaf, later
from etl.workers.pools import Pools, without_collecting

if TYPE_CHECKING:
    from distributed import Client, Future
    from tornado.ioloop import IOLoop

LIBRARIES = (
    *(
        "email-validator",
        "fsspec",
        "jinja2",
        "jsonschema",
        "jsonschema-rs",
        "msgspec",
        "nh3",
        "orjson",
        "phonenumbers",
        "tzdata",
    ),
    *("dask", "distributed"),
)
"""What a record's bytes, or its way here, depend on: these have to be the same everywhere."""

PATIENCE = 5.0
"""Seconds to wait for a chunk before asking whether there are any workers left."""

ROWS_A_TASK = 5_000
"""Rows of a part: more than for processes of one machine, as each part costs questions over the network."""

AHEAD = 4
"""Parts under way for each worker thread."""

PLANS = 8
"""Compiled plans that a worker process keeps."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A plan or a part on its way. Dask writes the arguments of a task that fails to its logs: these tell nothing."""

    data: bytes = field(repr=False)


def sealed(value: object) -> Sealed:
    return Sealed(pickle.dumps(value, protocol=5))


Versions = tuple[tuple[str, str], ...]


@cache
def versions() -> Versions:
    """What is installed here, by name."""
    python = ".".join(platform.python_version_tuple()[:2])
    return (("omnitron-etl", __version__), ("python", python), *((name, _installed(name)) for name in LIBRARIES))


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def prepare_sealed(expected: Versions, plan: Sealed, part: Sealed) -> Chunk | EtlError:
    """What a worker does. An error that a person can put right is an answer: Dask would log the others' data with it."""
    try:
        program = _program(expected, plan)
        with without_collecting():
            return prepare_chunk(program, pickle.loads(part.data))  # noqa: S301 - as all that Dask sends
    except EtlError as error:
        return error


@lru_cache(maxsize=PLANS)
def _program(expected: Versions, plan: Sealed) -> Program:
    """Compile a plan, once in each worker process. Raises MappingError where that could give other bytes."""
    here = dict(versions())
    others = [f"{name} {here.get(name, 'none')} there, {one} here" for name, one in expected if here.get(name) != one]
    if others:
        raise MappingError(
            f"a Dask worker on {platform.node()} has other versions ({'; '.join(others)}); "
            "its records could differ, so install the same everywhere"
        )
    unsealed: Plan = pickle.loads(plan.data)  # noqa: S301
    return Program(unsealed)


def _itself(plan: Sealed) -> Sealed:
    """A plan as the result of a task: Dask brings it to each worker once, and makes it anew when a worker is lost."""
    return plan


@contextmanager
def dask_pools(scheduler: str | None, workers: int) -> Iterator[Pools]:
    """Connect to a cluster, or without an address to one of `workers` processes on this machine. Raises MappingError."""
    _require_dask()
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what is worth telling is told as an error
    with ExitStack() as stack:
        loop = stack.enter_context(_deaf_loop())
        address = stack.enter_context(_own_cluster(workers, loop)) if scheduler is None else scheduler
        client = stack.enter_context(_connected(address, loop))

        @contextmanager
        def pool(plan: Plan) -> Iterator[DaskPool]:
            with _explained(address):
                most = AHEAD * max(1, sum(client.nthreads().values()))
                yield DaskPool(client, address, client.submit(_itself, sealed(plan), pure=False), most)

        yield Pools(pool, ROWS_A_TASK, least=0)


def _require_dask() -> None:
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise MappingError("--engine dask needs the extra: pip install 'omnitron-etl[dask]'") from None


@contextmanager
def _deaf_loop() -> Iterator[IOLoop]:
    """The thread in which Dask does everything. What it begins, threads and processes, is as deaf to signals as it is: they are
    the main thread's business, and workers would complain."""
    from distributed.utils import LoopRunner

    _start_tracker()
    runner = LoopRunner()
    with deaf():
        runner.start()
    try:
        yield runner.loop
    finally:
        runner.stop()


def _start_tracker() -> None:
    """Start multiprocessing's tracker here: the thread that needs it first would hear signals from then on. It clears away what
    a process leaves that is ended at once, and is not to complain of that."""
    sys.warnoptions.append("ignore:resource_tracker")
    try:
        with deaf():
            ensure_running()
    finally:
        sys.warnoptions.remove("ignore:resource_tracker")


@contextmanager
def _own_cluster(workers: int, loop: IOLoop) -> Iterator[str]:
    from distributed import LocalCluster
    from distributed.gc import disable_gc_diagnosis

    with tempfile.TemporaryDirectory(prefix="etl-dask-") as scratch, ExitStack() as stack:
        with later():
            cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                dashboard_address="127.0.0.1:0",
                memory_limit=0,  # Dask would write chunks, which are personal data, to the disk
                local_directory=scratch,
                silence_logs=logging.CRITICAL,
                loop=loop,
            )
            stack.callback(_close, cluster.close)
        disable_gc_diagnosis(force=True)  # a Ctrl-C that comes during its callback would be lost
        yield cluster.scheduler_address


def _close(close: Callable[[], object]) -> None:
    with later():
        close()


@contextmanager
def _connected(address: str, loop: IOLoop) -> Iterator[Client]:
    from distributed import Client
    from distributed.comm import get_address_host

    try:
        get_address_host(address)  # a Client that is given nonsense takes a while to end, and complains
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # versions that matter are compared by the workers
            client = Client(address, set_as_default=False, loop=loop)
    except (OSError, ValueError, ImportError) as error:
        raise MappingError(f"--scheduler {address}: no Dask scheduler can be reached there ({error})") from None
    try:
        _await_workers(client, address)
        _require_etl(client, address)
        yield client
    finally:
        _close(partial(client.close, timeout=PATIENCE))


def _await_workers(client: Client, address: str) -> None:
    import dask
    from dask.utils import parse_timedelta

    longest = parse_timedelta(dask.config.get("distributed.comm.timeouts.connect"))
    try:
        client.wait_for_workers(1, timeout=longest)
    except TimeoutError:
        raise MappingError(
            f"--scheduler {address}: the scheduler has no workers; start some: dask worker {address}"
        ) from None


def _require_etl(client: Client, address: str) -> None:
    """Raise MappingError when a process of the cluster lacks this program: a worker does not survive a task it cannot read."""
    lacking = [
        worker for worker, answer in client.run(versions, on_error="return").items() if isinstance(answer, Exception)
    ]
    try:
        client.run_on_scheduler(versions)
    except (ImportError, AttributeError):
        lacking.append("the scheduler")
    if lacking:
        raise MappingError(
            f"--scheduler {address}: there is no omnitron-etl, or another version, at {', '.join(lacking)}; "
            "install the same omnitron-etl[dask] everywhere"
        )


@contextmanager
def _explained(address: str) -> Iterator[None]:
    """Turn what Dask raises into an error that says what to do."""
    from distributed import KilledWorker

    try:
        yield
    except KilledWorker:
        raise SourceError(
            f"--scheduler {address}: workers were lost again and again over the same part (out of memory?); "
            "give them more memory"
        ) from None
    except (CancelledError, OSError) as error:
        raise SourceError(
            f"--scheduler {address}: the connection to the Dask cluster was lost ({type(error).__name__}); "
            "see that the scheduler runs, and start again"
        ) from None


class DaskPool(Struct, frozen=True):
    """The workers of a cluster, for one plan."""

    client: Client
    address: str
    plan: Future
    most: int

    def submit(self, part: Part) -> DaskChunk:
        # `pure` would take two parts that look alike for the same work.
        future = self.client.submit(prepare_sealed, versions(), self.plan, sealed(part), pure=False)
        return DaskChunk(future, self._any_workers)

    def _any_workers(self) -> None:
        if not self.client.nthreads():
            raise SourceError(f"--scheduler {self.address}: no worker is left; start some: dask worker {self.address}")


class DaskChunk(Struct, frozen=True):
    """A chunk that a worker is to prepare. A task without workers would wait for ever, so while waiting they are looked for."""

    future: Future
    check: Callable[[], None]

    def result(self) -> Chunk:
        while True:
            try:
                answer: Any = self.future.result(timeout=PATIENCE)
            except TimeoutError:
                self.check()
                continue
            if isinstance(answer, SourceError):
                raise SourceError(f"{answer}; with --engine dask every worker has to reach it under this name")
            if isinstance(answer, EtlError):
                raise answer
            chunk: Chunk = answer
            return chunk
