"""The dirt of real exports, and how much of each kind. A kind spoils rows of its own: every reject has one cause."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from pools import BAD_TOWNSHIPS, FOREIGN_PHONES, OLD_PROVINCES

Row = dict[str, str]
Spoiler = Callable[[random.Random, Row, int], None]

ZERO_DATE = "0000-00-00 00:00:00"

DIRT = {
    "customers": {
        "upper-case e-mail": 10,
        "mixed-case e-mail": 16,
        "duplicate e-mail": 6,
        "malformed e-mail": 2,
        "blank e-mail": 2,
        "blank phone": 14,
        "NULL phone": 4,
        "foreign phone": 6,
        "landline": 8,
        "HTML in name": 5,
        "quoted name": 3,
        "zero date": 4,
        "inactive": 15,
        "spaces around": 12,
        "upper-case digest": 3,
        "blank password": 1,
        "upper-case name": 20,
        "lower-case name": 15,
    },
    "addresses": {
        "NULL company": 20,
        "HTML in company": 4,
        "quoted line": 3,
        "too long line": 3,
        "no province": 5,
        "old province name": 9,
        "misspelled township": 10,
        "abroad": 4,
        "ragged row": 1,
    },
    "orders": {
        "guest": 40,
        "deleted customer": 12,
        "abandoned": 35,
        "unknown status": 6,
        "zero date": 5,
        "unknown payment": 3,
        "unknown carrier": 4,
        "old currency code": 15,
        "NULL tracking": 25,
        "no shipping address": 6,
        "mixed-case e-mail": 20,
        "HTML in comment": 5,
        "quoted comment": 4,
        "spaces around": 10,
    },
    "order_lines": {"missing order": 9, "quantity 0": 2, "spaces around": 7},
}


def dirty(rng: random.Random, rows: list[Row], table: str, *, first: int, key: str) -> None:
    """Spoil as many rows as DIRT says, none with a number below `first` (those are what the test customer needs)."""
    spare = [row for row in rows if int(row[key]) >= first]
    rng.shuffle(spare)
    for kind, count in DIRT[table].items():
        for index in range(count):
            row = spare.pop()
            if kind == "duplicate e-mail":
                duplicate(row, spare.pop(), index)
            else:
                SPOIL[table, kind](rng, row, index)


def duplicate(one: Row, other: Row, index: int) -> None:
    earlier, later = sorted((one, other), key=lambda row: int(row["customer_id"]))
    later["email"] = (earlier["email"], earlier["email"].upper(), earlier["email"].capitalize())[index % 3]


def put(column: str, *values: str) -> Spoiler:
    def spoil(rng: random.Random, row: Row, index: int) -> None:
        row[column] = values[index % len(values)]

    return spoil


def change(columns: Sequence[str], how: Callable[[str], str]) -> Spoiler:
    def spoil(rng: random.Random, row: Row, index: int) -> None:
        row.update({column: how(row[column]) for column in columns})

    return spoil


def set_place(province: str, township: str, row: Row) -> None:
    row["zone"], row["city"] = province, township


def old_province(rng: random.Random, row: Row, index: int) -> None:
    set_place(*OLD_PROVINCES[index % len(OLD_PROVINCES)], row)


def bad_township(rng: random.Random, row: Row, index: int) -> None:
    set_place(*BAD_TOWNSHIPS[index % len(BAD_TOWNSHIPS)], row)


def abroad(rng: random.Random, row: Row, index: int) -> None:
    row.update(country="Germany", zone="Berlin", city="Kreuzberg", postcode="10999", address_1="Musterstr. 7")


def too_long(rng: random.Random, row: Row, index: int) -> None:
    """Both columns are full: 128 characters each, 257 with the space between, and Omnitron takes 255."""
    row["address_1"] = (row["address_1"] + " Site içi, havuzun yanındaki yol, bakkalı geçince" * 3)[:127] + "."
    row["address_2"] = ("Tarif: postaneden sağa, caminin arkası, eczanenin üstü; " * 3)[:127] + "."


def no_shipping(rng: random.Random, row: Row, index: int) -> None:
    """A gift voucher: OpenCart leaves the whole shipping block blank, only the method of payment is known."""
    row.update({column: "" for column in row if column.startswith("shipping_")}, shipping_code="free.free")


def quoted_name(rng: random.Random, row: Row, index: int) -> None:
    row["firstname"] = (f'{row["firstname"]} "Reis"', f"{row['firstname']}; eşi", f"{row['firstname']}\r\nNaz")[
        index % 3
    ]


def mixed_case(text: str) -> str:
    return "@".join(part.title() for part in text.split("@"))


def turkish_upper(text: str) -> str:
    return text.replace("i", "İ").upper()


def turkish_lower(text: str) -> str:
    return text.replace("I", "ı").replace("İ", "i").lower()


def spaced(text: str) -> str:
    return f"  {text} "


SPOIL: dict[tuple[str, str], Spoiler] = {
    ("customers", "upper-case e-mail"): change(["email"], str.upper),
    ("customers", "mixed-case e-mail"): change(["email"], mixed_case),
    ("customers", "malformed e-mail"): put("email", "hakan.demir@", "elif.kaya example.com"),
    ("customers", "blank e-mail"): put("email", ""),
    ("customers", "blank phone"): put("telephone", "", " ", "-"),
    ("customers", "NULL phone"): put("telephone", "NULL"),
    ("customers", "foreign phone"): put("telephone", *FOREIGN_PHONES),
    ("customers", "landline"): put("telephone", "0212 000 12 34", "0(312) 000 45 67", "+90 232 000 89 01"),
    ("customers", "HTML in name"): put("firstname", "<b>Ayşe</b>", "Ali &amp; Veli", "&lt;i&gt;Can&lt;/i&gt;"),
    ("customers", "quoted name"): quoted_name,
    ("customers", "zero date"): put("date_added", ZERO_DATE),
    ("customers", "inactive"): put("status", "0"),
    ("customers", "spaces around"): change(["firstname", "lastname", "email", "telephone"], spaced),
    ("customers", "upper-case digest"): change(["password"], str.upper),
    ("customers", "blank password"): put("password", ""),
    ("customers", "upper-case name"): change(["firstname", "lastname"], turkish_upper),
    ("customers", "lower-case name"): change(["firstname", "lastname"], turkish_lower),
    ("addresses", "NULL company"): put("company", "NULL"),
    ("addresses", "HTML in company"): put("company", "Demir &amp; Oğulları Ltd. Şti.", "&quot;Öz&quot; Ticaret<br>"),
    ("addresses", "quoted line"): put("address_1", '"Gül" Apt. No: 5', "Çınar Sok.; No: 9", "Lale Cad.\r\nNo: 12"),
    ("addresses", "too long line"): too_long,
    ("addresses", "no province"): put("zone", ""),
    ("addresses", "old province name"): old_province,
    ("addresses", "misspelled township"): bad_township,
    ("addresses", "abroad"): abroad,
    ("addresses", "ragged row"): put("address_1", "Menekşe Sok\0 No: 4"),  # as_csv writes the \0 as an unquoted ;
    ("orders", "guest"): put("customer_id", "0"),
    ("orders", "deleted customer"): put("customer_id", "9001", "9002", "9003", "9004", "9005"),
    ("orders", "abandoned"): put("order_status_id", "0"),
    ("orders", "unknown status"): put("order_status_id", "17", "23"),
    ("orders", "zero date"): put("date_added", ZERO_DATE),
    ("orders", "unknown payment"): put("payment_code", "garanti_sanalpos"),
    ("orders", "unknown carrier"): put("shipping_code", "hizli.hizli"),
    ("orders", "old currency code"): put("currency_code", "TL"),
    ("orders", "NULL tracking"): put("tracking", "NULL"),
    ("orders", "no shipping address"): no_shipping,
    ("orders", "mixed-case e-mail"): change(["email"], mixed_case),
    ("orders", "HTML in comment"): put("comment", "Zili <b>çalmayın</b>", "Hediye &amp; not ekleyin"),
    ("orders", "quoted comment"): put("comment", '"Acil"; kapıcıya\r\nbırakın', 'Renk: "mavi"; beden: L'),
    ("orders", "spaces around"): change(["customer_id", "email", "total", "order_status_id", "date_added"], spaced),
    ("order_lines", "missing order"): put("order_id", "990001", "990002", "990003"),
    ("order_lines", "quantity 0"): put("quantity", "0"),
    ("order_lines", "spaces around"): change(["name", "model", "quantity", "price"], spaced),
}
