"""Engines with bounded waits, and messages that name the extra of a missing driver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from sqlalchemy import (
    URL,
    AssertionPool,
    Dialect,
    Engine,
    Pool,
    QueuePool,
    SingletonThreadPool,
    StaticPool,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.exc import ArgumentError
from sqlalchemy.util.queue import Queue

from ...clock import elapsed
from ...connections.deadlines import left
from ...connections.dialling import dial
from ...exceptions import ConfigurationError
from ..sqlite_file import keep_private

#: The drivers that are tested, by what a URL may begin with.
DRIVERS: Final = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mysql+pymysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "mariadb+pymysql": "mariadb+pymysql",
    "sqlite+pysqlite": "sqlite+pysqlite",
    "sqlite": "sqlite+pysqlite",
}
_EXTRAS: Final = {"postgresql": "postgresql", "mysql": "mysql", "mariadb": "mysql"}

#: The server gives up before we stop listening to it, so that the connection stays in use.
_SERVER_SHARE: Final = 0.8


def open_engine(url: str | URL, timeout: float) -> Engine:
    """Return an engine of one's own; it connects when it is used.

    Each statement is a transaction of its own, unless it is told otherwise: a look-up is then one
    round trip, with no BEGIN before and no ROLLBACK after it.

    Args:
        url: A URL of `DRIVERS`.
        timeout: Seconds for waiting for a connection of the pool, for connecting, and for each
            statement, or less where a deadline comes first.

    Raises:
        ConfigurationError: The URL cannot be read, its driver is not installed, or refuses its
            options. The message does not show the URL, which may hold a password.
    """
    read, own = _without_threshold(_read(url))
    backend = read.get_backend_name()
    arguments = {**_ARGUMENTS[backend](timeout), **own}
    try:
        engine = create_engine(
            read,
            isolation_level="AUTOCOMMIT",
            poolclass=_Pool,
            pool_reset_on_return=None,
            hide_parameters=True,
            pool_timeout=timeout,
            pool_use_lifo=True,
            connect_args=arguments,
            **_without_rollback(),
        )
        _try_options(engine, arguments)
    except ImportError as error:
        raise ConfigurationError(_missing(backend)) from error
    except Exception:  # noqa: BLE001
        # Each driver raises what it likes, and may quote a value.
        raise ConfigurationError(_refused(read)) from None
    if backend == "sqlite":
        event.listen(engine, "do_connect", _make_private_file)
    else:
        connect = _psycopg_connect if backend == "postgresql" else _pymysql_connect
        _dial_with(engine, timeout, connect(engine, timeout))
    return engine


class _Connections(Queue[Any]):
    """The queue of a pool's connections, which waits by a monotonic clock.

    SQLAlchemy waits by ``time.time``: where a test stops that, for ever.
    """

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        with self.mutex:  # which is reentrant
            if block and timeout is not None:
                end = elapsed() + timeout
                while self._empty() and (remaining := end - elapsed()) > 0:
                    self.not_empty.wait(remaining)
            return super().get(block and timeout is None)


class _Pool(QueuePool):
    """A connection pool whose waits end with the deadline."""

    _queue_class = _Connections

    @property
    def _timeout(self) -> float:
        return left(self._patience)

    @_timeout.setter
    def _timeout(self, seconds: float) -> None:
        self._patience = seconds


def engine_beside(engine: Engine, timeout: float) -> Engine:
    """Return an engine for the same database with a pool of its own; it connects when it is used.

    An application that holds all connections of its pool, or keeps a transaction open, does not
    keep its own guards waiting then. The size of the pool, what makes its connections, and what is
    told of its events stay the same; what is told of the statements of *engine* is not of these.

    Args:
        engine: The application's.
        timeout: Seconds for waiting for a connection of the pool, and for connecting, or less
            where *engine* waits less, or a deadline comes first.

    Raises:
        ConfigurationError: The engine is of no use to a store; see `check_engine`.
    """
    check_engine(engine)
    options = engine.get_execution_options()
    pool, dialect, url = engine.pool.recreate(), engine.dialect, engine.url
    _bound(pool, dialect, timeout)
    return Engine(pool, dialect, url, hide_parameters=True, execution_options=options)


def _bound(pool: Pool, dialect: Dialect, timeout: float) -> None:
    """Bound the waits for a new pool's connections by the deadline."""
    if isinstance(pool, QueuePool):
        patience = min(pool.timeout(), timeout)
        if type(pool) is QueuePool:
            pool.__class__ = _Pool
        pool._timeout = patience
    make = pool._invoke_creator

    def connect(rec: Any) -> Any:
        return _dialled(dialect, partial(make, rec), timeout)

    pool._creator = connect


