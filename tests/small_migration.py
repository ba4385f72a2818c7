"""A small shop in files of a test's own, its mapping, and what a dry-run of it leaves on disk."""

from __future__ import annotations

import json
import random

MAPPING = """\
version: 1
name: shop
target: { batch_size: 7 }
sources:
  customers: { csv: customers.csv, delimiter: ";" }
  orders: { csv: orders.csv, delimiter: ";" }
  lines: { csv: lines.csv, delimiter: ";" }
lookups:
  currency: { TL: try, USD: usd }
stages:
  - name: user
    from: customers
    where: "{{ active == '1' }}"
    key: customer_code
    unique: [email]
    fields:
      customer_code: "{{ id }}"
      first_name: "{{ name | split_name('first') | title('tr') }}"
      last_name: "{{ name | split_name('last') | default('-') }}"
      email: "{{ email | lower('en') }}"
      sms_allowed: false
      email_allowed: "{{ active | bool }}"
      phone: "{{ phone | phone('TR', default=none) }}"
      date_joined: "{{ joined | datetime('%d.%m.%Y %H:%M') }}"
      password: "{{ email | digest('md5') }}"
      password_algorithm: md5
  - name: order
    from: orders
    key: number
    refers: { user: user }
    fields:
      number: "{{ number }}"
      user: "{{ customer }}"
      user_email: "{{ email }}"
      status: "550"
      created_date: "{{ date | datetime('%d.%m.%Y %H:%M') }}"
      amount: "{{ amount | money }}"
      currency: "{{ currency | lookup('currency') }}"
      payment_type: ""
      bank: ""
      installment_count: 1
      tracking_number: ""
      shipping_company: yurtici
      shipping_address: "{{ address }}"
      billing_address: "{{ address }}, Türkiye"
      extra_field: { note: "{{ note }}", tags: ["{{ currency }}", old] }
  - name: order_item
    from: lines
    key: "{{ order }}-{{ sku }}"
    refers: { order_number: order }
    fields:
      order_number: "{{ order }}"
      sku: "{{ sku }}"
      product: "{{ product }}"
      quantity: "{{ quantity | int }}"
      price: "{{ price | money }}"
      extra_field: {}
"""

CUSTOMERS = """\
id;name;email;active;phone;joined
1;AYŞE NUR IŞIK;Ayse@Example.com;1;0532 123 45 67;29.02.2020 10:30
2;ali can;ali@example.com;1;;1.3.2019 9:05
3;Veli Kaya;AYSE@example.com;1;;01.01.2018 00:00
4;Ece Su;ece@example.com;0;;01.01.2018 00:00
5;Can Er;can@example;1;;31.02.2018 00:00
6;"Deniz ""D"" Öz";deniz@example.com;1;5321112233
7;"Umut
Ak";umut@example.com;1;0212 555 11 22;15.07.2021 23:59
"""

ORDERS = '''\
number;customer;email;date;amount;currency;address;note
100;1;ayse@example.com;01.05.2020 12:00;1.299,90;TL;Moda Cad. 5, İstanbul;"kapıya ""bırak"""
101;3;veli@example.com;01.05.2020 12:00;10;TL;Moda;
102;4;ece@example.com;01.05.2020 12:00;10;TL;Moda;
103;5;can@example.com;01.05.2020 12:00;10;TL;Moda;
104;99;kim@example.com;01.05.2020 12:00;10;TL;Moda;
105;7;umut@example.com;01.05.2020 12:00;ten;EUR;Moda;
106;2;ali@example.com;02.05.2020 12:00;0,05;USD;Moda;
'''

LINES = """\
order;sku;product;quantity;price
100;KZK-1;Kazak;1;999,90
100;KZK-1;Kazak;1;999,90
100;BOT-2;Bot;2;150
102;BOT-2;Bot;2;150
105;BOT-2;Bot;2;150
106;CRP-3;Çorap;0;0,05
"""


def write_shop(folder, customers=CUSTOMERS, orders=ORDERS, lines=LINES, mapping=MAPPING):
    """The mapping and its three sources, in `folder`. Gives the mapping."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("customers.csv", customers), ("orders.csv", orders), ("lines.csv", lines)):
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "migration.yaml").write_text(mapping, encoding="utf-8")
    return folder / "migration.yaml"


def large_shop(seed, users):
    """The text of three sources with every kind of dirt in them, quoted newlines among it."""
    chosen = random.Random(seed)

    def cell(text):
        return f'"{text}\nand; ""more"""' if chosen.random() < 0.05 else text

    def broken(line):
        return line + ";too;many" if chosen.random() < 0.01 else line

    customers = [
        broken(
            f"{chosen.choice([n, n, n, n, n, n - 1])};{cell(f'Ali {n}')};m{chosen.randrange(users * 4)}@example.com;"
            f"{chosen.choice('1111110x')};;{chosen.choice(['01.05.2020 12:00'] * 9 + ['31.02.2020 1:00'])}"
        )
        for n in range(users)
    ]
    orders = [
        broken(
            f"{n};{chosen.randrange(users + 20)};a@example.com;01.05.2020 12:00;"
            f"{chosen.choice(['1.299,90', '0,05', '12', '3', '5', 'ten'])};{chosen.choice(['TL', 'TL', 'USD', 'EUR'])};"
            f"{cell('Moda')};{cell('')}"
        )
        for n in range(2 * users)
    ]
    lines = [
        broken(f"{chosen.randrange(2 * users)};S{chosen.randrange(9)};{cell('Bot')};{chosen.randrange(5)};12,50")
        for _ in range(3 * users)
    ]
    return {
        "customers": "\n".join([CUSTOMERS.split("\n", maxsplit=1)[0], *customers]) + "\n",
        "orders": "\n".join([ORDERS.split("\n", maxsplit=1)[0], *orders]) + "\n",
        "lines": "\n".join([LINES.split("\n", maxsplit=1)[0], *lines]) + "\n",
    }


def files_in(package):
    """Every file of a package but its manifest, and the report and workbook, which name the moment: path to bytes."""
    found = {str(path.relative_to(package)): path.read_bytes() for path in package.rglob("*") if path.is_file()}
    for name in ("manifest.json", "report.html", "report.json", "rejects.xlsx", "rejects.json"):
        found.pop(name, None)
    return found


def manifest_of(package):
    """The manifest without what differs from one machine, or moment, to another."""
    manifest = json.loads((package / "manifest.json").read_text(encoding="utf-8"))
    manifest |= {"created": "(then)", "versions": dict.fromkeys(manifest["versions"], "(some)")}
    for one in (manifest["mapping"], *manifest["inputs"]):
        one["file"] = one["file"].rsplit("/", 1)[1]
    return manifest
