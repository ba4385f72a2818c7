"""What the mapping of an unknown shop may be: each field with the column that it is likeliest made from, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from etl.guess.tables import KNOWN, PAYLOADS, SURE, Belonging, SeenColumn, SeenTable, relation, roles
from etl.guess.words import VOCABULARIES, name_score, status_of, words_of

FORMS: Mapping[str, tuple[str, ...]] = {
    "email": ("e-mail",), "user_email": ("e-mail",), "phone": ("phone",), "phone_number": ("phone",),
    "date_joined": ("date",), "date_of_birth": ("date",), "created_date": ("date",),
    "amount": ("money", "number"), "discount_amount": ("money", "number"), "price": ("money", "number"),
    "quantity": ("number", "money"), "password": ("digest",),
}  # fmt: skip
"""What the values of a field's column look like."""

TELLING_VALUES = ("email", "user_email", "password")
"""Fields that are told by the values alone; a date, an amount or a telephone may be any of several."""

BY_NAME = ("date_of_birth", "discount_amount")
"""Fields for which values alone are no reason: the same values are likelier another field's."""

KEYS = ("customer_code", "number")

TEXTS = (
    "first_name",
    "last_name",
    "name",
    "city",
    "township",
    "district",
    "line",
    "line_2",
    "product",
    "country",
    "company_name",
)
"""Fields whose columns hold no dates, amounts or digests."""

REFERENCES: Mapping[str, tuple[str, str]] = {
    "address": ("customer_code", "user"), "order": ("user", "user"), "order_item": ("order_number", "order"),
}  # fmt: skip

SHIPPING = "ship shipping delivery teslimat sevk gonderim"
BILLING = "bill billing invoice payment fatura"
PLACE = 3
"""So many parts of an address make one: `shipping_company` beside `shipping_city` is a part of it, and no carrier."""

PARTS = ("first_name", "last_name", "name", "company_name", "line", "line_2", "township", "city", "country")
"""Of an address that is written into one text."""


class Guess(Struct, frozen=True):
    """A column for a field; `score` says how sure that is, `why` what it is told by."""

    column: SeenColumn
    score: float
    why: str

    @property
    def is_sure(self) -> bool:
        return self.score >= SURE


class ProposedStage(Struct, frozen=True):
    """A payload's table; field -> guess; and the column by which its records belong to those of an earlier stage.

    `places`: the columns of the two addresses of an order, in the order in which they are written together.
    """

    payload: str
    table: SeenTable
    guesses: Mapping[str, Guess]
    belongs: Belonging | None = None
    places: Mapping[str, tuple[SeenColumn, ...]] = field(default_factory=dict)


class Proposal(Struct, frozen=True):
    stages: tuple[ProposedStage, ...]

    def stage(self, payload: str) -> ProposedStage | None:
        return next((one for one in self.stages if one.payload == payload), None)


def propose(tables: list[SeenTable]) -> Proposal:
    """Opens nothing: what is known of the tables is all it goes by."""
    chosen = roles(tables)
    stages = [_stage(payload, chosen) for payload in PAYLOADS if payload in chosen]
    return Proposal(tuple(stages))


def _stage(payload: str, chosen: Mapping[str, SeenTable]) -> ProposedStage:
    table = chosen[payload]
    places = {
        name: tuple(_place(table, words))
        for name, words in (("shipping_address", SHIPPING), ("billing_address", BILLING))
        if payload == "order"
    }
    if payload == "order" and not any(places.values()):
        places["shipping_address"] = tuple(_only_line(table))
    of_places = {one.name for columns in places.values() if len(columns) >= PLACE for one in columns}
    guesses = _assigned(
        payload, replace(table, columns=tuple(one for one in table.columns if one.name not in of_places))
    )
    belongs = _belongs(payload, chosen)
    if belongs is not None:
        own = REFERENCES[payload][0]
        column = table.column(belongs.child)
        guesses = {name: one for name, one in guesses.items() if one.column is not column or name == own}
        guesses[own] = Guess(column, 1.0, f"refers to {REFERENCES[payload][1]}: {belongs.evidence}")
    child = {"user": "order", "order": "order_item"}.get(payload)
    referred = _belongs(child, chosen) if child is not None and child in chosen else None
    key = {"user": "customer_code", "order": "number"}.get(payload)
    if payload == "address" and table is chosen.get("user"):
        code = _stage("user", chosen).guesses.get("customer_code")
        guesses |= {} if code is None else {"customer_code": code}
    if referred is not None and key is not None:
        guesses[key] = Guess(table.column(referred.parent), 1.0, f"{child} refers to it: {referred.evidence}")
    return ProposedStage(payload, table, guesses, belongs, places)


def _belongs(payload: str, chosen: Mapping[str, SeenTable]) -> Belonging | None:
    """The relation by which the records of a stage belong to those of another; of one table for both there is its own key."""
    if payload not in REFERENCES or REFERENCES[payload][1] not in chosen:
        return None
    name, parent = REFERENCES[payload]
    if chosen[payload] is chosen[parent]:
        return None
    return relation(chosen[payload], chosen[parent], payload, name)


