"""Audit of an application: the policies, token kinds and gaps of every endpoint."""

from .auditing import audit
from .findings import Audit, Protection, Row

__all__ = ["Audit", "Protection", "Row", "audit"]
