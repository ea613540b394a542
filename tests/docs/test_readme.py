"""Do what the README says, with its own lines, in an empty folder."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from secrets import token_urlsafe

import pytest
import time_machine
from flask import Flask

from jwtpolicy.cli import jwtpolicy
from tests.services.processes import end, free_port
from tests.support.pages import BLOCKS, README
from tests.support.paths import DOCS, ROOT
from tests.support.waiting import wait_for

sys.path.insert(0, str(DOCS / "_ext"))

import performance  # the folder of Sphinx's extensions is no package


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a wheel of this checkout, built from a copy so that nothing is left behind in it."""
    source = tmp_path_factory.mktemp("source")
    shutil.copytree(ROOT / "jwtpolicy", source / "jwtpolicy")
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE", "pytest_jwtpolicy.py"):
        shutil.copy(ROOT / name, source)
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "-w", str(source), str(source)], check=True, capture_output=True)
    return next(source.glob("*.whl"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """Return an empty folder in which the README's set-up was run.

    `pip install jwtpolicy` installs the wheel of this checkout. The packages that it needs come
    from this environment, through a .pth file, so that nothing is fetched.
    """
    folder = tmp_path_factory.mktemp("readme")
    setup = BLOCKS["setup"].replace("python3 -m venv", f"{sys.executable} -m venv")
    setup = setup.replace("pip install jwtpolicy", f"pip install -q --no-deps {wheel}")
    subprocess.run(["bash", "-euc", setup], cwd=folder, check=True, capture_output=True)
    packages = next((folder / "venv").glob("lib/python*/site-packages"))
    here = next(path for path in sys.path if path.endswith("site-packages"))
    (packages / "borrowed.pth").write_text(f"{here}\n", encoding="utf-8")
    (folder / "app.py").write_text(BLOCKS["app.py"], encoding="utf-8")
    return folder


@pytest.fixture
def port(folder: Path) -> Iterator[int]:
    port = free_port()
    serve = BLOCKS["serve"].replace("flask run", f"exec python -m flask run --port {port}")
    process = subprocess.Popen(
        ["bash", "-euc", f". venv/bin/activate\n{serve}"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port, process)
        yield port
    finally:
        end(process)


@pytest.mark.skipif(
    shutil.which("curl") is None, reason="curl is not installed: apt-get install curl"
)
def test_the_calls_answer_what_is_printed_below_them(folder: Path, port: int) -> None:
    calls = BLOCKS["calls"]
    expected = re.findall(r"^# (.+)$", calls, re.MULTILINE)

    script = calls.replace("127.0.0.1:5000", f"127.0.0.1:{port}")
    done = subprocess.run(
        ["bash", "-euc", script], cwd=folder, check=True, capture_output=True, text=True
    )

    assert done.stdout.splitlines() == expected
    assert [line for line in expected if line.isdigit()] == ["401", "200", "403", "204", "401"]


def test_the_application_fits_on_a_screen_and_contains_the_first_one() -> None:
    parts = BLOCKS["first-screen"].split("\n\n\n")

    assert len(BLOCKS["app.py"].splitlines()) <= 40
    assert [part for part in parts if part not in BLOCKS["app.py"]] == []
    assert len(parts) == 2


@pytest.fixture
def app(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Return the README's application, in this process."""
    for name in ("JWT_SECRET_KEY", "ADA_PASSWORD", "BOB_PASSWORD"):
        monkeypatch.setenv(name, token_urlsafe(48))
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "app", raising=False)
    app: Flask = importlib.import_module("app").app
    monkeypatch.delitem(sys.modules, "app")
    return app


def test_the_listed_routes_are_those_of_the_command(app: Flask) -> None:
    listed = app.test_cli_runner().invoke(jwtpolicy, ["routes"]).output
    lines = [" ".join(line.split()) for line in listed.splitlines()]
    header, *rows = [" ".join(line.split()) for line in BLOCKS["routes"].splitlines()]

    assert f"{header} NOTES" in lines
    assert rows == [line for line in lines if line in rows]


def test_the_refused_call_is_challenged_as_it_is_printed(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = app.test_client()
    form = {"username": "bob", "password": os.environ["BOB_PASSWORD"]}

    with time_machine.travel(time.time() - 600):
        token = client.post("/auth/login", data=form).get_json()["access_token"]
    answer = client.delete("/invoices/2", headers={"Authorization": f"Bearer {token}"})

    status, _, challenge = BLOCKS["challenge"].partition("\n")
    assert status == f"HTTP/1.1 {answer.status}"
    assert f"WWW-Authenticate: {answer.headers['WWW-Authenticate']}" == " ".join(challenge.split())


def test_an_invoice_is_deleted_right_after_the_login(app: Flask) -> None:
    client = app.test_client()
    form = {"username": "bob", "password": os.environ["BOB_PASSWORD"]}
    token = client.post("/auth/login", data=form).get_json()["access_token"]

    answer = client.delete("/invoices/2", headers={"Authorization": f"Bearer {token}"})

    assert answer.get_json() == {"owner": "bob", "total": 80}


#: The README's words for the rows of the benchmark.
ROWS = {
    "header": "a request with a token",
    "missing": "refused: no token",
    "forgery": "refused: a forged token of 8 kB",
    "login": "a login, without the hash of the password",
}


def test_the_costs_are_the_measured_ones() -> None:
    figures = json.loads((DOCS / "performance" / "figures.json").read_text(encoding="utf-8"))
    header, *rows = performance.costs(figures, " ".join(ROWS))
    table = [header, *([words, *row[1:]] for words, row in zip(ROWS.values(), rows, strict=True))]

    lines = ["| " + " | ".join(cells) + " |" for cells in table]

    assert [line for line in README.splitlines() if line in lines] == lines


def test_every_link_leads_to_a_file() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)

    assert [target for target in targets if not (ROOT / target).is_file()] == []
    assert len(targets) > 20


def test_the_tests_that_it_prints_pass(folder: Path) -> None:
    (folder / "test_app.py").write_text(BLOCKS["test_app.py"], encoding="utf-8")
    run = BLOCKS["tests"].replace("pip install pytest\n", "")  # it is borrowed
    known = BLOCKS["serve"].replace("flask run", run)
    done = subprocess.run(
        ["bash", "-euc", f". venv/bin/activate\n{known}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "2 passed" in done.stdout
