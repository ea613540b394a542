"""What users can import, and what it says of itself."""

from __future__ import annotations

import inspect
import subprocess
import sys
from types import ModuleType

import pytest

import jwtpolicy
from jwtpolicy import exceptions, testing
from jwtpolicy.decision import Outcome
from jwtpolicy.guards.challenges import ERRORS
from jwtpolicy.testing import strategies

#: class, outcome, status, error, whether there is a challenge.
TABLE = [
    ("NoTokenError", "NO_TOKEN", 401, "token_required", True),
    ("LoginFailedError", "NO_TOKEN", 401, "invalid_credentials", True),
    ("InvalidClientError", "NO_TOKEN", 401, "invalid_client", True),
    ("InvalidTokenError", "INVALID_TOKEN", 401, "invalid_token", True),
    ("ExpiredTokenError", "INVALID_TOKEN", 401, "invalid_token", True),
    ("RevokedTokenError", "INVALID_TOKEN", 401, "invalid_token", True),
    ("WrongKindError", "INVALID_TOKEN", 401, "invalid_token", True),
    ("UnknownUserError", "INVALID_TOKEN", 401, "invalid_token", True),
    ("InvalidRequestError", "BAD_REQUEST", 400, "invalid_request", True),
    ("InvalidFieldError", "BAD_REQUEST", 400, "invalid_request", False),
    ("ForeignTokenError", "FORBIDDEN", 403, "access_denied", False),
    ("NotATokenError", "BAD_REQUEST", 400, "invalid_request", False),
    ("NotAnIdError", "BAD_REQUEST", 400, "invalid_request", False),
    ("InvalidQueryError", "BAD_REQUEST", 400, "invalid_request", False),
    ("UnsupportedTokenTypeError", "BAD_REQUEST", 400, "unsupported_token_type", False),
    ("CSRFError", "INVALID_TOKEN", 403, "csrf_failed", False),
    ("StepUpRequiredError", "STEP_UP", 401, "insufficient_user_authentication", True),
    ("InsufficientScopeError", "INSUFFICIENT_SCOPE", 403, "insufficient_scope", True),
    ("AccessDeniedError", "FORBIDDEN", 403, "access_denied", False),
    ("MissingClaimError", "MISSING_CLAIM", 403, "access_denied", False),
    ("ResourceNotFoundError", "NOT_FOUND", 404, "not_found", False),
    ("RateLimitedError", "RATE_LIMITED", 429, "rate_limited", False),
    ("StoreUnavailableError", "ERROR", 503, "temporarily_unavailable", False),
    ("KeysUnavailableError", "ERROR", 503, "temporarily_unavailable", False),
    ("UserUnavailableError", "ERROR", 503, "temporarily_unavailable", False),
    ("PolicyError", "ERROR", 500, "server_error", False),
]


@pytest.mark.parametrize(("name", "outcome", "status", "error", "has_challenge"), TABLE)
def test_an_error_is_what_its_row_says(
    name: str, outcome: str, status: int, error: str, has_challenge: bool
) -> None:
    found = getattr(exceptions, name)()

    assert (found.outcome.name, found.code, found.error) == (outcome, status, error)
    assert (found.challenge is not None) == has_challenge


def test_the_table_has_every_error() -> None:
    classes = [value for value in vars(exceptions).values() if inspect.isclass(value)]
    refusals = {c.__name__ for c in classes if issubclass(c, exceptions.AccessError) and c.code}

    assert refusals == {row[0] for row in TABLE}


def test_every_refusal_has_an_exception() -> None:
    assert set(ERRORS) == set(Outcome) - {Outcome.ALLOW}


def test_every_401_has_a_challenge() -> None:
    """HTTP-2."""
    assert all(row[4] for row in TABLE if row[2] == 401)


def test_every_public_name_is_there_and_documented() -> None:
    for name in jwtpolicy.__all__:
        value = getattr(jwtpolicy, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__doc__, name


@pytest.mark.parametrize("module", [testing, strategies], ids=lambda module: module.__name__)
def test_every_name_for_tests_says_what_it_is(module: ModuleType) -> None:
    assert all(getattr(module, name).__doc__ for name in module.__all__)


#: Prints the modules that ``import jwtpolicy`` loads beside its own and those of what it needs.
LOADED = """
import sys, flask, flask.views, jwt, marshmallow
before = set(sys.modules)
import jwtpolicy
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(new - {"jwtpolicy", "cryptography"}))
"""

#: Parts that many applications never use.
RARE = """
import sys, jwtpolicy
parts = ["audit", "cli", "compat", "endpoints", "inspector", "migrate", "openapi", "stores.redis",
         "stores.sqlalchemy", "stores.sqlite", "testing"]
print([part for part in parts if f"jwtpolicy.{part}" in sys.modules])
"""


@pytest.mark.parametrize("code", [LOADED, RARE], ids=["libraries", "parts of it"])
def test_importing_does_not_import_what_is_not_used(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert done.stdout.strip() == "[]"


def test_stores_are_there_when_they_are_asked_for() -> None:
    code = "import jwtpolicy.stores as s; print(s.SQLiteStore.__name__, hasattr(s, 'NoStore'))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert done.stdout.strip() == "SQLiteStore False"
