"""A real browser: Debian's Chromium, without a window."""

import contextlib
import typing

from playwright.sync_api import Browser, sync_playwright

# As root, Chromium runs only without its sandbox; the pages here are the broker's own.
FLAGS = ["--no-sandbox"]


@contextlib.contextmanager
def chromium() -> typing.Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield browser
        browser.close()
