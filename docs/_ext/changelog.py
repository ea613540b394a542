"""Show ``CHANGELOG.md`` as a page, with the entries of each section folded away."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.directives.other import Include


class Changelog(Include):
    """Include the file that the argument names, and fold what stands below its lowest headings."""

    def run(self) -> list[nodes.Node]:
        included = list(super().run())
        for node in included:
            for section in list(node.findall(nodes.section)):
                if not any(isinstance(child, nodes.section) for child in section):
                    _fold(section)
        return included


def _fold(section: nodes.section) -> None:
    """Put everything but the title of *section* into an element that opens at a click."""
    title, *entries = section.children
    count = sum(len(entry) for entry in entries if isinstance(entry, nodes.bullet_list))
    summary = "1 entry" if count == 1 else f"{count} entries"
    section.children = []
    section += [title, _html(f"<details><summary>{summary}</summary>")]
    section += [*entries, _html("</details>")]


def _html(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("changelog", Changelog)
    return {"parallel_read_safe": True}
