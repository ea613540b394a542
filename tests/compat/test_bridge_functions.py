"""The functions that applications call: what they return, and what they say to a mistake."""

from __future__ import annotations

import base64
import inspect
from datetime import date
from decimal import Decimal
from typing import Any

import flask_jwt_extended as original
import jwt as pyjwt
import pytest
from flask import Flask, Response, jsonify
from flask.json.provider import DefaultJSONProvider
from flask.views import MethodView

from jwtpolicy.compat import flask_jwt_extended as bridge
from jwtpolicy.compat.flask_jwt_extended import (
    create_access_token,
    current_user,
    decode_token,
    get_csrf_token,
    get_jti,
    get_jwt,
    get_jwt_header,
    get_jwt_identity,
    get_unverified_jwt_headers,
    internal_utils,
    jwt_required,
    set_access_cookies,
    unset_access_cookies,
)
from jwtpolicy.compat.flask_jwt_extended.config import FILLED, config
from jwtpolicy.compat.flask_jwt_extended.exceptions import JWTDecodeError
from jwtpolicy.exceptions import IssueError
from tests.support.bridge import Bridged, claims, forged, passes_natively


@pytest.mark.parametrize("name", [name for name in dir(original) if name in vars(bridge)])
def test_a_function_takes_the_same_arguments(name: str) -> None:
    theirs, ours = getattr(original, name), getattr(bridge, name)

    if inspect.isfunction(theirs):
        expected = [(p.name, p.default) for p in inspect.signature(theirs).parameters.values()]
        found = [(p.name, p.default) for p in inspect.signature(ours).parameters.values()]
        assert found == expected


def test_every_name_and_loader_is_there() -> None:
    names = {name for name in vars(original) if not inspect.ismodule(getattr(original, name))}
    loaders = {name for name in dir(original.JWTManager) if name.endswith("_loader")}

    assert {name for name in names if not name.startswith("__")} <= vars(bridge).keys()
    assert loaders == {name for name in dir(bridge.JWTManager) if name.endswith("_loader")}
    assert len(loaders) == 15


def test_every_option_has_the_same_default() -> None:
    theirs, ours = Flask("theirs"), Flask("ours")
    original.JWTManager(theirs)
    names = [name for name in dir(original.config.config) if not name.startswith("_")]
    names = [name for name in names if name not in {"encode_key", "decode_key", "json_encoder"}]
    with theirs.app_context():
        expected = {name: getattr(original.config.config, name) for name in names}
    with ours.app_context():
        found = {name: getattr(config, name) for name in names}

    assert {k: plain(v) for k, v in found.items()} == {k: plain(v) for k, v in expected.items()}


def test_what_the_original_fills_in_is_known_with_its_defaults() -> None:
    """K35: what an application may read, and is told where it does."""
    app = Flask("theirs")
    before = set(app.config)
    original.JWTManager(app)
    filled = {key: plain(app.config[key]) for key in set(app.config) - before}

    known = {key: plain(value) for key, value in FILLED.items()}
    assert known == filled | {"JWT_COOKIE_PARTITIONED": False}


def plain(value: Any) -> Any:
    """Return what differs only in the kind of collection as the same."""
    return sorted(value) if isinstance(value, set | frozenset | list | tuple) else value


def test_header_and_claims_are_those_of_the_token(bridged: Bridged) -> None:
    bridged.app.get("/both")(jwt_required()(lambda: jsonify(get_jwt_header(), get_jwt())))
    token = bridged.access(additional_headers={"kid": "k"}, additional_claims={"role": "admin"})

    header, data = bridged.get("/both", token).json
    assert (header["alg"], header["kid"]) == ("HS256", "k")
    assert (data["sub"], data["role"]) == ("ada", "admin")


def test_a_user_that_nobody_loads_is_a_mistake_that_says_so(bridged: Bridged) -> None:
    bridged.app.get("/user")(jwt_required()(lambda: str(current_user.name)))

    with pytest.raises(RuntimeError, match="user_lookup_loader"):
        bridged.get("/user", bridged.access())


