"""Offer a request without a token, to judge without Flask."""

from __future__ import annotations

import pytest

from jwtpolicy import AccessRequest


@pytest.fixture
def nobody() -> AccessRequest:
    return AccessRequest()
