"""Where the bridge finds tokens, and that no request makes it stumble."""

from __future__ import annotations

import io
from typing import Any

import pytest

from jwtpolicy.tokens.jose import MAX_BODY
from tests.support.bridge import Bridged, MakeBridged, claims, forged
from tests.support.requests import bearer

EVERYWHERE = ["headers", "cookies", "query_string", "json"]
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def everywhere(make_bridged: MakeBridged) -> Bridged:
    return make_bridged(token_location=EVERYWHERE)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_a_scheme_has_no_case(bridged: Bridged, scheme: str) -> None:
    """C21: RFC 9110 section 11.1."""
    answer = bridged.client.get(
        "/optional", headers={"Authorization": f"{scheme} {bridged.access()}"}
    )

    assert answer.json == {"sub": "ada", "at": "headers"}


@pytest.mark.parametrize("separator", [", ", ",", " , "])
@pytest.mark.parametrize("path", ["/access", "/optional"])
def test_two_tokens_in_a_header_are_refused(bridged: Bridged, path: str, separator: str) -> None:
    """C21, HTTP-4, HTTP-5: on optional pages too."""
    value = f"Bearer {bridged.access()}"
    headers = {"Authorization": separator.join([value, value])}

    assert bridged.client.get(path, headers=headers).status_code == 422
    assert bridged.client.get(path, headers={"Authorization": value + separator}).json["sub"]


