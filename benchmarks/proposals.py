"""How many fields `etl init` gets right for a shop that it does not know: python -m benchmarks.proposals [SHOP...]

The tables are those of ../shared/data, which nobody here wrote; what is right was written down by hand. BUILT_WITH were looked at
while the vocabulary was made; LEFT_OUT were not, but one is the kin of another. UNSEEN were run once before
anything was mended for them: those figures, in docs/new-shop.md, say what a new shop may expect.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.structures import STRUCTURES, filled
from etl.commands.proposing import ProposedFields, fields_of
from etl.commands.seeing import look, seen_tables
from etl.extract import Connections
from etl.guess.expressions import Written
from etl.guess.proposal import propose

DATA = Path(__file__).parents[2] / "shared/data"
GAP = "-"
"""What is right where no column of the table holds the field: that it is left to a person."""

GAP_AT = "?"
"""Where only a lookup or a join makes the field of the column: a gap that names it."""

FROM = "from"
"""Instead of a field: the table of the payload. Of another table no field is right."""

Truth = Mapping[str, Mapping[str, str]]
"""Payload -> field -> the columns that are right for it; any of them, or GAP."""


@dataclass(frozen=True)
class Case:
    files: tuple[str, ...]
    truth: Truth


_OSC_ORDER = {
    "user": "customers_id", "user_email": "customers_email_address", "status": "orders_status", "created_date": "date_purchased",
    "currency": "currency", "shipping_address": "delivery_street_address", "billing_address": "billing_street_address",
    "number": "orders_id",
}  # fmt: skip
_OSC: Truth = {
    "user": {
        "customer_code": "customers_id", "first_name": "customers_firstname", "last_name": "customers_lastname",
        "email": "customers_email_address", "phone": "customers_telephone", "date_of_birth": "customers_dob",
        "gender": "customers_gender", "password": "customers_password", "email_allowed": "customers_newsletter",
        "date_joined": GAP,
    },
    "address": {
        "customer_code": "customers_id", "first_name": "entry_firstname", "last_name": "entry_lastname",
        "line": "entry_street_address", "city": "entry_state entry_city", "township": "entry_city entry_suburb",
        "country": "?entry_country_id", "company_name": "entry_company",
    },
    "order_item": {
        "order_number": "orders_id", "product": "products_name", "sku": "products_model products_id",
        "quantity": "products_quantity", "price": "final_price products_price",
    },
}  # fmt: skip

BUILT_WITH: Mapping[str, Case] = {
    "northwind": Case(
        ("northwind/customers.csv", "northwind/orders.csv", "northwind/order-details.csv"),
        {
            "user": {
                "customer_code": "CustomerID", "first_name": "ContactName", "last_name": "ContactName", "email": GAP,
                "date_joined": GAP, "phone": "Phone",
            },
            "address": {
                "customer_code": "CustomerID", "country": "Country", "city": "City Region", "township": "City Region",
                "line": "Address", "company_name": "CompanyName", "phone_number": "Phone", "email": GAP,
            },
            "order": {
                "number": "OrderID", "user": "CustomerID", "created_date": "OrderDate", "amount": GAP, "status": GAP,
                "currency": GAP, "shipping_company": "?ShipVia", "shipping_address": "ShipAddress", "user_email": GAP,
            },
            "order_item": {"order_number": "OrderID", "price": "UnitPrice", "sku": "ProductID", "quantity": "Quantity"},
        },
    ),
    "olist": Case(
        (
            "olist/olist_customers_dataset.csv", "olist/olist_orders_dataset.csv", "olist/olist_order_items_dataset.csv",
            "olist/olist_products_dataset.csv", "olist/olist_order_payments_dataset.csv",
        ),
        {
            "user": {
                "customer_code": "customer_id customer_unique_id", "first_name": GAP, "last_name": GAP, "email": GAP,
                "date_joined": GAP,
            },
            "address": {
                "customer_code": "customer_id customer_unique_id", "city": "customer_city customer_state",
                "township": "customer_city", "line": GAP, "country": GAP,
            },
            "order": {
                "number": "order_id", "user": "customer_id", "status": "order_status",
                "created_date": "order_purchase_timestamp", "amount": GAP, "currency": GAP,
            },
            "order_item": {"order_number": "order_id", "price": "price", "sku": "product_id"},
        },
    ),
    "opencart": Case(
        ("opencart/opencart-3.0.3.8.sql",),
        {
            "user": {
                "customer_code": "customer_id", "first_name": "firstname", "last_name": "lastname", "email": "email",
                "phone": "telephone", "date_joined": "date_added", "password": "password", "email_allowed": "newsletter",
            },
            "address": {
                "customer_code": "customer_id", "first_name": "firstname", "last_name": "lastname", "line": "address_1",
                "company_name": "company", "city": "city", "township": "city", "country": "?country_id",
            },
            "order": {
                "number": "order_id", "user": "customer_id", "user_email": "email", "status": "order_status_id",
                "created_date": "date_added", "amount": "total", "currency": "currency_code",
                "payment_type": "payment_method payment_code", "shipping_company": "shipping_method shipping_code",
                "shipping_address": "shipping_address_1", "billing_address": "payment_address_1",
            },
            "order_item": {
                "order_number": "order_id", "product": "name", "sku": "model product_id", "quantity": "quantity",
                "price": "price",
            },
        },
    ),
    "oscommerce": Case(
        ("oscommerce/oscommerce-2.3.4.1.sql",),
        {**_OSC, "order": {**_OSC_ORDER, "payment_type": "payment_method", "amount": GAP, "shipping_company": GAP}},
    ),
}  # fmt: skip

AFTERWARDS: Mapping[str, Case] = {
    "magento": Case(
        ("magento1/customer.dest.sql",),
        {
            "user": {
                "customer_code": "entity_id", "first_name": "firstname", "last_name": "lastname", "email": "email",
                "date_of_birth": "dob", "gender": "gender", "date_joined": "created_at", "password": "password_hash",
            },
            "address": {
                "customer_code": "parent_id", "first_name": "firstname", "last_name": "lastname", "line": "street",
                "city": "region city", "township": "city", "country": "?country_id", "company_name": "company",
                "phone_number": "telephone", "tax_no": "vat_id",
            },
        },
    ),
}  # fmt: skip
"""Looked at last: of what was wrong then (both keys of customers) it was mended."""

LEFT_OUT: Mapping[str, Case] = {
    "zencart": Case(
        ("zencart/mysql_zencart.sql",),
        {
            **_OSC,
            "order": {
                **_OSC_ORDER, "payment_type": "payment_method payment_module_code", "amount": "order_total",
                "shipping_company": "shipping_method shipping_module_code",
            },
        },
    ),
    "prestashop": Case(
        ("prestashop/db_structure.sql",),
        {
            "user": {
                "customer_code": "id_customer", "first_name": "firstname", "last_name": "lastname", "email": "email",
                "password": "passwd", "date_of_birth": "birthday", "date_joined": "date_add", "email_allowed": "newsletter optin",
                "gender": "id_gender",
            },
            "address": {
                "customer_code": "id_customer", "first_name": "firstname", "last_name": "lastname", "line": "address1",
                "company_name": "company", "city": "city", "township": "city", "country": "?id_country",
                "phone_number": "phone phone_mobile", "tax_no": "vat_number dni", "title": "alias",
            },
            "order": {
                "number": "reference id_order", "user": "id_customer", "status": "current_state", "created_date": "date_add",
                "amount": "total_paid total_paid_tax_incl", "discount_amount": "total_discounts total_discounts_tax_incl",
                "currency": "?id_currency", "payment_type": "payment module", "shipping_company": "?id_carrier",
                "tracking_number": "shipping_number", "shipping_address": GAP,
            },
            "order_item": {
                "order_number": "id_order", "product": "product_name", "sku": "product_reference product_id",
                "quantity": "product_quantity", "price": "unit_price_tax_incl product_price",
            },
        },
    ),
}  # fmt: skip


UNSEEN: Mapping[str, Case] = {
    "thelia": Case(
        ("thelia",),
        {
            "user": {
                FROM: "customer",
                "customer_code": "id ref", "first_name": "firstname", "last_name": "lastname", "email": "email",
                "date_joined": "created_at", "password": "password", "phone": GAP, "date_of_birth": GAP,
            },
            "address": {
                FROM: "address",
                "customer_code": "customer_id", "first_name": "firstname", "last_name": "lastname", "line": "address1",
                "city": "city", "township": "city", "country": "?country_id", "company_name": "company",
                "phone_number": "phone cellphone", "email": "customer_id",
            },
            "order": {
                FROM: "order",
                "number": "ref id", "user": "customer_id", "user_email": "customer_id", "status": "status_id",
                "created_date": "created_at", "amount": GAP, "discount_amount": "discount", "currency": "?currency_id",
                "shipping_company": "?delivery_module_id", "tracking_number": "delivery_ref", "shipping_address": GAP,
            },
            "order_item": {
                FROM: "order_product",
                "order_number": "order_id", "product": "title", "sku": "product_ref product_sale_elements_ref",
                "quantity": "quantity", "price": "price promo_price",
            },
        },
    ),
    "ecshop": Case(
        ("ecshop",),
        {
            "user": {
                FROM: "ecs_users",
                "customer_code": "user_id", "first_name": GAP, "last_name": GAP, "email": "email", "phone": "mobile_phone",
                "gender": "sex", "date_of_birth": "birthday", "date_joined": "reg_time", "password": "password",
            },
            "address": {
                FROM: "ecs_user_address",
                "customer_code": "user_id", "first_name": "consignee", "last_name": "consignee", "line": "address",
                "country": "?country", "city": "?province", "township": "?city district", "phone_number": "mobile tel",
                "email": "email", "title": "address_name",
            },
            "order": {
                FROM: "ecs_order_info",
                "number": "order_sn order_id", "user": "user_id", "user_email": "email", "status": "order_status",
                "created_date": "add_time", "amount": GAP, "discount_amount": "discount", "currency": GAP,
                "payment_type": "pay_name", "shipping_company": "shipping_name", "tracking_number": "invoice_no",
                "shipping_address": "address",
            },
            "order_item": {
                FROM: "ecs_order_goods",
                "order_number": "order_id", "product": "goods_name", "sku": "goods_sn goods_id",
                "quantity": "goods_number", "price": "goods_price",
            },
        },
    ),
    "solidus": Case(
        ("solidus",),
        {
            "user": {
                FROM: "spree_users",
                "customer_code": "id", "first_name": GAP, "last_name": GAP, "email": "email", "date_joined": "created_at",
                "password": "crypted_password", "phone": GAP,
            },
            "address": {
                FROM: "spree_addresses",
                "customer_code": GAP, "first_name": "firstname", "last_name": "lastname", "line": "address1",
                "city": "state_name", "township": "city", "country": "?country_id", "company_name": "company",
                "phone_number": "phone", "email": GAP,
            },
            "order": {
                FROM: "spree_orders",
                "number": "number id", "user": "user_id", "user_email": "email", "status": "state",
                "created_date": "completed_at created_at", "amount": "total", "discount_amount": "promo_total",
                "currency": "currency", "shipping_company": GAP, "shipping_address": GAP,
            },
            "order_item": {
                FROM: "spree_line_items",
                "order_number": "order_id", "product": GAP, "sku": "variant_id", "quantity": "quantity", "price": "price",
            },
        },
    ),
    "virtuemart": Case(
        ("virtuemart",),
        {
            "user": {
                FROM: "jos_users",
                "customer_code": "id", "first_name": "name", "last_name": "name", "email": "email", "date_joined": "registerDate",
                "password": "password",
            },
            "address": {
                FROM: "jos_virtuemart_userinfos",
                "customer_code": "virtuemart_user_id", "first_name": "first_name", "last_name": "last_name", "line": "address_1",
                "city": "city", "township": "city", "country": "?virtuemart_country_id", "company_name": "company",
                "phone_number": "phone_1", "email": "virtuemart_user_id",
            },
            "order": {
                FROM: "jos_virtuemart_orders",
                "number": "order_number virtuemart_order_id", "user": "virtuemart_user_id", "user_email": "virtuemart_user_id",
                "status": "order_status", "created_date": "created_on", "amount": "order_total",
                "discount_amount": "coupon_discount order_discount", "currency": "?order_currency",
                "shipping_company": "?ship_method_id", "shipping_address": GAP,
            },
            "order_item": {
                FROM: "jos_virtuemart_order_items",
                "order_number": "virtuemart_order_id", "product": "order_item_name", "sku": "order_item_sku",
                "quantity": "product_quantity", "price": "product_final_price",
            },
        },
    ),
    "ubercart": Case(
        ("ubercart",),
        {
            "user": {
                FROM: "users",
                "customer_code": "uid", "first_name": GAP, "last_name": GAP, "email": "mail", "date_joined": "created",
                "password": "pass",
            },
            "order": {
                FROM: "uc_orders",
                "number": "order_id", "user": "uid", "user_email": "primary_email", "status": "order_status",
                "created_date": "created", "amount": "order_total", "currency": GAP, "payment_type": "payment_method",
                "shipping_company": GAP, "shipping_address": "delivery_street1",
            },
            "order_item": {
                FROM: "uc_order_products",
                "order_number": "order_id", "product": "title", "sku": "model nid", "quantity": "qty", "price": "price",
            },
        },
    ),
}  # fmt: skip
"""Written from public repositories, with invented rows; what is right was written down before the first run."""


def proposed(case: Case) -> list[ProposedFields]:
    with Connections() as connections, TemporaryDirectory() as folder:
        found = look([_readable(one, Path(folder)) for one in case.files], connections)
        seen = seen_tables([each for _, each in found], connections)
        return fields_of(propose([one.table for one in seen]))


def _readable(name: str, folder: Path) -> str:
    """A shop's installation script is no dump: of it the structures alone, as a dump has them."""
    if name in STRUCTURES:
        return str(filled(name, folder / "shop.db"))
    file = DATA / name
    if file.suffix != ".sql":
        return str(file)
    text = file.read_text(encoding="utf-8", errors="replace").replace("PREFIX_", "ps_").replace("ENGINE_TYPE", "InnoDB")
    (folder / file.name).write_text("\n".join(CREATE.findall(text)), encoding="utf-8")
    return str(folder / file.name)


