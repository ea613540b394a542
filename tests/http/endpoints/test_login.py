"""Logging in by the ready-made view."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from flask import abort

from jwtpolicy.endpoints import LoginView, PasswordCheck
from jwtpolicy.exceptions import ConfigurationError, PolicyDefinitionError, RateLimitedError
from tests.support.endpoints import (
    HASHES,
    HTTPS,
    access_of,
    authenticate,
    cheap,
    check,
    form,
    log_in,
)


@pytest.mark.parametrize("kind", ["data", "json"])
def test_the_right_credentials_open_a_session(site: Any, kind: str) -> None:
    """HTTP-9, RFC 6749 section 5.1."""
    answer = site.post("/auth/login", **{kind: form()})

    assert answer.headers["Cache-Control"] == "no-store"
    assert {"access_token", "refresh_token", "expires_in", "token_type"} == set(answer.json)
    assert site.get("/me", headers=access_of(answer.json)).text == "ada"


@pytest.mark.parametrize("kind", ["data", "json"])
def test_every_failure_gets_the_same_answer(site: Any, kind: str) -> None:
    wrong = [form("ada", "builder"), form("nobody", "lovelace"), form("ada ", "lovelace")]
    answers = [site.post("/auth/login", **{kind: fields}) for fields in wrong]

    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.data for answer in answers}) == 1
    assert answers[0].json["error"] == "invalid_credentials"
    assert answers[0].headers["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"data": {"username": "ada"}}, id="no password"),
        pytest.param({"data": {"username": "ada", "password": ""}}, id="empty"),
        pytest.param({"data": {"username": ["ada", "bob"], "password": "x"}}, id="a name twice"),
        pytest.param({"data": {"username": "a\0", "password": "x"}}, id="NUL"),
        pytest.param({"data": {"username": "ada", "password": "x" * 4097}}, id="too long"),
        pytest.param({"json": []}, id="a list"),
        pytest.param({"json": {"username": 1, "password": None}}, id="no text"),
        pytest.param(
            {
                "data": b'{"username": "\\ud800", "password": "x"}',
                "content_type": "application/json",
            },
            id="a lone surrogate",
        ),
        pytest.param({"data": b"{", "content_type": "application/json"}, id="no JSON"),
    ],
)
def test_what_is_no_credentials_is_a_bad_request(site: Any, request_: Any) -> None:
    answer = site.post("/auth/login", **request_)

    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def test_a_password_may_be_long(site: Any) -> None:
    assert site.post("/auth/login", data=form("ada", "x" * 4096)).status_code == 401


class Counting:
    """A way to compare that counts."""

    def __init__(self) -> None:
        self.compared: list[str] = []

    def __call__(self, stored: str, password: str) -> bool:
        self.compared.append(stored.split("$")[0])
        return False


def test_an_unknown_name_costs_as_much_as_a_wrong_password() -> None:
    """One comparison with a hash of the same making, whoever it is."""
    verify = Counting()
    check = PasswordCheck(cheap, verify)

    assert not check(HASHES["ada"], "wrong")
    assert not check(None, "wrong")

    assert len(verify.compared) == 2
    assert len(set(verify.compared)) == 1


def test_nobody_can_guess_the_password_of_nobody() -> None:
    check = PasswordCheck(cheap, lambda stored, password: True)

    assert not check(None, "whatever it was made of")
    assert check(HASHES["ada"], "lovelace")


class Rounds:
    """Hashes that count their rounds: ``sum:<rounds>$<salt>$<password>``."""

    def __init__(self, today: int = 8) -> None:
        self.today = today
        self.spent = 0

    def hash(self, password: str) -> str:
        self.spent += self.today
        return f"sum:{self.today}${secrets.token_urlsafe(8)}${password}"

    def verify(self, stored: str, password: str) -> bool:
        method, _, right = stored.split("$")
        password.encode()
        self.spent += int(method.removeprefix("sum:"))
        return password == right


def spent(rounds: Rounds, stored: str | None, password: str = "wrong") -> int:
    """Return the rounds of one comparison that refuses, after the first."""
    check = PasswordCheck(rounds.hash, rounds.verify)
    check(None, password)
    before = rounds.spent

    assert check(stored, password) is False
    return rounds.spent - before


@pytest.mark.parametrize(
    ("stored", "more"),
    [
        pytest.param(None, 0, id="an unknown name"),
        pytest.param("", 0, id="somebody who logs in elsewhere"),
        pytest.param("sum:8$salt$right", 0, id="a hash of today"),
        pytest.param("sum:2$salt$right", 2, id="an older hash"),
        pytest.param("sum:64$salt$right", 64, id="a dearer hash"),
        pytest.param("$2b$12$bcrypt", 0, id="a hash of another library"),
        pytest.param("sum:8$cut off", 0, id="a hash that was cut off"),
        pytest.param("!", 0, id="no hash"),
    ],
)
def test_nobody_costs_less_than_the_hash_of_today(stored: str | None, more: int) -> None:
    """K30: counted in rounds."""
    assert spent(Rounds(), stored) == 8 + more


@pytest.mark.parametrize("rounds", [2, 64])
def test_another_hash_is_renewed_at_the_login(rounds: int) -> None:
    """K30: from then on its user costs what everybody does."""
    made = Rounds()
    check = PasswordCheck(made.hash, made.verify)
    stored = [f"sum:{rounds}$salt$right"]

    assert not check(stored[-1], "wrong", renew=stored.append)
    assert check(stored[-1], "right", renew=stored.append)
    assert check(stored[-1], "right", renew=stored.append)
    assert len(stored) == 2
    assert spent(Rounds(), stored[-1]) == 8


def test_a_hash_need_not_be_renewed() -> None:
    made = Rounds()

    assert PasswordCheck(made.hash, made.verify)("sum:2$salt$right", "right")


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param("$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW", id="bcrypt"),
        pytest.param("$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$aGFzaA", id="argon2"),
        pytest.param("pbkdf2:sha0:1$salt$aa", id="an unknown method"),
        pytest.param("pbkdf2:sha256:one$salt$aa", id="garbage"),
    ],
)
def test_a_hash_of_another_library_is_a_logged_refusal(
    mount: Any, monkeypatch: Any, caplog: Any, stored: str
) -> None:
    """K30: it was a 500 for everybody who has one, and so it told who has."""
    site = mount()
    monkeypatch.setitem(HASHES, "eve", stored)

    answer = site.post("/auth/login", data=form("eve", "whatever"))
    assert answer.status_code == 401
    assert "a stored password hash cannot be read" in caplog.text
    assert stored not in caplog.text


@pytest.mark.parametrize("name", ["ada", "nobody"])
def test_a_password_that_cannot_be_hashed_is_wrong(name: str, caplog: Any) -> None:
    """Half of a surrogate pair: nobody's hash is at fault."""
    assert check(HASHES.get(name), "\ud800") is False
    assert "cannot be read" not in caplog.text


