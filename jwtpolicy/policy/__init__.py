"""Offer the policies, and what they are made with, under one name."""

from .audience import ForAudience
from .base import AllOf, AnyOf, AtLeast, Not, Policy, When
from .claim_policies import ClaimsMatch, HasRole, HasScope, IsSubject
from .credentials import (
    Access,
    Anonymous,
    KnownUser,
    NotRevoked,
    OptionalToken,
    Public,
    Refresh,
    SingleUse,
    TokenKind,
)
from .freshness import Fresh
from .functions import policy
from .issued_by import IssuedBy
from .matchers import claim, contains, one_of, user, view_arg
from .resource import Owns, ResourceMatch

__all__ = [
    "Access",
    "AllOf",
    "Anonymous",
    "AnyOf",
    "AtLeast",
    "ClaimsMatch",
    "ForAudience",
    "Fresh",
    "HasRole",
    "HasScope",
    "IsSubject",
    "IssuedBy",
    "KnownUser",
    "Not",
    "NotRevoked",
    "OptionalToken",
    "Owns",
    "Policy",
    "Public",
    "Refresh",
    "ResourceMatch",
    "SingleUse",
    "TokenKind",
    "When",
    "claim",
    "contains",
    "one_of",
    "policy",
    "user",
    "view_arg",
]
