"""Whatever is accepted as the identifier of a resource fits into a challenge and into a rule."""

from __future__ import annotations

from urllib.parse import urlsplit

from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.routing import Map, Rule

from jwtpolicy.endpoints.resource_identifiers import (
    checked_identifier,
    metadata_path,
    metadata_url,
)
from jwtpolicy.exceptions import ConfigurationError, quoted

PARTS = ["https://", "http://", "api.example", "localhost", "[::1]", ":80", ":", "/", "//", "mcp"]
ODD = [
    "..",
    ".",
    "?",
    "#",
    "@",
    "%2f",
    "<a>",
    '"',
    "\\",
    "\r\n",
    "\t",
    " ",
    "\u00e9",
    "\ud800",
    "*",
]
PIECES = st.sampled_from([*PARTS, *ODD])
TEXTS = st.one_of(
    st.text(),
    st.lists(PIECES).map("".join),
    st.lists(PIECES).map(lambda pieces: "https://api.example/" + "".join(pieces)),
)


def accepted(text: str, *, allow_http: bool) -> bool:
    try:
        return checked_identifier(text, allow_http=allow_http) == text
    except ConfigurationError:
        return False


@given(TEXTS, st.booleans())
@example("https://api.example/mcp", False)
@example("http://localhost:80/*", True)
def test_an_accepted_identifier_names_one_place_and_injects_nothing(
    text: str, allow_http: bool
) -> None:
    if not accepted(text, allow_http=allow_http):
        return
    url, path = metadata_url(text), metadata_path(text)
    rules = Map([Rule(path, endpoint="metadata", merge_slashes=False)]).bind("evil.example")

    assert quoted("resource_metadata", url) == f'resource_metadata="{url}"'
    assert urlsplit(url)[:2] == urlsplit(text)[:2]
    assert urlsplit(url).path == path
    assert rules.match(path) == ("metadata", {})


@given(TEXTS)
def test_without_the_switch_only_https_is_accepted(text: str) -> None:
    assert not accepted(text, allow_http=False) or text.startswith("https://")
