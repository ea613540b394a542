"""What each verb does with the token of another issuer, whose subject is also that of a local user.

None of them issues own tokens from it, ends or lists a session of the local user, or is the cause
of a 5xx.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest
from flask import Flask
from marshmallow import fields

from jwtpolicy import (
    OWN,
    Access,
    ClaimSchema,
    HasScope,
    IssuedBy,
    Issuer,
    JWTManager,
    Owns,
    current_token,
    current_user,
    protect,
)
from jwtpolicy.exceptions import ConfigurationError, ForeignTokenError, InvalidTokenError
from tests.support.applications import SECRET
from tests.support.issuers import URL, foreign, issuer

Verb = Callable[[JWTManager], Any]

#: What a view does, and the status that its caller gets; the subject of both is ``ada``.
VERBS: Final[dict[str, tuple[Verb, int]]] = {
    "step_up": (lambda jwt: jwt.step_up(current_user), 403),
    "step_up of a name": (lambda jwt: jwt.step_up("ada"), 403),
    "refresh": (lambda jwt: jwt.refresh(current_token), 401),
    "renewed": (lambda jwt: jwt.renewed(current_token), 403),
    "logout": (lambda jwt: jwt.logout().session_id, 200),
    "consume": (lambda jwt: jwt.consume(), 200),
    "revoke": (lambda jwt: jwt.revoke(current_token), 200),
    "revoke_subject": (lambda jwt: jwt.revoke_subject(current_user), 200),
    "revoke_subject of its text": (lambda jwt: jwt.revoke_subject(current_token.subject), 403),
    "revoke_subject of an equal text": (lambda jwt: jwt.revoke_subject("ada"), 403),
    "revoke_subject of its principal": (lambda jwt: jwt.revoke_subject(jwt.current_user), 403),
    "revoke_subject there": (lambda jwt: jwt.revoke_subject("ada", issuer=URL), 200),
    "revoke_subject of current_user here": (
        lambda jwt: jwt.revoke_subject(current_user, issuer=OWN),
        403,
    ),
    "revoke_token_id": (
        lambda jwt: jwt.revoke_token_id("x", subject=current_user, expires_at=None),
        200,
    ),
    "revoke_other_sessions": (lambda jwt: jwt.revoke_other_sessions(), 403),
    "sessions": (lambda jwt: jwt.sessions(current_user), 200),
    "sessions of a text": (lambda jwt: jwt.sessions("ada"), 403),
    "sessions there": (lambda jwt: jwt.sessions("ada", issuer=URL), 200),
    "enforce": (lambda jwt: jwt.enforce(Owns("owner"), {"owner": "ada"}), 401),
    "enforce, its issuer named": (
        lambda jwt: jwt.enforce(IssuedBy(URL) & Owns("owner"), {"owner": "ada"}),
        200,
    ),
    "explain": (lambda jwt: jwt.explain(Owns("owner"), resource={"owner": "ada"}), 200),
    "current_user": (lambda jwt: jwt.current_user, 200),
    "issue": (lambda jwt: jwt.issue(current_user), 403),
    "issue of its text": (lambda jwt: jwt.issue(current_token.subject), 403),
    "login": (lambda jwt: jwt.login(current_user), 403),
    "login of an equal text": (lambda jwt: jwt.login("ada"), 403),
}


def application(verb: Verb, **arguments: Any) -> tuple[Flask, JWTManager, list[Any]]:
    """Return an application whose view calls *verb*, and what that has returned."""
    app, found = Flask("verbs"), []
    app.config.update(TESTING=True, JWT_STORE_URL="memory://", JWT_SECRET_KEY=SECRET)
    jwt: JWTManager = JWTManager(app)
    jwt.trust(issuer(**arguments))

    @app.post("/")
    @protect(IssuedBy(URL, OWN))
    def view() -> str:
        found.append(verb(jwt))
        return "done"

    return app, jwt, found


def post(app: Flask, encoded: str) -> int:
    headers = {"Authorization": f"Bearer {encoded}"}
    return app.test_client().post("/", headers=headers).status_code


@pytest.mark.parametrize("name", VERBS)
def test_the_local_user_of_the_same_subject_keeps_the_sessions(name: str) -> None:
    verb, status = VERBS[name]
    app, jwt, found = application(verb)
    with app.app_context():
        pair = jwt.login("ada")
    session_id = pair.session_id

    assert post(app, foreign(sid=session_id)) == status
    with app.app_context():
        assert [one.session_id for one in jwt.sessions("ada")] == [session_id]
        assert not any(one.is_current for one in jwt.sessions("ada"))
        assert jwt.refresh(str(pair.refresh_token)).access_token
    assert not [one for one in found if isinstance(one, list) and one]


@pytest.mark.parametrize("name", ["logout", "revoke", "revoke_subject", "consume"])
def test_what_ends_a_token_of_another_issuer_ends_it_here(name: str) -> None:
    app, _, _ = application(VERBS[name][0])
    encoded = foreign()

    assert [post(app, encoded), post(app, encoded)] == [200, 401]


@pytest.mark.parametrize(
    ("name", "status"),
    [("logout", 200), ("consume", 401), ("revoke", 403), ("revoke_subject", 200)],
)
def test_a_token_without_jti_is_revoked_with_its_subject_alone(name: str, status: int) -> None:
    app, _, _ = application(VERBS[name][0], requires_jti=False)
    encoded = foreign(jti=None)

    assert post(app, encoded) == status
    assert post(app, encoded) == (401 if name == "revoke_subject" else status)


def test_a_logout_that_ends_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    app, _, _ = application(VERBS["logout"][0], requires_jti=False)
    post(app, foreign(jti=None))

    assert "nothing was ended" in caplog.text


@pytest.mark.parametrize("leeway", [None, 120])
def test_the_end_of_a_subject_counts_for_a_clock_that_is_ahead(leeway: float | None) -> None:
    app, jwt, _ = application(VERBS["current_user"][0], requires_jti=False, leeway=leeway)
    ahead = 115 if leeway else 0
    with app.app_context():
        now = int(jwt._parts().clock())
        encoded = foreign(jti=None, iat=now + ahead, exp=now + 900)
        assert post(app, encoded) == 200
        jwt.revoke_subject("ada", issuer=issuer())
    assert post(app, encoded) == 401


class Member:
    """A local user."""

    id = "m1"


def test_an_own_session_is_opened_for_an_object_of_a_local_user() -> None:
    """As after a login at a provider: the application says who it is here."""
    app, jwt, found = application(lambda jwt: jwt.login(Member()))

    @jwt.claims_for(Member)
    class MemberSchema(ClaimSchema):
        sub = fields.Str(attribute="id")

    assert post(app, foreign()) == 200
    with app.app_context():
        assert jwt.verify(found[0].access_token).subject == "m1"


def test_own_users_mean_what_they_meant() -> None:
    app, jwt, found = application(lambda jwt: jwt.sessions(current_user))
    with app.app_context():
        pair = jwt.login("ada")

    assert post(app, pair.access_token) == 200
    assert [one.session_id for one in found[0]] == [pair.session_id]


@pytest.mark.parametrize("verb", ["revoke_subject", "sessions", "revoke_token_id", "verify"])
def test_an_unknown_issuer_is_an_error_that_names_the_trusted_ones(verb: str) -> None:
    app, jwt, _ = application(VERBS["sessions"][0])
    calls: dict[str, Callable[[str], object]] = {
        "revoke_subject": lambda url: jwt.revoke_subject("ada", issuer=url),
        "sessions": lambda url: jwt.sessions("ada", issuer=url),
        "revoke_token_id": lambda url: jwt.revoke_token_id(
            "j", subject="ada", expires_at=None, issuer=url
        ),
        "verify": lambda url: jwt.verify(foreign(), issuer=url),
    }
    with app.app_context(), pytest.raises(ConfigurationError, match=URL):
        calls[verb]("https://typo.example.com")


def test_the_none_of_a_missing_setting_names_nobody() -> None:
    app, jwt, _ = application(VERBS["sessions"][0])

    with app.app_context(), pytest.raises(TypeError, match="issuer= takes"):
        jwt.revoke_subject("ada", issuer=None)  # type: ignore[arg-type] # the mistake


def test_the_error_says_that_nobody_is_trusted() -> None:
    app = Flask("alone")
    app.config.update(TESTING=True, JWT_STORE_URL="memory://", JWT_SECRET_KEY=SECRET)
    jwt: JWTManager = JWTManager(app)

    with app.app_context(), pytest.raises(ConfigurationError, match="none"):
        jwt.sessions("ada", issuer=URL)


@pytest.mark.parametrize("own", [OWN, "https://me.example"])
def test_the_application_itself_may_be_named(own: Any) -> None:
    app = Flask("named")
    app.config.update(
        TESTING=True,
        JWT_STORE_URL="memory://",
        JWT_SECRET_KEY=SECRET,
        JWT_ENCODE_ISSUER="https://me.example",
    )
    jwt: JWTManager = JWTManager(app)
    jwt.trust(issuer())
    with app.app_context():
        jwt.login("ada")
        assert len(jwt.sessions("ada", issuer=own)) == 1
        assert jwt.verify(jwt.issue("ada"), issuer=own).is_own


@pytest.mark.parametrize("subject", [object(), "", "ada"])
def test_a_subject_that_the_issuer_has_not_is_an_error(subject: object) -> None:
    app, jwt, _ = application(VERBS["sessions"][0], subject_prefix="login:")

    with app.app_context(), pytest.raises(TypeError, match=r"subject|begin with 'login:'"):
        jwt.revoke_subject(subject, issuer=URL)


def test_a_subject_has_the_prefix_of_its_issuer() -> None:
    app, jwt, _ = application(VERBS["sessions"][0], subject_prefix="login:")
    with app.app_context():
        jwt.revoke_subject("login:ada", issuer=URL)

    assert [post(app, foreign()), post(app, foreign(sub="bob"))] == [401, 200]


def test_verify_takes_own_tokens_only() -> None:
    app, jwt, _ = application(VERBS["sessions"][0])

    with app.app_context(), pytest.raises(InvalidTokenError):
        jwt.verify(foreign())


@pytest.mark.parametrize("who", [URL, issuer()], ids=["url", "Issuer"])
def test_verify_takes_tokens_of_the_issuer_that_is_named(who: str | Issuer) -> None:
    app, jwt, _ = application(VERBS["sessions"][0])
    with app.app_context():
        token = jwt.verify(foreign(), issuer=who)
        own = jwt.issue("ada")
        with pytest.raises(InvalidTokenError):
            jwt.verify(own, issuer=who)

    assert (token.subject, token.issuer, token.is_own) == ("ada", URL, False)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [({"kind": "refresh"}, InvalidTokenError), ({"allow_expired": True}, TypeError)],
)
def test_a_token_of_another_issuer_is_a_valid_access_token(
    arguments: dict[str, Any], error: type[Exception]
) -> None:
    app, jwt, _ = application(VERBS["sessions"][0])

    with app.app_context(), pytest.raises(error):
        jwt.verify(foreign(), issuer=URL, **arguments)


def test_an_encoded_token_of_another_issuer_is_revoked_once_it_is_verified() -> None:
    app, jwt, _ = application(VERBS["current_user"][0])
    encoded = foreign()
    with app.app_context():
        with pytest.raises(ValueError, match="no key"):
            jwt.revoke(encoded)
        jwt.revoke(jwt.verify(encoded, issuer=URL))

    assert post(app, encoded) == 401


def test_explain_answers_as_a_guard_does() -> None:
    app, jwt, _ = application(VERBS["sessions"][0])
    encoded = foreign(scope="read")
    with app.app_context():
        found = [
            jwt.explain(policy, encoded).outcome.name
            for policy in (HasScope("read"), IssuedBy(URL) & HasScope("read"), Access())
        ]

    assert found == ["INVALID_TOKEN", "ALLOW", "INVALID_TOKEN"]


def test_tokens_that_count_as_own_are_ended_as_own_ones() -> None:
    app = Flask("verifier")
    app.config.update(TESTING=True, JWT_STORE_URL="memory://")
    jwt: JWTManager = JWTManager()
    jwt.trust(issuer(requires_jti=False))
    jwt.init_app(app)
    app.post("/")(protect()(lambda: "done"))
    encoded = foreign(jti=None)
    assert post(app, encoded) == 200
    with app.app_context():
        assert jwt.verify(encoded).is_own
        with pytest.raises(InvalidTokenError):
            jwt.verify(encoded, kind="refresh")
        jwt.revoke_subject("ada")

    assert post(app, encoded) == 401


def test_the_error_of_a_verb_is_a_refusal_without_a_challenge() -> None:
    assert (ForeignTokenError().code, ForeignTokenError().error) == (403, "access_denied")
