"""Checked by mypy and pyright, never run: a view that says what it is about knows its type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar, assert_type

from flask import Flask

from jwtpolicy import Owns, ProtectedView


@dataclass
class Note:
    """What an application's views are about."""

    text: str


def found(note_id: int) -> Note | None:
    """Return a note."""
    return Note("a") if note_id else None


class OneNote(ProtectedView[Note]):
    """Load with the parameters of the URL."""

    policies = Owns("owner_id")

    def load_resource(self, note_id: int) -> Note | None:
        """Return the note, or None."""
        return found(note_id)

    def get(self, note_id: int) -> str:
        """Have a note, without a cast."""
        assert_type(self.resource, Note)
        return self.resource.text


class AsyncNote(ProtectedView[Note]):
    """Load without blocking."""

    async def load_resource(self, note_id: int) -> Note | None:
        """Return the note, or None."""
        return found(note_id)


class SharedLoader(ProtectedView[Note]):
    """Load with a function."""

    load_resource = staticmethod(found)


class AnyParameters(ProtectedView[Note]):
    """Load with whatever the URL says."""

    def load_resource(self, **view_args: Any) -> Note:
        """Return the note."""
        return Note(str(view_args))


Item = TypeVar("Item")


class Listed(ProtectedView[Item], Generic[Item]):
    """Leave to subclasses what it is about."""

    def get(self) -> list[Item]:
        """Return it."""
        return [self.resource]


class ListedNote(Listed[Note]):
    """Say it."""

    def load_resource(self) -> Note:
        """Return the note."""
        return Note("a")


assert_type(ListedNote().get(), list[Note])
Flask(__name__).add_url_rule("/notes/<int:note_id>", view_func=OneNote.as_view("note"))


class Plain(ProtectedView):
    """Say nothing, and be left alone: `resource` is Any."""

    policies = (Owns("owner_id"),)

    def load_resource(self, note_id: int) -> Note | None:
        """Return the note, or None."""
        return found(note_id)

    def get(self, note_id: int) -> str:
        """Have anything."""
        assert_type(self.resource, Any)
        return str(self.resource.text)


class PlainAsync(ProtectedView):
    """Load anything, in any way."""

    async def load_resource(self, note_id: int) -> Note:
        """Return the note."""
        return Note(str(note_id))


class Loading:
    """Load for several views."""

    def load_resource(self, note_id: int) -> Note | None:
        """Return the note, or None."""
        return found(note_id)


class Mixed(Loading, ProtectedView):
    """Inherit the loader."""


class MixedNote(Loading, ProtectedView[Note]):
    """Inherit one that fits."""


views: list[type[ProtectedView]] = [OneNote, Plain, Mixed]
about_notes: list[type[ProtectedView[Note]]] = [OneNote, Plain, MixedNote]


class Wrong(ProtectedView[Note]):
    """Load something else."""

    def load_resource(self, note_id: int) -> str:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return no note."""
        return str(note_id)


class WrongAsync(ProtectedView[Note]):
    """Load something else in time."""

    async def load_resource(self) -> str:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return no note."""
        return ""


class WrongUse(OneNote):
    """Read what notes do not have."""

    def get(self, note_id: int) -> str:
        """Misspell it."""
        return self.resource.txt  # type: ignore[attr-defined,no-any-return]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]
