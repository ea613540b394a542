"""Who makes the tables, and which tables are refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, NullPool, create_engine, inspect, text

from jwtpolicy.exceptions import StoreUnavailableError
from jwtpolicy.stores.sqlalchemy import SCHEMA_VERSION, SQLAlchemyStore, ddl, metadata
from jwtpolicy.testing.token_store import NOW, SESSION, standing
from jwtpolicy.tokens.status import TokenStatus

#: What the documentation says to write into ``env.py``.
ENVIRONMENT = """
from alembic import context
from sqlalchemy import Column, Integer, MetaData, Table, create_engine
from jwtpolicy.stores.sqlalchemy import metadata

application = MetaData()
Table("note", application, Column("id", Integer, primary_key=True))

def include_object(thing, name, type_, reflected, compare_to):
    return {with_ours} or type_ != "table" or not name.startswith("jwtpolicy_")

engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    context.configure(
        connection,
        target_metadata=[application, metadata] if {with_ours} else application,
        include_object=include_object,
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
"""
TEMPLATE = """
revision = ${{repr(up_revision)}}
down_revision = ${{repr(down_revision)}}
from alembic import op
import sqlalchemy as sa
${{imports or ""}}

def upgrade():
    ${{upgrades or "pass"}}

def downgrade():
    ${{downgrades or "pass"}}
""".replace("{{", "{").replace("}}", "}")


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    with create_engine(url, poolclass=NullPool).begin() as connection:
        yield connection


@pytest.fixture
def bare(url: str) -> Iterator[str]:
    """A database without the tables."""
    with connected(url) as connection:
        metadata.drop_all(connection)
    yield url
    with connected(url) as connection:
        metadata.drop_all(connection)


def works(store: SQLAlchemyStore) -> bool:
    """Whether a session can be opened, ended and seen."""
    store.open_session(SESSION)
    store.revoke_session("", "s1", now=NOW)
    found = standing(store)
    store.close()
    return found is TokenStatus.REVOKED


def test_mariadb_has_a_name_of_its_own_and_mysqls_tables() -> None:
    assert ddl("mariadb") == ddl("mysql") != ddl("postgresql")


def test_what_ddl_prints_is_all_that_it_takes(bare: str) -> None:
    dialect = bare.partition("+")[0]
    with connected(bare) as connection:
        for statement in ddl(dialect).split(";\n"):
            if statement:
                connection.execute(text(statement))

    assert works(SQLAlchemyStore(bare, create_tables=False))


def test_missing_tables_are_not_made_where_that_is_not_wanted(bare: str) -> None:
    store = SQLAlchemyStore(bare, create_tables=False)
    with pytest.raises(StoreUnavailableError, match="flask jwtpolicy ddl"):
        standing(store)
    store.close()

    assert works(SQLAlchemyStore(bare))


def test_what_somebody_began_is_finished(bare: str) -> None:
    """He was killed between two tables, or between a table and its index."""
    with connected(bare) as connection:
        for table in metadata.sorted_tables:
            if table.name == "jwtpolicy_token":
                table.create(connection)
                next(iter(table.indexes)).drop(connection)

    assert works(SQLAlchemyStore(bare))
    with connected(bare) as connection:
        assert inspect(connection).has_index("jwtpolicy_token", "jwtpolicy_token_by_expiry")


def test_tables_of_another_version_are_refused(bare: str) -> None:
    assert works(SQLAlchemyStore(bare))
    with connected(bare) as connection:
        connection.execute(text("UPDATE jwtpolicy_schema SET version = version + 1"))
    newer = SQLAlchemyStore(bare)
    with pytest.raises(StoreUnavailableError, match=rf"version {SCHEMA_VERSION + 1}, and not"):
        standing(newer)
    with connected(bare) as connection:
        connection.execute(text("UPDATE jwtpolicy_schema SET version = version - 1"))

    assert standing(newer) is TokenStatus.REVOKED
    newer.close()


def test_tables_that_vanish_are_made_again(bare: str) -> None:
    store = SQLAlchemyStore(bare)
    assert standing(store) is TokenStatus.GOOD
    with connected(bare) as connection:
        metadata.drop_all(connection)
    with pytest.raises(StoreUnavailableError):
        standing(store)

    assert works(store)


@pytest.mark.parametrize("url", ["sqlite", "postgres"], indirect=True)
def test_tables_that_cannot_be_made_are_503_until_they_can(bare: str) -> None:
    with connected(bare) as connection:
        connection.execute(text("CREATE TABLE jwtpolicy_token (other INTEGER)"))
    store = SQLAlchemyStore(bare)
    with pytest.raises(StoreUnavailableError, match="expires_at"):
        standing(store)
    with connected(bare) as connection:
        assert inspect(connection).get_table_names() == ["jwtpolicy_token"]
        connection.execute(text("DROP TABLE jwtpolicy_token"))

    assert works(store)


@pytest.fixture
def alembic(tmp_path: Path) -> Config:
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    (folder / "script.py.mako").write_text(TEMPLATE)
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    return config


def migrated(config: Config, url: str, *, with_ours: bool) -> list[str]:
    """Let Alembic write migrations and run them, and return what it wrote the second time."""
    folder = Path(config.get_main_option("script_location") or "")
    (folder / "env.py").write_text(ENVIRONMENT.replace("{with_ours}", str(with_ours)))
    config.set_main_option("sqlalchemy.url", url)
    for message in ("first", "second"):
        command.revision(config, message, autogenerate=True)
        command.upgrade(config, "head")
    (second,) = (folder / "versions").glob("*_second.py")
    return [line for line in second.read_text().splitlines() if "op." in line]


@pytest.mark.parametrize("url", ["sqlite", "postgres", "mysql"], indirect=True)
def test_alembic_makes_the_tables_and_finds_them_right(bare: str, alembic: Config) -> None:
    assert migrated(alembic, bare, with_ours=True) == []
    store = SQLAlchemyStore(bare, create_tables=False)

    assert works(store)
    forget_application(bare)


@pytest.mark.parametrize("url", ["sqlite", "postgres", "mysql"], indirect=True)
def test_alembic_leaves_tables_alone_that_are_none_of_its_own(bare: str, alembic: Config) -> None:
    store = SQLAlchemyStore(bare)
    assert works(store)

    assert migrated(alembic, bare, with_ours=False) == []
    assert standing(store) is TokenStatus.REVOKED
    store.close()
    forget_application(bare)


def forget_application(url: str) -> None:
    with connected(url) as connection:
        for table in ("note", "alembic_version"):
            connection.execute(text(f"DROP TABLE {table}"))
