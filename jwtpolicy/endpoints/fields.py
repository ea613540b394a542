"""Read the text that a request brings in the fields of a form or a JSON object."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from flask import Request

from ..exceptions import InvalidRequestError
from ..registered_claims import is_storable
from ..transports.json_body import body_of

#: Characters of a credential; no name or password is longer.
MAX_CREDENTIAL: Final = 4096


def form_field(request: Request, name: str) -> str:
    """Return the one value of a field of the form that is the body.

    Raises:
        InvalidRequestError: It is absent, empty, there twice, or no text.
    """
    return _text(request.form.getlist(name), name)


def credentials_of(request: Request, names: Iterable[str]) -> dict[str, str]:
    """Return the fields of these *names*, of a form or of a JSON object.

    Raises:
        InvalidRequestError: One is absent, empty, there twice, too long, or no text.
    """
    if request.is_json:
        body = body_of(request)
        members = body if isinstance(body, dict) else {}
        given = {name: [members[name]] if name in members else [] for name in names}
    else:
        given = {name: request.form.getlist(name) for name in names}
    found = {name: _text(values, name) for name, values in given.items()}
    if any(len(value) > MAX_CREDENTIAL for value in found.values()):
        msg = "a credential is too long"
        raise InvalidRequestError(msg)
    return found


def _text(values: Sequence[object], name: str) -> str:
    """Return the one value; nobody types NUL or half a character, and databases choke on them."""
    value = values[0] if len(values) == 1 else None
    if not isinstance(value, str) or not value or not is_storable(value):
        msg = f"the field {name!r} does not hold one text"
        raise InvalidRequestError(msg)
    return value
