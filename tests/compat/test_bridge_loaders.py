"""What an application hangs into the bridge, and what becomes of its answers and errors."""

from __future__ import annotations

from typing import Any

import flask_jwt_extended as original
import jwt as pyjwt
import pytest
from flask import Blueprint, Flask, abort, jsonify
from werkzeug.exceptions import HTTPException

from jwtpolicy.compat import flask_jwt_extended as bridge
from jwtpolicy.compat.flask_jwt_extended import (
    JWTManager,
    get_current_user,
    get_jti,
    jwt_required,
)
from jwtpolicy.compat.flask_jwt_extended.exceptions import (
    JWTExtendedException,
    NoAuthorizationError,
)
from jwtpolicy.exceptions import SetupError
from tests.support.applications import SECRET
from tests.support.bridge import Bridged, claims, forged
from tests.support.requests import bearer
from tests.support.sharing import name_of


@pytest.mark.parametrize("answer", [True, False])
def test_an_async_verification_is_awaited(bridged: Bridged, answer: bool) -> None:
    """S3."""

    @bridged.manager.token_verification_loader
    async def check(header: Any, data: Any) -> bool:
        return answer

    assert bridged.status("/access", bridged.access()) == (200 if answer else 400)


@pytest.mark.parametrize("answer", [True, False])
def test_an_async_blocklist_is_awaited(bridged: Bridged, answer: bool) -> None:
    """S3."""

    @bridged.manager.token_in_blocklist_loader
    async def check(header: Any, data: Any) -> bool:
        return answer

    assert bridged.status("/access", bridged.access()) == (401 if answer else 200)


def test_an_async_user_is_awaited(bridged: Bridged) -> None:
    """S3."""

    @bridged.manager.user_lookup_loader
    async def load(header: Any, data: Any) -> str | None:
        return data["sub"].upper() if data["sub"] != "eve" else None

    bridged.app.get("/user")(jwt_required()(lambda: get_current_user()))

    assert bridged.get("/user", bridged.access()).text == "ADA"
    assert bridged.status("/user", bridged.access("eve")) == 401


def test_an_answer_that_nobody_awaited_admits_nobody(bridged: Bridged) -> None:
    """S3: a coroutine would be true."""

    async def later() -> bool:
        return False

    bridged.manager.token_verification_loader(lambda header, data: later())

    with pytest.raises(TypeError, match="async def"):
        bridged.status("/access", bridged.access())


@pytest.mark.parametrize(("jti", "status"), [("good", 200), ("bad", 401), (None, 401)])
def test_a_token_that_cannot_be_looked_up_counts_as_revoked(
    bridged: Bridged, jti: str | None, status: int
) -> None:
    """S9, CLAIM-5: where somebody keeps a blocklist."""
    bridged.manager.token_in_blocklist_loader(lambda header, data: data["jti"] in {"bad"})

    assert bridged.status("/access", forged(claims(jti=jti))) == status


@pytest.mark.parametrize("user", [0, "", [], False])
def test_a_user_may_be_anything_but_none(bridged: Bridged, user: Any) -> None:
    bridged.manager.user_lookup_loader(lambda header, data: user)
    bridged.app.get("/user")(jwt_required()(lambda: jsonify(get_current_user())))

    assert bridged.get("/user", bridged.access()).json == user


def test_a_loader_gets_copies(bridged: Bridged) -> None:
    """S5: what it does to them is not what the view sees."""

    @bridged.manager.token_verification_loader
    def check(header: Any, data: Any) -> bool:
        data["sub"] = "root"
        return True

    assert bridged.get("/access", bridged.access()).json["sub"] == "ada"


LEAKS = (b"class", b"Traceback", b"object at", b"jwtpolicy", b"cryptography", SECRET.encode())


TOKENS = ["x", "a.b.c", "a.b", "..", forged(b"[]"), forged(b"\xff"), forged(claims(exp="1"))]
TOKENS += [
    forged(claims(), {"alg": "HS256", **more}) for more in ({"alg": "<b>"}, {"crit": ["<b>"]})
]
TOKENS += [forged(claims(**change)) for change in ({"sub": 7}, {"aud": [7]}, {"type": "<b>"})]


@pytest.mark.parametrize("token", TOKENS, ids=name_of)
def test_a_refusal_tells_nothing_of_the_inside(bridged: Bridged, token: str) -> None:
    """S19."""
    answer = bridged.get("/access", token)

    assert answer.status_code == 422
    assert list(answer.json) == ["msg"]
    assert not [leak for leak in (*LEAKS, b"<b>") if leak in answer.data]


@pytest.mark.parametrize("error", [pyjwt.DecodeError, pyjwt.ExpiredSignatureError])
def test_an_error_of_other_code_is_not_taken_for_ours(bridged: Bridged, error: Any) -> None:
    """C8."""

    @bridged.app.get("/other")
    def other() -> str:
        raise error("of another token")

    with pytest.raises(error):
        bridged.client.get("/other")


def test_a_token_of_ours_that_a_view_decodes_is_answered(bridged: Bridged) -> None:
    """C8: the accepted twin."""
    bridged.app.get("/jti")(lambda: get_jti("x"))

    assert bridged.client.get("/jti").status_code == 422


def test_a_jti_can_be_read_of_an_expired_token(bridged: Bridged) -> None:
    """C14: to revoke the other token of the pair."""
    with bridged.app.app_context():
        assert get_jti(forged(claims(exp=1))) == "j"
        with pytest.raises(pyjwt.InvalidSignatureError):
            get_jti(forged(claims(exp=1), secret="a secret that is not ours at all"))


