"""Every township and neighbourhood of Türkiye, as its post office writes them: each is found, and none is taken for another."""

import json
import random
import unicodedata

import pytest
from real_input import DATA, needs
from some_places import some_lists

from etl.expressions import atlas_of
from etl.geography import LEVELS, LISTS, AddressCells, Gazetteer, fold
from etl.geography.matching import FOLDED
from etl.geography.names import _CITIES, _TOWNSHIPS, bare

pytestmark = needs("turkey")
TURKEY = DATA / "turkey"


@pytest.fixture(scope="module")
def tree():
    """City -> township -> its neighbourhoods."""
    cities, townships, quarters = (
        json.loads((TURKEY / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("cityList", "districtsByCityCode", "neighbourhoodsByDistrictAndCityCode")
    )
    return {
        city["name"]: {one: quarters[city["code"]].get(one, []) for one in townships[city["code"]]} for city in cities
    }


@pytest.fixture(scope="module")
def atlas(tree):
    lists = some_lists({("Türkiye", "tr"): tree, ("Almanya", "de"): {}})
    return atlas_of(Gazetteer({level: lists[name] for level, name in LISTS.items()}), {}, "Türkiye")


def told(atlas, **cells):
    found = atlas.found(AddressCells(**cells))
    assert not found.troubles, (cells, found.troubles)
    return [found.name(level) for level in LEVELS[1:]]


def plain(text):
    apart = unicodedata.normalize("NFD", text)
    return "".join(sign for sign in apart if not unicodedata.combining(sign)).replace("ı", "i")


WRITINGS = [
    str.upper,
    str.lower,
    lambda text: text.replace("i", "İ").upper(),
    lambda text: plain(text).upper(),
    lambda text: f"{text} ilçesi",
]


def pairs(tree):
    return [(city, township) for city, townships in tree.items() for township in townships]


def test_every_township_is_found_however_it_is_written(tree, atlas):
    assert len(pairs(tree)) == 973
    for city, township in pairs(tree):
        for write in WRITINGS:
            assert told(atlas, city=plain(city).upper(), township=write(township)) == [city, township, None]


def test_every_township_is_found_in_one_cell_with_its_city_and_in_exchanged_cells(tree, atlas):
    for city, township in pairs(tree):
        assert told(atlas, city=f"{township} / {city}")[:2] == [city, township]
        assert told(atlas, city=f"{city}-{township}")[:2] == [city, township]
        if fold(township) not in {fold(one) for one in tree}:
            assert told(atlas, city=township, township=city)[:2] == [city, township]


def test_a_township_alone_tells_its_city_only_where_one_city_has_it(tree, atlas):
    cities = {}
    for city, township in pairs(tree):
        cities.setdefault(fold(township), []).append(city)
    assert sum(len(one) > 1 for one in cities.values()) == 25
    for city, township in pairs(tree):
        found = atlas.found(AddressCells(township=township))
        if len(cities[fold(township)]) == 1:
            assert (found.name("city"), found.name("township")) == (city, township)
        else:
            assert found.name("city") is None


def test_each_old_and_short_name_means_one_township_and_is_the_name_of_no_other(tree):
    folded = {fold(city): {fold(township) for township in townships} for city, townships in tree.items()}
    assert [len(set(group.split()) & set(folded)) for group in _CITIES] == [1] * len(_CITIES)
    for city, groups in _TOWNSHIPS.items():
        assert [len(set(group.split()) & folded[city]) for group in groups] == [1] * len(groups)


def test_no_two_townships_of_a_city_are_one_when_folded_or_without_words_around_them(tree):
    for townships in tree.values():
        assert (
            len({fold(one) for one in townships}) == len({bare(one, "township") for one in townships}) == len(townships)
        )


def test_neighbourhoods_are_found_without_their_words_and_those_that_fold_alike_are_refused(tree, atlas):
    chosen = random.Random(7)
    everything = [(*pair, one) for pair in pairs(tree) for one in tree[pair[0]][pair[1]]]
    assert len(everything) == 73_305
    gazetteer = atlas.resolver.gazetteer
    for city, township, quarter in chosen.sample(everything, 4000):
        written = quarter.removesuffix(" Mah").upper() + " MAHALLESİ"
        found = atlas.found(AddressCells(city=city, township=township, district=written))
        if "district" not in found.troubles:
            assert found.name("district") == quarter
            continue
        above = found.places["township"]
        match = gazetteer.named("district", above, written)
        assert (match.how, len(match.places) > 1) == (FOLDED, True)
    alike = atlas.found(AddressCells(city="Balıkesir", township="Altıeylül", district="gaziosmanpasa osb"))
    assert "may be" in alike.troubles["district"].words


def test_neighbourhoods_that_are_alike_are_never_taken_for_each_other(tree, atlas):
    """A letter more or less is another name, or none."""
    chosen = random.Random(8)
    everything = [(*pair, one) for pair in pairs(tree) for one in tree[pair[0]][pair[1]]]
    for city, township, quarter in chosen.sample(everything, 2000):
        at = chosen.randrange(len(quarter))
        changed = quarter[:at] + chosen.choice("abcçdefgğhıijklmnoöprsştuüvyz") + quarter[at + 1 :]
        found = atlas.found(AddressCells(city=city, township=township, district=changed))
        name = found.name("district")
        assert name is None or bare(name, "district") == bare(changed, "district")
