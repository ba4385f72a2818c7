"""Which places the cells of an address mean, and which they are never taken for."""

import pickle
import unicodedata
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from some_places import TREE, some_gazetteer, some_geography

from etl.findings import Unfit
from etl.geography import AddressCells, Gazetteer, NoLists, decision_fault, propose
from etl.geography.names import _CITIES, _TOWNSHIPS, LEVELS, fold
from etl.geography.resolving import entry_key

PLACES = some_geography()
TURKIYE: dict[str, list[str]] = {city: sorted(townships) for city, townships in TREE["Türkiye", "tr"].items()}
PAIRS = [(city, township) for city, townships in TURKIYE.items() for township in townships]


def told(geography=PLACES, **cells):
    """The names from the country down, those that are told; or what is in the way, with its sentence."""
    found = geography.found(AddressCells(**cells))
    if found.troubles:
        return {level: sentence(level, one, cells) for level, one in found.troubles.items()}
    return [found.name(level) for level in LEVELS if found.name(level) is not None]


def sentence(level, trouble, cells):
    parts = {"entry": trouble.entry, **trouble.parts}
    return str(Unfit(trouble.rule, cells.get(level), trouble.words, **parts))


def notes(geography=PLACES, **cells):
    return {level: note.rule for level, note in geography.found(AddressCells(**cells)).notes.items()}


@pytest.mark.parametrize(
    ("cells", "gives"),
    [
        ({"city": "İstanbul", "township": "Kadıköy"}, ["İstanbul", "Kadıköy"]),
        ({"city": "ISTANBUL", "township": "kadikoy"}, ["İstanbul", "Kadıköy"]),
        ({"city": "istanbul ili", "township": "Kadıköy ilçesi"}, ["İstanbul", "Kadıköy"]),
        ({"city": " istanbul ", "township": "KADI KÖY"}, ["İstanbul", "Kadıköy"]),
        ({"city": "Bilecik", "township": "merkez"}, ["Bilecik", "Merkez"]),
        ({"city": "Bilecik", "township": "Merkez İlçesi"}, ["Bilecik", "Merkez"]),
        ({"city": "Bilecik", "township": "Söğüt Merkez"}, ["Bilecik", "Söğüt"]),
        ({"city": "İstanbul", "township": "Kadıköy", "district": "CAFERAĞA MAHALLESİ"}, ["İstanbul", "Kadıköy", "Caferağa Mah"]),
        ({"city": "İstanbul", "township": "Kadıköy", "district": "caferaga mh."}, ["İstanbul", "Kadıköy", "Caferağa Mah"]),
        ({"city": "İstanbul", "township": "Kadıköy", "district": "Moda Köyü"}, ["İstanbul", "Kadıköy", "Moda Köyü"]),
    ],
)  # fmt: skip
def test_a_name_is_found_whatever_its_case_accents_and_words_around_it(cells, gives):
    assert told(**cells) == ["Türkiye", *gives]
    assert notes(**cells) == {}


