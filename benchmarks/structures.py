"""Structures of shops whose tables are at no hand here, in short: what their columns are called, filled with invented rows.

Thelia (setup/thelia.sql), ECShop (database/structure.sql), Solidus (the migration `solidus_one_four`), VirtueMart 2 with the
users of Joomla (install.sql) and Ubercart with those of Drupal 6 (uc_order.install), as their public repositories have them.
A column is `name:kind`; one without a kind is empty.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

CUSTOMERS, ORDERS = 60, 150
"""Rows; an order has two lines, and there are as many addresses as customers."""

_DAY = "2021-{:02}-{:02} 10:00:00"

KINDS: Mapping[str, Callable[[int], object]] = {
    "id": lambda at: at + 1,
    "ref": lambda at: f"R{at + 1:07}",
    "customer": lambda at: at % CUSTOMERS + 1,
    "order": lambda at: at // 2 + 1,
    "goods": lambda at: at % 17 + 200,
    "sku": lambda at: f"NVR-{at % 17:03}",
    "product": lambda at: ("Nevresim", "Kazak", "Çanta")[at % 3],
    "email": lambda at: f"musteri{at % CUSTOMERS}@example.com",
    "first": lambda at: ("Ayşe", "Can", "Zoë")[at % 3],
    "last": lambda at: ("Öz", "Işık", "Yılmaz")[at % 3],
    "name": lambda at: ("Ayşe Öz", "Can Işık", "Zoë Yılmaz")[at % 3],
    "nick": lambda at: f"musteri{at}",
    "phone": lambda at: f"0532 123 45 {at % 90 + 10}",
    "md5": lambda at: f"{at:032x}"[::-1],
    "bcrypt": lambda at: f"$2y$10${at:053}",
    "day": lambda at: f"19{at % 40 + 50}-03-14",
    "time": lambda at: _DAY.format(at % 12 + 1, at % 28 + 1),
    "unix": lambda at: 1_600_000_000 + 86_400 * at,
    "money": lambda at: f"{at * 7 % 900 + 10}.{at % 90 + 10}",
    "small": lambda at: at % 3 + 1,
    "flag": lambda at: at % 2,
    "street": lambda at: f"Gül Sok. {at}",
    "city": lambda at: ("Kadıköy", "Çankaya", "Konak")[at % 3],
    "province": lambda at: ("İstanbul", "Ankara", "İzmir")[at % 3],
    "zip": lambda at: f"{34000 + at % 3}",
    "company": lambda at: "Örnek A.Ş." if at % 4 == 0 else "",
    "currency": lambda at: ("TRY", "USD")[at % 2],
    "state": lambda at: ("complete", "canceled", "returned")[at % 3],
    "pay": lambda at: ("Kredi Kartı", "Havale")[at % 2],
    "carrier": lambda at: ("Yurtiçi Kargo", "Aras Kargo")[at % 2],
    "tracking": lambda at: f"TK{at:08}",
    "letter": lambda at: "PCXS"[at % 4],
    "ip": lambda at: f"203.0.113.{at % 200}",
    "zero": lambda at: 0,
}  # fmt: skip

Structure = Mapping[str, tuple[int, str]]
"""Table -> how many rows, and its columns."""


def _tables(text: str) -> Structure:
    """A line of its own for a table and how many rows it has; below it, indented, its columns."""
    found: dict[str, tuple[int, str]] = {}
    table = ""
    for line in text.strip().splitlines():
        if line.startswith(" "):
            found[table] = (found[table][0], f"{found[table][1]} {line.strip()}")
        else:
            table, _, rows = line.partition(" ")
            found[table] = (int(rows), "")
    return found


THELIA = _tables("""
customer 60
    id:id title_id:small lang_id:small ref:ref firstname:first lastname:last email:email password:bcrypt algo reseller:zero
    sponsor discount:zero remember_me_token enable:flag is_guest:zero created_at:time updated_at:time version:zero
customer_title 3
    id:id by_default:flag position:small created_at:time updated_at:time
address 60
    id:id label customer_id:customer title_id:small company:company siret vat_number firstname:first lastname:last
    address1:street address2 address3 zipcode:zip city:city country_id:small state_id phone:phone cellphone:phone
    is_default:flag created_at:time updated_at:time
order 150
    id:id ref:ref customer_id:customer invoice_order_address_id:id delivery_order_address_id:id invoice_date:time
    currency_id:small currency_rate:flag transaction_ref delivery_ref:tracking invoice_ref:ref discount:money postage:money
    postage_tax:money payment_module_id:small payment_module_title delivery_module_id:small delivery_module_title
    status_id:small lang_id:small cart_id:id created_at:time updated_at:time version:zero
