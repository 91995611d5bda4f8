import pytest
from playwright.sync_api import Page

from rig.browser import chromium


@pytest.fixture(scope="module")
def browser():
    """For one module alone: Playwright keeps an event loop running, and other modules' tests run their own."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def opened(browser):
    """Opens the page of a broker. What the browser complains of on it fails the test."""
    contexts, complaints = [], []

    def open(address: str, path: str = "/", before=lambda page: None, **settings) -> Page:
        contexts.append(browser.new_context(**settings))
        page = contexts[-1].new_page()
        before(page)
        page.on("pageerror", lambda error: complaints.append(f"{error}"))
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(f"http://{address}{path}")
        return page

    yield open
    for context in contexts:
        context.close()
    # That the broker does not answer is what a browser says while the broker is stopped.
    complaints = [complaint for complaint in complaints if "ERR_CONNECTION_REFUSED" not in complaint]
    assert not complaints, f"the browser complained: {complaints}"
