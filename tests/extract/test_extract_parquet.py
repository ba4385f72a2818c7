"""Parquet: row groups in parts, types as they are, and files that are not what they seem."""

import datetime
import pickle
from contextlib import closing
from decimal import Decimal

import duckdb
import pytest
from commands import write_shop
from tables import open_table

from etl.commands.dry_run import dry_run
from etl.commands.inspect import Inspecting, inspect
from etl.commands.settings import Settings
from etl.errors import SourceError
from etl.extract import read_all
from etl.model import Source


def write(path, select, size=2048):
    with closing(duckdb.connect(":memory:")) as connection:
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE {size})")
    return path


def table_of(path):
    return open_table(Source("s", "parquet", str(path)))


def rows_of(path, rows=5000):
    return [list(row) for _, part in read_all(table_of(path), rows) for row in part.rows]


@pytest.mark.parametrize("rows", [100, 2048, 5000])
def test_all_rows_come_in_the_order_of_the_file_however_it_is_cut(tmp_path, rows):
    path = write(tmp_path / "a.parquet", "SELECT (i * 7919) % 10007 AS id FROM range(10007) r(i)")
    table = table_of(path)
    assert len(table.groups) > 2
    parts = list(table.parts(rows))
    assert max(part.stop - part.begin for part in parts) == 2048
    found = [row[0] for part in parts for row in pickle.loads(pickle.dumps(part)).read().rows]
    assert found == [(i * 7919) % 10007 for i in range(10007)]


def test_values_keep_their_types(tmp_path):
    path = write(
        tmp_path / "a.parquet",
        "SELECT 7::BIGINT AS i, 'Şule' AS t, 1.10::DECIMAL(10, 2) AS m, 0.5::DOUBLE AS f, true AS b, NULL::VARCHAR AS n, "
        "DATE '2020-01-02' AS d, TIMESTAMP '2020-01-02 03:04:05' AS s, TIMESTAMPTZ '2020-01-02 03:04:05+03' AS z, "
        "TIME '03:04:05' AS k, [1, 2] AS l, {'a': {'b': 1.5::DECIMAL(3, 1)}} AS o, encode('ş') AS x, unhex('ff') AS y",
    )
    assert rows_of(path) == [
        [
            7, "Şule", Decimal("1.10"), 0.5, True, None, datetime.date(2020, 1, 2), datetime.datetime(2020, 1, 2, 3, 4, 5),
            "2020-01-02T00:04:05+00:00", "03:04:05", [1, 2], {"a": {"b": Decimal("1.5")}}, "ş", "ff",
        ]
    ]  # fmt: skip


def test_a_duration_is_hours_minutes_and_seconds(tmp_path):
    select = "SELECT unnest(['26:30:00'::INTERVAL, '00:00:01.5'::INTERVAL, '1 month'::INTERVAL]) AS span"
    assert rows_of(write(tmp_path / "a.parquet", select)) == [["26:30:00"], ["00:00:01.500000"], ["720:00:00"]]


def test_a_file_of_no_rows_has_its_columns(tmp_path):
    path = write(tmp_path / "a.parquet", "SELECT 1 AS id, 'x' AS name WHERE false")
    assert table_of(path).header == ("id", "name")
    assert rows_of(path) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_a_package_is_made_of_it(tmp_path, workers):
    select = "SELECT i::VARCHAR AS id, 'Ali ' || i AS name, 'a' || i || '@example.com' AS mail FROM range(9000) r(i)"
    write(tmp_path / "customers.parquet", select)
    mapping = write_shop(tmp_path, **{"csv: customers.csv": "parquet: customers.parquet"})
    package = dry_run(mapping, Settings(tmp_path / "work", workers=workers))
    assert package.stages[0].counts.valid == 9000
    assert package.manifest.inputs[0].sha256


def test_many_files_are_one_table_and_inspect_knows_it(tmp_path):
    for part in (1, 2):
        write(tmp_path / f"p-{part}.parquet", f"SELECT {part} AS id, 'x' AS name")
    assert rows_of(tmp_path / "p-*.parquet") == [[1, "x"], [2, "x"]]
    found = inspect(Inspecting(str(tmp_path / "p-1.parquet")))
    assert (found.what, found.look.source) == ("a Parquet file", {"parquet": str(tmp_path / "p-1.parquet")})


def test_what_is_no_whole_parquet_file_is_told(tmp_path):
    path = write(tmp_path / "a.parquet", "SELECT i AS id FROM range(9000) r(i)")
    data = path.read_bytes()

    def error(changed):
        path.write_bytes(changed)
        with pytest.raises(SourceError) as caught:
            rows_of(path)
        assert str(caught.value).startswith(f"{path}: ")
        return str(caught.value)

    assert error(b"id\n1\n").endswith("is no Parquet file")
    assert error(data[:-100]).endswith("ends before its end (the sign of Parquet is missing there); fetch it again")
    assert "is encrypted" in error(data[:-4] + b"PARE")
    assert "is damaged or no Parquet file" in error(data[:-40] + b"\0" * 36 + b"PAR1")


def test_one_behind_a_url_is_to_be_fetched_first():
    import fsspec

    with fsspec.open("memory://parquet/a.parquet", "wb") as file:
        file.write(b"PAR1")
    with pytest.raises(SourceError, match="is read from a disk of this machine; fetch it, or unpack it, first"):
        rows_of("memory://parquet/a.parquet")


def test_a_quote_in_a_name_is_a_letter(tmp_path):
    path = tmp_path / "o'brien's.parquet"
    write(tmp_path / "a.parquet", "SELECT 1 AS id").rename(path)
    assert rows_of(path) == [[1]]
