"""Say what the applications of tests are, and what secret they share."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from flask import Flask

from jwtpolicy import JWTManager

#: One secret for a test run; nobody else knows it.
SECRET = secrets.token_urlsafe(48)

#: An application and its manager.
AppAndManager = tuple[Flask, JWTManager[Any]]

#: The fixture ``make_app``; keywords are settings, but ``manager``, which holds the manager's.
MakeApp = Callable[..., AppAndManager]
