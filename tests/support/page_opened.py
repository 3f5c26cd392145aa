"""The verifying page in a real Chromium, opened from a file, with what it said and asked for."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from detente.verify.page import write_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

_JUDGE = """async ([encoded, options]) => {
  const bytes = Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0));
  try {
    return await verifyBundle(new File([bytes], "bundle.zip"), options, () => {});
  } catch (error) {
    if (error instanceof Unusable) return { unusable: error.reason };
    throw error;
  }
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser, or a skip where there is none."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("CI is set, but there is no Chromium to test the page with.")
        pytest.skip("No Chromium is installed.")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield started
        started.close()


class OpenedPage:
    """The page, opened from a file."""

    def __init__(
        self,
        browser: Browser,
        directory: Path,
        *,
        width: int = 1280,
        locale: str = "en-GB",
        before: str = "",
    ) -> None:
        path = directory / "verify.html"
        write_page(path)
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, locale=locale, accept_downloads=True
        )
        self.page: Page = self.context.new_page()
        if before:
            self.page.add_init_script(before)
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.context.on("request", self._request)
        self.page.goto(path.as_uri())
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.said.append(message.text)

    def _request(self, request: Request) -> None:
        self.asked.append(request.url)

    def choose(self, bundle: Path) -> None:
        """Choose a file as a person does, and wait for what the page says of it."""
        self.page.locator("#file").set_input_files(bundle)
        expect(self.page.locator("#verdict")).to_be_visible(timeout=60_000)

    def judge(self, data: bytes, **options: object) -> dict[str, Any]:
        """The report on a bundle, without the page's face."""
        found = self.page.evaluate(_JUDGE, [base64.b64encode(data).decode(), options])
        return cast(dict[str, Any], found)

    def close(self) -> None:
        """Close the page, which must have been quiet and asked for nothing but itself."""
        assert self.said == []
        # The worker is made of the page's own script; nothing else is asked for.
        assert [url for url in self.asked if not url.startswith(("file://", "blob:"))] == []
        assert sum(url.startswith("file://") for url in self.asked) == 1
        self.context.close()
