"""How a database is named, and what is said where that cannot be."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from jwtpolicy.exceptions import ConfigurationError
from jwtpolicy.stores import SQLAlchemyStore, open_store
from jwtpolicy.testing.token_store import NOW, ref


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        pytest.param("postgresql+psycopg://u:hunter2@h:1/db", "postgresql+psycopg://h/db", id="pg"),
        pytest.param("postgresql://u:hunter2@h/db", "postgresql+psycopg://h/db", id="no driver"),
        pytest.param("postgres://u:hunter2@h/db", "postgresql+psycopg://h/db", id="as Heroku"),
        pytest.param("mysql+pymysql://u:hunter2@h/db", "mysql+pymysql://h/db", id="mysql"),
        pytest.param("mysql://u:hunter2@h/db", "mysql+pymysql://h/db", id="mysql, no driver"),
        pytest.param("mariadb://u:hunter2@h/db", "mariadb+pymysql://h/db", id="mariadb"),
        pytest.param("sqlite+pysqlite:////x/y.db", "sqlite+pysqlite:////x/y.db", id="sqlite"),
    ],
)
def test_a_url_names_a_database(tmp_path: Path, url: str, shown: str) -> None:
    """KEY-8: and no password is shown."""
    store = open_store(url, instance_path=tmp_path, timeout=2.5, create_tables=False)

    assert isinstance(store, SQLAlchemyStore)
    assert repr(store) == f"<SQLAlchemyStore {shown} timeout=2.5, create_tables=False>"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param("postgresql+psycopg2://u:hunter2@h/db", "'postgresql+psycopg2'", id="driver"),
        pytest.param("mysql+mysqldb://u:hunter2@h/db", "'mysql+mysqldb'", id="other driver"),
        pytest.param("postgresql://u:hunter2@h:port/db", "cannot be read", id="no number"),
        pytest.param("sqlite+pysqlite:///:memory:", "MemoryStore", id="memory"),
        pytest.param("sqlite+pysqlite://", "MemoryStore", id="memory without a name"),
    ],
)
def test_other_databases_are_refused(tmp_path: Path, url: str, said: str) -> None:
    """KEY-8."""
    with pytest.raises(ConfigurationError, match="JWT_STORE_URL: ") as caught:
        open_store(url, instance_path=tmp_path)

    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "good", "bad"),
    [
        pytest.param("mysql://u:hunter2@h/db", "autocommit=true", "nonsense=1", id="mysql"),
        pytest.param("mariadb://u:hunter2@h/db", "ssl_check_hostname=false", "nonsense=1", id="m"),
        pytest.param("mysql://u:hunter2@h/db", "connect_timeout=3", "connect_timeout=x", id="int"),
        pytest.param("postgresql://u:hunter2@h/db", "sslmode=require", "nonsense=1", id="pg"),
        pytest.param("sqlite:///hunter2.db", "cached_statements=9", "nonsense=1", id="sqlite"),
        pytest.param("sqlite:///hunter2.db", "timeout=3", "timeout=x", id="sqlite, number"),
    ],
)
def test_options_that_the_driver_does_not_know_are_refused(url: str, good: str, bad: str) -> None:
    """KEY-8: when the engine is made, and not with a TypeError at the first request."""
    SQLAlchemyStore(f"{url}?{good}").close()
    with pytest.raises(ConfigurationError, match="refuses one of them") as caught:
        SQLAlchemyStore(f"{url}?{bad}")

    assert repr(bad.split("=")[0]) in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_relative_path_starts_from_the_instance_folder(tmp_path: Path) -> None:
    store = open_store("sqlite+pysqlite:///data/x.db", instance_path=tmp_path / "instance")
    assert store is not None
    assert not (tmp_path / "instance").exists()
    store.revoke_token(ref(), expires_at=None, now=NOW)
    store.close()

    assert (tmp_path / "instance" / "data" / "x.db").exists()


@pytest.mark.parametrize(
    ("missing", "url", "extra"),
    [
        ("sqlalchemy", "sqlite+pysqlite:///x", "pip install 'jwtpolicy[sqlalchemy]'"),
        ("sqlalchemy", "postgresql://h/db", "or with its driver 'jwtpolicy[postgresql]'"),
        ("psycopg", "postgresql://h/db", "pip install 'jwtpolicy[postgresql]'"),
        ("pymysql", "mysql://h/db", "pip install 'jwtpolicy[mysql]'"),
    ],
)
def test_a_missing_driver_is_named_by_its_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, missing: str, url: str, extra: str
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, name)
    if missing == "sqlalchemy":
        for name in [name for name in sys.modules if name.startswith("jwtpolicy.stores.sqla")]:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)

    with pytest.raises(ConfigurationError) as caught:
        open_store(url, instance_path=tmp_path)
    assert extra in str(caught.value)


def test_the_library_is_imported_when_it_is_used() -> None:
    code = (
        "import sys, jwtpolicy.stores as stores\n"
        "assert 'sqlalchemy' not in sys.modules\n"
        "stores.SQLAlchemyStore\n"
        "assert 'sqlalchemy' in sys.modules and 'psycopg' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_other_names_are_no_stores() -> None:
    from jwtpolicy import stores

    with pytest.raises(AttributeError, match="MongoStore"):
        stores.MongoStore  # noqa: B018


@pytest.mark.parametrize("made_with", [None, 0o644])
def test_only_its_owner_may_read_a_file(tmp_path: Path, made_with: int | None) -> None:
    path = tmp_path / "data" / "x.db"
    if made_with is not None:
        path.parent.mkdir()
        path.touch()
        path.chmod(made_with)
    store = SQLAlchemyStore(f"sqlite+pysqlite:///{path}")
    store.revoke_token(ref(), expires_at=None, now=NOW)
    store.close()

    assert [file.name for file in path.parent.iterdir()] == ["x.db"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "made"),
    [
        pytest.param("file:{folder}/my%20data/x.db?uri=true", {"my data", "x.db"}, id="file"),
        pytest.param("file::memory:?cache=shared&uri=true", set(), id="in memory"),
    ],
)
def test_a_file_may_be_named_by_a_uri(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, made: set[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    store = SQLAlchemyStore(f"sqlite+pysqlite:///{name.format(folder=tmp_path)}")
    store.revoke_token(ref(), expires_at=None, now=NOW)
    store.close()
    found = {path.name: path for path in tmp_path.rglob("*")}

    assert set(found) == made
    assert {stat.S_IMODE(path.stat().st_mode) for path in found.values() if path.is_file()} <= {
        0o600
    }
