"""A report's data -> its page: one file with everything in it, which loads nothing and runs nothing but its own few lines."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from etl.measures.money import EDGES
from etl.report.catalogue import ENGLISH, Catalogue
from etl.report.page.compiled import KeptTemplate
from etl.report.page.facts import LOADED
from etl.report.page.money import LEFT, Amount, told_between, written_amount
from etl.report.page.pictures import Number, bars, flow, months, share
from etl.terminal import plain_json, visible

Say = Callable[[str], str]
"""A text of the page in English -> the same in the reader's language."""

NAMES = (
    *("read", "filtered", "rejected", "held", "merged", "valid", "absent", "currency", "status", "month"),
    *LOADED,
    *("log in at once", "log in once Akinon has agreed to it", "reset at first login", "a digest that no password has"),
    *("repeated", "rounded", "differs", "planned", "sending", "accepted", "done", "lost", "warned"),
)
"""Words of the data that the page says in the reader's language."""

ENDINGS = (
    *("a stage has more failed records than the mapping allows", "it is not known whether a batch arrived"),
    *("Omnitron refused a batch", "Omnitron could not be reached", "Omnitron did not do what was asked"),
    *(
        "somebody stopped it",
        "something on this machine was not in order",
        "its process was killed, or ended without a word",
    ),
)
"""What a load may end in."""

WHYS = (
    "the process ended before an answer was written",
    "its record failed",
    "all of its records failed, so it created none of them",
    "{count} of its records failed, and Omnitron does not tell which",
    "{count} of its records failed, and Omnitron does not tell which; sent again, each alone, these failed once more",
)
"""Why a batch needs a person, as the journal says it; it may also be what Omnitron answered, which stays as it is."""

PASSWORD_FORMS = ("{count} hexadecimal digits", "{count} characters")

TEMPLATE = "report.html.jinja"


def page(report: Mapping[str, Any], catalogue: Catalogue = ENGLISH) -> str:
    """The whole page. It depends on `report` and the language alone."""
    say, language = catalogue.text, catalogue.language
    environment, numbers = _environment(language), Numbers(language)
    style, script = (_own(name) for name in ("report.css", "report.js"))
    return environment.get_template(TEMPLATE).render(
        _=say,
        report=report,
        language=language,
        style=style,
        script=script,
        policy=_policy(style, script),
        sections=list(_sections(report, say)),
        linked={(one["stage"], one["name"]) for one in report["fields"]},
        totals=_totals(report["stages"]),
        left_behind=list(_left_behind(report["money"])),
        between=told_between,
        loaded=LOADED,
        sampled=any(one["looked"] < one["records"] for one in report["fields"]),
        flow=lambda stage: _flow(stage, say, numbers.number),
        spread=lambda field: _spread(field, say, numbers.number),
        password=lambda form: _password(form, say),
        br=Markup("<br>"),
        why=lambda told: _why(told, say),
        share=share,
        standings=_standings(report["passwords"]),
    )


def _standings(passwords: Sequence[Mapping[str, Any]]) -> Mapping[str, int]:
    """How many customers log in, and how."""
    found = Counter[str]()
    for one in passwords:
        found[one["standing"]] += one["count"]
    return dict(found.most_common())


