"""Rewrite an application for the native API: all of it, or nothing."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Final

from .application import Application, Reference
from .imports import old_imports, rewrite_imports
from .judged import hinder_by_settings
from .names import SUBMODULES, own_name
from .rules import calls, guards, reading, refusals
from .rules.arrays import Claims
from .rules.identities import Identity, identity_of
from .rules.issuing import rewrite_issuing
from .rules.loaders import CALLBACKS, LOADERS, registered, rewrite_loaders
from .sight import Sight
from .source import TWICE, last_name, literal, string
from .work import Work

Rule = Callable[[Work, Reference], None]

_RULES: Final[Mapping[str, Rule]] = {
    "JWTManager": calls.rewrite_manager,
    "current_user": reading.rewrite_user_proxy,
    "decode_token": calls.rewrite_decoding,
    "get_csrf_token": calls.rewrite_decoding,
    "get_current_user": reading.rewrite_user,
    "get_jti": calls.rewrite_decoding,
    "get_jwt": reading.rewrite_claims,
    "get_jwt_header": reading.rewrite_header,
    "get_jwt_identity": reading.rewrite_identity,
    "get_jwt_request_location": reading.rewrite_location,
    "get_unverified_jwt_headers": calls.keep_headers,
    "jwt_required": guards.rewrite_decorator,
    "set_access_cookies": calls.rewrite_setting,
    "set_refresh_cookies": calls.rewrite_setting,
    "unset_access_cookies": calls.keep_unsetting,
    "unset_jwt_cookies": calls.rewrite_unsetting,
    "unset_refresh_cookies": calls.keep_unsetting,
    "verify_jwt_in_request": guards.rewrite_verification,
}
_ISSUING: Final = ("create_access_token", "create_refresh_token")
#: Functions that access an attribute by a string, their second argument.
_REACHING: Final = frozenset({"delattr", "getattr", "hasattr", "object", "setattr"})


def rewrite(application: Application) -> None:
    """Plan the changes of all files, and find what hinders them."""
    sight = Sight(application)
    works = [Work(file, application, sight) for file in application.files]
    identity = _identity(works)
    hinder_by_settings(application)
    claims = Claims(application)
    for file in application.files:
        claims.hinder(file)
    for work in works:
        _rewrite(work, identity)


def _identity(works: list[Work]) -> Identity | None:
    """Return the application's ``user_identity_loader``, if it is simple, and remove it."""
    loaders = [
        (work, function, decorator)
        for work in works
        for decorator, function in registered(work)
        if decorator.attr == "user_identity_loader"
    ]
    for work, _, decorator in loaders[1:]:
        work.hinder(decorator, "there are several loaders of identities: leave one")
    return identity_of(*loaders[0]) if loaders else None


def _rewrite(work: Work, identity: Identity | None) -> None:
    for reference in work.file.references:
        if reference.name.startswith("exceptions."):
            refusals.rewrite_exception(work, reference)
        elif reference.name in _RULES:
            _RULES[reference.name](work, reference)
        elif reference.name not in _ISSUING:
            work.hinder(reference.node, f"{reference.name} has no equivalent here")
    rewrite_issuing(work, identity)
    rewrite_loaders(work)
    _spell_never(work)
    calls.find_late_processors(work)
    refusals.find_foreign(work)
    _find_hidden(work)
    rewrite_imports(work.source, work.needed)


def _spell_never(work: Work) -> None:
    for setting in work.file.settings:
        if setting.key.endswith("_TOKEN_EXPIRES") and literal(setting.value) is False:
            work.source.replace(setting.value, work.native("NEVER"))


def _find_hidden(work: Work) -> None:
    """Add hindrances for uses of Flask-JWT-Extended that are no plain use of an imported name."""
    for node in work.source.nodes:
        if isinstance(node, ast.Constant) and _is_named_in(work, node):
            work.hinder(
                node, "Flask-JWT-Extended is named in a text, which this command does not read"
            )
        elif isinstance(node, ast.Name | ast.Attribute):
            _find_unclear(work, node)
    for node, theirs in old_imports(work.source):
        if any(alias.name == "*" for alias in theirs):
            work.hinder(node, "name what is imported instead of *")
        for alias in theirs:
            _find_handed_on(work, node, alias)


def _is_named_in(work: Work, node: ast.Constant) -> bool:
    """Whether a string names a rewritten function: ``"app.views.get_jwt"`` for a mock."""
    text = string(node) or ""
    if text == "flask-jwt-extended" or own_name(text) is not None:
        return True
    module, _, name = text.rpartition(".")
    above = work.source.parent(node)
    is_reached = isinstance(above, ast.Call) and last_name(above) in _REACHING
    is_path = all(part.isidentifier() for part in module.split("."))
    return name in (*_RULES, *_ISSUING, *LOADERS, *CALLBACKS) and (is_path or is_reached)


def _find_unclear(work: Work, node: ast.Name | ast.Attribute) -> None:
    origin = work.source.origin(node)
    if work.application.is_handed_on(origin):
        work.hinder(node, "import it from flask_jwt_extended itself, and not from another file")
    if isinstance(node, ast.Name) and origin == TWICE:
        if any(own_name(found) is not None for found in work.source.origins(node)):
            work.hinder(node, "it is bound in two ways: leave one of them")
    elif own_name(origin) in ("", *SUBMODULES) and _is_value(work, node):
        work.hinder(node, "the module is used as a value: import what is needed of it")


def _is_value(work: Work, node: ast.Name | ast.Attribute) -> bool:
    """Whether a module *node* is used as a value, without reading an attribute of it."""
    is_inner = isinstance(work.source.parent(node), ast.Attribute)
    return not is_inner and isinstance(node.ctx, ast.Load)


def _find_handed_on(work: Work, node: ast.AST, alias: ast.alias) -> None:
    """Add hindrances for names that other files may import through this one."""
    name = alias.asname or alias.name
    is_star = work.application.is_star_imported(work.source)
    if name in _in_all(work) or (is_star and alias.name != "*"):
        work.hinder(node, f"{name} is handed on: let other files import it from its own library")


def _in_all(work: Work) -> list[object]:
    """Return the names that ``__all__`` lists."""
    return [
        node.value
        for statement in work.source.tree.body
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "__all__"
        for node in ast.walk(statement.value)
        if isinstance(node, ast.Constant)
    ]
