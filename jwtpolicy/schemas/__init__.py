"""Offer what turns objects into claims and back."""

from .claim_schema import ClaimSchema
from .fields import NumericDate
from .json_values import plain_json
from .registry import Dumped, SchemaRegistry

__all__ = ["ClaimSchema", "Dumped", "NumericDate", "SchemaRegistry", "plain_json"]
