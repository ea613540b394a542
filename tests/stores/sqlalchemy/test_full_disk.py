"""What the stores in SQLite files do on a disk that is really full."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jwtpolicy.exceptions import StoreUnavailableError
from jwtpolicy.stores import RotationState, SQLiteStore, TokenStore
from jwtpolicy.stores.sqlalchemy import SQLAlchemyStore
from jwtpolicy.testing.token_store import NOW, SESSION, ref, rotate, standing
from jwtpolicy.tokens.status import TokenStatus


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    if sys.platform != "linux":
        pytest.skip("needs Linux, to mount a disk in memory")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a disk in memory")
    try:
        yield folder
    finally:
        # Lazily: it goes even while a failed test still holds the file.
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(params=["SQLiteStore", "SQLAlchemyStore"])
def store(request: pytest.FixtureRequest, disk: Path) -> Iterator[TokenStore]:
    path = disk / "tokens.sqlite3"
    own = SQLiteStore(path)
    store = own if request.param == "SQLiteStore" else SQLAlchemyStore(f"sqlite:///{path}")
    yield store
    store.close()
    own.close()


def fill(disk: Path) -> Path:
    """Leave no byte of the disk free, and return what to remove for room."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return ballast


def revoke_many(store: TokenStore) -> tuple[list[str], str]:
    """Revoke until it fails, since SQLite may have room left in its own files; return why, too."""
    done: list[str] = []
    try:
        while True:
            store.revoke_token(ref(f"b{len(done)}"), expires_at=None, now=NOW)
            done.append(f"b{len(done)}")
    except StoreUnavailableError as error:
        return done, error.reason


def rotate_many(store: TokenStore) -> str:
    """Rotate until it fails, and return the refresh token that is the current one then."""
    current = 1
    try:
        while True:
            assert rotate(store, f"r{current}", f"r{current + 1}").state is RotationState.ROTATED
            current += 1
    except StoreUnavailableError:
        return f"r{current}"


def test_a_full_disk_refuses_changes_and_forgets_nothing(store: TokenStore, disk: Path) -> None:
    """REV-1: each change is on the disk in full, or it is not there; with room all goes on."""
    store.open_session(SESSION)
    store.revoke_token(ref(), expires_at=None, now=NOW)
    ballast = fill(disk)
    done, reason = revoke_many(store)
    current = rotate_many(store)

    assert "database or disk is full" in reason  # what docs/operate lets an operator look for
    assert {standing(store, token_id=jti) for jti in ["a1", *done]} == {TokenStatus.REVOKED}
    assert standing(store, token_id=f"b{len(done)}") is TokenStatus.GOOD
    ballast.unlink()
    assert rotate(store, current, "new").state is RotationState.ROTATED
    store.revoke_token(ref("c1"), expires_at=None, now=NOW)
    assert standing(store, token_id="c1") is TokenStatus.REVOKED