def test_an_application_without_a_manager_is_told_so() -> None:
    with Flask("tests.bare").app_context(), pytest.raises(RuntimeError, match="JWTManager"):
        create_access_token("ada")


def test_a_place_that_does_not_exist_is_a_mistake(bridged: Bridged) -> None:
    bridged.app.get("/nowhere")(jwt_required(locations="banana")(lambda: "in"))

    with pytest.raises(RuntimeError, match="banana"):
        bridged.client.get("/nowhere")


def test_a_manager_can_be_bound_later() -> None:
    app, manager = Flask("tests.later"), bridge.JWTManager()
    app.config["JWT_SECRET_KEY"] = "a secret of thirty-two bytes here"
    manager.init_app(app)

    with app.app_context():
        assert decode_token(create_access_token("ada"))["sub"] == "ada"


def test_one_manager_may_serve_two_applications() -> None:
    first, second, manager = Flask("tests.first"), Flask("tests.second"), bridge.JWTManager()
    for app in (first, second):
        app.config["JWT_SECRET_KEY"] = f"a secret of {app.name}, long enough for it"
        manager.init_app(app)
    with first.app_context():
        token = create_access_token("ada")
        assert decode_token(token)

    with second.app_context(), pytest.raises(pyjwt.InvalidSignatureError):
        decode_token(token)


def test_a_view_may_be_async(bridged: Bridged) -> None:
    @bridged.app.get("/async")
    @jwt_required()
    async def view() -> Any:
        return {"sub": get_jwt_identity()}

    assert bridged.get("/async", bridged.access()).json == {"sub": "ada"}
    assert bridged.client.get("/async").status_code == 401


def test_a_class_is_guarded_for_every_method(bridged: Bridged) -> None:
    """HTTP-8: HEAD too."""

    class View(MethodView):
        decorators = [jwt_required()]  # noqa: RUF012 # as applications write it

        def get(self) -> str:
            return "in"

    bridged.app.add_url_rule("/class", view_func=View.as_view("class"))

    assert bridged.client.head("/class").status_code == 401
    assert bridged.get("/class", bridged.access()).text == "in"


def test_an_answer_that_is_awaitable_but_no_coroutine_admits_nobody(bridged: Bridged) -> None:
    """S3."""

    class Later:
        def __await__(self) -> Any:
            return iter(())

    bridged.manager.token_verification_loader(lambda header, data: Later())

    with pytest.raises(TypeError, match="awaited"):
        bridged.status("/access", bridged.access())


def test_claims_are_encoded_as_the_application_encodes_json(bridged: Bridged) -> None:
    """C16: by a provider that was assigned, and whose `default` is a method."""

    class Provider(DefaultJSONProvider):
        def default(self, o: Any) -> Any:  # type: ignore[override] # as applications write it
            return f"<{o}>" if isinstance(o, Decimal) else super().default(o)

    bridged.app.json = Provider(bridged.app)
    token = bridged.access(additional_claims={"price": Decimal("1.5"), "day": date(2022, 8, 12)})

    with bridged.app.app_context():
        found = decode_token(token)
        dumped = internal_utils.JSONEncoder().encode({"price": Decimal("2")})
    assert (found["price"], found["day"]) == ("<1.5>", "Fri, 12 Aug 2022 00:00:00 GMT")
    assert dumped == '{"price": "<2>"}'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {"a": float("-inf")}])
def test_a_claim_that_could_not_be_read_back_is_not_signed(bridged: Bridged, value: Any) -> None:
    """PARSE-4."""
    with pytest.raises(ValueError, match="read back"):
        bridged.access(additional_claims={"x": value})
    assert bridged.access(additional_claims={"x": 1.5})


