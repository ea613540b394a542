"""Refusals on their way through Flask's own error handling."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, abort, redirect
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from werkzeug.exceptions import HTTPException, default_exceptions
from werkzeug.http import HTTP_STATUS_CODES

from jwtpolicy import Fresh, HasRole, HasScope, JWTManager, Outcome, ResourceMatch, policy, protect
from jwtpolicy import exceptions as errors
from jwtpolicy.exceptions import AccessError
from tests.support.applications import SECRET, MakeApp
from tests.support.requests import bearer

CLASSES = [
    cls
    for cls in vars(errors).values()
    if inspect.isclass(cls) and issubclass(cls, AccessError) and cls.code
]


@policy
def slow_down(access: Any) -> Any:
    return access.deny("slow down", outcome=Outcome.RATE_LIMITED, retry_after=7)


@policy
def store_is_down(access: Any) -> Any:
    raise errors.StoreUnavailableError


class ShopError(Exception):
    """An application's own root of errors."""


class ShopDeniedError(errors.AccessDeniedError, ShopError):
    """An application's refusal that is one of its own errors too."""


@pytest.mark.parametrize("cls", CLASSES)
def test_a_refusal_is_werkzeugs_error_of_its_status(cls: type[AccessError]) -> None:
    """K32."""
    error = cls("for the log")

    assert isinstance(error, default_exceptions[error.code or 0])
    assert error.name == HTTP_STATUS_CODES[error.code or 0]
    assert len(error.www_authenticate) == (error.challenge is not None)
    assert all(one.realm == "api" for one in error.www_authenticate)
    assert error.get_response().status_code == error.code


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("through", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_a_refusal_can_be_copied_and_pickled(cls: type[AccessError], through: Any) -> None:
    error = cls("for the log").addressed("shop")
    error.retry_after = 7

    again = through(error)

    assert (type(again), str(again), again.headers) == (cls, str(error), error.headers)


def test_a_broken_predicate_says_what_it_raised() -> None:
    error = errors.PolicyError("broken")
    assert error.original_exception is None

    error.__cause__ = ZeroDivisionError()
    assert error.original_exception is error.__cause__


STATUSES = {
    errors.InvalidRequestError: 400,
    errors.NoTokenError: 401,
    errors.MissingClaimError: 403,
    errors.ResourceNotFoundError: 404,
    errors.RateLimitedError: 429,
    errors.PolicyError: 500,
    errors.KeysUnavailableError: 503,
}


@pytest.mark.parametrize("in_blueprint", [False, True])
@pytest.mark.parametrize("cls", STATUSES)
def test_a_handler_of_the_status_sees_refusals(
    app: Flask, cls: type[AccessError], in_blueprint: bool
) -> None:
    """K32: and comes before one of the root, as a status comes before a class in Flask."""
    shop = Blueprint("shop", __name__)
    scope = shop if in_blueprint else app
    scope.register_error_handler(STATUSES[cls], lambda error: (f"{error.code} here", error.code))
    scope.register_error_handler(AccessError, lambda error: ("the root's", error.code))
    shop.add_url_rule("/", "view", lambda: abort_with(cls))
    app.register_blueprint(shop)

    answer = app.test_client().get("/")
    assert (answer.status_code, answer.text) == (STATUSES[cls], f"{STATUSES[cls]} here")


def abort_with(cls: type[Exception]) -> Any:
    raise cls("for the log")


ANSWERS = {
    "text": lambda: ("log in", 401),
    "JSON": lambda: ({"message": "log in"}, 401),
    "a response": lambda: Response("log in", 401),
}


@pytest.mark.parametrize("handled", [401, errors.NoTokenError, AccessError, HTTPException])
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_handlers_401_keeps_the_challenge(make_app: Any, handled: Any, answer: str) -> None:
    """K32."""
    app, _ = make_app(realm="shop")
    app.add_url_rule("/", "view", protect()(lambda: "in"))
    app.register_error_handler(handled, lambda error: ANSWERS[answer]())

    found = app.test_client().get("/")
    assert (found.status_code, "log in" in found.text) == (401, True)
    assert found.headers["WWW-Authenticate"] == 'Bearer realm="shop"'


def test_a_403_that_is_answered_by_401_has_a_bare_challenge(app: Flask, access: Any) -> None:
    app.add_url_rule("/", "view", protect(HasRole("admin"))(lambda: "in"))
    app.register_error_handler(403, lambda error: ("log in as somebody else", 401))

    answer = app.test_client().get("/", headers=access(claims={"roles": []}))
    assert answer.headers.getlist("WWW-Authenticate") == ['Bearer realm="api"']


def test_the_refusal_of_a_verb_is_challenged_too(app: Flask, jwt: JWTManager[Any]) -> None:
    app.add_url_rule("/", "view", lambda: jwt.refresh("a.b.c").as_response())
    app.register_error_handler(401, lambda error: ("log in", 401))

    assert 'error="invalid_token"' in app.test_client().get("/").headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("answer", "challenges"),
    [
        pytest.param(
            lambda: ("", 401, {"WWW-Authenticate": "Basic"}), ["Basic"], id="another challenge"
        ),
        pytest.param(lambda: redirect("/login"), [], id="a redirect"),
        pytest.param(lambda: ("nothing here", 404), [], id="another status"),
    ],
)
def test_what_an_application_answers_otherwise_stays(
    app: Flask, answer: Any, challenges: list[str]
) -> None:
    app.add_url_rule("/", "view", protect()(lambda: "in"))
    app.register_error_handler(401, lambda error: answer())

    found = app.test_client().get("/")
    assert found.headers.getlist("WWW-Authenticate") == challenges


