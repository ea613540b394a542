"""Keep an application's secret in its instance folder."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from flask import Flask


def kept_secret(app: Flask) -> str:
    """Return a secret that was made at the first start and is readable by its owner alone."""
    path = Path(app.instance_path) / "secret"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text(encoding="utf-8")
