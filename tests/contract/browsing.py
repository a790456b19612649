"""The pages that the project writes, in a real browser: headless, and nothing leaves the file."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
REQUIRED = "BROWSER_REQUIRED"
"""Set by `make browser`: without a browser the tests then fail instead of being skipped."""
GRAVE = ("serious", "critical")
READY = "document.querySelector('#firms').dataset.ready"


@contextmanager
def headless() -> Iterator[Browser]:
    """Give a headless Chromium of this machine, or skip with the reason why there is none."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        without("the extra `browser` is not installed")
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        without(f"none of {', '.join(BROWSERS)} is installed")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found, args=["--disable-gpu"])
        yield browser
        browser.close()


def without(reason: str) -> None:
    """Skip, or fail where a browser was asked for."""
    (pytest.fail if os.environ.get(REQUIRED) else pytest.skip)(reason)


@contextmanager
def opened(browser: Browser, file: Path) -> Iterator[tuple[Page, list[str]]]:
    """Open a file; what it asks for beside itself is listed, and not given.

    Yields
    ------
    page : Page
    asked : list of str
        Addresses of the requests that left the file.
    """
    own, asked = file.resolve().as_uri(), []
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.set_default_timeout(30_000)

    def give_or_list(route, request) -> None:
        if request.url == own:
            route.continue_()
        else:
            asked.append(request.url)
            route.abort()

    page.route("**/*", give_or_list)
    page.goto(own)
    yield page, asked
    page.close()


def grave(page: Page) -> list[str]:
    """Return what axe-core finds serious or critical in a page, a line each."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response
    assert found["testEngine"]["name"] == "axe-core"
    return [
        f"{one['id']} ({one['impact']}): {node['html']}"
        for one in found["violations"]
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]
