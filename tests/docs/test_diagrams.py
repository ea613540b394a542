"""The pictures of the pages: they can be read, and what they show is what the code does."""

from __future__ import annotations

import io
import re
import secrets
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask, Response, jsonify

from jwtpolicy import JWTManager, Outcome, protect, public
from jwtpolicy.endpoints import auth_blueprint
from jwtpolicy.exceptions import AccessDeniedError
from jwtpolicy.guards.challenges import ERRORS
from jwtpolicy.stores import RotationState
from tests.support.paths import DOCS

sys.path.insert(0, str(DOCS / "_ext"))

import diagrams  # the folder of Sphinx's extensions is no package
from diagrams import (
    csrf,
    drawing,
    ideas,
    keys,
    layers,
    levels,
    machines,
    outcomes,
    rotation,
    session,
)
from diagrams import request as way
from reference_settings import settings

SVG = "{http://www.w3.org/2000/svg}"
FORMS = [(name, width) for name in diagrams.NAMES for width in diagrams.picture(name).FORMS]
CSS = (DOCS / "_ext/diagrams/static/diagrams.css").read_text(encoding="utf-8")


def shown(name: str, width: float = drawing.NARROW) -> ElementTree.Element:
    """Return a picture as the page has it."""
    picture = diagrams.picture(name)
    svg = diagrams.drawn(name, width).svg(picture.TITLE, picture.words(), "only")
    return ElementTree.fromstring(svg)


def texts(name: str, kind: str = "") -> list[str]:
    """Return the texts of a picture, from the first drawn to the last; those of one kind."""
    found = shown(name).iter(f"{SVG}text")
    return [each.text or "" for each in found if not kind or kind in each.attrib["class"].split()]


class Clock:
    now = 1_900_000_000

    def __call__(self) -> int:
        return self.now


class Site:
    """An application with a login, a guarded view and the endpoint that refreshes."""

    def __init__(self, clock: Clock | None = None, **config: Any) -> None:
        self.app = app = Flask("pictures")
        app.config.update(
            {"JWT_SECRET_KEY": secrets.token_urlsafe(48), "JWT_STORE_URL": "memory://"} | config
        )
        self.jwt = jwt = JWTManager(app, clock=clock) if clock else JWTManager(app)
        app.register_blueprint(auth_blueprint(endpoints=["refresh"]))

        @app.route("/", methods=["GET", "POST"])
        @protect()
        def view() -> str:
            return "in"

        @app.post("/login")
        @public
        def login() -> Response:
            response = jsonify()
            jwt.set_cookies(response, jwt.login("ada").access_token)
            return response

    def login(self) -> Any:
        with self.app.app_context():
            return self.jwt.login("ada")

    def send(self, method: str, path: str, token: str) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        return self.app.test_client().open(path, method=method, headers=headers)

    def refresh(self, token: str) -> Any:
        return self.send("POST", "/auth/refresh", token)


# What holds for all of them


@pytest.mark.parametrize("name", diagrams.NAMES)
def test_a_picture_says_in_words_what_it_shows(name: str) -> None:
    svg = shown(name)
    said = svg.findtext(f"{SVG}desc") or ""

    assert svg.attrib["role"] == "img"
    assert svg.findtext(f"{SVG}title")
    assert said.endswith(".")
    assert len(said.split()) >= 25


@pytest.mark.parametrize(("name", "width"), FORMS)
def test_all_text_stands_within_the_frame(name: str, width: float) -> None:
    outside = []
    for text in shown(name, width).iter(f"{SVG}text"):
        words, at = text.text or "", float(text.attrib["x"])
        kind = text.attrib["class"].partition(" ")[0]
        wide = 9 if kind == "on-dot" else drawing.width_of(words, kind)
        anchor = "middle" if kind == "on-dot" else text.attrib.get("text-anchor", "start")
        left = at - wide * {"start": 0, "middle": 0.5, "end": 1}[anchor]
        if left < -1 or left + wide > width + 3:
            outside.append(words)

    assert outside == []


@pytest.mark.parametrize("name", diagrams.NAMES)
def test_a_picture_has_a_form_for_telephones(name: str) -> None:
    """The page is 358 pixels wide there, of which the picture takes all."""
    smallest = min(drawing.SIZES.values())

    assert drawing.NARROW in diagrams.picture(name).FORMS
    assert smallest * 358 / drawing.NARROW >= 11


