"""What an application says at its start about the issuers that it trusts."""

from __future__ import annotations

import logging

import pytest
from flask import Blueprint

from jwtpolicy import OWN, HasRole, IssuedBy, Issuer, Policy, protect, public
from tests.support.issuers import URL, application, foreign, issuer, status

OTHER = "https://other.example.com"


def told(
    caplog: pytest.LogCaptureFixture, *urls: str, own: bool = True
) -> list[tuple[int, tuple[object, ...]]]:
    """Return the level and the arguments of each line that an application with these logs."""
    caplog.set_level(logging.INFO, "jwtpolicy")
    app, _ = application(issuers=tuple(map(issuer, urls)), own=own)
    app.test_client().get("/")
    app.test_client().get("/")
    lines = [record for record in caplog.records if record.module == "trust"]
    return [(line.levelno, tuple(line.args or ())) for line in lines]


def test_who_trusts_nobody_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert told(caplog) == []


def test_who_has_a_key_says_that_others_have_to_be_named(caplog: pytest.LogCaptureFixture) -> None:
    assert told(caplog, URL, OTHER) == [(logging.INFO, ("trusting", f"{URL}, {OTHER}"))]
    assert "where a policy names their issuer" in caplog.text


def test_who_has_no_key_and_one_issuer_says_that_it_counts_as_own_and_until_when(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert told(caplog, URL, own=False) == [(logging.INFO, ("trusting", URL))]
    assert "count as own" in caplog.text
    assert "with a second one, or with a key, policies have to name it" in caplog.text


def test_who_has_no_key_and_two_issuers_is_warned_that_nobody_counts_as_own(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert told(caplog, URL, OTHER, own=False) == [
        (logging.WARNING, ("trusting", f"{URL}, {OTHER}"))
    ]
    assert "no tokens count as own" in caplog.text


@pytest.mark.parametrize(
    ("urls", "own", "answer"),
    [((URL,), False, 200), ((URL, OTHER), False, 401), ((URL,), True, 401)],
    ids=["the only one", "a second one", "a key"],
)
def test_what_is_told_is_so(urls: tuple[str, ...], own: bool, answer: int) -> None:
    app, _ = application(HasRole("admin"), issuers=tuple(made(url) for url in urls), own=own)
    named, _ = application(IssuedBy(URL), issuers=tuple(made(url) for url in urls), own=own)
    token = foreign(roles=["admin"])

    assert (status(app, token), status(named, token)) == (answer, 200)


def made(url: str) -> Issuer:
    return issuer(url, roles="roles")


# Levels of which one names an issuer


def unnamed(
    caplog: pytest.LogCaptureFixture,
    outer: Policy,
    *inner: Policy,
    is_debug: bool = True,
    own: bool = True,
    urls: tuple[str, ...] = (URL, OTHER),
) -> list[tuple[object, ...]]:
    """Return what is told of a view with *inner* in a blueprint with *outer*."""
    app, jwt = application(issuers=tuple(map(issuer, urls)), own=own)
    app.debug = is_debug
    blueprint = Blueprint("team", __name__)
    jwt.protect_blueprint(blueprint, outer)
    view = protect(*inner)(lambda: "in") if inner else lambda: "in"
    blueprint.add_url_rule("/team", endpoint="view", view_func=view, methods=["GET", "POST"])
    app.register_blueprint(blueprint)
    app.add_url_rule("/open", view_func=public(lambda: "open"), endpoint="open")
    app.test_client().get("/open")
    lines = [record for record in caplog.records if record.module == "unnamed_issuers"]
    return [tuple(line.args or ()) for line in lines]


def test_an_issuer_that_one_level_names_and_another_does_not_is_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ((label, url, naming, other),) = unnamed(caplog, IssuedBy(OWN, URL), HasRole("admin"))

    assert (label, url) == ("GET team.view", URL)
    assert str(naming).startswith(f"blueprint team: IssuedBy(OWN, {URL!r})  (")
    assert str(other).startswith("decorator: HasRole('admin')  (")
    assert "test_told_at_start.py:" in str(naming)
    assert "test_told_at_start.py:" in str(other)


def test_a_view_without_a_level_of_its_own_is_told_too(caplog: pytest.LogCaptureFixture) -> None:
    ((_, _, naming, other),) = unnamed(caplog, IssuedBy(URL))

    assert str(naming).startswith("blueprint team: ")
    assert other == "default: Access()"


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        (IssuedBy(OWN, URL), IssuedBy(URL) & HasRole("admin")),
        (HasRole("admin"), IssuedBy(OWN)),
        (IssuedBy(URL) | IssuedBy(OWN), IssuedBy(OWN, URL) & ~HasRole("guest")),
    ],
    ids=str,
)
def test_levels_that_agree_are_not_told(
    caplog: pytest.LogCaptureFixture, outer: Policy, inner: Policy
) -> None:
    assert unnamed(caplog, outer, inner) == []


def test_each_issuer_is_told(caplog: pytest.LogCaptureFixture) -> None:
    found = unnamed(caplog, IssuedBy(URL), IssuedBy(OTHER))

    assert [url for _, url, _, _ in found] == [URL, OTHER]


def test_in_production_nothing_is_told(caplog: pytest.LogCaptureFixture) -> None:
    assert unnamed(caplog, IssuedBy(URL), HasRole("admin"), is_debug=False) == []


def test_nothing_is_told_of_the_only_issuer_which_counts_as_own(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert unnamed(caplog, IssuedBy(URL), HasRole("admin"), own=False, urls=(URL,)) == []
