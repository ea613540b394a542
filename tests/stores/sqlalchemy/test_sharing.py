"""A store that is handed an application's engine has a pool of its own beside it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    AssertionPool,
    Engine,
    NullPool,
    QueuePool,
    SingletonThreadPool,
    StaticPool,
    create_engine,
    event,
    make_url,
    text,
)

from jwtpolicy import JWTManager, protect
from jwtpolicy.exceptions import ConfigurationError, StoreUnavailableError
from jwtpolicy.stores import CachedStore
from jwtpolicy.stores.sqlalchemy import SQLAlchemyStore
from jwtpolicy.testing.token_store import NOW, SESSION, ref, standing
from jwtpolicy.tokens.status import TokenStatus
from tests.support.applications import SECRET
from tests.support.requests import bearer

MakeEngine = Callable[..., Engine]


@pytest.fixture(params=["postgres", "mysql"])
def shared_url(
    request: pytest.FixtureRequest, url_of: Callable[[str], str], emptied: Callable[[str], str]
) -> str:
    return emptied(url_of(request.param))


@pytest.fixture
def postgres(url_of: Callable[[str], str], emptied: Callable[[str], str]) -> str:
    return emptied(url_of("postgres"))


@pytest.fixture
def made() -> Iterator[Callable[..., Any]]:
    """Close what was made, engines and stores."""
    things: list[Any] = []

    def make(thing: Any) -> Any:
        things.append(thing)
        return thing

    yield make
    for thing in things:
        thing.close() if isinstance(thing, SQLAlchemyStore) else thing.dispose()


def test_an_application_that_holds_all_its_connections_keeps_no_guard_waiting(
    shared_url: str, made: Any
) -> None:
    """K28."""
    engine = made(create_engine(shared_url, pool_size=1, max_overflow=0, pool_timeout=0.1))
    for database in (engine, lambda: engine):
        store = made(SQLAlchemyStore(database))
        with engine.begin() as connection:
            connection.execute(text("SELECT 1"))
            assert standing(store) is TokenStatus.GOOD
            store.revoke_token(ref("a7"), expires_at=None, now=NOW)


class OwnPool(QueuePool):
    """A pool of an application's own."""


@pytest.mark.parametrize("poolclass", [QueuePool, OwnPool])
def test_a_store_waits_for_its_own_pool_no_longer_than_it_may(
    shared_url: str, made: Any, poolclass: type[QueuePool]
) -> None:
    """K44: not for the 30 seconds that the application waits for its connections."""
    options: Any = {"pool_size": 1, "max_overflow": 0, "poolclass": poolclass}
    engine = made(create_engine(shared_url, **options))
    store = made(SQLAlchemyStore(engine, timeout=2))
    standing(store)
    started = time.monotonic()
    with store._database.engine.connect(), pytest.raises(StoreUnavailableError):
        standing(store)

    assert time.monotonic() - started < 20
    assert (engine.pool.timeout(), standing(store)) == (30, TokenStatus.GOOD)  # type: ignore[attr-defined]


def test_it_is_made_for_an_engine_that_waits_less(postgres: str, made: Any) -> None:
    store = made(SQLAlchemyStore(made(create_engine(postgres, pool_timeout=0.2)), timeout=60))

    assert store._database.engine.pool.timeout() == 0.2


@pytest.mark.parametrize("poolclass", [QueuePool, NullPool])
def test_a_server_that_says_nothing_is_given_up_beside_an_engine_too(
    made: Any, poolclass: type[Any]
) -> None:
    """K44: for how long the driver waits is nothing that an application says."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        url = f"postgresql+psycopg://u@127.0.0.1:{silent.getsockname()[1]}/db"
        engine = made(create_engine(url, poolclass=poolclass, connect_args={"connect_timeout": 30}))
        started = time.monotonic()
        with pytest.raises(StoreUnavailableError):
            standing(made(SQLAlchemyStore(engine, timeout=0.3)))

    assert time.monotonic() - started < 20


def test_a_transaction_waits_for_a_lock_no_longer_than_it_may(postgres: str, made: Any) -> None:
    """An application that locks the store's rows keeps it waiting, but not for ever."""
    engine = made(create_engine(postgres))
    store = made(SQLAlchemyStore(engine, timeout=2))
    store.open_session(SESSION)
    with engine.begin() as connection:
        connection.execute(text("SELECT 1 FROM jwtpolicy_subject FOR UPDATE"))
        with pytest.raises(StoreUnavailableError):
            store.revoke_subject("", "alice", now=NOW, until=NOW)

    store.revoke_subject("", "alice", now=NOW, until=NOW)


def test_nothing_is_connected_before_the_first_use(postgres: str, made: Any) -> None:
    engine = made(create_engine(postgres))
    asked: list[Engine] = []
    store = made(SQLAlchemyStore(lambda: asked.append(engine) or engine))  # type: ignore[func-returns-value]
    assert asked == []
    standing(store)

    assert asked
    assert engine.pool.checkedin() == 0
    assert store._database.engine.pool.checkedin() == 1