CREATE = re.compile(r"^CREATE TABLE .*?^\).*?;$", re.DOTALL | re.MULTILINE)


RIGHT, LEFT, WRONG = "right", "left to a person", "wrong"


@dataclass(frozen=True)
class Judged:
    """What was proposed of a field, and whether that is right; LEFT: a column holds it, and it was not found."""

    field: str
    proposed: str
    verdict: str


def judged(case: Case) -> Iterator[Judged]:
    told = {one.payload: one for one in proposed(case)}
    for payload, fields in case.truth.items():
        stage = told.get(payload)
        is_other = stage is not None and stage.table != fields.get(FROM, stage.table)
        for field, right in fields.items():
            if field == FROM:
                continue
            made = stage.fields.get(field) if stage is not None else None
            text = "nothing" if made is None else made.value
            if is_other and made is not None and not made.gap:
                yield Judged(f"{payload}.{field}", f"{text} of {stage.table}", WRONG)
            elif _is_right(right, made):
                yield Judged(f"{payload}.{field}", text, RIGHT)
            else:
                is_left = made is None or made.gap or made.value == '""'
                yield Judged(f"{payload}.{field}", text, LEFT if is_left else WRONG)


def _is_right(right: str, made: Written | None) -> bool:
    if right == GAP:
        return made is None or made.gap
    columns = "|".join(map(re.escape, right.removeprefix(GAP_AT).split()))
    is_named = made is not None and re.search(rf"\b(?:{columns})\b", made.value) is not None
    return is_named and made.gap == right.startswith(GAP_AT)


def main(names: list[str]) -> None:
    if not DATA.is_dir():
        print(f"skipped: {DATA}, the structures of the shops, is not here")
        return
    for title, cases in (
        ("built with", BUILT_WITH),
        ("mended after", AFTERWARDS),
        ("left out", LEFT_OUT),
        ("mended after a first run", UNSEEN),
    ):
        for name, case in cases.items():
            if names and name not in names:
                continue
            found = list(judged(case))
            counts = Counter(one.verdict for one in found)
            told = ", ".join(f"{counts[one]} {one}" for one in (RIGHT, WRONG, LEFT) if counts[one])
            print(f"{name} ({title}): of {len(found)} fields {told}; {100 * counts[RIGHT] / len(found):.0f} %")
            for one in found:
                if one.verdict != RIGHT:
                    print(f"  {one.verdict}: {one.field}: {one.proposed}")


if __name__ == "__main__":
    main(sys.argv[1:])
