"""The text of a proposed field: an expression over its column, by what the column's values look like."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from msgspec import Struct

from etl.guess.proposal import Guess, Proposal, ProposedStage
from etl.guess.tables import SeenColumn

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = ("and", "or", "not", "in", "is", "if", "else", "none", "true", "false", "row")


class Written(Struct, frozen=True):
    """A field as it is written: its YAML, and the comment behind it. `gap`: a person has to say what it is made from."""

    value: str
    why: str
    gap: bool = False


def reference(name: str) -> str:
    """A column in an expression."""
    if _WORD.fullmatch(name) and name.lower() not in _RESERVED:
        return name
    return f"row['{name}']" if "'" not in name else f'row["{name}"]'


def cell(column: SeenColumn) -> str:
    """A column in an expression, or what lies inside of it, as it is."""
    return column.name if column.inside else reference(column.name)


def as_text(column: SeenColumn) -> str:
    """The same as a text: a number of JSON is none by itself."""
    return f"{cell(column)} | text" if column.typed else cell(column)


def can_be_named(name: str) -> bool:
    """Whether an expression can refer to a column at all: of one whose name has both quotes or a line break, none can."""
    return name.isprintable() and not ("'" in name and '"' in name) and not set(name) & set("\\{}")


def expression(text: str) -> str:
    """An expression as YAML."""
    quoted = f"{{{{ {text} }}}}"
    return f'"{quoted}"' if '"' not in quoted else "'" + quoted.replace("'", "''") + "'"


def gap(field: str, likeliest: Guess | None) -> Written:
    """A field that nothing surely fills: a column that is not there, by whose name `etl check` finds the likeliest one."""
    name = likeliest.column.name if likeliest is not None else field
    why = (
        f"a gap; the likeliest is '{name}', {likeliest.why}"
        if likeliest is not None
        else "a gap: no column looks like it"
    )
    return Written(expression(reference(f"{name}?")), why, gap=True)


def written(field: str, stage: ProposedStage, proposal: Proposal) -> Written | None:
    """A field of a payload. None: it is left out, which its schema allows."""
    made = _MADE.get((stage.payload, field)) or _MADE.get(("", field))
    if made is not None:
        return made(field, stage, proposal)
    guess = stage.guesses.get(field)
    if guess is not None and guess.is_sure:
        return Written(expression(_as_it_is(field, guess.column)), guess.why)
    return gap(field, guess) if field in REQUIRED[stage.payload] else None


REQUIRED: Mapping[str, tuple[str, ...]] = {
    "user": ("customer_code", "first_name", "last_name", "email", "sms_allowed", "email_allowed", "date_joined", "password",
             "password_algorithm"),
    "address": ("customer_code", "first_name", "last_name", "country", "city", "township", "line", "email"),
    "order": ("number", "user", "user_email", "status", "created_date", "amount", "currency", "payment_type", "bank",
              "tracking_number", "shipping_company", "shipping_address", "billing_address"),
    "order_item": ("order_number", "price"),
}  # fmt: skip
OPTIONAL: Mapping[str, tuple[str, ...]] = {
    "user": ("phone", "gender", "date_of_birth"),
    "address": ("title", "phone_number", "district", "company_name", "tax_no", "tax_office"),
    "order": ("discount_amount", "installment_count"),
    "order_item": ("product", "sku", "quantity", "image_url"),
}


def _as_it_is(field: str, column: SeenColumn) -> str:
    """Text, unless it is surely something else: codes, postcodes and telephones keep their zeros."""
    name, number = as_text(column), cell(column)
    if field in ("email", "user_email"):
        return f"{name} | email"
    if field == "phone":
        return f"{name} | phone('TR', default=none)"
    if field == "country":
        return f"{name} | country"
    if field in ("date_joined", "created_date", "date_of_birth"):
        return f"{number} | {_date('date' if field == 'date_of_birth' else 'datetime', column)}"
    if field in ("amount", "discount_amount", "price"):
        return f"{number} | {_money(column)}"
    if field == "quantity":
        return f"{number} | int" if column.form in ("number", "") else f"{number} | decimal{_mark(column)} | int"
    return name


def _date(function: str, column: SeenColumn) -> str:
    if column.detail == "Unix seconds":
        return "epoch('Europe/Istanbul')"
    if column.detail == "ISO 8601 with a zone":
        return f"{function}(to='Europe/Istanbul')"
    if column.form != "date" or column.detail == "ISO 8601" or column.detail.startswith("%Y-%m-%d"):
        return function
    return f"{function}('{column.detail}')"


def _money(column: SeenColumn) -> str:
    return f"money{_mark(column)}"


def _mark(column: SeenColumn) -> str:
    """Of whole numbers, and where no rows were seen, the dot: databases write it."""
    return "" if column.detail == "1.234,56" else "('.')"


# Fields that are made otherwise

Made = Callable[[str, ProposedStage, Proposal], Written | None]


def _name(field: str, stage: ProposedStage, proposal: Proposal) -> Written:
    own, whole = stage.guesses.get(field), stage.guesses.get("name")
    if own is not None and own.is_sure:
        return Written(expression(as_text(own.column)), own.why)
    if whole is not None and whole.is_sure:
        which = "first" if field == "first_name" else "last"
        end = "" if which == "first" else " | default('-')"
        return Written(
            expression(f"{as_text(whole.column)} | split_name('{which}'){end}"), f"a whole name, {whole.why}"
        )
    return gap(field, own or whole)


def _line(field: str, stage: ProposedStage, proposal: Proposal) -> Written:
    first, second = stage.guesses.get("line"), stage.guesses.get("line_2")
    if first is None or not first.is_sure:
        return gap(field, first)
    more = f" | join({as_text(second.column)})" if second is not None and second.is_sure else ""
    return Written(expression(as_text(first.column) + more), first.why)


def _city(field: str, stage: ProposedStage, proposal: Proposal) -> Written:
    """Where one column says where somebody lives, it is all that there is for city and township."""
    own, other = stage.guesses.get(field), stage.guesses.get("township" if field == "city" else "city")
    if own is not None and own.is_sure:
        return Written(expression(as_text(own.column)), own.why)
    if other is not None and other.is_sure:
        return Written(expression(as_text(other.column)), "no column of its own: what is known of the place")
    return gap(field, own)


def _permission(field: str, stage: ProposedStage, proposal: Proposal) -> Written:
    guess = stage.guesses.get(field)
    if guess is None or not guess.is_sure or guess.column.distinct > 2:
        return Written("false", "no column says that anybody has allowed it")
    return Written(expression(f"{cell(guess.column)} | bool | default(false)"), guess.why)


def _password(field: str, stage: ProposedStage, proposal: Proposal) -> Written:
    guess, code = stage.guesses.get("password"), stage.guesses.get("customer_code")
    key = as_text(code.column) if code is not None else reference("customer_code?")
    if guess is None or not guess.is_sure:
        if field == "password":
            return Written(expression(f"{key} | unusable_password"), "no column holds one: nobody can log in with this")
        return Written("reset", "the word to agree with Akinon for customers who set a new password")
    name = as_text(guess.column)
    if field == "password":
        return Written(expression(f"{name} | password('hash') | default({key} | unusable_password)"), guess.why)
    return Written(expression(f"{name} | password('algorithm') | default('reset')"), "by the form of the password")


def _of_the_user(field: str, stage: ProposedStage, proposal: Proposal) -> Written:
    """The e-mail of an address or order: its own, or that of the customer it belongs to."""
    own, user = stage.guesses.get(field), proposal.stage("user")
    if own is not None and own.is_sure:
        return Written(expression(f"{as_text(own.column)} | email"), own.why)
    email = user.guesses.get("email") if user is not None else None
    if stage.belongs is None or email is None or not email.is_sure:
        return gap(field, own)
    text = f"{cell(stage.table.column(stage.belongs.child))} | lookup('{EMAILS}', default=none) | email"
    return Written(expression(text), f"that of its customer: {stage.belongs.evidence}")


EMAILS = "email_of"


def _gender(field: str, stage: ProposedStage, proposal: Proposal) -> Written | None:
    guess = stage.guesses.get(field)
    if guess is None or not guess.is_sure:
        return None
    return Written(expression(f"{as_text(guess.column)} | lookup('gender', default=none, by='lower')"), guess.why)


def _status(field: str, stage: ProposedStage, proposal: Proposal) -> Written:
    guess = stage.guesses.get(field)
    if guess is None or not guess.is_sure:
        return gap(field, guess)
    return Written(expression(f"{as_text(guess.column)} | lookup('order_status')"), f"{guess.why}; see the lookup")


def _currency(field: str, stage: ProposedStage, proposal: Proposal) -> Written:
    guess = stage.guesses.get(field)
    if guess is None or not guess.is_sure:
        return gap(field, guess)
    return Written(expression(f"{as_text(guess.column)} | lookup('currency', by='lower')"), guess.why)


def _or_nothing(field: str, stage: ProposedStage, proposal: Proposal) -> Written:
    guess = stage.guesses.get(field)
    if guess is None or not guess.is_sure:
        likeliest = (
            "no column looks like it" if guess is None else f"the likeliest is '{guess.column.name}', {guess.why}"
        )
        return Written('""', f"{likeliest}; it may be empty")
    return Written(expression(f"{as_text(guess.column)} | truncate(64) | default('')"), guess.why)


def _place(field: str, stage: ProposedStage, proposal: Proposal) -> Written:
    other = "billing_address" if field == "shipping_address" else "shipping_address"
    for name in (field, other):
        columns = [as_text(one) for one in stage.places.get(name, ())]
        if columns:
            rest = f" | join({', '.join(columns[1:])}, separator=', ')" if columns[1:] else ""
            own = "columns of its own" if name == field else f"no columns of its own: those of {other}"
            return Written(expression(f"{columns[0]}{rest} | truncate(512)"), own)
    return gap(field, None)


_MADE: Mapping[tuple[str, str], Made] = {
    ("", "first_name"): _name,
    ("", "last_name"): _name,
    ("", "line"): _line,
    ("", "city"): _city,
    ("", "township"): _city,
    ("", "sms_allowed"): _permission,
    ("", "email_allowed"): _permission,
    ("", "password"): _password,
    ("", "password_algorithm"): _password,
    ("address", "email"): _of_the_user,
    ("", "user_email"): _of_the_user,
    ("", "gender"): _gender,
    ("", "status"): _status,
    ("", "currency"): _currency,
    ("", "payment_type"): _or_nothing,
    ("", "tracking_number"): _or_nothing,
    ("", "bank"): lambda field, stage, proposal: Written('""', "it may be empty"),
    ("", "shipping_address"): _place,
    ("", "billing_address"): _place,
}
