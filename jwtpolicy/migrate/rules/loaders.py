"""Turn the manager's loaders into the hooks of this library's manager."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import libcst as cst

from ...jose import RESERVED_CLAIMS, RESERVED_HEADERS
from ..arguments import check_members
from ..nodes import literal, walk
from ..parameters import free_parameter, plain_parameters, set_parameters, take_token
from ..work import Work
from .handlers import HANDLERS, rewrite_handler
from .identities import rewrite_identities

#: What is left to a person, and what to do.
_BY_HAND: Final[Mapping[str, str]] = {
    "encode_key_loader": (
        "write a subclass of KeyRing whose signing_key_for chooses the key and whose may_sign "
        "says what each key may sign, and pass it to JWTManager(keys=…)"
    ),
    "decode_key_loader": (
        "write a subclass of KeyRing whose find chooses keys by `kid` (and whose may_sign says "
        "what each may sign, where they are not all yours), and pass it to JWTManager(keys=…)"
    ),
    "token_verification_loader": (
        "write a @policy that reads access.token, and pass JWTManager(baseline=NotRevoked() & it)"
    ),
    "token_verification_failed_loader": (
        "write @app.errorhandler(AccessDeniedError), with the error as its only parameter"
    ),
}

Rule = Callable[[Work, cst.FunctionDef, cst.Attribute], None]


def rewrite_loaders(work: Work) -> None:
    """Rewrite every loader that is registered in a file."""
    decorators = dict(_registered(work))
    for decorator, function in decorators.items():
        beside = [other for other, its in decorators.items() if its is function]
        if len({_RULES[other.attr.value] for other in beside}) > 1:
            work.note(decorator, "write a function for each loader, and run this command again")
        elif not work.is_left(function):
            _RULES[decorator.attr.value](work, function, decorator)
    for node in work.source.nodes:
        if isinstance(node, cst.Attribute) and node not in decorators and _is_loader(work, node):
            work.note(node, f"write @…{node.attr.value} above the function, and run this again")


def _registered(work: Work) -> Iterator[tuple[cst.Attribute, cst.FunctionDef]]:
    for node in work.source.nodes:
        for decorator in node.decorators if isinstance(node, cst.FunctionDef) else ():
            found = decorator.decorator
            if isinstance(found, cst.Attribute) and _is_loader(work, found):
                yield found, node  # type: ignore[misc] # it is a FunctionDef


def _is_loader(work: Work, node: cst.Attribute) -> bool:
    """Whether *node* is a loader; their names are nobody else's."""
    return node.attr.value in _RULES and not work.is_bridge(node.value)


def _rename(work: Work, decorator: cst.Attribute, name: str) -> None:
    work.edits.change(decorator, lambda found: found.with_changes(attr=cst.Name(name)))


def _leave(work: Work, function: cst.FunctionDef, decorator: cst.Attribute) -> None:
    work.note(decorator, _BY_HAND[decorator.attr.value])


def _refuse_parameters(work: Work, decorator: cst.Attribute, name: str, wanted: str) -> None:
    work.note(decorator, f"write @jwt.{name} instead, whose function takes ({wanted})")


def _rewrite_user(work: Work, function: cst.FunctionDef, decorator: cst.Attribute) -> None:
    if take_token(work, function):
        _rename(work, decorator, "user_loader")
    else:
        _refuse_parameters(work, decorator, "user_loader", "token")


def _rewrite_blocklist(work: Work, function: cst.FunctionDef, decorator: cst.Attribute) -> None:
    if function.asynchronous is not None or not take_token(work, function):
        _refuse_parameters(
            work, decorator, "revocation_check", "token), a plain function of (token"
        )
        return
    _rename(work, decorator, "revocation_check")
    for node in walk(function.body):
        if isinstance(node, cst.Return) and work.source.function_around(node) is function:
            work.edits.change(node, _returning_bool)
    if not isinstance(_last(function), cst.Return):
        work.note(function, "it has to return True or False in the end: add return False")
    work.note(
        decorator,
        "the manager has a store of its own: once jwt.logout() or jwt.revoke(token) writes to it, "
        "this function can go",
    )


def _last(function: cst.FunctionDef) -> cst.CSTNode | None:
    line = function.body.body[-1]
    return line.body[-1] if isinstance(line, cst.SimpleStatementLine) else line


def _returning_bool(node: cst.Return) -> cst.Return:
    value = node.value
    if value is None or literal(value) is None:
        return node.with_changes(value=cst.Name("False"), whitespace_after_return=_SPACE)
    if isinstance(value, cst.Comparison) or _is_negation(value) or type(literal(value)) is bool:
        return node
    return node.with_changes(value=cst.Call(cst.Name("bool"), [cst.Arg(value)]))


_SPACE: Final = cst.SimpleWhitespace(" ")


def _is_negation(value: cst.BaseExpression) -> bool:
    return isinstance(value, cst.UnaryOperation) and isinstance(value.operator, cst.Not)


def _addition(name: str, reserved: frozenset[str]) -> Rule:
    """Return the rule of a loader that adds members for an identity."""

    def rewrite(work: Work, function: cst.FunctionDef, decorator: cst.Attribute) -> None:
        names = plain_parameters(function)
        if len(names) != 1:
            _refuse_parameters(work, decorator, name, "user, kind")
            return
        set_parameters(work, function, names[0], free_parameter(function, "kind"))
        _rename(work, decorator, name)
        for node in walk(function.body):
            if isinstance(node, cst.Return) and node.value is not None:
                check_members(work, node.value, reserved)

    return rewrite


_RULES: Final[Mapping[str, Rule]] = {
    "user_lookup_loader": _rewrite_user,
    "token_in_blocklist_loader": _rewrite_blocklist,
    "additional_claims_loader": _addition("extra_claims", RESERVED_CLAIMS | {"sub"}),
    "additional_headers_loader": _addition("extra_headers", RESERVED_HEADERS),
    "user_identity_loader": rewrite_identities,
    **dict.fromkeys(HANDLERS, rewrite_handler),
    **dict.fromkeys(_BY_HAND, _leave),
}
