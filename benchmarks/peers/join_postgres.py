"""The sums of orders by PostgreSQL, at BENCH_POSTGRES: python join_postgres.py FOLDER OUT.csv"""

import os
import sys
from pathlib import Path

import psycopg

SQL = """SELECT o.order_no, sum(CAST(l.price AS DECIMAL(12, 2)) * CAST(l.quantity AS INTEGER)) AS total
FROM orders o JOIN lines l ON l.order_no = o.order_no GROUP BY o.order_no ORDER BY o.order_no"""


def main(out: Path) -> None:
    with (
        psycopg.connect(os.environ["BENCH_POSTGRES"]) as connection,
        connection.cursor().copy(f"COPY ({SQL}) TO STDOUT (FORMAT csv)") as copy,
        out.open("wb") as file,
    ):
        for piece in copy:
            file.write(piece)


if __name__ == "__main__":
    main(Path(sys.argv[2]))
