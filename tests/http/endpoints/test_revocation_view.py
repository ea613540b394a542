"""The revocation endpoint of RFC 7009."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

import pytest

from jwtpolicy.endpoints import RevocationView
from jwtpolicy.exceptions import ConfigurationError
from tests.support.cookies import csrf_of
from tests.support.endpoints import (
    CLIENT_SECRET,
    HTTPS,
    access_of,
    cookie_log_in,
    log_in,
    refresh_of,
)
from tests.support.requests import bearer


def revoke(site: Any, token: str, **arguments: Any) -> Any:
    return site.post("/auth/revoke", data={"token": token}, **arguments)


def test_a_user_revokes_an_own_access_token(site: Any) -> None:
    """REV-2; the session goes on."""
    pair, caller = log_in(site), log_in(site)

    answer = revoke(site, pair["access_token"], headers=access_of(caller))

    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Cache-Control"] == "no-store"
    assert site.get("/me", headers=access_of(pair)).status_code == 401
    assert site.post("/auth/refresh", headers=refresh_of(pair)).status_code == 200


@pytest.mark.parametrize("present", [access_of, refresh_of])
def test_a_refresh_token_takes_its_session_along(site: Any, present: Any) -> None:
    """REV-2, RFC 7009 section 2.1."""
    pair = log_in(site)

    assert revoke(site, pair["refresh_token"], headers=present(pair)).status_code == 200

    assert site.get("/me", headers=access_of(pair)).status_code == 401
    assert site.post("/auth/refresh", headers=refresh_of(pair)).status_code == 401


def test_nobody_revokes_what_is_somebody_elses(site: Any) -> None:
    """REV-2."""
    ada, bob = log_in(site), log_in(site, "bob")

    assert revoke(site, ada["refresh_token"], headers=access_of(bob)).status_code == 403
    assert site.get("/me", headers=access_of(ada)).status_code == 200

    assert revoke(site, ada["refresh_token"], headers=access_of(ada)).status_code == 200
    assert site.get("/me", headers=access_of(ada)).status_code == 401


@pytest.mark.parametrize("endpoint", ["revoke", "introspect"])
def test_an_empty_header_names_no_client(site: Any, endpoint: str) -> None:
    """HTTP-5: nobody says who is asking, which is no malformed request."""
    body = {"token": log_in(site)["access_token"]}

    answer = site.post(f"/auth/{endpoint}", data=body, headers={"Authorization": ""})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "auth",
    [
        pytest.param(("gateway", "wrong"), id="a wrong secret"),
        pytest.param(("stranger", CLIENT_SECRET), id="an unknown name"),
        pytest.param(("gateway", "\u00e9" * 40), id="not ASCII"),
        pytest.param(None, id="nobody"),
    ],
)
def test_nobody_revokes_anonymously(site: Any, auth: Any) -> None:
    """REV-2."""
    pair = log_in(site)

    refused = revoke(site, pair["access_token"], auth=auth)

    assert (refused.status_code, refused.json["error"]) == (401, "token_required")
    assert site.get("/me", headers=access_of(pair)).status_code == 200


def test_a_configured_client_revokes_any_token(site: Any) -> None:
    """REV-2."""
    pair = log_in(site)

    assert revoke(site, pair["access_token"], auth=("gateway", CLIENT_SECRET)).status_code == 200
    assert site.get("/me", headers=access_of(pair)).status_code == 401


def test_the_secret_of_a_client_may_come_encoded(mount: Any) -> None:
    """RFC 6749 section 2.3.1."""
    secret = "a+b c%41/" + "x" * 32
    site = mount({"clients": {"the shop": secret}})
    auths = [("the shop", secret), (quote_plus("the shop"), quote_plus(secret))]

    assert [revoke(site, "x", auth=auth).status_code for auth in auths] == [200, 200]
    assert revoke(site, "x", auth=("the shop", secret[1:])).status_code == 401


def test_a_client_may_not_come_with_another_scheme(site: Any) -> None:
    headers = {"Authorization": f'Digest username="gateway", response="{CLIENT_SECRET}"'}

    assert revoke(site, "x", headers=headers).status_code in (400, 401)


@pytest.mark.parametrize("token", ["x", "a.b.c", "\u00e9", "x" * 20_000])
def test_an_unknown_token_is_revoked_already(site: Any, token: str) -> None:
    """REV-2, RFC 7009 section 2.2."""
    headers = access_of(log_in(site))

    assert revoke(site, token, headers=headers).status_code == 200


def test_a_token_that_was_revoked_or_has_expired_is_no_error(site: Any, clock: Any) -> None:
    """REV-2."""
    pair = log_in(site)
    clock.advance(901)
    headers = access_of(log_in(site))

    answers = [revoke(site, pair["access_token"], headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "nonsense"])
def test_the_hint_changes_nothing(site: Any, hint: str) -> None:
    """RFC 7009 section 2.1: a token says itself what it is."""
    pair = log_in(site)
    data = {"token": pair["refresh_token"], "token_type_hint": hint}

    assert site.post("/auth/revoke", data=data, headers=access_of(pair)).status_code == 200
    assert site.get("/me", headers=access_of(pair)).status_code == 401


@pytest.mark.parametrize("data", [{}, {"token": ""}, {"token": ["a", "b"]}])
def test_a_request_without_one_token_is_malformed(site: Any, data: Any) -> None:
    headers = access_of(log_in(site))

    answer = site.post("/auth/revoke", data=data, headers=headers)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def test_a_token_of_another_kind_is_not_supported(site: Any) -> None:
    """REV-2, RFC 7009 section 2.2.1."""
    pair = log_in(site)
    jwt = site.application.extensions["jwtpolicy"].manager
    with site.application.app_context():
        link, machine = jwt.issue("ada", "invitation", expires_in=60), jwt.issue("ada")

    refused = revoke(site, link, headers=access_of(pair))
    assert (refused.status_code, refused.json["error"]) == (400, "unsupported_token_type")
    assert revoke(site, machine, headers=access_of(pair)).status_code == 200


def test_a_cookie_needs_its_csrf_value(pages: Any) -> None:
    """REV-2, CSRF-1."""
    cookie_log_in(pages)
    token = pages.get_cookie("__Host-access_token").value

    assert revoke(pages, token, **HTTPS).status_code == 403
    assert pages.get("/me", **HTTPS).status_code == 200

    assert revoke(pages, token, headers=csrf_of(pages), **HTTPS).status_code == 200
    assert pages.get("/me", **HTTPS).status_code == 401


def test_an_expired_caller_is_nobody(site: Any, clock: Any) -> None:
    pair = log_in(site)
    clock.advance(901)

    assert revoke(site, pair["refresh_token"], headers=access_of(pair)).status_code == 401
    assert revoke(site, pair["refresh_token"], headers=refresh_of(pair)).status_code == 200


@pytest.mark.parametrize("secret", ["short", "", None])
def test_a_secret_that_could_be_guessed_is_a_mistake(secret: Any) -> None:
    with pytest.raises(ConfigurationError, match="shorter than 32"):
        type("Revoke", (RevocationView,), {"clients": {"gateway": secret}})


def test_a_malformed_caller_is_refused(site: Any) -> None:
    assert revoke(site, "x", headers=bearer("a b")).status_code == 400
