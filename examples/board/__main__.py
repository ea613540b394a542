"""Start the example: ``python -m examples.board``. PORT says where, 5000 is the default."""

from __future__ import annotations

import os

from . import create_app
from .accounts import USERS


def main() -> None:
    """Say what to try, and serve."""
    port = int(os.environ.get("PORT", "5000"))
    # Browsers send secure cookies to localhost without HTTPS.
    print(f"\nOpen http://localhost:{port} in a browser.\n\nUsers (name, password):")
    for name, password in USERS.items():
        print(f"  {name:6} {password}")
    print(flush=True)
    create_app(DEMO=True).run(port=port, use_reloader=False)


if __name__ == "__main__":
    main()
