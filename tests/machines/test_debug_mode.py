"""What a developer sees in the terminal where ``flask run`` runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.machines.servers import serving_by_flask

LINE = "GET who: 401 token_required: no token was sent: Access()"


@pytest.mark.parametrize(
    "site",
    [
        pytest.param("site", id="nothing is set up"),
        pytest.param("loud_site", id="the application has set up logging"),
    ],
)
def test_debug_mode_shows_each_refusal_once(tmp_path: Path, site: str) -> None:
    """K38: takes a second, because only a real ``flask run`` says what it prints."""
    with serving_by_flask(tmp_path, site) as server:
        assert server.status() == 401

    assert server.log.read_text().count(LINE) == 1
