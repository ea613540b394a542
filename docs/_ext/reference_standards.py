"""Render the requirements by the section of the standard that they come from."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from requirements import linked, requirements, tests
from tables import table_lines

if TYPE_CHECKING:
    from sphinx.application import Sphinx

#: A source that is a section of a standard, a draft included.
_STANDARD = re.compile(r"((?:RFC|OpenID|W3C)[^§]*?)(?: §(.+))?")

#: What each standard is about; one that is missing here is an error of the build.
TITLES = {
    "RFC 4648": "Base64url",
    "RFC 6265bis": "Cookies, the draft that replaces RFC 6265",
    "RFC 6749": "OAuth 2.0",
    "RFC 6750": "Bearer tokens",
    "RFC 7009": "Token revocation",
    "RFC 7493": "I-JSON",
    "RFC 7515": "JSON Web Signature",
    "RFC 7517": "JSON Web Key",
    "RFC 7518": "JSON Web Algorithms",
    "RFC 7519": "JSON Web Token",
    "RFC 7638": "Thumbprints of keys",
    "RFC 7662": "Token introspection",
    "RFC 7797": "Unencoded payloads",
    "RFC 7800": "Proof of possession",
    "RFC 8032": "EdDSA",
    "RFC 8259": "JSON",
    "RFC 8414": "Metadata of authorization servers",
    "RFC 8705": "Mutual TLS",
    "RFC 8725": "Best practices for JSON Web Tokens",
    "RFC 9068": "Access tokens as JSON Web Tokens",
    "RFC 9110": "HTTP",
    "RFC 9111": "Caches of HTTP",
    "RFC 9449": "DPoP",
    "RFC 9470": "Step-up authentication",
    "RFC 9700": "Best practices for OAuth 2.0",
}


def by_standard() -> dict[str, dict[str, list[str]]]:
    """Return the ids of requirements by standard and section; an empty section is all of it."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for id_, row in requirements().items():
        for source in row["source"]:
            if name := _STANDARD.fullmatch(source):
                found[name[1]][name[2] or ""].append(id_)
    return found


def standard_lines() -> Iterator[str]:
    """Yield a section for each standard: its sections, what is done, and the tests."""
    found, told = by_standard(), set[str]()
    for standard in sorted(found, key=_number):
        title = f"{standard}: {TITLES[standard]}"
        yield from (title, "-" * len(title), "")
        yield from table_lines(
            [("section", "requirements", "tests"), *_rows(standard, found[standard], told)],
            "20 60 20",
        )


def _rows(
    standard: str, sections: dict[str, list[str]], told: set[str]
) -> Iterator[tuple[str, str, str]]:
    for section in sorted(sections, key=_number):
        source = f"{standard} §{section}" if section else standard
        ids = sections[section]
        done = " ".join(_done(id_, told) for id_ in ids)
        yield (linked(source), done, ", ".join(f"{id_}: {tested(id_)}" for id_ in ids))


def _done(id_: str, told: set[str]) -> str:
    """Return the link to a requirement, with its first sentence where it is linked first."""
    is_told = id_ in told
    told.add(id_)
    return f":requirement:`{id_}`." if is_told else f":requirement:`{id_}`: {_says(id_)}"


def tested(id_: str) -> str:
    """Return in words how many tests a requirement has."""
    count = len(tests().get(id_, ()))
    return "not built" if not count else "1 test" if count == 1 else f"{count} tests"


def _says(id_: str) -> str:
    """Return the first sentence of a requirement."""
    return re.split(r"(?<=[.])\s", " ".join(requirements()[id_]["says"].split()))[0]


def _number(name: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", name)]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive of the standards."""
    from tables import Table

    class Standards(Table):
        """Insert all standards."""

        lines = staticmethod(standard_lines)

    app.add_directive("standards", Standards)
    return {"parallel_read_safe": True}
