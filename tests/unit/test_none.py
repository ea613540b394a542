"""What None means, wherever callers can leave an argument out: None is never quietly less.

A caller who passes a setting that is missing, or what a look-up has not found, passes None in
earnest. So None either means the same as nothing, and that is on this list, or it has a meaning of
its own and `NOT_GIVEN` stands for nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import jwtpolicy
from jwtpolicy import AccessRequest, JWTManager, endpoints, keys, transports
from jwtpolicy.markers import NOT_GIVEN

ABSENT = "the request has none"
NO_CLAIM = "the claim is left out: nothing that asks for it admits"
SETTING = "what the settings say, which raise where they say nothing"
DEFAULT = "the documented default, which is not wider than what could be named"
UNPREFIXED = "the users whose schema has no prefix, which nobody else can be named like"
SINCE = "the beginning of the request, or of the call"
NOTHING = "there is nothing to do or to add"

#: What None means where it is the default.
MEANINGS: dict[str, dict[str, str]] = {
    "AccessRequest": dict.fromkeys(
        ["token", "endpoint", "view_args", "remote_addr", "transport", "credential_error"], ABSENT
    )
    | {"services": "made by hand: nothing can be asked"},
    "AccessRequest.deny": {"retry_after": NOTHING},
    "ClaimsMatch": {"absent": "an absent claim admits under no sign"},
    "Decision": {"error": NOTHING},
    "Explanation": dict.fromkeys(["endpoint", "decision", "error", "challenge"], ABSENT),
    "JWTManager": {"app": "init_app comes later", "store": SETTING, "keys": SETTING},
    "JWTManager.init_app": {"clock": "the manager's"},
    "JWTManager.claims_for": {"kind": "all kinds but refresh"},
    "IsSubject": {"of": UNPREFIXED},
    "JWTManager.login": dict.fromkeys(["acr", "amr", "scope", "label"], NO_CLAIM)
    | {"claims": NOTHING, "headers": NOTHING, "since": SINCE},
    "JWTManager.sessions": {"before": "the first page"},
    "JWTManager.step_up": dict.fromkeys(["acr", "amr"], NO_CLAIM) | {"claims": NOTHING},
    "JWTManager.logout": {"response": NOTHING},
    "Logout": {"session_id": ABSENT, "_unset_cookies": NOTHING},
    "JWTManager.set_cookies": {"domain": SETTING},
    "JWTManager.unset_cookies": {"domain": SETTING},
    "JWTManager.issue": {
        "expires_in": SETTING,
        "audience": SETTING,
        "scope": NO_CLAIM,
        "session": "outside of sessions; an error for refresh tokens",
        "claims": NOTHING,
        "headers": NOTHING,
    },
    "Owns": {"of": UNPREFIXED},
    "TokenPair": {"scope": ABSENT, "session_id": ABSENT, "set_cookies": NOTHING},
    "TokenPair.as_response": {"cookies": DEFAULT},
    "protect": {
        "resource": "nobody loads: an error where a policy asks about one",
        "transports": DEFAULT,
        "csrf": "it is checked",
    },
    "SessionsView.delete": {"session_id": "the URL names none"},
    "auth_blueprint": dict.fromkeys(["fields", "answer_in", "acr", "views"], DEFAULT)
    | {"authenticate": "an error with a login", "clients": "no client may introspect"},
    "IssuerResolver": {"user_loader": "the user is the principal"},
    "Issuer": {
        "keys": "they are fetched",
        "jwks_uri": "the discovery document names it",
        "roles": NOTHING,
        "claims": NOTHING,
        "leeway": SETTING,
        "max_age": "no limit",
        "schema": "the principal is the subject",
        "user_loader": "the user is the principal",
        "introspection": "opaque tokens are refused",
        "cafile": DEFAULT,
    },
    "resource_metadata_blueprint": dict.fromkeys(
        ["resource_name", "resource_documentation"], NOTHING
    ),
    "Key": {"key_id": DEFAULT},
    "KeyRing": {"signing": "nothing is signed"},
    "KeyRing.from_config": dict.fromkeys(["secret", "private_key", "public_key"], NOTHING),
    "CookieTransport.write": {"domain": SETTING},
    "CookieTransport.erase": {"domain": SETTING},
}


def public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Yield the functions, constructors and methods that a module offers, by name."""
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isroutine(value):
            yield name, value
        if inspect.isclass(value):
            for method, function in vars(value).items():
                if inspect.isroutine(function) and (method == "__init__" or method[0] != "_"):
                    suffix = "" if method == "__init__" else f".{method}"
                    yield name + suffix, getattr(function, "__func__", function)


def found() -> dict[str, set[str]]:
    """Return the parameters whose default is None, by the name of what takes them."""
    routines = [
        pair for module in (jwtpolicy, endpoints, keys, transports) for pair in public(module)
    ]
    parameters = {name: inspect.signature(call).parameters.values() for name, call in routines}
    named = {
        name: {p.name for p in listed if p.default is None} for name, listed in parameters.items()
    }
    return {name: listed for name, listed in named.items() if listed}


def test_every_none_that_can_be_left_out_has_one_meaning() -> None:
    """K8: a new one belongs on the list, or is `NOT_GIVEN`."""
    assert found() == {name: set(meanings) for name, meanings in MEANINGS.items()}


@pytest.mark.parametrize(
    ("taker", "name"),
    [
        (JWTManager.enforce, "resource"),
        (JWTManager.enforce_async, "resource"),
        (JWTManager.explain, "token"),
        (JWTManager.user_loader, "loader"),
        (AccessRequest.__init__, "resource"),
        (jwtpolicy.Fresh.__init__, "within"),
        (jwtpolicy.Fresh.__init__, "acr"),
        (jwtpolicy.ClaimsMatch.__init__, "claims"),
        (jwtpolicy.ResourceMatch.__init__, "attributes"),
        (jwtpolicy.policy, "function"),
    ],
)
def test_none_is_not_what_was_left_out_where_it_would_ask_for_less(taker: Any, name: str) -> None:
    assert inspect.signature(taker).parameters[name].default is NOT_GIVEN
