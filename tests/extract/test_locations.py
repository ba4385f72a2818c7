"""Sources behind URLs: the same rows as from a path, and a sentence for everything that cannot be read."""

import bz2
import gzip
import hashlib
import json
import lzma
import socket
import subprocess
import sys

import fsspec
import openpyxl
import pytest
from commands import MAPPING
from tables import open_table

from etl.commands.dry_run import dry_run
from etl.commands.settings import Settings
from etl.errors import SourceError
from etl.extract import read_all, shown
from etl.extract.locations import located
from etl.extract.opening import reading
from etl.mapping import load_mapping
from etl.model import Source

ROWS = "id,name,mail\n" + "".join(f'{n},"Ali\n{n}",a{n}@example.com\n' for n in range(200))
LINES = "".join(json.dumps({"id": n, "name": "İpek"}) + "\n" for n in range(50)).encode()
DOCUMENT = json.dumps({"all": [{"id": 1.5}, {"id": 2}]}).encode()


def rows(kind, location, **options):
    table = open_table(Source("s", kind, str(location), options))
    return table.header, [(number, list(map(list, part.rows)), part.faults) for number, part in read_all(table, 10)]


def error(kind, location):
    with pytest.raises(SourceError) as caught:
        rows(kind, location)
    return str(caught.value)


def workbook(path):
    book = openpyxl.Workbook()
    book.active.append(["id", "name"])
    book.active.append([7, "Ali"])
    book.save(path)
    return path.read_bytes()


FILES = [
    ("csv", "s.csv", ROWS.encode(), {}),
    ("csv", "s.csv", ROWS.encode("utf-8-sig"), {}),
    ("csv", "s.csv", ROWS.encode("utf-16"), {"encoding": "utf-16"}),
    ("csv", "s.csv.gz", gzip.compress(ROWS.encode()), {}),
    ("csv", "s.csv.bz2", bz2.compress(ROWS.encode()), {}),
    ("csv", "s.csv.xz", lzma.compress(ROWS.encode()), {}),
    ("jsonl", "s.jsonl", LINES, {}),
    ("jsonl", "s.jsonl.gz", gzip.compress(LINES), {}),
    ("json", "s.json", DOCUMENT, {"path": "all"}),
    ("excel", "s.xlsx", None, {}),
]


@pytest.mark.parametrize(("kind", "name", "data", "options"), FILES)
def test_a_url_gives_the_rows_that_the_path_gives(tmp_path, kind, name, data, options):
    path = tmp_path / name
    path.write_bytes(data or workbook(path))
    with fsspec.open(f"memory://rows/{name}", "wb") as file:
        file.write(path.read_bytes())
    expected = rows(kind, path, **options)
    assert expected[1]
    assert rows(kind, f"file://{path}", **options) == expected
    assert rows(kind, f"memory://rows/{name}", **options) == expected


def test_a_url_in_a_mapping_is_kept_and_the_manifest_holds_what_was_read(tmp_path):
    data = b"id,name,mail\n1,Ali,ali@example.com\n"
    with fsspec.open("memory://kept/people.csv", "wb") as file:
        file.write(data)
    text = MAPPING.format(target="target: {}").replace("customers.csv", "memory://kept/people.csv")
    (tmp_path / "migration.yaml").write_text(text, encoding="utf-8")
    package = dry_run(tmp_path, Settings(tmp_path / "work", workers=2))
    given = package.manifest.inputs[0]
    assert (given.file, given.bytes, given.sha256) == (
        "memory://kept/people.csv",
        len(data),
        hashlib.sha256(data).hexdigest(),
    )
    assert package.stages[0].counts.valid == 1


