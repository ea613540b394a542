"""What holds of the native code is said, by the first run and by every later one."""

from __future__ import annotations

from typing import Any

import pytest

from jwtpolicy.settings.checks import _ADVICE

REMINDED = [
    ("", "6: sessions and revocations are kept now", None),
    (
        "@jwt_required(refresh=True)\ndef f():\n    return create_access_token(get_jwt_identity())",
        "8: this view takes a refresh token again and again",
        "@jwt_required(refresh=True)\ndef f():\n    return get_jwt_identity()",
    ),
    (
        "@jwt.token_in_blocklist_loader\ndef f(h, d):\n    return d['jti'] in X",
        "8: once jwt.logout()",
        "def f(h, d):\n    return d['jti'] in X",
    ),
    ("unset_jwt_cookies(r)", "7: the session stays open", "r.unset()"),
    (f"JWT_SECRET_KEY = {'x' * 40!r}", "7: JWT_SECRET_KEY is in", "JWT_SECRET_KEY = key"),
    ("JWT_OF_MY_OWN = 1", "7: JWT_OF_MY_OWN means nothing here", "JWT_RESET_TOKEN_EXPIRES = 5"),
    ("JWT_KEYS = 1", "7: JWT_KEYS: this version does not have it", "JWT_REALM = 'x'"),
    *((f"{key} = x", _ADVICE[key], None) for key in sorted(_ADVICE)),
]


@pytest.mark.parametrize(("code", "about", "silent"), REMINDED)
def test_a_reminder_is_repeated_as_long_as_it_holds(
    migrate: Any, migrate_below: Any, code: str, about: str, silent: str | None
) -> None:
    first = migrate_below(code + "\n")
    again = migrate(first.code)

    assert about in first.reminded(), first.reminded()
    assert (again.code, again.reminders) == (first.code, first.reminders)
    if silent is not None:
        assert about.partition(": ")[2] not in migrate_below(silent + "\n").reminded()


def test_lines_are_those_of_the_rewritten_file(migrate: Any) -> None:
    found = migrate(
        "from flask_jwt_extended import JWTManager\nfrom flask_jwt_extended import get_jwt\n"
        "JWT_SECRET_KEY = key\nx = JWTManager()\n"
    )

    assert [line for line, _ in found.reminders["app.py"]] == [3]
    assert found.code.splitlines()[2] == "x = JWTManager()"
