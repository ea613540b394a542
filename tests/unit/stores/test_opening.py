from __future__ import annotations

from pathlib import Path

import pytest

from jwtpolicy.exceptions import ConfigurationError
from jwtpolicy.stores import MemoryStore, SQLiteStore, open_store
from jwtpolicy.testing.token_store import NOW, ref, standing
from jwtpolicy.tokens.status import TokenStatus


@pytest.mark.parametrize(
    ("url", "path"),
    [
        pytest.param(None, "jwtpolicy.sqlite3", id="default"),
        pytest.param("sqlite:///tokens.db", "tokens.db", id="relative"),
        pytest.param("sqlite:///data/my tokens.db", "data/my tokens.db", id="folder and space"),
        pytest.param("sqlite:////srv/tokens.db", "/srv/tokens.db", id="absolute"),
    ],
)
def test_an_sqlite_url_names_a_file(tmp_path: Path, url: str | None, path: str) -> None:
    store = open_store(url, instance_path=tmp_path, timeout=2.5)

    assert isinstance(store, SQLiteStore)
    assert store.path == tmp_path / path
    assert repr(store) == f"SQLiteStore({str(tmp_path / path)!r}, timeout=2.5)"


def test_opening_is_lazy(tmp_path: Path) -> None:
    store = open_store(None, instance_path=tmp_path / "instance")
    assert store is not None
    assert not (tmp_path / "instance").exists()

    store.revoke_token(ref(), expires_at=None, now=NOW)
    assert (tmp_path / "instance" / "jwtpolicy.sqlite3").exists()
    store.close()


@pytest.mark.parametrize(
    ("url", "testing"),
    [
        pytest.param("memory://", False, id="said so"),
        pytest.param(None, True, id="default of tests"),
    ],
)
def test_memory_is_for_tests(tmp_path: Path, url: str | None, testing: bool) -> None:
    assert isinstance(open_store(url, instance_path=tmp_path, testing=testing), MemoryStore)


def test_a_url_holds_under_testing_too(tmp_path: Path) -> None:
    store = open_store("sqlite:///x.db", instance_path=tmp_path, testing=True)

    assert isinstance(store, SQLiteStore)


def test_none_is_spelt(tmp_path: Path) -> None:
    assert open_store("none", instance_path=tmp_path) is None


@pytest.mark.parametrize(
    ("url", "named"),
    [
        pytest.param("mongodb://u:hunter2@h/db", "'mongodb'", id="unknown scheme"),
        pytest.param("SQLITE:///x.db", "'SQLITE'", id="upper case"),
        pytest.param("hunter2", "without '://'", id="no scheme"),
        pytest.param("", "without '://'", id="empty"),
        pytest.param("None", "without '://'", id="misspelt none"),
        pytest.param("memory://hunter2", "'memory'", id="memory with a name"),
        pytest.param("sqlite://", "does not name a file", id="sqlite without a path"),
        pytest.param("sqlite:///", "does not name a file", id="sqlite with an empty path"),
        pytest.param("sqlite://host/x.db", "does not name a file", id="sqlite with a host"),
        pytest.param("sqlite:x.db", "does not name a file", id="sqlite without slashes"),
        pytest.param("sqlite:///:memory:", "does not name a file", id="sqlite in memory"),
        pytest.param("sqlite:///x.db?hunter2", "does not name a file", id="sqlite with options"),
    ],
)
def test_other_urls_are_refused_and_not_repeated(tmp_path: Path, url: str, named: str) -> None:
    """KEY-8: URLs hold passwords."""
    with pytest.raises(ConfigurationError, match="JWT_STORE_URL") as caught:
        open_store(url, instance_path=tmp_path)

    assert named in str(caught.value)
    assert "'sqlite:///file.sqlite3'" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("lost", "expected"), [("deny", TokenStatus.REVOKED), ("accept", TokenStatus.GOOD)]
)
def test_a_file_has_a_setting_for_its_loss(
    tmp_path: Path, lost: str, expected: TokenStatus
) -> None:
    store = open_store(None, instance_path=tmp_path, lost=lost, clock=lambda: NOW + 5)

    assert store is not None
    assert standing(store) is expected
    store.close()


@pytest.mark.parametrize("url", ["memory://", "none"])
def test_other_stores_refuse_that_setting(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigurationError, match="JWT_STORE_LOST is for stores on Redis, in SQL"):
        open_store(url, instance_path=tmp_path, lost="deny")
