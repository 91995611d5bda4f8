"""The status page for everybody: axe-core finds nothing, it fits on a phone, and it looks as it should.

Every scene's picture is kept where SCREENSHOTS says; `make screenshots` has them in docs.
"""

import json
import os
import pathlib

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from page import scenes

DESK, PHONE = {"width": 1200, "height": 800}, {"width": 390, "height": 844}
SCENES = {
    "calm": scenes.calm,
    "trouble": scenes.in_trouble,
    "empty": scenes.empty,
    "200-projects": lambda sandbox: scenes.many(sandbox, 200),
    "10000-projects": lambda sandbox: scenes.many(sandbox, 10_000),
}
LOOKS = {
    "": {"viewport": DESK, "color_scheme": "light"},
    "-dark": {"viewport": DESK, "color_scheme": "dark"},
    "-narrow": {"viewport": PHONE, "color_scheme": "light"},
}


@pytest.fixture(scope="module", params=SCENES)
def scene(request, sandbox):
    with SCENES[request.param](sandbox) as broker:
        yield request.param, broker


@pytest.fixture
def calm(sandbox):
    """The sandbox stays as the scene wants it."""


@pytest.fixture
def pictures(folder) -> pathlib.Path:
    return pathlib.Path(os.environ.get("SCREENSHOTS") or folder)


@pytest.mark.parametrize("look", LOOKS)
def test_each_scene(scene, look, opened, pictures):
    name, broker = scene
    page = opened(broker.operations, **LOOKS[look])
    verdict = {"trouble": "4 problems", "empty": "1 problem"}.get(name, "Everything works")
    expect(page.locator("#verdict")).to_have_text(verdict)
    expect(page.locator("#project-rows tr")).to_have_count({"empty": 0, "calm": 6, "trouble": 6}.get(name, 100))
    found = Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    )
    assert found.violations_count == 0, json.dumps(found.response["violations"], indent=1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than the screen"
    # Of many projects the first are enough to see.
    page.screenshot(path=pictures / f"{name}{look}.png", full_page=name in ("calm", "trouble", "empty"))
