"""The kind `api`: rows of a shop's HTTP API, asked for page by page, written to a private file as JSON lines, read from there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from msgspec import Struct

from etl.errors import SourceError
from etl.extract.apis.answers import KeptAnswers, PagedTable, asked, host_of, kept_rows, paged
from etl.extract.apis.asking import Asker, Login
from etl.extract.apis.pages import Kept, Pages
from etl.extract.apis.paging import (
    ONE_PAGE,
    RECIPES,
    Answered,
    address,
    first_position,
    following,
    goes_on,
    paging_of,
    total_of,
)  # fmt: skip
from etl.extract.confinement import check_inside
from etl.extract.databases.kept import KeptRows
from etl.extract.databases.spool import Spool, private_file
from etl.extract.json_path import EVERY, Around, Found, Steps, arounds, found_in, path_text, rows_path
from etl.extract.json_values import DOCUMENT, decode, described, doubtful, keys_of, value_fault
from etl.extract.kinds import COUNTERS, NORMALIZE, TRIM, Kind, Option, World, column_names_option
from etl.extract.locations import shown
from etl.extract.nested import PATH_SCHEMA, WITH
from etl.files import sha256_of
from etl.findings import said
from etl.model import Evidence, Part, Source, Table
from etl.target import Secret


class AnswerShape(Struct, frozen=True):
    """Where rows are in an answer, and the columns from around them."""

    steps: Steps
    around: Mapping[str, Around]

    def rows(self, document: Any) -> Iterator[Found]:
        # An empty list in the place of an object: so PHP writes one that has nothing in it.
        return iter(()) if document in ([], None) else found_in(document, self.steps)

    def listed(self, document: Any) -> int:
        """How many elements the page's own list has: they are what an API counts, however many rows lie in each."""
        outermost = self.steps[: self.steps.index(EVERY) + 1]
        return 0 if document in ([], None) else sum(1 for _ in found_in(document, outermost))

    def row(self, found: Found) -> Any:
        """A row as an object with the columns from around it; what is no object stays as it is."""
        if not isinstance(found.value, dict) or not self.around:
            return found.value
        beside = {name: one.value(found.parents) for name, one in self.around.items()}
        return {
            **found.value,
            **{name: one for name, one in beside.items() if isinstance(one, str | int | float | dict | list)},
        }


class Walk:
    """From page to page of one API, as far as somebody wants to go."""

    def __init__(self, source: Source) -> None:
        options = source.options
        self.url, self.name = source.location, source.name
        self.paging = paging_of(options["paging"])
        self.parameters: Mapping[str, object] = dict(options["parameters"] or {})  # type: ignore[call-overload]
        self.shape = _shape(source)
        login = Login(_secret(options["token"]), str(options["token_header"]), _secret(options["login"]))
        self._asker = Asker(self.url, login)
        identity = json.dumps(
            [self.url, sorted(map(str, self.parameters.items())), str(self.paging), str(self.shape.steps)]
        )
        self.pages = Pages(identity, login.secret())
        self.done = False

    def page(self, number: int) -> Any | None:
        """The document of a page, from 0; None behind the last. Raises SourceError."""
        while number >= len(self.pages.kept):
            if self.pages.kept and self.pages.kept[-1].next is None:
                return None
            self._ask()
        return self._document(self.pages.body(number), number)

    def _ask(self) -> None:
        number, kept = len(self.pages.kept), self.pages.kept
        position = kept[-1].next if kept else first_position(self.paging)
        assert position is not None
        reply = self._asker.get(address(self.url, self.parameters, self.paging, position), _is_json)
        document = self._document(reply.body, number)
        self._check_path(number, document)
        rows = self.shape.listed(document)
        before = sum(page.rows for page in kept)
        answered, sha256 = Answered(document, reply.headers, rows, before), hashlib.sha256(reply.body).hexdigest()
        try:
            after, total = following(self.paging, position, answered), total_of(self.paging, answered)
        except ValueError as error:
            raise self._error(number, str(error)) from None
        self._check(number, answered, sha256, after)
        self.pages.add(reply.body, Kept(after, rows, sha256, total))
        if after is None:
            self._check_total()

    def _document(self, body: bytes, number: int) -> Any:
        text = body.decode("utf-8-sig")
        document = decode(text, DOCUMENT)
        if doubtful(text) and (reason := value_fault(document)):
            raise self._error(number, str(reason))
        return document

    def _check(self, number: int, page: Answered, sha256: str, after: object) -> None:
        if self.paging.by == "none" and (way := goes_on(page)):
            raise self._error(number, f"there are further pages, and no `paging` is given; write `paging: {way}`")
        if number and page.rows and sha256 == self.pages.kept[-1].sha256:
            raise self._error(number, "is the same as the page before it; is `paging` right?")
        if after is not None and number and after == self.pages.kept[-1].next:
            raise self._error(number, "says that the next page is the same one again; is `paging` right?")

    def _check_path(self, number: int, document: Any) -> None:
        """An answer of another shape (an error that is told with status 200) must not pass for a page without rows."""
        first = self.shape.steps[0]
        if document in ([], None) or isinstance(document, dict if isinstance(first, str) else list):
            if isinstance(first, str) and document and first not in document:
                there = ", ".join(list(document)[:10])
                raise self._error(number, f"has no key '{first}', which `path` begins with; there is: {there}")
            return
        lists = [name for name, one in document.items() if isinstance(one, list)] if isinstance(document, dict) else []
        wanted = f"an object with the key '{first}'" if isinstance(first, str) else "a list of objects"
        hint = f"; write `path: {lists[0]}`?" if lists else ""
        raise self._error(number, f"is {described(document)}, not {wanted}{hint}")

    def _check_total(self) -> None:
        """All pages have to be of one number of rows, and that many have to have come."""
        kept = self.pages.kept
        rows, totals = sum(page.rows for page in kept), {page.total for page in kept if page.total is not None}
        if totals <= {rows}:
            return
        kept.clear()
        said = " and then ".join(map(str, sorted(totals)))
        raise SourceError(
            f"{shown(self.url)}: says it has {said} rows, and {rows} came: it changed meanwhile. Run it again; let it sort by "
            "id, or ask for what is older than today (`parameters`)"
        )

    def _error(self, number: int, what: str) -> SourceError:
        return SourceError(f"{shown(self.url)}: page {number + 1}: {what}")

    def leave(self) -> None:
        """Pages are kept for whoever goes on where this process was stopped; the first alone is asked for soon enough."""
        self._asker.close()
        self.pages.leave(keep=not self.done and len(self.pages.kept) > 1)