order_address 300
    id:id customer_title_id:small company:company vat_number firstname:first lastname:last address1:street address2 address3
    zipcode:zip city:city phone:phone cellphone country_id:small state_id created_at:time updated_at:time
order_product 300
    id:id order_id:order product_ref:sku product_sale_elements_ref:sku product_sale_elements_id:goods title:product chapo
    description postscriptum quantity:small price:money promo_price:money was_new:flag was_in_promo:flag weight ean_code
    tax_rule_title parent virtual:zero created_at:time updated_at:time
order_status 5
    id:id code:state position:small created_at:time updated_at:time
order_product_tax 300
    id:id order_product_id:id title amount:money promo_amount:money created_at:time updated_at:time
currency 2
    id:id code:currency symbol rate:flag visible:flag position:small created_at:time updated_at:time
cart 60
    id:id token customer_id:customer address_delivery_id address_invoice_id currency_id:small discount:zero created_at:time
    updated_at:time
""")

ECSHOP = _tables("""
ecs_users 60
    user_id:id email:email user_name:nick password:md5 question answer sex:flag birthday:day user_money:money
    frozen_money:zero pay_points:zero rank_points:zero address_id:id reg_time:unix last_login:unix last_time:time last_ip
    visit_count:small user_rank:small ec_salt salt parent_id:zero flag:zero alias msn qq office_phone home_phone
    mobile_phone:phone is_validated:flag credit_line:zero passwd_question passwd_answer
ecs_user_address 60
    address_id:id address_name user_id:customer consignee:name email:email country:small province:small city:small
    district:small address:street zipcode:zip tel:phone mobile:phone sign_building best_time
ecs_order_info 150
    order_id:id order_sn:ref user_id:customer order_status:small shipping_status:small pay_status:small consignee:name
    country:small province:small city:small district:small address:street zipcode:zip tel:phone mobile:phone email:email
    best_time postscript shipping_id:small shipping_name:carrier pay_id:small pay_name:pay how_oos inv_payee inv_content
    goods_amount:money shipping_fee:money insure_fee:zero pay_fee:zero pack_fee:zero card_fee:zero money_paid:money
    surplus:zero integral:zero integral_money:zero bonus:zero order_amount:money from_ad:zero referer add_time:unix
    confirm_time:unix pay_time:unix shipping_time:unix invoice_no:tracking extension_code to_buyer pay_note agency_id:zero
    inv_type tax:money is_separate:zero parent_id:zero discount:money
ecs_order_goods 300
    rec_id:id order_id:order goods_id:goods goods_name:product goods_sn:sku product_id:zero goods_number:small
    market_price:money goods_price:money goods_attr send_number:small is_real:flag extension_code parent_id:zero
    is_gift:zero goods_attr_id
ecs_order_action 150
    action_id:id order_id:id action_user order_status:small shipping_status:small pay_status:small action_note log_time:unix
ecs_pay_log 150
    log_id:id order_id:id order_amount:money order_type:flag is_paid:flag
ecs_user_account 20
    id:id user_id:customer admin_user amount:money add_time:unix paid_time:unix payment:pay is_paid:flag
""")

SOLIDUS = _tables("""
spree_users 60
    id:id crypted_password:bcrypt salt email:email remember_token persistence_token login_count:small
    failed_login_count:zero last_request_at:time current_login_at:time last_login_at:time current_login_ip last_login_ip
    login:email ship_address_id:id bill_address_id:id created_at:time updated_at:time openid_identifier
spree_addresses 60
    id:id firstname:first lastname:last address1:street address2 city:city zipcode:zip phone:phone state_name:province
    alternative_phone company:company state_id:small country_id:small created_at:time updated_at:time
spree_orders 150
    id:id number:ref item_total:money total:money state:state adjustment_total:money user_id:customer completed_at:time
    bill_address_id:id ship_address_id:id payment_total:money shipment_state:state payment_state:state email:email
    special_instructions created_at:time updated_at:time currency:currency last_ip_address created_by_id
    shipment_total:money additional_tax_total:money promo_total:money channel included_tax_total:money item_count:small
    approver_id guest_token:md5 store_id:small approver_name
spree_line_items 300
    id:id variant_id:goods order_id:order quantity:small price:money created_at:time updated_at:time currency:currency
    cost_price:money tax_category_id:small adjustment_total:money additional_tax_total:money promo_total:money
    included_tax_total:money
spree_payments 150
    id:id amount:money order_id:id source_type source_id:id payment_method_id:small state:state response_code avs_response
    created_at:time updated_at:time number:ref
