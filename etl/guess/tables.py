"""Which tables of an unknown shop hold users, addresses, orders and items; and which column of one refers to which of another."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import Struct

from etl.guess.words import VOCABULARIES, name_score, shared_words, table_score, words_of

PAYLOADS = ("user", "address", "order", "order_item")
TELLING: Mapping[str, Collection[str]] = {
    "user": ("email", "first_name", "last_name", "name", "password", "date_of_birth", "phone", "date_joined"),
    "address": ("line", "city", "country", "township", "first_name", "phone_number", "line_2"),
    "order": ("amount", "status", "created_date", "currency", "payment_type", "user", "number"),
    "order_item": ("quantity", "price", "product", "sku", "order_number"),
}
"""The fields by whose columns a table is told."""

ESSENTIAL: Mapping[str, Collection[str]] = {
    "user": ("email",),
    "address": ("line", "city"),
    "order": ("number", "amount", "created_date"),
    "order_item": ("order_number", "quantity", "price"),
}
"""The fields without which a table whose name says nothing (export1.csv) is not taken for one."""

INCLUDED = 0.9
"""The share of a column's values that have to be among those of another, before it refers to that."""

KNOWN = 0.7
"""A score of a name that leaves no doubt."""

CERTAIN = 10.0
"""The score of a relation that the document itself tells: more than names and values can reach."""

FEW_VALUES = 5
"""So few different values lie in another column by chance."""

SURE = 0.45
"""A score from which on a table, or a column, is taken to be what it looks like."""


class SeenColumn(Struct, frozen=True):
    """What is known of a column (profile.ColumnProfile), and of its `values` as many as were kept, as numbers.

    `few`: all values of a column of codes, with how many rows have each. `values` are all there are below `bound`.
    `inside`: the column whose objects hold it, `customer` of `customer.id`. `typed`: its cells are numbers, and no texts.
    `refers`: the table inside of whose rows this one lies, and the key of that, which this column repeats.
    """

    name: str
    rows: int
    filled: int
    distinct: int
    form: str = ""
    detail: str = ""
    longest: int = 0
    few: tuple[tuple[str, int], ...] = ()
    values: frozenset[int] = frozenset()
    bound: int = 1 << 64
    inside: str = ""
    typed: bool = False
    refers: tuple[str, str] = ("", "")

    @property
    def is_key(self) -> bool:
        """Whether each row has a value of its own, as far as rows were seen."""
        return self.rows > 0 and self.filled == self.rows and self.distinct >= 0.98 * self.rows


class SeenTable(Struct, frozen=True):
    name: str
    columns: tuple[SeenColumn, ...]
    rows: int = 0

    @property
    def own(self) -> tuple[SeenColumn, ...]:
        """Without what lies inside of objects: that tells of these, and not of the table."""
        return tuple(one for one in self.columns if not one.inside)

    def column(self, name: str) -> SeenColumn:
        return next(one for one in self.columns if one.name == name)


class Belonging(Struct, frozen=True):
    """Column `child` refers to column `parent` of another table; `included` is the share of its values that are there.

    None: no rows were seen, and the names alone tell it."""

    child: str
    parent: str
    included: float | None
    score: float

    @property
    def evidence(self) -> str:
        if self.included is None:
            return f"its name is that of '{self.parent}'; no rows were seen"
        return f"{100 * self.included:.0f} % of its values are in '{self.parent}'"


def best_names(payload: str, table: SeenTable) -> Iterator[float]:
    """For each telling field the score of the name that fits it best."""
    for field in TELLING[payload]:
        names = VOCABULARIES[payload][field]
        yield max((name_score(one.name, names) for one in table.own), default=0.0)


def role_score(payload: str, table: SeenTable) -> float:
    """How surely a table holds records of a payload: by its name, and by the columns that tell such a table."""
    scores = list(best_names(payload, table))
    columns = sum(scores) / len(scores)
    score = 0.5 * table_score(table.name, payload) + 0.5 * columns
    if any(table_score(table.name, one) for one in PAYLOADS) or not _has_essentials(payload, table):
        return score
    return max(score, SURE + 0.2 * columns)


def _has_essentials(payload: str, table: SeenTable) -> bool:
    """Whether the columns alone tell it. A row of orders with one line in it is an order."""
    if payload == "order_item" and _has_essentials("order", table):
        return False
    return all(any(_may_be(field, payload, one) for one in table.own) for field in ESSENTIAL[payload])


def _may_be(field: str, payload: str, column: SeenColumn) -> bool:
    """By its name; an e-mail by its values, too: each account has another one, and orders have the same again."""
    is_named = name_score(column.name, VOCABULARIES[payload][field]) >= SURE
    if field != "email" or not column.rows:
        return is_named
    return column.form == "e-mail" and column.distinct >= INCLUDED * column.filled


