"""Addresses of other servers: which ones are taken when they are configured."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwtpolicy.exceptions import ConfigurationError
from jwtpolicy.keys.urls import RemoteUrl, checked_url

GOOD = {
    "https://a.example": ("a.example", 443, "a.example", "/"),
    "https://a.example:8443/x/y?z=1": ("a.example", 8443, "a.example:8443", "/x/y?z=1"),
    "HTTPS://A.example/": ("a.example", 443, "A.example", "/"),
    "https://[2001:db8::1]:8443/x": ("2001:db8::1", 8443, "[2001:db8::1]:8443", "/x"),
    "https://192.0.2.1/%7Ex": ("192.0.2.1", 443, "192.0.2.1", "/%7Ex"),
}


@pytest.mark.parametrize("text", GOOD)
def test_an_address_is_taken_apart(text: str) -> None:
    """KEY-5."""
    found = checked_url(text)

    assert found == RemoteUrl(text, "https", *GOOD[text])
    assert found.is_secure


BAD = {
    "": "is no address",
    "a.example/keys": "is no address of https with a host",
    "ftp://a.example/": "is no address of https with a host",
    "file:///etc/passwd": "is no address of https with a host",
    "https://": "is no address of https with a host",
    "https:///keys": "is no address of https with a host",
    "https://a..b_/": "is no address of https with a host",
    "https://%61.example/": "is no address of https with a host",
    "https://[fe80::1%25eth0]/": "is no address of https with a host",
    "https://[v1.x]/": "cannot be read|with a host",
    "https://[::1/": "cannot be read",
    "https://u:p@a.example/": "a user name or a password",
    "https://a.example/#": "a fragment",
    "https://a.example/x#y": "a fragment",
    "https://a.example:0/": "a port that does not exist",
    "https://a.example:/": "a port that does not exist",
    "https://a.example:65536/": "cannot be read",
    "https://a.example:x/": "cannot be read",
    "https://a.example/\r\nX: y": "other characters",
    "https://a.example\\@b.example/": "other characters",
    " https://a.example/": "other characters",
    "https://ä.example/": "other characters",
    "https://a.example/" + "x" * 2048: "too long",
    "http://a.example/": "is not https",
    "http://localhost/": "is not https",
}


@pytest.mark.parametrize("text", BAD)
def test_another_address_is_refused_with_what_to_do(text: str) -> None:
    """KEY-5."""
    with pytest.raises(ConfigurationError, match=BAD[text]):
        checked_url(text)


@pytest.mark.parametrize("value", [None, 5, b"https://a.example"])
def test_an_address_is_text(value: Any) -> None:
    with pytest.raises(ConfigurationError, match="an address is text"):
        checked_url(value)


def test_a_password_is_not_shown() -> None:
    """KEY-8."""
    with pytest.raises(ConfigurationError) as caught:
        checked_url("https://user:secret@a.example/")

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"])
def test_http_is_for_this_machine_when_it_is_allowed(host: str) -> None:
    """KEY-5."""
    found = checked_url(f"http://{host}:8080/keys", allow_http=True)

    assert (found.port, found.is_secure) == (8080, False)
    assert checked_url(f"http://{host}", allow_http=True).port == 80


@pytest.mark.parametrize("host", ["a.example", "localhost.example", "10.0.0.1", "127.1"])
def test_http_is_for_no_other_machine(host: str) -> None:
    """KEY-5."""
    with pytest.raises(ConfigurationError, match="is not https"):
        checked_url(f"http://{host}/keys", allow_http=True)

    assert checked_url(f"https://{host}/keys", allow_http=True)


@given(st.text(max_size=60).map("https://".__add__) | st.text(max_size=60))
def test_any_text_is_an_address_or_the_one_error(text: str) -> None:
    try:
        found = checked_url(text, allow_http=True)
    except ConfigurationError:
        return
    assert found.text == text
    assert found.host in text.lower()
