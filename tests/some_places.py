"""A few places in the shape in which Omnitron lists them, written as no list of anybody has them."""

from __future__ import annotations

from etl.expressions import atlas_of
from etl.geography import Gazetteer

TREE: dict[tuple[str, str], dict[str, dict[str, list[str]]]] = {
    ("Türkiye", "tr"): {
        "İstanbul": {
            "Kadıköy": ["Caferağa Mah", "Moda Mah", "Moda Köyü"],
            "Eyüpsultan": [],
            "Üsküdar": ["Beylerbeyi Mah"],
        },
        "Ankara": {"Çankaya": [], "Kahramankazan": []},
        "Bilecik": {"Merkez": [], "Söğüt": []},
        "Bolu": {"Merkez": [], "Gerede": []},
        "Konya": {"Ereğli": [], "Meram": []},
        "Zonguldak": {"Ereğli": [], "Merkez": []},
        "Mersin": {"Tarsus": [], "Anamur": []},
        "Hatay": {"Antakya": [], "Arsuz": []},
    },
    ("Almanya", "de"): {},
}
CARRIERS = ("yurtici", "aras")


def some_lists(tree=TREE, carriers=CARRIERS):
    """The five lists by the names of the API."""
    lists = {name: [] for name in ("countries", "cities", "townships", "districts", "cargos")}

    def put(listing, **row):
        lists[listing].append({"pk": len(lists[listing]) + 1, "is_active": True, **row})
        return len(lists[listing])

    for (country, code), cities in tree.items():
        above = put("countries", name=country, code=code)
        for city, townships in cities.items():
            in_city = put("cities", name=city, country=above, postcode="")
            for township, districts in townships.items():
                in_township = put("townships", name=township, city=in_city)
                for district in districts:
                    put("districts", name=district, city=in_city, township=in_township)
    for carrier in carriers:
        put("cargos", name=carrier.title(), erp_code=carrier, shipping_company=carrier)
    return lists


def some_gazetteer(tree=TREE):
    lists = some_lists(tree)
    return Gazetteer(dict(zip(("country", "city", "township", "district"), lists.values(), strict=False)))


def some_geography(names=None, country="Türkiye", tree=TREE):
    return atlas_of(some_gazetteer(tree), names or {}, country)