@pytest.mark.parametrize(
    "claim", [{"scope": ["a"]}, {"acr": 1}, {"amr": "pwd"}, {"auth_time": "now"}]
)
def test_what_an_application_states_of_its_user_is_its_own_affair(
    bridged: Bridged, claim: dict[str, Any]
) -> None:
    """A native guard looks at the shape, and refuses the token."""
    right = {"scope": "a", "acr": "1", "amr": ["pwd"], "auth_time": 1}

    odd, fine = (bridged.access(additional_claims=added) for added in (claim, right))
    assert (bridged.status("/access", odd), bridged.status("/access", fine)) == (200, 200)
    assert (passes_natively(odd), passes_natively(fine)) == (False, True)


def test_a_subject_of_any_type_needs_the_option(make_bridged: Any) -> None:
    strict, lenient = make_bridged(), make_bridged(verify_sub=False)

    for subject in (7, ["a"], {"a": 1}, False):
        token = forged(claims(sub=subject))
        assert strict.status("/access", token) == 422
        assert lenient.get("/access", token).json["sub"] == subject


def test_the_csrf_value_is_read_of_a_token_that_has_one(bridged: Bridged) -> None:
    """C14: and its absence is no KeyError."""
    with bridged.app.app_context():
        assert get_csrf_token(forged(claims(csrf="value"))) == "value"
        with pytest.raises(JWTDecodeError, match="csrf"):
            get_csrf_token(forged(claims(csrf=None)))


def spelt(value: object) -> str:
    return getattr(value, "__name__", ascii(value)[:20])


DEEP = base64.urlsafe_b64encode(b"[" * 100_000).decode().rstrip("=")


NO_TOKENS: list[Any] = ["", "x", "a.b.c", "\ud800", "\ud800.a.b", f"{DEEP}.a.b", "\xe9.a.b"]
NO_TOKENS += [b"\xff.a.b", None, 7, True, ["a.b.c"], {}, "e30.e30.e30", "bnVsbA.e30.AA"]
FUNCTIONS = [decode_token, get_jti, get_unverified_jwt_headers]


@pytest.mark.parametrize("take_apart", FUNCTIONS, ids=spelt)
@pytest.mark.parametrize("token", NO_TOKENS, ids=spelt)
def test_what_is_no_token_is_an_error_that_is_answered(
    bridged: Bridged, take_apart: Any, token: Any
) -> None:
    """C8: whatever a client may make an application pass on."""
    bridged.app.get("/apart")(lambda: str(take_apart(token)))

    answer = bridged.client.get("/apart")
    # A header is an object without a look at what it says.
    is_header = take_apart is get_unverified_jwt_headers and token == "e30.e30.e30"
    assert answer.status_code == (200 if is_header else 422)


@pytest.mark.parametrize("token", ["", "x", None, 7, b"a.b.c", "a.b.c"])
def test_what_is_no_token_goes_into_no_cookie(bridged: Bridged, token: Any) -> None:
    with bridged.app.app_context(), pytest.raises(IssueError):
        set_access_cookies(Response(), token)


@pytest.mark.parametrize(("protect", "count"), [(True, 2), (False, 1)])
def test_as_many_cookies_are_unset_as_were_set(
    make_bridged: Any, protect: bool, count: int
) -> None:
    """COOKIE-3."""
    bridged = make_bridged(token_location="cookies", cookie_csrf_protect=protect)
    with bridged.app.app_context():
        made, unmade = Response(), Response()
        set_access_cookies(made, bridged.access())
        unset_access_cookies(unmade)

    assert len(made.headers.getlist("Set-Cookie")) == count
    assert len(unmade.headers.getlist("Set-Cookie")) == count


def test_a_token_that_is_too_long_is_refused_unread(make_bridged: Any) -> None:
    """PARSE-1."""
    bridged = make_bridged(max_token_length=1000)

    assert bridged.status("/access", bridged.access()) == 200
    assert bridged.status("/access", bridged.access(additional_claims={"x": "x" * 1000})) == 422
