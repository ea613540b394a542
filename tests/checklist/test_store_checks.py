"""The checks of the store: who shares it, where its file is, its answer and its clock."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from flask import Flask

from jwtpolicy.checklist import file_systems
from jwtpolicy.exceptions import StoreUnavailableError
from jwtpolicy.stores import MemoryStore, SQLAlchemyStore, SQLiteStore
from tests.support.checklists import MakeShop, verdict
from tests.support.clocks import StandingClock
from tests.support.keys import PUBLIC_PEM

UNGUARDED_BY_STORE: dict[str, Any] = {"manager": {"baseline": None}, "JWT_STORE_URL": "none"}


class Own(SQLiteStore):
    """A store of an application's own: as a server would, it has a clock and no file.

    Attributes:
        told: What it says that time is it.
    """

    is_shared: ClassVar[bool] = True
    told: float | None = None

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.path = str(path)  # type: ignore[assignment] # the check asks for a file of ours

    def server_time(self) -> float | None:
        return self.told


class Alone(Own):
    """A store that each process has for itself."""

    is_shared: ClassVar[bool] = False


@pytest.fixture
def own(tmp_path: Path) -> Own:
    return Own(tmp_path / "own.sqlite3")


def test_a_file_is_shared_by_all_workers(make_shop: MakeShop) -> None:
    assert verdict(make_shop(), "store").startswith("ok: SQLiteStore(")


@pytest.mark.parametrize("seconds", [0, 2])
def test_memory_is_not_shared_and_a_cache_does_not_hide_it(
    make_shop: MakeShop, seconds: int
) -> None:
    app = make_shop(JWT_STORE_URL="memory://", JWT_STORE_CACHE_SECONDS=seconds)

    assert verdict(app, "store").startswith("failure: sessions and revocations are in the memory")


def test_a_store_of_ones_own_says_whether_it_is_shared(
    make_shop: MakeShop, own: Own, tmp_path: Path
) -> None:
    alone = make_shop(manager={"store": Alone(tmp_path / "alone.sqlite3")})

    assert verdict(make_shop(manager={"store": own}), "store").startswith("ok")
    assert "is not shared" in verdict(alone, "store")


def test_who_issues_without_a_store_is_warned(make_shop: MakeShop) -> None:
    found = verdict(make_shop(**UNGUARDED_BY_STORE), "store")

    assert found.startswith("warning: there is no token store: sessions cannot be ended")


def test_who_only_verifies_needs_no_store(make_shop: MakeShop) -> None:
    public = {"JWT_SECRET_KEY": None, "JWT_ALGORITHM": "ES256", "JWT_PUBLIC_KEY": PUBLIC_PEM}
    app = make_shop(manager={"baseline": None}, **public)

    assert verdict(app, "store") == (
        "ok: there is no token store: this service verifies tokens and issues none"
    )


def test_what_the_bridge_asks_is_the_applications_own(make_bridge: MakeShop) -> None:
    assert verdict(make_bridge(), "store").startswith("cannot tell: only the bridge")


@pytest.mark.parametrize("name", ["store-file", "store-answers", "clocks"])
def test_without_a_store_there_is_nothing_to_ask(make_shop: MakeShop, name: str) -> None:
    assert verdict(make_shop(**UNGUARDED_BY_STORE), name).startswith("ok: there is no")


#: Mounts as Linux lists them; the last one hides the one before.
TABLE = """\
1 0 8:1 / / rw - {} /dev/sda1 rw
no mount
2 1 8:2 / /elsewhere rw shared:1 - nfs4 server:/ rw
3 1 8:3 / {}/my\\040data rw - tmpfs tmpfs rw
4 1 8:3 / {}/my\\040data rw - ext4 /dev/sdb1 rw
"""


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return what gives ``/`` a type of file system."""

    def mount(kind: str) -> None:
        table = tmp_path / "mountinfo"
        table.write_text(TABLE.format(kind, tmp_path, tmp_path), encoding="utf-8")
        monkeypatch.setattr(file_systems, "MOUNTS", table)

    return mount


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("ext4", "ok: "),
        ("overlay", "warning: "),
        ("tmpfs", "warning: "),
        ("nfs", "failure: "),
        ("cifs", "failure: "),
    ],
)
def test_a_file_is_as_lasting_as_its_file_system(
    make_shop: MakeShop, mounted: Callable[[str], None], tmp_path: Path, kind: str, found: str
) -> None:
    mounted(kind)

    assert verdict(make_shop(JWT_STORE_URL=f"sqlite:///{tmp_path}/s"), "store-file").startswith(
        found
    )


