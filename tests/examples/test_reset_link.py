"""The example of a link by mail that works once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from secrets import token_hex
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from flask.testing import FlaskClient

from jwtpolicy import Access
from jwtpolicy.exceptions import WrongKindError
from jwtpolicy.testing import act
from tests.support.examples import running_example
from tests.support.requests import bearer

NEW = {"password": "a long sentence"}

#: Asks for a link and returns the address that the mail names.
Ask = Callable[[], str]


class Mailbox:
    """A mail server that keeps what it is given, in place of `smtplib.SMTP`."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    def __call__(self, host: str) -> Mailbox:
        return self

    def __enter__(self) -> Mailbox:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def send_message(self, message: Any) -> None:
        self.messages.append(message)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    with running_example("reset_link", tmp_path_factory) as module:
        yield module


@pytest.fixture
def address(example: ModuleType, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the address of a user whom no test has reset before."""
    name = f"{token_hex(4)}@shop.example"
    monkeypatch.setitem(example.HASHES, name, "")
    return name


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    mailbox = Mailbox()
    monkeypatch.setattr("smtplib.SMTP", mailbox)
    return mailbox


@pytest.fixture(autouse=True)
def threads(example: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """Collect what would run beside the request, and run nothing of it."""
    begun: list[Callable[[], None]] = []

    def thread(target: Callable[..., None], args: tuple[str, ...]) -> Any:
        return SimpleNamespace(start=lambda: begun.append(lambda: target(*args)))

    monkeypatch.setattr(example, "Thread", thread)
    return begun


@pytest.fixture
def client(example: ModuleType) -> FlaskClient:
    return example.app.test_client()


@pytest.fixture
def ask(
    client: FlaskClient, mailbox: Mailbox, address: str, threads: list[Callable[[], None]]
) -> Ask:
    def asked() -> str:
        forged = {"Host": "evil.example"}
        answer = client.post("/forgot", data={"address": address}, headers=forged)
        assert answer.text == "If we know that address, a mail is on its way."
        assert len(mailbox.messages) < len(threads), "the answer waited for the mail"
        threads[-1]()
        return str(mailbox.messages[-1].get_content()).strip()

    return asked


def test_nobody_learns_who_is_a_user(client: Any, ask: Ask, mailbox: Mailbox, address: str) -> None:
    ask()
    answer = client.post("/forgot", data={"address": "eve@shop.example"})

    assert answer.text == "If we know that address, a mail is on its way."
    assert [message["To"] for message in mailbox.messages] == [address]


def test_the_link_has_the_host_of_the_shop(ask: Ask) -> None:
    assert re.fullmatch(r"https://shop\.example/reset\?jwt=[\w.-]+", ask())


def test_a_scanner_of_mail_does_not_use_the_link_up(client: Any, ask: Ask) -> None:
    link = ask()

    for follow in (client.head, client.get, client.get):
        assert follow(link).status_code == 200
    assert client.post(link, data=NEW).status_code == 200
    assert client.post(link, data=NEW).status_code == 401


def test_a_password_that_is_too_short_does_not_cost_the_link(client: Any, ask: Ask) -> None:
    link = ask()

    assert client.post(link, data={"password": "short"}).status_code == 400
    assert client.post(link, data=NEW).status_code == 200


def test_a_used_link_says_how_to_get_another(client: Any, ask: Ask) -> None:
    link = ask()
    client.post(link, data=NEW)

    answer = client.get(link)

    assert answer.status_code == 401
    assert "Send a new link" in answer.text
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("seconds", "status"), [(590, 200), (620, 401)])
def test_a_link_works_for_ten_minutes(
    example: ModuleType, ask: Ask, seconds: int, status: int
) -> None:
    reader, link = act(example.app), ask()

    with reader.clock:
        reader.wait(seconds)
        assert reader.get(link).status_code == status


def test_a_used_link_takes_the_others_and_the_sessions_along(
    example: ModuleType, client: Any, ask: Ask, address: str
) -> None:
    older, newer = ask(), ask()
    with example.app.app_context():
        example.jwt.login(address)

    assert client.get(older).status_code == 200
    assert client.post(newer, data=NEW).status_code == 200
    assert client.get(older).status_code == 401
    with example.app.app_context():
        assert example.jwt.sessions(address) == []


def test_the_page_tells_nobody_its_address(client: Any, ask: Ask) -> None:
    answer = client.get(ask())

    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_link_opens_nothing_else(example: ModuleType, ask: Ask) -> None:
    headers = bearer(ask().partition("jwt=")[2])

    with example.app.test_request_context(headers=headers), pytest.raises(WrongKindError):
        example.jwt.enforce(Access())
