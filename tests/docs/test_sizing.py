"""The page "Sizing" says what was measured, what follows from it, and nothing else."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from benchmarks.load.pages import short, write_pages
from jwtpolicy.stores.sqlalchemy import PREFIX, SQLAlchemyStore, metadata
from jwtpolicy.testing.token_store import TokenStoreContract
from tests.support.paths import DOCS
from tests.support.stores.sqlalchemy import delete_rows, make_server

SIZING = DOCS / "sizing"
PAGE = (DOCS / "explanation" / "sizing.rst").read_text(encoding="utf-8")
RECIPE = (DOCS / "explanation" / "partitions.sql").read_text(encoding="utf-8")

#: What the page says in digits: a percentile, the number of tags, microseconds in a second, the
#: pruning of SQLAlchemyStore, and the ones of the formulas.
SAID = {"99", "4096", "10", "500", "256", "1"}


@pytest.fixture(scope="module")
def measured() -> Callable[[str, str], float]:
    """Return what finds a figure of the largest size in the CSV file."""
    with (SIZING / "figures.csv").open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: int(row["size"]))
    found = {(row["store"], row["what"]): float(row["value"]) for row in rows}
    return lambda store, what: found[store, what]


@pytest.fixture(scope="module")
def numbers() -> dict[str, str]:
    text = (SIZING / "numbers.inc.rst").read_text(encoding="utf-8")
    return dict(re.findall(r"^\.\. \|(\w+)\| replace:: (.*)$", text, re.MULTILINE))


def table(name: str) -> dict[str, list[str]]:
    """Return a table's rows, by their first cells."""
    text = (SIZING / f"{name}.inc.rst").read_text(encoding="utf-8")
    rows = [re.findall(r"- (.+)", row) for row in text.split("   * ")[1:]]
    return {row[0]: row[1:] for row in rows}


def test_tables_are_made_of_the_figures_and_not_edited(tmp_path: Path) -> None:
    for name in ("figures.csv", "setup.csv"):
        (tmp_path / name).write_bytes((SIZING / name).read_bytes())

    write_pages(tmp_path)

    made = {page.name: page.read_text("utf-8") for page in tmp_path.glob("*.rst")}
    assert made == {page.name: page.read_text("utf-8") for page in SIZING.glob("*.rst")}
    assert len(made) == 7


def test_a_load_is_sessions_divided_by_what_the_page_says() -> None:
    rows = table("reckoning")

    for n, sessions in enumerate((10**6, 10**7, 10**8)):
        assert rows["checks/s"][n] == short(sessions * 0.1 / 10)
        assert rows["rotations/s"][n] == short(sessions * 0.1 / 900)
        assert rows["rotations/s, all sessions in use"][n] == short(sessions / 900)
        assert rows["logins/s, and rows to prune"][n] == short(sessions / (90 * 24 * 3600))


def test_memory_and_disk_follow_from_the_weight_of_a_session(
    measured: Callable[[str, str], float],
) -> None:
    rows, pair = table("reckoning"), measured("pair", "kept_bytes")

    for n, sessions in enumerate((10**6, 10**7, 10**8)):
        kept = sessions * 0.1 / 900 * 10 * pair
        memory = (sessions * measured("redis", "session_bytes") + kept) / 1e9
        disk = sessions * measured("postgresql-partitioned", "session_bytes") + kept
        assert rows["Redis: gigabytes of memory"][n] == short(memory)
        assert rows["Redis: servers, for the memory"][n] == str(math.ceil(memory / 32))
        assert rows["PostgreSQL, partitioned: gigabytes on the disk"][n] == short(disk * 1.2 / 1e9)


@pytest.mark.parametrize(
    ("store", "row"),
    [
        ("postgresql", "PostgreSQL: cores"),
        ("postgresql-partitioned", "PostgreSQL, partitioned: cores"),
    ],
)
def test_cores_follow_from_the_processor_time(
    store: str, row: str, measured: Callable[[str, str], float]
) -> None:
    for n, sessions in enumerate((10**6, 10**7, 10**8)):
        checks = sessions / 100 * measured(store, "check_4_server_us")
        rotations = sessions / 9000 * measured(store, "rotate_4_server_us")

        assert table("reckoning")[row][n] == short((checks + rotations) / 1e6 * 2)


def test_redis_servers_are_as_many_as_memory_and_work_take(
    measured: Callable[[str, str], float], numbers: dict[str, str]
) -> None:
    rows = table("reckoning")
    check, rotate = (measured("redis", f"{what}_4_server_us") for what in ("check", "rotate"))

    for n, sessions in enumerate((10**6, 10**7, 10**8)):
        work = math.ceil((sessions / 100 * check + sessions / 9000 * rotate) / 1e6 * 2)
        memory = int(rows["Redis: servers, for the memory"][n])
        assert rows["Redis: servers, for the work too"][n] == str(max(work, memory))
    assert numbers["redis_nodes"] == rows["Redis: servers, for the work too"][-1]
    assert numbers["redis_node_checks"] == short(1e6 / check / 2)


def test_what_one_database_takes_follows_from_its_cores(
    measured: Callable[[str, str], float], numbers: dict[str, str]
) -> None:
    assert numbers["plain_checks"] == short(32e6 / measured("postgresql", "check_4_server_us"))
    asking = 1e6 * measured("redis", "check_1_client_us") / 1e6 * 2
    last = table("reckoning")["cores of the application, for asking Redis"][-1]
    assert last == short(asking)


def test_what_caches_spare_follows_from_their_formulas(numbers: dict[str, str]) -> None:
    for processes, (by_time, near) in table("caches").items():
        if processes != "processes":
            p = int(processes)
            spared = 5 / (10 * p) / (1 + 5 / (10 * p))
            assert by_time == f"{spared:.1%}"
            assert near == f"{1 - p * (1 - math.exp(-90 / p)) / 90:.1%}"
    assert numbers["answer_checks"] == short(16_384 / 5)
    assert numbers["near_tokens"] == short(100_000 / 3)


def test_the_prose_has_no_numbers_of_its_own(numbers: dict[str, str]) -> None:
    named = set(re.findall(r"\|(\w+)\|", PAGE))
    prose = re.sub(r"\|\w+\||^\.\. .*$|:\w+:`[^`]*`", "", PAGE, flags=re.MULTILINE)

    assert named == set(numbers)
    assert set(re.findall(r"\d+", prose)) == SAID


def test_the_sums_of_the_partitions_are_right(numbers: dict[str, str]) -> None:
    (last,) = re.findall(r"FOR n IN 0\.\.(\d+) LOOP", RECIPE)

    assert int(numbers["partitions"]) == int(last) + 1
    assert f"MODULUS {numbers['partitions']}," in RECIPE
    assert numbers["partition_rows"] == short(1e8 / int(numbers["partitions"]))


@pytest.fixture(scope="module")
def partitioned() -> Iterator[SQLAlchemyStore]:
    server = make_server("postgres")
    engine = create_engine(server.url)
    with engine.begin() as connection:
        connection.exec_driver_sql(RECIPE)
    store = SQLAlchemyStore(server.url, timeout=30, create_tables=False)
    yield store
    store.close()
    engine.dispose()
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