def _shape(source: Source) -> AnswerShape:
    steps, around = rows_path(source.options["path"]), arounds(dict(source.options["with"] or {}))  # type: ignore[arg-type, call-overload]
    levels = sum(isinstance(step, str) for step in steps)
    for name, one in around.items():
        if one.levels > levels:
            raise ValueError(f"`with: {name}` goes {one.levels} up, and around a row there are only {levels} objects")
    return AnswerShape(steps, around)


def _secret(value: object) -> Secret | None:
    if value is None or isinstance(value, Secret):
        return value
    return Secret(str(value))


def _is_json(body: bytes) -> bool:
    try:
        decode(body.decode("utf-8-sig"), DOCUMENT)
    except ValueError:
        return False
    return True


class ApiTable(Struct, frozen=True):
    """An API whose first page is known, and with it the columns."""

    source: Source
    walk: Walk
    spool: Spool
    header: tuple[str, ...]
    first_row: int = 1
    text_only: bool = False

    def parts(self, rows: int) -> Iterator[Part]:
        return self.fetched(self.header).parts(rows)

    def fetched(self, columns: Collection[str]) -> PagedTable:
        """The rows of these columns, from now on in a file of ours. Raises SourceError."""
        return self.written(columns, self.spool.path(), "in TMPDIR")

    def written(self, columns: Collection[str], path: Path, place: str) -> PagedTable:
        """The rows of these columns, in this file; `place` says how another folder is named. Raises SourceError."""
        names = tuple(name for name in self.header if name in columns) or self.header[:1]
        counts: list[int] = []
        with private_file(path, place) as file:
            while (document := self.walk.page(len(counts))) is not None:
                counts.append(_write(self.walk.shape, document, names, file))
                if self.spool.follow:
                    self.spool.follow(said("{source}: rows fetched", source=self.source.name), counts[-1], None)
        self.walk.done = True
        statement = f"GET {shown(self.walk.url)}: {len(counts)} page{'' if len(counts) == 1 else 's'}"
        seen = Evidence(
            shown(self.source.location), path.stat().st_size, sha256_of(path), statement, self.walk.pages.taken, sum(counts)
        )  # fmt: skip
        return paged(path, names, seen, counts)


def keep_answers(wanted: Sequence[tuple[ApiTable, Collection[str]]], new_path: Callable[[], Path]) -> list[KeptRows]:
    """Fetch what APIs are asked for into files that stay, each once. Raises SourceError."""
    found: dict[tuple[str | None, str], tuple[ApiTable, set[str]]] = {}
    for table, columns in wanted:
        source = table.source
        key = (host_of(source), asked(source.location, source.options))
        found.setdefault(key, (table, set()))[1].update(columns)
    return [_kept(table, columns, new_path()) for table, columns in found.values()]


def _kept(table: ApiTable, columns: Collection[str], path: Path) -> KeptRows:
    rows = table.written(columns, path.with_suffix(".jsonl"), "with --workspace")
    return kept_rows(table.source, rows, table.header)


