"""Whoever reads why a test was skipped knows what to install."""

from __future__ import annotations

import ast
from functools import cache

import pytest

from tests import services
from tests.support.paths import TESTS

CI = TESTS.parent / ".ci/run"


@cache
def calls() -> list[ast.Call]:
    """Return the calls in all tests that may leave one out."""
    trees = [ast.parse(path.read_text("utf-8")) for path in TESTS.rglob("*.py")]
    return [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]


def named_services() -> set[str]:
    """Return the services that a test says are missing, by their names in the source."""
    found = [node for node in calls() if ast.unparse(node.func).endswith("missing")]
    names = [node.args[0] for node in found if node.args]
    return {name.value for name in names if isinstance(name, ast.Constant)}


def test_every_service_has_what_brings_it() -> None:
    assert {*services.FINDERS, *named_services()} <= set(services.BRINGS)
    assert {"redis-tls", "gunicorn", "browser"} <= named_services()


def test_what_ci_demands_is_a_service() -> None:
    text = CI.read_text("utf-8")
    demanded = text.split("JWTPOLICY_REQUIRE-")[1].split("}")[0].split(",")

    assert set(demanded) <= set(services.BRINGS)


def test_a_library_that_is_missing_is_named_with_its_package() -> None:
    skips = [node for node in calls() if ast.unparse(node.func) == "pytest.importorskip"]

    assert skips
    assert all("pip install" in ast.unparse(node) for node in skips)


@pytest.mark.parametrize("name", services.BRINGS)
def test_a_skip_names_the_server_and_its_package(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv("JWTPOLICY_REQUIRE", raising=False)
    with pytest.raises(pytest.skip.Exception) as skipped:
        services.missing(name, "there is none")

    assert (
        str(skipped.value) == f"{name}: there is none; it is there after: {services.BRINGS[name]}"
    )


def test_what_is_demanded_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWTPOLICY_REQUIRE", "redis,mysql")
    with pytest.raises(pytest.fail.Exception, match="apt-get install redis-server"):
        services.missing("redis", "there is none")
