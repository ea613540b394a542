"""Offer the places where tokens travel."""

from .base import Transport
from .headers import HeaderTransport

__all__ = ["HeaderTransport", "Transport"]