#: Refusals whose own answer tells the client in a header what would help, and what it tells.
TOLD = {
    "scope": (HasScope("write"), 403, "WWW-Authenticate", 'scope="write"'),
    "rate": (slow_down, 429, "Retry-After", "7"),
    "outage": (store_is_down, 503, "Retry-After", "5"),
    "too old": (Fresh(within=60), 401, "WWW-Authenticate", "max_age"),
}


@pytest.mark.parametrize("handled", ["status", AccessError, HTTPException])
@pytest.mark.parametrize("case", TOLD)
def test_a_handler_of_the_same_status_keeps_what_the_client_is_told(
    app: Flask, access: Any, case: str, handled: Any
) -> None:
    """K32: the usual handler answers a dict and a status, and thinks of no header."""
    level, status, name, value = TOLD[case]
    app.add_url_rule("/", "view", protect(level)(lambda: "in"))
    wanted = status if handled == "status" else handled
    app.register_error_handler(wanted, lambda error: ({"message": error.name}, error.code))

    answer = app.test_client().get("/", headers=access())
    assert (answer.status_code, "message" in answer.json) == (status, True)
    assert value in answer.headers[name]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("case", TOLD)
def test_a_handler_that_answers_otherwise_is_told_nothing_but_the_cache(
    app: Flask, access: Any, case: str
) -> None:
    """K32: 404 in place of 403 hides what is there, and its scope would not."""
    level, _, name, _ = TOLD[case]
    app.add_url_rule("/", "view", protect(level)(lambda: "in"))
    app.register_error_handler(AccessError, lambda error: ("nothing here", 404))

    answer = app.test_client().get("/", headers=access())
    assert (answer.status_code, name in answer.headers) == (404, False)
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_error_that_is_raised_twice_keeps_its_challenge(app: Flask, access: Any) -> None:
    """HTTP-2: it was answered by the library first, and then by a handler."""
    error, shop = errors.StepUpRequiredError("again"), Blueprint("shop", __name__)

    def load(**_: Any) -> Any:
        raise error

    view = protect(ResourceMatch(name="x"), resource=load)(lambda: "in")
    app.add_url_rule("/", "bare", view)
    shop.add_url_rule("/shop", "view", view)
    shop.register_error_handler(401, lambda error: ("again", 401))
    app.register_blueprint(shop)
    answers = [app.test_client().get(path, headers=access()) for path in ("/", "/shop")]

    assert answers[0].headers["WWW-Authenticate"] == answers[1].headers["WWW-Authenticate"]


def test_what_a_handler_says_itself_stays(app: Flask, access: Any) -> None:
    own = {"Retry-After": "60", "Cache-Control": "private"}
    app.add_url_rule("/", "view", protect(slow_down)(lambda: "in"))
    app.register_error_handler(429, lambda error: ("later", 429, own))

    answer = app.test_client().get("/", headers=access())
    assert {name: answer.headers.getlist(name) for name in own} == {
        name: [value] for name, value in own.items()
    }


@pytest.mark.parametrize("status", [403, 429])
def test_an_error_where_nobody_refused_is_told_nothing(
    app: Flask, access: Any, status: int
) -> None:
    app.add_url_rule("/", "view", protect()(lambda: abort(status)))

    answer = app.test_client().get("/", headers=access())
    found = {"WWW-Authenticate", "Retry-After", "Cache-Control"} & set(answer.headers.keys())
    assert (answer.status_code, found) == (status, set())


def test_an_applications_own_401_is_not_challenged(app: Flask, access: Any) -> None:
    app.add_url_rule("/", "view", protect()(lambda: abort(401)))

    answer = app.test_client().get("/", headers=access())
    assert (answer.status_code, "WWW-Authenticate" in answer.headers) == (401, False)


CALLS: dict[str, Any] = {
    "a verb": lambda jwt: jwt.verify("a.b.c"),
    "enforce": lambda jwt: jwt.enforce(HasRole("admin")),
    "a guard": lambda jwt: protect(HasRole("admin"))(lambda: "in")(),
}


