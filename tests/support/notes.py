"""Use the page of the notes, as people in front of a browser do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.browser import press

if TYPE_CHECKING:
    from playwright.sync_api import Page

#: The page, when nothing is under way. Its script says that something is before a click has ended.
_SHOWN = "main[aria-busy=false]"


class Demo:
    """The page, open in a browser; each call returns when the page has shown what came of it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        page.goto(url)
        page.wait_for_selector(_SHOWN)

    def push(self, selector: str) -> None:
        """Press a button."""
        press(self.page, selector, until=_SHOWN)

    def act_as(self, name: str) -> None:
        """Become another user, who logs in if they have not."""
        self.push(f"#users [data-name={name}]")

    def send(self, method: str, path: str | None, name: str) -> None:
        """Press a cell of the matrix."""
        self.push(self._cell(method, path, name))

    def cell(self, method: str, path: str | None, name: str) -> str:
        """Return what stands in a cell."""
        return self.text(self._cell(method, path, name))

    def text(self, selector: str) -> str:
        """Return the text of a part of the page, as it is seen."""
        return self.page.inner_text(selector)

    def _cell(self, method: str, path: str | None, name: str) -> str:
        return f"tr[data-method={method}][data-path='{path}'] [data-name={name}]"
