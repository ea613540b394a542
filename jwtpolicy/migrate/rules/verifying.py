"""Turn the functions that decode tokens into ``jwt.verify``."""

from __future__ import annotations

from typing import Final

import libcst as cst

from ..facts import Reference
from ..nodes import bound, expression, keyword, literal, values, with_arguments
from ..work import Work

#: What is read of the token.
_ATTRIBUTES: Final = {"decode_token": "claims", "get_jti": "token_id", "get_csrf_token": "csrf"}


def rewrite_decoding(work: Work, reference: Reference) -> None:
    """Rewrite ``decode_token``, ``get_jti`` and ``get_csrf_token``."""
    parameters = ("encoded_token", "csrf_value", "allow_expired")
    arguments = None if reference.call is None else bound(reference.call, parameters)
    if arguments is None or "encoded_token" not in arguments or "csrf_value" in arguments:
        work.note(
            reference.node,
            "write jwt.verify(encoded, kind=ANY) by hand, and compare its csrf where one was given",
        )
        return
    manager = work.manager_for(reference, "jwt.verify(encoded, kind=ANY)")
    if manager is None:
        return
    any_kind, attribute = work.native("ANY"), _ATTRIBUTES[reference.name]
    names = list(arguments)
    work.become(reference, f"{manager}.verify")
    work.change_call(reference, lambda call: _verified(call, names, any_kind, attribute))
    if reference.name == "decode_token":
        work.note(
            reference.node,
            "any kind of token is taken, as before: name the kind; the claims are read-only, and "
            "what is refused raises InvalidTokenError",
        )


def _verified(call: cst.Call, names: list[str], any_kind: str, attribute: str) -> cst.Attribute:
    given = values(call, names)
    expired = given.get("allow_expired", cst.Name("False"))
    arguments = [cst.Arg(given["encoded_token"]), keyword("kind", expression(any_kind))]
    if literal(expired) is not False:
        arguments.append(keyword("allow_expired", expired))
    return cst.Attribute(with_arguments(call, arguments), cst.Name(attribute))


def keep_headers(work: Work, reference: Reference) -> None:
    """Say what to do about ``get_unverified_jwt_headers``."""
    work.note(
        reference.node,
        "nothing here reads what is not verified: call get_unverified_header of PyJWT, if it has "
        "to be, and believe nothing that it says",
    )
