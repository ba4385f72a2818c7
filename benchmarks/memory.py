"""How much memory a dry-run takes from each kind of source, as the rows become more: whole processes, one after another.

`make bench BENCH='--sources --memory'`. The servers are those of `--sources`. One form of the orders is there at a time: it is
written, read and removed before the next one, as five million orders are some gigabytes in each.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from benchmarks.contenders import Differs
from benchmarks.measure import Watched, memory_kind, watched
from benchmarks.page import megabytes, table
from benchmarks.shops import SERVERS, orders_in_postgres
from benchmarks.sources import FORMS, Form, records
from benchmarks.work import ORDER_COLUMNS, Finished, Work, make_work

MOST = 300_000_000
"""Bytes that are wanted at most, besides what DuckDB may take."""
OF_DUCKDB = 500_000_000
"""Bytes that DuckDB may take, by itself: the setting of `query`, and what the reader of Parquet gives it."""
A_SHEET = 1_000_000
"""Rows that go into one sheet of a workbook; more than 1,048,576 do not."""


def _xml(work: Work) -> None:
    with Finished(work.folder / "orders.xml") as path, path.open("w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="utf-8"?>\n<shop><orders>\n')
        for row in records(work):
            cells = "".join(f"<{name}>{escape(cell)}</{name}>" for name, cell in row.items() if cell)
            file.write(f"<order>{cells}</order>\n")
        file.write("</orders></shop>\n")


def _parquet(work: Work) -> None:
    import duckdb

    with Finished(work.folder / "orders.parquet") as path, closing(duckdb.connect(":memory:")) as connection:
        connection.execute("SET preserve_insertion_order = true")
        read = f"read_csv('{work.orders}', delim = ';', header = true, all_varchar = true)"
        connection.execute(f"COPY (SELECT * FROM {read}) TO '{path}' (FORMAT parquet)")


def _xlsx(work: Work) -> None:
    import xlsxwriter

    with Finished(work.folder / "orders.xlsx") as path:
        book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_urls": False})
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ORDER_COLUMNS)
        for number, row in enumerate(records(work), start=1):
            for column, cell in enumerate(row.values()):
                if cell is not None:
                    sheet.write_string(number, column, cell)
        book.close()


QUERIED = '{ query: "SELECT * FROM raw ORDER BY order_no" }\n  raw: { csv: orders.csv, delimiter: ";" }'


@dataclass(frozen=True, slots=True)
class Streamed:
    """A form, the files that are made for it, and where it takes more than is wanted: how many rows it has at most, and how
    much of the memory is DuckDB's."""

    form: Form
    files: tuple[str, ...] = ()
    rows: int | None = None
    of_duckdb: int = 0

    @property
    def most(self) -> int:
        return MOST + self.of_duckdb


_OF_SOURCES = {form.what: form for form in FORMS}
STREAMED = (
    Streamed(_OF_SOURCES["CSV"]),
    Streamed(_OF_SOURCES["SQLite"], ("orders.sqlite",)),
    Streamed(_OF_SOURCES["JSONL (one object a line)"], ("orders.jsonl",)),
    Streamed(_OF_SOURCES["JSON (one list, by a path)"], ("orders.json",)),
    Streamed(Form("XML", "{ xml: orders.xml, path: shop/orders/order }", None, _xml), ("orders.xml",)),
    Streamed(Form("Parquet", "{ parquet: orders.parquet }", None, _parquet), ("orders.parquet",), of_duckdb=OF_DUCKDB),
    Streamed(Form("`query` over the CSV", QUERIED), of_duckdb=OF_DUCKDB),
    Streamed(Form("PostgreSQL", _OF_SOURCES["PostgreSQL"].source, None, orders_in_postgres, "BENCH_POSTGRES")),
    # A dump is made of the server's rows, so it comes after them.
    Streamed(_OF_SOURCES["MariaDB"]),
    Streamed(_OF_SOURCES["mysqldump"], ("orders.sql",)),
    Streamed(Form("Excel (.xlsx)", "{ excel: orders.xlsx }", None, _xlsx), ("orders.xlsx",), rows=A_SHEET),
)

Found = dict[str, dict[int, Watched]]


def memory_of_sources(folder: Path, out: Path, sizes: Sequence[int], tell: Callable[[str], None]) -> str:
    """Raises Differs where a dry-run does not make all orders."""
    found: Found = {}
    for rows in sizes:
        with SERVERS():
            for one in at_size(rows):
                found.setdefault(one.form.what, {})[rows] = taken = _measured(one, folder, out, rows)
                tell(f"  {rows:,}: {one.form.what}: {megabytes(taken.memory)} MB, {taken.cpu:.1f} s of CPU")
    return _page(found, sizes)


def at_size(rows: int) -> Iterator[Streamed]:
    for one in STREAMED:
        if not one.form.missing and (one.rows is None or rows <= one.rows):
            yield one


def _measured(one: Streamed, folder: Path, out: Path, rows: int) -> Watched:
    work = make_work(folder, rows)
    engine = one.form.engine(work)
    try:
        one.form.make(work)
        taken = watched(engine.command(work, out))
        valid = sum(stage.counts.valid for stage in engine.package(out).stages)
        if valid != rows:
            raise Differs(f"of {rows:,} orders from {one.form.what} {valid:,} were made")
    finally:
        shutil.rmtree(engine.workspace(out), ignore_errors=True)
        for name in one.files:
            (work.folder / name).unlink(missing_ok=True)
    return taken


def _page(found: Found, sizes: Sequence[int]) -> str:
    header = [
        "from",
        *(f"peak MB ({memory_kind()}), {rows:,}" for rows in sizes),
        "wanted at most",
        *(f"µs of CPU a row, {rows:,}" for rows in sizes),
    ]
    lines = [_line(one, found[one.form.what], sizes) for one in STREAMED if one.form.what in found]
    left_out = [one.form.what for one in STREAMED if one.form.what not in found]
    missing = f"Left out, as no server is named: {', '.join(left_out)}.\n" if left_out else ""
    return (
        f"## Orders of {len(ORDER_COLUMNS)} columns: memory of a dry-run from each kind of source\n\n"
        f"{table(header, lines)}\n{missing}"
        "Of the engine's processes together, with as many workers as there are processors; a server's are its own. CPU is for\n"
        "comparing sizes: it was measured while memory was looked at. An empty cell was not measured; a sheet of a workbook has\n"
        "no more than 1,048,576 rows.\n"
    )


def _line(one: Streamed, taken: dict[int, Watched], sizes: Sequence[int]) -> list[str]:
    here = [taken.get(rows) for rows in sizes]
    return [
        one.form.what,
        *("" if found is None else megabytes(found.memory) for found in here),
        megabytes(one.most),
        *("" if found is None else f"{found.cpu / rows * 1e6:.1f}" for rows, found in zip(sizes, here, strict=True)),
    ]
