"""The key set that other services verify tokens with (:rfc:`7517#section-5`)."""

from __future__ import annotations

from typing import ClassVar

from flask import Response, json, request

from ..app.bound_app import application
from ..keys.jwk import public_jwk
from ..keys.key import MIN_SECRET
from ..policy.credentials import Public
from ..views import ProtectedView


class JWKSView(ProtectedView):
    """``GET`` answers with the public keys of the application as a JWK set (KEY-3).

    All keys are published that verify tokens of this application, those that do not sign yet and
    those that do not sign any more too. Secrets are never published: an application that signs
    with one alone has nothing to publish, and the request answers with an empty set.

    Example:
        >>> from jwtpolicy.endpoints import JWKSView
        >>> app.add_url_rule("/.well-known/jwks.json", view_func=JWKSView.as_view("jwks"))
        >>> app.test_client().get("/.well-known/jwks.json").json
        {'keys': []}

    Attributes:
        max_age: Seconds for which others may keep the answer; None: half of
            ``JWT_KEY_PUBLISH_DELAY``, at most an hour, so that they have fetched a new key before
            it signs.
    """

    policies = Public()
    max_age: ClassVar[int | None] = None

    def get(self) -> Response:
        """Return the set, or 304 if the client has it already."""
        bound = application()
        keys = bound.parts.keys.current().named_keys()
        public = [public_jwk(key) for key in keys if key.algorithm not in MIN_SECRET]
        response = Response(json.dumps({"keys": public}), mimetype="application/json")
        response.cache_control.public = True
        response.cache_control.max_age = self._max_age(bound.settings.key_publish_delay)
        response.add_etag()
        response.make_conditional(request)
        return response

    def _max_age(self, delay: float) -> int:
        return min(3600, int(delay) // 2) if self.max_age is None else self.max_age
