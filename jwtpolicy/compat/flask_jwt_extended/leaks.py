"""Stop answers that are a token's claims by mistake.

``before_request(lambda: verify_jwt_in_request())`` makes Flask take the header and the claims that
come back for the answer: one as its body, the other as its headers (S4).
"""

from __future__ import annotations

import logging
from typing import Final

from flask import Response, abort

from .slot import find

logger = logging.getLogger("jwtpolicy")

#: Claims that are in nearly every token; no answer has headers of these names.
_TELLING: Final = ("jti", "exp", "iat")


def stop_leaks(response: Response) -> Response:
    """Return *response*, unless its headers are claims.

    Raises:
        InternalServerError: They are. The log says how to mend it.
    """
    admitted = find()
    if admitted is None or admitted.token is None:
        return response
    if any(name in response.headers for name in _TELLING):
        logger.error(
            "a before_request function returned what verify_jwt_in_request() returned, and Flask "
            "took it for the answer; let the function return None"
        )
        abort(500)
    return response