@pytest.mark.parametrize("call", CALLS)
def test_whoever_catches_a_refusal_answers_for_himself(
    app: Flask, jwt: JWTManager[Any], call: str
) -> None:
    """K32: his 401 is about something else, such as a password."""

    @app.get("/")
    def view() -> Any:
        try:
            return CALLS[call](jwt)
        except AccessError:
            return "the password is wrong", 401

    answer = app.test_client().get("/")
    assert (answer.status_code, "WWW-Authenticate" in answer.headers) == (401, False)


@pytest.mark.parametrize("status", [403, 404])
def test_whoever_catches_a_refusal_is_told_nothing_by_another_status(
    app: Flask, jwt: JWTManager[Any], access: Any, status: int
) -> None:
    """K32: nor by the same one, which is about something else."""

    @app.get("/")
    @protect()
    def view() -> Any:
        try:
            jwt.enforce(HasScope("write"))
        except AccessError:
            return "not while we are closed", status
        return "in"

    answer = app.test_client().get("/", headers=access())
    told = {"WWW-Authenticate", "Cache-Control"} & set(answer.headers.keys())
    assert (answer.status_code, told) == (status, set())


@pytest.mark.parametrize("call", CALLS)
def test_whoever_raises_it_again_does_not(app: Flask, jwt: JWTManager[Any], call: str) -> None:
    @app.get("/")
    async def view() -> Any:
        try:
            return CALLS[call](jwt)
        except AccessError as error:
            error.add_note("seen")
            raise

    app.register_error_handler(401, lambda error: ("log in", 401))
    answer = app.test_client().get("/")
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="api"')


