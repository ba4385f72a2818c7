"""The shops that a mapping is shipped for, and what tells each from the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

Tables = Mapping[str, frozenset[str]]
"""Table, without the shop's prefix -> its columns, in small letters."""


class Shop(Struct, frozen=True):
    """A shop by the tables it has under one prefix, and by what only this version of it has.

    name    the mapping's folder
    title   the shop, for people
    prefix  the usual one
    tables  what has to be there
    sign    what tells this version: a sentence, and the test
    """

    name: str
    title: str
    prefix: str
    tables: tuple[str, ...]
    sign: str
    is_it: Callable[[Tables], bool]
    filled: str = ""
    """A table that has to hold rows: it is there, and empty, where the shop keeps these elsewhere."""
    headers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Tables that are told by columns of theirs, whatever somebody has called the file: `orders_export_1`."""


class Recognised(Struct, frozen=True):
    """A shop, the prefix of its tables, and why it is thought to be that: sentences."""

    shop: Shop
    prefix: str
    why: tuple[str, ...]
    called: Mapping[str, str] = field(default_factory=dict)
    """Tables of the mapping that have another name here."""


_OPENCART = ("customer", "address", "order", "order_product", "order_total")
_PRESTASHOP = ("customer", "orders", "order_detail", "order_slip", "order_carrier")
_WOOCOMMERCE = ("users", "usermeta", "posts", "postmeta", "woocommerce_order_items", "woocommerce_order_itemmeta")
_OSCOMMERCE = ("customers", "customers_info", "address_book", "orders", "orders_products", "orders_total")

SHOPS = (
    Shop("opencart-1.5", "OpenCart 1.5", "oc_", _OPENCART, "order_total has the column text",
         lambda tables: "text" in tables["order_total"]),
    Shop("opencart-4", "OpenCart 4", "oc_", _OPENCART, "customer has no column salt",
         lambda tables: "salt" not in tables["customer"]),
    Shop("opencart-2.3", "OpenCart 2", "oc_", _OPENCART, "customer has the columns approved and custom_field",
         lambda tables: {"approved", "custom_field"} <= tables["customer"]),
    Shop("opencart-3", "OpenCart 3", "oc_", _OPENCART, "customer has the column salt, and none called approved",
         lambda tables: "approved" not in tables["customer"]),
    Shop("prestashop-8", "PrestaShop 1.7 or 8", "ps_", _PRESTASHOP, "customer has the column reset_password_token",
         lambda tables: "reset_password_token" in tables["customer"]),
    Shop("prestashop-1.6", "PrestaShop 1.6", "ps_", _PRESTASHOP, "customer has no column reset_password_token",
         lambda tables: "reset_password_token" not in tables["customer"]),
    Shop("woocommerce-hpos", "WooCommerce with high-performance order storage", "wp_", (*_WOOCOMMERCE, "wc_orders"),
         "wc_orders has rows", lambda tables: True, filled="wc_orders"),
    Shop("woocommerce", "WooCommerce whose orders are posts", "wp_", _WOOCOMMERCE, "wc_orders is not there, or has no rows",
         lambda tables: True),
    Shop("magento-2", "Magento 2", "", ("customer_entity", "customer_address_entity", "sales_order", "sales_order_item"),
         "customer_entity has the column firstname", lambda tables: "firstname" in tables["customer_entity"]),
    Shop("magento-1", "Magento 1", "", ("customer_entity", "customer_entity_varchar", "eav_attribute", "sales_flat_order"),
         "customers are stored by attributes, orders in sales_flat_order", lambda tables: True),
    Shop("zencart", "Zen Cart", "", _OSCOMMERCE, "orders has the column payment_module_code",
         lambda tables: "payment_module_code" in tables["orders"]),
    Shop("oscommerce", "osCommerce", "", _OSCOMMERCE, "orders has no column payment_module_code", lambda tables: True),
    Shop("shopify", "Shopify's two exports", "", ("customers_export", "orders_export"),
         "orders_export has the column Lineitem name", lambda tables: "lineitem name" in tables["orders_export"],
         headers={"customers_export": frozenset({"customer id", "accepts email marketing"}),
                  "orders_export": frozenset({"lineitem name", "financial status"})}),
)  # fmt: skip
"""Of one family the one with the surer sign first."""


class SavedAnswers(Struct, frozen=True):
    """A shop by the answers of its API in a folder: files -> the key of their rows, and columns that only its orders have."""

    name: str
    files: Mapping[str, str]
    orders: str
    sign: frozenset[str]


SAVED_ANSWERS = (
    SavedAnswers("shopify-json", {"customers*.json": "customers", "orders*.json": "orders"}, "orders*.json",
                 frozenset({"financial_status", "line_items", "name"})),
)  # fmt: skip

WITHOUT_TABLES: Mapping[str, str] = {
    "woocommerce-rest": "WooCommerce, through its REST API",
    "shopify-admin": "Shopify, through its Admin API",
    "shopify-json": "Shopify, from saved answers of its Admin API",
}
"""Mappings that are shipped, and asked for by their names."""


SIGNS_OF_APIS: Mapping[str, frozenset[str]] = {"woocommerce-rest": frozenset({"order_key", "line_items"})}
"""Columns that orders have in the answers of an API whose mapping asks the shop itself, and reads no files."""


def recognise(found: Mapping[str, frozenset[str]], empty: frozenset[str] = frozenset()) -> Recognised | None:
    """The shop that these tables are of; None: none that is known. `empty` are tables that surely hold no row.

    Where there is more than one, it is the first, and the others are among the reasons: nobody is to think that they are read.
    """
    matches = _matches(found, empty)
    known, taken = next(matches, (None, frozenset[str]()))
    if known is None:
        return next(filter(None, (_by_headers(shop, found) for shop in SHOPS if shop.headers)), None)
    others: list[str] = []
    for other, tables in matches:
        if not tables & taken:
            taken |= tables
            others.append(_beside(known, other))
    return replace(known, why=(*known.why, *others))


def _matches(found: Mapping[str, frozenset[str]], empty: frozenset[str]) -> Iterator[tuple[Recognised, frozenset[str]]]:
    """Each shop that the tables may be of, with the names of those that tell it."""
    names = {name.casefold(): name for name in found}
    for shop in SHOPS:
        for prefix in _prefixes(shop, names):
            tables = {table: _folded(found[names[prefix + table]]) for table in shop.tables}
            if shop.is_it(tables) and not (shop.filled and names[prefix + shop.filled] in empty):
                own = frozenset(prefix + table for table in shop.tables)
                yield Recognised(shop, _as_written(names, prefix, shop), _why(shop, prefix)), own


def _beside(known: Recognised, other: Recognised) -> str:
    tables = f"tables that begin with '{other.prefix}'" if other.prefix else "tables without a prefix"
    if other.shop is known.shop:
        return f"{tables} are of another one, which TABLE_PREFIX reads instead"
    return f"{tables} are of {other.shop.title}, which a dump of them alone is recognised as"


def _by_headers(shop: Shop, found: Mapping[str, frozenset[str]]) -> Recognised | None:
    """A shop whose files are called otherwise; None: one of them is not there, or two may be it."""
    fitting = {
        table: [name for name, columns in found.items() if sign <= _folded(columns)]
        for table, sign in shop.headers.items()
    }
    if any(len(names) != 1 for names in fitting.values()):
        return None
    called = {table: name for table, (name,) in fitting.items()}
    columns = "; ".join(
        f"{name} has the columns {', '.join(sorted(shop.headers[table]))}" for table, name in called.items()
    )
    return Recognised(shop, "", (columns,), {table: name for table, name in called.items() if table != name})


def _folded(columns: frozenset[str]) -> frozenset[str]:
    return frozenset(column.casefold() for column in columns)


def _prefixes(shop: Shop, names: Mapping[str, str]) -> Iterator[str]:
    """The prefixes under which all of the shop's tables are there: its usual one first, then the shortest."""
    first = shop.tables[-1]
    possible = {name.removesuffix(first) for name in names if name.endswith(first)}
    for prefix in sorted(possible, key=lambda one: (one != shop.prefix, len(one), one)):
        if all(prefix + table in names for table in shop.tables):
            yield prefix


def _as_written(names: Mapping[str, str], prefix: str, shop: Shop) -> str:
    return names[prefix + shop.tables[0]][: len(prefix)]


def _why(shop: Shop, prefix: str) -> tuple[str, ...]:
    tables = ", ".join(prefix + table for table in shop.tables)
    return (f"it has the tables {tables}", shop.sign)
