"""The sums of orders by `query`: python join_query.py FOLDER OUT.csv"""

import sys
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from etl.extract import Connections, World, fetched, open_table
from etl.extract.databases.writing import DELIMITER
from etl.model import Source

SQL = """SELECT o.order_no, sum(CAST(l.price AS DECIMAL(12, 2)) * CAST(l.quantity AS INTEGER)) AS total
FROM orders o JOIN lines l ON l.order_no = o.order_no GROUP BY o.order_no ORDER BY o.order_no"""


def main(folder: Path, out: Path) -> None:
    sources = {
        name: Source(name, "csv", str(folder / f"{name}.csv"), {"delimiter": ";"}) for name in ("orders", "lines")
    }
    with ExitStack() as opened:
        connections = opened.enter_context(Connections())
        tables = {name: opened.enter_context(open_table(one)) for name, one in sources.items()}
        query = Source("totals", "query", SQL, {})
        world = World(tables, connections, sources)
        table = fetched(opened.enter_context(open_table(query, world)), ["order_no", "total"])
        # Numbers need no quotes, whatever stands between them.
        out.write_bytes(table.path.read_bytes().replace(DELIMITER.encode(), b","))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
