"""What a developer sees where ``flask run --debug`` runs, and what nobody sees in production."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.machines.servers import Server, serving, serving_by_flask

TREE = ["NO_TOKEN: Access()  (no token was sent)"]
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


def test_debug_mode_shows_the_tree_of_the_decision(tmp_path: Path) -> None:
    with serving_by_flask(tmp_path, "site") as server:
        assert server.ask("GET", "/").json["decision"] == TREE

    assert f"(jti=None)\n  {TREE[0]}" in server.log.read_text()


def sees_nothing(server: Server) -> bool:
    """Whether a refusal has the usual body, and the log no tree."""
    body = server.ask("GET", "/").json
    return sorted(body) == ["error", "error_description"] and TREE[0] not in server.log.read_text()


def test_flask_run_without_debug_shows_no_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """K48."""
    monkeypatch.delenv("FLASK_DEBUG", raising=False)
    with serving_by_flask(tmp_path, "site", debug=False) as server:
        assert sees_nothing(server)


@pytest.mark.parametrize("debug", [None, "0", "False"])
def test_a_server_of_production_shows_no_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, debug: str | None
) -> None:
    """K48: the site reads its settings from the environment, where False is a text."""
    monkeypatch.delenv("FLASK_DEBUG", raising=False)
    if debug is not None:
        monkeypatch.setenv("FLASK_DEBUG", debug)
    with serving(f"sqlite:///{tmp_path}/tokens.db", tmp_path, workers=1) as server:
        assert sees_nothing(server)