def _write(shape: AnswerShape, document: Any, names: tuple[str, ...], file: BinaryIO) -> int:
    import msgspec

    encode, count = msgspec.json.Encoder(decimal_format="number").encode, 0
    for found in shape.rows(document):
        row = shape.row(found)
        # What is no object stays as it is: the reader of lines tells what is wrong with it.
        kept = (
            {name: row.get(name) for name in names}
            if isinstance(row, dict) and not found.reason
            else [str(found.reason)]
        )
        file.write(encode(kept) + b"\n")
        count += 1
    return count


@contextmanager
def open_api(source: Source, world: World) -> Iterator[Table]:
    check_inside(source.location)
    kept, host = world.connections.kept, host_of(source)
    rows = kept.find(host, source.kind, asked(source.location, source.options)) if kept and host else None
    if kept and rows:
        yield KeptAnswers(kept, rows, shown(source.location))
        return
    walk = Walk(source)
    try:
        yield ApiTable(source, walk, world.connections.spool, _header(source, walk))
    finally:
        walk.leave()


def _header(source: Source, walk: Walk) -> tuple[str, ...]:
    first = walk.page(0)
    given: Any = source.options["header"]
    keys = given or keys_of(found.value for found in walk.shape.rows(first))
    if not keys:
        raise SourceError(
            f"{shown(source.location)}: the first page has no rows, so there are no columns; is a parameter wrong? With "
            "`header` a source without rows has columns"
        )
    return (*keys, *(name for name in walk.shape.around if name not in keys))


def evidence_of_api(source: Source, table: Table, whole: bool) -> Evidence:
    if isinstance(table, PagedTable):
        return table.proved() if whole else table.evidence
    return Evidence(shown(source.location))


def _parameters(value: object) -> object:
    if isinstance(value, Mapping) and all(isinstance(one, str | int | float) for one in value.values()):
        return {str(name): "true" if one is True else "false" if one is False else one for name, one in value.items()}
    if isinstance(value, Mapping):
        wrong = next(name for name, one in value.items() if not isinstance(one, str | int | float))
        raise ValueError(f"`{wrong}` is neither a text nor a number; write what stands in the address, as a text")
    raise ValueError("is not a mapping of names to texts and numbers")


def _optional_secret(value: object) -> object:
    if value is None or isinstance(value, str | Secret):
        return value
    raise ValueError("is not a text; write ${NAME}, a variable of the environment")


def _login(value: object) -> object:
    text = value.reveal() if isinstance(value, Secret) else value
    if text is None or (isinstance(text, str) and ":" in text) or (isinstance(text, str) and "${" in text):
        return value
    raise ValueError("is no `user:password` (a key without a password ends in a colon)")


def _header_name(value: object) -> object:
    if isinstance(value, str) and value.replace("-", "").isalnum() and value.isascii():
        return value
    raise ValueError(f"{value!r} is no name of a header")


API = Kind(
    "api",
    "An HTTP API that answers with JSON, page by page: the address of a list of objects.",
    open_api,
    (
        Option(
            "paging",
            f"how the next page is asked for: {', '.join(RECIPES)}, link (the Link header), or a mapping with `by`. Default: "
            "there is one page.",
            paging_of,
            {
                "type": ["string", "object"],
                "examples": ["woocommerce", "link", {"by": "cursor", "parameter": "after", "at": "meta.next"}],
            },
            ONE_PAGE,
        ),
        Option(
            "parameters",
            "what is asked for, in the address behind the `?`. Default: nothing.",
            _parameters,
            {"type": "object", "examples": [{"status": "any", "orderby": "id"}]},
            {},
        ),
        Option(
            "token",
            "the token that lets in, from the environment; sent as `Authorization: Bearer`, to this host alone.",
            _optional_secret,
            {"type": "string", "writeOnly": True, "examples": ["${SHOP_TOKEN}"]},
        ),
        Option(
            "token_header",
            "another header in which the token is sent, as it is. Default: Authorization.",
            _header_name,
            {"type": "string", "examples": ["X-Shopify-Access-Token"]},
            "Authorization",
        ),
        Option(
            "login",
            "user and password, joined by a colon, from the environment (HTTP Basic).",
            _login,
            {"type": "string", "writeOnly": True, "examples": ["${SHOP_LOGIN}"]},
        ),
        Option(
            "path",
            "where in an answer the rows are: keys joined by dots, `[*]` for every element of a list. Default: the answer is the "
            "list.",
            path_text,
            PATH_SCHEMA,
        ),
        WITH,
        column_names_option(
            "the keys that are columns; any other is passed over. Default: all keys of the first page."
        ),
        TRIM,
        NORMALIZE,
        COUNTERS,
    ),
    mistakes={
        "there are further pages, and no `paging` is given": "write the `paging` that the message names",
        "has no key '...', which `path` begins with": "`path` is wrong, or the API tells of an error with status 200",
        "is no address of an API": "write https://host/path",
    },
    examples=("https://shop.example.com/wp-json/wc/v3/orders",),
    where="url",
    evidence=evidence_of_api,
    rows_of=lambda source: source.name,
)
