"""The sums of orders by polars: python join_polars.py FOLDER OUT.csv"""

import sys
from pathlib import Path

import polars as pl


def main(folder: Path, out: Path) -> None:
    orders = pl.scan_csv(folder / "orders.csv", separator=";", infer_schema=False).select("order_no")
    lines = pl.scan_csv(folder / "lines.csv", separator=";", infer_schema=False)
    # In cents, so that sums are exact.
    cents = (pl.col("price").cast(pl.Float64) * 100).round().cast(pl.Int64) * pl.col("quantity").cast(pl.Int64)
    sums = (
        orders.join(lines, on="order_no")
        .group_by("order_no")
        .agg(cents.sum().alias("total"))
        .sort("order_no")
        .collect()
    )
    with out.open("w", encoding="utf-8") as file:
        file.writelines(f"{order},{total // 100}.{total % 100:02}\n" for order, total in sums.iter_rows())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
