"""Define what a check of a presented credential is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from flask import Request

from ..exceptions import AccessError
from ..tokens.token import Token
from ..transports import Presented


class PresentationCheck(ABC):
    """A check of a verified token as it was presented in one request.

    A signature says who has issued a token, and not that whoever sends it may: a browser may have
    added it by itself (`CSRFCheck`), or somebody may have stolen it, which a proof of possession
    tells (:rfc:`9449`, :rfc:`8705`). `Parts.checks` says which checks an endpoint has, when its
    plan is made; one without any pays nothing for them.

    This is an interface inside the package. Applications have policies, which see the token and
    the request too; what they lack is the encoded token, and a challenge in another scheme.

    Attributes:
        scheme: The scheme in which its refusals are challenged (:rfc:`9110#section-11.3`).
    """

    scheme: ClassVar[str] = "Bearer"

    @abstractmethod
    def judge(self, request: Request, token: Token, presented: Presented) -> None:
        """Let *token* pass, or raise what answers the request.

        Args:
            request: The request.
            token: The token, verified and of a kind that the endpoint accepts.
            presented: The same token, encoded, and the place where it stood.

        Raises:
            AccessError: It may not be presented so. If the outcome of the error is
                `Outcome.INVALID_TOKEN`, other tokens of the request are still tried; any other
                answers at once. Of the first, `InvalidTokenError` alone is what
                ``OptionalToken(ignore_invalid=True)`` overlooks.
        """


def judge_presented(
    checks: Iterable[PresentationCheck], request: Request, token: Token, presented: Presented
) -> None:
    """Let *token* pass all *checks*; what the first of them raises is challenged in its scheme.

    Raises:
        AccessError: One of them has raised it.
    """
    for check in checks:
        try:
            check.judge(request, token, presented)
        except AccessError as error:
            error.scheme = check.scheme
            raise
