"""Name what can be measured, and import it when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from .places import Place

_CLASSES: Final = {
    "memory": "places.MemoryPlace",
    "sqlite": "places.SQLitePlace",
    "sqlalchemy-sqlite": "databases.SQLitePlace",
    "postgresql": "databases.PostgresPlace",
    "postgresql-partitioned": "databases.PartitionedPostgresPlace",
    "mariadb": "databases.MariaDBPlace",
    "redis": "redis_places.RedisPlace",
    "valkey": "redis_places.ValkeyPlace",
}

#: In the order of the tables.
NAMES: Final = tuple(_CLASSES)

#: How readers know them.
TITLES: Final = {
    "memory": "``MemoryStore``",
    "sqlite": "``SQLiteStore``",
    "sqlalchemy-sqlite": "``SQLAlchemyStore``, SQLite",
    "postgresql": "``SQLAlchemyStore``, PostgreSQL",
    "postgresql-partitioned": "``SQLAlchemyStore``, PostgreSQL, partitioned",
    "mariadb": "``SQLAlchemyStore``, MariaDB",
    "redis": "``RedisStore``, Redis",
    "valkey": "``RedisStore``, Valkey",
}


def place_class(name: str) -> type[Place]:
    """Return what makes the place of a name.

    Raises:
        LookupError: A library is missing.
    """
    module, _, attribute = _CLASSES[name].partition(".")
    try:
        found: type[Place] = getattr(import_module(f".{module}", __package__), attribute)
    except ImportError as error:
        msg = f"{error.name} is not installed"
        raise LookupError(msg) from error
    return found