OF_OBJECTS: Mapping[str, tuple[str, ...]] = {
    "address": ("customer_code",), "order": ("user", "user_email"), "order_item": ("order_number",),
}  # fmt: skip
"""Fields that may be made from what lies inside of an object: whose a record is. Its other parts tell of somebody else."""


def _assigned(payload: str, table: SeenTable) -> dict[str, Guess]:
    """Each column goes to one field, the surest first."""
    scored = [
        (guess, name)
        for name, names in VOCABULARIES[payload].items()
        for column in (table.columns if name in OF_OBJECTS.get(payload, ()) else table.own)
        if (guess := _guess(name, names, column)).score > 0
    ]
    found: dict[str, Guess] = {}
    taken: set[str] = set()
    for guess, name in sorted(scored, key=lambda item: -item[0].score):
        if name not in found and guess.column.name not in taken:
            found[name] = guess
            taken.add(guess.column.name)
    return found


NUMBERED = ("country", "city", "township", "currency", "shipping_company", "payment_type")
"""Fields whose columns hold names or words. A number is that of a row elsewhere, which a lookup or a join has to find."""


def _is_a_number(column: SeenColumn) -> bool:
    return column.form == "number" if column.filled else "id" in words_of(column.name)


def _guess(name: str, names: str, column: SeenColumn) -> Guess:
    by_name = name_score(column.name, names)
    if name in NUMBERED and by_name and _is_a_number(column):
        return Guess(column, SURE - 0.05, "by its name, though it is a number: what that stands for is told elsewhere")
    wanted = FORMS.get(name)
    if not column.rows:
        return Guess(column, by_name, "by its name; no rows were seen")
    filled = f"{column.filled:,} of {column.rows:,} cells filled"
    if not column.filled:
        return Guess(column, by_name * 0.4, "by its name, and no cell of it is filled")
    told = f"{column.form}{f' {column.detail}' if column.detail else ''}, {filled}"
    if column.form == "JSON" or (name == "name" and column.form == "code"):
        return Guess(column, by_name * 0.4, f"by its name, though its values are: {told}")
    if name in KEYS and column.is_key and not by_name:
        return Guess(column, 0.2, f"each row has another value in it: {told}")
    if wanted is not None and column.form in wanted and (by_name or name not in BY_NAME):
        bonus = 0.45 if name in TELLING_VALUES else 0.25 if by_name else 0.15
        return Guess(column, by_name + bonus, f"by its {'name and ' if by_name else ''}values: {told}")
    if wanted is not None and column.form not in ("text", "code", ""):
        return Guess(column, by_name * 0.3, f"by its name, though its values are: {told}")
    if name in TEXTS and 2 * column.filled < column.rows:
        return Guess(column, by_name * 0.6, f"by its name, though few of its cells are filled: {told}")
    if name in TEXTS and column.form in ("date", "money", "digest", "e-mail", "number"):
        return Guess(column, by_name * 0.4, f"by its name, though its values are: {told}")
    return Guess(column, by_name, f"by its name: {told}")


def _place(table: SeenTable, words: str) -> list[SeenColumn]:
    """The columns of an order's own address, as `ShipName`, `ShipAddress`: one for each part. `payment_state` alone is none."""
    fitting = [one for one in table.columns if one.form != "JSON" and _rest(one, words) is not None]
    taken: set[str] = set()
    found: dict[str, SeenColumn] = {}
    for part in PARTS:
        names = VOCABULARIES["address"][part]
        scored = [(name_score(_rest(one, words) or "", names), one) for one in fitting if one.name not in taken]
        score, column = max(scored, key=lambda item: item[0], default=(0.0, None))
        if column is not None and score >= SURE:
            taken.add(column.name)
            found[part] = column
    if {"first_name", "last_name"} <= set(found):
        found.pop("name", None)
    return list(found.values()) if "line" in found else []


def _only_line(table: SeenTable) -> Iterator[SeenColumn]:
    """The one column of an order that holds an address, where it has none for parcels or bills."""
    scored = [(name_score(one.name, VOCABULARIES["address"]["line"]), one) for one in table.own]
    score, column = max(scored, key=lambda item: item[0])
    # At the end of a longer name it may be an e-mail's, or a visitor's.
    if score >= KNOWN and column.form not in ("JSON", *FORMS["email"]):
        yield column


def _rest(column: SeenColumn, words: str) -> str | None:
    """What stands after 'ship' or 'billing' in a column's name, or in what lies inside of such an object."""
    if column.inside:
        is_one = "".join(words_of(column.inside)).startswith(tuple(words.split()))
        return column.name.removeprefix(f"{column.inside}.") if is_one else None
    folded = "".join(words_of(column.name))
    for word in sorted(words.split(), key=len, reverse=True):
        if folded.startswith(word) and len(folded) > len(word):
            return folded.removeprefix(word)
    return None


def known_statuses(column: SeenColumn) -> dict[str, str | None]:
    """The values of an order's status, each with Omnitron's code; None where the name says nothing."""
    return {value: status_of(value) for value, _ in column.few}
