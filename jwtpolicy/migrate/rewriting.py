"""Rewrite one file: the rules in their order, then the imports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from .facts import Facts, Reference
from .project import Project
from .rules import cookies, guards, issuing, manager, reading, refusals, verifying
from .rules.hooks import leave_hooks
from .rules.loaders import rewrite_loaders
from .rules.mentions import find_mentions
from .rules.pairs import rewrite_pairs
from .rules.settings import rewrite_settings
from .work import Work

Rule = Callable[[Work, Reference], None]

#: Guards come first: what stands behind one that is left is left too.
_GUARDS: Final[Mapping[str, Rule]] = {
    "jwt_required": guards.rewrite_decorator,
    "verify_jwt_in_request": guards.rewrite_verification,
}

_RULES: Final[Mapping[str, Rule]] = {
    "JWTManager": manager.rewrite_manager,
    "create_access_token": issuing.rewrite_access,
    "create_refresh_token": issuing.keep_refresh,
    "current_user": reading.rewrite_user_proxy,
    "decode_token": verifying.rewrite_decoding,
    "get_csrf_token": verifying.rewrite_decoding,
    "get_current_user": reading.rewrite_user,
    "get_jti": verifying.rewrite_decoding,
    "get_jwt": reading.rewrite_claims,
    "get_jwt_header": reading.rewrite_header,
    "get_jwt_identity": reading.rewrite_identity,
    "get_jwt_request_location": reading.rewrite_location,
    "get_unverified_jwt_headers": verifying.keep_headers,
    "set_access_cookies": cookies.rewrite_setting,
    "set_refresh_cookies": cookies.rewrite_setting,
    "unset_access_cookies": cookies.keep_unsetting,
    "unset_jwt_cookies": cookies.rewrite_unsetting,
    "unset_refresh_cookies": cookies.keep_unsetting,
}


def planned(facts: Facts, project: Project) -> Work:
    """Return what is to be done to one file, but for its imports."""
    work = Work(facts, project)
    leave_hooks(work)
    _apply(work, _GUARDS)
    rewrite_pairs(work)
    _apply(work, _RULES)
    rewrite_loaders(work)
    rewrite_settings(work)
    manager.find_late_processors(work)
    refusals.find_foreign(work)
    find_mentions(work)
    return work


def _apply(work: Work, rules: Mapping[str, Rule]) -> None:
    for reference in work.pending():
        if not work.is_left(reference.node):
            rule = rules.get(reference.name)
            if rule is not None:
                rule(work, reference)
            elif rules is _RULES:
                _apply_rest(work, reference)


def _apply_rest(work: Work, reference: Reference) -> None:
    if reference.name.startswith("exceptions."):
        refusals.rewrite_exception(work, reference)
    else:
        work.note(reference.node, f"{reference.name} has no equal here; find another way")
