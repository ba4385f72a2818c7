"""What was measured, as Markdown."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

LIBRARIES = (
    "omnitron-etl", "dlt", "fastjsonschema", "jinja2", "jsonschema", "jsonschema-rs", "orjson", "pandas", "petl", "polars",
)  # fmt: skip


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The first column is text, the others are numbers."""
    rule = ["---", *("---:" for _ in header[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [header, rule, *rows]) + "\n"


def seconds(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def times(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def megabytes(value: int | None) -> str:
    return "" if value is None else f"{value / 1e6:,.0f}"


def machine() -> str:
    """CPU, cores, memory, versions: what a number means nothing without."""
    lines = [
        f"- CPU: {_cpu()}, {usable_cores()} cores",
        f"- Memory: {psutil.virtual_memory().total / 2**30:.0f} GiB",
        f"- System: {platform.system()} {platform.release()}, {platform.python_implementation()} {platform.python_version()}",
        f"- Libraries: {', '.join(f'{name} {found}' for name in LIBRARIES if (found := _version(name)))}",
        f"- Load of the machine when it began: {os.getloadavg()[0]:.1f}",
    ]
    return "\n".join(lines) + "\n"


def usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None
