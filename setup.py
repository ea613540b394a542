"""Build the distributions. All that does not change is in ``pyproject.toml``.

The long description is the README, whose links lead to files beside it. An index shows it without
these files, so each link becomes the address that the file has on the web, or plain text as long
as it has none. The addresses stand in one place, ``[project.urls]`` of ``pyproject.toml``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).parent
_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:|#)([^)\s]+)\)")


def with_addresses(text: str, urls: Mapping[str, str]) -> str:
    """Return Markdown without relative links.

    Args:
        text: The Markdown.
        urls: ``Documentation`` is where the built pages are, ``Source`` the repository.
    """

    def mended(link: re.Match[str]) -> str:
        address = _address(link[2], urls)
        return f"[{link[1]}]({address})" if address else link[1]

    return _LINK.sub(mended, text)


def _address(path: str, urls: Mapping[str, str]) -> str | None:
    """Return where the file at *path* is on the web; None: nowhere yet."""
    if path.startswith("docs/") and "Documentation" in urls:
        page = path.removeprefix("docs/").replace(".rst", ".html")
        return f"{urls['Documentation'].rstrip('/')}/{page}"
    if "Source" in urls:
        return f"{urls['Source'].rstrip('/')}/blob/HEAD/{path}"
    return None


if __name__ == "__main__":
    project = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    readme = (HERE / "README.md").read_text(encoding="utf-8")
    setup(
        long_description=with_addresses(readme, project.get("urls", {})),
        long_description_content_type="text/markdown",
    )
