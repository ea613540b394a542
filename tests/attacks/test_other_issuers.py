"""A trusted issuer speaks for its own users alone, and an own token is nobody else's.

Each attack is tried in both directions: with a token of the other issuer against what is own, and
with an own token against what is the issuer's. Their names are the same wherever they can be.
"""

from __future__ import annotations

import hmac
import time
from base64 import urlsafe_b64encode
from typing import Any

import jwt as pyjwt
import pytest
from flask import Flask

from jwtpolicy import (
    OWN,
    Access,
    Fresh,
    HasRole,
    HasScope,
    IsSubject,
    IssuedBy,
    Issuer,
    JWTManager,
    Owns,
    Policy,
    SingleUse,
    protect,
)
from jwtpolicy.exceptions import ConfigurationError, InvalidTokenError, NotATokenError
from jwtpolicy.keys import Key, KeyRing
from tests.support.issuers import (
    AUDIENCE,
    URL,
    application,
    foreign,
    issuer,
    public,
    rsa_key,
    signed_by_issuer,
    status,
)
from tests.support.keys import public_pem
from tests.support.requests import bearer

OTHER = "https://other.example.com"
OURS = "https://shop.example.com"


def own_token(jwt: JWTManager[Any], app: Flask, subject: str = "ada", **more: Any) -> str:
    with app.app_context():
        return jwt.issue(subject, **more)


# Keys and issuers


@pytest.mark.parametrize("kid", ["k1", "k2", None])
def test_the_key_of_one_issuer_signs_nothing_of_another(kid: str | None) -> None:
    """KEY-7. Both have keys of the name k1; only the first one has the key that signs here."""
    other = issuer(OTHER, keys=[public("other", "k1")])
    app, _ = application(IssuedBy(URL, OTHER), issuers=(issuer(), other))

    assert status(app, foreign(name="other", iss=OTHER)) == 200
    assert status(app, foreign(name="login", iss=OTHER, kid=kid)) == 401
    assert status(app, foreign(name="other", iss=URL, kid=kid)) == 401


class Alike(Issuer):
    """Equal to every other one, as a subclass may be that compares the names of its tenants."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Issuer)

    def __hash__(self) -> int:
        return 1


def test_issuers_that_are_equal_have_their_own_keys_all_the_same() -> None:
    first = Alike(URL, audience=AUDIENCE, keys=[public()])
    other = Alike(OTHER, audience=AUDIENCE, keys=[public("other")])
    app, _ = application(IssuedBy(OTHER), issuers=(first, other))

    assert status(app, foreign(name="other", iss=OTHER)) == 200
    assert status(app, foreign(name="login", iss=OTHER)) == 401


@pytest.mark.parametrize("iss", [None, "", OURS, "https://nobody.example", [URL], {URL: 1}, 5])
def test_the_key_of_an_issuer_signs_no_own_token(iss: Any) -> None:
    """KEY-7."""
    app, _ = application(Access() | IssuedBy(URL), issuers=(issuer(),), JWT_ENCODE_ISSUER=OURS)
    claims = {"type": "access", "fresh": True, "aud": None}

    assert status(app, foreign(iss=iss, **claims)) == 401
    assert status(app, foreign(iss=iss, media_type="JWT", **claims)) == 401


def sharing_a_name(*policies: Policy) -> tuple[Flask, JWTManager[Any]]:
    """Return an application whose own key has the algorithm and the ``kid`` of the issuer's."""
    app = Flask("sharing")
    app.config.update(TESTING=True, JWT_STORE_URL="memory://")
    own = Key(rsa_key("own"), "RS256", "k1")
    jwt: JWTManager[Any] = JWTManager(keys=KeyRing(own))
    jwt.trust(issuer())
    jwt.init_app(app)

    @app.get("/")
    @protect(*policies)
    def view() -> str:
        return "in"

    return app, jwt


