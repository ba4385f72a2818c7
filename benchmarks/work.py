"""Write the work: orders of a Turkish shop as CSV, the customers they refer to, and the mappings of benchmarks/orders.

Everything is invented. The same seed and number of rows give the same bytes:

    python -m benchmarks.work --rows 200000 --to work/bench
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

SEED = 20240314
VERSION = 1
"""Part of the folder's name: raise it when the same seed gives other bytes."""

MAPPINGS = Path(__file__).parent / "orders"
BLOCK = 10_000
ORDERS_A_CUSTOMER = 4
FIRST_CODE = 10_001
FIRST_NUMBER = 100_000_001

ORDER_COLUMNS = (
    "order_no", "customer_code", "email", "status", "ordered_at", "amount", "discount", "currency", "payment_method",
    "bank", "installments", "tracking_no", "carrier", "shipping_address", "billing_address", "note",
)  # fmt: skip
CUSTOMER_COLUMNS = (
    "customer_code", "first_name", "last_name", "email", "phone", "joined_at", "password", "newsletter",
)  # fmt: skip

FIRST_NAMES = ("Ali", "Ayşe", "Çağla", "Deniz", "Emre", "Fatma", "Gökhan", "Işıl", "İpek", "Mehmet", "Özge", "Şule")
LAST_NAMES = ("Yılmaz", "Kaya", "Demir", "Şahin", "Çelik", "Yıldız", "Öztürk", "Aydın", "Özdemir", "Arslan", "İnan")
DOMAINS = ("example.com", "example.net", "mail.example.org")
STREETS = ("Bağdat Cad.", "Atatürk Bulvarı", "İstiklal Cad.", "Gül Sok.", "Çınar Sok.", "Kısıklı Cad.", "Şehitler Cad.")
PLACES = (
    ("KADIKÖY", "İSTANBUL"), ("ÜSKÜDAR", "İSTANBUL"), ("ÇANKAYA", "ANKARA"), ("KARŞIYAKA", "İZMİR"),
    ("NİLÜFER", "BURSA"), ("MURATPAŞA", "ANTALYA"), ("SEYHAN", "ADANA"), ("MERKEZ", "IĞDIR"),
)  # fmt: skip
STATUSES = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
STATUS_WEIGHTS = (1, 1, 2, 3, 8, 4, 70, 4, 3, 4)
PAYMENTS = ("credit_card", "credit_card", "credit_card", "bank_transfer", "cash_on_delivery")
BANKS = ("Garanti BBVA", "İş Bankası", "Akbank", "Yapı Kredi", "Ziraat Bankası", "QNB")
CARRIERS = ("Yurtiçi Kargo", "Aras Kargo", "MNG Kargo", "PTT Kargo", "Sürat Kargo")
NOTES = (
    "", "", "", "", "Kapıcıya bırakın lütfen", "Hediye paketi olsun", "Zil çalışmıyor; lütfen arayın",
    'Kapıda "Işıl Hanım" deyin', "Fatura şirket adına kesilsin",
)  # fmt: skip

_ASCII = str.maketrans("çğıöşüÇĞİÖŞÜ", "cgiosuCGIOSU")
_DAYS = tuple((date(2019, 1, 1) + timedelta(days=day)).strftime("%d.%m.%Y") for day in range(5 * 365))
_TIMES = tuple(f"{hour:02}:{minute:02}" for hour in range(24) for minute in range(60))

Row = tuple[str, ...]


class Finished:
    """A file that gets its name when all of it is there."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Path:
        return self._path.with_suffix(".partial")

    def __exit__(self, kind: object, *error: object) -> None:
        if kind is None:
            self._path.with_suffix(".partial").rename(self._path)


@dataclass(frozen=True, slots=True)
class Work:
    """A folder of work. `mapping` has both stages, and so has `in_order`, whose orders are older the lower their numbers are;
    `with_items` has their items, too; `orders_only` has the peers' part alone, `compressed` that from a .gz."""

    folder: Path
    rows: int

    @property
    def orders(self) -> Path:
        return self.folder / "orders.csv"

    @property
    def mapping(self) -> Path:
        return self.folder / "migration.yaml"

    @property
    def in_order(self) -> Path:
        return self.folder / "in_order.yaml"

    @property
    def with_items(self) -> Path:
        return self.folder / "with_items.yaml"

    @property
    def orders_only(self) -> Path:
        return self.folder / "orders_only.yaml"

    @property
    def compressed(self) -> Path:
        return self.folder / "compressed.yaml"


