"""Read, write and delete notes."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from jwtpolicy import HasRole, Owns, ProtectedView, current_user

from .database import Note, database

blueprint = Blueprint("notes", __name__)


def shown(note: Note) -> dict[str, Any]:
    """Return a note as JSON."""
    return {"id": note.id, "text": note.text}


class Notes(ProtectedView):
    """All of one's own notes; without policies a view asks for an access token."""

    def get(self) -> ResponseReturnValue:
        """List them."""
        return {"notes": [shown(note) for note in database().notes_of(current_user.id)]}

    def post(self) -> ResponseReturnValue:
        """Add one."""
        body = request.get_json(silent=True)
        text = body.get("text") if isinstance(body, dict) else None
        if not isinstance(text, str) or not text.strip():
            abort(400, "send text")
        # JSON may hold half a character, which no database takes: it becomes a question mark.
        kept = text.strip().encode(errors="replace").decode()
        return shown(database().add_note(current_user.id, kept)), 201


class OneNote(ProtectedView[Note]):
    """One note: for its owner; an admin may read it."""

    method_policies = {
        "GET": Owns("owner_id") | HasRole("admin"),
        "DELETE": Owns("owner_id"),
    }

    def load_resource(self, note_id: int) -> Note | None:
        """Return the note that the policies are about."""
        return database().note(note_id)

    def get(self, note_id: int) -> ResponseReturnValue:
        """Show it."""
        return shown(self.resource)

    def delete(self, note_id: int) -> ResponseReturnValue:
        """Delete it."""
        database().delete_note(note_id)
        return "", 204


blueprint.add_url_rule("/notes", view_func=Notes.as_view("notes"))
blueprint.add_url_rule("/notes/<int:note_id>", view_func=OneNote.as_view("note"))