def test_keys_of_one_name_are_told_apart_by_the_issuer() -> None:
    """KEY-7."""
    app, jwt = sharing_a_name(IssuedBy(OWN, URL))

    assert status(app, own_token(jwt, app)) == 200
    assert status(app, foreign()) == 200
    assert status(app, foreign(name="own")) == 401
    assert status(app, foreign(name="mallory")) == 401


def test_a_header_that_both_have_is_remembered_for_each_alone() -> None:
    """The memo of headers of one never answers for the other."""
    app, jwt = sharing_a_name(IssuedBy(OWN, URL))
    header = {"kid": "k1", "typ": "JWT"}
    own = own_token(jwt, app)
    claims = pyjwt.decode(own, options={"verify_signature": False})
    forged = [signed_by_issuer(claims, header), signed_by_issuer({**claims, "iss": URL}, header)]

    for _ in range(2):
        assert status(app, own) == 200
        assert [status(app, each) for each in forged] == [401, 401]


def test_a_public_key_is_no_secret() -> None:
    """RFC 8725 section 2.1, of another issuer: its public key signs nothing by HMAC."""
    app, _ = application(IssuedBy(URL), issuers=(issuer(),))
    good = foreign()
    head, body = base64url(b'{"alg":"HS256","kid":"k1","typ":"at+jwt"}'), good.split(".")[1]
    signature = hmac.digest(
        public_pem(rsa_key("login")).encode(), f"{head}.{body}".encode(), "sha256"
    )

    assert status(app, f"{head}.{body}.{base64url(signature)}") == 401
    assert status(app, good) == 200


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize("setting", ["JWT_ENCODE_ISSUER", "JWT_DECODE_ISSUER"])
def test_an_issuer_that_is_ones_own_is_a_mistake(setting: str) -> None:
    with pytest.raises(ConfigurationError, match="own ones and others at once"):
        application(issuers=(issuer(),), **{setting: URL})[0].test_client().get("/")


# Audiences


def test_an_audience_is_that_of_its_issuer_alone() -> None:
    """CLAIM-4. The application's own audience opens nothing to the issuer, nor the other way."""
    app, jwt = application(
        IssuedBy(OWN, URL), issuers=(issuer(),), JWT_ENCODE_AUDIENCE="https://own.example"
    )

    assert status(app, foreign()) == 200
    assert status(app, foreign(aud="https://own.example")) == 401
    assert status(app, own_token(jwt, app)) == 200
    assert status(app, own_token(jwt, app, audience="https://own.example")) == 200


# Names of users, sessions and tokens


def owning(*policies: Policy, prefix: str = "login:") -> tuple[Flask, JWTManager[Any]]:
    """Return an application with the resource of ``ada`` at ``/ada``."""
    app, jwt = application(issuers=(issuer(subject_prefix=prefix),))

    @app.get("/<owner>")
    @protect(*policies, resource=lambda owner: {"owner": owner})
    def resource(owner: str) -> str:
        return owner

    return app, jwt


def at(app: Flask, path: str, encoded: str) -> int:
    return app.test_client().get(path, headers=bearer(encoded)).status_code


@pytest.mark.parametrize("leaf", [Owns("owner"), IsSubject("owner")], ids=str)
def test_a_user_of_the_issuer_is_no_own_user_of_that_name(leaf: Policy) -> None:
    app, jwt = owning(IssuedBy(OWN, URL) & leaf)

    assert at(app, "/ada", own_token(jwt, app)) == 200
    assert at(app, "/ada", foreign()) == 403
    assert at(app, "/login:ada", own_token(jwt, app)) == 403


@pytest.mark.parametrize("leaf", [Owns("owner"), IsSubject("owner")], ids=str)
def test_a_part_that_does_not_name_the_issuer_is_closed_to_it(leaf: Policy) -> None:
    app, jwt = owning(leaf, prefix="")

    assert at(app, "/ada", own_token(jwt, app)) == 200
    assert at(app, "/ada", foreign()) == 401