def test_a_volume_in_a_container_lasts(
    make_shop: MakeShop, mounted: Callable[[str], None], tmp_path: Path
) -> None:
    mounted("overlay")
    app = make_shop(JWT_STORE_URL=f"sqlite:///{tmp_path}/my data/s.sqlite3")

    assert verdict(app, "store-file").endswith("is on ext4")


def test_whether_the_default_file_is_the_only_one_cannot_be_told(
    make_shop: MakeShop, mounted: Callable[[str], None]
) -> None:
    mounted("ext4")

    assert "is the default file, on ext4" in verdict(make_shop(), "store-file")


def test_without_a_table_of_mounts_nothing_is_known(
    make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_systems, "MOUNTS", Path("/nowhere/at/all"))

    assert verdict(make_shop(), "store-file").startswith("cannot tell: the file system")


def test_a_table_that_lists_no_mount_tells_nothing(
    make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    empty = tmp_path / "mountinfo"
    empty.touch()
    monkeypatch.setattr(file_systems, "MOUNTS", empty)

    assert verdict(make_shop(), "store-file").startswith("cannot tell: the file system")


def test_a_store_of_ones_own_is_no_file_of_ours(make_shop: MakeShop, own: Own) -> None:
    found = verdict(make_shop(manager={"store": own}), "store-file")

    assert found == "ok: it is no file of this library"


def test_a_file_that_sqlalchemy_opens_is_not_known(make_shop: MakeShop, tmp_path: Path) -> None:
    app = make_shop(JWT_STORE_URL=f"sqlite+pysqlite:///{tmp_path}/s.sqlite3")

    assert verdict(app, "store-file").startswith("cannot tell: the store is a file of SQLite")


def test_the_store_is_really_asked(make_shop: MakeShop, tmp_path: Path) -> None:
    assert verdict(make_shop(), "store-answers") == "ok: it answered in time"
    assert (tmp_path / "jwtpolicy.sqlite3").exists()


def test_a_store_that_cannot_be_asked_is_a_failure(make_shop: MakeShop, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    app = make_shop(JWT_STORE_URL=f"sqlite:///{tmp_path}/file/s.sqlite3")

    assert verdict(app, "store-answers").startswith("failure: the SQLite token store")


def test_a_store_on_this_machine_goes_by_its_clock(make_shop: MakeShop) -> None:
    assert verdict(make_shop(), "clocks").startswith("ok: the store is on this machine")
    memory = make_shop(manager={"store": MemoryStore()})
    assert verdict(memory, "clocks").startswith("ok: the store is on this machine")


@pytest.mark.parametrize(
    ("apart", "found"),
    [
        (None, "cannot tell: the store has no clock"),
        (0, "ok: they are less than 5 seconds apart"),
        (5, "ok"),
        (-6, "ok"),
        (60, "warning: the store's clock and this machine's are 60 seconds apart, and 5 are"),
        (-61, "warning: the store's clock and this machine's are 60 seconds apart, and 5 are"),
    ],
)
def test_the_clocks_are_compared_and_what_is_forgiven_is_left_out(
    make_shop: MakeShop, own: Own, clock: StandingClock, apart: float | None, found: str
) -> None:
    own.told = None if apart is None else clock() + apart

    app = make_shop(manager={"store": own, "clock": clock})

    assert verdict(app, "clocks").startswith(found)


def test_where_nothing_is_forgiven_the_clocks_agree(
    make_shop: MakeShop, own: Own, clock: StandingClock
) -> None:
    own.told = clock()
    app = make_shop(manager={"store": own, "clock": clock}, JWT_CLOCK_SKEW=0)

    assert verdict(app, "clocks") == "ok: they agree"


def test_a_database_is_asked_for_its_clock(make_shop: MakeShop, tmp_path: Path) -> None:
    store = SQLAlchemyStore(f"sqlite+pysqlite:///{tmp_path}/s.sqlite3")

    assert verdict(make_shop(manager={"store": store}), "clocks").startswith("ok: they are less")


class Failing(Own):
    """A store that is there for one question and not for the next."""

    def server_time(self) -> float | None:
        raise StoreUnavailableError("the line is dead")


def test_a_clock_that_cannot_be_asked_is_no_failure(make_shop: MakeShop, tmp_path: Path) -> None:
    app: Flask = make_shop(manager={"store": Failing(tmp_path / "failing.sqlite3")})

    assert verdict(app, "clocks") == "cannot tell: the line is dead"
