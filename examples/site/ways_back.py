"""Find the page to go back to, which is never one of another site."""

from __future__ import annotations

import re

from flask import request

# One slash, and then nothing that a browser takes for the begin of a host: no second slash, no
# backslash, no tab or line break.
_LOCAL = re.compile(r"/(?!/)[A-Za-z0-9_\-./~%?&=+]*")


def local_path(url: str | None, otherwise: str = "/") -> str:
    """Return *url* if it is a path of this site, and *otherwise* if it could lead elsewhere."""
    return url if url and _LOCAL.fullmatch(url) else otherwise


def page_before() -> str:
    """Return the page whose link or form sent this request, or the first page of the site."""
    here = request.host_url.rstrip("/")
    return local_path((request.referrer or "").removeprefix(here))


def page_to_return_to() -> str:
    """Return the page that was asked for; a form cannot be sent again, so its page instead."""
    if request.method == "GET":
        return local_path(request.full_path.rstrip("?"))
    return page_before()