def test_what_makes_and_prepares_connections_is_asked_for_those_of_the_store(
    postgres: str, made: Any
) -> None:
    """``creator``, and what listens to the pool; but not what listens to statements."""
    plain = made(create_engine(postgres))
    calls: list[str] = []

    def creator() -> Any:
        calls.append("creator")
        return plain.dialect.connect(
            *plain.dialect.create_connect_args(plain.url)[0],
            **plain.dialect.create_connect_args(plain.url)[1],
        )

    engine = made(create_engine("postgresql+psycopg://", creator=creator))
    event.listen(engine, "connect", lambda raw, record: calls.append("connect"))
    event.listen(engine, "before_cursor_execute", lambda *rest: calls.append("statement"))
    store = made(SQLAlchemyStore(engine))
    standing(store)
    standing(store)

    assert calls == ["creator", "connect"]


def test_without_a_pool_each_use_has_a_connection(shared_url: str, made: Any) -> None:
    engine = made(create_engine(shared_url, poolclass=NullPool))
    store = made(SQLAlchemyStore(engine))
    store.revoke_token(ref(), expires_at=None, now=NOW)

    assert standing(store) is TokenStatus.REVOKED
    assert isinstance(store._database.engine.pool, NullPool)


def test_execution_options_stay(postgres: str, made: Any) -> None:
    """Such as the schema that tables are in."""
    plain = made(create_engine(postgres))
    with plain.begin() as connection:
        connection.execute(text("DROP SCHEMA IF EXISTS elsewhere CASCADE"))
        connection.execute(text("CREATE SCHEMA elsewhere"))
    engine = plain.execution_options(schema_translate_map={None: "elsewhere"})
    store = made(SQLAlchemyStore(engine))

    assert store._database.engine.get_execution_options() == engine.get_execution_options()


@pytest.mark.parametrize(
    ("url", "options", "said"),
    [
        pytest.param("sqlite://", {}, "one writer", id="in memory"),
        pytest.param("sqlite:///x.db", {}, "JWT_STORE_URL to 'sqlite:///", id="a file"),
        pytest.param("postgresql+psycopg://h", {"poolclass": StaticPool}, "QueuePool", id="static"),
        pytest.param(
            "postgresql+psycopg://h", {"poolclass": AssertionPool}, "AssertionPool", id="assertion"
        ),
        pytest.param(
            "mysql+pymysql://h", {"poolclass": SingletonThreadPool}, "Singleton", id="singleton"
        ),
    ],
)
def test_an_engine_that_cannot_be_shared_is_refused(
    url: str, options: dict[str, Any], said: str
) -> None:
    engine = create_engine(url, **options)
    with pytest.raises(ConfigurationError, match=said):
        SQLAlchemyStore(engine)

    assert SQLAlchemyStore(create_engine("postgresql+psycopg://h"))


@pytest.mark.parametrize(
    ("attribute", "value", "said"),
    [
        ("name", "oracle", "knows no oracle"),
        ("is_async", True, "an async one"),
    ],
)
def test_an_engine_of_another_kind_is_refused(attribute: str, value: Any, said: str) -> None:
    engine = create_engine("postgresql+psycopg://h")
    setattr(engine.dialect, attribute, value)

    with pytest.raises(ConfigurationError, match=said):
        SQLAlchemyStore(engine)


def application(url: str, is_cached: bool = False) -> tuple[Flask, SQLAlchemy, SQLAlchemyStore]:
    app, db = Flask("tests.app"), SQLAlchemy()
    app.config.update(TESTING=True, JWT_SECRET_KEY=SECRET, SQLALCHEMY_DATABASE_URI=url)
    store = SQLAlchemyStore(lambda: db.engine)
    jwt = JWTManager[Any](app, store=CachedStore(store, 1) if is_cached else store)
    db.init_app(app)
    app.add_url_rule("/", "index", protect()(lambda: "in"))
    app.extensions["jwt"] = jwt
    return app, db, store


def test_flask_sqlalchemys_engine_keeps_the_sessions(shared_url: str) -> None:
    """Its engine can be had within an application context only."""
    app, db, store = application(shared_url)
    jwt = app.extensions["jwt"]
    with app.app_context():
        pair = jwt.login("u1")
    client, headers = app.test_client(), bearer(pair.access_token)
    before = client.get("/", headers=headers).status_code
    with app.app_context():
        jwt.revoke_subject("u1")

    assert (before, client.get("/", headers=headers).status_code) == (200, 401)
    with app.app_context():
        store.close()
        db.engine.dispose()


@pytest.mark.parametrize("is_cached", [True, False])
def test_an_engine_of_sqlite_is_an_error_of_the_set_up_before_the_first_request(
    is_cached: bool,
) -> None:
    app, _, _ = application("sqlite://", is_cached)
    app.add_url_rule("/open", "open", lambda: "open")

    with pytest.raises(ConfigurationError, match="one writer"):
        app.test_client().get("/open")


def test_a_url_may_be_one_of_sqlalchemys(postgres: str, made: Any) -> None:
    store = made(SQLAlchemyStore(make_url(postgres)))
    store.revoke_token(ref(), expires_at=None, now=NOW)

    assert standing(store) is TokenStatus.REVOKED


def test_one_store_may_have_many_engines(postgres: str, made: Any) -> None:
    """As where tests make an application each, and one manager serves them all."""
    engines = [made(create_engine(postgres)) for n in range(20)]
    current = [engines[0]]
    store = made(SQLAlchemyStore(lambda: current[0]))
    store.revoke_token(ref(), expires_at=None, now=NOW)
    pools = []
    for current[0] in [*engines, engines[0]]:
        assert standing(store) is TokenStatus.REVOKED
        pools.append(store._database.engine.pool)

    assert len(set(pools)) == 21
    assert sum(pool.checkedin() for pool in pools[:-6]) == 0
