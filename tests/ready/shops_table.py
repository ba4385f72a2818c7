"""Migrates every shop to a package, from all that it gives out, and writes the table in mappings/README.md: `make shops`."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.append(str(Path(__file__).parent.parent))

from all_shops import OFFERED, SHOPS
from ready_shop import ROOT, standing
from test_ready_shops import VARIABLES, counts, payloads, records

from etl import Settings, dry_run
from etl.commands.census import count_passwords

PAGE = ROOT / "mappings" / "README.md"
BEGIN, END = "<!-- The shops: make shops -->\n", "<!-- The end of the shops -->\n"
HEAD = """\
| shop | version | source | rows read | sent | money | passwords | seconds |
| --- | --- | --- | ---: | ---: | --- | --- | ---: |
"""
CUSTOMERS = 60


def main() -> None:
    os.environ.update(VARIABLES)
    rows = [row for shop in SHOPS for row in _rows(shop)] + [_offered_row(shop) for shop in OFFERED]
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(before + BEGIN + HEAD + "".join(rows) + END + rest.partition(END)[2], encoding="utf-8")


def _rows(shop):
    with TemporaryDirectory() as folder, standing(shop, CUSTOMERS) as found:
        kept = None
        for source, legacy in (("dump", found.dump(Path(folder))), ("live", found.address)):
            os.environ["LEGACY"] = str(legacy)
            package, seconds = _prepared(shop, Path(folder) / source)
            made = {path: one for path, one in payloads(package).items() if "/user/" not in path}
            assert kept in (None, made), f"{shop.name}: the live shop and its dump differ"
            kept = made
            yield _row(shop, source, package, found, seconds, Path(folder) / source)


def _offered_row(shop):
    with TemporaryDirectory() as folder, shop.standing(Path(folder)) as found:
        os.environ.update(found.variables)
        workspace = Path(folder) / "work"
        package, seconds = _prepared(shop, workspace)
        return _row(shop, shop.source, package, found, seconds, workspace)


def _prepared(shop, workspace):
    began = time.monotonic()
    package = dry_run(shop.mapping, Settings(workspace=workspace, workers=1))
    seconds = time.monotonic() - began
    print(shop.name, f"{seconds:.0f} s", flush=True)  # noqa: T201
    return package, seconds


def _row(shop, source, package, found, seconds, workspace):
    sent, paid = defaultdict(Decimal), defaultdict(Decimal)
    for order in records(package, "order"):
        sent[order["currency"]] += Decimal(order["amount"])
    for _, currency, amount in found.paid():
        paid[currency] += Decimal(amount)
    assert sent == paid, f"{shop.name}: {sent} were sent, {paid} were paid"
    money = ", ".join(f"{amount:,.2f} {currency}" for currency, amount in sorted(sent.items()))
    kinds = [kind for one in count_passwords(shop.mapping, workspace) for kind in one.kinds]
    standings = Counter()
    for kind in kinds:
        standings[kind.standing] += kind.count
    census = "; ".join(f"{count:,} {standing}" for standing, count in standings.items())
    read = sum(one[0] for one in counts(package).values())
    valid = sum(one.counts.valid for one in package.manifest.stages)
    name = f"[{shop.name}]({shop.name}/README.md)"
    return (
        f"| {name} | {shop.version} | {source} | {read:,} | {valid:,} | equal: {money} | {census} | {seconds:.0f} |\n"
    )


if __name__ == "__main__":
    main()
