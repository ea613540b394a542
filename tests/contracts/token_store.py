"""Moved to `jwtpolicy.testing`."""

from jwtpolicy.testing.token_store import *  # noqa: F403
