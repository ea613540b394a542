"""Read the text that a request brings in the fields of a form or a JSON object."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from flask import Request
from werkzeug.datastructures import MultiDict

from ..exceptions import InvalidFieldError
from ..registered_claims import is_storable
from ..transports.json_body import body_of, check_length

#: Characters of a credential; no name or password is longer.
MAX_CREDENTIAL: Final = 4096


def form_field(request: Request, name: str) -> str:
    """Return the one value of a field of the form that is the body.

    Raises:
        InvalidFieldError: It is absent, empty, there twice, or no text.
        InvalidRequestError: The body is longer than 1 MiB.
    """
    return _text(_form(request).getlist(name), name)


def credentials_of(request: Request, names: Iterable[str]) -> dict[str, str]:
    """Return the fields of these *names*, of a form or of a JSON object.

    Raises:
        InvalidFieldError: One is absent, empty, there twice, too long, or no text.
        InvalidRequestError: The body is longer than 1 MiB, or is said to be JSON, and is none.
    """
    if request.is_json:
        body = body_of(request)
        members = body if isinstance(body, dict) else {}
        given = {name: [members[name]] if name in members else [] for name in names}
    else:
        form = _form(request)
        given = {name: form.getlist(name) for name in names}
    found = {name: _text(values, name) for name, values in given.items()}
    for name, value in found.items():
        if len(value) > MAX_CREDENTIAL:
            msg = f"the field {name!r} is too long"
            raise InvalidFieldError(msg, field=name)
    return found


def _form(request: Request) -> MultiDict[str, str]:
    """Return the fields of the form; files that come with it would be kept on disk, or in memory.

    Raises:
        InvalidRequestError: It is longer than 1 MiB, or does not say how long it is.
    """
    check_length(request)
    form: MultiDict[str, str] = request.form
    return form


def _text(values: Sequence[object], name: str) -> str:
    """Return the one value; nobody types NUL or half a character, and databases choke on them."""
    value = values[0] if len(values) == 1 else None
    if not isinstance(value, str) or not value or not is_storable(value):
        msg = f"the field {name!r} does not hold one text"
        raise InvalidFieldError(msg, field=name)
    return value