# What cannot be read


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("memory://none/x.csv", "memory://none/x.csv: no such file"),
        (
            "odd://host/x.csv",
            "odd://host/x.csv: odd:// is no storage that a source is read from; there are file, local, memory, ftp, sftp, "
            "ssh, smb, http, https, s3, s3a, gs, gcs, az, abfs, abfss, adl, hdfs, webhdfs, oci, oss; fetch the file and name "
            "its path",
        ),
        (
            "sftp://ali:s3cr3t@host/x.csv",
            "sftp://***@host/x.csv: a password does not belong in a location; give it to fsspec, "
            "by its configuration files or variables (FSSPEC_...)",
        ),
        ("https://a b", "https://a b: is no address; write https://host/path"),
        ("https://", "https://: is no address; write https://host/path"),
        ("https://a..b/x", "https://a..b/x: is no address; write https://host/path"),
        ("http://h:99999/x", "http://h:99999/x: is no address; write http://host/path"),
    ],
)
def test_a_url_that_cannot_be_opened_says_why(location, message):
    assert error("csv", location) == message


def test_a_storage_whose_package_is_not_installed_names_it():
    code = (
        "import sys; sys.modules['s3fs'] = None\n"
        "from etl.extract import open_table\nfrom etl.model import Source\n"
        "open_table(Source('s', 'csv', 's3://bucket/x.csv')).__enter__()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == (
        "etl.errors.SourceError: s3://bucket/x.csv: Install s3fs to access S3; "
        "the package has to be installed beside omnitron-etl"
    )


def test_a_folder_an_empty_file_and_a_pipe_are_told_apart(tmp_path):
    import os

    (tmp_path / "empty.csv").touch()
    os.mkfifo(tmp_path / "pipe")
    assert error("csv", f"file://{tmp_path}") == f"file://{tmp_path}: is a folder; name the file in it"
    assert error("csv", f"file://{tmp_path}/pipe") == f"file://{tmp_path}/pipe: is no file but a pipe or a device"
    assert error("csv", f"file://{tmp_path}/empty.csv") == (
        f"file://{tmp_path}/empty.csv: is empty, without even a header; was the export cut off?"
    )


def test_a_problem_with_a_url_has_a_place_in_the_mapping(tmp_path):
    text = MAPPING.format(target="target: {}").replace("customers.csv", "memory://none/x.csv")
    (tmp_path / "migration.yaml").write_text(text, encoding="utf-8")
    found = [str(one).rsplit("/migration.yaml:", 1)[1] for one in load_mapping(tmp_path).problems]
    assert "6:21: memory://none/x.csv: no such file" in found


def test_what_may_be_a_signature_is_not_shown():
    assert shown("https://host/x.csv?X-Amz-Signature=abc") == "https://host/x.csv"
    assert shown("/exports/why?.csv") == "/exports/why?.csv"
    assert error("csv", "memory://none/x.csv?sig=abc") == "memory://none/x.csv: no such file"


def test_fsspec_is_imported_for_urls_only(tmp_path):
    (tmp_path / "s.csv").write_text(ROWS, encoding="utf-8")
    code = (
        "import sys\nfrom etl.extract import open_table\nfrom etl.model import Source\n"
        f"open_table(Source('s', 'csv', {str(tmp_path / 's.csv')!r})).__enter__()\nprint('fsspec' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    "location", ["http://shop.example.com/a b.csv?x=1 2", "HTTPS://shop.example.com:8443", "http://h"]
)
def test_an_address_of_any_machine_may_be_a_source(location):
    assert str(located(location)) == shown(location)


def test_a_web_server_that_does_not_answer_is_no_missing_file():
    """As fsspec and aiohttp, which need not be here, tell it."""
    url = "http://127.0.0.1:9/customers.csv"
    cause = OSError(f"Cannot connect to host 127.0.0.1:9 ssl:default [Connect call failed ({url!r}, 9)]")
    with pytest.raises(SourceError) as caught, reading(located(url)):
        raise FileNotFoundError(url) from cause
    assert str(caught.value) == f"{url}: cannot be read (nothing answers there)"


def test_a_storage_that_does_not_answer_is_told_in_plain_words():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    location = f"webhdfs://127.0.0.1:{port}/customers.csv"
    assert error("csv", location) == f"{location}: cannot be read (nothing answers there)"
