"""All that is gathered of a stage's rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct, field

from etl.measures.balance import Amounts
from etl.measures.census import Census, FieldSketch, together
from etl.measures.money import MoneySketch
from etl.measures.passwords import FormOfPassword


class StageSketch(Struct):
    """Of some rows of a stage, or of all.

    rows       that could be read; `columns` are the values of their cells, as the source has them
    records    that they make, before these are held against each other
    empty      in how many of these each field is empty, where it is in any
    fields     of these records; a field of which nothing more is told is not there
    money      by the field of the amount
    passwords  of all records, by kind
    looked     how many of the rows were looked at closely: what `columns`, and most of `fields`, tell is of these alone
    orders     what each record amounts to, of a stage of orders or items
    """

    rows: int = 0
    records: int = 0
    columns: dict[str, Census] = field(default_factory=dict)
    empty: dict[str, int] = field(default_factory=dict)
    fields: dict[str, FieldSketch] = field(default_factory=dict)
    money: dict[str, MoneySketch] = field(default_factory=dict)
    passwords: Counter[FormOfPassword] = field(default_factory=Counter)
    looked: int = 0
    orders: Amounts = field(default_factory=Amounts)

    def placed(self, at: Sequence[int]) -> StageSketch:
        """The same, with places instead of the indices of rows."""
        for money in self.money.values():
            money.renumber(at.__getitem__)
        return self

    def add(self, other: StageSketch) -> None:
        """Take another one in. Its `orders` are left to whoever keeps them for all stages."""
        self.rows += other.rows
        self.records += other.records
        for name, many in other.empty.items():
            self.empty[name] = self.empty.get(name, 0) + many
        self.looked += other.looked
        for name, values in other.columns.items():
            self.columns[name] = together(self.columns[name], values) if name in self.columns else values
        for name, found in other.fields.items():
            self.fields.setdefault(name, FieldSketch()).add(found)
        for name, money in other.money.items():
            self.money.setdefault(name, MoneySketch()).add(money)
        self.passwords.update(other.passwords)
