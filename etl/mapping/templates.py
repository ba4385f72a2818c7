"""Walk through what fields are made from: expressions, constants, and lists and mappings of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import chain
from typing import Any

from etl.expressions import ExpressionError, columns_in, summand
from etl.mapping.places import YamlPath
from etl.model import Expression, Stage, Template


def leaves(path: YamlPath, template: Template) -> list[tuple[YamlPath, Template]]:
    """Every expression and constant of a template, with its path in the document."""
    if isinstance(template, Mapping):
        return [leaf for name, one in template.items() for leaf in leaves((*path, name), one)]
    if isinstance(template, tuple):
        return [leaf for index, one in enumerate(template) for leaf in leaves((*path, index), one)]
    return [(path, template)]


def is_constant(template: Template) -> bool:
    return not any(isinstance(leaf, Expression) for _, leaf in leaves((), template))


def plain_constant(template: Template) -> Any:
    """A constant as JSON has it."""
    if isinstance(template, Mapping):
        return {name: plain_constant(one) for name, one in template.items()}
    return [plain_constant(one) for one in template] if isinstance(template, tuple) else template


def columns_used(stages: Iterable[Stage]) -> dict[str, set[str]]:
    """For each source of these stages, the columns that their expressions read. One that cannot be read is told elsewhere."""
    used: dict[str, set[str]] = {}
    for stage in stages:
        found = used.setdefault(stage.source, set())
        summed = tuple(map(summand, chain.from_iterable(stage.totals.values())))
        for _, one in leaves((), (stage.key, stage.where, stage.settled, dict(stage.fields), summed)):
            if isinstance(one, Expression):
                with suppress(ExpressionError):
                    found.update(columns_in(one.text))
    return used


def columns_wanted(stages: Iterable[Stage]) -> dict[str, set[str]]:
    """Those, and the columns by which rows are found again that persons have mended."""
    stages = list(stages)
    wanted = columns_used(stages)
    for stage in stages:
        wanted[stage.source].update(name for one in stage.corrections for name in one.columns)
    return wanted
