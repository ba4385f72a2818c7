"""How names of places are compared: folded, without the words that only say what kind of place it is, by old and short names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

LEVELS = ("country", "city", "township", "district")
"""From the largest to the smallest, as the fields of an address are called."""

KIND_WORDS: Mapping[str, frozenset[str]] = {
    "country": frozenset(),
    "city": frozenset(("il", "ili", "province")),
    "township": frozenset(("ilce", "ilcesi", "merkez", "merkezi")),
    "district": frozenset(("mah", "mahalle", "mahallesi", "mh", "mhl")),
}
"""What people write around a name, folded. It is taken away only where the name with it is not on the list."""

CENTRE = "merkez"
"""The township of a province that is its capital, where that has no name of its own."""

_WORD = re.compile(r"[^\W_]+")


@lru_cache(maxsize=100_000)
def words_of(text: str) -> tuple[str, ...]:
    """The words of a name in small letters without accents, in which the Turkish ı and i are one."""
    apart = unicodedata.normalize("NFD", text.lower())
    plain = "".join(sign for sign in apart if not unicodedata.combining(sign)).replace("ı", "i")
    return tuple(_WORD.findall(plain))


def fold(text: str) -> str:
    """A name as it is compared: Kadıköy, KADIKOY and Kadi köy are one."""
    return "".join(words_of(text))


def bare(text: str, level: str) -> str:
    """The folded name without the words that only say what it is: `Moda Mah.` and `Moda` are one."""
    words = words_of(text)
    kept = [word for word in words if word not in KIND_WORDS[level]]
    # Of such words alone, `Merkez` is a name: `Merkez İlçesi` is one of them.
    return "".join(kept) or (CENTRE if CENTRE in words else "".join(words))


_CITIES = (
    "mersin icel", "sanliurfa urfa surfa", "gaziantep antep gantep", "kahramanmaras maras kmaras", "afyonkarahisar afyon",
    "kocaeli izmit", "sakarya adapazari", "hatay antakya", "tunceli dersim", "istanbul ist",
)  # fmt: skip

_TOWNSHIPS: Mapping[str, tuple[str, ...]] = {
    "adana": ("karaisali kisali",),
    "agri": ("dogubayazit dogubeyazit",),
    "ankara": ("kahramankazan kazan", "sereflikochisar skochisar kochisar"),
    "antalya": ("demre kale",),
    "aydin": ("efeler merkez aydin", "didim yenihisar"),
    "bursa": ("mustafakemalpasa mkemalpasa mkpasa",),
    "erzurum": ("aziziye ilica",),
    "hatay": ("samandag samandagi",),
    "istanbul": ("eyupsultan eyup", "gaziosmanpasa gosmanpasa gop", "kucukcekmece kcekmece", "buyukcekmece bcekmece"),
    "konya": ("eregli konyaeregli keregli",),
    "mardin": ("artuklu merkez mardin",),
    "mugla": ("mentese merkez mugla",),
    "ordu": ("altinordu merkez ordu",),
    "samsun": ("ondokuzmayis 19mayis",),
    "siirt": ("tillo aydinlar",),
    "tekirdag": ("suleymanpasa merkez tekirdag", "marmaraereglisi mereglisi"),
    "trabzon": ("ortahisar merkez trabzon",),
    "zonguldak": ("eregli kdzeregli karadenizeregli",),
}  # fmt: skip
"""By province. What was the centre of one is named here only where one township has taken its place whole."""


def other_names(text: str, level: str, parent: str) -> frozenset[str]:
    """The folded names that mean the same place as this one: old, new and short. `parent` is the name of what it lies in."""
    if level == "city":
        return _same(_CITIES, bare(text, level))
    if level != "township":
        return frozenset()
    city = fold(parent)
    groups = next((groups for name, groups in _TOWNSHIPS.items() if name in {city, *_same(_CITIES, city)}), ())
    return _same(groups, bare(text, level)) | _centre(text, city)


def _centre(text: str, city: str) -> frozenset[str]:
    """A province's own name means its centre, when it is said of a township: `Bilecik Merkez`, in Bilecik."""
    return frozenset((CENTRE,)) if bare(text, "township") in {city, *_same(_CITIES, city)} else frozenset()


def _same(groups: tuple[str, ...], name: str) -> frozenset[str]:
    return frozenset(one for group in groups if name in group.split() for one in group.split())