def make_work(under: Path, rows: int, seed: int = SEED) -> Work:
    """The folder with this many orders, written when it is not there yet; its mappings are always the current ones."""
    work = Work(under / f"{rows}-v{VERSION}-{seed}", rows)
    if not work.folder.is_dir():
        partial = work.folder.with_name(work.folder.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        write_csv(partial / "orders.csv", ORDER_COLUMNS, orders(rows, seed))
        write_csv(partial / "customers.csv", CUSTOMER_COLUMNS, customers(count_customers(rows), seed))
        partial.rename(work.folder)
    for mapping in MAPPINGS.glob("*.yaml"):
        shutil.copy(mapping, work.folder)
    text = work.orders_only.read_text(encoding="utf-8")
    work.compressed.write_text(text.replace("orders.csv", "orders.csv.gz"), encoding="utf-8")
    text = work.mapping.read_text(encoding="utf-8")
    work.in_order.write_text(text.replace("orders.csv", IN_ORDER), encoding="utf-8")
    return work


IN_ORDER = "orders_in_order.csv"
DATE = ORDER_COLUMNS.index("ordered_at")


def put_in_order(work: Work) -> None:
    """Write the same orders with dates that ascend as their numbers do, when they are not there yet."""
    target = work.folder / IN_ORDER
    if not target.exists():
        dates = iter(sorted((row[DATE] for row in _rows(work.orders)), key=_in_time))
        dated = ((*row[:DATE], next(dates), *row[DATE + 1 :]) for row in _rows(work.orders))
        with Finished(target) as partial:
            write_csv(partial, ORDER_COLUMNS, dated)


ITEM_COLUMNS = ("item_no", "order_no", "sku", "product", "quantity", "price")
NUMBER, AMOUNT = ORDER_COLUMNS.index("order_no"), ORDER_COLUMNS.index("amount")


def write_items(work: Work) -> None:
    """Write one item or two of each order, whose lines sum up to its amount, when they are not there yet."""
    target = work.folder / "items.csv"
    if not target.exists():
        orders = ((row[NUMBER], _cents(row[AMOUNT])) for row in _rows(work.orders))
        lines = ((order, line) for order, cents in orders for line in _lines(cents, int(order) % 2))
        items = (_item(number, order, cents) for number, (order, cents) in enumerate(lines))
        with Finished(target) as partial:
            write_csv(partial, ITEM_COLUMNS, items)


def _cents(amount: str) -> int:
    """'3.455,05' as 345505."""
    return int(amount.replace(".", "").replace(",", ""))


def _lines(cents: int, more: int) -> tuple[int, ...]:
    return (cents - cents * 2 // 5, cents * 2 // 5) if more else (cents,)


def _item(number: int, order: str, cents: int) -> Row:
    article, price = number % 5000, f"{cents // 100},{cents % 100:02}"
    return f"I{number}", order, f"SKU-{article}", f"Ürün {article}", str(1 + number // 3 % 3), price


def _rows(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from islice(csv.reader(file, delimiter=";"), 1, None)


def _in_time(date: str) -> tuple[str, ...]:
    """'14.03.2024 16:05' as its year, month, day and time."""
    return date[6:10], date[3:5], date[:2], date[11:]


def compress(work: Work) -> None:
    """Write orders.csv.gz beside orders.csv, when it is not there yet."""
    target = work.folder / "orders.csv.gz"
    if not target.exists():
        partial = target.with_name("orders.csv.gz.partial")
        with work.orders.open("rb") as source, gzip.open(partial, "wb", compresslevel=6) as packed:
            shutil.copyfileobj(source, packed, 1 << 20)
        partial.rename(target)


def write_csv(path: Path, columns: Row, rows: Iterator[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def count_customers(orders: int) -> int:
    return max(1, orders // ORDERS_A_CUSTOMER)


def customers(count: int, seed: int = SEED) -> Iterator[Row]:
    rng = random.Random(f"{seed} customers")
    for code in range(FIRST_CODE, FIRST_CODE + count):
        first, last = _name(code)
        joined = f"{rng.choice(_DAYS)} {rng.choice(_TIMES)}"
        password = hashlib.md5(str(code).encode(), usedforsecurity=False).hexdigest()
        yield str(code), first, last, _email(code), f"5{code % 10**9:09}", joined, password, str(code % 2)


def orders(count: int, seed: int = SEED) -> Iterator[Row]:
    """Orders as the shop exports them, oldest number first, each of a customer that `customers` has."""
    rng = random.Random(f"{seed} orders")
    addresses = [_address(rng) for _ in range(min(count, BLOCK))]
    buyers = count_customers(count)
    for start in range(0, count, BLOCK):
        yield from _block(rng, FIRST_NUMBER + start, min(BLOCK, count - start), buyers, addresses)


def _block(rng: random.Random, first: int, size: int, buyers: int, addresses: list[str]) -> Iterator[Row]:
    """Some orders, a column at a time: five million take a minute instead of ten."""
    codes = [FIRST_CODE + int(rng.random() * buyers) for _ in range(size)]
    shipped = rng.choices(addresses, k=size)
    elsewhere = rng.choices((False, False, True), k=size)
    billed = [rng.choice(addresses) if other else same for other, same in zip(elsewhere, shipped, strict=True)]
    cents = [int(rng.random() ** 3 * 600_000) + 100 for _ in range(size)]
    payments = rng.choices(PAYMENTS, k=size)
    return zip(
        map(str, range(first, first + size)),
        map(str, codes),
        map(_typed, map(_email, codes), rng.choices((0, 0, 1, 2), k=size)),
        rng.choices(STATUSES, STATUS_WEIGHTS, k=size),
        map("{} {}".format, rng.choices(_DAYS, k=size), rng.choices(_TIMES, k=size)),
        map(_turkish, cents),
        map(_discount, cents, rng.choices((0, 0, 0, 5, 10), k=size)),
        rng.choices(("TL", "USD"), (19, 1), k=size),
        payments,
        [
            bank if payment == "credit_card" else ""
            for bank, payment in zip(rng.choices(BANKS, k=size), payments, strict=True)
        ],
        rng.choices(("1", "1", "1", "3", "6", "12"), k=size),
        [f"TR{number}" if number % 8 else "" for number in (rng.getrandbits(40) for _ in range(size))],
        rng.choices(CARRIERS, k=size),
        shipped,
        billed,
        rng.choices(NOTES, k=size),
        strict=True,
    )


def _name(code: int) -> tuple[str, str]:
    return FIRST_NAMES[code * 17 % len(FIRST_NAMES)], LAST_NAMES[code * 31 % len(LAST_NAMES)]


def _email(code: int) -> str:
    first, last = _name(code)
    return f"{first}.{last}{code}@{DOMAINS[code % len(DOMAINS)]}".translate(_ASCII)


def _typed(email: str, how: int) -> str:
    """An e-mail the way people type it: as it is, in small letters, in capitals."""
    return (email, email.lower(), email.upper())[how]


def _turkish(cents: int) -> str:
    """129990 -> '1.299,90'"""
    units = f"{cents // 100:,}".replace(",", ".")
    return f"{units},{cents % 100:02}"


def _discount(cents: int, percent: int) -> str:
    return _turkish(cents * percent // 100) if percent else ""


def _address(rng: random.Random) -> str:
    township, city = rng.choice(PLACES)
    return f"{rng.choice(STREETS)} No: {rng.randrange(1, 200)} D: {rng.randrange(1, 40)}, {township}, {city}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--to", type=Path, default=Path("work/bench"))
    arguments = parser.parse_args()
    print(make_work(arguments.to, arguments.rows).folder)


if __name__ == "__main__":
    main()
