"""WooCommerce, in both of its ways to store orders: accounts of three times, staff, drafts, refunds, bundles, metres of cloth."""

from __future__ import annotations

import random
from decimal import Decimal

from ready_shop import CARD, CITIES, TOKEN, VISITOR, Filling, Outcome, ReadyShop, email_of, name_of, structure_of

POSTS = structure_of("wordpress_posts.sql")
HPOS = structure_of("woocommerce_hpos.sql")
PASSWORDS = ("$P$B" + "a" * 30, "$wp$2y$10$" + "a" * 53, "5f4dcc3b5aa765d61d8327deb882cf99")
NO_REFUND = ("trash", "wc-failed")
"""States of a refund that was thrown away, or that the bank refused."""

CENT = Decimal("0.01")
STATUSES = ("wc-processing", "wc-completed", "wc-cancelled", "wc-refunded", "wc-on-hold")
METRES = (Decimal("2.5"), Decimal("0.35"))
CURRENCIES = ("TRY", "USD", "EUR")


def people(shop: Filling, chance: random.Random, customers: int) -> None:
    """Customers, an administrator (who also has bought), and the addresses that they have."""
    for number in range(1, customers + 1):
        shop.add(
            "wp_users",
            ID=number, user_login=f"u{number}", user_pass=PASSWORDS[number % 3], user_email=email_of(number),
            user_registered="0000-00-00 00:00:00" if number == 1 else "2019-03-14 16:05:00",
            user_activation_key=TOKEN, display_name=name_of(chance),
        )  # fmt: skip
        role = "administrator" if number == 3 else "customer"
        province, township = CITIES[number % len(CITIES)]
        meta = {
            "wp_capabilities": f'a:1:{{s:{len(role)}:"{role}";b:1;}}', "first_name": name_of(chance), "last_name": "Öz",
            "session_tokens": f'a:1:{{s:2:"ip";s:12:"{VISITOR}";}}', "billing_first_name": "Can", "billing_last_name": "Öz",
            "billing_address_1": "Gül Sok. &amp; No: 5", "billing_city": township, "billing_state": PLATES[province],
            "billing_country": "TR", "billing_phone": f"+90 532 000 {number:02} 99", "_stripe_card": CARD,
        }  # fmt: skip
        if number % 2:
            meta |= {"shipping_address_1": "Deniz Cad. 7", "shipping_city": township, "shipping_country": "TR"}
            meta |= {"shipping_state": PLATES[province], "shipping_first_name": "Can", "shipping_last_name": "Öz"}
        for key, value in meta.items():
            shop.add("wp_usermeta", user_id=number, meta_key=key, meta_value=value)


PLATES = {"İstanbul": "TR34", "Ankara": "TR06", "İzmir": "TR35", "Antalya": "TR07"}


