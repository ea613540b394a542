"""No body is read that is longer than any that an endpoint can use, whatever its type."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from jwtpolicy.transports.json_body import MAX_BODY
from tests.support.endpoints import access_of, form, log_in

BOUNDARY = "xxxxxxxx"
CHUNKED = {"Transfer-Encoding": "chunked"}


def multipart(fields: dict[str, str], size: int) -> bytes:
    """Return a form of these fields and a file, *size* bytes long."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    parts.append(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n')
    head, tail = "".join(parts).encode(), f"\r\n--{BOUNDARY}--\r\n".encode()
    return head + b"a" * (size - len(head) - len(tail)) + tail


def urlencoded(fields: dict[str, str], size: int) -> bytes:
    head = urlencode(fields).encode()
    return head + b"&" * (size - len(head))


def as_json(fields: dict[str, str], size: int) -> bytes:
    head = str(fields).replace("'", '"').encode()
    return head + b" " * (size - len(head))


BODIES = [
    pytest.param(multipart, f"multipart/form-data; boundary={BOUNDARY}", id="multipart"),
    pytest.param(urlencoded, "application/x-www-form-urlencoded", id="urlencoded"),
]
OF_CREDENTIALS = [*BODIES, pytest.param(as_json, "application/json", id="json")]


@pytest.mark.parametrize(("make", "kind"), OF_CREDENTIALS)
def test_credentials_are_looked_for_in_a_mebibyte(site: Any, make: Any, kind: str) -> None:
    """K25."""
    small, big = make(form(), 4_000), make(form(), MAX_BODY + 1)

    assert site.post("/auth/login", data=small, content_type=kind).status_code == 200
    refused = site.post("/auth/login", data=big, content_type=kind)
    assert (refused.status_code, refused.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(("make", "kind"), OF_CREDENTIALS)
def test_credentials_of_unknown_length_are_not_read(site: Any, make: Any, kind: str) -> None:
    """K25."""
    body = make(form(), 4_000)

    answer = site.post("/auth/login", data=body, content_type=kind, headers=CHUNKED)

    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("path", ["revoke", "step-up"])
@pytest.mark.parametrize(("make", "kind"), BODIES)
def test_other_forms_are_measured_too(site: Any, path: str, make: Any, kind: str) -> None:
    """K25."""
    pair = log_in(site)
    fields, caller = {**form(), "token": pair["access_token"]}, access_of(pair)

    big = make(fields, MAX_BODY + 1)
    refused = site.post(f"/auth/{path}", data=big, content_type=kind, headers=caller)
    small = make(fields, 8_000)
    taken = site.post(f"/auth/{path}", data=small, content_type=kind, headers=caller)

    assert (refused.status_code, refused.json["error"]) == (400, "invalid_request")
    assert taken.status_code == 200


def test_the_longest_multipart_form_is_read(site: Any) -> None:
    body = multipart(form(), MAX_BODY)
    kind = f"multipart/form-data; boundary={BOUNDARY}"

    assert site.post("/auth/login", data=body, content_type=kind).status_code == 200
