"""Say what stands in tokens, and who their users are."""

from __future__ import annotations

from marshmallow import fields

from jwtpolicy import ClaimSchema, JWTManager, Token

from .database import User, database

jwt: JWTManager[User] = JWTManager()


@jwt.claims_for(User)
class UserClaims(ClaimSchema):
    """A token names its user and their roles."""

    sub = fields.String(attribute="id", required=True)
    roles = fields.List(fields.String(), required=True)


@jwt.user_loader
def load_user(token: Token) -> User | None:
    """Return the user as they are now: who was deleted is shut out at once."""
    return database().user(token.subject)
