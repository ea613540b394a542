"""The page "Sizing" says what was measured, what follows from it, and nothing else."""

from __future__ import annotations

import csv
import doctest
import math
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import NullPool, create_engine, inspect

from benchmarks.load import sample
from benchmarks.load.figures import short
from jwtpolicy import JWTManager
from jwtpolicy.settings import Settings
from jwtpolicy.stores import MemoryStore, Rotation, Step, TokenRef, caching
from jwtpolicy.stores.redis import near_cache
from jwtpolicy.stores.sqlalchemy import PREFIX, SQLAlchemyStore, metadata
from jwtpolicy.testing.token_store import TokenStoreContract
from tests.support.paths import DOCS
from tests.support.stores.sqlalchemy import delete_rows, make_server

PAGE = (DOCS / "operate" / "sizing.rst").read_text(encoding="utf-8")
RECIPE = (DOCS / "operate" / "partitions.sql").read_text(encoding="utf-8")
SETTINGS = Settings.from_mapping({})

with (DOCS / "sizing" / "figures.csv").open(encoding="utf-8", newline="") as _file:
    ROWS = list(csv.reader(_file))
FIGURES = {row[0]: dict(zip(ROWS[0], row, strict=True)) for row in ROWS[1:]}
REDIS = FIGURES["``RedisStore``, Redis"]

sys.path.insert(0, str(DOCS / "_ext"))


@pytest.fixture(scope="module")
def examples() -> dict[str, Any]:
    """Return the names that the page's examples define; `make doctest` compares their output."""
    names: dict[str, Any] = {}
    for example in doctest.DocTestParser().get_examples(PAGE):
        exec(example.source, names)
    return names


def test_the_table_has_the_figures_of_the_largest_size() -> None:
    from sizing import table

    header, *rows = csv.reader(table(ROWS).replace("   ", "").splitlines()[4:])

    assert header == [name for name in ROWS[0] if name not in ROWS[0][1:4]]
    assert rows == [[figures[name] or "—" for name in header] for figures in FIGURES.values()]


def test_the_picture_has_a_line_for_each_store_and_is_logarithmic() -> None:
    from sizing import picture

    svg = picture([["store", "µs among 20", "µs among 40"], ["a ``<b>``", "1", "10"]])

    assert "M44 285L336 15M" in svg
    assert "a &lt;b&gt;</text>" in svg
    assert picture(ROWS).count("stroke-width") == 2 * len(FIGURES)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("redis", "``RedisStore``, Redis"),
        ("postgresql", "``SQLAlchemyStore``, PostgreSQL"),
        ("partitioned", "``SQLAlchemyStore``, PostgreSQL, partitioned"),
    ],
)
def test_the_examples_reckon_with_the_figures_of_the_table(
    name: str, title: str, examples: dict[str, Any]
) -> None:
    columns = ("server µs: look-up", "server µs: rotation", "bytes: session")

    assert [short(value) for value in examples[name].values()] == [
        FIGURES[title][column] for column in columns
    ]


@pytest.mark.parametrize("sessions", [10**6, 10**7, 10**8])
def test_the_answer_at_the_top_is_what_the_examples_reckon(
    sessions: int, examples: dict[str, Any]
) -> None:
    table = PAGE.partition("What was measured\n")[0]
    stores = [examples[name] for name in ("redis", "postgresql")]
    redis, postgresql = (examples["needs"](sessions, store) for store in stores)
    cells = [f"     - {cores} cores, {size} GB\n" for cores, size in (redis, postgresql)]

    row = f"   * - {sessions // 10**6} million ({short_users(sessions)})\n"
    assert row + "".join(cells) in table


def short_users(sessions: int) -> str:
    """Return how many users have three sessions each, with two digits."""
    users = sessions / 3 / 1e6
    return "330,000" if users < 1 else f"{users:.2g} million"


def test_the_examples_reckon_with_the_defaults_of_the_library(examples: dict[str, Any]) -> None:
    *_, pause, lifetime, grace, _busy = examples["needs"].__defaults__

    assert (lifetime, grace) == (SETTINGS.access_token_expires, SETTINGS.refresh_grace)
    assert examples["spared"].__defaults__ == (pause, lifetime, caching.MAX_SECONDS)


def test_the_prose_says_what_the_table_and_the_code_do(examples: dict[str, Any]) -> None:
    absolute = SETTINGS.session_absolute or 0
    servers = math.ceil(examples["needs"](10**8, examples["redis"])[0])
    for said in (
        f"a look-up on Redis keeps it for {REDIS['µs among 10⁶']} µs, and the server for "
        f"{REDIS['server µs: look-up']} µs",
        f"up to {absolute // 86_400} days after its login",
        f"{SETTINGS.access_token_expires} seconds for an access token",
        f"{short(10**8 / absolute)} among 10⁸",
        f"{servers} for 10⁸ sessions",
        f"{caching._LIMIT:,} answers in a process",
        f"{near_cache._LIMIT:,} values",
    ):
        assert said in " ".join(PAGE.split())


def test_a_rotation_keeps_as_many_bytes_as_the_page_says() -> None:
    kept: list[bytes | None] = []

    class Watched(MemoryStore):
        def rotate(self, ref: TokenRef, step: Step, **rest: Any) -> Rotation:
            kept.append(rest["kept"])
            return super().rotate(ref, step, **rest)

    app = Flask(__name__)
    app.config["JWT_SECRET_KEY"] = "0123456789abcdef" * 4
    manager = JWTManager[str](app, store=Watched())
    with app.app_context():
        manager.refresh(manager.login(sample.subject(0)).refresh_token)

    assert [round(len(pair or b""), -2) for pair in kept] == [len(sample.KEPT)] == [800]


def test_the_sums_of_the_partitions_are_right() -> None:
    (last,) = re.findall(r"FOR n IN 0\.\.(\d+) LOOP", RECIPE)

    count = int(last) + 1
    assert f"MODULUS {count}," in RECIPE
    assert f"With {count} partitions each has {10**8 / count / 1e6:.1f} million rows" in PAGE


@pytest.fixture(scope="module")
def partitioned() -> Iterator[SQLAlchemyStore]:
    server = make_server("postgres")
    try:
        engine = create_engine(server.url, poolclass=NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql(RECIPE)
        store = SQLAlchemyStore(server.url, timeout=30, create_tables=False)
        yield store
        store.close()
    finally:
        server.remove()


class TestPartitionedTables(TokenStoreContract):
    """The recipe's tables keep the contract of all stores."""

    @pytest.fixture
    def store(self, partitioned: SQLAlchemyStore) -> SQLAlchemyStore:
        delete_rows(partitioned._engine())
        return partitioned


def test_partitioned_tables_have_the_columns_and_indexes_of_the_others(
    partitioned: SQLAlchemyStore,
) -> None:
    found = inspect(partitioned._engine())

    for table in metadata.sorted_tables:
        columns = [(column["name"], column["nullable"]) for column in found.get_columns(table.name)]
        assert columns == [(column.name, column.nullable) for column in table.columns]
        indexes = {index["name"] for index in found.get_indexes(table.name)}
        assert indexes == {index.name for index in table.indexes}
    assert f"{PREFIX}session_63" in found.get_table_names()
