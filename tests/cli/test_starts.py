"""What a command loads: what it needs, and not what other commands need."""

import subprocess
import sys

import pytest
from commands import GOOD_ROWS, MAPPING, environment

LOADED = """
import sys
from etl.cli import main
sys.argv = ["etl", *sys.argv[1:]]
try:
    main()
except SystemExit:
    pass
print("loaded", *(name for name in sys.modules))
"""


def loaded(folder, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment(),
        check=True,
    )
    return set(done.stdout.rpartition("loaded ")[2].split())


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "migration.yaml").write_text(MAPPING.format(target=""), encoding="utf-8")
    (tmp_path / "customers.csv").write_text(GOOD_ROWS, encoding="utf-8")
    return tmp_path


def test_a_check_loads_neither_what_prepares_nor_what_sends(shop):
    found = loaded(shop, "check", ".")
    assert "etl.mapping" in found
    unwanted = {
        "etl.prepare",
        "etl.workers.engine",
        "etl.load",
        "etl.omnitron",
        "etl.journal.journal",
        "multiprocessing",
        "rich",
    }
    assert found & unwanted == set()


def test_a_dry_run_in_one_process_loads_neither_other_processes_nor_what_sends(shop):
    found = loaded(shop, "dry-run", ".", "--workers", "1")
    assert list(shop.glob("work/shop/packages/*/payloads/user/000001.json"))
    unwanted = {
        "etl.workers.processes",
        "multiprocessing.connection",
        "etl.load",
        "etl.omnitron",
        "etl.journal.journal",
    }
    assert found & unwanted == set()


def test_the_help_loads_no_library_but_that_of_the_command_line(tmp_path):
    found = loaded(tmp_path, "--help")
    assert "etl.cli.program" in found
    assert found & {"msgspec", "jinja2", "yaml", "rich", "requests", "jsonschema", "orjson", "difflib"} == set()


def test_a_dry_run_of_csv_files_loads_no_library_for_what_it_does_not_do(shop):
    found = loaded(shop, "dry-run", ".", "--workers", "1")
    assert "msgspec" in found
    others = {
        "babel",
        "dask",
        "duckdb",
        "fsspec",
        "ftfy",
        "jsonschema",
        "nh3",
        "numpy",
        "petl",
        "phonenumbers",
        "psycopg",
    }
    assert (
        found & (others | {"pymysql", "python_calamine", "rapidfuzz", "requests", "starlette", "xlsxwriter"}) == set()
    )


def test_the_version_loads_nothing_of_a_migration(tmp_path):
    assert (
        loaded(tmp_path, "--version") & {"etl.mapping", "etl.commands", "etl.expressions", "etl.extract", "jinja2"}
        == set()
    )


def test_a_mapping_of_csv_files_loads_nothing_that_reads_what_is_none(shop):
    found = loaded(shop, "dry-run", ".", "--workers", "1")
    assert "etl.extract.csv_file" in found
    readers = (
        "excel_file",
        "workbooks",
        "xml_file",
        "json_file",
        "parquet_file",
        "databases.sqlite",
        "queries.process",
    )
    assert found & {f"etl.extract.{name}" for name in readers} == set()
