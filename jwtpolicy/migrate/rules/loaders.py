"""Rewrite the manager's loaders to hooks of this library's manager, or to error handlers."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from ...tokens.claims import RESERVED_CLAIMS
from ...tokens.jose import RESERVED_HEADERS
from ..apps import app_at
from ..source import Function, literal
from ..work import Work
from .members import check_members
from .parameters import free_parameter, plain_parameters, set_parameters, take_token, uses

EXCEPTIONS: Final = "jwtpolicy.exceptions"

#: Advice about loaders that have to be rewritten by hand.
_BY_HAND: Final[Mapping[str, str]] = {
    "encode_key_loader": (
        "several keys are a KeyRing here: a subclass whose signing_key_for chooses the key and "
        "whose may_sign says what each may sign, JWTManager(keys=…)"
    ),
    "decode_key_loader": (
        "several keys are a KeyRing here: a subclass whose find chooses keys by `kid`, "
        "JWTManager(keys=…)"
    ),
    "token_verification_loader": (
        "this is a policy here: a @policy that reads access.token, in "
        "JWTManager(baseline=NotRevoked() & it)"
    ),
    "token_verification_failed_loader": "this is @app.errorhandler(AccessDeniedError) here",
}

#: The exceptions that each loader answers.
_ANSWERED: Final[Mapping[str, tuple[str, ...]]] = {
    "expired_token_loader": ("ExpiredTokenError",),
    "invalid_token_loader": ("InvalidTokenError", "InvalidRequestError"),
    "unauthorized_loader": ("NoTokenError", "CSRFError"),
    "needs_fresh_token_loader": ("StepUpRequiredError",),
    "revoked_token_loader": ("RevokedTokenError",),
    "user_lookup_error_loader": ("UnknownUserError",),
}
#: Errors that an ``invalid_token_loader`` would answer too, unless they have their own loader.
_BESIDE: Final = {
    "expired_token_loader": None,
    "revoked_token_loader": "token_in_blocklist_loader",
    "user_lookup_error_loader": "user_lookup_loader",
}

Rule = Callable[[Work, Function, ast.Attribute], None]


def rewrite_loaders(work: Work) -> None:
    """Rewrite every loader that is registered in a file, except ``user_identity_loader``."""
    decorators = dict(registered(work))
    for decorator, function in decorators.items():
        beside = {d.attr for d, its in decorators.items() if its is function}
        if len({_RULES.get(name) for name in beside}) > 1:
            work.hinder(decorator, "write a function for each loader")
        elif decorator.attr in _RULES:
            _RULES[decorator.attr](work, function, decorator)
    for node in work.source.nodes:
        if isinstance(node, ast.Attribute) and node.attr in LOADERS and node not in decorators:
            work.hinder(node, f"write @….{node.attr} above the function, without parentheses")
        elif isinstance(node, ast.Attribute) and node.attr in CALLBACKS:
            work.hinder(node, "a loader is set without the manager: write it as a decorator")


def registered(work: Work) -> Iterator[tuple[ast.Attribute, Function]]:
    """Yield the loaders that are written as decorators, with their functions."""
    for node in work.source.nodes:
        for decorator in node.decorator_list if isinstance(node, Function) else ():
            if isinstance(decorator, ast.Attribute) and decorator.attr in LOADERS:
                yield decorator, node  # type: ignore[misc] # a Function


def _rename(work: Work, decorator: ast.Attribute, name: str) -> None:
    end = work.source.span(decorator)[1]
    work.source.replace_span(end - len(decorator.attr), end, name)


def _leave(work: Work, function: Function, decorator: ast.Attribute) -> None:
    work.hinder(decorator, _BY_HAND[decorator.attr])


def _rewrite_user(work: Work, function: Function, decorator: ast.Attribute) -> None:
    if take_token(work, function):
        _rename(work, decorator, "user_loader")
    else:
        work.hinder(decorator, "let it take a header and claims, and give neither another value")


def _rewrite_blocklist(work: Work, function: Function, decorator: ast.Attribute) -> None:
    if isinstance(function, ast.AsyncFunctionDef):
        work.hinder(decorator, "the function that knows revoked tokens cannot be async here")
    if not isinstance(function.body[-1], ast.Return | ast.Raise):
        work.hinder(function, "let it return True or False in the end")
    if not take_token(work, function):
        work.hinder(decorator, "let it take a header and claims, and give neither another value")
        return
    _rename(work, decorator, "revocation_check")
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and work.source.function_around(node) is function:
            _return_bool(work, node)


def _return_bool(work: Work, node: ast.Return) -> None:
    value = node.value
    if value is None or literal(value) is None:
        work.source.replace(node, "return False")
    elif not (
        isinstance(value, ast.Compare)
        or (isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not))
        or type(literal(value)) is bool
    ):
        start, end = work.source.span(value)
        work.source.replace_span(start, start, "bool(")
        work.source.replace_span(end, end, ")")


def _addition(name: str, reserved: frozenset[str]) -> Rule:
    """Return the rule of a loader that adds members for an identity."""

    def rewrite(work: Work, function: Function, decorator: ast.Attribute) -> None:
        names = plain_parameters(function)
        if len(names) != 1 or isinstance(function, ast.AsyncFunctionDef):
            work.hinder(decorator, "let it be a plain function of the identity alone")
            return
        set_parameters(work, function, f"{names[0]}, {free_parameter(function, 'kind')}")
        _rename(work, decorator, name)
        for node in ast.walk(function):
            if isinstance(node, ast.Return) and node.value is not None:
                check_members(work, node.value, reserved)

    return rewrite


def _rewrite_handler(work: Work, function: Function, decorator: ast.Attribute) -> None:
    """Rewrite a loader into ``@app.errorhandler(…)``, where its parameters allow it."""
    app, names = app_at(work.source, decorator), plain_parameters(function)
    found = [uses(work, function, name) for name in names]
    is_text = decorator.attr in ("invalid_token_loader", "unauthorized_loader")
    if app is None:
        work.hinder(decorator, "register it where the application is made, and is called app")
    elif len(names) != (1 if is_text else 2) or None in found or (not is_text and any(found)):
        work.hinder(decorator, "an answer is not handed the token here: read nothing of it")
    else:
        _check_beside(work, decorator)
        error = free_parameter(function, "error")
        for use in found[0] or ():
            work.source.replace(use, f"{error}.description")
        set_parameters(work, function, error)
        start = work.source.line_start(function)
        indent = work.source.text[start : work.source.span(decorator)[0] - 1]
        raised = [work.native(name, EXCEPTIONS) for name in _ANSWERED[decorator.attr]]
        lines = [f"{app}.errorhandler({name})" for name in raised]
        work.source.replace(decorator, f"{work.source.newline}{indent}@".join(lines))


def _check_beside(work: Work, decorator: ast.Attribute) -> None:
    if decorator.attr != "invalid_token_loader":
        return
    for loader, needed in _BESIDE.items():
        registers = work.application.registers
        if not registers(loader) and (needed is None or registers(needed)):
            work.hinder(decorator, f"it would answer more here: write a {loader} beside it")


_RULES: Final[Mapping[str, Rule]] = {
    "user_lookup_loader": _rewrite_user,
    "token_in_blocklist_loader": _rewrite_blocklist,
    "additional_claims_loader": _addition("extra_claims", RESERVED_CLAIMS | {"sub"}),
    "additional_headers_loader": _addition("extra_headers", RESERVED_HEADERS),
    **dict.fromkeys(_ANSWERED, _rewrite_handler),
    **dict.fromkeys(_BY_HAND, _leave),
}
LOADERS: Final = frozenset(_RULES) | {"user_identity_loader"}
#: The manager's attributes that hold the registered functions.
CALLBACKS: Final = frozenset(f"_{name.removesuffix('_loader')}_callback" for name in LOADERS)
