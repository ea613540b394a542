"""Keep users and notes in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import current_app
from werkzeug.security import generate_password_hash

from jwtpolicy.endpoints import check_password

#: Who can log in at the first start: name, password, roles.
DEMO_USERS = (("ada", "lovelace", "admin"), ("bob", "builder", ""), ("eve", "dropper", ""))

_SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    id INTEGER PRIMARY KEY, name TEXT UNIQUE, password_hash TEXT, roles TEXT
);
CREATE TABLE IF NOT EXISTS notes (
    id INTEGER PRIMARY KEY, owner_id INTEGER REFERENCES users ON DELETE CASCADE, text TEXT
);
"""


@dataclass(frozen=True)
class User:
    """Somebody who can log in."""

    id: int
    name: str
    password_hash: str
    roles: list[str]


@dataclass(frozen=True)
class Note:
    """A text and whose it is."""

    id: int
    owner_id: int
    text: str


class Database:
    """The file, made with *users* at its first use: name, password, roles."""

    def __init__(self, path: Path, users: Iterable[tuple[str, str, str]] = ()) -> None:
        self._path, self._users = path, tuple(users)
        with self._connected() as connection:
            connection.executescript(_SCHEMA)
            if connection.execute("SELECT count(*) FROM users").fetchone()[0] == 0:
                self._add_users(connection)

    def reset(self) -> None:
        """Delete everybody and their notes, and begin again with the users of the first use."""
        with self._connected() as connection:
            connection.execute("DELETE FROM users")
            self._add_users(connection)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path)) as connection, connection:
            connection.execute("PRAGMA foreign_keys = ON")
            yield connection

    def _add_users(self, connection: sqlite3.Connection) -> None:
        for name, password, roles in self._users:
            self._add_user(connection, name, password, roles)

    def _add_user(
        self, connection: sqlite3.Connection, name: str, password: str, roles: str
    ) -> None:
        row = (name, generate_password_hash(password), roles)
        added = connection.execute(
            "INSERT INTO users (name, password_hash, roles) VALUES (?, ?, ?)", row
        )
        note = (added.lastrowid, f"A first note of {name}")
        connection.execute("INSERT INTO notes (owner_id, text) VALUES (?, ?)", note)

    def _one(self, query: str, *values: Any) -> Any:
        with self._connected() as connection:
            try:
                return connection.execute(query, values).fetchone()
            except OverflowError:  # a URL may hold a number that SQLite cannot
                return None

    def user(self, user_id: str) -> User | None:
        """Return the user of this id, or None."""
        return _user(self._one("SELECT * FROM users WHERE id = ?", user_id))

    def authenticate(self, name: str, password: str) -> User | None:
        """Return the user of this name, if the password is theirs."""
        user = _user(self._one("SELECT * FROM users WHERE name = ?", name))
        stored = user.password_hash if user else None
        return user if check_password(stored, password) else None

    def set_password(self, user_id: int, password: str) -> None:
        """Give a user another password."""
        with self._connected() as connection:
            query = "UPDATE users SET password_hash = ? WHERE id = ?"
            connection.execute(query, (generate_password_hash(password), user_id))

    def users(self) -> list[User]:
        """Return everybody."""
        with self._connected() as connection:
            rows = connection.execute("SELECT * FROM users ORDER BY name").fetchall()
        return [user for row in rows if (user := _user(row))]

    def delete_user(self, user_id: int) -> None:
        """Forget a user and their notes."""
        with self._connected() as connection:
            connection.execute("DELETE FROM users WHERE id = ?", (user_id,))

    def note(self, note_id: int) -> Note | None:
        """Return a note, or None."""
        row = self._one("SELECT * FROM notes WHERE id = ?", note_id)
        return row and Note(*row)

    def notes_of(self, owner_id: int) -> list[Note]:
        """Return somebody's notes."""
        with self._connected() as connection:
            query = "SELECT * FROM notes WHERE owner_id = ? ORDER BY id"
            return [Note(*row) for row in connection.execute(query, (owner_id,))]

    def add_note(self, owner_id: int, text: str) -> Note:
        """Keep a new note."""
        with self._connected() as connection:
            query = "INSERT INTO notes (owner_id, text) VALUES (?, ?) RETURNING *"
            return Note(*connection.execute(query, (owner_id, text)).fetchone())

    def delete_note(self, note_id: int) -> None:
        """Forget a note."""
        with self._connected() as connection:
            connection.execute("DELETE FROM notes WHERE id = ?", (note_id,))


def _user(row: Any) -> User | None:
    return row and User(row[0], row[1], row[2], row[3].split())


def database() -> Database:
    """Return the current application's."""
    found: Database = current_app.extensions["database"]
    return found
