"""The Dask engine on a real two-worker cluster of this machine: the same bytes, and a clear end when the cluster fails."""

import gzip
import json
import os
import pickle
import platform
import signal
import subprocess
import sys
from contextlib import contextmanager
from importlib.metadata import version
from itertools import islice

import pytest
from commands import MAPPING, SAMPLE_MAPPING, TARGET, command, environment, etl, target
from small_migration import files_in, large_shop, manifest_of, write_shop
from tables import open_table
from waiting import WAIT, eventually

from etl import __version__
from etl.commands.dry_run import dry_run
from etl.commands.settings import Settings
from etl.errors import MappingError, SourceError
from etl.mapping import load_mapping
from etl.model import Source
from etl.prepare.plan import plan_stage
from etl.workers.dask_engine import DaskChunk, versions
from etl.workers.engine import chunks, pools

dask = pytest.importorskip("dask", reason="the extra [dask] is not installed")
distributed = pytest.importorskip("distributed", reason="the extra [dask] is not installed")

QUICK = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "2s"}
NOWHERE = "tcp://127.0.0.1:1"


@contextmanager
def local_cluster(workers, **options):
    """A cluster of processes. Yields the cluster."""
    with distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        dashboard_address="127.0.0.1:0",
        memory_limit=0,
        silence_logs="CRITICAL",
        **options,
    ) as found:
        yield found


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with local_cluster(2, local_directory=str(tmp_path_factory.mktemp("dask"))) as found:
        yield found


@pytest.fixture(scope="module")
def address(cluster):
    return cluster.scheduler_address


def package(done):
    """The package that a command with --json has left."""
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)["package"]


def same_packages(one, other, tmp_path):
    one, other = tmp_path / one, tmp_path / other
    assert files_in(one) == files_in(other)
    assert manifest_of(one) == manifest_of(other)


def no_package(workspace):
    return list(workspace.glob("*/packages/*")) == []


# The same bytes


