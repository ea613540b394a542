"""Do what the README says, with its own lines, in an empty folder."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.processes import end, free_port
from tests.support.pages import BLOCKS, README
from tests.support.paths import ROOT
from tests.support.waiting import wait_for


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
def test_the_calls_answer_what_their_comments_say(folder: Path, port: int) -> None:
    calls = BLOCKS["calls"]
    expected = re.findall(r"# (\d{3}):", calls)

    script = calls.replace("127.0.0.1:5000", f"127.0.0.1:{port}")
    done = subprocess.run(
        ["bash", "-euc", script], cwd=folder, check=True, capture_output=True, text=True
    )

    assert done.stdout.split() == expected
    assert len(expected) == 9


def test_the_refused_call_is_challenged_as_it_is_printed(folder: Path, port: int) -> None:
    form = urllib.parse.urlencode({"username": "bob", "password": "builder"}).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/auth/login", form, timeout=60) as answer:
        pair = json.load(answer)

    request = urllib.request.Request(f"http://127.0.0.1:{port}/accounts/2", method="DELETE")
    request.add_header("Authorization", f"Bearer {pair['access_token']}")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=60)

    printed = README.split("WWW-Authenticate: ")[1].split("```")[0]
    assert caught.value.headers["WWW-Authenticate"] == " ".join(printed.split())
    caught.value.close()


def test_the_tests_that_it_prints_pass(folder: Path) -> None:
    (folder / "test_app.py").write_text(BLOCKS["test_app.py"], encoding="utf-8")
    known = BLOCKS["serve"].replace("flask run", "python -m pytest -q -p no:cacheprovider")
    done = subprocess.run(
        ["bash", "-euc", f". venv/bin/activate\n{known}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "2 passed" in done.stdout


def test_every_policy_of_the_table_exists() -> None:
    import jwtpolicy

    table = README.split("## The policies")[1].split("## Test it")[0]
    names = {name.removeprefix("@") for name in re.findall(r"`(@?[A-Za-z]+)", table)}

    assert names <= set(jwtpolicy.__all__)
    assert {"Fresh", "HasRole", "Owns", "SingleUse", "When"} <= names


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\((docs/[^)]+)\)", README):
        assert (ROOT / target).exists(), target
