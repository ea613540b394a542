"""Offer the places where tokens travel."""

from .base import NamedByKind, Presented, Transport
from .cookies import CookieTransport
from .headers import HeaderTransport
from .json_body import JSONTransport
from .places import Places
from .query_string import QueryTransport, parameters_of

__all__ = [
    "CookieTransport",
    "HeaderTransport",
    "JSONTransport",
    "NamedByKind",
    "Places",
    "Presented",
    "QueryTransport",
    "Transport",
    "parameters_of",
]