def check_engine(engine: Engine) -> None:
    """Refuse an application's engine beside which a store can have no pool of its own.

    Raises:
        ConfigurationError: The engine is async, of an unknown dialect or of SQLite, or its pool
            gives threads no connections of their own; the message says what to write.
    """
    name, pool = engine.dialect.name, engine.pool
    if name == "sqlite":
        raise ConfigurationError(_ONE_WRITER)
    if name not in _ARGUMENTS:
        msg = f"SQLAlchemyStore knows no {name}; it is for PostgreSQL, MariaDB and MySQL"
        raise ConfigurationError(msg)
    if engine.dialect.is_async:
        msg = "SQLAlchemyStore cannot use the engine of an async one; pass a URL, or another engine"
        raise ConfigurationError(msg)
    if isinstance(pool, StaticPool | SingletonThreadPool | AssertionPool):
        msg = (
            f"the engine's {type(pool).__name__} does not give each thread that asks a connection "
            "of its own, so that one would commit what another one does; make it with a QueuePool, "
            "SQLAlchemy's default, or with a NullPool"
        )
        raise ConfigurationError(msg)


#: Why an application and a store do not share an engine of SQLite.
_ONE_WRITER: Final = (
    "SQLAlchemyStore takes no engine of SQLite: a file has one writer, so a transaction of the "
    "application would block its own logins, and in memory each pool has a separate database; set "
    "JWT_STORE_URL to 'sqlite:///jwtpolicy.sqlite3', a file of the store's own, or to 'memory://' "
    "in tests"
)


def _read(url: str | URL) -> URL:
    try:
        read = make_url(url)
    except (ArgumentError, ValueError):
        msg = "the URL of the token store's database cannot be read; write it as in " + _EXAMPLES
        raise ConfigurationError(msg) from None
    driver = DRIVERS.get(read.drivername)
    if driver is None:
        msg = f"SQLAlchemyStore has no driver {read.drivername!r}; write the URL as in {_EXAMPLES}"
        raise ConfigurationError(msg)
    if read.get_backend_name() == "sqlite" and read.database in {None, "", ":memory:"}:
        msg = "SQLite in memory is a separate database for each thread; for tests use MemoryStore"
        raise ConfigurationError(msg)
    return read.set(drivername=driver)


def _without_threshold(url: URL) -> tuple[URL, dict[str, int | None]]:
    """Take ``prepare_threshold`` out of the URL, because psycopg would get it as text."""
    text = url.query.get(_THRESHOLD)
    if text is None or url.get_backend_name() != "postgresql":
        return url, {}
    if text != "none" and not (isinstance(text, str) and text.isdecimal()):
        raise ConfigurationError(_refused(url))
    threshold = None if text == "none" else int(text)
    return url.difference_update_query([_THRESHOLD]), {_THRESHOLD: threshold}


_THRESHOLD: Final = "prepare_threshold"
_EXAMPLES: Final = (
    "'postgresql+psycopg://user@host/name', 'mysql+pymysql://user@host/name' or "
    "'sqlite+pysqlite:///file', or pass an engine"
)


def _missing(backend: str) -> str:
    extra = _EXTRAS[backend]
    return f"a token store on {backend} needs a driver: pip install 'jwtpolicy[{extra}]'"


def _refused(url: URL) -> str:
    names = ", ".join(map(repr, sorted(url.query)))
    return (
        f"the URL of the token store's database has the options {names}, and its driver "
        f"{url.get_driver_name()} refuses one of them; each must be one that the driver knows, "
        "with a value that it can read: correct it or leave it out, or pass an engine"
    )


def _try_options(engine: Engine, arguments: dict[str, Any]) -> None:
    """Have the driver parse its connection options, without asking a server."""
    dialect = engine.dialect
    positional, named = dialect.create_connect_args(engine.url)
    # Older versions of SQLAlchemy drop what sqlite3 does not know, unless it is a part of a URI.
    is_whole = dialect.name == "sqlite" and not named.get("uri")
    written: Mapping[str, object] = engine.url.query if is_whole else {}
    _READERS[dialect.name](dialect.loaded_dbapi, *positional, **{**written, **named, **arguments})


def _read_by_psycopg(
    driver: Any, *, context: object = None, prepare_threshold: object = None, **named: Any
) -> None:
    # The context is SQLAlchemy's own, and the threshold psycopg's: nothing for libpq.
    driver.conninfo.make_conninfo(**named)


