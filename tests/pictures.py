"""The pictures of docs/looking.md: the sample shop's report as people see it. `make docs` draws them, where there is a Chromium.

python tests/pictures.py
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from browsing import browser, found_chromium
from commands import ROOT

from etl.commands.dry_run import dry_run
from etl.commands.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Page

FOLDER = ROOT / "docs" / "pictures"
SAMPLE = ROOT / "mappings" / "opencart" / "migration.yaml"


@dataclass(frozen=True)
class Picture:
    """What a screen of this size (points) shows of the page, from a part (a CSS selector) on."""

    name: str
    part: str = "body"
    width: int = 1100
    height: int = 800
    language: str = "en"


PICTURES = (
    Picture("report"),
    Picture("problems", "#problems"),
    Picture("money", "#money"),
    Picture("report-tr", language="tr"),
    Picture("phone", width=390, height=844),
)


def draw(folder: Path) -> None:
    """All pictures, into a folder."""
    with tempfile.TemporaryDirectory() as work, browser() as started:
        pages = {
            one: dry_run(SAMPLE, Settings(Path(work, one), workers=1, language=one)).path / "report.html"
            for one in {picture.language for picture in PICTURES}
        }
        for one in PICTURES:
            page = started.new_page(viewport={"width": one.width, "height": one.height})
            page.goto(pages[one.language].as_uri())
            turn_to(page, one.part)
            page.screenshot(path=folder / f"{one.name}.png")
            page.close()


def turn_to(page: Page, part: str) -> float:
    """How far below the window's top the part stands then. The page glides there by itself, and a picture that is taken on the
    way shows something between."""
    page.evaluate("part => document.querySelector(part).scrollIntoView({behavior: 'instant'})", part)
    page.wait_for_timeout(300)
    top: float = page.evaluate("part => document.querySelector(part).getBoundingClientRect().top", part)
    return top


if __name__ == "__main__":
    if found_chromium() is None:
        sys.stdout.write("no Chromium: docs/pictures stays as it is\n")
        sys.exit()
    FOLDER.mkdir(exist_ok=True)
    draw(FOLDER)
