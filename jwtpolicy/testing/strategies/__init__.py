"""Hypothesis strategies for tests of applications; importing this needs the extra ``testing``."""

try:
    import hypothesis as _hypothesis  # noqa: F401 # to say what is missing
except ModuleNotFoundError as _error:
    _msg = "jwtpolicy.testing.strategies needs hypothesis: pip install 'jwtpolicy[testing]'"
    raise ImportError(_msg, name=_error.name) from None

from .broken_tokens import BREAKAGES, broken_tokens
from .claim_sets import claims, private_claims
from .issued_tokens import tokens
from .json_documents import json_values
from .policy_trees import leaves, policies
from .schema_users import users
from .texts import subjects

__all__ = [
    "BREAKAGES",
    "broken_tokens",
    "claims",
    "json_values",
    "leaves",
    "policies",
    "private_claims",
    "subjects",
    "tokens",
    "users",
]
