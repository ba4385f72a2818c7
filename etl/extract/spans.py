"""How long something took, as text: hours, minutes and seconds, as a spreadsheet shows it with [h]:mm:ss."""

from __future__ import annotations

from datetime import timedelta

_SECOND = timedelta(seconds=1)


def span_text(span: timedelta) -> str:
    """26:30:00 for a day and two and a half hours; with a fraction of six digits where there is one, as times have it."""
    seconds, rest = divmod(abs(span), _SECOND)
    minutes, second = divmod(seconds, 60)
    fraction = f".{rest.microseconds:06}" if rest else ""
    return f"{'-' if span < timedelta() else ''}{minutes // 60:02}:{minutes % 60:02}:{second:02}{fraction}"
