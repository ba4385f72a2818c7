"""The pictures of a report as SVG: drawn here, so that the page needs no library, prints, and shows nothing but what it is given.

Colours and letters come from the page's style sheet by class; no text is drawn that was not escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from markupsafe import Markup

WIDTH, HEIGHT = 360, 150
LEFT, RIGHT, BAR = 0, 226, 14
TOP, GAP, LEAST = 6, 5, 2.0
Number = Callable[[int], str]
"""A count as the reader's language writes it."""

LINE = 17
"""The height a label needs, so that two of them never lie on each other."""


def flow(read: int, ends: Sequence[tuple[str, str, int]], title: str, number: Number) -> Markup:
    """Rows on their way: all that were read on the left, and what became of them on the right.

    `ends`: class, label and count of each, from top to bottom; those of nothing are left out.
    """
    shown = [one for one in ends if one[2]]
    heights = _heights([count for _, _, count in shown], HEIGHT - 2 * TOP - GAP * max(len(shown) - 1, 0))
    parts = [_box("read", LEFT, TOP, sum(heights))]
    begin, end, label = float(TOP), float(TOP), 0.0
    for (name, text, count), height in zip(shown, heights, strict=True):
        parts += [_band(name, begin, end, height), _box(name, RIGHT, end, height)]
        label = max(label + LINE, end + height / 2 + 4)
        parts.append(Markup('<text x="{}" y="{:.1f}">{} {}</text>').format(RIGHT + BAR + 8, label, number(count), text))
        begin, end = begin + height, end + height + GAP
    bottom = max(HEIGHT, label + TOP)
    return _svg("flow", WIDTH, bottom, title, parts)


def _heights(counts: Sequence[int], room: float) -> list[float]:
    """Heights in the counts' proportions, none too small to be seen."""
    whole = sum(counts) or 1
    least = [max(LEAST, room * count / whole) for count in counts]
    over = sum(least) - room
    return [height - over * (height / sum(least)) if over > 0 else height for height in least]


def _box(name: str, x: float, y: float, height: float) -> Markup:
    return Markup('<rect class="{}" x="{}" y="{:.1f}" width="{}" height="{:.1f}"/>').format(name, x, y, BAR, height)


def _band(name: str, begin: float, end: float, height: float) -> Markup:
    """The way from the left to the right, as wide as there are rows on it."""
    left, right = LEFT + BAR, RIGHT
    middle = (left + right) / 2
    path = (
        f"M{left} {begin:.1f}C{middle} {begin:.1f} {middle} {end:.1f} {right} {end:.1f}V{end + height:.1f}"
        f"C{middle} {end + height:.1f} {middle} {begin + height:.1f} {left} {begin + height:.1f}Z"
    )
    return Markup('<path class="band {}" d="{}"/>').format(name, path)


def bars(
    counts: Sequence[tuple[str, int]], title: str, number: Number, *, width: int = 220, height: int = 36
) -> Markup:
    """A small histogram. Each bar says what it is when it is pointed at, and the table beside it says so in letters."""
    most = max((count for _, count in counts), default=0) or 1
    step = width / max(len(counts), 1)
    parts = list(_columns(counts, most, step, height, number))
    return _svg("bars", width, height, title, parts)


def _columns(
    counts: Sequence[tuple[str, int]], most: int, step: float, height: int, number: Number
) -> Iterator[Markup]:
    for at, (label, count) in enumerate(counts):
        if count:
            tall = max(1.0, height * count / most)
            yield Markup(
                '<rect x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}"><title>{}: {}</title></rect>'
            ).format(at * step, height - tall, max(step * 0.86, 0.6), tall, label, number(count))


def share(part: float, name: str = "share") -> Markup:
    """A bar of which a part is filled; `part` from 0 to 1."""
    filled = max(0.0, min(1.0, part)) * 100
    inner = [
        Markup('<rect class="whole" width="100" height="8"/>'),
        Markup('<rect class="part" width="{:.1f}" height="8"/>').format(filled),
    ]
    return Markup('<svg class="{}" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">{}</svg>').format(
        name, Markup("").join(inner)
    )


def _svg(name: str, width: float, height: float, title: str, parts: Sequence[Markup]) -> Markup:
    return Markup('<svg class="{}" viewBox="0 0 {} {:.0f}" role="img" aria-label="{}">{}</svg>').format(
        name, width, height, title, Markup("").join(parts)
    )


def months(spread: Sequence[Sequence[object]]) -> list[tuple[str, int]]:
    """Counts of months in their order, those between without any among them; of many years by years."""
    counted: Mapping[str, int] = {str(month): int(str(count)) for month, count in spread}
    years = sorted({month[:4] for month in counted})
    if not years or not all(map(str.isdigit, years)):
        return sorted(counted.items())
    if int(years[-1]) - int(years[0]) >= MOST_YEARS:
        return _by_years(counted, years)
    every = [f"{year}-{month:02}" for year in range(int(years[0]), int(years[-1]) + 1) for month in range(1, 13)]
    there = [month for month in every if month in counted]
    return [(month, counted.get(month, 0)) for month in every if there[0] <= month <= there[-1]]


MOST_YEARS = 10
WIDEST = 150


def _by_years(counted: Mapping[str, int], years: Sequence[str]) -> list[tuple[str, int]]:
    first, last = int(years[0]), int(years[-1])
    every = [f"{year:04}" for year in range(first, last + 1)] if last - first <= WIDEST else list(years)
    return [(year, sum(count for month, count in counted.items() if month[:4] == year)) for year in every]
