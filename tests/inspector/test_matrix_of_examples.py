"""What the matrix tells is what becomes of the real requests: nobody gets in elsewhere, or less."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.examples import SINGLE_FILES, run_example
from tests.support.requests import bearer
from tests.support.terminal import run

PATHS = {
    "owner": ["/notes/1", "/notes/3", "/notes/9", "/notes/2/share"],
    "own_policy": ["/payments/1/approval", "/payments/3/approval", "/payments/9/approval"],
}
#: What the views of the examples change.
TABLES = {"NOTES", "PAYMENTS"}


@pytest.fixture(params=PATHS)
def example(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ModuleType:
    return run_example(SINGLE_FILES[request.param], tmp_path, monkeypatch)


def answered(example: ModuleType, method: str, path: str, user: str | None) -> int:
    """Send the real request, with a token like that of ``--as``; return the status."""
    with example.app.app_context():
        headers = {} if user is None else bearer(example.jwt.issue(user, fresh=False))
    return int(example.app.test_client().open(path, method=method, headers=headers).status_code)


def test_the_matrix_refuses_what_the_real_requests_refuse(example: ModuleType) -> None:
    paths = [word for path in PATHS[example.app.name] for word in ("--path", path)]
    tables = {name: deepcopy(it) for name, it in vars(example).items() if name in TABLES}

    told = json.loads(
        run(example.app, "matrix", "--as", "ada", "--as", "bob", "--json", *paths).out
    )

    assert {name: getattr(example, name) for name in tables} == tables
    # Those of ``auth`` end the sessions of whoever is asked about next.
    rows = [row for row in told["rows"] if not row["endpoint"].startswith("auth.")]
    cells = [(row, cell) for row in rows for cell in row["cells"] if cell["status"]]
    assert {cell["verdict"] for _, cell in cells} >= {"ALLOWED", "REFUSED"}
    for row, cell in cells:
        real = answered(example, row["method"], row["path"], cell["user"])
        expected = {cell["status"]} if cell["verdict"] == "REFUSED" else {200, 204, 400}
        assert real in expected, (row["method"], row["path"], cell)
        for name, before in tables.items():
            getattr(example, name).update(deepcopy(before))