@pytest.mark.parametrize(
    ("cells", "gives", "note"),
    [
        ({"city": "İçel", "township": "Tarsus"}, ["Mersin", "Tarsus"], {"city": "place:other-name"}),
        ({"city": "İstanbul", "township": "EYÜP"}, ["İstanbul", "Eyüpsultan"], {"township": "place:other-name"}),
        ({"city": "Ankara", "township": "Kazan"}, ["Ankara", "Kahramankazan"], {"township": "place:other-name"}),
        ({"city": "Zonguldak", "township": "Kdz. Ereğli"}, ["Zonguldak", "Ereğli"], {"township": "place:other-name"}),
        ({"city": "Bilecik", "township": "Bilecik"}, ["Bilecik", "Merkez"], {"township": "place:other-name"}),
        ({"city": "Bilecik", "township": "Bilecik Merkez"}, ["Bilecik", "Merkez"], {"township": "place:other-name"}),
        ({"city": "Kadıköy / İstanbul"}, ["İstanbul", "Kadıköy"], {"city": "place:together"}),
        ({"city": "İstanbul-Kadıköy"}, ["İstanbul", "Kadıköy"], {"city": "place:together"}),
        ({"city": "İstanbul (Kadıköy)"}, ["İstanbul", "Kadıköy"], {"city": "place:together"}),
        ({"city": "34710 KADIKOY ISTANBUL"}, ["İstanbul", "Kadıköy"], {"city": "place:together"}),
        (
            {"city": "Kadıköy/İstanbul/Türkiye", "township": "kadıköy"},
            ["İstanbul", "Kadıköy"],
            {"city": "place:together"},
        ),
        ({"city": "Caferağa, Kadıköy, İstanbul"}, ["İstanbul", "Kadıköy", "Caferağa Mah"], {"city": "place:together"}),
        (
            {"city": "İstanbul", "township": "Kadıköy / İstanbul"},
            ["İstanbul", "Kadıköy"],
            {"township": "place:together"},
        ),
        ({"township": "Kadıköy / İstanbul"}, ["İstanbul", "Kadıköy"], {"city": "place:together"}),
        ({"city": "Kadıköy", "township": "İstanbul"}, ["İstanbul", "Kadıköy"], {"city": "place:swapped"}),
        ({"city": "Antakya", "township": "HATAY"}, ["Hatay", "Antakya"], {"city": "place:swapped"}),
        ({"city": "Antakya", "township": "Arsuz"}, ["Hatay", "Arsuz"], {"city": "place:other-name"}),
        ({"city": "Antakya", "township": "Antakya"}, ["Hatay", "Antakya"], {"city": "place:other-name"}),
        ({"township": "Üsküdar"}, ["İstanbul", "Üsküdar"], {"city": "place:from-township"}),
        ({"city": "Üsküdar"}, ["İstanbul", "Üsküdar"], {"city": "place:from-township"}),
        ({"city": "Üsküdar", "township": "Üsküdar"}, ["İstanbul", "Üsküdar"], {"city": "place:from-township"}),
    ],
)
def test_what_can_mean_one_thing_only_is_put_right_and_told(cells, gives, note):
    assert told(**cells) == ["Türkiye", *gives]
    assert notes(**cells) == note


ADVICE = "; `etl channel review MAPPING places.csv` lists such names with those that are near"
ABOVE = "cannot be told while the city is not known"


@pytest.mark.parametrize(
    ("cells", "troubles"),
    [
        ({"city": "İstanbul", "township": "Kadiköyy"},
         {"township": f"'Kadiköyy' is no township of Türkiye / İstanbul on the channel's lists{ADVICE}"}),
        ({"city": "Ankara", "township": "Kadıköy"},
         {"township": f"'Kadıköy' is no township of Türkiye / Ankara on the channel's lists{ADVICE}"}),
        ({"city": "Ankara / Konya"},
         {"city": f"'Ankara / Konya' is no city of Türkiye on the channel's lists{ADVICE}", "township": ABOVE}),
        ({"city": "Kadıköy / İstanbul", "township": "Üsküdar"},
         {"city": f"'Kadıköy / İstanbul' is no city of Türkiye on the channel's lists{ADVICE}", "township": ABOVE}),
        ({"city": "Moda", "township": "Kadıköy"},
         {"city": f"'Moda' is no city of Türkiye on the channel's lists{ADVICE}", "township": ABOVE}),
        ({"township": "Ereğli"},
         {"city": f"no city is told, and 'Ereğli' is a township of Konya, Zonguldak{ADVICE}", "township": ABOVE}),
        ({"township": "Nirgends"},
         {"city": f"no city is told, and 'Nirgends' is no township of the channel's lists{ADVICE}", "township": ABOVE}),
        ({"city": "İstanbul", "township": "Kadıköy", "district": "Moda"}, {}),
        ({"city": "İstanbul", "township": "Kadıköy", "district": "1. Moda"},
         {"district": f"'1. Moda' is no district of Türkiye / İstanbul / Kadıköy on the channel's lists{ADVICE}"}),
        ({"country": "Narnia", "district": "x"}, {
            "country": f"'Narnia' is no country on the channel's lists{ADVICE}",
            **dict.fromkeys(LEVELS[1:], "cannot be told while the country is not known"),
        }),
    ],
)  # fmt: skip
def test_what_is_on_no_list_or_could_be_two_places_is_refused(cells, troubles):
    found = told(**cells)
    assert (found if isinstance(found, dict) else {}) == troubles


