"""Offer ready-made views for the endpoints that every application needs."""

from .refresh import RefreshView

__all__ = ["RefreshView"]