def _totals(stages: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    found = {name: sum(stage[name] for stage in stages) for name in ("read", "valid", "rejected", "held", "corrected")}
    loaded = [stage["loaded"] for stage in stages if stage["loaded"]]
    return found | {name: sum(one[name] for one in loaded) for name in ("uploaded", "failed")}


def _left_behind(money: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The orders' amounts that are not sent, for each currency, and of each stage where several are of orders.

    What a row that is sent was rounded by, or differs by from its `totals`, is not left behind.
    """
    orders = [one for one in money if one["field"] == "amount"]
    for one in orders:
        stage = one["stage"] if len(orders) > 1 else None
        yield from ({**line, "stage": stage, "left": sum(line[fate] for fate in LEFT)} for line in one["totals"])


@cache
def _environment(language: str) -> Environment:
    numbers = Numbers(language)
    environment = Environment(
        loader=DictLoader({TEMPLATE: _shipped(TEMPLATE)}),
        bytecode_cache=KeptTemplate(Path(__file__)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        # What no key types, and what turns a line round, is shown as what it is.
        finalize=lambda value: value if isinstance(value, Markup) else visible(str(value)),
    )
    environment.filters |= {
        "number": numbers.number, "amount": numbers.amount, "percent": numbers.percent, "quoted": _quoted,
    }  # fmt: skip
    return environment


def _own(name: str) -> Markup:
    """A file of this folder as it is."""
    return Markup(_shipped(name))  # noqa: S704


@cache
def _shipped(name: str) -> str:
    return files("etl.report.page").joinpath(name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Nothing is loaded from anywhere; of style and script only these very texts count."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _sections(report: Mapping[str, Any], say: Say) -> Any:
    yield "rows", say("Rows")
    if report["upload"]:
        yield "upload", say("Upload")
    yield "problems", say("Problems")
    if report["money"]:
        yield "money", say("Money")
    if report["passwords"]:
        yield "passwords", say("Passwords")
    yield from (("fields", say("Fields")), ("columns", say("Columns")), ("sources", say("Sources")))


def _flow(stage: Mapping[str, Any], say: Say, number: Number) -> Markup:
    """The picture of a stage: after a load the valid records by what became of them."""
    loaded = stage["loaded"]
    ends = [(name, loaded[name]) for name in LOADED] if loaded else [("valid", stage["valid"])]
    ends += [(name, stage[name]) for name in ("merged", "filtered", "held", "rejected")]
    title = f"{stage['name']}: {number(stage['read'])} {say('rows read')}: " + ", ".join(
        f"{say(name)} {number(count)}" for name, count in ends if count
    )
    return flow(stage["read"], [(name, say(name), count) for name, count in ends], visible(title), number)


def _spread(field: Mapping[str, Any], say: Say, number: Number) -> Markup:
    found = field["spread"]
    if not found:
        return Markup("")
    if field["amount"]:
        counts = {int(size): count for size, count in found}
        sizes = [(_size(size, number), counts.get(size, 0)) for size in range(len(EDGES) + 1)]
        return bars(sizes, say("amounts by size"), number)
    by_month = months(found)
    picture = bars(by_month, say("by month"), number)
    return picture + Markup('<span class="small">{} – {}</span> ').format(by_month[0][0], by_month[-1][0])


def _size(size: int, number: Number) -> str:
    if size == 0:
        return "< 0"
    least = number(EDGES[size - 1])
    return f"≥ {least}" if size == len(EDGES) else f"{least} – {number(EDGES[size])}"


def _password(form: str, say: Say) -> str:
    """'32 hexadecimal digits', as measures/passwords.py tells the form of a password."""
    for words in PASSWORD_FORMS:
        if found := re.search(words.format(count=r"(\d+)"), form):
            form = form.replace(found[0], say(words).format(count=found[1]))
    return say(form)


def _why(told: str, say: Say) -> str:
    for words in WHYS:
        begin, part, end = words.partition("{count}")
        found = re.fullmatch(f"{re.escape(begin)}{part and '([0-9]+)'}{re.escape(end)}", told)
        if found:
            return say(words).format(count=found[1] if part else "")
    return told


def _quoted(value: Any) -> str:
    """A value as a mapping writes it: a text in quotes only where nothing else shows that it is there."""
    if isinstance(value, bool | Mapping | list) or value is None:
        return plain_json(value)
    return repr(value) if isinstance(value, str) and (not value or value != value.strip()) else str(value)


class Numbers:
    """Numbers as they are written in a language: 1,234.5 or 1.234,5."""

    def __init__(self, language: str) -> None:
        self._swap = str.maketrans(",.", ".,") if language == "tr" else {}
        self._percent = "%{}" if language == "tr" else "{} %"

    def number(self, value: Any) -> str:
        if not isinstance(value, int | float):
            return str(value)
        if isinstance(value, float) and not value.is_integer():
            return f"{value:,.4f}".rstrip("0").translate(self._swap)
        return f"{value:,.0f}".translate(self._swap)

    def amount(self, value: Amount) -> str:
        return written_amount(value).translate(self._swap)

    def percent(self, value: float) -> str:
        """Of what is neither nothing nor all, neither 0 nor 100."""
        shown = 100 * value
        digits = 0 if shown >= 10 or not shown else 1 if shown >= 1 else 2
        if value < 1 and f"{shown:.{digits}f}" in ("0.00", "100"):
            return self._percent.format("< 0.01" if shown < 1 else "> 99.9").translate(self._swap)
        return self._percent.format(f"{shown:.{digits}f}".translate(self._swap))
