"""Offer the fixture ``jwt_client`` to pytest; nothing of `jwtpolicy` is imported before its use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from jwtpolicy.testing import ActingClient

_NO_APP = """\
jwt_client needs a fixture called app that returns your Flask application, for example in
conftest.py:

    @pytest.fixture
    def app():
        return create_app(TESTING=True, JWT_STORE_URL="memory://")

Where yours has another name, write a fixture app that returns it, or call
jwtpolicy.testing.act(…) with it."""


@pytest.fixture
def jwt_client(request: pytest.FixtureRequest) -> Iterator[ActingClient]:
    """Give a test client of your fixture ``app`` that can act as its users; see `act`.

    At the end of the test the application has its own clock again.
    """
    from jwtpolicy.testing import act

    is_missing = False
    try:
        app = request.getfixturevalue("app")
    except pytest.FixtureLookupError as error:
        # Another one may be missing further in, which pytest explains itself.
        is_missing = error.argname == "app"
        if not is_missing:
            raise
    # Outside of the handler: pytest would print the error that it handles as well.
    if is_missing:
        pytest.fail(_NO_APP, pytrace=False)
    client = act(app)
    yield client
    client.clock.restore()