@pytest.mark.parametrize("country", ["Türkiye", "TURKIYE", "Turkey", "TR", "tur", "T.C.", None])
def test_a_country_is_known_by_its_name_in_both_languages_and_its_codes(country):
    assert told(country=country, city="Ankara", township="Çankaya") == ["Türkiye", "Ankara", "Çankaya"]


def test_without_a_country_of_its_own_or_of_the_mapping_nothing_is_told():
    found = told(some_geography(country=None), city="Ankara")
    assert found["country"] == "no country is told; give `country=`, or say which one is meant in `geography.country`"
    assert found["city"] == "cannot be told while the country is not known"


def test_where_the_channel_lists_nothing_the_cells_are_sent_as_they_are_and_it_is_told():
    cells = {"country": "DE", "city": "Köln", "township": "Nippes"}
    assert told(**cells) == ["Almanya", "Köln", "Nippes"]
    assert notes(**cells) == {"city": "place:unlisted", "township": "place:unlisted"}
    cells = {"city": "Ankara", "township": "çankaya", "district": "Bir Mah."}
    assert told(**cells) == ["Türkiye", "Ankara", "Çankaya", "Bir Mah."]
    assert notes(**cells) == {"district": "place:unlisted"}


# What a person decided


def test_a_decision_comes_before_everything_else_and_may_take_the_city_along():
    decided = some_geography({
        "township: Türkiye / Konya / Mermer": "Meram",
        "TOWNSHIP: TURKIYE / ANKARA / KADIKOY": "İstanbul / Kadıköy",
        "city: Türkiye / ? / Ereğli": "Konya",
        "city: Türkiye / Byzantion": "istanbul",
        "country: Narnia": "Türkiye",
        "township: Türkiye / İstanbul / Eyüp": "Üsküdar",
        "township: Türkiye / Ankara / not yet": None,
        "township: Türkiye / Ankara / nor this": "  ",
    })  # fmt: skip
    assert told(decided, city="Konya", township="MERMER") == ["Türkiye", "Konya", "Meram"]
    assert told(decided, city="Ankara", township="Kadıköy") == ["Türkiye", "İstanbul", "Kadıköy"]
    assert told(decided, township="Ereğli") == ["Türkiye", "Konya", "Ereğli"]
    assert told(decided, city="Byzantion", township="Kadıköy") == ["Türkiye", "İstanbul", "Kadıköy"]
    assert told(decided, country="Narnia", city="Bolu", township="Gerede") == ["Türkiye", "Bolu", "Gerede"]
    assert told(decided, city="İstanbul", township="eyüp") == ["Türkiye", "İstanbul", "Üsküdar"]
    for undecided in ("not yet", "nor this"):
        assert list(told(decided, city="Ankara", township=undecided)) == ["township"]


def test_a_decision_for_a_place_that_is_on_no_list_is_refused_with_the_line():
    decided = some_geography({"township: Türkiye / Ankara / X": "Çankya"})
    assert told(decided, city="Ankara", township="X") == {
        "township": "for 'township: Türkiye / Ankara / X' a lookup of `geography.names` says 'Çankya', which is no township "
        "on the channel's lists"
    }


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("township: Türkiye / Konya / Mermer", "meram", None),
        ("township: Türkiye / Konya / Mermer", "İstanbul / Kadıköy", None),
        ("township: Türkiye / Konya / Mermer", None, None),
        ("township: Türkiye / Konya / Mermer", "Merm", "'Merm' is no township of Türkiye / Konya on the channel's lists"),
        ("city: Türkiye / ? / Ereğli", "Berlin", "'Berlin' is no city of Türkiye on the channel's lists"),
        ("country: Narnia", "Oz", "'Oz' is no country on the channel's lists"),
        ("Mermer", "Meram", "an entry is written `LEVEL: PLACES`, LEVEL one of country, city, township, district: "
                            "`township: Türkiye / Ankara / Cankaya`"),
    ],
)  # fmt: skip
def test_a_line_that_is_filled_in_is_checked_before_a_row_is_read(key, value, says):
    assert decision_fault(PLACES, key, value) == says


