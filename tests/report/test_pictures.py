"""The pictures in docs/looking.md are of the report, and `make docs` can draw them."""

import re
import struct

from browsing import browser, chromium
from pictures import FOLDER, PICTURES, SAMPLE, draw, turn_to

from etl.commands.dry_run import dry_run
from etl.commands.settings import Settings

PAGE = FOLDER.parent / "looking.md"


def size_of(path):
    """Width and height of a PNG."""
    return struct.unpack(">II", path.read_bytes()[16:24])


def test_every_picture_is_shown_and_every_one_that_is_shown_is_there():
    shown = set(re.findall(r"!\[[^]]+\]\(pictures/([\w-]+)\.png\)", PAGE.read_text(encoding="utf-8")))
    assert shown == {one.name for one in PICTURES} == {path.stem for path in FOLDER.iterdir()}


def test_each_is_drawn_as_large_as_it_says(tmp_path):
    chromium()
    draw(tmp_path)
    for one in PICTURES:
        assert size_of(tmp_path / f"{one.name}.png") == size_of(FOLDER / f"{one.name}.png") == (one.width, one.height)


def test_each_shows_the_part_that_it_is_of(tmp_path):
    chromium()
    package = dry_run(SAMPLE, Settings(tmp_path, workers=1))
    with browser() as started:
        for one in PICTURES:
            page = started.new_page(viewport={"width": one.width, "height": one.height})
            page.goto((package.path / "report.html").as_uri())
            assert 0 <= turn_to(page, one.part) < 150
            page.close()
