"""What a new folder gets beside its mapping: the pages of the shop that is shipped, and the example of its variables.

A page's links lead to what is in the new folder, or are said in words: the repository that they lead into is not there.
"""

from __future__ import annotations

import re
from pathlib import Path
from posixpath import normpath

from etl.mapping import written_in
from etl.resources import shipped

EXAMPLE = ".env.example"
PAGE = "README.md"
COMMON = "common"
_MAPPING = re.compile(r"mappings/[\w.-]+\w")
_LINK = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<to>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")


def copy_pages(origin: Path, folder: Path) -> None:
    """The shop's own page as README.md, that of all shops as COMMON.md, and those of shops that it extends and refers to."""
    names = {origin.name: PAGE, COMMON: "COMMON.md"}
    own = (origin / PAGE).read_text(encoding="utf-8")
    family = [path.parent.name for path in written_in(origin)]
    names |= {name: f"{name}.md" for name in family if name not in names and f"(../{name}/{PAGE}" in own}
    for name, file in names.items():
        text = (shipped(f"mappings/{name}") / PAGE).read_text(encoding="utf-8")
        told = _LINK.sub(lambda link: _link(link, names), text)
        (folder / file).write_text(_MAPPING.sub(folder.name, told), encoding="utf-8")


def _link(link: re.Match[str], names: dict[str, str]) -> str:
    text, to = link["text"], link["to"]
    if "://" in to:
        return link[0]
    place = normpath(f"mappings/shop/{to}")
    shop = re.fullmatch(rf"mappings/([^/]+)/{re.escape(PAGE)}", place)
    if shop is None:
        return f"{text}, `{place}` of omnitron-etl"
    return f"[{text}]({names[shop[1]]}{link['anchor'] or ''})" if shop[1] in names else text


def example_of(text: str, mapping: str) -> str:
    """The example of variables that a mapping's text needs. Where it says itself where the shop is, no line contradicts it."""
    if "${LEGACY" not in mapping:
        return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("LEGACY"))
    usual = re.search(r"\$\{LEGACY:-([^}]*)\}", mapping)
    if usual is None:
        return text
    said = f"# The shop is {usual[1]}, seen from this folder, as migration.yaml says; another place of it is set here:\n# LEGACY="
    return re.sub(r"(?m)^LEGACY=", lambda _: said, text)
