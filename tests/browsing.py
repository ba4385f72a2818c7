"""A real browser for tests of pages: Debian's Chromium, driven by playwright. `.ci/run` installs it where it is missing."""

import os
import shutil
from contextlib import contextmanager

import pytest

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def found_chromium():
    return os.environ.get("ETL_TEST_CHROMIUM") or shutil.which("chromium")


def chromium():
    """Where the browser is. Skips the test where there is none, but never where all services are asked for."""
    found = found_chromium()
    if found is None:
        assert not os.environ.get("ETL_REQUIRE_SERVICES"), "ETL_TEST_CHROMIUM has to name a Chromium"
        pytest.skip("no Chromium: name one by ETL_TEST_CHROMIUM")
    return found


@contextmanager
def browser():
    from playwright.sync_api import sync_playwright

    path = chromium()
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield started
        finally:
            started.close()
