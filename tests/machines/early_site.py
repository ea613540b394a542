"""The application, after it has used its store: what it then has open comes through a fork."""

from __future__ import annotations

from tests.machines.site import app
from tests.support.requests import bearer

with app.test_client() as client:
    pair = client.post("/login/early").get_json()
    assert client.get("/", headers=bearer(pair["access_token"])).status_code == 200