@pytest.mark.parametrize("jti", ["same", "x" * 1024])
def test_a_token_that_was_revoked_is_that_of_its_issuer(jti: str) -> None:
    """REV-1."""
    app, jwt = application(IssuedBy(OWN, URL), issuers=(issuer(),))
    until = int(time.time()) + 600
    with app.app_context():
        jwt.revoke_token_id(jti, subject="ada", expires_at=until)

    assert status(app, foreign(jti=jti)) == 200


def test_the_sessions_of_a_user_are_not_those_of_the_issuers_user() -> None:
    """REV-1. The issuer writes the id of an own session into its token, and the own subject."""
    app, jwt = application(IssuedBy(OWN, URL), issuers=(issuer(),))
    with app.app_context():
        pair = jwt.login("ada")
        own = jwt.verify(pair.access_token)
        jwt.revoke_session(own.session_id)
        jwt.revoke_subject("ada")

    assert status(app, pair.access_token) == 401
    assert status(app, foreign(sid=own.session_id, jti=own.token_id)) == 200


def test_a_token_that_was_used_is_that_of_its_issuer() -> None:
    app, jwt = application(IssuedBy(OWN, URL) & SingleUse(), issuers=(issuer(),))
    own = own_token(jwt, app)
    with app.app_context():
        jti = jwt.verify(own).token_id

    assert [status(app, foreign(jti=jti)) for _ in range(2)] == [200, 401]
    assert [status(app, own) for _ in range(2)] == [200, 401]


# Verbs, and places that are for own tokens


def test_no_verb_takes_a_token_of_the_issuer_for_an_own_one() -> None:
    app, jwt = application(IssuedBy(URL), issuers=(issuer(),))
    told = foreign(type="refresh", sid="s1")
    for verb in (jwt.verify, jwt.refresh, jwt.revoke):
        with app.test_request_context(), pytest.raises((InvalidTokenError, NotATokenError)):
            verb(told)


def test_a_token_of_the_issuer_in_a_cookie_is_refused() -> None:
    """CSRF-1: it has no value that a page of another site could not send."""
    app, jwt = application(
        IssuedBy(OWN, URL), issuers=(issuer(),), JWT_TOKEN_LOCATION=["headers", "cookies"]
    )
    client = app.test_client()

    def sent(encoded: str) -> int:
        client.set_cookie("__Host-access_token", encoded, secure=True, path="/")
        return client.get("/", base_url="https://localhost").status_code

    with app.app_context():
        own = jwt.login("ada").access_token
    assert status(app, foreign()) == 200
    assert (sent(own), sent(foreign())) == (200, 401)


# Policies


@pytest.mark.parametrize(
    ("policy", "own", "theirs"),
    [
        (Access(), True, False),
        (IssuedBy(OWN), True, False),
        (IssuedBy(URL), False, True),
        (IssuedBy(OWN, URL), True, True),
        (IssuedBy(OWN) | IssuedBy(URL), True, True),
        (IssuedBy(OWN) & IssuedBy(URL), False, False),
        (~IssuedBy(URL), True, False),
        (~IssuedBy(OWN), False, False),
        (~~IssuedBy(URL), False, True),
        (~(IssuedBy(URL) & HasRole("admin")), True, False),
        (HasScope("read") | IssuedBy(URL) & HasScope("write"), True, False),
        (HasScope("write") | IssuedBy(URL) & HasScope("read"), False, True),
        (~HasScope("write") | IssuedBy(URL) & HasScope("write"), True, False),
        (IssuedBy(URL) & ~HasScope("write"), False, True),
        (IssuedBy(URL) & ~Fresh(), False, True),
        (IssuedBy(URL) & ~HasRole("admin"), False, False),
        (IssuedBy(URL) & (Fresh() | HasRole("admin")), False, False),
    ],
    ids=str,
)
def test_a_part_is_for_those_whom_it_names(policy: Policy, own: bool, theirs: bool) -> None:
    app, jwt = application(policy, issuers=(issuer(),))
    told = foreign(scope="read", fresh=True, roles=["admin"], auth_time=9_000_000_000)

    assert (status(app, own_token(jwt, app, scope="read")) == 200) is own
    assert (status(app, told) == 200) is theirs
