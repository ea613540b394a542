"""A request goes where the picture of the page "Architecture" says."""

from __future__ import annotations

import secrets
import sys
import tomllib
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from types import FrameType

from flask import Flask

import jwtpolicy
from jwtpolicy import HasRole, JWTManager, protect
from tests.support.paths import DOCS

PACKAGE = Path(jwtpolicy.__file__).parent
MAP = DOCS / "layers.toml"
#: The parts in which it stops. The last stop is the view itself, which no call tells.
STOPS = [stop["part"] for stop in tomllib.loads(MAP.read_text(encoding="utf-8"))["request"]][:-1]

#: Parts that it passes without stopping: what stands at hand everywhere.
PASSED = {"clock", "decision", "exceptions", "markers", "proxies", "signals"}


def parts_of_a_request() -> Iterator[str]:
    """Yield the part of each call into the package while a guarded view is requested."""
    app = Flask(__name__)
    app.config.update(JWT_SECRET_KEY=secrets.token_urlsafe(48), TESTING=True)
    jwt = JWTManager(app)
    app.get("/")(protect(HasRole("admin"))(lambda: "in"))
    with app.app_context():
        token = jwt.login("ada", claims={"roles": ["admin"]}).access_token
    client, headers = app.test_client(), {"Authorization": f"Bearer {token}"}
    client.get("/", headers=headers)  # binds the application
    files: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            files.append(frame.f_code.co_filename)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        response = client.get("/", headers=headers)
    finally:
        sys.setprofile(before)
    assert response.text == "in"
    inside = (Path(file) for file in files if file.startswith(f"{PACKAGE}/"))
    yield from (file.relative_to(PACKAGE).parts[0].removesuffix(".py") for file in inside)


def test_a_request_stops_in_the_order_of_the_picture() -> None:
    on_its_way = iter([part for part, _ in groupby(parts_of_a_request())])

    assert [stop for stop in STOPS if stop in on_its_way] == STOPS


def test_a_request_stops_nowhere_else() -> None:
    assert set(parts_of_a_request()) - PASSED == set(STOPS)