# Laws

writings = st.sampled_from([
    lambda name: name,
    str.upper,
    str.lower,
    lambda name: name.replace("i", "İ").upper(),
    lambda name: name.replace("İ", "i").replace("I", "ı").lower(),
    lambda name: "".join(one for one in unicodedata.normalize("NFD", name) if not unicodedata.combining(one)).replace("ı", "i"),
    lambda name: unicodedata.normalize("NFD", name),
    lambda name: f"  {name}  ",
    "  ".join,
])  # fmt: skip


@given(st.sampled_from(PAIRS), writings, writings)
def test_however_a_place_is_written_it_is_sent_as_the_list_has_it(pair, write_city, write_township):
    city, township = pair
    assert told(city=write_city(city), township=write_township(township)) == ["Türkiye", city, township]


names = st.sampled_from([*TURKIYE, *(one for _, one in PAIRS), "Moda Mah", "Türkiye", "Merkez", "İçel", "06100", "x"])
cells = st.one_of(
    st.none(), names, st.builds("{}{}{}".format, names, st.sampled_from([" / ", "-", " ", ", "]), names), st.text()
)


@given(cells, cells, cells, cells)
def test_whatever_the_cells_are_places_that_are_told_lie_in_each_other(country, city, township, district):
    given_cells = AddressCells(*(cell and (cell.strip() or None) for cell in (country, city, township, district)))
    found = PLACES.found(given_cells)
    listed = [
        found.places[level] for level in LEVELS if level in found.places and not isinstance(found.places[level], str)
    ]
    for above, below in pairwise(listed):
        assert PLACES.resolver.gazetteer.parent(below) == above
    assert not set(found.places) & set(found.troubles)


@given(st.sampled_from(PAIRS), st.sampled_from(PAIRS), st.sampled_from([" / ", "-", ", ", " "]), st.booleans())
def test_a_city_beside_a_township_that_is_none_of_it_is_never_taken_for_it(one, other, between, first):
    city, township = one[0], other[1]
    text = between.join((city, township) if first else (township, city))
    found = PLACES.found(AddressCells(city=text))
    if township in TURKIYE[city]:
        assert [found.name(level) for level in LEVELS] == ["Türkiye", city, township, None]
    else:
        assert found.name("city") is None
        assert "city" in found.troubles


def test_no_name_is_in_two_groups_of_one_province():
    for groups in (_CITIES, *_TOWNSHIPS.values()):
        for one, other in combinations(groups, 2):
            assert not set(one.split()) & set(other.split())
        assert all(fold(name) == name for group in groups for name in group.split())


@given(st.text(), st.text())
def test_an_entry_is_compared_as_names_are(place, other):
    assert entry_key(f"city: {place} / {other}") == entry_key(f"CITY:{place}/{other}  ")


# The lists


def test_two_places_of_one_name_in_one_place_are_one_and_those_in_use_come_first():
    lists = {
        "country": [{"pk": 1, "name": "Türkiye"}],
        "city": [{"pk": 5, "name": "Bolu", "country": {"pk": 1}}, {"id": 6, "name": "Bolu", "country": 1}],
        "township": [
            {"pk": 7, "name": "Gerede", "city": 5},
            {"pk": 8, "name": "Mudurnu", "city": 6},
            {"pk": 9, "name": "GEREDE", "city": 5, "is_active": False},
            {"pk": 10, "name": " ", "city": 5},
            {"pk": 11, "name": "Lost"},
        ],
    }
    gazetteer = Gazetteer(lists)
    country = gazetteer.named("country", None, "türkiye").one
    bolu = gazetteer.named("city", country, "Bolu").one
    assert [place.name for place in gazetteer.of("township", bolu.pk)] == ["Gerede", "Mudurnu", "GEREDE"]
    # Two that are one when folded: each by its own spelling, none by a third.
    assert gazetteer.named("township", bolu, "GEREDE").one.pk == 9
    assert [place.pk for place in gazetteer.named("township", bolu, "gerede").places] == [7, 9]


