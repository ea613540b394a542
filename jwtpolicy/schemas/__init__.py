"""Claim schemas, which turn objects into claims and back."""

from .claim_schema import ClaimSchema
from .fields import NumericDate
from .json_values import plain_json
from .registry import Dumped, SchemaRegistry
from .user_values import is_user

__all__ = ["ClaimSchema", "Dumped", "NumericDate", "SchemaRegistry", "is_user", "plain_json"]