def _read_by_pymysql(driver: Any, *positional: Any, **named: Any) -> None:
    driver.connect(*positional, **{**named, "defer_connect": True})


def _read_by_sqlite3(driver: Any, path: str, **named: Any) -> None:
    driver.connect(":memory:", **named).close()


_READERS: Final[dict[str, Callable[..., None]]] = {
    "postgresql": _read_by_psycopg,
    "mysql": _read_by_pymysql,
    "mariadb": _read_by_pymysql,
    "sqlite": _read_by_sqlite3,
}


def _without_rollback() -> dict[str, Any]:
    """Return the engine option that spares an idle ROLLBACK, from SQLAlchemy 2.0.43 on."""
    is_known = hasattr(DefaultDialect, "skip_autocommit_rollback") or hasattr(
        DefaultDialect, "detect_autocommit_setting"
    )
    return {"skip_autocommit_rollback": True} if is_known else {}


def _psycopg(timeout: float) -> dict[str, Any]:
    # No `options`: PgBouncer refuses them, and with them everybody who connects through it. What a
    # transaction may wait for is said in the transaction (database.py).
    return {"connect_timeout": max(2, ceil(timeout))}


def transaction_limits(timeout: float) -> str:
    """Return the SQL that sets PostgreSQL's timeouts for one transaction.

    Behind a pooler whatever is said of a connection holds for the next one who gets it.
    """
    milliseconds = max(1, int(timeout * _SERVER_SHARE * 1000))
    settings = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    calls = (f"set_config('{name}', '{milliseconds}', true)" for name in settings)
    return f"SELECT {', '.join(calls)}"


def _pymysql(timeout: float) -> dict[str, Any]:
    # MariaDB reads what stands in `M!`, MySQL what has its own version; neither reads the other's.
    seconds = timeout * _SERVER_SHARE
    limits = (
        f"SET SESSION innodb_lock_wait_timeout = {max(1, int(seconds))}"
        f" /*M!100101 , max_statement_time = {seconds:.3f} */"
        f" /*!50708 , max_execution_time = {max(1, int(seconds * 1000))} */"
    )
    return {
        "connect_timeout": timeout,
        "read_timeout": timeout,
        "write_timeout": timeout,
        "charset": "utf8mb4",
        "init_command": limits,
    }


def _pysqlite(timeout: float) -> dict[str, Any]:
    return {"timeout": timeout}


_ARGUMENTS: Final = {
    "postgresql": _psycopg,
    "mysql": _pymysql,
    "mariadb": _pymysql,
    "sqlite": _pysqlite,
}


def _psycopg_connect(engine: Engine, timeout: float) -> Callable[..., Any]:
    from .psycopg_waiting import bounded_by, is_pooled

    # Several hosts are one text, with commas.
    _, named = engine.dialect.create_connect_args(engine.url)
    bounded = bounded_by(timeout, str(named.get("host", "")).count(",") + 1)

    def connect(*arguments: Any, **parameters: Any) -> Any:
        connection = bounded.connect(*arguments, **{"autocommit": True, **parameters})
        if "prepare_threshold" not in parameters and is_pooled(connection):
            connection.prepare_threshold = None
        return connection

    return connect


def _pymysql_connect(engine: Engine, timeout: float) -> Callable[..., Any]:
    from .pymysql_waiting import BoundedConnection

    return BoundedConnection


def _dial_with(engine: Engine, timeout: float, connect: Callable[..., Any]) -> None:
    @event.listens_for(engine, "do_connect")
    def do_connect(
        dialect: Any, record: Any, arguments: list[Any], parameters: dict[str, Any]
    ) -> Any:
        return _dialled(dialect, partial(connect, *arguments, **parameters), timeout)


def _dialled(dialect: Any, connect: Callable[[], Any], timeout: float) -> Any:
    try:
        return dial(connect, lambda connection: connection.close(), timeout)
    except TimeoutError as error:
        # As the driver's own, which is an outage.
        raise dialect.loaded_dbapi.OperationalError(str(error)) from error


def _make_private_file(
    dialect: Any, record: Any, arguments: list[Any], parameters: dict[str, Any]
) -> None:
    # SQLite makes files for everybody to read, and no folders. Where one cannot be made, it says
    # so in a moment.
    name: str = arguments[0]
    if parameters.get("uri"):
        name = unquote(urlsplit(name).path)
    if name != ":memory:":
        with suppress(OSError):
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            keep_private(Path(name))
