"""Say what every endpoint of an application demands."""

from .auditing import audit
from .findings import Audit, Protection, Row

__all__ = ["Audit", "Protection", "Row", "audit"]