def test_the_sample_shop_gives_the_same_package_on_a_cluster(tmp_path, address):
    one = etl(
        "dry-run",
        SAMPLE_MAPPING,
        "--json",
        "-w",
        tmp_path / "a",
        "--workers",
        "1",
        cwd=tmp_path,
        **target("https://omnitron.example.com"),
    )
    dask = ["--engine", "dask", "--scheduler", address]
    other = etl(
        "dry-run",
        SAMPLE_MAPPING,
        "--json",
        "-w",
        tmp_path / "b",
        *dask,
        cwd=tmp_path,
        **target("https://omnitron.example.com"),
    )
    same_packages(package(one), package(other), tmp_path)
    assert other.stderr == one.stderr


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A shop with quoted line breaks where parts are cut, and what one process makes of it."""
    folder = tmp_path_factory.mktemp("large")
    mapping = write_shop(folder, **large_shop(7, 2000))
    return mapping, package(etl("dry-run", mapping, "--json", "-w", folder / "one", "--workers", "1", cwd=folder))


def test_a_large_shop_gives_the_same_package_on_a_cluster(tmp_path, large, address):
    mapping, expected = large
    done = etl("dry-run", mapping, "--json", "--engine", "dask", "--scheduler", address, cwd=tmp_path)
    same_packages(expected, package(done), tmp_path)
    assert done.stderr == ""


def test_without_an_address_a_cluster_of_this_machine_does_it(tmp_path, large):
    mapping, expected = large
    done = etl("dry-run", mapping, "--json", "--engine", "dask", "--workers", "2", cwd=tmp_path)
    same_packages(expected, package(done), tmp_path)
    assert done.stderr == ""


def test_sources_that_are_urls_give_the_same_package(tmp_path, large, address):
    mapping, expected = large
    text = mapping.read_text(encoding="utf-8").replace("csv: ", f"csv: file://{mapping.parent}/")
    (tmp_path / "migration.yaml").write_text(text, encoding="utf-8")
    done = etl("dry-run", tmp_path, "--json", "--engine", "dask", "--scheduler", address, cwd=tmp_path)
    found = tmp_path / package(done)
    assert files_in(found) == files_in(mapping.parent / expected)
    inputs = [manifest_of(one)["inputs"] for one in (found, mapping.parent / expected)]
    assert inputs[0] == inputs[1]


def test_with_a_limit_only_the_first_rows_are_prepared(tmp_path, large, address):
    mapping, _ = large
    done = etl("dry-run", mapping, "--json", "--engine", "dask", "--scheduler", address, "--limit", "10", cwd=tmp_path)
    assert [stage["read"] for stage in json.loads(done.stdout)["stages"]] == [10, 10, 10]


MISLEADING = "id,name,mail\n" + "".join(f'{n},"A\n1,b,c\n2,d,e\n3,f,g",m{n}@example.com\n' for n in range(300))


def stage_of(folder, source):
    """The plan of a one-stage mapping over a source, and its table."""
    (folder / "migration.yaml").write_text(
        MAPPING.format(target="target: {}").replace("csv: customers.csv", source), encoding="utf-8"
    )
    checked = load_mapping(folder)
    stage = checked.migration.stages[0]
    table = checked.tables["customers"]
    return plan_stage(checked.migration, stage, table, checked.resources), table


def contents(found):
    return [record for chunk in found for record in chunk.records]


@pytest.mark.parametrize(("name", "rows"), [("c.csv", 3), ("c.csv", 50), ("c.csv.gz", 7)])
def test_parts_that_were_guessed_wrong_or_travel_with_their_rows_are_put_right(tmp_path, address, name, rows):
    data = MISLEADING.encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    plan, table = stage_of(tmp_path, f"csv: {name}")
    with pools("dask", 2, address, []) as found:
        prepared = contents(chunks(plan, table, rows=rows, pools=found))
    assert prepared == contents(chunks(plan, table))
    assert len(prepared) == 300


def test_a_part_that_takes_long_is_waited_for_and_the_workers_are_looked_at_meanwhile(address, monkeypatch):
    monkeypatch.setattr("etl.workers.dask_engine.PATIENCE", 0.01)
    looked, gate = [], "the workers have been looked at twice"

    def look():
        looked.append(gate)
        if len(looked) == 2:
            distributed.Event(gate).set()

    with distributed.Client(address, set_as_default=True) as client:
        slow = client.submit(lambda: distributed.Event(gate).wait() and "prepared", pure=False)
        assert DaskChunk(slow, look).result() == "prepared"
    assert len(looked) >= 2


def test_chunks_that_are_not_wanted_any_more_are_left(tmp_path, address):
    (tmp_path / "c.csv").write_text(MISLEADING, encoding="utf-8")
    plan, table = stage_of(tmp_path, "csv: c.csv")
    with pools("dask", 2, address, []) as found:
        assert len(list(islice(chunks(plan, table, rows=1, pools=found), 3))) == 3


# Secrets


def test_neither_a_plan_nor_a_part_holds_the_secrets_of_the_target(tmp_path, monkeypatch):
    monkeypatch.setenv("OMNITRON_TOKEN", "s3cr3t-of-the-target")
    monkeypatch.setenv("OMNITRON_URL", "https://omnitron.example.com")
    (tmp_path / "customers.csv").write_text("id,name,mail\n1,Ali,a@example.com\n", encoding="utf-8")
    (tmp_path / "migration.yaml").write_text(MAPPING.format(target=TARGET), encoding="utf-8")
    checked = load_mapping(tmp_path)
    assert checked.migration.target.token.reveal() == "s3cr3t-of-the-target"
    table = checked.tables["customers"]
    plan = plan_stage(checked.migration, checked.migration.stages[0], table, checked.resources)
    for value in (plan, *table.parts(10)):
        assert b"s3cr3t" not in pickle.dumps(value)
        assert b"omnitron.example.com" not in pickle.dumps(value)


def test_what_travels_tells_nothing_in_a_log():
    from etl.workers.dask_engine import sealed

    assert repr(sealed("ali@example.com")) == "Sealed()"


# What can go wrong


def failed(done, code, workspace):
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert no_package(workspace)
    return done.stderr.strip()


def test_without_dask_the_message_names_the_extra(tmp_path, large):
    code = "import sys; sys.modules['distributed'] = None; from etl.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "dry-run", large[0], "-w", tmp_path, "--engine", "dask"],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    assert failed(done, 2, tmp_path) == "--engine dask needs the extra: pip install 'omnitron-etl[dask]'"


def test_a_scheduler_needs_the_engine(tmp_path, large):
    done = etl("dry-run", large[0], "-w", tmp_path, "--scheduler", NOWHERE)
    assert failed(done, 2, tmp_path) == f"--scheduler {NOWHERE}: goes with --engine dask"


def test_a_scheduler_that_is_not_there_is_named(tmp_path, large):
    done = etl("dry-run", large[0], "-w", tmp_path, "--engine", "dask", "--scheduler", NOWHERE, **QUICK)
    assert failed(done, 2, tmp_path) == (
        f"--scheduler {NOWHERE}: no Dask scheduler can be reached there "
        f"(Timed out trying to connect to {NOWHERE} after 2 s)"
    )


def refused(address):
    """Why a cluster cannot be used."""
    with dask.config.set({"distributed.comm.timeouts.connect": "1s"}):  # noqa: SIM117
        with pytest.raises(MappingError) as caught, pools("dask", 2, address, []):
            pass
    return str(caught.value).removeprefix(f"--scheduler {address}: ")


def test_an_address_that_is_none_is_told():
    assert refused("nonsense") == ("no Dask scheduler can be reached there (missing port number in address 'nonsense')")


def test_a_scheduler_without_workers_says_how_to_start_some():
    with local_cluster(0) as idle:
        address = idle.scheduler_address
        assert refused(address) == f"the scheduler has no workers; start some: dask worker {address}"


def test_a_worker_without_this_program_is_given_no_work(tmp_path):
    (tmp_path / "odd.py").write_text("import sys\nsys.modules['etl'] = None\n", encoding="utf-8")
    with local_cluster(1, preload=[str(tmp_path / "odd.py")], local_directory=str(tmp_path)) as odd:
        worker = next(iter(odd.workers.values())).worker_address
        assert refused(odd.scheduler_address) == (
            f"there is no omnitron-etl, or another version, at {worker}; install the same omnitron-etl[dask] everywhere"
        )


def test_a_library_that_is_not_installed_has_none_for_its_version(monkeypatch):
    monkeypatch.setattr("etl.workers.dask_engine.LIBRARIES", ("dask", "no-such-library"))
    assert versions.__wrapped__()[-2:] == (("dask", version("dask")), ("no-such-library", "none"))


def test_a_worker_with_other_versions_prepares_nothing(tmp_path):
    (tmp_path / "odd.py").write_text("import etl\netl.__version__ = '0.0.1'\n", encoding="utf-8")
    (tmp_path / "c.csv").write_text(MISLEADING, encoding="utf-8")
    plan, table = stage_of(tmp_path, "csv: c.csv")
    with (
        local_cluster(1, preload=[str(tmp_path / "odd.py")], local_directory=str(tmp_path)) as odd,
        pools("dask", 2, odd.scheduler_address, []) as found,
        pytest.raises(MappingError) as caught,
    ):
        list(chunks(plan, table, pools=found))
    assert str(caught.value) == (
        f"a Dask worker on {platform.node()} has other versions (omnitron-etl 0.0.1 there, {__version__} here); "
        "its records could differ, so install the same everywhere"
    )


def test_a_file_that_the_workers_cannot_reach_is_named_with_the_reason(tmp_path, address):
    import fsspec

    with fsspec.open("memory://dask/customers.csv", "wb") as file:
        file.write(b"id,name,mail\n1,Ali,a@example.com\n")
    text = MAPPING.format(target="target: {}").replace("customers.csv", "memory://dask/customers.csv")
    (tmp_path / "migration.yaml").write_text(text, encoding="utf-8")
    settings = Settings(tmp_path / "work", engine="dask", scheduler=address)
    with pytest.raises(SourceError) as caught:
        dry_run(tmp_path, settings)
    assert str(caught.value) == (
        "memory://dask/customers.csv: no such file; with --engine dask every worker has to reach it under this name"
    )
    assert no_package(tmp_path / "work")


def test_processes_of_this_machine_are_the_default(tmp_path):
    assert Settings(tmp_path).engine == "local"
    with pools("local", 1, None, []) as found:
        assert found is None


@pytest.fixture
def under_way(tmp_path, large):
    """Begins a dry-run on a cluster, and gives it when the first of many batches has been written."""
    mapping = large[0]
    started = []

    def begin(address):
        process = subprocess.Popen(
            command("dry-run", mapping, "--json", "-w", tmp_path / "work", "--engine", "dask", "--scheduler", address),
            cwd=tmp_path,
            env=environment(**QUICK),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        eventually(lambda: list((tmp_path / "work").glob("*/packages/*.partial/payloads/*/*")))
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def test_a_worker_that_is_killed_midway_costs_time_and_nothing_else(tmp_path, large, cluster, under_way):
    process = under_way(cluster.scheduler_address)
    first = next(iter(cluster.workers.values()))
    os.kill(first.pid, signal.SIGKILL)
    out, err = process.communicate(timeout=WAIT)
    assert process.returncode == 1, err
    assert err == ""
    same_packages(large[1], json.loads(out)["package"], tmp_path)


CLUSTER = """\
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    folder = sys.argv[1]
    with LocalCluster(n_workers=1, dashboard_address="127.0.0.1:0", memory_limit=0, local_directory=folder) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


def test_a_scheduler_that_dies_midway_leaves_no_package(tmp_path, under_way):
    (tmp_path / "cluster.py").write_text(CLUSTER, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, tmp_path / "cluster.py", tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    with process:
        address = process.stdout.readline().decode().strip()
        begun = under_way(address)
        os.killpg(process.pid, signal.SIGKILL)
        out, err = begun.communicate(timeout=WAIT)
    assert begun.returncode == 1, out
    assert err.startswith(f"--scheduler {address}: the connection to the Dask cluster was lost (")
    assert "Traceback" not in err
    assert no_package(tmp_path / "work")


def test_a_table_of_a_url_is_read_by_the_parts_that_travel(tmp_path):
    """A part that has been pickled reads its range by itself."""
    (tmp_path / "c.csv").write_text(MISLEADING, encoding="utf-8")
    table = open_table(Source("c", "csv", f"file://{tmp_path}/c.csv"))
    part = pickle.loads(pickle.dumps(next(iter(table.parts(10)))))
    assert part.read().rows[0] == ["0", "A\n1,b,c\n2,d,e\n3,f,g", "m0@example.com"]
