"""Say what came of a small source that was migrated."""

from __future__ import annotations

import ast
from dataclasses import dataclass

NAMES = (
    "JWTManager, create_access_token, create_refresh_token, current_user, decode_token, "
    "get_csrf_token, get_current_user, get_jti, get_jwt, get_jwt_header, get_jwt_identity, "
    "get_jwt_request_location, get_unverified_jwt_headers, jwt_required, set_access_cookies, "
    "set_refresh_cookies, unset_access_cookies, unset_jwt_cookies, unset_refresh_cookies, "
    "verify_jwt_in_request"
)

#: What stands above the code of most tests; it has six lines.
PRELUDE = f"""\
import os
from flask import Flask
from flask_jwt_extended import {NAMES}
app = Flask(__name__)
app.config["JWT_SECRET_KEY"] = os.environ["KEY"]
jwt = JWTManager(app)
"""


@dataclass(frozen=True)
class Outcome:
    """What became of an application.

    Attributes:
        codes: The new contents, by name.
        hindrances: What has to be written first, by name: lines, and texts.
        reminders: What a person should know, by name.
    """

    codes: dict[str, str]
    hindrances: dict[str, list[tuple[int, str]]]
    reminders: dict[str, list[tuple[int, str]]]

    @property
    def code(self) -> str:
        """The only file."""
        (code,) = self.codes.values()
        ast.parse(code)
        return code

    @property
    def body(self) -> str:
        """The code below the prelude."""
        assert self.hindrances == {}
        return self.code.partition("jwt = JWTManager(app)\n")[2]

    @property
    def imports(self) -> list[str]:
        """The lines that import."""
        return [line for line in self.code.splitlines() if line.startswith(("from ", "import "))]

    def hindered(self, name: str = "app.py") -> list[tuple[int, str]]:
        """The hindrances, with the lines counted below the prelude."""
        return [(line - 6, text) for line, text in self.hindrances.get(name, [])]

    def reminded(self, name: str = "app.py") -> str:
        """The reminders as text."""
        return "\n".join(f"{line}: {text}" for line, text in self.reminders.get(name, []))
