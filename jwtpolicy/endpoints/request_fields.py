"""The text fields of a request's form or JSON object."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from flask import Request
from werkzeug.datastructures import MultiDict

from ..exceptions import InvalidFieldError
from ..tokens.claims import is_storable
from ..transports.json_body import body_of, check_length

#: Characters of a credential; no name or password is longer.
MAX_CREDENTIAL: Final = 4096

_FORM: Final = "a form"


def form_field(request: Request, name: str) -> str:
    """Return the one value of a field of the form that is the body.

    Raises:
        InvalidFieldError: The field is absent, empty, there twice, or no text.
        InvalidRequestError: The body is longer than 1 MiB.
    """
    return _text(_form(request).getlist(name), name, _FORM)


def credentials_of(request: Request, names: Iterable[str]) -> dict[str, str]:
    """Return the fields of these *names*, of a form or of a JSON object.

    Raises:
        InvalidFieldError: A field is absent, empty, there twice, too long, or no text.
        InvalidRequestError: The body is longer than 1 MiB, or is said to be JSON, and is none.
    """
    how = "JSON" if request.is_json else _FORM
    if request.is_json:
        body = body_of(request)
        members = body if isinstance(body, dict) else {}
        given = {name: [members[name]] if name in members else [] for name in names}
    else:
        form = _form(request)
        given = {name: form.getlist(name) for name in names}
    found = {name: _text(values, name, how) for name, values in given.items()}
    for name, value in found.items():
        if len(value) > MAX_CREDENTIAL:
            msg = f"the field {name!r} is too long"
            raise InvalidFieldError(msg, field=name)
    return found


def _form(request: Request) -> MultiDict[str, str]:
    """Return the fields of the form; files that come with it would be kept on disk, or in memory.

    Raises:
        InvalidRequestError: The body is longer than 1 MiB, or has no ``Content-Length``.
    """
    check_length(request)
    form: MultiDict[str, str] = request.form
    return form


def _text(values: Sequence[object], name: str, how: str) -> str:
    """Return the one value of a field of a body that was read as *how* says."""
    fault = _fault(values, how)
    if fault is not None:
        msg = f"the field {name!r} {fault}"
        raise InvalidFieldError(msg, field=name)
    return str(values[0])


def _fault(values: Sequence[object], how: str) -> str | None:
    """Return what is wrong with the values of a field, of which nothing is repeated; or None.

    People do not type NUL or a lone surrogate, and databases cannot store them.
    """
    if not values:
        return f"is missing; the body was read as {how}, as its Content-Type says"
    if len(values) > 1:
        return "is there more than once"
    value = values[0]
    if not isinstance(value, str):
        return "is not text"
    if not value:
        return "is empty"
    return None if is_storable(value) else "holds NUL or a lone surrogate"
