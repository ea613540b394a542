"""Put a picture into a page: ``.. diagram:: NAME``, with its caption below.

Each module of this folder beside `drawing` is a picture: it has a ``TITLE``, the widths of its
``FORMS``, ``words`` that say what it shows, and ``draw``. What it shows is read from the code or
from a table that the test suite compares with the code; so the suite imports these modules too,
and only `setup` needs Sphinx.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .drawing import NARROW, WIDE, Drawing

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_HERE = Path(__file__).parent
#: The names of all pictures.
NAMES = sorted(
    path.stem for path in _HERE.glob("*.py") if path.stem not in {"__init__", "drawing", "facts"}
)


def picture(name: str) -> Any:
    """Return the module of a picture."""
    return import_module(f"{__name__}.{name}")


def drawn(name: str, width: float) -> Drawing:
    """Return a picture in one of its widths."""
    drawing = Drawing(width)
    picture(name).draw(drawing)
    return drawing


def svgs(name: str) -> list[str]:
    """Return a picture in each of its forms; the page shows the one that fits it."""
    shown = picture(name)
    names = {NARROW: "narrow", WIDE: "wide"} if len(shown.FORMS) > 1 else {shown.FORMS[0]: "only"}
    return [drawn(name, width).svg(shown.TITLE, shown.words(), names[width]) for width in names]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive, how its pictures are written, and their style."""
    from docutils import nodes
    from sphinx.addnodes import only
    from sphinx.util.docutils import SphinxDirective

    class Diagram(SphinxDirective):
        """Insert a picture; for what is no HTML, what it shows in words."""

        required_arguments = 1
        has_content = True

        def run(self) -> list[nodes.Node]:
            # What it is drawn from may have changed though the page has not.
            self.env.note_reread()
            name = self.arguments[0]
            if name not in NAMES:
                raise self.error(f"no picture is called {name!r}; there are {', '.join(NAMES)}")
            drawn = "\n".join(['<figure class="diagram">', *svgs(name), "<figcaption>"])
            return [
                nodes.raw("", drawn, format="html"),
                only("", nodes.paragraph("", picture(name).words()), expr="not html"),
                *self.parse_content_to_nodes(),
                nodes.raw("", "</figcaption></figure>", format="html"),
            ]

    app.add_directive("diagram", Diagram)
    app.connect(
        "builder-inited",
        lambda app: app.config.html_static_path.append(str(_HERE / "static")),
    )
    app.add_css_file("diagrams.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
