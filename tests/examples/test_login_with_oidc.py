"""Users log in at a provider that nobody here wrote, and get a session of the application."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask.testing import FlaskClient

from jwtpolicy.testing import act
from tests.services.oidc_provider import RESOURCES, SITE, Provider
from tests.support.authorization_code import address_with_code, log_in
from tests.support.examples import SINGLE_FILES, run_example, running_example
from tests.support.provider_clients import environment_of_site


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory, provider: Provider) -> Iterator[ModuleType]:
    with running_example(
        "login_with_oidc", tmp_path_factory, **environment_of_site(provider)
    ) as module:
        yield module


@pytest.fixture
def browser(example: ModuleType) -> Callable[[], FlaskClient]:
    """Return what opens a browser without cookies."""
    return lambda: example.app.test_client()


def path_of_callback(client: FlaskClient, name: str = "ada", query: str = "") -> str:
    """Begin a login, let *name* log in at the provider, and return where the browser is sent."""
    sent = client.get(f"/login{query}")
    assert sent.status_code == 302
    return "/callback?" + address_with_code(sent.location, name).partition("?")[2]


def cookies_of(answer: Any) -> list[str]:
    return [line.partition("=")[0] for line in answer.headers.getlist("Set-Cookie")]


def refused(answer: Any) -> bool:
    """Say whether nobody is logged in, and the page says that it may be tried again."""
    is_told = answer.status_code == 401 and "Please try again" in answer.text
    return is_told and "__Host-access_token" not in cookies_of(answer)


def test_a_login_sets_our_cookies_and_opens_the_private_page(browser: Any) -> None:
    ada = browser()
    stranger = ada.get("/private")

    back = ada.get(path_of_callback(ada))

    assert (stranger.status_code, "Log in with" in stranger.text) == (401, True)
    assert (back.status_code, back.location) == (303, "/private")
    assert "__Host-access_token" in cookies_of(back)
    assert ada.get("/private").status_code == 200


def test_a_user_is_named_by_issuer_and_subject(browser: Any, provider: Provider) -> None:
    def log_in_as(name: str) -> str:
        client = browser()
        client.get(path_of_callback(client, name))
        return str(client.get("/private").text)

    ada, again, eve = map(log_in_as, ["ada", "ada", "eve"])

    assert ada.replace(csrf_of(ada), "") == again.replace(csrf_of(again), "")
    assert f"Hello {provider.issuer} ada<" in ada
    assert f"Hello {provider.issuer} eve<" in eve


def csrf_of(page: str) -> str:
    return page.partition('name="csrf_token" value="')[2].partition('"')[0]


def test_nothing_of_the_provider_is_left_in_the_browser(browser: Any) -> None:
    ada = browser()
    path = path_of_callback(ada)
    assert ada.get_cookie("__Host-login") is not None

    back = ada.get(path)

    assert ada.get_cookie("__Host-login") is None
    assert {*cookies_of(back)} == {"__Host-access_token", "__Host-csrf_access", "__Host-login"}


def test_the_callback_of_another_browser_logs_nobody_in(browser: Any) -> None:
    """Eve logs in up to the callback, and leads ada there, who has begun a login or has not."""
    eve, ada, idle = browser(), browser(), browser()
    path = path_of_callback(eve, "eve")
    path_of_callback(ada)

    answers = [ada.get(path), idle.get(path)]

    assert all(map(refused, answers))
    assert eve.get(path).status_code == 303


@pytest.mark.parametrize("change", ["", "&state=", "&state=other", "&state=other&state={}"])
def test_a_callback_needs_the_state_of_its_login(browser: Any, change: str) -> None:
    ada = browser()
    path, _, state = path_of_callback(ada).partition("&state=")
    state, _, rest = state.partition("&")

    assert refused(ada.get(f"{path}{change.format(state)}&{rest}"))
    assert ada.get(f"{path}&state={state}&{rest}").status_code == 303


def test_a_callback_works_once(browser: Any) -> None:
    ada = browser()
    path = path_of_callback(ada)

    assert ada.get(path).status_code == 303
    assert refused(ada.get(path))


def test_a_code_needs_the_login_that_asked_for_it(browser: Any) -> None:
    """The state is right and the code is eve's: the provider compares the proof of PKCE."""
    eve, ada = browser(), browser()
    code = path_of_callback(eve, "eve").partition("&")[0]
    state = path_of_callback(ada).partition("&")[2]

    assert refused(ada.get(f"{code}&{state}"))


