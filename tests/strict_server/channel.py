"""What the channel can be asked: customers, addresses, cargos, places; a page at a time."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from .asked import Answer
from .contract import PLACES

PAGE = 100
YURTICI = {"pk": 1, "name": "Yurtici Kargo", "erp_code": "yurtici-kargo", "shipping_company": "yurtici"}


class Channel:
    """`shown_after`: so many questions for customers find nobody, the later ones find migrated users; None: never."""

    def __init__(self, ledger):
        self._ledger, self.shown_after = ledger, None

    def customers(self, request):
        if self.shown_after is None:
            return page(request, [])
        if self.shown_after > 0:
            self.shown_after -= 1
            return page(request, [])
        wanted = request.query
        rows = self._ledger.rows(
            "SELECT rowid AS pk, content FROM records WHERE type = 'user' AND complaints = '{}' AND email = coalesce(?, email)",
            wanted["email"].lower() if "email" in wanted else None,
        )
        people = [_customer(row["pk"], json.loads(row["content"])) for row in rows]
        phone = wanted.get("phone_number")
        return page(request, [one for one in people if phone in (None, one["phone_number"])])

    def lists(self, request):
        return page(request, [YURTICI] if request.names["list"] == "cargos" else [])

    def geography(self, request):
        return page(request, places(request.names["list"]))


def _customer(pk, user):
    names = ("email", "first_name", "last_name")
    return {"pk": pk, "phone_number": user.get("phone"), "is_active": True} | {name: user[name] for name in names}


def places(level):
    """Those of the lists `countries`, `cities`, `townships`, `districts`, each with the pk of what it lies in."""
    found = {"countries": [], "cities": [], "townships": [], "districts": []}
    for country, cities in PLACES.items():
        within = _place(found["countries"], country, {"code": country[:2]})
        for city, townships in cities.items():
            inside = _place(found["cities"], city, {"country": within, "postcode": None})
            for township in townships:
                _place(found["townships"], township, {"city": inside})
    return found[level]


def _place(known, name, more):
    known.append({"id": len(known) + 1, "pk": len(known) + 1, "name": name, "is_active": True, **more})
    return len(known)


def page(request, found):
    number = int(request.query.get("page", 1))
    if not 1 <= number <= max(1, -(-len(found) // PAGE)):
        return Answer(404, {"detail": "Invalid page."})
    host = f"http://{request.headers['host']}{request.path}"
    more = f"{host}?{urlencode({**request.query, 'page': number + 1})}" if number * PAGE < len(found) else None
    results = found[(number - 1) * PAGE : number * PAGE]
    return Answer(200, {"count": len(found), "next": more, "previous": None, "results": results})