def test_a_hash_that_is_cut_off_costs_what_nobodys_does() -> None:
    """K30: Werkzeug says False of ``scrypt:32768:8:1$`` at once, and of bcrypt's it raises."""
    compared: list[str] = []

    def verify(stored: str, password: str) -> bool:
        compared.append(stored)
        return False

    cut = cheap("lovelace").rpartition("$")[0]
    assert PasswordCheck(cheap, verify)(cut, "lovelace") is False
    assert len(compared) == 2


def test_a_comparison_that_always_fails_is_the_applications_mistake() -> None:
    def verify(stored: str, password: str) -> bool:
        raise LookupError

    with pytest.raises(LookupError):
        PasswordCheck(cheap, verify)(HASHES["ada"], "lovelace")


def test_hashes_without_fields_are_compared_once() -> None:
    compared: list[str] = []

    def verify(stored: str, password: str) -> bool:
        compared.append(stored)
        return stored == password[::-1]

    assert PasswordCheck(lambda password: password[::-1], verify)("ada", "ada"[::-1])
    assert compared == ["ada"]


def make_login(**members: Any) -> type[LoginView]:
    return type("Login", (LoginView,), {"authenticate": staticmethod(authenticate), **members})


def test_an_application_can_limit_attempts(mount: Any) -> None:
    def limit(self: Any, credentials: Any) -> None:
        if credentials["username"] == "bob":
            raise RateLimitedError(retry_after=30)

    site = mount({"by": make_login(limit=limit)})

    refused = site.post("/auth/login", data=form("bob"))
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "30")
    assert site.post("/auth/login", data=form("ada")).status_code == 200


def test_flask_limiter_counts_by_name(mount: Any, make_app: Any) -> None:
    """The real one, with its own way of refusing."""
    from flask_limiter import Limiter
    from flask_limiter.util import get_remote_address

    limiter = Limiter(get_remote_address, storage_uri="memory://")

    def limit(self: Any, credentials: Any) -> None:
        with limiter.limit("2/minute", key_func=lambda: credentials["username"]):
            pass

    site = mount({"by": make_login(limit=limit)})
    limiter.init_app(site.application)

    attempts = [site.post("/auth/login", data=form("ada", "wrong")) for _ in range(3)]
    assert [attempt.status_code for attempt in attempts] == [401, 401, 429]
    assert site.post("/auth/login", data=form("ada")).status_code == 429
    assert site.post("/auth/login", data=form("bob")).status_code == 200


def test_flask_limiter_can_stand_around_the_view(mount: Any) -> None:
    from flask_limiter import Limiter
    from flask_limiter.util import get_remote_address

    limiter = Limiter(get_remote_address, storage_uri="memory://")
    site = mount({"by": make_login(decorators=[limiter.limit("1/minute")])})
    limiter.init_app(site.application)

    answers = [site.post("/auth/login", data=form("ada")).status_code for _ in range(2)]
    assert answers == [200, 429]


