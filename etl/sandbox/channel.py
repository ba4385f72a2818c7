"""What the channel can be asked: customers, addresses, cargos, places; a page at a time (Omnitron contract)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from etl.sandbox.api import in_channel
from etl.sandbox.desk import Desk, RefusalError, not_found
from etl.sandbox.geography import LISTS
from etl.sandbox.store import StoredRecord

PAGE_SIZE = 100
CARGOS = (
    ("Yurtici Kargo", "yurtici"),
    ("Aras Kargo", "aras"),
    ("MNG Kargo", "mng"),
    ("Surat Kargo", "surat"),
    ("PTT Kargo", "ptt"),
)
_CUSTOMERS = """
SELECT records.id, record FROM records JOIN uploads USING (migration_id)
WHERE records.type = 'user' AND stored > 0 AND received_at <= :until
    AND (:email IS NULL OR email = :email)
    AND (:phone IS NULL OR json_extract(record, '$.phone') = :phone)
ORDER BY records.id
"""
_ADDRESSES = """
SELECT address.id, address.key, address.record, user.id AS customer FROM records AS address
JOIN uploads USING (migration_id)
LEFT JOIN records AS user ON user.type = 'user' AND user.stored > 0 AND user.customer = address.customer
WHERE address.type = 'address' AND address.stored > 0 AND received_at <= :until
    AND (:hash IS NULL OR address.key = :hash) AND (:customer IS NULL OR user.id = :customer)
ORDER BY address.id
"""


async def customers(request: Request) -> Response:
    desk, asked = in_channel(request), request.query_params
    email, phone = asked.get("email"), asked.get("phone_number")
    values = {"until": desk.showing.until(), "email": email and email.casefold(), "phone": phone}
    channel = desk.account.channel
    return page(request, [_customer(row, channel) for row in desk.store.records_by(_CUSTOMERS, values)])


def _customer(row: StoredRecord, channel: str) -> StoredRecord:
    user = row["record"]
    names = ("email", "first_name", "last_name")
    more = {"phone_number": user.get("phone"), "channel": int(channel) if channel.isdecimal() else channel}
    known = {"channel_code": str(user["customer_code"]), "is_active": True, "extra_field": {}}
    return {"pk": row["id"], **{name: user[name] for name in names}, **more, **known}


async def addresses(request: Request) -> Response:
    desk, asked = in_channel(request), request.query_params
    values = {"until": desk.showing.until(), "hash": asked.get("hash_data"), "customer": asked.get("customer")}
    return page(request, [_address(desk, row) for row in desk.store.records_by(_ADDRESSES, values)])


def _address(desk: Desk, row: StoredRecord) -> StoredRecord:
    """As the channel tells it: its places by their pk, its content by its hash."""
    address = row["record"]
    names = (
        "email",
        "phone_number",
        "first_name",
        "last_name",
        "line",
        "title",
        "company_name",
        "tax_office",
        "tax_no",
    )
    shown = {"pk": row["id"], **{name: address.get(name) for name in names}, "hash_data": row["key"]}
    places = {"district": None, **desk.geography.locate(address)}
    return shown | places | {"customer": row["customer"], "is_active": True}


async def cargos(request: Request) -> Response:
    in_channel(request)
    found = [
        {"pk": number, "name": name, "erp_code": name.lower().replace(" ", "-"), "shipping_company": company}
        for number, (name, company) in enumerate(CARGOS, start=1)
    ]
    return page(request, found)


async def places(request: Request) -> Response:
    desk = in_channel(request)
    level = LISTS.get(request.path_params["listing"])
    if level is None:
        raise not_found()
    return page(request, desk.geography.listing(level, request.query_params))


def page(request: Request, found: list[StoredRecord]) -> Response:
    """{count, next, previous, results}, as Django REST framework pages; a page that is not there is 404."""
    size = min(max(1, _number(request, "limit", PAGE_SIZE)), PAGE_SIZE)
    number, last = _number(request, "page", 1), max(1, -(-len(found) // size))
    if not 1 <= number <= last:
        raise RefusalError(404, {"detail": "Invalid page."})
    start = (number - 1) * size
    return JSONResponse(
        {
            "count": len(found),
            "next": str(request.url.include_query_params(page=number + 1)) if number < last else None,
            "previous": str(request.url.include_query_params(page=number - 1)) if number > 1 else None,
            "results": found[start : start + size],
        }
    )


def _number(request: Request, name: str, otherwise: int) -> int:
    text = request.query_params.get(name, str(otherwise))
    return int(text) if text.isdecimal() else 0


ROUTES = [
    Route("/api/v1/channel/{channel}/customers/", customers),
    Route("/api/v1/channel/{channel}/addresses/", addresses),
    Route("/api/v1/channel/{channel}/cargos/", cargos),
    Route("/api/v1/channel/{channel}/{listing}/", places),
    Route("/api/v1/{listing}/", places),
]
