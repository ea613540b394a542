"""Rewrite functions about cookies and about other tokens, and the manager."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..application import Reference
from ..source import Part, arguments, literal
from ..work import Work
from .reading import move

#: The attribute of a verified token that replaces each function.
_ATTRIBUTES = {"decode_token": "claims", "get_jti": "token_id", "get_csrf_token": "csrf"}


def rewrite_decoding(work: Work, reference: Reference) -> None:
    """Rewrite ``decode_token``, ``get_jti`` and ``get_csrf_token`` into ``verify``."""
    given = arguments(reference.call, ("encoded_token", "csrf_value", "allow_expired"))
    if given is None or "encoded_token" not in given or reference.call is None:
        work.hinder(reference.node, "its arguments cannot be told: pass the token, without stars")
        return
    if literal(given.get("csrf_value", ast.Constant(value=None))) is not None:
        work.hinder(reference.node, "compare get_csrf_token(…) with the value yourself")
        return
    expired: tuple[Part, ...] = ()
    if literal(given.get("allow_expired", ast.Constant(value=False))) is not False:
        expired = (", allow_expired=", given["allow_expired"])
    parts = (given["encoded_token"], f", kind={work.native('ANY')}", *expired)
    begin = f"{work.manager(reference.node)}.verify("
    work.source.replace(reference.call, begin, *parts, f").{_ATTRIBUTES[reference.name]}")


def keep_headers(work: Work, reference: Reference) -> None:
    """Add a hindrance for ``get_unverified_jwt_headers``, with its replacement."""
    work.hinder(
        reference.node, "nothing unverified is shown here: call jwt.get_unverified_header of PyJWT"
    )


def rewrite_setting(work: Work, reference: Reference) -> None:
    """Rewrite ``set_access_cookies`` and ``set_refresh_cookies``."""
    token = f"encoded_{reference.name.split('_')[1]}_token"
    _rewrite(work, reference, "set_cookies", ("response", token, "max_age", "domain"))


def rewrite_unsetting(work: Work, reference: Reference) -> None:
    """Rewrite ``unset_jwt_cookies``."""
    _rewrite(work, reference, "unset_cookies", ("response", "domain"))


def keep_unsetting(work: Work, reference: Reference) -> None:
    """Add a hindrance for ``unset_access_cookies`` and ``unset_refresh_cookies``."""
    work.hinder(
        reference.node, "the cookies of all kinds are unset together: unset_jwt_cookies(response)"
    )


def _rewrite(work: Work, reference: Reference, method: str, parameters: tuple[str, ...]) -> None:
    given = arguments(reference.call, parameters)
    if not given or reference.call is None:
        work.hinder(reference.node, "its arguments cannot be told: name them, without stars")
        return
    if "max_age" in given:
        work.hinder(
            given["max_age"],
            "cookies end with their tokens: leave max_age out, and set JWT_ACCESS_TOKEN_EXPIRES",
        )
    parts: list[Part] = [given["response"]]
    for name in parameters[1:2] if method == "set_cookies" else ():
        parts += [", ", given[name]]
    if "domain" in given:
        parts += [", domain=", given["domain"]]
    work.source.replace(reference.call, f"{work.manager(reference.node)}.{method}(", *parts, ")")


def rewrite_manager(work: Work, reference: Reference) -> None:
    """Rewrite ``JWTManager``: the import, and the arguments of its constructor."""
    call = reference.call
    if work.application.has_native_manager:
        work.hinder(
            reference.node,
            "there is a JWTManager of this library too: register on it what is registered here, "
            "and remove this one",
        )
    given = arguments(call, ("app", "add_context_processor"))
    if call is not None and given is None:
        work.hinder(reference.node, "its arguments cannot be told: pass the application alone")
    elif call is not None and len(call.args) == 2:
        start = work.source.span(call.args[1])[0]
        work.source.replace_span(start, start, "add_context_processor=")
    elif call is None and isinstance(work.source.parent(reference.node), ast.ClassDef):
        work.hinder(reference.node, "it has other methods here: register on an object of it")
    move(work, reference, "JWTManager")


def find_late_processors(work: Work) -> None:
    """Find ``init_app(app, add_context_processor=True)``."""
    for call in _inits(work):
        if any(keyword.arg == "add_context_processor" for keyword in call.keywords):
            text = "say it to the constructor: JWTManager(add_context_processor=True)"
            work.hinder(call, text)


def _inits(work: Work) -> Iterator[ast.Call]:
    for node in work.source.nodes:
        function = node.func if isinstance(node, ast.Call) else None
        if isinstance(function, ast.Attribute) and function.attr == "init_app":
            yield node  # type: ignore[misc] # a call