def test_the_style_has_the_sizes_that_the_pictures_reckon_with() -> None:
    sizes = dict(re.findall(r"figure\.diagram \.([\w-]+) \{ font(?:-size)?: ([\d.]+)px", CSS))
    sizes["plain"] = re.findall(r"figure\.diagram text \{ font: ([\d.]+)px", CSS)[0]

    assert {name: float(size) for name, size in sizes.items()} == drawing.SIZES


def test_the_style_has_no_colour_of_its_own() -> None:
    """The theme's variables follow its dark mode; a colour beside them is for other themes."""
    coloured = re.findall(r"(?:fill|stroke|color): ([^;]+);", CSS)

    assert [each for each in coloured if not re.match(r"none|var\(--color-", each)] == []


def test_each_picture_is_on_one_page() -> None:
    pages = [page.read_text(encoding="utf-8") for page in DOCS.rglob("*.rst")]
    named = [name for page in pages for name in re.findall(r"^\.\. diagram:: (\w+)", page, re.M)]

    assert sorted(named) == diagrams.NAMES


# What each shows


def test_the_outcomes_are_shown_in_their_order() -> None:
    names = [text for text in texts("outcomes", "code") if text.isupper()]

    assert names == [outcome.name for outcome in Outcome]
    assert outcomes.CURES.keys() == set(Outcome)


def test_the_groups_of_outcomes_are_what_a_negation_makes_of_them() -> None:
    (_, admitted), (_, undecided), (_, refused) = outcomes.groups()

    assert {outcome.negated() for outcome in admitted} == {Outcome.FORBIDDEN}
    assert [outcome.negated() for outcome in undecided] == undecided
    assert {outcome.negated() for outcome in refused} == {Outcome.ALLOW}


def test_every_refusal_of_a_guard_ends_a_request_somewhere() -> None:
    ends = {ending for stage in way.STAGES for ending in way.endings(stage)}
    refusals = {f"{error.code} {error.error}" for error in ERRORS.values()}

    assert refusals <= ends
    assert f"{AccessDeniedError.code} {AccessDeniedError.error}" in ends


def test_the_tree_has_what_the_levels_say() -> None:
    written, row = levels.shown()
    leaves = sorted(leaf for each in written.values() for leaf in each)

    assert row.demands == " & ".join(leaves)
    assert {"ClaimsMatch(team='sales')", "NotRevoked()", "access"} <= set(texts("levels"))


def test_the_session_has_every_state_of_a_refresh_token() -> None:
    states = {one.state for one in session.FOUND} | {RotationState.ROTATED}
    methods = [name for name, _ in session.ENDS if not name.isupper()]
    keys_of = [name.removeprefix("JWT_") for name, _ in session.ENDS if name.isupper()]

    assert states == set(RotationState)
    assert all(hasattr(JWTManager, name) for name in methods)
    assert set(keys_of) <= settings().keys()


def brought_about(state: RotationState, site: Site, clock: Clock, pair: Any) -> None:
    """Do what makes *state* of a pair's refresh token."""
    if state is RotationState.REPLACED:
        with site.app.test_request_context(
            headers={"Authorization": f"Bearer {pair.access_token}"}
        ):
            protect()(lambda: site.jwt.step_up("ada"))()
    if state in {RotationState.REPEATED, RotationState.REUSED}:
        site.refresh(pair.refresh_token)
        clock.now += 5 if state is RotationState.REPEATED else 60
    if state is RotationState.ENDED:
        with site.app.app_context():
            site.jwt.revoke_session(pair)


@pytest.mark.parametrize("found", session.FOUND, ids=lambda found: found.state.name)
def test_a_refresh_token_is_answered_as_the_picture_says(found: session.Found) -> None:
    clock = Clock()
    site = Site(clock)
    pair = site.login()
    brought_about(found.state, site, clock, pair)

    answer = site.refresh(pair.refresh_token)

    assert answer.status_code == found.status
    with site.app.app_context():
        assert len(site.jwt.sessions("ada")) == found.goes_on


def test_the_steps_of_a_theft_are_answered_as_the_picture_says() -> None:
    clock = Clock()
    site = Site(clock)
    tokens = {rotation.STEPS[0].gets: site.login().refresh_token}
    for step in rotation.STEPS[1:]:
        clock.now += step.after
        answer = site.refresh(tokens[step.sends])
        assert answer.status_code == step.status, step
        if step.gets:
            got = answer.json["refresh_token"]
            assert tokens.setdefault(step.gets, got) == got