def filling(store):
    """A way to fill a shop; `store` writes an order in the one or the other way."""

    def fill(chance: random.Random, customers: int) -> Filling:
        shop = Filling()
        people(shop, chance, customers)
        buyers = [(number, email_of(number)) for number in range(1, customers + 1) for _ in range(2)]
        guests = [(0, "Misafir@Example.com"), (0, "misafir@example.com "), (0, email_of(2)), (0, "baska@example.com")]
        drafts, staff = 0, {3}
        items = skipped = lost = 0
        for place, (customer, email) in enumerate([*buyers, *guests, (9999, "eski@example.com")]):
            order = 101 + place
            is_draft = place % 8 == 7 and customer not in (0, 9999)
            status = ("auto-draft", "trash", "wc-checkout-draft")[place % 3] if is_draft else chance.choice(STATUSES)
            lines = [(Decimal(chance.randint(1, 4)), Decimal(chance.randint(100, 99999)) / 100) for _ in range(2)]
            if place % 5 == 0:
                lines.append((METRES[place % 2], Decimal("44.9500")))
            if place % 6 == 0:
                lines.append((Decimal(0), Decimal("9.00")))
            bundled = place % 7 == 0
            net = sum((quantity * price for quantity, price in lines), Decimal(0))
            tax, shipping, discount = net * Decimal("0.2"), Decimal("29.9"), Decimal("10")
            total = (net + tax + shipping - discount).quantize(Decimal("0.01"))
            store(shop, order, customer, email, status, CURRENCIES[place % 3], total, tax, shipping, discount)
            for quantity, price in lines:
                items += 1
                _item(shop, items, order, quantity, price, None)
            if bundled:
                items += 1
                _item(shop, items, order, Decimal(1), Decimal(0), items - 1)
            _other_items(shop, order, 10_000 + order * 4)
            empty = sum(quantity == 0 for quantity, _ in lines) + bundled
            skipped += empty
            drafts += is_draft
            if is_draft or customer in staff or customer == 9999:
                lost += len(lines) + bundled - empty
        held = 1 + sum(customer in staff and place % 8 != 7 for place, (customer, _) in enumerate(buyers))
        shop.outcomes = {
            "user": Outcome(customers + 2, filtered=len(staff)),
            "address": Outcome(customers + (customers + 1) // 2, held=2),
            "order": Outcome(len(buyers) + 5, filtered=drafts, held=held),
            "order_item": Outcome(items, filtered=skipped, held=lost),
        }
        return shop

    return fill


def _item(shop, number, order, quantity, price, part_of):
    shop.add(
        "wp_woocommerce_order_items",
        order_item_id=number, order_item_name="Nevresim &quot;Ihlamur&quot;", order_item_type="line_item", order_id=order,
    )  # fmt: skip
    meta = {
        "_qty": quantity, "_line_subtotal": quantity * price, "_line_subtotal_tax": quantity * price * Decimal("0.2"),
        "_product_id": 40, "_variation_id": 0, "pa_renk": "Mavi &amp; Beyaz", "_line_tax_data": 'a:1:{s:5:"total";a:0:{}}',
    }  # fmt: skip
    if part_of:
        meta["_bundled_by"] = part_of
    for key, value in meta.items():
        shop.add("wp_woocommerce_order_itemmeta", order_item_id=number, meta_key=key, meta_value=str(value))


def _other_items(shop, order, number):
    for offset, kind in enumerate(("shipping", "tax", "coupon")):
        name = {"shipping": "Kargo", "tax": "KDV", "coupon": "yaz10"}[kind]
        item = {"order_item_id": number + offset, "order_item_name": name, "order_item_type": kind, "order_id": order}
        shop.add("wp_woocommerce_order_items", **item)
    meta = {"order_item_id": number, "meta_key": "method_id", "meta_value": "flat_rate:3"}
    shop.add("wp_woocommerce_order_itemmeta", **meta)


def as_posts(shop, order, customer, email, status, currency, total, tax, shipping, discount):
    shop.add(
        "wp_posts",
        ID=order,
        post_date="2020-05-06 07:08:09",
        post_status=status,
        post_type="shop_order",
        post_password=TOKEN,
    )
    meta = {
        "_customer_user": customer, "_billing_email": email, "_order_currency": currency, "_order_total": total,
        "_order_tax": tax, "_order_shipping": shipping, "_order_shipping_tax": 0, "_cart_discount": discount,
        "_cart_discount_tax": 0, "_payment_method": "cod", "_payment_method_title": "Kapıda &amp; nakit",
        "_billing_first_name": "Can", "_billing_last_name": "Öz", "_billing_address_1": "Gül Sok. 5", "_billing_city": "Kadıköy",
        "_billing_country": "TR", "_customer_ip_address": VISITOR, "_transaction_id": CARD, "_order_key": TOKEN,
    }  # fmt: skip
    for key, value in meta.items():
        shop.add("wp_postmeta", post_id=order, meta_key=key, meta_value=str(value))
    if status == "wc-refunded":
        refund = {
            "ID": order + 50_000,
            "post_parent": order,
            "post_type": "shop_order_refund",
            "post_status": "wc-completed",
        }
        shop.add("wp_posts", post_date="2020-06-06 07:08:09", **refund)
        shop.add("wp_postmeta", post_id=order + 50_000, meta_key="_refund_amount", meta_value=str(total))
        shop.refunded[str(order)] = total.quantize(CENT)
    for at, other in enumerate(NO_REFUND):
        number = order + 60_000 + 10_000 * at
        refund = {"ID": number, "post_parent": order, "post_type": "shop_order_refund", "post_status": other}
        shop.add("wp_posts", post_date="2020-06-06 07:08:09", **refund)
        shop.add("wp_postmeta", post_id=number, meta_key="_refund_amount", meta_value="700.00")


def as_orders(shop, order, customer, email, status, currency, total, tax, shipping, discount):
    shop.add(
        "wp_wc_orders",
        id=order, status=status, currency=currency, type="shop_order", tax_amount=tax, total_amount=total, customer_id=customer,
        billing_email=email, date_created_gmt="2020-05-06 07:08:09", parent_order_id=0, payment_method="cod",
        payment_method_title="Kapıda &amp; nakit", transaction_id=CARD, ip_address=VISITOR, user_agent="x", customer_note="",
    )  # fmt: skip
    place = {"first_name": "Can", "last_name": "Öz", "address_1": "Gül Sok. 5", "city": "Kadıköy", "country": "TR"}
    shop.add("wp_wc_order_addresses", order_id=order, address_type="billing", email=email, **place)
    shop.add(
        "wp_wc_order_operational_data",
        order_id=order, order_key=TOKEN, shipping_tax_amount=0, shipping_total_amount=shipping, discount_tax_amount=0,
        discount_total_amount=discount,
    )  # fmt: skip
    if status == "wc-refunded":
        refund = {"id": order + 50_000, "type": "shop_order_refund", "status": "wc-completed", "parent_order_id": order}
        shop.add("wp_wc_orders", **refund)
        shop.add("wp_wc_orders_meta", order_id=order + 50_000, meta_key="_refund_amount", meta_value=str(total))
        shop.refunded[str(order)] = total.quantize(CENT)
    for at, other in enumerate(NO_REFUND):
        number = order + 60_000 + 10_000 * at
        refund = {"id": number, "type": "shop_order_refund", "status": other, "parent_order_id": order}
        shop.add("wp_wc_orders", **refund)
        shop.add("wp_wc_orders_meta", order_id=number, meta_key="_refund_amount", meta_value="700.00")


CUSTOMER = """(c = 0 OR EXISTS (SELECT 1 FROM wp_usermeta m WHERE m.user_id = c AND m.meta_key = 'wp_capabilities'
  AND m.meta_value LIKE '%customer%'))"""
PAID_POSTS = f"""
SELECT n, lower(currency), CAST(total AS DECIMAL(18, 2)) FROM (
  SELECT p.ID AS n,
    (SELECT m.meta_value FROM wp_postmeta m WHERE m.post_id = p.ID AND m.meta_key = '_customer_user') AS c,
    (SELECT m.meta_value FROM wp_postmeta m WHERE m.post_id = p.ID AND m.meta_key = '_order_currency') AS currency,
    (SELECT m.meta_value FROM wp_postmeta m WHERE m.post_id = p.ID AND m.meta_key = '_order_total') AS total
  FROM wp_posts p WHERE p.post_type = 'shop_order' AND p.post_status NOT IN ('trash', 'auto-draft', 'wc-checkout-draft')) o
WHERE {CUSTOMER}"""
PAID_ORDERS = f"""
SELECT n, lower(currency), ROUND(total, 2) FROM (
  SELECT id AS n, customer_id AS c, currency, total_amount AS total FROM wp_wc_orders
  WHERE type = 'shop_order' AND status NOT IN ('trash', 'auto-draft', 'wc-checkout-draft')) o
WHERE {CUSTOMER}"""

WOOCOMMERCE = ReadyShop(
    "woocommerce", "classic tables", lambda: POSTS, filling(as_posts), PAID_POSTS, keeps_all_in_one_column=True
)
WOOCOMMERCE_HPOS = ReadyShop(
    "woocommerce-hpos", "HPOS", lambda: POSTS + HPOS, filling(as_orders), PAID_ORDERS, keeps_all_in_one_column=True
)