def test_places_may_be_told_apart_by_texts():
    lists: dict[str, list[dict[str, object]]] = {
        "country": [{"id": "c1", "name": "Türkiye"}],
        "city": [{"id": "b-7", "name": "Bolu", "country": "c1"}],
        "township": [{"id": "t", "name": "Gerede", "city": {"id": "b-7"}}],
    }
    gazetteer = Gazetteer(lists)
    assert gazetteer.path(next(gazetteer.all("township"))) == ["Türkiye", "Bolu", "Gerede"]


def test_another_process_tells_the_same():
    again = pickle.loads(pickle.dumps(some_geography({"city: Türkiye / Byzantion": "İstanbul"})))
    assert told(again, city="Byzantion", township="Kadikoy") == ["Türkiye", "İstanbul", "Kadıköy"]


def test_without_lists_whoever_asks_is_told_why():
    with pytest.raises(Unfit, match=r"^none here$"):
        NoLists("none here").found(AddressCells())


# Proposals


@pytest.mark.parametrize(
    ("entry", "likely", "first"),
    [
        ("township: Türkiye / Konya / Meramm", "Meram", ("Meram", 91)),
        ("township: Türkiye / Ankara / Kadıköy", None, ("İstanbul / Kadıköy", 100)),
        ("township: Türkiye / Ankara / Ereğli", None, ("Konya / Ereğli", 100)),
        ("city: Türkiye / ? / Ereğli", None, ("Konya", 100)),
        ("city: Türkiye / Istanbull", "İstanbul", ("İstanbul", 94)),
        ("country: Almnya", "Almanya", ("Almanya", 92)),
        ("district: Türkiye / İstanbul / Kadıköy / Caferaga 2 Mah.", None, ("Caferağa Mah", 94)),
        ("township: Türkiye / Nowhere / Kadıköy", None, None),
        ("city: Türkiye / Zzz", None, None),
    ],
)
def test_what_is_alike_is_proposed_only_where_one_name_stands_out(entry, likely, first):
    found = propose(PLACES.resolver, entry)
    assert (found.likely, next(iter(found.near), None)) == (likely, first)


def test_of_two_names_that_are_nearly_as_much_alike_none_is_proposed():
    tree = {("Türkiye", "tr"): {"Adana": {"Akçapınar Köyü": [], "Kocapınar Köyü": [], "Akcapinar Koy": []}}}
    found = propose(some_geography(tree=tree).resolver, "township: Türkiye / Adana / Akçapınar Köy")
    assert [name for name, _ in found.near] == ["Akcapinar Koy", "Akçapınar Köyü", "Kocapınar Köyü"]
    assert found.likely is None


def test_numbers_that_differ_are_different_places():
    tree = {("Türkiye", "tr"): {"Adana": {"1. Organize Sanayi Bölgesi": []}}}
    resolver = some_geography(tree=tree).resolver
    assert propose(resolver, "township: Türkiye / Adana / 2. Organize Sanayi Bölgesi").likely is None
    assert propose(resolver, "township: Türkiye / Adana / 1 Organise Sanayi Bölgesi").likely is not None


def test_the_gazetteer_gives_a_place_its_path():
    gazetteer = some_gazetteer()
    country = gazetteer.named("country", None, "Türkiye").one
    assert gazetteer.path(gazetteer.townships_named(country, "Üsküdar").one) == ["Türkiye", "İstanbul", "Üsküdar"]
