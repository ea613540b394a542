"""Start the example: ``python -m examples.notes``.

PORT says where, 5000 is the default; RESET=1 brings the demo users back.
"""

from __future__ import annotations

import os

from flask import Flask

from . import create_app
from .database import DEMO_USERS, database
from .tokens import jwt

CURL_LINES = """\
curl -s -i {url}/notes
TOKEN=$(curl -s -d name=bob -d password=builder {url}/login | cut -d '"' -f 4)
curl -s -i -H "Authorization: Bearer $TOKEN" {url}/notes
curl -s -i -H "Authorization: Bearer $TOKEN" {url}/accounts
curl -s -i -H "Authorization: Bearer $TOKEN" -X DELETE {url}/accounts/2"""


def reset(app: Flask) -> None:
    """End all sessions, and begin again with the demo users and their passwords."""
    with app.app_context():
        for user in database().users():
            jwt.revoke_subject(str(user.id))
        database().reset()


def main() -> None:
    """Say what to try, and serve."""
    port = int(os.environ.get("PORT", "5000"))
    url = f"http://127.0.0.1:{port}"
    app = create_app(DEMO=True)
    if os.environ.get("RESET"):
        reset(app)
    print(f"\nOpen {url} in a browser.\n\nUsers (name, password):")
    for name, password, roles in DEMO_USERS:
        print(f"  {name:6} {password:10} {roles}")
    print("\nRESET=1 at the start brings back who was deleted.")
    print(
        f"\nOr paste these lines into another terminal:\n\n{CURL_LINES.format(url=url)}\n",
        flush=True,
    )
    app.run(port=port, use_reloader=False)


if __name__ == "__main__":
    main()