def relation(child: SeenTable, parent: SeenTable, payload: str, field: str) -> Belonging | None:
    """By which column the rows of one table, which become a payload with this field, belong to those of another."""
    vocabulary = VOCABULARIES[payload]
    others = [names for name, names in vocabulary.items() if name != field]
    columns = [one for one in child.columns if not _is_another(one.name, vocabulary[field], others)]
    found = [
        one for own in columns for key in parent.own if (one := _relation(child, own, parent, key, [vocabulary[field]]))
    ]
    return max(found, key=lambda one: one.score, default=None)


def _is_another(name: str, own: str, others: Sequence[str]) -> bool:
    """Whether a column is surely another field by its name: a quantity lies among the numbers of orders as well."""
    best = max(name_score(name, one) for one in others)
    return best >= KNOWN and best > name_score(name, own)


def _relation(
    child: SeenTable, own: SeenColumn, parent: SeenTable, key: SeenColumn, among: Sequence[str]
) -> Belonging | None:
    if own.refers == (parent.name, key.name):
        return Belonging(own.name, key.name, 1.0, CERTAIN)
    named = _named(child, own, parent, key, among)
    if named < 0:
        return None  # numbers from 1 on lie among any others
    if not child.rows or not parent.rows:
        return Belonging(own.name, key.name, None, named) if named >= SURE else None
    if not key.is_key or not own.values or own.form in ("money", "date", "e-mail"):
        return None
    bound = min(own.bound, key.bound)
    compared = {one for one in own.values if one < bound}
    included = len(compared & key.values) / len(compared) if compared else 0.0
    if included < INCLUDED or (own.distinct < FEW_VALUES and named < SURE):
        return None
    covered = own.distinct / key.distinct  # a reference leads to most of what is there
    return Belonging(own.name, key.name, included, named + included + 0.5 * min(covered, 1.0))


def _named(child: SeenTable, own: SeenColumn, parent: SeenTable, key: SeenColumn, among: Sequence[str]) -> float:
    """How much the names say: the child's is one that references have, or the parent's key with the parent's name in it."""
    of_parent = bool(shared_words(own.name, [parent.name]))
    same = own.name.casefold() == key.name.casefold()
    likely = max((name_score(own.name, one) for one in among), default=0.0)
    is_first = 0.2 if key.name == parent.columns[0].name else 0.0
    # The first column of a table is mostly its own key, and no reference; `id` and `store_id` are in tables of all kinds.
    is_own = 1.0 if child.columns[0].name == own.name and (own.is_key or not own.rows) else 0.0
    return (1.0 if same and of_parent else 0.0) + likely + 0.3 * of_parent + is_first - is_own


def roles(tables: Sequence[SeenTable]) -> dict[str, SeenTable]:
    """Payload -> the table of its records. Addresses may lie in the table of the users."""
    found: dict[str, SeenTable] = {}
    for payload in ("order_item", "order", "user"):
        ranked = [
            (role_score(payload, one) + _evidence(payload, one, found), one)
            for one in tables
            if one not in found.values() and (one.rows or not any(other.rows for other in tables))
        ]
        score, table = max(ranked, key=lambda item: item[0], default=(0.0, None))
        if table is not None and score >= SURE - 0.1:
            found[payload] = table
    taken = [one for payload, one in found.items() if payload != "user"]
    ranked = [(role_score("address", one) - 0.3 * _is_of_orders(one), one) for one in tables if one not in taken]
    score, table = max(ranked, key=lambda item: item[0], default=(0.0, None))
    users = found.get("user")
    own = users if users is not None and _has_a_place(users) else None
    if table is not None and score >= SURE - 0.2 and (own is None or _is_of(table, own)):
        found["address"] = table
    elif own is not None:
        found["address"] = own
    return {payload: found[payload] for payload in PAYLOADS if payload in found}


def _is_of_orders(table: SeenTable) -> bool:
    """Whether addresses are those that orders went to: each is there as often as somebody ordered."""
    return any(name_score(one.name, VOCABULARIES["order_item"]["order_number"]) >= KNOWN for one in table.own) or bool(
        {"order", "orders", "siparis"} & set(words_of(table.name))
    )


def _is_of(table: SeenTable, users: SeenTable) -> bool:
    """Whether addresses are those of users, who have one in their own table: employees and suppliers have addresses as well."""
    return table is users or relation(table, users, "address", "customer_code") is not None


def _has_a_place(table: SeenTable) -> bool:
    """Whether a table of users says where they live."""
    names = [VOCABULARIES["address"][field] for field in ("city", "line")]
    return any(name_score(column.name, one) > 0.5 for column in table.own for one in names)


def _evidence(payload: str, table: SeenTable, found: Mapping[str, SeenTable]) -> float:
    """What values say of a table: items refer to it, or its orders do."""
    child = {"order": "order_item", "user": "order"}.get(payload)
    if child is None or child not in found or not table.rows:
        return 0.0
    field = "order_number" if payload == "order" else "user"
    linked = relation(found[child], table, child, field)
    return 0.2 if linked is not None and linked.score > 1.5 else 0.0
