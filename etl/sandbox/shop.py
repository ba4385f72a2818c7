"""The shop's own pages, for the check by eye and by `verify`: login, who am I, my addresses, my past orders."""

from __future__ import annotations

import secrets
from decimal import Decimal

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from etl.sandbox import pages
from etl.sandbox.desk import RefusalError, desk_of, json_object, not_found
from etl.sandbox.geography import UnknownPlaceError
from etl.sandbox.passwords import verifies
from etl.sandbox.store import StoredRecord

SESSION, CSRF = "osessionid", "csrftoken"
NOT_LOGGED_IN = {"detail": "Authentication credentials were not provided.", "code": "not_authenticated"}
WRONG_LOGIN = {"non_field_errors": ["E-mail address or password is wrong."]}


async def csrf_token(request: Request) -> Response:
    token = secrets.token_hex(32)
    response = JSONResponse({"csrf_token": token})
    response.set_cookie(CSRF, token, samesite="lax")
    return response


async def login_page(request: Request) -> Response:
    token = request.cookies.get(CSRF) or secrets.token_hex(32)
    response = HTMLResponse(pages.login(token))
    response.set_cookie(CSRF, token, samesite="lax")
    return response


async def login(request: Request) -> Response:
    """JSON {email, password} -> {key} and a session cookie; from the login page's form, on to the addresses."""
    from_page = "form" in request.headers.get("content-type", "")
    given: FormData | dict[str, object] = await request.form() if from_page else await json_object(request)
    _check_csrf(request, request.headers.get("x-csrftoken") or str(given.get("csrfmiddlewaretoken", "")))
    user = _user_with(request, str(given.get("email", "")), str(given.get("password", "")))
    if user is None and from_page:
        return HTMLResponse(pages.login(request.cookies[CSRF], WRONG_LOGIN["non_field_errors"][0]), 400)
    if user is None:
        raise RefusalError(400, WRONG_LOGIN)
    key = secrets.token_hex(20)
    desk_of(request).store.execute("INSERT INTO sessions VALUES (?, ?)", key, user["id"])
    response = RedirectResponse("/account/address/", 303) if from_page else JSONResponse({"key": key})
    response.set_cookie(SESSION, key, httponly=True, samesite="lax")
    return response


def _check_csrf(request: Request, given: str) -> None:
    cookie = request.cookies.get(CSRF, "")
    if not cookie or not secrets.compare_digest(cookie.encode(), given.encode()):
        raise RefusalError(403, {"detail": "CSRF Failed: CSRF token missing or incorrect."})


def _user_with(request: Request, email: str, password: str) -> StoredRecord | None:
    for user in _stored(request, "user", email=email.strip().casefold()):
        if verifies(password, str(user["password"]), str(user["password_algorithm"])):
            return user
    return None


def _stored(request: Request, payload: str, **where: object) -> list[StoredRecord]:
    found = desk_of(request).store.records(payload, **where)
    return [{"id": row["id"], **row["record"]} for row in found if row["stored"]]


def _session_user(request: Request) -> StoredRecord | None:
    key = request.cookies.get(SESSION) or request.cookies.get("sessionid", "")
    session = desk_of(request).store.row("SELECT user FROM sessions WHERE key = ?", key)
    return next(iter(_stored(request, "user", id=session["user"])), None) if session else None


def _logged_in(request: Request) -> StoredRecord:
    user = _session_user(request)
    if user is None:
        raise RefusalError(401, NOT_LOGGED_IN)
    return user


async def current_user(request: Request) -> Response:
    user = _logged_in(request)
    names = ("email", "first_name", "last_name", "gender", "phone", "date_of_birth", "sms_allowed", "email_allowed")
    return JSONResponse({"pk": user["id"], **{name: user.get(name) for name in names}})


async def addresses(request: Request) -> Response:
    found = _addresses_of(request, _logged_in(request))
    return JSONResponse({"count": len(found), "next": None, "previous": None, "results": found})


async def address_page(request: Request) -> Response:
    user = _session_user(request)
    if user is None:
        return RedirectResponse("/users/login/", 302)
    return HTMLResponse(pages.addresses(user, _addresses_of(request, user)))


def _addresses_of(request: Request, user: StoredRecord) -> list[StoredRecord]:
    found = _stored(request, "address", customer=str(user["customer_code"]))
    return [_address(request, address) for address in found]


def _address(request: Request, address: StoredRecord) -> StoredRecord:
    """An address as the shop tells it: its places as objects with their pk."""
    shown = {name: value for name, value in address.items() if name not in ("id", "user", "customer_code")}
    try:
        known = desk_of(request).geography.locate(address)
    except UnknownPlaceError:
        known = {}
    for level in ("country", "city", "township", "district"):
        if address.get(level):
            shown[level] = {"pk": known.get(level), "name": address[level]}
    return {"pk": address["id"], **shown}


async def old_orders(request: Request) -> Response:
    user = _session_user(request)
    if user is None:
        return _sent_away(request)
    orders = [_order(order) for order in _stored(request, "order", customer=str(user["customer_code"]))]
    if _wants_json(request):
        return JSONResponse({"count": len(orders), "next": None, "previous": None, "results": orders})
    return HTMLResponse(pages.orders(user, orders))


async def old_order(request: Request) -> Response:
    user = _session_user(request)
    if user is None:
        return _sent_away(request)
    mine = _stored(request, "order", customer=str(user["customer_code"]), id=request.path_params["pk"])
    if not mine:
        raise not_found()
    items = _stored(request, "order_item", order_number=str(mine[0]["number"]))
    order = _order(mine[0]) | {"orderitem_set": [_item(item) for item in items]}
    return JSONResponse(order) if _wants_json(request) else HTMLResponse(pages.order(user, order))


def _order(order: StoredRecord) -> StoredRecord:
    names = ("number", "currency", "status", "created_date", "discount_amount", "shipping_address", "billing_address")
    return {"pk": order["id"], "amount": _price(order["amount"]), **{name: order.get(name) for name in names}}


def _item(item: StoredRecord) -> StoredRecord:
    names = ("product", "sku", "quantity", "image_url", "extra_field")
    return {"pk": item["id"], "price": _price(item["price"]), **{name: item.get(name) for name in names}}


def _price(amount: float) -> str:
    """Two decimals as text, the way Django REST framework writes a decimal."""
    return f"{Decimal(repr(amount)):.2f}"


def _wants_json(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    asks = "application/json" in accept and "text/html" not in accept
    return request.query_params.get("format") == "json" or asks


def _sent_away(request: Request) -> Response:
    if _wants_json(request):
        raise RefusalError(401, NOT_LOGGED_IN)
    return RedirectResponse("/users/login/", 302)


ROUTES = [
    Route("/csrf_token/", csrf_token),
    Route("/users/login/", login_page),
    Route("/users/login/", login, methods=["POST"]),
    Route("/current_user/", current_user),
    Route("/address/", addresses),
    Route("/account/address/", address_page),
    Route("/users/old-orders/", old_orders),
    Route("/users/old-orders/{pk:int}/", old_order),
]
