"""Print the milliseconds that importing jwtpolicy adds to what it needs."""

from __future__ import annotations

import json
import time

import flask  # noqa: F401
import jwt  # noqa: F401
import marshmallow  # noqa: F401

_start = time.thread_time()

import jwtpolicy  # noqa: E402, F401

print(json.dumps({"ms": (time.thread_time() - _start) * 1e3}))
