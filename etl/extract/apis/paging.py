"""How an API goes from page to page. Pure: an answer in, where the next page is out.

An answer that was cut off must never look like the end, so an end is always said: by an empty page, by the number of all rows,
by a cursor or an address that is not there any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from msgspec import Struct
from msgspec.structs import replace

from etl.extract.json_path import found_in, steps_of
from etl.suggest import did_you_mean, perhaps

Position = int | str
"""Where a page is: its number, how many rows come before it, a cursor, or an address."""


class Paging(Struct, frozen=True):
    """`by`: how the next page is asked for. "none": there is one page.

    parameter       what says which page, in the address: its number, the rows before it, or the cursor
    first           the number of the first page
    size            how many rows a page has, and size_parameter what says so
    form            how an offset is written: "{offset}", or "{offset},{size}"
    at              where in an answer the next cursor or address is
    total           where in an answer the number of all rows is; total_header the header that has it
    """

    by: str
    parameter: str = ""
    first: int = 1
    size: int | None = None
    size_parameter: str = ""
    form: str = "{offset}"
    at: str = ""
    total: str = ""
    total_header: str = ""


class Answered(Struct, frozen=True):
    """A page: its document, its headers (lower case), how many elements its list has, and how many came before."""

    document: Any
    headers: Mapping[str, str]
    rows: int
    before: int = 0


ONE_PAGE = Paging("none")
RECIPES: Mapping[str, Paging] = {
    "woocommerce": Paging("page", "page", size=100, size_parameter="per_page", total_header="x-wp-total"),
    "shopify": Paging("link", size=250, size_parameter="limit"),
    "prestashop": Paging("offset", "limit", size=100, form="{offset},{size}"),
    "magento": Paging(
        "page", "searchCriteria[currentPage]", size=100, size_parameter="searchCriteria[pageSize]", total="total_count"
    ),
    "odata": Paging("next", at="@odata.nextLink"),
}
"""What these shops' documentation says (WooCommerce REST API v3, Shopify Admin REST, PrestaShop web service, Magento REST,
OData 4). Magento gives its last page again for every number beyond it, so that only its total says where the end is."""

WAYS: Mapping[str, tuple[str, ...]] = {
    "page": ("parameter",),
    "offset": ("parameter", "size"),
    "cursor": ("parameter", "at"),
    "link": (),
    "next": ("at",),
}
"""Each way, and what it needs."""

NUMBERS = ("first", "size")


def paging_of(value: object) -> Paging:
    """A setting of the mapping: a recipe's name, `link`, or a mapping. Raises ValueError."""
    if value is None:
        return ONE_PAGE
    if isinstance(value, Paging):
        return value
    if isinstance(value, str):
        if value == "link":
            return Paging("link")
        if value in RECIPES:
            return RECIPES[value]
        raise ValueError(f"unknown paging '{value}'{did_you_mean(value, (*RECIPES, 'link'))}")
    if not isinstance(value, Mapping):
        raise ValueError(f"{value!r} is neither a name ({', '.join(RECIPES)}, link) nor a mapping with `by`")
    return _written(value)


def _written(value: Mapping[str, object]) -> Paging:
    known = tuple(Paging.__struct_fields__)
    for name, setting in value.items():
        if name not in known:
            raise ValueError(f"unknown key '{name}'{did_you_mean(name, known)}")
        if (name in NUMBERS) != (isinstance(setting, int) and not isinstance(setting, bool)):
            raise ValueError(f"`{name}`: {setting!r} is no {'number' if name in NUMBERS else 'text'}")
    by = str(value.get("by", ""))
    if by in RECIPES:
        return replace(RECIPES[by], **{name: one for name, one in value.items() if name != "by"})
    if by not in WAYS:
        raise ValueError(f"`by: {by}` is none of {', '.join((*WAYS, *RECIPES))}{perhaps(by, (*WAYS, *RECIPES))}")
    for name in WAYS[by]:
        if not value.get(name):
            raise ValueError(f"`by: {by}` needs `{name}`")
    if value.get("size") is not None and int(str(value["size"])) < 1:
        raise ValueError("`size` is at least 1")
    found = Paging(**value)  # type: ignore[arg-type]
    return replace(found, total_header=found.total_header.lower())


def first_position(paging: Paging) -> Position:
    return paging.first if paging.by == "page" else 0 if paging.by == "offset" else ""


def address(url: str, parameters: Mapping[str, object], paging: Paging, position: Position) -> str:
    """What to ask for. A link is whole as it is."""
    if paging.by in ("link", "next") and position:
        return urljoin(url, str(position))
    asked = {name: str(one) for name, one in parameters.items()}
    if paging.size is not None and paging.size_parameter:
        asked[paging.size_parameter] = str(paging.size)
    if paging.by == "offset":
        asked[paging.parameter] = paging.form.format(offset=position, size=paging.size)
    elif paging.parameter and position != "":
        asked[paging.parameter] = str(position)
    parts = urlsplit(url)
    kept = [(name, one) for name, one in parse_qsl(parts.query, keep_blank_values=True) if name not in asked]
    return urlunsplit(parts._replace(query=urlencode([*kept, *asked.items()])))


def following(paging: Paging, position: Position, page: Answered) -> Position | None:
    """Where the next page is; None at the end. Raises ValueError for an answer that does not say."""
    if paging.by in ("page", "offset"):
        total = total_of(paging, page)
        if page.rows == 0 or (total is not None and page.before + page.rows >= total):
            return None
        return int(position) + (1 if paging.by == "page" else page.rows)
    if paging.by == "link":
        return next_link(page.headers.get("link", ""))
    if paging.by == "none":
        return None
    found = value_at(page.document, paging.at)
    if found in (None, "", False):
        return None
    if not isinstance(found, str | int):
        raise ValueError(f"`at: {paging.at}` is neither a text nor a number")
    return str(found)


def total_of(paging: Paging, page: Answered) -> int | None:
    """How many rows there are on all pages, where an answer says so. Raises ValueError when it should and does not."""
    if paging.total:
        found = value_at(page.document, paging.total)
        if isinstance(found, bool) or not isinstance(found, int):
            raise ValueError(f"`total: {paging.total}` is no number in its answer")
        return found
    said = page.headers.get(paging.total_header, "") if paging.total_header else ""
    return int(said) if said.isdecimal() else None


def value_at(document: Any, path: str) -> Any:
    """What stands at a path; a key with dots in it (`@odata.nextLink`) comes first."""
    if isinstance(document, Mapping) and path in document:
        return document[path]
    found = next(found_in(document, steps_of(path)), None)
    return None if found is None or found.reason else found.value


def next_link(header: str) -> str | None:
    """The address of the next page in a Link header (RFC 8288)."""
    from requests.utils import parse_header_links

    found = [one for one in parse_header_links(header) if "next" in one.get("rel", "").lower().split()]
    return found[0]["url"] if found else None


def goes_on(page: Answered) -> str:
    """The paging that an answer seems to have, for a source that has been told of none; nothing when it is all there is."""
    if next_link(page.headers.get("link", "")):
        return "link"
    if page.headers.get("x-wp-totalpages", "1") not in ("0", "1"):
        return "woocommerce"
    return "odata" if isinstance(page.document, Mapping) and "@odata.nextLink" in page.document else ""
