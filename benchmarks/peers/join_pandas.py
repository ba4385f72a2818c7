"""The sums of orders by pandas: python join_pandas.py FOLDER OUT.csv"""

import sys
from pathlib import Path

import pandas as pd


def main(folder: Path, out: Path) -> None:
    orders = pd.read_csv(folder / "orders.csv", sep=";", usecols=["order_no"])
    lines = pd.read_csv(folder / "lines.csv", sep=";", usecols=["order_no", "quantity", "price"])
    both = orders.merge(lines, on="order_no")
    # In cents, so that sums are exact.
    both["total"] = (both["price"] * 100).round().astype("int64") * both["quantity"]
    sums = both.groupby("order_no", sort=True)["total"].sum()
    with out.open("w", encoding="utf-8") as file:
        file.writelines(f"{order},{cents // 100}.{cents % 100:02}\n" for order, cents in sums.items())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
