"""Offer what applications reach for although it was never meant for them."""

from __future__ import annotations

from .config import JSONEncoder
from .jwt_manager import current_manager as get_jwt_manager

__all__ = ["JSONEncoder", "get_jwt_manager"]
