"""The shop's pages as a browser shows them. Every value from a record is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from etl.sandbox.store import StoredRecord


def _page(title: str, body: str) -> str:
    style = "body{font:16px sans-serif;margin:2em}td,th{padding:.3em 1em;text-align:left;border-bottom:1px solid #ccc}"
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{style}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body><h1>{escape(title)}</h1>{body}</body></html>'


def login(csrf: str, problem: str = "") -> str:
    said = f"<p><strong>{escape(problem)}</strong></p>" if problem else ""
    fields = (
        f'<input type="hidden" name="csrfmiddlewaretoken" value="{escape(csrf)}">'
        '<p><label>E-mail <input type="email" name="email" required></label></p>'
        '<p><label>Password <input type="password" name="password" required></label></p>'
        "<p><button>Log in</button></p>"
    )
    return _page("Log in", f'{said}<form method="post" action="/users/login/">{fields}</form>')


def addresses(user: StoredRecord, found: Sequence[StoredRecord]) -> str:
    columns = ("title", "first_name", "last_name", "line", "district", "township", "city", "country", "phone_number")
    rows = [[_text(address.get(column)) for column in columns] for address in found]
    return _page("My Addresses", _menu(user) + _table(columns, rows))


def orders(user: StoredRecord, found: Sequence[StoredRecord]) -> str:
    rows = []
    for one in found:
        link = f'<a href="/users/old-orders/{one["pk"]}/">{_text(one["number"])}</a>'
        rows.append([link, *(_text(one[name]) for name in ("created_date", "status", "amount", "currency"))])
    return _page("My Past Orders", _menu(user) + _table(("number", "date", "status", "amount", "currency"), rows))


def order(user: StoredRecord, one: StoredRecord) -> str:
    columns = ("product", "sku", "quantity", "price")
    rows = [[_text(item[column]) for column in columns] for item in one["orderitem_set"]]
    facts = [
        [_text(name), _text(one[name])] for name in ("created_date", "status", "amount", "currency", "shipping_address")
    ]
    return _page(f"Order {one['number']}", _menu(user) + _table(("", ""), facts) + _table(columns, rows))


def _menu(user: StoredRecord) -> str:
    who = escape(f"{user['first_name']} {user['last_name']}")
    links = '<a href="/account/address/">My Addresses</a> | <a href="/users/old-orders/">My Past Orders</a>'
    return f"<p>{who} | {links}</p>"


def _table(columns: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _text(value: object) -> str:
    if isinstance(value, dict):
        value = value["name"]
    return "" if value is None else escape(str(value))