def test_an_application_may_answer_by_errorhandler(bridged: Bridged) -> None:
    """C12: on a blueprint too, where it may be for one error or for all of them."""
    for name, error in (("one", NoAuthorizationError), ("all", JWTExtendedException)):
        blueprint = Blueprint(name, __name__)
        blueprint.get(f"/{name}")(jwt_required()(lambda: "in"))
        blueprint.errorhandler(error)(lambda error: ("the blueprint's", 418))
        bridged.app.register_blueprint(blueprint)
    bridged.app.errorhandler(NoAuthorizationError)(lambda error: ("the application's", 419))

    answers = [bridged.client.get(path).status_code for path in ("/one", "/all", "/access")]
    assert answers == [418, 418, 419]


@pytest.mark.parametrize("library", [original, bridge])
def test_a_handler_of_the_base_comes_after_the_librarys_own(library: Any) -> None:
    """With the original nobody calls it, and it may say anything: it does not come to life here."""
    app = Flask("tests.base")
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET)
    app.errorhandler(library.exceptions.JWTExtendedException)(lambda error: ("never", 500))
    library.JWTManager(app)
    app.get("/")(library.jwt_required(fresh=True)(lambda: "in"))
    stale = bearer(forged(claims()))

    for headers, said in (({}, "Missing Authorization Header"), (stale, "Fresh token required")):
        answer = app.test_client().get("/", headers=headers)
        assert (answer.status_code, answer.json) == (401, {"msg": said})


def test_a_forgotten_pair_of_parentheses_is_noticed_at_once() -> None:
    """C18."""
    with pytest.raises(SetupError, match="parentheses"):
        jwt_required(lambda: "in")  # type: ignore[arg-type] # the mistake


def test_a_second_manager_is_a_mistake(bridged: Bridged) -> None:
    with pytest.raises(SetupError, match="already"):
        JWTManager(bridged.app)


def test_nothing_is_written_into_the_configuration() -> None:
    app = Flask("tests.config")
    app.config["JWT_SECRET_KEY"] = SECRET
    before = dict(app.config)

    JWTManager(app)

    assert dict(app.config) == before


CAUGHT = [
    pytest.param({}, (401, {"msg": "Missing Authorization Header"}), id="no token"),
    pytest.param(bearer("x"), (422, {"msg": "Not enough segments"}), id="PyJWT's error"),
    pytest.param(bearer(forged(claims(exp=1))), (401, {"msg": "Token has expired"}), id="expired"),
]


@pytest.mark.parametrize("kind", [Exception, HTTPException])
@pytest.mark.parametrize(("headers", "expected"), CAUGHT)
def test_a_handler_of_everything_else_leaves_our_answers_alone(
    bridged: Bridged, kind: type[Exception], headers: Any, expected: Any
) -> None:
    """C12: neither one of the application nor one of a blueprint."""
    blueprint = Blueprint("b", __name__)
    blueprint.get("/b")(jwt_required()(lambda: "in"))
    blueprint.get("/broken", endpoint="broken")(lambda: abort(404))
    blueprint.errorhandler(kind)(lambda error: ("the blueprint's", 418))
    bridged.app.errorhandler(kind)(lambda error: ("the application's", 419))
    bridged.app.register_blueprint(blueprint)

    for path in ("/b", "/access"):
        answer = bridged.client.get(path, headers=headers)
        assert (answer.status_code, answer.json) == expected
    assert bridged.client.get("/broken").status_code == 418


@pytest.mark.parametrize("is_async", [True, False])
def test_a_handler_of_pyjwts_errors_answers_ours(bridged: Bridged, is_async: bool) -> None:
    """C12: applications wrote them because the original raises those classes."""

    async def later(error: Exception) -> Any:
        return type(error).__name__, 418

    expired = bearer(forged(claims(exp=1)))
    bridged.app.errorhandler(pyjwt.ExpiredSignatureError)(
        later if is_async else lambda error: (str(error), 418)
    )

    assert bridged.client.get("/access", headers=expired).status_code == 418
    assert bridged.client.get("/access", headers=bearer("x")).status_code == 422


def test_a_handler_of_their_base_answers_what_is_left(bridged: Bridged) -> None:
    """C12: as with the original, which has handlers of its own for the rest."""
    bridged.app.errorhandler(pyjwt.InvalidTokenError)(lambda error: ("the application's", 418))
    early = forged(claims(nbf=4_000_000_000))

    assert bridged.status("/access", early) == 418
    assert bridged.status("/access", forged(claims(exp=1))) == 401
    assert bridged.status("/access", "x") == 422


def test_a_blueprints_handler_of_pyjwts_errors_comes_first(bridged: Bridged) -> None:
    """C12."""
    blueprint = Blueprint("b", __name__)
    blueprint.get("/b")(jwt_required()(lambda: "in"))
    blueprint.errorhandler(pyjwt.DecodeError)(lambda error: ("the blueprint's", 418))
    bridged.app.register_blueprint(blueprint)
    bridged.app.errorhandler(pyjwt.DecodeError)(lambda error: ("the application's", 419))

    assert bridged.client.get("/b", headers=bearer("x")).status_code == 418
    assert bridged.client.get("/access", headers=bearer("x")).status_code == 419