@pytest.mark.parametrize(
    ("user_agent", "label"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Linux",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/138.0.0.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        ("Firefox/1", "Firefox"),
        ("curl/8.5.0", "curl"),
        ("x" * 100, "x" * 80),
        ("<b>", None),
        ("", None),
    ],
)
def test_a_session_is_called_after_the_browser(site: Any, user_agent: str, label: Any) -> None:
    pair = log_in(site, **{"User-Agent": user_agent})

    listed = site.get("/auth/sessions", headers=access_of(pair)).json["sessions"]
    assert [session["label"] for session in listed] == [label]


def test_an_application_can_name_sessions_itself(mount: Any) -> None:
    site = mount({"by": make_login(label=lambda self, credentials: "kiosk")})
    pair = log_in(site)

    listed = site.get("/auth/sessions", headers=access_of(pair)).json["sessions"]
    assert listed[0]["label"] == "kiosk"


@pytest.mark.parametrize(
    ("answer_in", "in_body", "in_cookies"),
    [(None, True, False), ("body", True, False), ("cookies", False, True), ("both", True, True)],
)
def test_tokens_go_where_they_are_wanted(
    mount: Any, answer_in: Any, in_body: bool, in_cookies: bool
) -> None:
    site = mount({"answer_in": answer_in}, token_location=["headers", "cookies"])

    answer = site.post("/auth/login", data=form(), **HTTPS)

    assert ("access_token" in answer.json) is in_body
    assert (site.get_cookie("__Host-access_token") is not None) is in_cookies
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_tokens_of_an_application_of_cookies_are_hidden_from_scripts(pages: Any) -> None:
    answer = pages.post("/auth/login", data=form(), **HTTPS)

    assert set(answer.json) == {"token_type", "expires_in"}
    assert pages.get("/me", **HTTPS).text == "ada"


@pytest.mark.parametrize(
    ("settings", "sender", "status"),
    [
        ({"token_location": ["cookies"]}, "cross-site", 403),
        ({"token_location": ["cookies"]}, "same-origin", 200),
        ({}, "cross-site", 200),
    ],
)
def test_another_site_cannot_log_anybody_in(
    mount: Any, settings: Any, sender: str, status: int
) -> None:
    """CSRF-6. A login that answers in the body can be called from anywhere: nothing is kept."""
    headers = {"Sec-Fetch-Site": sender, "Origin": "https://evil.example"}
    answer = mount(**settings).post("/auth/login", data=form(), headers=headers, **HTTPS)

    assert answer.status_code == status


def test_a_trusted_site_may_log_in(mount: Any) -> None:
    """CSRF-6."""
    trusted = "https://shop.example"
    pages = mount(token_location=["cookies"], csrf_trusted_origins=[trusted])
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": trusted}

    assert pages.post("/auth/login", data=form(), headers=headers, **HTTPS).status_code == 200


def test_authenticating_may_be_async(mount: Any) -> None:
    async def authenticate_async(credentials: Any) -> str | None:
        return authenticate(credentials)

    site = mount({"by": authenticate_async})

    assert site.post("/auth/login", data=form()).status_code == 200
    assert site.post("/auth/login", data=form("ada", "x")).status_code == 401


@pytest.mark.parametrize("answer", [True, False])
def test_yes_and_no_are_no_users(mount: Any, answer: bool) -> None:
    """S3: what is not an answer admits nobody."""
    site = mount({"by": lambda credentials: answer})

    assert site.post("/auth/login", data=form()).status_code == 500


def test_a_coroutine_is_no_user(mount: Any) -> None:
    """S3."""

    async def later() -> str:
        return "ada"

    site = mount({"by": lambda credentials: later()})

    assert site.post("/auth/login", data=form()).status_code == 500


def test_an_awaitable_of_another_kind_is_no_user(mount: Any) -> None:
    """S3."""

    class Later:
        def __await__(self) -> Any:
            yield

    site = mount({"by": lambda credentials: Later()})

    assert site.post("/auth/login", data=form()).status_code == 500


def test_an_application_can_answer_for_itself(mount: Any) -> None:
    members = {
        "answer": lambda self, pair: "welcome",
        "failed": lambda self, credentials: ("try again", 401),
    }
    site = mount({"by": make_login(**members)})

    assert site.post("/auth/login", data=form()).text == "welcome"
    assert site.post("/auth/login", data=form("ada", "x")).text == "try again"


def test_what_authenticate_raises_is_the_answer(mount: Any) -> None:
    site = mount({"by": lambda credentials: abort(503)})

    assert site.post("/auth/login", data=form()).status_code == 503


def test_a_login_that_authenticates_nobody_is_a_mistake() -> None:
    with pytest.raises(PolicyDefinitionError, match="does not define authenticate"):
        LoginView.as_view("login")


def test_an_unknown_place_for_the_answer_is_a_mistake() -> None:
    with pytest.raises(PolicyDefinitionError, match="answer_in"):
        make_login(answer_in="header")


def test_cookies_that_nobody_reads_are_a_mistake(mount: Any) -> None:
    site = mount({"answer_in": "cookies"})

    with pytest.raises(ConfigurationError, match="JWT_TOKEN_LOCATION"):
        site.post("/auth/login", data=form())