@pytest.mark.parametrize("line", keys.LINES, ids=lambda line: line.partition(":")[0])
def test_a_secret_verifies_as_long_as_its_bar(line: str) -> None:
    secret = {name: secrets.token_urlsafe(48) for name in ("old", "new")}
    phases = [phase for phase in keys.LINES[line] if phase.signs]

    def token_of(name: str) -> str:
        site = Site(JWT_SECRET_KEY=secret[name])
        with site.app.app_context():
            return site.jwt.issue("ada")

    signed = {name: token_of(name) for name in secret}
    for phase in phases:
        fallbacks = [secret[name] for name in phase.fallbacks]
        site = Site(JWT_SECRET_KEY=secret[phase.signs], JWT_SECRET_KEY_FALLBACKS=fallbacks)
        passes = {name for name in secret if site.send("GET", "/", signed[name]).status_code == 200}
        assert passes == set(phase.verifies), phase


@pytest.mark.parametrize("sent", csrf.REQUESTS, ids=lambda sent: sent.start)
def test_a_request_of_a_page_is_answered_as_the_picture_says(sent: csrf.Request) -> None:
    site = Site(JWT_TOKEN_LOCATION=["cookies"])
    browser = site.app.test_client()
    cookies = browser.post("/login").headers.getlist("Set-Cookie")
    headers = {"Sec-Fetch-Site": sent.site}
    if sent.has_value:
        headers["X-CSRF-TOKEN"] = browser.get_cookie("__Host-csrf_access").value  # type: ignore[union-attr] # the login set it
    sender = browser if sent.has_cookie else site.app.test_client()

    assert sender.open("/", method=sent.method, headers=headers).status_code == sent.status
    assert all("SameSite=Lax" in cookie for cookie in cookies)


def test_the_caches_are_those_of_the_settings() -> None:
    named = [name.removeprefix("JWT_") for name in machines.ASKED if name.isupper()]
    most = settings()["STORE_CACHE_SECONDS"].metadata["allowed"].rpartition(" ")[2]

    assert set(named) <= settings().keys()
    assert f"{most} seconds" in machines.ASKED["JWT_STORE_CACHE_SECONDS"]


def test_the_way_of_a_request_goes_through_the_layers_of_the_map() -> None:
    stops = texts("layers", "on-dot")
    parts = " ".join(texts("layers", "plain")).replace(",", "").split()

    assert parts == [name for names in layers.the_map()["layers"] for name in names]
    assert stops == [str(number + 1) for number in range(len(layers.the_map()["request"]))]


def test_the_ideas_have_the_lifetimes_of_the_settings() -> None:
    assert ideas.IDEAS["access token"] == "valid for 15 minutes"
    assert ideas.IDEAS["refresh token"] == "valid for 30 days"


@pytest.mark.parametrize("idea", ideas.IDEAS)
def test_an_idea_is_a_word_of_the_glossary(idea: str) -> None:
    glossary = (DOCS / "reference/glossary.rst").read_text(encoding="utf-8")

    assert f"\n   {idea}\n" in glossary


# The directive


def built(folder: Path, source: str, builder: str, complaints: str = "") -> Path:
    """Return the folder of a page that Sphinx has made of *source*; it warns of *complaints*."""
    from sphinx.application import Sphinx

    (folder / "index.rst").write_text(source)
    config = {"extensions": ["diagrams"]}
    out = folder / "out"
    warned = io.StringIO()
    Sphinx(folder, None, out, out, builder, config, None, warned).build()
    assert complaints in warned.getvalue()
    return out


SOURCE = "Page\n====\n\n.. diagram:: keys\n\n   Watch the *forger*.\n"


def test_the_directive_draws_each_form_with_a_caption(tmp_path: Path) -> None:
    out = built(tmp_path, SOURCE, "html")
    page = (out / "index.html").read_text(encoding="utf-8")

    assert re.findall(r'<svg class="([\w-]+)"', page) == ["diagram-narrow", "diagram-wide"]
    assert re.search(r"<figcaption>\s*<p>Watch the <em>forger</em>\.</p>\s*</figcaption>", page)
    assert page.count("<desc>") == 2
    assert "<p>Routine" not in page
    assert (out / "_static/diagrams.css").exists()


def test_a_text_has_the_words_in_place_of_the_picture(tmp_path: Path) -> None:
    text = (built(tmp_path, SOURCE, "text") / "index.txt").read_text(encoding="utf-8")

    assert "the new secret signs" in " ".join(text.split())
    assert "Watch the *forger*." in text
    assert "svg" not in text


def test_a_picture_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    complaint = "no picture is called 'moon'; there are csrf, "

    assert built(tmp_path, "Page\n====\n\n.. diagram:: moon\n", "text", complaint)