spree_inventory_units 300
    id:id state:state variant_id:goods order_id:order shipment_id:order created_at:time updated_at:time pending:flag
    line_item_id:id
spree_credit_cards 20
    id:id month:small year cc_type last_digits created_at:time updated_at:time name:name user_id:customer
spree_countries 3
    id:id iso_name iso iso3 name:province numcode:small updated_at:time created_at:time
""")

VIRTUEMART = _tables("""
jos_users 60
    id:id name:name username:nick email:email password:md5 usertype block:zero sendEmail:flag gid:small registerDate:time
    lastvisitDate:time activation params
jos_virtuemart_userinfos 60
    virtuemart_userinfo_id:id virtuemart_user_id:customer address_type:nick address_type_name company:company title last_name:last
    first_name:first middle_name phone_1:phone phone_2 fax address_1:street address_2 city:city virtuemart_state_id:small
    virtuemart_country_id:small zip:zip agreed:zero extra_field_1 created_on:time created_by:zero modified_on:time
jos_virtuemart_orders 150
    virtuemart_order_id:id virtuemart_user_id:customer virtuemart_vendor_id:zero order_number:ref order_pass:nick
    virtuemart_userinfo_id order_total:money order_subtotal:money order_tax:money order_tax_details order_shipping:money
    order_shipping_tax:money coupon_discount:money coupon_code order_discount:money order_currency:small order_status:letter
    user_currency_id:small user_currency_rate:flag payment_method_id:small ship_method_id:small customer_note ip_address:ip
    created_on:time created_by:zero modified_on:time
jos_virtuemart_order_items 300
    virtuemart_order_item_id:id virtuemart_order_id:order virtuemart_userinfo_id virtuemart_vendor_id:zero
    virtuemart_product_id:goods order_item_sku:sku order_item_name:product product_quantity:small product_item_price:money
    product_final_price:money order_item_currency:small order_status:letter product_attribute created_on:time created_by:zero
jos_virtuemart_order_histories 150
    virtuemart_order_history_id:id virtuemart_order_id:id order_status_code:letter customer_notified:flag comments created_on:time
jos_virtuemart_order_userinfos 300
    virtuemart_order_userinfo_id:id virtuemart_order_id:order virtuemart_user_id:customer address_type company:company title
    last_name:last first_name:first phone_1:phone address_1:street address_2 city:city virtuemart_state_id:small
    virtuemart_country_id:small zip:zip email:email created_on:time
jos_virtuemart_products 17
    virtuemart_product_id:id product_sku:sku product_name:product product_in_stock:small product_ordered:small created_on:time
""")

UBERCART = _tables("""
users 60
    uid:id name:nick pass:md5 mail:email mode:zero sort:zero threshold:zero theme signature created:unix access:unix login:unix
    status:flag timezone language picture init:email data
uc_orders 150
    order_id:id uid:customer order_status:state order_total:money primary_email:email delivery_first_name:first
    delivery_last_name:last delivery_phone:phone delivery_company:company delivery_street1:street delivery_street2
    delivery_city:city delivery_zone:small delivery_postal_code:zip delivery_country:small billing_first_name:first
    billing_last_name:last billing_phone:phone billing_company billing_street1:street billing_street2 billing_city:city
    billing_zone:small billing_postal_code:zip billing_country:small payment_method:pay data created:unix modified:unix host:ip
uc_order_products 300
    order_product_id:id order_id:order nid:goods title:product manufacturer model:sku qty:small cost:money price:money weight:zero
    data
uc_order_line_items 200
    line_item_id:id order_id:order type:nick title:product amount:money weight:zero data
uc_order_comments 150
    comment_id:id order_id:id uid:customer order_status:state notified:flag message created:unix
""")

STRUCTURES: Mapping[str, Structure] = {
    "thelia": THELIA,
    "ecshop": ECSHOP,
    "solidus": SOLIDUS,
    "virtuemart": VIRTUEMART,
    "ubercart": UBERCART,
}


def filled(name: str, file: Path) -> Path:
    """The shop's tables as an SQLite file."""
    with closing(sqlite3.connect(file)) as database, database:
        for table, (rows, columns) in STRUCTURES[name].items():
            parts = [column.partition(":")[::2] for column in columns.split()]
            database.execute(f'CREATE TABLE "{table}" ({", ".join(f"{chr(34)}{one}{chr(34)}" for one, _ in parts)})')
            makers = [KINDS.get(kind, lambda at: None) for _, kind in parts]
            marks = ", ".join("?" * len(parts))
            made = ([make(at) for make in makers] for at in range(rows))
            database.executemany(f'INSERT INTO "{table}" VALUES ({marks})', made)
    return file
