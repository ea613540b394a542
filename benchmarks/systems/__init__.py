"""The systems that are compared: bare, hand-written, Flask-JWT-Extended, jwtpolicy."""

from .bare import Bare
from .base import Setup, System
from .fje import FlaskJWTExtended
from .handwritten import HandWritten
from .ours import Ours, OursOnSQLite

#: What is compared with the bare views, in the order of the table.
PROTECTED: tuple[type[System], ...] = (HandWritten, FlaskJWTExtended, Ours, OursOnSQLite)

__all__ = [
    "PROTECTED",
    "Bare",
    "FlaskJWTExtended",
    "HandWritten",
    "Ours",
    "OursOnSQLite",
    "Setup",
    "System",
]