def test_an_id_token_of_another_login_is_refused(browser: Any) -> None:
    ada = browser()
    path = path_of_callback(ada)
    with ada.session_transaction() as session:
        (name,) = [name for name in session if name.startswith("_state_")]
        session[name]["data"]["nonce"] = "of another login"
        session.modified = True

    assert refused(ada.get(path))


@pytest.mark.parametrize("query", ["", "?error=access_denied", "?code=x", "?state=x"])
def test_a_callback_without_a_login_is_no_error_of_ours(browser: Any, query: str) -> None:
    assert refused(browser().get(f"/callback{query}"))


def test_the_callback_is_no_form(browser: Any) -> None:
    assert browser().post("/callback").status_code == 405


def test_a_login_returns_to_the_page_that_was_wanted(browser: Any) -> None:
    ada = browser()
    page = ada.get("/private?tab=bills").text

    assert 'href="/login?next=/private?tab%3Dbills"' in page
    path = path_of_callback(ada, query="?next=/private?tab%3Dbills")
    assert ada.get(path).location == "/private?tab=bills"


@pytest.mark.parametrize(
    "wanted",
    ["//evil.test", "/%5Cevil.test", "https://evil.test/", "/%09/evil.test", "evil.test", ""],
)
def test_a_login_leads_to_no_other_site(browser: Any, wanted: str) -> None:
    client = browser()
    client.get(f"/login?next={wanted}")

    with client.session_transaction() as session:
        assert session["next"] == "/private"


def test_logins_that_nobody_finished_are_in_nobody_s_way(browser: Any) -> None:
    """The cookie with their states would be too large for a browser."""
    ada = browser()
    for _ in range(20):
        answer = ada.get(f"/login?next=/{'x' * 499}")

    assert len(answer.headers["Set-Cookie"]) < 4000
    assert ada.get(path_of_callback(ada)).status_code == 303


def test_a_login_at_the_provider_is_not_fresh(example: ModuleType, browser: Any) -> None:
    """The provider may have asked for the password last week."""
    ada = browser()
    ada.get(path_of_callback(ada))
    encoded = ada.get_cookie("__Host-access_token").decoded_value

    with example.app.app_context():
        assert example.jwt.verify(encoded).authenticated_at is None


def test_the_provider_says_when_it_asked_for_the_password_if_it_is_asked_to(
    example: ModuleType, browser: Any
) -> None:
    """As the page says of views that need a fresh login."""
    ada = browser()
    url = f"{ada.get('/login').location}&max_age=300"
    path = "/callback?" + address_with_code(url).partition("?")[2]
    headers = {"Cookie": f"__Host-login={ada.get_cookie('__Host-login').value}"}

    with example.app.test_request_context(path, headers=headers):
        claims = example.oidc.authorize_access_token()["userinfo"]

    assert claims["iat"] - 300 <= claims["auth_time"] <= claims["iat"]


def test_a_logout_may_lead_to_the_provider_s(example: ModuleType, provider: Provider) -> None:
    with example.app.test_request_context():
        sent = example.oidc.logout_redirect("https://shop.example/", client_id=SITE[0])

    assert sent.location.startswith(f"{provider.issuer}/session/end?")


def test_an_id_token_is_no_token_of_ours(browser: Any, provider: Provider) -> None:
    tokens = log_in(provider, RESOURCES["RS256"], "shop-RS256")

    for encoded in (tokens.identity, tokens.access):
        client = browser()
        client.set_cookie("__Host-access_token", encoded)
        assert client.get("/private").status_code == 401


def test_a_logout_needs_its_csrf_value_and_ends_the_session(example: ModuleType) -> None:
    ada = act(example.app).as_user("ada")

    assert ada.post("/logout", csrf=False).status_code == 403
    assert ada.get("/private").status_code == 200
    assert ada.post("/logout").location == "/private"
    assert ada.get("/private").status_code == 401


def test_a_provider_that_is_down_is_503(
    own_provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = SINGLE_FILES["login_with_oidc"]
    early, late = (
        run_example(
            path, tmp_path, monkeypatch, **environment_of_site(own_provider)
        ).app.test_client()
        for _ in range(2)
    )
    callback = path_of_callback(late)
    own_provider.stop()

    answers = [early.get("/login"), late.get(callback)]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert all("Please try again" in answer.text for answer in answers)