@pytest.mark.parametrize(
    "value",
    [
        ", , Bearer x",
        "Bearer ,,0",
        "Bearer",
        "Bearer ",
        "Bearer  ",
        "Bearer a b",
        "Bearer x",
        ",",
        ",Bearer,",
        "Bearer \xff\xfe",
        "Bearer \xa0",
        "Bearer\tx",
        "\xa0",
        "\x1c, \xa0,x",
        "Bearer " + "," * 50_000,
        "," * 50_000 + "Bearer x",
        "Bearer" + " " * 50_000 + "x",
        "Bearer " + "x" * 50_000,
        "Bearer " + "." * 50_000,
    ],
    ids=lambda value: ascii(value[:12]) + f" {len(value)}",
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_header_of_any_form_is_a_refusal(bridged: Bridged, method: str, value: str) -> None:
    """C3."""
    answer = bridged.client.open("/access", method=method, headers={"Authorization": value})

    assert answer.status_code in (401, 422)


@pytest.mark.parametrize("space", ["\t", "\xa0", " \t", "\x0b", "\x1c"], ids=ascii)
def test_another_space_is_a_mistake_and_not_another_scheme(bridged: Bridged, space: str) -> None:
    """HTTP-3, HTTP-5: nobody becomes anonymous by it."""
    token = bridged.access()

    for path in ("/access", "/optional"):
        headers = {"Authorization": f"Bearer{space}{token}"}
        assert bridged.client.get(path, headers=headers).status_code == 422
        headers = {"Authorization": f"Bearer  {token}"}
        assert bridged.client.get(path, headers=headers).json["sub"] == "ada"


@pytest.mark.parametrize(
    "body",
    [b"[]", b'["access_token"]', b'"access_token"', b"7", b"null", b"true", b"", b"{", b"\xff"]
    + [b'{"access_token": %s}' % value for value in (b"7", b"[1]", b"{}", b"true", b"null", b'""')]
    + [b'{"access_token": "\\ud800"}', b'{"access_token": NaN}', b"[" * 100_000]
    + [b'{"access_token": "a", "access_token": "b"}', b'{"access_token": ["a.b.c"]}'],
    ids=lambda body: ascii(body[:40]),
)
def test_a_body_of_any_form_is_a_refusal(everywhere: Bridged, body: bytes) -> None:
    """C1, HTTP-6."""
    answer = everywhere.client.post("/access", data=body, headers=JSON)

    assert answer.status_code in (401, 422)
    assert b"<class" not in answer.data


def test_a_token_in_a_body_is_found(everywhere: Bridged) -> None:
    """C1: the accepted twin."""
    answer = everywhere.client.post("/access", json={"access_token": everywhere.access()})

    assert answer.json == {"sub": "ada", "at": "json"}


class Unread(io.RawIOBase):
    """A body that nobody may begin to read."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        pytest.fail("the body was read")


TOO_LONG = {"CONTENT_LENGTH": "20000000", "CONTENT_TYPE": "application/json"}
ENDLESS = {
    "HTTP_TRANSFER_ENCODING": "chunked",
    "CONTENT_TYPE": "application/json",
    "wsgi.input_terminated": True,
}


@pytest.mark.parametrize("environ", [TOO_LONG, ENDLESS], ids=["too long", "endless"])
@pytest.mark.parametrize("path", ["/access", "/optional"])
def test_a_body_that_is_too_long_for_a_token_is_not_read(
    everywhere: Bridged, path: str, environ: Any
) -> None:
    """HTTP-6: nor does its sender become anonymous by it."""
    sent = {"method": "POST", "environ_overrides": {**environ, "wsgi.input": Unread()}}

    answer = everywhere.client.open(path, **sent)
    assert (answer.status_code, "too long" in answer.text) == (422, True)
    headers = bearer(everywhere.access())
    assert everywhere.client.open(path, headers=headers, **sent).json["at"] == "headers"


@pytest.mark.parametrize("names", [["json", "headers"], ["headers", "json"]])
def test_a_long_body_hides_no_token_of_another_place(make_bridged: Any, names: list[str]) -> None:
    """HTTP-6: whichever is looked at first."""
    bridged = make_bridged(token_location=names)
    sent = {"method": "POST", "environ_overrides": {**TOO_LONG, "wsgi.input": Unread()}}

    assert bridged.client.open("/access", **sent).status_code == 422
    headers = bearer(bridged.access())
    assert bridged.client.open("/access", headers=headers, **sent).status_code == 200


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 422)])
def test_a_body_may_have_one_mebibyte(everywhere: Bridged, more: int, status: int) -> None:
    """HTTP-6: as at the native place."""
    body = b'{"access_token": "%s"}' % everywhere.access().encode()
    body += b" " * (MAX_BODY + more - len(body))

    assert everywhere.client.post("/access", data=body, headers=JSON).status_code == status


def test_a_form_of_any_length_is_left_alone(everywhere: Bridged) -> None:
    """It is no place for a token: uploads go on."""
    environ = {**TOO_LONG, "CONTENT_TYPE": "multipart/form-data; boundary=x"}

    answer = everywhere.client.post(
        "/optional", environ_overrides={**environ, "wsgi.input": Unread()}
    )
    assert answer.json == {"sub": None, "at": None}


@pytest.mark.parametrize("kind", [set, frozenset, tuple, list])
@pytest.mark.parametrize("names", [["headers"], ["headers", "cookies"]])
def test_places_may_be_a_set(make_bridged: Any, kind: Any, names: list[str]) -> None:
    """C6."""
    bridged = make_bridged(token_location=kind(names))

    assert bridged.client.get("/access").status_code == 401
    assert bridged.status("/access", bridged.access()) == 200


@pytest.mark.parametrize(
    ("headers", "query", "body"),
    [(True, True, False), (True, False, True), (False, True, True), (True, True, True)],
)
def test_tokens_in_two_places_are_refused(
    everywhere: Bridged, headers: bool, query: bool, body: bool
) -> None:
    """HTTP-4."""
    token = everywhere.access()
    answer = everywhere.client.post(
        "/optional",
        headers=bearer(token) if headers else {},
        query_string={"jwt": token} if query else {},
        json={"access_token": token} if body else {},
    )

    assert answer.status_code == 422


def test_a_parameter_or_a_cookie_that_stands_twice_is_refused(everywhere: Bridged) -> None:
    """HTTP-4: cookie tossing."""
    token = everywhere.access()
    cookies = {"Cookie": f"access_token_cookie={token}; access_token_cookie={token}"}

    assert everywhere.client.get(f"/optional?jwt={token}&jwt={token}").status_code == 422
    without_jar = everywhere.app.test_client(use_cookies=False)
    assert without_jar.get("/optional", headers=cookies).status_code == 422
    assert everywhere.client.get(f"/optional?jwt={token}").json["at"] == "query_string"


def test_a_query_of_raw_bytes_is_refused(everywhere: Bridged) -> None:
    """HTTP-1: servers pass on what a client sends, and werkzeug does not decode it."""
    raw = {"QUERY_STRING": "a=\xff"}

    assert everywhere.client.get("/optional", environ_overrides=raw).status_code == 422
    assert everywhere.client.get("/optional", query_string={"a": "\xff"}).status_code == 200


def test_the_order_of_places_decides_between_a_header_and_a_cookie(make_bridged: Any) -> None:
    """C20: a header that is listed first is not beaten by a cookie that has expired."""
    first_header = make_bridged(token_location=["headers", "cookies"])
    first_cookie = make_bridged(token_location=["cookies", "headers"])
    for bridged, status in ((first_header, 200), (first_cookie, 401)):
        client = bridged.with_cookie(forged(claims(exp=1)))

        answer = client.get("/access", headers=bearer(bridged.access()))
        assert answer.status_code == status


@pytest.mark.parametrize("path", ["/access", "/optional"])
def test_a_bad_token_never_falls_through(everywhere: Bridged, path: str) -> None:
    """HTTP-5."""
    good, bad = everywhere.access(), forged(claims(), secret="another secret of 32 bytes or so")
    client = everywhere.with_cookie(good)

    assert client.get(path, headers=bearer(bad)).status_code == 422
    assert client.get(path, headers={"Authorization": "Bearer"}).status_code == 422
    assert client.get(path).json == {"sub": "ada", "at": "cookies"}


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_one_logout_serves_both_kinds_in_cookies_and_bodies(everywhere: Bridged, kind: str) -> None:
    """C13."""
    token = getattr(everywhere, kind)("ada")
    client = everywhere.with_cookie(token, f"{kind}_token_cookie")

    assert client.get("/either").json == {"sub": "ada", "at": "cookies"}
    answer = everywhere.client.post("/either", json={f"{kind}_token": token})
    assert answer.json == {"sub": "ada", "at": "json"}


@pytest.mark.parametrize("header", [{}, {"Authorization": "Basic YTpi"}, {"Authorization": ""}])
def test_nothing_sent_is_anonymous_where_that_is_allowed(bridged: Bridged, header: Any) -> None:
    assert bridged.client.get("/optional", headers=header).json == {"sub": None, "at": None}
    assert bridged.client.get("/access", headers=header).status_code == 401


def test_a_refusal_with_401_challenges(everywhere: Bridged) -> None:
    """D6: RFC 9110 section 11.6.1."""
    expired, stale = forged(claims(exp=1)), everywhere.access()
    answers = [
        everywhere.client.get("/access"),
        everywhere.get("/access", expired),
        everywhere.get("/fresh", stale),
        everywhere.with_cookie(stale).post("/access"),
    ]

    for answer in answers:
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "WWW-Authenticate" not in everywhere.get("/access", stale).headers


@pytest.mark.parametrize("value", ["", " ", ","])
def test_an_empty_header_is_no_token(everywhere: Bridged, value: str) -> None:
    """As FJE has it, and as native guards do."""
    headers = {"Authorization": value}
    client = everywhere.with_cookie(everywhere.access())

    assert client.get("/optional", headers=headers).json == {"sub": "ada", "at": "cookies"}
    without_cookie = everywhere.app.test_client().get("/optional", headers=headers)
    assert without_cookie.json == {"sub": None, "at": None}


@pytest.mark.parametrize(
    ("cookie", "path", "found"),
    [
        ("access_token_cookie=x", "/access", ("no-store", "Cookie")),
        ("access_token_cookie=x", "/optional", ("no-store", "Cookie")),
        ("refresh_token_cookie=x", "/access", (None, "Cookie")),
        (None, "/access", (None, "Cookie")),
        (None, "/optional", (None, "Cookie")),
        ("access_token_cookie=x", "/open", (None, None)),
    ],
)
def test_caches_learn_of_cookies_that_guards_look_at(
    everywhere: Bridged, cookie: str | None, path: str, found: Any
) -> None:
    """HTTP-9: refusals too, and answers to callers without a cookie."""
    headers = {"Cookie": cookie} if cookie else {}

    answer = everywhere.app.test_client(use_cookies=False).get(path, headers=headers)
    assert (answer.headers.get("Cache-Control"), answer.headers.get("Vary")) == found


def test_a_cookie_that_a_header_goes_before_keeps_out_of_caches_too(everywhere: Bridged) -> None:
    headers = bearer(forged(claims())) | {"Cookie": "access_token_cookie=x"}

    answer = everywhere.app.test_client(use_cookies=False).get("/access", headers=headers)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")


@pytest.mark.parametrize(("said", "found"), [("X", "X, Cookie"), ("*", "*")])
def test_what_a_view_says_of_caches_stands(make_bridged: Any, said: str, found: str) -> None:
    bridged = make_bridged(token_location=["cookies"])

    @bridged.app.after_request
    def allow(answer: Any) -> Any:
        answer.headers.update({"Cache-Control": "private", "Vary": said})
        return answer

    answer = bridged.with_cookie(bridged.access()).get("/access")
    assert (answer.headers["Cache-Control"], answer.headers["Vary"]) == ("private", found)


def test_where_no_cookies_are_looked_at_caches_are_told_nothing(bridged: Bridged) -> None:
    answer = bridged.app.test_client().get("/access", headers=bearer(bridged.access()))

    assert "Cache-Control" not in answer.headers
    assert "Vary" not in answer.headers