def test_a_hook_that_breaks_on_a_refusal_is_the_applications_own_error(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/", "view", protect()(lambda: "in"))
    app.after_request(lambda response: 1 / 0 if response.status_code == 401 else response)

    answer = app.test_client().get("/")
    assert (answer.status_code, "WWW-Authenticate" in answer.headers) == (500, False)
    assert "finalizing failed" not in caplog.text


def test_a_page_that_asks_who_it_is_for_keeps_the_challenge(make_app: Any) -> None:
    """K32: the first refusal is what it answers, and not the one that it goes without."""
    app, jwt = make_app(realm="shop")
    app.add_url_rule("/", "view", protect(HasRole("admin"))(lambda: "in"))

    @app.errorhandler(403)
    def page(error: AccessError) -> Any:
        try:
            return f"sorry {jwt.verify('a.b.c')}"
        except errors.InvalidTokenError:
            return "log in as somebody else", 401

    with app.app_context():
        headers = bearer(jwt.issue("ada", claims={"roles": []}))
    answer = app.test_client().get("/", headers=headers)
    assert answer.headers.getlist("WWW-Authenticate") == ['Bearer realm="shop"']


@pytest.mark.parametrize("has_handler", [False, True])
def test_trapping_bad_requests_traps_no_refusal(app: Flask, has_handler: bool) -> None:
    app.config["TRAP_BAD_REQUEST_ERRORS"] = True
    app.add_url_rule("/", "view", protect()(lambda: "in"))
    if has_handler:
        app.register_error_handler(HTTPException, lambda error: ("caught", 400))

    answer = app.test_client().get("/", headers={"Authorization": "Bearer a b"})
    assert (answer.status_code, answer.text == "caught") == (400, has_handler)


# The classes that a scope may have handlers of. The twin below knows them by what they mean.
KINDS: dict[str, Any] = {
    "Exception": Exception,
    "KeyError": KeyError,
    "HTTPException": HTTPException,
    "AccessError": AccessError,
    "ShopError": ShopError,
    "401": 401,
    "403": 403,
    "NoTokenError": errors.NoTokenError,
    "AccessDeniedError": errors.AccessDeniedError,
}
MEANT: dict[type[Exception], tuple[tuple[str, ...], tuple[str, ...]]] = {
    errors.NoTokenError: (("NoTokenError", "401"), ("AccessError", "HTTPException")),
    errors.MissingClaimError: (("AccessDeniedError", "403"), ("AccessError", "HTTPException")),
    ShopDeniedError: (("AccessDeniedError", "403"), ("AccessError", "HTTPException", "ShopError")),
}

#: The handlers of the inner blueprint, of the one around it, and of the application.
Scopes = tuple[tuple[str, ...], ...]


def twin(error: type[Exception], scopes: Scopes) -> str | None:
    """Say slowly who is to answer: "scope.kind", or None for the refusal itself."""
    for wanted in MEANT[error]:
        for number, kinds in enumerate(scopes):
            for kind in wanted:
                if kind in kinds:
                    return f"{number}.{kind}"
    return None


def answer_of(error: type[Exception], scopes: Scopes, is_bound_early: bool = False) -> str | None:
    """Return who answers in a real application."""
    app = Flask("handlers")
    app.config.update(JWT_SECRET_KEY=SECRET, JWT_STORE_URL="memory://")
    JWTManager(app)
    outer, inner = Blueprint("outer", __name__), Blueprint("inner", __name__)
    inner.add_url_rule("/", "view", lambda: abort_with(error))
    if is_bound_early:
        app.extensions["jwtpolicy"].plan(None, "GET")
    for number, (scope, kinds) in enumerate(zip((inner, outer, app), scopes, strict=True)):
        for kind in kinds:
            scope.register_error_handler(KINDS[kind], _answering(f"{number}.{kind}"))
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    answer = app.test_client().get("/")
    return answer.text if answer.status_code == 418 else None


def _answering(name: str) -> Any:
    return lambda error: (name, 418)


def each_alone() -> Iterator[Scopes]:
    some = [(), ("Exception",), ("HTTPException",), ("AccessError",)]
    for inner in some:
        for outer in some:
            for application in some:
                yield inner, outer, application


def test_who_answers_is_who_would_without_handlers_of_everything() -> None:
    """K32: in all scopes at once, one kind in each."""
    wrong = {
        scopes: found
        for scopes in each_alone()
        if (found := answer_of(errors.NoTokenError, scopes)) != twin(errors.NoTokenError, scopes)
    }

    assert wrong == {}


_SOME = st.lists(st.sampled_from(sorted(KINDS)), max_size=4, unique=True).map(tuple)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(st.sampled_from(sorted(MEANT, key=str)), st.tuples(_SOME, _SOME, _SOME), st.booleans())
# What answers last must not come before the application's own: of its own class of errors, or
# written after something had bound the application.
@example(ShopDeniedError, ((), (), ("ShopError",)), False)
@example(ShopDeniedError, (("Exception",), (), ("ShopError",)), False)
@example(errors.NoTokenError, ((), (), ("HTTPException",)), True)
def test_it_is_so_for_any_handlers_in_any_order(
    error: type[Exception], scopes: Scopes, is_bound_early: bool
) -> None:
    """K32."""
    assert answer_of(error, scopes, is_bound_early) == twin(error, scopes)


def test_a_handler_of_everything_still_gets_what_is_no_refusal(app: Flask, access: Any) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/", "view", protect()(lambda: 1 / 0))
    app.register_error_handler(Exception, lambda error: (type(error).__name__, 500))
    client = app.test_client()

    assert client.get("/", headers=access()).text == "ZeroDivisionError"
    assert client.get("/", headers=bearer("a.b.c")).status_code == 401


def test_an_async_handler_further_out_is_awaited(app: Flask) -> None:
    shop = Blueprint("shop", __name__)
    shop.add_url_rule("/", "view", protect()(lambda: "in"))
    shop.register_error_handler(Exception, lambda error: ("swallowed", 500))

    @app.errorhandler(AccessError)
    async def refused(error: AccessError) -> Any:
        return error.error, 418

    app.register_blueprint(shop)
    assert app.test_client().get("/").text == "token_required"


class AnsweringFlask(Flask):
    """An application that answers what no handler does."""

    def handle_http_exception(self, e: Any) -> Any:
        answer = super().handle_http_exception(e)
        return ("its own", 418) if isinstance(answer, HTTPException) else answer


@pytest.mark.parametrize("wide", [ShopError, Exception])
def test_an_application_that_answers_errors_itself_answers_refusals(wide: type[Exception]) -> None:
    app, shop = AnsweringFlask("shop"), Blueprint("shop", __name__)
    app.config.update(JWT_SECRET_KEY=SECRET, JWT_STORE_URL="memory://")
    JWTManager(app)
    shop.add_url_rule("/", "view", protect()(lambda: "in"))
    shop.register_error_handler(wide, lambda error: ("swallowed", 500))
    app.register_blueprint(shop)

    assert app.test_client().get("/").text == "its own"


@pytest.mark.parametrize("header", [None, "Bearer garbage", "Basic eA=="])
def test_a_refusal_is_the_same_beside_handlers_that_never_answer_it(
    make_app: MakeApp, header: str | None
) -> None:
    answers = []
    for handled in ((), (418,)):
        app, _ = make_app()
        app.add_url_rule("/", "index", protect()(lambda: "in"))
        for status in handled:
            app.register_error_handler(status, lambda error: "tea")
        sent = {} if header is None else {"Authorization": header}
        answer = app.test_client().get("/", headers=sent)
        answers.append((answer.status, answer.data, list(answer.headers)))

    assert answers[0] == answers[1]
    assert answers[0][0] in {"401 UNAUTHORIZED", "400 BAD REQUEST"}
